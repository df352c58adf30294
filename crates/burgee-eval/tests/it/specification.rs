//! The official client specification, case by case.
//!
//! `CLIENT_SPECIFICATION` names a folder with the npm package `@unleash/client-specification` 6.1.0 (or with its
//! `specifications`).

use std::path::{Path, PathBuf};

use burgee_eval::{Context, Delta, Document, State, Variant};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const SUITES: usize = 22;
const CASES: usize = 279;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    state: Value,
    #[serde(default)]
    tests: Vec<Case>,
    #[serde(default)]
    variant_tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    description: String,
    context: Map<String, Value>,
    toggle_name: String,
    expected_result: Value,
}

#[test]
fn client_specification() {
    let Some(folder) = std::env::var_os("CLIENT_SPECIFICATION").map(PathBuf::from) else {
        eprintln!(
            "skipped: set CLIENT_SPECIFICATION to a folder with `npm pack @unleash/client-specification@6.1.0`"
        );
        return;
    };
    let nested = folder.join("specifications");
    let folder = if nested.is_dir() { nested } else { folder };
    let names: Vec<String> = read(&folder, "index.json");
    assert_eq!(names.len(), SUITES);

    let (mut suites, mut cases) = (0, 0);
    let mut failures = Vec::new();
    for name in names {
        let suite: Suite = read(&folder, &name);
        suites += 1;
        cases += suite.tests.len() + suite.variant_tests.len();
        let document = if suite.state.get("events").is_some() {
            let delta: Delta = serde_json::from_value(suite.state).unwrap();
            let mut document = Document::default();
            document.apply(delta.events);
            document
        } else {
            serde_json::from_value(suite.state).unwrap()
        };
        let state = State::compile(&document);
        let mut check = |case: &Case, actual: Value| {
            if actual != case.expected_result {
                failures.push(format!("{name}: {}: {actual}", case.description));
            }
        };
        for case in &suite.tests {
            check(case, state.is_enabled(&case.toggle_name, &case.context()).unwrap_or(false).into());
        }
        for case in &suite.variant_tests {
            check(case, case.variant(&state));
        }
    }
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!((suites, cases), (SUITES, CASES));
}

impl Case {
    fn context(&self) -> Context {
        let mut context = Context::new(Timestamp::UNIX_EPOCH, 1);
        context.read(&self.context);
        context
    }

    fn variant(&self, state: &State) -> Value {
        let context = self.context();
        let missing = Variant { name: "disabled", payload: None, enabled: false, feature_enabled: false };
        let variant = state.variant(&self.toggle_name, &context).unwrap_or(missing);
        let mut json = json!({"name": variant.name, "enabled": variant.enabled, "feature_enabled": variant.feature_enabled});
        if let Some(payload) = variant.payload {
            json["payload"] = json!(payload);
        }
        json
    }
}

fn read<T: for<'de> Deserialize<'de>>(folder: &Path, name: &str) -> T {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
