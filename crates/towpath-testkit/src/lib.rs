//! Real local peers and an in-memory world for tests; never shipped.
//!
//! Peers behave, they do not record calls: [`git`] makes real repositories, [`http_backend`] serves them
//! over HTTP with faults, [`registry`] is a real registry and [`faulty_registry`] a scripted one,
//! [`memory`] is the port's twin for simulations, and [`contract`] holds twins to the same words.
//! [`story`] tells the files under `stories/`.
//! Must not know any adapter.

pub mod contract;
pub mod faulty_registry;
pub mod git;
pub mod http_backend;
pub mod memory;
pub mod registry;
pub mod story;
