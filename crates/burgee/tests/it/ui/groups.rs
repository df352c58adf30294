//! Groups, through the pages: made, filled, changed and deleted; those of an identity provider are left to it.

use serde_json::{Value, json};

use super::users::rows;
use super::{admin, encoded, form, person};
use crate::support::TestServer;

async fn group(server: &TestServer, id: i64) -> Value {
    server.admin().get(&format!("/api/admin/groups/{id}")).await.expect(200).json()
}

both! {
    async fn a_group_is_made_filled_changed_and_deleted(server) {
        let (ada, _) = server.person("ada", "Viewer").await;
        server.person("adam", "Viewer").await;
        let admin = admin(&server).await;
        assert!(admin.get("/groups").await.expect(200).text.contains("No groups yet"));
        let made = form(&admin, "/groups/new", "name=Crew&description=Who+sails&role=2").await.expect(303);
        let path = made.header("location").to_owned();
        let id: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
        let refused = form(&admin, "/groups/new", "name=crew&description=kept&role=").await.expect(422).text;
        assert!(refused.contains("id=\"name-problem\"") && refused.contains("kept</textarea>"));
        form(&admin, &format!("{path}/add"), "who=ADA").await.expect(303);
        assert_eq!(group(&server, id).await["users"][0]["user"]["id"], ada);
        let asked = form(&admin, &format!("{path}/add"), "who=ad").await.expect(422).text;
        assert!(asked.contains("Choose one of them") && asked.contains("Add adam") && asked.contains("value=\"ad\""));
        form(&admin, &format!("{path}/add"), "who=nobody").await.expect(422);
        form(&admin, &format!("{path}/add"), "user=1").await.expect(303);
        let page = admin.get(&path).await.expect(200).text;
        assert_eq!(rows(&page), ["Admin", "ada"]);
        form(&admin, &format!("{path}/remove"), "user=1").await.expect(303);
        assert_eq!(rows(&admin.get(&path).await.text), ["ada"]);
        assert_eq!((server.events("group-user-added").await.len(), server.events("group-user-removed").await.len()), (2, 1));
        let refused = form(&admin, &format!("{path}/edit"), "name=Crew&description=&role=none&was_name=Crew&was_description=&was_role=2").await.expect(422).text;
        assert!(refused.contains("id=\"role-problem\""));
        assert_eq!(group(&server, id).await["rootRole"], 2);
        // What only one of two people changed is kept.
        server.admin().put(&format!("/api/admin/groups/{id}"), json!({ "name": "Crew", "description": "Theirs", "rootRole": 2 })).await.expect(200);
        let was = [("was_name", "Crew"), ("was_description", "Who sails"), ("was_role", "2")];
        let edit = |more: &[(&str, &str)]| encoded(&[&was[..], more].concat());
        form(&admin, &format!("{path}/edit"), &edit(&[("name", "Sailors"), ("description", "Who sails"), ("role", "")])).await.expect(303);
        let now = group(&server, id).await;
        assert_eq!((&now["name"], &now["description"], &now["rootRole"]), (&json!("Sailors"), &json!("Theirs"), &Value::Null));
        assert_eq!(now["userCount"], 1, "the members stay");
        let asked = form(&admin, &format!("{path}/edit"), &edit(&[("name", "Crew"), ("description", "Mine"), ("role", "2")])).await.expect(409).text;
        assert!(asked.contains("Somebody else made it “Theirs”") && asked.contains("Mine</textarea>"));
        assert_eq!(rows(&admin.get("/groups?q=SAIL").await.expect(200).text), ["Sailors"]);
        assert!(admin.get(&format!("{path}/delete")).await.expect(200).text.contains("Its member stays"));
        form(&admin, &format!("{path}/delete"), "").await.expect(303);
        admin.get(&path).await.expect(404);
    }

    async fn what_an_identity_provider_pushed_is_left_to_it(server) {
        let ann = server.push_user(json!({ "userName": "ann" })).await;
        server.push_group("Pushed", &[&ann]).await;
        let (id, number) = (server.group_number("Pushed").await, server.number("ann").await);
        let (admin, path) = (admin(&server).await, format!("/groups/{id}"));
        let page = admin.get(&path).await.expect(200).text;
        assert!(page.contains("Kept by an identity provider") && page.contains("id=\"add-why\"") && !page.contains("/remove\""));
        let before = server.event_count().await;
        form(&admin, &format!("{path}/add"), "user=1").await.expect(400);
        form(&admin, &format!("{path}/remove"), &format!("user={number}")).await.expect(400);
        let edit = "was_name=Pushed&was_description=&was_role=&name=Renamed&description=&role=";
        assert!(form(&admin, &format!("{path}/edit"), edit).await.expect(422).text.contains("Cannot update the name of a SCIM group"));
        assert_eq!(server.event_count().await, before, "nothing is half done");
        let open = admin.get(&format!("{path}/edit")).await.expect(200).text;
        assert!(open.contains("type=\"hidden\" name=\"name\" value=\"Pushed\""));
        form(&admin, &format!("{path}/edit"), "was_name=Pushed&was_description=&was_role=&name=Pushed&description=Ours&role=2").await.expect(303);
        let now = group(&server, id).await;
        assert_eq!((&now["description"], &now["rootRole"]), (&json!("Ours"), &json!(2)));
        assert_eq!(rows(&admin.get("/groups?origin=scim").await.expect(200).text), ["Pushed"]);
        assert!(admin.get("/groups?origin=manual").await.expect(200).text.contains("No group matches"));
        let viewer = person(&server, "vera", "Viewer").await;
        form(&viewer, &format!("{path}/delete"), "").await.expect(403);
    }

    async fn a_group_that_makes_the_last_admin_stays(server) {
        let body = json!({ "name": "Admins", "rootRole": 1, "users": [{ "user": { "id": 1 } }] });
        let id = server.admin().post("/api/admin/groups", body).await.expect(201).json()["id"].clone();
        server.admin().put("/api/admin/user-admin/1", json!({ "rootRole": "Viewer" })).await.expect(200);
        let (admin, path) = (admin(&server).await, format!("/groups/{id}"));
        assert!(form(&admin, &format!("{path}/delete"), "").await.expect(409).text.contains("nobody who can administer"));
        form(&admin, &format!("{path}/remove"), "user=1").await.expect(409);
        let edit = "was_name=Admins&was_description=&was_role=1&name=Admins&description=&role=3";
        form(&admin, &format!("{path}/edit"), edit).await.expect(422);
        admin.get("/users").await.expect(200);
    }

    async fn a_group_tells_what_it_reaches(server) {
        let inner = server.push_group("Inner", &[]).await;
        server.push_group("Outer", &[&inner]).await;
        let (inside, around) = (server.group_number("Inner").await, server.group_number("Outer").await);
        server.admin().put(&format!("/api/admin/projects/default/groups/{around}/roles"), json!({ "roles": [4] })).await.done();
        let admin = admin(&server).await;
        let page = admin.get(&format!("/groups/{inside}")).await.expect(200).text;
        assert!(page.contains(">Owner<") && page.contains("through Outer"));
        assert!(admin.get(&format!("/groups/{around}")).await.expect(200).text.contains("Groups inside it"));
        let page = admin.get(&format!("/groups/{inside}/access?may=DELETE_PROJECT&project=default")).await.expect(200).text;
        assert!(page.contains(">yes<") && page.contains("through Outer"));
    }
}
