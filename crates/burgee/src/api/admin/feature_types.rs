//! Types of flags.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::access::{Administer, Granted, SignedIn};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::feature_types::{self, FeatureType};

const TAG: &str = "Feature Types";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/feature-types", "getAllFeatureTypes", TAG, list)
        .gives::<Types>(200)
        .add(
            Method::PUT,
            "/api/admin/feature-types/{id}/lifetime",
            "updateFeatureTypeLifetime",
            TAG,
            set_lifetime,
        )
        .takes::<Lifetime>()
        .gives::<TypeView>(200)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureTypeSchema")]
struct TypeView {
    id: String,
    name: String,
    description: String,
    lifetime_days: Option<i64>,
}

impl From<FeatureType> for TypeView {
    fn from(kind: FeatureType) -> Self {
        Self {
            id: kind.id,
            name: kind.name,
            description: kind.description,
            lifetime_days: kind.lifetime_days,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "featureTypesSchema")]
struct Types {
    version: u8,
    types: Vec<TypeView>,
}

/// After how many days flags of a type should be gone; `null` and 0 are never.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateFeatureTypeLifetimeSchema")]
struct Lifetime {
    #[schemars(schema_with = "days")]
    lifetime_days: Option<i64>,
}

fn days(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["integer", "null"], "minimum": 0, "maximum": i32::MAX})
}

async fn list(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Types>, Problem> {
    let types = feature_types::list(&mut app.db.read().await?).await?;
    Ok(Json(Types { version: 1, types: types.into_iter().map(TypeView::from).collect() }))
}

async fn set_lifetime(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(id): Name,
    Body(body): Body<Lifetime>,
) -> Result<Json<TypeView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let kind = feature_types::set_lifetime(&mut tx, &id, body.lifetime_days).await?;
    tx.commit().await?;
    Ok(Json(kind.into()))
}
