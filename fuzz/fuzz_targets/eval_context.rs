//! Any JSON object as a context: whoever is asked about it answers, always the same.
#![no_main]

use std::sync::LazyLock;

use burgee_eval::{Context, State};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// A flag for every operator, stickiness and rule.
static STATE: LazyLock<State> = LazyLock::new(|| {
    let fields = ["userId", "plan", "currentTime", "remoteAddress"];
    let flag = |(number, field): (usize, &str)| {
        let list = |operator: &str| json!({"contextName": field, "operator": operator, "values": ["a", "é", "10.0.0.0/8"], "caseInsensitive": number % 2 == 0});
        let single = |operator: &str, value: &str| json!({"contextName": field, "operator": operator, "value": value, "inverted": number % 3 == 0});
        let constraints = [
            list("IN"),
            list("NOT_IN"),
            list("STR_STARTS_WITH"),
            list("STR_ENDS_WITH"),
            list("STR_CONTAINS"),
            list("IN_CIDR"),
            single("NUM_GT", "5"),
            single("DATE_AFTER", "2026-01-01T00:00:00.000Z"),
            single("SEMVER_LTE", "1.2.3"),
            single("REGEX", "^[a-zé]+$"),
        ];
        let strategies: Vec<_> = constraints.iter().map(|constraint| json!({
            "name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": field, "groupId": "g"}, "constraints": [constraint],
            "variants": [{"name": "v", "weight": 1, "stickiness": field}],
        })).collect();
        json!({"name": format!("flag-{number}"), "enabled": true, "strategies": strategies})
    };
    let lists = [
        ("userWithId", "userIds", "1,2"),
        ("remoteAddress", "IPs", "10.0.0.0/8"),
        ("applicationHostname", "hostNames", "a"),
    ];
    let rules = lists.map(|(name, parameter, value)| json!({"name": name, "enabled": true, "strategies": [{"name": name, "parameters": {parameter: value}}]}));
    let features: Vec<_> = fields.into_iter().enumerate().map(flag).chain(rules).collect();
    State::compile(&serde_json::from_value(json!({ "features": features })).unwrap_or_default())
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(serde_json::Value::Object(json)) = serde_json::from_slice(bytes) else { return };
    let mut context = Context::new(Timestamp::UNIX_EPOCH, 7);
    context.read(&json);
    let first: Vec<_> = STATE.evaluate_all(&context).collect();
    assert_eq!(first.len(), 7);
    assert_eq!(first, STATE.evaluate_all(&context.clone()).collect::<Vec<_>>());
    for evaluation in first {
        let explanation = STATE.explain(evaluation.name, &context);
        assert_eq!(explanation.map(|explanation| explanation.evaluation), Some(evaluation));
    }
});
