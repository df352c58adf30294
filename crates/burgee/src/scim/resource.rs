//! One user or group: made, read, replaced, patched. Both go the same way; only groups have members to take along.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use burgee_scim::{GROUP, MemberChange, Object, Projection, ResourceType, USER, patch as engine, resource};

use super::edit::{Edit, is_late};
use super::fault::Fault;
use super::router::Call;
use super::{group, quirks, reply, user};
use crate::error::{Error, Result};
use crate::provisioning::connection::PatchAnswer;
use crate::provisioning::{self, Noun, Provisioned, members};

/// A PATCH of a group with more members than this is answered without a body.
const LARGE: i64 = 100;

/// What the engine knows of users, or of groups.
pub(super) const fn kind(noun: Noun) -> &'static ResourceType {
    match noun {
        Noun::User => &USER,
        Noun::Group => &GROUP,
    }
}

pub(super) async fn create(call: &Call, noun: Noun, mut body: Object) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(kind(noun))?;
    quirks::of_resource(&mut body, kind(noun)).count(&call.app.metrics);
    let members = take_members(noun, &mut body, MemberChange::Add)?;
    let document = resource::accept(kind(noun), &body, call.mode())?;
    let (made, groupless) = match make(call, noun, document.clone(), members.as_slice()).await {
        Err(error) if is_late(&error) => make(call, noun, document, members.as_slice()).await?,
        made => made?,
    };
    if groupless {
        let body = serde_json::to_string(&user::object(&made, &[], &call.base, &projection));
        return Ok(about(call, noun, StatusCode::CREATED, &made, body.map_err(Error::from)?.into()));
    }
    answer(call, noun, StatusCode::CREATED, &made, &projection).await
}

/// Makes it. True for a user whom nobody can have put into a group yet.
async fn make(
    call: &Call,
    noun: Noun,
    document: Object,
    members: &[MemberChange],
) -> Result<(Provisioned, bool)> {
    let app = &call.app;
    let mut tx = app.db.change(&call.caller.grant, app.clock.now()).await?;
    let made = match noun {
        Noun::User => {
            let connection = &call.caller.connection;
            let made = provisioning::user::create(&mut tx, &app.entropy, connection, document).await?;
            (made.user, !made.adopted)
        }
        Noun::Group => {
            let connection = &call.caller.connection;
            let made =
                provisioning::group::create(&mut tx, &app.entropy, connection, document, members).await?;
            (made, false)
        }
    };
    tx.commit().await?;
    Ok(made)
}

pub(super) async fn get(call: &Call, noun: Noun, id: &str) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(kind(noun))?;
    let found = provisioning::find(&mut call.app.db.read().await?, noun, call.connection(), id).await?;
    let found = found.ok_or_else(|| Fault::not_found(kind(noun).name, id))?;
    if reply::is_known(&call.headers, found.version) {
        return Ok(about(call, noun, StatusCode::NOT_MODIFIED, &found, Body::empty()));
    }
    answer(call, noun, StatusCode::OK, &found, &projection).await
}

pub(super) async fn replace(call: &Call, noun: Noun, id: &str, mut body: Object) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(kind(noun))?;
    quirks::of_resource(&mut body, kind(noun)).count(&call.app.metrics);
    let members = take_members(noun, &mut body, MemberChange::Replace)?;
    let next = |current: &Object| resource::replace(kind(noun), current, body.clone(), call.mode());
    let changed = Edit { call, noun, id, next, members: members.as_slice() }.apply().await?;
    answer(call, noun, StatusCode::OK, &changed, &projection).await
}

pub(super) async fn patch(call: &Call, noun: Noun, id: &str, mut body: Object) -> Result<Response, Fault> {
    let parameters = call.parameters()?;
    let projection = parameters.projection(kind(noun))?;
    let noticed = quirks::of_patch(&mut body, kind(noun));
    noticed.count(&call.app.metrics);
    let operations = engine::parse_patch(body, kind(noun), call.mode())?;
    let (operations, members) = engine::split_members(operations)?;
    let next = |current: &Object| engine::apply(kind(noun), current.clone(), &operations, call.mode());
    let changed = Edit { call, noun, id, next, members: &members }.apply().await?;
    let empty = match call.caller.connection.setup.patch_answer {
        _ if parameters.asks_for_attributes() => false,
        PatchAnswer::Resource => false,
        PatchAnswer::Empty => true,
        PatchAnswer::Auto => {
            noun == Noun::Group
                && (noticed.prefers_no_content()
                    || members::more_than(&mut call.app.db.read().await?, changed.local_id, LARGE).await?)
        }
    };
    if empty {
        return Ok(about(call, noun, StatusCode::NO_CONTENT, &changed, Body::empty()));
    }
    answer(call, noun, StatusCode::OK, &changed, &projection).await
}

/// The members in the body of a group: they are no part of its document.
fn take_members(
    noun: Noun,
    body: &mut Object,
    change: fn(Vec<String>) -> MemberChange,
) -> Result<Option<MemberChange>, Fault> {
    match noun {
        Noun::User => Ok(None),
        Noun::Group => Ok(resource::take_members(body)?.map(change)),
    }
}

async fn answer(
    call: &Call,
    noun: Noun,
    status: StatusCode,
    found: &Provisioned,
    projection: &Projection,
) -> Result<Response, Fault> {
    let list = std::slice::from_ref(found);
    let body = match noun {
        Noun::User => {
            let mut tx = call.app.db.read().await?;
            let bodies = user::render(&mut tx, call.connection(), list, &call.base, projection).await?;
            serde_json::to_string(&bodies.first()).map_err(Error::from)?.into()
        }
        Noun::Group => group::render(call, list, projection, group::Frame::default()).await?,
    };
    Ok(about(call, noun, status, found, body))
}

fn about(call: &Call, noun: Noun, status: StatusCode, found: &Provisioned, body: Body) -> Response {
    let response = match status {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => status.into_response(),
        _ => reply::json(status, body),
    };
    reply::about(response, found, kind(noun), &call.base)
}
