//! Random documents and contexts.
//!
//! Values come from small pools, so that they meet. Two kinds of documents are made: tidy ones, whose meaning is
//! not in dispute, and [`messy`] ones, full of what people really enter.

use burgee_eval::document::{
    Constraint, Dependency, Document, Feature, Operator, Override, Payload, Segment, Strategy, Variant,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy as _, any};
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

pub(crate) mod messy;

/// Flags without dependencies, on which others depend.
const PARENTS: [&str; 2] = ["parent.a", "parent.b"];
/// A flag on which nothing depends, so that its strategies need not name their groups.
const CHILD: &str = "ünïcode.child";
pub(crate) const FLAGS: [&str; 6] = ["parent.a", "parent.b", "f1", "f2", "f3", CHILD];
const SEGMENTS: [i64; 3] = [1, 2, 3];

const TEXTS: &[&str] = &[
    "a",
    "b",
    "ab",
    "acme",
    "ACME",
    "Straße",
    "STRASSE",
    "İstanbul",
    "ΟΔΥΣΣΕΥΣ",
    "\u{212a}elvin",
    "kelvin",
    "two words",
    "quo\"te",
    "back\\slash",
    "test@example.com",
    "com",
    "1",
    "2",
    "7",
    "100",
];
const NUMBERS: &[&str] = &["0", "1", "-1", "+2", "2.5", "12", "12.0", "1e2", "100", "-0.5"];
const VERSIONS: &[&str] =
    &["1.0.0", "1.2.2", "1.2.3", "2.0.0-alpha.1", "2.0.0-beta", "2.0.0", "2.0.0+build.1", "10.0.0"];
const DATES: &[&str] = &[
    "2022-01-29T13:00:00.000Z",
    "2022-01-29T13:00:00Z",
    "2022-01-29T15:00:00.000+02:00",
    "2021-12-31T23:59:59.999Z",
    "2030-06-15T00:00:00-05:30",
];
const ADDRESSES: &[&str] = &["127.0.0.1", "10.0.0.7", "192.168.1.42", "2001:db8::1", "::1"];
const NETWORKS: &[&str] = &[
    "127.0.0.1",
    "10.0.0.0/8",
    "192.168.1.40/29",
    "2001:db8::/32",
    "2001:db8::1",
    "not.a.network",
    "0.0.0.0/0",
];
const PATTERNS: &[&str] =
    &["^a", "B$", "^[^@]+@[^@]+$", r"\d{2,}", "(broken", "quo\"te", r"back\\slash", "(?i)ACME", "straße", ""];
const FIELDS: &[&str] = &["userId", "sessionId", "environment", "appName", "remoteAddress", "plan", "email"];
/// Fields that every context has.
const PRESENT: &[&str] = &["sessionId", "tenant"];

fn one_of(pool: &'static [&'static str]) -> BoxedStrategy<String> {
    select(pool).prop_map(str::to_owned).boxed()
}

fn some_of(pool: &'static [&'static str]) -> BoxedStrategy<Vec<String>> {
    vec(select(pool), 1..4).prop_map(|texts| texts.into_iter().map(str::to_owned).collect()).boxed()
}

/// A context in the form in which SDKs send it.
pub(crate) fn context() -> BoxedStrategy<Map<String, Value>> {
    let maybe = |pool| option::weighted(0.7, one_of(pool));
    (
        (maybe(TEXTS), one_of(TEXTS), maybe(TEXTS), maybe(TEXTS), maybe(ADDRESSES), one_of(DATES)),
        (
            maybe(TEXTS),
            maybe(TEXTS),
            one_of(TEXTS),
            maybe(NUMBERS),
            maybe(VERSIONS),
            maybe(DATES),
            maybe(ADDRESSES),
        ),
        option::weighted(0.1, select(vec!["score", "version", "born", "ip", "remoteAddress"])),
    )
        .prop_map(|((user, session, environment, app, address, time), properties, odd)| {
            let (plan, email, tenant, score, version, born, ip) = properties;
            let mut json = json!({
                "userId": user, "sessionId": session, "environment": environment, "appName": app,
                "remoteAddress": address, "currentTime": time,
                "properties": {
                    "plan": plan, "email": email, "tenant": tenant, "score": score, "version": version,
                    "born": born, "ip": ip,
                },
            });
            match odd {
                Some("remoteAddress") => json["remoteAddress"] = json!("odd"),
                Some(name) => json["properties"][name] = json!("odd"),
                None => {}
            }
            json.as_object().cloned().unwrap_or_default()
        })
        .boxed()
}

