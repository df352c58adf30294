//! Okta's users: applications from its catalogue activate with PATCH, custom ones with PUT.

use serde_json::{Value, json};

use super::Transcript;
use crate::scim::wire::{USER, id};
use crate::support::TestServer;
use crate::support::client::Client;
use crate::support::server::SCIM_TOKEN;

const AGENT: &str = "Okta SCIM Client 1.0.0";

fn okta(server: &TestServer) -> Client {
    server.scim().with("user-agent", AGENT)
}

/// What Okta sends for a new assignment.
fn ann() -> Value {
    json!({
        "schemas": [USER], "userName": "ann@x.io", "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"primary": true, "value": "ann@x.io", "type": "work"}], "displayName": "Ann Lee",
        "locale": "en-US", "externalId": "00ub0oNGTSWTBKOLGLNR", "groups": [], "password": "1mz050nq", "active": true,
    })
}

both! {
    async fn catalogue_application(server) {
        let mut okta = Transcript::new(okta(&server));
        okta.get("/Users?startIndex=1&count=1").await.expect(200);
        okta.get("/Users?filter=userName%20eq%20%22ann%40x.io%22&startIndex=1&count=100").await.expect(200);
        let path = format!("/Users/{}", id(&okta.post("/Users", ann()).await.expect(201)));
        okta.get(&path).await.expect(200);
        // A profile push of an application that takes PATCH.
        okta.patch(&path, json!([{"op": "replace", "value": {
            "name": {"givenName": "Anna"}, "displayName": "Anna Lee", "title": "Pilot"}}])).await.expect(200);
        okta.patch(&path, json!([{"op": "replace", "value": {"active": false}}])).await.expect(200);
        // Assigned again: it looks for the user, finds them, and activates the same one.
        let found = okta.get("/Users?filter=userName eq \"ann@x.io\"&startIndex=1&count=100").await.expect(200).json();
        assert_eq!(found["Resources"][0]["active"], false, "whoever was unassigned is still there");
        okta.patch(&path, json!([{"op": "replace", "value": {"active": true}}])).await.expect(200);
        // The same once more changes nothing: the version stays.
        okta.patch(&path, json!([{"op": "replace", "value": {"active": true}}])).await.expect(200);
        okta.finish("okta-catalogue");
    }

    async fn custom_application(server) {
        // "HTTP header" as the way to sign in: the token without the word Bearer.
        let bare = server.anonymous().with("authorization", SCIM_TOKEN).with("user-agent", AGENT);
        let mut okta = Transcript::new(bare);
        let mut whole = okta.post("/Users", ann()).await.expect(201).json();
        let path = format!("/Users/{}", whole["id"].as_str().unwrap());
        // It reads the user, changes what it knows and sends everything back: id, meta and groups as well.
        whole = okta.get(&path).await.expect(200).json();
        whole["name"]["familyName"] = "Leigh".into();
        whole["displayName"] = "Ann Leigh".into();
        whole["groups"] = json!([]);
        okta.put(&path, whole.clone()).await.expect(200);
        for active in [false, true] {
            whole = okta.get(&path).await.expect(200).json();
            whole["active"] = active.into();
            okta.put(&path, whole.clone()).await.expect(200);
        }
        // Nothing new: no new version.
        okta.put(&path, whole).await.expect(200);
        okta.finish("okta-custom");
    }

    async fn import_reads_all_pages_in_order(server) {
        let mut okta = Transcript::new(okta(&server));
        for number in 1..=5 {
            let user = json!({"schemas": [USER], "userName": format!("u{number}@x.io"), "active": true});
            okta.wire.post("/Users", user).await.expect(201);
        }
        for start in [1, 3, 5, 7] {
            okta.get(&format!("/Users?startIndex={start}&count=2")).await.expect(200);
        }
        okta.get("/Groups?startIndex=1&count=100").await.expect(200);
        okta.finish("okta-import");
    }

    async fn what_is_refused(server) {
        let mut okta = Transcript::new(okta(&server));
        okta.post("/Users", ann()).await.expect(201);
        okta.post("/Users", ann()).await.expect(409);
        let mut other = ann();
        other["userName"] = "ANN@X.IO".into();
        other["externalId"] = "00uOther".into();
        okta.post("/Users", other.clone()).await.expect(409);
        other["userName"] = "bea@x.io".into();
        other["externalId"] = ann()["externalId"].clone();
        okta.post("/Users", other).await.expect(409);
        okta.get("/Users/00919288221112222").await.expect(404);
        for client in [server.anonymous(), server.anonymous().with("authorization", "Bearer wrong")] {
            okta.as_client(client);
            okta.get("/Users?filter=userName eq \"ann@x.io\"").await.expect(401);
        }
        okta.post("/Users", ann()).await.expect(401);
        okta.finish("okta-refused");
    }
}
