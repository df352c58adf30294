//! Figures about the installation.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// How much there is of what.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Figures {
    /// People with access.
    pub users: i64,
    /// Service accounts.
    pub service_accounts: i64,
    /// Flags that are not archived.
    pub features: i64,
    /// Flags that are.
    pub archived_features: i64,
    /// Segments.
    pub segments: i64,
    /// Context fields.
    pub context_fields: i64,
    /// Strategy types.
    pub strategies: i64,
    /// The most strategies that one flag has in one environment.
    pub most_strategies: i64,
    /// How often flags were exported.
    pub exports: i64,
    /// How often flags were imported.
    pub imports: i64,
    /// Projects.
    pub projects: i64,
    /// Environments.
    pub environments: i64,
    /// Groups.
    pub groups: i64,
    /// Roles.
    pub roles: i64,
    /// Root roles that the installation made.
    pub custom_root_roles: i64,
    /// Those of them that somebody has.
    pub custom_root_roles_in_use: i64,
    /// People who may change nothing: viewers without any other role.
    pub read_only_users: i64,
    /// Whether an identity provider may provision.
    pub provisioning: bool,
}

/// Counts everything once.
pub async fn figures(tx: &mut Read) -> Result<Figures> {
    tx.one(sql!(
        "SELECT (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND active = TRUE AND is_system = FALSE
                    AND is_service = FALSE) AS users,
                (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND is_service = TRUE) AS service_accounts,
                (SELECT COUNT(*) FROM features WHERE archived_at IS NULL) AS features,
                (SELECT COUNT(*) FROM features WHERE archived_at IS NOT NULL) AS archived_features,
                (SELECT COUNT(*) FROM segments) AS segments,
                (SELECT COUNT(*) FROM context_fields) AS context_fields,
                (SELECT COUNT(*) FROM strategy_types) AS strategies,
                (SELECT COALESCE(MAX(s.size), 0) FROM (
                    SELECT COUNT(*) AS size FROM feature_strategies GROUP BY feature, environment
                 ) s) AS most_strategies,
                (SELECT COUNT(*) FROM events WHERE type = 'features-exported') AS exports,
                (SELECT COUNT(*) FROM events WHERE type = 'features-imported') AS imports,
                (SELECT COUNT(*) FROM projects) AS projects,
                (SELECT COUNT(*) FROM environments) AS environments,
                (SELECT COUNT(*) FROM groups) AS groups,
                (SELECT COUNT(*) FROM roles) AS roles,
                (SELECT COUNT(*) FROM roles WHERE type = 'root-custom') AS custom_root_roles,
                (SELECT COUNT(*) FROM roles r WHERE r.type = 'root-custom' AND (
                    EXISTS (SELECT 1 FROM users u WHERE u.root_role_id = r.id AND u.deleted_at IS NULL)
                    OR EXISTS (SELECT 1 FROM groups g WHERE g.root_role_id = r.id)
                    OR EXISTS (SELECT 1 FROM scim_said s WHERE s.role_id = r.id)
                    OR EXISTS (SELECT 1 FROM scim_rule_roles o WHERE o.role_id = r.id)
                    OR EXISTS (SELECT 1 FROM scim_connections c WHERE c.usual_role = r.id))) AS custom_root_roles_in_use,
                (SELECT COUNT(*) FROM users u WHERE u.deleted_at IS NULL AND u.active = TRUE AND u.is_system = FALSE
                    AND u.is_service = FALSE AND u.root_role_id = 3
                    AND NOT EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = u.id)
                    AND NOT EXISTS (SELECT 1 FROM scim_said s WHERE s.user_id = u.id)
                    AND NOT EXISTS (SELECT 1 FROM group_users m WHERE m.user_id = u.id)) AS read_only_users,
                EXISTS (SELECT 1 FROM scim_connections WHERE enabled = TRUE) AS provisioning"
    ))
    .await
}

/// How many API tokens there are of each type.
pub async fn tokens(tx: &mut Read) -> Result<BTreeMap<String, i64>> {
    let counts: Vec<(String, i64)> =
        tx.all(sql!("SELECT type, COUNT(*) FROM api_tokens GROUP BY type")).await?;
    Ok(counts.into_iter().collect())
}

/// How many people were seen in the last `days` days.
pub async fn active_users(tx: &mut Read, now: Time, days: u64) -> Result<i64> {
    let (count,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM seen n JOIN users u ON u.id = n.id
             WHERE n.subject = 'user' AND n.last_at >= $1 AND u.deleted_at IS NULL AND u.is_service = FALSE",
            ago(now, days)
        ))
        .await?;
    Ok(count)
}

/// How many changes of flags there were in environments of production in the last `days` days.
pub async fn production_changes(tx: &mut Read, now: Time, days: u64) -> Result<i64> {
    let (count,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM events e JOIN environments v ON v.name = e.environment
             WHERE v.type = 'production' AND e.feature_name IS NOT NULL AND e.created_at >= $1",
            ago(now, days)
        ))
        .await?;
    Ok(count)
}

fn ago(now: Time, days: u64) -> Time {
    now.minus(Duration::from_secs(days * 24 * 60 * 60))
}
