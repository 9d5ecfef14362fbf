//! The engine against the in-memory world: what it promises whatever goes wrong, and what it costs.

mod actor;
mod crash;
mod promote;
mod simulation;
