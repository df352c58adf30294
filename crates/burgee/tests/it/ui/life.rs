//! Tags, links and the end of a flag, through the pages.

use serde_json::{Value, json};

use super::{form, person};
use crate::support::TestServer;

const FLAG: &str = "/projects/default/features/f";

async fn flag(server: &TestServer, name: &str) {
    server.admin().post("/api/admin/projects/default/features", json!({ "name": name })).await.expect(201);
}

async fn stored(server: &TestServer) -> Value {
    server.admin().get(&format!("/api/admin{FLAG}")).await.expect(200).json()
}

both! {
    async fn a_flag_is_stale_archived_and_back(server) {
        flag(&server, "f").await;
        let editor = person(&server, "ed", "Editor").await;
        form(&editor, &format!("{FLAG}/stale"), "stale=true").await.expect(303);
        assert_eq!(stored(&server).await["stale"], true);
        assert!(editor.get(FLAG).await.expect(200).text.contains("Not stale any more"));
        form(&editor, &format!("{FLAG}/stale"), "stale=false").await.expect(303);
        assert_eq!(stored(&server).await["stale"], false);
        form(&editor, "/projects/default/features/f/environments/production/switch", "enabled=true").await.expect(303);
        let ask = editor.get(&format!("{FLAG}/archive")).await.expect(200).text;
        assert!(ask.contains("It is on in production") && ask.contains("Archive flag"));
        form(&editor, &format!("{FLAG}/archive"), "").await.expect(303);
        let page = editor.get(FLAG).await.expect(200).text;
        assert!(page.contains("This flag is archived") && page.contains(&format!("action=\"{FLAG}/revive\"")));
        form(&editor, &format!("{FLAG}/revive"), "").await.expect(303);
        assert_eq!(stored(&server).await["archived"], false);
        assert!(!editor.get(FLAG).await.expect(200).text.contains("This flag is archived"));
    }

    async fn who_may_not_end_a_flag_is_told_why(server) {
        flag(&server, "f").await;
        let viewer = person(&server, "vera", "Viewer").await;
        let page = viewer.get(FLAG).await.expect(200).text;
        assert!(page.contains("id=\"archive-why\"") && page.contains("id=\"stale-why\"") && !page.contains("/labels"));
        for step in ["stale", "archive", "revive", "tags", "links"] {
            form(&viewer, &format!("{FLAG}/{step}"), "stale=true&kind=simple&value=abc").await.expect(403);
        }
        flag(&server, "child").await;
        server.admin().post("/api/admin/projects/default/features/child/dependencies", json!({ "feature": "f" })).await.done();
        let editor = person(&server, "ed", "Editor").await;
        let ask = editor.get(&format!("{FLAG}/archive")).await.expect(200).text;
        assert!(ask.contains("Other flags depend on it") && !ask.contains("Archive flag</button>"));
        let refused = form(&editor, &format!("{FLAG}/archive"), "").await.expect(403).text;
        assert!(refused.contains("other features depend on it"));
        let approve = json!({ "changeRequestsEnabled": true, "requiredApprovals": 1 });
        server.admin().put("/api/admin/projects/default/environments/production/change-requests/config", approve).await.expect(204);
        let page = editor.get("/projects/default/features/child").await.expect(200).text;
        assert!(page.contains("id=\"archive-why\"") && page.contains("Changes in production need approval"));
        form(&editor, "/projects/default/features/child/archive", "").await.expect(403);
    }

    async fn tags_and_links_come_and_go(server) {
        flag(&server, "f").await;
        let editor = person(&server, "ed", "Editor").await;
        let labels = format!("{FLAG}/labels");
        form(&editor, &format!("{FLAG}/tags"), "kind=simple&value=+q4+").await.expect(303);
        let tags = async || server.admin().get("/api/admin/features/f/tags").await.expect(200).json()["tags"].clone();
        assert_eq!(tags().await[0]["value"], "q4");
        let page = form(&editor, &format!("{FLAG}/tags"), "kind=simple&value=x").await.expect(422).text;
        assert!(page.contains("id=\"value-problem\"") && page.contains("value=\"x\"") && page.contains("between 2 and 50"));
        form(&editor, &format!("{FLAG}/links"), "url=wiki.test%2Ff&title=Wiki").await.expect(303);
        let page = editor.get(&labels).await.expect(200).text;
        assert!(page.contains("href=\"https://wiki.test/f\"") && page.contains("Remove the link Wiki"));
        let page = form(&editor, &format!("{FLAG}/links"), "url=javascript:alert(1)").await.expect(422).text;
        assert!(page.contains("id=\"url-problem\"") && !page.contains("href=\"javascript"));
        let id = page.split("name=\"remove\" value=\"").last().unwrap().split('"').next().unwrap().to_owned();
        form(&editor, &format!("{FLAG}/links"), &format!("remove={id}")).await.expect(303);
        form(&editor, &format!("{FLAG}/tags"), "kind=simple&value=q4&remove=true").await.expect(303);
        assert_eq!(tags().await, json!([]));
        let page = editor.get(&labels).await.expect(200).text;
        assert!(page.contains("No tag yet") && page.contains("No link yet"));
    }
}
