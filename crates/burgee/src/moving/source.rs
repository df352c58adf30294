//! Unleash's database, as far as people and groups are concerned: read once, in one view, and never written.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection, FromRow};
use tokio::time::timeout;

use crate::clock::Time;
use crate::error::{Error, Result};

/// How long it is waited for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A user or service account.
#[derive(Debug, FromRow)]
pub(super) struct Person {
    pub id: i64,
    pub name: Option<String>,
    pub username: Option<String>,
    pub email: Option<String>,
    pub password_hash: Option<String>,
    pub created_at: Time,
    pub is_service: bool,
    pub is_deleted: bool,
    pub scim_id: Option<String>,
    pub external_id: Option<String>,
    /// The name of the root role.
    pub role: Option<String>,
}

/// A group.
#[derive(Debug, FromRow)]
pub(super) struct Team {
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
    /// A list in JSON.
    pub mappings: String,
    pub created_at: Time,
    pub scim_id: Option<String>,
    pub external_id: Option<String>,
    /// The name of the root role.
    pub role: Option<String>,
}

/// A role of a person or group in a project.
#[derive(Debug, FromRow)]
pub(super) struct Place {
    pub is_group: bool,
    pub who: i64,
    pub role: String,
    pub project: String,
}

/// What Unleash knows.
#[derive(Debug)]
pub struct Source {
    pub(super) people: Vec<Person>,
    pub(super) groups: Vec<Team>,
    /// Group and person.
    pub(super) members: Vec<(i64, i64)>,
    pub(super) places: Vec<Place>,
    /// Whether the identity provider got in there.
    pub provisioning: bool,
}

/// Reads the PostgreSQL database of Unleash at `url`.
pub async fn read(url: &str) -> Result<Source> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(Error::bad_data("--from must begin with postgres://"));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::bad_data(format!("--from is not understood: {error}")))?
        .application_name("burgee scim import");
    let opened = timeout(PATIENCE, options.connect()).await;
    let opened = opened.map_err(|_| Error::bad_data("Unleash's database does not answer in time"))?;
    let mut connection =
        opened.map_err(|error| Error::bad_data(format!("Unleash's database cannot be reached: {error}")))?;
    let source = look(&mut connection).await.map_err(|error| {
        Error::bad_data(format!("this is no database of Unleash 6.1 or later that can be read: {error}"))
    })?;
    // It was only read: how the connection ends makes no difference.
    let _ = connection.close().await;
    Ok(source)
}

async fn look(connection: &mut PgConnection) -> Result<Source, sqlx::Error> {
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    // An account has one root role; should there be more, the strongest of the predefined ones comes first.
    let people = all(
        &mut tx,
        "SELECT u.id::bigint AS id, u.name::text AS name, NULLIF(btrim(u.username), '') AS username,
                NULLIF(btrim(u.email), '') AS email, u.password_hash::text AS password_hash,
                COALESCE(floor(extract(epoch FROM u.created_at) * 1000), 0)::bigint AS created_at,
                COALESCE(u.is_service, false) AS is_service, u.deleted_at IS NOT NULL AS is_deleted,
                NULLIF(u.scim_id, '') AS scim_id, NULLIF(u.scim_external_id, '') AS external_id,
                (SELECT r.name FROM role_user h JOIN roles r ON r.id = h.role_id
                 WHERE h.user_id = u.id AND r.type IN ('root', 'root-custom') ORDER BY r.id LIMIT 1) AS role
         FROM users u WHERE u.is_system = false ORDER BY u.id",
    )
    .await?;
    let groups = all(
        &mut tx,
        "SELECT g.id::bigint AS id, g.name, g.description, COALESCE(g.mappings_sso::text, '[]') AS mappings,
                floor(extract(epoch FROM g.created_at) * 1000)::bigint AS created_at,
                NULLIF(g.scim_id, '') AS scim_id, NULLIF(g.scim_external_id, '') AS external_id, r.name AS role
         FROM groups g LEFT JOIN roles r ON r.id = g.root_role_id ORDER BY g.id",
    )
    .await?;
    let members =
        all(&mut tx, "SELECT group_id::bigint, user_id::bigint FROM group_user ORDER BY group_id, user_id")
            .await?;
    let places = all(
        &mut tx,
        "SELECT false AS is_group, h.user_id::bigint AS who, r.name AS role, h.project::text AS project
         FROM role_user h JOIN roles r ON r.id = h.role_id WHERE r.type NOT IN ('root', 'root-custom')
         UNION ALL
         SELECT true, h.group_id::bigint, r.name, h.project::text
         FROM group_role h JOIN roles r ON r.id = h.role_id WHERE r.type NOT IN ('root', 'root-custom')
         ORDER BY project, role, is_group, who",
    )
    .await?;
    let on: Vec<(bool,)> = all(
        &mut tx,
        "SELECT COALESCE(content ->> 'enabled' = 'true', false) FROM settings WHERE name = 'scim'",
    )
    .await?;
    let provisioning = on.first().is_some_and(|(on,)| *on);
    Ok(Source { people, groups, members, places, provisioning })
}

async fn all<T: for<'r> FromRow<'r, PgRow> + Send + Unpin>(
    connection: &mut PgConnection,
    sql: &'static str,
) -> Result<Vec<T>, sqlx::Error> {
    sqlx::query_as(sql).fetch_all(connection).await
}
