//! The program as its operator meets it.

use std::process::{Command, Output};

use serde_json::json;

use crate::support::TestServer;

/// Runs the program to its end.
pub async fn burgee(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_burgee"));
    command.args(words);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn an_sqlite_database_has_one_server_whatever_it_is_called() {
    let server = TestServer::sqlite().await;
    let database = server.app.config.database().unwrap();
    let file = database.strip_prefix("sqlite:").unwrap();
    let other = format!("{file}-by-another-name");
    std::os::unix::fs::symlink(file, &other).unwrap();
    let (_, port) = server.base.rsplit_once(':').unwrap();
    for name in [file, &other] {
        let refused = burgee(&["--database-url", &format!("sqlite:{name}"), "--http-port", port]).await;
        let complaint = complaint(&refused);
        assert!(complaint.contains(&format!("another burgee serves {file}")), "{complaint}");
    }
}

#[tokio::test]
async fn an_admin_is_recovered_while_the_server_runs() {
    let server = TestServer::sqlite().await;
    let database = server.app.config.database().unwrap();
    let recovered = burgee(&["admin", "recover", "--user", "ann", "--database-url", &database]).await;
    let text = String::from_utf8(recovered.stdout).unwrap();
    let password = text.trim().rsplit_once("New password: ").expect(&text).1;
    server.sign_in("ann", password).await.get("/api/admin/user-admin").await.expect(200);
}

#[tokio::test]
async fn what_identity_providers_ask_for_is_printed_and_done_again() {
    let server = TestServer::sqlite().await;
    let database = server.app.config.database().unwrap();
    let scim = async |words: &[&str]| {
        let output = burgee(&[&["scim"], words].concat()).await;
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let ann = json!({ "userName": "ann@x.io", "displayName": "Ann" });
    server.scim().post("/scim/v2/Users", ann).await.expect(201);
    server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
    let (_, calls) = scim(&["calls", "--connection", "default", "--database-url", &database]).await;
    assert!(calls.lines().count() == 1 && calls.contains("Created “Ann”"), "{calls}");
    // Whoever follows misses nothing, and hears everything once, however much comes within a moment.
    let mut follower = Command::new(env!("CARGO_BIN_EXE_burgee"))
        .args(["scim", "calls", "--last", "1", "--follow", "--database-url", &database])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follower.stdout.take().unwrap()));
    let mut heard = std::collections::BTreeSet::new();
    let mut hear = |lines: &mut dyn Iterator<Item = std::io::Result<String>>| {
        let call: serde_json::Value = lines.next().unwrap().unwrap().parse().unwrap();
        assert!(heard.insert(call["id"].to_string()), "twice: {call}");
        call["meaning"].as_str().unwrap().to_owned()
    };
    assert_eq!(hear(&mut lines), "Created “Ann”");
    server
        .rows(
            "INSERT INTO scim_calls (id, connection_id, at, micros, method, path, status, verb, outcome, meaning,
                                     meaning_ci, dry_run, quirks, events, headers, request_size, request_state,
                                     response_size, response_state, changes)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
             SELECT '7' || printf('%025d', i), 1, (SELECT MAX(at) FROM scim_calls), 1, 'GET', '/scim/Users', 200, 'look',
                    'answered', 'call ' || i, '', FALSE, '[]', '[]', '{}', 0, 'none', 0, 'none', '[]' FROM n",
        )
        .await;
    let all: Vec<String> = (0..1200).map(|_| hear(&mut lines)).collect();
    assert_eq!((all[0].as_str(), all[1199].as_str()), ("call 1", "call 1200"));
    follower.kill().unwrap();
    follower.wait().unwrap();
    server.rows("DELETE FROM scim_calls WHERE meaning LIKE 'call %'").await;
    let (good, refused) = scim(&["calls", "--connection", "other", "--database-url", &database]).await;
    assert!(!good && refused.contains("there is no connection \"other\"; there are: default"), "{refused}");
    let (_, connections) = scim(&["connections", "--database-url", &database]).await;
    let connection: serde_json::Value = connections.parse().unwrap();
    assert_eq!((&connection["id"], &connection["users"]), (&json!(1), &json!(1)));

    // The calls of one server, done again on another.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls.ndjson");
    let cut = json!({ "method": "POST", "path": "/scim/Users", "requestState": "cut" });
    std::fs::write(&file, format!("{calls}{cut}\n")).unwrap();
    let other = TestServer::sqlite().await;
    let to = [
        "replay",
        file.to_str().unwrap(),
        "--url",
        &other.base,
        "--token",
        crate::support::server::SCIM_TOKEN,
    ];
    let users = async || other.scim().get("/scim/v2/Users").await.expect(200).json()["totalResults"].clone();
    let (good, told) = scim(&[&to[..], &["--dry-run"]].concat()).await;
    assert!(
        !good && told.contains("1: POST /scim/v2/Users → 201") && told.contains("left out: its body was cut"),
        "{told}"
    );
    assert_eq!(users().await, 0);
    scim(&to).await;
    assert_eq!(users().await, 1);
    // The token goes to nobody in the clear.
    for elsewhere in ["ftp://x.io", "http://x.io", "http://169.254.169.254"] {
        let (good, told) =
            scim(&["replay", file.to_str().unwrap(), "--url", elsewhere, "--token", "x"]).await;
        assert!(!good && told.contains("must begin with https://"), "{told}");
    }

    let (_, token) = scim(&["rotate-token", "default", "--database-url", &database]).await;
    server.scim().get("/scim/v2/Users").await.expect(401);
    let holder = server.anonymous().with("authorization", &format!("Bearer {}", token.trim()));
    holder.get("/scim/v2/Users").await.expect(200);
}

