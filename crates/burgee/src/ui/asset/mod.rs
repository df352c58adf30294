//! Files that pages load: in the binary, under names that change with their content, so that browsers keep them for ever.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::Ui;
use super::fault::Fault;
use crate::gate::{self, Open};
use crate::published::Encoded;

/// A file.
pub(super) struct Asset {
    name: String,
    kind: &'static str,
    bytes: Encoded,
}

impl Asset {
    fn new(stem: &str, end: &str, kind: &'static str, text: &'static str) -> Self {
        let mut name = format!("{stem}.");
        for byte in &Sha256::digest(text)[..8] {
            let _ = write!(name, "{byte:02x}");
        }
        name.push('.');
        name.push_str(end);
        Self { name, kind, bytes: Encoded::new(Bytes::from_static(text.as_bytes()), None) }
    }

    /// Its path.
    pub(super) fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What pages look like.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("app", "css", "text/css; charset=utf-8", include_str!("app.css")));
/// What pages do by themselves.
pub(super) static APP: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("app", "js", SCRIPT, include_str!("app.js")));
/// Swaps parts of pages.
pub(super) static HTMX: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("htmx", "js", SCRIPT, include_str!("htmx.min.js")));
/// The mark in the tab.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("icon.svg")));

/// Serves a file. A name of an earlier version is not found, so nobody keeps the wrong bytes under it.
pub(super) async fn serve(
    _: Open,
    State(_): State<Ui>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let all: [&Asset; 4] = [&STYLE, &APP, &HTMX, &ICON];
    let asset = all.into_iter().find(|asset| asset.name == name).ok_or_else(Fault::nowhere)?;
    let encoding = gate::encoding(&headers);
    let bytes = asset.bytes.bytes(encoding).await?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "Accept-Encoding"),
    ];
    let encoded = encoding.name().map(|name| [(header::CONTENT_ENCODING, name)]);
    Ok((StatusCode::OK, headers, encoded, bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_vendored_is_what_the_list_says() {
        let list = include_str!("README.md");
        let mut found = String::new();
        for byte in Sha256::digest(include_str!("htmx.min.js")) {
            write!(found, "{byte:02x}").unwrap();
        }
        let row = list.lines().find(|line| line.starts_with("| `htmx.min.js`")).unwrap();
        assert!(row.contains(&format!("`{found}`")), "{found}");
        let version = row.split(" | ").nth(2).unwrap();
        assert!(include_str!("htmx.min.js").contains(&format!("\"{version}\"")), "{version}");
    }
}
