//! The loop: observe, plan, act, record; and the ports through which it touches the world.
//!
//! Must not know Git, TLS, HTTP or a clock: those are behind [`ports`]. Decisions are in
//! `towpath-core`; this crate gathers what they need and carries out what they say. In the order of
//! the eight steps: [`survey`] and [`observe`] read the world, `towpath_core::plan` decides,
//! [`contents`] compares what would enter, [`act`] commits, [`ledger`] remembers; [`promote`] is the
//! loop of them for one environment, [`turn`] what it does by itself for all of them, [`kept`] what it need not read again,
//! and [`recover`] what it does first where somebody's process died. Beside it stand [`release`], [`due`], which tests a
//! release has before it, [`job`], which runs those that are Kubernetes Jobs, [`replay`], which judges the gates of a record
//! again, [`simulate`], which plays the same decisions on a virtual clock, [`running`], which reads what clusters report,
//! [`judged`], which hands what clusters are given to the checks, and [`signers`], which asks whose word a record is.

pub mod act;
pub mod contents;
pub mod due;
pub mod follow;
pub mod gauge;
pub mod hook;
pub mod job;
pub mod judged;
pub mod kept;
pub mod last_words;
pub mod lease;
pub mod ledger;
pub mod locate;
pub mod measure;
pub mod notify;
pub mod observe;
pub mod ports;
pub mod promote;
pub mod recover;
pub mod release;
pub mod rendered;
pub mod replay;
pub mod running;
pub mod sandbox;
pub mod signers;
pub mod simulate;
pub mod survey;
pub mod turn;
