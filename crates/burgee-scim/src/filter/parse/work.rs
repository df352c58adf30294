//! No filter costs the parser more than a few looks at each of its bytes, and a bounded number of nodes.

use proptest::prelude::*;

use super::{MAX_NODES, MAX_URL_TEXT, Parser, Scope};
use crate::{Mode, ScimType};

/// Parses as far as it goes; what it cost in looks at bytes.
fn cost(text: &str) -> usize {
    let mut parser = Parser::new(text, Mode::Tolerant, MAX_URL_TEXT, ScimType::InvalidFilter).unwrap();
    let _ = parser.or(Scope::Resource).and_then(|_| parser.end());
    assert!(parser.nodes <= MAX_NODES + 1 && parser.depth <= 33);
    parser.looks
}

#[track_caller]
fn is_cheap(text: &str) {
    let cost = cost(text);
    assert!(cost <= 8 * text.len() + 200, "{cost} looks at {} bytes of {:.60}", text.len(), text);
}

/// `part` as often as it fits into `room` bytes.
fn fill(part: &str, room: usize) -> String {
    part.repeat(room / part.len().max(1))
}

#[test]
fn filters_that_are_made_to_cost_much_do_not() {
    let room = MAX_URL_TEXT;
    for text in [
        fill("(", room),
        fill("not(", room),
        fill("not ", room),
        fill("a[", room),
        fill("a.", room),
        fill("urn:a:", room),
        fill("a pr and ", room),
        fill("a pr or ", room),
        fill("a eq \"x\" or ", room),
        fill("\\\"", room),
        fill(" ", room),
        format!("a eq \"{}", fill("\\\"", room - 10)),
        format!("a eq '{}'", fill("\\'", room - 10)),
        format!("a eq {}", fill("9", room - 10)),
        format!("a{} pr", fill(" ", room - 10)),
        format!("{}a pr{}", "(".repeat(32), fill(" ", room - 100)),
        format!("{}a pr{}{}", "(".repeat(32), fill(" ", room - 100), ")".repeat(32)),
        format!("{}a pr{}", "(".repeat(32), fill(" ) ", room - 100)),
        format!("a[b pr{}] and c pr", fill(" ", room - 100)),
        format!("a pr{}and b pr", fill(" ", room - 100)),
    ] {
        is_cheap(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_filter_costs_much(
        part in "[()\\[\\]. :\"'\\\\a9]{1,12}",
        tail in "( |\\(|\\)|\\[|\\]|and |or |not|a pr|eq |\"x\"|a\\.b|\\\\|'){0,40}",
        times in 1..800usize,
    ) {
        let mut text = part.repeat(times) + &tail;
        text.truncate(MAX_URL_TEXT);
        is_cheap(&text);
        is_cheap(&format!("a pr and {}", &text[..text.len().min(8000)]));
    }
}
