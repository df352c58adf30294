//! Documents and contexts as people make them.

use burgee_eval::document::{
    Constraint, Dependency, Document, Feature, Operator, Payload, Segment, Strategy, Variant,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy as _, any};
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{FIELDS, FLAGS, PATTERNS, TEXTS, one_of};

const NUMBERS: &[&str] = &[
    " 5 ", ".5", "5.", "-.5", "+5", "1e2", "1E+2", "2.50", "-0", "NaN", "1e999", "0x10", "5,5", "1e", "12]",
    "2.5",
];
const PERCENTAGES: &[&str] =
    &["0", "50", " 50 ", "99.9", "0.5", "100", "101", "-1", "1e1", "", "50%", "+7", "all"];
const DATES: &[&str] = &[
    "2022-01-29",
    "2022-01-29T13:00:00",
    "2022-01-29T13:00Z",
    "2022-01-29T13:00:00.123456Z",
    " 2022-01-29T13:00:00Z ",
    "2022-01-29t13:00:00z",
    "2022-01-29 13:00:00Z",
    "2021-12-31T23:59:60Z",
    "2022-01-29T13:00:00+23:59",
    "2022-01-29T13:00:00.000+24:30",
    "2022-01-29T13:00:00.5Z",
    "2022-01-29T13:00:00.000Z",
    "2022-01-29T15:00:00+02:00",
    "2022-02-30T00:00:00Z",
    "20220129T130000Z",
    "2022-01-29T13:00:00Z[UTC]",
    "-000001-01-01T00:00:00Z",
    "tomorrow",
];
const VERSIONS: &[&str] = &[
    "v1.2.3",
    "1.2",
    "1.2.3",
    " 1.2.3 ",
    "1.2.3-rc.1+b",
    "01.2.3",
    "9007199254740993.0.0",
    "1.2.3-01",
    "=1.2.3",
    "1.2.3.4",
    "2.0.0-alpha.1",
];
const NETWORKS: &[&str] = &[
    "10.0.0.7/8",
    "10.0.0.1",
    " 127.0.0.1 ",
    "2001:DB8::1",
    "2001:db8:0:0::1",
    "2001:db8::/32",
    "10.0.0.0/33",
    "10.0.0.0/255.0.0.0",
    "010.0.0.1",
    "::ffff:10.0.0.7",
    "fe80::1%eth0",
    "::1/128",
    "192.168.1.40/29",
];

/// What people enter, or send.
fn text() -> BoxedStrategy<String> {
    let odd: &'static [&'static str] = &[
        "",
        " ",
        " acme ",
        "acme",
        "ends with \\",
        "\\",
        "\"",
        "quo\"te",
        "a, b ,,c",
        "[a",
        "(?x)a",
        "a{2000}",
        "default",
        "random",
        "userId",
        "currentTime",
        "g\" or true or 0% sticky on user_id",
        "1] or true",
        "\u{feff}a",
        "a\nb",
        "\u{85}x",
        "true",
        "*",
        "😊",
    ];
    proptest::prop_oneof![6 => one_of(odd), 4 => one_of(TEXTS), 1 => any::<String>()].boxed()
}

/// Mostly from the pool, sometimes anything.
fn mostly(pool: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::prop_oneof![5 => one_of(pool), 1 => text()].boxed()
}

pub(crate) fn constraint() -> BoxedStrategy<Constraint> {
    let operator = proptest::prop_oneof![
        18 => select(Operator::ALL.to_vec()),
        1 => Just(Operator::Unknown("FUTURE".into())),
        1 => Just(Operator::Missing),
    ];
    operator
        .prop_flat_map(|operator| {
            let (field, pool): (&'static [&'static str], _) = match operator.as_str().split('_').next() {
                Some("NUM") => (&["score", "plan"], mostly(NUMBERS)),
                Some("DATE") => (&["currentTime", "currentTime", "born"], mostly(DATES)),
                Some("SEMVER") => (&["version"], mostly(VERSIONS)),
                Some("REGEX") => (FIELDS, mostly(PATTERNS)),
                _ if operator == Operator::InCidr => (&["remoteAddress", "ip"], mostly(NETWORKS)),
                _ => (FIELDS, text()),
            };
            let values = vec(pool.clone(), 0..4);
            (mostly(field), Just(operator), values, option::weighted(0.9, pool), any::<(bool, bool)>())
        })
        .prop_map(|(context_name, operator, values, value, (inverted, case_insensitive))| Constraint {
            context_name,
            operator,
            values,
            value,
            inverted,
            case_insensitive,
        })
        .boxed()
}

