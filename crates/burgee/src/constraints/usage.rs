//! Which strategies use a context field or a segment. Those of archived flags do not count.

use crate::access::{Sight, visible};
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// A strategy of a flag that is not archived.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Use {
    /// The strategy.
    pub id: String,
    /// The project of the flag.
    pub project: String,
    /// The flag.
    pub feature: String,
    /// The strategy type.
    pub name: String,
    /// The environment.
    pub environment: String,
}

/// `sql!` text that selects [`Use`]s through the table `$by`, as far as `$2` sees; a condition follows.
macro_rules! select_uses {
    ($by:literal, $rest:literal, $sight:expr $(, $arg:expr)*) => {
        sql!(
            concat!(
                "SELECT s.id, f.project, s.feature, s.name, s.environment
                 FROM ", $by, " u JOIN feature_strategies s ON s.id = u.strategy_id
                 JOIN features f ON f.name = s.feature AND f.archived_at IS NULL
                 JOIN projects p ON p.id = f.project
                 WHERE ", $rest, " AND ", visible!("p", "$2"),
                " ORDER BY f.project, s.feature, s.environment, s.sort_order, s.id"
            )
            $(, $arg)*, $sight.param()?
        )
    };
}

/// The strategies whose constraints name a context field.
pub async fn of_field(tx: &mut Read, sight: &Sight, field: &str) -> Result<Vec<Use>> {
    tx.all(select_uses!("strategy_fields", "u.field = $1", sight, field)).await
}

/// The strategies that use a segment.
pub async fn of_segment(tx: &mut Read, sight: &Sight, segment: i64) -> Result<Vec<Use>> {
    tx.all(select_uses!("feature_strategy_segments", "u.segment_id = $1", sight, segment)).await
}
