//! Who answers for flags, and what becomes of the flags of owners who leave.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::feature_life::flag;
use super::operators;
use crate::access::{Administer, Granted, Sight, UpdateFeature};
use crate::api::input::{Body, Flag, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::features;
use crate::instance::settings;
use crate::owners::{self, Departed, Named, Owner, Policy};

const TAG: &str = "Features";
/// How many owners a page has unless the request says otherwise, and how many it can have.
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 500;
/// How many flags of each are told.
const FLAGS: i64 = 1000;

pub(super) fn routes() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::PUT, flag!("/owner"), "setFeatureOwner", TAG, set)
        .takes::<Wanted>()
        .empty(204)
        .add(M::GET, "/api/admin/flag-owners/departed", "getDepartedFlagOwners", TAG, departed)
        .asks(&["offset", "limit"])
        .gives::<DepartedView>(200)
        .add(M::POST, "/api/admin/flag-owners/hand-over", "handOverFlags", TAG, hand_over)
        .takes::<Handover>()
        .gives::<Handed>(200)
        .add(M::GET, "/api/admin/flag-owners/policy", "getFlagOwnersPolicy", TAG, policy)
        .gives::<Policy>(200)
        .add(M::PUT, "/api/admin/flag-owners/policy", "setFlagOwnersPolicy", TAG, set_policy)
        .takes::<Policy>()
        .empty(204)
}

/// Who answers for a flag.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureOwnerSchema")]
pub(super) struct OwnerView {
    r#type: &'static str,
    id: i64,
    name: String,
    /// True if they left, and nobody took over.
    left: bool,
}

impl From<Named> for OwnerView {
    fn from(named: Named) -> Self {
        let (kind, id) = match named.owner {
            Owner::User(id) => ("user", id),
            Owner::Group(id) => ("group", id),
        };
        Self { r#type: kind, id, name: named.name, left: named.left }
    }
}

/// Who is to answer for a flag: `{"user": 7}`, `{"group": 3}`, or `null` for nobody.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "setFeatureOwnerSchema", extend("required" = ["owner"]))]
struct Wanted {
    #[serde(deserialize_with = "Option::deserialize")]
    owner: Option<Owner>,
}

async fn set(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Body(body): Body<Wanted>,
) -> Result<StatusCode, Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::lock(&mut tx, project, &name).await?;
    owners::set(&mut tx, project, &name, body.owner).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "departedFlagOwnersSchema")]
struct DepartedView {
    /// Who left last comes first.
    owners: Vec<LeftView>,
    /// How many owners there are.
    total: i64,
}

/// An owner who left flags behind.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "departedFlagOwnerSchema")]
struct LeftView {
    owner: OwnerView,
    left_at: Option<Time>,
    /// True if they have an active account again.
    back: bool,
    /// The first 1000 of them, by name.
    flags: Vec<OrphanView>,
    /// How many there are.
    flag_count: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct OrphanView {
    name: String,
    project: String,
}

impl From<Departed> for LeftView {
    fn from(it: Departed) -> Self {
        let flags = it.flags.into_iter().map(|flag| OrphanView { name: flag.name, project: flag.project });
        Self {
            owner: it.who.into(),
            left_at: it.since,
            back: it.back,
            flags: flags.collect(),
            flag_count: it.count,
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    offset: Option<String>,
    limit: Option<String>,
}

async fn departed(
    _: Granted<Administer>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Json<DepartedView>, Problem> {
    let (offset, limit) =
        operators::page(asked.offset.as_deref(), asked.limit.as_deref(), PAGE, LARGEST_PAGE);
    let mut tx = app.db.read().await?;
    let found = owners::departed(&mut tx, &Sight::ALL, offset, limit, FLAGS).await?;
    let owners = found.owners.into_iter().map(LeftView::from).collect();
    Ok(Json(DepartedView { owners, total: found.total }))
}

/// What an owner left behind, all of it or some flags, and who takes over.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "handOverFlagsSchema")]
struct Handover {
    from: Owner,
    to: Owner,
    flags: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "handedOverFlagsSchema")]
struct Handed {
    flags: usize,
}

async fn hand_over(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<Handover>,
) -> Result<Json<Handed>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let flags = owners::hand_over(&mut tx, body.from, body.flags.as_deref(), body.to).await?;
    tx.commit().await?;
    Ok(Json(Handed { flags }))
}

async fn policy(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Policy>, Problem> {
    Ok(Json(settings::load(&mut app.db.read().await?).await?.unwrap_or_default()))
}

async fn set_policy(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(policy): Body<Policy>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    owners::decide(&mut tx, policy).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
