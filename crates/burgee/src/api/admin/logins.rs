//! Who signed in, who is signed in, and what everybody can reach.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::access::{Administer, Granted, ReadInstanceLogs};
use crate::api::guard::Cookie;
use crate::api::input::Name;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::entropy::digest;
use crate::gate::csv;
use crate::people::login_history::{self, Login};
use crate::people::signed_in::{self, Session};
use crate::people::survey::{self, Survey};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/logins", "getLoginHistory", "Instance Admin", logins)
        .gives::<Logins>(200)
        .writes("text/csv")
        .add(Method::GET, "/api/admin/user-sessions", "getUserSessions", "Users", sessions)
        .gives::<Vec<SessionView>>(200)
        .add(Method::DELETE, "/api/admin/user-sessions/{id}", "deleteUserSession", "Users", end_session)
        .add(Method::GET, "/api/admin/access/overview", "getAccessOverview", "Auth", overview)
        .gives::<Overview>(200)
        .writes("text/csv")
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "loginHistorySchema")]
struct Logins {
    events: Vec<LoginView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "loginEventSchema")]
struct LoginView {
    id: i64,
    username: String,
    auth_type: String,
    created_at: Time,
    successful: bool,
    ip: Option<String>,
    failure_reason: Option<String>,
}

impl From<Login> for LoginView {
    fn from(login: Login) -> Self {
        Self {
            id: login.id,
            username: login.username,
            auth_type: login.auth_type,
            created_at: login.created_at,
            successful: login.successful,
            ip: login.ip,
            failure_reason: login.failure_reason,
        }
    }
}

async fn logins(
    _: Granted<ReadInstanceLogs>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = app.db.read().await?;
    let logins = login_history::list(&mut tx, app.clock.now()).await?;
    if !csv::wanted(&headers) {
        return Ok(Json(Logins { events: logins.into_iter().map(LoginView::from).collect() }).into_response());
    }
    let columns = ["id", "username", "auth_type", "created_at", "successful", "ip", "failure_reason"];
    let rows = logins.into_iter().map(|l| {
        vec![
            json!(l.id),
            json!(l.username),
            json!(l.auth_type),
            json!(l.created_at),
            json!(l.successful),
            json!(l.ip),
            json!(l.failure_reason),
        ]
    });
    Ok(csv::table("logins", &columns, rows))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "userSessionSchema")]
struct SessionView {
    id: String,
    user_id: i64,
    username: Option<String>,
    email: Option<String>,
    ip: Option<String>,
    browser: Option<&'static str>,
    device_type: &'static str,
    created_at: Time,
    expired_at: Time,
    current: bool,
}

impl SessionView {
    fn new(session: Session, mine: Option<&str>) -> Self {
        let (browser, device_type) = (session.browser(), session.device());
        Self {
            current: mine == Some(&session.digest),
            id: session.digest,
            user_id: session.user_id,
            username: session.username,
            email: session.email,
            ip: session.ip,
            browser,
            device_type,
            created_at: session.created_at,
            expired_at: session.expires_at,
        }
    }
}

async fn sessions(
    _: Granted<Administer>,
    State(app): State<App>,
    Cookie(cookie): Cookie,
) -> Result<Json<Vec<SessionView>>, Problem> {
    let mine = cookie.as_deref().map(digest);
    let mut tx = app.db.read().await?;
    let sessions = signed_in::list(&mut tx, app.clock.now()).await?;
    Ok(Json(sessions.into_iter().map(|session| SessionView::new(session, mine.as_deref())).collect()))
}

async fn end_session(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(id): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    signed_in::end(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "accessOverviewSchema")]
struct Overview {
    overview: Vec<Line>,
}

/// One person. `accessibleProjects` are those in which they have a role; a root role may reach more.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "userAccessSchema")]
struct Line {
    user_id: i64,
    user_name: Option<String>,
    user_email: String,
    created_at: Time,
    last_seen: Option<Time>,
    accessible_projects: Vec<String>,
    groups: Vec<String>,
    root_role: String,
}

impl From<Survey> for Line {
    fn from(survey: Survey) -> Self {
        Self {
            user_id: survey.id,
            user_name: survey.name,
            user_email: survey.email,
            created_at: survey.created_at,
            last_seen: survey.seen_at,
            accessible_projects: survey.projects,
            groups: survey.groups,
            root_role: survey.root_role,
        }
    }
}

async fn overview(
    _: Granted<Administer>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = app.db.read().await?;
    let lines = survey::all(&mut tx).await?.into_iter().map(Line::from);
    if !csv::wanted(&headers) {
        return Ok(Json(Overview { overview: lines.collect() }).into_response());
    }
    let columns = [
        "userId",
        "userName",
        "userEmail",
        "createdAt",
        "lastSeen",
        "accessibleProjects",
        "groups",
        "rootRole",
    ];
    let rows = lines.map(|line| {
        vec![
            json!(line.user_id),
            json!(line.user_name),
            json!(line.user_email),
            json!(line.created_at),
            json!(line.last_seen),
            json!(line.accessible_projects.join(",")),
            json!(line.groups.join(",")),
            json!(line.root_role),
        ]
    });
    Ok(csv::table("access-overview", &columns, rows))
}
