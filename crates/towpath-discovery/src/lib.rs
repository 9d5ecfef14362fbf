//! From a tree of files to clusters, Flux objects, pins and the path they imply.
//!
//! Three steps, each a pure function of values: [`facts::facts`] reads one file, [`inventory`] joins
//! the facts of all files into clusters and what they are given, [`resolve`] joins that with what
//! `towpath.yaml` states. [`edit`] makes edits of what a pin says to replace. Nothing here reads a
//! disk, the environment or a clock: the edge lists and reads files, and may keep
//! [`facts::FileFacts`] in a cache that can be deleted. Findings are made from the results by
//! `towpath-check`.

pub mod edit;
pub mod facts;
pub mod groups;
pub mod inventory;
pub mod resolve;
mod tree;
pub mod url;
