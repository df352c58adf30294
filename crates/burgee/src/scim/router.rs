//! From a path and a method to what handles it.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use burgee_scim::{Error, GROUP, Object, USER};
use tower_http::catch_panic::CatchPanicLayer;

use super::caller::Caller;
use super::fault::Fault;
use super::request::Parameters;
use super::target::Target;
use super::{discovery, edit, quirks, request, resource, search};
use crate::app::App;
use crate::provisioning::Noun;

/// Everything that a handler needs to know of a request.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) caller: Caller,
    /// The external URL of the mount point that the client uses.
    pub(super) base: String,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) query: String,
}

/// The protocol as a service, at `/scim` and `/scim/v2`.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/scim", any(dispatch))
        .route("/scim/{*path}", any(dispatch))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Fault::from(Error::status(500, "Something went wrong on our side.")).into_response()
        }))
        .with_state(app)
}

async fn dispatch(State(app): State<App>, request: Request) -> Response {
    let method = request.method().clone();
    let head = method == Method::HEAD;
    let mut response = match handle(app.clone(), request).await {
        Ok(response) => response,
        Err(fault) => fault.into_response(),
    };
    app.metrics.scim(method.as_str(), response.status().as_u16());
    if head {
        *response.body_mut() = Body::empty();
    }
    response
}

async fn handle(app: App, request: Request) -> Result<Response, Fault> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path();
    let below = path.split_once("/scim").map_or("", |(_, rest)| rest);
    let (mount, below) = match below.strip_prefix("/v2") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ("/scim/v2", rest),
        _ => ("/scim", below),
    };
    let target = Target::parse(below);
    quirks::of_request(&parts).count(&app.metrics);
    let base = format!("{}{mount}", app.config.url());
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let method = parts.method.clone();
    let reads = matches!(method, Method::GET | Method::HEAD);
    match &target {
        Target::Unknown => return Err(Error::not_found("Nothing lives at this path.").into()),
        Target::Unsupported(what) => return Err(Error::status(501, format!("Not offered: {what}.")).into()),
        _ if method == Method::OPTIONS => {
            let allow = HeaderValue::from_static(target.methods());
            return Ok((StatusCode::NO_CONTENT, [(header::ALLOW, allow)]).into_response());
        }
        Target::ServiceProviderConfig
        | Target::ResourceTypes
        | Target::ResourceType(_)
        | Target::Schemas
        | Target::Schema(_) => {
            return if reads {
                discovery::answer(&target, &base, &query)
            } else {
                Err(Fault::method(target.methods()))
            };
        }
        _ => {}
    }
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    if !target.takes(&method) {
        return Err(Fault::method(target.methods()));
    }
    let object = if matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        let kind = if matches!(target, Target::Groups | Target::Group(_)) { &GROUP } else { &USER };
        request::object(&parts.headers, body, kind).await?
    } else {
        Object::new()
    };
    let call = Call { app, caller, base, headers: parts.headers, query };
    match (&target, method) {
        (Target::Users, _) if reads => search::users(&call, &call.parameters()?).await,
        (Target::Users, Method::POST) => resource::create(call, Noun::User, object).await,
        (Target::User(id), _) if reads => resource::get(call, Noun::User, id).await,
        (Target::User(id), Method::PUT) => resource::replace(call, Noun::User, id, object).await,
        (Target::User(id), Method::PATCH) => resource::patch(call, Noun::User, id, object).await,
        (Target::User(id), Method::DELETE) => edit::delete(call, Noun::User, id).await,
        (Target::Groups, _) if reads => search::groups(&call, &call.parameters()?).await,
        (Target::Groups, Method::POST) => resource::create(call, Noun::Group, object).await,
        (Target::Group(id), _) if reads => resource::get(call, Noun::Group, id).await,
        (Target::Group(id), Method::PUT) => resource::replace(call, Noun::Group, id, object).await,
        (Target::Group(id), Method::PATCH) => resource::patch(call, Noun::Group, id, object).await,
        (Target::Group(id), Method::DELETE) => edit::delete(call, Noun::Group, id).await,
        (Target::Root, _) if reads => search::everything(&call, &call.parameters()?).await,
        (Target::UserSearch, Method::POST) => search::users(&call, &Parameters::from_body(&object)?).await,
        (Target::GroupSearch, Method::POST) => search::groups(&call, &Parameters::from_body(&object)?).await,
        (Target::RootSearch, Method::POST) => {
            search::everything(&call, &Parameters::from_body(&object)?).await
        }
        _ => Err(Fault::method(target.methods())),
    }
}

impl Call {
    /// The connection that the client acts on.
    pub(super) fn connection(&self) -> i64 {
        self.caller.grant.scope().connection
    }

    /// The parameters of the query string.
    pub(super) fn parameters(&self) -> Result<Parameters, Fault> {
        Ok(Parameters::from_query(&self.query)?)
    }
}
