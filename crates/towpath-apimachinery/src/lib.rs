//! The Kubernetes API of one cluster as a function of what the cluster holds, a request and a time.
//!
//! Nothing here listens, waits, reads a clock or writes a file: `towpath-apiserver` does, and asks here what a request
//! means. So a cluster can be held still, advanced by a year, replayed and compared, and two that are given the same
//! requests at the same times answer the same. The crate knows nothing of Towpath: a sandbox that knew of promotion
//! would be no honest cluster.
//!
//! A [`Machine`](machine::Machine) is a cluster. [`decide`](machine::Machine::decide) reads it and says what a
//! [`Request`](request::Request) comes to: a [`Decision`](decision::Decision), which is an answer, changes to be
//! committed, or something to watch. [`commit`](machine::Machine::commit) writes, all or nothing, and refuses what was
//! decided on what is no longer so.
//!
//! Where to go next, from the outside in: `serve.rs` for the way that every request takes, [`store`] for what is held,
//! [`surface`] and [`custom`] for what is served, [`refusal`] for every "no" that a server has, [`shape`] for what is
//! known of a place in an object, [`admission`] for what judges a write besides its kind, [`control`] for what a cluster does by itself, [`patch`] and [`fields`] for what changes do, [`strategy`] for what built-in kinds do
//! with an object that is written.

pub mod access;
mod addresses;
pub mod admission;
pub mod bootstrap;
pub mod clone;
pub mod control;
pub mod custom;
pub mod decision;
pub mod deletion;
pub mod discovery;
pub mod fields;
pub mod machine;
pub mod object;
pub mod openapi;
pub mod patch;
pub mod proto;
pub mod refusal;
pub mod render;
pub mod request;
pub mod resource;
pub mod scale;
pub mod selector;
mod serve;
pub mod shape;
pub mod store;
pub mod strategy;
pub mod surface;
pub mod table;
pub mod watch;
