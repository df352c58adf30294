//! Settings that hold for the whole installation, on every node from the moment they are stored.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many origins may be allowed.
const MOST_ORIGINS: usize = 1000;

/// Something that can be set; stored as JSON under its name.
pub trait Setting: Serialize + DeserializeOwned + Send {
    /// Under which it is stored, and recorded.
    const NAME: &'static str;
}

/// Whether the instance takes no changes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Maintenance {
    /// True: it takes none.
    pub enabled: bool,
}

impl Setting for Maintenance {
    const NAME: &'static str = "maintenance.mode";
}

/// Who may use the Frontend API from a web page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frontend {
    /// Origins of pages; `*` means all.
    pub frontend_api_origins: Vec<String>,
}

impl Setting for Frontend {
    const NAME: &'static str = "unleash.frontend";
}

impl Frontend {
    /// Refuses what no browser sends as an origin.
    pub fn check(&self) -> Result<()> {
        if self.frontend_api_origins.len() > MOST_ORIGINS {
            return Err(Error::bad_data(format!("There may be {MOST_ORIGINS} origins at most.")));
        }
        match self.frontend_api_origins.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(Error::bad_data(format!("Invalid origin: {wrong}"))),
            None => Ok(()),
        }
    }
}

/// True for `*` and for `scheme://host` or `scheme://host:port`, without anything after it.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return text == "*" };
    let plain = |text: &str, more: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c))
    };
    plain(scheme, "+-.") && plain(host, "-._:[]") && text.len() <= 300
}

/// A setting as it is stored, if it ever was.
pub async fn load<S: Setting>(tx: &mut Read) -> Result<Option<S>> {
    let found: Option<(String,)> =
        tx.optional(sql!("SELECT content FROM settings WHERE name = $1", S::NAME)).await?;
    Ok(found.map(|(content,)| serde_json::from_str(&content)).transpose()?)
}

/// Like [`load`], and keeps everybody else from changing what is stored until the transaction ends.
pub async fn lock<S: Setting>(tx: &mut Change) -> Result<Option<S>> {
    let _: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM settings WHERE name = $1{lock}", S::NAME)).await?;
    load(tx).await
}

/// Stores a setting and records it, unless nothing differs.
pub async fn store<S: Setting>(tx: &mut Change, setting: &S) -> Result<()> {
    let before: Option<S> = lock(tx).await?;
    let before = before.as_ref().map(serde_json::to_value).transpose()?;
    let after = serde_json::to_value(setting)?;
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    tx.execute(sql!(
        "INSERT INTO settings (name, content) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET content = excluded.content",
        S::NAME,
        after.to_string()
    ))
    .await?;
    let after = named(S::NAME, after);
    tx.record(match before {
        Some(before) => Event::updated(Fact::SettingUpdated, &named(S::NAME, before), &after),
        None => Event::created(Fact::SettingCreated, &after),
    });
    Ok(())
}

fn named(name: &str, mut state: Value) -> Value {
    state["id"] = json!(name);
    state
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for good in ["*", "https://a.example", "http://localhost:4242", "https://[::1]:80", "app+x://host"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "https://",
            "https://*.a.example",
            "https://a.example/",
            "https://A.example",
            "https://u@a",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
