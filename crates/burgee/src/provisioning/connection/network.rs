//! Networks that calls may come from.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// A network in CIDR notation; an address alone stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`. Bits behind the prefix do not count.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
        Some(Self(net.trunc()))
    }

    /// Reads several, and names the ones that are none.
    pub fn parse_all<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Self>> {
        let (mut networks, mut wrong) = (Vec::new(), Vec::new());
        for text in texts {
            match Self::parse(text) {
                Some(network) => networks.push(network),
                None => wrong.push(format!(
                    "\"{}\" is no network: write 10.0.0.0/8, 2001:db8::/32 or one address.",
                    text.chars().take(60).collect::<String>()
                )),
            }
        }
        if wrong.is_empty() { Ok(networks) } else { Err(Error::invalid(wrong)) }
    }

    /// True if the address lies in it.
    pub fn contains(&self, ip: &IpAddr) -> bool {
        self.0.contains(ip)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is no network")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_prefix_or_one_address() {
        let holds = |network: &str, ip: &str| Network::parse(network).unwrap().contains(&ip.parse().unwrap());
        assert!(holds("10.1.2.3/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.0.2.1", "192.0.2.1"));
        assert!(!holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert_eq!(Network::parse("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
        for nonsense in ["", "10.0.0.0/33", "example.com", "10.0.0"] {
            assert_eq!(Network::parse(nonsense), None, "{nonsense}");
        }
    }
}
