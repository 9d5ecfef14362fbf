//! Types, `plan`, gates, reasons and status of Towpath.

pub mod action;
mod candidate;
pub mod finding;
pub mod gate;
pub mod id;
pub mod invariant;
pub mod path;
pub mod pin;
pub mod plan;
pub mod record;
pub mod release;
pub mod snapshot;
pub mod stated;
pub mod status;
pub mod tracking;
pub mod version;
pub mod why;
