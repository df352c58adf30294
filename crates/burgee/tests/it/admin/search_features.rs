//! The search for flags: what it shows, what it finds, and for whom.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use burgee::access::Sight;
use burgee::db::Engine;
use burgee::features::search::{Choice, Filter, Having, Key, Query, Reader, Tag, plan};
use burgee_scim::fold;
use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::Client;

const FLAGS: &str = "/api/admin/projects/default/features";

fn names(answer: &Value) -> Vec<&str> {
    answer["features"].as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect()
}

/// Text as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").unwrap();
        }
        all
    })
}

async fn found(client: &Client, pairs: &[(&str, String)]) -> Value {
    let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    client.get(&format!("/api/admin/search/features?{}", query.join("&"))).await.expect(200).json()
}

both! {
    async fn a_flag_is_shown_with_what_lists_need(server) {
        let admin = server.admin();
        for name in ["parent", "menu"] {
            admin.post(FLAGS, json!({ "name": name, "type": "experiment", "description": "The Menu" })).await.expect(201);
        }
        for sql in [
            "INSERT INTO segments (id, name, created_by, created_at) VALUES (7, 'beta', 'x', 0)",
            "INSERT INTO tags (type, value, created_at) VALUES ('simple', 'ui', 0)",
            "INSERT INTO feature_tags (feature, type, value, created_at, created_by) VALUES ('menu', 'simple', 'ui', 0, 1)",
            "INSERT INTO feature_dependencies (child, parent) VALUES ('menu', 'parent')",
            "INSERT INTO feature_lifecycles (feature, stage, created_at, status) VALUES ('menu', 'completed', 9999999999999, 'kept')",
            "UPDATE feature_environments SET variants = '[{\"name\":\"a\"},{\"name\":\"b\"}]' WHERE feature = 'menu' AND environment = 'production'",
            "INSERT INTO flag_sightings (feature, environment, seen_at) VALUES ('menu', 'production', 0)",
        ] {
            server.rows(sql).await;
        }
        let strategies = format!("{FLAGS}/menu/environments/development/strategies");
        for disabled in [true, true] {
            admin.post(&strategies, json!({ "name": "default", "disabled": disabled, "segments": [7] })).await.expect(200);
        }
        let all = admin.get("/api/admin/search/features").await.expect(200).json();
        assert_eq!((names(&all), &all["total"]), (vec!["parent", "menu"], &json!(2)));
        assert_eq!(all["features"][0]["dependencyType"], "parent");
        let menu = &all["features"][1];
        for (key, value) in [
            ("type", json!("experiment")), ("project", json!("default")), ("favorite", json!(false)), ("archivedAt", json!(null)),
            ("dependencyType", json!("child")), ("segments", json!(["beta"])),
            ("tags", json!([{ "value": "ui", "type": "simple", "color": "#FFFFFF" }])),
            ("lifecycle", json!({ "stage": "completed", "status": "kept", "enteredStageAt": "2286-11-20T17:46:39.999Z" })),
            ("createdBy", json!({ "id": -42, "name": "Unleash Admin Token User", "imageUrl": "" })),
        ] {
            assert_eq!(menu[key], value, "{key}");
        }
        assert_eq!(menu["environments"], json!([
            { "name": "development", "enabled": false, "type": "development", "sortOrder": 2, "variantCount": 0,
              "lastSeenAt": null, "hasStrategies": true, "hasEnabledStrategies": false },
            { "name": "production", "enabled": false, "type": "production", "sortOrder": 3, "variantCount": 2,
              "lastSeenAt": "1970-01-01T00:00:00.000Z", "hasStrategies": false, "hasEnabledStrategies": false },
        ]));
        // No word reaches from the name into the description; wildcards are letters.
        for (query, count) in [("MENU,nothing", 2), ("menu the", 0), ("m_nu", 0), ("%", 0), (" , ", 2)] {
            assert_eq!(found(&admin, &[("query", query.to_owned())]).await["total"], count, "{query}");
        }
        let page = found(&admin, &[("offset", "1".into()), ("limit", "0".into())]).await;
        assert_eq!((names(&page), &page["total"]), (vec!["menu"], &json!(2)));
        assert_eq!(found(&admin, &[("offset", "2".into())]).await, json!({ "features": [], "total": 2 }));
        // The list of a project is the same search.
        let listed = admin.get(FLAGS).await.expect(200).json();
        assert_eq!(names(&listed), ["menu", "parent"]);
        assert_eq!(listed["features"][0]["environments"], menu["environments"]);
        assert_eq!(listed["features"][0]["tags"], menu["tags"]);
    }

    async fn what_is_not_understood_is_refused(server) {
        let admin = server.admin();
        for (query, part) in [
            ("state=FOO:active", "/query/state"), ("type=release", "/query/type"), ("tag=INCLUDE:simple", "/query/tag"),
            ("tag=INCLUDE:", "/query/tag"), ("segment=IS:x", "/query/segment"), ("archived=true", "/query/archived"),
            ("favorite=IS:maybe", "/query/favorite"), ("favorite=IS:", "/query/favorite"),
            ("createdAt=IS_BEFORE:2026-13-40", "/query/createdAt"), ("lastSeenAt=IS:2026-01-01", "/query/lastSeenAt"),
            ("sortOrder=up", "sortOrder"),
        ] {
            let answer = admin.get(&format!("/api/admin/search/features?{query}")).await.expect(400).json();
            assert_eq!((&answer["name"], &answer["details"][0]["path"]), (&json!("BadDataError"), &json!(part)), "{answer}");
        }
        let many = |part: &str| vec![part; 101].iter().enumerate().map(|(n, part)| format!("{part}{n}")).collect::<Vec<_>>();
        for query in [
            format!("project=IS:{}", many("p").join(",")),
            format!("query={}", many("w").join(",")),
            format!("status[]={}", vec!["a:enabled"; 21].join("&status[]=")),
        ] {
            admin.get(&format!("/api/admin/search/features?{query}")).await.expect(400);
        }
        for ignored in ["sortBy=nothing", "status[]=production", "status[]=production:maybe", "other=1", "type=IS:", "createdBy=IS_NOT:x"] {
            admin.get(&format!("/api/admin/search/features?{ignored}")).await.expect(200);
        }
    }

    async fn flags_of_projects_that_somebody_does_not_see_do_not_exist_for_them(server) {
        hide_a_project(&server).await;
        let admin = server.admin();
        let (_, viewer) = server.person("vic", "Viewer").await;
        let (_, editor) = server.person("eve", "Editor").await;
        for project in ["default", "hidden"] {
            admin.post(&format!("/api/admin/projects/{project}/features"), json!({ "name": format!("in-{project}") })).await.expect(201);
        }
        server.rows("UPDATE features SET created_by = 77 WHERE project = 'hidden'").await;
        server.rows("INSERT INTO users (id, name, root_role_id, created_at, updated_at) VALUES (77, 'Hidden', 3, 0, 0)").await;
        for (client, count) in [(&viewer, 1), (&editor, 2), (&admin, 2)] {
            let all = client.get("/api/admin/search/features").await.expect(200).json();
            assert_eq!((&all["total"], names(&all).len()), (&json!(count), count));
            let creators = client.get("/api/admin/flag-creators").await.expect(200).json();
            assert_eq!((&creators["total"], creators["flagCreators"].as_array().unwrap().len()), (&json!(count), count));
            let late = client.get("/api/admin/flag-creators?offset=9").await.expect(200).json();
            assert_eq!(late, json!({ "flagCreators": [], "total": count }));
        }
        for filter in ["project=IS:hidden", "project=IS_NOT:default", "query=in-hidden"] {
            let all = viewer.get(&format!("/api/admin/search/features?{filter}")).await.expect(200).json();
            assert_eq!(all, json!({ "features": [], "total": 0 }));
        }
    }
}

