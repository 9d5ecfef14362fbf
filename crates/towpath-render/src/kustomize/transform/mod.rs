//! What changes the objects of a kustomization, one change a file.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/builtins` and `api/filters`. Each takes the objects as
//! they are and says of an object that it touched it only when it did change.
//!
//! Where to go next: `fieldspec.rs` is how fields are found, `defaults.rs` which fields; `../plugin.rs` runs them.

pub(crate) mod config;
pub(crate) mod crds;
pub(crate) mod defaults;
pub(crate) mod fieldspec;
pub(crate) mod image;
pub(crate) mod metadata;
pub(crate) mod name;
pub(crate) mod name_reference;
pub(crate) mod namespace;
pub(crate) mod replicas;
pub(crate) mod sort;
pub(crate) mod value_add;
