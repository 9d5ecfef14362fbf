//! Sandboxes from clone to deletion, against a Git in memory that several clones share.

#![expect(clippy::unwrap_used, reason = "a test may stop where its world is not as it made it")]

mod create;
mod delete;
mod list;
mod promote;
mod property;
mod teardown;
mod world;
