//! Flags and those who answer for them, when these leave.

use serde_json::{Value, json};

use crate::support::TestServer;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const DEPARTED: &str = "/api/admin/flag-owners/departed";

async fn user(server: &TestServer, name: &str, manager: Option<&str>) -> String {
    let manager = manager.map_or_else(|| json!({}), |id| json!({"manager": {"value": id}}));
    server.push_user(json!({"userName": name, ENTERPRISE: manager})).await
}

async fn active(server: &TestServer, id: &str, active: bool) {
    let operation = json!([{"op": "replace", "path": "active", "value": active}]);
    server.patch(&format!("/scim/Users/{id}"), operation).await.expect(200);
}

/// Makes a flag that somebody answers for.
async fn flag(server: &TestServer, name: &str, owner: Value) {
    server.admin().post("/api/admin/projects/default/features", json!({"name": name})).await.expect(201);
    give(server, name, owner).await;
}

async fn give(server: &TestServer, name: &str, owner: Value) {
    let path = format!("/api/admin/projects/default/features/{name}/owner");
    server.admin().put(&path, json!({"owner": owner})).await.expect(204);
}

async fn owner(server: &TestServer, name: &str) -> Value {
    let path = format!("/api/admin/projects/default/features/{name}");
    server.admin().get(&path).await.expect(200).json()["owner"].clone()
}

