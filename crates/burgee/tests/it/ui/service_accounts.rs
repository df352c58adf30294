//! Service accounts, through the pages, and their tokens.

use super::users::code;
use super::{admin, encoded, form, hidden};

both! {
    async fn a_service_account_comes_acts_and_goes(server) {
        let admin = admin(&server).await;
        assert!(admin.get("/service-accounts").await.expect(200).text.contains("No service accounts yet"));
        let refused = form(&admin, "/service-accounts/new", "name=Nightly&username=admin&role=2").await;
        assert!(refused.expect(422).text.contains("value=\"Nightly\""));
        let made = form(&admin, "/service-accounts/new", "name=Nightly&username=nightly&role=2").await.expect(303);
        let path = made.header("location").to_owned();
        assert!(admin.get("/service-accounts").await.expect(200).text.contains("none that works"));
        let refused = form(&admin, &format!("{path}/new-token"), "description=&lasts=365").await.expect(400).text;
        assert!(refused.contains("id=\"description-problem\"") && refused.contains("<option value=\"365\" selected>"));
        let made = form(&admin, &format!("{path}/new-token"), "description=build&lasts=30").await.expect(200).text;
        let secret = code(&made);
        assert!(secret.starts_with("user:"));
        let program = server.anonymous().with("authorization", &secret);
        program.get("/api/admin/projects").await.expect(200);
        let page = admin.get(&path).await.expect(200).text;
        assert!(page.contains("build") && !page.contains(&secret), "it is shown once");
        let events = server.events("service-account-token-created").await;
        assert!(events[0]["createdBy"] == "admin" && !events[0].to_string().contains(&secret));
        let edit = [("name", "Nightly build"), ("role", "3"), ("was_name", "Nightly"), ("was_role", "2")];
        form(&admin, &format!("{path}/edit"), &encoded(&edit)).await.expect(303);
        let asked = form(&admin, &format!("{path}/edit"), &encoded(&[("name", "Other"), ("role", "2"), ("was_name", "Nightly"), ("was_role", "2")])).await.expect(409).text;
        assert!(asked.contains("Somebody else made it “Nightly build”"));
        let page = admin.get(&path).await.expect(200).text;
        assert!(page.contains("<h1>Nightly build</h1>") && page.contains("Viewer"));
        assert!(admin.get(&format!("{path}/access?may=CREATE_PROJECT")).await.expect(200).text.contains(">no<"));
        let token = page.split("revoke-token?token=").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_eq!(hidden(&admin.get(&format!("{path}/revoke-token?token={token}")).await.expect(200).text, "token"), token);
        admin.get(&format!("{path}/revoke-token?token=999")).await.expect(404);
        form(&admin, &format!("{path}/revoke-token"), &format!("token={token}")).await.expect(303);
        program.get("/api/admin/projects").await.expect(401);
        for number in 0..10 {
            form(&admin, &format!("{path}/new-token"), &format!("description=t{number}&lasts=30")).await.expect(200);
        }
        let full = form(&admin, &format!("{path}/new-token"), "description=eleventh&lasts=30").await.text;
        assert!(full.contains("value=\"eleventh\"") && full.contains("10 is the limit"));
        assert!(admin.get(&path).await.expect(200).text.contains("id=\"new-token-why\""));
        // It is no person, and its pages are its own.
        let as_user = path.replace("service-accounts", "users");
        assert_eq!(admin.get(&as_user).await.expect(303).header("location"), path);
        for step in ["delete", "deactivate", "password-link"] {
            let answer = form(&admin, &format!("{as_user}/{step}"), "").await;
            assert!((400..500).contains(&answer.status), "{step}: {}", answer.status);
        }
        assert!(!admin.get("/users").await.expect(200).text.contains("Nightly build"));
        form(&admin, &format!("{path}/delete"), "").await.expect(303);
        admin.get(&path).await.expect(404);
        form(&admin, "/service-accounts/1/delete", "").await.expect(404);
    }
}
