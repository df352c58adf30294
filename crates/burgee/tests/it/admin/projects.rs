//! Projects: made, changed, put aside, deleted; their settings, environments and numbers.

use burgee::access::{DeleteFeature, Granted, InProject};
use burgee::events::{Event, Fact};
use burgee::sql;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::Client;

const PROJECTS: &str = "/api/admin/projects";

async fn listed(client: &Client, query: &str, id: &str) -> Option<Value> {
    let list = client.get(&format!("{PROJECTS}{query}")).await.expect(200).json();
    list["projects"].as_array().unwrap().iter().find(|project| project["id"] == id).cloned()
}

async fn flag(client: &Client, project: &str, name: &str) {
    client
        .post(&format!("{PROJECTS}/{project}/features"), json!({"name": name, "type": "release"}))
        .await
        .expect(201);
}

/// Archives a flag as if somebody had asked for it.
async fn archive_flag(server: &TestServer, project: &str, name: &str) {
    let scope = InProject { project: project.to_owned() };
    let grant = Granted::<DeleteFeature>::system("test", scope);
    let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
    let now = tx.now();
    tx.execute(sql!("UPDATE features SET archived_at = $2 WHERE name = $1", name, now)).await.unwrap();
    tx.execute(sql!(
        "INSERT INTO feature_lifecycles (feature, stage, created_at) VALUES ($1, 'archived', $2)",
        name,
        now
    ))
    .await
    .unwrap();
    let event = Event::bare(Fact::FeatureArchived).within(Some(project.to_owned()), None).on(name);
    tx.record(event);
    tx.commit().await.unwrap();
}

fn name_of(answer: &Value) -> (&str, &str) {
    (answer["name"].as_str().unwrap(), answer["message"].as_str().unwrap())
}

async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let path = format!("/api/admin/search/events?type=IS:{kind}");
    server.admin().get(&path).await.expect(200).json()["events"].as_array().unwrap().clone()
}

