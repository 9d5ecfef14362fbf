//! What differs between two lists of objects, as a reviewer would say it.
//!
//! [`objects`] matches objects by what they are called and says which fields of them differ, [`Grouper`] says the same
//! change once for all the places that it happens at, [`lines()`] is for texts of many lines. Nothing that leaves this
//! module holds the value of a secret: it is left out here ([`Masked`]), so that no output can leak it.
//!
//! It must not know how a difference is printed. Where to go next: `objects.rs` matches objects, `field.rs` walks into
//! two values, `list.rs` matches the items of lists, `mask.rs` says what is secret.

mod change;
mod field;
mod group;
mod keys;
mod lines;
mod list;
mod mask;
mod objects;
mod path;
mod rename;
#[cfg(test)]
mod tests;

pub use change::{Change, FieldChange, Kind, Side, What};
pub use group::{
    ClusterSummary, Counts, EnvironmentSummary, Group, Grouper, Groups, Place, Summary,
};
pub use keys::{MergeKeys, NoKeys};
pub use lines::{Hunk, Line, On, lines};
pub use mask::Masked;
pub use objects::objects;
pub use path::{Item, Path, Step};
