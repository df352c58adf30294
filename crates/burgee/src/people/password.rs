//! Passwords: what is acceptable, how they are hashed (argon2id), and how imported bcrypt hashes are recognised.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params, PasswordHash};
use tokio::sync::Semaphore;

use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::Change;
use crate::sql;

/// How many former passwords are refused.
const REMEMBERED: i64 = 5;
/// Longer passwords are refused: hashing them would be a way to keep the server busy.
const LONGEST: usize = 128;

/// How much work a hash takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// 19 MiB and two passes: what OWASP recommends of argon2id.
    #[default]
    Full,
    /// Next to nothing, for tests that are about something else. Never for production.
    Least,
}

/// Hashes and verifies, one password per processor at a time: each takes 19 MiB and some ten milliseconds.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    entropy: Entropy,
    effort: Effort,
}

/// What verifying a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, but the hash is in an old form: hash it again.
    RightButOld,
}

impl Passwords {
    /// A hasher that draws salts from `entropy`.
    pub fn new(entropy: Entropy, effort: Effort) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self { turns: Arc::new(Semaphore::new(processors)), entropy, effort }
    }

    /// An argon2id hash in PHC string form.
    pub async fn hash(&self, password: String) -> Result<String> {
        let (salt, effort) = (self.entropy.bytes::<16>(), self.effort);
        self.work(move || {
            let hash = hasher(effort)?.hash_password_with_salt(password.as_bytes(), &salt).map_err(broken)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Compares a password with a hash. Without a hash it takes as long, and is wrong: who asks cannot tell whether
    /// the person exists.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Verdict> {
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                              AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        self.work(move || {
            let hash = hash.as_deref().unwrap_or(NOBODY);
            if ["$2a$", "$2b$", "$2y$"].iter().any(|mark| hash.starts_with(mark)) {
                let right = bcrypt::verify(&password, hash).unwrap_or(false);
                return Ok(if right { Verdict::RightButOld } else { Verdict::Wrong });
            }
            let parsed = PasswordHash::new(hash).map_err(broken)?;
            // What it was made with stands in the hash.
            let right = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(if right { Verdict::Right } else { Verdict::Wrong })
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let turn = self.turns.clone().acquire_owned().await.map_err(Error::internal)?;
        // It lasts as long as the work, also if whoever asked for that is gone.
        let work = move || {
            let _turn = turn;
            job()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

fn hasher(effort: Effort) -> Result<Argon2<'static>> {
    let (memory, passes) = match effort {
        Effort::Full => (19 * 1024, 2),
        Effort::Least => (Params::MIN_M_COST, Params::MIN_T_COST),
    };
    let params = Params::new(memory, passes, 1, None).map_err(broken)?;
    Ok(Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params))
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::internal(anyhow::anyhow!("password hashing: {error}"))
}

/// Refuses a password that is too easy to guess, naming every rule it breaks.
pub fn check_strength(password: &str) -> Result<()> {
    let mut broken = Vec::new();
    let mut rule = |kept: bool, text: &str| {
        if !kept {
            broken.push(text.to_owned());
        }
    };
    let count = password.chars().count();
    rule(count >= 10, "The password must be at least 10 characters long.");
    rule(count <= LONGEST, "The password must be fewer than 128 characters.");
    let letters: Vec<char> = password.chars().collect();
    rule(
        !letters.windows(3).any(|w| w[0] == w[1] && w[1] == w[2]),
        "The password may not contain sequences of three or more repeated characters.",
    );
    rule(
        password.chars().any(char::is_lowercase),
        "The password must contain at least one lowercase letter.",
    );
    rule(
        password.chars().any(char::is_uppercase),
        "The password must contain at least one uppercase letter.",
    );
    rule(password.chars().any(|c| c.is_ascii_digit()), "The password must contain at least one number.");
    rule(
        password.chars().any(|c| !c.is_alphanumeric()),
        "The password must contain at least one special character.",
    );
    if broken.is_empty() {
        return Ok(());
    }
    Err(Error::with_details(Kind::WeakPassword, broken.join(" "), broken))
}

/// The longest password worth hashing; longer input is wrong without a look.
pub fn is_too_long(password: &str) -> bool {
    password.chars().count() > LONGEST
}

/// Sets a password that [`accept`] has let through, and ends every session but the one given.
pub async fn set(tx: &mut Change, user: i64, hash: &str, keep_session: Option<&str>) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE users SET password_hash = $2, updated_at = $3, version = version + 1 WHERE id = $1",
        user,
        hash,
        now
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO used_passwords (user_id, password_hash, used_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, used_at) DO UPDATE SET password_hash = excluded.password_hash",
        user,
        hash,
        now
    ))
    .await?;
    tx.execute(sql!(
        "DELETE FROM used_passwords WHERE user_id = $1 AND used_at NOT IN
             (SELECT used_at FROM used_passwords WHERE user_id = $1 ORDER BY used_at DESC LIMIT $2)",
        user,
        REMEMBERED
    ))
    .await?;
    let kept = keep_session.map(digest).unwrap_or_default();
    tx.execute(sql!("DELETE FROM sessions WHERE user_id = $1 AND digest <> $2", user, kept)).await?;
    tx.execute(sql!("DELETE FROM reset_tokens WHERE user_id = $1 AND used_at IS NULL", user)).await?;
    Ok(())
}

/// The hash of somebody's password, if one is set.
pub async fn hash_of(tx: &mut crate::db::Read, user: i64) -> Result<Option<String>> {
    let (hash,): (Option<String>,) =
        tx.one(sql!("SELECT password_hash FROM users WHERE id = $1", user)).await?;
    Ok(hash)
}

/// The hashes of the passwords that may not come back, the present one included.
pub async fn remembered(tx: &mut crate::db::Read, user: i64) -> Result<Vec<String>> {
    let hashes: Vec<(String,)> =
        tx.all(sql!("SELECT password_hash FROM used_passwords WHERE user_id = $1", user)).await?;
    Ok(hashes.into_iter().map(|(hash,)| hash).collect())
}

/// Refuses a password that is weak or was used recently, and hashes it.
pub async fn accept(passwords: &Passwords, password: &str, remembered: Vec<String>) -> Result<String> {
    check_strength(password)?;
    for hash in remembered {
        if passwords.verify(password.to_owned(), Some(hash)).await? != Verdict::Wrong {
            return Err(Error::rejected(
                Kind::PasswordPreviouslyUsed,
                "You've previously used this password. Please use a new password.",
            ));
        }
    }
    passwords.hash(password.to_owned()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_password_is_told_every_rule_it_breaks() {
        assert!(check_strength("Str0ng-enough").is_ok());
        let Err(Error::Rejected(rejection)) = check_strength("aaa") else { panic!("accepted") };
        assert_eq!(rejection.details.len(), 5);
    }

    #[tokio::test]
    async fn hashes_verify_and_old_ones_are_recognised() {
        let passwords = Passwords::new(Entropy::System, Effort::Full);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap(),
            Verdict::Right
        );
        assert_eq!(passwords.verify("wrong".into(), Some(hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(passwords.verify("wrong".into(), None).await.unwrap(), Verdict::Wrong);
        let old = bcrypt::hash("correct horse", 4).unwrap();
        assert_eq!(passwords.verify("correct horse".into(), Some(old)).await.unwrap(), Verdict::RightButOld);
    }
}
