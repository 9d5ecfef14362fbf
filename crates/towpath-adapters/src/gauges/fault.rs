//! What can go wrong with a source, in words that hold no secret.

use std::error::Error;
use std::io;
use std::time::Duration;

use towpath_core::source::Source;
use towpath_engine::gauge::{GaugeError, GaugeProblem};

/// How much of what a source says is repeated, in characters.
const MAX_QUOTE: usize = 300;

/// A fault, before it is known whose it is.
#[derive(Debug)]
pub(super) struct Fault {
    problem: GaugeProblem,
    why: String,
    hint: Option<String>,
}

impl Fault {
    pub(super) fn new(problem: GaugeProblem, why: impl Into<String>) -> Self {
        Self { problem, why: why.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn of(self, source: &Source) -> GaugeError {
        let message = format!("cannot ask {} at {}: {}", source.kind, source.url, self.why);
        let Self { problem, hint, .. } = self;
        GaugeError { source_name: source.name.clone(), problem, message, hint }
    }
}

pub(super) fn too_slow(limit: Duration) -> Fault {
    let why = format!("no whole answer within {limit:?}");
    Fault::new(GaugeProblem::Unreachable, why)
        .hint("ask for less, or give the source a longer `timeout`")
}

pub(super) fn unreadable(why: impl Into<String>) -> Fault {
    Fault::new(GaugeProblem::Unreadable, why)
        .hint("check the URL: it is the one that `/api` is added to")
}

/// No HTTP answer, or one that broke off.
pub(super) fn transport(error: &reqwest::Error, secrets: &Secrets) -> Fault {
    let found = |wanted: io::ErrorKind| {
        chain(error).filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == wanted)
    };
    let tls = chain(error).filter_map(|e| e.downcast_ref::<rustls::Error>()).last();
    let why = if error.is_redirect() {
        "it redirects elsewhere"
    } else if tls.is_some() {
        "TLS failed"
    } else if found(io::ErrorKind::ConnectionRefused) {
        "the connection was refused"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke off"
    };
    let root = chain(error).last().map(ToString::to_string).unwrap_or_default();
    let why = format!("{why}: {}", secrets.clean(&root));
    let fault = Fault::new(GaugeProblem::Unreachable, why);
    match tls {
        Some(rustls::Error::InvalidCertificate(_)) => {
            fault.hint("name a file with the authority of its certificate by `ca`")
        }
        Some(rustls::Error::InvalidMessage(_)) => fault.hint("does it speak plain `http://`?"),
        _ => fault,
    }
}

/// An answer that is no success, with what the source said.
pub(super) fn status(code: u16, said: &str) -> Fault {
    let (problem, why) = match code {
        401 => (GaugeProblem::Unauthorized, "the log-in was not accepted".to_owned()),
        403 => (GaugeProblem::Unauthorized, "access is denied".to_owned()),
        ..300 => (GaugeProblem::Unreadable, format!("status {code} is no answer to a question")),
        300..=399 => (GaugeProblem::Refused, format!("it redirects elsewhere (status {code})")),
        404 => (GaugeProblem::Unreadable, "there is no such API (status 404)".to_owned()),
        429 | 500.. => (GaugeProblem::Unreachable, format!("it failed with status {code}")),
        _ => (GaugeProblem::Refused, format!("it refused with status {code}")),
    };
    let fault = if said.is_empty() {
        Fault::new(problem, why)
    } else {
        Fault::new(problem, format!("{why}: {said}"))
    };
    match code {
        401 | 403 => fault.hint("check `auth` of the source"),
        300..=399 | 404 => fault.hint("check the URL: it is the one that `/api` is added to"),
        _ => fault,
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // The source of an `io::Error` is that of the error it wraps; the wrapped one is wanted too.
    std::iter::successors(Some(error), |&e| {
        let wrapped = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|e| e as &(dyn Error + 'static)).or_else(|| e.source())
    })
}

/// What must be in no error.
#[derive(Debug, Default)]
pub(super) struct Secrets(pub(super) Vec<String>);

impl Secrets {
    /// One line of limited length without a secret.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.0.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "***");
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ").chars().take(MAX_QUOTE).collect()
    }
}
