//! The program as a client of other servers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::program::burgee;
use crate::support::TestServer;
use crate::support::server::SCIM_TOKEN;

/// Speaks TLS before a server, with a certificate for `name` that it writes to `file`; gone with what is returned.
async fn in_front(server: &TestServer, name: &str, file: &Path) -> (String, JoinSet<()>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    fs::write(file, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let behind = server.base.strip_prefix("http://").unwrap().to_owned();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Whoever does not believe the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut server = TcpStream::connect(&behind).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
    });
    (url, tasks)
}

#[tokio::test]
async fn calls_are_done_again_over_https_and_what_failed_is_told() {
    let server = TestServer::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let call = json!({
        "method": "POST", "path": "/base/scim/v2/Users", "request": json!({ "userName": "ann@x.io" }).to_string(),
        "headers": { "request": { "content-type": "application/scim+json" } }
    });
    let elsewhere = json!({ "method": "GET", "path": "@evil.example/Users" });
    fs::write(path("calls"), format!("{call}\n{elsewhere}\n")).unwrap();
    let (url, _good) = in_front(&server, "127.0.0.1", &path("good.pem")).await;
    let (other, _bad) = in_front(&server, "other.test", &path("other.pem")).await;
    let replay = async |url: &str, token: &str, ca: &str| {
        let (file, ca) = (path("calls"), path(ca));
        let mut words = vec!["scim", "replay", file.to_str().unwrap(), "--url", url, "--token", token];
        if ca.is_file() {
            words.extend(["--ca", ca.to_str().unwrap()]);
        }
        let output = burgee(&words).await;
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
    };
    fs::write(path("empty.pem"), "").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, token, ca, told) in [
        (&url, SCIM_TOKEN, "", "not accepted: nobody whom this machine trusts has issued it"),
        (&other, SCIM_TOKEN, "other.pem", "not accepted: it is for another name"),
        (&format!("https://{gone}"), SCIM_TOKEN, "good.pem", "no connection: Connection refused"),
        (&server.base.replace("http:", "https:"), SCIM_TOKEN, "good.pem", "→ no "),
        (&url, "another-token-another-token", "good.pem", "→ 401: "),
        (&url, SCIM_TOKEN, "empty.pem", "holds no certificate in PEM form"),
        (&url, SCIM_TOKEN, "good.pem", "1: POST /base/scim/v2/Users → 201\n"),
        (&url, SCIM_TOKEN, "good.pem", "1: POST /base/scim/v2/Users → 409: A user with this userName"),
        (&url, SCIM_TOKEN, "good.pem", "2: GET @evil.example/Users → left out: it is no call of SCIM"),
    ] {
        let said = replay(url, token, ca).await;
        assert!(said.contains(told), "{told} is not in {said}");
    }
    let users = server.scim().get("/scim/v2/Users").await.expect(200).json();
    assert_eq!(users["totalResults"], 1);
}
