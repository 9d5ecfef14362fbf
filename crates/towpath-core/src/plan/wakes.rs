//! When time alone can change a plan: what a loop sleeps until.
//!
//! What clusters, people and registries do comes on its own. Must not look at a clock: `now` is the snapshot's.

use jiff::Timestamp;

use super::holds::FLAPPING_SPAN;
use super::{Plan, notes};
use crate::gate::{Verdict, after};
use crate::path::Path;
use crate::snapshot::Snapshot;
use crate::why::Why;

/// The first moment after the snapshot's at which a gate can open, a wave has settled or taken too long, a release
/// has been healthy for long enough to be verified, or the rollbacks of a day are no longer too many; `None`: time alone changes nothing.
#[must_use]
pub fn wakes_at(path: &Path, snapshot: &Snapshot, plan: &Plan) -> Option<Timestamp> {
    let gates = plan.proposals.iter().flat_map(|proposal| &proposal.gates);
    let opening = gates.filter_map(|gate| match &gate.verdict {
        Verdict::Waiting { opens_at, .. } => *opens_at,
        Verdict::Open(_) | Verdict::Closed(_) => None,
    });
    let rolling = plan.proposals.iter().flat_map(|proposal| &proposal.waiting);
    let rolling = rolling.filter_map(|why| match why {
        Why::RollingOut { deadline, .. } => *deadline,
        Why::Settling { until, .. } => Some(*until),
        _ => None,
    });
    let holds = plan.proposals.iter().flat_map(|proposal| &proposal.holds);
    let held = holds.filter_map(|why| match why {
        Why::Flapping { since, .. } => Some(after(*since, FLAPPING_SPAN)),
        _ => None,
    });
    let all = opening.chain(rolling).chain(held).chain(notes::notable_at(path, snapshot));
    all.filter(|at| *at > snapshot.now).min()
}
