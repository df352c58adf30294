//! Receivers of SCIM events, for automation: what the screens under `/provisioning/receivers` do.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, ConfigureAuth, Granted};
use crate::api::input::{Body, Id, present};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result as Outcome};
use crate::provisioning::signals::{self, Delivery, Draft, Header, Kind, Receiver, State as Standing};

const TAG: &str = "Provisioning";

pub(super) fn routes() -> Routes {
    const ALL: &str = "/api/admin/provisioning/receivers";
    const ONE: &str = "/api/admin/provisioning/receivers/{id}";
    const TOKEN: &str = "/api/admin/provisioning/receivers/{id}/token";
    const KEY: &str = "/api/admin/provisioning/signing-key";
    Routes::default()
        .add(Method::GET, ALL, "getReceivers", TAG, list)
        .gives::<Receivers>(200)
        .add(Method::POST, ALL, "createReceiver", TAG, create)
        .takes::<NewReceiver>()
        .gives::<MadeReceiver>(201)
        .add(Method::GET, ONE, "getReceiver", TAG, get)
        .gives::<ReceiverView>(200)
        .add(Method::PUT, ONE, "updateReceiver", TAG, update)
        .takes::<ChangedReceiver>()
        .gives::<ReceiverView>(200)
        .add(Method::DELETE, ONE, "deleteReceiver", TAG, delete)
        .add(Method::POST, TOKEN, "createReceiverToken", TAG, new_token)
        .gives::<MadeReceiver>(201)
        .add(Method::POST, KEY, "replaceSigningKey", TAG, rotate)
        .gives::<SigningKey>(201)
}

/// Who is told what happens to provisioned people and groups, and how far it has come.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "receiverSchema")]
struct ReceiverView {
    id: i64,
    name: String,
    /// The number of the connection that it is told of; all, if null.
    connection: Option<i64>,
    /// `push` or `poll`.
    delivery: String,
    /// Where events are pushed to. The values in its query are not shown.
    endpoint: Option<String>,
    /// Whether an `Authorization` header goes with them. It is never shown.
    has_authorization: bool,
    /// How the token begins with which events are fetched.
    token_prefix: Option<String>,
    /// Where events are fetched from.
    poll_endpoint: Option<String>,
    audience: String,
    /// The URIs of the events (RFC 9967 §2).
    events: Vec<String>,
    enabled: bool,
    version: i64,
    created_at: Time,
    /// How many facts may wait; 1000 stands for many.
    waiting: i64,
    delivered: i64,
    delivered_at: Option<Time>,
    /// How many events it has refused.
    refused: i64,
    /// What went wrong last.
    error: Option<String>,
    error_at: Option<Time>,
    /// When a delivery that failed is tried again.
    next_at: Option<Time>,
}

impl ReceiverView {
    fn of(app: &App, it: Receiver, state: Standing) -> Self {
        let polls = it.delivery == Delivery::Poll;
        Self {
            endpoint: it.shown(),
            id: it.id,
            name: it.name,
            connection: it.connection_id,
            delivery: it.delivery.name().to_owned(),
            has_authorization: it.has_header,
            token_prefix: it.prefix,
            poll_endpoint: polls.then(|| signals::poll_url(&app.config.url())),
            audience: it.audience,
            events: it.kinds.0.into_iter().map(Kind::urn).collect(),
            enabled: it.enabled,
            version: it.version,
            created_at: it.created_at,
            waiting: state.waiting,
            delivered: state.delivered,
            delivered_at: state.delivered_at,
            refused: state.refused,
            error: state.error,
            error_at: state.error_at,
            next_at: (state.failures > 0).then_some(state.next_at),
        }
    }

    async fn with_state(app: &App, tx: &mut Read, it: Receiver) -> Outcome<Self> {
        let state = signals::state(tx, it.id).await?;
        Ok(Self::of(app, it, state))
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "receiversSchema")]
struct Receivers {
    receivers: Vec<ReceiverView>,
}

async fn list(_: Granted<ConfigureAuth>, State(app): State<App>) -> Result<Json<Receivers>, Problem> {
    let mut tx = app.db.read().await?;
    let all = signals::list(&mut tx).await?;
    let states = signals::states(&mut tx).await?;
    let of = |it: Receiver| {
        let state = states.iter().find(|state| state.receiver_id == it.id)?.clone();
        Some(ReceiverView::of(&app, it, state))
    };
    Ok(Json(Receivers { receivers: all.into_iter().filter_map(of).collect() }))
}

