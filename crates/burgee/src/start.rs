//! What happens before a server serves: on the first start the first admin, and the tokens that the operator asked
//! for; on every start the flags that the operator wants to be there.

use std::path::Path;

use crate::access::{Administer, Granted, Root, Sight};
use crate::app::App;
use crate::error::{Error, Kind as Refusal, Result};
use crate::people::api_token::{self, Kind, NewToken};
use crate::people::password;
use crate::people::user::{self, NewUser};
use crate::projects;
use crate::provisioning::connection::{self, Source};
use crate::sql;
use crate::transfer::{self, Document, Request};

/// The largest file to import, in bytes.
const LARGEST_IMPORT: u64 = 16 << 20;

/// What to tell the operator once.
#[derive(Debug, Default)]
pub struct Welcome {
    /// User name and generated password of the first admin, if one was made with a generated password.
    pub admin: Option<(String, String)>,
}

/// Prepares an empty installation. On one that is in use, it changes nothing.
pub async fn first(app: &App) -> Result<Welcome> {
    user::label_all(&app.db).await?;
    match prepare(app).await {
        // Several nodes start on the same empty database: one of them was faster.
        Err(error)
            if matches!(
                error.kind(),
                Some(Refusal::AccountExists | Refusal::NameExists | Refusal::Conflict)
            ) && is_used(app).await? =>
        {
            Ok(Welcome::default())
        }
        done => done,
    }
}

async fn is_used(app: &App) -> Result<bool> {
    let mut tx = app.db.read().await?;
    let (used,): (bool,) =
        tx.one(sql!("SELECT EXISTS (SELECT 1 FROM users WHERE is_system = FALSE)")).await?;
    Ok(used)
}

async fn prepare(app: &App) -> Result<Welcome> {
    if is_used(app).await? {
        return Ok(Welcome::default());
    }
    let config = &app.config;
    let chosen = config.admin_password()?;
    let generated = chosen.is_none().then(|| format!("{}-Aa1", app.entropy.base64url::<15>()));
    let username = config.unleash_default_admin_username.clone();
    let password = chosen.or_else(|| generated.clone()).unwrap_or_default();
    if password.is_empty() {
        return Err(Error::bad_data("The first admin's password must not be empty."));
    }
    let hash = app.passwords.hash(password).await?;
    let scim_token = config.scim_token()?;
    let [admin_tokens, backend_tokens, frontend_tokens] = config.initial_tokens()?;
    let grant = Granted::<Administer>::system("first-start", Root);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let new = NewUser {
        name: Some("Admin".to_owned()),
        username: Some(username.clone()),
        email: None,
        root_role: crate::access::admins::ADMIN_ROLE,
        password_hash: Some(hash.clone()),
        is_service: false,
    };
    let admin = user::create(&mut tx, new).await?;
    password::set(&mut tx, admin.id, &hash, None).await?;
    for (kind, secrets) in
        [(Kind::Admin, admin_tokens), (Kind::Client, backend_tokens), (Kind::Frontend, frontend_tokens)]
    {
        for (number, secret) in (1..).zip(&secrets) {
            let new = initial(kind, number, secret)?;
            if kind != Kind::Admin {
                projects::ensure_reachable(&mut tx, &Sight::ALL, &new.environment, &new.projects).await?;
            }
            api_token::create(&mut tx, &app.entropy, new).await?;
        }
    }
    if let Some(secret) = &scim_token {
        connection::replace(&mut tx, connection::DEFAULT, secret, Source::Start).await?;
        connection::enable(&mut tx, connection::DEFAULT, true).await?;
    }
    tx.commit().await?;
    Ok(Welcome { admin: generated.map(|password| (username, password)) })
}

/// Imports the operator's file, if there is one. Where everything is as it says, nothing changes.
pub async fn import(app: &App) -> Result<()> {
    let Some(path) = &app.config.import_file else { return Ok(()) };
    let subject = format!("IMPORT_FILE {}", path.display());
    let data = read(path).map_err(|error| error.about(&subject))?;
    let (flags, project) = (data.features.len(), app.config.import_project.clone());
    let request = Request { project, environment: app.config.import_environment.clone(), data };
    let grant = Granted::<Administer>::system("import-file", Root);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let before = tx.recorded();
    transfer::import(&mut tx, &grant, &app.entropy, &request).await.map_err(|error| error.about(&subject))?;
    let changes = tx.recorded() - before;
    tx.commit().await?;
    tracing::info!(
        flags,
        changes,
        project = request.project,
        environment = request.environment,
        "imported {}",
        path.display()
    );
    Ok(())
}

fn read(path: &Path) -> Result<Document> {
    let unreadable = |error| Error::bad_data(format!("cannot be read: {error}"));
    if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST_IMPORT {
        return Err(Error::bad_data(format!("is larger than {LARGEST_IMPORT} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| Error::bad_data(format!("is no export of flags: {error}")))
}

/// Reads the `number`th token of a kind: `project:environment.secret`. Unleash calls an admin token `admin`, and so do
/// we; more than one have numbers, because the event log names who did something by the token.
fn initial(kind: Kind, number: usize, secret: &str) -> Result<NewToken> {
    let malformed = || {
        Error::bad_data(format!(
            "An initial {} token is not of the form project:environment.secret.",
            kind.as_str()
        ))
    };
    let (project, rest) = secret.split_once(':').ok_or_else(malformed)?;
    let (environment, random) = rest.split_once('.').ok_or_else(malformed)?;
    if random.is_empty() || (kind == Kind::Admin && (project, environment) != ("*", "*")) {
        return Err(malformed());
    }
    let projects = if project == "*" || project == "[]" { Vec::new() } else { vec![project.to_owned()] };
    Ok(NewToken {
        name: if number == 1 { kind.as_str().to_owned() } else { format!("{}-{number}", kind.as_str()) },
        kind,
        environment: environment.to_owned(),
        projects,
        expires_at: None,
        secret: Some(secret.to_owned()),
    })
}
