//! Segments, context fields, constraints, strategy types, types of flags, tags.

use serde_json::{Value, json};

use super::{Contract, text};
use crate::support::{TestServer, flags};

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;
    let constraint = json!({"contextName": "tier", "operator": "IN", "values": ["gold"]});

    for (suffix, place) in [("", &[] as &[&str]), ("ForProject", &["default"])] {
        let call = async |id: &str, more: &[&str], body: Option<Value>| {
            call(&format!("{id}{suffix}"), &[place, more].concat(), body).await
        };
        let field = json!({"name": "tier", "description": "x", "legalValues": [{"value": "tin", "description": "free"}]});
        call("createContextField", &[], Some(field)).await;
        call("validateContextFieldName", &[], Some(json!({"name": "other"}))).await;
        call("getContextFields", &[], None).await;
        call("getContextField", &["tier"], None).await;
        call("updateContextField", &["tier"], Some(json!({"description": "y"}))).await;
        call("updateContextFieldLegalValue", &["tier"], Some(json!({"value": "gold"}))).await;
        call("deleteContextFieldLegalValue", &["tier", "gold"], None).await;
        call("getStrategiesByContextField", &["tier"], None).await;
        call("deleteContextField", &["tier"], None).await;
    }
    call("getContextFields", &["?include=project"], None).await;
    call("validateConstraint", &[], Some(constraint.clone())).await;

    let segment = json!({"name": "Golden", "project": "default", "constraints": [constraint]});
    let made = call("createSegment", &[], Some(segment.clone())).await.json();
    let id = text(&made["id"]);
    flags::flag(server, "default", "segmented", &["tier"], &[made["id"].as_i64().unwrap()]).await;
    call("getSegments", &[], None).await;
    call("getSegment", &[&id], None).await;
    for (operation, place) in [
        ("getPlayground", json!({"environment": "development"})),
        ("getAdvancedPlayground", json!({"environments": ["development"]})),
    ] {
        let mut body = place;
        body["context"] = json!({"appName": "web", "userId": "7", "plan": 3});
        call(operation, &[], Some(body)).await;
    }
    call("updateSegment", &[&id], Some(segment)).await;
    call("validateSegment", &[], Some(json!({"name": "Other"}))).await;
    call("getSegmentsByStrategyId", &["segmented"], None).await;
    call("getStrategiesBySegmentId", &[&id], None).await;
    call("getStrategiesByContextField", &["tier"], None).await;
    flags::archive(server, "segmented").await;
    call("removeSegment", &[&id], None).await;

    let parameters = json!([{"name": "towns", "type": "list", "description": "Where", "required": true}]);
    call("createStrategy", &[], Some(json!({"name": "byTown", "parameters": parameters}))).await;
    call("getAllStrategies", &[], None).await;
    call("getStrategy", &["byTown"], None).await;
    call("updateStrategy", &["byTown"], Some(json!({"description": "x", "parameters": parameters}))).await;
    call("deprecateStrategy", &["byTown"], None).await;
    call("reactivateStrategy", &["byTown"], None).await;
    call("removeStrategy", &["byTown"], None).await;

    call("getAllFeatureTypes", &[], None).await;
    call("updateFeatureTypeLifetime", &["release"], Some(json!({"lifetimeDays": null}))).await;

    call("createTagType", &[], Some(json!({"name": "team"}))).await;
    call("getTagTypes", &[], None).await;
    call("getTagType", &["team"], None).await;
    call("validateTagType", &[], Some(json!({"name": "area", "description": "x", "color": "#FFFFFF"}))).await;
    call("updateTagType", &["team"], Some(json!({"icon": "T"}))).await;
    let tag = json!({"type": "team", "value": "blue"});
    call("createTag", &[], Some(tag.clone())).await;
    call("getTags", &[], None).await;
    call("getTagsByType", &["team"], None).await;
    call("getTag", &["team", "blue"], None).await;
    call("addTag", &["segmented"], Some(tag.clone())).await;
    call("listTags", &["segmented"], None).await;
    let change = json!({"addedTags": [tag], "removedTags": []});
    call("updateTags", &["segmented"], Some(change.clone())).await;
    call("addTagToFeatures", &["default"], Some(json!({"features": ["segmented"], "tags": change}))).await;
    call("removeTag", &["segmented", "team", "blue"], None).await;
    call("deleteTag", &["team", "blue"], None).await;
    call("deleteTagType", &["team"], None).await;
}
