//! What is left out of what is kept: secrets always, and what says who somebody is if the rules want that.

use serde_json::Value;

use super::queue::Part;

/// What stands for a secret.
const SECRET: &str = "(never kept)";
/// What stands for what is masked.
pub(super) const MASKED: &str = "•••";
/// How much of a body is kept, in bytes.
pub(super) const LONGEST: usize = 32 * 1024;
/// Bodies longer than this are not looked into.
pub(super) const LARGEST: usize = 256 * 1024;

/// Attributes whose value nobody may know. Their names count in any case, whatever URN stands before them.
const SECRETS: [&str; 9] = [
    "password",
    "token",
    "secret",
    "client_secret",
    "clientsecret",
    "access_token",
    "refresh_token",
    "authorization",
    "api_key",
];
/// Attributes whose text says nothing about who somebody is.
const PLAIN: [&str; 15] = [
    "schemas",
    "id",
    "op",
    "path",
    "$ref",
    "type",
    "resourcetype",
    "location",
    "version",
    "created",
    "lastmodified",
    "status",
    "scimtype",
    "method",
    "bulkid",
];
/// Parameters of a query that may be kept.
const PARAMETERS: [&str; 9] = [
    "filter",
    "sortby",
    "sortorder",
    "startindex",
    "count",
    "attributes",
    "excludedattributes",
    "cursor",
    "for",
];

/// How much of a body is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There was none.
    None,
    /// All of it.
    Whole,
    /// All but a secret, which means nothing here.
    Secret,
    /// Its beginning, or nothing.
    Cut,
    /// Without what says who somebody is.
    Masked,
    /// It was no JSON.
    Unreadable,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Whole => "whole",
            Self::Secret => "secret",
            Self::Cut => "cut",
            Self::Masked => "masked",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What is kept of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) text: Option<String>,
    /// How large it was, in bytes.
    pub(super) size: i64,
    pub(super) state: State,
}

/// What is kept of a body that came, or of one that was sent. What this server wrote has no secrets: it is looked into
/// only if something has to be masked.
pub(super) fn body(part: &Part, ours: bool, mask: bool) -> Kept {
    let bytes = match part {
        Part::None => return Kept { text: None, size: 0, state: State::None },
        Part::Large(size) => return Kept { text: None, size: size_of(size.unwrap_or(0)), state: State::Cut },
        Part::Head(bytes, size) => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_end_matches('\u{fffd}').to_owned();
            return Kept { text: Some(text), size: size_of(*size), state: State::Cut };
        }
        Part::Whole(bytes) => bytes,
    };
    let size = size_of(bytes.len());
    if ours && !mask {
        return Kept { text: Some(String::from_utf8_lossy(bytes).into_owned()), size, state: State::Whole };
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(mut value) = serde_json::from_slice::<Value>(text) else {
        return Kept { text: None, size, state: State::Unreadable };
    };
    let secret = hide(&mut value);
    let masked = mask && self::mask(&mut value);
    let mut text = value.to_string();
    let state = if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        State::Cut
    } else if masked {
        State::Masked
    } else if secret {
        State::Secret
    } else {
        State::Whole
    };
    Kept { text: Some(text), size, state }
}

