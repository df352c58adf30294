//! Talking to other servers over HTTP and HTTPS: one way to make a client, and to say what went wrong.

mod post;

use std::error::Error as Cause;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use rustls::CertificateError;
use rustls::crypto::ring;

use self::post::Checked;
pub use self::post::{Outbound, Reply, check, masked};
use crate::error::{Error, Result};

/// How long it is waited for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// A client that waits `patience` for a whole answer, follows no redirects, goes to no address that nothing is sent to, and
/// trusts whom the machine trusts, and `also` these.
pub fn client(patience: Duration, also: &[Certificate]) -> Result<Client> {
    trusting(|| settled(patience), also).map(|made| made.client)
}

/// A client that was made.
struct Made {
    client: Client,
    /// False if whom the machine trusts could not be found out.
    trusts: bool,
}

fn trusting(settled: impl Fn() -> ClientBuilder, also: &[Certificate]) -> Result<Made> {
    // Refused if there is one already, and then it is this one.
    let _ = ring::default_provider().install_default();
    let error = match settled().tls_certs_merge(also.to_vec()).build() {
        Ok(client) => return Ok(Made { client, trusts: true }),
        Err(error) => error,
    };
    // A machine without certificates of its own can still use plain HTTP.
    tracing::warn!(?error, "the certificates that this machine trusts cannot be used");
    let client = settled().tls_certs_only(also.to_vec()).build().map_err(Error::internal)?;
    Ok(Made { client, trusts: false })
}

fn settled(patience: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("burgee/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .dns_resolver(Arc::new(Checked))
        .connect_timeout(CONNECT)
        .timeout(patience)
}

/// What kept a request from being answered, in words for people: the certificate, the connection, or the time.
pub fn explain(error: reqwest::Error) -> String {
    // Values in the query of an address may be secrets.
    let error = error.without_url();
    let mut cause: &(dyn Cause + 'static) = &error;
    loop {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return distrusted(tls);
        }
        // What an I/O error wraps is no source of it.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let Some(next) = wrapped.map(|inner| inner as &(dyn Cause + 'static)).or_else(|| cause.source())
        else {
            break;
        };
        cause = next;
    }
    match &error {
        _ if error.is_timeout() && error.is_connect() => "no connection in time".to_owned(),
        _ if error.is_timeout() => "no answer in time".to_owned(),
        _ if error.is_connect() => format!("no connection: {cause}"),
        _ => format!("the connection broke: {cause}"),
    }
}

fn distrusted(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return format!("no secure connection: {error}");
    };
    let why = match reason {
        CertificateError::UnknownIssuer => "nobody whom this machine trusts has issued it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        other => other.to_string(),
    };
    format!("the server's certificate is not accepted: {why}")
}
