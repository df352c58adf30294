//! The record of what happened, as people see it who do not see everything, and when it is long.

use burgee::db::Engine;
use burgee::events::{Filter, plan};
use serde_json::{Value, json};

fn types(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

both! {
    async fn what_happens_in_a_private_project_shows_to_those_who_see_it(server) {
        let admin = server.admin();
        for sql in [
            "INSERT INTO projects (id, name, mode, created_at, updated_at) VALUES ('hidden', 'Hidden', 'private', 0, 0)",
            "INSERT INTO project_environments (project, environment) VALUES ('hidden', 'development')",
        ] {
            server.rows(sql).await;
        }
        let (vic, viewer) = server.person("vic", "Viewer").await;
        let (_, editor) = server.person("eve", "Editor").await;
        for (project, name) in [("default", "open-flag"), ("hidden", "hidden-flag")] {
            admin.post(&format!("/api/admin/projects/{project}/features"), json!({ "name": name })).await.expect(201);
        }
        let unknown = viewer.get("/api/admin/events/no-such-flag").await.expect(200).json();
        let hidden = viewer.get("/api/admin/events/hidden-flag").await.expect(200).json();
        assert_eq!(hidden["events"], unknown["events"]);
        assert_eq!((&hidden["totalEvents"], &hidden["toggleName"]), (&json!(0), &json!("hidden-flag")));
        let seen = async |client: &crate::support::client::Client, query: &str| {
            client.get(&format!("/api/admin/search/events?{query}")).await.expect(200).json()["total"].clone()
        };
        for query in ["query=hidden-flag", "project=IS:hidden", "feature=IS_ANY_OF:hidden-flag,x"] {
            assert_eq!(seen(&viewer, query).await, 0, "{query}");
            assert_eq!(seen(&editor, query).await, 1, "{query}");
            assert_eq!(seen(&admin, query).await, 1, "{query}");
        }
        assert_eq!(seen(&viewer, "").await, 1);
        // A flag that moved out of sight takes its history along; what happened in the open still shows in searches.
        server.rows("UPDATE features SET project = 'hidden' WHERE name = 'open-flag'").await;
        assert_eq!(viewer.get("/api/admin/events/open-flag").await.expect(200).json()["totalEvents"], 0);
        assert_eq!(editor.get("/api/admin/events/open-flag").await.expect(200).json()["totalEvents"], 1);
        // A project that is gone is seen by admins, and by whoever saw all of them.
        server.rows("DELETE FROM features WHERE project = 'hidden'").await;
        server.rows("DELETE FROM projects WHERE id = 'hidden'").await;
        assert_eq!(seen(&viewer, "project=IS:hidden").await, 0);
        assert_eq!(seen(&editor, "project=IS:hidden").await, 1);
        // A role in the project is enough.
        server.rows("INSERT INTO projects (id, name, mode, created_at, updated_at) VALUES ('hidden', 'Hidden', 'private', 0, 0)").await;
        server.rows(&format!("INSERT INTO user_roles (user_id, role_id, project, created_at) VALUES ({vic}, 5, 'hidden', 0)")).await;
        assert_eq!(seen(&viewer, "project=IS:hidden").await, 1);
    }

    async fn text_is_found_in_states_and_in_the_names_of_flags(server) {
        let admin = server.admin();
        admin.post("/api/admin/projects/default/features", json!({ "name": "Needle_1", "description": "In a HAYSTACK" })).await.expect(201);
        admin.post("/api/admin/projects/default/stale", json!({})).await;
        for (query, count) in [("needle_1", 1), ("haystack", 1), ("needle-1", 0), ("feature-created", 0), ("a%20h", 1)] {
            let found = admin.get(&format!("/api/admin/search/events?query={query}&type=IS:feature-created")).await.expect(200).json();
            assert_eq!(found["total"], count, "{query}");
        }
        let all = admin.get("/api/admin/search/events?type=IS:,").await.expect(200).json();
        assert!(types(&all).contains(&"feature-created"));
        for refused in ["id=IS_NOT:1", "groupId=1", "to=IS:2026-02-30"] {
            admin.get(&format!("/api/admin/search/events?{refused}")).await.expect(400);
        }
        for fine in ["id=IS:x", "createdBy=IS:x"] {
            assert_eq!(admin.get(&format!("/api/admin/search/events?{fine}")).await.expect(200).json()["total"], 0);
        }
        let most = (0..101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        admin.get(&format!("/api/admin/search/events?id=IS_ANY_OF:{most}")).await.expect(400);
    }

    async fn the_total_is_exact_but_for_text_of_which_it_grows_with_the_pages(server) {
        server.rows("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
             INSERT INTO events (type, created_at, created_by, created_by_user_id, data) SELECT 'filler', i, 'u', 1, '{\"name\":\"needle\"}' FROM n").await;
        for (query, total) in [
            ("type=IS:filler&limit=1", 1200),
            ("type=IS:filler&limit=50&offset=1190", 1200),
            ("type=IS:filler&limit=50&offset=1200", 1200),
            ("query=needle&limit=1", 1001),
            ("query=needle&limit=50&offset=150", 1200),
            ("query=needle&limit=50&offset=1190", 1200),
            ("query=needle&limit=50&offset=5000", 1200),
            ("query=nowhere&limit=50", 0),
        ] {
            let found = server.admin().get(&format!("/api/admin/search/events?{query}")).await.expect(200).json();
            assert_eq!(found["total"], total, "{query}");
        }
    }

    async fn usual_searches_of_a_long_record_start_from_an_index(server) {
        server.rows("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
             INSERT INTO events (type, created_at, created_by, created_by_user_id, data, project, environment, feature_name, group_id)
             SELECT 't' || (i % 40), i * 1000, 'u' || (i % 500), i % 500, '{}', 'p' || (i % 300), 'e' || (i % 200), 'f' || (i % 5000), 'g' || (i % 9000) FROM n").await;
        if server.app.db.engine() == Engine::Postgres {
            server.rows("ANALYZE").await;
        }
        let one = |text: &str| vec![text.to_owned()];
        let usual = [
            ("all", Filter::default()),
            ("id", Filter { ids: vec![7], ..Filter::default() }),
            ("type", Filter { types: one("t7"), ..Filter::default() }),
            ("project", Filter { projects: one("p7"), ..Filter::default() }),
            ("feature", Filter { features: one("f7"), ..Filter::default() }),
            ("environment", Filter { environments: one("e7"), ..Filter::default() }),
            ("author", Filter { created_by: vec![7], ..Filter::default() }),
            ("group", Filter { group_ids: one("g7"), ..Filter::default() }),
        ];
        let scans = |plan: &[String]| plan.iter().any(|line| {
            let line = line.trim().trim_start_matches("->").trim();
            line.starts_with("Seq Scan") || line == "SCAN events"
        });
        for (name, filter) in usual {
            let plan = plan(&mut server.app.db.read().await.unwrap(), &filter).await.unwrap();
            // The newest events of all are read from the end of the table, which SQLite calls a scan.
            let newest = name == "all" && server.app.db.engine() == Engine::Sqlite;
            assert!(newest || !scans(&plan), "{name}\n{}", plan.join("\n"));
            assert!(!plan.iter().any(|line| line.contains("Sort") && name == "all" || line.contains("TEMP B-TREE")), "{name}\n{}", plan.join("\n"));
        }
        let creators = server.admin().get("/api/admin/event-creators").await.expect(200).json();
        let creators = creators.as_array().unwrap();
        assert!(creators.len() >= 500);
        assert!(creators.contains(&json!({ "id": 7, "name": "u7" })));
    }
}
