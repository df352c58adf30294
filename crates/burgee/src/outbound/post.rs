//! What this server sends to others by itself, and where it never does.
//!
//! TLS, or plain HTTP to this machine only. Private networks may be reached, because those who receive events often live
//! there; link-local addresses never, because clouds hand out credentials there. The address that was checked is the one
//! that is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use tokio::net::lookup_host;
use url::{Host, Url};

use super::{explain, settled, trusting};
use crate::error::Result;

/// How long all of it may take; less than what the server waits for when it stops.
const PATIENCE: Duration = Duration::from_secs(8);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 16 * 1024;
/// The longest address, in bytes.
const LONGEST: usize = 2000;
/// How long it is waited for a connection, TLS included: so that some of the patience is left for the answer.
const CONNECT: Duration = Duration::from_secs(4);
/// Where clouds answer questions about credentials besides link-local addresses.
const METADATA: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];

/// Sends requests. The certificates that the machine trusts are read when the first one needs them.
#[derive(Default)]
pub struct Outbound {
    client: OnceLock<Client>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Checks an address that somebody wants something sent to. `Err`: what is wrong, as the end of a sentence.
pub fn check(address: &str) -> Result<Url, String> {
    if address.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    let url = Url::parse(address).map_err(|error| format!("is no URL ({error})"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must have neither a user name, nor a password, nor a fragment".to_owned());
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("must name a host".to_owned()),
    };
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        "http" => return Err("must begin with https://, except on this machine".to_owned()),
        _ => return Err("must begin with https://".to_owned()),
    }
    let barred = match url.host() {
        Some(Host::Ipv4(ip)) => is_barred(ip.into()),
        Some(Host::Ipv6(ip)) => is_barred(ip.into()),
        _ => false,
    };
    if barred { Err("is at an address that nothing is sent to".to_owned()) } else { Ok(url) }
}

/// An address without the values in its query, which may be secrets.
pub fn masked(address: &str) -> String {
    let Some((before, query)) = address.split_once('?') else { return address.to_owned() };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or_else(|| "***".to_owned(), |(name, _)| format!("{name}=***")))
        .collect();
    format!("{before}?{}", pairs.join("&"))
}

/// True for addresses that nothing is sent to, whatever leads there.
fn is_barred(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    if METADATA.contains(&ip) {
        return true;
    }
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => {
            // What is translated into IPv4 goes where that goes (RFC 6052 §2.1). How a network of its own translates is
            // not known (RFC 8215), and relays of 6to4 (RFC 3056) nobody needs.
            let translated = match ip.segments() {
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                    let bits = u32::from(high) << 16 | u32::from(low);
                    is_barred(Ipv4Addr::from_bits(bits).into())
                }
                [0x64, 0xff9b, 1, ..] | [0x2002, ..] => true,
                _ => false,
            };
            translated || ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast()
        }
    }
}

impl Outbound {
    /// Posts a body. `Err`: why there is no answer.
    pub async fn post(
        &self,
        address: &str,
        media: &str,
        authorization: Option<&str>,
        body: &str,
    ) -> Result<Reply, String> {
        let url = check(address).map_err(|why| format!("the endpoint {why}"))?;
        let client = self.client().map_err(|error| error.to_string())?;
        let mut request = client.post(url).header(CONTENT_TYPE, media).header(ACCEPT, "application/json");
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let sent = request.body(body.to_owned()).send().await;
        let mut answer = sent.map_err(explain)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        // What is too much to read does not change what the status says.
        while let Ok(Some(piece)) = answer.chunk().await {
            if body.len() + piece.len() > LARGEST {
                break;
            }
            body.extend_from_slice(&piece);
        }
        Ok(Reply { status, body })
    }

    fn client(&self) -> Result<Client> {
        if let Some(ready) = self.client.get() {
            return Ok(ready.clone());
        }
        // A proxy would look the host up by itself, and reach what is barred here.
        let own = || settled(PATIENCE).connect_timeout(CONNECT).no_proxy();
        let made = trusting(own, &[])?;
        // Certificates may be there the next time.
        Ok(if made.trusts { self.client.get_or_init(|| made.client).clone() } else { made.client })
    }
}

/// Finds the addresses of hosts, but for those that nothing is sent to.
pub(super) struct Checked;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|it| is_barred(it.ip())) {
                return Err("the host is at an address that nothing is sent to".into());
            }
            // Only here may TLS be missing.
            if name.as_str() == "localhost" && found.iter().any(|it| !it.ip().to_canonical().is_loopback()) {
                return Err("localhost is not this machine".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_secure_or_here_and_never_where_credentials_are() {
        for fine in [
            "https://siem.example.com/events?tenant=1",
            "https://10.0.0.7/events",
            "https://[fd12::7]:8443/",
            "https://[64:ff9b::808:808]/",
            "https://100.100.100.201/",
            "http://localhost:9000/",
            "http://127.0.0.1:9000/x",
            "http://[::1]/",
        ] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for bad in [
            "",
            "siem",
            "ftp://localhost/",
            "http://siem.example.com/",
            "http://10.0.0.7/",
            "https://user@siem.example.com/",
            "https://siem.example.com/#x",
            "https://169.254.169.254/latest",
            "https://[fe80::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[fd00:ec2::254]/",
            "https://100.100.100.200/latest",
            "https://[64:ff9b::6464:64c8]/",
            "https://[64:ff9b:1::a9fe:a9fe]/",
            "https://[64:ff9b:1:abcd::1]/",
            "https://[2002:a9fe:a9fe::1]/",
            "https://0.0.0.0/",
            "https://[::]/",
            "https://2852039166/",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn names_that_lead_to_credentials_are_not_resolved() {
        let resolve = async |name: &str| Checked.resolve(name.parse().unwrap()).await.map(drop);
        for barred in [
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "224.0.0.1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            let refused = resolve(barred).await.unwrap_err().to_string();
            assert_eq!(refused, "the host is at an address that nothing is sent to", "{barred}");
        }
        for fine in ["localhost", "127.0.0.1", "10.0.0.7", "fd12::7"] {
            assert!(resolve(fine).await.is_ok(), "{fine}");
        }
    }

    #[test]
    fn values_of_a_query_are_not_shown() {
        for (address, shown) in [
            ("https://x.test/events", "https://x.test/events"),
            ("https://x.test/e?key=s3cret&tenant=1", "https://x.test/e?key=***&tenant=***"),
            ("https://x.test/e?s3cret", "https://x.test/e?***"),
        ] {
            assert_eq!(masked(address), shown);
            assert_eq!(masked(shown), shown);
        }
    }
}
