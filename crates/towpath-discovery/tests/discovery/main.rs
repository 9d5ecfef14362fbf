//! Discovery as its users see it: repositories in memory in, paths and edits out.

mod common;
mod edits;
mod fleet;
mod inference;
mod stories;
