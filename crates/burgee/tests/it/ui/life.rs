//! Tags, links and the end of a flag, through the pages.

use serde_json::{Value, json};

use super::{encoded, form, hidden, person};
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
        let marked = form(&editor, &format!("{FLAG}/stale"), "stale=true").await.expect(303);
        assert!(marked.header("set-cookie").contains("undo"));
        let again = form(&editor, &format!("{FLAG}/stale"), "stale=true").await.expect(303);
        assert!(again.header("set-cookie").contains("already") && !again.header("set-cookie").contains("undo"));
        assert_eq!(stored(&server).await["stale"], true);
        assert!(editor.get(FLAG).await.expect(200).text.contains("Not stale any more"));
        form(&editor, &format!("{FLAG}/stale"), "stale=false").await.expect(303);
        assert_eq!(stored(&server).await["stale"], false);
        let switch = "/projects/default/features/f/environments/production/switch";
        assert!(form(&editor, switch, "enabled=true").await.expect(303).header("set-cookie").contains("undo"));
        let again = form(&editor, switch, "enabled=true").await.expect(303);
        assert!(again.header("set-cookie").contains("already") && !again.header("set-cookie").contains("undo"));
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

both! {
    async fn a_flag_depends_on_another_and_no_longer(server) {
        for name in ["f", "parent"] { flag(&server, name).await; }
        let editor = person(&server, "ed", "Editor").await;
        let ask = editor.get(&format!("{FLAG}/dependency?parent=parent")).await.expect(200).text;
        assert!(ask.contains("name=\"state\"") && !ask.contains("state-as"), "a parent without variants has none to choose");
        form(&editor, &format!("{FLAG}/dependency"), "parent=parent&state=as").await.expect(422);
        form(&editor, &format!("{FLAG}/dependency"), "parent=parent&state=off").await.expect(303);
        assert_eq!(stored(&server).await["dependencies"][0]["enabled"], false);
        assert!(editor.get("/projects/default/features/parent").await.expect(200).text.contains("Needed by"));
        let late = form(&editor, &format!("{FLAG}/dependency"), "parent=parent&state=on&was=").await.expect(422).text;
        assert!(late.contains("Somebody else changed this meanwhile"));
        let again = encoded(&[("parent", "parent"), ("state", "on"), ("was", &hidden(&late, "was"))]);
        form(&editor, &format!("{FLAG}/dependency"), &again).await.expect(303);
        let refused = form(&editor, "/projects/default/features/parent/dependency", "parent=f&state=on").await;
        assert!(refused.expect(422).text.contains("Transitive"));
        let gone = form(&editor, &format!("{FLAG}/dependency/remove"), "parent=parent").await.expect(303);
        assert!(gone.header("set-cookie").contains("state"));
        assert_eq!(stored(&server).await["dependencies"], json!([]));
        let viewer = person(&server, "vera", "Viewer").await;
        form(&viewer, &format!("{FLAG}/dependency"), "parent=parent&state=on").await.expect(403);
        assert!(viewer.get(FLAG).await.expect(200).text.contains("id=\"add-parent\" type=\"button\" aria-disabled"));
    }

    async fn a_flag_is_copied_moved_and_completed(server) {
        flag(&server, "f").await;
        let admin = server.sign_in("admin", crate::support::server::PASSWORD).await;
        let refused = form(&admin, &format!("{FLAG}/copy"), "name=f&regroup=true").await;
        assert!((400..500).contains(&refused.status) && refused.text.contains("value=\"f\""), "{}", refused.text);
        form(&admin, &format!("{FLAG}/copy"), "name=g&regroup=true").await.expect(303);
        server.admin().get("/api/admin/projects/default/features/g").await.expect(200);
        server.admin().post("/api/admin/projects", json!({ "id": "other", "name": "Other" })).await.expect(201);
        let moved = form(&admin, &format!("{FLAG}/move"), "target=other").await.expect(303);
        assert_eq!(moved.header("location"), "/projects/other/features/f");
        form(&admin, "/projects/other/features/f/move", "target=default").await.expect(303);
        form(&admin, &format!("{FLAG}/complete"), "outcome=discarded").await.expect(303);
        let page = admin.get(FLAG).await.expect(200).text;
        assert!(page.contains("discarded, ") && page.contains("Not completed after all"));
        form(&admin, &format!("{FLAG}/uncomplete"), "").await.expect(303);
        assert!(admin.get(FLAG).await.expect(200).text.contains("Complete…"));
    }

    async fn strategies_are_copied_as_they_were_shown(server) {
        flag(&server, "f").await;
        let editor = person(&server, "ed", "Editor").await;
        let at = |environment: &str| format!("/api/admin{FLAG}/environments/{environment}");
        let strategy = |ids: &str| json!({ "name": "applicationHostname", "parameters": { "hostNames": ids } });
        server.admin().post(&format!("{}/strategies", at("development")), strategy("1")).await.expect(200);
        let path = format!("{FLAG}/environments/production/copy-strategies");
        let page = editor.get(&format!("{path}?from=development")).await.expect(200).text;
        let was = page.split("name=\"was\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        server.admin().post(&format!("{}/strategies", at("development")), strategy("2")).await.expect(200);
        let late = form(&editor, &path, &format!("from=development&how=add&was={was}")).await.expect(409).text;
        let was = late.split("name=\"was\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        form(&editor, &path, &format!("from=development&how=add&was={was}")).await.expect(303);
        let there = server.admin().get(&at("production")).await.expect(200).json();
        assert_eq!(there["strategies"].as_array().unwrap().len(), 2);
    }
}
