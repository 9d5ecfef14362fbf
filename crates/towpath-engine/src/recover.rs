//! Promotions that were made and never recorded: a process died, or the network, between push and record.
//!
//! The commit that moved a pin says in its trailers all that a record needs, so the record can be made
//! later, by anybody. Every promotion first records what is missing; so nothing before the last recorded
//! one is missing, and one look back reaches no further than that. Must not decide or move anything.
//! Next: [`crate::promote`].

use std::collections::BTreeSet;

use towpath_core::id::{BranchName, CommitId, ComponentName, Digest, EnvironmentName};
use towpath_core::record::{Event, GateEvidence, History, PlanHash, Promotion};
use towpath_core::version::Version;

use crate::ledger::trailer;
use crate::ports::{Commit, Repository, RepositoryError};

/// How many recorded promotions are tried as the end of the look back. Those of pull requests may have
/// been squashed away; one on the trunk is there unless the trunk was rewritten.
const ANCHORS: usize = 16;

/// The promotions on the trunk at `tip` that `history` does not know, oldest first.
///
/// A commit whose trailers are not whole is somebody's text and no promotion; nor is a merge, because an
/// action is one commit on one parent.
///
/// # Errors
/// [`RepositoryError`] when Git cannot answer.
pub fn unrecorded(
    repository: &dyn Repository,
    trunk: &BranchName,
    tip: &CommitId,
    history: &History,
) -> Result<Vec<Promotion>, RepositoryError> {
    let anchor = anchor(repository, tip, history)?;
    let recorded: BTreeSet<&CommitId> = promoted(history).collect();
    let mut found: Vec<Promotion> = repository
        .history(tip, anchor.as_ref())?
        .iter()
        .filter(|commit| commit.parents.len() <= 1 && !recorded.contains(&commit.id))
        .filter_map(|commit| promotion_in(commit, trunk, history))
        .collect();
    found.reverse();
    Ok(found)
}

fn promoted(history: &History) -> impl DoubleEndedIterator<Item = &CommitId> {
    history.records.iter().filter_map(|record| match &record.event {
        Event::Promoted(promotion) => Some(&promotion.commit),
        _ => None,
    })
}

/// The commit before which nothing is missing: the last recorded promotion that the trunk contains, or
/// what the first release was made from. `None`: the ledger names nothing that is on the trunk.
fn anchor(
    repository: &dyn Repository,
    tip: &CommitId,
    history: &History,
) -> Result<Option<CommitId>, RepositoryError> {
    let released = history.records.iter().find_map(|record| match &record.event {
        Event::Released { commit, .. } => Some(commit),
        _ => None,
    });
    for commit in promoted(history).rev().take(ANCHORS).chain(released) {
        if repository.is_ancestor(commit, tip)? {
            return Ok(Some(commit.clone()));
        }
    }
    Ok(None)
}

/// The promotion that a commit says it is.
fn promotion_in(commit: &Commit, trunk: &BranchName, history: &History) -> Option<Promotion> {
    let said = |key: &str| trailer(&commit.message, key);
    let plan = PlanHash::parse(said("Towpath-Plan")?).ok()?;
    let digest = match said("Towpath-Digest") {
        Some(text) => Some(Digest::parse(text).ok()?),
        None => None,
    };
    let replaced = match said("Towpath-Replaced") {
        Some(text) => Some(Version::parse_loose(text).ok()?),
        None => None,
    };
    Some(Promotion {
        environment: EnvironmentName::parse(said("Towpath-Environment")?).ok()?,
        component: ComponentName::parse(said("Towpath-Component")?).ok()?,
        from: said("Towpath-From")?.to_owned(),
        replaced,
        version: Version::parse_loose(said("Towpath-Version")?).ok()?,
        digest,
        gates: evidence(history, &plan),
        plan,
        commit: commit.id.clone(),
        branch: trunk.clone(),
        rollback: is_rollback(commit),
    })
}

/// Whether the title of a commit says that it went back.
pub(crate) fn is_rollback(commit: &Commit) -> bool {
    commit.message.starts_with("roll back ")
}

/// What the ledger still proves about the gates of a plan. How the others stood is known no more.
fn evidence(history: &History, plan: &PlanHash) -> Vec<GateEvidence> {
    let mut out = Vec::new();
    let approvers = history.approvers(plan);
    if !approvers.is_empty() {
        out.push(GateEvidence {
            gate: "approval".to_owned(),
            verdict: "open".to_owned(),
            because: format!("approved by {}", approvers.join(", ")),
        });
    }
    for record in &history.records {
        if let Event::Overridden { gate, plan: of, reason, .. } = &record.event
            && of == plan
        {
            out.push(GateEvidence {
                gate: gate.clone(),
                verdict: "overridden".to_owned(),
                because: format!("overridden by {}: {reason}", record.by),
            });
        }
    }
    out
}
