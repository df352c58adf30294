//! `attributes` and `excludedAttributes`, on every verb.

use serde_json::{Value, json};

use crate::scim::wire::{ENTERPRISE, USER, Wire, id};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn ann() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"}, "title": "Pilot",
        "emails": [{"value": "ann@x.io", "type": "work"}], ENTERPRISE: {"department": "Ops", "employeeNumber": "1"},
    })
}

both! {
    async fn on_every_verb(server) {
        let wire = Wire::new(&server);
        let only = "attributes=title,name.givenName";
        let made = wire.post(&format!("/Users?{only}"), ann()).await.expect(201);
        let path = format!("/Users/{}", id(&made));
        let patch = json!([{"op": "replace", "path": "locale", "value": "en"}]);
        let answers = [
            made.json(), wire.read(&format!("{path}?{only}")).await, wire.read(&format!("/Users?{only}")).await["Resources"][0].clone(),
            wire.put(&format!("{path}?{only}"), ann()).await.expect(200).json(),
            wire.patch(&format!("{path}?{only}"), patch.clone()).await.expect(200).json(),
            wire.post("/Users/.search", json!({"attributes": ["title", "name.givenName"]})).await.expect(200).json()["Resources"][0].clone(),
            wire.post("/.search", json!({"attributes": "title,name.givenName"})).await.expect(200).json()["Resources"][0].clone(),
            wire.read(&format!("?{only}")).await["Resources"][0].clone(),
        ];
        for answer in answers {
            assert_eq!(keys(&answer), ["id", "name", "schemas", "title"], "{answer}");
            assert_eq!(answer["name"], json!({"givenName": "Ann"}));
        }
        let but = "excludedAttributes=title,name.familyName,meta,id,schemas";
        let second = wire.post(&format!("/Users?{but}"), json!({"userName": "bob", "title": "x"})).await.expect(201).json();
        assert_eq!(keys(&second), ["active", "id", "schemas", "userName"], "what is always returned stays");
        for answer in [
            wire.read(&format!("{path}?{but}")).await, wire.put(&format!("{path}?{but}"), ann()).await.expect(200).json(),
            wire.patch(&format!("{path}?{but}"), patch).await.expect(200).json(),
        ] {
            assert!(answer.get("title").is_none() && answer.get("meta").is_none(), "{answer}");
            assert_eq!((&answer["name"], &answer["userName"]), (&json!({"givenName": "Ann"}), &json!("ann")));
        }
    }

    async fn in_every_spelling(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", id(&wire.post("/Users", ann()).await.expect(201)));
        for (query, wanted) in [
            ("attributes= TITLE , username".into(), vec!["id", "schemas", "title", "userName"]),
            (format!("attributes={USER}:title"), vec!["id", "schemas", "title"]),
            (format!("attributes={ENTERPRISE}:department"), vec!["id", "schemas", ENTERPRISE]),
            (format!("attributes={ENTERPRISE}"), vec!["id", "schemas", ENTERPRISE]),
            ("attributes=nosuch,title".into(), vec!["id", "schemas", "title"]),
            ("attributes=title&excludedAttributes=title".into(), vec!["id", "schemas", "title"]),
            ("attributes=emails.value".into(), vec!["emails", "id", "schemas"]),
            ("attributes=meta.version".into(), vec!["id", "meta", "schemas"]),
            ("attributes=password".into(), vec!["id", "schemas"]),
        ] {
            let answer = wire.client.get(&format!("/scim/v2{path}?{query}")).await.expect(200).json();
            assert_eq!(keys(&answer), wanted, "{query}");
        }
        let all = wire.read(&format!("{path}?attributes=")).await;
        assert_eq!(all["userName"], "ann", "an empty list is none");
        let part = wire.read(&format!("{path}?attributes={ENTERPRISE}:department")).await;
        assert_eq!(part[ENTERPRISE], json!({"department": "Ops"}));
        let part = wire.read(&format!("{path}?excludedAttributes={ENTERPRISE}:department,emails.type")).await;
        assert_eq!((&part[ENTERPRISE], &part["emails"]), (&json!({"employeeNumber": "1"}), &json!([{"value": "ann@x.io"}])));
    }

    async fn of_members(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let crew = wire.group("Crew", &[&ann]).await;
        let path = format!("/Groups/{crew}");
        let members = async |query: &str| wire.read(&format!("{path}{query}")).await.get("members").cloned();
        let reference = format!("http://burgee.test/scim/v2/Users/{ann}");
        let default = json!([{"value": ann, "$ref": reference, "type": "User"}]);
        assert_eq!(members("").await, Some(default.clone()));
        assert_eq!(members("?attributes=members").await.unwrap()[0]["value"], ann.as_str());
        assert_eq!(members("?attributes=members.value").await, Some(json!([{"value": ann}])));
        assert_eq!(members("?attributes=members.display").await, Some(json!([{"display": "ann"}])));
        assert_eq!(members("?excludedAttributes=members.$ref,members.type").await, Some(json!([{"value": ann}])));
        for without in ["?attributes=displayName", "?excludedAttributes=members", "?excludedattributes=MEMBERS"] {
            assert_eq!(members(without).await, None, "{without}");
        }
        let listed = wire.read("/Groups?excludedAttributes=members").await;
        assert_eq!(listed["Resources"][0].get("members"), None);
        let empty = wire.group("Nobody", &[]).await;
        assert_eq!(wire.read(&format!("/Groups/{empty}")).await["members"], json!([]), "asked for, and none: an empty list");
        // Groups of a user, derived.
        assert_eq!(wire.read(&format!("/Users/{ann}?attributes=groups.display")).await["groups"], json!([{"display": "Crew"}]));
        assert_eq!(wire.read(&format!("/Users/{ann}?excludedAttributes=groups")).await.get("groups"), None);
    }
}
