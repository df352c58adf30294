//! Rows written behind the server's back, where making them through the API would take all day.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};

/// Runs SQL that both engines understand, and lets PostgreSQL count what there is, as autovacuum would before long.
pub fn fill(database: &str, sql: &str) -> Result<()> {
    let output = match database.strip_prefix("sqlite:") {
        Some(file) => Command::new("sqlite3").args([file, ".timeout 10000", sql]).output()?,
        None => Command::new("psql")
            .args([database, "-qv", "ON_ERROR_STOP=1", "-c", sql, "-c", "VACUUM ANALYZE"])
            .output()?,
    };
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// SQL: the numbers from `first` to `last` as `n (i)`.
pub fn numbers(first: usize, last: usize) -> String {
    format!("WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})")
}

/// Flags as people have them: a strategy in each environment, every tenth with a tag, every hundredth with a segment.
pub fn flags(database: &str, there: usize, size: usize) -> Result<()> {
    let n = numbers(there + 1, size);
    let mut sql = String::new();
    if there == 0 {
        sql.push_str(
            "INSERT INTO segments (id, name, created_by, created_at) VALUES (1, 'beta', 'bench', 0);
             INSERT INTO tags (type, value, created_at) VALUES ('simple', 'team', 0);",
        );
    }
    for insert in [
        "features (name, search, project, type, description, created_at, created_by)
         SELECT 'flag-' || i, 'flag-' || i || '\nwhat it is for', 'default', 'release', 'What it is for', i, -42 FROM n",
        "feature_environments (feature, environment, enabled)
         SELECT 'flag-' || i, e.name, i % 3 = 0 FROM n, environments e",
        "feature_strategies (id, feature, environment, name, sort_order, created_at)
         SELECT 's-' || e.name || i, 'flag-' || i, e.name, 'default', 0, 0 FROM n, environments e",
        "feature_strategy_segments (strategy_id, segment_id) SELECT 's-production' || i, 1 FROM n WHERE i % 100 = 0",
        "feature_tags (feature, type, value, created_at, created_by)
         SELECT 'flag-' || i, 'simple', 'team', 0, -42 FROM n WHERE i % 10 = 0",
        "feature_lifecycles (feature, stage, created_at) SELECT 'flag-' || i, 'initial', i FROM n",
    ] {
        let (table, select) = insert.split_once("SELECT").unwrap_or((insert, ""));
        write!(sql, "INSERT INTO {table} {n} SELECT {select};")?;
    }
    fill(database, &sql)
}

/// Events of all sorts, in a hundred projects.
pub fn events(database: &str, count: usize) -> Result<()> {
    let n = numbers(1, count);
    // A second apart, up to now: pages look at the last weeks.
    #[expect(clippy::disallowed_methods, reason = "what is measured runs in real time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let begin = now.saturating_sub(u128::try_from(count)? * 1000);
    fill(
        database,
        &format!(
            "INSERT INTO events (type, created_at, created_by, created_by_user_id, data, project, environment, feature_name)
             {n} SELECT 'type-' || (i % 40), {begin} + i * 1000, 'user ' || (i % 200), i % 200,
                        '{{\"name\":\"default\",\"title\":null,\"parameters\":{{\"rollout\":\"' || (i % 101) || '\",\"stickiness\":\"default\"}}}}',
                        'project-' || (i % 100), CASE WHEN i % 2 = 0 THEN 'production' END, 'flag-' || (i % 10000) FROM n"
        ),
    )
}

/// People, most of them from an identity provider.
pub fn users(database: &str, count: usize) -> Result<()> {
    let n = numbers(1, count);
    let mut sql = String::new();
    for insert in [
        "users (name, label_ci, username, username_ci, email, email_ci, root_role_id, created_at, updated_at)
         SELECT 'Person ' || i, 'person ' || i, 'p' || i || '@example.com', 'p' || i || '@example.com', 'p' || i || '@example.com',
                'p' || i || '@example.com', 3, i, i FROM n",
        "scim_users (user_id, connection_id, scim_id, user_name_ci, active, document, created_at, updated_at)
         SELECT u.id, 1, 'scim-' || i, u.username_ci, TRUE,
                '{\"userName\":\"' || u.username || '\",\"active\":true}', i, i
         FROM n JOIN users u ON u.username_ci = 'p' || i || '@example.com' WHERE i % 10 <> 0",
    ] {
        let (table, select) = insert.split_once("SELECT").unwrap_or((insert, ""));
        write!(sql, "INSERT INTO {table} {n} SELECT {select};")?;
    }
    fill(database, &sql)
}

/// The number in the names of the person from whom [`provisioned`] copies.
pub const PATTERN: usize = 9_999_999;

/// Users of an identity provider with the numbers from `first` to `last`, with all that filters search: alike but for what
/// holds the number, as the one with the number [`PATTERN`] is, who was made through the API. Returns their ids.
pub fn provisioned(database: &str, first: usize, last: usize) -> Result<Vec<String>> {
    let n = numbers(first, last);
    let digits = "substr(CAST(10000000 + i AS TEXT), 2)";
    let own = |column: &str| format!("replace({column}, '{PATTERN}', {digits})");
    let pattern = format!("JOIN users p ON p.username_ci = 'user{PATTERN}@example.com'");
    // How ids begin that were made before all others.
    let id = "0100000000000000000";
    let sql = format!(
        "INSERT INTO users (name, label_ci, username, username_ci, email, email_ci, root_role_id, root_by_hand, created_at, updated_at)
         {n} SELECT {}, {}, {}, {}, {}, {}, p.root_role_id, p.root_by_hand, p.created_at, p.updated_at FROM n {pattern};
         INSERT INTO scim_users (user_id, connection_id, scim_id, external_id, user_name_ci, active, document, created_at, updated_at)
         {n} SELECT u.id, s.connection_id, '{id}' || {digits}, {}, {}, s.active, {}, s.created_at, s.updated_at
         FROM n {pattern} JOIN scim_users s ON s.user_id = p.id JOIN users u ON u.username_ci = {};
         INSERT INTO scim_leaves (attribute, value, whole, owner, ordinal, element_type, is_primary)
         {n} SELECT l.attribute, {}, l.whole, o.id, l.ordinal, l.element_type, l.is_primary
         FROM n {pattern} JOIN scim_users s ON s.user_id = p.id JOIN scim_leaves l ON l.owner = s.id
         JOIN scim_users o ON o.scim_id = '{id}' || {digits};",
        own("p.name"),
        own("p.label_ci"),
        own("p.username"),
        own("p.username_ci"),
        own("p.email"),
        own("p.email_ci"),
        own("s.external_id"),
        own("s.user_name_ci"),
        own("s.document"),
        own("p.username_ci"),
        own("l.value"),
    );
    fill(database, &sql)?;
    Ok((first..=last).map(|number| format!("{id}{number:07}")).collect())
}
