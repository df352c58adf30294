//! Connections, whichever engine they speak to. Their types end here: a future that holds one of them, or waits for a
//! statement, is a small thing to whoever compiles it.

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgArguments, PgConnection, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, FromRow, SqlSafeStr, SqlStr, Transaction};

use super::dialect::{Engine, render};
use super::sql::{Sql, Text, Value};
use crate::error::{Error, Result};

/// A row of either database. `#[derive(sqlx::FromRow)]` makes a struct one.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A row that was not read yet.
pub(super) enum Found {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Found {
    pub(super) fn read<T: Row>(&self) -> sqlx::Result<T> {
        match self {
            Self::Sqlite(row) => T::from_row(row),
            Self::Postgres(row) => T::from_row(row),
        }
    }
}

/// A connection.
pub(super) trait Connection: Send {
    /// Hands every row to `take`, one by one.
    fn each<'a>(
        &'a mut self,
        sql: Sql,
        take: &'a mut (dyn FnMut(Found) -> sqlx::Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>>;

    /// The first row, if there is one.
    fn first(&mut self, sql: Sql) -> BoxFuture<'_, Result<Option<Found>>>;

    /// How many rows the statement touched.
    fn run(&mut self, sql: Sql) -> BoxFuture<'_, Result<u64>>;
}

/// A connection within a transaction. Dropping it undoes everything.
pub(super) trait Within: Send + Sync {
    fn connection(&mut self) -> &mut dyn Connection;
    fn engine(&self) -> Engine;
    fn commit(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>>;
    fn rollback(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>>;
}

/// Arguments of a statement, as an engine takes them.
trait FromValues: Sized {
    fn from_values(values: Vec<Value>) -> Result<Self>;
}

macro_rules! connection {
    ($connection:ident, $engine:ident, $arguments:ident) => {
        impl Connection for $connection {
            fn each<'a>(
                &'a mut self,
                sql: Sql,
                take: &'a mut (dyn FnMut(Found) -> sqlx::Result<()> + Send),
            ) -> BoxFuture<'a, Result<()>> {
                Box::pin(async move {
                    let text = text(&sql, Engine::$engine);
                    let mut rows = sqlx::query_with(text, $arguments::from_values(sql.args)?).fetch(self);
                    while let Some(row) = rows.try_next().await? {
                        take(Found::$engine(row))?;
                    }
                    Ok(())
                })
            }

            fn first(&mut self, sql: Sql) -> BoxFuture<'_, Result<Option<Found>>> {
                Box::pin(async move {
                    let text = text(&sql, Engine::$engine);
                    let row = sqlx::query_with(text, $arguments::from_values(sql.args)?)
                        .fetch_optional(self)
                        .await?;
                    Ok(row.map(Found::$engine))
                })
            }

            fn run(&mut self, sql: Sql) -> BoxFuture<'_, Result<u64>> {
                Box::pin(async move {
                    let text = text(&sql, Engine::$engine);
                    let done =
                        sqlx::query_with(text, $arguments::from_values(sql.args)?).execute(self).await?;
                    Ok(done.rows_affected())
                })
            }
        }

        impl Within for Transaction<'static, $engine> {
            fn connection(&mut self) -> &mut dyn Connection {
                &mut **self
            }

            fn engine(&self) -> Engine {
                Engine::$engine
            }

            fn commit(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>> {
                Box::pin(Transaction::commit(*self))
            }

            fn rollback(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>> {
                Box::pin(Transaction::rollback(*self))
            }
        }

        impl FromValues for $arguments {
            fn from_values(values: Vec<Value>) -> Result<Self> {
                let mut arguments = Self::default();
                for value in values {
                    match value {
                        Value::Int(v) => Arguments::add(&mut arguments, v),
                        Value::Text(v) => Arguments::add(&mut arguments, storable(v)?),
                        Value::Bool(v) => Arguments::add(&mut arguments, v),
                    }
                    .map_err(sqlx::Error::Encode)?;
                }
                Ok(arguments)
            }
        }
    };
}
connection!(SqliteConnection, Sqlite, SqliteArguments);
connection!(PgConnection, Postgres, PgArguments);

fn text(sql: &Sql, engine: Engine) -> SqlStr {
    match &sql.text {
        Text::Fixed(statement) => statement.text(engine).into_sql_str(),
        Text::Built(built) if built.contains('{') => AssertSqlSafe(render(built, engine)).into_sql_str(),
        Text::Built(built) => AssertSqlSafe(built.clone()).into_sql_str(),
    }
}

/// PostgreSQL cannot store U+0000; refused for both, so that both do the same.
fn storable(text: Option<String>) -> Result<Option<String>> {
    if text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Err(Error::zero());
    }
    Ok(text)
}
