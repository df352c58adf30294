//! Any JSON as what clients fetch, and any as a delta: reading, applying, compiling and asking never panics, and the
//! explanation agrees with the answer.
#![no_main]

use burgee_eval::{Context, Delta, Document, State};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fn ask(document: &Document) {
    let state = State::compile(document);
    let context = Context::new(Timestamp::UNIX_EPOCH, 7).with("userId", "7").with("plan", "gold");
    for evaluation in state.evaluate_all(&context) {
        assert_eq!(state.is_enabled(evaluation.name, &context), Some(evaluation.enabled));
        let explanation = state.explain(evaluation.name, &context);
        assert_eq!(explanation.map(|explanation| explanation.evaluation), Some(evaluation));
    }
}

fuzz_target!(|text: &str| {
    if let Ok(document) = serde_json::from_str::<Document>(text) {
        ask(&document);
        let written = serde_json::to_string(&document).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Document>(&written).ok().as_ref(), Some(&document));
    }
    if let Ok(delta) = serde_json::from_str::<Delta>(text) {
        let mut document = Document::default();
        document.apply(delta.events);
        ask(&document);
        let before = document.clone();
        document.apply([]);
        assert_eq!(document, before);
    }
});
