//! Real local peers and an in-memory world for tests; never shipped.
//!
//! Peers behave, they do not record calls: [`git`] makes real repositories, [`http_backend`] serves them
//! over HTTP with faults, [`registry`] is a real registry and [`faulty_registry`] a scripted one,
//! [`signing`] makes real keys, [`api_server`] answers as the API of a cluster does, [`gauges`] are a real Prometheus and a real
//! Alertmanager, [`mail_server`] takes mail,
//! [`memory`], [`memory_clusters`], [`memory_gauges`], [`memory_jobs`] and [`memory_registry`] are the ports' twins for
//! simulations, [`contract`], [`jobs_contract`] and [`registry_contract`] hold twins to the same words, [`watched`] counts and kills, [`world`] is a
//! small platform to work on, and [`story`] tells the files under `stories/`. Must not know any adapter.

pub mod api_server;
pub mod contract;
pub mod faulty_registry;
pub mod gauges;
pub mod git;
pub mod http_backend;
pub mod jobs_contract;
pub mod mail_server;
pub mod memory;
pub mod memory_clusters;
pub mod memory_gauges;
pub mod memory_jobs;
pub mod memory_registry;
pub mod registry;
pub mod registry_contract;
pub mod signing;
pub mod story;
pub mod watched;
pub mod world;