async fn get(
    _: Granted<ConfigureAuth>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<ReceiverView>, Problem> {
    let mut tx = app.db.read().await?;
    let found = signals::get(&mut tx, id).await?;
    Ok(Json(ReceiverView::with_state(&app, &mut tx, found).await?))
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "receiverDeliverySchema")]
enum Way {
    Push,
    Poll,
}

/// A receiver as posted. It is told what happens from then on.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createReceiverSchema")]
struct NewReceiver {
    name: String,
    /// The number of the connection that it is told of; of all, if left out.
    connection: Option<i64>,
    delivery: Way,
    /// Where events are pushed to: https, or http on this machine.
    endpoint: Option<String>,
    /// The `Authorization` header that goes with them.
    authorization: Option<String>,
    audience: String,
    /// URIs of events, with or without `urn:ietf:params:scim:event:`.
    events: Vec<String>,
    enabled: Option<bool>,
}

/// What changes. What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateReceiverSchema")]
#[expect(clippy::option_option, reason = "null and what is left out differ")]
struct ChangedReceiver {
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<i64>")]
    connection: Option<Option<i64>>,
    endpoint: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    authorization: Option<Option<String>>,
    audience: Option<String>,
    events: Option<Vec<String>>,
    enabled: Option<bool>,
    /// The version that was looked at: if the receiver has another one by now, nothing changes.
    version: Option<i64>,
}

fn kinds(names: &[String]) -> Outcome<Vec<Kind>> {
    let unknown: Vec<String> = names
        .iter()
        .filter(|name| Kind::named(name).is_none())
        .map(|name| format!("\"{}\" is no event of SCIM.", name.chars().take(100).collect::<String>()))
        .collect();
    if !unknown.is_empty() {
        return Err(Error::invalid(unknown));
    }
    Ok(names.iter().filter_map(|name| Kind::named(name)).collect())
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "madeReceiverSchema")]
struct MadeReceiver {
    #[serde(flatten)]
    receiver: ReceiverView,
    /// With which events are fetched. Shown this once.
    token: Option<String>,
}

/// Whoever is told can read names of attributes, or whole resources, and knows who comes and goes: that takes an admin.
async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<NewReceiver>,
) -> Result<Response, Problem> {
    let draft = Draft {
        kinds: kinds(&body.events)?,
        name: body.name,
        connection: body.connection,
        delivery: match body.delivery {
            Way::Push => Delivery::Push,
            Way::Poll => Delivery::Poll,
        },
        endpoint: body.endpoint,
        header: body.authorization.map_or(Header::None, Header::New),
        audience: body.audience,
        enabled: body.enabled.unwrap_or(true),
    };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let (made, token) = signals::create(&mut tx, &app.entropy, &draft).await?;
    let receiver = ReceiverView::with_state(&app, &mut tx, made).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/provisioning/receivers/{}", app.config.base_path(), receiver.id);
    let made = MadeReceiver { receiver, token };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<ChangedReceiver>,
) -> Result<Json<ReceiverView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let before = signals::lock(&mut tx, id, body.connection.flatten()).await?;
    let draft = Draft {
        name: body.name.unwrap_or(before.name),
        connection: body.connection.unwrap_or(before.connection_id),
        delivery: before.delivery,
        endpoint: body.endpoint.or(before.endpoint),
        header: match body.authorization {
            None => Header::Same,
            Some(None) => Header::None,
            Some(Some(value)) => Header::New(value),
        },
        audience: body.audience.unwrap_or(before.audience),
        kinds: match body.events {
            Some(names) => kinds(&names)?,
            None => before.kinds.0,
        },
        enabled: body.enabled.unwrap_or(before.enabled),
    };
    let after = signals::update(&mut tx, id, body.version, &draft).await?;
    let view = ReceiverView::with_state(&app, &mut tx, after).await?;
    tx.commit().await?;
    Ok(Json(view))
}

async fn delete(grant: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    signals::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn new_token(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let (made, token) = signals::new_token(&mut tx, &app.entropy, id).await?;
    let receiver = ReceiverView::with_state(&app, &mut tx, made).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(MadeReceiver { receiver, token: Some(token) })).into_response())
}

/// The key by which events are signed from now on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "signingKeySchema")]
struct SigningKey {
    kid: String,
}

async fn rotate(grant: Granted<Administer>, State(app): State<App>) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let kid = signals::rotate(&mut tx, &app.entropy).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(SigningKey { kid })).into_response())
}
