//! Any bytes as the body of a request for results.
#![no_main]

use burgee_eval::{Context, Fields, State};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Something of everything that looks at a context.
static STATE: LazyLock<State> = LazyLock::new(|| {
    let document = include_str!("document.json");
    State::compile(&serde_json::from_str(document).expect("the document is one"))
});

fuzz_target!(|body: &[u8]| {
    let read = || {
        let mut context = Context::new(Timestamp::UNIX_EPOCH, 7);
        Fields::from_json(body).map(|fields| fields.apply(&mut context)).map(|()| context)
    };
    let (Ok(one), Ok(other)) = (read(), read()) else { return };
    // A context always gives the same, with its reasons, too.
    for (a, b) in STATE.evaluate_all(&one).zip(STATE.evaluate_all(&other)) {
        assert_eq!(a, b);
        assert_eq!(STATE.explain(a.name, &one).map(|it| it.evaluation), Some(a));
    }
});
