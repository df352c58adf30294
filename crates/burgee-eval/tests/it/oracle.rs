//! Yggdrasil, the engine of several official SDKs, as an oracle; and what must hold for any input at all.
//!
//! A few thousand cases run with all tests. A million of each, in half an hour:
//!
//! ```sh
//! PROPTEST_CASES=1000000 cargo test --release -p burgee-eval --test it oracle
//! ```
//!
//! Where yggdrasil 0.21.7 differs on purpose, the generators of `random` go around it:
//!
//! * **A definition that makes no sense** (unknown operator, missing segment, a number that is none, `STR_*` and
//!   `IN_CIDR` without values, a missing `REGEX`) takes the whole flag down there, here only its strategy. A rollout
//!   above 100 or with a fraction is off there; here it is what its whole part says, as on the server.
//! * **Rules are text there**: quotes in field names and groups and backslashes at the end of values break them.
//! * **White space** around operands is removed here, as on the server, and empty operands do not count.
//! * **Weights that are all 0** make it panic; here there is no variant.
//! * **`gradualRollout*` without a group** is off there; here the group is the flag.
//! * **A parent's rollout without a group** takes the name of the child there; here that of the parent.
//! * **A dependency on variants** is satisfied there by a parent without any, and variants are compared even when the
//!   parent is expected to be off.
//! * **Overrides** there come before the check of weights, and variants of strategies have none.
//! * **Contexts**: here numbers may have white space around them and must be finite, dates may lack time and offset,
//!   and an empty user id is no user id for stickiness.
//! * **Hostnames** come from the operating system there.
//! * **The default stickiness of strategy variants** without a stickiness parameter ignores that of the variants there.

use burgee_eval::document::{Constraint, Document, Feature, Strategy};
use burgee_eval::explain::Reason;
use burgee_eval::{Context, Evaluation, State, canonical};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::test_runner::{Config, TestCaseError};
use serde_json::{Map, Value, json};
use unleash_yggdrasil::{EngineState, UpdateMessage};

use crate::random::{self, messy};

/// As many as `PROPTEST_CASES` says.
fn config(default: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default);
    // Some strategies cannot be compared; there may be as many of them as cases.
    Config { cases, max_global_rejects: cases, failure_persistence: None, ..Config::default() }
}

fn context(json: &Map<String, Value>, random: u64) -> Context {
    let mut context = Context::new(Timestamp::UNIX_EPOCH, random);
    context.read(json);
    context
}

/// The oracle, and whether it understood the document.
fn engine(document: &Document) -> (EngineState, bool) {
    let engine = EngineState::default();
    let message = serde_json::from_value(json!(document)).unwrap();
    let warnings = engine.take_state(UpdateMessage::FullResponse(message));
    (engine, warnings.is_none())
}

fn same_as_oracle(
    document: &Document,
    state: &State,
    engine: &EngineState,
    json: &Map<String, Value>,
) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_value(json!(json)).unwrap();
    for feature in &document.features {
        let ours = state.evaluate(&feature.name, &context(json, 1)).unwrap();
        let enabled = engine.is_enabled(&feature.name, &theirs, &None);
        prop_assert_eq!(ours.enabled, enabled, "{}", &feature.name);
        let variant = engine.get_variant(&feature.name, &theirs, &None);
        let ours = (
            ours.variant.name,
            ours.variant.enabled,
            ours.variant.feature_enabled,
            ours.variant.payload.map(|payload| (&payload.kind, &payload.value)),
            ours.impression_data,
        );
        let theirs = (
            variant.name.as_str(),
            variant.enabled,
            variant.feature_enabled,
            variant.payload.as_ref().map(|payload| (&payload.payload_type, &payload.value)),
            engine.should_emit_impression_event(&feature.name),
        );
        prop_assert_eq!(ours, theirs, "{}", &feature.name);
    }
    Ok(())
}

