//! The record of what happened.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event_filter::Search;
use crate::access::{Administer, Granted, Sight, SignedIn};
use crate::api::input::{Name, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Kind;
use crate::events::{self, Filter, Record};
use crate::features;

const TAG: &str = "Events";
/// How many events the lists without pages show.
const LATEST: i64 = 1000;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/events", "getEvents", TAG, latest)
        .asks(&["project"])
        .gives::<Latest>(200)
        .add(Method::GET, "/api/admin/events/{featureName}", "getEventsForToggle", TAG, of_feature)
        .gives::<FeatureEvents>(200)
        .add(Method::GET, "/api/admin/search/events", "searchEvents", TAG, search)
        .asks(Search::PARAMETERS)
        .gives::<Found>(200)
        .add(Method::GET, "/api/admin/event-creators", "getEventCreators", TAG, creators)
        .gives::<Vec<Creator>>(200)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "eventSchema")]
struct EventView {
    id: i64,
    created_at: Time,
    r#type: String,
    created_by: String,
    created_by_user_id: i64,
    environment: Option<String>,
    project: Option<String>,
    feature_name: Option<String>,
    data: Option<Value>,
    pre_data: Option<Value>,
    label: Option<&'static str>,
    summary: String,
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
}

impl From<Record> for EventView {
    fn from(record: Record) -> Self {
        Self {
            label: record.label(),
            summary: record.summary(),
            id: record.id,
            created_at: record.created_at,
            r#type: record.kind,
            created_by: record.created_by,
            created_by_user_id: record.created_by_user_id,
            environment: record.environment,
            project: record.project,
            feature_name: record.feature_name,
            data: record.data,
            pre_data: record.pre_data,
            ip: record.ip,
            group_type: record.group_type,
            group_id: record.group_id,
        }
    }
}

fn views(records: Vec<Record>) -> Vec<EventView> {
    records.into_iter().map(EventView::from).collect()
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "eventsSchema")]
struct Latest {
    version: u8,
    events: Vec<EventView>,
    total_events: i64,
}

#[derive(Deserialize)]
struct Place {
    project: Option<String>,
}

async fn latest(
    _: Granted<Administer>,
    State(app): State<App>,
    Query(place): Query<Place>,
) -> Result<Json<Latest>, Problem> {
    let filter = Filter { projects: place.project.into_iter().collect(), ..Filter::default() };
    let mut tx = app.db.read().await?;
    let (records, total) = events::search(&mut tx, &filter, 0, LATEST).await?;
    Ok(Json(Latest { version: 1, events: views(records), total_events: total }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureEventsSchema")]
struct FeatureEvents {
    version: u8,
    toggle_name: String,
    events: Vec<EventView>,
    total_events: i64,
}

async fn of_feature(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(feature): Name,
) -> Result<Json<FeatureEvents>, Problem> {
    let mut tx = app.db.read().await?;
    let nothing =
        FeatureEvents { version: 1, toggle_name: feature.clone(), events: Vec::new(), total_events: 0 };
    if let Some(found) = features::find(&mut tx, &feature).await? {
        match grant.sight(&mut tx).await?.ensure(&mut tx, &found.project).await {
            Err(error) if error.kind() == Some(Kind::NotFound) => return Ok(Json(nothing)),
            other => other?,
        }
    }
    let sight = shown(&grant, &mut tx).await?;
    let filter = Filter { features: vec![feature], sight, ..Filter::default() };
    let (records, total) = events::search(&mut tx, &filter, 0, LATEST).await?;
    Ok(Json(FeatureEvents { events: views(records), total_events: total, ..nothing }))
}

/// Which events show; all of them to admins.
async fn shown(grant: &Granted<SignedIn>, tx: &mut Read) -> Result<Option<Sight>, Problem> {
    Ok(if grant.held().is_admin() { None } else { Some(grant.sight(tx).await?) })
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "eventSearchResponseSchema")]
struct Found {
    events: Vec<EventView>,
    total: i64,
}

/// Without ADMIN, only what happened in projects that one sees shows.
async fn search(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<Found>, Problem> {
    let (offset, limit) = search.page();
    let filter = search.read()?;
    let mut tx = app.db.read().await?;
    let filter = Filter { sight: shown(&grant, &mut tx).await?, ..filter };
    let (records, total) = events::search(&mut tx, &filter, offset, limit).await?;
    Ok(Json(Found { events: views(records), total }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "eventCreatorSchema")]
struct Creator {
    id: i64,
    name: String,
}

async fn creators(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Vec<Creator>>, Problem> {
    let mut tx = app.db.read().await?;
    let creators = events::creators(&mut tx, None, i64::MAX).await?;
    Ok(Json(creators.into_iter().map(|creator| Creator { id: creator.id, name: creator.name }).collect()))
}
