//! Objects of built-in kinds against one minor of Kubernetes, in the API server's own words.
//!
//! [`validate`] says what the server would say of an object that is created: first what its decoder
//! refuses (types, formats, unknown fields), then what the kind's own rules do. The server stops after
//! the decoder, and at its first complaint; all of them are told here. Nothing is looked up anywhere:
//! quotas, admission, and whatever needs another object are the cluster's to judge. What the server
//! accepts is never a violation, save [`Fault::Apply`](crate::crd::schema::Fault), which refuses what
//! Flux and others do with a manifest. Values of Secrets are never shown.
//!
//! Which words are the server's: everything behind `Required value`, `Unsupported value`, `Duplicate
//! value`, `Forbidden` and `Invalid value` of the kinds' rules, `unknown field`, and what follows
//! `cannot unmarshal` as far as a type has no name of its own. Ours is that a fault of the decoder has
//! its path and its value in front, as the other faults do.
//!
//! Where to go next: `walk.rs` for how an object and its schema are gone through together, `decode.rs`
//! for single values, `facts.rs` for what the server knows and no schema says.

mod check;
mod decode;
mod facts;
mod hint;
mod metadata;
mod pods;
pub(crate) mod quantity;
mod rules;
mod run;
mod schedule;
pub(crate) mod text;
mod walk;

use serde_json::Value;
use towpath_catalog::{Catalog, GroupVersionKind};

use crate::crd::at::At;
use crate::crd::schema::Report;

pub use hint::hint;
pub use metadata::metadata;

use run::Run;

/// The kind of what names none.
const NOBODY: GroupVersionKind<'static> = GroupVersionKind::new("", "", "");

/// What the API server of that minor would say of an object that is created; `None` if the minor has no
/// such kind. The items of a list are judged one by one, and those of kinds that the minor does not
/// have are told as not checked.
///
/// Metadata come first, and what a structure says of itself before what is below it: the server's order
/// for most of what can be wrong at once.
#[must_use]
pub fn validate(catalog: &Catalog, object: &Value) -> Option<Report> {
    let mut run = Run::new(catalog.minor());
    one(catalog, object, NOBODY, &At::ROOT, &mut run).then(|| run.into_report())
}

/// Whether the kind of the object is known; `default` is the kind of an item that names none.
fn one(
    catalog: &Catalog,
    object: &Value,
    default: GroupVersionKind<'_>,
    at: &At<'_>,
    run: &mut Run,
) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let gvk = match (text("apiVersion"), text("kind")) {
        (None, None) => default,
        (api_version, kind) => {
            GroupVersionKind::of(api_version.unwrap_or_default(), kind.unwrap_or_default())
        }
    };
    let schema = catalog.schema(&gvk);
    let is_any_list = gvk == GroupVersionKind::new("", "v1", "List");
    if let Some(item) = gvk.kind.strip_suffix("List")
        && (is_any_list || schema.is_some())
        && at.is_root()
    {
        items(catalog, object, GroupVersionKind { kind: item, ..gvk }, at, run);
        return true;
    }
    let Some(schema) = schema else { return false };
    walk::object(schema, gvk, object, at, run);
    true
}

fn items(
    catalog: &Catalog,
    list: &Value,
    default: GroupVersionKind<'_>,
    at: &At<'_>,
    run: &mut Run,
) {
    let at = at.field("items");
    match list.get("items") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let at = at.item(index);
                if !one(catalog, item, default, &at, run) {
                    run.skip(&at, "a kind that is not built in");
                }
            }
        }
        Some(other) => run.invalid(&at, other, "must be a list"),
    }
}
