//! What holds for all inputs.

use burgee_scim::filter::{Literal, check, matches, parse};
use burgee_scim::resource::{accept, replace};
use burgee_scim::{Filter, Mode, Object, Op, USER, fold, leaves, patch};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{CORE, ENT, object, patched};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-cA-C]{1,3}",
        1 => prop::sample::select(vec!["İ", "i", "ß", "ss", "ẞ", "K", "é", "e\u{301}", "x y", "a\"b\\", "ſ"]).prop_map(str::to_owned),
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        (-1000i32..1000).prop_map(|n| Literal::Number(n.to_string())),
        "\\PC{0,6}".prop_map(Literal::Text),
    ]
}

pub(crate) fn filter() -> impl Strategy<Value = Filter> {
    let op = prop::sample::select(vec![
        Op::Eq,
        Op::Ne,
        Op::Co,
        Op::Sw,
        Op::Ew,
        Op::Gt,
        Op::Ge,
        Op::Lt,
        Op::Le,
        Op::Pr,
    ]);
    let path = prop::sample::select(vec!["userName", "a.b", "urn:x:2.0:T:a.b", "$ref", "x-y_z$1"]);
    let test = (path.clone(), op, literal())
        .prop_map(|(path, op, value)| Filter::Test {
            path: path.to_owned(),
            op,
            value: if op == Op::Pr { Literal::Null } else { value },
        })
        .boxed();
    let logic = |inner: BoxedStrategy<Filter>| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|f| Filter::Not(Box::new(f))),
        ]
    };
    let in_element = test.clone().prop_recursive(2, 8, 3, move |inner| logic(inner.boxed()));
    let element = (path, in_element)
        .prop_map(|(path, f)| Filter::Element { path: path.to_owned(), filter: Box::new(f) });
    prop_oneof![3 => test, 1 => element].prop_recursive(4, 24, 3, move |inner| logic(inner.boxed()))
}

fn email() -> impl Strategy<Value = Value> {
    (text(), prop::sample::select(vec!["work", "home", "Work"]), any::<Option<bool>>()).prop_map(
        |(value, kind, primary)| {
            let mut email = json!({ "value": value, "type": kind });
            if let Some(primary) = primary {
                email["primary"] = primary.into();
            }
            email
        },
    )
}

fn some<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(value)
}

