//! Compiled strategies: the rule behind each strategy name.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use ipnet::IpNet;

use crate::constraint::{Constraint, Words};
use crate::context::{Context, Known};
use crate::document;
use crate::scalar;
use crate::sticky::{self, Sticky};
use crate::variant::VariantSet;

const PERCENT: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// What the rule of a strategy came to. Its constraints and segments are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFinding {
    /// Holds: always on, or the context is on the list.
    Holds,
    /// Does not hold: the context is not on the list.
    NotListed,
    /// The context falls into `bucket`, from 1 to 100; it holds when that is at most `rollout`.
    Bucket {
        /// Where the context falls.
        bucket: u32,
        /// The percentage that is on.
        rollout: u8,
    },
    /// A rollout whose deciding field is not in the context.
    Absent,
    /// No SDK knows a strategy of this name, unless an application brings it along.
    Unknown,
    /// The parameters make no sense, so that it is always off.
    Broken,
}

impl RuleFinding {
    /// Whether the rule holds.
    pub const fn holds(self) -> bool {
        match self {
            Self::Holds => true,
            Self::Bucket { bucket, rollout } => bucket <= rollout as u32,
            Self::NotListed | Self::Absent | Self::Unknown | Self::Broken => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Strategy {
    pub(crate) rule: Rule,
    pub(crate) disabled: bool,
    pub(crate) constraints: Box<[Constraint]>,
    pub(crate) segments: Box<[SegmentRef]>,
    pub(crate) variants: Option<Box<VariantSet>>,
}

/// A segment of a strategy: its id and its position in the state, if the document had it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentRef {
    pub(crate) id: i64,
    pub(crate) position: Option<u32>,
}

#[derive(Debug)]
pub(crate) enum Rule {
    Always,
    Unknown,
    Broken,
    Rollout { sticky: Sticky, rollout: u8 },
    Users(Words),
    Networks(Box<[IpNet]>),
    Hosts(Words),
}

impl Strategy {
    /// Whether it holds for every context.
    pub(crate) fn is_for_everybody(&self) -> bool {
        let always = match &self.rule {
            Rule::Always => true,
            Rule::Rollout { rollout, sticky } => *rollout == 100 && !sticky.needs_a_field(),
            _ => false,
        };
        always && self.constraints.is_empty() && self.segments.is_empty()
    }
}

impl Rule {
    /// Whether it holds for a share of the contexts.
    pub(crate) const fn is_share(&self) -> bool {
        matches!(self, Self::Rollout { rollout, .. } if *rollout < 100)
    }

    /// `flag` is the group of rollouts that do not name one.
    pub(crate) fn compile(source: &document::Strategy, flag: &str, salt: u32) -> Self {
        let parameter = |name: &str| source.parameters.get(name).map(String::as_str);
        let rollout = |percentage: &str, stickiness: &str| {
            parameter(percentage).and_then(percent).map_or(Self::Broken, |rollout| Self::Rollout {
                sticky: Sticky::compile(stickiness, group(&source.parameters, flag), sticky::ROLLOUT, salt),
                rollout,
            })
        };
        match source.name.as_str() {
            "default" => Self::Always,
            "flexibleRollout" => rollout("rollout", stickiness(&source.parameters).unwrap_or_default()),
            "gradualRolloutUserId" => rollout("percentage", "userId"),
            "gradualRolloutSessionId" => rollout("percentage", "sessionId"),
            "gradualRolloutRandom" => rollout("percentage", "random"),
            "userWithId" => Self::Users(scalar::items(parameter("userIds").unwrap_or_default()).collect()),
            "remoteAddress" => Self::Networks(
                scalar::items(parameter("IPs").unwrap_or_default()).filter_map(scalar::network).collect(),
            ),
            "applicationHostname" => {
                let hosts = parameter("hostNames").unwrap_or_default().to_lowercase();
                Self::Hosts(scalar::items(&hosts).collect())
            }
            _ => Self::Unknown,
        }
    }

    pub(crate) fn find(&self, context: &Context) -> RuleFinding {
        let listed = |listed| if listed { RuleFinding::Holds } else { RuleFinding::NotListed };
        match self {
            Self::Always => RuleFinding::Holds,
            Self::Unknown => RuleFinding::Unknown,
            Self::Broken => RuleFinding::Broken,
            Self::Rollout { sticky, rollout } => sticky
                .bucket(context, PERCENT)
                .map_or(RuleFinding::Absent, |bucket| RuleFinding::Bucket { bucket, rollout: *rollout }),
            Self::Users(ids) => listed(context.known(Known::UserId).is_some_and(|id| ids.contain(id))),
            Self::Networks(networks) => {
                let address = context.known(Known::RemoteAddress).and_then(scalar::address);
                listed(
                    address.is_some_and(|address| networks.iter().any(|network| network.contains(&address))),
                )
            }
            Self::Hosts(names) => listed(context.hostname().is_some_and(|name| names.contain(name))),
        }
    }
}

/// The group that ids are hashed with.
pub(crate) fn group<'a>(parameters: &'a BTreeMap<String, String>, flag: &'a str) -> &'a str {
    parameters.get("groupId").map(String::as_str).filter(|group| !group.is_empty()).unwrap_or(flag)
}

pub(crate) fn stickiness(parameters: &BTreeMap<String, String>) -> Option<&str> {
    parameters.get("stickiness").map(String::as_str).filter(|name| !name.is_empty())
}

/// Buckets are whole, so that a fraction of a percent changes nothing; everything above 100 is everybody.
fn percent(text: &str) -> Option<u8> {
    let number = scalar::number(text)?.clamp(0.0, 100.0);
    (0..=100).rev().find(|percent| f64::from(*percent) <= number)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn find(name: &str, parameters: &[(&str, &str)], context: &Context) -> RuleFinding {
        let source = document::Strategy {
            name: name.into(),
            parameters: parameters.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            ..document::Strategy::default()
        };
        Rule::compile(&source, "flag", 0).find(context)
    }

    fn context() -> Context {
        Context::new(Timestamp::UNIX_EPOCH, 7)
    }

    #[test]
    fn percentages() {
        for (text, expected) in [
            ("0", Some(0)),
            ("50", Some(50)),
            (" 50 ", Some(50)),
            ("99.9", Some(99)),
            ("0.5", Some(0)),
            ("100", Some(100)),
            ("101", Some(100)),
            ("-1", Some(0)),
            ("", None),
            ("all", None),
            ("NaN", None),
        ] {
            assert_eq!(percent(text), expected, "{text}");
        }
    }

    #[test]
    fn rollouts() {
        let user = context().with("userId", "174").with("sessionId", "174");
        let parameters = [("rollout", "10"), ("percentage", "10"), ("groupId", "AB12A")];
        for name in ["flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId"] {
            let RuleFinding::Bucket { rollout: 10, .. } = find(name, &parameters, &user) else {
                panic!("{name}");
            };
        }
        let none = context();
        assert_eq!(find("gradualRolloutUserId", &parameters, &none), RuleFinding::Absent);
        assert_eq!(find("gradualRolloutSessionId", &parameters, &none), RuleFinding::Absent);
        assert!(find("gradualRolloutRandom", &[("percentage", "100")], &none).holds());
        assert!(!find("gradualRolloutRandom", &[("percentage", "0")], &none).holds());
        assert!(find("flexibleRollout", &[("rollout", "100"), ("stickiness", "random")], &none).holds());
        assert!(find("flexibleRollout", &[("rollout", "100")], &none).holds());
        let sticky = [("rollout", "100"), ("stickiness", "tenant")];
        assert_eq!(find("flexibleRollout", &sticky, &none), RuleFinding::Absent);
        assert!(find("flexibleRollout", &sticky, &none.with("tenant", "t")).holds());
        assert_eq!(find("flexibleRollout", &[], &user), RuleFinding::Broken);
    }

    #[test]
    fn the_flag_is_the_default_group() {
        let user = context().with("userId", "1");
        let explicit = find("flexibleRollout", &[("rollout", "50"), ("groupId", "flag")], &user);
        assert_eq!(find("flexibleRollout", &[("rollout", "50")], &user), explicit);
        assert_eq!(find("flexibleRollout", &[("rollout", "50"), ("groupId", "")], &user), explicit);
    }

    #[test]
    fn lists() {
        let ids = [("userIds", " 1, 2,,three ")];
        assert!(find("userWithId", &ids, &context().with("userId", "three")).holds());
        for other in [context(), context().with("userId", ""), context().with("userId", "Three")] {
            assert!(!find("userWithId", &ids, &other).holds());
        }
        let networks = [("IPs", "192.168.0.1, broken, 10.0.0.0/8,2001:db8::/32")];
        for (address, expected) in [
            ("192.168.0.1", true),
            ("10.9.8.7", true),
            ("2001:db8::7", true),
            ("192.168.0.2", false),
            ("broken", false),
            ("", false),
        ] {
            let context = context().with("remoteAddress", address);
            assert_eq!(find("remoteAddress", &networks, &context).holds(), expected, "{address}");
        }
        let hosts = [("hostNames", "Web-1, web-2")];
        assert!(!find("applicationHostname", &hosts, &context()).holds());
        let mut host = context();
        host.set_hostname("WEB-1");
        assert!(find("applicationHostname", &hosts, &host).holds());
        for name in ["userWithId", "remoteAddress", "applicationHostname"] {
            assert!(!find(name, &[], &host.clone().with("userId", "").with("remoteAddress", "::1")).holds());
        }
    }

    #[test]
    fn unknown_names_are_off() {
        assert!(find("default", &[], &context()).holds());
        assert_eq!(find("standard", &[], &context()), RuleFinding::Unknown);
        assert_eq!(find("", &[], &context()), RuleFinding::Unknown);
    }
}
