//! What pages remember about whoever looks at them: splashes, questions, opinions, mails, and errors of the pages.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, Granted, SignedIn};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::instance::opinions::{self, Asked, Opinion};

const TAG: &str = "Admin UI";
/// How much of an error of a page is logged.
const LOGGED: usize = 500;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/api/admin/splash/{id}", "updateSplashSettings", TAG, see)
        .gives::<SplashView>(200)
        .add(Method::GET, "/api/admin/feedback", "getFeedback", TAG, list)
        .gives::<Vec<OpinionView>>(200)
        .add(Method::POST, "/api/admin/feedback", "createFeedback", TAG, ask)
        .takes::<NewAsked>()
        .gives::<AskedView>(200)
        .add(Method::PUT, "/api/admin/feedback/{id}", "updateFeedback", TAG, ask_again)
        .takes::<EditedAsked>()
        .gives::<AskedView>(200)
        .add(Method::POST, "/feedback", "provideFeedback", TAG, give)
        .takes::<NewOpinion>()
        .gives::<OpinionView>(200)
        .add(Method::POST, "/api/admin/record-ui-error", "uiObservability", TAG, note_error)
        .takes::<PageError>()
        .empty(204)
        .add(
            Method::PUT,
            "/api/admin/email-subscription/{subscription}",
            "subscribeEmailSubscription",
            "Notifications",
            subscribe,
        )
        .empty(202)
        .add(
            Method::DELETE,
            "/api/admin/email-subscription/{subscription}",
            "unsubscribeEmailSubscription",
            "Notifications",
            unsubscribe,
        )
        .empty(202)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "splashResponseSchema")]
struct SplashView {
    user_id: i64,
    splash_id: String,
    seen: bool,
}

async fn see(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(splash): Name,
) -> Result<Json<SplashView>, Problem> {
    let me = grant.person()?;
    opinions::see(&app.db, me, &splash).await?;
    Ok(Json(SplashView { user_id: me, splash_id: splash, seen: true }))
}

/// A question that somebody was asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "feedbackResponseSchema")]
pub(super) struct AskedView {
    user_id: i64,
    feedback_id: String,
    given: Option<Time>,
    never_show: bool,
}

impl AskedView {
    pub(super) fn new(user_id: i64, asked: Asked) -> Self {
        Self { user_id, feedback_id: asked.feedback_id, given: asked.given, never_show: asked.never_show }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "feedbackCreateSchema")]
struct NewAsked {
    feedback_id: String,
    never_show: Option<bool>,
}

async fn ask(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<NewAsked>,
) -> Result<Json<AskedView>, Problem> {
    note(&grant, &app, body.feedback_id, body.never_show, None).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "feedbackUpdateSchema")]
struct EditedAsked {
    never_show: Option<bool>,
    given: Option<Time>,
}

async fn ask_again(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(id): Name,
    Body(body): Body<EditedAsked>,
) -> Result<Json<AskedView>, Problem> {
    note(&grant, &app, id, body.never_show, body.given).await
}

async fn note(
    grant: &Granted<SignedIn>,
    app: &App,
    feedback_id: String,
    never_show: Option<bool>,
    given: Option<Time>,
) -> Result<Json<AskedView>, Problem> {
    let me = grant.person()?;
    let given = Some(given.unwrap_or_else(|| app.clock.now()));
    let asked = Asked { feedback_id, given, never_show: never_show.unwrap_or(false) };
    opinions::ask(&app.db, me, &asked).await?;
    Ok(Json(AskedView::new(me, asked)))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "feedbackSchema")]
struct OpinionView {
    id: i64,
    category: String,
    user_type: Option<String>,
    difficulty_score: Option<i64>,
    positive: Option<String>,
    areas_for_improvement: Option<String>,
    created_at: Time,
}

impl From<Opinion> for OpinionView {
    fn from(opinion: Opinion) -> Self {
        Self {
            id: opinion.id,
            category: opinion.category,
            user_type: opinion.user_type,
            difficulty_score: opinion.difficulty_score,
            positive: opinion.positive,
            areas_for_improvement: opinion.areas_for_improvement,
            created_at: opinion.created_at,
        }
    }
}

async fn list(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Vec<OpinionView>>, Problem> {
    let mut tx = app.db.read().await?;
    let opinions = opinions::opinions(&mut tx).await?;
    Ok(Json(opinions.into_iter().map(OpinionView::from).collect()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "provideFeedbackSchema")]
struct NewOpinion {
    category: String,
    user_type: Option<String>,
    difficulty_score: Option<i64>,
    positive: Option<String>,
    areas_for_improvement: Option<String>,
}

/// Stays here: it is for whoever runs the instance.
async fn give(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<NewOpinion>,
) -> Result<Json<OpinionView>, Problem> {
    let opinion = Opinion {
        id: 0,
        category: body.category,
        user_type: body.user_type,
        difficulty_score: body.difficulty_score,
        positive: body.positive,
        areas_for_improvement: body.areas_for_improvement,
        created_at: app.clock.now(),
    };
    Ok(Json(opinions::keep(&app.db, opinion).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "recordUiErrorSchema")]
struct PageError {
    error_message: String,
    #[expect(dead_code, reason = "part of the wire format; too long for a log")]
    error_stack: Option<String>,
}

async fn note_error(grant: Granted<SignedIn>, Body(body): Body<PageError>) -> StatusCode {
    let message: String = body.error_message.chars().take(LOGGED).collect();
    tracing::warn!(user = grant.actor().user_id(), "a page reports an error: {message:?}");
    StatusCode::NO_CONTENT
}

async fn subscribe(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(subscription): Name,
) -> Result<StatusCode, Problem> {
    set(&grant, &app, &subscription, true).await
}

async fn unsubscribe(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(subscription): Name,
) -> Result<StatusCode, Problem> {
    set(&grant, &app, &subscription, false).await
}

async fn set(
    grant: &Granted<SignedIn>,
    app: &App,
    subscription: &str,
    wanted: bool,
) -> Result<StatusCode, Problem> {
    let me = grant.person()?;
    let mut tx = app.db.change(grant, app.clock.now()).await?;
    opinions::subscribe(&mut tx, me, subscription, wanted).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}
