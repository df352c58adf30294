//! What people have seen of the pages, what they were asked, and what they think. Bookkeeping, but for the mails they
//! do not want.

use serde_json::json;

use crate::clock::Time;
use crate::db::{Db, Read};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::{keep, sql};

/// How many splashes and questions are kept of one person.
const PER_PERSON: i64 = 100;
/// How many opinions are kept.
const OPINIONS: i64 = 1000;
/// The longest name of a splash or question.
const LONGEST: usize = 255;

/// The mails that people get unless they say otherwise.
pub const SUBSCRIPTIONS: [&str; 1] = ["productivity-report"];

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > LONGEST {
        return Err(Error::bad_data(format!("The name must have between 1 and {LONGEST} characters.")));
    }
    Ok(())
}

/// Notes that somebody has seen a splash.
pub async fn see(db: &Db, user: i64, splash: &str) -> Result<()> {
    check_name(splash)?;
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "INSERT INTO splashes (user_id, splash) SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT)
         WHERE (SELECT COUNT(*) FROM splashes WHERE user_id = $1) < $3 ON CONFLICT (user_id, splash) DO NOTHING",
        user,
        splash,
        PER_PERSON
    ))
    .await?;
    tx.commit().await
}

/// The splashes that somebody has seen.
pub async fn seen(tx: &mut Read, user: i64) -> Result<Vec<String>> {
    let names: Vec<(String,)> =
        tx.all(sql!("SELECT splash FROM splashes WHERE user_id = $1 ORDER BY splash", user)).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

/// A question that somebody was asked.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Asked {
    /// Which.
    pub feedback_id: String,
    /// When it was answered.
    pub given: Option<Time>,
    /// Whether not to ask again.
    pub never_show: bool,
}

/// Notes that somebody was asked.
pub async fn ask(db: &Db, user: i64, asked: &Asked) -> Result<()> {
    check_name(&asked.feedback_id)?;
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "INSERT INTO user_feedback (user_id, feedback_id, given, never_show)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BOOLEAN)
         WHERE (SELECT COUNT(*) FROM user_feedback WHERE user_id = $1 AND feedback_id <> $2) < $5
         ON CONFLICT (user_id, feedback_id) DO UPDATE SET given = excluded.given, never_show = excluded.never_show",
        user,
        &asked.feedback_id,
        asked.given,
        asked.never_show,
        PER_PERSON
    ))
    .await?;
    tx.commit().await
}

/// What somebody was asked.
pub async fn asked(tx: &mut Read, user: i64) -> Result<Vec<Asked>> {
    tx.all(sql!(
        "SELECT feedback_id, given, never_show FROM user_feedback WHERE user_id = $1 ORDER BY feedback_id",
        user
    ))
    .await
}

/// What somebody thinks.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Opinion {
    /// Its number.
    pub id: i64,
    /// About what.
    pub category: String,
    /// What kind of user thinks so.
    pub user_type: Option<String>,
    /// How hard it was.
    pub difficulty_score: Option<i64>,
    /// What is good.
    pub positive: Option<String>,
    /// What is not.
    pub areas_for_improvement: Option<String>,
    /// Since when.
    pub created_at: Time,
}

/// Keeps an opinion; the oldest ones make room. Returns it with its number.
pub async fn keep(db: &Db, opinion: Opinion) -> Result<Opinion> {
    let mut tx = db.bookkeep().await?;
    let inserted: Option<(i64,)> = tx
        .optional(keep!(
            "INSERT INTO feedback (category, user_type, difficulty_score, positive, areas_for_improvement, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            &opinion.category,
            opinion.user_type.clone(),
            opinion.difficulty_score,
            opinion.positive.clone(),
            opinion.areas_for_improvement.clone(),
            opinion.created_at
        ))
        .await?;
    tx.execute(keep!(
        "DELETE FROM feedback WHERE id NOT IN (SELECT id FROM feedback ORDER BY id DESC LIMIT $1)",
        OPINIONS
    ))
    .await?;
    tx.commit().await?;
    Ok(Opinion { id: inserted.map_or(0, |(id,)| id), ..opinion })
}

/// All opinions, the newest first.
pub async fn opinions(tx: &mut Read) -> Result<Vec<Opinion>> {
    tx.all(sql!(
        "SELECT id, category, user_type, difficulty_score, positive, areas_for_improvement, created_at
         FROM feedback ORDER BY id DESC"
    ))
    .await
}

/// The mails that somebody gets.
pub async fn subscriptions(tx: &mut Read, user: i64) -> Result<Vec<String>> {
    let unwanted: Vec<(String,)> =
        tx.all(sql!("SELECT subscription FROM unsubscriptions WHERE user_id = $1", user)).await?;
    let wanted = |name: &&str| !unwanted.iter().any(|(unwanted,)| unwanted == name);
    Ok(SUBSCRIPTIONS.into_iter().filter(wanted).map(str::to_owned).collect())
}

/// Says whether somebody wants a mail.
pub async fn subscribe(tx: &mut Change, user: i64, subscription: &str, wanted: bool) -> Result<()> {
    if !SUBSCRIPTIONS.contains(&subscription) {
        return Err(Error::not_found(format!("There is no subscription {subscription}")));
    }
    if subscriptions(tx, user).await?.iter().any(|name| name == subscription) == wanted {
        return Ok(());
    }
    tx.execute(if wanted {
        sql!("DELETE FROM unsubscriptions WHERE user_id = $1 AND subscription = $2", user, subscription)
    } else {
        sql!("INSERT INTO unsubscriptions (user_id, subscription) VALUES ($1, $2)", user, subscription)
    })
    .await?;
    let state = |wanted: bool| json!({ "userId": user, "subscription": subscription, "subscribed": wanted });
    tx.record(Event::updated(Fact::PreferenceUpdated, &state(!wanted), &state(wanted)));
    Ok(())
}
