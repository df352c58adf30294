//! Figures about the instance, and the licence that it does not need.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::access::{Administer, Granted, SignedIn};
use crate::api::{Problem, Routes, UNLEASH_VERSION};
use crate::app::App;
use crate::applications;
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::digest;
use crate::error::Result;
use crate::gate::csv;
use crate::gate::csv;
use crate::instance::identity;
use crate::instance::statistics::{self, Figures};
use crate::metrics;

const TAG: &str = "Instance Admin";
/// How many months the use of Edge is told for.
const MONTHS: usize = 12;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/instance-admin/statistics", "getInstanceAdminStats", TAG, get)
        .gives::<Statistics>(200)
        .add(Method::GET, "/api/admin/instance-admin/statistics/csv", "getInstanceAdminStatsCsv", TAG, table)
        .writes("text/csv")
        .add(Method::GET, "/api/admin/license", "readLicense", TAG, license)
        .gives::<License>(200)
        .add(Method::GET, "/api/admin/license/check", "checkLicense", TAG, license)
        .gives::<License>(200)
        .add(Method::GET, "/api/admin/licensed-users", "getAllLicensedUsers", "Users", licensed_users)
        .gives::<LicensedUsers>(200)
}

/// Every figure that Unleash has. What is not counted is 0.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "instanceAdminStatsSchema")]
#[expect(clippy::struct_excessive_bools, reason = "the wire format has them")]
struct Statistics {
    timestamp: Option<Time>,
    instance_id: String,
    #[serde(rename = "versionOSS")]
    version_oss: &'static str,
    version_enterprise: &'static str,
    users: i64,
    service_accounts: i64,
    api_tokens: Tokens,
    active_users: ActiveUsers,
    licensed_users: i64,
    feature_toggles: i64,
    archived_feature_toggles: i64,
    projects: i64,
    context_fields: i64,
    roles: i64,
    custom_root_roles: i64,
    custom_root_roles_in_use: i64,
    groups: i64,
    environments: i64,
    segments: i64,
    strategies: i64,
    #[serde(rename = "SAMLenabled")]
    saml_enabled: bool,
    #[serde(rename = "OIDCenabled")]
    oidc_enabled: bool,
    password_auth_enabled: bool,
    #[serde(rename = "SCIMenabled")]
    scim_enabled: bool,
    client_apps: Vec<ClientApps>,
    feature_exports: i64,
    feature_imports: i64,
    production_changes: ProductionChanges,
    previous_day_metrics_buckets_count: Buckets,
    max_environment_strategies: i64,
    max_constraint_values: i64,
    max_constraints: i64,
    release_templates: i64,
    release_plans: i64,
    edge_instance_usage: BTreeMap<String, i64>,
    read_only_users: i64,
    sum: String,
}

#[derive(Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct Tokens {
    client: i64,
    admin: i64,
    frontend: i64,
    backend: i64,
}

#[derive(Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct ActiveUsers {
    last7: i64,
    last30: i64,
    last60: i64,
    last90: i64,
}

#[derive(Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct ProductionChanges {
    last30: i64,
    last60: i64,
    last90: i64,
}

#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Buckets {
    enabled_count: i64,
    variant_count: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ClientApps {
    range: &'static str,
    count: i64,
}

async fn collect(tx: &mut Read, now: Time) -> Result<Statistics> {
    let Figures {
        users,
        service_accounts,
        features,
        archived_features,
        segments,
        context_fields,
        strategies,
        most_strategies,
        exports,
        imports,
        projects,
        environments,
        groups,
        roles,
        custom_root_roles,
        custom_root_roles_in_use,
        read_only_users,
        provisioning,
    } = statistics::figures(tx).await?;
    let tokens = statistics::tokens(tx).await?;
    let tokens = |kind: &str| tokens.get(kind).copied().unwrap_or_default();
    let (enabled_count, variant_count) = metrics::buckets_of_yesterday(tx, now).await?;
    let mut found = Statistics {
        timestamp: Some(now),
        instance_id: identity::id(tx).await?,
        version_oss: UNLEASH_VERSION,
        version_enterprise: UNLEASH_VERSION,
        users,
        service_accounts,
        api_tokens: Tokens {
            client: tokens("client"),
            admin: tokens("admin"),
            frontend: tokens("frontend"),
            backend: 0,
        },
        active_users: ActiveUsers {
            last7: statistics::active_users(tx, now, 7).await?,
            last30: statistics::active_users(tx, now, 30).await?,
            last60: statistics::active_users(tx, now, 60).await?,
            last90: statistics::active_users(tx, now, 90).await?,
        },
        licensed_users: users,
        feature_toggles: features,
        archived_feature_toggles: archived_features,
        segments,
        context_fields,
        strategies,
        max_environment_strategies: most_strategies,
        feature_exports: exports,
        feature_imports: imports,
        projects,
        roles,
        custom_root_roles,
        custom_root_roles_in_use,
        groups,
        environments,
        password_auth_enabled: true,
        scim_enabled: provisioning,
        client_apps: client_apps(tx, now).await?,
        production_changes: ProductionChanges {
            last30: statistics::production_changes(tx, now, 30).await?,
            last60: statistics::production_changes(tx, now, 60).await?,
            last90: statistics::production_changes(tx, now, 90).await?,
        },
        previous_day_metrics_buckets_count: Buckets { enabled_count, variant_count },
        edge_instance_usage: months(now).into_iter().map(|month| (month, 0)).collect(),
        read_only_users,
        ..Statistics::default()
    };
    found.sum = sum(&found);
    Ok(found)
}

