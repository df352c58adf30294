//! `kill -9` at any moment: what was acknowledged is there afterwards, with its event, and nothing is half done.
//!
//! `BURGEE_KILLS` sets how often each database is put through it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use burgee::entropy::Entropy;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::rows;
use crate::support::postgres::{self, Scratch};
use crate::support::server::{ADMIN_TOKEN, PASSWORD, SCIM_TOKEN};

const CLIENTS: usize = 4;
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The real program, in a process of its own.
struct Program {
    child: Child,
    base: String,
}

impl Program {
    async fn start(database: &str) -> Self {
        let database = database.to_owned();
        tokio::task::spawn_blocking(move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_burgee"));
            command.args(["--database-url", &database, "--http-port", "0", "--init-scim-token", SCIM_TOKEN]);
            command.args([
                "--init-admin-api-tokens",
                ADMIN_TOKEN,
                "--unleash-default-admin-password",
                PASSWORD,
                "--log-level",
                "error",
            ]);
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let base = line.trim().split_once("listens on ").expect("it starts again").1.to_owned();
            Self { child, base }
        })
        .await
        .unwrap()
    }

    /// SIGKILL: nothing in the program can prepare for it.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What somebody knows of a user that they made.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    name: String,
    /// The last nick name that was acknowledged, and one whose fate is open.
    nick: Option<String>,
    open: Option<String>,
    /// Deleted for sure; perhaps.
    gone: bool,
    leaving: bool,
}

impl Known {
    fn new(id: String, name: String) -> Self {
        Self { id, name, nick: None, open: None, gone: false, leaving: false }
    }
}

struct Writer {
    http: reqwest::Client,
    base: String,
}

