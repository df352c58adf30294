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
}
