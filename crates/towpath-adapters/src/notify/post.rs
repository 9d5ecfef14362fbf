//! One letter over HTTP, once.
//!
//! No redirect is followed and no answer is read: a status is all that is wanted. The URL of a chat is a secret and is
//! in no error. Must not try again; that is the module above.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use rustls::RootCertStore;
use towpath_core::source::{Credential, SourceUrl};
use towpath_engine::hook::{self, Secret};
use towpath_engine::notify::Letter;

use super::fault::Fault;
use crate::credential::{self, Lookup};
use crate::{roots, tls};

/// To an incoming webhook of a chat.
pub(super) fn slack(
    letter: &Letter,
    url: &Credential,
    lookup: &Lookup,
    limit: Duration,
) -> Result<(), Fault> {
    let url = credential::read(url, lookup).map_err(Fault::lasting)?;
    deliver(&url, letter.slack(), None, limit)
}

/// To a program, signed.
pub(super) fn webhook(
    letter: &Letter,
    url: &SourceUrl,
    secret: &Credential,
    lookup: &Lookup,
    limit: Duration,
) -> Result<(), Fault> {
    let secret = credential::read(secret, lookup).map_err(Fault::lasting)?;
    let secret = Secret::new(secret).ok_or_else(|| Fault::lasting("no secret"))?;
    let body = letter.json();
    let signature = hook::sign(&body, &secret);
    deliver(url.as_str(), body, Some(signature), limit)
}

fn deliver(
    url: &str,
    body: Vec<u8>,
    signature: Option<String>,
    limit: Duration,
) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::passing(format!("no network: {error}")))?;
    runtime.block_on(post(url, body, signature, limit))
}

async fn post(
    url: &str,
    body: Vec<u8>,
    signature: Option<String>,
    limit: Duration,
) -> Result<(), Fault> {
    let mut store = RootCertStore::empty();
    if url.starts_with("https://") {
        store.add_parsable_certificates(roots::bundle().iter().cloned());
    } else if !url.starts_with("http://") {
        return Err(Fault::lasting("its URL begins with neither `https://` nor `http://`"));
    }
    let tls = tls::config(store).map_err(|_| Fault::lasting("TLS cannot be prepared"))?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .timeout(limit)
        .user_agent(concat!("towpath/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Fault::lasting("no client can be made for it"))?;
    let mut request = client.post(url).header(CONTENT_TYPE, "application/json").body(body);
    if let Some(signature) = signature {
        request = request.header(hook::SIGNATURE, signature);
    }
    let answer = request.send().await.map_err(|error| told(&error))?;
    match answer.status().as_u16() {
        200..300 => Ok(()),
        code @ (408 | 425 | 429 | 500..) => {
            Err(Fault::passing(format!("it failed with status {code}")))
        }
        code => Err(Fault::lasting(format!("it refused with status {code}"))),
    }
}

/// What a client says of itself repeats the URL; so it is said anew.
fn told(error: &reqwest::Error) -> Fault {
    if error.is_builder() {
        return Fault::lasting("its URL is none");
    }
    Fault::passing(if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke off"
    })
}
