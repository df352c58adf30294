//! The operations that the Terraform provider, the Pulumi provider and the Go client use: with the bodies that they
//! send, and the status codes that they compare. They refuse an answer that lacks a field which the published document
//! requires, so each answer is held to its shape.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::contract::Contract;
use crate::support::TestServer;
use crate::support::client::Client;

/// What the tools would call and we do not serve.
const NOT_SERVED: [(&str, &str); 2] = [
    ("setOidcSettings", "signing in by OpenID Connect is not built, so there is nothing to set"),
    ("setSamlSettings", "signing in by SAML is not built, so there is nothing to set"),
];

/// Calls operations as a tool does.
struct Tool {
    contract: Contract,
    client: Client,
    called: BTreeSet<&'static str>,
}

impl Tool {
    async fn call(&mut self, id: &'static str, params: &[&str], body: Option<Value>, status: u16) -> Value {
        self.called.insert(id);
        let answer = self.contract.call(&self.client, id, params, body).await;
        assert_eq!(answer.status, status, "{id}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap_or_default()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

async fn provision(server: &TestServer) -> BTreeSet<&'static str> {
    let client = server.admin().with("app-name", "terraform-provider-unleash");
    let contract = Contract::new(server).await;
    for (id, reason) in NOT_SERVED {
        assert!(!contract.serves(id), "{id} is served: it is no longer true that {reason}");
    }
    let mut tool = Tool { contract, client, called: BTreeSet::new() };
    let tool = &mut tool;

    let user = json!({"name": "Ann", "email": "ann@example.com", "username": "ann", "rootRole": 3, "sendEmail": false});
    let user = tool.call("createUser", &[], Some(user), 201).await;
    let user = text(&user["id"]);
    let found = tool.call("searchUsers", &["?q=ann"], None, 200).await;
    assert_eq!(text(&found[0]["id"]), user);
    let read = tool.call("getUser", &[&user], None, 200).await;
    assert_eq!((&read["rootRole"], &read["email"]), (&json!(3), &json!("ann@example.com")));
    let changed = json!({"name": "Anna", "email": "ann@example.com", "rootRole": 2});
    tool.call("updateUser", &[&user], Some(changed), 200).await;

    let permissions = json!([{"name": "CREATE_PROJECT"}, {"name": "CREATE_SEGMENT"}]);
    let role = json!({"name": "Builders", "description": "Build", "type": "root-custom", "permissions": permissions});
    let role = tool.call("createRole", &[], Some(role), 200).await;
    let role = text(&role["roles"]["id"]);
    tool.call("getRoles", &[], None, 200).await;
    let read = tool.call("getRoleById", &[&role], None, 200).await;
    assert_eq!(read["permissions"].as_array().unwrap().len(), 2);
    let places = json!([{"name": "CREATE_FEATURE"}, {"name": "CREATE_FEATURE_STRATEGY", "environment": "development"}]);
    let inside = json!({"name": "Makers", "description": "Make", "type": "custom", "permissions": places});
    let inside = tool.call("createRole", &[], Some(inside), 200).await;
    let inside = inside["roles"]["id"].clone();
    let changed =
        json!({"name": "Builders", "description": "Built", "type": "root-custom", "permissions": []});
    tool.call("updateRole", &[&role], Some(changed), 200).await;
    tool.call("getPermissions", &[], None, 200).await;

    let group = json!({
        "name": "Crew", "description": "All", "mappingsSSO": [], "rootRole": null,
        "users": [{"user": {"id": user.parse::<i64>().unwrap()}}],
    });
    let group = tool.call("createGroup", &[], Some(group), 201).await;
    let group = text(&group["id"]);
    tool.call("getGroups", &[], None, 200).await;
    tool.call("getGroup", &[&group], None, 200).await;
    tool.call(
        "updateGroup",
        &[&group],
        Some(json!({"name": "Crew", "description": "Some", "users": []})),
        200,
    )
    .await;

    let environment = json!({"name": "staging", "type": "test"});
    tool.call("createEnvironment", &[], Some(environment), 201).await;
    tool.call("getAllEnvironments", &[], None, 200).await;
    tool.call("getEnvironment", &["staging"], None, 200).await;
    tool.call("updateEnvironment", &["staging"], Some(json!({"type": "development"})), 200).await;

    let project = json!({"id": "apollo", "name": "Apollo", "description": "Moon", "mode": "open"});
    tool.call("createProject", &[], Some(project), 201).await;
    let listed = tool.call("getProjects", &[], None, 200).await;
    assert!(listed["projects"].as_array().unwrap().iter().any(|project| project["id"] == "apollo"));
    tool.call(
        "updateProject",
        &["apollo"],
        Some(json!({"name": "Apollo", "description": "Mars", "mode": "open"})),
        200,
    )
    .await;
    let settings = json!({"mode": "protected", "featureNaming": {"pattern": "[a-z]+", "example": "abc", "description": ""}});
    tool.call("updateProjectEnterpriseSettings", &["apollo"], Some(settings), 200).await;
    tool.call("removeEnvironmentFromProject", &["apollo", "staging"], None, 200).await;
    tool.call("addEnvironmentToProject", &["apollo"], Some(json!({"environment": "staging"})), 200).await;
    // Twice is 409, and the tools take that for done.
    let again = json!({"environment": "staging"});
    tool.client.post("/api/admin/projects/apollo/environments", again).await.expect(409);
    tool.call("getProjectEnvironments", &["apollo"], None, 200).await;
    let approvals = json!({"changeRequestsEnabled": true, "requiredApprovals": 2});
    tool.call("updateProjectChangeRequestConfig", &["apollo", "staging"], Some(approvals), 204).await;
    let none = json!({"changeRequestsEnabled": false, "requiredApprovals": 0});
    tool.call("updateProjectChangeRequestConfig", &["apollo", "staging"], Some(none), 204).await;
    tool.call("getProjectChangeRequestConfig", &["apollo"], None, 200).await;
    let access = json!({
        "roles": [{"id": inside, "users": [user.parse::<i64>().unwrap()], "groups": [group.parse::<i64>().unwrap()]}],
        "groups": [], "users": [],
    });
    tool.call("setProjectAccess", &["apollo"], Some(access), 200).await;
    let access = tool.call("getProjectAccess", &["apollo"], None, 200).await;
    assert_eq!(
        (access["users"].as_array().unwrap().len(), access["groups"].as_array().unwrap().len()),
        (1, 1)
    );

    for kind in ["client", "backend", "frontend"] {
        let token = json!({
            "tokenName": format!("for-{kind}"), "type": kind, "environment": "development", "projects": ["apollo"],
            "expiresAt": "2099-01-01T00:00:00.000Z",
        });
        let token = tool.call("createApiToken", &[], Some(token), 201).await;
        assert_eq!(token["type"], kind, "a provider refuses what is not as planned");
        let secret = text(&token["secret"]);
        let named = tool.call("getApiTokensByName", &[&format!("for-{kind}")], None, 200).await;
        assert_eq!(named["tokens"].as_array().unwrap().len(), 1);
        tool.call("updateApiToken", &[&secret], Some(json!({"expiresAt": "2098-01-01T00:00:00.000Z"})), 200)
            .await;
        tool.call("getAllApiTokens", &[], None, 200).await;
        tool.call("deleteApiToken", &[&secret], None, 200).await;
    }

    let field = json!({"name": "tier", "description": "Which", "stickiness": true, "sortOrder": 3, "legalValues": [{"value": "gold"}]});
    tool.call("createContextField", &[], Some(field), 201).await;
    tool.call("getContextFields", &[], None, 200).await;
    tool.call("getContextField", &["tier"], None, 200).await;
    let changed = json!({"description": "What", "stickiness": false, "sortOrder": 4, "legalValues": [{"value": "silver", "description": "second"}]});
    tool.call("updateContextField", &["tier"], Some(changed), 200).await;
    tool.call("deleteContextField", &["tier"], None, 200).await;

    let account = json!({"name": "Robot", "username": "robot", "rootRole": 2});
    let account = tool.call("createServiceAccount", &[], Some(account), 201).await;
    let account = text(&account["id"]);
    tool.call("getServiceAccounts", &[], None, 200).await;
    tool.call("updateServiceAccount", &[&account], Some(json!({"name": "Robby", "rootRole": 3})), 200).await;
    let token = json!({"description": "ci", "expiresAt": "2099-01-01T00:00:00.000Z"});
    let token = tool.call("createServiceAccountToken", &[&account], Some(token), 201).await;
    tool.call("getServiceAccountTokens", &[&account], None, 200).await;
    tool.call("deleteServiceAccountToken", &[&account, &text(&token["id"])], None, 200).await;
    tool.call("deleteServiceAccount", &[&account], None, 200).await;

    tool.call("getSimpleSettings", &[], None, 200).await;
    tool.call("setSimpleSettings", &[], Some(json!({"disabled": false})), 200).await;
    tool.call("getOidcSettings", &[], None, 200).await;
    tool.call("getSamlSettings", &[], None, 200).await;

    tool.call("deleteProject", &["apollo"], None, 200).await;
    tool.call("removeEnvironment", &["staging"], None, 200).await;
    tool.call("deleteGroup", &[&group], None, 200).await;
    tool.call("deleteRole", &[&text(&inside)], None, 200).await;
    tool.call("deleteRole", &[&role], None, 200).await;
    tool.call("deleteUser", &[&user], None, 200).await;
    for path in ["user-admin/99999", "roles/99999", "groups/99999", "context/nothing", "environments/nothing"]
    {
        tool.client.get(&format!("/api/admin/{path}")).await.expect(404);
    }
    let config = tool.client.get("/api/admin/ui-config").await.expect(200).json();
    assert!(config["version"].is_string() && config["versionInfo"]["current"].is_object(), "{config:#}");
    std::mem::take(&mut tool.called)
}

both! {
    async fn infrastructure_as_code_finds_what_it_demands(server) {
        let called = provision(&server).await;
        assert_eq!(called.len() + NOT_SERVED.len(), 56, "the tools call 56 operations");
    }
}
