//! Applications: who uses the server's flags.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operators;
use crate::access::{Granted, SeeProject, SignedIn, UpdateApplication};
use crate::api::input::{Body, Name, Names, Query, present};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::applications::{self, Application, Draft, Environment, Instance, Member};
use crate::clock::Time;
use crate::metrics;

const TAG: &str = "Metrics";
/// How many applications a list has at most.
const LARGEST: i64 = 1000;
const PAGE: &[&str] = &["query", "offset", "limit", "sortBy", "sortOrder"];

pub(super) fn routes() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::GET, "/api/admin/metrics/applications", "getApplications", TAG, list)
        .asks(PAGE)
        .gives::<Applications>(200)
        .add(M::GET, "/api/admin/metrics/applications/{appName}", "getApplication", TAG, get)
        .gives::<ApplicationView>(200)
        .add(M::POST, "/api/admin/metrics/applications/{appName}", "createApplication", TAG, describe)
        .takes::<ApplicationDraft>()
        .empty(202)
        .add(M::DELETE, "/api/admin/metrics/applications/{appName}", "deleteApplication", TAG, delete)
        .add(
            M::GET,
            "/api/admin/metrics/applications/{appName}/overview",
            "getApplicationOverview",
            TAG,
            overview,
        )
        .gives::<Overview>(200)
        .add(
            M::GET,
            "/api/admin/metrics/instances/{appName}/environment/{environment}",
            "getApplicationEnvironmentInstances",
            TAG,
            instances,
        )
        .gives::<Instances>(200)
        .add(M::GET, "/api/admin/metrics/sdks/outdated", "getOutdatedSdks", TAG, outdated)
        .gives::<OutdatedSdks>(200)
        .add(
            M::GET,
            "/api/admin/projects/{projectId}/applications",
            "getProjectApplications",
            "Projects",
            of_project,
        )
        .asks(PAGE)
        .gives::<ProjectApplications>(200)
        .add(
            M::GET,
            "/api/admin/projects/{projectId}/sdks/outdated",
            "getOutdatedProjectSdks",
            "Projects",
            outdated_of_project,
        )
        .gives::<OutdatedSdks>(200)
}

/// Lists have one order, that of the names; what else `sortBy` asks for counts as that.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    query: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
    sort_order: Option<String>,
}

impl From<Page> for applications::Page {
    fn from(page: Page) -> Self {
        let (offset, limit) =
            operators::page(page.offset.as_deref(), page.limit.as_deref(), LARGEST, LARGEST);
        Self {
            query: page.query.unwrap_or_default(),
            descending: page.sort_order.as_deref() == Some("desc"),
            offset,
            limit,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "applicationsSchema")]
struct Applications {
    applications: Vec<ApplicationView>,
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "applicationSchema")]
struct ApplicationView {
    app_name: String,
    strategies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    usage: Vec<UsageView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "applicationUsageSchema")]
struct UsageView {
    project: String,
    environments: Vec<String>,
}

impl From<Application> for ApplicationView {
    fn from(application: Application) -> Self {
        let usage = application.usage.into_iter();
        Self {
            app_name: application.name,
            strategies: application.strategies.0,
            description: application.details.description,
            url: application.details.url,
            color: application.details.color,
            icon: application.details.icon,
            usage: usage.map(|(project, environments)| UsageView { project, environments }).collect(),
        }
    }
}

async fn list(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<Applications>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let (found, total) = applications::list(&mut tx, &sight, &page.into()).await?;
    Ok(Json(Applications { applications: found.into_iter().map(ApplicationView::from).collect(), total }))
}

async fn get(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<ApplicationView>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    Ok(Json(applications::get(&mut tx, &sight, &name).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "createApplicationSchema")]
#[expect(clippy::option_option, reason = "null and what is left out differ")]
struct ApplicationDraft {
    #[serde(default, deserialize_with = "present")]
    url: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    color: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    icon: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    #[schemars(length(max = 100), inner(length(max = 100)))]
    strategies: Option<Vec<String>>,
}

async fn describe(
    grant: Granted<UpdateApplication>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<ApplicationDraft>,
) -> Result<StatusCode, Problem> {
    let ApplicationDraft { url, color, icon, description, strategies } = body;
    let draft = Draft { url, color, icon, description, strategies };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    applications::describe(&mut tx, &sight, &name, draft).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

async fn delete(
    grant: Granted<UpdateApplication>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    applications::delete(&mut tx, &sight, &name).await?;
    Ok(tx.commit().await?)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "applicationOverviewSchema")]
struct Overview {
    projects: Vec<String>,
    feature_count: i64,
    environments: Vec<EnvironmentView>,
    issues: Issues,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "applicationOverviewIssuesSchema")]
