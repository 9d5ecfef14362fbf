//! Facts of every minor of Kubernetes since 1.19: kinds, schemas, deprecations and removals; and of the versions that
//! well-known custom resources have had.
//!
//! The crate is data with a small interface. It judges no object, knows nothing of Towpath, and is pure: no state is
//! kept, nothing is read but the bytes that are part of the program, and those only when [`Catalog::load`] is called.
//! When something was removed is answered without that, by [`lifecycle()`] and [`crd_span`]; how typed clients write
//! objects, by [`Messages`].
//!
//! ```
//! use towpath_catalog::{Catalog, GroupVersionKind, Minor, Phase, lifecycle};
//!
//! let cron_job = GroupVersionKind::of("batch/v1beta1", "CronJob");
//! let life = lifecycle(&cron_job).expect("it was a kind once");
//! assert_eq!(life.phase("v1.24.3".parse()?), Phase::Deprecated);
//! assert_eq!(life.phase("v1.25.0".parse()?), Phase::Removed);
//!
//! let catalog = Catalog::load(Minor::NEWEST)?;
//! assert!(catalog.kind(&cron_job).is_none());
//! let pod = catalog.schema(&GroupVersionKind::of("v1", "Pod")).expect("every minor has pods");
//! let containers = pod.at(["spec", "containers"]).expect("pods have containers");
//! assert_eq!(containers.list_map_keys().collect::<Vec<_>>(), ["name"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The data is in `data/`: `catalog.bin` (its layout is [`mod@format`]) and `messages.bin` are made by
//! `cargo xtask catalog build` from the packages that `packages.tsv` names; the other tables can be read as they are.
//! Where to go next: `lifecycle.rs` and
//! `span.rs` for removals, `catalog.rs` and `schema.rs` for what a minor has.

mod catalog;
pub mod format;
mod gvk;
mod kind;
mod lifecycle;
mod messages;
mod minor;
mod names;
mod schema;
mod span;
mod tsv;

pub use catalog::{Catalog, UnknownMinor};
pub use gvk::{GroupVersionKind, Stability};
pub use kind::{Kind, Scope, Subresource, Verb, Verbs};
pub use lifecycle::{Lifecycle, Phase, is_built_in_group, lifecycle, lifecycles};
pub use messages::{FieldShape, FieldType, Form, Message, MessageField, Messages};
pub use minor::{Minor, NoMinor};
pub use schema::{Field, ListType, MapType, SchemaRef, Strategy, Type};
pub use span::{CrdSpan, Release, crd_span, crd_spans, flux_controllers};
