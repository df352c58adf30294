//! How a project is doing.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::project_settings::{LinkView, NamingView, ProjectEnvironment};
use super::projects::{ModeView, Onboarding, person};
use crate::access::{Granted, SeeProject};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Error;
use crate::projects::statistics::{self, LeadTime, Stage, Stats};
use crate::projects::summary::{self, Flags, Summary, Which};
use crate::projects::{self, Project, environment, flags};

const TAG: &str = "Projects";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/projects/{projectId}/overview", "getProjectOverview", TAG, overview)
        .gives::<Overview>(200)
        .add(Method::GET, "/api/admin/projects/{projectId}/status", "getProjectStatus", TAG, status)
        .gives::<Status>(200)
        .add(
            Method::GET,
            "/api/admin/projects/{projectId}/health-report",
            "getProjectHealthReport",
            TAG,
            health_report,
        )
        .gives::<HealthReport>(200)
        .add(Method::GET, "/api/admin/projects/{projectId}/insights", "getProjectInsights", TAG, insights)
        .gives::<Insights>(200)
        .add(Method::GET, "/api/admin/projects/{projectId}/dora", "getProjectDora", TAG, dora)
        .gives::<Dora>(200)
        .add(
            Method::GET,
            "/api/admin/projects/{projectId}/flag-creators",
            "getProjectFlagCreators",
            TAG,
            flag_creators,
        )
        .gives::<Vec<FlagCreator>>(200)
}

