//! What SDKs fetch.

use serde_json::json;

use super::{Contract, text};
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let token = json!({"tokenName": "sdk", "type": "client", "environment": "development"});
    let token = admin.post("/api/admin/api-tokens", token).await.expect(201).json();
    let sdk = server.anonymous().with("authorization", &text(&token["secret"]));
    let sdk = sdk.with("unleash-client-spec", "5.2.0");

    let constraint = json!({"contextName": "userId", "operator": "IN", "values": ["7"]});
    let segment = json!({"name": "sdk segment", "constraints": [constraint]});
    let segment = admin.post("/api/admin/segments", segment).await.expect(201).json();
    for name in ["sdk-parent", "sdk-flag"] {
        admin.post("/api/admin/projects/default/features", json!({"name": name})).await.expect(201);
    }
    let flag = "/api/admin/projects/default/features/sdk-flag";
    admin.post(&format!("{flag}/dependencies"), json!({"feature": "sdk-parent"})).await.expect(200);
    let strategy = json!({
        "name": "flexibleRollout", "segments": [segment["id"]], "constraints": [constraint],
        "parameters": {"rollout": "100", "stickiness": "default", "groupId": "sdk"},
        "variants": [{"name": "red", "weight": 1000, "weightType": "variable", "stickiness": "default",
                      "payload": {"type": "json", "value": "{}"}}],
    });
    let strategies = format!("{flag}/environments/development/strategies");
    admin.post(&strategies, strategy.clone()).await.expect(200);

    let token = json!({"tokenName": "page", "type": "frontend", "environment": "development"});
    let token = admin.post("/api/admin/api-tokens", token).await.expect(201).json();
    let page = server.anonymous().with("authorization", &text(&token["secret"]));
    let context = json!({"context": {"userId": "7", "properties": {"plan": "gold"}}});
    for name in ["sdk-flag", "sdk-parent"] {
        let path = format!("/api/admin/projects/default/features/{name}/environments/development/on");
        admin.post(&path, json!({})).await.expect(200);
    }
    let page = page.with("if-none-match", "\"0:9000000000\"");
    let on = contract.call(&page, "getFrontendFeatures", &["?userId=7"], None).await.expect(200).json();
    assert!(on.to_string().contains(r#""payload":{"type":"json","value":"{}"}"#), "{on}");
    contract.call(&page, "getFrontendApiFeaturesWithPost", &[], Some(context)).await.expect(200);

    contract.call(&sdk, "getAllClientFeatures", &[], None).await.expect(200);
    contract.call(&sdk, "getClientFeature", &["sdk-flag"], None).await.expect(200);
    let everything = contract.call(&sdk, "getDelta", &[], None).await.expect(200);
    assert_eq!(everything.json()["events"][0]["type"], "hydration");
    admin.post(&strategies, strategy).await.expect(200);
    for name in ["sdk-flag", "sdk-parent"] {
        admin.delete(&format!("/api/admin/projects/default/features/{name}")).await.expect(202);
    }
    let later = sdk.with("if-none-match", everything.header("etag"));
    contract.call(&later, "getDelta", &[], None).await.expect(200);
}
