//! A search finds in the database exactly what the engine's own evaluator selects from the resources, in the order in
//! which a naive program would put them.
//!
//! `PROPTEST_CASES` sets the number of datasets; each is asked that many questions, 40 at most.

use std::cmp::Ordering;

use burgee_scim::filter::{check, matches, parse_body};
use burgee_scim::{GROUP, Mode, Object, Resolved, ResourceType, USER, fold, resolve};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::datasets::{Dataset, dataset};
use super::questions::{Pool, as_object};
use super::world::id_of;
use crate::support::{TestServer, postgres};

const QUESTIONS: u32 = 40;

/// What to ask.
#[derive(Clone, Debug)]
struct Question {
    filter: String,
    sort_by: Option<String>,
    descending: bool,
    start: usize,
    count: usize,
}

fn question(pool: &Pool) -> impl Strategy<Value = Question> {
    let sort = prop_oneof![1 => Just(None), 1 => select(pool.paths()).prop_map(Some)];
    let window = prop_oneof![2 => Just((1, 1000)), 1 => (1..8usize, 0..6usize)];
    (pool.filters(), sort, any::<bool>(), window).prop_map(|(filter, sort_by, descending, (start, count))| {
        Question { filter, sort_by, descending, start, count }
    })
}

/// Makes the users and groups of a dataset, as far as their names are free.
async fn push(server: &TestServer, dataset: &Dataset) {
    let scim = server.scim();
    let mut users = Vec::new();
    for body in &dataset.users {
        let answer = scim.post("/scim/Users", body.clone()).await;
        assert!(matches!(answer.status, 201 | 409), "{} {}: {body}", answer.status, answer.text);
        users.push(if answer.status == 201 { id_of(&answer.json()) } else { "nobody".to_owned() });
    }
    let mut groups: Vec<String> = Vec::new();
    for group in &dataset.groups {
        let members = group
            .users
            .iter()
            .map(|index| &users[*index])
            .chain(group.groups.iter().map(|index| &groups[*index]));
        let mut body = group.body.clone();
        body["members"] = members.map(|id| json!({ "value": id })).collect();
        let answer = scim.post("/scim/Groups", body.clone()).await;
        assert!(matches!(answer.status, 201 | 409), "{} {}: {body}", answer.status, answer.text);
        groups.push(if answer.status == 201 { id_of(&answer.json()) } else { "nothing".to_owned() });
    }
    for index in &dataset.changed {
        let operations = json!([{"op": "replace", "path": "locale", "value": "tr-TR"}]);
        server.patch(&format!("/scim/Users/{}", users[*index]), operations).await;
    }
}

async fn everything(server: &TestServer, rt: &ResourceType) -> Vec<Object> {
    let list = server.scim().get(&format!("/scim{}?count=1000", rt.endpoint)).await.expect(200).json();
    let mut all: Vec<Object> = list["Resources"].as_array().unwrap().iter().map(as_object).collect();
    for member in all.iter_mut().filter_map(|object| object.get_mut("members")?.as_array_mut()).flatten() {
        // Shown on request only, and always there.
        member["display"] = json!("somebody");
    }
    all
}

/// The answer that the evaluator gives; `None` if it refuses the filter.
fn expected(rt: &'static ResourceType, all: &[Object], question: &Question) -> Option<Vec<String>> {
    let parsed = parse_body(&question.filter, Mode::Tolerant)
        .unwrap_or_else(|error| panic!("{}: {error:?}", question.filter));
    let checked = check(&parsed, rt, Mode::Tolerant).ok()?;
    let mut found: Vec<&Object> = all.iter().filter(|resource| matches(&checked, resource)).collect();
    if let Some(path) = &question.sort_by {
        let key = |resource: &Object| sort_key(rt, resource, path);
        found.sort_by(|a, b| match (key(a), key(b), question.descending) {
            (None, None, _) => Ordering::Equal,
            (None, Some(_), false) | (Some(_), None, true) => Ordering::Greater,
            (None, Some(_), true) | (Some(_), None, false) => Ordering::Less,
            (a, b, false) => a.cmp(&b),
            (a, b, true) => b.cmp(&a),
        });
    }
    Some(found.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect())
}

