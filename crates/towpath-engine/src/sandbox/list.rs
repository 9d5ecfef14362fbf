//! The sandboxes there are: whose, how old, and how far from where they came from.
//!
//! Must not read the contents of files: Git's names of them are enough to tell what differs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_core::id::{BranchName, CommitId, Folder, RepoPath};
use towpath_core::record::{History, Record, Sandbox};

use super::{Entries, ORIGIN, SYNC_FILE, below, entries};
use crate::ledger::trailer;
use crate::ports::{Repository, RepositoryError};

/// One sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The sandbox as recorded.
    pub sandbox: Sandbox,
    /// Who made it: `Name <email>`.
    pub owner: String,
    /// When.
    pub created: Timestamp,
    /// Whether it should be gone by now.
    pub expired: bool,
    /// How its branch stands; `None` when the branch is gone.
    pub stands: Option<Stands>,
}

/// How a sandbox's branch stands to the trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// The branch's commit.
    pub head: CommitId,
    /// Commits that the trunk does not have; the one that made the sandbox is one of them.
    pub ahead: usize,
    /// Commits of the trunk that the branch does not have.
    pub behind: usize,
    /// Files of the sandbox's folder that differ from its origin's folder on the trunk by more than
    /// what making it changed. Files that only the origin has stand here as they would in the sandbox.
    pub diverged: Vec<RepoPath>,
}

/// The sandboxes of the ledger that were not deleted, oldest first.
///
/// # Errors
/// [`RepositoryError`] when Git cannot answer.
pub fn list(
    repository: &dyn Repository,
    trunk: &BranchName,
    history: &History,
    now: Timestamp,
) -> Result<Vec<Row>, RepositoryError> {
    let trunk = repository.tip(trunk)?;
    let mut trees = Trees { repository, read: BTreeMap::new() };
    let mut rows = Vec::new();
    for (Record { at, by, .. }, sandbox) in history.sandboxes() {
        let stands = match (&trunk, repository.tip(&sandbox.branch)?) {
            (Some(trunk), Some(head)) => Some(trees.stands(sandbox, trunk, head)?),
            _ => None,
        };
        rows.push(Row {
            owner: by.clone(),
            created: *at,
            expired: sandbox.expires <= now,
            sandbox: sandbox.clone(),
            stands,
        });
    }
    Ok(rows)
}

/// The trees of commits, each read once.
struct Trees<'a> {
    repository: &'a dyn Repository,
    read: BTreeMap<CommitId, Entries>,
}

impl Trees<'_> {
    fn stands(
        &mut self,
        sandbox: &Sandbox,
        trunk: &CommitId,
        head: CommitId,
    ) -> Result<Stands, RepositoryError> {
        let ahead = self.repository.history(&head, Some(trunk))?.len();
        let behind = self.repository.history(trunk, Some(&head))?.len();
        let diverged = self.diverged(sandbox, trunk, &head)?;
        Ok(Stands { head, ahead, behind, diverged })
    }

    fn diverged(
        &mut self,
        sandbox: &Sandbox,
        trunk: &CommitId,
        head: &CommitId,
    ) -> Result<Vec<RepoPath>, RepositoryError> {
        let made = self.repository.history(&sandbox.commit, Some(&sandbox.origin))?;
        let origin = made.first().and_then(|commit| trailer(&commit.message, ORIGIN));
        let (Some(origin), Ok(folder)) =
            (origin.and_then(|text| Folder::parse(text).ok()), Folder::parse(&sandbox.folder))
        else {
            return Ok(Vec::new());
        };
        let cloned_from = self.folder(&sandbox.origin, &origin)?;
        let clone = self.folder(&sandbox.commit, &folder)?;
        let is = self.folder(head, &folder)?;
        let on_trunk = self.folder(trunk, &origin)?;
        let names: BTreeSet<&String> =
            is.keys().chain(on_trunk.keys()).chain(clone.keys()).collect();
        let differs = |name: &&&String| {
            let (is, on_trunk) = (is.get(**name), on_trunk.get(**name));
            let untouched = is == clone.get(**name) && on_trunk == cloned_from.get(**name);
            is != on_trunk && !untouched
        };
        Ok(names.iter().filter(differs).filter_map(|name| folder.join(name).ok()).collect())
    }

    /// The files of a folder by their path in it, without `gotk-sync.yaml`, with Git's names of what
    /// they hold.
    fn folder(
        &mut self,
        commit: &CommitId,
        folder: &Folder,
    ) -> Result<BTreeMap<String, String>, RepositoryError> {
        if !self.read.contains_key(commit) {
            self.read.insert(commit.clone(), entries(self.repository, commit)?);
        }
        let Some(tree) = self.read.get(commit) else { return Ok(BTreeMap::new()) };
        let files = below(tree, folder).filter(|(_, path, _)| path.file_name() != SYNC_FILE);
        Ok(files
            .map(|(name, _, (mode, blob))| (name.to_owned(), format!("{mode:?} {blob}")))
            .collect())
    }
}
