//! Who may do what in a cluster, asked as clients do: request by request, through the machine.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
#[path = "../asked/mod.rs"]
mod asked;
mod bootstrap;
mod escalation;
mod policy;
mod reviews;
mod world;
