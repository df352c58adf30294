//! What the operator decides: every setting is an environment variable and a flag of the same name.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};
use tracing_subscriber::filter::Directive;

use crate::error::{Error, Result};
use crate::people::password::Effort;

/// How much can be logged.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The settings of a server. `docs/operating.md` explains each.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct Config {
    /// `sqlite:PATH` or `postgres://…`. Unleash's `DATABASE_HOST` family works too.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// A file that holds the database URL.
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,
    /// PostgreSQL host, where no URL is given.
    #[arg(long, env = "DATABASE_HOST")]
    pub database_host: Option<String>,
    /// PostgreSQL port.
    #[arg(long, env = "DATABASE_PORT", default_value_t = 5432)]
    pub database_port: u16,
    /// PostgreSQL database.
    #[arg(long, env = "DATABASE_NAME", default_value = "unleash")]
    pub database_name: String,
    /// PostgreSQL user.
    #[arg(long, env = "DATABASE_USERNAME", default_value = "unleash")]
    pub database_username: String,
    /// PostgreSQL password.
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    pub database_password: Option<String>,
    /// A file that holds the PostgreSQL password.
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,

    /// The address to listen on.
    #[arg(long, env = "HTTP_HOST", default_value = "127.0.0.1")]
    pub http_host: String,
    /// The port to listen on; 0 picks a free one.
    #[arg(long, env = "HTTP_PORT", default_value_t = 4242)]
    pub http_port: u16,
    /// The URL under which people and identity providers reach this server.
    #[arg(long, env = "UNLEASH_URL")]
    pub unleash_url: Option<String>,
    /// Another name for `UNLEASH_URL`; wins over it.
    #[arg(long, env = "BURGEE_URL")]
    pub burgee_url: Option<String>,
    /// Everything moves under this path.
    #[arg(long, env = "BASE_URI_PATH", default_value = "")]
    pub base_uri_path: String,
    /// Trust `X-Forwarded-For` of a reverse proxy.
    #[arg(long, env = "TRUST_PROXY", default_value_t = false, value_parser = BoolishValueParser::new())]
    pub trust_proxy: bool,

    /// The first admin's user name.
    #[arg(long, env = "UNLEASH_DEFAULT_ADMIN_USERNAME", default_value = "admin")]
    pub unleash_default_admin_username: String,
    /// The first admin's password; random and printed once, if not given.
    #[arg(long, env = "UNLEASH_DEFAULT_ADMIN_PASSWORD", hide_env_values = true)]
    pub unleash_default_admin_password: Option<String>,
    /// A file that holds the first admin's password.
    #[arg(long, env = "UNLEASH_DEFAULT_ADMIN_PASSWORD_FILE")]
    pub unleash_default_admin_password_file: Option<PathBuf>,
    /// Admin tokens to make on the first start.
    #[arg(long, env = "INIT_ADMIN_API_TOKENS", hide_env_values = true, value_delimiter = ',')]
    pub init_admin_api_tokens: Vec<String>,
    /// A file that holds them.
    #[arg(long, env = "INIT_ADMIN_API_TOKENS_FILE")]
    pub init_admin_api_tokens_file: Option<PathBuf>,
    /// Backend tokens to make on the first start.
    #[arg(long, env = "INIT_BACKEND_API_TOKENS", hide_env_values = true, value_delimiter = ',')]
    pub init_backend_api_tokens: Vec<String>,
    /// A file that holds them.
    #[arg(long, env = "INIT_BACKEND_API_TOKENS_FILE")]
    pub init_backend_api_tokens_file: Option<PathBuf>,
    /// Unleash's former name for `INIT_BACKEND_API_TOKENS`.
    #[arg(long, env = "INIT_CLIENT_API_TOKENS", hide_env_values = true, value_delimiter = ',')]
    pub init_client_api_tokens: Vec<String>,
    /// A file that holds them.
    #[arg(long, env = "INIT_CLIENT_API_TOKENS_FILE")]
    pub init_client_api_tokens_file: Option<PathBuf>,
    /// Frontend tokens to make on the first start.
    #[arg(long, env = "INIT_FRONTEND_API_TOKENS", hide_env_values = true, value_delimiter = ',')]
    pub init_frontend_api_tokens: Vec<String>,
    /// A file that holds them.
    #[arg(long, env = "INIT_FRONTEND_API_TOKENS_FILE")]
    pub init_frontend_api_tokens_file: Option<PathBuf>,
    /// On the first start: switches provisioning on, with this token.
    #[arg(long, env = "INIT_SCIM_TOKEN", hide_env_values = true)]
    pub init_scim_token: Option<String>,
    /// A file that holds the provisioning token.
    #[arg(long, env = "INIT_SCIM_TOKEN_FILE")]
    pub init_scim_token_file: Option<PathBuf>,

    /// Flags to import at every start: a file with an export of Unleash or burgee.
    #[arg(long, env = "IMPORT_FILE")]
    pub import_file: Option<PathBuf>,
    /// The project that the flags of `IMPORT_FILE` are to live in.
    #[arg(long, env = "IMPORT_PROJECT", default_value = "default")]
    pub import_project: String,
    /// The environment that gets the strategies of `IMPORT_FILE`.
    #[arg(long, env = "IMPORT_ENVIRONMENT", default_value = "development")]
    pub import_environment: String,

    /// How many hours a session lasts.
    #[arg(long, env = "SESSION_TTL_HOURS", default_value_t = 48)]
    pub session_ttl_hours: u64,
    /// How many sessions a person may have at once.
    #[arg(long, env = "MAX_PARALLEL_SESSIONS", default_value_t = 5)]
    pub max_parallel_sessions: i64,
    /// Send cookies over HTTPS only.
    #[arg(long, env = "SECURE_HEADERS", default_value_t = false, value_parser = BoolishValueParser::new())]
    pub secure_headers: bool,
    /// Sign-ins a minute from one address and for one account; 0 lifts the limit.
    #[arg(long, env = "SIMPLE_LOGIN_LIMIT_PER_MINUTE", default_value_t = 10)]
    pub simple_login_limit_per_minute: u32,
    /// Reset links a minute from one address; 0 lifts the limit.
    #[arg(long, env = "PASSWORD_RESET_LIMIT_PER_MINUTE", default_value_t = 1)]
    pub password_reset_limit_per_minute: u32,
    /// How often a minute backend SDKs may register with one token; 0 lifts the limit.
    #[arg(long, env = "REGISTER_CLIENT_RATE_LIMIT_PER_MINUTE", default_value_t = 6000)]
    pub register_client_rate_limit_per_minute: u32,
    /// How often a minute backend SDKs may report metrics with one token; 0 lifts the limit.
    #[arg(long, env = "CLIENT_METRICS_RATE_LIMIT_PER_MINUTE", default_value_t = 6000)]
    pub client_metrics_rate_limit_per_minute: u32,
    /// How often a minute frontend SDKs may register with one token; 0 lifts the limit.
    #[arg(long, env = "REGISTER_FRONTEND_RATE_LIMIT_PER_MINUTE", default_value_t = 6000)]
    pub register_frontend_rate_limit_per_minute: u32,
    /// How often a minute frontend SDKs may report metrics with one token; 0 lifts the limit.
    #[arg(long, env = "FRONTEND_METRICS_RATE_LIMIT_PER_MINUTE", default_value_t = 6000)]
    pub frontend_metrics_rate_limit_per_minute: u32,
    /// For how many days it is kept how often flags were used, by the day; at most 91.
    #[arg(long, env = "DAILY_METRICS_STORAGE_DAYS", default_value_t = 91)]
    pub daily_metrics_storage_days: u64,
    /// How many clients may follow changes as they happen; others are told to ask again and again.
    #[arg(long, env = "STREAMING_MAX_CONNECTIONS", default_value_t = 10_000)]
    pub streaming_max_connections: usize,
    /// After how many days without a sign of life a person counts as inactive.
    #[arg(long, env = "USER_INACTIVITY_THRESHOLD_IN_DAYS", default_value_t = 180)]
    pub user_inactivity_threshold_in_days: u64,
    /// How many API tokens there may be.
    #[arg(long, env = "UNLEASH_API_TOKENS_LIMIT", default_value_t = 2000)]
    pub unleash_api_tokens_limit: i64,

    /// For how many days calls of identity providers are kept, with what they were answered; 0 keeps none.
    #[arg(long, env = "SCIM_CALLS_DAYS", default_value_t = 30)]
    pub scim_calls_days: u64,
    /// How many calls of identity providers are kept at most.
    #[arg(long, env = "SCIM_CALLS_LIMIT", default_value_t = 100_000)]
    pub scim_calls_limit: u32,
    /// Whatever says who somebody is is masked in what is kept of calls of identity providers.
    #[arg(long, env = "SCIM_CALLS_MASKED", default_value_t = false, value_parser = BoolishValueParser::new())]
    pub scim_calls_masked: bool,

    /// Nobody makes strategy types.
    #[arg(long, env = "UNLEASH_DISABLE_CUSTOM_STRATEGY_CREATION", default_value_t = false, value_parser = BoolishValueParser::new())]
    pub unleash_disable_custom_strategy_creation: bool,
    /// Nobody changes strategy types.
    #[arg(long, env = "UNLEASH_DISABLE_CUSTOM_STRATEGY_EDITING", default_value_t = false, value_parser = BoolishValueParser::new())]
    pub unleash_disable_custom_strategy_editing: bool,

    /// Origins of web pages that may use the Frontend API, until they are set in the API; `*` means all.
    #[arg(long, env = "UNLEASH_FRONTEND_API_ORIGINS", default_value = "*", value_delimiter = ',')]
    pub unleash_frontend_api_origins: Vec<String>,

    /// `off`, `error`, `warn`, `info`, `debug` or `trace`, for a part of the program too: `info,burgee::scim=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_parser = log_level)]
    pub log_level: String,
    /// `text` for people, `json` for machines.
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub log_format: String,

    /// Each setting with where it comes from, as [`Config::tell`] found it.
    #[arg(skip)]
    pub settings: Vec<Setting>,
    /// How much work hashing a password takes: no operator decides that.
    #[arg(skip)]
    pub password_effort: Effort,
}

