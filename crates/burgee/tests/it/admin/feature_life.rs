//! What becomes of flags.

use std::time::Duration;

use burgee::features;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::Client;

const PROJECT: &str = "/api/admin/projects/default";
const FLAGS: &str = "/api/admin/projects/default/features";

async fn make(client: &Client, names: &[&str]) {
    for name in names {
        client.post(FLAGS, json!({ "name": name })).await.expect(201);
    }
}

async fn depend(client: &Client, child: &str, parent: Value) -> crate::support::client::Answer {
    client.post(&format!("{FLAGS}/{child}/dependencies"), parent).await
}

async fn flag(client: &Client, name: &str) -> Value {
    client.get(&format!("{FLAGS}/{name}")).await.expect(200).json()
}

/// What happened to a flag, the latest first.
async fn kinds(client: &Client, name: &str) -> Vec<String> {
    let found = client.get(&format!("/api/admin/events/{name}")).await.expect(200).json();
    found["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect()
}

async fn approval_in_production(server: &TestServer, project: &str) {
    let sql = format!("INSERT INTO change_request_settings VALUES ('{project}', 'production', 1)");
    server.rows(&sql).await;
}

async fn second_project(server: &TestServer, environments: &[&str]) {
    server
        .rows("INSERT INTO projects (id, name, created_at, updated_at) VALUES ('other', 'Other', 0, 0)")
        .await;
    for name in environments {
        server.rows(&format!("INSERT INTO project_environments VALUES ('other', '{name}', NULL)")).await;
    }
}

both! {
    async fn archived_flags_come_back_switched_off_and_at_the_beginning_of_their_life(server) {
        let admin = server.admin();
        make(&admin, &["a", "b"]).await;
        admin.post(&format!("{FLAGS}/a/environments/development/on"), json!({})).await.expect(200);
        admin.delete(&format!("{FLAGS}/nope")).await.expect(404);
        admin.delete(&format!("{FLAGS}/a")).await.expect(202);
        admin.delete(&format!("{FLAGS}/a")).await.expect(202);
        admin.get(&format!("{FLAGS}/a")).await.expect(404);
        let listed = admin.get(FLAGS).await.expect(200).json();
        assert_eq!(listed["features"].as_array().unwrap().len(), 1);
        let stages = admin.get(&format!("{FLAGS}/a/lifecycle")).await.expect(200).json();
        assert_eq!((&stages[0]["stage"], &stages[1]["stage"]), (&json!("initial"), &json!("archived")));
        assert_eq!(admin.post(FLAGS, json!({ "name": "a" })).await.expect(409).json()["message"],
            "An archived flag with that name already exists");
        for (path, body) in [("environments/development/on", json!({})), ("link", json!({ "url": "https://x.io" }))] {
            let refused = admin.post(&format!("{FLAGS}/a/{path}"), body).await.expect(400).json();
            assert_eq!(refused["name"], "ArchivedFeatureError");
        }

        admin.post("/api/admin/archive/revive/nope", json!({})).await.expect(404);
        admin.post("/api/admin/archive/revive/a", json!({})).await.expect(200);
        let back = flag(&admin, "a").await;
        assert_eq!((&back["environments"][0]["enabled"], &back["lifecycle"]["stage"]), (&json!(false), &json!("initial")));
        assert_eq!(back["environments"][0]["strategies"].as_array().unwrap().len(), 1);

        admin.delete("/api/admin/archive/a").await.expect(200);
        flag(&admin, "a").await;
        admin.post(&format!("{PROJECT}/archive"), json!({ "features": ["b", "a", "nope"] })).await.expect(202);
        admin.post(&format!("{PROJECT}/delete"), json!({ "features": ["a", "nope"] })).await.expect(200);
        admin.post(&format!("{PROJECT}/revive"), json!({ "features": ["a", "b"] })).await.expect(200);
        admin.get(&format!("{FLAGS}/a")).await.expect(404);
        flag(&admin, "b").await;
        assert_eq!(kinds(&admin, "a").await[..3], ["feature-deleted", "feature-archived", "feature-revived"]);
        let gone = &server.events("feature-deleted").await[0];
        assert_eq!((&gone["preData"]["name"], &gone["preData"]["archived"]), (&json!("a"), &json!(true)));
        let archived = server.events("feature-archived").await;
        assert_eq!(archived.len(), 3);
        assert_eq!((&archived[0]["groupType"], &archived[0]["groupId"]), (&json!("transaction"), &archived[1]["groupId"]));
        assert_ne!(archived[1]["groupId"], archived[2]["groupId"]);
        assert_eq!(archived[0]["groupId"].as_str().unwrap().len(), 26);
        admin.post(FLAGS, json!({ "name": "a" })).await.expect(201);
    }

    async fn what_others_depend_on_stays(server) {
        let admin = server.admin();
        make(&admin, &["child", "parent", "other"]).await;
        depend(&admin, "child", json!({ "feature": "parent" })).await.expect(200);
        let refused = admin.delete(&format!("{FLAGS}/parent")).await.expect(403).json();
        assert_eq!(refused["name"], "InvalidOperationError");
        admin.post(&format!("{PROJECT}/archive"), json!({ "features": ["parent", "other"] })).await.expect(403);
        flag(&admin, "other").await;
        let at_stake = admin.post(&format!("{PROJECT}/archive/validate"), json!({ "features": ["parent", "other"] })).await;
        assert_eq!(at_stake.json(), json!({ "parentsWithChildFeatures": ["parent"], "hasDeletedDependencies": true }));
        admin.post(&format!("{PROJECT}/archive"), json!({ "features": ["parent", "child"] })).await.expect(202);
        assert_eq!(kinds(&admin, "child").await[..2], ["feature-archived", "feature-dependencies-removed"]);
        admin.post(&format!("{PROJECT}/revive"), json!({ "features": ["parent", "child"] })).await.expect(200);
        assert_eq!(flag(&admin, "child").await["dependencies"], json!([]));
        let stale = json!({ "features": ["child", "other", "nope"], "stale": true });
        admin.post(&format!("{PROJECT}/stale"), stale).await.expect(202);
        assert_eq!(flag(&admin, "other").await["stale"], true);
        assert_eq!(kinds(&admin, "other").await[0], "feature-stale-on");
    }

    async fn a_flag_depends_on_one_that_depends_on_none(server) {
        let admin = server.admin();
        make(&admin, &["a", "b", "c", "d"]).await;
        for (child, parent, status, text) in [
            ("a", "a", 403, "itself"),
            ("a", "nope", 403, "No active feature nope exists"),
            ("nope", "a", 404, "must belong to project"),
        ] {
            let refused = depend(&admin, child, json!({ "feature": parent })).await.expect(status).json();
            assert!(refused["message"].as_str().unwrap().contains(text), "{refused}");
        }
        depend(&admin, "a", json!({ "feature": "b", "enabled": false, "variants": ["x"] })).await.expect(200);
        assert_eq!(flag(&admin, "a").await["dependencies"], json!([{ "feature": "b", "enabled": false, "variants": [] }]));
        assert_eq!(flag(&admin, "b").await["children"], json!(["a"]));
        depend(&admin, "a", json!({ "feature": "c", "variants": ["x"] })).await.expect(200);
        assert_eq!(flag(&admin, "a").await["dependencies"], json!([{ "feature": "c", "enabled": true, "variants": ["x"] }]));
        depend(&admin, "c", json!({ "feature": "d" })).await.expect(403);
        depend(&admin, "d", json!({ "feature": "a" })).await.expect(403);
        assert_eq!(admin.get(&format!("{FLAGS}/d/parents")).await.expect(200).json(), json!(["b", "c"]));
        assert_eq!(admin.get(&format!("{PROJECT}/dependencies")).await.expect(200).json(), json!(true));
        admin.delete(&format!("{FLAGS}/a/dependencies/b")).await.expect(404);
        admin.delete(&format!("{FLAGS}/a/dependencies/c")).await.expect(200);
        admin.delete(&format!("{FLAGS}/a/dependencies")).await.expect(404);
        let (added, removed) = (server.events("feature-dependency-added").await, server.events("feature-dependency-removed").await);
        assert_eq!(added[0]["data"], json!({ "feature": "c", "enabled": true, "variants": ["x"] }));
        assert_eq!((added.len(), &removed[0]["data"]), (2, &json!({ "feature": "c" })));
        admin.post(&format!("{FLAGS}/b/environments/development/strategies"), json!({ "name": "default", "variants": [
            { "name": "blue", "weight": 1000, "weightType": "variable", "stickiness": "default" }] })).await.expect(200);
        assert_eq!(admin.get(&format!("{FLAGS}/b/parent-variants")).await.expect(200).json(), json!(["blue"]));
    }

    async fn links_lead_to_the_web(server) {
        let admin = server.admin();
        let templates = r#"[{"title":"Issue","urlTemplate":"https://x.io/{{project}}/{{feature}}"},{"urlTemplate":"javascript:x"}]"#;
        server.rows(&format!("UPDATE projects SET link_templates = '{templates}' WHERE id = 'default'")).await;
        make(&admin, &["a"]).await;
        let links = flag(&admin, "a").await["links"].clone();
        assert_eq!(links.as_array().unwrap().len(), 1);
        assert_eq!((&links[0]["url"], &links[0]["title"]), (&json!("https://x.io/default/a"), &json!("Issue")));
        for url in ["not a url", "javascript:alert(1)", "ftp://x.io", "https://me:secret@x.io", ""] {
            admin.post(&format!("{FLAGS}/a/link"), json!({ "url": url })).await.expect(400);
        }
        admin.post(&format!("{FLAGS}/a/link"), json!({ "url": "example.com/y" })).await.expect(204);
        let id = links[0]["id"].as_str().unwrap();
        admin.put(&format!("{FLAGS}/a/link/{id}"), json!({ "url": "http://x.io", "title": null })).await.expect(204);
        admin.put(&format!("{FLAGS}/a/link/nope"), json!({ "url": "http://x.io" })).await.expect(404);
        let links = flag(&admin, "a").await["links"].clone();
        assert_eq!(links[1], json!({ "id": links[1]["id"], "url": "https://example.com/y", "title": null, "feature": "a" }));
        admin.delete(&format!("{FLAGS}/a/link/{id}")).await.expect(204);
        admin.delete(&format!("{FLAGS}/a/link/{id}")).await.expect(404);
        assert_eq!(kinds(&admin, "a").await, ["feature-link-removed", "feature-link-updated", "feature-link-added",
            "feature-link-added", "feature-created"]);
    }

    async fn a_copy_has_the_strategies_and_the_dependency_but_is_off(server) {
        let admin = server.admin();
        make(&admin, &["a", "parent"]).await;
        let strategy = json!({ "name": "flexibleRollout", "title": "S", "parameters": { "rollout": "50", "groupId": "g", "stickiness": "default" } });
        admin.post(&format!("{FLAGS}/a/environments/development/strategies"), strategy).await.expect(200);
        admin.post(&format!("{FLAGS}/a/environments/development/on"), json!({})).await.expect(200);
        depend(&admin, "a", json!({ "feature": "parent" })).await.expect(200);
        let made = admin.post(&format!("{FLAGS}/a/clone"), json!({ "name": "b" })).await.expect(201).json();
        assert_eq!((&made["name"], &made["type"]), (&json!("b"), &json!("release")));
        let copy = flag(&admin, "b").await;
        let place = &copy["environments"][0];
        assert_eq!((&place["enabled"], &place["strategies"][0]["parameters"]["groupId"]), (&json!(false), &json!("b")));
        assert_eq!(place["strategies"][0]["title"], "S");
        assert_eq!(copy["dependencies"][0]["feature"], "parent");
        assert_eq!(kinds(&admin, "b").await, ["feature-strategy-add", "feature-dependency-added", "feature-created"]);
        admin.post(&format!("{FLAGS}/a/clone"), json!({ "name": "c", "replaceGroupId": false })).await.expect(201);
        assert_eq!(flag(&admin, "c").await["environments"][0]["strategies"][0]["parameters"]["groupId"], "g");
        admin.post(&format!("{FLAGS}/a/clone"), json!({ "name": "b" })).await.expect(409);
        admin.post(&format!("{FLAGS}/nope/clone"), json!({ "name": "d" })).await.expect(404);
        approval_in_production(&server, "default").await;
        admin.post(&format!("{FLAGS}/a/clone"), json!({ "name": "d" })).await.expect(403);
        admin.get(&format!("{FLAGS}/d")).await.expect(404);
    }

    async fn a_flag_moves_only_to_where_it_fits(server) {
        let admin = server.admin();
        make(&admin, &["a", "child"]).await;
        let to = |project: &str| (format!("{FLAGS}/a/changeProject"), json!({ "newProjectId": project }));
        second_project(&server, &["development"]).await;
        let (path, body) = to("other");
        let refused = admin.post(&path, body.clone()).await.expect(403).json();
        assert_eq!(refused["name"], "IncompatibleProjectError");
        server.rows("INSERT INTO project_environments VALUES ('other', 'production', NULL)").await;
        depend(&admin, "child", json!({ "feature": "a" })).await.expect(200);
        assert_eq!(admin.post(&path, body.clone()).await.expect(403).json()["name"], "ForbiddenError");
        admin.delete(&format!("{FLAGS}/child/dependencies")).await.expect(200);
        approval_in_production(&server, "other").await;
        admin.post(&path, body.clone()).await.expect(403);
        server.rows("DELETE FROM change_request_settings").await;
        server.rows("UPDATE projects SET archived_at = 1 WHERE id = 'other'").await;
        admin.post(&path, body.clone()).await.expect(404);
        server.rows("UPDATE projects SET archived_at = NULL, feature_limit = 0 WHERE id = 'other'").await;
        admin.post(&path, body.clone()).await.expect(400);
        server.rows("UPDATE projects SET feature_limit = NULL WHERE id = 'other'").await;
        let (_, editor) = server.person("ed", "Editor").await;
        assert_eq!(editor.post(&path, body.clone()).await.expect(403).json()["permissions"], json!(["MOVE_FEATURE_TOGGLE"]));
        admin.post(&to("nope").0, to("nope").1).await.expect(404);
        admin.post(&path, body).await.expect(200);
        admin.get(&format!("{FLAGS}/a")).await.expect(404);
        admin.get("/api/admin/projects/other/features/a").await.expect(200);
        let moved = &server.events("feature-project-change").await[0];
        assert_eq!((&moved["project"], &moved["data"]), (&json!("other"), &json!({ "oldProject": "default", "newProject": "other" })));
    }

    async fn a_flag_is_completed_and_that_can_be_taken_back(server) {
        let admin = server.admin();
        make(&admin, &["a"]).await;
        let path = format!("{FLAGS}/a/lifecycle");
        admin.post(&format!("{path}/complete"), json!({ "status": "thrown" })).await.expect(400);
        admin.post(&format!("{path}/complete"), json!({ "status": "kept", "statusValue": "blue" })).await.expect(200);
        let stage = flag(&admin, "a").await["lifecycle"].clone();
        assert_eq!((&stage["stage"], &stage["status"]), (&json!("completed"), &json!("kept")));
        let counts = admin.get("/api/admin/lifecycle/count").await.expect(200).json();
        assert_eq!(counts, json!({ "initial": 0, "preLive": 0, "live": 0, "completed": 1, "archived": 0 }));
        for _ in 0..2 {
            admin.post(&format!("{path}/uncomplete"), json!({})).await.expect(200);
        }
        assert_eq!(admin.get(&path).await.expect(200).json().as_array().unwrap().len(), 1);
        assert_eq!(kinds(&admin, "a").await, ["feature-uncompleted", "feature-completed", "feature-created"]);
        let completed = &server.events("feature-completed").await[0];
        assert_eq!(completed["data"], json!({ "status": "kept", "statusValue": "blue", "kept": true }));
    }

    async fn where_changes_need_approval_flags_are_not_changed_as_a_whole(server) {
        let (_, editor) = server.person("ed", "Editor").await;
        make(&editor, &["a", "b"]).await;
        approval_in_production(&server, "default").await;
        for answer in [
            editor.delete(&format!("{FLAGS}/a")).await,
            editor.post(&format!("{PROJECT}/archive"), json!({ "features": ["a"] })).await,
            depend(&editor, "a", json!({ "feature": "b" })).await,
            editor.delete(&format!("{FLAGS}/a/dependencies")).await,
            editor.post(&format!("{FLAGS}/a/environments/production/on"), json!({})).await,
        ] {
            let refused = answer.expect(403).json();
            assert_eq!(refused["name"], "PermissionError");
            assert!(refused["message"].as_str().unwrap().contains("SKIP_CHANGE_REQUEST"), "{refused}");
        }
        editor.post(&format!("{FLAGS}/a/environments/development/on"), json!({})).await.expect(200);
        depend(&server.admin(), "a", json!({ "feature": "b" })).await.expect(200);
    }

    async fn a_flag_is_made_with_tags(server) {
        let admin = server.admin();
        let with = |kind: &str, value: &str| json!({ "name": "a", "tags": [
            { "type": kind, "value": value }, { "type": kind, "value": value }] });
        admin.post(FLAGS, with("nope", "hello")).await.expect(400);
        admin.post(FLAGS, with("simple", "x ")).await.expect(400);
        admin.post(FLAGS, with("simple", " hello ")).await.expect(201);
        assert_eq!(kinds(&admin, "a").await, ["feature-tagged", "feature-created"]);
        let tagged = &server.events("feature-tagged").await[0];
        assert_eq!(tagged["data"], json!({ "type": "simple", "value": "hello" }));
    }

    async fn a_list_of_names_that_no_flag_can_have_is_no_defect(server) {
        let archive = server.admin().post(&format!("{PROJECT}/archive"), json!({ "features": ["\u{0}"] })).await;
        // SQLite looks for the name and finds nothing; PostgreSQL cannot even look.
        assert!(matches!(archive.status, 202 | 400), "{}", archive.text);
    }

    async fn favourites_are_everybodys_own(server) {
        let (_, ann) = server.person("ann", "Viewer").await;
        let admin = server.admin();
        make(&admin, &["a"]).await;
        let path = format!("{FLAGS}/a/favorites");
        for _ in 0..2 {
            ann.post(&path, json!({})).await.expect(200);
        }
        assert_eq!((flag(&ann, "a").await["favorite"].clone(), flag(&admin, "a").await["favorite"].clone()), (json!(true), json!(false)));
        ann.delete(&path).await.expect(200);
        assert_eq!(flag(&ann, "a").await["favorite"], false);
        assert_eq!(kinds(&admin, "a").await, ["feature-unfavorited", "feature-favorited", "feature-created"]);
    }

    async fn the_same_variants_go_to_several_environments(server) {
        let admin = server.admin();
        make(&admin, &["a"]).await;
        let path = format!("{FLAGS}/a/variants-batch");
        let variants = json!([{ "name": "x", "weight": 1000, "weightType": "variable", "stickiness": "default" }]);
        admin.put(&path, json!({ "variants": [] })).await.expect(400);
        admin.put(&path, json!({ "environments": ["nope"], "variants": [] })).await.expect(404);
        // One environment by itself gets none where there were none.
        let here = format!("{FLAGS}/a/environments/development/variants");
        admin.put(&here, variants.clone()).await.expect(403);
        let both = json!({ "environments": ["development", "production"], "variants": variants });
        assert_eq!(admin.put(&path, both).await.expect(200).json()["variants"][0]["name"], "x");
        let events = server.events("feature-environment-variants-updated").await;
        assert_eq!((events.len(), &events[0]["groupId"]), (2, &events[1]["groupId"]));
        let (_, viewer) = server.person("vera", "Viewer").await;
        viewer.put(&path, json!({ "environments": ["development"], "variants": [] })).await.expect(403);
    }

    async fn flags_that_outlived_their_type_are_marked_once(server) {
        let admin = server.admin();
        make(&admin, &["old", "stale", "gone"]).await;
        admin.post(FLAGS, json!({ "name": "switch", "type": "kill-switch" })).await.expect(201);
        admin.post(&format!("{PROJECT}/stale"), json!({ "features": ["stale"], "stale": true })).await.expect(202);
        admin.delete(&format!("{FLAGS}/gone")).await.expect(202);
        let (db, now) = (&server.app.db, server.app.clock.now());
        let days = |days: u64| now.plus(Duration::from_secs(days * 86_400));
        features::mark_overdue(db, days(39)).await.unwrap();
        assert_eq!(server.events("feature-potentially-stale-on").await.len(), 0);
        let (one, two) = tokio::join!(features::mark_overdue(db, days(41)), features::mark_overdue(db, days(41)));
        one.and(two).unwrap();
        let marked = server.events("feature-potentially-stale-on").await;
        assert_eq!((marked.len(), &marked[0]["featureName"], &marked[0]["createdByUserId"]), (1, &json!("old"), &json!(-1337)));
        // Another type, or another time for the type, begins anew.
        admin.put(&format!("{FLAGS}/old"), json!({ "type": "experiment" })).await.expect(200);
        features::mark_overdue(db, days(41)).await.unwrap();
        assert_eq!(server.events("feature-potentially-stale-on").await.len(), 2);
        let lifetime = "/api/admin/feature-types/experiment/lifetime";
        for (lifetime_days, marked) in [(50, 2), (30, 3)] {
            admin.put(lifetime, json!({ "lifetimeDays": lifetime_days })).await.expect(200);
            features::mark_overdue(db, days(41)).await.unwrap();
            assert_eq!(server.events("feature-potentially-stale-on").await.len(), marked);
        }
    }

    async fn a_name_is_given_once_however_many_ask_at_once(server) {
        let admin = server.admin();
        let ask = || admin.post(FLAGS, json!({ "name": "wanted" }));
        let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
        let mut statuses = [a.status, b.status, c.status, d.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
        assert_eq!(server.events("feature-created").await.len(), 1);
    }

    async fn edits_of_one_flag_at_once_lose_nothing(server) {
        let admin = server.admin();
        make(&admin, &["a"]).await;
        let strategies = format!("{FLAGS}/a/environments/development/strategies");
        let id = admin.post(&strategies, json!({ "name": "default" })).await.expect(200).json()["id"].clone();
        let strategy = format!("{strategies}/{}", id.as_str().unwrap());
        let set = |path: &str, value: Value| json!([{ "op": "add", "path": path, "value": value }]);
        let flag_path = format!("{FLAGS}/a");
        let on = format!("{FLAGS}/a/environments/development/on");
        let answers = tokio::join!(
            admin.patch(&flag_path, set("/description", json!("new"))),
            admin.patch(&flag_path, set("/impressionData", json!(true))),
            admin.patch(&flag_path, set("/type", json!("experiment"))),
            admin.patch(&strategy, set("/title", json!("T"))),
            admin.patch(&strategy, set("/parameters", json!({ "p": "1" }))),
            admin.put(&strategy, json!({ "sortOrder": 7 })),
            admin.post(&on, json!({})),
        );
        let statuses = [answers.0.status, answers.1.status, answers.2.status, answers.3.status, answers.4.status,
            answers.5.status, answers.6.status];
        assert_eq!(statuses, [200; 7]);
        let after = flag(&admin, "a").await;
        assert_eq!((&after["description"], &after["impressionData"], &after["type"]), (&json!("new"), &json!(true), &json!("experiment")));
        let place = &after["environments"][0];
        let strategy = &place["strategies"][0];
        assert_eq!((&strategy["title"], &strategy["parameters"]["p"], &strategy["sortOrder"]), (&json!("T"), &json!("1"), &json!(7)));
        assert_eq!((&place["enabled"], place["strategies"].as_array().unwrap().len()), (&json!(true), 1));
    }
}
