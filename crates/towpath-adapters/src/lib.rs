//! Git and OCI registries behind the ports of the engine.
//!
//! Must not decide: an adapter does what it is told, or says what it found instead.

pub mod git;
