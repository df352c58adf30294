//! The end of an operation that changes something: lasting, or undone where nothing is to change.

use serde_json::json;

use super::fault::REHEARSED;
use super::router::Call;
use crate::error::Result;
use crate::events::{Change, Event, Fact, Recorded};
use crate::provisioning::journal::Act;
use crate::provisioning::members::{self, Inside};
use crate::provisioning::{Noun, Provisioned};

/// Members of a group that an answer shows though they are undone, at most.
const SHOWN: i64 = 10_000;

/// Makes a change lasting and notes what it did. In a dry run everything is undone; then what a group would have had as
/// members is returned, unless they are very many.
pub(super) async fn finish(
    call: &Call,
    mut tx: Change,
    noun: Noun,
    changed: &Provisioned,
) -> Result<Option<Inside>> {
    let mut inside = None;
    if call.dry_run && noun == Noun::Group {
        let mut found = members::inside(&mut tx, call.connection(), &[changed.local_id], SHOWN).await?;
        inside = found.remove(&changed.local_id);
    }
    let recorded = end(call, tx).await?;
    call.notebook.tell(|deed| {
        deed.events = recorded.events;
        deed.group = recorded.group;
        deed.unknown = recorded.left_out;
        deed.remarks = recorded.remarks;
    });
    Ok(inside)
}

/// The same for resources that were made together: each is an operation by itself.
pub(super) async fn together(call: &Call, tx: Change, all: &mut [(Noun, Provisioned)]) -> Result<()> {
    let mut recorded = end(call, tx).await?;
    for (noun, one) in all {
        let (own, rest): (Vec<Event>, Vec<Event>) =
            recorded.events.into_iter().partition(|event| is_about(event, *noun, one.local_id));
        recorded.events = rest;
        call.notebook.begin(Act::Create, Some(*noun));
        made(call, *noun, one);
        call.notebook.tell(|deed| {
            deed.events = own;
            deed.group.clone_from(&recorded.group);
        });
    }
    // What followed from all of them.
    call.notebook.tell(|deed| {
        deed.events.extend(recorded.events);
        deed.unknown = recorded.left_out;
        deed.remarks = recorded.remarks;
    });
    Ok(())
}

/// Notes what was made. In a dry run it never came to be, which its id says.
pub(super) fn made(call: &Call, noun: Noun, made: &mut Provisioned) {
    if call.dry_run {
        made.scim_id = format!("{REHEARSED}{}", made.scim_id);
    }
    call.notebook.tell(|deed| {
        deed.about(noun, made);
        deed.after = Some(made.document.clone());
        // Who never came to be has no number, or somebody else will have it.
        if let Some(subject) = deed.subject.as_mut().filter(|_| call.dry_run) {
            subject.local_id = None;
        }
    });
}

async fn end(call: &Call, mut tx: Change) -> Result<Recorded> {
    if let Some((id, _)) = call.replays.as_deref()
        && tx.recorded() > 0
    {
        let fact = json!({ "call": id, "connection": call.connection() });
        tx.record(Event::created(Fact::ScimCallReplayed, &fact));
    }
    if call.dry_run { tx.rehearse().await } else { tx.commit_told().await }
}

/// True for what was recorded of a user, or of a group and its members.
fn is_about(event: &Event, noun: Noun, id: i64) -> bool {
    let of_group = matches!(
        event.fact,
        Fact::GroupCreated
            | Fact::GroupAdopted
            | Fact::GroupUpdated
            | Fact::GroupUserAdded
            | Fact::GroupUserRemoved
    );
    let of_user = matches!(
        event.fact,
        Fact::UserCreated
            | Fact::UserAdopted
            | Fact::UserUpdated
            | Fact::ScimRolesGiven
            | Fact::ScimRolesTaken
    );
    let state = event.data.as_ref().or(event.pre_data.as_ref());
    let named = |key: &str| state.and_then(|state| state[key].as_i64()) == Some(id);
    match noun {
        Noun::User => of_user && named("id"),
        Noun::Group => of_group && (named("id") || named("groupId")),
    }
}
