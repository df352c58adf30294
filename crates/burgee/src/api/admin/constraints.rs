//! Constraints on the wire, and the strategies that use a context field or a segment.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use burgee_eval::document::{Constraint, Operator};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::access::{Granted, SignedIn};
use crate::api::input::Body;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::constraints::{self, usage};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/api/admin/constraints/validate", "validateConstraint", "Features", validate)
        .takes::<ConstraintView>()
        .empty(204)
}

/// A constraint as posted and as shown. Numbers stand where text is expected, as SDKs have it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ConstraintView(pub(super) Constraint);

impl JsonSchema for ConstraintView {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "constraintSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let operators: Vec<&str> = Operator::ALL.iter().map(Operator::as_str).collect();
        json_schema!({
            "type": "object",
            "additionalProperties": false,
            "required": ["contextName", "operator"],
            "properties": {
                "contextName": {"type": "string"},
                "operator": {"type": "string", "enum": operators},
                "caseInsensitive": {"type": "boolean", "default": false},
                "inverted": {"type": "boolean", "default": false},
                "values": {"type": "array", "items": {"type": ["string", "number"]}},
                "value": {"type": ["string", "number"]}
            }
        })
    }
}

async fn validate(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Body(ConstraintView(constraint)): Body<ConstraintView>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.read().await?;
    constraints::check_one(&mut tx, constraint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A strategy that uses something.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct UseView {
    id: String,
    project_id: String,
    feature_name: String,
    strategy_name: String,
    environment: String,
}

impl From<usage::Use> for UseView {
    fn from(used: usage::Use) -> Self {
        Self {
            id: used.id,
            project_id: used.project,
            feature_name: used.feature,
            strategy_name: used.name,
            environment: used.environment,
        }
    }
}
