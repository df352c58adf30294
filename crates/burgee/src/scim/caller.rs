//! The identity provider behind a token.

use std::sync::Arc;

use axum::http::header;
use axum::http::request::Parts;

use super::fault::Fault;
use super::notebook::Notebook;
use super::quirks::Quirk;
use crate::access::{Granted, Provision};
use crate::app::{App, client_address};
use crate::error::Result;
use crate::people::seen;
use crate::provisioning::connection::{self, Admitted, Connection, Use};

/// An identity provider that may act on its connection. Nothing reads or changes resources without one.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) grant: Arc<Granted<Provision>>,
    pub(super) connection: Arc<Connection>,
}

impl Caller {
    /// Whoever holds the token of a request to a mount point, which may be for one connection only.
    pub(super) async fn of(
        parts: &Parts,
        app: &App,
        slug: Option<&str>,
        notebook: &Notebook,
    ) -> Result<Self, Fault> {
        let admitted = known(parts, app, slug, notebook).await?.ok_or_else(Fault::unauthenticated)?;
        let now = app.clock.now();
        let address = client_address(parts, app);
        let grant = admitted.enter(&app.rates, address.clone())?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        if let Some(token) = admitted.token {
            app.token_uses.note(token, Use { at: now, address, agent: agent.map(str::to_owned) });
        }
        app.seen.note(seen::Subject::Connection, admitted.connection.id, now);
        Ok(Self { grant: Arc::new(grant), connection: Arc::new(admitted.connection) })
    }
}

/// What the token of a request opens, if it is one of the mount point's connection.
pub(super) async fn known(
    parts: &Parts,
    app: &App,
    slug: Option<&str>,
    notebook: &Notebook,
) -> Result<Option<Admitted>> {
    let Some(token) = token(parts, app, notebook) else { return Ok(None) };
    let admitted = connection::by_token(&app.db, token, app.clock.now()).await?;
    let admitted = admitted.filter(|it| slug.is_none_or(|slug| slug == it.connection.setup.slug));
    if let Some(it) = &admitted {
        notebook.whose(it.connection.id, Some(it.credential()));
    }
    Ok(admitted)
}

fn token<'a>(parts: &'a Parts, app: &App, notebook: &Notebook) -> Option<&'a str> {
    let header = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        Some(_) => None,
        None => {
            app.metrics.quirk(Quirk::BareToken.name());
            notebook.quirk(Quirk::BareToken.name());
            Some(header)
        }
    }
}
