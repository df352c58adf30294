use crate::random;
use burgee_eval::document::*;
use burgee_eval::*;
use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree;
use std::io::Write;
#[test]
fn stats() {
    let mut r = proptest::test_runner::TestRunner::deterministic();
    let mut out = std::io::BufWriter::new(std::fs::File::create("/tmp/diff.jsonl").unwrap());
    let single = |strategy: document::Strategy, variants| Document {
        features: vec![Feature { name: "flag".into(), enabled: true, strategies: vec![strategy], variants, ..Feature::default() }],
        ..Document::default()
    };
    for i in 0..40000 {
        let d = match i % 4 {
            0 | 1 => {
                let c = random::messy_constraint().new_tree(&mut r).unwrap().current();
                let Ok(c) = canonical::constraint(c) else { continue };
                single(document::Strategy { name: "default".into(), constraints: vec![c], ..Default::default() }, vec![])
            }
            2 => {
                let mut s = random::messy_strategy().new_tree(&mut r).unwrap().current();
                s.segments.clear();
                s.disabled = false;
                let Ok(s) = canonical::strategy(s, "flag") else { continue };
                if s.name == "applicationHostname" || crate::oracle::by_chance(&s) { continue }
                single(s, vec![])
            }
            _ => random::tidy().new_tree(&mut r).unwrap().current(),
        };
        let s = State::compile(&d);
        for _ in 0..3 {
            let j = random::context().new_tree(&mut r).unwrap().current();
            let mut c = Context::new(jiff::Timestamp::UNIX_EPOCH, 1);
            c.read(&j);
            let res: Vec<_> = s.evaluate_all(&c).map(|e| serde_json::json!([e.name, e.enabled, e.variant.name, e.variant.payload])).collect();
            writeln!(out, "{}", serde_json::json!({"kind": i % 4, "doc": d, "ctx": j, "res": res})).unwrap();
        }
    }
}
