//! What a server does with an object of a built-in kind that is written.
//!
//! In the order of a request: [`convert()`] into the version that is asked for, [`normalise`], [`defaults`],
//! [`prepare_create`] or [`prepare_update`], [`causes`] for all that is wrong. Whether the request
//! may be made, where the object is stored and who owns its fields is asked elsewhere, and custom resources have their
//! definitions instead.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/apis` for defaults and conversions,
//! `kubernetes/kubernetes:pkg/registry`, in the file `strategy.go` of each resource, for the rest.

mod convert;
mod defaults;
mod immutable;
mod metadata;
mod normal;
mod quantity;
mod service;
mod write;
mod written;

use serde_json::Value;
use towpath_catalog::{Catalog, GroupVersionKind};
use towpath_schema::crd::schema::{Fault, Violation};

use crate::refusal::Cause;

pub use convert::{convert, storage_version};
pub use defaults::{admit_pod, defaults};
pub use immutable::validate_update;
pub use metadata::metadata_causes;
pub use normal::normalise;
pub use service::{Needs, allocate, needs};
pub use write::{prepare_create, prepare_update};

/// All that the server refuses of an object of a built-in kind that is created, or that takes the place of `old`, in
/// its order. The object is decoded and has its defaults; what a decoder refuses is not told here. `found` is what
/// [`builtin::validate`](towpath_schema::builtin::validate) says of it.
#[must_use]
pub fn causes(
    catalog: &Catalog,
    gvk: &GroupVersionKind<'_>,
    old: Option<&Value>,
    new: &Value,
    found: &[Violation],
) -> Vec<Cause> {
    let is_rule = |fault: &Fault| {
        !matches!(fault, Fault::UnknownField | Fault::Type | Fault::Format | Fault::Apply)
    };
    let found = found.iter().filter(|violation| is_rule(&violation.fault));
    let Some(old) = old else { return found.map(Cause::from).collect() };
    let metadata = metadata_causes(catalog.minor(), Some(old), new, true);
    // The server looks at metadata once for all kinds and once for the kind.
    let mut causes = metadata.clone();
    causes.extend(metadata);
    let is_of_kind = |cause: &Cause| !cause.field.starts_with("metadata.");
    causes.extend(found.map(Cause::from).filter(is_of_kind));
    causes.extend(validate_update(catalog, gvk, old, new));
    causes
}

#[cfg(test)]
mod tests;
