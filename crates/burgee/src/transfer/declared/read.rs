//! Declarations as YAML or JSON.

use serde_json::Value;

use super::Declaration;
use crate::error::{Error, Result};

/// The largest text, in bytes.
const LARGEST: usize = 16 << 20;
/// How many broken rules are named at once.
const MOST_NAMED: usize = 20;

/// How a declaration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Yaml,
    /// For programs.
    Json,
}

/// Reads YAML, and JSON with it. Every rule that the text breaks is one sentence that begins with its path.
pub fn read(text: &str) -> Result<Declaration> {
    if text.len() > LARGEST {
        return Err(Error::bad_data(format!("larger than {LARGEST} bytes")));
    }
    let value: Value =
        serde_saphyr::from_str(text).map_err(|error| Error::bad_data(format!("not YAML: {error}")))?;
    let schema = schemars::schema_for!(Declaration);
    let validator = jsonschema::validator_for(schema.as_value()).map_err(|error| {
        Error::internal(anyhow::anyhow!("the schema of declarations does not compile: {error}"))
    })?;
    let broken: Vec<String> = validator
        .iter_errors(&value)
        .take(MOST_NAMED)
        .map(|error| {
            let path = error.instance_path().as_str().trim_start_matches('/').to_owned();
            if path.is_empty() { error.to_string() } else { format!("{path}: {error}") }
        })
        .collect();
    if !broken.is_empty() {
        return Err(Error::with_details(crate::error::Kind::BadData, broken.join("\n"), broken));
    }
    serde_json::from_value(value).map_err(|error| Error::bad_data(error.to_string()))
}

/// Writes a declaration, always in the same order.
pub fn write(declaration: &Declaration, format: Format) -> Result<String> {
    match format {
        Format::Yaml => serde_saphyr::to_string(declaration).map_err(Error::internal),
        Format::Json => Ok(serde_json::to_string_pretty(declaration)? + "\n"),
    }
}
