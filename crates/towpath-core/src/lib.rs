//! Placeholder header

pub mod version;
