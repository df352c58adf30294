//! Many clients at once: nothing that was acknowledged is lost, and where one may win, one wins.

use std::collections::BTreeSet;
use std::pin::Pin;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::refs;
use crate::support::TestServer;
use crate::support::client::Answer;

const CLIENTS: usize = 64;

/// What the client with a number sends.
type Body = fn(usize) -> Value;

/// The SCIM ids of a group's members.
async fn members(server: &TestServer, path: &str) -> BTreeSet<String> {
    let group = server.scim().get(path).await.expect(200).json();
    group["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect()
}

async fn version(server: &TestServer, path: &str) -> String {
    server.scim().get(path).await.expect(200).header("etag").to_owned()
}

/// The statuses of the same call, made many times at once.
async fn all_at_once<F: Future<Output = u16>>(call: impl Fn(usize) -> F) -> Vec<u16> {
    let mut statuses = join_all((0..16).map(call)).await;
    statuses.sort_unstable();
    statuses
}

both! {
    async fn sixty_four_clients_change_one_group_and_lose_nothing(server) {
        let mut users = Vec::new();
        for index in 0..CLIENTS * 3 {
            users.push(server.push_user(json!({"userName": format!("u{index}")})).await);
        }
        let there: Vec<&str> = users.iter().step_by(3).map(String::as_str).collect();
        let group = server.push_group("Crew", &there).await;
        let path = format!("/scim/Groups/{group}");
        // Every client sees to three people of its own and also writes what all share.
        let clients = users.chunks(3).enumerate().map(|(client, own)| {
            let (server, path) = (&server, &path);
            async move {
                let (stays, comes, flickers) = (own[0].as_str(), own[1].as_str(), own[2].as_str());
                let add = |id: &str| json!([{"op": "add", "path": "members", "value": refs(&[id])}]);
                let remove = |id: &str| json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]);
                let both = json!([{"op": "remove", "path": "members", "value": refs(&[stays])}, {"op": "add", "path": "members", "value": refs(&[comes, flickers])}]);
                let renamed = json!([{"op": "replace", "path": "externalId", "value": format!("e{client}")}]);
                let mut effective = 0;
                for (operations, changes) in [
                    (add(flickers), 1), (add(flickers), 0), (remove(flickers), 1), (renamed, 1), (both, 1), (remove(flickers), 1),
                    (add(stays), 1), (remove(comes), 1), (add(comes), 1), (add(comes), 0),
                ] {
                    let answer = server.patch(path, operations).await;
                    assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.text);
                    effective += changes;
                }
                effective
            }
        });
        let effective: usize = join_all(clients).await.into_iter().sum();
        let expected: BTreeSet<String> = users.chunks(3).flat_map(|own| own[..2].to_vec()).collect();
        assert_eq!(members(&server, &path).await, expected);
        assert_eq!(version(&server, &path).await, format!("W/\"{}\"", 1 + effective), "one version for each change");
    }

    async fn people_leave_while_their_groups_change(server) {
        let mut users = Vec::new();
        for index in 0..24 {
            users.push(server.push_user(json!({"userName": format!("u{index}")})).await);
        }
        let everybody: Vec<&str> = users.iter().map(String::as_str).collect();
        let mut groups = Vec::new();
        for index in 0..4 {
            groups.push(format!("/scim/Groups/{}", server.push_group(&format!("g{index}"), &everybody).await));
        }
        let leave = users[..12].iter().map(|id| {
            let (scim, path) = (server.scim(), format!("/scim/Users/{id}"));
            Box::pin(async move { scim.delete(&path).await }) as Pin<Box<dyn Future<Output = Answer>>>
        });
        let change = (0..24).map(|index| {
            let (server, path, id) = (&server, &groups[index % 4], &users[index]);
            let operation = json!({"op": "remove", "path": "members", "value": refs(&[id])});
            let again = json!({"op": "add", "path": "members", "value": refs(&[id])});
            Box::pin(async move { server.patch(path, json!([operation, again])).await }) as Pin<Box<dyn Future<Output = Answer>>>
        });
        for answer in join_all(leave.chain(change)).await {
            assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.text);
        }
        let rest: BTreeSet<String> = users[12..].iter().cloned().collect();
        for path in &groups {
            assert_eq!(members(&server, path).await, rest);
        }
    }

    async fn of_conditional_changes_one_wins(server) {
        let user = server.push_user(json!({"userName": "ann"})).await;
        let group = server.push_group("Crew", &[]).await;
        for (path, attribute) in [(format!("/scim/Users/{user}"), "nickName"), (format!("/scim/Groups/{group}"), "externalId")] {
            let seen = version(&server, &path).await;
            let client = server.anonymous().with("authorization", "Bearer 5c1m-token-5c1m-token-5c1m-token").with("if-match", &seen);
            let statuses = all_at_once(|index| {
                let (client, path) = (client.clone(), path.clone());
                let operation = json!({"op": "replace", "path": attribute, "value": format!("v{index}")});
                async move { client.patch(&path, json!({"Operations": [operation]})).await.status }
            }).await;
            assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 15][..]));
            assert_ne!(version(&server, &path).await, seen);
            client.delete(&path).await.expect(412);
            client.put(&path, json!({"userName": "x", "displayName": "x"})).await.expect(412);
            let statuses = all_at_once(|_| {
                let (client, path) = (server.scim(), path.clone());
                async move { client.delete(&path).await.status }
            }).await;
            assert_eq!((statuses[0], &statuses[1..]), (204, &[404; 15][..]), "one removes it");
        }
    }

    async fn a_name_is_taken_once(server) {
        server.person("by-hand", "Viewer").await;
        server.admin().post("/api/admin/groups", json!({"name": "By hand"})).await.expect(201);
        let bodies: [(&str, Body); 5] = [
            ("/scim/Users", |_| json!({"userName": "ann"})),
            ("/scim/Users", |index| json!({"userName": format!("u{index}"), "externalId": "same"})),
            ("/scim/Users", |_| json!({"userName": "By-Hand"})),
            ("/scim/Groups", |_| json!({"displayName": "Crew"})),
            ("/scim/Groups", |_| json!({"displayName": "By Hand"})),
        ];
        for (path, body) in bodies {
            let statuses = all_at_once(|index| {
                let (client, body) = (server.scim(), body(index));
                async move { client.post(path, body).await.status }
            }).await;
            assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 15][..]), "{path} {}", body(0));
        }
        assert_eq!(server.rows("SELECT id FROM scim_users").await.len(), 3);
        assert_eq!(server.rows("SELECT id FROM scim_groups").await.len(), 2);
        assert_eq!(server.rows("SELECT id FROM users WHERE username_ci = 'by-hand'").await.len(), 1);
    }

    async fn an_address_that_many_bring_at_once_refuses_nobody(server) {
        let statuses = all_at_once(|index| {
            let (client, mail) = (server.scim(), json!([{"value": "same@x.io"}]));
            async move { client.post("/scim/Users", json!({"userName": format!("u{index}"), "emails": mail})).await.status }
        }).await;
        assert_eq!(statuses, [201; 16]);
        assert_eq!(server.rows("SELECT id FROM users WHERE email = 'same@x.io'").await.len(), 1);
    }
}