fn constraint() -> BoxedStrategy<Constraint> {
    use Operator as O;
    let list =
        |operators: Vec<Operator>, fields: &'static [&'static str], values: BoxedStrategy<Vec<String>>| {
            (select(operators), one_of(fields), values).prop_map(|(operator, context_name, values)| {
                Constraint { context_name, operator, values, ..Constraint::default() }
            })
        };
    let single =
        |operators: Vec<Operator>, fields: &'static [&'static str], values: &'static [&'static str]| {
            (select(operators), one_of(fields), one_of(values)).prop_map(|(operator, context_name, value)| {
                Constraint { context_name, operator, value: Some(value), ..Constraint::default() }
            })
        };
    let empty = Just(Vec::new()).boxed();
    let number = vec![O::NumEq, O::NumGt, O::NumGte, O::NumLt, O::NumLte];
    let version = vec![O::SemverEq, O::SemverGt, O::SemverGte, O::SemverLt, O::SemverLte];
    let any_of = proptest::prop_oneof![
        3 => list(vec![O::In, O::NotIn], FIELDS, some_of(TEXTS)),
        1 => list(vec![O::In, O::NotIn], FIELDS, empty),
        3 => list(vec![O::StrStartsWith, O::StrEndsWith, O::StrContains], FIELDS, some_of(TEXTS)),
        2 => list(vec![O::InCidr], &["remoteAddress", "ip", "plan"], some_of(NETWORKS)),
        2 => single(number, &["score", "plan", "userId"], NUMBERS),
        2 => single(vec![O::DateAfter, O::DateBefore], &["currentTime", "born"], DATES),
        2 => single(version, &["version", "appName"], VERSIONS),
        1 => single(vec![O::SemverEq], &["version"], &["v1.0.0"]),
        2 => single(vec![O::Regex], FIELDS, PATTERNS),
    ];
    (any_of, option::weighted(0.3, Just(())), any::<bool>())
        .prop_map(|(constraint, inverted, case_insensitive)| Constraint {
            inverted: inverted.is_some(),
            case_insensitive,
            ..constraint
        })
        .boxed()
}

fn payload() -> BoxedStrategy<Payload> {
    select(vec![("string", "text"), ("json", "{\"a\":1}"), ("csv", "a,b"), ("number", "1.5")])
        .prop_map(|(kind, value)| Payload { kind: kind.into(), value: value.into() })
        .boxed()
}

/// At least one, with at least one positive weight.
fn variants(overridden: bool) -> BoxedStrategy<Vec<Variant>> {
    let overrides =
        (one_of(FIELDS), some_of(TEXTS)).prop_map(|(context_name, values)| Override { context_name, values });
    let one = (0_i64..4, option::of(payload()), vec(overrides, 0..=usize::from(overridden)));
    let stickiness = option::of(select([PRESENT, &["default"]].concat()));
    (vec(one, 1..5), stickiness)
        .prop_map(|(list, stickiness)| {
            let variant =
                |(index, (weight, payload, overrides)): (usize, (i64, Option<Payload>, Vec<Override>))| {
                    Variant {
                        name: format!("v{index}"),
                        weight: if index == 0 { weight + 1 } else { weight },
                        weight_type: None,
                        stickiness: stickiness.map(str::to_owned),
                        payload,
                        overrides,
                    }
                };
            list.into_iter().enumerate().map(variant).collect()
        })
        .boxed()
}