async fn hide_a_project(server: &TestServer) {
    for sql in [
        "INSERT INTO projects (id, name, mode, created_at, updated_at) VALUES ('hidden', 'Hidden', 'private', 0, 0)",
        "INSERT INTO project_environments (project, environment) VALUES ('hidden', 'development'), ('hidden', 'production')",
    ] {
        server.rows(sql).await;
    }
}

const KINDS: [&str; 3] = ["release", "experiment", "kill-switch"];
const PROJECTS: [&str; 3] = ["default", "other", "hidden"];
const STATES: [&str; 3] = ["active", "potentially-stale", "stale"];
const STAGES: [&str; 5] = ["initial", "pre-live", "live", "completed", "archived"];
const ENVIRONMENTS: [&str; 2] = ["development", "production"];
const TAGS: [&str; 3] = ["simple:a", "simple:b:c", "simple:ünï"];
const SEGMENTS: [&str; 2] = ["one", "Two 2"];
const WORDS: [&str; 8] = ["menu", "Menu", "a_b", "A-B", "İx", "straße", "o'b", "100%"];
const NAMES: [&str; 5] = ["menu", "Menu", "a_b", "A-B", "o'b"];
/// 2026-01-01 in milliseconds.
const START: i64 = 1_767_225_600_000;
const DAY: i64 = 86_400_000;

