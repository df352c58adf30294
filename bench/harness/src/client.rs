//! Somebody who talks to the server over one connection that stays open.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The SCIM token that the measured server is started with.
pub const SCIM_TOKEN: &str = "bench-token-bench-token-bench-token";
/// The admin token that the measured server is started with.
pub const ADMIN_TOKEN: &str = "*:*.bench-admin-token-bench-admin-token";

/// The first admin's password on the measured server.
pub const ADMIN_PASSWORD: &str = "Bench-Passw0rd-for-nobody";

/// One of the server's APIs.
#[derive(Clone, Copy, Debug)]
pub enum Api {
    /// What identity providers use.
    Scim,
    /// What people and their tools use.
    Admin,
}

/// A connection to the server. It closes when dropped.
pub struct Client {
    prefix: &'static str,
    headers: HeaderMap,
    sender: SendRequest<Full<Bytes>>,
    _connection: JoinSet<()>,
}

/// What came back, and when.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
    /// From the request to the last byte.
    pub took: Duration,
}

/// A long body that was read and thrown away.
pub struct Drained {
    /// From the request to the first byte of the body.
    pub first: Duration,
    /// From the request to the last byte.
    pub took: Duration,
    /// Its length.
    pub bytes: usize,
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr, api: Api) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // How the connection ended shows in the request that was running.
            let _ = connection.await;
        });
        let (prefix, token, kind) = match api {
            Api::Scim => ("/scim/v2", SCIM_TOKEN, "application/scim+json"),
            Api::Admin => ("/api/admin", ADMIN_TOKEN, "application/json"),
        };
        let headers = HeaderMap::from_iter([
            (header::AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?),
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        ]);
        Ok(Self { prefix, headers, sender, _connection: driver })
    }

    /// Connects as a browser in which the first admin is signed in.
    pub async fn browser(address: SocketAddr) -> Result<Self> {
        let cookie = Self::sign_in(address, "admin", ADMIN_PASSWORD).await?;
        let mut client = Self::connect(address, Api::Admin).await?;
        client.prefix = "";
        client.headers = HeaderMap::from_iter([
            (header::COOKIE, HeaderValue::from_str(&cookie)?),
            (header::ACCEPT, HeaderValue::from_static("text/html")),
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        ]);
        Ok(client)
    }

    /// The cookie of a new session of somebody.
    pub async fn sign_in(address: SocketAddr, username: &str, password: &str) -> Result<String> {
        let mut client = Self::connect(address, Api::Admin).await?;
        client.prefix = "";
        client.headers.remove(header::AUTHORIZATION);
        let body = json!({ "username": username, "password": password }).to_string();
        let answer = client.begin(Method::POST, "/auth/simple/login", body).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).context("no session")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        answer.into_body().collect().await?;
        Ok(cookie)
    }

    /// Shows something else for itself from now on: `Cookie` or `Authorization`.
    pub fn show(&mut self, name: HeaderName, value: &str) -> Result<()> {
        self.headers.remove(header::AUTHORIZATION);
        self.headers.insert(name, HeaderValue::from_str(value)?);
        Ok(())
    }

    /// From now on, answers are to come as they are.
    pub fn refuse_compression(&mut self) {
        self.headers.remove(header::ACCEPT_ENCODING);
    }

    /// Sends a request without a body, and takes any answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, String::new()).await
    }

    /// Sends a request, and takes any answer.
    pub async fn ask(&mut self, method: Method, path: &str, body: String) -> Result<Answer> {
        let start = Instant::now();
        let response = self.begin(method, path, body).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body, took: start.elapsed() })
    }

    async fn begin(&mut self, method: Method, path: &str, body: String) -> Result<Response<Incoming>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(header::HOST, "localhost")
            .body(Full::new(Bytes::from(body)))?;
        request.headers_mut().extend(self.headers.clone());
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }

    /// Sends a request and insists on the status.
    pub async fn send(&mut self, method: Method, path: &str, body: String, status: u16) -> Result<Answer> {
        let answer = self.ask(method.clone(), path, body).await?;
        ensure!(
            answer.status == status,
            "{method} {path}: {} instead of {status}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>()
        );
        Ok(answer)
    }

    /// Reads something long.
    pub async fn drain(&mut self, path: &str) -> Result<Drained> {
        let start = Instant::now();
        let response = self.begin(Method::GET, path, String::new()).await?;
        ensure!(response.status().is_success(), "GET {path}: {}", response.status());
        let mut body = response.into_body();
        let (mut first, mut bytes) = (Duration::ZERO, 0);
        while let Some(frame) = body.frame().await {
            if bytes == 0 {
                first = start.elapsed();
            }
            bytes += frame?.data_ref().map_or(0, Bytes::len);
        }
        Ok(Drained { first, took: start.elapsed(), bytes })
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).context("no JSON")
    }

    /// The resource's id.
    pub fn id(&self) -> Result<String> {
        Ok(self.json()?["id"].as_str().context("no id")?.to_owned())
    }
}
