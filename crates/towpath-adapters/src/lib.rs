//! The outside world behind the ports of the engine: the only place that links Git and registries.

pub mod oci;