fn body() -> impl Strategy<Value = Object> {
    (text(), some(text()), some(text()), some(prop::collection::vec(email(), 0..4)), some(any::<bool>()), some(text()), some(text()))
        .prop_map(|(user_name, title, family, emails, active, department, extra)| {
            let mut body = object(json!({ "schemas": [CORE], "UserName": user_name, "title": title, "name": { "familyName": family } }));
            body.insert("emails".into(), json!(emails));
            body.insert("active".into(), json!(active.map(|a| if a { json!(true) } else { json!("False") })));
            body.insert(ENT.into(), json!({ "department": department, "manager": extra }));
            body.insert("extra".into(), json!(extra));
            body
        })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = || prop::sample::select(vec!["add", "replace"]);
    prop_oneof![
        (op(), text()).prop_map(|(op, v)| json!({ "op": op, "path": "title", "value": v })),
        (op(), text()).prop_map(|(op, v)| json!({ "op": op, "path": "name", "value": { "familyName": v } })),
        (op(), text()).prop_map(|(op, v)| json!({ "op": op, "path": "name.givenName", "value": v })),
        (op(), text())
            .prop_map(|(op, v)| json!({ "op": op, "path": r#"emails[type eq "work"].value"#, "value": v })),
        (op(), any::<bool>())
            .prop_map(|(op, v)| json!({ "op": op, "path": r#"emails[type eq "home"].primary"#, "value": v })),
        (op(), prop::collection::vec(email(), 0..3))
            .prop_map(|(op, v)| json!({ "op": op, "path": "emails", "value": v })),
        (op(), text())
            .prop_map(|(op, v)| json!({ "op": op, "value": { "extra": v, format!("{ENT}:department"): v } })),
        prop::sample::select(vec![
            "title",
            "name",
            "name.familyName",
            "emails",
            "extra",
            r#"emails[type eq "work"]"#,
            ENT
        ])
        .prop_map(|path| json!({ "op": "remove", "path": path })),
        text().prop_map(|v| json!({ "op": "remove", "path": "emails", "value": [{ "value": v }] })),
    ]
}

/// The simplest thing that could be right for three simple attributes and one set.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    title: Option<String>,
    given: Option<String>,
    roles: Vec<String>,
}

#[derive(Clone, Debug)]
enum Step {
    Title(Option<String>),
    Given(Option<String>),
    AddRoles(Vec<String>),
    RemoveRoles(Vec<String>),
    ReplaceRoles(Vec<String>),
    ClearRoles,
}

fn step() -> impl Strategy<Value = Step> {
    let word = || "[a-d]";
    let words = || prop::collection::vec("[a-d]", 0..4);
    prop_oneof![
        some(word()).prop_map(Step::Title),
        some(word()).prop_map(Step::Given),
        words().prop_map(Step::AddRoles),
        words().prop_map(Step::RemoveRoles),
        prop::collection::btree_set("[a-d]", 0..4).prop_map(|s| Step::ReplaceRoles(s.into_iter().collect())),
        Just(Step::ClearRoles),
    ]
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Title(title) => self.title.clone_from(title),
            Step::Given(given) => self.given.clone_from(given),
            Step::AddRoles(new) => {
                for role in new {
                    if !self.roles.contains(role) {
                        self.roles.push(role.clone());
                    }
                }
            }
            Step::RemoveRoles(gone) => self.roles.retain(|role| !gone.contains(role)),
            Step::ReplaceRoles(new) => self.roles.clone_from(new),
            Step::ClearRoles => self.roles.clear(),
        }
    }

    fn resource(&self) -> Object {
        let mut resource = object(json!({ "schemas": [CORE], "userName": "a" }));
        if let Some(title) = &self.title {
            resource.insert("title".into(), json!(title));
        }
        if let Some(given) = &self.given {
            resource.insert("name".into(), json!({ "givenName": given }));
        }
        if !self.roles.is_empty() {
            resource.insert("roles".into(), roles(&self.roles));
        }
        resource
    }
}

fn roles(values: &[String]) -> Value {
    values.iter().map(|value| json!({ "value": value })).collect()
}

fn operation_of(step: &Step) -> Value {
    match step {
        Step::Title(None) => json!({ "op": "remove", "path": "title" }),
        Step::Title(Some(title)) => json!({ "op": "replace", "path": "title", "value": title }),
        Step::Given(None) => json!({ "op": "remove", "path": "name.givenName" }),
        Step::Given(Some(given)) => json!({ "op": "add", "path": "name.givenName", "value": given }),
        Step::AddRoles(new) => json!({ "op": "add", "path": "roles", "value": roles(new) }),
        Step::RemoveRoles(gone) => json!({ "op": "remove", "path": "roles", "value": roles(gone) }),
        Step::ReplaceRoles(new) => json!({ "op": "replace", "path": "roles", "value": roles(new) }),
        Step::ClearRoles => json!({ "op": "remove", "path": "roles" }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_undoes_printing(filter in filter()) {
        let printed = filter.to_string();
        for mode in [Mode::Strict, Mode::Tolerant] {
            prop_assert_eq!(parse(&printed, mode).unwrap_or_else(|e| panic!("{printed}: {e}")), filter.clone());
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}", filterish in "[a-z \"'()\\[\\].:eq0-9]{0,60}") {
        for mode in [Mode::Strict, Mode::Tolerant] {
            for text in [&text, &filterish] {
                if let Ok(filter) = parse(text, mode) {
                    prop_assert_eq!(parse(&filter.to_string(), mode), Ok(filter));
                }
                let _ = burgee_scim::Path::parse(text, &USER, mode);
            }
        }
    }

    #[test]
    fn folding_is_idempotent(text in "\\PC{0,20}") {
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
    }

    #[test]
    fn accepting_twice_is_accepting_once(body in body()) {
        let once = accept(&USER, &body, Mode::Tolerant).unwrap();
        prop_assert_eq!(accept(&USER, &once, Mode::Tolerant).unwrap(), once.clone());
        prop_assert_eq!(replace(&USER, &once, once.clone(), Mode::Tolerant).unwrap(), once);
    }

    #[test]
    fn patching_twice_is_patching_once(body in body(), operation in operation()) {
        let start = accept(&USER, &body, Mode::Tolerant).unwrap();
        let once = patched(&USER, start, json!([operation]), Mode::Tolerant).unwrap();
        let twice = patched(&USER, once.clone(), json!([operation]), Mode::Tolerant).unwrap();
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(accept(&USER, &once, Mode::Tolerant).unwrap(), once, "patched resources are canonical");
    }

    #[test]
    fn patching_follows_a_naive_model(steps in prop::collection::vec(step(), 1..12), strict in any::<bool>()) {
        let mode = if strict { Mode::Strict } else { Mode::Tolerant };
        let mut model = Model::default();
        let start = model.resource();
        for step in &steps {
            model.apply(step);
        }
        let operations: Vec<Value> = steps.iter().map(operation_of).collect();
        prop_assert_eq!(patched(&USER, start, json!(operations), mode).unwrap(), model.resource());
    }

    #[test]
    fn leaves_answer_equality(body in body(), other in text()) {
        let resource = accept(&USER, &body, Mode::Tolerant).unwrap();
        let leaves = leaves(&USER, &resource);
        for key in ["userName", "title", "name.familyName", "emails.value", "emails.type", &format!("{ENT}:department"), &format!("{ENT}:manager.value")] {
            let known = leaves.iter().filter(|leaf| leaf.key == key).map(|leaf| leaf.text.clone());
            for value in known.chain([other.clone()]) {
                let filter = Filter::Test { path: key.to_owned(), op: Op::Eq, value: Literal::Text(value.clone()) };
                let found = matches(&check(&filter, &USER, Mode::Strict).unwrap(), &resource);
                let exact = key.ends_with("manager.value");
                let indexed = leaves.iter().any(|leaf| leaf.key == key && leaf.text == if exact { value.clone() } else { fold(&value) });
                prop_assert_eq!(found, indexed, "{} eq {:?}", key, value);
            }
        }
    }

    #[test]
    fn any_operation_is_read_or_refused(value in json_value(), path in "[a-z.:\\[\\]\" ]{0,12}", op in "(add|remove|replace)") {
        for mode in [Mode::Strict, Mode::Tolerant] {
            for path in [path.as_str(), "emails", "name", "title", "active", ENT, r#"emails[type eq "x"]"#] {
                let body = object(json!({ "schemas": [patch::PATCH_URN], "Operations": [{ "op": op, "path": path, "value": value }] }));
                if let Ok(ops) = patch::parse_patch(body.clone(), &USER, mode) {
                    let _ = patch::apply(&USER, crate::ann(), &ops, mode);
                }
            }
            if let Value::Object(body) = &value
                && let Ok(accepted) = accept(&USER, body, mode) {
                    prop_assert_eq!(accept(&USER, &accepted, mode), Ok(accepted));
                }
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec!["", "a", "true", "\0", CORE]).prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "value",
        "type",
        "primary",
        "userName",
        "schemas",
        "name",
        "emails",
        "active",
        "x",
        ENT,
        CORE,
        "name.givenName",
        "urn:x:y",
    ]);
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|parts| Value::Object(parts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}
