//! Who is signed in, as admins see it.

use serde_json::json;

use crate::clock::Time;
use crate::db::{Read, Sql, dialect};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// A session. Its id is the digest of its secret: it names the session and opens nothing.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// What names it.
    pub digest: String,
    /// Whose it is.
    pub user_id: i64,
    /// Their user name.
    pub username: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// From where they signed in.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: Time,
    /// When the session ends by itself.
    pub expires_at: Time,
}

impl Session {
    /// The name of the browser.
    pub fn browser(&self) -> Option<&'static str> {
        browser(self.user_agent.as_deref().unwrap_or_default())
    }

    /// The kind of device: `desktop`, `mobile` or `tablet`.
    pub fn device(&self) -> &'static str {
        device(self.user_agent.as_deref().unwrap_or_default())
    }
}

/// The name of the browser. The order matters: most of them say that they are another one, too.
fn browser(agent: &str) -> Option<&'static str> {
    let marks = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    marks.into_iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| name)
}

fn device(agent: &str) -> &'static str {
    let says = |word: &str| agent.contains(word);
    if says("iPad") || says("Tablet") || (says("Android") && !says("Mobile")) {
        "tablet"
    } else if says("Mobi") || says("iPhone") {
        "mobile"
    } else {
        "desktop"
    }
}

/// All sessions that live, the newest first.
pub async fn list(tx: &mut Read, now: Time) -> Result<Vec<Session>> {
    tx.all(sql!(
        "SELECT s.digest, s.user_id, u.username, u.email, s.ip, s.user_agent, s.created_at, s.expires_at
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.expires_at > $1
         ORDER BY s.created_at DESC, s.digest",
        now
    ))
    .await
}

/// A page of the sessions that live, the newest first, and how many there are: those of people by whose name, as lists
/// show it here, `text` is found.
pub async fn search(
    tx: &mut Read,
    now: Time,
    text: &str,
    (offset, limit): (i64, i64),
) -> Result<(Vec<Session>, i64)> {
    let (start, middle, end) = dialect::contains(tx.engine());
    let condition = |sql: &mut Sql| {
        sql.push(" FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.expires_at > ").bind(now);
        if !text.is_empty() {
            sql.push(" AND ").push(start).push("COALESCE(u.email_ci, u.username_ci)").push(middle);
            sql.bind(burgee_scim::fold(text)).push(end);
        }
    };
    let mut counted = Sql::build("SELECT COUNT(*)");
    condition(&mut counted);
    let (total,): (i64,) = tx.one(counted).await?;
    let mut page = Sql::build(
        "SELECT s.digest, s.user_id, u.username, u.email, s.ip, s.user_agent, s.created_at, s.expires_at",
    );
    condition(&mut page);
    page.push(" ORDER BY s.created_at DESC, s.digest LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    Ok((tx.all(page).await?, total))
}

/// The sessions of one person that live, the newest first.
pub async fn of(tx: &mut Read, user: i64, now: Time) -> Result<Vec<Session>> {
    tx.all(sql!(
        "SELECT s.digest, s.user_id, u.username, u.email, s.ip, s.user_agent, s.created_at, s.expires_at
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1 AND s.expires_at > $2
         ORDER BY s.created_at DESC, s.digest",
        user,
        now
    ))
    .await
}

/// Ends a session, and records that somebody did.
pub async fn end(tx: &mut Change, digest: &str) -> Result<()> {
    let found: Option<(i64, Option<String>, Option<String>)> = tx
        .optional(sql!(
            "SELECT u.id, u.username, u.email FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.digest = $1",
            digest
        ))
        .await?;
    let (user, username, email) = found.ok_or_else(|| Error::not_found("Could not find session"))?;
    tx.execute(sql!("DELETE FROM sessions WHERE digest = $1", digest)).await?;
    let state = json!({ "userId": user, "username": username, "email": email });
    tx.record(Event::deleted(Fact::SessionEnded, &state));
    Ok(())
}

/// Ends sessions of one person: the one with this digest, all but one, or all.
pub async fn end_of(tx: &mut Change, user: i64, which: Which<'_>) -> Result<()> {
    let now = tx.now();
    for session in of(tx, user, now).await? {
        let ends = match which {
            Which::One(digest) => session.digest == digest,
            Which::Others(kept) => session.digest != kept,
            Which::All => true,
        };
        if ends {
            end(tx, &session.digest).await?;
        }
    }
    Ok(())
}

/// Which of somebody's sessions.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// The one with this digest; one that is somebody else's, or over, is no error.
    One(&'a str),
    /// All but this one.
    Others(&'a str),
    /// All.
    All,
}

#[cfg(test)]
mod tests {
    use super::{browser, device};

    #[test]
    fn browsers_are_known_by_what_they_say() {
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit/605 Version/19.0 Mobile/15E Safari/604.1";
        let tablet = "Mozilla/5.0 (Linux; Android 15; SM-X810) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";
        assert_eq!((browser(edge), device(edge)), (Some("Edge"), "desktop"));
        assert_eq!((browser(phone), device(phone)), (Some("Safari"), "mobile"));
        assert_eq!((browser(tablet), device(tablet)), (Some("Chrome"), "tablet"));
        assert_eq!((browser(""), device("")), (None, "desktop"));
    }
}
