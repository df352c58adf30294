//! Integrations.

use serde_json::{Value, json};

const PATH: &str = "/api/admin/addons";

fn webhook(parameters: &Value) -> Value {
    json!({"provider": "webhook", "enabled": true, "parameters": parameters, "events": ["feature-created"]})
}

both! {
    async fn secrets_are_masked_and_kept(server) {
        let (admin, (_, viewer)) = (server.admin(), server.person("vera", "Viewer").await);
        let secrets = json!({"url": "https://hooks.example/T0P", "authorization": "s3cr3t", "contentType": "text/plain", "unknown": "h1dden"});
        let made = admin.post(PATH, webhook(&secrets)).await.expect(201).json();
        let masked = json!({"url": "*****", "authorization": "*****", "contentType": "text/plain", "unknown": "*****"});
        assert_eq!((&made["parameters"], &made["description"], &made["projects"]), (&masked, &Value::Null, &json!([])));
        let one = format!("{PATH}/{}", made["id"]);
        assert_eq!(viewer.get(&one).await.expect(200).json(), made);

        let mut edited = webhook(&masked);
        edited["description"] = json!("to the hook");
        edited["projects"] = json!(["default"]);
        let edited = admin.put(&one, edited).await.expect(200).json();
        assert_eq!((&edited["parameters"], &edited["projects"], &edited["createdAt"]), (&masked, &json!(["default"]), &made["createdAt"]));
        let mut tx = server.app.db.read().await.unwrap();
        let stored = burgee::instance::addons::list(&mut tx).await.unwrap().remove(0);
        tx.end().await.unwrap();
        assert_eq!((stored.parameters["url"].as_str(), stored.parameters["authorization"].as_str()), (Some("https://hooks.example/T0P"), Some("s3cr3t")));

        admin.put(&one, webhook(&json!({"url": "*****"}))).await.expect(200);
        admin.delete(&one).await.expect(200);
        admin.get(&one).await.expect(404);
        let log = admin.get("/api/admin/search/events?type=IS_ANY_OF:addon-config-created,addon-config-updated,addon-config-deleted").await.expect(200).json();
        assert_eq!(log["total"], 4);
        let log = log.to_string();
        assert!(!log.contains("T0P") && !log.contains("s3cr3t") && !log.contains("h1dden"), "{log}");
    }

    /// Whoever may change integrations must not learn their secrets by sending them to themselves.
    async fn a_kept_secret_goes_nowhere_else(server) {
        let admin = server.admin();
        let made = admin.post(PATH, webhook(&json!({"url": "https://hooks.example/a", "authorization": "s3cr3t"}))).await.expect(201).json();
        let one = format!("{PATH}/{}", made["id"]);
        let (_, editor) = server.person("ed", "Editor").await;
        let elsewhere = webhook(&json!({"url": "https://evil.example", "authorization": "*****"}));
        let refused = editor.put(&one, elsewhere).await.expect(400).json();
        assert_eq!(refused["details"][0]["message"], "\"parameters.authorization\" must be given anew, because it would be sent to another place.");
        let mut other = webhook(&json!({"url": "*****", "defaultChannel": "x"}));
        other["provider"] = json!("slack");
        editor.put(&one, other).await.expect(400);
        editor.put(&one, webhook(&json!({"url": "https://b.example", "authorization": "new"}))).await.expect(200);
        let datadog = json!({"provider": "datadog", "enabled": true, "parameters": {"apiKey": "k3y"}, "events": []});
        let made = editor.post(PATH, datadog).await.expect(201).json();
        let moved = json!({"provider": "datadog", "enabled": true, "parameters": {"apiKey": "*****", "url": "https://evil.example"}, "events": []});
        editor.put(&format!("{PATH}/{}", made["id"]), moved).await.expect(400);
    }

    async fn what_cannot_work_is_refused(server) {
        let admin = server.admin();
        let first = async |body: Value| admin.post(PATH, body).await.expect(400).json()["details"][0]["message"].as_str().unwrap().to_owned();
        let mut unknown = webhook(&json!({}));
        unknown["provider"] = json!("pigeon");
        assert_eq!(first(unknown).await, "Unknown addon provider pigeon");
        assert_eq!(first(webhook(&json!({}))).await, "\"parameters.url\" is required.");
        assert_eq!(first(webhook(&json!({"url": ""}))).await, "\"parameters.url\" is not allowed to be empty.");
        assert_eq!(first(webhook(&json!({"url": "*****"}))).await, "\"parameters.url\" is required.");
        assert_eq!(first(webhook(&json!({"url": "ftp://x"}))).await, "\"parameters.url\" must be a http or https URL.");
        assert_eq!(first(webhook(&json!({"url": 7}))).await, "\"parameters.url\" must be text.");
        assert_eq!(first(webhook(&json!({"url": "http://x", "customHeaders": "X: 1"}))).await, "\"parameters.customHeaders\" must be a JSON object whose values are text.");
        assert_eq!(first(json!({"provider": "webhook"})).await, "The `/body/enabled` property is required. It was not present on the data you sent.");
        admin.put(&format!("{PATH}/9"), webhook(&json!({"url": "http://x"}))).await.expect(404);
        admin.delete(&format!("{PATH}/9")).await.expect(404);
        assert_eq!(admin.get(&format!("{PATH}/9/events")).await.expect(200).json(), json!({"integrationEvents": []}));
    }

    async fn everybody_sees_what_kinds_there_are(server) {
        let (_, viewer) = server.person("vera", "Viewer").await;
        let answer = viewer.get(PATH).await.expect(200).json();
        let kinds: Vec<(&str, usize, usize)> = answer["providers"].as_array().unwrap().iter().map(|kind| {
            let size = |key: &str| kind[key].as_array().unwrap().len();
            (kind["name"].as_str().unwrap(), size("parameters"), size("events"))
        }).collect();
        assert_eq!(kinds, [("webhook", 5, 33), ("slack", 5, 17), ("slack-app", 2, 63), ("teams", 2, 32), ("datadog", 5, 15), ("new-relic", 4, 15), ("teamsworkflow", 2, 32)]);
        viewer.post(PATH, webhook(&json!({"url": "http://x"}))).await.expect(403);
        let (_, editor) = server.person("ed", "Editor").await;
        let made = editor.post(PATH, webhook(&json!({"url": "http://x"}))).await.expect(201).json();
        viewer.delete(&format!("{PATH}/{}", made["id"])).await.expect(403);
        editor.get(&format!("{PATH}/{}/events", made["id"])).await.expect(403);
    }
}
