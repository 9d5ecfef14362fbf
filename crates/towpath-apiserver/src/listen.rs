//! A cluster on a socket.

use std::io;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use crate::cluster::Cluster;

/// Serves until the listener fails.
///
/// # Errors
///
/// When no more connections can be taken.
pub async fn listen(cluster: Cluster, listener: TcpListener) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let service = TowerToHyperService::new(cluster.clone());
        tokio::spawn(async move {
            let mut builder = Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new());
            // A connection that breaks is its client's affair.
            let _ = builder.serve_connection(TokioIo::new(connection), service).await;
        });
    }
}
