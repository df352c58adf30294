//! `burgee demo`: a server in a temporary folder with three weeks of an invented company's history.
//!
//! Nothing is written behind the server's back. An identity provider provisions the people, people make flags and
//! turn them on and off, applications report what they use, and all of it through the public APIs, while a clock runs
//! from three weeks ago to now. A call that fails ends the demo.

mod calendar;
mod caller;
mod company;
mod flags;
mod live;
mod okta;
mod story;
mod traffic;

use std::net::TcpListener as Probe;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;

use self::calendar::Hand;
use self::live::Live;
pub use self::live::PAUSE;
use self::story::Handed;
use crate::app::{App, Opened};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::error::{Error, Result};

/// A server whose story was told.
pub struct Demo {
    /// The server.
    pub app: App,
    listener: TcpListener,
    /// Name and password of an admin.
    pub admin: (String, String),
    /// Name and password of somebody who may only look.
    pub viewer: (String, String),
    /// A token for backend SDKs.
    pub backend: String,
    /// A token for frontend SDKs.
    pub frontend: String,
    live: Live,
    folder: TempDir,
}

impl Demo {
    /// Starts a server in a temporary folder and tells it the story. Settings about data do not count.
    pub async fn prepare(config: Config) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("burgee-demo-").tempdir().map_err(Error::internal)?;
        let (hand, clock) = Hand::on(story::BEGINS.0, story::BEGINS.1, story::BEGINS.2);
        let config = settings(config, &folder)?;
        let Opened { app, listener, welcome, .. } = App::open(config, clock, Entropy::System).await?;
        let admin = welcome.admin.ok_or_else(|| Error::internal(anyhow::anyhow!("the demo has no admin")))?;
        let Handed { viewer, backend, frontend, live } = story::tell(&app, hand, &admin).await?;
        Ok(Self { app, listener, admin, viewer, backend, frontend, live, folder })
    }

    /// What to tell whoever started it.
    pub fn welcome(&self) -> String {
        let url = self.app.config.url();
        let Self { admin, viewer, backend, frontend, .. } = self;
        format!(
            "burgee demo: {url}

  Sign in as  {:<7} {}  (may do everything)
  or as       {:<7} {}  (may look)

  Backend token   {backend}
    curl -H 'Authorization: {backend}' {url}/api/client/features
  Frontend token  {frontend}
    curl -H 'Authorization: {frontend}' '{url}/api/frontend?userId=4711&country=NO'

Everything is gone when it ends: Ctrl+C.
",
            admin.0, admin.1, viewer.0, viewer.1
        )
    }

    /// Serves until it is told to stop; then nothing is left. With a pause, applications and people go on, once in that
    /// time; [`PAUSE`] is how they do it for people who watch.
    pub async fn serve(self, pause: Option<Duration>) -> Result<()> {
        let Self { app, listener, live, folder, .. } = self;
        if let Some(pause) = pause {
            app.tasks.spawn(live.go_on(app.clone(), pause));
        }
        app.serve(listener).await?;
        folder.close().map_err(Error::internal)
    }
}

/// What begins so is not the demo's to keep.
const NOT_KEPT: [&str; 7] = [
    "DATABASE_",
    "INIT_",
    "IMPORT_",
    "UNLEASH_DEFAULT_ADMIN_",
    "UNLEASH_URL",
    "BURGEE_URL",
    "SECURE_HEADERS",
];

/// The operator's settings, but for where data is, what would be in it, and where people would find it.
fn settings(config: Config, folder: &TempDir) -> Result<Config> {
    Ok(Config {
        database_url: Some(format!("sqlite:{}", folder.path().join("burgee.db").display())),
        database_url_file: None,
        unleash_default_admin_username: "admin".to_owned(),
        unleash_default_admin_password: None,
        unleash_default_admin_password_file: None,
        init_admin_api_tokens: Vec::new(),
        init_admin_api_tokens_file: None,
        init_backend_api_tokens: Vec::new(),
        init_backend_api_tokens_file: None,
        init_client_api_tokens: Vec::new(),
        init_client_api_tokens_file: None,
        init_frontend_api_tokens: Vec::new(),
        init_frontend_api_tokens_file: None,
        init_scim_token: None,
        init_scim_token_file: None,
        import_file: None,
        unleash_url: None,
        burgee_url: None,
        secure_headers: false,
        http_port: port(&config)?,
        settings: config
            .settings
            .iter()
            .filter(|it| !NOT_KEPT.iter().any(|start| it.name.starts_with(start)))
            .cloned()
            .collect(),
        ..config
    })
}

/// The wanted port, or a free one if it is taken.
fn port(config: &Config) -> Result<u16> {
    let bind = |port| Probe::bind((config.http_host.as_str(), port)).and_then(|probe| probe.local_addr());
    let address = bind(config.http_port)
        .or_else(|_| bind(0))
        .map_err(|error| Error::bad_data(format!("cannot listen on {}: {error}", config.http_host)))?;
    Ok(address.port())
}
