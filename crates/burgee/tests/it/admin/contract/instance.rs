//! Tokens of projects, service accounts, invite links, and the instance itself.

use serde_json::{Value, json};

use super::{Contract, text};
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;

    let token =
        call("createProjectApiToken", &["default"], Some(json!({"tokenName": "web", "type": "frontend"})))
            .await
            .json();
    call("getProjectApiTokens", &["default"], None).await;
    call("deleteProjectApiToken", &["default", &text(&token["secret"])], None).await;

    let robot = json!({"name": "Robot", "username": "robot", "rootRole": 3});
    let robot = text(&call("createServiceAccount", &[], Some(robot)).await.json()["id"]);
    let body = json!({"description": "ci", "expiresAt": "2099-01-01T00:00:00Z"});
    let token = call("createServiceAccountToken", &[&robot], Some(body)).await;
    assert!(!token.header("location").is_empty());
    call("getServiceAccountTokens", &[&robot], None).await;
    call("getServiceAccounts", &[], None).await;
    call("getServiceAccountPermissions", &[&robot], None).await;
    call("updateServiceAccount", &[&robot], Some(json!({"name": "Rob", "rootRole": 2}))).await;
    call("deleteServiceAccountToken", &[&robot, &text(&token.json()["id"])], None).await;
    call("deleteServiceAccount", &[&robot], None).await;
}
