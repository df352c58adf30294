//! Searches.

use serde_json::json;

use super::Contract;
use crate::support::TestServer;

pub async fn story(contract: &Contract, server: &TestServer) {
    let admin = server.admin();
    admin.post("/api/admin/projects/default/features", json!({ "name": "searched" })).await.expect(201);
    let call = async |id: &str, params: &[&str]| contract.call(&admin, id, params, None).await;
    call("searchFeatures", &["?query=searched&type=IS:release&sortBy=environment:production&limit=1"]).await;
    call("searchEvents", &["?feature=IS:searched&from=IS:2020-01-01"]).await;
    call("getFlagCreators", &["?limit=1"]).await;
}
