//! A cluster as clients see it: in process and on sockets, and after its process was killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crash;
mod fill;
mod kube_clients;
mod sockets;
mod support;
mod tour;
mod webhooks;
