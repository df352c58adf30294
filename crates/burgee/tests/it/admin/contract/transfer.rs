//! Flags on their way in and out.

use serde_json::json;

use super::Contract;
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    admin.post("/api/admin/projects/default/features", json!({ "name": "parcel" })).await.expect(201);
    admin
        .post("/api/admin/projects/default/features/parcel/environments/development/on", json!({}))
        .await
        .expect(200);
    let query = json!({ "environment": "development", "features": ["parcel"], "downloadFile": true });
    let data = contract.call(&admin, "exportFeatures", &[], Some(query)).await.json();
    let import = json!({ "project": "default", "environment": "production", "data": data });
    contract.call(&admin, "validateImport", &[], Some(import.clone())).await;
    contract.call(&admin, "importToggles", &[], Some(import)).await;
}
