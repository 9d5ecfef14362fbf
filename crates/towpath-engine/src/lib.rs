//! The loop: observe, plan, act, record; and the ports through which it touches the world.
//!
//! Must not know Git, TLS, HTTP or a clock: those are behind [`ports`]. Decisions are in
//! `towpath-core`; this crate gathers what they need and carries out what they say. In the order of
//! the eight steps: [`survey`] and [`observe`] read the world, `towpath_core::plan` decides,
//! [`contents`] compares what would enter, [`act`] commits, [`ledger`] remembers; [`promote`] is the
//! loop of them for one environment, and [`recover`] what it does first where somebody's process died.
//! Beside it stand [`release`], [`running`], which reads what clusters report, and [`judged`], which hands what clusters are given to the checks.

pub mod act;
pub mod contents;
pub mod gauge;
pub mod judged;
pub mod ledger;
pub mod locate;
pub mod observe;
pub mod ports;
pub mod promote;
pub mod recover;
pub mod release;
pub mod rendered;
pub mod running;
pub mod sandbox;
pub mod survey;
