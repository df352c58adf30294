//! Everything that requests share, and the life of the server: start, serve, drain, stop.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderName;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tower_http::propagate_header::PropagateHeaderLayer;

use crate::access::{Administer, Granted};
use crate::api;
use crate::applications::Registrations;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::instance::identity;
use crate::jobs;
use crate::metrics::{Series, Usage};
use crate::outbound::Outbound;
use crate::people::password::Passwords;
use crate::people::seen::Seen;
use crate::people::session::Door;
use crate::people::throttle::{Paces, Throttle};
use crate::provisioning::connection::{Rates, Uses};
use crate::provisioning::journal::{self, Journal};
use crate::provisioning::pages::Pages;
use crate::published::Published;
use crate::scim;
use crate::start;
use crate::telemetry::Metrics;
use crate::ui;

/// How long the server waits for running requests when it is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How many receivers of SCIM events can wait at the same time.
const POLLS: usize = 64;

/// A handle on the running server; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What requests share.
pub struct Shared {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Ids and secrets.
    pub entropy: Entropy,
    /// The operator's settings.
    pub config: Config,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Slows down guessing.
    pub throttle: Throttle,
    /// Slows down clients.
    pub paces: Paces,
    /// Who was seen when.
    pub seen: Seen,
    /// Which applications told about themselves.
    pub registrations: Registrations,
    /// How often flags were used.
    pub usage: Usage,
    /// What applications measure of the impact of flags.
    pub impact: Series,
    /// What else clients measure.
    pub custom: Series,
    /// How fast identity providers call.
    pub rates: Rates,
    /// With which tokens.
    pub token_uses: Uses,
    /// What identity providers ask for.
    pub journal: Journal,
    /// What is known of lists that are read page by page.
    pub pages: Pages,
    /// What clients see.
    pub published: Arc<Published>,
    /// Room for streams.
    pub streams: Streams,
    /// Room for receivers of SCIM events that wait for one.
    pub polls: Semaphore,
    /// The way out.
    pub outbound: Outbound,
    /// What is counted.
    pub metrics: Metrics,
    /// The only way to start work that outlives a request: the server waits for it before it stops.
    pub tasks: TaskTracker,
    /// Fires when the server is told to stop.
    pub stopping: CancellationToken,
}

/// Room for streams: a permit for each that may be open. Whoever has a key that stands in a page cannot take it away
/// from servers, nor from people.
pub struct Streams {
    /// For the changes that backend SDKs follow.
    pub sdks: Arc<Semaphore>,
    /// For OpenFeature clients that listen.
    pub listeners: Arc<Semaphore>,
    /// For pages of the web UI.
    pub pages: Arc<Semaphore>,
    each: usize,
    /// Ends those of clients that are open now.
    end: ArcSwap<CancellationToken>,
}

impl Streams {
    fn new(each: usize) -> Self {
        let room = || Arc::new(Semaphore::new(each));
        Self { sdks: room(), listeners: room(), pages: room(), each, end: ArcSwap::default() }
    }

    /// Fires when a client's stream that opens now has to end.
    pub fn end(&self) -> CancellationToken {
        self.end.load().as_ref().clone()
    }

    /// Ends the streams of all clients. They come again at once, maybe to another server.
    pub fn disconnect(&self) {
        self.end.swap(Arc::default()).cancel();
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        let kinds = [&self.sdks, &self.listeners, &self.pages];
        kinds.iter().map(|room| self.each.saturating_sub(room.available_permits())).sum()
    }
}

/// A server that has everything it takes to [`App::serve`].
pub struct Opened {
    /// The server.
    pub app: App,
    /// Where it listens.
    pub listener: TcpListener,
    /// Tells the port that was picked.
    pub address: SocketAddr,
    /// What to tell the operator.
    pub welcome: start::Welcome,
}

