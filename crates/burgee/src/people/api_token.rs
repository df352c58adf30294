//! API tokens: with which SDKs ask for flags, and which once served for administration.
//!
//! Only the digest of a token is stored; its selector names it to people afterwards. A token may have a second
//! secret, its alias: one under which an older server knew it. Its digest is stored, too, and it is never shown.

use std::collections::HashMap;

use serde::Serialize;

use super::token::mint;
use crate::access::{Hidden, Permission};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind as No, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// The longest name, in characters.
const LONGEST_NAME: usize = 255;

/// All projects, or all environments.
pub const EVERYWHERE: &str = "*";

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Acts like an admin. Made on the first start only.
    Admin,
    /// For server-side SDKs; Unleash's newer name for it is `backend`.
    Client,
    /// For SDKs in browsers and apps.
    Frontend,
}

/// What is done with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create,
    /// See that it exists.
    Read,
    /// Say when it stops working.
    Update,
    /// Delete it.
    Delete,
}

impl Kind {
    /// As it is stored and listed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Client => "client",
            Self::Frontend => "frontend",
        }
    }

    /// As it is posted, in any case of letters. Admin tokens cannot be posted.
    pub fn posted(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "client" | "backend" => Some(Self::Client),
            "frontend" => Some(Self::Frontend),
            _ => None,
        }
    }

    /// The permission that an action on such a token takes.
    pub const fn permission(self, action: Action) -> &'static [Permission] {
        use Permission as P;
        match (self, action) {
            (Self::Admin, _) => &[P::Admin],
            (Self::Client, Action::Create) => &[P::CreateClientApiToken],
            (Self::Client, Action::Read) => &[P::ReadClientApiToken],
            (Self::Client, Action::Update) => &[P::UpdateClientApiToken],
            (Self::Client, Action::Delete) => &[P::DeleteClientApiToken],
            (Self::Frontend, Action::Create) => &[P::CreateFrontendApiToken],
            (Self::Frontend, Action::Read) => &[P::ReadFrontendApiToken],
            (Self::Frontend, Action::Update) => &[P::UpdateFrontendApiToken],
            (Self::Frontend, Action::Delete) => &[P::DeleteFrontendApiToken],
        }
    }
}

impl From<String> for Kind {
    fn from(text: String) -> Self {
        match text.as_str() {
            "admin" => Self::Admin,
            "frontend" => Self::Frontend,
            _ => Self::Client,
        }
    }
}

/// An API token, without its secret.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// What names it, in place of the secret.
    pub selector: String,
    /// What people call it.
    pub token_name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The environment; `*` for admin tokens.
    pub environment: String,
    /// The projects; `*` means all.
    pub projects: Vec<String>,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// Who made it, if that is known.
    #[serde(skip)]
    pub created_by: Option<String>,
    /// When it was last used.
    #[serde(skip)]
    pub seen_at: Option<Time>,
    /// Its number.
    #[serde(skip)]
    pub id: i64,
}

/// What it takes to make an API token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// The environment; `*` for admin tokens.
    pub environment: String,
    /// The projects; empty or `*` means all.
    pub projects: Vec<String>,
    /// When it stops working. A moment that has passed is taken, as Unleash takes it: the token never works.
    pub expires_at: Option<Time>,
    /// The whole token, if it exists elsewhere already.
    pub secret: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    #[sqlx(rename = "type", try_from = "String")]
    kind: Kind,
    environment: String,
    selector: String,
    expires_at: Option<Time>,
    created_at: Time,
    created_by: Option<String>,
    seen_at: Option<Time>,
}

/// The tokens of applications that reach a project, perhaps only the one with a selector: number, and when each was
/// last used, as far as that is written.
pub async fn last_uses(
    tx: &mut Read,
    project: &str,
    selector: Option<&str>,
) -> Result<Vec<(i64, Option<Time>)>> {
    tx.all(sql!(
        "SELECT t.id, n.last_at FROM api_tokens t LEFT JOIN seen n ON n.subject = 'api-token' AND n.id = t.id
         WHERE t.type <> 'admin' AND ($1 = '' OR t.selector = $1) AND (
             EXISTS (SELECT 1 FROM api_token_projects p WHERE p.token_id = t.id AND p.project = $2)
             OR NOT EXISTS (SELECT 1 FROM api_token_projects p WHERE p.token_id = t.id))",
        selector.unwrap_or_default(),
        project
    ))
    .await
}

