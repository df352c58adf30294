//! Changing and removing what is there: load and lock, compare versions, apply, commit.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use burgee_scim::{Error as Scim, MemberChange, Object};

use super::fault::Fault;
use super::finish::finish;
use super::reply;
use super::resource::kind;
use super::router::Call;
use crate::error::{Error, Kind, Result};
use crate::events::Change;
use crate::provisioning::members::Inside;
use crate::provisioning::signals::{self, Note, Verb};
use crate::provisioning::{Noun, Provisioned, find_locked, group, user};

/// What came of a change.
pub(super) struct Done {
    pub(super) changed: Provisioned,
    /// Who would be in the group, if that is undone.
    pub(super) inside: Option<Inside>,
}

/// A change of one resource.
pub(super) struct Edit<'a, F> {
    pub(super) call: &'a Call,
    pub(super) noun: Noun,
    pub(super) verb: Verb,
    pub(super) id: &'a str,
    /// Makes the new document of the present one.
    pub(super) next: F,
    /// What changes in the membership of a group.
    pub(super) members: &'a [MemberChange],
}

impl<F: Fn(&Object) -> Result<Object, Scim>> Edit<'_, F> {
    /// Makes the change.
    pub(super) async fn apply(&self) -> Result<Done> {
        match self.once().await {
            Err(error) if is_late(&error) => self.once().await,
            done => done,
        }
    }

    async fn once(&self) -> Result<Done> {
        let mut tx = begin(self.call).await?;
        let (changed, before) = self.within(&mut tx).await?;
        let inside = finish(self.call, tx, self.noun, &changed).await?;
        self.call.notebook.tell(|deed| {
            deed.about(self.noun, &changed);
            deed.before = Some(before);
            deed.after = Some(changed.document.clone());
        });
        Ok(Done { changed, inside })
    }

    /// Makes the change as part of a larger one. With the resource comes its document before.
    pub(super) async fn within(&self, tx: &mut Change) -> Result<(Provisioned, Object)> {
        let connection = &self.call.caller.connection;
        let current = open(self.call, tx, self.noun, self.id).await?;
        let before = current.document.clone();
        let next = (self.next)(&current.document)?;
        let from = tx.recorded();
        let changed = match self.noun {
            Noun::User => user::change(tx, connection, current, next).await?,
            Noun::Group => group::change(tx, connection, current, next, self.members).await?,
        };
        let note = Note {
            connection: connection.id,
            noun: self.noun,
            verb: self.verb,
            before: Some(&before),
            after: &changed,
        };
        signals::note(tx, from, &note);
        Ok((changed, before))
    }
}

/// Answers a DELETE.
pub(super) async fn delete(call: &Call, noun: Noun, id: &str) -> Result<Response, Fault> {
    match remove(call, noun, id).await {
        Err(error) if is_late(&error) => remove(call, noun, id).await?,
        done => done?,
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn remove(call: &Call, noun: Noun, id: &str) -> Result<()> {
    let mut tx = begin(call).await?;
    let found = open(call, &mut tx, noun, id).await?;
    match noun {
        Noun::User => user::delete(&mut tx, call.connection(), &found).await?,
        Noun::Group => group::delete(&mut tx, &call.caller.connection, &found).await?,
    }
    finish(call, tx, noun, &found).await?;
    call.notebook.tell(|deed| {
        deed.about(noun, &found);
        deed.before = Some(found.document);
    });
    Ok(())
}

/// Begins a change of what the client asks for.
pub(super) async fn begin(call: &Call) -> Result<Change> {
    let mut tx = call.app.db.change(&call.caller.grant, call.app.clock.now()).await?;
    if let Some(txn) = &call.txn {
        tx.come_of(txn.clone());
    }
    Ok(tx)
}

/// Locks a resource in the version that the client means.
async fn open(call: &Call, tx: &mut Change, noun: Noun, id: &str) -> Result<Provisioned> {
    let found = find_locked(tx, noun, call.connection(), id).await?;
    let found = found.ok_or_else(|| Fault::not_found(kind(noun).name, id))?;
    reply::check_match(&call.headers, found.version)?;
    Ok(found)
}

/// Two calls at once that each remove one of the last two admins, or bring the same name or address, can only be told
/// apart when they write, or by what appears between two looks. The one that comes second is done again, and then sees
/// what the first has done: an address that another has by now is left out.
pub(super) fn is_late(error: &Error) -> bool {
    matches!(error.kind(), Some(Kind::LastAdmin | Kind::Conflict | Kind::NameExists | Kind::AccountExists))
}