/// A flag, as far as searches tell flags apart. Most fields are places in the lists above; times are half days.
#[derive(Clone, Debug)]
struct Flag {
    name: String,
    description: Option<&'static str>,
    kind: usize,
    project: usize,
    state: usize,
    stages: BTreeSet<usize>,
    created: i64,
    author: i64,
    archived: bool,
    favorite: bool,
    tags: BTreeSet<usize>,
    segments: BTreeSet<usize>,
    /// On or off, and when last seen, where it is at all.
    places: Vec<Option<(bool, Option<i64>)>>,
}

fn flags() -> impl Strategy<Value = Vec<Flag>> {
    let what = (select(&NAMES[..]), prop::option::of(select(&WORDS[..])), 0..3_usize, 0..3_usize, 0..3_usize);
    let when = (btree_set(0..5_usize, 1..4), 0..8_i64, select(&[-42_i64, 1, 999][..]));
    let rest =
        (prop::bool::weighted(0.15), any::<bool>(), btree_set(0..3_usize, 0..3), btree_set(0..2_usize, 0..2));
    let places = vec(weighted(0.8, (any::<bool>(), prop::option::of(0..8_i64))), 2);
    vec((what, when, rest, places), 40).prop_map(|all| {
        let flag = |(index, (what, when, rest, places)): (usize, (_, _, _, _))| {
            let (name, description, kind, project, state): (&str, _, _, _, _) = what;
            let (stages, created, author) = when;
            let (archived, favorite, tags, segments) = rest;
            let name = format!("{name}{}", index / 2 * 7 % 40 + index % 2 * 100);
            Flag {
                name,
                description,
                kind,
                project,
                state,
                stages,
                created,
                author,
                archived,
                favorite,
                tags,
                segments,
                places,
            }
        };
        all.into_iter().enumerate().map(flag).collect()
    })
}

