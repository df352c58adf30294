//! Strategies, through the pages: added, edited beside others, switched, moved and deleted.

use serde_json::{Value, json};

use super::{encoded, form, hidden, person};
use crate::support::TestServer;
use crate::support::client::Client;

const FLAG: &str = "/projects/default/features/f";
const AT: &str = "/projects/default/features/f/environments/production";

async fn flag(server: &TestServer) {
    server.admin().post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
}

async fn place(server: &TestServer) -> Value {
    server.admin().get(&format!("/api/admin{AT}")).await.expect(200).json()
}

async fn add(server: &TestServer, title: &str) -> String {
    let body = json!({ "name": "default", "title": title });
    let added = server.admin().post(&format!("/api/admin{AT}/strategies"), body).await.expect(200).json();
    added["id"].as_str().unwrap().to_owned()
}

async fn opened(who: &Client, id: &str) -> String {
    hidden(&who.get(&format!("{AT}/strategies/{id}")).await.expect(200).text, "was")
}

both! {
    async fn a_strategy_is_added_as_it_was_typed(server) {
        flag(&server).await;
        let segment = json!({ "name": "beta", "constraints": [{ "contextName": "userId", "operator": "IN", "values": ["1"] }] });
        let segment = server.admin().post("/api/admin/segments", segment).await.expect(201).json()["id"].to_string();
        let editor = person(&server, "ed", "Editor").await;
        let page = editor.get(&format!("{AT}/new-strategy")).await.expect(200).text;
        for offered in ["name=\"p.rollout\"", ">beta<", "kind=remoteAddress"] {
            assert!(page.contains(offered), "{offered}");
        }
        let typed = [
            ("kind", "flexibleRollout"), ("title", " Half "), ("p.rollout", "50"), ("p.stickiness", "userId"), ("p.groupId", ""),
            ("c.0.field", "country"), ("c.0.operator", "IN"), ("c.0.values", "DE\r\n\r\n AT "), ("c.0.inverted", "true"),
            ("c.4.field", "userId"), ("c.4.operator", "NUM_GT"), ("c.4.values", "7"),
            ("c.5.field", ""), ("c.5.operator", "IN"), ("c.5.values", ""),
            ("segment", segment.as_str()),
            ("v.0.name", "red"), ("v.0.share", "30.5 %"), ("v.0.payload_kind", "json"), ("v.0.payload", "{}"),
            ("v.1.name", "blue"), ("v.1.share", ""), ("v.2.name", ""), ("act", "save"),
        ];
        let answer = form(&editor, &format!("{AT}/new-strategy"), &encoded(&typed)).await.expect(303);
        assert_eq!(answer.header("location"), FLAG);
        let strategy = &place(&server).await["strategies"][0];
        assert_eq!((&strategy["title"], strategy["segments"][0].to_string()), (&json!("Half"), segment));
        assert_eq!(strategy["parameters"], json!({ "rollout": "50", "stickiness": "userId", "groupId": "f" }));
        assert_eq!(strategy["constraints"].as_array().unwrap().len(), 2);
        assert_eq!(strategy["constraints"][0]["values"], json!(["DE", "AT"]));
        assert_eq!((&strategy["constraints"][0]["inverted"], &strategy["constraints"][1]["value"]), (&json!(true), &json!("7")));
        let variants: Vec<_> = strategy["variants"].as_array().unwrap().iter().map(|it| (&it["name"], &it["weight"])).collect();
        assert_eq!(variants, [(&json!("blue"), &json!(695)), (&json!("red"), &json!(305))]);
        let page = editor.get(FLAG).await.expect(200).text;
        assert!(page.contains("Half") && page.contains("is none of"));
    }

    async fn rows_come_and_go_without_anything_being_saved(server) {
        flag(&server).await;
        let editor = person(&server, "ed", "Editor").await;
        let typed = [("kind", "default"), ("title", "kept <title>"), ("c.2.field", "kept-field"), ("act", "add-constraint")];
        let page = form(&editor, &format!("{AT}/new-strategy"), &encoded(&typed)).await.expect(200).text;
        assert!(page.contains("kept &lt;title&gt;") && page.contains("kept-field") && page.contains("name=\"c.3.field\""));
        assert!(page.contains("<optgroup label=\"Version\">") && page.contains("is at least"));
        let typed = [("kind", "default"), ("c.2.field", "a"), ("v.1.name", "b"), ("act", "drop c.2")];
        let page = form(&editor, &format!("{AT}/new-strategy"), &encoded(&typed)).await.expect(200).text;
        assert!(!page.contains("c.2.field") && page.contains("name=\"v.1.name\""));
        assert_eq!(place(&server).await["strategies"], json!([]));
        let many = (0..300).map(|row| format!("c.{row}.field=")).collect::<Vec<_>>().join("&");
        form(&editor, &format!("{AT}/new-strategy"), &many).await.expect(400);
    }

    async fn what_is_refused_stands_beside_its_field(server) {
        flag(&server).await;
        let editor = person(&server, "ed", "Editor").await;
        for (field, value, name, sentence) in [
            ("c.3.values", "many", "c.3.values", "must be a number"),
            ("p.rollout", "101", "p.rollout", ""),
            ("v.1.share", "x", "v.1.share", "A share is a percentage"),
        ] {
            let mut typed = vec![("kind", "flexibleRollout"), ("p.rollout", "5")];
            if field.starts_with('c') { typed.extend([("c.3.field", "age"), ("c.3.operator", "NUM_GT")]) }
            if field.starts_with('v') { typed.push(("v.1.name", "red")) }
            typed.retain(|(name, _)| *name != field);
            typed.push((field, value));
            let page = form(&editor, &format!("{AT}/new-strategy"), &encoded(&typed)).await.expect(422).text;
            let problem = page.split(&format!("id=\"{name}-problem\">")).nth(1).unwrap_or_else(|| panic!("{field}: {page}"));
            assert!(problem.contains(sentence) && page.contains(&format!("value=\"{value}\"")) | page.contains(&format!(">{value}<")), "{field}");
        }
        let typed = [("kind", "default"), ("v.0.name", "a"), ("v.0.share", "20"), ("v.1.name", "b"), ("v.1.share", "30")];
        let page = form(&editor, &format!("{AT}/new-strategy"), &encoded(&typed)).await.expect(422).text;
        assert!(page.contains("The shares make 50 %"));
        assert_eq!(place(&server).await["strategies"], json!([]));
    }

    async fn nothing_of_somebody_else_is_overwritten_unseen(server) {
        flag(&server).await;
        let id = add(&server, "first").await;
        let editor = person(&server, "ed", "Editor").await;
        let path = format!("{AT}/strategies/{id}");
        let was = opened(&editor, &id).await;
        let api = format!("/api/admin{path}");
        // What the form does not show may change meanwhile, and stays.
        server.admin().put(&api, json!({ "title": "first", "disabled": true, "sortOrder": 3 })).await.expect(200);
        form(&editor, &path, &encoded(&[("was", &was), ("title", "second")])).await.expect(303);
        let strategy = &place(&server).await["strategies"][0];
        assert_eq!((&strategy["title"], &strategy["disabled"]), (&json!("second"), &json!(true)));
        let stale = form(&editor, &path, &encoded(&[("was", &was), ("title", "mine")])).await.expect(409).text;
        assert!(stale.contains("Theirs") && stale.contains("second") && stale.contains("value=\"mine\""));
        assert_eq!(place(&server).await["strategies"][0]["title"], "second");
        let was = hidden(&stale, "was");
        form(&editor, &path, &encoded(&[("was", &was), ("title", "mine")])).await.expect(303);
        assert_eq!(place(&server).await["strategies"][0]["title"], "mine");
        server.admin().delete(&api).await.expect(200);
        let gone = form(&editor, &path, &encoded(&[("was", &was), ("kind", "default"), ("title", "mine")])).await.expect(409).text;
        assert!(gone.contains("deleted this strategy") && gone.contains(&format!("action=\"{AT}/new-strategy\"")));
        editor.get(&path).await.expect(404);
    }

    async fn strategies_are_switched_moved_and_deleted(server) {
        flag(&server).await;
        let (a, b) = (add(&server, "a").await, add(&server, "b").await);
        let editor = person(&server, "ed", "Editor").await;
        let titles = async || {
            let strategies = place(&server).await["strategies"].as_array().unwrap().clone();
            strategies.iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        form(&editor, &format!("{AT}/strategies/{b}/move"), "up=true").await.expect(303);
        assert_eq!(titles().await, ["b", "a"]);
        form(&editor, &format!("{AT}/strategies/{b}/move"), "up=true").await.expect(303);
        form(&editor, &format!("{AT}/strategies/{b}/move"), "up=false").await.expect(303);
        assert_eq!(titles().await, ["a", "b"]);
        form(&editor, &format!("{AT}/switch"), "enabled=true").await.expect(303);
        form(&editor, &format!("{AT}/strategies/{a}/switch"), "disabled=true").await.expect(303);
        assert_eq!(place(&server).await["enabled"], true);
        let ask = editor.get(&format!("{AT}/strategies/{b}/delete")).await.expect(200).text;
        assert!(ask.contains("the last one that is on"));
        assert_eq!(titles().await, ["a", "b"]);
        let answer = form(&editor, &format!("{AT}/strategies/{b}/delete"), "").await.expect(303);
        assert!(answer.header("set-cookie").contains("is+off+in+production"));
        assert_eq!((titles().await, &place(&server).await["enabled"]), (vec!["a".to_owned()], &json!(false)));
        // Who deletes what is gone already has what they want.
        form(&editor, &format!("{AT}/strategies/{b}/delete"), "").await.expect(303);
        let found = server.admin().get("/api/admin/search/events?type=IS:feature-strategy-remove").await.expect(200).json();
        assert_eq!((&found["total"], &found["events"][0]["createdBy"]), (&json!(1), &json!("ed")));
    }

    async fn who_may_not_change_strategies_is_told_why(server) {
        flag(&server).await;
        let id = add(&server, "first").await;
        let viewer = person(&server, "vera", "Viewer").await;
        let page = viewer.get(FLAG).await.expect(200).text;
        assert!(page.contains("Create activation strategies") && page.contains("Update activation strategies"));
        assert!(!page.contains("/new-strategy") && !page.contains(&format!("/strategies/{id}")));
        for path in ["/new-strategy", "/strategies/x", "/strategies/x/delete"] {
            viewer.get(&format!("{AT}{path}")).await.expect(403);
            form(&viewer, &format!("{AT}{path}"), "").await.expect(403);
        }
        form(&viewer, &format!("{AT}/strategies/{id}/switch"), "disabled=true").await.expect(403);
        form(&viewer, &format!("{AT}/strategies/{id}/move"), "up=true").await.expect(403);
        let approve = json!({ "changeRequestsEnabled": true, "requiredApprovals": 1 });
        server.admin().put("/api/admin/projects/default/environments/production/change-requests/config", approve).await.expect(204);
        let editor = person(&server, "ed", "Editor").await;
        let page = editor.get(FLAG).await.expect(200).text;
        assert!(page.contains("Changes in production need approval") && page.contains("development/new-strategy"));
        assert!(!page.contains("production/new-strategy"));
        let page = editor.get(&format!("{AT}/new-strategy")).await.expect(200).text;
        assert!(page.contains("This cannot be saved") && !page.contains("id=\"save\""));
        form(&editor, &format!("{AT}/strategies/{id}/delete"), "").await.expect(403);
        assert_eq!(place(&server).await["strategies"].as_array().unwrap().len(), 1);
    }
}
