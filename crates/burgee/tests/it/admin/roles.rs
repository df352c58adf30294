//! Roles.

use std::collections::BTreeSet;

const EDITOR: &str = "CREATE_ADDON UPDATE_ADDON DELETE_ADDON CREATE_CONTEXT_FIELD UPDATE_CONTEXT_FIELD \
    DELETE_CONTEXT_FIELD CREATE_SEGMENT UPDATE_SEGMENT DELETE_SEGMENT CREATE_STRATEGY UPDATE_STRATEGY DELETE_STRATEGY \
    CREATE_TAG_TYPE UPDATE_TAG_TYPE DELETE_TAG_TYPE CREATE_PROJECT UPDATE_APPLICATION READ_CLIENT_API_TOKEN \
    READ_FRONTEND_API_TOKEN RELEASE_PLAN_TEMPLATE_CREATE RELEASE_PLAN_TEMPLATE_UPDATE CREATE_FEATURE UPDATE_FEATURE \
    DELETE_FEATURE UPDATE_FEATURE_DEPENDENCY UPDATE_FEATURE_VARIANTS MOVE_FEATURE_TOGGLE UPDATE_PROJECT DELETE_PROJECT \
    READ_PROJECT_API_TOKEN CREATE_PROJECT_API_TOKEN DELETE_PROJECT_API_TOKEN";
const OWNER: &str = "CREATE_FEATURE UPDATE_FEATURE DELETE_FEATURE UPDATE_FEATURE_DEPENDENCY UPDATE_FEATURE_VARIANTS \
    MOVE_FEATURE_TOGGLE UPDATE_PROJECT DELETE_PROJECT READ_PROJECT_API_TOKEN CREATE_PROJECT_API_TOKEN \
    DELETE_PROJECT_API_TOKEN UPDATE_PROJECT_CONTEXT UPDATE_PROJECT_RELEASE_TEMPLATE UPDATE_PROJECT_SEGMENT";
const MEMBER: &str = "CREATE_FEATURE UPDATE_FEATURE DELETE_FEATURE UPDATE_FEATURE_DEPENDENCY UPDATE_FEATURE_VARIANTS \
    READ_PROJECT_API_TOKEN CREATE_PROJECT_API_TOKEN DELETE_PROJECT_API_TOKEN";
const EVERYWHERE: &str = "CREATE_FEATURE_STRATEGY UPDATE_FEATURE_STRATEGY DELETE_FEATURE_STRATEGY \
    UPDATE_FEATURE_ENVIRONMENT UPDATE_FEATURE_ENVIRONMENT_VARIANTS";

both! {
    async fn the_predefined_roles_hold_what_unleashs_do(server) {
        for (id, name, kind, sets) in [
            (1, "Admin", "root", vec!["ADMIN"]), (2, "Editor", "root", vec![EDITOR, EVERYWHERE]), (3, "Viewer", "root", vec![]),
            (4, "Owner", "project", vec![OWNER, EVERYWHERE]), (5, "Member", "project", vec![MEMBER, EVERYWHERE]), (6, "Reader", "project", vec![]),
        ] {
            let role = server.admin().get(&format!("/api/admin/roles/{id}")).await.expect(200).json();
            assert_eq!((role["name"].as_str(), role["type"].as_str()), (Some(name), Some(kind)));
            let held = role["permissions"].as_array().unwrap();
            assert!(held.iter().all(|permission| permission.get("environment").is_none()), "every environment");
            let names: BTreeSet<&str> = held.iter().map(|permission| permission["name"].as_str().unwrap()).collect();
            let wanted: BTreeSet<&str> = sets.iter().flat_map(|set| set.split_whitespace()).collect();
            assert_eq!((names.len(), names), (held.len(), wanted), "{name}");
        }
    }

    async fn predefined_roles_stay_as_they_are(server) {
        let admin = server.admin();
        for id in 1..=6 {
            let body = serde_json::json!({"name": "Other", "permissions": []});
            let refused = admin.put(&format!("/api/admin/roles/{id}"), body).await.expect(403).json();
            assert_eq!(refused["details"][0]["message"], "You cannot change built in roles.");
            admin.delete(&format!("/api/admin/roles/{id}")).await.expect(403);
        }
        let unknown = admin.post("/api/admin/roles", serde_json::json!({"name": "x", "permissions": [{"name": "FLY"}]})).await.expect(400).json();
        assert!(unknown["details"][0]["message"].as_str().unwrap().contains("FLY"));
    }
}
