//! A cluster as a process: it listens, says where, and serves until it is told to stop.
//!
//! The executor is a detail of here: whoever starts a cluster needs no knowledge of tasks.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use towpath_apimachinery::clone::Plan;
use towpath_apimachinery::surface::Surface;
use towpath_catalog::{Minor, UnknownMinor};

use crate::access::Access;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::fill::{Filled, fill};
use crate::identity::{Identity, IdentityError};
use crate::journal::JournalError;
use crate::listen::Server;

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version of Kubernetes.
    pub kubernetes: Minor,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the cluster is kept, if it is.
    pub data: Option<PathBuf>,
    /// Without TLS, and open to everybody who reaches it.
    pub plain_http: bool,
}

/// Why a cluster does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There are no facts of this version.
    #[error("cannot serve the API of Kubernetes {0}")]
    Version(Minor, #[source] UnknownMinor),
    /// Somebody else could reach it.
    #[error("plain HTTP is for this machine only, and {0} can be reached from others")]
    Exposed(SocketAddr),
    /// The address.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The system gives no threads or signals.
    #[error("cannot run a server")]
    System(#[source] io::Error),
    /// The folder.
    #[error("cannot make the folder {}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// What is kept.
    #[error("cannot open the cluster")]
    Journal(#[from] JournalError),
    /// Certificates.
    #[error("the cluster has no identity")]
    Identity(#[from] IdentityError),
}

/// A cluster that listens.
#[derive(Debug)]
pub struct Process {
    runtime: Runtime,
    cluster: Cluster,
    server: Server,
    listener: TcpListener,
    address: SocketAddr,
    identity: Option<Arc<Identity>>,
    stops: [Signal; 2],
}

impl Process {
    /// Starts a cluster. It can be reached when this is back, and is answered from when [`Process::serve`] is called.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let Options { kubernetes, listen, data, plain_http } = options;
        if *plain_http && !listen.ip().is_loopback() {
            return Err(StartError::Exposed(*listen));
        }
        raise_limit();
        take_small_pages();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(StartError::System)?;
        let entered = runtime.enter();
        // From here on a signal is no longer the end of the process.
        let stops = [SignalKind::interrupt(), SignalKind::terminate()];
        let [interrupt, terminate] = stops.map(signal);
        let stops =
            [interrupt.map_err(StartError::System)?, terminate.map_err(StartError::System)?];
        let surface = surface(*kubernetes)?;
        let now = Timestamp::now();
        let (cluster, identity) = match data {
            Some(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| StartError::Folder(folder.clone(), error))?;
                // The journal is locked first, so that one process alone makes an identity.
                let cluster = Cluster::open(surface, Clock::Real, folder)?;
                (cluster, Identity::of_folder(folder, now)?)
            }
            None => (Cluster::new(surface, Clock::Real), Identity::new(now)?),
        };
        let cluster = cluster.living(Arc::default());
        let no_listener = |error| StartError::Listen(*listen, error);
        let listener = runtime.block_on(TcpListener::bind(*listen)).map_err(no_listener)?;
        let address = listener.local_addr().map_err(no_listener)?;
        let identity = (!plain_http).then(|| Arc::new(identity));
        let server = match &identity {
            Some(identity) => {
                let tls = identity.server(address.ip(), now)?;
                Server::tls(cluster.clone(), Access::Token(Arc::clone(identity)), tls)
            }
            None => Server::plain(cluster.clone()),
        };
        drop(entered);
        Ok(Self { runtime, cluster, server, listener, address, identity, stops })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients on this machine reach it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.identity.is_some() { "https" } else { "http" };
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("{scheme}://{address}")
    }

    /// What clients have to know and to have, unless it is plain HTTP.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// Writes the clone of a live cluster into it, before it serves anybody.
    #[must_use]
    pub fn fill(&self, plan: Plan) -> Filled {
        self.runtime.block_on(fill(&self.cluster, plan))
    }

    /// Serves until the process is interrupted or asked to end.
    ///
    /// # Errors
    ///
    /// Why the cluster could not be kept any more.
    pub fn serve(self) -> Result<(), Arc<JournalError>> {
        let Self { runtime, cluster, server, listener, stops, .. } = self;
        let [mut interrupt, mut terminate] = stops;
        let mut broken = None;
        runtime.block_on(server.serve(listener, async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                error = cluster.broken() => broken = Some(error),
            }
        }));
        cluster.close();
        broken.map_or(Ok(()), Err)
    }
}

/// Writes the clone of a live cluster into one that lives no longer than this call and that nobody reaches: what would
/// come of it.
///
/// # Errors
///
/// [`StartError`]: there are no facts of the version, or the system gives no threads.
pub fn rehearse(kubernetes: Minor, plan: Plan) -> Result<Filled, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(StartError::System)?;
    let cluster = Cluster::new(surface(kubernetes)?, Clock::Real).living(Arc::default());
    Ok(runtime.block_on(fill(&cluster, plan)))
}

fn surface(kubernetes: Minor) -> Result<Arc<Surface>, StartError> {
    let surface = Surface::load(kubernetes);
    surface.map(Arc::new).map_err(|error| StartError::Version(kubernetes, error))
}

/// Memory is taken in small pages: what a cluster holds when it is idle is a few MB in many places, and each of them
/// would be one page of 2 MB.
fn take_small_pages() {
    // Where it cannot be asked for, more memory is taken.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// A client is a socket, and a socket is an open file. As many as the system allows are taken.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, fewer clients are served at once.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
