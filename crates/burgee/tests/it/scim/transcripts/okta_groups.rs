//! Okta's Group Push.

use serde_json::{Value, json};

use super::Transcript;
use crate::scim::wire::{GROUP, id};
use crate::support::TestServer;

/// Two users, made without leaving a trace in the transcript but their names.
async fn people(okta: &mut Transcript) -> [String; 2] {
    let mut ids = Vec::new();
    for name in ["ann@x.io", "bob@x.io"] {
        let body = json!({"userName": name, "displayName": name, "active": true});
        let made = okta.wire.post("/Users", body).await.expect(201).json();
        okta.learn(&made);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    ids.try_into().unwrap()
}

fn okta(server: &TestServer) -> Transcript {
    Transcript::new(server.scim().with("user-agent", "Okta SCIM Client 1.0.0"))
}

fn pilots(members: &Value) -> Value {
    json!({"schemas": [GROUP], "displayName": "Pilots", "members": members})
}

both! {
    async fn push_of_a_catalogue_application(server) {
        let mut okta = okta(&server);
        let [ann, bob] = people(&mut okta).await;
        let group = id(&okta.post("/Groups", pilots(&json!([]))).await.expect(201));
        let path = format!("/Groups/{group}");
        okta.get("/Groups?filter=displayName%20eq%20%22Pilots%22&startIndex=1&count=100").await.expect(200);
        okta.patch(&path, json!([{"op": "add", "path": "members", "value": [{"value": ann, "display": "ann@x.io"}]}]))
            .await.expect(200);
        okta.patch(&path, json!([
            {"op": "remove", "path": format!("members[value eq \"{ann}\"]")},
            {"op": "add", "path": "members", "value": [{"value": bob, "display": "bob@x.io"}]},
        ])).await.expect(200);
        // A rename carries the id, alone and together with a change of members.
        okta.patch(&path, json!([{"op": "replace", "value": {"id": group, "displayName": "Pilots EU"}}])).await.expect(200);
        okta.patch(&path, json!([
            {"op": "replace", "value": {"id": group, "displayName": "Pilots UK"}},
            {"op": "add", "path": "members", "value": [{"value": ann, "display": "ann@x.io"}]},
        ])).await.expect(200);
        // "Push now" replaces all members, and there may be none.
        okta.patch(&path, json!([{"op": "replace", "path": "members", "value": [{"value": bob, "display": "bob@x.io"}]}]))
            .await.expect(200);
        okta.patch(&path, json!([{"op": "replace", "path": "members", "value": []}])).await.expect(200);
        okta.get(&path).await.expect(200);
        // Unlinked, and deleted at the target.
        okta.delete(&path).await.expect(204);
        okta.get(&path).await.expect(404);
        okta.finish("okta-group-push");
    }

    async fn push_of_a_custom_application(server) {
        let mut okta = okta(&server);
        let [ann, bob] = people(&mut okta).await;
        let group = id(&okta.post("/Groups", pilots(&json!([{"value": ann, "display": "ann@x.io"}]))).await.expect(201));
        let path = format!("/Groups/{group}");
        let mut whole = okta.get(&path).await.expect(200).json();
        whole["members"] = json!([{"value": ann, "display": "ann@x.io"}, {"value": bob, "display": "bob@x.io"}]);
        okta.put(&path, whole.clone()).await.expect(200);
        whole["displayName"] = "Pilots EU".into();
        whole["members"] = json!([{"value": bob, "display": "bob@x.io"}]);
        okta.put(&path, whole.clone()).await.expect(200);
        okta.put(&path, whole.clone()).await.expect(200);
        whole["members"] = json!([]);
        okta.put(&path, whole).await.expect(200);
        okta.delete(&path).await.expect(204);
        okta.finish("okta-group-put");
    }

    async fn a_linked_group_of_the_same_name_is_refused(server) {
        let mut okta = okta(&server);
        okta.post("/Groups", pilots(&json!([]))).await.expect(201);
        okta.post("/Groups", pilots(&json!([]))).await.expect(409);
        okta.post("/Groups", json!({"schemas": [GROUP], "displayName": "PILOTS"})).await.expect(409);
        okta.get("/Groups?startIndex=1&count=100").await.expect(200);
        okta.finish("okta-group-refused");
    }

    async fn import_of_groups_brings_their_members(server) {
        let mut okta = okta(&server);
        let [ann, bob] = people(&mut okta).await;
        okta.post("/Groups", pilots(&json!([{"value": ann}, {"value": bob}]))).await.expect(201);
        okta.post("/Groups", json!({"schemas": [GROUP], "displayName": "Crew"})).await.expect(201);
        okta.get("/Groups?startIndex=1&count=100").await.expect(200);
        okta.get(&format!("/Users/{ann}")).await.expect(200);
        okta.finish("okta-group-import");
    }
}
