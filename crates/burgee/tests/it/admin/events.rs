//! The record of what happened.

use serde_json::{Value, json};

fn types(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

both! {
    async fn events_are_found_by_what_they_are(server) {
        let admin = server.admin();
        let (ann, _) = server.person("ann", "Editor").await;
        admin.put(&format!("/api/admin/user-admin/{ann}"), json!({"name": "Needle"})).await.expect(200);
        admin.put(&format!("/api/admin/projects/default/users/{ann}/roles"), json!({"roles": [5]})).await.expect(200);
        let found = async |query: &str| admin.get(&format!("/api/admin/search/events?{query}")).await.expect(200).json();

        let all = found("").await;
        assert_eq!(all["total"].as_u64().unwrap(), all["events"].as_array().unwrap().len() as u64);
        let newest = &all["events"][0];
        assert_eq!((newest["type"].as_str(), newest["project"].as_str()), (Some("project-access-user-roles-updated"), Some("default")));
        assert_eq!((newest["createdByUserId"].as_i64(), newest["createdBy"].as_str()), (Some(-42), Some("admin")));
        assert_eq!(types(&found("type=IS:user-updated").await), ["user-updated"]);
        assert_eq!(types(&found("type=IS_ANY_OF:user-updated,pat-created").await), ["user-updated"]);
        assert_eq!(types(&found("project=IS:default&type=IS:project-access-user-roles-updated").await).len(), 1);
        assert_eq!(types(&found("query=Needle").await), ["user-updated"]);
        assert_eq!(types(&found(&format!("id=IS:{}", newest["id"])).await).len(), 1);
        assert_eq!(found("createdBy=IS:-42").await["total"], 3);
        assert_eq!(found("createdBy=IS:nobody").await["total"], 0);
        for nothing in ["feature=IS:x", "environment=IS:x", "groupId=IS:x", "to=IS:2001-01-01", "from=IS:2999-01-01"] {
            assert_eq!(found(nothing).await["total"], 0, "{nothing}");
        }
        let today = server.app.clock.now().to_string();
        let today = &today[..10];
        assert_eq!(found(&format!("from=IS:{today}&to=IS:{today}")).await["total"], all["total"]);
        assert_eq!(found(&format!("from=IS:{today}&to=IS:9999-12-31")).await["total"], all["total"]);
        assert_eq!(found("from=IS:9999-12-31").await["total"], 0);
        let page = found("offset=1&limit=2").await;
        assert_eq!((page["events"].as_array().unwrap().len(), &page["total"]), (2, &all["total"]));
        assert_eq!(page["events"][0], all["events"][1]);
        assert_eq!(found("limit=x&offset=-3").await["events"], all["events"]);

        admin.get("/api/admin/search/events?query=a%00b").await.expect(400);
        for refused in ["type=IS_NOT:x", "type=x", "from=2026-01-01", "to=IS:2026-99-01"] {
            let answer = admin.get(&format!("/api/admin/search/events?{refused}")).await.expect(400).json();
            assert!(answer["details"][0]["message"].as_str().unwrap().contains("must match pattern"), "{answer}");
        }
    }

    async fn who_is_no_admin_sees_what_happens_in_projects(server) {
        let (ann, client) = server.person("ann", "Viewer").await;
        server.admin().put(&format!("/api/admin/projects/default/users/{ann}/roles"), json!({"roles": [6]})).await.expect(200);
        let found = client.get("/api/admin/search/events").await.expect(200).json();
        assert!(found["total"].as_i64().unwrap() > 0);
        assert!(found["events"].as_array().unwrap().iter().all(|event| event["project"].is_string()), "{found}");
        assert!(!types(&found).contains(&"user-created"));
        client.get("/api/admin/events").await.expect(403);
        let all = server.admin().get("/api/admin/events").await.expect(200).json();
        assert!(types(&all).contains(&"user-created"));
        let here = server.admin().get("/api/admin/events?project=default").await.expect(200).json();
        assert_eq!(types(&here), ["project-access-user-roles-updated"]);
        let feature = client.get("/api/admin/events/a%2Fb").await.expect(200).json();
        assert_eq!((feature["toggleName"].as_str(), feature["totalEvents"].as_i64()), (Some("a/b"), Some(0)));
        let creators = client.get("/api/admin/event-creators").await.expect(200).json();
        assert!(creators.as_array().unwrap().contains(&json!({"id": -42, "name": "admin"})), "{creators}");
    }
}