fn size_of(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The last part of a name or path, in lower case: `password` of `urn:…:User:password`.
fn last(name: &str) -> String {
    name.rsplit([':', '.']).next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_secret(name: &str) -> bool {
    let last = last(name);
    SECRETS.contains(&last.as_str()) || last.contains("password")
}

/// Takes secrets out; true if there were any.
pub(super) fn hide(value: &mut Value) -> bool {
    match value {
        Value::Array(list) => list.iter_mut().fold(false, |found, it| hide(it) | found),
        Value::Object(map) => {
            // `{"op": "replace", "path": "password", "value": …}`
            let path = map.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
            let about_secret = path.and_then(|(_, path)| path.as_str()).is_some_and(is_secret);
            let mut found = false;
            for (name, value) in map.iter_mut() {
                let secret = is_secret(name) || (about_secret && name.eq_ignore_ascii_case("value"));
                if secret && !value.is_null() {
                    *value = Value::from(SECRET);
                    found = true;
                } else if let Some(told) = searched(name, value) {
                    *value = Value::from(told);
                    found = true;
                } else {
                    found |= hide(value);
                }
            }
            found
        }
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            // JSON in a string, as some clients send roles.
            let Ok(mut inside) = serde_json::from_str::<Value>(text) else { return false };
            let found = hide(&mut inside);
            if found {
                *text = inside.to_string();
            }
            found
        }
        _ => false,
    }
}

/// What is told of a filter, or of a path with one, that names a secret: its literals are left out.
fn searched(name: &str, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let has_filter = match last(name).as_str() {
        "filter" => true,
        "path" => text.contains('['),
        _ => false,
    };
    (has_filter && text.to_ascii_lowercase().contains("password"))
        .then(|| literals(text))
        .filter(|told| told != text)
}

/// Masks what may say who somebody is: every text but those that say what a body is, and ids; true if there was any.
pub(super) fn mask(value: &mut Value) -> bool {
    within(value, "", false)
}

/// `ids`: what `value` says is an id, as among members.
fn within(value: &mut Value, name: &str, ids: bool) -> bool {
    match value {
        Value::Array(list) => list.iter_mut().fold(false, |found, it| within(it, name, ids) | found),
        Value::Object(map) => {
            let path = map.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
            let path = path.and_then(|(_, path)| path.as_str()).map(last);
            let is_group = map.get("schemas").is_some_and(|urns| urns.to_string().contains("core:2.0:Group"))
                || map.get("members").is_some();
            let mut found = false;
            for (name, value) in map.iter_mut() {
                let key = last(name);
                let members = matches!(key.as_str(), "members" | "groups")
                    || (key == "value" && path.as_deref().is_some_and(|path| path.starts_with("members")));
                if key == "path" && value.is_string() {
                    let text = value.as_str().unwrap_or_default();
                    let masked = literals(text);
                    found |= masked != text;
                    *value = Value::from(masked);
                    continue;
                }
                let names_it = is_group && key == "displayname";
                let is_id = ids && key == "value" && value.is_string();
                if !names_it && !is_id {
                    found |= within(value, &key, members || (ids && !value.is_string()));
                }
            }
            found
        }
        Value::String(text) => {
            let plain = text.is_empty() || text == SECRET || PLAIN.contains(&name) || ids;
            if !plain && !text.eq_ignore_ascii_case("true") && !text.eq_ignore_ascii_case("false") {
                MASKED.clone_into(text);
                return true;
            }
            false
        }
        _ => false,
    }
}

/// A filter, or a path with one, without what it compares with.
pub(super) fn literals(filter: &str) -> String {
    let mut out = String::new();
    let mut rest = filter;
    while let Some(start) = rest.find('"') {
        out.push_str(&rest[..start]);
        out.push('"');
        out.push_str(MASKED);
        out.push('"');
        rest = &rest[start + 1..];
        // To the quote that ends it: one that no backslash stands before.
        let mut escaped = false;
        let end = rest.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        rest = end.map_or("", |(end, _)| &rest[end + 1..]);
    }
    out.push_str(rest);
    // Without quotes, as some clients send them.
    let words: Vec<&str> = out.split(' ').collect();
    let mut told = Vec::with_capacity(words.len());
    let (mut literal, mut open) = (false, false);
    for word in words {
        let bare = open || (literal && !word.is_empty() && !word.starts_with('"'));
        let text = word.trim_end_matches([')', ']']);
        if bare && !matches!(text, "true" | "false" | "null") {
            open = if open { !text.ends_with('\'') } else { text.starts_with('\'') && !ends_quoted(text) };
            told.push(format!("{MASKED}{}", &word[text.len()..]));
        } else {
            told.push(word.to_owned());
        }
        let operator = word.to_ascii_lowercase();
        literal = matches!(operator.as_str(), "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le")
            || (literal && word.is_empty());
    }
    told.join(" ")
}

fn ends_quoted(text: &str) -> bool {
    text.len() > 1 && text.ends_with('\'')
}

/// What is kept of a query: parameters that the service knows, and names only of all others.
pub(super) fn query(text: &str, mask: bool) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()).take(32) {
        let known = PARAMETERS.contains(&name.to_ascii_lowercase().as_str());
        let value: String = value.chars().take(2000).collect();
        let literal = mask || value.to_ascii_lowercase().contains("password");
        let value = if value.is_empty() {
            value
        } else if !known {
            MASKED.to_owned()
        } else if literal && name.eq_ignore_ascii_case("filter") {
            literals(&value)
        } else {
            value
        };
        out.append_pair(&name, &value);
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn kept(value: &Value, mask: bool) -> Kept {
        body(&Part::of(Bytes::from(value.to_string())), false, mask)
    }

    fn value(kept: &Kept) -> Value {
        serde_json::from_str(kept.text.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn secrets_are_never_kept_wherever_they_stand() {
        for body in [
            json!({ "userName": "ann", "password": "hush" }),
            json!({ "urn:ietf:params:scim:schemas:core:2.0:User:Password": "hush" }),
            json!({ "Operations": [{ "op": "replace", "path": "password", "value": "hush" }] }),
            json!({ "Operations": [{ "op": "Replace", "Value": "hush", "Path": "urn:x:User:password" }] }),
            json!({ "Operations": [{ "op": "add", "value": { "password": "hush", "active": true } }] }),
            json!({ "Operations": [{ "method": "POST", "data": { "initialPassword": ["hush"] } }] }),
            json!({ "roles": [{ "value": "{\"token\":\"hush\"}" }] }),
            json!({ "authorization": "Bearer hush" }),
        ] {
            let kept = kept(&body, false);
            let text = kept.text.as_deref().unwrap();
            assert!(!text.contains("hush") && text.contains(SECRET), "{text}");
            assert_eq!(kept.state, State::Secret);
        }
        let plain = kept(&json!({ "userName": "ann", "password": null }), false);
        assert_eq!(plain.state, State::Whole);
    }

    #[test]
    fn what_says_who_somebody_is_is_masked_and_nothing_else() {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "01J", "userName": "ann@x.io",
            "active": true, "name": { "givenName": "Ann" }, "groups": [{ "value": "02K", "display": "Pilots" }],
            "emails": [{ "value": "ann@x.io", "type": "work", "primary": true }], "password": "hush",
            "meta": { "resourceType": "User", "version": "W/\"1\"" },
        });
        let kept_user = kept(&user, true);
        assert_eq!(kept_user.state, State::Masked);
        assert_eq!(
            value(&kept_user),
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "01J", "userName": "•••",
                "active": true, "name": { "givenName": "•••" }, "groups": [{ "value": "02K", "display": "•••" }],
                "emails": [{ "value": "•••", "type": "work", "primary": true }], "password": "(never kept)",
                "meta": { "resourceType": "User", "version": "W/\"1\"" },
            })
        );
        let patch = json!({ "Operations": [
            { "op": "Add", "path": "members", "value": [{ "value": "01J" }, "02K"] },
            { "op": "Replace", "path": "active", "value": "False" },
            { "op": "Remove", "path": "members[value eq \"01J\"]" },
            { "op": "Replace", "path": "emails[value eq \"ann@x.io\"].value", "value": "ann@y.io" },
        ] });
        assert_eq!(
            value(&kept(&patch, true)),
            json!({ "Operations": [
                { "op": "Add", "path": "members", "value": [{ "value": "01J" }, "02K"] },
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Remove", "path": "members[value eq \"•••\"]" },
                { "op": "Replace", "path": "emails[value eq \"•••\"].value", "value": "•••" },
            ] })
        );
        let group =
            json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Pilots" });
        assert_eq!(kept(&group, true).state, State::Whole, "a group is nobody");
    }

    #[test]
    fn long_bodies_are_cut_and_what_is_no_json_is_not_kept() {
        let long = json!({ "userName": "ä".repeat(LONGEST) });
        let cut = kept(&long, false);
        assert_eq!((cut.state, cut.size), (State::Cut, 2 * 32 * 1024 + 15));
        assert!(cut.text.unwrap().len() <= LONGEST);
        let huge = body(&Part::of(Bytes::from(vec![b'x'; LARGEST + 1])), false, false);
        assert_eq!(huge, Kept { text: None, size: 262_145, state: State::Cut });
        let nonsense = body(&Part::of(Bytes::from_static(b"{\"password\":\"hush\"")), false, false);
        assert_eq!(nonsense, Kept { text: None, size: 18, state: State::Unreadable });
        let ours = body(&Part::sent(&Bytes::from("ä".repeat(LONGEST)), false), true, false);
        assert_eq!((ours.state, ours.text.unwrap().chars().all(|c| c == 'ä')), (State::Cut, true));
        assert_eq!(body(&Part::None, true, true).state, State::None);
        assert_eq!(body(&Part::Large(None), true, false).state, State::Cut);
    }

    #[test]
    fn filters_lose_what_they_compare_with() {
        for (filter, told) in [
            ("userName eq \"ann@x.io\"", "userName eq \"•••\""),
            ("a eq \"x\\\"y\" and b co \"z\"", "a eq \"•••\" and b co \"•••\""),
            ("emails[value eq \"x\"].type pr", "emails[value eq \"•••\"].type pr"),
            ("userName eq ann@x.io", "userName eq •••"),
            (
                "name.givenName eq 'Ann Mary' and active eq true",
                "name.givenName eq ••• ••• and active eq true",
            ),
            ("(a eq 'x' or active eq true)", "(a eq ••• or active eq true)"),
            ("a eq \"open", "a eq \"•••\""),
            ("members[value eq x]", "members[value eq •••]"),
        ] {
            assert_eq!(literals(filter), told);
        }
        let asked = "filter=userName+eq+%22ann%22&count=1&access_token=hush";
        assert_eq!(
            query(asked, false),
            "filter=userName+eq+%22ann%22&count=1&access_token=%E2%80%A2%E2%80%A2%E2%80%A2"
        );
        assert!(query(asked, true).starts_with("filter=userName+eq+%22%E2%80%A2"));
    }
}
