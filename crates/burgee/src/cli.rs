//! The command line: `burgee` serves; everything else is for the operator on the host.

mod scim;

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::access::{Administer, Granted, Root};
use crate::app::{App, Opened};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::file;
use crate::demo::{self, Demo};
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::people::recovery;
use crate::transfer::declared::{self, Format};

/// How `burgee apply --exit-code` ends when something changes.
const CHANGES: u8 = 2;

/// Feature management with provisioning: Unleash's API, SCIM 2.0, one binary.
#[derive(Parser)]
#[command(name = "burgee", version, about, args_conflicts_with_subcommands = true)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what `burgee` alone does).
    Serve(Config),
    /// Serve an invented company for a look around: in a temporary folder, on a free port if the usual one is taken.
    Demo(Show),
    /// Administration from the host, for when nobody can sign in.
    Admin {
        #[command(subcommand)]
        command: Admin,
    },
    /// Print projects with their flags, and what they refer to, as text that `burgee apply` takes.
    Export(Export),
    /// Bring projects, flags and what they refer to into the state that files describe. Recorded in the event log.
    Apply(Apply),
    /// Connections to identity providers, and what they asked for.
    Scim {
        #[command(subcommand)]
        command: scim::Scim,
    },
}

#[derive(Args)]
struct Show {
    /// Nothing happens by itself.
    #[arg(long)]
    still: bool,
    #[command(flatten)]
    config: Config,
}

#[derive(Args)]
struct Export {
    /// Only this project, with what it uses; may be given several times.
    #[arg(long)]
    project: Vec<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Written::Yaml)]
    format: Written,
    #[command(flatten)]
    config: Config,
}

#[derive(Clone, Copy, ValueEnum)]
enum Written {
    Yaml,
    Json,
}

#[derive(Args)]
struct Apply {
    /// YAML or JSON.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only print what would change.
    #[arg(long)]
    dry_run: bool,
    /// Delete what the files do not have of what they speak of, and archive such flags.
    #[arg(long)]
    prune: bool,
    /// End with 2 if something changes, with 0 if nothing does.
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand)]
enum Admin {
    /// Make a user an active admin with a new password, which is printed once. Recorded in the event log.
    Recover(Recover),
}

#[derive(Args)]
struct Recover {
    /// User name or e-mail address; made if it does not exist.
    #[arg(long)]
    user: String,
    #[command(flatten)]
    config: Config,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let matches = Program::command().get_matches();
    let mut program = Program::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match (&mut program.command, matches.subcommand()) {
        (None, _) => program.serve.tell(&matches),
        (Some(Command::Serve(config)), Some((_, matches))) => config.tell(matches),
        (Some(Command::Demo(wanted)), Some((_, matches))) => wanted.config.tell(matches),
        _ => {}
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Error::internal(error)),
    };
    let outcome = runtime.block_on(async {
        match program.command {
            None => serve(program.serve).await,
            Some(Command::Serve(config)) => serve(config).await,
            Some(Command::Demo(wanted)) => demo(wanted).await,
            Some(Command::Admin { command: Admin::Recover(Recover { user, config }) }) => {
                recover(&user, config).await
            }
            Some(Command::Export(wanted)) => export(wanted).await,
            Some(Command::Apply(wanted)) => apply(wanted).await,
            Some(Command::Scim { command }) => scim::run(command).await,
        }
    });
    outcome.unwrap_or_else(|error| fail(&error))
}

/// The installation, beside a server that may be running. Nobody means to make a new one here.
async fn attach(config: Config) -> Result<App> {
    let database = config.database()?;
    if file::of(&database).is_some_and(|file| !file.exists()) {
        return Err(Error::bad_data(format!(
            "there is no database at {database}: run this in the server's folder, or say where it is with DATABASE_URL"
        )));
    }
    App::attach(config, Clock::System, Entropy::System).await
}

