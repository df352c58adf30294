//! People, groups, roles, tokens, project access, events, provisioning settings.

use serde_json::{Value, json};

use super::{Contract, text};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

pub async fn story(contract: &Contract, server: &TestServer) {
    let (admin, open) = (server.admin(), server.anonymous());
    let call =
        async |id: &str, params: &[&str], body: Option<Value>| contract.call(&admin, id, params, body).await;

    contract.call(&open, "getHealth", &[], None).await;
    contract.call(&open, "getReady", &[], None).await;
    call("getUiConfig", &[], None).await;

    let ann =
        call("createUser", &[], Some(json!({"email": "ann@x.io", "name": "Ann", "rootRole": "Viewer"})))
            .await
            .json();
    let ann = text(&ann["id"]);
    call("getUser", &[&ann], None).await;
    call("updateUser", &[&ann], Some(json!({"name": "Anna", "rootRole": 2}))).await;
    call("getUsers", &[], None).await;
    call("searchUsers", &["?q=an"], None).await;
    call("getBaseUsersAndGroups", &[], None).await;
    call("getAdminCount", &[], None).await;
    call("getInactiveUsers", &[], None).await;
    call("deleteInactiveUsers", &[], Some(json!({"ids": []}))).await;
    call("validateUserPassword", &[], Some(json!({"password": PASSWORD}))).await;
    call("changeUserPassword", &[&ann], Some(json!({"password": PASSWORD, "confirmPassword": PASSWORD})))
        .await;
    let link = call("resetUserPassword", &[], Some(json!({"id": "ann@x.io"}))).await.json();
    let token = link["resetPasswordUrl"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    contract.call(&open, "validateToken", &[&format!("?token={token}")], None).await;
    contract.call(&open, "validatePassword", &[], Some(json!({"password": PASSWORD}))).await;
    contract
        .call(&open, "changePassword", &[], Some(json!({"token": token, "password": "An0ther-one!"})))
        .await;
    contract.call(&open, "sendResetPasswordEmail", &[], Some(json!({"email": "ann@x.io"}))).await;
    contract
        .call(&open, "login", &[], Some(json!({"username": "ann@x.io", "password": "An0ther-one!"})))
        .await;
    call("getUserPermissions", &[&ann, "?project=default&environment=development"], None).await;

    let group = call(
        "createGroup",
        &[],
        Some(json!({
            "name": "Crew", "description": "All hands", "rootRole": 2, "mappingsSSO": ["crew"],
            "users": [{"user": {"id": ann.parse::<i64>().unwrap()}}]
        })),
    )
    .await
    .json();
    let group = text(&group["id"]);
    call("getGroup", &[&group], None).await;
    call("getGroups", &[], None).await;
    call("updateGroup", &[&group], Some(json!({"name": "Crew", "rootRole": null}))).await;

    call("getPermissions", &[], None).await;
    let role = call("createRole", &[], Some(json!({
        "name": "Tester", "type": "custom",
        "permissions": [{"name": "UPDATE_FEATURE"}, {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "development"}]
    }))).await.json();
    let role = text(&role["roles"]["id"]);
    call("validateRole", &[], Some(json!({"name": "Another", "permissions": []}))).await;
    call("getRoles", &[], None).await;
    call("getRoleById", &[&role], None).await;
    call("updateRole", &[&role], Some(json!({"name": "Tester", "permissions": [{"id": 7}]}))).await;

    let id: i64 = role.parse().unwrap();
    call(
        "addAccessToProject",
        &["default"],
        Some(json!({"roles": [id], "users": [1], "groups": [group.parse::<i64>().unwrap()]})),
    )
    .await;
    call("setRolesForUser", &["default", &ann], Some(json!({"roles": [4, id]}))).await;
    call("setRolesForGroup", &["default", &group], Some(json!({"roles": [5]}))).await;
    call("getProjectAccess", &["default"], None).await;
    call("getRoleProjectAccess", &[&role], None).await;

    let me = server.sign_in("ann@x.io", "An0ther-one!").await;
    contract.call(&me, "getMe", &[], None).await;
    contract.call(&me, "getProfile", &[], None).await;
    contract.call(&me, "getUserRoles", &[], None).await;
    contract.call(&me, "getUserRoles", &["?projectId=default"], None).await;
    contract.call(&me, "changeMyPassword", &[], Some(json!({"oldPassword": "An0ther-one!", "password": "Y3t-another-one", "confirmPassword": "Y3t-another-one"}))).await;
    let pat = contract
        .call(
            &me,
            "createPat",
            &[],
            Some(json!({"description": "script", "expiresAt": "2099-01-01T00:00:00Z"})),
        )
        .await;
    assert!(!pat.header("location").is_empty());
    contract.call(&me, "getPats", &[], None).await;
    contract.call(&me, "deletePat", &[&text(&pat.json()["id"])], None).await;

    call("removeUserAccess", &["default", &ann], None).await;
    call("removeGroupAccess", &["default", &group], None).await;
    call("setProjectAccess", &["default"], Some(json!({"roles": []}))).await;
    call("deleteRole", &[&role], None).await;
    call("deleteGroup", &[&group], None).await;
    call("deleteScimGroups", &[], None).await;

    let token = call(
        "createApiToken",
        &[],
        Some(json!({"tokenName": "web", "type": "frontend", "environment": "development"})),
    )
    .await;
    assert!(!token.header("location").is_empty());
    let secret = text(&token.json()["secret"]);
    call("getAllApiTokens", &[], None).await;
    call("getApiTokensByName", &["web"], None).await;
    call("updateApiToken", &[&secret], Some(json!({"expiresAt": "2099-01-01T00:00:00Z"}))).await;
    call("deleteApiToken", &[&secret], None).await;

    call("getEvents", &[], None).await;
    call("getEventsForToggle", &["flag"], None).await;
    call("searchEvents", &["?type=IS_ANY_OF:user-created,group-created"], None).await;
    call("getEventCreators", &[], None).await;

    call("getScimSettings", &[], None).await;
    call("setScimSettings", &[], Some(json!({"enabled": true}))).await;
    call("generateNewToken", &[], None).await;
    call("deleteScimUsers", &[], None).await;
    call("deleteUser", &[&ann], None).await;
}