/// All API tokens.
pub async fn list(tx: &mut Read) -> Result<Vec<ApiToken>> {
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT t.id, t.name, t.type, t.environment, t.selector, t.expires_at, t.created_at,
                    t.created_by, n.last_at AS seen_at
             FROM api_tokens t LEFT JOIN seen n ON n.subject = 'api-token' AND n.id = t.id ORDER BY t.id"
        ))
        .await?;
    let pairs: Vec<(i64, String)> =
        tx.all(sql!("SELECT token_id, project FROM api_token_projects ORDER BY token_id, project")).await?;
    let mut reach: HashMap<i64, Vec<String>> = HashMap::new();
    for (id, project) in pairs {
        reach.entry(id).or_default().push(project);
    }
    Ok(rows
        .into_iter()
        .map(|row| ApiToken {
            selector: row.selector,
            token_name: row.name,
            kind: row.kind,
            environment: row.environment,
            projects: reach.remove(&row.id).unwrap_or_else(|| vec![EVERYWHERE.to_owned()]),
            expires_at: row.expires_at,
            created_at: row.created_at,
            created_by: row.created_by,
            seen_at: row.seen_at,
            id: row.id,
        })
        .collect())
}

/// The API tokens that somebody sees: none that reaches a project which is hidden from them.
pub async fn visible(tx: &mut Read, hidden: &Hidden) -> Result<impl Iterator<Item = ApiToken> + use<>> {
    let mut tokens = list(tx).await?;
    tokens.retain(|token| !hidden.hides(&token.projects));
    Ok(tokens.into_iter())
}

/// The API token with this selector or whole secret, if it is seen.
pub async fn find(tx: &mut Read, hidden: &Hidden, text: &str) -> Result<Option<ApiToken>> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM api_tokens WHERE selector = $1 OR digest = $2 OR alias = $2",
            text,
            digest(text)
        ))
        .await?;
    let Some((id,)) = found else { return Ok(None) };
    Ok(visible(tx, hidden).await?.find(|token| token.id == id))
}

/// Refuses one more token than `limit`.
pub async fn ensure_room(tx: &mut Read, limit: i64) -> Result<()> {
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM api_tokens")).await?;
    if count < limit {
        return Ok(());
    }
    Err(Error::rejected(
        No::ExceedsLimit,
        format!("Failed to create API token. You can't create more than the established limit of {limit}."),
    ))
}

/// Makes an API token; the secret is returned once.
pub async fn create(tx: &mut Change, entropy: &Entropy, new: NewToken) -> Result<(ApiToken, String)> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::bad_data(format!(
            "The token name must have between 1 and {LONGEST_NAME} characters."
        )));
    }
    let everywhere = new.projects.is_empty() || new.projects.iter().any(|project| project == EVERYWHERE);
    let mut projects = if everywhere { vec![EVERYWHERE.to_owned()] } else { new.projects };
    projects.sort();
    projects.dedup();
    let prefix = match projects.as_slice() {
        [one] => format!("{one}:{}.", new.environment),
        _ => format!("[]:{}.", new.environment),
    };
    let (selector, minted) = mint(entropy, &prefix);
    let secret = new.secret.unwrap_or(minted);
    let (now, author) = (tx.now(), tx.actor().name.clone());
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO api_tokens (name, type, environment, selector, digest, expires_at, created_at, created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            &name,
            new.kind.as_str(),
            &new.environment,
            &selector,
            digest(&secret),
            new.expires_at,
            now,
            &author
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
    let token = ApiToken {
        selector,
        token_name: name,
        kind: new.kind,
        environment: new.environment,
        projects,
        expires_at: new.expires_at,
        created_at: now,
        created_by: Some(author),
        seen_at: None,
        id,
    };
    tx.record(recorded(Fact::ApiTokenCreated, None, Some(&token)));
    Ok((token, secret))
}

/// Changes when an API token stops working.
pub async fn prolong(tx: &mut Change, token: &ApiToken, expires_at: Time) -> Result<()> {
    tx.execute(sql!("UPDATE api_tokens SET expires_at = $2 WHERE id = $1", token.id, expires_at)).await?;
    let after = ApiToken { expires_at: Some(expires_at), ..token.clone() };
    tx.record(recorded(Fact::ApiTokenUpdated, Some(token), Some(&after)));
    Ok(())
}

/// Deletes an API token.
pub async fn delete(tx: &mut Change, token: &ApiToken) -> Result<()> {
    tx.execute(sql!("DELETE FROM api_tokens WHERE id = $1", token.id)).await?;
    tx.record(recorded(Fact::ApiTokenDeleted, Some(token), None));
    Ok(())
}

fn recorded(fact: Fact, before: Option<&ApiToken>, after: Option<&ApiToken>) -> Event {
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
