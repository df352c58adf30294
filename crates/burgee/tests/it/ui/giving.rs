//! What connections say about roles, through the pages.

use serde_json::json;

use super::{admin, encoded, form, hidden, person};

both! {
    async fn a_rule_is_looked_at_before_it_is_saved(server) {
        let admin = admin(&server).await;
        let page = admin.get("/provisioning/1/roles").await.expect(200).text;
        assert!(page.contains("No rule yet") && page.contains("Roles of people"));
        let ann = server.push_user(json!({ "userName": "ann", "displayName": "Ann Pilot" })).await;
        server.push_group("Pilots", &[&ann]).await;

        let fresh = admin.get("/provisioning/1/roles/rule").await.expect(200).text;
        assert!(fresh.contains("Admin is offered once"), "Admin is not given by chance");
        let version = hidden(&fresh, "version");
        let typed = |projects: &str, more: &[(&str, &str)]| {
            let mut pairs = vec![("rule", ""), ("by", "name"), ("group", "pilots"), ("root", "2"), ("projects", projects), ("version", &*version)];
            pairs.extend(more);
            encoded(&pairs)
        };
        let to = "/provisioning/1/roles/rule";
        let wrong = form(&admin, to, &typed("default Member\nnowhere: Wizard", &[])).await.expect(422).text;
        assert!(wrong.contains("nowhere: Wizard") && wrong.contains("value=\"pilots\""), "{wrong}");
        assert!(form(&admin, to, &typed("nowhere: Member", &[])).await.expect(422).text.contains("There is no project"));

        let shown = form(&admin, to, &typed("default: member", &[])).await.expect(200).text;
        assert!(shown.contains("1 person would gain roles") && shown.contains("Ann Pilot") && shown.contains("Member in default"), "{shown}");
        assert!(server.events("scim-role-rule-created").await.is_empty(), "looking changes nothing");
        assert_eq!((hidden(&shown, "sure"), hidden(&shown, "version")), ("true".to_owned(), version.clone()));
        form(&admin, to, &typed("default: member", &[("sure", "true")])).await.expect(303);
        let page = admin.get("/provisioning/1/roles").await.expect(200).text;
        assert!(page.contains("Member in default") && page.contains("1 member"), "{page}");
        let id = page.split("roles/rule?rule=").nth(1).unwrap().split('"').next().unwrap().to_owned();

        // Somebody was faster: nothing is overwritten.
        let late = form(&admin, to, &typed("", &[("sure", "true")])).await;
        assert!(late.status >= 400 && late.text.contains("Somebody else has changed"), "{}", late.status);

        let access = format!("/users/{}/access", server.number("ann").await);
        let access = admin.get(&access).await.expect(200).text;
        assert!(access.contains("rule about pilots") && access.contains("/provisioning/1/roles"), "{access}");

        let members = admin.get("/projects/default/members").await.expect(200).text;
        assert!(members.contains("By the identity provider") && members.contains("Ann Pilot") && members.contains("about pilots"), "{members}");

        let edit = admin.get(&format!("{to}?rule={id}")).await.expect(200).text;
        assert!(edit.contains("default: Member") && edit.contains("value=\"pilots\""), "{edit}");
        let gone = admin.get(&format!("/provisioning/1/roles/remove?rule={id}")).await.expect(200).text;
        assert!(gone.contains("1 person would lose some"), "{gone}");
        let sure = encoded(&[("rule", &id), ("version", &hidden(&gone, "version")), ("sure", "true")]);
        form(&admin, "/provisioning/1/roles/remove", &sure).await.expect(303);
        admin.get(&format!("/provisioning/1/roles/remove?rule={id}")).await.expect(404);
        assert_eq!(server.events("scim-role-rule-deleted").await.len(), 1);
    }

    async fn what_a_connection_heeds_is_looked_at_before_it_is_saved(server) {
        let admin = admin(&server).await;
        server.push_user(json!({ "userName": "ann", "roles": ["Editor"] })).await;
        let page = admin.get("/provisioning/1/roles").await.expect(200).text;
        let version = hidden(&page, "version");
        let typed = |usual: &str, more: &[(&str, &str)]| {
            let mut pairs = vec![("heeds_roles", "true"), ("usual_role", usual), ("root_conflict", "idp"), ("version", &*version)];
            pairs.extend(more);
            encoded(&pairs)
        };
        let to = "/provisioning/1/roles";
        let shown = form(&admin, to, &typed("3", &[])).await.expect(200).text;
        assert!(shown.contains("1 person would gain roles, and 1 person would lose some"), "{shown}");
        form(&admin, to, &typed("1", &[])).await.expect(422);
        form(&admin, to, &typed("3", &[("sure", "true")])).await.expect(303);
        let page = admin.get(to).await.expect(200).text;
        assert!(page.contains("id=\"heeds_roles\" name=\"heeds_roles\" value=\"true\" checked"), "{page}");
        let viewer = person(&server, "vera", "Viewer").await;
        for path in [to, "/provisioning/1/roles/rule"] {
            viewer.get(path).await.expect(403);
        }
        form(&viewer, to, &typed("3", &[("sure", "true")])).await.expect(403);
    }
}
