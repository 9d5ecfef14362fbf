//! Admission: whether what a request asks for is let in, and what is made of it before.
//!
//! A request is told as [`About`]; what the cluster holds to judge it by is compiled when it is written, into a
//! [`Configuration`]. Nothing here reaches a webhook: what has to be asked is an [`Ask`], and the request is decided
//! again with what was [`Asked`].
//!
//! Source of the contract: `kubernetes/apiserver:pkg/admission/plugin`.
//!
//! Where to go next: `about.rs`, `matching.rs` for which requests are meant, `policy.rs` for
//! ValidatingAdmissionPolicies, `webhook.rs` for webhooks, `pods.rs` for what every pod is given, `refusals.rs` for
//! policies that are refused themselves.

mod about;
mod ask;
mod configuration;
mod limits;
mod matching;
mod pods;
mod policy;
mod refusals;
mod review;
mod webhook;

pub(crate) use about::{About, Operation};
pub use ask::{Ask, Asked};
pub(crate) use configuration::Configuration;
pub(crate) use limits::check as within_limits;
pub(crate) use pods::furnish as furnish_pod;
pub(crate) use refusals::refusals;
pub(crate) use webhook::{May, Outcome, Round};

use crate::refusal::Refusal;

/// The group of what judges requests.
const GROUP: &str = "admissionregistration.k8s.io";

/// Whether what judges requests lets pass what nobody can be asked about: webhooks that are to be asked let it.
pub(crate) fn admit(about: &About<'_>) -> Result<(), Refusal> {
    if about.is_exempt() {
        return Ok(());
    }
    let configuration = about.machine.admission();
    let round = Round { asked: &[], entropy: 0, is_again: false };
    for hook in configuration.mutating() {
        hook.call(about, May::Change, round)?;
    }
    policy::validate(configuration, about)?;
    for hook in configuration.validating() {
        hook.call(about, May::Judge, round)?;
    }
    Ok(())
}

/// Whether the policies of a cluster let a request pass. Gives what its client should know.
pub(crate) fn validate(about: &About<'_>) -> Result<Vec<String>, Refusal> {
    let configuration = about.machine.admission();
    if about.is_exempt() {
        return Ok(Vec::new());
    }
    policy::validate(configuration, about)
}
