//! Rows written behind the server's back, where making them through the API would take all day.

use std::process::Command;

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
