//! Asking webhooks: one HTTPS request each, outside of any lock.
//!
//! A webhook is trusted by the authorities of its configuration and by no others, for this request only. What it says is
//! bounded in time and in bytes; a redirect is an answer like any other that is none.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use towpath_apimachinery::admission::{Ask, Asked};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// Why a webhook has not answered.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("{0}")]
    Address(&'static str),
    #[error("context deadline exceeded")]
    Late,
    #[error("dial tcp {0}: connect: {1}")]
    Connect(String, String),
    #[error("tls: failed to verify certificate: {0}")]
    Authorities(String),
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}")]
    Status(String),
}

/// Asks all at once.
pub(crate) async fn ask(asks: Vec<Ask>) -> Vec<Asked> {
    join_all(asks.into_iter().map(one)).await
}

async fn one(ask: Ask) -> Asked {
    let limit = Duration::from_secs(u64::from(ask.timeout));
    let said = match timeout(limit, post(&ask)).await {
        Ok(said) => said,
        Err(_) => Err(Unanswered::Late),
    };
    let said = said.map_err(|error| match error {
        Unanswered::Status(text) => text,
        error => format!("Post {:?}: {error}", ask.url),
    });
    Asked { id: ask.id, said }
}

async fn post(ask: &Ask) -> Result<Vec<u8>, Unanswered> {
    let url: Uri = ask.url.parse().map_err(|_| Unanswered::Address("invalid URL"))?;
    if url.scheme_str() != Some("https") {
        return Err(Unanswered::Address("unsupported protocol scheme"));
    }
    let host = url.host().ok_or(Unanswered::Address("no Host in request URL"))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = match &ask.connect {
        Some(address) => address.clone(),
        None => format!("{host}:{}", url.port_u16().unwrap_or(443)),
    };
    let stream = TcpStream::connect(&address)
        .await
        .map_err(|error| Unanswered::Connect(address, told(&error)))?;
    let name = ServerName::try_from(bare.to_owned())
        .map_err(|_| Unanswered::Address("invalid host in URL"))?;
    let stream = TlsConnector::from(trust(&ask.authorities)?)
        .connect(name, stream)
        .await
        .map_err(|error| Unanswered::Tls(told(&error)))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.authority().map_or(host, |authority| authority.as_str());
    let request = Request::post(path)
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "kube-apiserver-admission")
        .body(Full::new(Bytes::from(ask.body.clone())))
        .map_err(|_| Unanswered::Address("invalid URL"))?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(Unanswered::Body)?.to_bytes().to_vec();
        Ok::<_, Unanswered>((status, body))
    };
    // The connection is driven here, so that it ends with the question.
    tokio::pin!(exchange);
    let (status, body) = tokio::select! {
        answer = &mut exchange => answer?,
        _ = connection => exchange.await?,
    };
    if status.is_success() { Ok(body) } else { Err(Unanswered::Status(refused(status, &body))) }
}

/// Whom a webhook is believed by.
fn trust(pem: &[u8]) -> Result<Arc<ClientConfig>, Unanswered> {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    let roots = if pem.is_empty() {
        SYSTEM.get_or_init(system).clone()
    } else {
        let mut roots = RootCertStore::empty();
        for one in CertificateDer::pem_slice_iter(pem) {
            let one = one.map_err(|error| Unanswered::Authorities(error.to_string()))?;
            roots.add(one).map_err(|error| Unanswered::Authorities(error.to_string()))?;
        }
        roots
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The authorities of the operating system.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// An error of the system or of TLS in words that the API server has for it.
fn told(error: &io::Error) -> String {
    let certificate = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(rustls::Error::InvalidCertificate(why)) = certificate {
        let why = match why {
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature => {
                "x509: certificate signed by unknown authority".to_owned()
            }
            other => format!("x509: {other:?}"),
        };
        return format!("tls: failed to verify certificate: {why}");
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        _ => error.to_string(),
    }
}

/// An answer that is none, in the words of a client of the API.
fn refused(status: StatusCode, body: &[u8]) -> String {
    match status.as_u16() {
        404 => "the server could not find the requested resource".to_owned(),
        401 => "the server has asked for the client to provide credentials".to_owned(),
        403 => "the server does not allow access to the requested resource".to_owned(),
        405 => "the server does not allow this method on the requested resource".to_owned(),
        503 => "the server is currently unable to handle the request".to_owned(),
        500 => {
            let said: String = String::from_utf8_lossy(body).trim().chars().take(2048).collect();
            format!("an error on the server ({said:?}) has prevented the request from succeeding")
        }
        _ => format!(
            "the server responded with the status code {} but did not return more information",
            status.as_u16()
        ),
    }
}
