//! Applications.

use serde_json::{Value, json};

use super::{Contract, text};
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;

    let token = json!({"tokenName": "backend", "type": "client", "environment": "development"});
    let token = admin.post("/api/admin/api-tokens", token).await.expect(201).json();
    let sdk = server.anonymous().with("authorization", &text(&token["secret"]));
    let told = json!({
        "appName": "shop", "instanceId": "a", "sdkVersion": "unleash-client-node:5.0.0", "strategies": ["byMoon"],
        "started": 1, "interval": 1
    });
    contract.call(&sdk, "registerClientApplication", &[], Some(told)).await;
    server.app.registrations.write(&server.app.db).await.unwrap();

    let notes =
        json!({"url": "https://shop.example", "color": "red", "icon": "cart", "description": "Sells"});
    call("createApplication", &["shop"], Some(notes)).await;
    call("getApplications", &["?query=shop"], None).await;
    call("getApplication", &["shop"], None).await;
    call("getApplicationOverview", &["shop"], None).await;
    call("getApplicationEnvironmentInstances", &["shop", "development"], None).await;
    call("getOutdatedSdks", &[], None).await;
    call("getProjectApplications", &["default"], None).await;
    call("getOutdatedProjectSdks", &["default"], None).await;
    call("deleteApplication", &["shop"], None).await;
}
