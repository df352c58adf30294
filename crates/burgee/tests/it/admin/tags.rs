//! Tags, their types, and the flags that have them.

use serde_json::{Value, json};

use crate::support::{TestServer, flags};

async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let found =
        server.admin().get(&format!("/api/admin/search/events?type=IS:{kind}")).await.expect(200).json();
    found["events"].as_array().unwrap().clone()
}

async fn tags_of(server: &TestServer, feature: &str) -> Vec<String> {
    let tags = server.admin().get(&format!("/api/admin/features/{feature}/tags")).await.expect(200).json();
    let text = |tag: &Value| format!("{}:{}", tag["type"].as_str().unwrap(), tag["value"].as_str().unwrap());
    tags["tags"].as_array().unwrap().iter().map(text).collect()
}

fn tag(value: &str) -> Value {
    json!({"type": "simple", "value": value})
}

both! {
    async fn a_tag_type_is_made_changed_and_removed(server) {
        let admin = server.admin();
        let types = "/api/admin/tag-types";
        let made = admin.post(types, json!({"name": "team", "description": "Whose it is", "icon": "T", "color": "#ff00AA"})).await.expect(201);
        assert_eq!(made.header("location"), "/api/admin/tag-types/team");
        assert_eq!(admin.get("/api/admin/tag-types/team").await.expect(200).json(), made.json());
        let valid = admin.post("/api/admin/tag-types/validate", json!({"name": "area"})).await.expect(200).json();
        assert_eq!((&valid["valid"], &valid["tagType"]["name"]), (&json!(true), &json!("area")));
        admin.post("/api/admin/tag-types/validate", json!({"name": "team"})).await.expect(409);
        assert_eq!(admin.post(types, json!({"name": "team"})).await.expect(409).json()["name"], "NameExistsError");
        for body in [json!({"name": "a"}), json!({"name": "a b"}), json!({"name": "x".repeat(51)}), json!({"name": "ab", "color": "red"}), json!({"name": "ab", "extra": 1}), json!({})] {
            admin.post(types, body).await.expect(400);
        }
        for _ in 0..2 {
            admin.put("/api/admin/tag-types/team", json!({"description": "new"})).await.expect(200);
        }
        admin.put("/api/admin/tag-types/team", json!({"color": "blue"})).await.expect(400);
        admin.put("/api/admin/tag-types/nobody", json!({"description": "new"})).await.expect(404);
        let shown = admin.get("/api/admin/tag-types/team").await.expect(200).json();
        assert_eq!(shown, json!({"name": "team", "description": "new", "icon": "T", "color": "#ff00AA"}));
        assert_eq!(events(&server, "tag-type-updated").await.len(), 1);
        admin.post("/api/admin/tags", json!({"type": "team", "value": "blue"})).await.expect(201);
        admin.delete("/api/admin/tag-types/team").await.expect(200);
        admin.delete("/api/admin/tag-types/team").await.expect(404);
        assert_eq!(admin.get("/api/admin/tags").await.expect(200).json(), json!({"version": 1, "tags": []}));
    }

    async fn tags_stand_on_their_own(server) {
        let admin = server.admin();
        let made = admin.post("/api/admin/tags", tag(" two w/ords ")).await.expect(201);
        assert_eq!(made.json(), json!({"version": 1, "tag": {"type": "simple", "value": "two w/ords"}}));
        assert_eq!(admin.get(made.header("location")).await.expect(200).json(), made.json());
        assert_eq!(admin.post("/api/admin/tags", tag("two w/ords")).await.expect(409).json()["name"], "NameExistsError");
        for body in [tag("a"), tag(" a "), tag(&"x".repeat(51)), json!({"type": "nobody", "value": "ab"}), json!({"type": "simple"})] {
            admin.post("/api/admin/tags", body).await.expect(400);
        }
        assert_eq!(admin.get("/api/admin/tags/simple").await.expect(200).json()["tags"].as_array().unwrap().len(), 1);
        assert_eq!(admin.get("/api/admin/tags/nobody").await.expect(200).json()["tags"], json!([]));
        admin.get("/api/admin/tags/simple/none").await.expect(404);
        admin.delete(made.header("location")).await.expect(200);
        admin.delete(made.header("location")).await.expect(200);
        assert_eq!(events(&server, "tag-deleted").await.len(), 1);
    }

    async fn flags_are_tagged_and_untagged(server) {
        let admin = server.admin();
        for name in ["one", "two"] {
            flags::flag(&server, "default", name, &[], &[]).await;
        }
        let path = "/api/admin/features/one/tags";
        let added = admin.post(path, tag("red ")).await.expect(201);
        assert_eq!((added.header("location"), added.json()), (path, tag("red")));
        admin.post(path, tag("red")).await.expect(201);
        let tagged = events(&server, "feature-tagged").await;
        assert_eq!((tagged.len(), &tagged[0]["featureName"], &tagged[0]["project"], &tagged[0]["data"]), (1, &json!("one"), &json!("default"), &tag("red")));
        assert_eq!(events(&server, "tag-created").await.len(), 1);

        let both = json!({"addedTags": [tag("blue"), tag("red")], "removedTags": [tag("red"), tag("green")]});
        let after = admin.put(path, both).await.expect(200).json();
        assert_eq!(after["tags"], json!([{"value": "blue", "type": "simple", "color": "#FFFFFF"}, {"value": "red", "type": "simple", "color": "#FFFFFF"}]));
        admin.delete(&format!("{path}/simple/red")).await.expect(200);
        admin.delete(&format!("{path}/simple/red")).await.expect(200);
        assert_eq!(events(&server, "feature-untagged").await.len(), 2, "what is not there is not taken away");

        let many = |features: Value, added: Value| json!({"features": features, "tags": {"addedTags": added, "removedTags": [tag("blue")]}});
        admin.put("/api/admin/projects/default/tags", many(json!(["one", "two"]), json!([tag("all")]))).await.expect(200);
        assert_eq!((tags_of(&server, "one").await, tags_of(&server, "two").await), (vec!["simple:all".to_owned()], vec!["simple:all".to_owned()]));
        let hundred: Vec<Value> = (10..111).map(|n| tag(&n.to_string())).collect();
        let names: Vec<String> = (0..100).map(|n| format!("f{n}")).collect();
        admin.put("/api/admin/projects/default/tags", many(json!(names), json!(hundred))).await.expect(400);
        admin.put("/api/admin/projects/default/tags", many(json!(["one", "nobody"]), json!([tag("most")]))).await.expect(404);
        admin.post(path, json!({"type": "nobody", "value": "ab"})).await.expect(400);
        assert_eq!(tags_of(&server, "one").await, ["simple:all"]);
        admin.delete("/api/admin/tags/simple/all").await.expect(200);
        assert_eq!(tags_of(&server, "two").await, Vec::<String>::new());
        for gone in [admin.get("/api/admin/features/nobody/tags").await, admin.post("/api/admin/features/nobody/tags", tag("ab")).await, admin.delete("/api/admin/features/nobody/tags/simple/ab").await] {
            gone.expect(404);
        }
    }

    async fn whoever_may_not_change_a_flag_may_not_tag_it(server) {
        let admin = server.admin();
        flags::project(&server, "shop", "open").await;
        flags::project(&server, "vault", "private").await;
        for (project, name) in [("shop", "open"), ("vault", "hidden"), ("default", "plain")] {
            flags::flag(&server, project, name, &[], &[]).await;
            admin.post(&format!("/api/admin/features/{name}/tags"), tag("mark")).await.expect(201);
        }
        let (vera, viewer) = server.person("vera", "Viewer").await;
        viewer.get("/api/admin/features/open/tags").await.expect(200);
        viewer.get("/api/admin/features/hidden/tags").await.expect(404);
        viewer.post("/api/admin/features/open/tags", tag("mine")).await.expect(403);
        admin.put(&format!("/api/admin/projects/shop/users/{vera}/roles"), json!({"roles": [5]})).await.expect(200);
        viewer.post("/api/admin/features/open/tags", tag("mine")).await.expect(201);
        viewer.post("/api/admin/features/plain/tags", tag("mine")).await.expect(403);
        viewer.put("/api/admin/features/hidden/tags", json!({"addedTags": [], "removedTags": [tag("mark")]})).await.expect(404);
        let many = |feature: &str| json!({"features": [feature], "tags": {"addedTags": [tag("more")], "removedTags": []}});
        viewer.put("/api/admin/projects/shop/tags", many("open")).await.expect(200);
        viewer.put("/api/admin/projects/shop/tags", many("plain")).await.expect(404);
        viewer.put("/api/admin/projects/default/tags", many("plain")).await.expect(403);
        viewer.delete("/api/admin/tags/simple/mark").await.expect(403);
        viewer.delete("/api/admin/tags/simple/mine").await.expect(200);
        assert_eq!(tags_of(&server, "open").await, ["simple:mark", "simple:more"]);
    }
}
