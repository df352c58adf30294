//! `/Users/{id}`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use burgee_scim::{Error as Scim, Object, Projection, USER, patch, resource};
use serde_json::{Value, json};

use super::caller::Caller;
use super::edit::{Edit, is_late};
use super::fault::Fault;
use super::router::Call;
use super::{MODE, quirks, reply};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::provisioning::members::{self, Membership};
use crate::provisioning::query::Noun;
use crate::provisioning::{Provisioned, user};

pub(super) async fn create(caller: Caller, call: Call, mut body: Object) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(&USER)?;
    quirks::of_resource(&mut body, &USER).count(&call.app.metrics);
    let document = resource::accept(&USER, &body, MODE)?;
    let made = match make(&caller, &call, document.clone()).await {
        Err(error) if is_late(&error) => make(&caller, &call, document).await?,
        made => made?,
    };
    if made.adopted {
        return answer(&caller, &call, StatusCode::CREATED, &made.user, &projection).await;
    }
    respond(&call, StatusCode::CREATED, &made.user, &object(&made.user, &[], &call.base, &projection))
}

async fn make(caller: &Caller, call: &Call, document: Object) -> Result<user::Created> {
    let app = &call.app;
    let mut tx = app.db.change(&caller.grant, app.clock.now()).await?;
    let made = user::create(&mut tx, &app.entropy, caller.connection(), document).await?;
    tx.commit().await?;
    Ok(made)
}

pub(super) async fn get(caller: Caller, call: Call, id: &str) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(&USER)?;
    let found = user::find(&mut call.app.db.read().await?, caller.connection(), id).await?;
    let found = found.ok_or_else(|| Fault::not_found("User", id))?;
    if reply::is_known(&call.headers, found.version) {
        let unchanged = StatusCode::NOT_MODIFIED.into_response();
        return Ok(reply::about(unchanged, &found, &USER, &call.base));
    }
    answer(&caller, &call, StatusCode::OK, &found, &projection).await
}

pub(super) async fn replace(
    caller: Caller,
    call: Call,
    id: &str,
    mut body: Object,
) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(&USER)?;
    quirks::of_resource(&mut body, &USER).count(&call.app.metrics);
    let changed =
        edit(&caller, &call, id, |current| resource::replace(&USER, current, body.clone(), MODE)).await?;
    answer(&caller, &call, StatusCode::OK, &changed, &projection).await
}

pub(super) async fn patch(caller: Caller, call: Call, id: &str, mut body: Object) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(&USER)?;
    quirks::of_patch(&mut body, &USER).count(&call.app.metrics);
    let operations = patch::parse_patch(body, &USER, MODE)?;
    let changed =
        edit(&caller, &call, id, |current| patch::apply(&USER, current.clone(), &operations, MODE)).await?;
    answer(&caller, &call, StatusCode::OK, &changed, &projection).await
}

async fn edit(
    caller: &Caller,
    call: &Call,
    id: &str,
    next: impl Fn(&Object) -> Result<Object, Scim>,
) -> Result<Provisioned> {
    Edit { caller, call, noun: Noun::User, id, next, members: &[] }.apply().await
}

async fn answer(
    caller: &Caller,
    call: &Call,
    status: StatusCode,
    found: &Provisioned,
    projection: &Projection,
) -> Result<Response, Fault> {
    let mut tx = call.app.db.read().await?;
    let bodies =
        render(&mut tx, caller.connection(), std::slice::from_ref(found), &call.base, projection).await?;
    respond(call, status, found, &bodies.into_iter().next().unwrap_or_default())
}

fn respond(call: &Call, status: StatusCode, found: &Provisioned, body: &Object) -> Result<Response, Fault> {
    let response = reply::json(status, serde_json::to_string(body).map_err(Error::from)?);
    Ok(reply::about(response, found, &USER, &call.base))
}

/// Users as the client sees them, with their groups.
pub(super) async fn render(
    tx: &mut Read,
    connection: i64,
    users: &[Provisioned],
    base: &str,
    projection: &Projection,
) -> Result<Vec<Object>> {
    let ids: Vec<&str> = users.iter().map(|user| user.scim_id.as_str()).collect();
    let memberships = if projection.wants("groups") && !users.is_empty() {
        members::memberships(tx, connection, &ids).await?
    } else {
        Vec::new()
    };
    Ok(users.iter().map(|user| object(user, &memberships, base, projection)).collect())
}

/// One user; `memberships` may hold those of others, too.
fn object(user: &Provisioned, memberships: &[Membership], base: &str, projection: &Projection) -> Object {
    let mut object = reply::resource(user, &USER, base);
    let groups: Vec<Value> = memberships
        .iter()
        .filter(|membership| membership.who == user.scim_id)
        .map(|membership| {
            json!({
                "value": membership.scim_id,
                "$ref": format!("{base}/Groups/{}", membership.scim_id),
                "display": membership.display,
                "type": if membership.direct { "direct" } else { "indirect" },
            })
        })
        .collect();
    if !groups.is_empty() {
        object.insert("groups".to_owned(), Value::Array(groups));
    }
    projection.apply(&mut object);
    object
}
