//! What a body may be.

use reqwest::Method;
use serde_json::json;

use crate::scim::wire::{USER, Wire, refused};

fn ann() -> String {
    json!({"schemas": [USER], "userName": "ann"}).to_string()
}

both! {
    async fn other_media_types_are_refused(server) {
        let wire = Wire::new(&server);
        for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"] {
            refused(wire.raw(Method::POST, "/Users", Some(ann()), kind).await, 415, "", "application/scim+json");
        }
        assert_eq!(wire.count("userName pr").await, 0);
    }

    async fn a_byte_order_mark_does_no_harm(server) {
        let wire = Wire::new(&server);
        wire.raw(Method::POST, "/Users", Some(format!("\u{feff}{}", ann())), "application/scim+json").await.expect(201);
    }

    async fn what_is_no_object_is_refused(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ben").await);
        for body in ["", " ", "\u{feff}", "[]", "null", "3", "\"x\"", "{", "{\"userName\":\"ann\"", "{\"userName\":\"ann\"} x", "{'a':1}", "{}"] {
            for (method, path) in [(Method::POST, "/Users"), (Method::POST, "/Groups"), (Method::PUT, &path), (Method::PATCH, &path)] {
                let answer = wire.raw(method.clone(), path, Some(body.to_owned()), "application/scim+json").await;
                assert_eq!(answer.json()["scimType"], "invalidSyntax", "{method} {body:?}: {}", answer.text);
                answer.expect(400);
            }
        }
    }

    async fn too_large_is_refused(server) {
        let wire = Wire::new(&server);
        let body = json!({"schemas": [USER], "userName": "ann", "x": "x".repeat(16 * 1024 * 1024)}).to_string();
        refused(wire.raw(Method::POST, "/Users", Some(body), "application/scim+json").await, 413, "", "16777216");
        let deep = format!("{{\"userName\":\"ann\",\"x\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        refused(wire.raw(Method::POST, "/Users", Some(deep), "application/scim+json").await, 400, "invalidSyntax", "");
        assert_eq!(wire.count("userName pr").await, 0);
    }

    async fn of_a_name_written_twice_the_last_counts(server) {
        let wire = Wire::new(&server);
        let body = "{\"userName\":\"ann\",\"userName\":\"ben\"}".to_owned();
        let made = wire.raw(Method::POST, "/Users", Some(body), "application/scim+json").await.expect(201).json();
        assert_eq!(made["userName"], "ben");
    }

    /// Not every database can keep a NUL character.
    async fn characters_that_cannot_be_kept_are_refused(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let group = wire.group("Crew", &[&ann]).await;
        let (user_path, group_path) = (format!("/Users/{ann}"), format!("/Groups/{group}"));
        for body in [
            json!({"userName": "a\0b"}), json!({"userName": "b", "externalId": "\0"}), json!({"userName": "c", "x\0": 1}),
            json!({"userName": "d", "x": {"y": ["\0"]}}), json!({"userName": "e", "emails": [{"value": "\0"}]}),
        ] {
            wire.post("/Users", body.clone()).await.expect(400);
            wire.put(&user_path, body).await.expect(400);
        }
        for body in [json!({"displayName": "\0"}), json!({"displayName": "x", "members": [{"value": "a\0"}]})] {
            wire.post("/Groups", body.clone()).await.expect(400);
            wire.put(&group_path, body).await.expect(400);
        }
        for operation in [
            json!({"op": "add", "path": "members", "value": [{"value": "\0"}]}), json!({"op": "replace", "path": "displayName", "value": "\0"}),
            json!({"op": "remove", "path": "members", "value": [{"value": "\0"}]}), json!({"op": "add", "value": {"x": "\0"}}),
            json!({"op": "remove", "path": "members[value eq \"\0\"]"}), json!({"op": "remove", "path": "members[value eq \"\\u0000\"]"}),
        ] {
            wire.patch(&group_path, json!([operation])).await.expect(400);
        }
        for filter in ["userName eq \"%00\"", "userName eq \"\\u0000\"", "id eq %00"] {
            wire.get(&format!("/Users?filter={filter}")).await.expect(400);
        }
        wire.get("/Users?sortBy=%00&attributes=%00").await.expect(200);
        let lone = "{\"userName\":\"\\ud800\"}".to_owned();
        refused(wire.raw(Method::POST, "/Users", Some(lone), "application/json").await, 400, "invalidSyntax", "");
        assert_eq!(wire.members(&group).await, [ann]);
    }

    async fn text_comes_back_as_it_went(server) {
        let wire = Wire::new(&server);
        for (number, text) in ["Straße İstanbul ﬁ", "日本語 👩‍🚀", "a\"b\\c\n\t/", "e\u{301}é", "' OR 1=1 --", "%_%"].into_iter().enumerate() {
            let body = json!({"schemas": [USER], "userName": format!("{number} {text}"), "title": text, "x": {text: text}});
            let made = wire.post("/Users", body.clone()).await.expect(201).json();
            let read = wire.read(&format!("/Users/{}", made["id"].as_str().unwrap())).await;
            for name in ["userName", "title", "x"] {
                assert_eq!(read[name], body[name]);
            }
        }
        // One rule for "the same in another case": Unicode's, on both databases.
        for (filter, total) in [
            ("title eq \"STRA\u{1e9e}E İSTANBUL ﬁ\"", 1), ("title eq \"STRASSE İSTANBUL ﬁ\"", 0), ("title co \"%25\"", 1), ("title co \"_\"", 1), ("title eq \"É\u{c9}\"", 1),
            ("userName sw \"0 STRA\"", 1), ("title co \"日本\"", 1),
        ] {
            assert_eq!(wire.count(filter).await, total, "{filter}");
        }
    }
}