async fn push(server: &TestServer, reader: i64, flags: &[Flag]) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut sql = vec![
        "INSERT INTO projects (id, name, created_at, updated_at) VALUES ('other', 'Other', 0, 0)".to_owned(),
        "INSERT INTO segments (id, name, created_by, created_at) VALUES (1, 'one', 'x', 0), (2, 'Two 2', 'x', 0)".to_owned(),
    ];
    for tag in TAGS {
        let value = tag.split_once(':').unwrap().1;
        sql.push(format!("INSERT INTO tags (type, value, created_at) VALUES ('simple', '{value}', 0)"));
    }
    for flag in flags {
        let name = quoted(&flag.name);
        let search = quoted(&format!("{}\n{}", fold(&flag.name), fold(flag.description.unwrap_or_default())));
        let description = flag.description.map_or("NULL".to_owned(), quoted);
        let archived = if flag.archived { "1" } else { "NULL" };
        let (stale, nearly) = (flag.state == 2, flag.state >= 1);
        sql.push(format!(
            "INSERT INTO features (name, search, project, type, description, stale, potentially_stale, created_at, created_by, archived_at)
             VALUES ({name}, {search}, '{}', '{}', {description}, {stale}, {nearly}, {}, {}, {archived})",
            PROJECTS[flag.project], KINDS[flag.kind], START + flag.created * DAY / 2, flag.author
        ));
        for stage in &flag.stages {
            // Two stages at one moment: the later of them counts.
            let at = stage / 2;
            sql.push(format!(
                "INSERT INTO feature_lifecycles (feature, stage, created_at) VALUES ({name}, '{}', {at})",
                STAGES[*stage]
            ));
        }
        for tag in &flag.tags {
            let value = TAGS[*tag].split_once(':').unwrap().1;
            sql.push(format!("INSERT INTO feature_tags (feature, type, value, created_at, created_by) VALUES ({name}, 'simple', '{value}', 0, 1)"));
        }
        for (environment, place) in ENVIRONMENTS.iter().zip(&flag.places) {
            let Some((enabled, seen)) = place else { continue };
            sql.push(format!("INSERT INTO feature_environments (feature, environment, enabled) VALUES ({name}, '{environment}', {enabled})"));
            if let Some(seen) = seen {
                let seen = START + seen * DAY / 2;
                sql.push(format!("INSERT INTO flag_sightings (feature, environment, seen_at) VALUES ({name}, '{environment}', {seen})"));
            }
            for segment in &flag.segments {
                let id = quoted(&format!("{}{environment}{segment}", flag.name));
                sql.push(format!("INSERT INTO feature_strategies (id, feature, environment, name, sort_order, created_at) VALUES ({id}, {name}, '{environment}', 'default', 0, 0)"));
                sql.push(format!(
                    "INSERT INTO feature_strategy_segments (strategy_id, segment_id) VALUES ({id}, {})",
                    segment + 1
                ));
            }
        }
        if flag.favorite {
            sql.push(format!(
                "INSERT INTO favorite_features (user_id, feature, created_at) VALUES ({reader}, {name}, 0)"
            ));
        }
    }
    server.rows(&sql.join(";\n")).await;
}

/// What to ask for: an operator and places in the lists above. `usize::MAX` is something that nothing is.
#[derive(Clone, Debug)]
struct Question {
    words: Option<Vec<&'static str>>,
    project: Option<(usize, Vec<usize>)>,
    state: Option<(usize, Vec<usize>)>,
    stage: Option<(usize, Vec<usize>)>,
    kind: Option<(usize, Vec<usize>)>,
    author: Option<(usize, Vec<i64>)>,
    tags: Option<(usize, Vec<usize>)>,
    segments: Option<(usize, Vec<usize>)>,
    status: Vec<(usize, bool)>,
    favorite: Option<bool>,
    archived: bool,
    created: Option<(bool, i64)>,
    seen: Option<(bool, i64)>,
    key: usize,
    descending: bool,
    favorites_first: bool,
    page: Option<(usize, usize)>,
}

fn question() -> impl Strategy<Value = Question> {
    let choice = |count: usize| {
        let items = vec(prop_oneof![5 => 0..count, 1 => Just(usize::MAX)], 1..3);
        weighted(0.15, (0..4_usize, items))
    };
    let having = |count: usize| {
        let items = vec(prop_oneof![5 => 0..count, 1 => Just(usize::MAX)], 1..3);
        weighted(0.2, (0..6_usize, items))
    };
    let day = || weighted(0.2, (any::<bool>(), 0..5_i64));
    (
        (weighted(0.3, vec(select(&WORDS[..]), 1..3)), choice(3), choice(3), choice(5), choice(3)),
        (weighted(0.2, (0..4_usize, vec(select(&[-42_i64, 1, 999, 5][..]), 1..3))), having(3), having(2)),
        (vec((0..3_usize, any::<bool>()), 0..3), weighted(0.2, any::<bool>()), prop::bool::weighted(0.15)),
        (day(), day(), 0..7_usize, any::<bool>(), any::<bool>()),
        weighted(0.3, (0..6_usize, 1..6_usize)),
    )
        .prop_map(
            |(
                (words, project, state, stage, kind),
                (author, tags, segments),
                (status, favorite, archived),
                last,
                page,
            )| {
                let (created, seen, key, descending, favorites_first) = last;
                Question {
                    words,
                    project,
                    state,
                    stage,
                    kind,
                    author,
                    tags,
                    segments,
                    status,
                    favorite,
                    archived,
                    created,
                    seen,
                    key,
                    descending,
                    favorites_first,
                    page,
                }
            },
        )
}

