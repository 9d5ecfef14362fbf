//! The outside world behind the ports of the engine: the only place that links Git, registries, clusters and sources of
//! alerts and metrics.
//!
//! Must not decide: an adapter does what it is told, or says what it found instead. Next: [`git`],
//! [`oci`], [`kubernetes`], [`gauges`]; and [`listener`], which hears webhooks and tells the [`metrics`], and
//! [`interrupt`], which hears signals.

mod credential;
pub mod gauges;
pub mod git;
pub mod interrupt;
pub mod kubernetes;
pub mod listener;
pub mod metrics;
pub mod notify;
pub mod oci;
mod roots;
mod tls;
