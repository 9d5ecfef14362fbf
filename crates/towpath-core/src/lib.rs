//! Types, `plan`, gates, reasons and status of Towpath.

pub mod id;
