//! The rules, one file each. A new rule is a file here, a line in [`rules`], and a test that fires
//! beside one that does not.

use towpath_core::finding::Severity;

use crate::Rule;

pub(crate) use definition_changes::{BROKEN_RESOURCE, DEFINITION_REMOVED};

mod api;
mod bad_silence;
mod definition_changes;
mod delivery;
mod depends_on_differs;
mod depends_on_without_wait;
mod deprecated_api;
mod invalid_definition;
mod invalid_object;
mod moving_tag;
mod production_not_exact;
mod removed_api;
mod sandbox_on_trunk;
mod shared_pin;
mod tracking_differs_from_stated;
mod unknown_kind;
mod unreadable_file;
mod unreadable_version;
mod unused_silence;
mod unverified_artifact;

/// In the order of their ids.
static RULES: &[Rule] = &[
    bad_silence::RULE,
    delivery::BEFORE_DEFINITION,
    delivery::BEFORE_NAMESPACE,
    definition_changes::BROKEN,
    delivery::CANNOT_RENDER,
    definition_changes::REMOVED,
    delivery::DEPENDENCY_CYCLE,
    depends_on_differs::RULE,
    depends_on_without_wait::RULE,
    deprecated_api::RULE,
    invalid_definition::RULE,
    invalid_object::RULE,
    delivery::MISSING_DEPENDENCY,
    delivery::MISSING_PATH,
    moving_tag::RULE,
    production_not_exact::RULE,
    removed_api::RULE,
    sandbox_on_trunk::RULE,
    shared_pin::RULE,
    tracking_differs_from_stated::RULE,
    delivery::TWO_OWNERS,
    unknown_kind::RULE,
    unreadable_file::RULE,
    unreadable_version::RULE,
    unused_silence::RULE,
    unverified_artifact::RULE,
];

/// The rule of silences that say too little, and its severity.
pub(crate) const BAD_SILENCE: (&str, Severity) = (bad_silence::RULE.id, bad_silence::RULE.severity);

/// The rule of silences that nothing needs, and its severity.
pub(crate) const UNUSED_SILENCE: (&str, Severity) =
    (unused_silence::RULE.id, unused_silence::RULE.severity);

/// Every rule, in order of id.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}
