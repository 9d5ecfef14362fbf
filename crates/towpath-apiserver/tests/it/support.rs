//! Clusters for tests, and the ways to them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use towpath_apimachinery::surface::Surface;
use towpath_apiserver::access::Access;
use towpath_apiserver::{Clock, Cluster, Identity, Server, kubeconfig};
use towpath_catalog::Minor;

static SURFACE: LazyLock<Arc<Surface>> =
    LazyLock::new(|| Arc::new(Surface::load(Minor::new(36)).unwrap()));

pub(crate) fn cluster() -> Cluster {
    Cluster::new(Arc::clone(&SURFACE), Clock::Real)
}

pub(crate) fn kept(folder: &Path) -> Cluster {
    Cluster::open(Arc::clone(&SURFACE), Clock::Real, folder).unwrap()
}

pub(crate) fn surface() -> Arc<Surface> {
    Arc::clone(&SURFACE)
}

/// A cluster on a socket.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) identity: Identity,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn tls(cluster: &Cluster) -> Self {
        let now = jiff::Timestamp::now();
        let identity = Identity::new(now).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = identity.server(address.ip(), now).unwrap();
        let access = Access::Token(Arc::new(identity.clone()));
        Self::start(Server::tls(cluster.clone(), access, tls), listener, identity)
    }

    pub(crate) async fn plain(cluster: &Cluster) -> Self {
        Self::of(Server::plain(cluster.clone())).await
    }

    pub(crate) async fn of(server: Server) -> Self {
        let identity = Identity::new(jiff::Timestamp::now()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::start(server, listener, identity)
    }

    fn start(server: Server, listener: TcpListener, identity: Identity) -> Self {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { address, identity, stop, task }
    }

    pub(crate) fn kubeconfig(&self) -> Kubeconfig {
        let server = format!("https://{}", self.address);
        let text = kubeconfig::text("test", &server, Some(&self.identity));
        Kubeconfig::from_yaml(&text).unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        client(self.kubeconfig()).await
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) async fn client(kubeconfig: Kubeconfig) -> Client {
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    Client::try_from(config).unwrap()
}

/// A client in the same process.
pub(crate) fn near(cluster: &Cluster) -> Client {
    Client::new(cluster.clone(), "default")
}
