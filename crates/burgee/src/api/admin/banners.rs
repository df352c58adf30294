//! Banners: everybody reads them, few write them.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Granted, ManageBanners, SignedIn};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::instance::banners::{self, Banner, Draft};

const TAG: &str = "Banners";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/banners", "getBanners", TAG, list)
        .gives::<Banners>(200)
        .add(Method::POST, "/api/admin/banners", "createBanner", TAG, create)
        .takes::<DraftView>()
        .gives::<BannerView>(201)
        .add(Method::PUT, "/api/admin/banners/{id}", "updateBanner", TAG, update)
        .takes::<DraftView>()
        .gives::<BannerView>(200)
        .add(Method::DELETE, "/api/admin/banners/{id}", "deleteBanner", TAG, delete)
        .add(Method::POST, "/api/admin/banners/{id}/on", "enableBanner", TAG, on)
        .gives::<BannerView>(200)
        .add(Method::POST, "/api/admin/banners/{id}/off", "disableBanner", TAG, off)
        .gives::<BannerView>(200)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "bannerSchema")]
struct BannerView {
    id: i64,
    message: String,
    enabled: bool,
    variant: String,
    sticky: bool,
    icon: Option<String>,
    link: Option<String>,
    link_text: Option<String>,
    dialog_title: Option<String>,
    dialog: Option<String>,
    created_at: Time,
}

impl From<Banner> for BannerView {
    fn from(Banner { id, draft, created_at }: Banner) -> Self {
        Self {
            id,
            message: draft.message,
            enabled: draft.enabled,
            variant: draft.variant,
            sticky: draft.sticky,
            icon: draft.icon,
            link: draft.link,
            link_text: draft.link_text,
            dialog_title: draft.dialog_title,
            dialog: draft.dialog,
            created_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "bannersSchema")]
struct Banners {
    banners: Vec<BannerView>,
}

/// A banner as posted. What is left out is as for a new one.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createBannerSchema")]
struct DraftView {
    message: String,
    enabled: Option<bool>,
    variant: Option<String>,
    sticky: Option<bool>,
    icon: Option<String>,
    link: Option<String>,
    link_text: Option<String>,
    dialog_title: Option<String>,
    dialog: Option<String>,
}

impl From<DraftView> for Draft {
    fn from(view: DraftView) -> Self {
        Self {
            message: view.message,
            enabled: view.enabled.unwrap_or(true),
            variant: view.variant.unwrap_or_else(|| "info".to_owned()),
            sticky: view.sticky.unwrap_or(false),
            icon: view.icon,
            link: view.link,
            link_text: view.link_text,
            dialog_title: view.dialog_title,
            dialog: view.dialog,
        }
    }
}

async fn list(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Banners>, Problem> {
    let mut tx = app.db.read().await?;
    let banners = banners::list(&mut tx).await?;
    Ok(Json(Banners { banners: banners.into_iter().map(BannerView::from).collect() }))
}

async fn create(
    grant: Granted<ManageBanners>,
    State(app): State<App>,
    Body(body): Body<DraftView>,
) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let banner = banners::create(&mut tx, body.into()).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/banners/{}", app.config.base_path(), banner.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(BannerView::from(banner))).into_response())
}

async fn update(
    grant: Granted<ManageBanners>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<DraftView>,
) -> Result<Json<BannerView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let banner = banners::update(&mut tx, id, body.into()).await?;
    tx.commit().await?;
    Ok(Json(banner.into()))
}

async fn on(
    grant: Granted<ManageBanners>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<BannerView>, Problem> {
    show(&grant, &app, id, true).await
}

async fn off(
    grant: Granted<ManageBanners>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<BannerView>, Problem> {
    show(&grant, &app, id, false).await
}

async fn show(
    grant: &Granted<ManageBanners>,
    app: &App,
    id: i64,
    enabled: bool,
) -> Result<Json<BannerView>, Problem> {
    let mut tx = app.db.change(grant, app.clock.now()).await?;
    let banner = banners::show(&mut tx, id, enabled).await?;
    tx.commit().await?;
    Ok(Json(banner.into()))
}

async fn delete(grant: Granted<ManageBanners>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    banners::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}
