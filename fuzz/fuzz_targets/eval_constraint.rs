//! Any JSON as a constraint, with a value of a context on the line below: what is accepted stays as it is, means
//! something, and is the opposite of itself inverted.
#![no_main]

use burgee_eval::document::{Constraint, Document, Feature, Strategy};
use burgee_eval::{Context, State, canonical};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fn holds(constraint: Constraint, context: &Context) -> Option<bool> {
    let strategy = Strategy { name: "default".into(), constraints: vec![constraint], ..Strategy::default() };
    let flag = Feature { name: "f".into(), enabled: true, strategies: vec![strategy], ..Feature::default() };
    State::compile(&Document { features: vec![flag], ..Document::default() }).is_enabled("f", context)
}

fuzz_target!(|text: &str| {
    let (json, value) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(constraint) = serde_json::from_str::<Constraint>(json) else { return };
    let context = Context::new(Timestamp::UNIX_EPOCH, 7).with(&constraint.context_name, value);
    holds(constraint.clone(), &context);
    let Ok(accepted) = canonical::constraint(constraint) else { return };
    assert_eq!(canonical::constraint(accepted.clone()).as_ref(), Ok(&accepted));
    let inverted = Constraint { inverted: !accepted.inverted, ..accepted.clone() };
    assert_ne!(holds(accepted, &context), holds(inverted, &context));
});