both! {
    async fn a_project_is_made_by_its_owner(server) {
        let (_, petra) = server.person("petra", "Editor").await;
        let (_, vera) = server.person("vera", "Viewer").await;
        let made = petra.post(PROJECTS, json!({"name": "Big Bang!", "description": "All of it"})).await.expect(201);
        let made = made.json();
        assert_eq!((&made["id"], &made["mode"], &made["environments"]), (&json!("big-bang"), &json!("open"), &json!(["development", "production"])));
        assert_eq!(petra.post(PROJECTS, json!({"name": "Big bang"})).await.expect(201).json()["id"], "big-bang-1");
        vera.post(PROJECTS, json!({"name": "Mine"})).await.expect(403);

        let seen = listed(&vera, "", "big-bang").await.unwrap();
        assert_eq!(seen["owners"], json!([{"ownerType": "user", "name": "petra", "imageUrl": null, "email": "petra"}]));
        assert_eq!((&seen["memberCount"], &seen["featureCount"], &seen["health"]), (&json!(1), &json!(0), &json!(100)));
        assert_eq!(listed(&vera, "", "default").await.unwrap()["owners"], json!([{"ownerType": "system"}]));

        let refused = petra.post(PROJECTS, json!({"id": "big-bang", "name": "Again"})).await.expect(409).json();
        assert_eq!(name_of(&refused), ("NameExistsError", "A project with this id already exists."));
        for (body, status) in [
            (json!({"name": "   "}), 400),
            (json!({"id": "a b", "name": "A"}), 400),
            (json!({"id": "archive", "name": "A"}), 400),
            (json!({"name": "A", "environments": []}), 400),
            (json!({"name": "A", "environments": ["nowhere"]}), 400),
            (json!({"name": "A", "mode": "secret"}), 400),
            (json!({"name": "A", "environments": ["development"], "changeRequestEnvironments": [{"name": "production"}]}), 400),
            (json!({"name": "A", "changeRequestEnvironments": [{"name": "production", "requiredApprovals": 11}]}), 400),
        ] {
            petra.post(PROJECTS, body.clone()).await.expect(status);
        }
        let validate = format!("{PROJECTS}/validate");
        petra.post(&validate, json!({"id": "free"})).await.expect(200);
        petra.post(&validate, json!({"id": "big-bang"})).await.expect(409);
        petra.post(&validate, json!({"id": "a/b"})).await.expect(400);
        let event = events(&server, "project-created").await.pop().unwrap();
        assert_eq!((&event["project"], &event["createdBy"]), (&json!("big-bang"), &json!("petra")));
    }

    async fn settings_change_and_are_recorded(server) {
        let admin = server.admin();
        let path = format!("{PROJECTS}/shop");
        let overview = async || admin.get(&format!("{path}/overview")).await.expect(200).json();
        admin.post(PROJECTS, json!({"id": "shop", "name": "Shop", "description": "Old"})).await.expect(201);
        admin.put(&path, json!({"name": "New", "defaultStickiness": "userId", "featureLimit": 1})).await.expect(200);
        let now = overview().await;
        assert_eq!((&now["name"], &now["description"], &now["defaultStickiness"], &now["featureLimit"]), (&json!("New"), &json!("Old"), &json!("userId"), &json!(1)));
        let event = events(&server, "project-updated").await.pop().unwrap();
        assert_eq!((&event["preData"]["name"], &event["data"]["name"]), (&json!("Shop"), &json!("New")));
        admin.put(&path, json!({"name": "New"})).await.expect(200);
        assert_eq!(events(&server, "project-updated").await.len(), 1, "nothing changed, nothing happened");

        let settings = format!("{path}/settings");
        for naming in [
            json!({"pattern": "a(?=b)"}),
            json!({"pattern": "(a"}),
            json!({"pattern": "[a-z]+", "example": "UPPER"}),
            json!({"pattern": null, "example": "lonely"}),
        ] {
            admin.put(&settings, json!({"featureNaming": naming})).await.expect(400);
        }
        admin.put(&settings, json!({"linkTemplates": [{"urlTemplate": "javascript:alert(1)"}]})).await.expect(400);
        let naming = json!({"pattern": "[a-z]+|x-.*", "example": "abc", "description": "small"});
        let links = json!([{"title": "Ticket", "urlTemplate": "https://x.test/{{project}}/{{feature}}"}]);
        admin.put(&settings, json!({"mode": "private", "featureNaming": naming, "linkTemplates": links})).await.expect(200);
        let now = overview().await;
        assert_eq!((&now["mode"], &now["featureNaming"], &now["linkTemplates"]), (&json!("private"), &naming, &links));
        let features = format!("{path}/features");
        let refused = admin.post(&features, json!({"name": "abc1", "type": "release"})).await.expect(400).json();
        assert_eq!(refused["name"], "PatternError", "the pattern stands for the whole name");
        flag(&admin, "shop", "x-1").await;
        admin.post(&features, json!({"name": "abc", "type": "release"})).await.expect(400);
        admin.put(&path, json!({"name": "New", "featureLimit": null, "description": null})).await.expect(200);
        assert_eq!(overview().await["description"], Value::Null);
        flag(&admin, "shop", "abc").await;
    }

    async fn a_project_is_archived_revived_and_deleted(server) {
        let admin = server.admin();
        let (_, vera) = server.person("vera", "Viewer").await;
        for id in ["old", "other"] {
            admin.post(PROJECTS, json!({"id": id, "name": id})).await.expect(201);
        }
        let (archive, revive) = (format!("{PROJECTS}/archive/old"), format!("{PROJECTS}/revive/old"));
        flag(&admin, "old", "relic").await;
        for answer in [admin.post(&archive, json!({})).await, admin.delete(&format!("{PROJECTS}/old")).await] {
            let refused = answer.expect(403).json();
            assert_eq!(refused["name"], "InvalidOperationError");
        }
        vera.post(&archive, json!({})).await.expect(403);
        archive_flag(&server, "old", "relic").await;
        admin.post(&archive, json!({})).await.expect(200);
        assert!(listed(&vera, "", "old").await.is_none());
        assert_ne!(listed(&vera, "?archived=true", "old").await.unwrap()["archivedAt"], Value::Null);
        assert!(listed(&vera, "?archived=true", "other").await.is_none());
        admin.post(&format!("{PROJECTS}/old/features"), json!({"name": "late", "type": "release"})).await.expect(404);
        admin.post(&revive, json!({})).await.expect(200);
        assert!(listed(&vera, "", "old").await.is_some());

        for (name, projects) in [("one", json!(["old"])), ("two", json!(["old", "other"])), ("all", json!(["*"]))] {
            admin.post("/api/admin/api-tokens", json!({"tokenName": name, "type": "client", "environment": "development", "projects": projects})).await.expect(201);
        }
        admin.delete(&format!("{PROJECTS}/old")).await.expect(200);
        let tokens = admin.get("/api/admin/api-tokens").await.expect(200).json();
        let reach = |name: &str| {
            let found = tokens["tokens"].as_array().unwrap().iter().find(|token| token["tokenName"] == name);
            found.map(|token| token["projects"].clone())
        };
        assert_eq!((reach("one"), reach("two"), reach("all")), (None, Some(json!(["other"])), Some(json!(["*"]))));
        assert_eq!(events(&server, "feature-deleted").await[0]["featureName"], "relic");
        assert_eq!(events(&server, "project-deleted").await[0]["preData"]["id"], "old");
        admin.get(&format!("{PROJECTS}/old/overview")).await.expect(404);
        admin.delete(&format!("{PROJECTS}/old")).await.expect(404);
        admin.post(PROJECTS, json!({"id": "new", "name": "New"})).await.expect(201);
        flag(&admin, "new", "relic").await;
        admin.delete(&format!("{PROJECTS}/default")).await.expect(403);
        admin.post(&format!("{PROJECTS}/archive/default"), json!({})).await.expect(403);
    }

    async fn environments_come_and_go_with_what_flags_have_in_them(server) {
        let admin = server.admin();
        admin.post(PROJECTS, json!({"id": "shop", "name": "Shop", "environments": ["development"]})).await.expect(201);
        flag(&admin, "shop", "cart").await;
        let path = format!("{PROJECTS}/shop/environments");
        let states = async || {
            let report = admin.get(&format!("{PROJECTS}/shop/health-report")).await.expect(200).json();
            report["features"][0]["environments"].as_array().unwrap().iter()
                .map(|state| (state["name"].as_str().unwrap().to_owned(), state["enabled"] == true, state["hasStrategies"] == true))
                .collect::<Vec<_>>()
        };
        let refused = admin.delete(&format!("{path}/development")).await.expect(400).json();
        assert_eq!(name_of(&refused), ("MinimumOneEnvironmentError", "You must always have one active environment"));
        admin.post(&path, json!({"environment": "production"})).await.expect(200);
        let refused = admin.post(&path, json!({"environment": "production"})).await.expect(409).json();
        assert_eq!(name_of(&refused), ("NameExistsError", "shop already has the environment production enabled"));
        admin.post(&path, json!({"environment": "nowhere"})).await.expect(400);
        let strategy = admin
            .post(&format!("{path}/production/default-strategy"), json!({"name": "flexibleRollout", "title": "Half", "parameters": {"rollout": "50.7"}}))
            .await
            .expect(200)
            .json();
        assert_eq!(strategy["parameters"], json!({"rollout": "50", "stickiness": "default"}));
        for body in [json!({"name": "default"}), json!({"name": "flexibleRollout", "parameters": {"rollout": "500"}}), json!({"name": "flexibleRollout", "segments": [77]})] {
            admin.post(&format!("{path}/production/default-strategy"), body).await.expect(400);
        }
        admin.post(&format!("{path}/nowhere/default-strategy"), json!({"name": "flexibleRollout"})).await.expect(404);
        let on = format!("{PROJECTS}/shop/features/cart/environments/production/on");
        admin.post(&on, json!({})).await.expect(200);
        assert_eq!(states().await, [("development".to_owned(), false, false), ("production".to_owned(), true, true)]);
        let view = admin.get("/api/admin/environments/project/shop").await.expect(200).json();
        let production = &view["environments"][1];
        assert_eq!((&production["visible"], &production["projectEnabledToggleCount"], &production["defaultStrategy"]["title"]), (&json!(true), &json!(1), &json!("Half")));

        admin.delete(&format!("{path}/production")).await.expect(200);
        admin.delete(&format!("{path}/production")).await.expect(200);
        assert_eq!(states().await, [("development".to_owned(), false, false)]);
        assert_eq!(events(&server, "project-environment-removed").await[0]["preData"]["strategies"], 1);
        admin.post(&path, json!({"environment": "production"})).await.expect(200);
        assert_eq!(states().await[1], ("production".to_owned(), false, false), "what was there is gone");
    }

    async fn changes_need_approval_where_people_say_so(server) {
        let admin = server.admin();
        admin.put("/api/admin/environments/update/production", json!({"requiredApprovals": 3})).await.expect(200);
        admin.post(PROJECTS, json!({"id": "shop", "name": "Shop", "changeRequestEnvironments": [{"name": "development"}]})).await.expect(201);
        let path = format!("{PROJECTS}/shop/change-requests/config");
        let config = async || {
            let list = admin.get(&path).await.expect(200).json();
            list.as_array().unwrap().iter().map(|place| place["requiredApprovals"].as_i64()).collect::<Vec<_>>()
        };
        assert_eq!(config().await, [Some(1), Some(3)]);
        let put = async |environment: &str, body: Value, status: u16| {
            let path = format!("{PROJECTS}/shop/environments/{environment}/change-requests/config");
            admin.put(&path, body).await.expect(status);
        };
        put("development", json!({"changeRequestsEnabled": false, "requiredApprovals": 0}), 204).await;
        put("production", json!({"changeRequestsEnabled": true, "requiredApprovals": 70}), 204).await;
        assert_eq!(config().await, [None, Some(10)]);
        put("nowhere", json!({"changeRequestsEnabled": true}), 404).await;
        put("production", json!({}), 400).await;
        let event = events(&server, "change-request-configuration-updated").await;
        assert_eq!((&event[0]["environment"], &event[0]["preData"]["requiredApprovals"]), (&json!("production"), &json!(3)));
        let overview = admin.get(&format!("{PROJECTS}/shop/overview")).await.expect(200).json();
        assert_eq!(overview["environments"][1]["changeRequestsEnabled"], true);
    }

    async fn numbers_tell_what_happened(server) {
        let admin = server.admin();
        let (_, petra) = server.person("petra", "Editor").await;
        petra.post(PROJECTS, json!({"id": "shop", "name": "Shop"})).await.expect(201);
        for name in ["a", "b", "c", "d"] {
            flag(&petra, "shop", name).await;
        }
        archive_flag(&server, "shop", "d").await;
        petra.put(&format!("{PROJECTS}/shop/features/a"), json!({"name": "a", "type": "experiment", "stale": true})).await.expect(200);
        petra.post(&format!("{PROJECTS}/shop/features/b/environments/production/on"), json!({})).await.expect(200);
        petra.post(&format!("{PROJECTS}/shop/features/c/environments/development/on"), json!({})).await.expect(200);
        petra.post(&format!("{PROJECTS}/shop/favorites"), json!({})).await.expect(200);
        petra.post(&format!("{PROJECTS}/shop/favorites"), json!({})).await.expect(200);

        let mine = listed(&petra, "", "shop").await.unwrap();
        assert_eq!((&mine["featureCount"], &mine["staleFeatureCount"], &mine["health"], &mine["technicalDebt"]), (&json!(3), &json!(1), &json!(67), &json!(33)));
        assert_eq!((&mine["favorite"], &mine["onboardingStatus"]), (&json!(true), &json!({"status": "first-flag-created", "feature": "a"})));
        assert_eq!(listed(&admin, "", "shop").await.unwrap()["favorite"], false);
        assert_eq!(listed(&admin, "", "default").await.unwrap()["onboardingStatus"]["status"], "onboarding-started");

        let report = async |name: &str| petra.get(&format!("{PROJECTS}/shop/{name}")).await.expect(200).json();
        let overview = report("overview").await;
        assert_eq!(overview["featureTypeCounts"], json!([{"type": "experiment", "count": 1}, {"type": "release", "count": 2}]));
        let stats = &overview["stats"];
        assert_eq!((&stats["createdCurrentWindow"], &stats["archivedCurrentWindow"], &stats["projectMembersAddedCurrentWindow"]), (&json!(4), &json!(1), &json!(1)));
        let leads = report("dora").await;
        assert_eq!((leads["features"].as_array().unwrap().len(), &leads["features"][0]["name"]), (1, &json!("b")));
        let status = report("status").await;
        assert_eq!((&status["staleFlags"]["total"], &status["health"]["current"], &status["resources"]["members"]), (&json!(1), &json!(67), &json!(1)));
        assert_eq!(status["lifecycleSummary"]["archived"]["currentFlags"], 1);
        assert_eq!(status["activityCountByDate"].as_array().unwrap().len(), 1);
        let insights = report("insights").await;
        assert_eq!((&insights["health"]["activeCount"], &insights["members"]["currentMembers"]), (&json!(2), &json!(1)));
        assert_eq!(report("flag-creators").await[0]["name"], "petra");
        let health = report("health-report").await;
        assert_eq!((health["features"].as_array().unwrap().len(), &health["staleCount"]), (3, &json!(1)));

        let dashboard = petra.get("/api/admin/personal-dashboard").await.expect(200).json();
        assert_eq!((&dashboard["projects"][0]["id"], dashboard["flags"].as_array().unwrap().len()), (&json!("shop"), 3));
        assert_eq!(dashboard["admins"][0]["username"], "admin");
        let details = petra.get("/api/admin/personal-dashboard/shop").await.expect(200).json();
        assert_eq!((&details["roles"][0]["name"], &details["insights"]["totalFlags"]), (&json!("Owner"), &json!(3)));
        petra.delete(&format!("{PROJECTS}/shop/favorites")).await.expect(200);
        assert_eq!(listed(&petra, "", "shop").await.unwrap()["favorite"], false);
        admin.post(&format!("{PROJECTS}/shop/favorites"), json!({})).await.expect(404);
    }

    async fn the_limit_of_projects_holds(server) {
        let admin = server.admin();
        for number in 1..500 {
            admin.post(PROJECTS, json!({"id": format!("p{number}"), "name": "P"})).await.expect(201);
        }
        let refused = admin.post(PROJECTS, json!({"name": "One more"})).await.expect(400).json();
        assert_eq!(name_of(&refused), ("ExceedsLimitError", "Failed to create project. You can't create more than the established limit of 500."));
    }
}
