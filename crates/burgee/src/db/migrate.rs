//! Schema migrations: one file each, rendered for the engine, applied in order at start-up.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::dialect::{Engine, render};

/// Every migration in order. The number in front is the version and never changes once released.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "core", include_str!("migrations/0001_core.sql")),
    (2, "provisioning", include_str!("migrations/0002_provisioning.sql")),
    (3, "flags", include_str!("migrations/0003_flags.sql")),
    (5, "instance", include_str!("migrations/0005_instance.sql")),
    (6, "fields", include_str!("migrations/0006_fields.sql")),
    (7, "search", include_str!("migrations/0007_search.sql")),
    (8, "applications", include_str!("migrations/0008_applications.sql")),
    (9, "published", include_str!("migrations/0009_published.sql")),
    (10, "metrics", include_str!("migrations/0010_metrics.sql")),
    (11, "setup", include_str!("migrations/0011_setup.sql")),
    (12, "saved", include_str!("migrations/0012_saved.sql")),
    (13, "people", include_str!("migrations/0013_people.sql")),
    (14, "connections", include_str!("migrations/0014_connections.sql")),
    (16, "calls", include_str!("migrations/0016_calls.sql")),
    (17, "bridge", include_str!("migrations/0017_bridge.sql")),
    (18, "oauth", include_str!("migrations/0018_oauth.sql")),
    (19, "left", include_str!("migrations/0019_left.sql")),
    (20, "roles", include_str!("migrations/0020_roles.sql")),
    (21, "guards", include_str!("migrations/0021_guards.sql")),
    (22, "signals", include_str!("migrations/0022_signals.sql")),
    (23, "silence", include_str!("migrations/0023_silence.sql")),
];

/// The migrations for one engine. sqlx keeps the record, the checksums and the lock between nodes.
pub(super) fn migrator(engine: Engine) -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, text)| {
            let sql = AssertSqlSafe(render(text, engine)).into_sql_str();
            Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
        })
        .collect();
    Migrator::with_migrations(migrations)
}
