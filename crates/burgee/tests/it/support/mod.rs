//! What every test needs: a server on an empty database, and people to talk to it as.

#[macro_use]
pub mod both;
pub mod client;
pub mod flags;
pub mod postgres;
pub mod server;
pub mod snapshot;

pub use self::server::TestServer;

/// Settles which implementation of cryptography all HTTP clients of this process use.
pub fn cryptography() {
    // Refused if it is settled already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client. Servers of tests speak plain HTTP: reading the machine's certificates each time would only cost.
pub fn http() -> reqwest::ClientBuilder {
    cryptography();
    reqwest::Client::builder().tls_certs_only([])
}

/// Where `./test` put an outside program; `None`, with the reason, if it is not installed.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what did not run")]
pub fn outside_tools(what: &str) -> Option<std::path::PathBuf> {
    let tools = std::env::var_os("OUTSIDE_TOOLS").map(Into::into);
    if tools.is_none() {
        eprintln!("skipped: OUTSIDE_TOOLS is not set, so {what} is not installed; run ./test");
    }
    tools
}
