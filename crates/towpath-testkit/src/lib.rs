//! Real local peers and an in-memory world for tests; never shipped.
//!
//! Peers behave, they do not record calls: [`git`] makes real repositories, and [`contract`] holds every
//! implementation of the port to the same words. Must not know any adapter.

pub mod contract;
pub mod git;
