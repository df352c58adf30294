//! Short words for what the stories do, and a look behind the server's back.

use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ColumnIndex, ConnectOptions, Connection, Database, Decode, Row};

use crate::support::TestServer;
use crate::support::client::{Answer, Client};

pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What the identity provider and the administrator do most.
impl TestServer {
    /// Provisions a user and gives its SCIM id.
    pub async fn push_user(&self, body: Value) -> String {
        id_of(&self.scim().post("/scim/Users", body).await.expect(201).json())
    }

    /// Provisions a group with members and gives its SCIM id.
    pub async fn push_group(&self, name: &str, members: &[&str]) -> String {
        let body = json!({ "displayName": name, "members": refs(members) });
        id_of(&self.scim().post("/scim/Groups", body).await.expect(201).json())
    }

    /// Sends PATCH operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.scim().patch(path, json!({ "schemas": [PATCH], "Operations": operations })).await
    }

    /// The number of the account with this user name.
    pub async fn number(&self, username: &str) -> i64 {
        let sql = format!("SELECT id FROM users WHERE username = '{username}'");
        self.rows(&sql).await[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// The number of the group with this name.
    pub async fn group_number(&self, name: &str) -> i64 {
        let sql = format!("SELECT id FROM groups WHERE name = '{name}'");
        self.rows(&sql).await[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// The events of a kind, the newest first.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let path = format!("/api/admin/search/events?type=IS:{kind}&limit=1000");
        let found = self.admin().get(&path).await.expect(200).json();
        found["events"].as_array().unwrap().clone()
    }

    /// How many events there are.
    pub async fn event_count(&self) -> usize {
        let found = self.rows("SELECT COUNT(*) FROM events").await;
        found[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// What a query finds, asked of the database itself; every value as text.
    pub async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        rows(&self.app.config.database().unwrap(), sql).await
    }
}

/// What a query finds in the database at `url`; every value as text.
pub async fn rows(url: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    // The simple protocol: PostgreSQL then sends every type as text.
    let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection: SqliteConnection = options.connect().await.unwrap();
        let found = query.fetch_all(&mut connection).await.unwrap().iter().map(texts).collect();
        connection.close().await.unwrap();
        return found;
    }
    let mut connection = PgConnection::connect(url).await.unwrap();
    let found = query.fetch_all(&mut connection).await.unwrap().iter().map(texts).collect();
    connection.close().await.unwrap();
    found
}

fn texts<R: Row>(row: &R) -> Vec<Option<String>>
where
    usize: ColumnIndex<R>,
    for<'r> String: Decode<'r, <R as Row>::Database>,
    R::Database: Database,
{
    (0..row.len()).map(|index| row.try_get_unchecked(index).unwrap()).collect()
}

pub fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

/// Members as a request names them.
pub fn refs(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "value": id })).collect()
}

/// True if somebody can really administer with what they have in hand.
pub async fn administers(client: &Client) -> bool {
    client.get("/api/admin/user-admin").await.status == 200
}
