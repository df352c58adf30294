//! The guard of a connection against mass removal, and where what it pushed is not what is true.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, Granted};
use crate::api::input::{Body, Id, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result as Outcome;
use crate::provisioning::connection;
use crate::provisioning::drift::{self, Difference};
use crate::provisioning::hold::{self, Done, Held, Kind, Limits};

const TAG: &str = "Provisioning";
/// How many removals a page has.
const PAGE: i64 = 100;
/// How many accounts a page has unless the request says otherwise, and can have.
const ACCOUNTS: (i64, i64) = (100, 1000);

pub(super) fn routes() -> Routes {
    const HOLD: &str = "/api/admin/provisioning/connections/{id}/hold";
    const APPLY: &str = "/api/admin/provisioning/connections/{id}/hold/apply";
    const DISCARD: &str = "/api/admin/provisioning/connections/{id}/hold/discard";
    const END: &str = "/api/admin/provisioning/connections/{id}/hold/end";
    const DRIFT: &str = "/api/admin/provisioning/connections/{id}/drift";
    const REPAIR: &str = "/api/admin/provisioning/connections/{id}/drift/repair";
    Routes::default()
        .add(Method::GET, HOLD, "getConnectionHold", TAG, held)
        .asks(&["after"])
        .gives::<HoldView>(200)
        .add(Method::PUT, HOLD, "setConnectionLimits", TAG, configure)
        .takes::<LimitsView>()
        .gives::<LimitsView>(200)
        .add(Method::POST, APPLY, "applyHeldChanges", TAG, apply)
        .takes::<Chosen>()
        .gives::<Decided>(200)
        .add(Method::POST, DISCARD, "discardHeldChanges", TAG, discard)
        .takes::<Waiting>()
        .gives::<Decided>(200)
        .add(Method::POST, END, "endConnectionHold", TAG, end)
        .gives::<HoldView>(200)
        .add(Method::GET, DRIFT, "getConnectionDrift", TAG, drift)
        .asks(&["afterPerson", "afterGroup", "afterDiscarded"])
        .gives::<DriftView>(200)
        .add(Method::POST, REPAIR, "repairConnectionDrift", TAG, repair)
        .takes::<Repair>()
        .gives::<Repaired>(200)
        .add(Method::GET, "/api/admin/provisioning/unowned", "getUnownedAccounts", TAG, unowned)
        .asks(&["offset", "limit"])
        .gives::<UnownedView>(200)
}

/// How much a connection may take away before the rest waits for an admin.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "connectionLimitsSchema")]
struct LimitsView {
    /// In percent of its active people, or of the members of a group; 0: as much as it likes.
    share: i64,
    /// So many may go in any case.
    least: i64,
    /// Within how many minutes.
    minutes: i64,
}

impl From<Limits> for LimitsView {
    fn from(Limits { share, least, minutes }: Limits) -> Self {
        Self { share, least, minutes }
    }
}

/// A removal that was not done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "heldChangeSchema")]
struct HeldView {
    id: i64,
    kind: Kind,
    user_id: Option<i64>,
    user_name: Option<String>,
    group_id: Option<i64>,
    group_name: Option<String>,
    since: Time,
    /// By which call, if the journal still has it.
    call: Option<String>,
    discarded_at: Option<Time>,
    discarded_by: Option<String>,
}

impl From<Held> for HeldView {
    fn from(it: Held) -> Self {
        Self {
            id: it.id,
            kind: it.kind,
            user_id: it.user_id,
            user_name: it.user_name,
            group_id: it.group_id,
            group_name: it.group_name,
            since: it.since,
            call: it.call,
            discarded_at: it.discarded_at,
            discarded_by: it.discarded_by,
        }
    }
}

/// Whether a connection is in hold, and what waits.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionHoldSchema")]
struct HoldView {
    limits: LimitsView,
    /// Since when removals wait; none if it is not in hold.
    held_since: Option<Time>,
    /// How many wait.
    waiting: i64,
    changes: Vec<HeldView>,
    /// What to ask for as `after` to read on.
    next: Option<i64>,
}

impl HoldView {
    async fn of(tx: &mut Read, id: i64, after: i64) -> Outcome<Self> {
        connection::get(tx, id).await?;
        let guard = hold::guard(tx, id).await?;
        let (changes, next) = page(tx, id, hold::State::Waiting, after).await?;
        let waiting = hold::waiting(tx, id).await?;
        let held_since = guard.held_since.filter(|_| waiting > 0);
        Ok(Self { limits: guard.limits.into(), held_since, waiting, changes, next })
    }
}

async fn page(
    tx: &mut Read,
    id: i64,
    state: hold::State,
    after: i64,
) -> Outcome<(Vec<HeldView>, Option<i64>)> {
    let found = hold::held(tx, id, state, None, after, PAGE).await?;
    let next = found.last().filter(|_| i64::try_from(found.len()) == Ok(PAGE)).map(|last| last.id);
    Ok((found.into_iter().map(HeldView::from).collect(), next))
}

#[derive(Deserialize)]
struct After {
    after: Option<i64>,
}

async fn held(
    _: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Query(wanted): Query<After>,
) -> Result<Json<HoldView>, Problem> {
    Ok(Json(HoldView::of(&mut app.db.read().await?, id, wanted.after.unwrap_or_default()).await?))
}

async fn configure(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(LimitsView { share, least, minutes }): Body<LimitsView>,
) -> Result<Json<LimitsView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let guard = hold::configure(&mut tx, id, Limits { share, least, minutes }).await?;
    tx.commit().await?;
    Ok(Json(guard.limits.into()))
}

