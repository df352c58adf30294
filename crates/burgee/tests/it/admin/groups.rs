//! Groups.

use burgee::access::{Administer, Granted, Root};
use burgee::events::{Event, Fact};
use serde_json::{Value, json};

use crate::support::TestServer;

/// Makes a group one that an identity provider pushed.
async fn push(server: &TestServer, group: i64) {
    let grant = Granted::<Administer>::system("test", Root);
    let now = server.app.clock.now();
    let mut tx = server.app.db.change(&grant, now).await.unwrap();
    tx.execute(burgee::sql!(
        "INSERT INTO scim_groups (group_id, connection_id, scim_id, display_name_ci, document, created_at, updated_at)
         VALUES ($1, 1, 'SCIM-ID', 'crew', '{}', 0, 0)",
        group
    ))
    .await.unwrap();
    tx.record(Event::bare(Fact::GroupAdopted));
    tx.commit().await.unwrap();
}

async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let found =
        server.admin().get(&format!("/api/admin/search/events?type=IS:{kind}")).await.expect(200).json();
    found["events"].as_array().unwrap().clone()
}

fn ids(group: &Value) -> Vec<i64> {
    group["users"].as_array().unwrap().iter().map(|member| member["user"]["id"].as_i64().unwrap()).collect()
}

both! {
    async fn a_group_is_made_changed_and_removed(server) {
        let admin = server.admin();
        let (ann, _) = server.person("ann", "Viewer").await;
        let (ben, _) = server.person("ben", "Viewer").await;
        let made = admin.post("/api/admin/groups", json!({
            "name": " Crew ", "description": "All hands", "mappingsSSO": ["crew"], "rootRole": 2,
            "users": [{"user": {"id": ann}}, {"user": {"id": ann}}]
        })).await.expect(201);
        let group = made.json();
        let path = format!("/api/admin/groups/{}", group["id"]);
        assert_eq!(made.header("location"), path);
        assert_eq!((group["name"].as_str(), group["rootRole"].as_i64(), ids(&group)), (Some("Crew"), Some(2), vec![ann]));
        assert_eq!(group["mappingsSSO"], json!(["crew"]));

        let moved = json!({"name": "Crew", "description": "All hands", "mappingsSSO": ["crew"], "rootRole": 2, "users": [{"user": {"id": ben}}]});
        assert_eq!(ids(&admin.put(&path, moved.clone()).await.expect(200).json()), [ben]);
        admin.put(&path, moved).await.expect(200);
        let added = events(&server, "group-user-added").await;
        assert_eq!(added.len(), 2, "sending the same members again is no event");
        assert_eq!(added[0]["data"], json!({"groupId": group["id"], "groupName": "Crew", "userIds": [ben]}));
        assert_eq!(events(&server, "group-user-removed").await[0]["preData"]["userIds"], json!([ann]));
        assert_eq!(events(&server, "group-updated").await.len(), 0);

        let left_alone = admin.put(&path, json!({"name": "The crew"})).await.expect(200).json();
        assert_eq!((left_alone["userCount"].as_i64(), &left_alone["rootRole"]), (Some(1), &Value::Null));
        let updated = &events(&server, "group-updated").await[0];
        assert_eq!((updated["preData"]["name"].as_str(), updated["data"]["name"].as_str()), (Some("Crew"), Some("The crew")));
        assert_eq!(ids(&admin.get(&path).await.expect(200).json()), [ben]);

        admin.delete(&path).await.expect(200);
        admin.delete(&path).await.expect(200);
        assert_eq!(admin.get(&path).await.expect(404).json()["name"], "NotFoundError");
        assert_eq!(events(&server, "group-deleted").await.len(), 1);
    }

    async fn what_a_group_cannot_be_is_refused(server) {
        let admin = server.admin();
        admin.post("/api/admin/groups", json!({"name": "Crew"})).await.expect(201);
        let taken = admin.post("/api/admin/groups", json!({"name": "CREW"})).await.expect(409).json();
        assert_eq!(taken["name"], "NameExistsError");
        for body in [
            json!({"name": " "}), json!({"name": "a\u{0}b"}), json!({"name": "x".repeat(256)}), json!({"name": "a", "description": "x".repeat(1001)}),
            json!({"name": "a", "rootRole": 4}), json!({"name": "a", "rootRole": 99}), json!({}),
            json!({"name": "a", "users": [{"user": {"id": 999}}]}), json!({"name": "a", "users": [{"user": {"id": -1337}}]}),
        ] {
            let answer = admin.post("/api/admin/groups", body).await.expect(400).json();
            assert_eq!(answer["name"], "BadDataError");
        }
        admin.get("/api/admin/groups/x").await.expect(400);
        let groups = admin.get("/api/admin/groups").await.expect(200).json();
        assert_eq!(groups["groups"].as_array().unwrap().len(), 1, "refused groups are not made");
    }

    async fn a_provisioned_group_keeps_name_and_members(server) {
        let admin = server.admin();
        let (ann, _) = server.person("ann", "Viewer").await;
        let group = admin.post("/api/admin/groups", json!({"name": "Crew", "users": [{"user": {"id": ann}}]})).await.expect(201).json();
        let id = group["id"].as_i64().unwrap();
        push(&server, id).await;
        let path = format!("/api/admin/groups/{id}");
        let renamed = admin.put(&path, json!({"name": "Other"})).await.expect(400).json();
        assert_eq!(renamed["details"][0]["message"], "Cannot update the name of a SCIM group");
        let emptied = admin.put(&path, json!({"name": "Crew", "users": []})).await.expect(400).json();
        assert_eq!(emptied["details"][0]["message"], "Cannot update users of a SCIM group");
        let same = json!({"name": "Crew", "description": "new", "rootRole": 2, "users": [{"user": {"id": ann}}]});
        let after = admin.put(&path, same).await.expect(200).json();
        assert_eq!((after["scimId"].as_str(), after["description"].as_str(), after["rootRole"].as_i64()), (Some("SCIM-ID"), Some("new"), Some(2)));
        admin.delete(&path).await.expect(200);
        let mut tx = server.app.db.read().await.unwrap();
        let left: Vec<(String, i64)> = tx.all(burgee::sql!("SELECT scim_id, local_id FROM scim_tombstones WHERE resource_type = 'Group'")).await.unwrap();
        assert_eq!(left, [("SCIM-ID".to_owned(), id)]);
    }

    async fn a_group_that_makes_admins_cannot_take_the_last_one_away(server) {
        let admin = server.admin();
        let group = admin.post("/api/admin/groups", json!({"name": "Admins", "rootRole": 1, "users": [{"user": {"id": 1}}]})).await.expect(201).json();
        let path = format!("/api/admin/groups/{}", group["id"]);
        admin.put("/api/admin/user-admin/1", json!({"rootRole": "Viewer"})).await.expect(200);
        for body in [json!({"name": "Admins", "rootRole": 1, "users": []}), json!({"name": "Admins"})] {
            admin.put(&path, body).await.expect(409);
        }
        admin.delete(&path).await.expect(409);
        assert_eq!(ids(&admin.get(&path).await.expect(200).json()), [1]);
    }
}
