use burgee_scim::discovery::{self, Limits};
use serde_json::Value;

use crate::{CORE, ENT, GROUP_URN};

const BASE: &str = "https://b.example/scim/v2";

fn limits() -> Limits<'static> {
    Limits {
        max_results: 1000,
        default_page_size: 100,
        bulk: false,
        max_operations: 0,
        max_payload_size: 1 << 20,
        strict: false,
        documentation: None,
    }
}

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
    let config = discovery::service_provider_config(BASE, &limits());
    assert_no_nulls(&config);
    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(config["bulk"]["supported"], false);
    assert_eq!(config["bulk"]["maxOperations"], 1, "never 0: clients cut PATCH requests by it");
    assert_eq!(config["filter"]["maxResults"], 1000);
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!(config["pagination"]["defaultPaginationMethod"], "index");
    assert_eq!(config["meta"]["location"], format!("{BASE}/ServiceProviderConfig"));
    assert!(config["authenticationSchemes"].as_array().is_some_and(|schemes| !schemes.is_empty()));
}

#[test]
fn resource_types() {
    let list = discovery::resource_types(BASE);
    assert_no_nulls(&list);
    assert_eq!(list["totalResults"], 2);
    let user = discovery::resource_type(BASE, "User").unwrap();
    assert_eq!(list["Resources"][0], user);
    assert_eq!(
        (&user["id"], &user["name"], &user["endpoint"]),
        (&"User".into(), &"User".into(), &"/Users".into())
    );
    assert_eq!(user["schema"], CORE);
    assert_eq!(user["schemaExtensions"][0]["schema"], ENT);
    assert_eq!(user["meta"]["location"], format!("{BASE}/ResourceTypes/User"));
    assert!(discovery::resource_type(BASE, "Nobody").is_none());
}

#[test]
fn schemas() {
    let list = discovery::schemas(BASE);
    assert_no_nulls(&list);
    let ids: Vec<_> =
        list["Resources"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [CORE, ENT, GROUP_URN]);
    let user = discovery::schema(BASE, &CORE.to_uppercase()).unwrap();
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
    assert!(discovery::schema(BASE, "urn:nosuch").is_none());
}