/// What to compare by: the value of the primary element, else of the first that has one.
fn sort_key(rt: &'static ResourceType, resource: &Object, path: &str) -> Option<String> {
    let Some(Resolved::Known(attr)) = resolve(rt, path, Mode::Tolerant) else { return None };
    let sub = match attr.sub {
        None if !attr.attribute.sub_attributes.is_empty() => Some(attr.attribute.sub("value")?),
        sub => sub,
    };
    let home = if attr.schema.extension { resource.get(attr.schema.urn)?.as_object()? } else { resource };
    let whole = home.get(attr.attribute.name)?;
    let elements = whole.as_array().map_or(vec![whole], |list| list.iter().collect());
    let value = |element: &&Value| match sub {
        Some(sub) => element.get(sub.name).cloned(),
        None => Some((*element).clone()),
    };
    let primary = elements.iter().find(|element| element.get("primary") == Some(&json!(true)));
    let found = primary.and_then(value).or_else(|| elements.iter().find_map(value))?;
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    Some(if sub.unwrap_or(attr.attribute).case_exact { text } else { fold(&text) })
}

/// Questions that the service refuses, though the engine could answer them: nobody asks them, and no index would help.
fn is_refused_on_purpose(rt: &ResourceType, detail: &str) -> bool {
    let keys = ["meta.location", "groups.$ref", "groups.type", "members.$ref", "members.display"];
    detail.contains("cannot be searched")
        && (keys.iter().any(|key| detail.contains(key)) || (rt.name == "Group" && detail.contains("schemas")))
}

/// Sorting by what is not stored with the resource is ignored.
fn sorts(path: &str) -> bool {
    !["groups", "members", "meta.location", "meta.version", "password"]
        .iter()
        .any(|name| path.starts_with(name))
}

async fn ask(
    server: &TestServer,
    rt: &'static ResourceType,
    all: &[Object],
    question: &Question,
) -> Result<(), String> {
    let mut question = question.clone();
    question.sort_by = question.sort_by.filter(|path| sorts(path));
    let mut body =
        json!({ "filter": question.filter, "startIndex": question.start, "count": question.count });
    if let Some(path) = &question.sort_by {
        body["sortBy"] = json!(path);
        body["sortOrder"] = json!(if question.descending { "descending" } else { "ascending" });
    }
    let answer = server.scim().post(&format!("/scim{}/.search", rt.endpoint), body).await;
    let expected = expected(rt, all, &question);
    let (expected, list) = match (expected, answer.status) {
        (None, 400 | 403) => return Ok(()),
        (Some(_), 400) if is_refused_on_purpose(rt, &answer.text) => return Ok(()),
        (Some(expected), 200) => (expected, answer.json()),
        (expected, status) => return Err(format!("{status} {}; expected {expected:?}", answer.text)),
    };
    let window: Vec<String> =
        expected.iter().skip(question.start - 1).take(question.count).cloned().collect();
    let found: Vec<String> = list["Resources"].as_array().unwrap().iter().map(id_of).collect();
    if found == window && list["totalResults"].as_u64() == Some(expected.len() as u64) {
        return Ok(());
    }
    let differ: Vec<&Object> = all
        .iter()
        .filter(|resource| {
            let id = &resource["id"].as_str().unwrap().to_owned();
            found.contains(id) != window.contains(id)
        })
        .collect();
    Err(format!(
        "found {found:?}\nof {}\nexpected {window:?}\nof {}\ndifferent: {}",
        list["totalResults"],
        expected.len(),
        json!(differ)
    ))
}

/// Asks, and on failure looks for the simplest question that fails too.
async fn holds(server: &TestServer, rt: &'static ResourceType, all: &[Object], runner: &mut TestRunner) {
    let pool = Pool::of(rt, all);
    for _ in 0..runner.config().cases.min(QUESTIONS) {
        let mut tree = question(&pool).new_tree(runner).unwrap();
        let Err(mut message) = ask(server, rt, all, &tree.current()).await else { continue };
        let mut simplest = tree.current();
        let mut goes_on = tree.simplify();
        for _ in 0..300 {
            if !goes_on {
                break;
            }
            goes_on = match ask(server, rt, all, &tree.current()).await {
                Err(shorter) => {
                    (message, simplest) = (shorter, tree.current());
                    tree.simplify()
                }
                Ok(()) => tree.complicate(),
            };
        }
        panic!("{}: {simplest:?}\n{message}", rt.name);
    }
}

both! {
    async fn searches_and_orders_mean_what_the_engine_means(server) {
        let asked = std::env::var_os("PROPTEST_CASES").is_some();
        let cases = if asked { Config::default().cases } else { 40 };
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        for _ in 0..cases {
            postgres::still_needed();
            push(&server, &dataset().new_tree(&mut runner).unwrap().current()).await;
            for rt in [&USER, &GROUP] {
                let all = everything(&server, rt).await;
                holds(&server, rt, &all, &mut runner).await;
            }
            server.admin().delete("/api/admin/groups/scim-groups").await.expect(200);
            server.admin().delete("/api/admin/user-admin/scim-users").await.expect(200);
        }
    }
}
