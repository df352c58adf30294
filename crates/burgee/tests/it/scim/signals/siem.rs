//! Whoever is told: a receiver on this machine, and how it reads what it gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::TestServer;

/// The `Authorization` header that it asks for.
pub const SECRET: &str = "Bearer of-the-siem";
/// How long a test waits for what has to happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody to whom events are pushed, on this machine.
#[derive(Clone, Default)]
pub struct Siem(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    taken: Vec<String>,
    /// All that was sent, answered or not.
    tries: Vec<String>,
    /// What is answered next, instead of 202.
    trouble: VecDeque<(u16, &'static str)>,
    /// How long each answer takes.
    pause: Duration,
    /// True if somebody went where an answer pointed to.
    strayed: bool,
}

impl Siem {
    /// Listens; returns where.
    pub async fn listen() -> (Self, String) {
        let siem = Self::default();
        let routes = Router::new().route("/events", post(take)).route("/elsewhere", post(stray));
        let app = routes.with_state(siem.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "the receiver must run beside the test")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        (siem, url)
    }

    pub fn trouble(&self, answers: &[(u16, &'static str)]) {
        self.0.lock().unwrap().trouble.extend(answers);
    }

    pub fn pause(&self, pause: Duration) {
        self.0.lock().unwrap().pause = pause;
    }

    pub fn tries(&self) -> Vec<String> {
        self.0.lock().unwrap().tries.clone()
    }

    /// True if it went where an answer pointed to.
    pub fn strayed(&self) -> bool {
        self.0.lock().unwrap().strayed
    }

    /// Waits until more than so many were sent, answered or not.
    pub async fn tried_after(&self, count: usize) {
        let since = Instant::now();
        while self.tries().len() <= count {
            assert!(since.elapsed() < PATIENCE, "nothing more was sent");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until so many were taken.
    pub async fn taken(&self, count: usize) -> Vec<String> {
        let since = Instant::now();
        while self.0.lock().unwrap().taken.len() < count {
            assert!(since.elapsed() < PATIENCE, "only {} were taken", self.0.lock().unwrap().taken.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.0.lock().unwrap().taken.clone()
    }
}

async fn take(State(siem): State<Siem>, headers: HeaderMap, body: String) -> Response {
    assert_eq!(headers["content-type"], "application/secevent+jwt");
    assert_eq!(headers["authorization"], SECRET);
    let pause = {
        let mut seen = siem.0.lock().unwrap();
        seen.tries.push(body.clone());
        seen.pause
    };
    tokio::time::sleep(pause).await;
    let mut seen = siem.0.lock().unwrap();
    if let Some((status, body)) = seen.trouble.pop_front() {
        return (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, "/elsewhere")], body)
            .into_response();
    }
    seen.taken.push(body);
    StatusCode::ACCEPTED.into_response()
}

async fn stray(State(siem): State<Siem>) {
    siem.0.lock().unwrap().strayed = true;
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

/// What a token says, once its signature is checked by the published keys.
pub async fn read(server: &TestServer, token: &str) -> Value {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let header = decoded(header);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("secevent+jwt"), &json!("ES256")));
    let keys = server.anonymous().get("/.well-known/jwks.json").await.expect(200).json();
    let key =
        keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
    let mut point = vec![4];
    for part in ["x", "y"] {
        point.extend(BASE64URL.decode(key[part].as_str().unwrap()).unwrap());
    }
    assert!(key.get("d").is_none());
    let signature = BASE64URL.decode(signature).unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature).unwrap();
    decoded(claims)
}

pub async fn read_all(server: &TestServer, tokens: &[String]) -> Vec<Value> {
    let mut all = Vec::new();
    for token in tokens {
        all.push(read(server, token).await);
    }
    all
}
