//! What SDKs fetch.

use serde_json::json;

use super::{Contract, text};
use crate::support::TestServer;
use crate::support::client::Client;

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

    // Who was told of later things is answered with all that was acknowledged.
    let ahead = sdk.with("if-none-match", "\"ffffffff:9000000000:v1\"");
    contract.call(&ahead, "getAllClientFeatures", &[], None).await.expect(200);
    contract.call(&sdk, "getClientFeature", &["sdk-flag"], None).await.expect(200);
    let everything = contract.call(&sdk, "getDelta", &[], None).await.expect(200);
    assert_eq!(everything.json()["events"][0]["type"], "hydration");
    admin.post(&strategies, strategy).await.expect(200);
    for name in ["sdk-flag", "sdk-parent"] {
        admin.delete(&format!("/api/admin/projects/default/features/{name}")).await.expect(202);
    }
    let later = sdk.with("if-none-match", everything.header("etag"));
    contract.call(&later, "getDelta", &[], None).await.expect(200);
    metrics(contract, server, &sdk).await;
}

async fn metrics(contract: &Contract, server: &TestServer, sdk: &Client) {
    let (admin, app) = (server.admin(), &server.app);
    admin.post("/api/admin/projects/default/features", json!({"name": "sdk-used"})).await.expect(201);
    let token = json!({"tokenName": "page", "type": "frontend", "environment": "development"});
    let token = admin.post("/api/admin/api-tokens", token).await.expect(201).json();
    let page = server.anonymous().with("authorization", &text(&token["secret"]));
    let now = app.clock.now().to_string();
    let toggles = json!({"sdk-used": {"yes": 1, "variants": {"red": 1}}, "sdk-unknown": {"yes": 1}});
    let told = json!({"appName": "shop", "bucket": {"start": now, "stop": now, "toggles": toggles}});
    let started = json!({"appName": "shop", "interval": 1, "started": 1, "strategies": []});
    contract.call(&page, "registerFrontendClient", &[], Some(started)).await.expect(200);
    contract.call(&page, "registerFrontendMetrics", &[], Some(told.clone())).await.expect(200);
    contract.call(sdk, "registerClientMetrics", &[], Some(told)).await.expect(202);
    let bulk = json!({"applications": [], "metrics": [], "impactMetrics": [], "seenTokens": []});
    contract.call(sdk, "clientBulkMetrics", &[], Some(bulk)).await.expect(202);
    let custom = json!({"metrics": [{"name": "x", "value": 1, "labels": {"a": "b"}}]});
    contract.call(sdk, "clientCustomMetrics", &[], Some(custom)).await.expect(202);
    let edge = json!({"identifier": "e", "appName": "edge", "edgeVersion": "19.0.0"});
    contract.call(sdk, "registerEdgeObservabilityMetrics", &[], Some(edge)).await.expect(202);
    let tokens = json!({"tokens": [token["secret"], "unknown"]});
    contract.call(&server.anonymous(), "getValidTokens", &[], Some(tokens)).await.expect(200);

    app.usage.write(&app.db, |_, _, _, _| ()).await.unwrap();
    contract.call(&admin, "getFeatureUsageSummary", &["sdk-used"], None).await.expect(200);
    contract.call(&admin, "getRawFeatureMetrics", &["sdk-used"], None).await.expect(200);
    contract.call(&admin, "getCustomMetrics", &[], None).await.expect(200);
    let text = contract.call(&admin, "getPrometheusMetrics", &[], None).await.expect(200).text;
    assert!(text.contains("x{a=\"b\"} 1"), "{text}");
    let unknown = contract.call(&admin, "getUnknownFlags", &[], None).await.expect(200).json();
    assert_eq!(unknown["unknownFlags"][0]["name"], "sdk-unknown");
}