/// A project with its numbers and its flags in numbers.
async fn known(tx: &mut Read, grant: &Granted<SeeProject>) -> Result<(Project, Summary, i64), Problem> {
    let id = &grant.scope().project;
    let project = projects::get(tx, id).await?;
    let sight = grant.sight(tx).await?;
    let summary = summary::list(tx, &sight, person(grant), Which::One(id)).await?.pop();
    let summary = summary.ok_or_else(|| Error::not_found("No project found"))?;
    let members = summary::members(tx, Some(id)).await?.remove(id).unwrap_or_default();
    Ok((project, summary, members))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectStatsSchema")]
#[expect(clippy::struct_field_names, reason = "the wire has these names")]
struct StatsView {
    avg_time_to_prod_current_window: f64,
    created_current_window: i64,
    created_past_window: i64,
    archived_current_window: i64,
    archived_past_window: i64,
    project_activity_current_window: i64,
    project_activity_past_window: i64,
    project_members_added_current_window: i64,
}

impl StatsView {
    fn new(stats: Stats, times: &[LeadTime]) -> Self {
        Self {
            avg_time_to_prod_current_window: statistics::average(times),
            created_current_window: stats.created,
            created_past_window: stats.created_before,
            archived_current_window: stats.archived,
            archived_past_window: stats.archived_before,
            project_activity_current_window: stats.events,
            project_activity_past_window: stats.events_before,
            project_members_added_current_window: stats.joined,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "featureTypeCountSchema")]
struct TypeCount {
    r#type: String,
    count: i64,
}

async fn type_counts(tx: &mut Read, project: &str) -> Result<Vec<TypeCount>, Problem> {
    let counts = summary::types(tx, project).await?;
    Ok(counts.into_iter().map(|(kind, count)| TypeCount { r#type: kind, count }).collect())
}

/// What every report about a project begins with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Head {
    version: u8,
    stats: StatsView,
    name: String,
    description: Option<String>,
    default_stickiness: String,
    mode: ModeView,
    feature_limit: Option<i64>,
    feature_naming: NamingView,
    members: i64,
    health: i64,
    technical_debt: i64,
    environments: Vec<ProjectEnvironment>,
    updated_at: Time,
    created_at: Time,
    favorite: bool,
}

impl Head {
    async fn new(
        tx: &mut Read,
        app: &App,
        project: &Project,
        summary: &Summary,
        members: i64,
    ) -> Result<Self, Problem> {
        let stats = statistics::stats(tx, &project.id, app.clock.now()).await?;
        let times = statistics::lead_times(tx, &project.id).await?;
        let mut environments = Vec::new();
        for place in environment::list(tx, &project.id).await? {
            environments.push(ProjectEnvironment::new(place)?);
        }
        Ok(Self {
            version: 1,
            stats: StatsView::new(stats, &times),
            name: project.name.clone(),
            description: project.description.clone(),
            default_stickiness: project.default_stickiness.clone(),
            mode: project.mode.into(),
            feature_limit: project.feature_limit,
            feature_naming: project.feature_naming.clone().into(),
            members,
            health: summary.flags.health(),
            technical_debt: summary.flags.debt(),
            environments,
            updated_at: project.updated_at,
            created_at: project.created_at,
            favorite: summary.favorite,
        })
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectOverviewSchema")]
struct Overview {
    #[serde(flatten)]
    head: Head,
    link_templates: Vec<LinkView>,
    feature_type_counts: Vec<TypeCount>,
    archived_at: Option<Time>,
    onboarding_status: Onboarding,
}

async fn overview(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<Overview>, Problem> {
    let mut tx = app.db.read().await?;
    let (project, summary, members) = known(&mut tx, &grant).await?;
    Ok(Json(Overview {
        head: Head::new(&mut tx, &app, &project, &summary, members).await?,
        feature_type_counts: type_counts(&mut tx, &project.id).await?,
        onboarding_status: Onboarding::from(&summary),
        archived_at: project.archived_at,
        link_templates: project.link_templates.into_iter().map(LinkView::from).collect(),
    }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "healthReportSchema")]
struct HealthReport {
    #[serde(flatten)]
    head: Head,
    features: Vec<FlagView>,
    potentially_stale_count: i64,
    active_count: i64,
    stale_count: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "reportedFeatureSchema")]
struct FlagView {
    name: String,
    r#type: String,
    description: Option<String>,
    stale: bool,
    impression_data: bool,
    favorite: bool,
    created_at: Time,
    environments: Vec<StateView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "reportedFeatureEnvironmentSchema")]
struct StateView {
    name: String,
    r#type: String,
    enabled: bool,
    sort_order: i64,
    variant_count: usize,
    last_seen_at: Option<Time>,
    has_strategies: bool,
    has_enabled_strategies: bool,
}

impl From<(flags::Flag, Vec<flags::State>)> for FlagView {
    fn from((flag, states): (flags::Flag, Vec<flags::State>)) -> Self {
        let state = |state: flags::State| StateView {
            variant_count: state.variant_count(),
            name: state.name,
            r#type: state.r#type,
            enabled: state.enabled,
            sort_order: state.sort_order,
            last_seen_at: state.last_seen_at,
            has_strategies: state.strategies > 0,
            has_enabled_strategies: state.active_strategies > 0,
        };
        Self {
            name: flag.name,
            r#type: flag.r#type,
            description: flag.description,
            stale: flag.stale,
            impression_data: flag.impression_data,
            favorite: flag.favorite,
            created_at: flag.created_at,
            environments: states.into_iter().map(state).collect(),
        }
    }
}

async fn health_report(
    grant: Granted<SeeProject>,
    State(app): State<App>,
) -> Result<Json<HealthReport>, Problem> {
    let mut tx = app.db.read().await?;
    let (project, summary, members) = known(&mut tx, &grant).await?;
    let features = flags::list(&mut tx, &project.id, person(&grant)).await?;
    Ok(Json(HealthReport {
        head: Head::new(&mut tx, &app, &project, &summary, members).await?,
        features: features.into_iter().map(FlagView::from).collect(),
        potentially_stale_count: summary.flags.potentially_stale,
        active_count: summary.flags.active(),
        stale_count: summary.flags.stale,
    }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectStatusSchema")]
struct Status {
    activity_count_by_date: Vec<Activity>,
    health: Current,
    technical_debt: Current,
    resources: Resources,
    stale_flags: Total,
    lifecycle_summary: Lifecycle,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Activity {
    date: String,
    count: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Current {
    current: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Total {
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Resources {
    api_tokens: i64,
    members: i64,
    segments: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Lifecycle {
    initial: StageView,
    pre_live: StageView,
    live: StageView,
    completed: StageView,
    archived: ArchivedView,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct StageView {
    average_days: Option<f64>,
    current_flags: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct ArchivedView {
    current_flags: i64,
    last30_days: i64,
}

impl From<Stage> for StageView {
    fn from(stage: Stage) -> Self {
        Self { average_days: stage.average_days, current_flags: stage.flags }
    }
}

async fn status(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<Status>, Problem> {
    let mut tx = app.db.read().await?;
    let (project, summary, members) = known(&mut tx, &grant).await?;
    let now = app.clock.now();
    let activity = statistics::activity(&mut tx, &project.id, now).await?;
    let resources = statistics::resources(&mut tx, &project.id).await?;
    let mut stages = statistics::stages(&mut tx, &project.id, now).await?;
    let mut stage = |name: &str| stages.remove(name).unwrap_or_default();
    let archived = stage("archived");
    Ok(Json(Status {
        activity_count_by_date: activity.into_iter().map(|(date, count)| Activity { date, count }).collect(),
        health: Current { current: summary.flags.health() },
        technical_debt: Current { current: summary.flags.debt() },
        resources: Resources { api_tokens: resources.api_tokens, members, segments: resources.segments },
        stale_flags: Total { total: summary.flags.stale + summary.flags.potentially_stale },
        lifecycle_summary: Lifecycle {
            initial: stage("initial").into(),
            pre_live: stage("pre-live").into(),
            live: stage("live").into(),
            completed: stage("completed").into(),
            archived: ArchivedView { current_flags: archived.flags, last30_days: archived.recent },
        },
    }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectInsightsSchema")]
struct Insights {
    stats: StatsView,
    health: Rating,
    technical_debt: Rating,
    lead_time: Dora,
    feature_type_counts: Vec<TypeCount>,
    members: Members,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "the wire has these names")]
struct Rating {
    rating: i64,
    active_count: i64,
    potentially_stale_count: i64,
    stale_count: i64,
}

impl Rating {
    fn new(rating: i64, flags: Flags) -> Self {
        Self {
            rating,
            active_count: flags.active(),
            potentially_stale_count: flags.potentially_stale,
            stale_count: flags.stale,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Members {
    current_members: i64,
    change: i64,
}

async fn insights(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<Insights>, Problem> {
    let mut tx = app.db.read().await?;
    let (project, summary, members) = known(&mut tx, &grant).await?;
    let stats = statistics::stats(&mut tx, &project.id, app.clock.now()).await?;
    let times = statistics::lead_times(&mut tx, &project.id).await?;
    Ok(Json(Insights {
        stats: StatsView::new(stats, &times),
        health: Rating::new(summary.flags.health(), summary.flags),
        technical_debt: Rating::new(summary.flags.debt(), summary.flags),
        lead_time: times.into(),
        feature_type_counts: type_counts(&mut tx, &project.id).await?,
        members: Members { current_members: members, change: stats.joined },
    }))
}

/// How long flags take to production, in days.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectDoraMetricsSchema")]
struct Dora {
    project_average: f64,
    features: Vec<Lead>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "doraFeaturesSchema")]
struct Lead {
    name: String,
    time_to_production: f64,
}

impl From<Vec<LeadTime>> for Dora {
    fn from(times: Vec<LeadTime>) -> Self {
        let lead = |time: LeadTime| Lead { name: time.feature, time_to_production: time.days };
        Self { project_average: statistics::average(&times), features: times.into_iter().map(lead).collect() }
    }
}

async fn dora(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<Dora>, Problem> {
    let mut tx = app.db.read().await?;
    Ok(Json(statistics::lead_times(&mut tx, &grant.scope().project).await?.into()))
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct FlagCreator {
    id: i64,
    name: String,
}

async fn flag_creators(
    grant: Granted<SeeProject>,
    State(app): State<App>,
) -> Result<Json<Vec<FlagCreator>>, Problem> {
    let mut tx = app.db.read().await?;
    let creators = flags::creators(&mut tx, &grant.scope().project).await?;
    Ok(Json(creators.into_iter().map(|(id, name)| FlagCreator { id, name }).collect()))
}
