//! Secrets are shown once and nowhere else.

use serde_json::json;

use crate::support::server::{ADMIN_TOKEN, PASSWORD, SCIM_TOKEN};

both! {
    async fn no_secret_is_recorded_or_listed(server) {
        let admin = server.admin();
        let mut secrets = vec![PASSWORD.to_owned(), ADMIN_TOKEN.to_owned(), SCIM_TOKEN.to_owned(), "N3w-password!".to_owned(), "$argon2id$".to_owned()];
        let (id, ann) = server.person("ann", "Viewer").await;
        let mut keep = |value: &serde_json::Value| secrets.push(value.as_str().unwrap().to_owned());
        let pat = ann.post("/api/admin/user/tokens", json!({"description": "script", "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(201).json();
        keep(&pat["secret"]);
        for kind in ["client", "frontend"] {
            let made = admin.post("/api/admin/api-tokens", json!({"tokenName": kind, "type": kind})).await.expect(201).json();
            keep(&made["secret"]);
            admin.put(&format!("/api/admin/api-tokens/{}", made["secret"].as_str().unwrap()), json!({"expiresAt": "2099-01-01T00:00:00Z"})).await.expect(200);
        }
        keep(&admin.post("/api/admin/scim-settings/generate-new-token", json!({})).await.expect(200).json()["token"]);
        let link = admin.post("/api/admin/user-admin/reset-password", json!({"id": "ann"})).await.expect(200).json();
        secrets.push(link["resetPasswordUrl"].as_str().unwrap().split_once("token=").unwrap().1.to_owned());
        ann.post("/api/admin/user/change-password", json!({"oldPassword": PASSWORD, "password": "N3w-password!"})).await.expect(200);
        admin.post(&format!("/api/admin/user-admin/{id}/change-password"), json!({"password": "An0ther-one!"})).await.expect(200);
        secrets.push("An0ther-one!".to_owned());

        let ann = server.sign_in("ann", "An0ther-one!").await;
        ann.delete(&format!("/api/admin/user/tokens/{}", pat["id"])).await.expect(200);
        for (client, path) in [
            (&admin, "/api/admin/search/events?limit=1000"), (&admin, "/api/admin/events"), (&admin, "/api/admin/api-tokens"),
            (&admin, "/api/admin/api-tokens/client"), (&admin, "/api/admin/user-admin"), (&admin, "/api/admin/scim-settings"),
            (&ann, "/api/admin/user/tokens"), (&ann, "/api/admin/user"), (&ann, "/api/admin/search/events?limit=1000"),
            (&admin, "/api/admin/groups"), (&admin, "/internal-backstage/prometheus"),
        ] {
            let text = client.get(path).await.expect(200).text;
            for secret in &secrets {
                assert!(!text.contains(secret), "{path} shows {secret}");
            }
        }
    }
}
