//! The pages for people.
//!
//! Made on the server and complete without scripts: every action is a plain form that answers with a redirect. htmx
//! asks for the same addresses and swaps what changed; [`live`] says when to ask. `docs/ui.md` tells how to add a screen.

mod asset;
mod edit;
mod fault;
mod frame;
mod guard;
mod live;
mod nav;
mod page;
mod part;
mod screen;

use std::ops::Deref;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use self::fault::Fault;
use self::frame::Frame;
use crate::app::App;
use crate::error::Error;
use crate::gate::handler::on;
use crate::gate::{self, Access, Guarded};

/// The server, for handlers of this protocol: what they refuse is drawn as a page.
#[derive(Clone)]
struct Ui(App);

impl Deref for Ui {
    type Target = App;
    fn deref(&self) -> &App {
        &self.0
    }
}

/// A page or an action.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// GET for pages, POST for actions.
    pub action: bool,
    /// The path with `{parameters}`.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
}

/// Collects pages and actions, and the router that serves them.
#[derive(Default)]
struct Places {
    router: Router<Ui>,
    places: Vec<Place>,
}

impl Places {
    /// Adds a page.
    fn page<H: Handler<T, Ui>, T: Guarded + 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(MethodFilter::GET, path, handler)
    }

    /// Adds an action, which a form posts to.
    fn action<H: Handler<T, Ui>, T: Guarded + 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(MethodFilter::POST, path, handler)
    }

    fn add<H: Handler<T, Ui>, T: Guarded + 'static>(
        mut self,
        method: MethodFilter,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.router = self.router.route(path, on(method, handler));
        self.places.push(Place { action: method == MethodFilter::POST, path, access: T::ACCESS });
        self
    }

    /// Where a form is drawn again, the browser stands at the address of an action. Whoever comes back to it is led to the
    /// page above.
    fn with_ways_back(mut self) -> Self {
        let pages: Vec<&str> = self.places.iter().filter(|it| !it.action).map(|it| it.path).collect();
        for place in self.places.iter().filter(|it| it.action && !pages.contains(&it.path)) {
            let above = |path: &'static str| path.rsplit_once('/').map_or("", |(above, _)| above);
            let (mut page, mut steps) = (above(place.path), 1);
            while !page.is_empty() && !pages.contains(&page) {
                (page, steps) = (above(page), steps + 1);
            }
            let lead = async move |frame: Frame, uri: Uri| {
                let path = uri.path().rsplitn(steps + 1, '/').last().unwrap_or_default();
                frame.go(if path.is_empty() { "/" } else { path })
            };
            self.router = self.router.route(place.path, get(lead));
        }
        self
    }

    /// Adds those of a screen.
    fn with(self, add: fn(Self) -> Self) -> Self {
        add(self)
    }
}

fn table() -> Places {
    Places::default()
        .page("/assets/{name}", asset::serve)
        .page("/live", live::stream)
        .with(screen::sign_in::places)
        .with(screen::password::places)
        .with(screen::home::places)
        .with(screen::projects::places)
        .with(screen::new_project::places)
        .with(screen::settings::places)
        .with(screen::members::places)
        .with(screen::environments::places)
        .with(screen::environment::places)
        .with(screen::segments::places)
        .with(screen::context_fields::places)
        .with(screen::strategy_types::places)
        .with(screen::flag_types::places)
        .with(screen::tag_types::places)
        .with(screen::archive::places)
        .with(screen::flags::places)
        .with(screen::new_flag::places)
        .with(screen::flag::places)
        .with(screen::edit_flag::places)
        .with(screen::connect::places)
        .with(screen::first_run::places)
        .with(screen::copy_flag::places)
        .with(screen::depend::places)
        .with(screen::switch::places)
        .with(screen::strategy::places)
        .with(screen::judge::places)
        .with(screen::who::places)
        .with(screen::labels::places)
        .with(screen::owner::places)
        .with(screen::orphans::places)
        .with(screen::life::places)
        .with(screen::favorite::places)
        .with(screen::playground::places)
        .with(screen::applications::places)
        .with(screen::unknown_flags::places)
        .with(screen::events::places)
        .with(screen::api_tokens::places)
        .with(screen::profile::places)
        .with(screen::users::places)
        .with(screen::groups::places)
        .with(screen::roles::places)
        .with(screen::service_accounts::places)
        .with(screen::provisioning::places)
        .with(screen::sign_in_settings::places)
        .with(screen::instance::places)
        .with(screen::palette::places)
        .with(screen::theme::places)
        .with(screen::design::places)
        .with_ways_back()
}

/// Every page and action, with who may call it.
pub fn places() -> Vec<Place> {
    table().places
}

/// The protocol as a service.
pub fn router(app: App) -> Router {
    let ui = Ui(app);
    dressed(table().router.method_not_allowed_fallback(nowhere), &ui).with_state(ui)
}

/// The answer to a path that nobody serves, as a page.
pub fn not_found(app: App) -> Router {
    let ui = Ui(app);
    dressed(Router::new().fallback(nowhere), &ui).with_state(ui)
}

async fn nowhere() -> Fault {
    Fault::nowhere()
}

fn dressed(router: Router<Ui>, ui: &Ui) -> Router<Ui> {
    router
        .layer(CatchPanicLayer::custom(|_| {
            Fault::from(Error::internal(anyhow::anyhow!("a page panicked"))).into_response()
        }))
        .layer(axum::middleware::from_fn_with_state(ui.clone(), dress))
        .layer(CompressionLayer::new().gzip(true))
}

/// Only what is ours, and nothing in the page itself: no script or style that was smuggled into a page does anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Stands around every page: draws failures, refuses what other sites' pages send, and says what browsers must not do.
async fn dress(State(ui): State<Ui>, frame: Frame, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = if gate::foreign(&parts, &ui) {
        Fault::foreign().into_response()
    } else {
        next.run(Request::from_parts(parts, body)).await
    };
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        response = fault.show(&frame);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.append(header::VARY, HeaderValue::from_static("HX-Request"));
    response
}

/// True if a browser asks for something to show, not a program for data.
pub fn wants_page(request: &Request) -> bool {
    const PROGRAMS: [&str; 6] = ["/api/", "/auth/", "/edge/", "/internal-backstage/", "/invite/", "/docs/"];
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let path = request.uri().path();
    accept.is_some_and(|accept| accept.contains("text/html"))
        && !PROGRAMS.iter().any(|program| path.starts_with(program))
}
