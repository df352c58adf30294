//! Lists: `GET` on a collection or the root, and `.search` for filters too long or too private for a URL.

use axum::http::StatusCode;
use axum::response::Response;
use burgee_scim::discovery::LIST_URN;
use burgee_scim::{GROUP, USER};
use serde_json::{Value, json};

use super::fault::Fault;
use super::request::Parameters;
use super::router::Call;
use super::{group, reply, user};
use crate::error::Error;
use crate::provisioning::Noun;
use crate::provisioning::query::{self, Page};

pub(super) async fn users(call: &Call, parameters: &Parameters) -> Result<Response, Fault> {
    let query = parameters.query(&USER)?;
    let projection = parameters.projection(&USER)?;
    let mut tx = call.app.db.read().await?;
    let page = query::search(&mut tx, &call.app.pages, call.connection(), Noun::User, &query).await?;
    let bodies = user::render(&mut tx, call.connection(), &page.found, &call.base, &projection).await?;
    let mut list = envelope(parameters, page.total, bodies.len());
    list["Resources"] = json!(bodies);
    Ok(reply::json(StatusCode::OK, list.to_string()))
}

pub(super) async fn groups(call: &Call, parameters: &Parameters) -> Result<Response, Fault> {
    let query = parameters.query(&GROUP)?;
    let projection = parameters.projection(&GROUP)?;
    let mut tx = call.app.db.read().await?;
    let page = query::search(&mut tx, &call.app.pages, call.connection(), Noun::Group, &query).await?;
    tx.end().await?;
    let mut before = envelope(parameters, page.total, page.found.len()).to_string();
    before.pop();
    before.push_str(",\"Resources\":[");
    let frame = group::Frame { before, after: "]}".to_owned() };
    let body = group::render(call, &page.found, &projection, frame).await?;
    Ok(reply::json(StatusCode::OK, body))
}

/// Users first, then groups, as if they were one list. A filter may fit one of the two only.
pub(super) async fn everything(call: &Call, parameters: &Parameters) -> Result<Response, Fault> {
    let (users, groups) = (parameters.query(&USER), parameters.query(&GROUP));
    if let (Err(error), Err(_)) = (&users, &groups) {
        return Err(error.clone().into());
    }
    let (user_view, group_view) = (parameters.projection(&USER)?, parameters.projection(&GROUP)?);
    let connection = call.connection();
    let pages = &call.app.pages;
    let nothing = || Page { total: 0, found: Vec::new() };
    let mut tx = call.app.db.read().await?;
    let found_users = match users {
        Ok(query) => query::search(&mut tx, pages, connection, Noun::User, &query).await?,
        Err(_) => nothing(),
    };
    let found_groups = match groups {
        Ok(mut query) => {
            query.skip = (query.skip - found_users.total).max(0);
            query.count -= i64::try_from(found_users.found.len()).map_err(Error::internal)?;
            query::search(&mut tx, pages, connection, Noun::Group, &query).await?
        }
        Err(_) => nothing(),
    };
    let bodies = user::render(&mut tx, connection, &found_users.found, &call.base, &user_view).await?;
    tx.end().await?;
    let shown = found_users.found.len() + found_groups.found.len();
    let mut before = envelope(parameters, found_users.total + found_groups.total, shown).to_string();
    before.pop();
    before.push_str(",\"Resources\":[");
    let texts: Vec<String> = bodies.iter().map(|body| json!(body).to_string()).collect();
    before.push_str(&texts.join(","));
    if !texts.is_empty() && !found_groups.found.is_empty() {
        before.push(',');
    }
    let frame = group::Frame { before, after: "]}".to_owned() };
    let body = group::render(call, &found_groups.found, &group_view, frame).await?;
    Ok(reply::json(StatusCode::OK, body))
}

fn envelope(parameters: &Parameters, total: i64, shown: usize) -> Value {
    json!({
        "schemas": [LIST_URN],
        "totalResults": total,
        "startIndex": parameters.start(),
        "itemsPerPage": shown,
    })
}
