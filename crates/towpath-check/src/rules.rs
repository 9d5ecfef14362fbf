//! The rules, one file each. A new rule is a file here, a line in [`rules`], and a test that fires
//! beside one that does not.

use towpath_core::finding::Severity;

use crate::Rule;

pub(crate) use definition_changes::{BROKEN_RESOURCE, DEFINITION_REMOVED};
pub(crate) use immutable_change::IMMUTABLE_CHANGE;

mod api;
mod bad_silence;
mod chart_kubernetes_version;
mod clear_text_secret;
mod created;
mod definition_changes;
mod delivery;
mod depends_on_differs;
mod depends_on_without_wait;
mod deprecated_api;
mod duplicate_object;
mod duplicate_release;
mod duration;
mod forced_recreation;
mod helm_dependencies;
mod immutable_change;
mod invalid_definition;
mod invalid_object;
mod latest_image;
mod missing_definition;
mod missing_namespace;
mod missing_reference;
mod missing_values;
mod moving_tag;
mod no_prune;
mod no_remediation;
mod no_timeout;
mod object;
mod pre_stable_api;
mod production_not_exact;
mod range_takes_major;
mod removed_api;
mod sandbox_on_trunk;
mod shared_pin;
mod suspended;
mod tracking_differs_from_stated;
mod unknown_kind;
mod unknown_source;
mod unreadable_file;
mod unreadable_version;
mod unused_silence;
mod unusual_interval;
mod unverified_artifact;
mod webhook_takes_everything;
mod whole;

/// In the order of their ids.
static RULES: &[Rule] = &[
    bad_silence::RULE,
    delivery::BEFORE_DEFINITION,
    delivery::BEFORE_NAMESPACE,
    definition_changes::BROKEN,
    delivery::CANNOT_RENDER,
    chart_kubernetes_version::RULE,
    clear_text_secret::RULE,
    definition_changes::REMOVED,
    delivery::DEPENDENCY_CYCLE,
    depends_on_differs::RULE,
    depends_on_without_wait::RULE,
    deprecated_api::RULE,
    duplicate_object::RULE,
    duplicate_release::RULE,
    forced_recreation::RULE,
    immutable_change::RULE,
    invalid_definition::RULE,
    invalid_object::RULE,
    latest_image::RULE,
    missing_definition::RULE,
    delivery::MISSING_DEPENDENCY,
    missing_namespace::RULE,
    delivery::MISSING_PATH,
    missing_reference::RULE,
    missing_values::RULE,
    moving_tag::RULE,
    no_prune::RULE,
    no_remediation::RULE,
    no_timeout::RULE,
    pre_stable_api::RULE,
    production_not_exact::RULE,
    range_takes_major::RULE,
    removed_api::RULE,
    sandbox_on_trunk::RULE,
    shared_pin::RULE,
    suspended::RULE,
    tracking_differs_from_stated::RULE,
    delivery::TWO_OWNERS,
    unknown_kind::RULE,
    unknown_source::RULE,
    unreadable_file::RULE,
    unreadable_version::RULE,
    unused_silence::RULE,
    unusual_interval::RULE,
    unverified_artifact::RULE,
    webhook_takes_everything::RULE,
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
