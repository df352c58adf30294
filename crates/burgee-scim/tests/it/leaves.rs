use burgee_scim::{GROUP, USER, leaves};
use serde_json::json;

use crate::{ENT, ann, object};

#[test]
fn one_leaf_per_written_simple_value() {
    let leaves: Vec<_> = leaves(&USER, &ann())
        .into_iter()
        .map(|l| {
            format!(
                "{} #{} {} {} {}",
                l.key,
                l.ordinal,
                l.text,
                l.element_type.unwrap_or_default(),
                l.primary
            )
        })
        .collect();
    let expected = [
        "schemas #0 urn:ietf:params:scim:schemas:core:2.0:user  false".to_owned(),
        format!("schemas #1 {}  false", ENT.to_lowercase()),
        "externalId #0 Ext-1  false".into(),
        "userName #0 ann@x.io  false".into(),
        "name.familyName #0 lee  false".into(),
        "name.givenName #0 ann  false".into(),
        "displayName #0 ann lee  false".into(),
        "active #0 true  false".into(),
        "emails.value #0 ann@x.io work true".into(),
        "emails.type #0 work work true".into(),
        "emails.primary #0 true work true".into(),
        "emails.value #1 ann@home.example home false".into(),
        "emails.type #1 home home false".into(),
        format!("{ENT}:department #0 ops  false"),
        format!("{ENT}:manager.value #0 01BOSS  false"),
        format!("{ENT}:manager.$ref #0 ../users/01boss  false"),
    ];
    assert_eq!(leaves, expected);
}

#[test]
fn unknown_and_empty_values_have_none() {
    let resource = object(json!({ "displayName": "", "extra": "x", "urn:x:y": { "a": "b" } }));
    assert_eq!(leaves(&GROUP, &resource), []);
}

#[test]
fn an_element_of_which_nothing_is_known_is_still_there() {
    let user = object(json!({ "userName": "a", "emails": [{ "shade": "x" }, { "shade": { "deep": "" } }] }));
    let found: Vec<_> = leaves(&USER, &user).into_iter().map(|leaf| (leaf.key, leaf.ordinal)).collect();
    assert_eq!(found, [("userName".to_owned(), 0), ("emails".to_owned(), 0)]);
}
