//! Request lines that no well-behaved client writes: HTTP libraries would tidy them up before they are sent.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::scim::wire::Wire;
use crate::support::TestServer;

/// Sends a request line as it is and returns the whole answer.
async fn answer(server: &TestServer, line: &str) -> String {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text =
        format!("{line} HTTP/1.1\r\nhost: burgee.test\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    // The server may hang up on what is no HTTP.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

both! {
    async fn no_way_around_the_token(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        wire.group("Crew", &[&ann]).await;
        for path in [
            "/scim/v2/../Users", "/scim/v2/%2e%2e/Users", "/scim/Schemas/../Users", "/scim/Schemas/..%2fUsers",
            "/scim/ServiceProviderConfig/../Users", "/scim/./Users", "/scim/v2/./Users", "/scim/ResourceTypes/%2e%2e/%2e%2e/scim/Users",
            "/scim/Users#/Schemas", "/scim/Users?/Schemas", "http://burgee.test/scim/Users", "//burgee.test/scim/Users", "/scim\\Users",
            "/scim/%5cUsers", "/health/../scim/Users", "/scim/Users/%2e%2e/Schemas", "/scim/Users/..", "/scim/v2/..",
            "/api/admin/../../scim/Users",
        ] {
            for method in ["GET", "get", "POST", "DELETE", "FROB"] {
                let text = answer(&server, &format!("{method} {path}")).await;
                let status = text.split(' ').nth(1).unwrap_or_default();
                assert!(matches!(status, "" | "400" | "401" | "404" | "405"), "{method} {path}: {text}");
                assert!(!text.contains("\"ann\"") && !text.contains("Crew"), "{method} {path}: {text}");
            }
        }
        assert_eq!(wire.read("").await["totalResults"], 2);
    }
}
