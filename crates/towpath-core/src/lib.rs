//! Placeholder header