impl Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Opens the database for a server, listens, and prepares what the first start needs; in this order, because
    /// whoever cannot be reached must not make a password that nobody ever sees.
    pub async fn open(config: Config, clock: Clock, entropy: Entropy) -> Result<Opened> {
        let app = Self::over(Db::open(&config.database()?).await?, config, clock, entropy);
        let (listener, address) = app.listen().await?;
        identity::ensure(&app.db, &app.entropy).await?;
        let welcome = start::first(&app).await?;
        start::import(&app).await?;
        app.published.catch_up(&app.db).await?;
        Ok(Opened { app, listener, address, welcome })
    }

    /// Opens the database as it is, beside a server that may be running; for the operator's commands.
    pub async fn attach(config: Config, clock: Clock, entropy: Entropy) -> Result<Self> {
        Ok(Self::over(Db::attach(&config.database()?).await?, config, clock, entropy))
    }

    fn over(db: Db, config: Config, clock: Clock, entropy: Entropy) -> Self {
        Self(Arc::new(Shared {
            db,
            clock,
            passwords: Passwords::new(entropy.clone(), config.password_effort),
            entropy,
            throttle: Throttle::new(
                config.simple_login_limit_per_minute,
                config.password_reset_limit_per_minute,
            ),
            paces: Paces::new([
                config.register_client_rate_limit_per_minute,
                config.client_metrics_rate_limit_per_minute,
                config.register_frontend_rate_limit_per_minute,
                config.frontend_metrics_rate_limit_per_minute,
            ]),
            streams: Streams::new(config.streaming_max_connections),
            config,
            seen: Seen::default(),
            registrations: Registrations::default(),
            usage: Usage::default(),
            impact: Series::default(),
            custom: Series::default(),
            rates: Rates::default(),
            token_uses: Uses::default(),
            journal: Journal::default(),
            pages: Pages::default(),
            published: Arc::default(),
            polls: Semaphore::new(POLLS),
            outbound: Outbound::default(),
            metrics: Metrics::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }))
    }

    /// Everything it takes to sign somebody in.
    pub fn door(&self) -> Door<'_> {
        Door {
            db: &self.db,
            passwords: &self.passwords,
            throttle: &self.throttle,
            entropy: &self.entropy,
            now: self.clock.now(),
            lifetime: Duration::from_secs(self.config.session_ttl_hours * 3600),
            parallel: self.config.max_parallel_sessions,
        }
    }

    /// What is kept of calls of identity providers, and how long.
    pub fn journal_rules(&self) -> journal::Rules {
        journal::Rules {
            days: self.config.scim_calls_days.min(journal::MOST_DAYS),
            rows: i64::from(self.config.scim_calls_limit),
            mask: self.config.scim_calls_masked,
        }
    }

    /// Does again what an identity provider asked for, and writes it into the journal, also if whoever wants it goes away.
    pub async fn replay(
        &self,
        grant: Granted<Administer>,
        call: journal::Full,
        dry_run: bool,
    ) -> Result<scim::Replayed> {
        let app = self.clone();
        let work = async move {
            let done = scim::replay(&app, &grant, &call, dry_run).await?;
            if let Err(error) = app.journal.write(&app.db, &app.journal_rules()).await {
                tracing::warn!(%error, "the call that was done again is written later");
            }
            Ok(done)
        };
        self.finish(work).await?
    }

    /// Does `work` to its end, also if whoever waits for it goes away, as a request does whose client hangs up. A panic
    /// goes on here; an error means that the server ends.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        self.tasks.spawn(work).await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Error::internal(error),
        })
    }

    /// All protocols under one roof.
    pub fn router(&self) -> Router {
        // What a proxy or an identity provider calls its request, we call it, too.
        let named = |name| PropagateHeaderLayer::new(HeaderName::from_static(name));
        let page = ui::not_found(self.clone());
        // A path that no protocol knows is answered in the form that was asked for.
        let unknown = move |request: Request| async move {
            if ui::wants_page(&request) {
                page.oneshot(request).await.into_response()
            } else {
                api::unknown_path(request).await
            }
        };
        let inner = api::router(self.clone(), unknown)
            .merge(scim::router(self.clone()))
            .merge(ui::router(self.clone()))
            .layer((named("x-request-id"), named("traceparent")));
        let base = self.config.base_path();
        if base.is_empty() { inner } else { Router::new().nest(&base, inner) }
    }

    async fn listen(&self) -> Result<(TcpListener, SocketAddr)> {
        let wanted = (self.config.http_host.as_str(), self.config.http_port);
        let listener = TcpListener::bind(wanted).await.map_err(|error| {
            Error::bad_data(format!("cannot listen on {}:{}: {error}", wanted.0, wanted.1))
        })?;
        let address = listener.local_addr().map_err(Error::internal)?;
        Ok((listener, address))
    }

    /// Serves until [`Shared::stopping`] fires, then lets running requests finish, for a while.
    pub async fn serve(&self, listener: TcpListener) -> Result<()> {
        self.tasks.spawn(jobs::run(self.clone()));
        let app = self.clone();
        self.tasks.spawn(async move {
            let published = &app.published;
            let publish = async { tokio::join!(published.follow(&app.db), published.prepare()) };
            app.stopping.run_until_cancelled(publish).await
        });
        let stopping = self.stopping.clone();
        let service = api::normalised(self.router());
        // Long answers go out in pieces. Without this, the second piece waits 40 ms for the client to confirm the first.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        let server = axum::serve(
            listener,
            axum::ServiceExt::<axum::extract::Request>::into_make_service_with_connect_info::<SocketAddr>(
                service,
            ),
        )
        .with_graceful_shutdown(async move { stopping.cancelled().await });
        let overdue = async {
            self.stopping.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            result = server => result.map_err(Error::internal)?,
            () = overdue => tracing::warn!("requests were still running after {} s", DRAIN.as_secs()),
        }
        self.tasks.close();
        let ended = tokio::time::timeout(DRAIN, self.tasks.wait()).await;
        if tokio::time::timeout(DRAIN, jobs::write_what_is_noted(self)).await.is_err() {
            tracing::warn!("not all that was noted could be written within {} s", DRAIN.as_secs());
        }
        if ended.is_err() {
            tracing::warn!("something was still running after {} s more", DRAIN.as_secs());
        } else {
            self.db.close().await;
        }
        Ok(())
    }
}

/// The address a request came from. A proxy's word counts only if the operator trusts it.
pub fn client_address(parts: &Parts, app: &App) -> Option<String> {
    if app.config.trust_proxy {
        // The last one is what our own proxy saw; everything before it is hearsay.
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let list = forwarded.and_then(|value| value.to_str().ok());
        let last = list.and_then(|list| list.rsplit(',').next()).map(str::trim);
        if let Some(ip) = last.and_then(|text| text.parse::<IpAddr>().ok()) {
            return Some(ip.to_string());
        }
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string())
}
