//! What Microsoft's Postman collection asks for and servers by the book miss.

use burgee::provisioning::connection::{Provider, Setup, Strictness};
use reqwest::Method;
use serde_json::{Value, json};

use super::connections::connect;
use super::wire::{GROUP, PATCH, USER, Wire, id, refused};

fn omalley() -> Value {
    json!({
        "schemas": [USER], "UserName": "OMalley", "active": true, "displayName": "Kimberly Baker", "externalId": "22fbc523",
        "name": {"formatted": "Daniel Mcgee", "familyName": "OMalley", "givenName": "Darl", "honorificPrefix": null},
        "emails": [{"Primary": true, "type": "work", "value": "anna33@example.com"},
                   {"Primary": false, "type": "other", "value": "anna33@gmail.com"}],
        "addresses": [{"country": null, "formatted": "18522 Lisa Unions\nEast Gregory", "type": "other", "primary": false}],
        "roles": [], "meta": {"created": "2019-09-18T18:15:26.5788954+00:00", "resourceType": "User"},
    })
}

fn employee(number: u8) -> Value {
    json!({
        "schemas": [USER], "userName": format!("emp{number}"), "active": "True", "name": {"familyName": "Employee"},
        "emails": [{"type": "work", "primary": true, "value": format!("emp{number}@example.com")}],
    })
}

both! {
    /// Two of the misses.
    async fn the_configuration_has_another_name(server) {
        let postman = Wire::new(&server);
        for path in ["/serviceConfiguration", "/ServiceConfiguration"] {
            let config = postman.read(path).await;
            assert_eq!(config["patch"]["supported"], true);
            assert!(config["bulk"].is_object() && config["filter"].is_object() && config["etag"].is_object());
        }
    }

    /// One of the misses: the collection sends `displayName` for a member and looks for that text in the group. The
    /// name that a group shows is the member's own, as it is now, and shown on request.
    async fn members_show_their_names(server) {
        let postman = Wire::new(&server);
        let user = id(&postman.post("/Users", omalley()).await.expect(201));
        let group = postman.group("Group 1", &[]).await;
        let path = format!("/Groups/{group}");
        postman.patch(&path, json!([{"name": "addMember", "op": "add", "path": "members",
            "value": [{"displayName": "Kimberly Baker", "value": user}]}])).await.expect(200);
        let shown = postman.read(&format!("{path}?attributes=members.display,members.value")).await;
        assert_eq!(shown["members"], json!([{"value": user, "display": "Kimberly Baker"}]));
        assert_eq!(postman.members(&group).await, [user]);
    }

    /// Three of the misses.
    async fn projection_by_value_path(server) {
        let postman = Wire::new(&server);
        let user = id(&postman.post("/Users", omalley()).await.expect(201));
        for path in [
            "/Users?attributes=emails%5Btype+eq+%22work%22%5D".to_owned(),
            "/Users?attributes=emails%5Bvalue+eq+%22anna33@example.com%22%5D".to_owned(),
            format!("/Users/{user}?attributes=emails[type eq \"work\"],userName"),
        ] {
            let answer = postman.get(&path).await.expect(200);
            assert!(answer.text.contains("anna33@example.com"), "{path}: {}", answer.text);
            assert!(!answer.text.contains("Kimberly"), "{path}: {}", answer.text);
        }
    }

    /// One of the misses.
    async fn a_misspelt_attribute_does_no_harm(server) {
        let postman = Wire::new(&server);
        let path = format!("/Users/{}", id(&postman.post("/Users", omalley()).await.expect(201)));
        let mut body = omalley();
        body["adreses"] = body.as_object_mut().unwrap().shift_remove("addresses").unwrap();
        body["adreses"][0]["country"] = "Germany".into();
        let put = postman.put(&path, body.clone()).await.expect(200).json();
        assert_eq!((put.get("addresses"), &put["adreses"]), (None, &body["adreses"]), "kept as it was sent");
    }

    /// Three of the misses, with the totals that the collection expects.
    async fn unquoted_filters_in_any_case(server) {
        let postman = Wire::new(&server);
        postman.post("/Users", omalley()).await.expect(201);
        for number in 1..=4 {
            assert_eq!(postman.post("/Users", employee(number)).await.expect(201).json()["active"], true);
        }
        for (filter, total) in [
            ("name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)", 4),
            ("userName sw O", 1),
            ("meta.Created gt 2015-10-10T14:38:21.8617979-07:00", 5),
        ] {
            assert_eq!(postman.count(filter).await, total, "{filter}");
        }
    }

    /// Two of the misses: 204 is what it wants.
    async fn members_as_plain_text(server) {
        let postman = Wire::new(&server);
        let user = postman.user("OMalley").await;
        let group = id(&postman.post("/Groups", json!({"schemas": [GROUP], "displayName": "Group 1"})).await.expect(201));
        let path = format!("/Groups/{group}");
        for member in ["string id 1", &user] {
            let body = json!({"id": group, "schemas": [PATCH],
                "Operations": [{"op": "add", "path": "members", "value": member}]});
            postman.send(Method::PATCH, &path, Some(body)).await.expect(204);
        }
        assert_eq!(postman.members(&group).await, [user]);
    }

    /// From a connection that insists on the letter, these are refused, each with its reason; by the book they are answered.
    async fn on_the_letter(server) {
        let setup = Setup { mode: Strictness::Strict, ..Setup::named("Strict", "strict", Provider::Entra) };
        let postman = Wire::at(connect(&server, &setup).await.1, "/scim/v2");
        let mut body = json!({"schemas": [USER], "userName": "OMalley", "displayName": "Kimberly Baker"});
        let user = id(&postman.post("/Users", body.clone()).await.expect(201));
        let group = json!({"schemas": [GROUP], "displayName": "Group 1"});
        let group = format!("/Groups/{}", id(&postman.post("/Groups", group).await.expect(201)));

        postman.get("/ServiceConfiguration").await.expect(404);
        refused(postman.post("/Users", employee(1)).await, 400, "invalidValue", "active");
        body["adreses"] = json!([{"country": "Germany"}]);
        refused(postman.put(&format!("/Users/{user}"), body).await, 400, "invalidSyntax", "adreses");
        for filter in ["name.FamilyName eq Employee", "userName sw O", "meta.Created gt 2015-10-10T14:38:21.8617979-07:00"] {
            refused(postman.get(&format!("/Users?filter={filter}")).await, 400, "invalidFilter", "");
        }
        assert_eq!(postman.count("userName sw \"O\"").await, 1);
        let add = |member: Value| json!([{"op": "add", "path": "members", "value": [member]}]);
        refused(postman.patch(&group, add(json!(user))).await, 400, "invalidValue", "members");
        let named = json!({"displayName": "Kimberly Baker", "value": user});
        refused(postman.patch(&group, add(named)).await, 400, "invalidSyntax", "displayName");
        postman.patch(&group, add(json!({"value": user}))).await.expect(200);
        let shown = postman.read(&format!("{group}?attributes=members.display")).await;
        assert_eq!(shown["members"], json!([{"display": "Kimberly Baker"}]));
    }
}
