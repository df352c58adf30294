//! Flags, their strategies and how they stand in environments.

use serde_json::json;

use super::{Contract, text};
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let call = async |id: &str, params: &[&str], body| contract.call(&admin, id, params, body).await;
    call("validateFeature", &[], Some(json!({ "name": "menu", "projectId": "default" }))).await;
    call("createFeature", &["default"], Some(json!({ "name": "menu", "type": "experiment" }))).await;
    let place = ["default", "menu", "development"];
    let strategy = call(
        "addFeatureStrategy",
        &place,
        Some(json!({ "name": "flexibleRollout", "variants": [
            { "name": "blue", "weight": 1000, "weightType": "variable", "stickiness": "default" }] })),
    )
    .await
    .json();
    let id = text(&strategy["id"]);
    let at = ["default", "menu", "development", id.as_str()];
    call("getFeatureStrategies", &place, None).await;
    call("getFeatureStrategy", &at, None).await;
    let segments =
        json!({ "projectId": "default", "environmentId": "development", "strategyId": id, "segmentIds": [] });
    assert!(!call("updateFeatureStrategySegments", &[], Some(segments)).await.header("location").is_empty());
    call("updateFeatureStrategy", &at, Some(json!({ "parameters": { "rollout": "10" } }))).await;
    call("patchFeatureStrategy", &at, Some(json!([{ "op": "replace", "path": "/title", "value": "A" }])))
        .await;
    call("setStrategySortOrder", &place, Some(json!([{ "id": id, "sortOrder": 3 }]))).await;
    call("toggleFeatureEnvironmentOn", &place, None).await;
    call("getFeatureEnvironment", &place, None).await;
    call("getEnvironmentFeatureVariants", &place, None).await;
    call("overwriteEnvironmentFeatureVariants", &place, Some(json!([]))).await;
    call("patchEnvironmentsFeatureVariants", &place, Some(json!([]))).await;
    call("getFeature", &["default", "menu"], None).await;
    call("getFeatures", &["default"], None).await;
    call("toggleFeatureEnvironmentOff", &place, None).await;
    call(
        "bulkToggleFeaturesEnvironmentOn",
        &["default", "production"],
        Some(json!({ "features": ["menu"] })),
    )
    .await;
    call(
        "bulkToggleFeaturesEnvironmentOff",
        &["default", "production"],
        Some(json!({ "features": ["menu"] })),
    )
    .await;
    call("deleteFeatureStrategy", &at, None).await;
    call("updateFeature", &["default", "menu"], Some(json!({ "description": "x", "type": "release" }))).await;
    call(
        "patchFeature",
        &["default", "menu"],
        Some(json!([{ "op": "replace", "path": "/stale", "value": true }])),
    )
    .await;
    life(contract, server).await;
}

/// What becomes of flags, and what stands around them.
async fn life(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let call = async |id: &str, params: &[&str], body| contract.call(&admin, id, params, body).await;
    let flag = ["default", "menu"];
    call("cloneFeature", &flag, Some(json!({ "name": "copy" }))).await;
    call("addFeatureDependency", &flag, Some(json!({ "feature": "copy" }))).await;
    call("checkDependenciesExist", &["default"], None).await;
    call("listParentOptions", &flag, None).await;
    call("listParentVariantOptions", &["default", "copy"], None).await;
    call("createFeatureLink", &flag, Some(json!({ "url": "https://x.io", "title": "X" }))).await;
    let whole = call("getFeature", &flag, None).await.json();
    let link = ["default", "menu", &text(&whole["links"][0]["id"])];
    call("updateFeatureLink", &link, Some(json!({ "url": "https://y.io" }))).await;
    call("deleteFeatureLink", &link, None).await;
    call("deleteFeatureDependency", &["default", "menu", "copy"], None).await;
    call("addFeatureDependency", &flag, Some(json!({ "feature": "copy" }))).await;
    call("deleteFeatureDependencies", &flag, None).await;
    let (_, person) = server.person("fan", "Viewer").await;
    contract.call(&person, "addFavoriteFeature", &flag, None).await;
    contract.call(&person, "removeFavoriteFeature", &flag, None).await;
    call("complete", &flag, Some(json!({ "status": "kept" }))).await;
    call("getFeatureLifecycle", &flag, None).await;
    call("getFeature", &flag, None).await;
    call("uncomplete", &flag, None).await;
    call("getFeatureLifecycleStageCount", &[], None).await;
    let batch = json!({ "environments": ["development"], "variants": [] });
    call("overwriteFeatureVariantsOnEnvironments", &flag, Some(batch)).await;
    call("staleFeatures", &["default"], Some(json!({ "features": ["menu"], "stale": false }))).await;
    call("changeProject", &flag, Some(json!({ "newProjectId": "default" }))).await;
    let both = || Some(json!({ "features": ["menu", "copy"] }));
    call("validateArchiveFeatures", &["default"], both()).await;
    call("archiveFeatures", &["default"], both()).await;
    call("reviveFeatures", &["default"], both()).await;
    call("archiveFeature", &flag, None).await;
    call("reviveFeature", &["menu"], None).await;
    call("archiveFeatures", &["default"], both()).await;
    call("deleteFeature", &["copy"], None).await;
    call("deleteFeatures", &["default"], both()).await;
}
