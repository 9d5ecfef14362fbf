//! What can go wrong between here and a cluster, told so that somebody can mend it.
//!
//! Every error of the client passes through [`Faults`]. Must not let a credential through: errors of log-ins are told in
//! words of ours, as the client's quote what a plugin printed, and what a server says is cut short and cleaned of secrets.

use std::error::Error;
use std::{fmt, io};

use kube::client::AuthError;
use serde::Deserialize;

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The kubeconfig does not say enough, or the credentials that it names cannot be had.
    Access,
    /// Nothing answers, or not in time.
    Unreachable,
    /// The credentials are not accepted.
    Unauthorized,
    /// The cluster answers that it does not do what was asked, with this HTTP status.
    Status(u16),
    /// What answers makes no sense.
    Garbage,
}

/// A cluster that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterError {
    /// What kind of problem it is.
    pub problem: Problem,
    /// The context that the cluster is known by.
    pub context: Box<str>,
    /// Where it is, `https://10.0.0.1:6443`; empty where that is not known yet.
    pub server: Box<str>,
    /// What was tried: a fragment that ends before the name of the cluster.
    pub doing: Box<str>,
    /// Why not, as a fragment.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { context, server, doing, why, .. } = self;
        if server.is_empty() {
            write!(f, "cannot {doing} cluster {context}: {why}")
        } else {
            write!(f, "cannot {doing} cluster {context} ({server}): {why}")
        }
    }
}

impl Error for ClusterError {}

impl ClusterError {
    /// Whether the same request may be answered a moment later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.problem, Problem::Status(429 | 503 | 504))
    }

    /// Whether the cluster is there, and only does not tell of this one kind.
    pub(super) fn is_about_kind(&self) -> bool {
        matches!(self.problem, Problem::Status(403..=406))
    }

    /// Whether the list that was read is too old to go on.
    pub(super) fn is_gone(&self) -> bool {
        self.problem == Problem::Status(410)
    }
}

/// How long what a server says may be, in characters.
const MAX_QUOTE: usize = 300;
/// Longer words are tokens or certificates, not language.
const MAX_WORD: usize = 100;

/// What the faults of one cluster have in common.
#[derive(Clone)]
pub(super) struct Faults {
    pub(super) context: String,
    pub(super) server: String,
    pub(super) secrets: Vec<String>,
}

/// `kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, `Status`.
#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    message: String,
}

impl Faults {
    pub(super) fn of_context(context: &str) -> Self {
        Self { context: context.to_owned(), server: String::new(), secrets: Vec::new() }
    }

    fn error(
        &self,
        problem: Problem,
        doing: &str,
        why: String,
        hint: Option<&str>,
    ) -> ClusterError {
        ClusterError {
            problem,
            context: self.context.as_str().into(),
            server: self.server.as_str().into(),
            doing: doing.into(),
            why,
            hint: hint.map(str::to_owned),
        }
    }

    /// The access cannot be prepared.
    pub(super) fn access(&self, why: &str, source: Option<io::Error>) -> ClusterError {
        let why = source.map_or_else(|| why.to_owned(), |source| format!("{why}: {source}"));
        self.error(Problem::Access, "get access to", why, None)
    }

    /// It did not answer in time.
    pub(super) fn timeout(&self, doing: &str) -> ClusterError {
        let hint =
            "is the network or the VPN up, and is the cluster's address in the kubeconfig right?";
        self.error(Problem::Unreachable, doing, "no answer in time".to_owned(), Some(hint))
    }

    /// What was being told broke off.
    pub(super) fn broken(&self, doing: &str) -> ClusterError {
        let hint = "is the network or the VPN up?";
        let why = "the connection broke off".to_owned();
        self.error(Problem::Unreachable, doing, why, Some(hint))
    }

    /// What answers is no API server.
    pub(super) fn garbage(&self, doing: &str) -> ClusterError {
        let hint = "a proxy or a log-in page may have answered instead of the cluster";
        let why = "the answer is none of a Kubernetes API server".to_owned();
        self.error(Problem::Garbage, doing, why, Some(hint))
    }

    /// It answered with another status than 200.
    pub(super) fn status(&self, doing: &str, status: u16, body: &[u8]) -> ClusterError {
        let said = serde_json::from_slice::<Status>(body).unwrap_or_default().message;
        let why = match self.clean(&said) {
            said if said.is_empty() => format!("it answers {status}"),
            said => format!("{status}, {said}"),
        };
        let (problem, hint) = match status {
            401 => (
                Problem::Unauthorized,
                Some("log in again as you do for kubectl; the token or certificate may be over"),
            ),
            403 => (
                Problem::Status(status),
                Some(
                    "the user of the context needs the verbs get and list, as of the cluster role `view`",
                ),
            ),
            _ => (Problem::Status(status), None),
        };
        self.error(problem, doing, why, hint)
    }

