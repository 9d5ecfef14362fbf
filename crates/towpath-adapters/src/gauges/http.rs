//! One source over HTTP: the log-in, TLS, and the bounds of an answer.
//!
//! Must not know what is asked. A redirect to another host, port or scheme is not followed: the log-in
//! would go there, and what answers is another source than the one that was named.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, RequestBuilder};
use rustls::{ClientConfig, RootCertStore};
use towpath_core::source::{Auth, Credential, Source};
use towpath_engine::gauge::GaugeProblem;

use super::MAX_ANSWER_BYTES;
use super::fault::{self, Fault, Secrets};
use crate::credential::{self, Lookup};
use crate::{roots, tls};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How many redirects on the same host are followed.
const MAX_REDIRECTS: usize = 3;

/// The access to one source, for one question.
pub(super) struct Session {
    client: Client,
    base: String,
    authorization: Option<HeaderValue>,
    pub(super) secrets: Secrets,
}

impl Session {
    pub(super) fn open(source: &Source, lookup: &Lookup) -> Result<Self, Fault> {
        let (authorization, secrets) = authorization(&source.auth, lookup)?;
        let mut client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT.min(source.timeout))
            .redirect(Policy::custom(|attempt| {
                if stays(&attempt) { attempt.follow() } else { attempt.stop() }
            }))
            .user_agent(concat!("towpath/", env!("CARGO_PKG_VERSION")));
        if source.url.is_tls() {
            client = client.tls_backend_preconfigured(trusted(source)?).https_only(true);
        } else {
            // Nothing is trusted, so that no time is spent on reading whom to trust.
            client = client.tls_backend_preconfigured(config(RootCertStore::empty())?);
        }
        let client = client.build().map_err(|error| fault::transport(&error, &secrets))?;
        Ok(Self { client, base: source.url.as_str().to_owned(), authorization, secrets })
    }

    /// Asks by GET.
    pub(super) async fn get(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Answer, Fault> {
        let query = encoded(pairs);
        let mark = if query.is_empty() { "" } else { "?" };
        self.send(self.client.get(format!("{}{path}{mark}{query}", self.base))).await
    }

    /// Asks by POST, which has no limit of length.
    pub(super) async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Answer, Fault> {
        let request = self.client.post(format!("{}{path}", self.base));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.send(request.header(CONTENT_TYPE, form).body(encoded(pairs))).await
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Answer, Fault> {
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let broken = |error: reqwest::Error| fault::transport(&error.without_url(), &self.secrets);
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER_BYTES {
                let why = format!("the answer is larger than {MAX_ANSWER_BYTES} bytes");
                return Err(Fault::new(GaugeProblem::Unreadable, why).hint("ask for less"));
            }
        }
        Ok(Answer { status, body })
    }
}

/// A whole answer, whatever its status is.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

fn stays(attempt: &Attempt<'_>) -> bool {
    let (to, seen) = (attempt.url(), attempt.previous());
    let same = seen.first().is_some_and(|from| {
        from.scheme() == to.scheme()
            && from.host_str() == to.host_str()
            && from.port_or_known_default() == to.port_or_known_default()
    });
    same && seen.len() <= MAX_REDIRECTS
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn authorization(auth: &Auth, lookup: &Lookup) -> Result<(Option<HeaderValue>, Secrets), Fault> {
    let (header, secrets) = match auth {
        Auth::None => return Ok((None, Secrets::default())),
        Auth::Bearer(credential) => {
            let token = read(credential, lookup)?;
            (format!("Bearer {token}"), vec![token])
        }
        Auth::Basic { user, password } => {
            let password = read(password, lookup)?;
            let pair = STANDARD.encode(format!("{user}:{password}"));
            (format!("Basic {pair}"), vec![pair, password])
        }
    };
    let mut header = HeaderValue::from_str(&header).map_err(|_| {
        Fault::new(GaugeProblem::Unauthorized, "the credential has characters that none can have")
    })?;
    header.set_sensitive(true);
    Ok((Some(header), Secrets(secrets)))
}

fn read(credential: &Credential, lookup: &Lookup) -> Result<String, Fault> {
    credential::read(credential, lookup).map_err(|why| Fault::new(GaugeProblem::Unauthorized, why))
}

fn trusted(source: &Source) -> Result<ClientConfig, Fault> {
    let mut store = RootCertStore::empty();
    match &source.ca_file {
        None => {
            store.add_parsable_certificates(roots::bundle().iter().cloned());
        }
        Some(path) => {
            let authorities = roots::file(path);
            let authorities =
                authorities.map_err(|why| Fault::new(GaugeProblem::Unreachable, why))?;
            store.add_parsable_certificates(authorities);
        }
    }
    config(store)
}

fn config(store: RootCertStore) -> Result<ClientConfig, Fault> {
    tls::config(store).map_err(|error| {
        Fault::new(GaugeProblem::Unreachable, format!("TLS cannot be prepared: {error}"))
    })
}
