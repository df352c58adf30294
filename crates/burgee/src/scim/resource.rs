//! One user or group: made, read, replaced, patched. Both go the same way; only groups have members to take along.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use burgee_scim::{
    Error as Scim, GROUP, MemberChange, Mode, Object, Operation, Projection, ResourceType, USER,
    patch as engine, resource,
};

use super::edit::{Done, Edit, begin, is_late};
use super::fault::Fault;
use super::finish::{self, finish};
use super::quirks::{self, Noticed};
use super::router::Call;
use super::{group, reply, user};
use crate::error::{Error, Result};
use crate::events::Change;
use crate::provisioning::connection::PatchAnswer;
use crate::provisioning::signals::{self, Note, Verb};
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

/// The body of a POST, read.
pub(super) struct Draft {
    noun: Noun,
    document: Object,
    members: Option<MemberChange>,
}

impl Draft {
    /// Reads a body.
    pub(super) fn read(call: &Call, noun: Noun, mut body: Object) -> Result<Self> {
        tolerate(call, || quirks::of_resource(&mut body, kind(noun)));
        let members = take_members(call, noun, &mut body)?.map(MemberChange::Add);
        let document = resource::accept(kind(noun), &body, call.mode())?;
        Ok(Self { noun, document, members })
    }

    /// Makes it. True for a user whom nobody can have put into a group yet.
    pub(super) async fn make(&self, call: &Call, tx: &mut Change) -> Result<(Provisioned, bool)> {
        let (app, connection) = (&call.app, &call.caller.connection);
        let document = self.document.clone();
        let from = tx.recorded();
        let (made, groupless) = match self.noun {
            Noun::User => {
                let made = provisioning::user::create(tx, &app.entropy, connection, document).await?;
                (made.user, !made.adopted)
            }
            Noun::Group => {
                let members = self.members.as_slice();
                let made =
                    provisioning::group::create(tx, &app.entropy, connection, document, members).await?;
                (made, false)
            }
        };
        let note = Note {
            connection: connection.id,
            noun: self.noun,
            verb: Verb::Create,
            before: None,
            after: &made,
        };
        signals::note(tx, from, &note);
        Ok((made, groupless))
    }

    async fn once(&self, call: &Call) -> Result<(Done, bool)> {
        let mut tx = begin(call).await?;
        let (mut made, groupless) = self.make(call, &mut tx).await?;
        let inside = finish(call, tx, self.noun, &made).await?;
        finish::made(call, self.noun, &mut made);
        Ok((Done { changed: made, inside }, groupless))
    }
}

pub(super) async fn create(call: &Call, noun: Noun, body: Object) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(kind(noun))?;
    let draft = Draft::read(call, noun, body)?;
    let (done, groupless) = match draft.once(call).await {
        Err(error) if is_late(&error) => draft.once(call).await?,
        made => made?,
    };
    let made = &done.changed;
    if groupless {
        let body = serde_json::to_string(&user::object(made, &[], &call.base, &projection));
        return Ok(about(call, noun, StatusCode::CREATED, made, body.map_err(Error::from)?.into()));
    }
    answer(call, noun, StatusCode::CREATED, &done, &projection).await
}

pub(super) async fn get(call: &Call, noun: Noun, id: &str) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(kind(noun))?;
    let found = provisioning::find(&mut call.app.db.read().await?, noun, call.connection(), id).await?;
    let found = found.ok_or_else(|| Fault::not_found(kind(noun).name, id))?;
    call.notebook.tell(|deed| deed.about(noun, &found));
    if reply::is_known(&call.headers, found.version) {
        return Ok(about(call, noun, StatusCode::NOT_MODIFIED, &found, Body::empty()));
    }
    answer(call, noun, StatusCode::OK, &Done { changed: found, inside: None }, &projection).await
}

