//! Connections beside each other: which one a call acts on, how each is set up, and what none can do to another.

use burgee::access::{Administer, Granted, Root};
use burgee::db::Json;
use burgee::events::Change;
use burgee::provisioning::connection::{
    self, Connection, Network, NewToken, OnMatch, PatchAnswer, Provider, Setup, Strictness, UnknownMembers,
};
use serde_json::json;

use super::wire::ERROR;
use crate::support::TestServer;
use crate::support::client::{Answer, Client};

/// A change by the operator.
async fn change(server: &TestServer) -> Change {
    let grant = Granted::<Administer>::system("test", Root);
    server.app.db.change(&grant, server.app.clock.now()).await.unwrap()
}

/// A connection that is on, and its token.
pub async fn open(server: &TestServer, setup: &Setup) -> (Connection, String) {
    let mut tx = change(server).await;
    let made = connection::create(&mut tx, setup).await.unwrap();
    connection::enable(&mut tx, made.id, true).await.unwrap();
    let (_, secret) =
        connection::issue(&mut tx, &server.app.entropy, made.id, NewToken::default()).await.unwrap();
    tx.commit().await.unwrap();
    (made, secret)
}

/// A connection that is on, and whoever holds its token.
pub async fn connect(server: &TestServer, setup: &Setup) -> (Connection, Client) {
    let (made, secret) = open(server, setup).await;
    (made, server.anonymous().with("authorization", &format!("Bearer {secret}")))
}

pub async fn configure(server: &TestServer, id: i64, setup: &Setup) {
    let mut tx = change(server).await;
    connection::configure(&mut tx, id, None, setup).await.unwrap();
    tx.commit().await.unwrap();
}

/// Insists on a refusal in SCIM's shape.
#[track_caller]
fn refused(answer: Answer, status: u16, about: &str) -> Answer {
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let body = answer.json();
    assert_eq!(body["schemas"], json!([ERROR]));
    assert_eq!(body["status"], status.to_string());
    assert!(body["detail"].as_str().unwrap().contains(about), "{body}");
    answer
}