/// A setting as it holds, for people to look at.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its environment variable.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Its value, unless that is a secret; `None`: not set.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// An environment variable.
    Environment,
    /// The command line.
    CommandLine,
    /// A file that another setting names.
    File,
}

/// What is shown in place of a secret.
const MASKED: &str = "••••••••";

impl Config {
    /// Remembers what each setting is and where it comes from, for people to look at.
    pub fn tell(&mut self, matches: &ArgMatches) {
        let command = Self::augment_args(Command::new("burgee"));
        let told = command.get_arguments().filter_map(|argument| {
            let name = argument.get_env()?.to_str()?.to_owned();
            let id = argument.get_id().as_str();
            let given: Vec<_> =
                matches.get_raw(id)?.map(|value| value.to_string_lossy().into_owned()).collect();
            let (value, hidden) = (given.join(","), argument.is_hide_env_values_set());
            let value = if hidden && !value.is_empty() { MASKED.to_owned() } else { value };
            let origin = match matches.value_source(id) {
                Some(ValueSource::EnvVariable) => Origin::Environment,
                Some(ValueSource::CommandLine) => Origin::CommandLine,
                _ => Origin::Default,
            };
            Some((name, value, origin))
        });
        let mut given: HashMap<String, (String, Origin)> =
            told.map(|(name, value, origin)| (name, (value, origin))).collect();
        self.settings = command
            .get_arguments()
            .filter_map(|argument| {
                let name = argument.get_env()?.to_str()?.to_owned();
                let (value, origin) = match given.remove(&name).filter(|(value, _)| !value.is_empty()) {
                    Some((value, origin)) => (Some(value), origin),
                    None if given.contains_key(&format!("{name}_FILE")) => {
                        (Some(MASKED.to_owned()), Origin::File)
                    }
                    None => (None, Origin::Default),
                };
                let about = argument.get_help().map(ToString::to_string).unwrap_or_default();
                Some(Setting { name, about, value, origin })
            })
            .collect();
    }

