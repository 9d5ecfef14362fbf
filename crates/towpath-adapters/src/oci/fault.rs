//! What can go wrong between here and a registry, told in the words of the port.
//!
//! Every error of the client passes through [`Faults::of`]: it decides what kind of problem it is,
//! whether trying again can help, and what to tell the user. Must not let a credential through: URLs are
//! dropped (they can hold signatures), and what a registry says is cut short and cleaned of secrets.
//! Next: `session`.

use std::error::Error;
use std::io;

use oci_client::errors::{DigestError, OciDistributionError, OciEnvelope, OciErrorCode};
use towpath_engine::ports::{RegistryError, RegistryProblem};

/// Whether trying again can help, and how soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    Never,
    Soon,
    RateLimited,
}

/// An error with what only this adapter needs to know of it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: RegistryError,
    pub(super) retry: Retry,
    /// The HTTP status, where the registry gave one that says more than `problem`.
    pub(super) status: Option<u16>,
}

/// What the faults of one repository have in common.
#[derive(Clone)]
pub(super) struct Faults {
    /// `oci://host/repository`.
    pub(super) at: String,
    pub(super) host: String,
    pub(super) insecure: bool,
    pub(super) secrets: Vec<String>,
}

const PLAIN_HTTP_HINT: &str =
    "the registry seems to speak plain HTTP: set `insecure: true` if that is meant";

/// How long what a registry says may be, in characters.
const MAX_QUOTE: usize = 300;
/// Longer words are tokens or signatures, not language; a digest has 71 characters.
const MAX_WORD: usize = 80;

impl Faults {
    /// The fault behind an error of the client; `doing` stands between
    /// "cannot" and the repository.
    pub(super) fn of(&self, doing: &str, error: OciDistributionError) -> Fault {
        use OciDistributionError as E;
        match error {
            E::UnauthorizedError { .. } => self.status(doing, 401, ""),
            E::ServerError { code, message, .. } => self.server(doing, code, &message),
            E::RegistryError { envelope, .. } => {
                self.status(doing, status_of(&envelope), &said(&envelope))
            }
            E::AuthenticationFailure(answer) => {
                let answer = serde_json::from_str(&answer).map(|e| said(&e)).unwrap_or_default();
                self.status(doing, 401, &answer)
            }
            E::RequestError(error) => match error.status() {
                Some(status) => self.status(doing, status.as_u16(), ""),
                None if error.is_timeout() => self.timeout(doing),
                // The URL may hold the signature of a redirect or the state of an upload.
                None => self.transport(doing, Box::new(error.without_url())),
            },
            E::DigestError(error @ DigestError::VerificationError { .. }) => Fault {
                error: RegistryError {
                    source: Some(Box::new(error)),
                    ..self.error(RegistryProblem::Corrupt, doing, "other content came", None)
                },
                retry: Retry::Never,
                status: None,
            },
            E::JsonError(_) | E::ManifestEncodingError(_) | E::RegistryTokenDecodeError(_) => {
                self.not_a_registry(doing)
            }
            E::RegistryNoLocationError
            | E::SpecViolationError(_)
            | E::HeaderValueError(_)
            | E::UrlParseError(_)
            | E::GenericError(_)
            | E::DigestError(_) => {
                let why = "the answer breaks the OCI distribution specification";
                self.refused(doing, why, None)
            }
            E::IoError(error) => self.transport(doing, Box::new(error)),
            // What remains concerns parts of the client that are not used here.
            _ => self.refused(doing, "the answer makes no sense", None),
        }
    }

    /// The registry did not answer in time.
    pub(super) fn timeout(&self, doing: &str) -> Fault {
        Fault {
            error: self.error(RegistryProblem::Unreachable, doing, "no answer in time", None),
            retry: Retry::Never,
            status: None,
        }
    }

    /// What answered speaks HTTP, but not as registries do.
    pub(super) fn not_a_registry(&self, doing: &str) -> Fault {
        let why = format!("what answers at {} is not a registry", self.host);
        let hint = "check the host; a proxy or a log-in page may have answered instead";
        self.refused(doing, &why, Some(hint.to_owned()))
    }

