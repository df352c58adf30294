//! Commits that last, many at once (decision 6).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sqlx::PgPool;
use tokio::sync::Mutex;

use super::dialect;
use crate::error::Result;

/// Makes commits last that were made without waiting for the disk. One write serves everybody who waits for it.
pub(super) struct Lasting {
    log: Log,
    /// How often somebody asked.
    asked: AtomicU64,
    /// Everybody up to here has it. Whoever holds this writes for all who asked before.
    done: Mutex<u64>,
    /// Everybody who is about to write has one.
    turns: Arc<()>,
}

/// Somebody is about to write, until this is dropped.
pub(super) struct Turn(Arc<()>);

impl Turn {
    /// True if others are about to write, too.
    pub(super) fn others(&self) -> bool {
        Arc::strong_count(&self.0) > 2
    }
}

/// What a database writes its commits to.
pub(super) enum Log {
    /// SQLite's write-ahead log.
    File {
        path: PathBuf,
        /// A disk that failed once may say yes the next time, and have lost what it refused before.
        failed: Arc<AtomicBool>,
    },
    /// Whatever PostgreSQL does for a commit that is not asked to hurry.
    Server(PgPool),
}

impl Lasting {
    pub(super) fn new(log: Log) -> Self {
        Self { log, asked: AtomicU64::new(0), done: Mutex::new(0), turns: Arc::default() }
    }

    pub(super) fn turn(&self) -> Turn {
        Turn(self.turns.clone())
    }

    /// Returns when everything that was committed before the call lasts. An error means that this is not known.
    pub(super) async fn wait(&self) -> Result<()> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.done.lock().await;
        if *done < mine {
            let all = self.asked.load(Ordering::SeqCst);
            self.log.write().await?;
            *done = all;
        }
        Ok(())
    }
}

impl Log {
    async fn write(&self) -> Result<()> {
        match self {
            Self::File { path, failed } => {
                let (path, failed) = (path.clone(), failed.clone());
                let written = tokio::task::spawn_blocking(move || {
                    if failed.load(Ordering::SeqCst) {
                        return Err(std::io::Error::other(
                            "an earlier write did not reach the disk; restart",
                        ));
                    }
                    sync(&path).inspect_err(|_| failed.store(true, Ordering::SeqCst))
                });
                written.await.map_err(|_| sqlx::Error::WorkerCrashed)?.map_err(sqlx::Error::Io)?;
            }
            Self::Server(pool) => {
                sqlx::query(dialect::FLUSH).execute(pool).await?;
            }
        }
        Ok(())
    }
}

/// The file is opened anew each time: it is gone, and everything in the database itself, whenever the last connection
/// was closed. SQLite holds no locks on it that closing it could end.
fn sync(path: &PathBuf) -> std::io::Result<()> {
    match std::fs::File::open(path) {
        Ok(file) => file.sync_data(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
