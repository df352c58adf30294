//! The API tokens of clients, by digest: who is let in is decided without asking the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::scope::Scope;
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::digest;
use crate::error::Result;
use crate::people::api_token::Kind;
use crate::sql;

/// All API tokens.
#[derive(Default)]
pub(super) struct Tokens {
    by_digest: HashMap<String, Arc<Token>>,
    by_listening_key: HashMap<String, Arc<Token>>,
}

/// An API token.
pub struct Token {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub kind: Kind,
    /// Whose flags it gets; the environment of admin tokens is `*`.
    pub scope: Arc<Scope>,
    /// Lets whoever has it be told that something changed, and nothing else: for addresses, where no token should stand.
    /// The token does not follow from it.
    pub listening_key: String,
    expires_at: Option<Time>,
    /// Fires when it is not there any more, or not as it was.
    pub gone: CancellationToken,
}

impl Tokens {
    /// Loads all of them. Those that are as `before` stay the same.
    pub(super) async fn load(tx: &mut Read, before: &Self) -> Result<Self> {
        #[derive(sqlx::FromRow)]
        struct Row {
            id: i64,
            #[sqlx(rename = "type", try_from = "String")]
            kind: Kind,
            environment: String,
            digest: String,
            alias: Option<String>,
            expires_at: Option<Time>,
        }
        let rows: Vec<Row> = tx
            .all(sql!("SELECT id, type, environment, digest, alias, expires_at FROM api_tokens ORDER BY id"))
            .await?;
        let pairs: Vec<(i64, String)> =
            tx.all(sql!("SELECT token_id, project FROM api_token_projects")).await?;
        let mut projects: HashMap<i64, BTreeSet<String>> = HashMap::new();
        for (token, project) in pairs {
            projects.entry(token).or_default().insert(project);
        }
        let mut tokens = HashMap::with_capacity(rows.len());
        for row in rows {
            let scope = Scope { environment: row.environment, projects: projects.remove(&row.id) };
            let same = |token: &&Arc<Token>| {
                token.id == row.id && *token.scope == scope && token.expires_at == row.expires_at
            };
            let token = match before.by_digest.get(&row.digest).filter(same) {
                Some(token) => token.clone(),
                None => Arc::new(Token {
                    id: row.id,
                    kind: row.kind,
                    scope: Arc::new(scope),
                    listening_key: digest(&format!("listening with {}", row.digest)),
                    expires_at: row.expires_at,
                    gone: CancellationToken::new(),
                }),
            };
            tokens.insert(row.digest, token.clone());
            // A secret of its own comes before the alias of another token.
            if let Some(alias) = row.alias {
                tokens.entry(alias).or_insert(token);
            }
        }
        let keys = tokens.values().map(|token| (token.listening_key.clone(), token.clone()));
        Ok(Self { by_listening_key: keys.collect(), by_digest: tokens })
    }

    /// Lets those `before` tell that they are gone which are not the same any more.
    pub(super) fn end_others(&self, before: &Self) {
        for (digest, token) in &before.by_digest {
            if !self.by_digest.get(digest).is_some_and(|now| Arc::ptr_eq(now, token)) {
                token.gone.cancel();
            }
        }
    }

    /// The token with this secret.
    pub(super) fn find(&self, secret: &str) -> Option<&Arc<Token>> {
        self.by_digest.get(&digest(secret))
    }

    /// The token that listens with this key.
    pub(super) fn listening(&self, key: &str) -> Option<&Arc<Token>> {
        self.by_listening_key.get(key)
    }
}

impl Token {
    /// True if it does not work any more.
    pub fn is_over(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
