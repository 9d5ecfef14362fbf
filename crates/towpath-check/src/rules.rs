//! The rules, one file each. A new rule is a file here, a line in [`rules`], and a test that fires
//! beside one that does not.

use crate::Rule;

mod depends_on_differs;
mod depends_on_without_wait;
mod moving_tag;
mod production_not_exact;
mod sandbox_on_trunk;
mod shared_pin;
mod tracking_differs_from_stated;
mod unreadable_file;
mod unreadable_version;
mod unverified_artifact;

static RULES: [Rule; 10] = [
    depends_on_differs::RULE,
    depends_on_without_wait::RULE,
    moving_tag::RULE,
    production_not_exact::RULE,
    sandbox_on_trunk::RULE,
    shared_pin::RULE,
    tracking_differs_from_stated::RULE,
    unreadable_file::RULE,
    unreadable_version::RULE,
    unverified_artifact::RULE,
];

/// Every rule, in order of id.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &RULES
}