    /// More came than was allowed.
    pub(super) fn too_large(&self, doing: &str, max_bytes: u64) -> Fault {
        self.corrupt(doing, &format!("it has more than {max_bytes} bytes"))
    }

    /// What came is not what was named.
    pub(super) fn corrupt(&self, doing: &str, why: &str) -> Fault {
        Fault {
            error: self.error(RegistryProblem::Corrupt, doing, why, None),
            retry: Retry::Never,
            status: None,
        }
    }

    pub(super) fn refused(&self, doing: &str, why: &str, hint: Option<String>) -> Fault {
        Fault {
            error: self.error(RegistryProblem::Refused, doing, why, hint),
            retry: Retry::Never,
            status: None,
        }
    }

    /// A fault from an HTTP status whose body is not of the specification's form.
    fn server(&self, doing: &str, code: u16, body: &str) -> Fault {
        if code == 400 && body.contains("HTTP request to an HTTPS server") {
            let hint = "leave out `insecure`: the registry speaks HTTPS".to_owned();
            return self.refused(doing, "the registry does not speak plain HTTP", Some(hint));
        }
        if let Ok(envelope) = serde_json::from_str::<OciEnvelope>(body) {
            let mut fault = self.status(doing, code, &said(&envelope));
            // The blobs were pushed or seen just before: the registry's own storage lags behind, as
            // when somebody else pushes the same blob at the same time.
            if envelope.errors.iter().any(|e| e.code == OciErrorCode::ManifestBlobUnknown) {
                fault.retry = Retry::Soon;
            }
            return fault;
        }
        if code == 404 && body.trim_start().starts_with('<') {
            return self.not_a_registry(doing);
        }
        self.status(doing, code, "")
    }

    fn status(&self, doing: &str, code: u16, said: &str) -> Fault {
        let login = format!("docker login {}", self.host);
        let (problem, why, hint, retry) = match code {
            401 => (
                RegistryProblem::Unauthorized,
                "not logged in".to_owned(),
                Some(login),
                Retry::Never,
            ),
            403 => (
                RegistryProblem::Unauthorized,
                "access is denied".to_owned(),
                Some(format!("log in as somebody who may: {login}")),
                Retry::Never,
            ),
            404 => (
                RegistryProblem::NotFound,
                "there is no such repository or content".to_owned(),
                Some("check the name; some registries say so too when access is denied".to_owned()),
                Retry::Never,
            ),
            429 => (
                RegistryProblem::RateLimited,
                "the registry limits the rate of requests".to_owned(),
                Some(format!("try again later; logging in often raises the limit: {login}")),
                Retry::RateLimited,
            ),
            500.. => (
                RegistryProblem::Refused,
                format!("the registry failed with status {code}"),
                None,
                Retry::Soon,
            ),
            _ => {
                let why = format!("the registry refused with status {code}");
                (RegistryProblem::Refused, why, None, Retry::Never)
            }
        };
        let why = match self.clean(said) {
            said if said.is_empty() => why,
            said => format!("{why}: {said}"),
        };
        Fault { error: self.error(problem, doing, &why, hint), retry, status: Some(code) }
    }

