//! Which parts of a provisioned user the rest of burgee sees.

use burgee_scim::Object;
use serde_json::Value;

use super::resource::text;

/// The account that a SCIM user describes.
pub(super) struct Profile {
    /// `userName`.
    pub username: String,
    /// The primary e-mail address; else the one for work, else the first, else the user name if it is one.
    pub email: Option<String>,
    /// `displayName`, else `name.formatted`, else given and family name.
    pub name: Option<String>,
    /// `active`. Absent is no word about access: it neither gives nor ends any.
    pub active: Option<bool>,
}

impl Profile {
    pub(super) fn of(document: &Object) -> Self {
        let username = text(document, "userName").unwrap_or_default().to_owned();
        let email = email(document)
            .map(str::to_owned)
            .or_else(|| Some(username.clone()).filter(|name| name.contains('@')));
        let active = document.get("active").and_then(Value::as_bool);
        Self { email, name: name(document), active, username }
    }
}

fn email(document: &Object) -> Option<&str> {
    let emails = document.get("emails")?.as_array()?;
    let value =
        |email: &'_ Value| email.get("value").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let is_primary = |email: &Value| email.get("primary") == Some(&Value::Bool(true));
    let is_work = |email: &Value| {
        email.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    let found = emails
        .iter()
        .find(|email| is_primary(email) && value(email))
        .or_else(|| emails.iter().find(|email| is_work(email) && value(email)))
        .or_else(|| emails.iter().find(|email| value(email)))?;
    found.get("value")?.as_str()
}

fn name(document: &Object) -> Option<String> {
    if let Some(name) = text(document, "displayName") {
        return Some(name.to_owned());
    }
    let name = document.get("name")?.as_object()?;
    if let Some(formatted) = text(name, "formatted") {
        return Some(formatted.to_owned());
    }
    let parts: Vec<&str> =
        ["givenName", "familyName"].into_iter().filter_map(|part| text(name, part)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(document: Value) -> Profile {
        let Value::Object(document) = document else { panic!("no object") };
        Profile::of(&document)
    }

    #[test]
    fn the_primary_address_wins_then_work_then_the_first_then_the_user_name() {
        let work = json!({"value": "w@x.io", "type": "work"});
        let home = json!({"value": "h@x.io", "type": "home"});
        let main = json!({"value": "p@x.io", "primary": true});
        let email = |emails: Value| profile(json!({"userName": "u@x.io", "emails": emails})).email;
        assert_eq!(email(json!([home, work, main])).as_deref(), Some("p@x.io"));
        assert_eq!(email(json!([home, work])).as_deref(), Some("w@x.io"));
        assert_eq!(email(json!([home])).as_deref(), Some("h@x.io"));
        assert_eq!(email(json!([])).as_deref(), Some("u@x.io"));
        assert_eq!(profile(json!({"userName": "u"})).email, None);
    }

    #[test]
    fn the_name_is_the_display_name_or_put_together() {
        let name = |document: Value| profile(document).name;
        assert_eq!(name(json!({"displayName": "D", "name": {"formatted": "F"}})).as_deref(), Some("D"));
        assert_eq!(name(json!({"name": {"formatted": "F", "givenName": "G"}})).as_deref(), Some("F"));
        assert_eq!(name(json!({"name": {"givenName": "G", "familyName": "L"}})).as_deref(), Some("G L"));
        assert_eq!(name(json!({"userName": "u"})), None);
    }
}