both! {
    async fn the_token_decides_and_every_mount_point_names_itself(server) {
        let (_, acme) = connect(&server, &Setup::named("Acme", "acme", Provider::Okta)).await;
        let made = acme.post("/scim/Users", json!({ "userName": "ann@acme.test" })).await.expect(201).json();
        let id = made["id"].as_str().unwrap();
        for mount in ["/scim", "/scim/v2", "/scim/c/acme", "/scim/v2/c/acme", "/api/scim", "/api/scim/v2"] {
            let path = format!("{mount}/Users/{id}");
            let shown = acme.get(&path).await.expect(200).json();
            assert_eq!(shown["meta"]["location"], format!("http://burgee.test{path}"));
            server.scim().get(&path).await.expect(if mount.contains("/c/") { 401 } else { 404 });
        }
        for other in ["/scim/c/default/Users", "/scim/v2/c/nobody/Users", "/scim/c/ACME/Users"] {
            refused(acme.get(other).await, 401, "token");
        }
        refused(acme.get("/scim/c").await, 404, "path");
    }

    async fn each_connection_is_set_up_by_itself(server) {
        let usual = Setup::named("Acme", "acme", Provider::Generic);
        let (it, acme) = connect(&server, &usual).await;

        // Strict: what every deployed client does is refused, and discovery says so to whoever asks as this connection.
        configure(&server, it.id, &Setup { mode: Strictness::Strict, ..usual.clone() }).await;
        let odd = json!({ "userName": "odd@acme.test", "favouriteColour": "blue" });
        acme.post("/scim/Users", odd.clone()).await.expect(400);
        let config = acme.get("/scim/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(config["interopProfileConformant"], true);
        let config = server.anonymous().get("/scim/ServiceProviderConfig").await.expect(200).json();
        assert!(config.get("interopProfileConformant").is_none());
        server.scim().post("/scim/Users", json!({ "userName": "odd@b.test", "favouriteColour": "red" })).await.expect(201);
        configure(&server, it.id, &usual).await;
        let user = acme.post("/scim/Users", odd).await.expect(201).json();
        let user = user["id"].as_str().unwrap().to_owned();

        // How a PATCH is answered.
        let operation = |value: &str| json!({ "Operations": [{ "op": "replace", "path": "title", "value": value }] });
        let path = format!("/scim/Users/{user}");
        acme.patch(&path, operation("a")).await.expect(200);
        configure(&server, it.id, &Setup { patch_answer: PatchAnswer::Empty, ..usual.clone() }).await;
        assert_eq!(acme.patch(&path, operation("b")).await.expect(204).text, "");
        acme.patch(&format!("{path}?attributes=title"), operation("c")).await.expect(200);
        configure(&server, it.id, &Setup { patch_answer: PatchAnswer::Resource, ..usual.clone() }).await;
        let group = acme.post("/scim/Groups", json!({ "displayName": "Pilots" })).await.expect(201).json();
        let group = format!("/scim/Groups/{}", group["id"].as_str().unwrap());
        let entra = json!({ "Operations": [{ "op": "Add", "path": "members", "value": [{ "value": user }] }] });
        acme.patch(&group, entra.clone()).await.expect(200);
        configure(&server, it.id, &usual).await;
        acme.patch(&group, entra).await.expect(204);

        // Members whom the connection does not know.
        let stranger = server.push_user(json!({ "userName": "stranger@b.test" })).await;
        let add = |ids: [&str; 3]| {
            let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
            json!({ "Operations": [{ "op": "add", "path": "members", "value": members }] })
        };
        let members = |answer: Answer| answer.expect(200).json()["members"].as_array().unwrap().len();
        assert_eq!(members(acme.patch(&group, add([&stranger, &user, "nobody"])).await), 1);
        configure(&server, it.id, &Setup { unknown_members: UnknownMembers::Reject, ..usual.clone() }).await;
        refused(acme.patch(&group, add([&user, &user, &stranger])).await, 400, &stranger);
        assert_eq!(members(acme.patch(&group, add([&user, &user, &user])).await), 1);
        let body = json!({ "displayName": "Crew", "members": [{ "value": stranger }] });
        refused(acme.post("/scim/Groups", body).await, 400, &stranger);
        assert_eq!(acme.get("/scim/Groups?filter=displayName eq \"Crew\"").await.json()["totalResults"], 0);

        // Whoever is here already.
        let hand = json!({ "username": "hand", "email": "hand@acme.test", "rootRole": "Editor" });
        let hand = server.admin().post("/api/admin/user-admin", hand).await.expect(201).json();
        server.admin().post("/api/admin/groups", json!({ "name": "By hand" })).await.expect(201);
        configure(&server, it.id, &Setup { on_match: OnMatch::Conflict, ..usual.clone() }).await;
        for body in [
            json!({ "userName": "HAND" }),
            json!({ "userName": "hand@acme.test" }),
            json!({ "userName": "other", "emails": [{ "value": "Hand@acme.test", "primary": true }] }),
        ] {
            refused(acme.post("/scim/Users", body).await, 409, "managed by hand");
        }
        refused(acme.post("/scim/Groups", json!({ "displayName": "by HAND" })).await, 409, "managed by hand");
        configure(&server, it.id, &usual).await;
        acme.post("/scim/Users", json!({ "userName": "hand" })).await.expect(201);
        acme.post("/scim/Groups", json!({ "displayName": "by hand" })).await.expect(201);

        // What it manages is locked while it is on, whatever the default connection is.
        let path = format!("/api/admin/user-admin/{}", hand["id"]);
        server.admin().put(&path, json!({ "name": "Changed" })).await.expect(403);
        let mut tx = change(&server).await;
        connection::enable(&mut tx, it.id, false).await.unwrap();
        tx.commit().await.unwrap();
        server.admin().put(&path, json!({ "name": "Changed" })).await.expect(200);
        refused(acme.get("/scim/Users").await, 401, "switched off");
    }

    async fn a_connection_says_when_and_whence_it_takes_calls(server) {
        let usual = Setup::named("Acme", "acme", Provider::Entra);
        let (it, acme) = connect(&server, &usual).await;
        let networks = |list: &[&str]| Json(list.iter().map(|text| Network::parse(text).unwrap()).collect());
        configure(&server, it.id, &Setup { networks: networks(&["192.0.2.0/24", "2001:db8::/32"]), ..usual.clone() }).await;
        refused(acme.get("/scim/Users").await, 403, "network");
        let elsewhere = acme.with("x-forwarded-for", "192.0.2.7");
        refused(elsewhere.get("/scim/Users").await, 403, "network");
        configure(&server, it.id, &Setup { networks: networks(&["192.0.2.0/24", "127.0.0.0/8"]), ..usual.clone() }).await;
        acme.get("/scim/Users").await.expect(200);

        let mut tx = change(&server).await;
        connection::pause(&mut tx, it.id, true).await.unwrap();
        tx.commit().await.unwrap();
        let answer = refused(acme.post("/scim/Users", json!({ "userName": "late" })).await, 503, "paused");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        server.scim().get("/scim/Users").await.expect(200);
        let mut tx = change(&server).await;
        connection::pause(&mut tx, it.id, false).await.unwrap();
        tx.commit().await.unwrap();

        configure(&server, it.id, &Setup { rate: Some(3), ..usual.clone() }).await;
        let mut answers = Vec::new();
        for _ in 0..30 {
            answers.push(acme.get("/scim/Users?count=0").await);
        }
        let slowed = answers.into_iter().find(|answer| answer.status != 200).expect("no limit");
        let slowed = refused(slowed, 429, "Too many");
        assert_eq!(slowed.header("retry-after"), "1");
        server.scim().get("/scim/Users").await.expect(200);
        configure(&server, it.id, &usual).await;
        acme.get("/scim/Users").await.expect(200);

        let events = server.events("scim-connection-updated").await;
        assert_eq!(events.len(), 6);
        assert_eq!(events[0]["preData"]["rate"], 3);
        assert_eq!(events[0]["data"]["name"], "Acme");
        assert_eq!(events[5]["data"]["networks"], json!(["192.0.2.0/24", "2001:db8::/32"]));
    }
}
