//! What clusters report: rules of health, phases of Flux objects, and what never counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod component;
mod health;
mod phases;
mod property;
mod support;
