//! What the operator's monitoring sees.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::db::{Db, Read};
use crate::error::{Error, Result};
use crate::sql;

/// How many flags are counted for how many applications at most.
const MOST_USAGE: usize = 10_000;
/// How many versions of SDKs are told apart.
const MOST_SDKS: i64 = 1000;

/// What is counted while the server runs.
#[derive(Default)]
pub struct Metrics {
    quirks: Family<QuirkLabel, Counter>,
    /// Those that were counted, since a family does not tell.
    quirk_names: Mutex<BTreeSet<&'static str>>,
    scim: Family<RequestLabel, Counter>,
    usage: Family<UsageLabel, Counter>,
    usage_series: AtomicUsize,
    /// Only grows; a gauge, because the name of a counter would end as Unleash's does not.
    stages: Family<StageLabel, Gauge>,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(non_snake_case, reason = "Unleash calls the label so")]
struct UsageLabel {
    toggle: String,
    active: bool,
    appName: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SdkLabel {
    sdk_name: String,
    sdk_version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

impl Metrics {
    /// Counts how often a flag was on and off for an application.
    pub fn usage(&self, flag: &str, application: &str, yes: u64, no: u64) {
        for (active, times) in [(true, yes), (false, no)].into_iter().filter(|(_, times)| *times > 0) {
            let label = UsageLabel { toggle: flag.to_owned(), active, appName: application.to_owned() };
            if let Some(counter) = self.usage.get(&label) {
                counter.inc_by(times);
            } else if self.usage_series.fetch_add(1, Ordering::Relaxed) < MOST_USAGE {
                self.usage.get_or_create(&label).inc_by(times);
            }
        }
    }

    /// Counts flags that came to a stage of their lives.
    pub fn entered(&self, stage: &'static str, flags: u64) {
        self.stages.get_or_create(&StageLabel { stage }).inc_by(i64::try_from(flags).unwrap_or(i64::MAX));
    }

    /// Counts a quirk of an identity provider.
    pub fn quirk(&self, quirk: &'static str) {
        self.quirks.get_or_create(&QuirkLabel { quirk }).inc();
        self.quirk_names.lock().unwrap_or_else(PoisonError::into_inner).insert(quirk);
    }

    /// The quirks of identity providers since the server started, and how often each was seen.
    pub fn quirks(&self) -> Vec<(&'static str, u64)> {
        let names = self.quirk_names.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let times = |quirk| self.quirks.get(&QuirkLabel { quirk }).map(|counter| counter.get());
        names.into_iter().filter_map(|quirk| Some((quirk, times(quirk)?))).collect()
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
        registry.register(
            "feature_toggle_usage",
            "How often flags were on and off, by application",
            self.usage.clone(),
        );
        registry.register(
            "feature_lifecycle_stage_entered",
            "How many flags came to a stage of their lives because they were used",
            self.stages.clone(),
        );
        let mut counted = Vec::new();
        if let Ok(mut tx) = db.read().await {
            counted = counts(&mut tx).await.unwrap_or_default();
            let sdks = sdks(&mut tx).await.unwrap_or_default();
            registry.register("client_sdk_versions", "Instances by the SDK that they use", sdks);
        }
        for (name, help, value) in more.iter().chain(&counted) {
            let gauge = Gauge::<i64>::default();
            gauge.set(*value);
            registry.register(*name, *help, gauge);
        }
        let mut text = String::new();
        encode(&mut text, &registry).map_err(Error::internal)?;
        Ok(text)
    }
}

/// Name, meaning, value.
type State = (&'static str, &'static str, i64);

async fn counts(tx: &mut Read) -> Result<Vec<State>> {
    let people: (i64, i64, i64, i64, i64, i64, i64, i64) = tx
        .one(sql!(
            "SELECT (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND is_system = FALSE AND is_service = FALSE),
                    (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND is_service = TRUE),
                    (SELECT COUNT(*) FROM groups),
                    (SELECT COUNT(*) FROM roles),
                    (SELECT COUNT(*) FROM api_tokens),
                    (SELECT COUNT(*) FROM scim_connections WHERE enabled = TRUE),
                    (SELECT COUNT(*) FROM scim_users),
                    (SELECT COUNT(*) FROM scim_groups)"
        ))
        .await?;
    let flags: (i64, i64, i64, i64, i64, i64, i64) = tx
        .one(sql!(
            "SELECT (SELECT COUNT(*) FROM features WHERE archived_at IS NULL),
                    (SELECT COUNT(*) FROM features WHERE archived_at IS NOT NULL),
                    (SELECT COUNT(*) FROM projects),
                    (SELECT COUNT(*) FROM environments),
                    (SELECT COUNT(*) FROM segments),
                    (SELECT COUNT(*) FROM unknown_flags),
                    (SELECT COUNT(DISTINCT name) FROM unknown_flags)"
        ))
        .await?;
    Ok(vec![
        ("users_total", "People with an account", people.0),
        ("service_accounts_total", "Service accounts", people.1),
        ("groups_total", "Groups", people.2),
        ("roles_total", "Roles", people.3),
        ("api_tokens_total", "API tokens", people.4),
        ("scim_enabled", "1 if an identity provider is let in", i64::from(people.5 > 0)),
        ("burgee_scim_users_total", "People whom an identity provider manages", people.6),
        ("burgee_scim_groups_total", "Groups that an identity provider manages", people.7),
        ("feature_toggles_total", "Flags", flags.0),
        ("feature_toggles_archived_total", "Archived flags", flags.1),
        ("projects_total", "Projects", flags.2),
        ("environments_total", "Environments", flags.3),
        ("segments_total", "Segments", flags.4),
        ("unknown_flags", "Reports of flags that are not there", flags.5),
        ("unknown_flags_unique_names", "Flags that applications ask for and that are not there", flags.6),
    ])
}

/// How many instances run which version of which SDK.
async fn sdks(tx: &mut Read) -> Result<Family<SdkLabel, Gauge>> {
    let versions: Vec<(String, i64)> = tx
        .all(sql!(
            "SELECT sdk, COUNT(*) FROM application_instances WHERE sdk IS NOT NULL GROUP BY sdk ORDER BY sdk LIMIT $1",
            MOST_SDKS
        ))
        .await?;
    let family = Family::<SdkLabel, Gauge>::default();
    for (sdk, instances) in versions {
        let (name, version) = sdk.rsplit_once(':').unwrap_or((&sdk, ""));
        let label = SdkLabel { sdk_name: name.to_owned(), sdk_version: version.to_owned() };
        family.get_or_create(&label).set(instances);
    }
    Ok(family)
}
