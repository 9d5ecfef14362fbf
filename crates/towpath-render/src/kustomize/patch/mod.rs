//! The two kinds of patch, and which objects each is for.
//!
//! A patch is text from a kustomization or from a file beside it; nothing here reads files, and nothing knows of
//! other transformers.
//!
//! Where to go next: [`apply_patches`] in `apply.rs` is the whole of `patches:`, [`strategic`] and [`json6902`] are the
//! two kinds, [`target`] says which objects a patch is for, [`schema`] which lists merge.

mod apply;
pub mod json6902;
mod labels;
pub mod schema;
mod sequence;
pub mod strategic;
mod table;
pub mod target;
mod text;

pub use apply::{Applied, ApplyError, PatchSpec, apply_patches};

/// What a value is, in the words of an error.
pub(in crate::kustomize) fn kind_of(value: &crate::Value) -> &'static str {
    match value {
        crate::Value::Null => "null",
        crate::Value::Object(_) => "a mapping",
        crate::Value::Array(_) => "a list",
        _ => "a plain value",
    }
}