fn variants() -> BoxedStrategy<Vec<Variant>> {
    let one = (text(), proptest::prop_oneof![0..5_i64, any::<i64>()], option::of(text()), text());
    vec(one, 0..3)
        .prop_map(|list| {
            let variant = |(name, weight, stickiness, value)| Variant {
                name,
                weight,
                stickiness,
                payload: Some(Payload { kind: "string".into(), value }),
                ..Variant::default()
            };
            list.into_iter().map(variant).collect()
        })
        .boxed()
}

pub(crate) fn strategy() -> BoxedStrategy<Strategy> {
    let names = vec![
        "default",
        "flexibleRollout",
        "gradualRolloutUserId",
        "gradualRolloutSessionId",
        "gradualRolloutRandom",
        "userWithId",
        "remoteAddress",
        "applicationHostname",
        "custom",
        "",
    ];
    let parameters = (
        option::weighted(0.9, (mostly(PERCENTAGES), mostly(PERCENTAGES))),
        vec((select(vec!["groupId", "stickiness", "userIds", "hostNames"]), text()), 0..4),
        option::of(vec(mostly(NETWORKS), 0..3)),
    )
        .prop_map(|(percentages, others, networks)| {
            let mut parameters: Vec<(&str, String)> = others;
            parameters.extend(networks.map(|networks| ("IPs", networks.join(", "))));
            if let Some((rollout, percentage)) = percentages {
                parameters.extend([("rollout", rollout), ("percentage", percentage)]);
            }
            parameters
        });
    (select(names), parameters, vec(constraint(), 0..2), variants(), vec(any::<i64>(), 0..2), any::<bool>())
        .prop_map(|(name, parameters, constraints, variants, segments, disabled)| Strategy {
            name: name.into(),
            parameters: parameters.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            constraints,
            segments,
            variants,
            disabled,
        })
        .boxed()
}

/// A document that may hold anything.
pub(crate) fn document() -> BoxedStrategy<Document> {
    let dependency = (select(FLAGS.to_vec()), option::of(any::<bool>()), vec(text(), 0..2)).prop_map(
        |(feature, enabled, variants)| Dependency { feature: feature.to_owned(), enabled, variants },
    );
    let feature = (select(FLAGS.to_vec()), vec(strategy(), 0..3), variants(), vec(dependency, 0..2))
        .prop_map(|(name, strategies, variants, dependencies)| Feature {
            name: name.to_owned(),
            enabled: true,
            strategies,
            variants,
            dependencies,
            ..Feature::default()
        });
    let segment = (any::<i64>(), vec(constraint(), 0..2)).prop_map(|(id, constraints)| Segment {
        id,
        name: None,
        constraints,
    });
    (vec(feature, 0..5), option::of(vec(segment, 0..3)))
        .prop_map(|(features, segments)| Document { features, segments, ..Document::default() })
        .boxed()
}

/// A context that may hold anything.
pub(crate) fn context() -> BoxedStrategy<Map<String, Value>> {
    let name = proptest::prop_oneof![one_of(FIELDS), Just("currentTime".to_owned()), text()];
    let value = proptest::prop_oneof![
        6 => text().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!({"nested": [1]})),
    ];
    (vec((name.clone(), value.clone()), 0..8), vec((name, value), 0..4))
        .prop_map(|(top, properties)| {
            let mut json: Map<String, Value> = top.into_iter().collect();
            json.insert("properties".into(), Value::Object(properties.into_iter().collect()));
            json
        })
        .boxed()
}