    /// Where the database is. Falls back to `sqlite:data/burgee.db`.
    pub fn database(&self) -> Result<String> {
        if let Some(url) = secret(self.database_url.as_deref(), self.database_url_file.as_ref())? {
            return Ok(url);
        }
        let Some(host) = &self.database_host else { return Ok("sqlite:data/burgee.db".to_owned()) };
        let password = secret(self.database_password.as_deref(), self.database_password_file.as_ref())?
            .unwrap_or_default();
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        Ok(format!(
            "postgres://{}:{}@{host}:{}/{}",
            encode(&self.database_username),
            encode(&password),
            self.database_port,
            encode(&self.database_name)
        ))
    }

    /// The first admin's password, if the operator chose one.
    pub fn admin_password(&self) -> Result<Option<String>> {
        secret(
            self.unleash_default_admin_password.as_deref(),
            self.unleash_default_admin_password_file.as_ref(),
        )
    }

    /// The first provisioning token, if the operator chose one.
    pub fn scim_token(&self) -> Result<Option<String>> {
        secret(self.init_scim_token.as_deref(), self.init_scim_token_file.as_ref())
    }

    /// The tokens to make on the first start: admin, backend and frontend ones.
    pub fn initial_tokens(&self) -> Result<[Vec<String>; 3]> {
        let read = |values: &[String], file: Option<&PathBuf>| -> Result<Vec<String>> {
            let text = secret(None, file)?.unwrap_or_default();
            let all = values.iter().map(String::as_str).chain(text.split(','));
            Ok(all.map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned).collect())
        };
        let mut backend = read(&self.init_backend_api_tokens, self.init_backend_api_tokens_file.as_ref())?;
        backend.extend(read(&self.init_client_api_tokens, self.init_client_api_tokens_file.as_ref())?);
        Ok([
            read(&self.init_admin_api_tokens, self.init_admin_api_tokens_file.as_ref())?,
            backend,
            read(&self.init_frontend_api_tokens, self.init_frontend_api_tokens_file.as_ref())?,
        ])
    }

    /// The base path in the form `/x`, or empty.
    pub fn base_path(&self) -> String {
        let path = self.base_uri_path.trim_matches('/');
        if path.is_empty() { String::new() } else { format!("/{path}") }
    }

    /// The external URL with the base path, without a slash at the end.
    pub fn url(&self) -> String {
        let url = match self.burgee_url.as_ref().or(self.unleash_url.as_ref()) {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://localhost:{}", self.http_port),
        };
        let path = self.base_path();
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let own = rest.find('/').map_or("", |slash| &rest[slash..]);
        if path.is_empty() || own.ends_with(&path) { url } else { url + &path }
    }
}

