//! Flags on their way in and out, many at once.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::constraints::ConstraintView;
use super::contexts::LegalValueView;
use super::feature_strategies::VariantShape;
use crate::access::{Granted, SignedIn};
use crate::api::input::Body;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::transfer::{self, Document, Item, Report, Request, Scalar, Selection};

const TAG: &str = "Import/Export";
/// The largest body, in bytes.
const LARGEST: usize = 500 * 1024;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/api/admin/features-batch/export", "exportFeatures", TAG, export)
        .takes::<Wanted>()
        .gives::<DocumentShape>(200)
        .add(Method::POST, "/api/admin/features-batch/validate", "validateImport", TAG, validate)
        .takes::<Import>()
        .gives::<ReportView>(200)
        .add(Method::POST, "/api/admin/features-batch/import", "importToggles", TAG, import)
        .takes::<Import>()
}

/// Which flags to export, from which environment.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "exportQuerySchema")]
enum Wanted {
    #[serde(rename_all = "camelCase")]
    Named { environment: String, features: Vec<String>, download_file: Option<bool> },
    #[serde(rename_all = "camelCase")]
    Tagged { environment: String, tag: String, download_file: Option<bool> },
    #[serde(rename_all = "camelCase")]
    OfProject { environment: String, project: String, download_file: Option<bool> },
}

impl Wanted {
    fn read(self) -> (String, Selection, bool) {
        let (environment, chosen, file) = match self {
            Self::Named { environment, features, download_file } => {
                (environment, Selection::Named(features), download_file)
            }
            Self::Tagged { environment, tag, download_file } => {
                (environment, Selection::Tagged(tag), download_file)
            }
            Self::OfProject { environment, project, download_file } => {
                (environment, Selection::OfProject(project), download_file)
            }
        };
        (environment, chosen, file.unwrap_or_default())
    }
}

async fn export(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(wanted): Body<Wanted, LARGEST>,
) -> Result<Response, Problem> {
    let (environment, chosen, file) = wanted.read();
    let now = app.clock.now();
    let mut tx = app.db.change(&grant, now).await?;
    let sight = grant.sight(&mut tx).await?;
    let document = transfer::export(&mut tx, &sight, &chosen, &environment).await?;
    tx.commit().await?;
    let mut response = Json(document).into_response();
    if file {
        let name = format!("attachment; filename=\"export-{}.json\"", now.millis());
        let name = HeaderValue::from_str(&name).map_err(|_| Problem::internal())?;
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A document, and where its flags are to live.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "importTogglesSchema")]
struct Import {
    project: String,
    environment: String,
    #[schemars(with = "DocumentShape")]
    data: Document,
}

impl From<Import> for Request {
    fn from(import: Import) -> Self {
        Self { project: import.project, environment: import.environment, data: import.data }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "importTogglesValidateSchema")]
struct ReportView {
    errors: Vec<ItemView>,
    warnings: Vec<ItemView>,
    permissions: Vec<ItemView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "importTogglesValidateItemSchema")]
struct ItemView {
    message: String,
    affected_items: Vec<String>,
}

impl From<Item> for ItemView {
    fn from(item: Item) -> Self {
        Self { message: item.message, affected_items: item.affected }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        let missing: Vec<String> =
            report.missing.iter().map(|permission| permission.label().to_owned()).collect();
        let permissions = ItemView {
            message: "We detected you are missing the following permissions:".to_owned(),
            affected_items: missing,
        };
        Self {
            errors: report.errors.into_iter().map(ItemView::from).collect(),
            warnings: report.warnings.into_iter().map(ItemView::from).collect(),
            permissions: Some(permissions)
                .filter(|item| !item.affected_items.is_empty())
                .into_iter()
                .collect(),
        }
    }
}

async fn validate(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<Import, LARGEST>,
) -> Result<Json<ReportView>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let report = transfer::validate(&mut tx, &sight, grant.held(), &body.into()).await?;
    Ok(Json(report.into()))
}

async fn import(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<Import, LARGEST>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    transfer::import(&mut tx, &grant, &app.entropy, &body.into()).await?;
    tx.commit().await?;
    Ok(())
}

/// What a document looks like. What Unleash's documents may lack may be absent or null.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "exportResultSchema")]
#[expect(dead_code, reason = "describes a type of the domain")]
struct DocumentShape {
    features: Vec<FlagShape>,
    feature_strategies: Vec<RuleShape>,
    feature_environments: Option<Vec<PlaceShape>>,
    context_fields: Option<Vec<FieldShape>>,
    feature_tags: Option<Vec<TagShape>>,
    segments: Option<Vec<SegmentShape>>,
    tag_types: Vec<KindShape>,
    dependencies: Option<Vec<DependenciesShape>>,
    links: Option<Vec<LinksShape>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct FlagShape {
    name: String,
    description: Option<String>,
    r#type: Option<String>,
    project: Option<String>,
    stale: Option<bool>,
    impression_data: Option<bool>,
    archived: Option<bool>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct RuleShape {
    name: String,
    id: Option<String>,
    feature_name: Option<String>,
    title: Option<String>,
    parameters: Option<BTreeMap<String, Option<Scalar>>>,
    constraints: Option<Vec<ConstraintView>>,
    variants: Option<Vec<VariantShape>>,
    disabled: Option<bool>,
    segments: Option<Vec<i64>>,
    sort_order: Option<f64>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct PlaceShape {
    name: Option<String>,
    enabled: Option<bool>,
    feature_name: Option<String>,
    environment: Option<String>,
    variants: Option<Vec<VariantShape>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct FieldShape {
    name: String,
    description: Option<String>,
    stickiness: Option<bool>,
    sort_order: Option<i64>,
    legal_values: Option<Vec<LegalValueView>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct TagShape {
    feature_name: String,
    tag_type: Option<String>,
    tag_value: String,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct SegmentShape {
    id: i64,
    name: String,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct KindShape {
    name: String,
    description: Option<String>,
    icon: Option<String>,
    color: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct DependenciesShape {
    feature: String,
    dependencies: Option<Vec<ParentShape>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct ParentShape {
    feature: String,
    enabled: Option<bool>,
    variants: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct LinksShape {
    feature: String,
    links: Option<Vec<LinkShape>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of the domain")]
struct LinkShape {
    id: Option<String>,
    url: String,
    title: Option<String>,
}
