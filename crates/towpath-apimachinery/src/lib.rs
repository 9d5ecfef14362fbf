//! The Kubernetes API of one cluster as a function of what the cluster holds, a request and a time.
//!
//! Nothing here listens, waits, reads a clock or writes a file: `towpath-apiserver` does, and asks here what a request
//! means. So a cluster can be held still, advanced by a year, replayed and compared, and two that are given the same
//! requests at the same times answer the same. The crate knows nothing of Towpath: a sandbox that knew of promotion
//! would be no honest cluster.
//!
//! Where to go next, from the outside in: [`refusal`] for every "no" that a server has, [`shape`] for what is known of
//! a place in an object, [`patch`] and [`fields`] for what changes do, [`strategy`] for what built-in kinds
//! do with an object that is written.

pub mod fields;
pub mod object;
pub mod patch;
pub mod refusal;
pub mod shape;
pub mod strategy;