fn strategy(grouped: bool) -> BoxedStrategy<Strategy> {
    let make = |name: &str, parameters: Vec<(&str, String)>| Strategy {
        name: name.into(),
        parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Strategy::default()
    };
    let percent = || (0..=100_u32).prop_map(|percent| percent.to_string());
    let sure = select(vec!["0", "100"]).prop_map(str::to_owned);
    let group = (select(vec!["g", "Group 2", "grüppe"]), any::<bool>())
        .prop_map(move |(group, given)| (given || grouped).then_some(group));
    let flexible =
        (percent(), group, option::of(select(vec!["default", "userId", "sessionId", "plan", "tenant"])))
            .prop_map(move |(rollout, group, stickiness)| {
                let mut parameters = vec![("rollout", rollout)];
                parameters.extend(group.map(|group| ("groupId", group.to_owned())));
                parameters.extend(stickiness.map(|stickiness| ("stickiness", stickiness.to_owned())));
                make("flexibleRollout", parameters)
            });
    let by_chance = sure.clone().prop_map(move |rollout| {
        make(
            "flexibleRollout",
            vec![("rollout", rollout), ("stickiness", "random".into()), ("groupId", "g".into())],
        )
    });
    let gradual = (select(vec!["gradualRolloutUserId", "gradualRolloutSessionId"]), percent()).prop_map(
        move |(name, percentage)| make(name, vec![("percentage", percentage), ("groupId", "g".into())]),
    );
    let gradual_by_chance =
        sure.prop_map(move |percentage| make("gradualRolloutRandom", vec![("percentage", percentage)]));
    let plain = select(vec!["default", "custom"]).prop_map(move |name| make(name, vec![]));
    let users = some_of(&["1", "7", "a", "acme", "Straße"])
        .prop_map(move |ids| make("userWithId", vec![("userIds", ids.join(", "))]));
    let networks = some_of(NETWORKS).prop_map(move |ips| make("remoteAddress", vec![("IPs", ips.join(","))]));
    let rule = proptest::prop_oneof![
        2 => plain, 5 => flexible, 1 => by_chance, 2 => gradual, 1 => gradual_by_chance, 1 => users, 1 => networks,
    ];
    (
        rule,
        vec(constraint(), 0..3),
        subsequence(SEGMENTS.to_vec(), 0..=1),
        option::weighted(0.4, variants(false)),
    )
        .prop_map(|(mut strategy, constraints, segments, variants)| {
            let sticky = strategy.parameters.get("stickiness").map_or("default", String::as_str);
            let decidable = sticky == "default" || PRESENT.contains(&sticky);
            if let Some(variants) = variants.filter(|_| decidable) {
                // Variants of strategies take the stickiness of the strategy.
                let plain = |variant| Variant { stickiness: Some(sticky.to_owned()), ..variant };
                strategy.variants = variants.into_iter().map(plain).collect();
                let sticky = sticky.to_owned();
                strategy.parameters.insert("stickiness".into(), sticky);
            }
            Strategy { constraints, segments, ..strategy }
        })
        .boxed()
}

fn feature(name: &'static str) -> BoxedStrategy<Feature> {
    let is_parent = PARENTS.contains(&name);
    let dependency = (select(PARENTS.to_vec()), 0..4_u8).prop_map(|(parent, expected)| Dependency {
        feature: parent.to_owned(),
        enabled: [None, Some(true), Some(false)].get(usize::from(expected)).copied().flatten(),
        variants: if expected == 3 { vec!["v0".into(), "v2".into()] } else { Vec::new() },
    });
    let odd_dependency = select(vec!["nowhere", "f1", "f2", "f3"])
        .prop_map(|parent| Dependency { feature: parent.to_owned(), ..Dependency::default() });
    let dependencies = if is_parent {
        Just(Vec::new()).boxed()
    } else {
        proptest::prop_oneof![
            4 => vec(dependency, 0..3),
            1 => vec(odd_dependency, 0..2),
        ]
        .boxed()
    };
    // A dependency may ask for the variant of a parent, so that parents always have one.
    let variants = (variants(true), any::<bool>())
        .prop_map(move |(variants, given)| if given || is_parent { variants } else { Vec::new() });
    (
        option::weighted(0.15, Just(())),
        vec(strategy(name != CHILD), 0..4),
        variants,
        dependencies,
        any::<bool>(),
    )
        .prop_map(move |(off, strategies, variants, dependencies, impression_data)| Feature {
            name: name.to_owned(),
            enabled: off.is_none(),
            project: Some("default".into()),
            impression_data,
            strategies,
            variants,
            dependencies,
            ..Feature::default()
        })
        .boxed()
}

/// A document whose meaning is not in dispute.
pub(crate) fn tidy() -> BoxedStrategy<Document> {
    let segments = vec(vec(constraint(), 0..3), SEGMENTS.len()).prop_map(|lists| {
        let segment = |(id, constraints)| Segment { id, name: None, constraints };
        Some(SEGMENTS.into_iter().zip(lists).map(segment).collect::<Vec<_>>())
    });
    (FLAGS.map(feature).to_vec(), segments)
        .prop_map(|(features, segments)| Document { features, segments, ..Document::default() })
        .boxed()
}
