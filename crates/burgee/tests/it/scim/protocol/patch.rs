//! PATCH: the table of RFC 7644 §3.5.2, operation by operation.

use serde_json::{Value, json};

use crate::scim::wire::{ENTERPRISE, USER, Wire, id};

fn ann() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann", "title": "Pilot", "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"value": "w@x.io", "type": "work", "primary": true}, {"value": "h@x.io", "type": "home"}],
        ENTERPRISE: {"department": "Ops", "employeeNumber": "1"},
    })
}

/// What an attribute is after an operation on [`ann`].
async fn after(wire: &Wire, operation: Value, attribute: &str) -> Value {
    let path = format!("/Users/{}", id(&wire.post("/Users", ann()).await.expect(201)));
    let answer = wire.patch(&path, json!([operation])).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.text);
    let changed = answer.json();
    assert_eq!(wire.read(&path).await, changed, "{operation}: what is answered is what is kept");
    wire.delete(&path).await.expect(204);
    changed[attribute].clone()
}

both! {
    async fn simple_and_complex_attributes(server) {
        let wire = Wire::new(&server);
        for (operation, attribute, wanted) in [
            (json!({"op": "add", "path": "title", "value": "Mate"}), "title", json!("Mate")),
            (json!({"op": "replace", "path": "nickName", "value": "A"}), "nickName", json!("A")),
            (json!({"op": "remove", "path": "title"}), "title", Value::Null),
            (json!({"op": "remove", "path": "/title"}), "title", Value::Null),
            (json!({"op": "replace", "path": format!("{USER}:title"), "value": "Mate"}), "title", json!("Mate")),
            (json!({"op": "add", "path": "name", "value": {"givenName": "A"}}), "name", json!({"givenName": "A", "familyName": "Lee"})),
            (json!({"op": "replace", "path": "name", "value": {"givenName": "A"}}), "name", json!({"givenName": "A", "familyName": "Lee"})),
            (json!({"op": "replace", "path": "name.familyName", "value": "B"}), "name", json!({"givenName": "Ann", "familyName": "B"})),
            (json!({"op": "remove", "path": "name.familyName"}), "name", json!({"givenName": "Ann"})),
            (json!({"op": "remove", "path": "name"}), "name", Value::Null),
            (json!({"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "Sea"}), ENTERPRISE,
                json!({"department": "Sea", "employeeNumber": "1"})),
            (json!({"op": "remove", "path": ENTERPRISE}), ENTERPRISE, Value::Null),
            (json!({"op": "remove", "path": ENTERPRISE}), "schemas", json!([USER])),
            (json!({"op": "add", "path": ENTERPRISE, "value": {"division": "D"}}), ENTERPRISE,
                json!({"department": "Ops", "employeeNumber": "1", "division": "D"})),
            (json!({"op": "add", "path": "odd", "value": {"x": [1]}}), "odd", json!({"x": [1]})),
        ] {
            assert_eq!(after(&wire, operation.clone(), attribute).await, wanted, "{operation}");
        }
    }

    async fn attributes_with_many_values(server) {
        let wire = Wire::new(&server);
        let (work, home) = (json!({"value": "w@x.io", "type": "work", "primary": true}), json!({"value": "h@x.io", "type": "home"}));
        let other = json!({"value": "o@x.io"});
        let no_longer_primary = json!({"value": "w@x.io", "type": "work", "primary": false});
        for (operation, wanted) in [
            (json!({"op": "add", "path": "emails", "value": [other]}), json!([work, home, other])),
            (json!({"op": "add", "path": "emails", "value": other}), json!([work, home, other])),
            (json!({"op": "add", "path": "emails", "value": [home]}), json!([work, home])),
            (json!({"op": "add", "path": "emails", "value": [{"value": "H@X.IO"}]}), json!([work, home])),
            (json!({"op": "add", "path": "emails", "value": [{"value": "p@x.io", "primary": true}]}),
                json!([no_longer_primary, home, {"value": "p@x.io", "primary": true}])),
            (json!({"op": "replace", "path": "emails", "value": [other]}), json!([other])),
            (json!({"op": "replace", "path": "emails", "value": other}), json!([other])),
            (json!({"op": "replace", "path": "emails", "value": []}), Value::Null),
            (json!({"op": "remove", "path": "emails"}), Value::Null),
            (json!({"op": "remove", "path": "emails", "value": [{"value": "w@x.io"}]}), json!([home])),
            (json!({"op": "remove", "path": "emails", "value": []}), json!([work, home])),
            (json!({"op": "remove", "path": "emails[type eq \"work\"]"}), json!([home])),
            (json!({"op": "remove", "path": "emails[type eq \"work\" or value sw \"h\"]"}), Value::Null),
            (json!({"op": "remove", "path": "emails[type eq \"fax\"]"}), json!([work, home])),
            (json!({"op": "remove", "path": "emails[type eq \"work\"].primary"}), json!([{"value": "w@x.io", "type": "work"}, home])),
            (json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "n@x.io"}), json!([work, {"value": "n@x.io", "type": "home"}])),
            (json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"display": "H"}}),
                json!([work, {"value": "h@x.io", "type": "home", "display": "H"}])),
            (json!({"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}),
                json!([no_longer_primary, {"value": "h@x.io", "type": "home", "primary": true}])),
        ] {
            assert_eq!(after(&wire, operation.clone(), "emails").await, wanted, "{operation}");
        }
    }

    async fn members(server) {
        let wire = Wire::new(&server);
        let mut ids = Vec::new();
        for name in ["ann", "bob", "cat"] {
            ids.push(wire.user(name).await);
        }
        let [ann, bob, cat] = ids.clone().try_into().unwrap();
        let list = |ids: &[&String]| -> Value { ids.iter().map(|id| json!({"value": id})).collect() };
        for (operation, wanted) in [
            (json!({"op": "add", "path": "members", "value": list(&[&cat])}), vec![&ann, &bob, &cat]),
            (json!({"op": "add", "path": "members", "value": list(&[&ann, &ann])}), vec![&ann, &bob]),
            (json!({"op": "add", "value": {"members": [{"display": "c", "$ref": format!("https://h/scim/Users/{cat}"), "value": cat}]}}), vec![&ann, &bob, &cat]),
            (json!({"op": "replace", "path": "members", "value": list(&[&cat])}), vec![&cat]),
            (json!({"op": "replace", "value": {"members": list(&[&bob, &cat])}}), vec![&bob, &cat]),
            (json!({"op": "replace", "path": "members", "value": []}), vec![]),
            (json!({"op": "remove", "path": "members"}), vec![]),
            (json!({"op": "remove", "path": format!("members[value eq \"{ann}\"]")}), vec![&bob]),
            (json!({"op": "remove", "path": format!("members[value eq \"{ann}\" or value eq \"{bob}\"]")}), vec![]),
            (json!({"op": "remove", "path": format!("members[value ne \"{ann}\"]")}), vec![&ann]),
            (json!({"op": "remove", "path": "members[type eq \"Group\"]"}), vec![&ann, &bob]),
            (json!({"op": "remove", "path": "members[type eq \"User\"]"}), vec![]),
            (json!({"op": "remove", "path": format!("members[value eq \"{cat}\"]")}), vec![&ann, &bob]),
        ] {
            let group = wire.group("Crew", &[&ann, &bob]).await;
            let path = format!("/Groups/{group}");
            wire.patch(&path, json!([operation])).await.expect(200);
            let mut wanted: Vec<String> = wanted.into_iter().cloned().collect();
            wanted.sort();
            assert_eq!(wire.members(&group).await, wanted, "{operation}");
            wire.delete(&path).await.expect(204);
        }
        // As many at once as any profile asks for, each with an operation of its own.
        let group = wire.group("Crew", &[]).await;
        let operations: Vec<Value> = ids.iter().cycle().take(60).enumerate().map(|(number, id)| {
            let path = format!("members[value eq \"{id}\"]");
            if number % 2 == 0 { json!({"op": "add", "path": "members", "value": [{"value": id}]}) } else { json!({"op": "remove", "path": path}) }
        }).collect();
        let answer = wire.patch(&format!("/Groups/{group}"), json!(operations)).await.expect(200);
        assert_eq!(answer.json()["members"].as_array().unwrap().len(), 1, "the last word counts: {}", answer.text);
    }
}
