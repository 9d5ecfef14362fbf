//! Custom resource definitions: what changed between two revisions, and whom it breaks.
//!
//! [`compare`] says what changed and whether it tightens or loosens what a cluster accepts;
//! [`broken`] says which existing objects a new definition would reject, field by field. Both are
//! functions of values: nothing here reads a file or a cluster, or lets something that it does not know
//! pass in silence.
//!
//! Where to go next: `definition.rs` for what is compared, `rule.rs` for the list of rules (each file
//! named there has a few, with their documentation), `walk.rs` for how schemas are gone through,
//! [`schema`] for the validator, `expression.rs` for CEL, `broken.rs` for ratcheting.

pub(crate) mod at;
mod bounds;
mod broken;
mod cel;
mod codes;
mod columns;
mod conversion;
mod definition;
mod duplicates;
mod embedded;
mod enums;
pub(crate) mod expression;
mod fields;
pub(crate) mod formats;
mod found;
mod implied;
mod inclusion;
mod lift;
mod lists;
mod logic;
mod names;
mod normal;
mod path;
mod patterns;
mod prepare;
mod refusals;
mod rule;
pub mod schema;
mod served;
mod strings;
mod style;
mod style_conditions;
mod subresources;
mod texts;
mod types;
mod validate;
mod validations;
mod versions;
mod walk;
pub(crate) mod words;

pub use broken::{Broken, Fails, ObjectName, broken};
pub use definition::{
    Definition, DefinitionError, MAX_ALTERNATIVES, MAX_DEPTH, MAX_VALUES, MAX_VERSIONS, Version,
};
pub use refusals::{MAX_REFUSALS, Refusal, RefusalKind, refusals, refusals_of_update};
pub use rule::{Example, Place, Rule, RuleId};

use found::Found;

/// What a change does to what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something that worked is refused or lost.
    Tightening,
    /// Something that was refused or lost works.
    Loosening,
    /// Neither; worth knowing, or advice.
    Neutral,
}

impl Effect {
    /// `tightening`, `loosening`, `neutral`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Tightening => "tightening",
            Effect::Loosening => "loosening",
            Effect::Neutral => "neutral",
        }
    }
}

/// One change between two revisions of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The rule that found it.
    pub rule: RuleId,
    /// What it does.
    pub effect: Effect,
    /// The versions it affects, in the order of the new definition, then of the old one. Empty for
    /// what concerns the definition as a whole.
    pub versions: Vec<String>,
    /// Where: for rules of [`Place::Schema`] the field of the custom resource (`spec.replicas`,
    /// `spec.containers[].name`, `spec.labels.*`, `.` for the object itself), otherwise the field of
    /// the definition (`spec.scope`).
    pub path: String,
    /// What stood there, shortened.
    pub was: Option<String>,
    /// What stands there now, shortened.
    pub is: Option<String>,
    /// The change in words: a fragment in lower case.
    pub message: String,
}

/// What changed from one revision of a definition to the next: tightening first, then by path.
///
/// One fact is one change; where several versions changed in the same way it names them all. What
/// differs and is known to no rule is [`RuleId::UnknownKeyword`] or [`RuleId::UnknownField`].
#[must_use]
pub fn compare(old: &Definition, new: &Definition) -> Vec<Change> {
    let mut found = Found::default();
    names::compare(old, new, &mut found);
    conversion::compare(old, new, &mut found);
    versions::compare(old, new, &mut found);
    for version in &new.versions {
        if let Some(before) = old.version(&version.name) {
            found.in_version(&version.name);
            versions::compare_one(before, version, &mut found);
            walk::compare(&before.schema, &version.schema, &mut found);
        }
    }
    found.in_definition();
    served::compare(old, new, &mut found);
    style::compare(old, new, &mut found);
    found.into_changes()
}
