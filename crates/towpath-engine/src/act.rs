//! Step 6 and 7: carry out one action, and record it. Nothing is decided here.
//!
//! The commit is written on the action's parent and published by compare-and-set. A branch that moved
//! meanwhile is [`Outcome::Stale`], and whoever called plans again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_api::record::evidence;
use towpath_core::action::{Action, Move, Outcome};
use towpath_core::gate::Judged;
use towpath_core::id::{BranchName, CommitId, RepoPath};
use towpath_core::pin::Replacement;
use towpath_core::record::{Event, Promotion};

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

/// The records of an action that was carried out: one for each component that it moved.
#[must_use]
pub fn records_of(
    action: &Action,
    commit: &CommitId,
    branch: &BranchName,
    gates: &[Judged],
) -> Vec<Event> {
    let record = |moved: &Move| {
        Event::Promoted(Promotion {
            environment: action.environment.clone(),
            component: moved.release.component.clone(),
            from: moved.from.clone(),
            replaced: moved.replaced.clone(),
            version: moved.release.version.clone(),
            digest: moved.release.digest.clone(),
            plan: action.plan.clone(),
            commit: commit.clone(),
            branch: branch.clone(),
            rollback: action.rollback,
            automatic: action.automatic,
            clusters: action.clusters.clone(),
            skipped: action.skipped.clone(),
            gates: gates.iter().map(evidence).collect(),
        })
    };
    action.moves.iter().map(record).collect()
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
    let of = match &event {
        Event::Promoted(p) => Some((p.commit.clone(), p.component.clone())),
        _ => None,
    };
    let is_it =
        |p: &Promotion| of.as_ref().is_some_and(|(c, n)| p.commit == *c && p.component == *n);
    ledger::append_unless(
        repository,
        at,
        event,
        |r| matches!(&r.event, Event::Promoted(p) if is_it(p)),
    )
    .map(|(entry, _)| entry)
}
