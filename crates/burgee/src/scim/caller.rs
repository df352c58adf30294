//! The identity provider behind a token.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::fault::Fault;
use super::quirks::Quirk;
use crate::access::{Granted, Provision, provisioner};
use crate::app::{App, client_address};
use crate::people::seen;

/// An identity provider that may act on its connection. Nothing reads or changes resources without one.
pub(super) struct Caller {
    pub(super) grant: Granted<Provision>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = header.ok_or_else(Fault::unauthenticated)?.trim();
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            Some(_) => return Err(Fault::unauthenticated()),
            None => {
                app.metrics.quirk(Quirk::BareToken.name());
                header
            }
        };
        let ip = client_address(parts, app);
        let now = app.clock.now();
        let grant = provisioner(&app.db, token, now, ip).await?.ok_or_else(Fault::unauthenticated)?;
        app.seen.note(seen::Subject::Connection, grant.scope().connection, now);
        Ok(Self { grant })
    }
}
