//! What is let into a cluster, request by request, in the server's words.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../asked/mod.rs"]
mod asked;
mod controllers;
mod pods;
mod policies;
mod webhooks;
mod world;