/// Which removals.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "heldChangesChosenSchema")]
struct Chosen {
    /// By number; all that wait, up to 10,000 at once, if left out.
    ids: Option<Vec<i64>>,
    /// Discarded ones instead of those that wait: only for applying them after all.
    #[serde(default)]
    discarded: bool,
}

/// Which of those that wait.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "heldChangesDiscardedSchema")]
struct Waiting {
    /// By number; all that wait, up to 10,000 at once, if left out.
    ids: Option<Vec<i64>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "heldChangesDecidedSchema")]
struct Decided {
    /// How many were decided upon.
    count: i64,
    /// How many wait now.
    left: i64,
}

impl From<Done> for Decided {
    fn from(Done { count, left }: Done) -> Self {
        Self { count, left }
    }
}

async fn apply(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(chosen): Body<Chosen>,
) -> Result<Json<Decided>, Problem> {
    let state = if chosen.discarded { hold::State::Discarded } else { hold::State::Waiting };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let done = hold::apply(&mut tx, id, state, chosen.ids.as_deref()).await?;
    tx.commit().await?;
    Ok(Json(done.into()))
}

async fn discard(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(chosen): Body<Waiting>,
) -> Result<Json<Decided>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let done = hold::discard(&mut tx, id, chosen.ids.as_deref()).await?;
    tx.commit().await?;
    Ok(Json(done.into()))
}

async fn end(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<HoldView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    connection::get(&mut tx, id).await?;
    hold::end(&mut tx, id).await?;
    let view = HoldView::of(&mut tx, id, 0).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Where what was pushed is not what is true.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionDriftSchema")]
struct DriftView {
    people: Vec<PersonView>,
    /// What to ask for as `afterPerson` to read on.
    next_person: Option<i64>,
    groups: Vec<GroupView>,
    /// What to ask for as `afterGroup` to read on.
    next_group: Option<i64>,
    /// Removals that an admin discarded.
    discarded: Vec<HeldView>,
    /// What to ask for as `afterDiscarded` to read on.
    next_discarded: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "driftPersonSchema")]
struct PersonView {
    id: i64,
    name: String,
    differences: Vec<Difference>,
    /// When the identity provider last changed something.
    pushed_at: Time,
    /// When the account last changed.
    changed_at: Time,
    changed_by: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "driftGroupSchema")]
