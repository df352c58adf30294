//! The command line: `burgee` serves; everything else is for the operator on the host.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app::{App, Opened};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::file;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::people::recovery;

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
    /// Administration from the host, for when nobody can sign in.
    Admin {
        #[command(subcommand)]
        command: Admin,
    },
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
    let program = Program::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Error::internal(error)),
    };
    let outcome = runtime.block_on(async {
        match program.command {
            None => serve(program.serve).await,
            Some(Command::Serve(config)) => serve(config).await,
            Some(Command::Admin { command: Admin::Recover(recover) }) => {
                let user = recover.user;
                let database = recover.config.database()?;
                if file::of(&database).is_some_and(|file| !file.exists()) {
                    return Err(Error::bad_data(format!(
                        "there is no database at {database}: run this in the server's folder, or say where it is \
                         with DATABASE_URL"
                    )));
                }
                let app = App::attach(recover.config, Clock::System, Entropy::System).await?;
                let password =
                    recovery::recover(&app.db, &app.passwords, &app.entropy, app.clock.now(), &user).await?;
                say(&format!("{user} is an active admin. New password: {password}\n"));
                app.db.close().await;
                Ok(())
            }
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(config: Config) -> Result<()> {
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
    let stopping = app.stopping.clone();
    app.tasks.spawn(async move {
        stop_signal().await;
        stopping.cancel();
    });
    app.serve(listener).await
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
