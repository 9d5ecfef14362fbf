//! A Kubernetes API server for sandbox clusters: the edge around `towpath-apimachinery`.
//!
//! A [`Cluster`] is a handle that can be cloned and asked: as a tower `Service`, so that a client in the same process
//! needs no socket, or through [`listen`](listen::listen). What a request means is decided in `towpath-apimachinery`;
//! here are the clock, the random bits, the lock, waiting and sockets. It runs no containers.
//!
//! A cluster lives in memory; one that is [opened](Cluster::open) in a folder also survives its process.
//!
//! Where to go next: `cluster.rs` for the way of a request, `stream.rs` for watches, `listen.rs` for sockets,
//! `journal.rs` for what is kept, `webhooks.rs` for whom a cluster asks.

pub mod access;
pub mod body;
pub mod clock;
pub mod cluster;
pub mod fill;
pub mod identity;
pub mod journal;
pub mod kubeconfig;
pub mod listen;
pub mod process;
mod service;
mod stream;
mod webhooks;

pub use body::Body;
pub use clock::Clock;
pub use cluster::Cluster;
pub use identity::Identity;
pub use listen::Server;
pub use towpath_apimachinery::clone;