const CHOICE: [&str; 4] = ["IS", "IS_NOT", "IS_ANY_OF", "IS_NONE_OF"];
const HAVING: [&str; 6] =
    ["INCLUDE", "INCLUDE_ANY_OF", "INCLUDE_ALL_OF", "DO_NOT_INCLUDE", "EXCLUDE_IF_ANY_OF", "EXCLUDE_ALL"];
const KEYS: [&str; 7] =
    ["", "name", "type", "createdAt", "lastSeenAt", "environment:development", "environment:nowhere"];

impl Question {
    /// As a client asks it.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let list = |items: &[usize], from: &[&str]| {
            let items: Vec<&str> =
                items.iter().map(|item| from.get(*item).copied().unwrap_or("x:none")).collect();
            items.join(",")
        };
        let mut pairs = vec![("archived", format!("IS:{}", self.archived))];
        if let Some(words) = &self.words {
            pairs.push(("query", words.join(",")));
        }
        for (name, choice, from) in [
            ("project", &self.project, &PROJECTS[..]),
            ("state", &self.state, &STATES),
            ("lifecycle", &self.stage, &STAGES),
            ("type", &self.kind, &KINDS),
        ] {
            pairs.extend(
                choice.iter().map(|(op, items)| (name, format!("{}:{}", CHOICE[*op], list(items, from)))),
            );
        }
        if let Some((op, authors)) = &self.author {
            let authors: Vec<String> = authors.iter().map(i64::to_string).collect();
            pairs.push(("createdBy", format!("{}:{}", CHOICE[*op], authors.join(","))));
        }
        for (name, having, from) in [("tag", &self.tags, &TAGS[..]), ("segment", &self.segments, &SEGMENTS)] {
            pairs.extend(
                having.iter().map(|(op, items)| (name, format!("{}:{}", HAVING[*op], list(items, from)))),
            );
        }
        for (place, enabled) in &self.status {
            let environment = ENVIRONMENTS.get(*place).unwrap_or(&"nowhere");
            pairs.push((
                "status[]",
                format!("{environment}:{}", if *enabled { "enabled" } else { "disabled" }),
            ));
        }
        pairs.extend(self.favorite.map(|favorite| ("favorite", format!("IS:{favorite}"))));
        for (name, when) in [("createdAt", self.created), ("lastSeenAt", self.seen)] {
            let word = |before| if before { "IS_BEFORE" } else { "IS_ON_OR_AFTER" };
            pairs.extend(when.map(|(before, day)| (name, format!("{}:2026-01-0{}", word(before), day + 1))));
        }
        pairs.push(("sortBy", KEYS[self.key].to_owned()));
        pairs.push(("sortOrder", if self.descending { "desc" } else { "asc" }.to_owned()));
        pairs.push(("favoritesFirst", self.favorites_first.to_string()));
        if let Some((offset, limit)) = self.page {
            pairs.extend([("offset", offset.to_string()), ("limit", limit.to_string())]);
        }
        pairs
    }

    fn finds(&self, flag: &Flag) -> bool {
        let choice = |choice: &Option<(usize, Vec<usize>)>, value: usize| {
            choice.as_ref().is_none_or(|(op, items)| items.contains(&value) == (op % 2 == 0))
        };
        let having = |having: &Option<(usize, Vec<usize>)>, values: &BTreeSet<usize>| {
            having.as_ref().is_none_or(|(op, items)| match op {
                0 | 1 => items.iter().any(|item| values.contains(item)),
                2 => items.iter().all(|item| values.contains(item)),
                3 | 4 => !items.iter().any(|item| values.contains(item)),
                _ => !items.iter().all(|item| values.contains(item)),
            })
        };
        let texts = [fold(&flag.name), fold(flag.description.unwrap_or_default())];
        let has = |word: &&str| texts.iter().any(|text| text.contains(&fold(word)));
        let stage = *flag.stages.iter().max_by_key(|stage| (*stage / 2, *stage)).unwrap();
        let used: BTreeSet<usize> =
            if flag.places.iter().any(Option::is_some) { flag.segments.clone() } else { BTreeSet::new() };
        let within = |time: Option<i64>, when: Option<(bool, i64)>| {
            when.is_none_or(|(before, day)| time.is_some_and(|time| (time < day * 2) == before))
        };
        let standing = |(place, wanted): &(usize, bool)| {
            flag.places.get(*place).copied().flatten().is_some_and(|(enabled, _)| enabled == *wanted)
        };
        PROJECTS[flag.project] != "hidden"
            && flag.archived == self.archived
            && self.words.as_ref().is_none_or(|words| words.iter().any(has))
            && choice(&self.project, flag.project)
            && choice(&self.state, flag.state)
            && choice(&self.stage, stage)
            && choice(&self.kind, flag.kind)
            && self.author.as_ref().is_none_or(|(op, ids)| ids.contains(&flag.author) == (op % 2 == 0))
            && having(&self.tags, &flag.tags)
            && having(&self.segments, &used)
            && (self.status.is_empty() || self.status.iter().any(standing))
            && self.favorite.is_none_or(|favorite| favorite == flag.favorite)
            && within(Some(flag.created), self.created)
            && within(flag.seen(), self.seen)
    }

    /// In the order in which a naive program would put them.
    fn sorted(&self, mut found: Vec<&Flag>) -> Vec<String> {
        found.sort_by_key(|flag| (flag.created, flag.name.clone()));
        let place = |flag: &Flag, at: usize| match flag.places.get(at).copied().flatten() {
            None => 0,
            Some((false, _)) => 1,
            Some((true, _)) => 2,
        };
        match (self.key, self.descending) {
            (0 | 3, true) => found.reverse(),
            (1, false) => found.sort_by_key(|flag| flag.name.clone()),
            (1, true) => found.sort_by_key(|flag| Reverse(flag.name.clone())),
            (2, false) => found.sort_by_key(|flag| KINDS[flag.kind]),
            (2, true) => found.sort_by_key(|flag| Reverse(KINDS[flag.kind])),
            (4, false) => found.sort_by_key(|flag| (flag.seen().is_none(), flag.seen())),
            (4, true) => found.sort_by_key(|flag| (flag.seen().is_none(), Reverse(flag.seen()))),
            (5, false) => found.sort_by_key(|flag| place(flag, 0)),
            (5, true) => found.sort_by_key(|flag| Reverse(place(flag, 0))),
            _ => {}
        }
        if self.favorites_first {
            found.sort_by_key(|flag| !flag.favorite);
        }
        let (offset, limit) = self.page.unwrap_or((0, 50));
        found.into_iter().skip(offset).take(limit).map(|flag| flag.name.clone()).collect()
    }
}

