//! One request and its answer, as they are; and a server that answers so and does nothing else.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use bench_harness::server::Server;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

/// A request.
#[derive(Clone)]
pub struct Ask {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// What goes with it.
    pub body: String,
}

/// An answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names and values, without those that servers write by themselves.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Bytes,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Ask {
    /// A request without a body.
    pub fn get(path: &str, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { method: "GET", path: path.to_owned(), headers, body: String::new() }
    }

    /// The same as POST, with a JSON body.
    pub fn post(mut self, body: String) -> Self {
        self.method = "POST";
        self.headers.push(("content-type", "application/json".to_owned()));
        Self { body, ..self }
    }

    /// Asks once.
    pub async fn once(&self, address: SocketAddr) -> Result<Answer> {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let mut request = Request::builder().method(self.method).uri(&self.path).header("host", "localhost");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(self.body.clone())))?;
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let own = ["date", "content-length", "transfer-encoding"];
        let headers = parts.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let headers = headers
            .map(|(name, value)| Ok((name.to_string(), value.to_str()?.to_owned())))
            .collect::<Result<_>>()?;
        Ok(Answer { status: parts.status.as_u16(), headers, body: body.collect().await?.to_bytes() })
    }
}

/// Answers everything with what stands in the file, and tells where it listens.
pub async fn serve_bare(file: &Path) -> Result<()> {
    let answer: Answer = serde_json::from_slice(&std::fs::read(file)?)?;
    let mut response = (StatusCode::from_u16(answer.status)?, ()).into_response();
    for (name, value) in &answer.headers {
        response.headers_mut().insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let (head, _) = response.into_parts();
    let respond = async |State((head, body)): State<(axum::http::response::Parts, Bytes)>, _: Bytes| {
        Response::from_parts(head, axum::body::Body::from(body))
    };
    let router = Router::new().fallback(respond).with_state((head, answer.body));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    // As burgee does.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

/// Starts this program as a server that gives this answer.
pub async fn bare(answer: &Answer, folder: &Path) -> Result<Server> {
    let file = folder.join("answer.json");
    std::fs::write(&file, serde_json::to_vec(answer)?)?;
    let mut command = Command::new(std::env::current_exe().context("no program")?);
    command.arg("--bare").arg(file);
    Server::run(command).await
}
