//! No connection reaches what another manages, nor what people manage by hand, by whatever it sends.

use burgee::provisioning::connection::{OnMatch, Provider, Setup};
use reqwest::Method;
use serde_json::{Value, json};

use super::connections::{configure, connect};
use crate::scim_rules::world::{id_of, refs};
use crate::support::TestServer;
use crate::support::client::Client;

const JSON: &str = "application/scim+json";

fn named(name: &str) -> Setup {
    Setup::named(name, name, Provider::Generic)
}

async fn make(client: &Client, path: &str, body: Value) -> String {
    id_of(&client.post(path, body).await.expect(201).json())
}

/// The state of an account, for comparison.
async fn account(server: &TestServer, name: &str) -> Vec<Option<String>> {
    let sql = format!(
        "SELECT u.id, u.name, u.username, u.email, u.active, u.root_role_id, s.connection_id, s.external_id
         FROM users u LEFT JOIN scim_users s ON s.user_id = u.id WHERE u.username = '{name}'"
    );
    server.rows(&sql).await.remove(0)
}

both! {
    async fn what_another_connection_manages_does_not_exist(server) {
        let (_, acme) = connect(&server, &named("acme")).await;
        let (it, rival) = connect(&server, &named("rival")).await;
        let ann = make(&acme, "/scim/Users", json!({
            "userName": "ann@acme.test", "externalId": "e1", "displayName": "Ann",
            "emails": [{ "value": "ann@acme.test", "type": "work", "primary": true }],
        })).await;
        let crew = make(&acme, "/scim/Groups", json!({ "displayName": "Crew", "externalId": "g1", "members": refs(&[&ann]) })).await;
        let before = account(&server, "ann@acme.test").await;

        // Whatever a resource takes, in earnest, in a dry run and without waiting, is answered as for ids that nobody has.
        let receiver = json!({ "name": "all", "delivery": "poll", "audience": "all", "events": ["misc:asyncresp"], "connection": null });
        server.admin().post("/api/admin/provisioning/receivers", receiver).await.expect(201);
        let nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        for (noun, id) in [("Users", &ann), ("Groups", &crew)] {
            let options = rival.send(Method::OPTIONS, &format!("/scim/{noun}/{id}"), None, JSON).await.expect(204);
            assert_eq!(options.header("allow"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
            let methods: Vec<Method> = options.header("allow").split(", ").map(|name| name.parse().unwrap()).collect();
            for method in methods.into_iter().filter(|it| *it != Method::OPTIONS) {
                let body = match method.as_str() {
                    "PUT" => Some(json!({ "userName": "x", "displayName": "x", "active": false })),
                    "PATCH" => Some(json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "x" }] })),
                    _ => None,
                };
                for (header, value) in [("x-request-id", "1"), ("burgee-dry-run", "true"), ("prefer", "respond-async")] {
                    let send = async |id: &str| {
                        let body = body.as_ref().map(Value::to_string);
                        let path = format!("/scim/{noun}/{id}");
                        let answer = rival.with(header, value).send(method.clone(), &path, body, JSON).await.expect(404);
                        answer.text.replace(id, "")
                    };
                    assert_eq!(send(id).await, send(nobody).await, "{method} {noun} {header}");
                }
            }
        }

        // The same in bulk, where an operation on its own resources goes on beside it.
        let patch = json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "x" }] });
        let mut operations = vec![json!({ "method": "POST", "path": "/Users", "bulkId": "b", "data": { "userName": "bulk@rival.test" } })];
        for path in [format!("/Users/{ann}"), format!("/Groups/{crew}")] {
            operations.extend([
                json!({ "method": "PUT", "path": path, "data": { "userName": "x", "displayName": "x", "active": false } }),
                json!({ "method": "PATCH", "path": path, "data": patch }),
                json!({ "method": "DELETE", "path": path }),
            ]);
        }
        let answer = rival.post("/scim/Bulk", json!({ "Operations": operations })).await.expect(200).json();
        let results = answer["Operations"].as_array().unwrap();
        let statuses: Vec<&str> = results.iter().map(|it| it["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["201", "404", "404", "404", "404", "404", "404"], "{answer}");
        let own = results[0]["location"].as_str().unwrap().strip_prefix("http://burgee.test").unwrap();
        rival.delete(own).await.expect(204);

        // A place in its lists is none in others.
        acme.post("/scim/Users", json!({ "userName": "zoe@acme.test" })).await.expect(201);
        let page = acme.get("/scim/Users?cursor&count=1").await.expect(200).json();
        let next = format!("/scim/Users?count=1&cursor={}", page["nextCursor"].as_str().unwrap());
        assert_eq!(rival.get(&next).await.expect(400).json()["scimType"], "invalidCursor");
        assert_eq!(acme.get(&next).await.expect(200).json()["Resources"][0]["userName"], "zoe@acme.test");

        // No list and no filter shows it.
        let filters = [
            format!("id eq \"{ann}\""), format!("id eq \"{crew}\""), "userName eq \"ann@acme.test\"".to_owned(),
            "externalId eq \"e1\"".to_owned(), "emails.value co \"acme\"".to_owned(), "displayName pr".to_owned(),
            "displayName eq \"Crew\"".to_owned(), format!("members.value eq \"{ann}\""), format!("members eq \"{ann}\""),
            format!("groups.value eq \"{crew}\""), "not (id eq \"x\")".to_owned(), "meta.created gt \"2000-01-01T00:00:00Z\"".to_owned(),
            "active eq true or active eq false".to_owned(),
        ];
        for noun in ["/Users", "/Groups", ""] {
            let list = rival.get(&format!("/scim{noun}")).await.expect(200).json();
            assert_eq!(list["totalResults"], 0, "{noun}: {list}");
            for filter in &filters {
                let body = json!({ "filter": filter, "count": 1000 });
                let answer = rival.post(&format!("/scim{noun}/.search"), body).await;
                let found = answer.status == 200 && answer.json()["totalResults"] != 0;
                assert!(!found && [200, 400].contains(&answer.status), "{noun} {filter}: {}", answer.text);
            }
        }

        // Its people and groups are no members of others.
        let bob = make(&rival, "/scim/Users", json!({ "userName": "bob@rival.test" })).await;
        let own = make(&rival, "/scim/Groups", json!({ "displayName": "Rivals", "members": refs(&[&bob, &ann, &crew]) })).await;
        let path = format!("/scim/Groups/{own}");
        for operation in [
            json!({ "op": "add", "path": "members", "value": refs(&[&ann, &crew]) }),
            json!({ "op": "replace", "path": "members", "value": refs(&[&bob, &ann, &crew]) }),
            json!({ "op": "add", "value": { "members": refs(&[&ann]) } }),
            json!({ "op": "remove", "path": format!("members[value eq \"{ann}\"]") }),
        ] {
            rival.patch(&path, json!({ "Operations": [operation] })).await.expect(200);
            let members = rival.get(&path).await.json()["members"].clone();
            assert_eq!(members.as_array().map(Vec::len), Some(1), "{operation}: {members}");
        }
        let put = json!({ "displayName": "Rivals", "members": refs(&[&bob, &ann]) });
        assert_eq!(rival.put(&path, put).await.expect(200).json()["members"].as_array().unwrap().len(), 1);
        assert!(acme.get(&format!("/scim/Users/{ann}")).await.json()["groups"].as_array().unwrap().len() == 1);

        // Its names are taken, and its addresses stay where they are.
        for on_match in [OnMatch::Adopt, OnMatch::Conflict] {
            configure(&server, it.id, &Setup { on_match, ..named("rival") }).await;
            rival.post("/scim/Users", json!({ "userName": "ANN@acme.test" })).await.expect(409);
            rival.post("/scim/Groups", json!({ "displayName": "CREW" })).await.expect(409);
            let rename = |name: &str, to: &str| json!({ "Operations": [{ "op": "replace", "path": name, "value": to }] });
            rival.patch(&format!("/scim/Users/{bob}"), rename("userName", "ann@acme.test")).await.expect(409);
            rival.patch(&path, rename("displayName", "crew")).await.expect(409);
            let name = format!("{}@rival.test", on_match.name());
            let body = json!({ "userName": name, "externalId": format!("e1-{}", on_match.name()), "emails": [{ "value": "ann@acme.test", "primary": true }] });
            make(&rival, "/scim/Users", body).await;
            assert_ne!(account(&server, &name).await[3].as_deref(), Some("ann@acme.test"), "the address is somebody else's");
        }
        assert_eq!(account(&server, "ann@acme.test").await, before);
        acme.get(&format!("/scim/Groups/{crew}")).await.expect(200);
    }

    /// What an identity provider calls its people is never taken for one of our own numbers or names.
    async fn external_ids_name_nobody_here(server) {
        let (_, acme) = connect(&server, &named("acme")).await;
        let (_, rival) = connect(&server, &named("rival")).await;
        let admin = account(&server, "admin").await;
        let theirs = make(&acme, "/scim/Users", json!({ "userName": "ann@acme.test" })).await;
        let mut known = vec![admin[0].clone()];
        for (index, external) in ["1", "0", "-1", "admin", "1e0", "null", &theirs, "01ARZ3NDEKTSV4RRFFQ69G5FAV"].iter().enumerate() {
            let name = format!("u{index}@rival.test");
            let body = json!({ "userName": name, "externalId": external, "id": "1", "userId": 1, "isAdmin": true, "rootRole": 1 });
            let id = make(&rival, "/scim/Users", body).await;
            assert!(id != "1" && id != **external);
            let made = account(&server, &name).await;
            assert!(!known.contains(&made[0]), "{external} is somebody who was there");
            assert_eq!(made[5].as_deref(), Some("3"), "a viewer, whatever the body says");
            known.push(made[0].clone());
            let filter = json!({ "filter": format!("externalId eq \"{external}\"") });
            assert_eq!(rival.post("/scim/Users/.search", filter.clone()).await.json()["totalResults"], 1);
            assert_eq!(acme.post("/scim/Users/.search", filter).await.json()["totalResults"], 0);
            if *external != theirs {
                rival.get(&format!("/scim/Users/{external}")).await.expect(404);
            }
        }
        assert_eq!(account(&server, "admin").await, admin);
    }

    async fn who_is_managed_by_hand_stays_so_where_nobody_is_adopted(server) {
        let careful = Setup { on_match: OnMatch::Conflict, ..named("acme") };
        let (_, acme) = connect(&server, &careful).await;
        let boss = json!({ "username": "boss", "email": "boss@acme.test", "rootRole": "Admin", "password": crate::support::server::PASSWORD });
        server.admin().post("/api/admin/user-admin", boss).await.expect(201);
        server.admin().post("/api/admin/groups", json!({ "name": "Admins", "rootRole": 1 })).await.expect(201);
        let (admin, before) = (account(&server, "admin").await, account(&server, "boss").await);
        let ann = make(&acme, "/scim/Users", json!({ "userName": "ann" })).await;
        for body in [
            json!({ "userName": "admin", "active": false }),
            json!({ "userName": "BOSS" }),
            json!({ "userName": "boss@acme.test" }),
            json!({ "userName": "x", "emails": [{ "value": "BOSS@acme.test" }] }),
        ] {
            acme.post("/scim/Users", body).await.expect(409);
        }
        acme.post("/scim/Groups", json!({ "displayName": "admins", "members": refs(&[&ann]) })).await.expect(409);
        let rename = |name: &str, to: Value| json!({ "Operations": [{ "op": "replace", "path": name, "value": to }] });
        let path = format!("/scim/Users/{ann}");
        acme.patch(&path, rename("userName", json!("boss"))).await.expect(409);
        acme.patch(&path, rename("emails", json!([{ "value": "boss@acme.test", "primary": true }]))).await.expect(200);
        assert_eq!(account(&server, "ann").await[3], None, "the address stays with the one who has it");
        assert_eq!((account(&server, "admin").await, account(&server, "boss").await), (admin, before));
        let crew = make(&acme, "/scim/Groups", json!({ "displayName": "Crew", "members": refs(&[&ann]) })).await;
        acme.patch(&format!("/scim/Groups/{crew}"), rename("displayName", json!("Admins"))).await.expect(409);
    }

    async fn no_spelling_of_a_path_or_token_gets_in(server) {
        let (it, _) = connect(&server, &named("acme")).await;
        let anybody = server.anonymous();
        let paths = [
            "/scim/Users", "//scim//Users", "/scim/users/", "/SCIM/Users", "/scim/%55sers", "/scim%2fUsers", "/scim/v2/../Users",
            "/scim/ServiceProviderConfig/../Users", "/scim/ServiceProviderConfig%2f..%2fUsers", "/scim/Schemas/..%2fUsers",
            "/scim/c/acme/Users", "/scim/c/acme%2fUsers", "/scim/c//Users", "/scim/c/%00/Users", "/scim/c/acme;x=1/Users",
            "/scim/Users;ServiceProviderConfig", "/scim/Users?x=/ServiceProviderConfig", "/scim/Users.", "/scim/.search", "/scim/Users%00",
            "/api/scim/Users", "/api/scim/v2/c/acme/Groups", "/oauth/token", "/scim",
        ];
        for path in paths {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let body = (method != Method::GET && method != Method::DELETE).then(|| "{}".to_owned());
                let answer = anybody.send(method.clone(), path, body, JSON).await;
                assert!(answer.status >= 400, "{method} {path}: {} {}", answer.status, answer.text);
                assert!(!answer.text.contains("totalResults"), "{method} {path}: {}", answer.text);
            }
        }
        let secret = crate::support::server::SCIM_TOKEN;
        let rows = server.rows(&format!("SELECT digest, prefix FROM scim_tokens WHERE connection_id = {}", it.id)).await;
        let (digest, prefix) = (rows[0][0].clone().unwrap(), rows[0][1].clone().unwrap());
        for token in [
            "", "Bearer", "Bearer ", &digest, &prefix, &format!("Bearer {digest}"), &secret.to_uppercase(), &secret[..31],
            &format!("{secret} x"), &format!("Basic {secret}"), &format!("Bearer Bearer {secret}"), "Bearer '%20OR%201=1--", "*:*.test-admin-token",
        ] {
            let answer = server.anonymous().with("authorization", token).get("/scim/Users").await.expect(401);
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{token}");
        }

        // What opens a connection opens nothing else.
        let holder = server.scim();
        holder.get("/scim/Users").await.expect(200);
        for path in ["/api/admin/user-admin", "/api/admin/scim-settings", "/api/client/features", "/api/frontend"] {
            holder.get(path).await.expect(401);
        }
        holder.post("/scim/events/poll", json!({})).await.expect(401);
        holder.post("/ofrep/v1/evaluate/flags", json!({})).await.expect(401);
    }
}