impl Flag {
    fn seen(&self) -> Option<i64> {
        self.places.iter().flatten().filter_map(|(_, seen)| *seen).max()
    }
}

both! {
    async fn a_search_finds_what_a_naive_program_would(server) {
        const QUESTIONS: usize = 250;
        let mut runner = TestRunner::default();
        hide_a_project(&server).await;
        let (reader, viewer) = server.person("vic", "Viewer").await;
        let flags = flags().new_tree(&mut runner).unwrap().current();
        push(&server, reader, &flags).await;
        let mut hits = 0;
        for _ in 0..QUESTIONS {
            let question = question().new_tree(&mut runner).unwrap().current();
            let answer = found(&viewer, &question.pairs()).await;
            let right: Vec<&Flag> = flags.iter().filter(|flag| question.finds(flag)).collect();
            let count = right.len();
            hits += usize::from(count > 0);
            let right = question.sorted(right);
            assert_eq!((names(&answer), &answer["total"]), (right.iter().map(String::as_str).collect(), &json!(count)), "{question:#?}\n{flags:#?}");
        }
        assert!(hits > QUESTIONS / 8, "only {hits} questions found anything");
    }

    async fn usual_searches_start_from_an_index(server) {
        let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
        for sql in [
            "INSERT INTO projects (id, name, mode, created_at, updated_at) VALUES ('p', 'P', 'open', 0, 0), ('q', 'Q', 'private', 0, 0)",
            "INSERT INTO segments (id, name, created_by, created_at) VALUES (1, 'one', 'x', 0)",
            &format!("{numbers} INSERT INTO features (name, search, project, type, created_at, created_by, archived_at)
                      SELECT 'f' || i, 'f' || i, CASE WHEN i % 50 = 0 THEN 'p' ELSE 'default' END, 'release', i, 1, CASE WHEN i % 20 = 0 THEN i END FROM n"),
            &format!("{numbers} INSERT INTO feature_environments (feature, environment, enabled) SELECT 'f' || i, 'production', i % 2 = 0 FROM n"),
            &format!("{numbers} INSERT INTO feature_strategies (id, feature, environment, name, sort_order, created_at) SELECT 's' || i, 'f' || i, 'production', 'default', 0, 0 FROM n"),
            &format!("{numbers} INSERT INTO feature_strategy_segments (strategy_id, segment_id) SELECT 's' || i, 1 FROM n WHERE i % 1000 = 1"),
            &format!("{numbers} INSERT INTO tags (type, value, created_at) SELECT 'simple', 't' || i, 0 FROM n WHERE i <= 1000"),
            &format!("{numbers} INSERT INTO feature_tags (feature, type, value, created_at, created_by) SELECT 'f' || i, 'simple', 't' || (i % 1000 + 1), 0, 1 FROM n"),
        ] {
            server.rows(sql).await;
        }
        let engine = server.app.db.engine();
        if engine == Engine::Postgres {
            server.rows("ANALYZE").await;
        }
        let tag = Tag { kind: "simple".into(), value: "t7".into() };
        let project = Some(Choice::AnyOf(vec!["p".to_owned()]));
        let usual = [
            ("all", Filter::default()),
            ("project", Filter { project: project.clone(), ..Filter::default() }),
            ("archived", Filter { archived: true, project, ..Filter::default() }),
            ("tag", Filter { tags: Some(Having::Any(vec![tag])), ..Filter::default() }),
            ("segment", Filter { segments: Some(Having::Any(vec!["one".into()])), ..Filter::default() }),
        ];
        let reader = Reader { id: Some(1), sight: Sight::ALL };
        let scans = |plan: &[String]| plan.iter().any(|line| {
            let line = line.trim().trim_start_matches("->").trim();
            // Which segments there are, and where they are used, is read: there are few.
            let few = ["Seq Scan on segments ", "Seq Scan on feature_strategy_segments "];
            let table = line.starts_with("Seq Scan on ") && !few.iter().any(|start| line.starts_with(start));
            table || line == "SCAN f" || line.starts_with("SCAN t") || line.starts_with("SCAN s") || line.starts_with("SCAN x")
        });
        for (name, filter) in usual {
            let query = Query { filter, limit: 50, ..Query::default() };
            let plan = plan(&mut server.app.db.read().await.unwrap(), &reader, &query).await.unwrap();
            assert!(!scans(&plan), "{name}\n{}", plan.join("\n"));
        }
        // The test itself would notice.
        let query = Query { key: Key::Seen, limit: 50, ..Query::default() };
        let read_all = plan(&mut server.app.db.read().await.unwrap(), &reader, &query).await.unwrap();
        let all = read_all.iter().any(|line| line.contains("Seq Scan on features") || line.starts_with("SCAN f"));
        assert!(all, "{}", read_all.join("\n"));
    }
}
