//! A Kubernetes API server for sandbox clusters: the edge around `towpath-apimachinery`.
//!
//! A [`Cluster`] is a handle that can be cloned and asked: as a tower `Service`, so that a client in the same process
//! needs no socket, or through [`listen`](listen::listen). What a request means is decided in `towpath-apimachinery`;
//! here are the clock, the random bits, the lock, waiting and sockets. It runs no containers.
//!
//! Where to go next: `cluster.rs` for the way of a request, `stream.rs` for watches.

pub mod body;
pub mod clock;
pub mod cluster;
pub mod listen;
mod service;
mod stream;

pub use body::Body;
pub use clock::Clock;
pub use cluster::Cluster;
