//! What `roles` and `entitlements` of users may be (draft-ietf-scim-roles-entitlements): root roles, and project roles in
//! each project. They can be looked at, and are made elsewhere.

use std::cmp::Ordering;

use axum::http::StatusCode;
use axum::response::Response;
use burgee_scim::discovery::LIST_URN;
use burgee_scim::schema::{ENTITLEMENT, OKTA_ENTITLEMENT, OKTA_ROLE, ROLE};
use burgee_scim::{Object, ResourceType, filter, fold};
use serde_json::{Value, json};

use super::cursor::Cursor;
use super::fault::Fault;
use super::reply;
use super::request::Parameters;
use super::router::Call;
use crate::access::role::{self, Role};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::projects::summary;
use crate::provisioning::connection::Provider;
use crate::provisioning::query::{Mark, Query, Sort, Start};

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignable {
    /// Root roles.
    Role,
    /// Project roles in projects.
    Entitlement,
}

impl Assignable {
    /// Its resource type, as the identity provider reads it.
    pub(super) fn kind(self, provider: Provider) -> &'static ResourceType {
        match (self, provider) {
            (Self::Role, Provider::Okta) => &OKTA_ROLE,
            (Self::Role, _) => &ROLE,
            (Self::Entitlement, Provider::Okta) => &OKTA_ENTITLEMENT,
            (Self::Entitlement, _) => &ENTITLEMENT,
        }
    }
}

/// One value: its id is what the attribute of a user has for a value.
struct Item {
    id: String,
    display: String,
    kind: String,
}

/// Answers a search.
pub(super) async fn list(call: &Call, parameters: &Parameters, what: Assignable) -> Result<Response, Fault> {
    let kind = what.kind(call.caller.connection.setup.provider);
    let query = parameters.query(kind)?;
    let projection = parameters.projection(kind)?;
    let described = parameters.described(call.connection(), &[what]);
    let now = call.app.clock.now();
    let cursor = parameters.cursor().map(|text| Cursor::read(text, &described, now)).transpose()?;
    let items = items(&mut call.app.db.read().await?, what).await?;
    let mut found: Vec<Object> = items.iter().map(|item| document(item, kind, &call.base)).collect();
    select(&mut found, &query);
    let total = found.len();
    let marked = cursor.is_some();
    let skip = match cursor.map(Cursor::start) {
        None => parameters.start() - 1,
        Some(Start::After(mark)) => mark.key,
        Some(_) => 0,
    };
    let skip = usize::try_from(skip).unwrap_or(usize::MAX).min(total);
    let end = skip.saturating_add(usize::try_from(query.count).unwrap_or_default()).min(total);
    let mut page: Vec<Object> = found.drain(skip..end).collect();
    for object in &mut page {
        projection.apply(object);
    }
    let mut body = json!({ "schemas": [LIST_URN], "totalResults": total, "itemsPerPage": page.len() });
    if !marked {
        body["startIndex"] = parameters.start().into();
    } else if end < total {
        let mark = Mark { key: i64::try_from(end).map_err(Error::internal)?, sorted: None };
        body["nextCursor"] =
            Cursor::new(0, Some(mark), false, now).write(&described).map_err(Error::from)?.into();
    }
    body["Resources"] = json!(page);
    Ok(reply::json(StatusCode::OK, body.to_string()))
}

/// Answers a look at one.
pub(super) async fn get(call: &Call, what: Assignable, id: &str) -> Result<Response, Fault> {
    let kind = what.kind(call.caller.connection.setup.provider);
    let projection = call.parameters()?.projection(kind)?;
    let items = items(&mut call.app.db.read().await?, what).await?;
    let item = items.iter().find(|item| item.id == id).ok_or_else(|| Fault::not_found(kind.name, id))?;
    let mut object = document(item, kind, &call.base);
    projection.apply(&mut object);
    Ok(reply::json(StatusCode::OK, serde_json::to_string(&object).map_err(Error::from)?))
}

async fn items(tx: &mut Read, what: Assignable) -> Result<Vec<Item>> {
    let roles = role::list(tx).await?;
    let root = |role: &&Role| role.is_root();
    Ok(match what {
        Assignable::Role => roles
            .iter()
            .filter(root)
            .map(|role| Item {
                id: role.id.to_string(),
                display: role.name.clone(),
                kind: role.r#type.clone(),
            })
            .collect(),
        Assignable::Entitlement => {
            let projects = summary::living(tx).await?;
            let roles: Vec<&Role> = roles.iter().filter(|role| !root(role)).collect();
            let pairs = projects.iter().flat_map(|project| roles.iter().map(move |role| (project, role)));
            pairs
                .map(|((id, name), role)| Item {
                    id: format!("{id}:{}", role.id),
                    display: format!("{} in {name}", role.name),
                    kind: role.r#type.clone(),
                })
                .collect()
        }
    })
}

fn document(item: &Item, kind: &ResourceType, base: &str) -> Object {
    let facts = if kind.schema.attribute("displayName").is_some() {
        vec![("displayName", json!(item.display)), ("type", json!(item.kind))]
    } else {
        vec![
            ("value", json!(item.id)),
            ("display", json!(item.display)),
            ("type", json!(item.kind)),
            ("supported", json!(true)),
        ]
    };
    let mut object = Object::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("schemas", json!([kind.schema.urn]));
    put("id", json!(item.id));
    for (name, value) in facts {
        put(name, value);
    }
    let location = reply::location(base, kind, &item.id);
    put("meta", json!({ "resourceType": kind.name, "location": location }));
    object
}

/// Keeps what passes the filter, in the order that is asked for.
fn select(found: &mut Vec<Object>, query: &Query) {
    if let Some(checked) = &query.filter {
        found.retain(|object| filter::matches(checked, object));
    }
    if let Some(sort) = &query.sort {
        found.sort_by(|a, b| compare(a, b, sort));
    }
}

fn compare(a: &Object, b: &Object, sort: &Sort) -> Ordering {
    let key = |object: &Object| {
        let whole = object.get(sort.attr.attribute.name)?;
        let value = sort.attr.sub.map_or(Some(whole), |sub| whole.get(sub.name))?;
        Some(value.as_str().map_or_else(|| value.to_string(), fold))
    };
    // Whoever has no value is last, or first in descending order.
    let order = match (key(a), key(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    if sort.descending { order.reverse() } else { order }
}
