//! Every kind of error, by its keyword.

use serde_json::json;

use crate::scim::wire::{USER, Wire, refused};

both! {
    async fn invalid_filter(server) {
        let wire = Wire::new(&server);
        for filter in [
            "userName", "userName eq", "userName xx \"a\"", "eq \"a\"", "(userName pr", "userName pr)", "not userName pr",
            "userName eq \"a", "userName eq \"a\" and", "emails[type eq \"x\" and (", "nosuch eq \"a\"", "name.nosuch pr",
            "active gt true", "active co \"t\"", "name eq \"a\"", "meta.created co \"2\"", "meta.created gt \"yesterday\"",
            "active eq \"maybe\"", "emails[emails[value pr] pr]", "a[b", "\"a\" eq \"b\"",
        ] {
            refused(wire.get(&format!("/Users?filter={filter}")).await, 400, "invalidFilter", "");
            let body = json!({"filter": filter});
            refused(wire.post("/Users/.search", body).await, 400, "invalidFilter", "");
        }
        let deep = format!("{}userName pr{}", "(".repeat(33), ")".repeat(33));
        refused(wire.get(&format!("/Users?filter={deep}")).await, 400, "invalidFilter", "32");
        let long = format!("userName eq \"{}\"", "x".repeat(9000));
        refused(wire.get(&format!("/Users?filter={long}")).await, 400, "invalidFilter", "8192");
        wire.post("/Users/.search", json!({"filter": long})).await.expect(200);
        // An extension that nobody knows has no values; that is no error.
        assert_eq!(wire.count("urn:example:2.0:Thing:x eq \"a\"").await, 0);
    }

    async fn too_many(server) {
        let wire = Wire::new(&server);
        let conditions = vec!["userName pr"; 201].join(" or ");
        refused(wire.get(&format!("/Users?filter={conditions}")).await, 400, "tooMany", "200");
        let path = format!("/Users/{}", wire.user("ann").await);
        let operations = vec![json!({"op": "add", "path": "title", "value": "x"}); 1001];
        refused(wire.patch(&path, json!(operations)).await, 400, "tooMany", "1000");
        assert_eq!(wire.patch(&path, json!(operations[1..])).await.expect(200).json()["meta"]["version"], "W/\"2\"");
    }

    async fn uniqueness(server) {
        let wire = Wire::new(&server);
        let (ann, ben) = (wire.user("ann@x.io").await, wire.user("ben@x.io").await);
        let body = json!({"schemas": [USER], "userName": "cat", "externalId": "c", "emails": [{"value": "cat@x.io"}]});
        wire.post("/Users", body).await.expect(201);
        let path = format!("/Users/{ann}");
        for (body, word) in [
            (json!({"userName": "BEN@X.IO"}), "userName"), (json!({"userName": "x", "externalId": "c"}), "externalId"),
        ] {
            let answers = [wire.post("/Users", body.clone()).await, wire.put(&path, body.clone()).await,
                wire.patch(&path, json!([{"op": "replace", "value": body}])).await];
            for answer in answers {
                assert!(!answer.text.contains(&ben) && !answer.text.to_lowercase().contains("x.io"), "{}", answer.text);
                refused(answer, 409, "uniqueness", word);
            }
        }
        assert_eq!(wire.read(&path).await["meta"]["version"], "W/\"1\"");
        // External ids are exact: another case is another id.
        wire.post("/Users", json!({"userName": "dan", "externalId": "C"})).await.expect(201);
        wire.group("Crew", &[]).await;
        let other = format!("/Groups/{}", wire.group("Pilots", &[]).await);
        refused(wire.post("/Groups", json!({"displayName": "crew"})).await, 409, "uniqueness", "displayName");
        refused(wire.put(&other, json!({"displayName": "CREW"})).await, 409, "uniqueness", "displayName");
        let rename = json!([{"op": "replace", "path": "displayName", "value": "crew"}]);
        refused(wire.patch(&other, rename).await, 409, "uniqueness", "displayName");
        wire.patch(&other, json!([{"op": "replace", "path": "displayName", "value": "PILOTS"}])).await.expect(200);
    }

    async fn mutability_and_no_target(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann").await);
        for operation in [
            json!({"op": "replace", "path": "id", "value": "x"}), json!({"op": "replace", "path": "meta.version", "value": "x"}),
            json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}), json!({"op": "remove", "path": "userName"}),
            json!({"op": "remove", "path": "schemas"}),
            json!({"op": "add", "path": "groups[value eq \"x\"].display", "value": "x"}),
        ] {
            let answer = wire.patch(&path, json!([operation])).await;
            assert_eq!(answer.json()["scimType"], "mutability", "{operation}: {}", answer.text);
            answer.expect(400);
        }
        let group = format!("/Groups/{}", wire.group("Crew", &[]).await);
        refused(wire.patch(&group, json!([{"op": "remove", "path": "displayName"}])).await, 400, "mutability", "displayName");
        let part = json!([{"op": "replace", "path": "members[value eq \"x\"].display", "value": "x"}]);
        refused(wire.patch(&group, part).await, 400, "mutability", "members.display");
        refused(wire.patch(&path, json!([{"op": "remove"}])).await, 400, "noTarget", "path");
        let unmade = json!([{"op": "replace", "path": "emails[type ne \"work\"].value", "value": "x"}]);
        refused(wire.patch(&path, unmade).await, 400, "noTarget", "emails");
    }

    async fn invalid_path_and_syntax(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann").await);
        for wrong in ["a b", "name..x", "1", "name.givenName.x", "emails[type eq \"work\"]]", "title[value eq \"x\"]", "emails.nosuch", "userName.x"] {
            let answer = wire.patch(&path, json!([{"op": "replace", "path": wrong, "value": "x"}])).await;
            assert_eq!(answer.json()["scimType"], "invalidPath", "{wrong}: {}", answer.text);
        }
        for wrong in [json!([]), json!({}), json!("x"), json!([3]), json!([{"path": "title"}]), json!([{"op": "move", "path": "title"}])] {
            refused(wire.patch(&path, wrong).await, 400, "invalidSyntax", "");
        }
        for body in [json!({"schemas": ["urn:x"], "Operations": [{"op": "add", "path": "title", "value": "x"}]}), json!({"x": 1})] {
            refused(wire.send(reqwest::Method::PATCH, &path, Some(body)).await, 400, "invalidSyntax", "");
        }
        for schemas in [json!(["urn:x"]), json!([3]), json!(3), json!([USER.replace("User", "Group")])] {
            refused(wire.post("/Users", json!({"schemas": schemas, "userName": "x"})).await, 400, "invalidSyntax", "schemas");
        }
    }

    async fn invalid_value(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann").await);
        for (body, word) in [
            (json!({"schemas": [USER]}), "userName"), (json!({"userName": ""}), "userName"), (json!({"userName": null}), "userName"),
            (json!({"userName": {"x": 1}}), "userName"), (json!({"userName": "x".repeat(513)}), "512"), (json!({"userName": "x", "active": 3}), "active"),
            (json!({"userName": "x", "title": "x".repeat(4097)}), "4096"), (json!({"userName": "x", "name": "Ann"}), "name"),
            (json!({"userName": "x", "emails": [[1]]}), "emails"), (json!({"userName": "x", "extra": "x".repeat(70_000)}), "65536"),
        ] {
            refused(wire.post("/Users", body.clone()).await, 400, "invalidValue", word);
            refused(wire.put(&path, body).await, 400, "invalidValue", word);
        }
        refused(wire.post("/Groups", json!({"externalId": "x"})).await, 400, "invalidValue", "displayName");
        refused(wire.post("/Groups", json!({"displayName": "x", "members": [3]})).await, 400, "invalidValue", "member");
        for operation in [
            json!({"op": "replace", "path": "active", "value": "perhaps"}), json!({"op": "replace", "path": "active", "value": ""}), json!({"op": "add", "path": "title"}),
            json!({"op": "replace", "path": "name", "value": "x"}), json!({"op": "replace", "value": "x"}), json!({"op": "replace", "path": "userName", "value": ""}),
        ] {
            let answer = wire.patch(&path, json!([operation])).await;
            assert_eq!(answer.json()["scimType"], "invalidValue", "{operation}: {}", answer.text);
        }
        for query in ["count=x", "startIndex=1.5", "count="] {
            refused(wire.get(&format!("/Users?{query}")).await, 400, "invalidValue", "whole number");
        }
        assert_eq!(wire.read(&path).await["meta"]["version"], "W/\"1\"");
    }
}
