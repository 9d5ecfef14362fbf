//! What a cluster will be given: a tree of files in, Kubernetes objects with their origin out.
//!
//! [`kustomize`] builds a folder as `kustomize build` does, [`flux`] does what Flux's kustomize-controller does
//! before and after such a build, and [`compare`] says what differs between two lists of objects.
//!
//! The crate is pure: it reads files through the [`Tree`] that it is handed and knows no disk, network, process,
//! clock or global state. It knows nothing of environments or promotion.
//!
//! Where to go next: `tree.rs` is what is read, `object.rs` what is made, `kustomize/build.rs` the build.

pub mod compare;
pub mod flux;
pub mod kustomize;
mod object;
mod traced;
mod tree;

pub use object::{Identity, Object, Origin, Touch};
pub use traced::{Question, Trace};
pub use tree::{Entry, MemoryTree, Tree, TreeError};

/// The value of an object: what JSON can hold, mappings in the order of their source.
pub type Value = serde_json::Value;