/// How many applications told about themselves lately.
async fn client_apps(tx: &mut Read, now: Time) -> Result<Vec<ClientApps>> {
    let days = |days: u64| now.minus(Duration::from_hours(24 * days));
    let mut list = Vec::new();
    for (range, since) in [("7d", days(7)), ("30d", days(30)), ("allTime", Time::from_millis(0))] {
        list.push(ClientApps { range, count: applications::count(tx, since).await? });
    }
    Ok(list)
}

/// Lets whoever gets the figures see that nobody changed them on the way.
fn sum(s: &Statistics) -> String {
    digest(&format!(
        "{}{}{}{}{}{}{}{}",
        s.instance_id, s.users, s.feature_toggles, s.projects, s.roles, s.groups, s.environments, s.segments
    ))
}

/// The present month and those before it, as `2026-11`.
fn months(now: Time) -> Vec<String> {
    let text = now.to_string();
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<usize>().ok());
    let (Some(year), Some(month)) = (number(0..4), number(5..7)) else { return Vec::new() };
    let all = year * 12 + month - 1;
    (0..MONTHS)
        .map(|back| {
            let that = all.saturating_sub(back);
            format!("{:04}-{:02}", that / 12, that % 12 + 1)
        })
        .collect()
}

async fn get(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Statistics>, Problem> {
    let mut tx = app.db.read().await?;
    Ok(Json(collect(&mut tx, app.clock.now()).await?))
}

async fn table(_: Granted<SignedIn>, State(app): State<App>) -> Result<Response, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let found = collect(&mut tx, now).await?;
    let name = format!("unleash-{}-{}", found.instance_id, now.millis());
    let Ok(Value::Object(fields)) = serde_json::to_value(found) else { return Err(Problem::internal()) };
    let columns: Vec<&str> = fields.keys().map(String::as_str).collect();
    Ok(csv::table(&name, &columns, [fields.values().cloned().collect()]))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "licenseReadSchema")]
struct License {
    is_valid: bool,
}

/// Everything is allowed to everybody.
async fn license(_: Granted<SignedIn>) -> Json<License> {
    Json(License { is_valid: true })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "licensedUsersSchema")]
struct LicensedUsers {
    seat_count: i64,
    licensed_users: Seats,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Seats {
    current: i64,
    history: Vec<Month>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "licensedUserSchema")]
struct Month {
    date: String,
    count: i64,
}

/// There are as many seats as anybody can count; how many were taken in former months is not kept.
async fn licensed_users(
    _: Granted<Administer>,
    State(app): State<App>,
) -> Result<Json<LicensedUsers>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let current = statistics::figures(&mut tx).await?.users;
    let this_month = months(now).into_iter().take(1);
    let history = this_month.map(|date| Month { date, count: current }).collect();
    let seats = Seats { current, history };
    Ok(Json(LicensedUsers { seat_count: i64::from(i32::MAX), licensed_users: seats }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_over_the_turn_of_the_year() {
        let months = months(Time::parse("2026-02-24T00:00:00Z").unwrap());
        assert_eq!(months[..3], ["2026-02", "2026-01", "2025-12"]);
        assert_eq!(months.len(), 12);
    }

    #[test]
    fn the_sum_is_unleashs() {
        let statistics = Statistics {
            instance_id: "822e2706-a4a3-498d-a506-52628f96ee51".into(),
            users: 1,
            projects: 1,
            roles: 6,
            environments: 2,
            ..Statistics::default()
        };
        assert_eq!(sum(&statistics), "e9a77815f893199a0274d313d212171a349ca18aedd8c4f46aae59fd55b072bd");
    }
}