async fn departed(server: &TestServer) -> Vec<(String, bool, Vec<String>)> {
    let found = server.admin().get(DEPARTED).await.expect(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |it: &Value| {
        let flags = it["flags"].as_array().unwrap().iter().map(|flag| text(&flag["name"])).collect();
        (text(&it["owner"]["name"]), it["back"] == true, flags)
    };
    found["owners"].as_array().unwrap().iter().map(one).collect()
}

async fn policy(server: &TestServer, policy: Value) {
    server.admin().put("/api/admin/flag-owners/policy", policy).await.expect(204);
}

both! {
    async fn flags_of_people_who_leave_are_handed_over(server) {
        let admin = server.admin();
        let boss = user(&server, "boss", None).await;
        let lead = user(&server, "lead", Some(&boss)).await;
        let ann = user(&server, "ann", Some(&lead)).await;
        let bob = user(&server, "bob", Some(&lead)).await;
        server.push_group("Crew", &[&bob]).await;
        let (ann_number, bob_number, crew) = (server.number("ann").await, server.number("bob").await, server.group_number("Crew").await);
        let named = |name: &str, id: i64, kind: &str| json!({"type": kind, "id": id, "name": name, "left": false});

        // At first whoever made it; then whoever may edit it says so.
        let (edith, editor) = server.person("edith", "Editor").await;
        let (_, viewer) = server.person("vera", "Viewer").await;
        editor.post("/api/admin/projects/default/features", json!({"name": "made"})).await.expect(201);
        assert_eq!(owner(&server, "made").await, named("edith", edith, "user"));
        let at = "/api/admin/projects/default/features/made/owner";
        viewer.put(at, json!({"owner": null})).await.expect(403);
        for wrong in [json!({"user": 0}), json!({"group": 0})] {
            editor.put(at, json!({"owner": wrong})).await.expect(400);
        }
        for name in ["one", "two", "three"] { flag(&server, name, json!({"user": ann_number})).await; }
        flag(&server, "crews", json!({"group": crew})).await;
        flag(&server, "nobodys", Value::Null).await;
        assert_eq!((owner(&server, "one").await, owner(&server, "crews").await, owner(&server, "nobodys").await),
                   (named("ann", ann_number, "user"), named("Crew", crew, "group"), Value::Null));
        let changed = server.events("feature-owner-updated").await;
        let changed = changed.iter().find(|event| event["featureName"] == "crews").unwrap();
        assert_eq!((&changed["data"], &changed["project"]), (&json!({"owner": {"group": crew}, "name": "Crew"}), &json!("default")));
        let before = server.events("feature-owner-updated").await.len();
        give(&server, "one", json!({"user": ann_number})).await;
        assert_eq!(server.events("feature-owner-updated").await.len(), before);

        // Left and listed, and not taken back by coming back.
        assert_eq!(departed(&server).await, vec![]);
        active(&server, &ann, false).await;
        let three = ["one", "three", "two"].map(str::to_owned).to_vec();
        assert_eq!(departed(&server).await, vec![("ann".to_owned(), false, three.clone())]);
        let told = &server.events("flag-owner-left").await[0];
        assert_eq!(told["data"], json!({"owner": {"user": ann_number}, "name": "ann", "flags": three, "count": 3, "handedTo": null}));
        assert_eq!(owner(&server, "one").await["left"], true);
        active(&server, &ann, true).await;
        assert_eq!(departed(&server).await, vec![("ann".to_owned(), true, three)]);

        // Some go to one, the rest to another; an admin's matter.
        let handed = async |body: Value| admin.post("/api/admin/flag-owners/hand-over", body).await.expect(200).json()["flags"].clone();
        let (from, to) = (json!({"user": ann_number}), json!({"user": bob_number}));
        editor.post("/api/admin/flag-owners/hand-over", json!({"from": from, "to": to})).await.expect(403);
        editor.get(DEPARTED).await.expect(403);
        assert_eq!(handed(json!({"from": from, "to": to, "flags": ["two", "crews", "none"]})).await, 1);
        assert_eq!(handed(json!({"from": from, "to": {"user": ann_number}})).await, 2);
        assert_eq!(handed(json!({"from": from, "to": to})).await, 0);
        assert_eq!((owner(&server, "two").await, owner(&server, "one").await), (named("bob", bob_number, "user"), named("ann", ann_number, "user")));

        // To the manager: the first one above who is there.
        policy(&server, json!({"onLeave": "manager"})).await;
        active(&server, &lead, false).await;
        server.scim().delete(&format!("/scim/Users/{ann}")).await.expect(204);
        assert_eq!(owner(&server, "one").await["name"], "boss");
        assert_eq!(server.events("flag-owner-left").await[0]["data"]["handedTo"]["name"], "boss");
        active(&server, &boss, false).await;
        assert_eq!(departed(&server).await.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["boss"], "nobody is above");

        // Page by page, with how many there are.
        let page = admin.get(&format!("{DEPARTED}?offset=1&limit=1")).await.expect(200).json();
        assert_eq!((&page["owners"], &page["total"]), (&json!([]), &json!(1)));
        let page = admin.get(DEPARTED).await.expect(200).json();
        assert_eq!(page["owners"][0]["flagCount"], page["owners"][0]["flags"].as_array().unwrap().len());
        let many: Vec<String> = (0..1001).map(|i| format!("f{i}")).collect();
        admin.post("/api/admin/flag-owners/hand-over", json!({"from": from, "to": to, "flags": many})).await.expect(400);

        // To a group, until that is gone.
        admin.put("/api/admin/flag-owners/policy", json!({"onLeave": "group", "group": 0})).await.expect(400);
        policy(&server, json!({"onLeave": "group", "group": crew})).await;
        assert_eq!(admin.get("/api/admin/flag-owners/policy").await.expect(200).json(), json!({"onLeave": "group", "group": crew}));
        admin.delete(&format!("/api/admin/user-admin/{edith}")).await.done();
        assert_eq!(owner(&server, "made").await, named("Crew", crew, "group"));
        server.scim().delete(&format!("/scim/Groups/{}", server.rows("SELECT scim_id FROM scim_groups").await[0][0].clone().unwrap())).await.expect(204);
        let left = departed(&server).await;
        assert_eq!(left.iter().find(|(name, ..)| name == "Crew").unwrap().2, ["crews", "made"]);
        active(&server, &bob, false).await;
        assert_eq!(departed(&server).await.iter().find(|(name, ..)| name == "bob").unwrap().2, ["two"], "the group is gone");

        // Documents name owners; whom the installation does not know changes nothing.
        give(&server, "nobodys", json!({"user": 1})).await;
        let exported = admin.post("/api/admin/features-batch/export", json!({"environment": "development", "features": ["nobodys", "one"]})).await.expect(200).json();
        let word = exported["features"][0]["owner"].as_str().unwrap().to_owned();
        assert_eq!(exported["features"][1].get("owner"), None);
        let mut data = exported.clone();
        data["features"][0]["owner"] = json!("stranger");
        data["features"][1]["owner"] = json!(word);
        let import = json!({"project": "default", "environment": "development", "data": data});
        admin.post("/api/admin/features-batch/import", import).await.expect(200);
        assert_eq!((&owner(&server, "nobodys").await["id"], &owner(&server, "one").await["id"]), (&json!(1), &json!(1)));
    }

    /// Whoever goes in the same moment takes nothing over, and hands nothing on.
    async fn flags_pass_by_managers_who_leave_as_well(server) {
        let admin = server.admin();
        let body = json!({"name": "Acme", "slug": "acme", "enabled": true});
        let id = admin.post("/api/admin/provisioning/connections", body).await.expect(201).json()["id"].clone();
        let at = format!("/api/admin/provisioning/connections/{id}");
        let secret = admin.post(&format!("{at}/tokens"), json!({})).await.expect(201).json()["secret"].as_str().unwrap().to_owned();
        let idp = server.anonymous().with("authorization", &format!("Bearer {secret}"));
        let mut above = Value::Null;
        for name in ["ann", "lead", "boss"] {
            idp.post("/scim/Users", json!({"userName": name})).await.expect(201);
        }
        for name in ["boss", "lead", "ann"] {
            let found = idp.get(&format!("/scim/Users?filter=userName%20eq%20%22{name}%22")).await.expect(200).json();
            let one = found["Resources"][0]["id"].as_str().unwrap().to_owned();
            if above.is_string() {
                let operations = json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": {"value": above}}]);
                let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
                idp.patch(&format!("/scim/Users/{one}"), body).await.done();
            }
            above = json!(one);
        }
        flag(&server, "boat", json!({"user": server.number("ann").await})).await;
        policy(&server, json!({"onLeave": "manager"})).await;
        admin.delete(&format!("{at}?people=deactivate")).await.expect(200);
        assert_eq!(departed(&server).await, [("ann".to_owned(), false, vec!["boat".to_owned()])]);
        assert_eq!(server.events("flag-owner-left").await.len(), 1);
    }
}
