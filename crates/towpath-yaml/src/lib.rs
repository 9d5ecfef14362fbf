//! YAML as Kubernetes reads it, with the exact bytes of every value, and edits that replace them.
//!
//! [`parse`] answers what a `sigs.k8s.io/yaml` reader (go-yaml v2) would see, and where each value
//! stands in the source. [`set_scalar`] and [`set_entry`] turn that place into an [`Edit`], and
//! [`replace_checked`] applies edits and proves that nothing else changed its meaning: comments,
//! quotes and line endings elsewhere are kept because they are never touched.
//!
//! The crate is pure: bytes in, values out. It knows nothing of Kubernetes objects, files or
//! Towpath's own domain. Files that people wrote are edited and never written anew; [`write`] is for
//! what a render makes, [`emit`] for what Towpath itself makes.
//!
//! Where to go next: `load.rs` builds the tree from events, `scalar.rs` has the rules for scalars,
//! `edit.rs` the edits and their proof, `quote.rs` the quoting, `write.rs` the writer, `skim.rs` the
//! short way for who needs no more than the first lines of documents.

mod base64;
mod check;
mod edit;
mod emit;
mod error;
mod load;
mod merge;
mod node;
mod position;
mod quote;
mod scalar;
mod skim;
mod timestamp;
mod token;
mod write;

pub use edit::{Edit, EditError, apply, replace_checked, set_entry, set_scalar};
pub use emit::emit;
pub use error::{Error, ErrorKind, report};
pub use load::{Duplicates, Limits, Reading, parse, parse_with};
pub use node::{Document, Entry, Key, Mapping, Node, Style, Value};
pub use position::Span;
pub use quote::quote;
pub use skim::{LEVELS, Skimmed, skim};
pub use write::write;
