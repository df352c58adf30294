use jiff::Timestamp;

use super::*;
use crate::State;

const DOCUMENT: &str = r#"{"features":[
    {"name":"off","enabled":false,"strategies":[{"name":"default"}]},
    {"name":"bare","enabled":true,"variants":[{"name":"blue","weight":1}]},
    {"name":"child","enabled":true,"strategies":[{"name":"default"}],"dependencies":[
        {"feature":"bare"},{"feature":"bare","enabled":false},{"feature":"off"},{"feature":"nowhere"},
        {"feature":"child"},{"feature":"bare","variants":["red"]}]},
    {"name":"full","enabled":true,"strategies":[
        {"name":"flexibleRollout","parameters":{"rollout":"0","stickiness":"userId"},"disabled":true,
         "constraints":[{"contextName":"plan","operator":"IN","values":["gold"]}]},
        {"name":"custom","segments":[1,404]},
        {"name":"flexibleRollout","parameters":{"rollout":"100"},
         "constraints":[{"contextName":"age","operator":"NUM_GT","value":"17","inverted":true}],
         "segments":[2],"variants":[{"name":"own","weight":1}]},
        {"name":"default"}]}
    ],"segments":[
        {"id":1,"constraints":[{"contextName":"plan","operator":"IN","values":["gold"]},
                               {"contextName":"plan","operator":"FUTURE"}]},
        {"id":2,"constraints":[]}]}"#;

fn state() -> State {
    State::compile(&serde_json::from_str(DOCUMENT).unwrap())
}

fn context() -> Context {
    Context::new(Timestamp::UNIX_EPOCH, 3).with("userId", "7").with("plan", "gold").with("age", "young")
}

#[test]
fn reasons() {
    let (state, context) = (state(), context());
    let reason = |name| state.explain(name, &context).unwrap().reason();
    assert_eq!(reason("off"), Reason::SwitchedOff);
    assert_eq!(reason("bare"), Reason::NoStrategies);
    assert_eq!(reason("child"), Reason::Parent(1));
    assert_eq!(reason("full"), Reason::Strategy(2));
    assert!(state.explain("off", &context).unwrap().strategies_hold());
}

#[test]
fn every_parent_is_reported() {
    let (state, context) = (state(), context());
    let explanation = state.explain("child", &context).unwrap();
    let findings: Vec<_> = explanation.parents.iter().map(|parent| (parent.name, parent.finding)).collect();
    assert_eq!(
        findings,
        [
            ("bare", ParentFinding::Satisfied),
            ("bare", ParentFinding::On),
            ("off", ParentFinding::Off),
            ("nowhere", ParentFinding::Missing),
            ("child", ParentFinding::HasParents),
            ("bare", ParentFinding::OtherVariant("blue")),
        ]
    );
    assert!(!explanation.evaluation.enabled);
    assert!(explanation.strategies_hold());
}

#[test]
fn every_strategy_constraint_and_segment_is_reported() {
    let (state, context) = (state(), context());
    let explanation = state.explain("full", &context).unwrap();
    let matches = ConstraintReport { finding: Finding::Match, holds: true };
    let [disabled, custom, rollout, default] = &explanation.strategies[..] else {
        panic!("{:?}", explanation.strategies);
    };

    assert!(disabled.disabled && !disabled.holds);
    assert_eq!(disabled.constraints, [matches]);
    assert!(matches!(disabled.rule, RuleFinding::Bucket { bucket: 1..=100, rollout: 0 }));

    assert!(!custom.holds);
    assert_eq!(custom.rule, RuleFinding::Unknown);
    assert_eq!(custom.constraints, []);
    let broken = ConstraintReport { finding: Finding::Broken, holds: false };
    assert_eq!(
        custom.segments,
        [
            SegmentReport { id: 1, known: true, holds: false, constraints: vec![matches, broken] },
            SegmentReport { id: 404, known: false, holds: false, constraints: vec![] },
        ]
    );

    assert!(rollout.holds);
    assert_eq!(rollout.constraints, [ConstraintReport { finding: Finding::Unreadable, holds: true }]);
    assert_eq!(rollout.segments, [SegmentReport { id: 2, known: true, holds: true, constraints: vec![] }]);
    assert_eq!(rollout.variant.map(|variant| variant.name), Some("own"));

    assert!(default.holds);
    assert_eq!(default.variant, None);
    assert_eq!(explanation.evaluation, state.evaluate("full", &context).unwrap());
    assert_eq!(explanation.evaluation.variant.name, "own");
}
