//! The database: SQLite or PostgreSQL behind one door.
//!
//! Reading needs nothing ([`Db::read`]). Changing audited tables needs a grant and ends with an event
//! ([`Db::change`], defined in [`crate::events`]). Tables that need no audit go through [`Db::bookkeep`]. The engine
//! behind it shows nowhere else: one SQL text serves both, and [`dialect`] holds what differs.

mod connection;
pub mod dialect;
pub mod file;
mod json;
mod lasting;
mod migrate;
mod news;
mod sql;
mod whole;

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
#[doc(hidden)]
pub use inventory;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, PgPool, SqlSafeStr, SqlitePool, Transaction};
use tokio::sync::Notify;

pub use self::connection::Row;
use self::connection::{Connection, Found, Within};
pub use self::dialect::Engine;
use self::dialect::{begin_read, begin_write};
pub use self::json::Json;
use self::lasting::{Lasting, Log, Turn};
pub use self::news::News;
pub use self::sql::{Keep, Registered, Sql, Statement, Value};
use self::whole::Whole;
use crate::error::{Error, Result};

/// How many connections read at once (SQLite) or in all (PostgreSQL).
const READERS: u32 = 8;
const CONNECTIONS: u32 = 16;
/// A connection to PostgreSQL that was quiet for longer is asked for a sign of life before it is used: the server may
/// have been restarted. Asking every time costs each transaction a round trip.
const TRUSTED: Duration = Duration::from_secs(1);

/// How many there are in all, if a page tells: it is the last one, and not empty unless it is the first one, too.
pub(crate) fn last_page(found: usize, offset: i64, limit: i64) -> Option<i64> {
    let found = i64::try_from(found).ok()?;
    (found < limit && (found > 0 || offset == 0)).then(|| offset.saturating_add(found))
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    lasting: Arc<Lasting>,
    /// Something was committed that [`News`] are about.
    announced: Arc<Notify>,
}

#[derive(Clone)]
enum Pools {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        /// Held, not used: nobody else serves this file.
        _taken: Option<Arc<File>>,
    },
    /// `aside` is for whoever cannot wait for those who hold the connections of the pool.
    Postgres { pool: PgPool, aside: PgPool },
}

impl Db {
    /// Opens the database at `url` (`sqlite:PATH` or `postgres://…`) for a server and brings its schema up to date.
    /// Refuses an SQLite database that another server has open.
    pub async fn open(url: &str) -> Result<Self> {
        let Some(file) = file::of(url) else { return Self::attach(url).await };
        file::make(&file)?;
        // Before anything is migrated: the server that has it may be of another version.
        let taken = file::take(&file)?;
        Self::migrated(open_sqlite(&file, Some(Arc::new(taken))).await?).await
    }

    /// Like [`Db::open`], beside a server that may be running.
    pub async fn attach(url: &str) -> Result<Self> {
        let opened = if let Some(file) = file::of(url) {
            file::make(&file)?;
            open_sqlite(&file, None).await?
        } else {
            open_postgres(url).await?
        };
        Self::migrated(opened).await
    }

    async fn migrated((pools, log): (Pools, Log)) -> Result<Self> {
        match &pools {
            Pools::Sqlite { writer, .. } => migrate::migrator(Engine::Sqlite).run(writer).await,
            Pools::Postgres { pool, .. } => migrate::migrator(Engine::Postgres).run(pool).await,
        }
        .map_err(Error::internal)?;
        Ok(Self { pools, lasting: Arc::new(Lasting::new(log)), announced: Arc::default() })
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        self.read().await?.one::<(i64,)>(Sql::build("SELECT CAST(1 AS BIGINT)")).await.map(drop)
    }

