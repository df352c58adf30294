use burgee_scim::{GROUP, Mode, Object, Projection, ScimType, USER};
use serde_json::{Value, json};

use crate::{BOTH, CORE, ENT, ann, object, refused};

fn project(attributes: Option<&str>, excluded: Option<&str>) -> Object {
    let mut resource = ann();
    resource.insert("password".into(), "secret".into());
    resource.insert("favouriteColor".into(), "blue".into());
    resource.insert("urn:x:2.0:Thing".into(), json!({ "a": 1, "b": 2 }));
    Projection::parse(&USER, attributes, excluded, Mode::Tolerant).unwrap().apply(&mut resource);
    resource
}

fn keys(resource: &Object) -> Vec<&str> {
    resource.keys().map(String::as_str).collect()
}

#[test]
fn default_drops_what_is_never_returned() {
    let resource = project(None, None);
    assert!(!resource.contains_key("password"));
    assert_eq!(resource.len(), ann().len() + 2);
    assert_eq!(project(Some(" , "), Some("")), resource);
}

#[test]
fn only_these() {
    assert_eq!(keys(&project(Some("userName"), None)), ["schemas", "id", "userName"]);
    assert_eq!(keys(&project(Some("USERNAME, Title"), None)), ["schemas", "id", "userName"]);
    assert_eq!(keys(&project(Some("nosuch"), None)), ["schemas", "id"]);
    assert_eq!(keys(&project(Some("password"), None)), ["schemas", "id"]);
    assert_eq!(project(Some("name.givenName"), None)["name"], json!({ "givenName": "Ann" }));
    assert_eq!(project(Some("name,name.givenName"), None)["name"], ann()["name"]);
    let emails = project(Some("emails.Value"), None);
    assert_eq!(emails["emails"], json!([{ "value": "ann@x.io" }, { "value": "ann@home.example" }]));
    assert_eq!(project(Some("emails.primary"), None)["emails"], json!([{ "primary": true }]));
    assert_eq!(project(Some("emails.display"), None).get("emails"), None);
    assert_eq!(
        project(Some(r#"emails[type eq "work" or value eq "a,b"],title"#), None)["emails"],
        ann()["emails"]
    );
    assert_eq!(keys(&project(Some("favouritecolor"), None)), ["schemas", "id", "favouriteColor"]);
}

#[test]
fn only_these_by_urn() {
    assert_eq!(keys(&project(Some(&format!("{CORE}:userName")), None)), ["schemas", "id", "userName"]);
    let department = project(Some(&format!("{ENT}:department")), None);
    assert_eq!(department[ENT], json!({ "department": "Ops" }));
    let manager = project(Some(&format!("{ENT}:manager.value")), None);
    assert_eq!(manager[ENT], json!({ "manager": { "value": "01BOSS" } }));
    assert_eq!(project(Some(ENT), None)[ENT], ann()[ENT]);
    assert_eq!(project(Some("urn:x:2.0:Thing"), None)["urn:x:2.0:Thing"], json!({ "a": 1, "b": 2 }));
    assert_eq!(project(Some("URN:x:2.0:thing:A"), None)["urn:x:2.0:Thing"], json!({ "a": 1 }));
    let core = project(Some(CORE), None);
    assert!(core.contains_key("emails") && !core.contains_key(ENT));
}

#[test]
fn all_but_these() {
    let resource = project(None, Some("emails, id,schemas,meta"));
    assert!(resource.contains_key("id") && resource.contains_key("schemas"), "returned always");
    assert!(!resource.contains_key("emails") && !resource.contains_key("meta"));
    assert_eq!(project(None, Some("name.givenName"))["name"], json!({ "familyName": "Lee" }));
    assert_eq!(project(None, Some("emails.value"))["emails"][1], json!({ "type": "home" }));
    assert_eq!(project(None, Some(&format!("{ENT}:manager")))[ENT], json!({ "department": "Ops" }));
    assert_eq!(project(None, Some(ENT)).get(ENT), None);
    assert_eq!(project(None, Some("urn:x:2.0:Thing")).get("urn:x:2.0:Thing"), None);
    assert_eq!(project(None, Some("nosuch")), project(None, None));
}

#[test]
fn both_lists() {
    refused(Projection::parse(&USER, Some("a"), Some("b"), Mode::Strict), ScimType::InvalidSyntax);
    assert_eq!(keys(&project(Some("userName"), Some("userName"))), ["schemas", "id", "userName"]);
}

#[test]
fn wants() {
    for mode in BOTH {
        let wants = |attributes, excluded| {
            Projection::parse(&GROUP, attributes, excluded, mode).unwrap().wants("members")
        };
        assert!(wants(None, None));
        assert!(wants(Some("members"), None));
        assert!(wants(Some("displayName,MEMBERS.value"), None));
        assert!(!wants(Some("displayName"), None));
        assert!(!wants(None, Some("members")));
        assert!(!wants(None, Some("urn:ietf:params:scim:schemas:core:2.0:Group:Members")));
        assert!(wants(None, Some("members.display")));
        assert!(wants(None, Some("displayName")));
        assert!(Projection::parse(&GROUP, None, Some(""), mode).unwrap().is_default());
    }
}

#[test]
fn an_empty_member_list_stays() {
    let mut group = object(json!({ "schemas": [], "id": "1", "displayName": "x", "members": [] }));
    Projection::parse(&GROUP, Some("members.value"), None, Mode::Strict).unwrap().apply(&mut group);
    assert_eq!(Value::Object(group), json!({ "schemas": [], "id": "1", "members": [] }));
}
