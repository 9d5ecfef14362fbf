//! What sources must be asked before the gates of a plan can be judged.
//!
//! Must not ask: whoever observes does, and plans again.

use std::collections::BTreeSet;

use super::Proposal;
use crate::source::Question;

/// The questions that the gates of these proposals have no answer to, each once.
pub fn questions<'a>(proposals: impl IntoIterator<Item = &'a Proposal>) -> BTreeSet<Question> {
    let gates = proposals.into_iter().flat_map(|proposal| &proposal.gates);
    gates.filter_map(|gate| gate.inputs.question()).collect()
}
