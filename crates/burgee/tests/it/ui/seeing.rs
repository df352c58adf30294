//! Looking at what is: the playground, applications, unknown flags, events as files, and the first call of an SDK.

use serde_json::json;

use super::{form, hidden_project, person};
use crate::support::TestServer;
use crate::support::client::Client;
use crate::support::server::PASSWORD;

async fn flag(server: &TestServer, name: &str) {
    server.admin().post("/api/admin/projects/default/features", json!({ "name": name })).await.expect(201);
}

/// A client of an environment.
async fn sdk(server: &TestServer, environment: &str) -> Client {
    let token =
        json!({ "tokenName": "shop", "type": "client", "environment": environment, "projects": ["*"] });
    let secret =
        server.admin().post("/api/admin/api-tokens", token).await.expect(201).json()["secret"].clone();
    server.anonymous().with("authorization", secret.as_str().unwrap())
}

both! {
    async fn the_playground_shows_each_context_in_each_environment(server) {
        hidden_project(&server).await;
        flag(&server, "f").await;
        let at = "/api/admin/projects/default/features/f/environments/production";
        let strategy = json!({ "name": "default", "constraints": [{ "contextName": "userId", "operator": "IN", "values": ["1"] }] });
        server.admin().post(&format!("{at}/strategies"), strategy).await.expect(200);
        server.admin().post(&format!("{at}/on"), json!({})).await.expect(200);
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(viewer.get("/playground").await.expect(200).text.contains("Nothing is asked yet"));
        let query = "c.userId=1,2&e=development&e=production";
        let page = viewer.get(&format!("/playground?{query}")).await.expect(200).text;
        assert!(page.contains("f in production for userId 1: on. Why?"), "{page}");
        assert!(page.contains("f in production for userId 2: off. Why?"));
        assert!(page.contains("f in development for userId 1: off. Why?") && !page.contains("hidden-flag"));
        let page = viewer.get(&format!("/playground?{query}&why=1+production+f")).await.expect(200).text;
        assert!(page.contains("id=\"why\"") && page.contains("No strategy matches them."), "{page}");
        let csv = viewer.get(&format!("/playground/results.csv?{query}&only=differs")).await.expect(200);
        assert!(csv.header("content-disposition").contains("playground.csv"));
        assert!(csv.text.starts_with("\"flag\",\"project\",\"environment\",\"on\",\"variant\",\"userId\"\n"), "{}", csv.text);
        assert!(csv.text.contains("\"f\",\"default\",\"production\",true,,\"1\"\n") && csv.text.lines().count() == 5);
        let wrong = viewer.get("/playground?e=production&more=nonsense").await.expect(422).text;
        assert!(wrong.contains("says no field") && wrong.contains("nonsense"));
        viewer.get("/playground?e=nowhere").await.expect(422);
        let none = viewer.get("/playground?e=production&q=no-such-flag&c.userId=1,2,3").await.expect(200).text;
        assert!(none.contains("No flag is here"));
        viewer.get(&format!("/playground?e=production&c.userId={}", "1,".repeat(5000))).await.expect(400);
        let many = (0..300).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        viewer.get(&format!("/playground?e=production&c.userId={many}&c.appName={many}")).await.expect(422);
    }

    async fn applications_are_told_about_and_written_about(server) {
        flag(&server, "f").await;
        let sdk = sdk(&server, "production").await;
        let told = json!({ "appName": "the shop/1", "instanceId": "i-1", "sdkVersion": "unleash-client-node:5.1.0", "strategies": ["default", "odd"], "interval": 1, "started": "now" });
        sdk.post("/api/client/register", told).await.expect(202);
        let now = server.app.clock.now().to_string();
        let toggles = json!({ "f": { "yes": 4, "no": 2 }, "f-mistyped": { "yes": 0, "no": 9 } });
        let bucket = json!({ "start": now, "stop": now, "toggles": toggles });
        sdk.post("/api/client/metrics", json!({ "appName": "the shop/1", "instanceId": "i-1", "bucket": bucket })).await.expect(202);
        let app = &server.app;
        app.registrations.write(&app.db).await.unwrap();
        app.usage.write(&app.db, |flag, name, yes, no| app.metrics.usage(flag, name, yes, no)).await.unwrap();
        let viewer = person(&server, "vera", "Viewer").await;
        let path = "/applications/the%20shop%2F1";
        let list = viewer.get("/applications").await.expect(200).text;
        assert!(list.contains(&format!("href=\"{path}\"")) && list.contains("outdated SDK"), "{list}");
        assert!(viewer.get("/projects/default/applications").await.expect(200).text.contains("5.1.0"));
        let page = viewer.get(path).await.expect(200).text;
        for word in ["i-1", "outdated", "odd", "f-mistyped", "/projects/default/features/f\""] {
            assert!(page.contains(word), "{word}: {page}");
        }
        let unknown = viewer.get("/unknown-flags").await.expect(200).text;
        assert!(unknown.contains("f-mistyped") && unknown.contains("aria-disabled"));
        form(&viewer, &format!("{path}/edit"), "description=x&url=").await.expect(403);
        form(&viewer, &format!("{path}/forget"), "").await.expect(403);
        let editor = person(&server, "ed", "Editor").await;
        let create = editor.get("/unknown-flags/create?name=f-mistyped").await.expect(303);
        assert_eq!(create.header("location"), "/projects/default/new-flag?name=f-mistyped");
        let refused = form(&editor, &format!("{path}/edit"), "description=Sells&url=javascript:alert(1)").await.expect(422);
        assert!(refused.text.contains("Sells") && refused.text.contains("https://"));
        form(&editor, &format!("{path}/edit"), "description=Sells&url=https://shop.test").await.expect(303);
        assert!(viewer.get(path).await.expect(200).text.contains("Sells"));
        let disputed = form(&editor, &format!("{path}/edit"), "description=Buys&url=https://shop.test&was_description=&was_url=https://shop.test").await.expect(409);
        assert!(disputed.text.contains("Buys") && disputed.text.contains("“Sells”"));
        form(&editor, &format!("{path}/forget"), "").await.expect(303);
        viewer.get(path).await.expect(404);
    }

    async fn events_are_taken_away_as_files(server) {
        hidden_project(&server).await;
        for name in ["a", "b", "c"] { flag(&server, name).await; }
        let viewer = person(&server, "vera", "Viewer").await;
        let csv = viewer.get("/events.csv?what=feature-created").await.expect(200);
        assert!(csv.header("content-type").starts_with("text/csv") && csv.text.lines().count() == 4, "{}", csv.text);
        assert!(!csv.text.contains("hidden"));
        let lines = viewer.get("/projects/default/events.jsonl?flag=b").await.expect(200).text;
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().all(|line| line["featureName"] == "b") && !lines.is_empty());
        let admin = server.sign_in("admin", PASSWORD).await;
        assert!(admin.get("/events.csv").await.expect(200).text.contains("secret-plan"));
        let today = server.app.clock.now().to_string()[..10].to_owned();
        let page = admin.get(&format!("/events?from={today}&to={today}&by=nobody+at+all")).await.expect(200).text;
        assert!(page.contains("No event matches") && page.contains("by nobody at all"));
        let page = admin.get("/events?what=Nothing+like+it").await.expect(200).text;
        assert!(page.contains("No event matches") && page.contains("Remove this filter"), "{page}");
        assert_eq!(admin.get("/events.csv?what=Nothing+like+it").await.expect(200).text.lines().count(), 1);
        assert_eq!(admin.get("/events.jsonl?what=Nothing+like+it").await.expect(200).text, "");
        assert!(admin.get("/events?from=soon").await.expect(400).text.contains("“soon” is no day"));
        assert!(admin.get("/events").await.expect(200).text.contains("Events by the day"));
    }

    async fn the_first_call_of_an_application_is_seen(server) {
        let editor = person(&server, "ed", "Editor").await;
        assert!(editor.get("/").await.expect(200).text.contains("First steps"));
        form(&editor, "/projects/default/new-flag", "name=first&kind=release").await.expect(303);
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(!viewer.get("/").await.expect(200).text.contains("First steps"), "it is for who can do them");
        form(&viewer, "/projects/default/connect", "environment=production").await.expect(403);
        let admin = server.sign_in("admin", PASSWORD).await;
        assert!(admin.get("/projects/default/connect?flag=first").await.expect(200).text.contains("isEnabled(&quot;first&quot;"));
        admin.get("/projects/default/connect?flag=none").await.expect(404);
        let tokens = async || server.admin().get("/api/admin/api-tokens").await.expect(200).json()["tokens"].as_array().unwrap().len();
        let before = tokens().await;
        form(&admin, "/projects/default/connect", "flag=none&runs=server&environment=production").await.expect(404);
        assert_eq!(tokens().await, before, "nothing is made that nobody sees");
        let register = json!({ "appName": "another-application", "interval": 1000, "started": "2026-01-01T00:00:00Z", "strategies": [] });
        sdk(&server, "production").await.post("/api/client/register", register).await.done();
        let made = form(&admin, "/projects/default/connect", "flag=first&runs=server&environment=production").await.expect(200).text;
        assert!(made.contains("Waiting for the first call"));
        let secret = made.split("default:production.").nth(1).unwrap().split(['"', '&', '<']).next().unwrap();
        let status = made.split("hx-get=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        assert!(admin.get(&status).await.expect(200).text.contains("Waiting"));
        let sdk = server.anonymous().with("authorization", &format!("default:production.{secret}"));
        sdk.get("/api/client/features").await.expect(200);
        let status = admin.get(&status).await.expect(200).text;
        assert!(status.contains("Connected.") && !status.contains("another-application"), "{status}");
        form(&editor, "/first-run/dismiss", "").await.expect(303);
        assert!(!editor.get("/").await.expect(200).text.contains("First steps"));
    }
}
