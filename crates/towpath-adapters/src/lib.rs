//! The outside world behind the ports of the engine: the only place that links Git, registries, clusters and sources of
//! alerts and metrics.
//!
//! Must not decide: an adapter does what it is told, or says what it found instead. Next: [`git`],
//! [`oci`], [`kubernetes`], [`gauges`].

pub mod gauges;
pub mod git;
pub mod kubernetes;
pub mod oci;
mod roots;
