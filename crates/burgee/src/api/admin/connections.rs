//! Connections to identity providers, for automation: what the screens under `/provisioning` do.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, ConfigureAuth, Granted};
use crate::api::input::{Body, Id, Query, present};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Json as Stored;
use crate::error::{Error, Result as Outcome};
use crate::events::Change;
use crate::provisioning::connection::{
    self, Connection, Fate, Network, OnMatch, Overview, PatchAnswer, Provider, Setup, Strictness,
    UnknownMembers,
};

const TAG: &str = "Provisioning";

pub(super) fn routes() -> Routes {
    const ALL: &str = "/api/admin/provisioning/connections";
    const ONE: &str = "/api/admin/provisioning/connections/{id}";
    Routes::default()
        .add(Method::GET, ALL, "getConnections", TAG, list)
        .gives::<Connections>(200)
        .add(Method::POST, ALL, "createConnection", TAG, create)
        .takes::<NewConnection>()
        .gives::<ConnectionView>(201)
        .add(Method::GET, ONE, "getConnection", TAG, get)
        .gives::<ConnectionView>(200)
        .add(Method::PUT, ONE, "updateConnection", TAG, update)
        .takes::<ChangedConnection>()
        .gives::<ConnectionView>(200)
        .add(Method::DELETE, ONE, "deleteConnection", TAG, delete)
        .asks(&["people"])
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionSchema")]
struct ConnectionView {
    id: i64,
    name: String,
    slug: String,
    provider: Provider,
    mode: Strictness,
    patch_answer: PatchAnswer,
    on_match: OnMatch,
    unknown_members: UnknownMembers,
    rate: Option<i64>,
    networks: Vec<String>,
    enabled: bool,
    paused: bool,
    dry_run: bool,
    version: i64,
    /// The address that the identity provider is given.
    url: String,
    users: i64,
    groups: i64,
    called_at: Option<Time>,
}

impl ConnectionView {
    fn of(app: &App, it: Overview) -> Self {
        let url = connection::url(&app.config.url(), &it.connection);
        let Connection { id, setup, enabled, paused, dry_run, version, .. } = it.connection;
        Self {
            id,
            url,
            name: setup.name,
            slug: setup.slug,
            provider: setup.provider,
            mode: setup.mode,
            patch_answer: setup.patch_answer,
            on_match: setup.on_match,
            unknown_members: setup.unknown_members,
            rate: setup.rate,
            networks: setup.networks.0.iter().map(Network::to_string).collect(),
            enabled,
            paused,
            dry_run,
            version,
            users: it.users,
            groups: it.groups,
            called_at: it.called_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "connectionsSchema")]
struct Connections {
    connections: Vec<ConnectionView>,
}

async fn list(_: Granted<ConfigureAuth>, State(app): State<App>) -> Result<Json<Connections>, Problem> {
    let found = connection::list(&mut app.db.read().await?).await?;
    Ok(Json(Connections { connections: found.into_iter().map(|it| ConnectionView::of(&app, it)).collect() }))
}

async fn get(
    _: Granted<ConfigureAuth>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<ConnectionView>, Problem> {
    let found = connection::overview(&mut app.db.read().await?, id).await?;
    Ok(Json(ConnectionView::of(&app, found)))
}

/// A connection as posted. What is left out is as it usually is; it begins switched off.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createConnectionSchema")]
struct NewConnection {
    name: String,
    slug: String,
    #[serde(flatten)]
    choices: Choices,
}

/// What changes. What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateConnectionSchema")]
struct ChangedConnection {
    name: Option<String>,
    slug: Option<String>,
    /// The version that was looked at: if the connection has another one by now, nothing changes.
    version: Option<i64>,
    #[serde(flatten)]
    choices: Choices,
}

/// All that may be left out.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::option_option, reason = "null and what is left out differ")]
struct Choices {
    provider: Option<Provider>,
    mode: Option<Strictness>,
    patch_answer: Option<PatchAnswer>,
    on_match: Option<OnMatch>,
    unknown_members: Option<UnknownMembers>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<i64>")]
    rate: Option<Option<i64>>,
    networks: Option<Vec<String>>,
    enabled: Option<bool>,
    paused: Option<bool>,
    dry_run: Option<bool>,
}

impl Choices {
    fn over(&self, mut setup: Setup) -> Outcome<Setup> {
        if let Some(list) = &self.networks {
            setup.networks = Stored(Network::parse_all(list.iter().map(String::as_str))?);
        }
        Ok(Setup {
            provider: self.provider.unwrap_or(setup.provider),
            mode: self.mode.unwrap_or(setup.mode),
            patch_answer: self.patch_answer.unwrap_or(setup.patch_answer),
            on_match: self.on_match.unwrap_or(setup.on_match),
            unknown_members: self.unknown_members.unwrap_or(setup.unknown_members),
            rate: self.rate.unwrap_or(setup.rate),
            ..setup
        })
    }

    async fn switch(&self, tx: &mut Change, id: i64) -> Outcome<()> {
        if let Some(paused) = self.paused {
            connection::pause(tx, id, paused).await?;
        }
        if let Some(dry_run) = self.dry_run {
            connection::rehearse(tx, id, dry_run).await?;
        }
        if let Some(enabled) = self.enabled {
            connection::enable(tx, id, enabled).await?;
        }
        Ok(())
    }
}

/// Whoever sets a connection up can make admins by it: that takes an admin.
async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<NewConnection>,
) -> Result<Response, Problem> {
    let usual = Setup::named(&body.name, &body.slug, Provider::Generic);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let made = connection::create(&mut tx, &body.choices.over(usual)?).await?;
    body.choices.switch(&mut tx, made.id).await?;
    let made = connection::overview(&mut tx, made.id).await?;
    tx.commit().await?;
    let location =
        format!("{}/api/admin/provisioning/connections/{}", app.config.base_path(), made.connection.id);
    let view = ConnectionView::of(&app, made);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<ChangedConnection>,
) -> Result<Json<ConnectionView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let mut setup = connection::lock(&mut tx, id).await?.setup;
    setup.name = body.name.unwrap_or(setup.name);
    setup.slug = body.slug.unwrap_or(setup.slug);
    connection::configure(&mut tx, id, body.version, &body.choices.over(setup)?).await?;
    body.choices.switch(&mut tx, id).await?;
    let after = connection::overview(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(ConnectionView::of(&app, after)))
}

#[derive(Deserialize)]
struct Removal {
    people: Option<String>,
}

/// What becomes of the people must be said: there is no usual answer.
async fn delete(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Query(removal): Query<Removal>,
) -> Result<(), Problem> {
    let fate = removal.people.as_deref().and_then(Fate::named).ok_or_else(|| {
        Error::bad_data(
            "Say what becomes of the people of this connection: `?people=release` leaves them as they are, managed by \
             hand; `?people=deactivate` ends their access.",
        )
    })?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    connection::delete(&mut tx, id, fate).await?;
    tx.commit().await?;
    Ok(())
}
