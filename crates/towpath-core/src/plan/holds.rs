//! Why the loop leaves to a person what the gates would let pass.
//!
//! Must not stop a person: a hold is no gate.

use std::time::Duration;

use super::{Outcome, Planner, Proposal};
use crate::gate::Frozen;
use crate::why::Why;

/// How many rollbacks within [`FLAPPING_SPAN`] are too many.
pub(super) const FLAPPING: usize = 3;
/// See [`FLAPPING`].
pub(super) const FLAPPING_SPAN: Duration = Duration::from_secs(24 * 3600);

/// Why the loop does not do it by itself.
pub(super) fn holds(planner: &Planner<'_, '_>, proposal: &Proposal) -> Vec<Why> {
    let Some(action) = proposal.action.as_ref().filter(|_| proposal.outcome == Outcome::Ready)
    else {
        return Vec::new();
    };
    let (history, name) = (&planner.snapshot.history, &planner.environment.name);
    // What failed goes back, whatever else holds; but an emergency stop stops that too.
    if action.rollback {
        return match history.freezes(name).pop() {
            Some(Frozen { environment, by, reason, since }) => {
                vec![Why::Frozen { environment, by, reason, since }]
            }
            None => Vec::new(),
        };
    }
    let goes_on = history
        .promotions(name, planner.component)
        .next_back()
        .is_some_and(|(_, p)| p.plan == action.plan);
    if goes_on {
        return Vec::new();
    }
    let mut out = Vec::new();
    if !planner.environment.conduct.auto {
        out.push(Why::NotAutomatic);
    }
    for release in proposal.candidate.iter().chain(&proposal.with) {
        if let Some((_, why)) = history.failure(name, release) {
            out.push(Why::FailedBefore { version: release.version.clone(), why });
        }
    }
    let since = planner.snapshot.now - FLAPPING_SPAN;
    let back =
        history.promotions(name, planner.component).filter(|(r, p)| p.goes_back() && r.at > since);
    let back: Vec<_> = back.map(|(r, _)| r.at).collect();
    if back.len() >= FLAPPING {
        out.push(Why::Flapping { rollbacks: back.len(), since: back[0] });
    }
    out
}
