//! What crosses a boundary: `towpath.yaml`, the records of the ledger, JSON output, and their schemas.
//!
//! Wire types promise compatibility, core types do not: so each has its own struct and a conversion.
//! Must not decide anything and must not read files. Start with [`path_file`] and [`scenario_file`] for
//! what users write, [`output`] for what they read, [`record`] for what the ledger keeps.

pub mod output;
pub mod path_file;
pub mod path_text;
pub mod record;
pub mod scenario_file;
pub mod schema;

/// The version of every wire type of this crate: `apiVersion` of `towpath.yaml` and of all JSON output.
pub const API_VERSION: &str = "towpath.dev/v1alpha1";