    /// Name and version of the engine, and the number of the last migration.
    pub async fn about(&self) -> Result<(&'static str, String, i64)> {
        let mut tx = self.read().await?;
        let (version,): (String,) = tx.one(Sql::build(dialect::version(self.engine()))).await?;
        let (schema,): (i64,) =
            tx.one(Sql::build("SELECT CAST(MAX(version) AS BIGINT) FROM _sqlx_migrations")).await?;
        Ok((self.engine().name(), version, schema))
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// One consistent view of the data. The engine refuses writes. Whatever keeps it from beginning, the database is
    /// not available.
    pub async fn read(&self) -> Result<Read> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => begin_on_sqlite(readers, begin_read(Engine::Sqlite)).await,
            Pools::Postgres { pool, .. } => begin_on_postgres(pool, begin_read(Engine::Postgres)).await,
        }
    }

    /// The first row of one statement, which needs no view around it.
    pub(crate) async fn glance<T: Row>(&self, sql: Sql) -> Result<Option<T>> {
        Ok(self.first(sql).await?.map(|row| row.read()).transpose()?)
    }

    fn first(&self, sql: Sql) -> BoxFuture<'_, Result<Option<Found>>> {
        Box::pin(async move {
            match &self.pools {
                Pools::Sqlite { readers, .. } => {
                    readers.acquire().await.map_err(Error::Unavailable)?.first(sql).await
                }
                Pools::Postgres { pool, .. } => {
                    pool.acquire().await.map_err(Error::Unavailable)?.first(sql).await
                }
            }
        })
    }

    /// Like [`Db::read`], for whoever holds a transaction already: never waits for the connections that such
    /// transactions hold.
    pub(crate) async fn aside(&self) -> Result<Read> {
        match &self.pools {
            Pools::Sqlite { .. } => self.read().await,
            Pools::Postgres { aside, .. } => begin_on_postgres(aside, begin_read(Engine::Postgres)).await,
        }
    }

    /// Begins to write to tables that need no audit: sessions, one-time tokens, when somebody was last seen. Only
    /// statements made by `keep!` fit, and a test holds those to their tables.
    pub async fn bookkeep(&self) -> Result<Books> {
        Ok(Books(self.begin_write().await?))
    }

    /// A writing transaction without audit. Only `Db::bookkeep` and `Db::change` may call this; a test holds
    /// the rest of the crate to that.
    pub(crate) async fn begin_write(&self) -> Result<Write> {
        let tx = match &self.pools {
            Pools::Sqlite { writer, .. } => begin_on_sqlite(writer, begin_write(Engine::Sqlite)).await?,
            Pools::Postgres { pool, .. } => begin_on_postgres(pool, begin_write(Engine::Postgres)).await?,
        };
        let lasts = self.engine() == Engine::Postgres;
        Ok(Write { tx, lasts, turn: self.lasting.turn(), lasting: self.lasting.clone() })
    }

    /// Asks the engine to compile a statement, without running it. For the test that checks every one.
    pub async fn prepare(&self, statement: &'static Statement) -> Result<(), sqlx::Error> {
        let text = statement.text(self.engine());
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                writer.acquire().await?.prepare(text.into_sql_str()).await.map(drop)
            }
            Pools::Postgres { pool, .. } => {
                pool.acquire().await?.prepare(text.into_sql_str()).await.map(drop)
            }
        }
    }

    /// Waits until running transactions are done and closes the files or connections.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { pool, aside } => {
                aside.close().await;
                pool.close().await;
            }
        }
    }
}

async fn open_postgres(url: &str) -> Result<(Pools, Log)> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(Error::bad_data("DATABASE_URL must begin with sqlite: or postgres://"));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::bad_data(format!("DATABASE_URL is not understood: {error}")))?
        .application_name("burgee");
    let pool = || {
        PgPoolOptions::new()
            .acquire_timeout(Duration::from_secs(5))
            .after_connect(|connection, _| {
                // What is estimated to be long here takes a millisecond; compiling it takes a hundred.
                Box::pin(async move { connection.execute("SET jit = off").await.map(drop) })
            })
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for >= TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
    };
    let aside = pool().max_connections(3).connect_lazy_with(options.clone());
    let log = Log::Server(aside.clone());
    let pool = pool().max_connections(CONNECTIONS).connect_with(options).await?;
    Ok((Pools::Postgres { pool, aside }, log))
}

/// Begins a transaction on SQLite.
fn begin_on_sqlite<'a>(pool: &'a SqlitePool, begin: &'static str) -> BoxFuture<'a, Result<Read>> {
    Box::pin(async move {
        let begun = pool.begin_with(begin).await.map_err(Error::Unavailable)?;
        Ok(Read(Box::new(begun)))
    })
}

/// Begins a transaction on PostgreSQL. A connection that breaks now did nothing yet, and may be one of many that ended
/// with the server: the others are tried, too.
fn begin_on_postgres<'a>(pool: &'a PgPool, begin: &'static str) -> BoxFuture<'a, Result<Read>> {
    let broke = |error: &sqlx::Error| match error {
        sqlx::Error::Io(_) => true,
        // The server's last words on it.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    };
    Box::pin(async move {
        let mut others = pool.size();
        loop {
            let begun = match pool.acquire().await {
                Ok(connection) => Whole::of(Transaction::begin(connection, Some(begin.into_sql_str()))).await,
                Err(error) => Err(error),
            };
            match begun {
                Ok(begun) => return Ok(Read(Box::new(begun))),
                Err(error) if others > 0 && broke(&error) => others -= 1,
                Err(error) => return Err(Error::Unavailable(error)),
            }
        }
    })
}

async fn open_sqlite(file: &Path, taken: Option<Arc<File>>) -> Result<(Pools, Log)> {
    let log = Log::File { path: file::beside(file, "-wal")?, failed: Arc::default() };
    // NORMAL: a commit does not wait for the disk. `Write::commit` does, so that an acknowledged change, and its event,
    // survive power loss.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .optimize_on_close(true, None);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(|error| match error {
            sqlx::Error::Database(cause) => {
                Error::bad_data(format!("cannot open {}: {cause}", file.display()))
            }
            other => other.into(),
        })?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok((Pools::Sqlite { writer, readers, _taken: taken }, log))
}

