//! Flags written behind the server's back: a strategy each, with what flags have in the usual shares.

use std::fmt::Write as _;

use anyhow::Result;
use bench_harness::fill::{fill, numbers};

/// The flags from `there` to `size`, in `development`. The first one is off.
pub fn flags(database: &str, there: usize, size: usize) -> Result<()> {
    let n = numbers(there + 1, size);
    let mut sql = String::new();
    if there == 0 {
        let constraints = r#"[{"contextName":"country","operator":"IN","values":["country-1","country-3"],"inverted":false,"caseInsensitive":false}]"#;
        write!(
            sql,
            "INSERT INTO segments (id, name, constraints, created_by, created_at)
             VALUES (1, 'beta', '{constraints}', 'bench', 0);"
        )?;
    }
    let parameters =
        r#"'{"groupId":"flag-' || i || '","rollout":"' || (i % 4 * 33 + 1) || '","stickiness":"default"}'"#;
    let constraint = r#"'[{"contextName":"userId","operator":"IN","values":["user-1","user-' || (i % 50) || '","user-77"],"inverted":true,"caseInsensitive":false}]'"#;
    let variants = r##"'[{"name":"red","weight":500,"weightType":"variable","stickiness":"default","payload":{"type":"string","value":"#f00"}},{"name":"blue","weight":500,"weightType":"variable","stickiness":"default","payload":{"type":"string","value":"#00f"}}]'"##;
    for insert in [
        "features (name, search, project, type, description, created_at, created_by)
         SELECT 'flag-' || i, 'flag-' || i, 'default', 'release', 'What it is for', i, -42 FROM n".to_owned(),
        "feature_environments (feature, environment, enabled) SELECT 'flag-' || i, 'development', i % 5 <> 1 FROM n".to_owned(),
        format!(
            "feature_strategies (id, feature, environment, name, parameters, constraints, variants, sort_order, created_at)
             SELECT 's-' || i, 'flag-' || i, 'development', 'flexibleRollout', {parameters},
                    CASE WHEN i % 10 < 8 THEN {constraint} ELSE '[]' END,
                    CASE WHEN i % 10 < 4 THEN {variants} ELSE '[]' END, 0, 0 FROM n"
        ),
        "feature_strategy_segments (strategy_id, segment_id) SELECT 's-' || i, 1 FROM n WHERE i % 5 = 0".to_owned(),
        "feature_dependencies (child, parent, enabled, variants) SELECT 'flag-' || i, 'flag-2', TRUE, '[]' FROM n WHERE i % 16 = 3 AND i > 16".to_owned(),
    ] {
        let (table, select) = insert.split_once("SELECT").unwrap_or((&insert, ""));
        write!(sql, "INSERT INTO {table} {n} SELECT {select};")?;
    }
    fill(database, &sql)
}
