//! Integrations.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::{Administer, CreateAddons, DeleteAddons, Granted, Sight, SignedIn, UpdateAddons};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::instance::addons::{self, Addon, Draft};
use crate::instance::providers::{self, Parameter, Provider};
use crate::people::api_token::EVERYWHERE;

const TAG: &str = "Addons";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/addons", "getAddons", TAG, list)
        .gives::<Addons>(200)
        .add(Method::POST, "/api/admin/addons", "createAddon", TAG, create)
        .takes::<DraftView>()
        .gives::<AddonView>(201)
        .add(Method::GET, "/api/admin/addons/{id}", "getAddon", TAG, get)
        .gives::<AddonView>(200)
        .add(Method::PUT, "/api/admin/addons/{id}", "updateAddon", TAG, update)
        .takes::<DraftView>()
        .gives::<AddonView>(200)
        .add(Method::DELETE, "/api/admin/addons/{id}", "deleteAddon", TAG, delete)
        .add(Method::GET, "/api/admin/addons/{id}/events", "getIntegrationEvents", TAG, events)
        .asks(&["limit", "offset"])
        .gives::<Deliveries>(200)
}

/// An integration; secrets are masked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "addonSchema")]
struct AddonView {
    id: i64,
    provider: String,
    description: Option<String>,
    enabled: bool,
    parameters: Map<String, Value>,
    events: Vec<String>,
    projects: Vec<String>,
    environments: Vec<String>,
    created_at: Time,
}

impl From<Addon> for AddonView {
    fn from(addon: Addon) -> Self {
        Self {
            parameters: addon.masked(),
            id: addon.id,
            provider: addon.provider,
            description: addon.description,
            enabled: addon.enabled,
            events: addon.events,
            projects: addon.projects,
            environments: addon.environments,
            created_at: addon.created_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "addonsSchema")]
struct Addons {
    addons: Vec<AddonView>,
    providers: Vec<ProviderView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "addonTypeSchema")]
struct ProviderView {
    name: &'static str,
    display_name: &'static str,
    description: &'static str,
    documentation_url: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecated: Option<&'static str>,
    parameters: Vec<ParameterView>,
    events: Vec<&'static str>,
    tag_types: Vec<TagTypeView>,
}

impl From<&Provider> for ProviderView {
    fn from(provider: &Provider) -> Self {
        Self {
            name: provider.name,
            display_name: provider.label,
            description: provider.description,
            documentation_url: provider.documentation,
            deprecated: provider.deprecated,
            parameters: provider.parameters.iter().map(ParameterView::from).collect(),
            events: provider.events.concat(),
            tag_types: provider
                .tag_type
                .iter()
                .map(|(name, description)| TagTypeView { name, description, icon: None })
                .collect(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "addonParameterSchema")]
struct ParameterView {
    name: &'static str,
    display_name: &'static str,
    description: &'static str,
    r#type: &'static str,
    required: bool,
    sensitive: bool,
}

impl From<&Parameter> for ParameterView {
    fn from(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name,
            display_name: parameter.label,
            description: parameter.description,
            r#type: parameter.kind.as_str(),
            required: parameter.required,
            sensitive: parameter.secret,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "addonTagTypeSchema")]
struct TagTypeView {
    name: &'static str,
    description: &'static str,
    icon: Option<&'static str>,
}

async fn list(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Addons>, Problem> {
    let mut tx = app.db.read().await?;
    let hidden = grant.sight(&mut tx).await?.hidden(&mut tx).await?;
    let addons = addons::visible(&mut tx, &hidden).await?;
    Ok(Json(Addons {
        addons: addons.into_iter().map(AddonView::from).collect(),
        providers: providers::ALL.iter().map(ProviderView::from).collect(),
    }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "addonCreateUpdateSchema")]
struct DraftView {
    provider: String,
    description: Option<String>,
    enabled: bool,
    parameters: Map<String, Value>,
    events: Vec<String>,
    projects: Option<Vec<String>>,
    environments: Option<Vec<String>>,
}

impl From<DraftView> for Draft {
    fn from(view: DraftView) -> Self {
        Self {
            provider: view.provider,
            description: view.description,
            enabled: view.enabled,
            parameters: view.parameters,
            events: view.events,
            projects: view.projects.unwrap_or_default(),
            environments: view.environments.unwrap_or_default(),
        }
    }
}

/// Refuses projects that do not exist or are not seen: an integration for one would vanish, and so tell that it exists.
async fn ensure_seen(sight: &Sight, tx: &mut Read, draft: &DraftView) -> Result<(), Problem> {
    for project in draft.projects.iter().flatten().filter(|project| *project != EVERYWHERE) {
        sight.ensure_named(tx, project).await?;
    }
    Ok(())
}

async fn create(
    grant: Granted<CreateAddons>,
    State(app): State<App>,
    Body(body): Body<DraftView>,
) -> Result<(StatusCode, Json<AddonView>), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    ensure_seen(&grant.sight(&mut tx).await?, &mut tx, &body).await?;
    let addon = addons::create(&mut tx, body.into()).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(addon.into())))
}

async fn get(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<AddonView>, Problem> {
    let mut tx = app.db.read().await?;
    let hidden = grant.sight(&mut tx).await?.hidden(&mut tx).await?;
    let addon = addons::get(&mut tx, &hidden, id).await?;
    Ok(Json(addon.into()))
}

async fn update(
    grant: Granted<UpdateAddons>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<DraftView>,
) -> Result<Json<AddonView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    let hidden = sight.hidden(&mut tx).await?;
    ensure_seen(&sight, &mut tx, &body).await?;
    let addon = addons::update(&mut tx, &hidden, id, body.into()).await?;
    tx.commit().await?;
    Ok(Json(addon.into()))
}

async fn delete(grant: Granted<DeleteAddons>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let hidden = grant.sight(&mut tx).await?.hidden(&mut tx).await?;
    addons::delete(&mut tx, &hidden, id).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "integrationEventsSchema")]
struct Deliveries {
    integration_events: Vec<Value>,
}

/// What the integration was told. Nothing is delivered yet.
async fn events(_: Granted<Administer>, Id(_): Id) -> Json<Deliveries> {
    Json(Deliveries { integration_events: Vec::new() })
}
