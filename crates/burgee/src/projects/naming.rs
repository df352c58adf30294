//! How flags of a project are to be named.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

/// The largest compiled pattern, in bytes.
const LARGEST: usize = 1 << 20;

/// A pattern with what helps people to follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naming {
    /// A regular expression that the whole name must match.
    pub pattern: Option<String>,
    /// A name that matches.
    pub example: Option<String>,
    /// What people should know.
    pub description: Option<String>,
}

impl Naming {
    /// The compiled pattern, anchored at both ends; refused if it is no regular expression without look-around and
    /// references back.
    pub fn compile(&self) -> Result<Option<regex::Regex>> {
        let Some(pattern) = self.pattern.as_deref().filter(|pattern| !pattern.is_empty()) else {
            return Ok(None);
        };
        regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(LARGEST)
            .build()
            .map(Some)
            .map_err(|error| Error::bad_data(format!("The pattern \"{pattern}\" cannot be used: {error}")))
    }
}

/// Refuses a name that the stored `naming` of a project does not allow.
pub fn check(naming: Option<&str>, name: &str) -> Result<()> {
    let Some(naming) = naming else { return Ok(()) };
    let naming: Naming = serde_json::from_str(naming)?;
    let Some(pattern) = naming.compile()? else { return Ok(()) };
    if pattern.is_match(name) {
        return Ok(());
    }
    let example = naming.example.map(|example| format!(" An example is \"{example}\".")).unwrap_or_default();
    let message = format!(
        "The feature flag name \"{name}\" does not match the project's naming pattern: \"{}\".{example}",
        naming.pattern.unwrap_or_default()
    );
    Err(Error::rejected(Kind::Pattern, message))
}
