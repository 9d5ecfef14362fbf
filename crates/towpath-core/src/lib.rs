//! Types, `plan`, gates, reasons and status of Towpath.

pub mod finding;
pub mod id;
pub mod path;
pub mod pin;
pub mod release;
pub mod stated;
pub mod tracking;
pub mod version;
