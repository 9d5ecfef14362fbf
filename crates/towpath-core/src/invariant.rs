//! What no plan may contain, whatever the world looks like. The planner is checked against this in
//! every test and before every act; an empty answer is the only good one.

use std::collections::BTreeSet;

use crate::gate::Judged;
use crate::id::RepoPath;
use crate::path::Path;
use crate::plan::{Outcome, Plan, Proposal};
use crate::snapshot::Snapshot;
use crate::tracking::Policy;

/// A broken invariant: a bug of the planner, never of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which rule.
    pub rule: &'static str,
    /// Where: environment and component.
    pub at: String,
}

/// Checks a plan against the invariants.
#[must_use]
pub fn check(path: &Path, snapshot: &Snapshot, plan: &Plan) -> Vec<Broken> {
    plan.proposals.iter().flat_map(|p| check_proposal(path, snapshot, p)).collect()
}

/// Checks one proposal.
#[must_use]
pub fn check_proposal(path: &Path, snapshot: &Snapshot, proposal: &Proposal) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut rule = |holds: bool, rule: &'static str| {
        if !holds {
            let at = format!("{} {}", proposal.environment, proposal.component);
            broken.push(Broken { rule, at });
        }
    };
    if let Some(action) = &proposal.action {
        rule(proposal.outcome == Outcome::Ready, "an action only when all gates pass");
        rule(proposal.gates.iter().all(Judged::passes), "no action past a gate that does not pass");
        rule(proposal.gates.iter().any(|g| g.gate.as_str() == "checks"), "checks is judged always");
        rule(
            Some(&action.parent) == snapshot.base.as_ref(),
            "an action names the commit it is based on",
        );
        rule(action.branch == path.trunk, "environments change on the trunk only");
        rule(!action.edits.is_empty(), "an action changes something");
        let moved = action.moves.iter().map(|m| &m.release.component);
        let pins = moved.flat_map(|name| snapshot.pins.of(&action.environment, name));
        let files: BTreeSet<&RepoPath> = pins.map(|pin| &pin.at.file).collect();
        rule(
            action.edits.iter().all(|e| files.contains(&e.file)),
            "only files with pins of what moves are edited",
        );
        rule(
            action
                .edits
                .windows(2)
                .all(|w| w[0].file != w[1].file || w[0].range.end <= w[1].range.start),
            "edits do not overlap",
        );
        rule(action.edits.iter().all(|e| e.old != e.new), "an edit changes its bytes");
    }
    if let Some(environment) = path.environment(&proposal.environment) {
        let actual = proposal.tracking.as_ref().map(|t| t.policy());
        let follows = actual.map(|p| snapshot.policy(path, environment, &proposal.component, p));
        rule(
            matches!(follows, Some(Policy::Exact) | None) || proposal.edits.is_empty(),
            "an environment that follows a branch or a range is not edited",
        );
    }
    let newest = proposal.newest.as_ref().map(|r| &r.version);
    let behind = matches!((proposal.has.as_ref(), newest), (Some(has), Some(new)) if has < new);
    rule(!behind || !proposal.waiting.is_empty(), "whoever is behind has a reason");
    broken
}