impl Writer {
    /// Sends a request; `None` if the server went away before it answered.
    async fn send(&self, method: Method, path: &str, body: Value) -> Option<(u16, Value)> {
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(SCIM_TOKEN);
        let response = request.json(&body).send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        assert!(matches!(status, 200 | 201 | 204), "{status} {text}");
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Makes and changes people until the server is gone.
    async fn write(&self, round: usize, number: usize, known: &mut Vec<Known>) -> Option<()> {
        for step in 0.. {
            let name = format!("u{round}-{number}-{step}");
            let (_, made) =
                self.send(Method::POST, "/scim/Users", json!({ "userName": name, "title": "t" })).await?;
            let id = made["id"].as_str().unwrap().to_owned();
            known.push(Known::new(id, name.clone()));
            if step % 4 == 0 {
                self.write_pair(&name, known).await?;
            }
            let at = (step * 7 + number) % known.len();
            let user = &mut known[at];
            if user.gone || user.name.ends_with(['a', 'b']) {
                continue;
            }
            let path = format!("/scim/Users/{}", user.id);
            if step % 5 == 4 {
                user.leaving = true;
                self.send(Method::DELETE, &path, Value::Null).await?;
                user.gone = true;
            } else {
                let nick = format!("n{round}-{step}");
                user.open = Some(nick.clone());
                let operation = json!({ "op": "replace", "path": "nickName", "value": nick });
                self.send(Method::PATCH, &path, json!({ "Operations": [operation] })).await?;
                (user.nick, user.open) = (Some(nick), None);
            }
        }
        Some(())
    }

    /// Makes two people in one bulk request who manage each other, so that neither can be there alone. They stay.
    async fn write_pair(&self, name: &str, known: &mut Vec<Known>) -> Option<()> {
        let one = |own: &str, other: &str| {
            let manager = json!({ "manager": { "value": format!("bulkId:{other}") } });
            let data = json!({ "userName": format!("{name}{own}"), "title": "t", ENTERPRISE: manager });
            json!({ "method": "POST", "path": "/Users", "bulkId": own, "data": data })
        };
        let operations = json!([one("a", "b"), one("b", "a")]);
        let (_, made) = self.send(Method::POST, "/scim/Bulk", json!({ "Operations": operations })).await?;
        for (result, own) in made["Operations"].as_array().unwrap().iter().zip(["a", "b"]) {
            assert_eq!(result["status"], "201", "{made}");
            let id = result["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            known.push(Known::new(id, format!("{name}{own}")));
        }
        Some(())
    }

    /// Compares what somebody knows with what is there.
    async fn verify(&self, known: &mut Vec<Known>) {
        let mut left = Vec::new();
        for mut user in std::mem::take(known) {
            let request =
                self.http.get(format!("{}/scim/Users/{}", self.base, user.id)).bearer_auth(SCIM_TOKEN);
            let response = request.send().await.unwrap();
            let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
            let expected = if user.gone { 404 } else { 200 };
            assert!(status == expected || (user.leaving && status == 404), "{status} {text} {user:?}");
            if status == 200 {
                let shown: Value = serde_json::from_str(&text).unwrap();
                let nick = shown["nickName"].as_str().map(str::to_owned);
                assert!(nick == user.nick || (user.open.is_some() && nick == user.open), "{nick:?} {user:?}");
                assert_eq!(shown["userName"], user.name);
                (user.nick, user.open, user.leaving) = (nick, None, false);
                left.push(user);
            }
        }
        *known = left;
    }
}

/// Everything that would be half done; each must find nothing.
const HALVES: [(&str, &str); 10] = [
    (
        "a provisioned user without an account",
        "SELECT s.id FROM scim_users s LEFT JOIN users u ON u.id = s.user_id WHERE u.id IS NULL OR u.deleted_at IS NOT NULL",
    ),
    (
        "an account that was provisioned and is not",
        "SELECT u.id FROM users u LEFT JOIN scim_users s ON s.user_id = u.id WHERE u.username LIKE 'u%-%' AND s.id IS NULL",
    ),
    (
        "leaves without an owner",
        "SELECT l.owner FROM scim_leaves l LEFT JOIN scim_users s ON s.id = l.owner WHERE s.id IS NULL",
    ),
    (
        "a user without leaves",
        "SELECT s.id FROM scim_users s WHERE NOT EXISTS (SELECT 1 FROM scim_leaves l WHERE l.owner = s.id AND l.attribute = 'title')",
    ),
    (
        "a removed account without a tombstone",
        "SELECT u.id FROM users u WHERE u.deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM scim_tombstones t WHERE t.local_id = u.id)",
    ),
    (
        "a creation without its one event",
        "SELECT u.id FROM users u WHERE u.id > 1 AND 1 <> (SELECT COUNT(*) FROM events e WHERE e.type = 'user-created' AND e.data LIKE '{\"id\":' || u.id || ',%')",
    ),
    (
        "a removal without its one event",
        "SELECT u.id FROM users u WHERE u.deleted_at IS NOT NULL AND 1 <> (SELECT COUNT(*) FROM events e WHERE e.type = 'user-deleted' AND e.pre_data LIKE '{\"id\":' || u.id || ',%')",
    ),
    (
        "a change without its one event",
        "SELECT s.id FROM scim_users s WHERE s.version - 1 <> (SELECT COUNT(*) FROM events e WHERE e.type = 'user-updated' AND e.data LIKE '{\"id\":' || s.user_id || ',%')",
    ),
    (
        "one of a pair, or one without the other as manager",
        "SELECT s.id FROM scim_users s WHERE (s.user_name_ci LIKE '%a' OR s.user_name_ci LIKE '%b') AND (
           2 <> (SELECT COUNT(*) FROM scim_users t WHERE t.connection_id = s.connection_id
                 AND t.user_name_ci IN (SUBSTR(s.user_name_ci, 1, LENGTH(s.user_name_ci) - 1) || 'a',
                                        SUBSTR(s.user_name_ci, 1, LENGTH(s.user_name_ci) - 1) || 'b'))
           OR NOT EXISTS (SELECT 1 FROM scim_leaves l WHERE l.owner = s.id AND l.attribute LIKE '%:manager.value'))",
    ),
    (
        "an event of something that did not happen",
        "SELECT e.id FROM events e WHERE e.type = 'user-created' AND NOT EXISTS (SELECT 1 FROM users u WHERE e.data LIKE '{\"id\":' || u.id || ',%')",
    ),
];

async fn survives_kills(database: &str) {
    let kills = std::env::var("BURGEE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let mut known: Vec<Vec<Known>> = vec![Vec::new(); CLIENTS];
    let mut program = Program::start(database).await;
    for round in 0..kills {
        postgres::still_needed();
        let writer = Writer { http: crate::support::http().build().unwrap(), base: program.base.clone() };
        let work = known.iter_mut().enumerate().map(|(number, known)| writer.write(round, number, known));
        let pause = u64::from_str_radix(&Entropy::System.hex::<1>(), 16).unwrap();
        let end = async {
            tokio::time::sleep(Duration::from_millis(60 + 2 * pause)).await;
            program.kill();
        };
        tokio::join!(join_all(work), end);
        program = Program::start(database).await;
        let writer = Writer { http: crate::support::http().build().unwrap(), base: program.base.clone() };
        for known in &mut known {
            writer.verify(known).await;
        }
        for (what, sql) in HALVES {
            assert_eq!(rows(database, sql).await, Vec::<Vec<_>>::new(), "{what}");
        }
    }
    let sql = "SELECT user_name_ci FROM scim_users WHERE user_name_ci LIKE '%a'";
    assert!(!rows(database, sql).await.is_empty(), "no pair was written");
    let users = rows(database, "SELECT id FROM scim_users").await;
    assert!(users.len() > CLIENTS, "hardly anything was written");
}

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("burgee.db").display());
    survives_kills(&database).await;
    assert_eq!(rows(&database, "PRAGMA integrity_check").await, [[Some("ok".to_owned())]]);
}

#[tokio::test]
async fn postgres() {
    survives_kills(&Scratch::create().await.url()).await;
}
