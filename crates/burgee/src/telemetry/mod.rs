//! What the operator's monitoring sees.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::sql;

/// The present state in Prometheus' text format. Names are Unleash's, where Unleash has one.
pub async fn gauges(db: &Db) -> Result<String> {
    let counts: (i64, i64, i64, i64, i64, i64, i64, i64) = db
        .read(async |tx| {
            tx.one(sql!(
                "SELECT
                 (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND is_system = FALSE AND is_service = FALSE),
                 (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND is_service = TRUE),
                 (SELECT COUNT(*) FROM groups),
                 (SELECT COUNT(*) FROM roles),
                 (SELECT COUNT(*) FROM api_tokens),
                 (SELECT COUNT(*) FROM scim_connections WHERE enabled = TRUE),
                 (SELECT COUNT(*) FROM scim_users),
                 (SELECT COUNT(*) FROM scim_groups)"
            ))
            .await
        })
        .await?;
    let mut registry = Registry::default();
    for (name, help, value) in [
        ("users_total", "People with an account", counts.0),
        ("service_accounts_total", "Service accounts", counts.1),
        ("groups_total", "Groups", counts.2),
        ("roles_total", "Roles", counts.3),
        ("api_tokens_total", "API tokens", counts.4),
        ("scim_enabled", "1 if an identity provider is let in", i64::from(counts.5 > 0)),
        ("burgee_scim_users_total", "People whom an identity provider manages", counts.6),
        ("burgee_scim_groups_total", "Groups that an identity provider manages", counts.7),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(Error::internal)?;
    Ok(text)
}
