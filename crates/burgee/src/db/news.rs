//! News: something was committed that whoever keeps copies of the data has to read.
//!
//! News are a hint; they carry nothing, and one may stand for many. What was committed says the log of events.

use std::future::pending;
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::dialect::{CHANNEL, TELL};
use super::{Db, Pools};

/// After how long something is assumed to be new: hints get lost while a connection is away.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Who waits for news. There is one for each [`Db`].
pub struct News {
    db: Db,
    /// What other servers tell; PostgreSQL only, and not while its connection is away.
    others: Option<PgListener>,
}

impl Db {
    /// Tells whoever waits for news, here and on the other servers, that there are some.
    pub(crate) fn announce(&self) {
        self.announced.notify_one();
    }

    /// Begins to listen.
    pub async fn news(&self) -> News {
        let mut news = News { db: self.clone(), others: None };
        news.listen().await;
        news
    }
}

impl News {
    /// Waits until there may be something new.
    pub async fn next(&mut self) {
        let others = async {
            match &mut self.others {
                Some(listener) => listener.recv().await.is_ok(),
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.db.announced.notified() => self.tell().await,
            heard = others => if !heard { self.others = None },
            () = tokio::time::sleep(AT_LEAST) => if self.others.is_none() { self.listen().await },
        }
    }

    async fn listen(&mut self) {
        let Pools::Postgres { aside, .. } = &self.db.pools else { return };
        let connected = async {
            let mut listener = PgListener::connect_with(aside).await?;
            listener.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match connected.await {
            Ok(listener) => self.others = Some(listener),
            Err(error) => tracing::warn!(%error, "cannot hear what other servers do; asking every second"),
        }
    }

    async fn tell(&self) {
        let Pools::Postgres { aside, .. } = &self.db.pools else { return };
        if let Err(error) = sqlx::query(TELL).execute(aside).await {
            tracing::warn!(%error, "cannot tell other servers that something changed; they ask every second");
        }
    }
}
