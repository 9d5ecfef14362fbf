//! Real local peers and an in-memory world for tests; never shipped.
//!
//! Peers behave, they do not record calls: [`git`] makes real repositories, [`http_backend`] serves them
//! over HTTP with faults, [`memory`] is the port's twin for simulations, and [`contract`] holds both to
//! the same words. Must not know any adapter.

pub mod contract;
pub mod git;
pub mod http_backend;
pub mod memory;
