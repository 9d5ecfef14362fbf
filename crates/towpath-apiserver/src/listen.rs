//! A cluster on a socket: connections, TLS, who asks, and what bounds a client.
//!
//! A client that sends garbage, half a request or nothing costs its connection and no more; a connection that breaks is
//! its client's affair.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::access::Access;
use crate::body::Body;
use crate::cluster::Cluster;

/// How long a client may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a connection may be idle, or take for the head of a request.
const IDLE: Duration = Duration::from_secs(90);

/// How long requests in flight are waited for when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait when the system has no more sockets for us.
const NO_SOCKETS: Duration = Duration::from_millis(20);

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// Requests at once on one connection of HTTP/2; watches count.
const MAX_STREAMS: u32 = 2000;

/// A cluster and the door to it.
#[derive(Debug, Clone)]
pub struct Server {
    cluster: Cluster,
    access: Access,
    tls: Option<Arc<ServerConfig>>,
    max_connections: usize,
}

impl Server {
    /// A server of a cluster on plain HTTP/1.1, open to everybody who reaches it.
    #[must_use]
    pub fn plain(cluster: Cluster) -> Self {
        Self { cluster, access: Access::Open, tls: None, max_connections: 20_000 }
    }

    /// A server of a cluster on TLS.
    #[must_use]
    pub fn tls(cluster: Cluster, access: Access, tls: Arc<ServerConfig>) -> Self {
        Self { access, tls: Some(tls), ..Self::plain(cluster) }
    }

    /// Takes no more connections than these at once; others wait.
    #[must_use]
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = most;
        self
    }

    /// Serves until `stop`: then no connection is taken any more, watches end, and requests in flight are answered. As
    /// long as it does, time passes in a cluster that lives.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(self.max_connections));
        let closing = watch::Sender::new(false);
        let mut life = JoinSet::new();
        let cluster = self.cluster.clone();
        life.spawn(async move { cluster.live().await });
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, accept(&listener).await)
            };
            let (place, connection) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            let (server, closing) = (self.clone(), closing.subscribe());
            connections.spawn(async move {
                server.converse(connection, closing).await;
                drop(place);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(listener);
        self.cluster.end_watches();
        closing.send_replace(true);
        let all = async { while connections.join_next().await.is_some() {} };
        // Whoever is not done by now is cut off.
        let _ = timeout(GRACE, all).await;
    }

    async fn converse(self, connection: TcpStream, closing: watch::Receiver<bool>) {
        let Some(tls) = self.tls.clone() else {
            return self.http1(connection, closing).await;
        };
        let handshake = TlsAcceptor::from(tls).accept(connection);
        let Ok(Ok(connection)) = timeout(HANDSHAKE, handshake).await else { return };
        if connection.get_ref().1.alpn_protocol() == Some(b"h2") {
            // What HTTP/2 keeps of a connection is large, and most have another.
            Box::pin(self.http2(connection, closing)).await;
        } else {
            self.http1(connection, closing).await;
        }
    }

    async fn http1(
        self,
        connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        closing: watch::Receiver<bool>,
    ) {
        let conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_HEAD * 2)
            .serve_connection(TokioIo::new(connection), Door(self));
        let mut conversation = pin!(conversation);
        tokio::select! {
            _ = conversation.as_mut() => return,
            () = closed(closing) => conversation.as_mut().graceful_shutdown(),
        }
        let _ = conversation.await;
    }

    async fn http2(
        self,
        connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        closing: watch::Receiver<bool>,
    ) {
        let conversation = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(IDLE / 3)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD as u32)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .serve_connection(TokioIo::new(connection), Door(self));
        let mut conversation = pin!(conversation);
        tokio::select! {
            _ = conversation.as_mut() => return,
            () = closed(closing) => conversation.as_mut().graceful_shutdown(),
        }
        let _ = conversation.await;
    }
}

/// The next connection. A system that has no socket to give now has one later.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((connection, _)) => {
                // Without it, answers are only slower.
                let _ = connection.set_nodelay(true);
                return connection;
            }
            Err(_) => sleep(NO_SOCKETS).await,
        }
    }
}

async fn closed(mut closing: watch::Receiver<bool>) {
    // A server that is gone has closed.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}

/// What a connection hands its requests to.
struct Door(Server);

impl hyper::service::Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let caller = self.0.access.caller(request.headers());
        request.extensions_mut().insert(caller);
        self.0.cluster.clone().call(request)
    }
}
