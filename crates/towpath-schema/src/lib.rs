//! What objects a cluster accepts: those of built-in kinds, and custom resources by their definition.
//!
//! [`builtin`] judges an object by the schema and the rules of its kind in one minor of Kubernetes, [`crd`] by the
//! definition of a custom resource, expressions included, and says what changed between two revisions of one;
//! [`cel`] evaluates expressions of other objects, over values that the caller names. The crate knows of objects and of nothing else: not of repositories, findings or environments, and not of any other
//! object that a cluster may hold. The rules of `towpath-check` and the Kubernetes API of a sandbox both ask here, so
//! that what was found good before a merge is what a cluster takes.
//!
//! Where to go next: `crd/schema.rs` for [`Report`](crd::schema::Report), the answer of both.

pub mod builtin;
pub mod cel;
pub mod crd;
