//! Admission: whether what a request asks for is let in, and what is made of it before.
//!
//! A request is told as [`About`]; what the cluster holds to judge it by is compiled when it is written, into a
//! [`Configuration`]. Nothing here reaches a webhook.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/admission/plugin`.
//!
//! Where to go next: `about.rs`, `matching.rs` for which requests are meant, `policy.rs` for
//! ValidatingAdmissionPolicies, `refusals.rs` for those that are refused themselves.

mod about;
mod configuration;
mod matching;
mod policy;
mod refusals;

pub(crate) use about::{About, Operation};
pub(crate) use configuration::Configuration;
pub(crate) use refusals::refusals;

use crate::refusal::Refusal;

/// The group of what judges requests.
const GROUP: &str = "admissionregistration.k8s.io";

/// Whether the policies of a cluster let a request pass. Gives what its client should know.
pub(crate) fn validate(about: &About<'_>) -> Result<Vec<String>, Refusal> {
    let configuration = about.machine.admission();
    if configuration.is_empty() || about.is_exempt() {
        return Ok(Vec::new());
    }
    policy::validate(configuration, about)
}