#[tokio::test]
async fn nonsense_in_a_setting_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("burgee.db").display());
    let refused = burgee(&["--database-url", &database, "--log-level", "loud"]).await;
    let complaint = complaint(&refused);
    assert!(complaint.contains("must be off, error, warn, info, debug, trace"), "{complaint}");
}

#[tokio::test]
async fn the_tokens_of_the_first_start_can_be_told_apart() {
    let server = TestServer::sqlite_with(&[
        "--init-admin-api-tokens",
        "*:*.two",
        "--init-backend-api-tokens",
        "default:production.one",
    ])
    .await;
    let second = server.anonymous().with("authorization", "*:*.two");
    let listed = second.get("/api/admin/api-tokens").await.expect(200).json();
    let names: Vec<_> =
        listed["tokens"].as_array().unwrap().iter().map(|token| &token["tokenName"]).collect();
    assert_eq!(names, ["admin", "admin-2", "client"], "the first is called as in Unleash");
    second.post("/api/admin/user-admin", json!({ "username": "ann", "rootRole": 3 })).await.expect(201);
    let made = second.get("/api/admin/search/events?type=IS:user-created&limit=1").await.expect(200).json();
    assert_eq!(made["events"][0]["createdBy"], "admin-2");
}

#[tokio::test]
async fn flags_of_a_file_are_there_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flags.json");
    let path = file.to_str().unwrap();
    let document = json!({
        "features": [{ "name": "menu", "type": "experiment" }],
        "featureStrategies": [{ "name": "flexibleRollout", "featureName": "menu", "title": "from the file" }],
        "featureEnvironments": [{ "name": "menu", "enabled": true }],
        "tagTypes": [],
    });
    std::fs::write(&file, document.to_string()).unwrap();
    let server =
        TestServer::sqlite_with(&["--import-file", path, "--import-environment", "production"]).await;
    let menu = server.admin().get("/api/admin/projects/default/features/menu").await.expect(200).json();
    let place = menu["environments"].as_array().unwrap().iter().find(|place| place["name"] == "production");
    assert_eq!(place.unwrap()["strategies"][0]["title"], "from the file");
    assert_eq!(place.unwrap()["enabled"], true);
    let imported = "/api/admin/search/events?type=IS:features-imported";
    let imported = server.admin().get(imported).await.expect(200).json();
    assert_eq!(imported["events"][0]["createdBy"], "import-file");

    let database = format!("sqlite:{}", folder.path().join("other.db").display());
    let start = ["--database-url", &database, "--http-port", "0", "--import-file", path];
    for (text, wrong) in [
        ("{", "flags.json: is no export of flags: EOF while parsing"),
        (
            r#"{"features": [{"name": 7}]}"#,
            "invalid type: integer `7`, expected a string at line 1 column 24",
        ),
        (
            r#"{"features": [{"name": "a"}], "featureStrategies": [{"name": "magic", "featureName": "a"}]}"#,
            "flags.json: magic is not supported.",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let complaint = complaint(&burgee(&start).await);
        assert!(complaint.contains("burgee: IMPORT_FILE ") && complaint.contains(wrong), "{complaint}");
    }
    std::fs::remove_file(&file).unwrap();
    let complaint = complaint(&burgee(&start).await);
    assert!(complaint.contains("flags.json: cannot be read: No such file"), "{complaint}");
}
