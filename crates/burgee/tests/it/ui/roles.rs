//! Roles, through the pages: the matrix, the comparison, and who has them.

use serde_json::{Value, json};

use super::{admin, encoded, form, hidden, person};
use crate::support::TestServer;

/// What a role holds: permission and environment.
async fn held(server: &TestServer, id: i64) -> Vec<String> {
    let role = server.admin().get(&format!("/api/admin/roles/{id}")).await.expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let held = role["permissions"].as_array().unwrap().iter();
    held.map(|it| format!("{} {}", text(&it["name"]), text(&it["environment"])).trim().to_owned()).collect()
}

const FLAG: (&str, &str) = ("held", "UPDATE_FEATURE.");
const SWITCH: (&str, &str) = ("held", "UPDATE_FEATURE_ENVIRONMENT.production");

both! {
    async fn a_role_is_made_in_the_matrix_and_changed_beside_others(server) {
        let admin = admin(&server).await;
        let ask = admin.get("/roles/new?kind=project").await.expect(200).text;
        assert!(ask.contains("value=\"UPDATE_FEATURE_ENVIRONMENT.development\"") && !ask.contains("CREATE_SEGMENT.") && !ask.contains("\"ADMIN.\""));
        assert!(admin.get("/roles/new?kind=root").await.expect(200).text.contains("value=\"CREATE_SEGMENT.\""));
        let typed = [("kind", "project"), ("name", "owner"), ("description", "kept"), FLAG, SWITCH];
        let refused = form(&admin, "/roles/new", &encoded(&typed)).await.expect(422).text;
        assert!(refused.contains("id=\"name-problem\"") && refused.contains("kept</textarea>"));
        let box_of = |page: &str, name: &str| page.split(&format!("value=\"{name}\"")).nth(1).unwrap().split('>').next().unwrap().to_owned();
        assert!(box_of(&refused, SWITCH.1).contains("checked") && !box_of(&refused, "DELETE_FEATURE.").contains("checked"));
        let typed = [("kind", "project"), ("name", "Operator"), ("description", ""), FLAG, SWITCH];
        let made = form(&admin, "/roles/new", &encoded(&typed)).await.expect(303);
        let path = made.header("location").to_owned();
        let id: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
        assert_eq!(held(&server, id).await, ["UPDATE_FEATURE", "UPDATE_FEATURE_ENVIRONMENT production"]);
        assert_eq!(server.events("role-created").await[0]["createdBy"], "admin");
        let open = admin.get(&path).await.expect(200).text;
        let was = [("was_name", "Operator"), ("was_description", ""), ("was_held", &hidden(&open, "was_held"))];
        // Meanwhile somebody else gives one permission and takes another.
        let theirs = json!({ "name": "Operator", "permissions": [{ "name": "UPDATE_FEATURE" }, { "name": "CREATE_FEATURE" }] });
        server.admin().put(&format!("/api/admin/roles/{id}"), theirs).await.expect(200);
        let mine = [&was[..], &[("name", "Operator"), ("description", "Mine"), FLAG, SWITCH, ("held", "DELETE_FEATURE.")]].concat();
        form(&admin, &path, &encoded(&mine)).await.expect(303);
        assert_eq!(held(&server, id).await, ["CREATE_FEATURE", "UPDATE_FEATURE", "DELETE_FEATURE"]);
        let disputed = [&was[..], &[("name", "Operator"), ("description", "Other"), FLAG]].concat();
        let asked = form(&admin, &path, &encoded(&disputed)).await.expect(409).text;
        assert!(asked.contains("Somebody else made it “Mine”") && asked.contains("Other</textarea>"));
        let copy = admin.get(&format!("/roles/new?from={id}")).await.expect(200).text;
        assert!(copy.contains("Copy of Operator") && box_of(&copy, "CREATE_FEATURE.").contains("checked"));
    }

    async fn predefined_roles_stay_and_used_ones_are_not_deleted(server) {
        let admin = admin(&server).await;
        let list = admin.get("/roles").await.expect(200).text;
        assert_eq!(list.matches("predefined").count(), 6);
        for id in 1..=6 {
            let page = admin.get(&format!("/roles/{id}")).await.expect(200).text;
            assert!(!page.contains("class=\"role-form\""), "{id}");
            let sent = "name=x&description=&kind=root&was_name=&was_description=&was_held=";
            let answer = form(&admin, &format!("/roles/{id}"), sent).await;
            assert!((400..500).contains(&answer.status), "{id}: {}", answer.status);
            form(&admin, &format!("/roles/{id}/delete"), "").await.expect(403);
        }
        assert!(server.events("role-updated").await.is_empty());
        let role = json!({ "name": "Helper", "type": "root-custom", "permissions": [{ "name": "CREATE_PROJECT" }] });
        let id = server.admin().post("/api/admin/roles", role).await.expect(200).json()["roles"]["id"].clone();
        let user = json!({ "username": "ada", "rootRole": id });
        server.admin().post("/api/admin/user-admin", user).await.expect(201);
        let page = admin.get(&format!("/roles/{id}")).await.expect(200).text;
        assert!(page.contains("1 user<") && page.contains(&format!("href=\"/users?role={id}\"")));
        let ask = admin.get(&format!("/roles/{id}/delete")).await.expect(200).text;
        assert!(ask.contains("This role is in use") && ask.contains("1 user has it.") && !ask.contains("id=\"confirm\""));
        assert!(form(&admin, &format!("/roles/{id}/delete"), "").await.expect(409).text.contains("This role is in use"));
        let ada = server.number("ada").await;
        server.admin().put(&format!("/api/admin/user-admin/{ada}"), json!({ "rootRole": "Viewer" })).await.expect(200);
        form(&admin, &format!("/roles/{id}/delete"), "").await.expect(303);
        admin.get(&format!("/roles/{id}")).await.expect(404);
    }

    async fn who_may_read_roles_reads_them_and_no_more(server) {
        let role = json!({ "name": "Reader of roles", "type": "root-custom", "permissions": [{ "name": "READ_ROLE" }] });
        server.admin().post("/api/admin/roles", role).await.expect(200);
        let own = json!({ "name": "Own", "type": "custom", "permissions": [{ "name": "CREATE_FEATURE" }] });
        let id = server.admin().post("/api/admin/roles", own).await.expect(200).json()["roles"]["id"].clone();
        let reader = person(&server, "rose", "Reader of roles").await;
        let list = reader.get("/roles").await.expect(200).text;
        assert!(list.contains("id=\"new-role-why\"") && !list.contains("/roles/new"));
        let page = reader.get(&format!("/roles/{id}")).await.expect(200).text;
        assert!(page.contains("You can look at this role") && page.contains("disabled") && !page.contains("class=\"role-form\"") && !page.contains("/users"));
        form(&reader, &format!("/roles/{id}"), "name=x&description=&kind=project&was_name=Own&was_description=&was_held=").await.expect(403);
        form(&reader, "/roles/new", "name=x&description=&kind=project").await.expect(403);
        form(&reader, &format!("/roles/{id}/delete"), "").await.expect(403);
        person(&server, "vera", "Viewer").await.get("/roles").await.expect(403);
        let page = reader.get("/roles/compare?a=4&b=5").await.expect(200).text;
        assert!(page.contains("Delete project") && !page.contains("Create feature flags"));
        assert!(reader.get("/roles/compare?a=4&b=5&show=all").await.expect(200).text.contains("Create feature flags"));
        assert!(reader.get("/roles/compare?a=4&b=4").await.expect(200).text.contains("Both hold exactly the same"));
        reader.get("/roles/compare?a=999&b=4").await.expect(404);
    }
}
