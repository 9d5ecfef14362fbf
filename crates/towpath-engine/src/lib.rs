//! The loop: observe, plan, act, record; and the ports through which it touches the world.
//!
//! Must not know Git, TLS, HTTP or a clock: those are behind [`ports`]. Decisions are in
//! `towpath-core`; this crate gathers what they need and carries out what they say.

pub mod ports;
