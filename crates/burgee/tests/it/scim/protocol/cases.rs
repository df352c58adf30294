//! Upper and lower case: what counts and what does not (RFC 7643 §2.1, §7).

use serde_json::json;

use crate::scim::wire::{ENTERPRISE, USER, Wire, id};

both! {
    async fn names_and_keywords_in_any_case(server) {
        let wire = Wire::new(&server);
        let body = json!({"schemas": [USER.to_uppercase()], "USERNAME": "Ann@X.io", "EXTERNALID": "Ext",
            ENTERPRISE.to_uppercase(): {"DEPARTMENT": "Ops"}});
        let made = wire.post("/Users", body).await.expect(201);
        let user = made.json();
        assert_eq!(user["schemas"], json!([USER, ENTERPRISE]), "names come back in their own spelling");
        assert_eq!((&user["userName"], &user[ENTERPRISE]), (&json!("Ann@X.io"), &json!({"department": "Ops"})));
        for filter in [
            "userName EQ \"ann@x.io\"", "USERNAME eq \"ANN@X.IO\" AND NOT (active EQ false)", "nosuch:x PR Or username Sw \"ANN\"",
            &format!("{}:Department eq \"OPS\"", ENTERPRISE.to_lowercase()), &format!("{}:USERNAME pr", USER.to_uppercase()),
        ] {
            assert_eq!(wire.count(filter).await, 1, "{filter}");
        }
        let path = format!("/Users/{}", id(&made));
        let operation = json!([{"op": "replace", "path": "NAME.FAMILYNAME", "value": "Lee"},
            {"op": "replace", "path": format!("{}:DEPARTMENT", ENTERPRISE.to_uppercase()), "value": "Sea"}]);
        let after = wire.patch(&path, operation).await.expect(200).json();
        assert_eq!((&after["name"], &after[ENTERPRISE]), (&json!({"familyName": "Lee"}), &json!({"department": "Sea"})));
    }

    async fn names_of_people_in_any_case_and_ids_exactly(server) {
        let wire = Wire::new(&server);
        let body = json!({"userName": "Ann@X.io", "externalId": "Ext", "displayName": "Ann", "emails": [{"value": "Ann@X.io"}]});
        let ann = id(&wire.post("/Users", body).await.expect(201));
        let group = wire.group("Crew", &[&ann]).await;
        for (filter, total) in [
            ("userName eq \"ANN@x.IO\"", 1), ("displayName eq \"ann\"", 1), ("emails.value eq \"ann@x.io\"", 1),
            ("emails eq \"ann@x.io\"", 1), ("externalId eq \"Ext\"", 1), ("externalId eq \"ext\"", 0), ("externalId sw \"e\"", 0),
            (&format!("id eq \"{ann}\""), 1), (&format!("id eq \"{}\"", ann.to_lowercase()), 0),
            (&format!("groups.value eq \"{group}\""), 1), (&format!("groups.value eq \"{}\"", group.to_lowercase()), 0),
        ] {
            assert_eq!(wire.count(filter).await, total, "{filter}");
        }
        for (member, total) in [(ann.clone(), 1), (ann.to_lowercase(), 0)] {
            let found = wire.read(&format!("/Groups?filter=members[value eq \"{member}\"]")).await;
            assert_eq!(found["totalResults"], total);
        }
        wire.get(&format!("/Users/{}", ann.to_lowercase())).await.expect(404);
        let operation = json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ann.to_lowercase())}]);
        wire.patch(&format!("/Groups/{group}"), operation).await.expect(200);
        assert_eq!(wire.members(&group).await, [ann]);
        // Letters that are put together in another way are the same letters.
        wire.user("Jos\u{e9}").await;
        wire.post("/Users", json!({"userName": "JOSE\u{301}"})).await.expect(409);
    }
}
