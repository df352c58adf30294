use burgee_scim::discovery::{Limits, View};
use burgee_scim::schema::{
    ENTITLEMENT, ENTITLEMENT_URN, OKTA_ENTITLEMENT, OKTA_ROLE, OKTA_ROLE_URN, ROLE, ROLE_URN,
};
use burgee_scim::{GROUP, Mode, USER};
use serde_json::Value;

use crate::{CORE, ENT, GROUP_URN};

const BASE: &str = "https://b.example/scim/v2";

fn limits() -> Limits<'static> {
    Limits {
        max_results: 1000,
        default_page_size: 100,
        cursor_timeout: 60,
        max_payload_size: 1 << 20,
        documentation: None,
        oauth: None,
        events: &[],
        answers_later: false,
    }
}

const VIEW: View<'static> = View { base: BASE, types: &[&USER, &GROUP], mode: Mode::Tolerant };

fn assert_no_nulls(value: &Value) {
    match value {
        Value::Null => panic!("null in a discovery document"),
        Value::Array(values) => values.iter().for_each(assert_no_nulls),
        Value::Object(parts) => parts.values().for_each(assert_no_nulls),
        _ => {}
    }
}

#[test]
fn service_provider_config() {
    let config = VIEW.service_provider_config(&limits());
    assert_no_nulls(&config);
    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(config["bulk"]["maxOperations"], 1000, "never 0: clients cut PATCH requests by it");
    assert_eq!(config["filter"]["maxResults"], 1000);
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!(config["pagination"]["defaultPaginationMethod"], "index");
    assert_eq!(config["meta"]["location"], format!("{BASE}/ServiceProviderConfig"));
    assert!(config["authenticationSchemes"].as_array().is_some_and(|schemes| !schemes.is_empty()));
    assert!(config.get("interopProfileConformant").is_none());
    let strict = View { mode: Mode::Strict, ..VIEW };
    assert_eq!(strict.service_provider_config(&limits())["interopProfileConformant"], true);
    assert!(!strict.schemas().to_string().contains("password"), "what is refused is not advertised");
}

#[test]
fn resource_types() {
    let list = VIEW.resource_types();
    assert_no_nulls(&list);
    assert_eq!(list["totalResults"], 2);
    let user = VIEW.resource_type("User").unwrap();
    assert_eq!(list["Resources"][0], user);
    assert_eq!(
        (&user["id"], &user["name"], &user["endpoint"]),
        (&"User".into(), &"User".into(), &"/Users".into())
    );
    assert_eq!(user["schema"], CORE);
    assert_eq!(user["schemaExtensions"][0]["schema"], ENT);
    assert_eq!(user["meta"]["location"], format!("{BASE}/ResourceTypes/User"));
    assert!(VIEW.resource_type("Nobody").is_none());
}

#[test]
fn schemas() {
    let list = VIEW.schemas();
    assert_no_nulls(&list);
    let ids: Vec<_> =
        list["Resources"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [CORE, ENT, GROUP_URN]);
    let user = VIEW.schema(&CORE.to_uppercase()).unwrap();
    assert_eq!(user, list["Resources"][0]);
    let attribute = |name: &str| {
        user["attributes"].as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone()
    };
    let user_name = attribute("userName");
    assert_eq!(user_name["required"], true);
    assert_eq!(user_name["caseExact"], false);
    assert_eq!(user_name["uniqueness"], "server");
    let password = attribute("password");
    assert_eq!((&password["mutability"], &password["returned"]), (&"writeOnly".into(), &"never".into()));
    assert_eq!(attribute("groups")["mutability"], "readOnly");
    assert_eq!(attribute("emails")["subAttributes"][2]["canonicalValues"][0], "work");
    assert!(VIEW.schema("urn:nosuch").is_none());
}

#[test]
fn what_can_be_assigned_has_a_schema_for_everybody_and_one_for_okta() {
    for (types, urns, name) in [
        ([&ROLE, &ENTITLEMENT], [ROLE_URN, ENTITLEMENT_URN], "display"),
        (
            [&OKTA_ROLE, &OKTA_ENTITLEMENT],
            [OKTA_ROLE_URN, burgee_scim::schema::OKTA_ENTITLEMENT_URN],
            "displayName",
        ),
    ] {
        let view = View { types: &types, ..VIEW };
        let list = view.resource_types();
        for (i, (id, endpoint)) in
            [("Role", "/Roles"), ("Entitlement", "/Entitlements")].into_iter().enumerate()
        {
            let kind = &list["Resources"][i];
            assert_eq!(
                (&kind["id"], &kind["name"], &kind["endpoint"]),
                (&id.into(), &id.into(), &endpoint.into())
            );
            assert_eq!(kind["schema"], urns[i]);
            let schema = view.schema(urns[i]).unwrap();
            let attributes = schema["attributes"].as_array().unwrap();
            assert!(attributes.iter().any(|attribute| attribute["name"] == name));
            assert!(attributes.iter().all(|attribute| attribute["mutability"] == "readOnly"));
        }
    }
}
