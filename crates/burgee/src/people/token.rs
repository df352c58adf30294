//! Tokens: personal ones, with which a person's scripts act, and API tokens.
//!
//! A token is `…v2_<selector>_<secret>`. Only its digest is stored; the selector names it to people afterwards.

use std::sync::Arc;

use serde::Serialize;

use super::seen;
use super::session::person;
use crate::access::{Actor, Holdings, Origin, Subject};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many personal tokens somebody may have.
const PERSONAL_LIMIT: i64 = 10;

/// What a token in an `Authorization` header turned out to be.
pub enum Bearer {
    /// Somebody who may use the Admin API, with the token's id and kind.
    Subject(Subject, i64, seen::Subject),
    /// A backend or frontend token, which is for other APIs.
    Client,
    /// Nothing that is known, or nothing that still works.
    Unknown,
}

/// Looks a token up.
pub async fn bearer(tx: &mut Read, secret: &str, now: Time, ip: Option<String>) -> Result<Bearer> {
    let digest = digest(secret);
    if secret.starts_with("user:") {
        let found: Option<(i64, i64)> = tx
            .optional(sql!(
                "SELECT id, user_id FROM personal_tokens WHERE digest = $1 AND expires_at > $2",
                digest,
                now
            ))
            .await?;
        let Some((id, user)) = found else { return Ok(Bearer::Unknown) };
        let subject = person(tx, user, ip).await?;
        return Ok(subject.map_or(Bearer::Unknown, |s| Bearer::Subject(s, id, seen::Subject::PersonalToken)));
    }
    let found: Option<(i64, String, String)> = tx
        .optional(sql!(
            "SELECT id, name, type FROM api_tokens WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2)",
            digest,
            now
        ))
        .await?;
    Ok(match found {
        Some((id, name, kind)) if kind == Kinds::ADMIN => {
            let actor = Actor { origin: Origin::AdminToken, name, ip };
            Bearer::Subject(Subject { actor, held: Arc::new(Holdings::admin()) }, id, seen::Subject::ApiToken)
        }
        Some(_) => Bearer::Client,
        None => Bearer::Unknown,
    })
}

/// A personal token, without its secret.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Personal {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// What its owner calls it.
    pub description: String,
    /// When it stops working.
    pub expires_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used.
    #[serde(skip)]
    pub seen_at: Option<Time>,
}

/// The personal tokens of a user.
pub async fn personal_of(tx: &mut Read, user: i64) -> Result<Vec<Personal>> {
    tx.all(sql!(
        "SELECT p.id, p.user_id, p.description, p.expires_at, p.created_at, n.last_at AS seen_at
         FROM personal_tokens p LEFT JOIN seen n ON n.subject = 'pat' AND n.id = p.id
         WHERE p.user_id = $1 ORDER BY p.id",
        user
    ))
    .await
}

/// Makes a personal token; the secret is returned once.
pub async fn create_personal(
    tx: &mut Change,
    entropy: &Entropy,
    user: i64,
    description: &str,
    expires_at: Time,
) -> Result<(Personal, String)> {
    let description = description.trim();
    if description.is_empty() || description.chars().count() > 255 {
        return Err(Error::bad_data("The description must have between 1 and 255 characters."));
    }
    if expires_at <= tx.now() {
        return Err(Error::bad_data("The expiry must lie in the future."));
    }
    let mine = personal_of(tx, user).await?;
    if i64::try_from(mine.len()).is_ok_and(|count| count >= PERSONAL_LIMIT) {
        return Err(Error::rejected(
            Kind::InvalidOperation,
            format!("Too many personal access tokens: {PERSONAL_LIMIT} is the limit. Delete one first."),
        ));
    }
    if mine.iter().any(|token| token.description == description) {
        return Err(Error::rejected(
            Kind::NameExists,
            "A personal access token with this description already exists.",
        ));
    }
    let (selector, secret) = mint(entropy, "user:");
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO personal_tokens (user_id, description, selector, digest, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            user,
            description,
            selector,
            digest(&secret),
            expires_at,
            now
        ))
        .await?;
    let token = Personal {
        id,
        user_id: user,
        description: description.to_owned(),
        expires_at,
        created_at: now,
        seen_at: None,
    };
    tx.record(Event::created(Fact::PatCreated, &token));
    Ok((token, secret))
}

/// Deletes a personal token of a user; one that is not there, or is somebody else's, is no error.
pub async fn delete_personal(tx: &mut Change, user: i64, id: i64) -> Result<()> {
    let found = personal_of(tx, user).await?.into_iter().find(|token| token.id == id);
    if let Some(token) = found {
        tx.execute(sql!("DELETE FROM personal_tokens WHERE id = $1 AND user_id = $2", id, user)).await?;
        tx.record(Event::deleted(Fact::PatDeleted, &token));
    }
    Ok(())
}

/// Deletes all personal tokens of a user.
pub async fn delete_all_of(tx: &mut Change, user: i64) -> Result<()> {
    for token in personal_of(tx, user).await? {
        delete_personal(tx, user, token.id).await?;
    }
    Ok(())
}

/// The types of API tokens, as they are stored and listed.
pub struct Kinds;

impl Kinds {
    /// Acts like an admin.
    pub const ADMIN: &'static str = "admin";
    /// For server-side SDKs; Unleash's newer name for it is `backend`.
    pub const CLIENT: &'static str = "client";
    /// For SDKs in browsers and apps.
    pub const FRONTEND: &'static str = "frontend";
}

