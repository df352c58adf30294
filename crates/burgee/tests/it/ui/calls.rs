//! The journal of calls, through the pages.

use std::time::Duration;

use burgee::people::seen::Subject;
use serde_json::json;

use super::{admin, form, person};
use crate::support::TestServer;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// Where a page leads.
fn links(page: &str) -> Vec<String> {
    let found = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    found.filter(|link| link.starts_with("/provisioning/calls/01")).collect()
}

async fn write(server: &TestServer) {
    server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
}

both! {
    async fn calls_are_found_looked_at_and_done_again(server) {
        let reader = admin(&server).await;
        let empty = reader.get("/provisioning/calls").await.expect(200).text;
        assert!(empty.contains("No calls yet"));
        let body = json!({ "schemas": [USER], "userName": "ann@x.io", "displayName": "Ann <Example>", "password": "hush" });
        let made = server.scim().post("/scim/v2/Users", body).await.expect(201).json();
        let path = format!("/scim/v2/Users/{}", made["id"].as_str().unwrap());
        server.scim().delete(&path).await.expect(204);
        server.anonymous().get("/scim/v2/Users").await.expect(401);
        write(&server).await;

        let page = reader.get("/provisioning/calls").await.expect(200).text;
        for words in ["Created “Ann &lt;Example&gt;”", "Removed “Ann &lt;Example&gt;”: all access ended", "Refused: A valid provisioning token", "Nobody known", "data-live=\"/live?calls=true\""] {
            assert!(page.contains(words), "{words} in {page}");
        }
        let refused = reader.get("/provisioning/calls?outcome=refused").await.expect(200).text;
        assert!(!refused.contains("Created “Ann") && refused.contains("Remove this filter"));
        assert!(reader.get("/provisioning/calls?q=nothing").await.expect(200).text.contains("No call matches"));
        for (wrong, about) in [("from=yesterday", "is no day"), ("outcome=odd", "“odd” is no outcome"), ("kind=odd", "“odd” is no kind of calls")] {
            let page = reader.get(&format!("/provisioning/calls?{wrong}")).await.expect(400).text;
            assert!(page.contains(about), "{page}");
        }
        let lines = reader.get("/provisioning/calls.jsonl?kind=create").await.expect(200).text;
        assert_eq!(lines.lines().count(), 1);

        let created = reader.get("/provisioning/calls?kind=create").await.expect(200).text;
        let call = links(&created).remove(0);
        let shown = reader.get(&call).await.expect(200).text;
        for words in ["POST /scim/v2/Users", "A password or token was in it", "(never kept)", "User created", "5c1m", "What changed", "Deviations from the standard"] {
            assert!(shown.contains(words), "{words} in {shown}");
        }
        assert!(!shown.contains("hush"));

        // First as a dry run, then in earnest: Ann comes back.
        let dry = form(&reader, &format!("{call}/replay"), "").await.expect(303).header("location").to_owned();
        let shown = reader.get(&dry).await.expect(200).text;
        assert!(shown.contains("This is what would happen") && shown.contains("What would have changed"));
        assert_eq!(server.scim().get("/scim/v2/Users").await.expect(200).json()["totalResults"], 0);
        let done = form(&reader, &format!("{call}/replay"), "apply=true").await.expect(303).header("location").to_owned();
        let shown = reader.get(&done).await.expect(200).text;
        assert!(shown.contains("Done again") && shown.contains("Call of an identity provider done again"));
        assert_eq!(server.scim().get("/scim/v2/Users").await.expect(200).json()["totalResults"], 1);

        // From an event to the call, and from a person to what was sent about them.
        let event = shown.split("href=\"/events/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let page = reader.get(&format!("/events/{event}")).await.expect(200).text;
        assert!(page.contains(&done), "{page}");
        let ann = server.admin().get("/api/admin/user-admin/search?q=ann").await.expect(200).json()[0]["id"].clone();
        let page = reader.get(&format!("/users/{ann}")).await.expect(200).text;
        assert!(page.contains(&format!("/provisioning/calls?user={ann}")));
        let about = reader.get(&format!("/provisioning/calls?user={ann}")).await.expect(200).text;
        assert_eq!(links(&about).len(), 1);

        let viewer = person(&server, "vera", "Viewer").await;
        for path in ["/provisioning/calls", "/provisioning/calls.jsonl", &call] {
            viewer.get(path).await.expect(403);
        }
        form(&viewer, &format!("{call}/replay"), "apply=true").await.expect(403);
        reader.get("/provisioning/calls/nothing").await.expect(404);
    }

    async fn a_silent_identity_provider_is_shown(server) {
        let reader = admin(&server).await;
        assert!(!reader.get("/").await.expect(200).text.contains("is silent"));
        let long_ago = server.app.clock.now().minus(Duration::from_hours(3));
        server.app.seen.note(Subject::Connection, 1, long_ago);
        server.app.seen.write(&server.app.db).await.unwrap();
        server.rows("UPDATE scim_connections SET updated_at = 0").await;
        burgee::provisioning::silence::tell(&server.app.db, server.app.clock.now()).await.unwrap();
        for path in ["/", "/provisioning"] {
            assert!(reader.get(path).await.expect(200).text.contains("The identity provider is silent"), "{path}");
        }
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(!viewer.get("/").await.expect(200).text.contains("is silent"));
        let figures = server.anonymous().get("/internal-backstage/prometheus").await.expect(200).text;
        assert!(figures.contains("burgee_scim_silent_connections 1"), "{figures}");
        server.scim().get("/scim/v2/Users").await.expect(200);
        server.app.seen.write(&server.app.db).await.unwrap();
        assert!(!reader.get("/").await.expect(200).text.contains("is silent"));
    }
}
