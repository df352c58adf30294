//! Any text as a filter: it parses to what its canonical text parses to, and evaluates on anything.
#![no_main]

use burgee_scim::filter::{check, matches, parse_body};
use burgee_scim::{GROUP, Mode, Object, USER};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    for mode in [Mode::Tolerant, Mode::Strict] {
        let Ok(filter) = parse_body(text, mode) else { continue };
        let canonical = filter.to_string();
        assert_eq!(parse_body(&canonical, mode).as_ref(), Ok(&filter), "{canonical}");
        for rt in [&USER, &GROUP] {
            let Ok(checked) = check(&filter, rt, mode) else { continue };
            let user: Object = [
                ("userName".to_owned(), json!("Ann")),
                ("active".to_owned(), json!(true)),
                (
                    "emails".to_owned(),
                    json!([{"value": "ann@x.io", "type": "work", "primary": true}, {"x": 1}]),
                ),
                ("meta".to_owned(), json!({"created": "2026-01-01T00:00:00.000Z"})),
            ]
            .into_iter()
            .collect();
            matches(&checked, &user);
            matches(&checked, &Object::new());
        }
    }
});