/// Reads levels and `target=level` directives, separated by commas. Empty means `info`; `fatal`, which Unleash has,
/// `error`.
fn log_level(text: &str) -> Result<String, String> {
    let directive = |part: &str| {
        let (target, level) =
            part.trim().rsplit_once('=').map_or((None, part.trim()), |(target, level)| (Some(target), level));
        let level = match level.to_ascii_lowercase().as_str() {
            "fatal" => "error".to_owned(),
            level if LEVELS.contains(&level) => level.to_owned(),
            _ => return None,
        };
        let whole = target.map_or_else(|| level.clone(), |target| format!("{target}={level}"));
        whole.parse::<Directive>().is_ok().then_some(whole)
    };
    let text = if text.trim().is_empty() { "info" } else { text };
    let directives: Option<Vec<String>> = text.split(',').map(directive).collect();
    directives.map(|all| all.join(",")).ok_or_else(|| {
        format!("must be {}, or target=level directives, separated by commas", LEVELS.join(", "))
    })
}

fn secret(value: Option<&str>, file: Option<&PathBuf>) -> Result<Option<String>> {
    // An empty variable is how compose files say "not set".
    match (value.filter(|value| !value.is_empty()), file) {
        (Some(value), _) => Ok(Some(value.to_owned())),
        (None, Some(file)) => std::fs::read_to_string(file)
            .map(|text| Some(text.trim().to_owned()))
            .map_err(|error| Error::bad_data(format!("cannot read {}: {error}", file.display()))),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }

    fn url(words: &[&str]) -> String {
        Settings::parse_from([&["burgee"], words].concat()).config.url()
    }

    #[test]
    fn the_base_path_is_in_the_url_once() {
        let at = |given: &str, base: &str| url(&["--unleash-url", given, "--base-uri-path", base]);
        assert_eq!(at("https://flags.example.com/", ""), "https://flags.example.com");
        assert_eq!(at("https://flags.example.com", "x"), "https://flags.example.com/x");
        assert_eq!(at("https://flags.example.com/x/", "/x/"), "https://flags.example.com/x");
        assert_eq!(at("http://unleash", "/unleash"), "http://unleash/unleash");
        assert_eq!(url(&["--unleash-url", "http://a", "--burgee-url", "http://b"]), "http://b");
    }

    #[test]
    fn it_is_told_where_settings_come_from_and_never_what_is_secret() {
        let words =
            ["burgee", "--http-port", "7", "--database-password", "hush", "--init-scim-token-file", "/t"];
        let matches = Settings::command().get_matches_from(words);
        let mut config = Settings::from_arg_matches(&matches).unwrap().config;
        config.tell(&matches);
        let told = |name: &str| {
            let found = config.settings.iter().find(|it| it.name == name).unwrap();
            (found.value.as_deref(), found.origin)
        };
        assert_eq!(told("HTTP_PORT"), (Some("7"), Origin::CommandLine));
        assert_eq!(told("DATABASE_PASSWORD"), (Some(MASKED), Origin::CommandLine));
        assert_eq!(told("INIT_SCIM_TOKEN"), (Some(MASKED), Origin::File));
        assert_eq!(told("INIT_SCIM_TOKEN_FILE"), (Some("/t"), Origin::CommandLine));
        assert_eq!(told("SESSION_TTL_HOURS"), (Some("48"), Origin::Default));
        assert_eq!(told("UNLEASH_URL"), (None, Origin::Default));
        assert!(config.settings.iter().all(|it| !it.about.is_empty()));
    }

    #[test]
    fn nonsense_is_no_log_level() {
        let level = |text: &str| {
            Settings::try_parse_from(["burgee", "--log-level", text]).map(|s| s.config.log_level)
        };
        for (text, meant) in [
            ("debug", "debug"),
            ("WARN", "warn"),
            ("fatal", "error"),
            ("", "info"),
            ("info, burgee::scim=debug,sqlx=off", "info,burgee::scim=debug,sqlx=off"),
        ] {
            assert_eq!(level(text).unwrap(), meant);
        }
        for nonsense in ["verbose", "burgee", "burgee=loud", "info,", "=info,]", "7"] {
            let refused = level(nonsense).unwrap_err().to_string();
            assert!(refused.contains("off, error, warn, info, debug, trace"), "{nonsense}: {refused}");
        }
    }
}
