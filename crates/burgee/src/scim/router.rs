//! From a path and a method to what handles it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use burgee_scim::{Error, GROUP, Mode, Object, ResourceType, USER};
use tower_http::catch_panic::CatchPanicLayer;

use super::assignable::Assignable;
use super::caller::{self, Caller};
use super::fault::Fault;
use super::mount::Mount;
use super::notebook::{Begun, Notebook};
use super::request::Parameters;
use super::search::EVERYTHING;
use super::target::Target;
use super::{assignable, bulk, discovery, edit, events, later, oauth, quirks, request, resource, search};
use crate::app::App;
use crate::provisioning::Noun;
use crate::provisioning::connection::Connection;
use crate::provisioning::journal::Act;

/// Everything that a handler needs to know of a request.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) app: App,
    pub(super) caller: Caller,
    /// The external URL of the mount point that the client uses.
    pub(super) base: String,
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    /// For the journal.
    pub(super) notebook: Notebook,
    /// Nothing is changed: the answer is as if it were.
    pub(super) dry_run: bool,
    /// The call that is done again, by its id, and by whom.
    pub(super) replays: Option<Arc<(String, String)>>,
    /// What the request is called, if its client does not wait for the answer.
    pub(super) txn: Option<String>,
}

/// The protocol as a service, at all its mount points.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for mount in ["/scim", "/api/scim"] {
        router = router.route(mount, any(dispatch)).route(&format!("{mount}/{{*path}}"), any(dispatch));
    }
    router
        .merge(oauth::routes())
        .layer(from_fn_with_state(app.clone(), to_the_end))
        .merge(events::routes())
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Fault::from(Error::status(500, "Something went wrong on our side.")).into_response()
        }))
        .with_state(app)
}

/// Whoever hangs up does not undo what they asked for: it is done to its end, and told to the journal.
async fn to_the_end(State(app): State<App>, request: Request, next: Next) -> Response {
    app.finish(next.run(request)).await.unwrap_or_else(|error| Fault::from(error).into_response())
}

async fn dispatch(State(app): State<App>, request: Request) -> Response {
    let method = request.method().clone();
    let head = method == Method::HEAD;
    let (begun, request) = Begun::of(&app, request);
    let notebook = Notebook::default();
    let uri = request.uri().clone();
    let mut response = match handle(app.clone(), request, &notebook).await {
        Ok(response) => response,
        Err(fault) => {
            notebook.refuse(&fault);
            fault.into_response()
        }
    };
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, oauth::metadata(&app, uri.path()));
    }
    app.metrics.scim(method.as_str(), response.status().as_u16());
    if head {
        *response.body_mut() = Body::empty();
    }
    match begun {
        Some(begun) => begun.end(&app, &notebook, response).await.0,
        None => response,
    }
}

async fn handle(app: App, request: Request, notebook: &Notebook) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let mount = Mount::of(parts.uri.path());
    let target = Target::parse(mount.below);
    quirks::of_request(&parts).count(&app.metrics, notebook);
    let base = format!("{}{}", app.config.url(), mount.point);
    let slug = mount.slug.as_deref();
    let method = parts.method.clone();
    match &target {
        Target::Unknown => return Err(nothing()),
        _ if method == Method::OPTIONS => {
            notebook.begin(Act::Other, None);
            let allow = HeaderValue::from_static(target.methods());
            return Ok((StatusCode::NO_CONTENT, [(header::ALLOW, allow)]).into_response());
        }
        _ if !target.is_discovery() => {}
        _ if reads(&method) => {
            notebook.begin(Act::Discover, None);
            let known = caller::known(&parts, &app, slug, notebook).await?.map(|it| it.connection);
            if !Target::is_spelled(mount.below, known.as_ref().map_or(Mode::Tolerant, Connection::mode)) {
                return Err(nothing());
            }
            let told = discovery::Told::of(&app, &target, known.as_ref()).await?;
            let query = parts.uri.query().unwrap_or_default();
            return discovery::answer(&target, &base, query, known.as_ref(), &told);
        }
        _ => return Err(Fault::method(target.methods())),
    }
    let caller = Caller::of(&parts, &app, slug, notebook).await?;
    if !Target::is_spelled(mount.below, caller.connection.mode()) {
        return Err(nothing());
    }
    if !target.takes(&method) {
        return Err(Fault::method(target.methods()));
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let asks = match parts.headers.get(super::DRY_RUN).map(HeaderValue::as_bytes) {
        None | Some(b"false") => false,
        Some(b"true") => true,
        // What was meant to change nothing must not change anything.
        Some(_) => return Err(Error::invalid_value("burgee-dry-run is true or false").into()),
    };
    let dry_run = asks || caller.connection.dry_run;
    if dry_run {
        notebook.dry_run();
    }
    let notebook = notebook.clone();
    let call = Call {
        app,
        caller,
        base,
        headers: parts.headers,
        query,
        notebook,
        dry_run,
        replays: None,
        txn: None,
    };
    if target == Target::Me {
        return Err(Error::not_found("This token belongs to a connection: nobody is /Me.").into());
    }
    let object = if matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        request::object(&call, body, about(&target)).await?
    } else {
        Object::new()
    };
    respond(&call, &method, &target, object).await
}

