//! A person or program that talks to the server.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::Value;

/// Somebody with an address to talk to and something to show for themselves.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text))
    }

    /// One header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Insists on success, whatever its status.
    #[track_caller]
    pub fn done(self) -> Self {
        assert!((200..300).contains(&self.status), "unexpected answer: {}", self.text);
        self
    }

    /// Insists on a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "unexpected answer: {}", self.text);
        self
    }
}

impl Client {
    pub fn new(base: &str) -> Self {
        let http = super::http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base: base.to_owned(), headers: HeaderMap::new() }
    }

    /// The same, with one more header in every request.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        other
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, "").await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string()), "application/json").await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string()), "application/json").await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string()), "application/json").await
    }

    /// Sends anything. An answer of 500 fails the test: the server must not have defects.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>, kind: &str) -> Answer {
        let answer = self.ask(method.clone(), path, body, kind).await;
        assert_ne!(answer.status, 500, "{method} {path} found a defect: {}", answer.text);
        answer
    }

    /// Sends anything to a server that may have defects.
    pub async fn ask(&self, method: Method, path: &str, body: Option<String>, kind: &str) -> Answer {
        let response = self.begin(method, path, body, kind).await;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        Answer { status, headers, text }
    }

    /// The status of an answer that may never end.
    pub async fn status(&self, method: Method, path: &str, body: Option<String>) -> u16 {
        self.begin(method, path, body, "application/json").await.status().as_u16()
    }

    /// An answer that is read as it comes.
    pub async fn begin(&self, method: Method, path: &str, body: Option<String>, kind: &str) -> Response {
        let mut request =
            self.http.request(method.clone(), format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.body(body);
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
        }
        request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }
}
