//! Doing again what an identity provider asked for, as whoever presses the button.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::IntoResponse;
use burgee_scim::Object;
use bytes::Bytes;

use super::caller::Caller;
use super::mount::Mount;
use super::notebook::{Begun, Notebook};
use super::request;
use super::router::{Call, about, respond};
use super::target::Target;
use crate::access::{Administer, Granted};
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::provisioning::connection;
use crate::provisioning::journal::Full;

/// How a call ended that was done again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The status of the answer.
    pub status: u16,
    /// Under which id the journal has it; none if there was no room.
    pub id: Option<String>,
}

/// Does a call again. What it changes is recorded as done by the holder of the grant, with which call it was; in a dry
/// run it changes nothing, and the journal shows what it would have.
///
/// Refused if not all of the call is kept, or if its connection is gone.
pub async fn replay(app: &App, grant: &Granted<Administer>, of: &Full, dry_run: bool) -> Result<Replayed> {
    if let Some(why) = of.why_not_again() {
        return Err(Error::rejected(Kind::Conflict, why));
    }
    let number = of.brief.connection.unwrap_or_default();
    let connection = connection::get(&mut app.db.read().await?, number).await?;
    let notebook = Notebook::default();
    notebook.whose(connection.id, None);
    notebook.replays(&of.brief.id, &grant.actor().name);
    if dry_run {
        notebook.dry_run();
    }
    let begun = Begun::again(app, of, grant.actor().ip.clone());
    let mount = Mount::of(&of.brief.path);
    let target = Target::parse(mount.below);
    let method: Method = of.brief.method.parse().map_err(|_| Error::bad_data("The call has no method."))?;
    let mut headers = HeaderMap::new();
    for (name, value) in of.headers.0["request"].as_object().into_iter().flatten() {
        let name = name.parse::<HeaderName>().ok();
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    let object = match &of.request {
        Some(text) => {
            notebook.request(&Bytes::from(text.clone()));
            let read = request::parse(text.as_bytes(), about(&target), connection.mode());
            read.map_err(|fault| Error::bad_data(fault.detail()))?
        }
        None => Object::new(),
    };
    let caller =
        Caller { grant: Arc::new(grant.provisioning(connection.id)), connection: Arc::new(connection) };
    let call = Call {
        app: app.clone(),
        caller,
        base: format!("{}{}", app.config.url(), mount.point),
        headers,
        query: of.brief.query.clone().unwrap_or_default(),
        notebook: notebook.clone(),
        dry_run,
        replays: Some(Arc::new((of.brief.id.clone(), grant.actor().name.clone()))),
        txn: None,
    };
    let response = match respond(&call, &method, &target, object).await {
        Ok(response) => response,
        Err(fault) => {
            notebook.refuse(&fault);
            fault.into_response()
        }
    };
    let (response, id) = begun.end(app, &notebook, response).await;
    Ok(Replayed { status: response.status().as_u16(), id })
}