struct Issues {
    missing_strategies: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "applicationOverviewEnvironmentSchema")]
struct EnvironmentView {
    name: String,
    instance_count: i64,
    sdks: Vec<String>,
    frontend_sdks: Vec<String>,
    backend_sdks: Vec<String>,
    last_seen: Option<Time>,
    issues: EnvironmentIssues,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "applicationEnvironmentIssuesSchema")]
struct EnvironmentIssues {
    missing_features: Vec<String>,
    outdated_sdks: Vec<String>,
}

impl EnvironmentView {
    fn new(name: String, environment: Environment, missing_features: Vec<String>) -> Self {
        let [backend, frontend] = environment.sdks;
        Self {
            name,
            instance_count: environment.instances,
            sdks: backend.union(&frontend).cloned().collect(),
            frontend_sdks: frontend.into_iter().collect(),
            backend_sdks: backend.into_iter().collect(),
            last_seen: environment.seen_at,
            issues: EnvironmentIssues {
                missing_features,
                outdated_sdks: environment.outdated.into_iter().collect(),
            },
        }
    }
}

async fn overview(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<Overview>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let found = applications::overview(&mut tx, &sight, &name).await?;
    let feature_count = metrics::flags_of(&mut tx, &sight, &name, app.clock.now()).await?;
    let mut missing = metrics::missing(&mut tx, &sight, &name).await?;
    let view = |(environment, state): (String, Environment)| {
        let missing = missing.remove(&environment).unwrap_or_default();
        EnvironmentView::new(environment, state, missing)
    };
    Ok(Json(Overview {
        projects: found.projects,
        feature_count,
        environments: found.environments.into_iter().map(view).collect(),
        issues: Issues { missing_strategies: found.missing_strategies },
    }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "applicationEnvironmentInstancesSchema")]
struct Instances {
    instances: Vec<InstanceView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct InstanceView {
    instance_id: String,
    sdk_version: Option<String>,
    client_ip: Option<String>,
    last_seen: Time,
}

impl From<Instance> for InstanceView {
    fn from(instance: Instance) -> Self {
        Self {
            instance_id: instance.instance,
            sdk_version: instance.sdk,
            client_ip: instance.ip,
            last_seen: instance.seen_at,
        }
    }
}

async fn instances(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Names([name, environment]): Names<2>,
) -> Result<Json<Instances>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let found = applications::instances(&mut tx, &sight, &name, &environment).await?;
    Ok(Json(Instances { instances: found.into_iter().map(InstanceView::from).collect() }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "outdatedSdksSchema")]
struct OutdatedSdks {
    sdks: Vec<OutdatedSdk>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct OutdatedSdk {
    sdk_version: String,
    applications: Vec<String>,
}

async fn outdated(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<OutdatedSdks>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let found = applications::outdated_sdks(&mut tx, &sight, None).await?.into_iter();
    let sdks = found.map(|(sdk_version, applications)| OutdatedSdk { sdk_version, applications }).collect();
    Ok(Json(OutdatedSdks { sdks }))
}

async fn outdated_of_project(
    grant: Granted<SeeProject>,
    State(app): State<App>,
) -> Result<Json<OutdatedSdks>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let project = Some(grant.scope().project.as_str());
    let found = applications::outdated_sdks(&mut tx, &sight, project).await?.into_iter();
    let sdks = found.map(|(sdk_version, applications)| OutdatedSdk { sdk_version, applications }).collect();
    Ok(Json(OutdatedSdks { sdks }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectApplicationsSchema")]
struct ProjectApplications {
    applications: Vec<MemberView>,
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectApplicationSchema")]
struct MemberView {
    name: String,
    environments: Vec<String>,
    instances: Vec<String>,
    sdks: Vec<SdkView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectApplicationSdkSchema")]
struct SdkView {
    name: String,
    versions: Vec<String>,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let sdks = member.sdks.into_iter();
        Self {
            name: member.name,
            environments: member.environments,
            instances: member.instances,
            sdks: sdks.map(|(name, set)| SdkView { name, versions: set.into_iter().collect() }).collect(),
        }
    }
}

async fn of_project(
    grant: Granted<SeeProject>,
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<ProjectApplications>, Problem> {
    let mut tx = app.db.read().await?;
    let project = &grant.scope().project;
    let (found, total) = applications::of_project(&mut tx, project, &page.into()).await?;
    Ok(Json(ProjectApplications { applications: found.into_iter().map(MemberView::from).collect(), total }))
}