/// All ways of asking give the same answer, and the explanation gives reasons for it.
fn consistent(state: &State, context: &Context) -> Result<(), TestCaseError> {
    let all: Vec<Evaluation> = state.evaluate_all(context).collect();
    prop_assert_eq!(all.len(), state.len());
    for evaluation in all {
        let name = evaluation.name;
        prop_assert_eq!(state.evaluate(name, context), Some(evaluation));
        prop_assert_eq!(state.is_enabled(name, context), Some(evaluation.enabled));
        prop_assert_eq!(state.variant(name, context), Some(evaluation.variant));
        prop_assert_eq!(evaluation.variant.feature_enabled, evaluation.enabled);
        prop_assert!(evaluation.enabled || !evaluation.variant.enabled);
        let explanation = state.explain(name, context).unwrap();
        prop_assert_eq!(explanation.evaluation, evaluation);
        let on = matches!(explanation.reason(), Reason::NoStrategies | Reason::Strategy(_));
        prop_assert_eq!(on, evaluation.enabled);
        for strategy in &explanation.strategies {
            let constraints = strategy.constraints.iter().all(|constraint| constraint.holds);
            let segments = strategy.segments.iter().all(|segment| {
                segment.holds
                    == (segment.known && segment.constraints.iter().all(|constraint| constraint.holds))
            });
            let segments_hold = strategy.segments.iter().all(|segment| segment.holds);
            let expected = !strategy.disabled && constraints && segments_hold && strategy.rule.holds();
            prop_assert!(segments);
            prop_assert_eq!(strategy.holds, expected);
        }
    }
    Ok(())
}

/// A document with one flag.
fn single(strategy: Strategy) -> Document {
    let flag =
        Feature { name: "flag".into(), enabled: true, strategies: vec![strategy], ..Feature::default() };
    Document { features: vec![flag], ..Document::default() }
}

fn with_constraint(constraint: Constraint) -> Document {
    single(Strategy { name: "default".into(), constraints: vec![constraint], ..Strategy::default() })
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn tidy_documents_mean_the_same_to_yggdrasil(
        document in random::tidy(),
        contexts in vec(random::context(), 3),
    ) {
        let (engine, understood) = engine(&document);
        prop_assert!(understood);
        let state = State::compile(&document);
        for json in contexts {
            same_as_oracle(&document, &state, &engine, &json)?;
            consistent(&state, &context(&json, 7))?;
        }
    }

    #[test]
    fn canonical_constraints_mean_the_same_to_yggdrasil(
        constraint in messy::constraint(),
        contexts in vec(random::context(), 3),
    ) {
        let Ok(canonical) = canonical::constraint(constraint) else {
            return Ok(());
        };
        prop_assert_eq!(canonical::constraint(canonical.clone()), Ok(canonical.clone()));
        let document = with_constraint(canonical);
        let (engine, understood) = engine(&document);
        prop_assert!(understood);
        let state = State::compile(&document);
        for json in contexts {
            same_as_oracle(&document, &state, &engine, &json)?;
        }
    }

    #[test]
    fn canonical_strategies_mean_the_same_to_yggdrasil(
        strategy in messy::strategy(),
        contexts in vec(random::context(), 3),
    ) {
        let strategy = Strategy { segments: vec![], disabled: false, ..strategy };
        let Ok(canonical) = canonical::strategy(strategy, "flag") else {
            return Ok(());
        };
        prop_assert_eq!(canonical::strategy(canonical.clone(), "flag"), Ok(canonical.clone()));
        prop_assume!(!by_chance(&canonical) && canonical.name != "applicationHostname");
        let document = single(canonical);
        let (engine, understood) = engine(&document);
        prop_assert!(understood);
        let state = State::compile(&document);
        for json in contexts {
            same_as_oracle(&document, &state, &engine, &json)?;
        }
    }

    #[test]
    fn nothing_panics(document in messy::document(), json in messy::context(), random in 0..u64::MAX) {
        let state = State::compile(&document);
        consistent(&state, &context(&json, random))?;
        let text = json!(document).to_string();
        prop_assert_eq!(serde_json::from_str::<Document>(&text).ok(), Some(document));
    }
}

/// Whether chance decides about a strategy or its variants.
fn by_chance(strategy: &Strategy) -> bool {
    let parameter = |name: &str| strategy.parameters.get(name).map_or("", String::as_str);
    let sure = |percent: &str| ["0", "100"].contains(&percent);
    let decided = |stickiness: &str| ["default", "sessionId", "tenant"].contains(&stickiness);
    let rollout = match strategy.name.as_str() {
        "flexibleRollout" => parameter("stickiness") == "random" && !sure(parameter("rollout")),
        "gradualRolloutRandom" => !sure(parameter("percentage")),
        _ => false,
    };
    rollout || (strategy.variants.len() > 1 && !decided(parameter("stickiness")))
}
