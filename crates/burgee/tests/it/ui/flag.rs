//! What the page of a flag tells: who gets it and why, and how often applications had it.

use serde_json::json;

use super::person;
use crate::support::TestServer;

const FLAG: &str = "/projects/default/features/f";

async fn flag(server: &TestServer) {
    let admin = server.admin();
    admin.post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
    let segment = json!({ "name": "beta", "constraints": [{ "contextName": "plan", "operator": "IN", "values": ["gold"] }] });
    let segment = admin.post("/api/admin/segments", segment).await.expect(201).json()["id"].clone();
    let strategy = json!({
        "name": "flexibleRollout", "title": "Golden", "parameters": { "rollout": "100", "stickiness": "userId", "groupId": "f" },
        "constraints": [{ "contextName": "country", "operator": "IN", "values": ["DE"] }], "segments": [segment],
    });
    let at = format!("/api/admin{FLAG}/environments/production");
    admin.post(&format!("{at}/strategies"), strategy).await.expect(200);
    admin.post(&format!("{at}/on"), json!({})).await.expect(200);
}

/// What is told about an environment.
fn told(page: &str, environment: &str) -> String {
    let from =
        page.find(&format!("aria-labelledby=\"answer-{environment}\"")).unwrap_or_else(|| panic!("{page}"));
    page[from..].split("</article>").next().unwrap().to_owned()
}

both! {
    async fn it_is_told_who_gets_a_flag_and_why(server) {
        flag(&server).await;
        let viewer = person(&server, "vera", "Viewer").await;
        let page = viewer.get(&format!("{FLAG}/who")).await.expect(200).text;
        for field in ["c.userId", "c.country", "c.plan"] {
            assert!(page.contains(&format!("name=\"{field}\"")), "{field}");
        }
        assert!(!page.contains("answer-production"), "nobody asked yet");
        let page = viewer.get(&format!("{FLAG}/who?c.userId=7&c.country=DE&more=plan+%3D+gold")).await.expect(200).text;
        let answer = told(&page, "production");
        assert!(answer.contains("gets it") && answer.contains("Because of strategy 1, “Golden”"), "{answer}");
        assert!(!answer.contains("Does not hold"));
        assert!(told(&page, "development").contains("The flag is off here."));
        let page = viewer.get(&format!("{FLAG}/who?c.userId=7&c.country=FR")).await.expect(200).text;
        let answer = told(&page, "production");
        assert!(answer.contains("does not get it") && answer.contains("No strategy matches them."));
        // The strategy, its constraint, the segment and the segment's constraint.
        assert_eq!(answer.matches("Does not hold").count(), 4, "{answer}");
        assert!(answer.contains("nothing was said about it"));
        let page = viewer.get(&format!("{FLAG}/who?more=%3Cb%3E")).await.expect(200).text;
        assert!(page.contains("“&lt;b&gt;” says no field") && !page.contains("answer-production"));
        server.admin().post("/api/admin/projects/default/archive", json!({ "features": ["f"] })).await.done();
        let page = viewer.get(&format!("{FLAG}/who?c.userId=7")).await.expect(200).text;
        assert!(page.contains("This flag is archived") && !page.contains("answer-production"));
    }

    async fn it_is_told_how_often_applications_had_a_flag(server) {
        flag(&server).await;
        let viewer = person(&server, "vera", "Viewer").await;
        let page = viewer.get(FLAG).await.expect(200).text;
        assert!(page.contains("No application asked for it") && page.contains("unleash.isEnabled(&quot;f&quot;)"));
        let token = json!({ "tokenName": "shop", "type": "client", "environment": "production", "projects": ["*"] });
        let secret = server.admin().post("/api/admin/api-tokens", token).await.expect(201).json()["secret"].clone();
        let sdk = server.anonymous().with("authorization", secret.as_str().unwrap());
        let now = server.app.clock.now().to_string();
        let bucket = json!({ "start": now, "stop": now, "toggles": { "f": { "yes": 40, "no": 2 } } });
        sdk.post("/api/client/metrics", json!({ "appName": "shop", "instanceId": "i", "bucket": bucket })).await.expect(202);
        let app = &server.app;
        app.usage.write(&app.db, |flag, name, yes, no| app.metrics.usage(flag, name, yes, no)).await.unwrap();
        let page = viewer.get(FLAG).await.expect(200).text;
        assert!(page.contains("production: 40 times on, 2 times off") && !page.contains("No application asked for it"));
        assert!(!page.contains("development: "));
    }
}
