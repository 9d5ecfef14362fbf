//! Real local peers and an in-memory world for tests; never shipped.

pub mod story;
