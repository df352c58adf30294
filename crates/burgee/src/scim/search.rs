//! Lists: `GET` on a collection or the root, and `.search` for filters too long or too private for a URL.

use axum::http::StatusCode;
use axum::response::Response;
use burgee_scim::discovery::LIST_URN;
use burgee_scim::{GROUP, Object, USER};
use serde_json::{Value, json};

use super::caller::Caller;
use super::fault::Fault;
use super::request::Parameters;
use super::router::Call;
use super::{group, reply, user};
use crate::error::Error;
use crate::provisioning::query::{self, Noun, Page};

pub(super) async fn users(caller: Caller, call: Call) -> Result<Response, Fault> {
    let parameters = call.parameters()?;
    answer_users(&caller, &call, &parameters).await
}

pub(super) async fn users_by_body(caller: Caller, call: Call, body: Object) -> Result<Response, Fault> {
    let parameters = Parameters::from_body(&body)?;
    answer_users(&caller, &call, &parameters).await
}

pub(super) async fn groups(caller: Caller, call: Call) -> Result<Response, Fault> {
    let parameters = call.parameters()?;
    answer_groups(&caller, &call, &parameters).await
}

pub(super) async fn groups_by_body(caller: Caller, call: Call, body: Object) -> Result<Response, Fault> {
    let parameters = Parameters::from_body(&body)?;
    answer_groups(&caller, &call, &parameters).await
}

pub(super) async fn everything(caller: Caller, call: Call) -> Result<Response, Fault> {
    let parameters = call.parameters()?;
    answer_everything(&caller, &call, &parameters).await
}

pub(super) async fn everything_by_body(caller: Caller, call: Call, body: Object) -> Result<Response, Fault> {
    let parameters = Parameters::from_body(&body)?;
    answer_everything(&caller, &call, &parameters).await
}

async fn answer_users(caller: &Caller, call: &Call, parameters: &Parameters) -> Result<Response, Fault> {
    let query = parameters.query(&USER)?;
    let projection = parameters.projection(&USER)?;
    let mut tx = call.app.db.read().await?;
    let page = query::search(&mut tx, &call.app.pages, caller.connection(), Noun::User, &query).await?;
    let bodies = user::render(&mut tx, caller.connection(), &page.found, &call.base, &projection).await?;
    let mut list = envelope(parameters, page.total, bodies.len());
    list["Resources"] = json!(bodies);
    Ok(reply::json(StatusCode::OK, list.to_string()))
}

async fn answer_groups(caller: &Caller, call: &Call, parameters: &Parameters) -> Result<Response, Fault> {
    let query = parameters.query(&GROUP)?;
    let projection = parameters.projection(&GROUP)?;
    let mut tx = call.app.db.read().await?;
    let page = query::search(&mut tx, &call.app.pages, caller.connection(), Noun::Group, &query).await?;
    tx.end().await?;
    let mut before = envelope(parameters, page.total, page.found.len()).to_string();
    before.pop();
    before.push_str(",\"Resources\":[");
    let frame = group::Frame { before, after: "]}".to_owned() };
    let body =
        group::render(&call.app, caller.connection(), &page.found, &call.base, &projection, frame).await?;
    Ok(reply::json(StatusCode::OK, body))
}

/// Users first, then groups, as if they were one list. A filter may fit one of the two only.
async fn answer_everything(caller: &Caller, call: &Call, parameters: &Parameters) -> Result<Response, Fault> {
    let (users, groups) = (parameters.query(&USER), parameters.query(&GROUP));
    if let (Err(error), Err(_)) = (&users, &groups) {
        return Err(error.clone().into());
    }
    let (user_view, group_view) = (parameters.projection(&USER)?, parameters.projection(&GROUP)?);
    let connection = caller.connection();
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
    let body =
        group::render(&call.app, connection, &found_groups.found, &call.base, &group_view, frame).await?;
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
