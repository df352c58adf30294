//! The real server on a free port and an empty database.

use burgee::app::{App, Opened};
use burgee::clock::Clock;
use burgee::config::Config;
use burgee::entropy::Entropy;
use burgee::people::password::Effort;
use clap::Parser;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::client::Client;
use super::postgres;

/// The first admin's password.
pub const PASSWORD: &str = "Sup3r-secret-start";
/// The admin token that every test server knows.
pub const ADMIN_TOKEN: &str = "*:*.test-admin-token";
/// The SCIM token that every test server knows.
pub const SCIM_TOKEN: &str = "5c1m-token-5c1m-token-5c1m-token";

/// A running server; it stops when dropped.
pub struct TestServer {
    pub app: App,
    pub base: String,
    _database: Database,
}

#[expect(dead_code, reason = "kept until the server stops, for what dropping it does")]
enum Database {
    Folder(tempfile::TempDir),
    Postgres(postgres::Scratch),
    Another,
}

#[derive(Parser)]
#[command(args_override_self = true)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// A configuration as the command line would give it, but for the work that passwords take.
pub fn config(database: &str, more: &[&str]) -> Config {
    let mut words = vec![
        "burgee",
        "--database-url",
        database,
        "--http-port",
        "0",
        "--unleash-url",
        "http://burgee.test",
        "--unleash-default-admin-password",
        PASSWORD,
        "--init-admin-api-tokens",
        ADMIN_TOKEN,
        "--init-scim-token",
        SCIM_TOKEN,
        "--simple-login-limit-per-minute",
        "0",
        "--password-reset-limit-per-minute",
        "0",
    ];
    words.extend(more);
    Config { password_effort: Effort::Least, ..Settings::parse_from(words).config }
}

impl TestServer {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(&[]).await
    }

    /// With more words on the command line.
    pub async fn sqlite_with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("burgee.db").display());
        Self::start(config(&url, more), Database::Folder(folder)).await
    }

    pub async fn postgres() -> Self {
        let scratch = postgres::Scratch::create().await;
        let url = scratch.url();
        Self::start(config(&url, &[]), Database::Postgres(scratch)).await
    }

    /// One more server on the same PostgreSQL database, which must not outlive this one.
    pub async fn beside(&self) -> Self {
        let url = self.app.config.database().unwrap();
        Self::start(config(&url, &[]), Database::Another).await
    }

    /// Lets PostgreSQL take connections to the database, or ends them all and refuses new ones.
    pub async fn reach_database(&self, reachable: bool) {
        let url = self.app.config.database().unwrap();
        let (cluster, name) = url.rsplit_once('/').unwrap();
        let mut operator = PgConnection::connect(&format!("{cluster}/postgres")).await.unwrap();
        let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {reachable}");
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        for sql in [allow, end].into_iter().take(if reachable { 1 } else { 2 }) {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut operator).await.unwrap();
        }
    }

    async fn start(config: Config, database: Database) -> Self {
        super::cryptography();
        // What the server says of a defect is shown with the test that found it.
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::ERROR)
            .with_test_writer()
            .with_ansi(false)
            .try_init();
        let opened = App::open(config, Clock::System, Entropy::System).await.unwrap();
        let Opened { app, listener, address, .. } = opened;
        let serving = app.clone();
        #[expect(clippy::disallowed_methods, reason = "the server must run beside the test")]
        tokio::spawn(async move { serving.serve(listener).await });
        Self { app, base: format!("http://{address}"), _database: database }
    }

    /// Somebody without credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.base)
    }

    /// Whoever holds the admin token.
    pub fn admin(&self) -> Client {
        self.anonymous().with("authorization", ADMIN_TOKEN)
    }

    /// The identity provider.
    pub fn scim(&self) -> Client {
        self.anonymous().with("authorization", &format!("Bearer {SCIM_TOKEN}"))
    }

    /// Makes a person with a root role and signs them in.
    pub async fn person(&self, name: &str, role: &str) -> (i64, Client) {
        let answer = self
            .admin()
            .post(
                "/api/admin/user-admin",
                json!({ "username": name, "rootRole": role, "password": PASSWORD }),
            )
            .await
            .expect(201);
        (answer.json()["id"].as_i64().unwrap(), self.sign_in(name, PASSWORD).await)
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, name: &str, password: &str) -> Client {
        let answer = self
            .anonymous()
            .post("/auth/simple/login", json!({ "username": name, "password": password }))
            .await
            .expect(200);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        self.anonymous().with("cookie", &cookie)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.app.stopping.cancel();
    }
}