pub(super) async fn replace(call: &Call, noun: Noun, id: &str, mut body: Object) -> Result<Response, Fault> {
    let projection = call.parameters()?.projection(kind(noun))?;
    let strict = call.mode() == Mode::Strict;
    if strict && body.get("id").is_some_and(|sent| sent != id) {
        return Err(Scim::invalid_value("id is not the id of this resource").into());
    }
    tolerate(call, || quirks::of_resource(&mut body, kind(noun)));
    let members = take_members(call, noun, &mut body)?.map(MemberChange::Replace);
    // What is not said is not touched; only the letter of the RFC clears it.
    let members = members.or_else(|| (strict && noun == Noun::Group).then_some(MemberChange::RemoveAll));
    let next = |current: &Object| resource::replace(kind(noun), current, body.clone(), call.mode());
    let done = Edit { call, noun, verb: Verb::Put, id, next, members: members.as_slice() }.apply().await?;
    answer(call, noun, StatusCode::OK, &done, &projection).await
}

/// The body of a PATCH, read.
pub(super) struct Patch {
    noun: Noun,
    operations: Vec<Operation>,
    /// What it changes in the membership of a group.
    pub(super) members: Vec<MemberChange>,
    noticed: Noticed,
}

impl Patch {
    /// Reads a body.
    pub(super) fn read(call: &Call, noun: Noun, mut body: Object) -> Result<Self> {
        let noticed = tolerate(call, || quirks::of_patch(&mut body, kind(noun)));
        let operations = engine::parse_patch(body, kind(noun), call.mode())?;
        let (operations, members) = engine::split_members(operations)?;
        Ok(Self { noun, operations, members, noticed })
    }

    /// What it makes of the present document.
    pub(super) fn next(&self, call: &Call, current: &Object) -> Result<Object, Scim> {
        engine::apply(kind(self.noun), current.clone(), &self.operations, call.mode())
    }
}

pub(super) async fn patch(call: &Call, noun: Noun, id: &str, body: Object) -> Result<Response, Fault> {
    let parameters = call.parameters()?;
    let projection = parameters.projection(kind(noun))?;
    let patch = Patch::read(call, noun, body)?;
    let next = |current: &Object| patch.next(call, current);
    let done = Edit { call, noun, verb: Verb::Patch, id, next, members: &patch.members }.apply().await?;
    let changed = &done.changed;
    let empty = match call.caller.connection.setup.patch_answer {
        _ if parameters.asks_for_attributes() => false,
        PatchAnswer::Resource => false,
        PatchAnswer::Empty => true,
        PatchAnswer::Auto => {
            noun == Noun::Group
                && (patch.noticed.prefers_no_content()
                    || members::more_than(&mut call.app.db.read().await?, changed.local_id, LARGE).await?)
        }
    };
    if empty {
        return Ok(about(call, noun, StatusCode::NO_CONTENT, changed, Body::empty()));
    }
    answer(call, noun, StatusCode::OK, &done, &projection).await
}

/// Brings what is unusual into a form that the engine knows, unless the connection insists on the letter.
fn tolerate(call: &Call, understand: impl FnOnce() -> Noticed) -> Noticed {
    if call.mode() == Mode::Strict {
        return Noticed::default();
    }
    let noticed = understand();
    noticed.count(&call.app.metrics, &call.notebook);
    noticed
}

/// The members in the body of a group: they are no part of its document.
fn take_members(call: &Call, noun: Noun, body: &mut Object) -> Result<Option<Vec<String>>> {
    match noun {
        Noun::User => Ok(None),
        Noun::Group => Ok(resource::take_members(body, call.mode())?),
    }
}

async fn answer(
    call: &Call,
    noun: Noun,
    status: StatusCode,
    done: &Done,
    projection: &Projection,
) -> Result<Response, Fault> {
    let found = &done.changed;
    let list = std::slice::from_ref(found);
    let body = match noun {
        Noun::User => {
            let mut tx = call.app.db.read().await?;
            let bodies = user::render(&mut tx, call.connection(), list, &call.base, projection).await?;
            serde_json::to_string(&bodies.first()).map_err(Error::from)?.into()
        }
        Noun::Group => {
            group::render(call, list, projection, group::Frame::default(), done.inside.as_ref()).await?
        }
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