/// What the body of a request is about; none: it is a bulk request.
pub(super) const fn about(target: &Target) -> Option<&'static ResourceType> {
    match target {
        Target::Bulk => None,
        Target::Groups | Target::Group(_) => Some(&GROUP),
        _ => Some(&USER),
    }
}

/// Answers a request whose body was read.
pub(super) async fn respond(
    call: &Call,
    method: &Method,
    target: &Target,
    object: Object,
) -> Result<Response, Fault> {
    match later::asked(call, method, target).await? {
        Some(txn) => later::respond(call, method, target, object, txn).await,
        None => perform_now(call, method, target, object).await,
    }
}

/// Does what a request asks for, and answers it.
pub(super) async fn perform_now(
    call: &Call,
    method: &Method,
    target: &Target,
    object: Object,
) -> Result<Response, Fault> {
    match target {
        Target::Bulk => bulk::answer(call, object).await,
        _ => answer(call, method, target, object).await,
    }
}

/// Does one operation, and answers it: what a request asks for by its method, its target and the object in its body.
pub(super) async fn answer(
    call: &Call,
    method: &Method,
    target: &Target,
    object: Object,
) -> Result<Response, Fault> {
    let (act, noun) = meaning(method, target);
    call.notebook.begin(act, noun);
    let outcome = perform(call, method, target, object).await;
    outcome.inspect_err(|fault| call.notebook.refuse(fault))
}

/// What a method asks of a target.
fn meaning(method: &Method, target: &Target) -> (Act, Option<Noun>) {
    let noun = match target {
        Target::Users | Target::User(_) | Target::UserSearch => Some(Noun::User),
        Target::Groups | Target::Group(_) | Target::GroupSearch => Some(Noun::Group),
        _ => None,
    };
    let act = match (target, method) {
        (Target::User(_) | Target::Group(_), &Method::PUT) => Act::Replace,
        (Target::User(_) | Target::Group(_), &Method::PATCH) => Act::Patch,
        (Target::User(_) | Target::Group(_), &Method::DELETE) => Act::Remove,
        (Target::User(_) | Target::Group(_), _) => Act::Read,
        (Target::Users | Target::Groups, &Method::POST) => Act::Create,
        (Target::Roles | Target::Role(_) | Target::Entitlements | Target::Entitlement(_), _) => Act::Discover,
        _ => Act::Look { filter: None, found: None },
    };
    (act, noun)
}

async fn perform(call: &Call, method: &Method, target: &Target, object: Object) -> Result<Response, Fault> {
    let reads = reads(method);
    match (target, method) {
        (Target::Users, _) if reads => search::list(call, &call.parameters()?, &[Noun::User]).await,
        (Target::Users, &Method::POST) => resource::create(call, Noun::User, object).await,
        (Target::User(id), _) if reads => resource::get(call, Noun::User, id).await,
        (Target::User(id), &Method::PUT) => resource::replace(call, Noun::User, id, object).await,
        (Target::User(id), &Method::PATCH) => resource::patch(call, Noun::User, id, object).await,
        (Target::User(id), &Method::DELETE) => edit::delete(call, Noun::User, id).await,
        (Target::Groups, _) if reads => search::list(call, &call.parameters()?, &[Noun::Group]).await,
        (Target::Groups, &Method::POST) => resource::create(call, Noun::Group, object).await,
        (Target::Group(id), _) if reads => resource::get(call, Noun::Group, id).await,
        (Target::Group(id), &Method::PUT) => resource::replace(call, Noun::Group, id, object).await,
        (Target::Group(id), &Method::PATCH) => resource::patch(call, Noun::Group, id, object).await,
        (Target::Group(id), &Method::DELETE) => edit::delete(call, Noun::Group, id).await,
        (Target::Root, _) if reads => search::list(call, &call.parameters()?, EVERYTHING).await,
        (Target::UserSearch, &Method::POST) => {
            search::list(call, &call.parameters_in(&object)?, &[Noun::User]).await
        }
        (Target::GroupSearch, &Method::POST) => {
            search::list(call, &call.parameters_in(&object)?, &[Noun::Group]).await
        }
        (Target::RootSearch, &Method::POST) => {
            search::list(call, &call.parameters_in(&object)?, EVERYTHING).await
        }
        (Target::Roles, _) if reads => assignable::list(call, &call.parameters()?, Assignable::Role).await,
        (Target::Role(id), _) if reads => assignable::get(call, Assignable::Role, id).await,
        (Target::Entitlements, _) if reads => {
            assignable::list(call, &call.parameters()?, Assignable::Entitlement).await
        }
        (Target::Entitlement(id), _) if reads => assignable::get(call, Assignable::Entitlement, id).await,
        _ => Err(Fault::method(target.methods())),
    }
}

fn nothing() -> Fault {
    Error::not_found("Nothing lives at this path.").into()
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

impl Call {
    /// The number of the connection that the client acts on.
    pub(super) fn connection(&self) -> i64 {
        self.caller.connection.id
    }

    /// How forgiving the service is.
    pub(super) fn mode(&self) -> Mode {
        self.caller.connection.mode()
    }

    /// The parameters of the query string.
    pub(super) fn parameters(&self) -> Result<Parameters, Fault> {
        Ok(Parameters::from_query(&self.query, self.mode())?)
    }

    /// The parameters of a search by POST.
    fn parameters_in(&self, body: &Object) -> Result<Parameters, Fault> {
        Ok(Parameters::from_body(body, self.mode())?)
    }
}
