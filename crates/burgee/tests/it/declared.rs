//! Installations as text: `burgee export` and `burgee apply`, as `docs/apply.md` has them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::TestServer;

/// Runs the program in a folder, on the server's database.
async fn burgee(server: &TestServer, folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_burgee"));
    command.args(words).current_dir(folder).env("DATABASE_URL", server.app.config.database().unwrap());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What it prints when it succeeds.
async fn prints(server: &TestServer, folder: &Path, words: &[&str]) -> String {
    let output = burgee(server, folder, words).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn complains(server: &TestServer, folder: &Path, text: &str) -> String {
    std::fs::write(folder.join("bad.yaml"), text).unwrap();
    let output = burgee(server, folder, &["apply", "bad.yaml"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

async fn events(server: &TestServer) -> Vec<Value> {
    let found = server.admin().get("/api/admin/search/events?limit=1000").await.expect(200).json();
    found["events"].as_array().unwrap().clone()
}

/// Everything that a declaration can have.
async fn furnish(server: &TestServer) {
    let admin = server.admin();
    let (ann, _) = server.person("ann", "Editor").await;
    let role = json!({"name": "Deployer", "description": "ships", "type": "custom", "permissions": [{"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "production"}, {"name": "CREATE_FEATURE"}]});
    let role = admin.post("/api/admin/roles", role).await.done().json();
    let group = admin.post("/api/admin/groups", json!({"name": "Web: people", "description": "g", "rootRole": 3, "users": [{"user": {"id": ann}}]})).await.done().json();
    admin.post("/api/admin/environments", json!({"name": "staging", "type": "test"})).await.done();
    admin.post("/api/admin/context", json!({"name": "tier", "description": "t", "stickiness": true, "legalValues": [{"value": "gold", "description": "yes"}, {"value": "on"}]})).await.done();
    admin
        .post("/api/admin/tag-types", json!({"name": "team", "description": "who", "color": "#112233"}))
        .await
        .done();
    admin.post("/api/admin/strategies", json!({"name": "byTeam", "description": "s", "parameters": [{"name": "teams", "type": "list", "description": "which", "required": true}, {"name": "share", "type": "percentage"}]})).await.done();
    admin.post("/api/admin/strategies/byTeam/deprecate", json!({})).await.done();
    admin.post("/api/admin/projects", json!({"id": "shop", "name": "Shop # 1", "description": "no", "mode": "private", "environments": ["development", "staging"]})).await.done();
    let rich = admin.post("/api/admin/segments", json!({"name": "Rich: yes", "constraints": [{"contextName": "tier", "operator": "IN", "values": ["gold"], "inverted": true}]})).await.done().json();
    admin.post("/api/admin/segments", json!({"name": "own", "project": "shop", "constraints": [{"contextName": "age", "operator": "NUM_GT", "value": "7"}]})).await.done();
    let access = "/api/admin/projects/shop/access";
    admin
        .post(access, json!({"roles": [role["roles"]["id"]], "users": [ann], "groups": [group["id"]]}))
        .await
        .done();
    let flags = "/api/admin/projects/shop/features";
    for name in ["base", "menu", "null"] {
        admin.post(flags, json!({"name": name, "type": "experiment", "description": "first\nsecond: \"x\"", "impressionData": true})).await.done();
    }
    admin
        .post(&format!("{flags}/menu/dependencies"), json!({"feature": "base", "enabled": false}))
        .await
        .done();
    admin
        .post(&format!("{flags}/menu/link"), json!({"url": "https://example.com/a#b", "title": "A"}))
        .await
        .done();
    admin.post("/api/admin/features/menu/tags", json!({"type": "team", "value": "a:b c"})).await.done();
    let strategies = format!("{flags}/menu/environments/staging/strategies");
    for title in ["one", "007"] {
        admin.post(&strategies, json!({
            "name": "flexibleRollout", "title": title, "parameters": {"rollout": "30", "stickiness": "sessionId"}, "segments": [rich["id"]],
            "constraints": [{"contextName": "tier", "operator": "IN", "values": ["gold"]}],
            "variants": [{"name": "v", "weight": 300, "weightType": "fix", "payload": {"type": "json", "value": "{\"a\": 1}"}}, {"name": "w", "weight": 700}]})).await.done();
    }
    admin
        .post(&strategies, json!({"name": "byTeam", "parameters": {"teams": "a,b"}, "disabled": true}))
        .await
        .done();
    admin.post(&format!("{flags}/menu/environments/staging/on"), json!({})).await.done();
    admin
        .post(
            "/api/admin/projects/shop/environments/staging/default-strategy",
            json!({"name": "flexibleRollout", "parameters": {"rollout": "5"}, "segments": [rich["id"]]}),
        )
        .await
        .done();
}

both! {
    async fn what_is_exported_is_what_is_there(server) {
        furnish(&server).await;
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let text = prints(&server, here, &["export"]).await;
        std::fs::write(here.join("all.yaml"), &text).unwrap();
        std::fs::write(here.join("all.json"), prints(&server, here, &["export", "--format", "json"]).await).unwrap();
        let before = events(&server).await.len();
        for file in ["all.yaml", "all.json"] {
            assert_eq!(prints(&server, here, &["apply", "--exit-code", file]).await, "No changes.\n");
        }
        assert_eq!(events(&server).await.len(), before);

        let empty = TestServer::sqlite().await;
        empty.person("ann", "Editor").await;
        let done = burgee(&empty, here, &["apply", "--exit-code", "all.yaml"]).await;
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        assert_eq!(prints(&empty, here, &["export"]).await, text);
        assert_eq!(prints(&empty, here, &["apply", "--exit-code", "all.yaml"]).await, "No changes.\n");
        let first = events(&empty).await;
        assert!(first.iter().any(|event| event["type"] == "feature-strategy-add" && event["createdBy"] == "cli:apply"));

        let shop = prints(&server, here, &["export", "--project", "shop", "--format", "json"]).await;
        let shop: Value = serde_json::from_str(&shop).unwrap();
        let keys = |member: &str| shop[member].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!((keys("projects"), keys("segments"), keys("contextFields"), keys("tagTypes")),
            (vec!["shop".to_owned()], vec!["Rich: yes".to_owned(), "own".to_owned()], vec!["sessionId".to_owned(), "tier".to_owned()], vec!["team".to_owned()]));
        let own = json!({"byTeam": {"description": "s", "deprecated": true, "parameters": [
            {"name": "teams", "type": "list", "description": "which", "required": true}, {"name": "share", "type": "percentage"}]}});
        assert_eq!(shop["strategyTypes"], own);
        assert_eq!((&shop["roles"], &shop["groups"]), (&Value::Null, &Value::Null));
        let unknown = burgee(&server, here, &["export", "--project", "nowhere"]).await;
        assert_eq!(String::from_utf8(unknown.stderr).unwrap(), "burgee: there is no project nowhere, or it is archived\n");
    }

    async fn what_is_not_declared_goes_where_that_is_asked_for(server) {
        furnish(&server).await;
        let admin = server.admin();
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        std::fs::write(here.join("all.yaml"), prints(&server, here, &["export"]).await).unwrap();
        let prune = ["apply", "--prune", "all.yaml"];
        assert_eq!(prints(&server, here, &prune).await, "No changes.\n");

        let constraints = json!([{"contextName": "userId", "operator": "IN", "values": ["x"]}]);
        for (path, body) in [
            ("projects/shop/features", json!({"name": "spare"})),
            ("projects/shop/features", json!({"name": "spare-child"})),
            ("projects/shop/features/spare-child/dependencies", json!({"feature": "spare"})),
            ("segments", json!({"name": "spare", "constraints": constraints})),
            ("segments", json!({"name": "spare of shop", "project": "shop", "constraints": constraints})),
            ("context", json!({"name": "spare"})),
            ("tag-types", json!({"name": "spare"})),
            ("strategies", json!({"name": "spare", "parameters": []})),
            ("groups", json!({"name": "spare"})),
            ("roles", json!({"name": "spare", "description": "", "type": "root-custom", "permissions": [{"name": "CREATE_PROJECT"}]})),
            ("environments", json!({"name": "spare", "type": "test"})),
            // What no file speaks of.
            ("projects", json!({"id": "far", "name": "Far"})),
            ("projects/far/features", json!({"name": "far"})),
            ("segments", json!({"name": "far", "project": "far", "constraints": constraints})),
            ("projects/far/context", json!({"name": "far"})),
        ] {
            admin.post(&format!("/api/admin/{path}"), body).await.done();
        }
        admin.delete("/api/admin/projects/far/environments/spare").await.done();
        let pushed = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "pushed"});
        server.scim().post("/scim/v2/Groups", pushed).await.expect(201);
        admin.post("/api/admin/projects/shop/environments", json!({"environment": "spare"})).await.done();

        assert_eq!(prints(&server, here, &["apply", "all.yaml"]).await, "No changes.\n");
        let before = events(&server).await.len();
        let would = prints(&server, here, &["apply", "--prune", "--dry-run", "all.yaml"]).await;
        for gone in [
            "projects/shop/flags/spare/", "projects/shop/flags/spare-child/dependsOn/", "projects/shop/environments/spare",
            "segments/spare/", "segments/spare of shop/", "contextFields/spare", "tagTypes/spare", "strategyTypes/spare",
            "groups/spare", "roles/spare", "environments/spare",
        ] {
            assert!(would.lines().any(|line| line.starts_with(&format!("- {gone}"))), "{gone} is not in {would}");
        }
        assert!(!would.contains("far") && !would.contains("pushed"), "{would}");
        assert_eq!(events(&server).await.len(), before);
        let does = prints(&server, here, &prune).await;
        assert_eq!(does.lines().rev().skip(1).collect::<Vec<_>>(), would.lines().rev().skip(1).collect::<Vec<_>>());
        assert_eq!(prints(&server, here, &prune).await, "No changes.\n");
        let archived = server.events("feature-archived").await;
        assert_eq!((archived.len(), &archived[0]["createdBy"]), (2, &json!("cli:apply")));
        admin.get("/api/admin/projects/far/features/far").await.expect(200);
        let groups = admin.get("/api/admin/groups").await.expect(200).json();
        let names: Vec<_> = groups["groups"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
        assert_eq!(names, ["Web: people", "pushed"]);
    }

    async fn what_is_still_needed_does_not_go(server) {
        furnish(&server).await;
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let admin = server.admin();
        let bosses = json!({"name": "Bosses", "rootRole": 1, "users": [{"user": {"id": server.sign_in("ann", crate::support::server::PASSWORD).await.get("/api/admin/user").await.json()["user"]["id"]}}]});
        admin.post("/api/admin/groups", bosses).await.done();
        admin.put("/api/admin/user-admin/1", json!({"rootRole": 3})).await.expect(200);
        let before = events(&server).await.len();
        for (text, told) in [
            ("segments: {own: {project: shop, constraints: [{contextName: age, operator: NUM_GT, value: '7'}]}}", "segments/Rich: yes is not declared: This segment is in use"),
            ("contextFields: {}", "contextFields/"),
            ("tagTypes: {}", "tagTypes/team is not declared: it cannot go: the flag menu still has it"),
            ("strategyTypes: {}", "strategyTypes/byTeam is not declared: it cannot go: the flag menu still has it"),
            ("environments: {development: {type: development}, production: {type: production}}", "environments/staging is not declared: it cannot go: a project still has it"),
            ("groups: {Bosses: {}}", "groups/Web: people is not declared: it cannot go: the project shop still has it"),
            ("roles: {}", "roles/Deployer is not declared: Role is in use"),
            ("projects: {shop: {flags: {menu: {}}}}", "less.yaml: projects/shop: You can not archive/delete"),
            ("groups: {'Web: people': {}}", "admin"),
        ] {
            std::fs::write(here.join("less.yaml"), text).unwrap();
            let output = burgee(&server, here, &["apply", "--prune", "less.yaml"]).await;
            let complaint = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(1) && complaint.contains(told), "{complaint} does not say {told}");
        }
        assert_eq!(events(&server).await.len(), before);
    }

    async fn the_example_of_the_manual_works(server) {
        let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/apply.md");
        let manual = std::fs::read_to_string(manual).unwrap();
        let block = |language: &str| manual.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0.to_owned();
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        std::fs::write(here.join("example.yaml"), block("yaml")).unwrap();
        let would = prints(&server, here, &["apply", "--dry-run", "example.yaml"]).await;
        assert!(would.ends_with("would change. Nothing was changed.\n"), "{would}");
        for line in manual.lines().filter(|line| line.starts_with("+ ")) {
            assert!(would.contains(line), "{line} is not in {would}");
        }
        server.admin().get("/api/admin/projects/default/features/dark-mode").await.expect(404);
        let does = prints(&server, here, &["apply", "example.yaml"]).await;
        assert_eq!(does.lines().rev().skip(1).collect::<Vec<_>>(), would.lines().rev().skip(1).collect::<Vec<_>>());
        let flag = server.admin().get("/api/admin/projects/default/features/dark-mode").await.expect(200).json();
        let place = flag["environments"].as_array().unwrap().iter().find(|place| place["name"] == "development").unwrap();
        assert_eq!((&place["enabled"], &place["strategies"][0]["parameters"]["rollout"]), (&json!(true), &json!("50")));
        assert_eq!(prints(&server, here, &["apply", "--dry-run", "--exit-code", "example.yaml"]).await, "No changes.\n");

        // The strategy keeps its id; what the file does not mention stays.
        std::fs::write(here.join("less.yaml"), "projects: {default: {flags: {dark-mode: {environments: {development: {strategies: [{name: flexibleRollout, parameters: {rollout: 60, stickiness: userId}}]}}}}}}").unwrap();
        let changed = prints(&server, here, &["apply", "less.yaml"]).await;
        assert!(changed.contains("~ projects/default/flags/dark-mode/environments/development/strategies/0/parameters/rollout: \"50\" -> \"60\"\n"), "{changed}");
        let after = server.admin().get("/api/admin/projects/default/features/dark-mode").await.expect(200).json();
        let place_ = after["environments"].as_array().unwrap().iter().find(|place| place["name"] == "development").unwrap();
        assert_eq!((&place_["enabled"], &place_["strategies"][0]["id"]), (&json!(true), &place["strategies"][0]["id"]));
        assert_eq!((&after["links"], &after["type"]), (&flag["links"], &flag["type"]));
    }

    async fn a_mistake_is_told_with_file_path_and_rule_and_nothing_changes(server) {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        server.admin().post("/api/admin/projects/default/features", json!({"name": "gone"})).await.expect(201);
        server.admin().delete("/api/admin/projects/default/features/gone").await.expect(202);
        let before = events(&server).await.len();
        let flag = |text: &str| format!("projects:\n  default:\n    flags:\n      fine: {{}}\n      wrong: {text}\n");
        let place = |text: &str| flag(&format!("{{environments: {{development: {text}}}}}"));
        for (text, told) in [
            ("projects: [".to_owned(), "bad.yaml: not YAML: "),
            ("project: {}".to_owned(), "bad.yaml: Additional properties are not allowed ('project' was unexpected)"),
            (flag("{typ: x}"), "bad.yaml: projects/default/flags/wrong: Additional properties are not allowed ('typ' was unexpected)"),
            (place("{enabled: maybe}"), "bad.yaml: projects/default/flags/wrong/environments/development/enabled: \"maybe\" is not of type"),
            (flag("{type: gaga}"), "bad.yaml: projects/default/flags/wrong: The `type` property must be equal to one of"),
            (place("{strategies: [{name: magic}]}"), "bad.yaml: projects/default/flags/wrong: environments/development: Could not find strategy type with name magic"),
            (place("{strategies: [{name: default, segments: [none]}]}"), "bad.yaml: projects/default/flags/wrong: environments/development: there is no segment none"),
            (place("{enabled: true, strategies: []}"), "bad.yaml: projects/default/flags/wrong: environments/development: a flag that is on needs a strategy"),
            (flag("{dependsOn: {flag: nobody}}"), "bad.yaml: projects/default/flags/wrong: dependsOn: No active feature nobody exists"),
            (flag("{tags: [simple]}"), "bad.yaml: projects/default/flags/wrong: simple is no tag: it must be type:value"),
            ("projects: {default: {flags: {gone: {}}}}".to_owned(), "bad.yaml: projects/default/flags/gone: This feature is archived"),
            ("projects: {default: {members: {Owner: {users: [nobody]}}}}".to_owned(), "bad.yaml: projects/default: there is no user nobody"),
            ("projects: {default: {members: {Admin: {users: []}}}}".to_owned(), "bad.yaml: projects/default: there is no project role Admin"),
            ("roles: {Odd: {type: root, permissions: [FLY]}}".to_owned(), "bad.yaml: roles/Odd: there is no permission FLY"),
            ("projects: {default: {environments: {mars: {}}}}".to_owned(), "bad.yaml: projects/default: Environment mars does not exist"),
        ] {
            let complaint = complains(&server, here, &text).await;
            assert!(complaint.starts_with("burgee: ") && complaint.contains(told), "{complaint} does not say {told}");
        }
        std::fs::write(here.join("a.yaml"), "tagTypes: {team: {}}").unwrap();
        let twice = burgee(&server, here, &["apply", "a.yaml", "./a.yaml"]).await;
        assert!(String::from_utf8(twice.stderr).unwrap().contains("./a.yaml: tagTypes/team: another file has it, too"));
        let missing = burgee(&server, here, &["apply", "none.yaml"]).await;
        assert!(String::from_utf8(missing.stderr).unwrap().contains("none.yaml cannot be read: No such file"));
        assert_eq!(events(&server).await.len(), before);
    }
}