struct GroupView {
    id: i64,
    name: String,
    differences: Vec<Difference>,
    /// How many members were added by hand.
    by_hand: i64,
    /// The first of them.
    members: Vec<HandView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "driftMemberSchema")]
struct HandView {
    id: i64,
    name: Option<String>,
    since: Time,
    by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the wire has these names")]
struct Marks {
    after_person: Option<i64>,
    after_group: Option<i64>,
    after_discarded: Option<i64>,
}

async fn drift(
    _: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Query(marks): Query<Marks>,
) -> Result<Json<DriftView>, Problem> {
    let mut tx = app.db.read().await?;
    connection::get(&mut tx, id).await?;
    let people = drift::people(&mut tx, id, marks.after_person.unwrap_or_default()).await?;
    let groups = drift::groups(&mut tx, id, marks.after_group.unwrap_or_default()).await?;
    let after = marks.after_discarded.unwrap_or_default();
    let (discarded, next_discarded) = page(&mut tx, id, hold::State::Discarded, after).await?;
    let person = |it: drift::Person| PersonView {
        id: it.id,
        name: it.name,
        differences: it.differences,
        pushed_at: it.pushed_at,
        changed_at: it.changed_at,
        changed_by: it.changed_by,
    };
    let hand = |it: drift::Hand| HandView { id: it.id, name: it.name, since: it.since, by: it.by };
    let group = |it: drift::Group| GroupView {
        id: it.id,
        name: it.name,
        differences: it.differences,
        by_hand: it.by_hand,
        members: it.members.into_iter().map(hand).collect(),
    };
    Ok(Json(DriftView {
        people: people.found.into_iter().map(person).collect(),
        next_person: people.next,
        groups: groups.found.into_iter().map(group).collect(),
        next_group: groups.next,
        discarded,
        next_discarded,
    }))
}

/// Of whom to make true again what was last pushed, by their numbers.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "repairDriftSchema")]
struct Repair {
    #[serde(default)]
    users: Vec<i64>,
    #[serde(default)]
    groups: Vec<i64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "driftRepairedSchema")]
struct Repaired {
    /// How many differed.
    count: usize,
}

async fn repair(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(wanted): Body<Repair>,
) -> Result<Json<Repaired>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let count = drift::repair(&mut tx, id, &wanted.users, &wanted.groups).await?;
    tx.commit().await?;
    Ok(Json(Repaired { count }))
}

/// Active people whom no connection owns.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "unownedAccountsSchema")]
struct UnownedView {
    people: Vec<AccountView>,
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "unownedAccountSchema")]
struct AccountView {
    id: i64,
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    root_role: String,
    created_at: Time,
    created_by: Option<String>,
    /// The connection that has removed the account; that waits, or was discarded.
    removed_by: Option<String>,
    seen_at: Option<Time>,
}

#[derive(Deserialize)]
struct Bounds {
    offset: Option<i64>,
    limit: Option<i64>,
}

async fn unowned(
    _: Granted<Administer>,
    State(app): State<App>,
    Query(bounds): Query<Bounds>,
) -> Result<Json<UnownedView>, Problem> {
    let limit = bounds.limit.unwrap_or(ACCOUNTS.0).clamp(1, ACCOUNTS.1);
    let offset = bounds.offset.unwrap_or_default().max(0);
    let (found, total) = drift::unowned(&mut app.db.read().await?, offset, limit).await?;
    let view = |it: drift::Unowned| AccountView {
        id: it.id,
        name: it.name,
        username: it.username,
        email: it.email,
        root_role: it.root_role,
        created_at: it.created_at,
        created_by: it.created_by,
        removed_by: it.removed_by,
        seen_at: it.seen_at,
    };
    Ok(Json(UnownedView { people: found.into_iter().map(view).collect(), total }))
}
