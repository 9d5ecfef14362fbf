//! Step 6 and 7: carry out one action, and record it. Nothing is decided here.
//!
//! The commit is written on the action's parent and published by compare-and-set. A branch that moved
//! meanwhile is [`Outcome::Stale`], and whoever called plans again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_core::action::{Action, Outcome};
use towpath_core::gate::{Judged, Verdict};
use towpath_core::id::{BranchName, CommitId, RepoPath};
use towpath_core::pin::Replacement;
use towpath_core::record::{Event, GateEvidence, Promotion};

use crate::ledger::{self, Entry, LedgerError};
use crate::ports::{
    BranchUpdate, FileMode, NewCommit, Published, Repository, RepositoryError, TreeChange,
};

/// Why an action could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Git could not answer.
    #[error("the repository could not be changed")]
    Repository(#[from] RepositoryError),
    /// A file of the action is not in the commit.
    #[error("{file} is not in commit {commit}")]
    FileGone {
        /// Which file.
        file: RepoPath,
        /// Which commit.
        commit: CommitId,
    },
    /// The bytes to replace are not there.
    #[error("{file}:{line} does not say {old:?}")]
    BytesDiffer {
        /// Which file.
        file: RepoPath,
        /// Which line.
        line: u32,
        /// What should stand there.
        old: String,
    },
    /// The edit would change more than the value, so it was not made.
    #[error("the edit of {file} would change more than its value")]
    Edit {
        /// Which file.
        file: RepoPath,
        /// Why.
        #[source]
        source: towpath_yaml::EditError,
    },
}

/// Where the commit of an action goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Onto the action's own branch: the trunk.
    Trunk,
    /// Onto a new branch, for a pull request.
    Branch(BranchName),
}

/// Carries out an action.
///
/// # Errors
/// [`ActError`]; then no branch has moved.
pub fn act(
    repository: &dyn Repository,
    action: &Action,
    target: &Target,
) -> Result<Outcome, ActError> {
    let tip = repository.tip(&action.branch)?;
    if tip.as_ref() != Some(&action.parent) {
        return Ok(Outcome::Stale { found: tip });
    }
    let changes = edited_files(repository, &action.parent, &action.edits)?;
    let commit = repository.write(&NewCommit {
        parents: vec![action.parent.clone()],
        base: Some(action.parent.clone()),
        changes,
        message: action.message(),
    })?;
    let update = match target {
        Target::Trunk => BranchUpdate {
            branch: action.branch.clone(),
            expected: Some(action.parent.clone()),
            new: Some(commit.clone()),
        },
        Target::Branch(branch) => {
            BranchUpdate { branch: branch.clone(), expected: None, new: Some(commit.clone()) }
        }
    };
    match repository.publish(&[update])? {
        Published::Done => Ok(Outcome::Done { commit }),
        Published::Stale { found, .. } => Ok(Outcome::Stale { found }),
    }
}

/// The files of `commit` with the replacements made, each proven to change nothing but its value.
///
/// # Errors
/// [`ActError`] when a file is gone, the old bytes are elsewhere, or an edit would change more.
pub fn edited_files(
    repository: &dyn Repository,
    commit: &CommitId,
    edits: &[Replacement],
) -> Result<Vec<TreeChange>, ActError> {
    let mut by_file: BTreeMap<&RepoPath, Vec<&Replacement>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(&edit.file).or_default().push(edit);
    }
    let entries: BTreeMap<RepoPath, (FileMode, String)> = repository
        .entries(commit)?
        .into_iter()
        .filter(|e| by_file.contains_key(&e.path))
        .map(|e| (e.path, (e.mode, e.blob)))
        .collect();
    let mut changes = Vec::new();
    for (file, edits) in by_file {
        let Some((mode, blob)) = entries.get(file) else {
            return Err(ActError::FileGone { file: file.clone(), commit: commit.clone() });
        };
        let source = repository.blobs(std::slice::from_ref(blob))?.pop().unwrap_or_default();
        let bytes = replace(file, &source, &edits)?;
        changes.push(TreeChange::Put { path: file.clone(), mode: *mode, bytes });
    }
    Ok(changes)
}

fn replace(file: &RepoPath, source: &[u8], edits: &[&Replacement]) -> Result<Vec<u8>, ActError> {
    let mut splices = Vec::new();
    for edit in edits {
        if source.get(edit.range.clone()) != Some(edit.old.as_bytes()) {
            return Err(ActError::BytesDiffer {
                file: file.clone(),
                line: edit.line,
                old: edit.old.clone(),
            });
        }
        splices.extend(towpath_discovery::edit::edits(edit));
    }
    towpath_yaml::replace_checked(source, &splices)
        .map_err(|source| ActError::Edit { file: file.clone(), source })
}

/// The record of an action that was carried out.
#[must_use]
pub fn record_of(
    action: &Action,
    commit: &CommitId,
    branch: &BranchName,
    gates: &[Judged],
) -> Event {
    Event::Promoted(Promotion {
        environment: action.environment.clone(),
        component: action.component.clone(),
        from: action.from.clone(),
        replaced: action.replaced.clone(),
        version: action.release.version.clone(),
        digest: action.release.digest.clone(),
        plan: action.plan.clone(),
        commit: commit.clone(),
        branch: branch.clone(),
        rollback: action.rollback,
        gates: gates.iter().map(evidence).collect(),
    })
}

/// One gate as it stands, for the record.
pub(crate) fn evidence(judged: &Judged) -> GateEvidence {
    let (verdict, because) = match (&judged.verdict, &judged.overridden) {
        (Verdict::Open(because), _) => ("open", because.clone()),
        (Verdict::Waiting { why, .. } | Verdict::Closed(why), Some(o)) => {
            ("overridden", format!("{why}; overridden by {}: {}", o.by, o.reason))
        }
        (Verdict::Waiting { why, .. } | Verdict::Closed(why), None) => {
            (judged.word(), why.to_string())
        }
    };
    GateEvidence { gate: judged.gate.to_owned(), verdict: verdict.to_owned(), because }
}

/// Writes an action's record, once: a second writer of the same commit's record finds the first.
///
/// # Errors
/// [`LedgerError`].
pub fn record(
    repository: &dyn Repository,
    at: Timestamp,
    event: Event,
) -> Result<Entry, LedgerError> {
    let commit = match &event {
        Event::Promoted(p) => Some(p.commit.clone()),
        _ => None,
    };
    ledger::append_unless(
        repository,
        at,
        event,
        |r| matches!(&r.event, Event::Promoted(p) if Some(&p.commit) == commit.as_ref()),
    )
    .map(|(entry, _)| entry)
}
