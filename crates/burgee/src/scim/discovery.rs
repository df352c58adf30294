//! What the service can do (RFC 7644 §4). No token is needed; with one, it is what its connection can do.

use axum::http::StatusCode;
use axum::response::Response;
use burgee_scim::discovery::{Limits, View};
use burgee_scim::{Error, GROUP, Mode, ResourceType, USER};

use super::assignable::Assignable;
use super::cursor;
use super::fault::Fault;
use super::reply;
use super::request::{LARGEST, LONGEST_PAGE, PAGE};
use super::target::Target;
use crate::app::App;
use crate::error::Result;
use crate::provisioning::connection::{self, Connection, Provider};
use crate::provisioning::signals::{self, Kind};

/// What there is to tell of a connection that its settings do not say.
#[derive(Default)]
pub(super) struct Told {
    /// Where its OAuth client gets tokens, if it has one.
    oauth: Option<String>,
    /// The URIs of the events that somebody is told.
    events: Vec<String>,
    answers_later: bool,
}

impl Told {
    pub(super) async fn of(app: &App, target: &Target, connection: Option<&Connection>) -> Result<Self> {
        let (Target::ServiceProviderConfig, Some(connection)) = (target, connection) else {
            return Ok(Self::default());
        };
        let mut tx = app.db.read().await?;
        let client = connection::client(&mut tx, connection.id).await?;
        let kinds = signals::taken(&mut tx, connection.id).await?;
        Ok(Self {
            oauth: client.map(|_| format!("{}/oauth/token", app.config.url())),
            answers_later: kinds.contains(&Kind::Answer),
            events: kinds.into_iter().map(Kind::urn).collect(),
        })
    }
}

/// Answers one of the discovery endpoints. Filters are refused there; everything else in the query is ignored.
pub(super) fn answer(
    target: &Target,
    base: &str,
    query: &str,
    connection: Option<&Connection>,
    told: &Told,
) -> Result<Response, Fault> {
    let filtered =
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("filter"));
    if filtered && !matches!(target, Target::ServiceProviderConfig) {
        return Err(Error::status(403, "Discovery endpoints take no filter.").into());
    }
    let limits = Limits {
        max_results: LONGEST_PAGE.unsigned_abs(),
        default_page_size: PAGE.unsigned_abs(),
        cursor_timeout: cursor::TIMEOUT.unsigned_abs(),
        max_payload_size: LARGEST as u64,
        documentation: None,
        oauth: told.oauth.as_deref(),
        events: &told.events,
        answers_later: told.answers_later,
    };
    let types = types(connection);
    let view = View { base, types: &types, mode: connection.map_or(Mode::Tolerant, Connection::mode) };
    let body = match target {
        Target::ServiceProviderConfig => Some(view.service_provider_config(&limits)),
        Target::ResourceTypes => Some(view.resource_types()),
        Target::ResourceType(name) => view.resource_type(name),
        Target::Schemas => Some(view.schemas()),
        Target::Schema(urn) => view.schema(urn),
        _ => None,
    };
    let body = body.ok_or_else(|| Error::not_found("No such schema or resource type."))?;
    Ok(reply::json(StatusCode::OK, body.to_string()))
}

/// What there is. Okta reads which roles and entitlements there are, and looks for them here; clients that know the RFC
/// alone expect of whatever is here that it can be made and removed.
fn types(connection: Option<&Connection>) -> Vec<&'static ResourceType> {
    let mut types = vec![&USER, &GROUP];
    if let Some(provider @ Provider::Okta) = connection.map(|it| it.setup.provider) {
        types.extend([Assignable::Role, Assignable::Entitlement].map(|what| what.kind(provider)));
    }
    types
}
