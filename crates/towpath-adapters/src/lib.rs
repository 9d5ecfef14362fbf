//! The outside world behind the ports of the engine: the only place that links Git and registries.
//!
//! Must not decide: an adapter does what it is told, or says what it found instead. Next: [`git`],
//! [`oci`].

pub mod git;
pub mod oci;
