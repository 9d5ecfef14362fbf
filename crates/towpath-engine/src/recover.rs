//! Promotions that were made and never recorded: a process died, or the network, between push and record.
//!
//! The commit that moved a pin says in its trailers all that a record needs, so the record can be made
//! later, by anybody. Every promotion first records what is missing; so nothing before the last recorded
//! one is missing, and one look back reaches no further than that. Must not decide or move anything.
//! Next: [`crate::promote`].

use std::collections::BTreeSet;

use towpath_core::id::{BranchName, ClusterName, CommitId, ComponentName, Digest, EnvironmentName};
use towpath_core::record::{Event, GateEvidence, History, PlanHash, Promotion};
use towpath_core::version::Version;

use crate::ledger::{trailer, trailers};
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
    let recorded: BTreeSet<(&CommitId, &ComponentName)> = promotions(history).collect();
    let mut found: Vec<Promotion> = repository
        .history(tip, anchor.as_ref())?
        .iter()
        .filter(|commit| commit.parents.len() <= 1)
        .flat_map(|commit| promotions_in(commit, trunk, history).into_iter().rev())
        .filter(|promotion| !recorded.contains(&(&promotion.commit, &promotion.component)))
        .collect();
    found.reverse();
    Ok(found)
}

fn promotions(history: &History) -> impl DoubleEndedIterator<Item = (&CommitId, &ComponentName)> {
    history.records().filter_map(|record| match &record.event {
        Event::Promoted(promotion) => Some((&promotion.commit, &promotion.component)),
        _ => None,
    })
}

/// The commit before which nothing is missing: the last recorded promotion that the trunk contains.
/// `None`: none is recorded yet, and the whole trunk is looked at. A release is no such commit: it may
/// be made from a trunk that holds a promotion of an earlier one whose own record was lost.
fn anchor(
    repository: &dyn Repository,
    tip: &CommitId,
    history: &History,
) -> Result<Option<CommitId>, RepositoryError> {
    for (commit, _) in promotions(history).rev().take(ANCHORS) {
        if repository.is_ancestor(commit, tip)? {
            return Ok(Some(commit.clone()));
        }
    }
    Ok(None)
}

/// The promotions that a commit says it is: one for each component that it moved.
fn promotions_in(commit: &Commit, trunk: &BranchName, history: &History) -> Vec<Promotion> {
    let components = trailers(&commit.message, "Towpath-Component").count();
    let read = |at| promotion_in(commit, trunk, history, at, components > 1);
    let found: Option<Vec<Promotion>> = (0..components).map(read).collect();
    found.unwrap_or_default()
}

/// The promotion of one of the components that a commit moved; `None`: its trailers are not whole.
fn promotion_in(
    commit: &Commit,
    trunk: &BranchName,
    history: &History,
    at: usize,
    several: bool,
) -> Option<Promotion> {
    let said = |key: &str| trailer(&commit.message, key);
    // Where several components moved, each key stands once for each of them, `-` for nothing.
    let own = |key: &'static str| match several {
        true => trailers(&commit.message, key).nth(at).filter(|text| *text != "-"),
        false => said(key),
    };
    let plan = PlanHash::parse(said("Towpath-Plan")?).ok()?;
    let digest = match own("Towpath-Digest") {
        Some(text) => Some(Digest::parse(text).ok()?),
        None => None,
    };
    let replaced = match own("Towpath-Replaced") {
        Some(text) => Some(Version::parse_loose(text).ok()?),
        None => None,
    };
    let words = |key: &str| said(key).unwrap_or_default().split_ascii_whitespace();
    Some(Promotion {
        environment: EnvironmentName::parse(said("Towpath-Environment")?).ok()?,
        component: ComponentName::parse(own("Towpath-Component")?).ok()?,
        from: own("Towpath-From")?.to_owned(),
        replaced,
        version: Version::parse_loose(own("Towpath-Version")?).ok()?,
        digest,
        gates: evidence(history, &plan),
        plan,
        commit: commit.id.clone(),
        branch: trunk.clone(),
        rollback: is_rollback(commit),
        automatic: said("Towpath-Automatic") == Some("true"),
        clusters: words("Towpath-Clusters")
            .map(|name| ClusterName::parse(name).ok())
            .collect::<Option<_>>()?,
        skipped: words("Towpath-Skipped")
            .map(|version| Version::parse_loose(version).ok())
            .collect::<Option<_>>()?,
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
            inputs: None,
        });
    }
    for record in history.records() {
        if let Event::Overridden { gate, plan: of, reason, .. } = &record.event
            && of == plan
        {
            out.push(GateEvidence {
                gate: gate.clone(),
                verdict: "overridden".to_owned(),
                because: format!("overridden by {}: {reason}", record.by),
                inputs: None,
            });
        }
    }
    out
}