    /// No HTTP answer, or one that broke off.
    fn transport(&self, doing: &str, error: Box<dyn Error + Send + Sync>) -> Fault {
        let io = find::<io::Error>(&*error);
        let tls = find::<rustls::Error>(&*error);
        let connecting = chain(&*error).any(|e| e.to_string().contains("(Connect)"));
        let handshake = chain(&*error).any(|e| e.to_string().contains("tls handshake"));
        let naming = chain(&*error).any(|e| e.to_string().contains("dns error"));
        let (why, hint, retry) = if let Some(tls) = tls {
            ("TLS failed", tls_hint(tls, self.insecure), Retry::Never)
        } else if handshake && !self.insecure {
            ("TLS failed", Some(PLAIN_HTTP_HINT.to_owned()), Retry::Never)
        } else if naming {
            ("the name is not found", Some("check the host name".to_owned()), Retry::Never)
        } else if io.is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
            ("the connection was refused", Some(format!("is {} running?", self.host)), Retry::Never)
        } else if connecting && io.is_none_or(|e| e.kind() != io::ErrorKind::ConnectionReset) {
            ("it cannot be reached", None, Retry::Never)
        } else {
            ("the connection broke off", None, Retry::Soon)
        };
        let root = chain(&*error).last().map(ToString::to_string).unwrap_or_default();
        let error = RegistryError {
            source: Some(self.clean(&root).into()),
            ..self.error(RegistryProblem::Unreachable, doing, why, hint)
        };
        Fault { error, retry, status: None }
    }

    fn error(
        &self,
        problem: RegistryProblem,
        doing: &str,
        why: &str,
        hint: Option<String>,
    ) -> RegistryError {
        let message = format!("cannot {doing} {}: {why}", self.at);
        RegistryError { problem, message, hint, source: None }
    }

    /// One line of limited length without a secret.
    fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "***");
        }
        let word = |word: &str| {
            if word.chars().count() > MAX_WORD { "***".to_owned() } else { word.to_owned() }
        };
        let words: Vec<String> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|w| !w.is_empty())
            .map(word)
            .collect();
        words.join(" ").chars().take(MAX_QUOTE).collect()
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // The source of an `io::Error` is that of the error it wraps; the wrapped one is wanted too.
    std::iter::successors(Some(error), |&e| {
        let wrapped = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|e| e as &(dyn Error + 'static)).or_else(|| e.source())
    })
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).filter_map(|e| e.downcast_ref::<E>()).last()
}

fn tls_hint(error: &rustls::Error, insecure: bool) -> Option<String> {
    match error {
        // The answer's first bytes are `HTTP/`, which is no TLS record.
        rustls::Error::InvalidMessage(_) if !insecure => Some(PLAIN_HTTP_HINT.to_owned()),
        rustls::Error::InvalidCertificate(_) => {
            Some("add the registry's authority to the certificates of the system".to_owned())
        }
        _ => None,
    }
}

/// The status that an error code stands for; the client does not tell the one that was sent.
fn status_of(envelope: &OciEnvelope) -> u16 {
    match envelope.errors.first().map(|error| &error.code) {
        Some(OciErrorCode::Unauthorized) => 401,
        Some(OciErrorCode::Denied) => 403,
        Some(
            OciErrorCode::NameUnknown
            | OciErrorCode::ManifestUnknown
            | OciErrorCode::BlobUnknown
            | OciErrorCode::NotFound,
        ) => 404,
        Some(OciErrorCode::Toomanyrequests) => 429,
        _ => 400,
    }
}

fn said(envelope: &OciEnvelope) -> String {
    let texts: Vec<&str> =
        envelope.errors.iter().map(|e| e.message.as_str()).filter(|m| !m.is_empty()).collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults() -> Faults {
        Faults {
            at: "oci://r.example/a".to_owned(),
            host: "r.example".to_owned(),
            insecure: false,
            secrets: vec!["hunter2".to_owned(), String::new()],
        }
    }

    #[test]
    fn statuses_have_one_problem_each() {
        use RegistryProblem as P;
        let cases = [
            (400, P::Refused, Retry::Never),
            (401, P::Unauthorized, Retry::Never),
            (403, P::Unauthorized, Retry::Never),
            (404, P::NotFound, Retry::Never),
            (429, P::RateLimited, Retry::RateLimited),
            (500, P::Refused, Retry::Soon),
            (503, P::Refused, Retry::Soon),
        ];
        for (code, problem, retry) in cases {
            let fault = faults().server("list the tags of", code, "");
            assert_eq!((fault.error.problem, fault.retry), (problem, retry), "{code}");
            assert_eq!(fault.status, Some(code));
        }
    }

    #[test]
    fn what_a_registry_says_is_one_short_line_without_secrets() {
        let long = "x".repeat(500);
        let said = format!("you sent\n hunter2\u{1b}[1m and {long} {}", "word ".repeat(200));
        let clean = faults().clean(&said);
        assert!(clean.starts_with("you sent *** [1m and *** word word"), "{clean}");
        assert_eq!(clean.chars().count(), MAX_QUOTE);
    }

    #[test]
    fn plain_http_at_an_https_port_has_a_hint() {
        let fault = faults().server(
            "list the tags of",
            400,
            "Client sent an HTTP request to an HTTPS server.\n",
        );
        assert!(fault.error.hint.is_some_and(|hint| hint.contains("leave out `insecure`")));
    }
}
