//! The binary as users meet it: real Git, real registries on the loopback, and what is printed.
//!
//! A test tells a short story in a [`support::World`] of its own and snapshots its transcript: each command
//! with its exit code, stdout and stderr together. Start at [`support`]. After a wanted change of words:
//! `INSTA_UPDATE=always cargo test -p towpath --test it`, then read the difference.

mod abort;
mod approve;
mod bad_input;
mod check;
mod check_change;
mod check_impact;
mod check_live;
mod check_since;
mod cluster;
mod demo;
mod diff;
mod explain;
mod fleet;
mod follow;
mod freeze;
mod gate;
mod gauges;
mod help;
mod history;
mod init;
mod notifications;
mod promote;
mod registry;
mod release;
mod remote;
mod remote_bases;
mod render;
mod report;
mod run_loop;
mod sandbox;
mod signatures;
mod simulate;
mod status;
mod status_connected;
mod support;
mod test;
mod test_jobs;
