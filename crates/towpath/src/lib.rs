//! Towpath on the command line. A library only so that its command can be described and documented by
//! `cargo xtask gen`; everything that decides is in the crates below.
//!
//! Start at [`cli`].

pub mod cli;
