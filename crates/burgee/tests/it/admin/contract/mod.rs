//! Every operation that Unleash has too answers in Unleash's shape. One file tells the story of one area.

mod applications;
mod clients;
mod features;
mod instance;
mod people;
mod projects;
mod search;
mod segments;
mod transfer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use reqwest::Method;
use serde_json::Value;

use crate::support::TestServer;
use crate::support::client::{Answer, Client};

/// Operations that answer with another status than Unleash's document says, as Unleash does.
const IN_TRUTH: [(&str, &str, u16); 5] = [
    ("createAddon", "200", 201),
    ("addPublicSignupTokenUser", "200", 201),
    ("createFeature", "200", 201),
    ("cloneFeature", "200", 201),
    ("updateProjectChangeRequestConfig", "200", 204),
];

/// What operations tell beyond Unleash's document, as Unleash does: paths with `*` for whatever is there.
const MORE_IN_TRUTH: [(&str, &[&str]); 2] = [
    (
        "getInstanceAdminStats",
        &[
            "serviceAccounts",
            "archivedFeatureToggles",
            "customRootRoles",
            "customRootRolesInUse",
            "passwordAuthEnabled",
            "SCIMenabled",
        ],
    ),
    ("getAdvancedPlayground", &["features/*/environments/*/*/hasUnsatisfiedDependency"]),
];

/// What operations tell that Unleash knows nothing of, and that its clients do not mind. It need not be there.
const MORE_HERE: [(&str, &str); 2] = [("getFeature", "owner"), ("exportFeatures", "features/*/owner")];

/// Operations that answer nothing where Unleash's document shows something, as Unleash does.
const EMPTY_IN_TRUTH: [&str; 2] = ["toggleFeatureEnvironmentOn", "toggleFeatureEnvironmentOff"];

/// Operations that answer a list of what Unleash's document shows one of, as Unleash does.
const LISTS_IN_TRUTH: [&str; 1] = ["getFeatureStrategies"];

/// Calls operations by their names and holds each answer to its shape.
pub(super) struct Contract {
    shapes: Value,
    /// Method and path of each operation.
    served: BTreeMap<String, (Method, String)>,
    called: Mutex<BTreeSet<String>>,
}

impl Contract {
    pub(super) async fn new(server: &TestServer) -> Self {
        let shapes = serde_json::from_str(include_str!("../../wire/unleash-shapes.json")).unwrap();
        let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
        let mut served = BTreeMap::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                served.insert(operation["operationId"].as_str().unwrap().to_owned(), (method, path.clone()));
            }
        }
        Self { shapes, served, called: Mutex::default() }
    }

    /// True if there is an operation of this name.
    pub(super) fn serves(&self, id: &str) -> bool {
        self.served.contains_key(id)
    }

    /// Calls an operation; `params` fill the placeholders of its path in order, a last one that starts with `?` is
    /// the query.
    pub(super) async fn call(
        &self,
        client: &Client,
        id: &str,
        params: &[&str],
        body: Option<Value>,
    ) -> Answer {
        let (method, path) = self.served.get(id).unwrap_or_else(|| panic!("{id} is not served"));
        let mut params = params.iter();
        let mut path: Vec<&str> = path
            .split('/')
            .map(|segment| if segment.starts_with('{') { params.next().unwrap() } else { segment })
            .collect();
        let query = params.next().copied().unwrap_or_default();
        let last = format!("{}{query}", path.pop().unwrap());
        path.push(&last);
        let answer = client
            .send(method.clone(), &path.join("/"), body.map(|b| b.to_string()), "application/json")
            .await;
        self.check(id, &answer);
        self.called.lock().unwrap().insert(id.to_owned());
        answer
    }

    fn check(&self, id: &str, answer: &Answer) {
        let Some(operation) = self.shapes["operations"].get(id) else { return };
        let status = IN_TRUTH
            .iter()
            .find(|(name, _, real)| *name == id && *real == answer.status)
            .map_or_else(|| answer.status.to_string(), |(_, documented, _)| (*documented).to_owned());
        let shape = operation["answers"].get(status);
        let Some(shape) = shape else {
            panic!("{id} answered {}: {}", answer.status, answer.text);
        };
        if shape.is_null() || (EMPTY_IN_TRUTH.contains(&id) && answer.text.is_empty()) {
            return;
        }
        let mut schema = if LISTS_IN_TRUTH.contains(&id) {
            serde_json::json!({ "type": "array", "items": shape })
        } else {
            shape.clone()
        };
        schema["schemas"] = self.shapes["schemas"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut body = answer.json();
        for path in MORE_IN_TRUTH.iter().filter(|(name, _)| *name == id).flat_map(|(_, paths)| *paths) {
            assert!(take(&mut body, path), "{id} does not tell {path}");
        }
        for (_, path) in MORE_HERE.iter().filter(|(name, _)| *name == id) {
            take(&mut body, path);
        }
        let errors: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{id} breaks the contract: {errors:#?}\n{body:#}");
    }

    /// Operations that Unleash has, that are served, and that were not called.
    fn forgotten(&self) -> Vec<String> {
        let called = self.called.lock().unwrap();
        let known = self.shapes["operations"].as_object().unwrap();
        self.served.keys().filter(|id| known.contains_key(*id) && !called.contains(*id)).cloned().collect()
    }
}

/// Takes away what is at a path, and tells whether it was there.
fn take(value: &mut Value, path: &str) -> bool {
    let Some((first, rest)) = path.split_once('/') else {
        return value.as_object_mut().is_some_and(|object| object.remove(path).is_some());
    };
    match value {
        Value::Object(object) if first == "*" => {
            object.values_mut().filter_map(|value| (!take(value, rest)).then_some(())).count() == 0
        }
        Value::Array(list) if first == "*" => {
            list.iter_mut().filter_map(|value| (!take(value, rest)).then_some(())).count() == 0
        }
        Value::Object(object) => object.get_mut(first).is_some_and(|value| take(value, rest)),
        _ => false,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

both! {
    async fn answers_have_unleashs_shapes(server) {
        let contract = Contract::new(&server).await;
        people::story(&contract, &server).await;
        segments::story(&contract, &server).await;
        search::story(&contract, &server).await;
        transfer::story(&contract, &server).await;
        features::story(&contract, &server).await;
        applications::story(&contract, &server).await;
        clients::story(&contract, &server).await;
        instance::story(&contract, &server).await;
        projects::story(&contract, &server).await;
        assert_eq!(contract.forgotten(), Vec::<String>::new());
    }
}
