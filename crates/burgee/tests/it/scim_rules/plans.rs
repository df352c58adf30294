//! Searches start from an index, on both databases; changing one member of a group looks at no other.

use burgee::db::{Engine, Statement};
use burgee::provisioning::Noun;
use burgee::provisioning::query::{Key, Mark, Query, Sort, Start, plan};
use burgee_scim::filter::{check, parse};
use burgee_scim::{GROUP, Mode, Resolved, USER, resolve};
use serde_json::json;

use super::world::refs;
use crate::support::TestServer;

/// How many users and groups there are. The first group has everybody in it.
const USERS: usize = 20_000;
const GROUPS: usize = 4000;

/// Fills the tables behind the server's back.
async fn fill(server: &TestServer) {
    let numbers = |count: usize| {
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})")
    };
    let (users, groups) = (numbers(USERS), numbers(GROUPS));
    for sql in [
        format!("{users} INSERT INTO users (id, name, username, username_ci, root_role_id, created_at, updated_at)
                 SELECT 100 + i, 'User ' || i, 'u' || i, 'u' || i, 3, i, i FROM n"),
        format!("{users} INSERT INTO scim_users (id, user_id, connection_id, scim_id, external_id, user_name_ci, active, document, created_at, updated_at)
                 SELECT i, 100 + i, 1, 'U' || i, 'e' || i, 'u' || i, i % 100 <> 0, '{{\"userName\":\"u' || i || '\"}}', i * 1000, i * 1000 FROM n"),
        format!("{users} INSERT INTO scim_leaves (attribute, value, owner, ordinal, element_type)
                 SELECT 'emails.value', 'u' || i || '@x.io', i, 0, 'work' FROM n"),
        format!("{users} INSERT INTO scim_leaves (attribute, value, owner, ordinal, element_type) SELECT 'emails.type', 'work', i, 0, 'work' FROM n"),
        format!("{users} INSERT INTO scim_leaves (attribute, value, owner, ordinal) SELECT 'name.familyName', 'family ' || i, i, 0 FROM n"),
        format!("{users} INSERT INTO scim_leaves (attribute, value, owner, ordinal)
                 SELECT 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value', 'U' || (i / 10), i, 0 FROM n"),
        format!("{groups} INSERT INTO groups (id, name, name_ci, created_at) SELECT i, 'g' || i, 'g' || i, i FROM n"),
        format!("{groups} INSERT INTO scim_groups (id, group_id, connection_id, scim_id, external_id, display_name_ci, document, created_at, updated_at)
                 SELECT i, i, 1, 'G' || i, 'x' || i, 'g' || i, '{{\"displayName\":\"g' || i || '\"}}', i * 1000, i * 1000 FROM n"),
        format!("{users} INSERT INTO group_users (group_id, user_id, joined_at) SELECT 1, 100 + i, 0 FROM n"),
        format!("{users} INSERT INTO group_users (group_id, user_id, joined_at) SELECT 2 + i % 3900, 100 + i, 0 FROM n"),
    ] {
        server.rows(&sql).await;
    }
    if server.app.db.engine() == Engine::Postgres {
        // What autovacuum does before long.
        server.rows("ANALYZE").await;
    }
}

async fn plan_of(server: &TestServer, noun: Noun, filter: &str) -> Vec<String> {
    let rt = if noun == Noun::User { &USER } else { &GROUP };
    let checked = check(&parse(filter, Mode::Tolerant).unwrap(), rt, Mode::Tolerant).unwrap();
    let query = Query { filter: Some(checked), count: 100, ..Query::default() };
    plan(&mut server.app.db.read().await.unwrap(), 1, noun, &query).await.unwrap()
}

/// Does a plan read a whole table anywhere, or all that the connection has? Few are inactive, and have an index.
fn reads_everything(plan: &[String]) -> bool {
    let tables = ["scim_users", "scim_leaves", "group_users"];
    let scan = |line: &str| {
        let line = line.trim().trim_start_matches("->").trim();
        tables.iter().any(|table| line.starts_with("Seq Scan") && line.contains(&format!(" on {table} ")))
            || ["r", "l", "x", "s", "m", "g", "u"].iter().any(|alias| {
                let whole =
                    line.starts_with(&format!("SEARCH {alias} ")) && line.ends_with("(connection_id=?)");
                line == format!("SCAN {alias}") || line.starts_with(&format!("SCAN {alias} ")) || whole
            })
            || line == "Index Cond: (connection_id = '1'::bigint)"
    };
    let unbounded = |at: usize| {
        plan[at].contains("Scan using")
            && tables.iter().any(|table| plan[at].contains(&format!(" on {table} ")))
            && !plan.get(at + 1).is_some_and(|next| next.contains("Index Cond"))
    };
    let few =
        |at: usize| plan[at.saturating_sub(1)..=at].iter().any(|line| line.contains("scim_users_inactive"));
    (0..plan.len()).any(|at| (scan(&plan[at]) || unbounded(at)) && !few(at))
}

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";

both! {
    async fn every_usual_search_starts_from_an_index(server) {
        fill(&server).await;
        let manager = format!("id eq \"U77\" and {MANAGER} eq \"U7\"");
        let reports = format!("{MANAGER} eq \"U7\"");
        let users = [
            "userName eq \"u77\"", "userName sw \"u77\"", "externalId eq \"e77\"", "id eq \"U77\"", &manager, &reports,
            "emails eq \"u77@x.io\"", "emails.value sw \"u77\"", "emails[type eq \"work\" and value eq \"u77@x.io\"]",
            "emails[value sw \"u77@\" and type eq \"work\"]", "emails[type eq \"work\"].value eq \"u77@x.io\"",
            "name.familyName eq \"family 77\"", "name.familyName sw \"family 77\"", "active eq false",
            "userName eq \"u77\" and active eq true",
            "meta.lastModified ge \"1970-01-01T00:00:05Z\" and meta.lastModified le \"1970-01-01T00:00:09Z\"",
        ];
        for filter in users {
            let plan = plan_of(&server, Noun::User, filter).await;
            assert!(!reads_everything(&plan), "{filter}\n{}", plan.join("\n"));
        }
        // How many members the group may have is PostgreSQL's guess: reading all users can look cheaper than that many
        // one by one. The members themselves are found by the group.
        let mut plan = plan_of(&server, Noun::User, "groups.value eq \"G7\"").await;
        plan.retain(|line| server.app.db.engine() == Engine::Sqlite || !line.contains("on scim_users r"));
        assert!(!reads_everything(&plan), "{}", plan.join("\n"));
        let groups = ["displayName eq \"g77\"", "displayName sw \"g77\"", "externalId eq \"x7\"", "id eq \"G7\"", "members.value eq \"U77\"", "members[value eq \"U77\"]", "members eq \"U77\""];
        for filter in groups {
            let plan = plan_of(&server, Noun::Group, filter).await;
            assert!(!reads_everything(&plan), "{filter}\n{}", plan.join("\n"));
        }
        // A page behind a cursor is found by where it begins, in whatever order has an index, and however deep it lies.
        for (by, sorted) in [
            (None, None), (Some("userName"), Some(Key::Text(Some("u15000".to_owned())))), (Some("meta.lastModified"), Some(Key::Time(15_000_000))),
        ] {
            let sort = by.map(|name| match resolve(&USER, name, Mode::Strict) {
                Some(Resolved::Known(attr)) => Sort { attr, descending: false },
                other => panic!("{other:?}"),
            });
            let query = Query { sort, start: Start::After(Mark { key: 15_000, sorted }), count: 100, filter: None };
            let mut tx = server.app.db.read().await.unwrap();
            let plan = burgee::provisioning::query::plan(&mut tx, 1, Noun::User, &query).await.unwrap();
            assert!(!reads_everything(&plan), "{by:?}\n{}", plan.join("\n"));
        }
        // The test itself would notice.
        let plan = plan_of(&server, Noun::User, "userName co \"7\"").await;
        assert!(reads_everything(&plan), "{}", plan.join("\n"));
    }
}

#[tokio::test]
async fn changing_one_member_reads_no_others_on_postgresql() {
    let server = TestServer::postgres().await;
    fill(&server).await;
    let counted = "SELECT COALESCE(SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)), 0), SUM(n_tup_ins) FROM pg_stat_user_tables WHERE relname IN ('group_users', 'group_groups')";
    let count = async |column: usize| {
        server.rows(counted).await[0][column].as_ref().unwrap().parse::<usize>().unwrap()
    };
    // The counters come late, when a connection rests or ends.
    while count(1).await < 2 * USERS {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let before = count(0).await;
    for user in ["U77", "U78", "U79"] {
        for operation in [
            json!({"op": "remove", "path": format!("members[value eq \"{user}\"]")}),
            json!({"op": "add", "path": "members", "value": refs(&[user])}),
            json!({"op": "add", "path": "members", "value": refs(&[user])}),
            json!({"op": "remove", "path": "members", "value": refs(&[user])}),
        ] {
            server.patch("/scim/Groups/G1", json!([operation])).await.expect(204);
        }
    }
    server.app.db.close().await;
    let changed = "SELECT COALESCE(SUM(n_tup_del), 0) FROM pg_stat_user_tables WHERE relname = 'group_users'";
    while server.rows(changed).await[0][0].as_deref() < Some("6") {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let read = count(0).await - before;
    // Twelve times the look whether the group is large, which ends after a hundred, and a few rows each.
    assert!(read < 12 * 150, "{read} rows were read to change 12 members of {USERS}");
}

#[tokio::test]
async fn changing_one_member_reads_no_others_on_sqlite() {
    let server = TestServer::sqlite().await;
    fill(&server).await;
    let mut checked = 0;
    for statement in Statement::all() {
        let text = statement.text(Engine::Sqlite);
        let changes = ["INSERT INTO group_users", "DELETE FROM group_users"]
            .iter()
            .any(|start| text.starts_with(start));
        // A replacement has to look at everybody; removing a person or a group is about all of theirs.
        if !changes || text.contains("LEFT JOIN") || text.contains("NOT IN") || !text.contains("scim_users") {
            continue;
        }
        checked += 1;
        for row in server.rows(&format!("EXPLAIN QUERY PLAN {text}")).await {
            let line = row[3].clone().unwrap();
            assert!(
                !line.contains("SCAN group_users")
                    && !line.contains("SCAN s")
                    && !line.ends_with("(group_id=?)"),
                "{text}\n{line}"
            );
        }
    }
    assert!(checked >= 2, "only {checked} statements were found");
}

#[tokio::test]
async fn whoever_has_a_name_is_found_by_an_index_on_sqlite() {
    let server = TestServer::sqlite().await;
    let (mut checked, mut slow) = (0, Vec::new());
    for statement in Statement::all() {
        let text = statement.text(Engine::Sqlite);
        let asks = ["username_ci = $", "email_ci = $", "user_name_ci = $", "external_id = $", "scim_id = $"];
        // Counters and repairs go over many on purpose.
        if text.starts_with("UPDATE") || !asks.iter().any(|asks| text.contains(asks)) {
            continue;
        }
        checked += 1;
        for row in server.rows(&format!("EXPLAIN QUERY PLAN {text}")).await {
            let line = row[3].clone().unwrap();
            let partial = ["users_living", "users_by_"].iter().any(|index| line.contains(index));
            let whole = line.starts_with("SCAN ") && line != "SCAN n" || line.ends_with("(connection_id=?)");
            if partial || whole {
                slow.push(format!("{line}\n{text}"));
            }
        }
    }
    assert_eq!(slow.join("\n\n"), "");
    assert!(checked >= 10, "only {checked} statements were found");
}