async fn recover(user: &str, config: Config) -> Result<ExitCode> {
    let app = attach(config).await?;
    let password = recovery::recover(&app.db, &app.passwords, &app.entropy, app.clock.now(), user).await?;
    say(&format!("{user} is an active admin. New password: {password}\n"));
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn export(wanted: Export) -> Result<ExitCode> {
    let app = attach(wanted.config).await?;
    let mut tx = app.db.read().await?;
    let found = declared::export(&mut tx, &wanted.project).await?;
    tx.end().await?;
    let format = match wanted.format {
        Written::Yaml => Format::Yaml,
        Written::Json => Format::Json,
    };
    say(&declared::write(&found, format)?);
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn apply(wanted: Apply) -> Result<ExitCode> {
    let mut files = Vec::new();
    for path in &wanted.files {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::bad_data(format!("{name} cannot be read: {error}")))?;
        let declaration = declared::read(&text).map_err(|error| error.about(&name))?;
        files.push((name, declaration));
    }
    let app = attach(wanted.config).await?;
    let grant = Granted::<Administer>::system("cli:apply", Root);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let lines = declared::apply(&mut tx, &grant, &app.entropy, &files, wanted.prune).await?;
    if wanted.dry_run {
        drop(tx);
    } else {
        tx.commit().await?;
    }
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{line}");
    }
    let _ = match (lines.len(), wanted.dry_run) {
        (0, _) => writeln!(text, "No changes."),
        (count, true) => writeln!(text, "{count} values would change. Nothing was changed."),
        (count, false) => writeln!(text, "{count} values changed."),
    };
    say(&text);
    app.db.close().await;
    let changes = wanted.exit_code && !lines.is_empty();
    Ok(if changes { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
}

async fn serve(config: Config) -> Result<ExitCode> {
    log_to_standard_error(&config)?;
    let Opened { app, listener, address, welcome } =
        App::open(config, Clock::System, Entropy::System).await?;
    let url = app.config.url();
    let mut text =
        format!("burgee listens on http://{address}\n  API     {url}/api/admin\n  SCIM    {url}/scim\n");
    if let Some((user, password)) = welcome.admin {
        let _ = writeln!(text, "  First admin: {user}  password: {password}  (shown once; change it)");
    }
    say(&text);
    stop_when_told(&app);
    app.serve(listener).await?;
    Ok(ExitCode::SUCCESS)
}

async fn demo(wanted: Show) -> Result<ExitCode> {
    log_to_standard_error(&wanted.config)?;
    // Whoever interrupts the story must leave nothing, either.
    let demo = tokio::select! {
        demo = Demo::prepare(wanted.config) => demo?,
        () = stop_signal() => return Ok(ExitCode::SUCCESS),
    };
    say(&demo.welcome());
    stop_when_told(&demo.app);
    demo.serve((!wanted.still).then_some(demo::PAUSE)).await?;
    Ok(ExitCode::SUCCESS)
}

fn stop_when_told(app: &App) {
    let stopping = app.stopping.clone();
    app.tasks.spawn(async move {
        stop_signal().await;
        stopping.cancel();
    });
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn log_to_standard_error(config: &Config) -> Result<()> {
    // What comes later counts more: the operator may ask these two to say more, too.
    let filter = EnvFilter::try_new(format!("sqlx=warn,hyper=warn,{}", config.log_level))
        .map_err(|error| Error::bad_data(format!("LOG_LEVEL is not understood: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_format == "json" {
        builder.json().init();
    } else {
        builder.init();
    }
    Ok(())
}

fn say(text: &str) {
    // Nobody to tell if standard output is closed.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn fail(error: &Error) -> ExitCode {
    let cause = match error {
        Error::Internal(cause) => format!("{cause:#}"),
        Error::Unavailable(cause) => format!("the database does not answer: {cause}"),
        Error::Rejected(rejection) => rejection.message.clone(),
        Error::Scim(error) => error.detail.clone(),
    };
    let _ = std::io::stderr().write_all(format!("burgee: {cause}\n").as_bytes());
    ExitCode::FAILURE
}
