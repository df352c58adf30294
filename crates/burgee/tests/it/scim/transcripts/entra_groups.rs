//! Microsoft Entra ID's groups: looked up without members, filled one member at a time, never read again.

use serde_json::{Value, json};

use super::Transcript;
use crate::scim::wire::{GROUP, id};

const LEGACY: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// A member as Entra writes it.
fn one(id: &str) -> Value {
    json!([{ "$ref": null, "value": id }])
}

both! {
    async fn group_cycle(server) {
        let mut entra = Transcript::new(server.scim());
        let mut users = Vec::new();
        for name in ["ann@x.io", "bob@x.io"] {
            users.push(id(&entra.post("/Users", json!({"userName": name, "externalId": name, "active": true})).await.expect(201)));
        }
        entra.get("/Groups?excludedAttributes=members&filter=displayName eq \"Pilots\"").await.expect(200);
        let group = id(&entra.post("/Groups", json!({
            "schemas": [GROUP, LEGACY], "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Pilots",
            "meta": {"resourceType": "Group"},
        })).await.expect(201));
        let path = format!("/Groups/{group}");
        entra.get(&format!("{path}?excludedAttributes=members")).await.expect(200);
        let probe = |user: &str| format!("/Groups?filter=id eq \"{group}\" and members eq \"{user}\"&attributes=id");
        assert_eq!(entra.get(&probe(&users[0])).await.expect(200).json()["totalResults"], 0);
        for user in &users {
            entra.patch(&path, json!([{"op": "Add", "path": "members", "value": one(user)}])).await.expect(204);
        }
        assert_eq!(entra.get(&probe(&users[0])).await.expect(200).json()["totalResults"], 1);
        // The same again: still there once.
        entra.patch(&path, json!([{"op": "Add", "path": "members", "value": one(&users[0])}])).await.expect(204);
        entra.get(&path).await.expect(200);
        entra.patch(&path, json!([{"op": "Remove", "path": "members", "value": one(&users[0])}])).await.expect(204);
        entra.get(&path).await.expect(200);
        entra.patch(&path, json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", users[1])}])).await.expect(200);
        entra.patch(&path, json!([{"op": "Replace", "path": "displayName", "value": "Pilots EU"}])).await.expect(204);
        entra.get(&format!("{path}?excludedAttributes=members")).await.expect(200);
        entra.delete(&path).await.expect(204);
        entra.get(&format!("{path}?excludedAttributes=members")).await.expect(404);
        entra.finish("entra-groups");
    }

    async fn an_answer_is_given_when_attributes_are_asked_for(server) {
        let mut entra = Transcript::new(server.scim());
        let ann = entra.wire.user("ann@x.io").await;
        let path = format!("/Groups/{}", id(&entra.post("/Groups", json!({"displayName": "Pilots"})).await.expect(201)));
        let add = json!([{"op": "Add", "path": "members", "value": one(&ann)}]);
        entra.patch(&format!("{path}?attributes=displayName"), add).await.expect(200);
        entra.finish("entra-groups-attributes");
    }
}
