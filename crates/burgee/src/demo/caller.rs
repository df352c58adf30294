//! Somebody who calls the server: real requests to its own router, with no network between.

use std::net::SocketAddr;

use anyhow::anyhow;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::app::App;
use crate::error::{Error, Result};

/// A person or program with an address and something to show for themselves.
#[derive(Clone)]
pub(super) struct Caller {
    router: Router,
    base: String,
    address: SocketAddr,
    headers: HeaderMap,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Caller {
    /// Somebody without credentials.
    pub(super) fn nobody(app: &App) -> Self {
        Self {
            router: app.router(),
            base: app.config.base_path(),
            address: SocketAddr::from(([192, 0, 2, 10], 40_000)),
            headers: HeaderMap::new(),
        }
    }

    /// The same, with one more header in every request.
    pub(super) fn with(&self, name: HeaderName, value: &str) -> Result<Self> {
        let mut other = self.clone();
        other.headers.insert(name, HeaderValue::from_str(value).map_err(Error::internal)?);
        Ok(other)
    }

    /// The same, with a token.
    pub(super) fn holding(&self, token: &str) -> Result<Self> {
        self.with(header::AUTHORIZATION, token)
    }

    /// The same, at the address whose last part this is.
    pub(super) fn at(&self, last: u8) -> Self {
        Self { address: SocketAddr::from(([192, 0, 2, last], 40_000)), ..self.clone() }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Result<Value> {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value> {
        self.send(Method::DELETE, path, None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        Ok(self.ask(method, path, body).await?.body)
    }

    /// Sends a request. An answer that is no success is an error, which says what was asked and answered.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let sent = body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{}{path}", self.base))
            .extension(ConnectInfo(self.address))
            .body(Body::from(sent.clone()))
            .map_err(Error::internal)?;
        if body.is_some() {
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.headers_mut().extend(self.headers.clone());
        let response = self.router.clone().oneshot(request).await.map_err(Error::internal)?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(Error::internal)?.to_bytes();
        if !parts.status.is_success() && parts.status != StatusCode::NOT_MODIFIED {
            let answered = String::from_utf8_lossy(&bytes);
            return Err(Error::internal(anyhow!(
                "{method} {path} {sent} was answered with {}: {answered}",
                parts.status
            )));
        }
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

/// A text in an answer, where it must be.
pub(super) fn text<'a>(answer: &'a Value, pointer: &str) -> Result<&'a str> {
    answer.pointer(pointer).and_then(Value::as_str).ok_or_else(|| missing(answer, pointer))
}

/// A number in an answer, where it must be.
pub(super) fn number(answer: &Value, pointer: &str) -> Result<i64> {
    answer.pointer(pointer).and_then(Value::as_i64).ok_or_else(|| missing(answer, pointer))
}

fn missing(answer: &Value, pointer: &str) -> Error {
    Error::internal(anyhow!("an answer has no {pointer}: {answer}"))
}