/// A transaction that reads. Dropping it ends it.
pub struct Read(Box<dyn Within>);

/// A transaction that may also write. Dropping it undoes everything.
pub struct Write {
    tx: Read,
    lasting: Arc<Lasting>,
    /// True if a commit lasts by itself.
    lasts: bool,
    turn: Turn,
}

/// A writing transaction for bookkeeping tables; see [`Db::bookkeep`].
pub struct Books(Write);

impl Read {
    /// Which engine answers; for SQL that is put together from [`dialect`] parts.
    pub fn engine(&self) -> Engine {
        self.0.engine()
    }

    /// All rows.
    pub async fn all<T: Row>(&mut self, sql: Sql) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.0
            .connection()
            .each(sql, &mut |row| {
                found.push(row.read()?);
                Ok(())
            })
            .await?;
        Ok(found)
    }

    /// The first row, if there is one.
    pub async fn optional<T: Row>(&mut self, sql: Sql) -> Result<Option<T>> {
        let found = self.0.connection().first(sql).await?;
        Ok(found.map(|row| row.read()).transpose()?)
    }

    /// The first row of a statement that always gives one.
    pub async fn one<T: Row>(&mut self, sql: Sql) -> Result<T> {
        Ok(self.optional(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// How the engine would find the rows, line by line: for tests that hold searches to an index.
    pub async fn plan(&mut self, sql: Sql) -> Result<Vec<String>> {
        let sql = sql.explained(self.engine());
        match self.engine() {
            Engine::Sqlite => {
                let rows: Vec<(i64, i64, i64, String)> = self.all(sql).await?;
                Ok(rows.into_iter().map(|(.., line)| line).collect())
            }
            Engine::Postgres => {
                let rows: Vec<(String,)> = self.all(sql).await?;
                Ok(rows.into_iter().map(|(line,)| line).collect())
            }
        }
    }

    /// Ends the view. Dropping does the same, a little later.
    pub async fn end(self) -> Result<()> {
        Ok(self.0.rollback().await?)
    }
}

impl Write {
    /// Runs a statement and tells how many rows it touched.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64> {
        self.tx.0.connection().run(sql).await
    }

    /// From here on, no other transaction commits events before this one does, so that event ids become
    /// visible in order. Taken as late as possible: everything before it runs in parallel.
    pub(crate) async fn order_events(&mut self) -> Result<()> {
        let others = self.turn.others();
        if let Some(lock) = dialect::order_events(self.engine(), others) {
            self.execute(Sql::build(lock)).await?;
            self.lasts = !others;
        }
        Ok(())
    }

    /// Makes the changes lasting. After an error, it is not known whether they are.
    pub(crate) async fn commit(self) -> Result<()> {
        self.tx.0.commit().await?;
        if self.lasts { Ok(()) } else { self.lasting.wait().await }
    }
}

impl Books {
    /// Makes the writes lasting.
    pub async fn commit(self) -> Result<()> {
        self.0.commit().await
    }

    /// Commits, and waits for no disk: the writes are there for everybody, and lost if the power fails right after.
    pub(crate) async fn commit_unhurried(mut self) -> Result<()> {
        if let Some(unhurried) = dialect::unhurried(self.0.engine()) {
            self.0.execute(Sql::build(unhurried)).await?;
        }
        self.0.lasts = true;
        self.0.commit().await
    }

    /// Runs a bookkeeping statement and tells how many rows it touched.
    pub async fn execute(&mut self, keep: Keep) -> Result<u64> {
        self.0.execute(keep.0).await
    }

    /// Runs a bookkeeping statement that returns rows.
    pub async fn optional<T: Row>(&mut self, keep: Keep) -> Result<Option<T>> {
        self.0.optional(keep.0).await
    }
}

impl Deref for Write {
    type Target = Read;
    fn deref(&self) -> &Read {
        &self.tx
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.tx
    }
}
