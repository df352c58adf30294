//! Columns that hold JSON.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A column of JSON text, read with `#[sqlx(try_from = "String")]`. Serializes as what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> TryFrom<String> for Json<T> {
    type Error = serde_json::Error;
    fn try_from(text: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&text).map(Self)
    }
}