    /// The client could not make a request.
    pub(super) fn client(&self, doing: &str, error: &kube::Error) -> ClusterError {
        let chain = chain(error);
        if let Some(auth) = chain.iter().find_map(|e| e.downcast_ref::<AuthError>()) {
            return self.log_in(doing, auth);
        }
        if let Some(tls) = chain.iter().copied().find_map(tls_of) {
            let hint = match tls {
                rustls::Error::InvalidCertificate(_) => {
                    "the certificate authority of the kubeconfig's cluster is not that of the server"
                }
                _ => "does the address in the kubeconfig speak HTTPS?",
            };
            let why = self.clean(&tls.to_string());
            return self.error(Problem::Unreachable, doing, why, Some(hint));
        }
        let said = chain.last().map(ToString::to_string).unwrap_or_default();
        let hint =
            "is the network or the VPN up, and is the cluster's address in the kubeconfig right?";
        self.error(Problem::Unreachable, doing, self.clean(&said), Some(hint))
    }

    /// A lease could not be read or written.
    pub(super) fn of_lease(&self, doing: &str, error: &kube::Error) -> ClusterError {
        let kube::Error::Api(said) = error else { return self.client(doing, error) };
        let body = serde_json::json!({ "message": said.message }).to_string();
        let mut error = self.status(doing, said.code, body.as_bytes());
        if said.code == 403 {
            let hint = "the loop needs the verbs get, create and update on leases of coordination.k8s.io in that \
                        namespace; --lease none goes without one";
            error.hint = Some(hint.to_owned());
        }
        error
    }

    /// The client cannot be made of what the kubeconfig says.
    pub(super) fn unusable(&self, error: &kube::Error) -> ClusterError {
        let doing = "get access to";
        let why = match error {
            kube::Error::Auth(auth) => return self.log_in(doing, auth),
            kube::Error::ProxyProtocolUnsupported { .. }
            | kube::Error::ProxyProtocolDisabled { .. } => {
                "its proxy-url is of a kind that is not known"
            }
            kube::Error::RustlsTls(_) => "a certificate or key of the kubeconfig cannot be used",
            _ => "the kubeconfig says something that cannot be used",
        };
        let hint = "does `kubectl version` with the same context work?";
        self.error(Problem::Access, doing, why.to_owned(), Some(hint))
    }

    fn log_in(&self, doing: &str, error: &AuthError) -> ClusterError {
        let why = match error {
            AuthError::AuthExecStart(error) => {
                format!("the credential plugin of the kubeconfig cannot be started: {error}")
            }
            AuthError::AuthExecRun { out, .. } => {
                format!("the credential plugin of the kubeconfig failed: {}", out.status)
            }
            AuthError::ReadTokenFile(error, path) => {
                format!("the token file {} cannot be read: {error}", path.display())
            }
            _ => "the credentials of the kubeconfig cannot be had".to_owned(),
        };
        let hint = "does `kubectl version` with the same context work?";
        self.error(Problem::Access, doing, why, Some(hint))
    }

    /// One short line without secrets.
    fn clean(&self, said: &str) -> String {
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        let said = secrets.fold(said.to_owned(), |said, secret| said.replace(secret, "***"));
        let plain: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words = plain.split_whitespace();
        let words = words.map(|word| if word.chars().count() > MAX_WORD { "***" } else { word });
        words.collect::<Vec<_>>().join(" ").chars().take(MAX_QUOTE).collect()
    }
}

/// An error and what lies beneath it.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut all = vec![error];
    let mut last = error;
    while let Some(next) = last.source() {
        all.push(next);
        last = next;
    }
    all
}

fn tls_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    // An I/O error does not show what it was made of as its source.
    error
        .downcast_ref::<rustls::Error>()
        .or_else(|| error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<rustls::Error>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults() -> Faults {
        Faults {
            context: "prod".to_owned(),
            server: "https://10.0.0.1:6443".to_owned(),
            secrets: vec!["hunter2".to_owned(), String::new()],
        }
    }

    #[test]
    fn what_a_server_says_is_one_short_line_without_secrets() {
        let long = "x".repeat(200);
        let body =
            serde_json::json!({ "message": format!("no\n hunter2 {long} {}", "word ".repeat(99)) });
        let error = faults().status("list pods on", 403, body.to_string().as_bytes());
        assert!(error.why.starts_with("403, no *** *** word"), "{error}");
        assert!(error.why.chars().count() <= MAX_QUOTE + 5);
        assert_eq!(error.problem, Problem::Status(403));
    }

    #[test]
    fn what_a_credential_plugin_printed_is_never_shown() {
        let out = std::process::Output {
            status: std::process::ExitStatus::default(),
            stdout: b"token-4711".to_vec(),
            stderr: b"token-4711".to_vec(),
        };
        let failed = AuthError::AuthExecRun {
            cmd: "get --secret token-4711".to_owned(),
            out: Box::new(out),
        };
        let told = [
            faults().unusable(&kube::Error::Auth(failed)),
            faults().client(
                "list pods on",
                &kube::Error::Auth(AuthError::AuthExec("token-4711".into())),
            ),
        ];
        for error in told {
            assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
            assert!(error.to_string().contains("prod"), "{error}");
        }
    }
}
