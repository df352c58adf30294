//! JSON Patch (RFC 6902) on what an operation shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::Problem;
use crate::error::Error;

/// The most operations of one patch.
const MOST: usize = 100;

/// The operations of a patch.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "patchesSchema")]
pub struct Patches(Vec<Step>);

/// One operation.
#[derive(Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "patchSchema")]
struct Step {
    op: Op,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Op {
    Add,
    Remove,
    Replace,
    Copy,
    Move,
    Test,
}

impl Patches {
    /// `document` after all operations; an operation that cannot be done is refused, and names its path.
    pub fn apply(&self, mut document: Value) -> Result<Value, Problem> {
        if self.0.len() > MOST {
            return Err(Error::bad_data(format!("A patch can have at most {MOST} operations.")).into());
        }
        let patch: json_patch::Patch =
            serde_json::from_value(serde_json::to_value(self).map_err(Error::from)?)
                .map_err(|error| Error::bad_data(format!("The patch cannot be read: {error}")))?;
        json_patch::patch(&mut document, &patch)
            .map_err(|error| Error::bad_data(format!("The patch cannot be applied: {error}")))?;
        Ok(document)
    }
}