/// An API token, without its secret.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// What names it, in place of the secret.
    pub selector: String,
    /// What people call it.
    pub token_name: String,
    /// `admin`, `client` or `frontend`.
    pub r#type: String,
    /// The environment; `*` for admin tokens.
    pub environment: String,
    /// The projects; `*` means all.
    pub projects: Vec<String>,
    /// Another secret under which it was once known.
    pub alias: Option<String>,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used.
    #[serde(skip)]
    pub seen_at: Option<Time>,
    /// Its number.
    #[serde(skip)]
    pub id: i64,
}

/// What it takes to make an API token.
#[derive(Clone, Debug)]
pub struct NewApi {
    /// What people call it.
    pub name: String,
    /// One of [`Kinds`].
    pub kind: &'static str,
    /// The environment; `*` for admin tokens.
    pub environment: String,
    /// The projects; empty or `*` means all.
    pub projects: Vec<String>,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// The whole token, if it exists elsewhere already.
    pub secret: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ApiRow {
    id: i64,
    name: String,
    r#type: String,
    environment: String,
    selector: String,
    alias: Option<String>,
    expires_at: Option<Time>,
    created_at: Time,
    seen_at: Option<Time>,
}

/// All API tokens.
pub async fn api(tx: &mut Read) -> Result<Vec<Api>> {
    let rows: Vec<ApiRow> = tx
        .all(sql!(
            "SELECT t.id, t.name, t.type, t.environment, t.selector, t.alias, t.expires_at, t.created_at,
                    n.last_at AS seen_at
             FROM api_tokens t LEFT JOIN seen n ON n.subject = 'api-token' AND n.id = t.id ORDER BY t.id"
        ))
        .await?;
    let reach: Vec<(i64, String)> =
        tx.all(sql!("SELECT token_id, project FROM api_token_projects ORDER BY token_id, project")).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut projects: Vec<String> =
                reach.iter().filter(|(id, _)| *id == row.id).map(|(_, project)| project.clone()).collect();
            if projects.is_empty() {
                projects.push("*".to_owned());
            }
            Api {
                selector: row.selector,
                token_name: row.name,
                r#type: row.r#type,
                environment: row.environment,
                projects,
                alias: row.alias,
                expires_at: row.expires_at,
                created_at: row.created_at,
                seen_at: row.seen_at,
                id: row.id,
            }
        })
        .collect())
}

/// The API token with this selector or whole secret.
pub async fn find_api(tx: &mut Read, text: &str) -> Result<Option<Api>> {
    let found: Option<(i64,)> = tx
        .optional(sql!("SELECT id FROM api_tokens WHERE selector = $1 OR digest = $2", text, digest(text)))
        .await?;
    let Some((id,)) = found else { return Ok(None) };
    Ok(api(tx).await?.into_iter().find(|token| token.id == id))
}

/// Makes an API token; the secret is returned once.
pub async fn create_api(tx: &mut Change, entropy: &Entropy, new: NewApi) -> Result<(Api, String)> {
    let everywhere = new.projects.is_empty() || new.projects.iter().any(|project| project == "*");
    let projects = if everywhere { vec!["*".to_owned()] } else { new.projects };
    let prefix = match projects.as_slice() {
        [one] => format!("{one}:{}.", new.environment),
        _ => format!("[]:{}.", new.environment),
    };
    let (selector, minted) = mint(entropy, &prefix);
    let secret = new.secret.unwrap_or(minted);
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO api_tokens (name, type, environment, selector, digest, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            &new.name,
            new.kind,
            &new.environment,
            &selector,
            digest(&secret),
            new.expires_at,
            now
        ))
        .await?;
    if !everywhere {
        for project in &projects {
            tx.execute(sql!(
                "INSERT INTO api_token_projects (token_id, project) VALUES ($1, $2)",
                id,
                project
            ))
            .await?;
        }
    }
    let token = Api {
        selector,
        token_name: new.name,
        r#type: new.kind.to_owned(),
        environment: new.environment,
        projects,
        alias: None,
        expires_at: new.expires_at,
        created_at: now,
        seen_at: None,
        id,
    };
    tx.record(recorded(Fact::ApiTokenCreated, None, Some(&token)));
    Ok((token, secret))
}

/// Changes when an API token stops working.
pub async fn prolong_api(tx: &mut Change, token: &Api, expires_at: Time) -> Result<()> {
    tx.execute(sql!("UPDATE api_tokens SET expires_at = $2 WHERE id = $1", token.id, expires_at)).await?;
    let after = Api { expires_at: Some(expires_at), ..token.clone() };
    tx.record(recorded(Fact::ApiTokenUpdated, Some(token), Some(&after)));
    Ok(())
}

/// Deletes an API token.
pub async fn delete_api(tx: &mut Change, token: &Api) -> Result<()> {
    tx.execute(sql!("DELETE FROM api_tokens WHERE id = $1", token.id)).await?;
    tx.record(recorded(Fact::ApiTokenDeleted, Some(token), None));
    Ok(())
}

fn recorded(fact: Fact, before: Option<&Api>, after: Option<&Api>) -> Event {
    let token = after.or(before);
    let project = token.map(|token| token.projects.join(","));
    let environment = token.map(|token| token.environment.clone());
    match (before, after) {
        (Some(before), Some(after)) => Event::updated(fact, before, after),
        (Some(before), None) => Event::deleted(fact, before),
        (_, after) => Event::created(fact, &after),
    }
    .within(project, environment)
}

/// A new selector and the whole token.
fn mint(entropy: &Entropy, prefix: &str) -> (String, String) {
    let selector = entropy.base64url::<16>();
    let token = format!("{prefix}v2_{selector}_{}", entropy.base64url::<32>());
    (selector, token)
}
