//! What the operator's monitoring sees.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::sql;

/// What is counted while the server runs.
#[derive(Default)]
pub struct Metrics {
    quirks: Family<QuirkLabel, Counter>,
    scim: Family<RequestLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuirkLabel {
    quirk: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    method: &'static str,
    status: u32,
}

impl Metrics {
    /// Counts a quirk of an identity provider.
    pub fn quirk(&self, quirk: &'static str) {
        self.quirks.get_or_create(&QuirkLabel { quirk }).inc();
    }

    /// Counts a SCIM request by its outcome.
    pub fn scim(&self, method: &str, status: u16) {
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let method = known.into_iter().find(|known| *known == method).unwrap_or("other");
        self.scim.get_or_create(&RequestLabel { method, status: u32::from(status) }).inc();
    }

    /// The counters, the present state of the database, and `more` (name, meaning, value), in Prometheus' text format.
    /// Names are Unleash's, where Unleash has one. Of a database that does not answer, nothing is told.
    pub async fn text(&self, db: &Db, more: &[(&str, &str, i64)]) -> Result<String> {
        let mut registry = Registry::default();
        registry.register(
            "burgee_scim_quirks",
            "Deviations of identity providers, by name",
            self.quirks.clone(),
        );
        registry.register("burgee_scim_requests", "SCIM requests by method and status", self.scim.clone());
        for (name, help, value) in more.iter().chain(&counts(db).await.unwrap_or_default()) {
            let gauge = Gauge::<i64>::default();
            gauge.set(*value);
            registry.register(*name, *help, gauge);
        }
        let mut text = String::new();
        encode(&mut text, &registry).map_err(Error::internal)?;
        Ok(text)
    }
}

async fn counts(db: &Db) -> Result<Vec<(&'static str, &'static str, i64)>> {
    let mut tx = db.read().await?;
    let counts: (i64, i64, i64, i64, i64, i64, i64, i64) = tx.one(sql!(
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
                .await?;
    Ok(vec![
        ("users_total", "People with an account", counts.0),
        ("service_accounts_total", "Service accounts", counts.1),
        ("groups_total", "Groups", counts.2),
        ("roles_total", "Roles", counts.3),
        ("api_tokens_total", "API tokens", counts.4),
        ("scim_enabled", "1 if an identity provider is let in", i64::from(counts.5 > 0)),
        ("burgee_scim_users_total", "People whom an identity provider manages", counts.6),
        ("burgee_scim_groups_total", "Groups that an identity provider manages", counts.7),
    ])
}
