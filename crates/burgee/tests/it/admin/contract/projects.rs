//! Projects, their settings and reports, environments, dashboards.

use serde_json::{Value, json};

use super::Contract;
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let (_, petra) = server.person("petra", "Editor").await;
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;

    call("validateEnvironmentName", &[], Some(json!({"name": "qa"}))).await;
    let made = call("createEnvironment", &[], Some(json!({"name": "qa", "type": "test"}))).await;
    assert_eq!((made.status, made.header("location")), (201, "/api/admin/environments/qa"));
    call("updateEnvironment", &["qa"], Some(json!({"type": "pre-production", "requiredApprovals": 2}))).await;
    call("updateSortOrder", &[], Some(json!({"qa": 1}))).await;
    call("toggleEnvironmentOff", &["qa"], None).await;
    call("toggleEnvironmentOn", &["qa"], None).await;

    call("validateProject", &[], Some(json!({"id": "shop"}))).await;
    let made = contract
        .call(
            &petra,
            "createProject",
            &[],
            Some(json!({
                "id": "shop", "name": "Shop", "environments": ["development", "qa"],
                "changeRequestEnvironments": [{"name": "development"}]
            })),
        )
        .await;
    assert_eq!((made.status, made.header("location")), (201, "/api/admin/projects/shop"));
    call("updateProject", &["shop"], Some(json!({"name": "The shop", "mode": "protected"}))).await;
    call(
        "updateProjectEnterpriseSettings",
        &["shop"],
        Some(json!({
            "mode": "open",
            "featureNaming": {"pattern": "shop\\..+", "example": "shop.cart"},
            "linkTemplates": [{"title": "Ticket", "urlTemplate": "https://tickets.test/{{feature}}"}]
        })),
    )
    .await;
    call("addEnvironmentToProject", &["shop"], Some(json!({"environment": "production"}))).await;
    call(
        "addDefaultStrategyToProjectEnvironment",
        &["shop", "production"],
        Some(json!({"name": "flexibleRollout", "title": "Half", "parameters": {"rollout": "50"}})),
    )
    .await;
    call("getProjectChangeRequestConfig", &["shop"], None).await;
    call(
        "updateProjectChangeRequestConfig",
        &["shop", "development"],
        Some(json!({"changeRequestsEnabled": false, "requiredApprovals": 0})),
    )
    .await;
    admin
        .post("/api/admin/projects/shop/features", json!({"name": "shop.cart", "type": "release"}))
        .await
        .expect(201);
    admin
        .send(
            reqwest::Method::POST,
            "/api/admin/projects/shop/features/shop.cart/environments/production/on",
            None,
            "",
        )
        .await
        .expect(200);

    contract.call(&petra, "addFavoriteProject", &["shop"], None).await;
    call("getProjects", &[], None).await;
    call("getProjects", &["?archived=true"], None).await;
    for report in [
        "getProjectOverview",
        "getProjectStatus",
        "getProjectHealthReport",
        "getProjectInsights",
        "getProjectDora",
        "getProjectFlagCreators",
        "getProjectEnvironments",
        "getPersonalDashboardProjectDetails",
    ] {
        call(report, &["shop"], None).await;
    }
    contract.call(&petra, "getPersonalDashboard", &[], None).await;
    contract.call(&petra, "getPersonalDashboardProjectDetails", &["shop"], None).await;
    contract.call(&petra, "removeFavoriteProject", &["shop"], None).await;

    call("getAllEnvironments", &[], None).await;
    call("getEnvironment", &["qa"], None).await;
    call(
        "cloneEnvironment",
        &["qa"],
        Some(json!({"name": "qa2", "type": "test", "projects": ["shop"], "clonePermissions": true})),
    )
    .await;
    call("removeEnvironmentFromProject", &["shop", "qa2"], None).await;
    call("removeEnvironment", &["qa2"], None).await;

    call("createProject", &[], Some(json!({"name": "Over"}))).await;
    call("archiveProject", &["over"], None).await;
    call("getProjects", &["?archived=true"], None).await;
    call("reviveProject", &["over"], None).await;
    call("deleteProject", &["over"], None).await;
}
