//! Tokens of projects, service accounts, invite links, and the instance itself.

use serde_json::{Value, json};

use super::{Contract, text};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

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

    settings(contract, server).await;
    pages(contract, server).await;
    people(contract, server).await;
}

async fn settings(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;

    call("getMaintenance", &[], None).await;
    call("toggleMaintenance", &[], Some(json!({"enabled": false}))).await;
    call("setCors", &[], Some(json!({"frontendApiOrigins": ["https://a.example"]}))).await;
    call("getUiConfig", &[], None).await;
    call("getTelemetrySettings", &[], None).await;
    call("getSimpleSettings", &[], None).await;
    call("setSimpleSettings", &[], Some(json!({"disabled": false}))).await;
    call("getOidcSettings", &[], None).await;
    call("getSamlSettings", &[], None).await;

    let banner = json!({"message": "Hello", "icon": "info", "link": "dialog", "dialog": "More"});
    let banner = text(&call("createBanner", &[], Some(banner)).await.json()["id"]);
    call("getBanners", &[], None).await;
    call("updateBanner", &[&banner], Some(json!({"message": "Bye"}))).await;
    call("disableBanner", &[&banner], None).await;
    call("disconnectAll", &[], None).await;
    call("enableBanner", &[&banner], None).await;
    call("deleteBanner", &[&banner], None).await;

    let hook = json!({
        "provider": "webhook", "enabled": true, "parameters": {"url": "https://hooks.example"},
        "events": ["feature-created"]
    });
    let addon = text(&call("createAddon", &[], Some(hook.clone())).await.json()["id"]);
    call("getAddons", &[], None).await;
    call("getAddon", &[&addon], None).await;
    call("updateAddon", &[&addon], Some(hook)).await;
    call("getIntegrationEvents", &[&addon], None).await;
    call("deleteAddon", &[&addon], None).await;
}

async fn pages(contract: &Contract, server: &TestServer) {
    let (_, me) = server.person("ben", "Admin").await;
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&me, id, params, body).await;

    call("updateSplashSettings", &["welcome"], None).await;
    call("createFeedback", &[], Some(json!({"feedbackId": "nps"}))).await;
    call("updateFeedback", &["nps"], Some(json!({"neverShow": true}))).await;
    call("provideFeedback", &[], Some(json!({"category": "search", "difficultyScore": 3}))).await;
    call("getFeedback", &[], None).await;
    call("uiObservability", &[], Some(json!({"errorMessage": "it broke"}))).await;
    call("unsubscribeEmailSubscription", &["productivity-report"], None).await;
    call("subscribeEmailSubscription", &["productivity-report"], None).await;
    call("getMe", &[], None).await;
    call("getProfile", &[], None).await;
}

async fn people(contract: &Contract, server: &TestServer) {
    let (admin, open) = (server.admin(), server.anonymous());
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;

    let body = json!({"name": "team", "expiresAt": "2099-01-01T00:00:00Z"});
    let link = call("createPublicSignupToken", &[], Some(body)).await;
    assert!(!link.header("location").is_empty());
    let link = text(&link.json()["secret"]);
    contract.call(&open, "validatePublicSignupToken", &[&link], None).await;
    let newcomer = json!({"name": "Nora", "email": "nora@x.io", "password": PASSWORD});
    contract.call(&open, "addPublicSignupTokenUser", &[&link], Some(newcomer)).await;
    call("getAllPublicSignupTokens", &[], None).await;
    call("getPublicSignupToken", &[&link], None).await;
    call("updatePublicSignupToken", &[&link], Some(json!({"enabled": false}))).await;

    call("getLoginHistory", &[], None).await;
    call("getAccessOverview", &[], None).await;
    call("getInstanceAdminStats", &[], None).await;
    call("getInstanceAdminStatsCsv", &[], None).await;
    call("readLicense", &[], None).await;
    call("checkLicense", &[], None).await;
    call("getAllLicensedUsers", &[], None).await;
}
