//! Clusters, asked by a real client: their version, what they serve, and the objects that they have.
//!
//! Read-only but for the Jobs of tests and the lease of the loop: nothing but GET is ever sent elsewhere, watches included.
//! Calls of a [`Cluster`] block; a runtime of its own drives the network, so a call from inside another asynchronous runtime
//! panics. A watched cluster is never waited for. What a server hands out is passed on as it is, managed fields included.
//! Must not decide which kinds are worth asking for, and must not let a credential into an error.
//!
//! Next: `access` for kubeconfigs, `discovery` for what is served, `list` for pages of objects, `session` for one request,
//! `fault` for what can go wrong; `watch` for what changes of one kind, `connected` for clusters that are watched, `jobs` for
//! Jobs, `lease` for which of several loops acts.

mod access;
mod connected;
mod discovery;
mod events;
mod fault;
mod jobs;
mod lease;
mod list;
mod session;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use towpath_core::path::KubernetesMinor;

pub use access::IN_CLUSTER;
pub use connected::Connected;
pub use discovery::{Discovered, Resource, Unreachable};
pub use fault::{ClusterError, Problem};
pub use jobs::ClusterJobs;
pub use lease::{Leads, Place, Standing, Tenure, new_name, pod_namespace};
pub use list::Listing;

use fault::Faults;
use session::Session;

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one request may take, answer included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How many objects one page is asked for; servers may give fewer.
pub const PAGE: u32 = 500;
/// How often a request is made before its passing fault (429, 503, 504) becomes the answer.
pub const ATTEMPTS: u32 = 3;
/// The wait before the second attempt; it doubles from there.
pub const RETRY_WAIT: Duration = Duration::from_millis(500);
/// How often a watched cluster that says nothing is asked whether it is still there.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// How many lists are on their way at the same time.
const CONCURRENT_LISTS: usize = 4;

/// What can be set about the access to clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The kubeconfigs, the first of which wins where they differ.
    pub kubeconfigs: Vec<PathBuf>,
    /// Hosts that are reached without the proxy of the environment, as `$NO_PROXY` has them; a proxy of the kubeconfig's
    /// own is always used.
    pub no_proxy: String,
    /// See [`CONNECT_TIMEOUT`].
    pub connect_timeout: Duration,
    /// See [`REQUEST_TIMEOUT`].
    pub request_timeout: Duration,
    /// See [`PAGE`].
    pub page: u32,
    /// See [`ATTEMPTS`]; 0 counts as 1.
    pub attempts: u32,
    /// See [`RETRY_WAIT`].
    pub retry_wait: Duration,
    /// See [`HEARTBEAT`].
    pub heartbeat: Duration,
}

impl Settings {
    /// The constants of this module, with what `kubectl` would take from the variables of the environment
    /// (`kubernetes/client-go:tools/clientcmd/loader.go`).
    #[must_use]
    pub fn for_user(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let kubeconfigs = match set("KUBECONFIG") {
            Some(list) => {
                std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()).collect()
            }
            None => {
                set("HOME").map(|home| Path::new(&home).join(".kube/config")).into_iter().collect()
            }
        };
        Self {
            kubeconfigs,
            no_proxy: set("NO_PROXY")
                .or_else(|| set("no_proxy"))
                .map(|hosts| hosts.to_string_lossy().into_owned())
                .unwrap_or_default(),
            connect_timeout: CONNECT_TIMEOUT,
            request_timeout: REQUEST_TIMEOUT,
            page: PAGE,
            attempts: ATTEMPTS,
            retry_wait: RETRY_WAIT,
            heartbeat: HEARTBEAT,
        }
    }
}

/// A cluster that can be asked. Nothing is kept of its answers.
pub struct Cluster {
    runtime: Runtime,
    session: Session,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("context", &self.context()).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Prepares the access by a context of the kubeconfigs. [`IN_CLUSTER`] names the cluster of the pod that this
    /// runs in, unless a context has that name. Asks the cluster nothing yet; a credential plugin of the kubeconfig runs.
    ///
    /// # Errors
    /// [`ClusterError`] when a kubeconfig cannot be read, has no such context, or says too little.
    pub fn connect(context: &str, settings: &Settings) -> Result<Self, ClusterError> {
        let faults = Faults::of_context(context);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| faults.access("network access cannot be prepared", Some(error)))?;
        let (client, faults) = runtime.block_on(access::client(context, settings, faults))?;
        let session =
            Session { client, faults: Arc::new(faults), settings: Arc::new(settings.clone()) };
        Ok(Self { runtime, session })
    }

    /// The context that it is known by.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.session.faults.context
    }

    /// The minor version that it runs.
    ///
    /// # Errors
    /// [`ClusterError`] when it does not answer, or not with a version.
    pub fn version(&self) -> Result<KubernetesMinor, ClusterError> {
        let session = &self.session;
        self.runtime.block_on(async {
            let doing = "ask for the version of";
            let answer: VersionAnswer = session.get("/version", doing).await?;
            minor(&answer).ok_or_else(|| session.faults.garbage(doing))
        })
    }

    /// All that it serves, each kind once, in the version that it prefers.
    ///
    /// # Errors
    /// [`ClusterError`] when it does not say what it serves. A single group that does not answer is no error.
    pub fn resources(&self) -> Result<Discovered, ClusterError> {
        self.runtime.block_on(discovery::discover(&self.session))
    }

    /// The objects of some kinds, a list each, in the order of what is wanted. Each has its `apiVersion` and `kind`, also
    /// where the server leaves them out.
    pub fn list(&self, wanted: &[Listing]) -> Vec<Result<Vec<Value>, ClusterError>> {
        self.runtime.block_on(list::all(&self.session, wanted, CONCURRENT_LISTS))
    }
}

/// `kubernetes/apimachinery:pkg/version/types.go`.
#[derive(Deserialize)]
struct VersionAnswer {
    major: String,
    minor: String,
}

/// Some providers write more than a number: `29+`.
fn minor(answer: &VersionAnswer) -> Option<KubernetesMinor> {
    let digits = answer.minor.trim_end_matches(|c: char| !c.is_ascii_digit());
    (answer.major == "1").then(|| digits.parse().ok().map(KubernetesMinor))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_are_read_as_providers_write_them() {
        let read = |major: &str, text: &str| {
            minor(&VersionAnswer { major: major.to_owned(), minor: text.to_owned() }).map(|it| it.0)
        };
        for (text, want) in [("29", Some(29)), ("29+", Some(29)), ("", None), ("x", None)] {
            assert_eq!(read("1", text), want, "{text}");
        }
        assert_eq!(read("2", "1"), None);
    }

    #[test]
    fn the_users_kubeconfigs_come_from_the_environments_values() {
        let files = |list: Option<&str>, home: Option<&str>| {
            let variable = |name: &str| match name {
                "KUBECONFIG" => list.map(Into::into),
                "HOME" => home.map(Into::into),
                _ => None,
            };
            Settings::for_user(variable).kubeconfigs
        };
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(files(Some("/a::/b"), Some("/home/me")), paths(&["/a", "/b"]));
        assert_eq!(files(Some(""), Some("/home/me")), paths(&["/home/me/.kube/config"]));
        assert_eq!(files(None, None), paths(&[]));
    }
}
