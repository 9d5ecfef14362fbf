//! Sandboxes: a clone of an environment on a branch of its own, and the way of its change to the trunk.
//!
//! [`create`] clones a cluster's folder, [`promote`] carries the change on without what belongs to the
//! sandbox, [`teardown`] orders what has to go from its cluster, [`delete`] closes the branch, [`list`]
//! shows them. Each first makes a plan, a value that says everything that would happen and why; what
//! carries a plan out decides nothing more. Every change of a branch is a compare-and-set, and calling
//! again after a crash at any point does only what is left. Must not reach a cluster; where one is
//! connected, somebody else proves it empty. Start at [`create`].

mod clone;
pub mod create;
pub mod delete;
mod edit;
pub mod list;
pub mod names;
pub mod pins;
pub mod promote;
pub mod teardown;
mod told;

use std::collections::BTreeMap;

use towpath_core::id::{CommitId, EnvironmentName, Folder, RepoPath};
use towpath_core::record::{Event, History, Record, Sandbox};

pub use edit::EditFailed;

use crate::ports::{FileMode, Repository, RepositoryError, TreeEntry};

/// The trailer of the commit that made a sandbox, and of those that carry its change: its name.
pub const SANDBOX: &str = "Towpath-Sandbox";
/// The trailer with the environment that a sandbox is a clone of.
pub const FROM: &str = "Towpath-From";
/// The trailer with the folder that a sandbox's folder is a clone of.
pub const ORIGIN: &str = "Towpath-Origin";
/// The trailer with the ticket.
pub const TICKET: &str = "Towpath-Ticket";
/// The trailer with the time at which a sandbox should be gone, RFC 3339.
pub const EXPIRES: &str = "Towpath-Expires";

/// The file with which `flux bootstrap` makes a cluster follow its folder. It is never cloned and never
/// promoted: it belongs to one cluster.
pub const SYNC_FILE: &str = "gotk-sync.yaml";

/// What stands at a path of a commit: the mode and Git's name of the content.
type Entries = BTreeMap<RepoPath, (FileMode, String)>;

fn entries(repository: &dyn Repository, commit: &CommitId) -> Result<Entries, RepositoryError> {
    let all = repository.entries(commit)?;
    Ok(all.into_iter().map(|TreeEntry { path, mode, blob }| (path, (mode, blob))).collect())
}

/// The entries below a folder, by what of their path is below it.
fn below<'a>(
    entries: &'a Entries,
    folder: &'a Folder,
) -> impl Iterator<Item = (&'a str, &'a RepoPath, &'a (FileMode, String))> {
    entries.iter().filter_map(|(path, entry)| Some((folder.strip(path.as_str())?, path, entry)))
}

/// The sandbox of a name that was created and not deleted, with its record.
#[must_use]
pub fn live<'a>(history: &'a History, name: &EnvironmentName) -> Option<(&'a Record, &'a Sandbox)> {
    history.sandboxes().into_iter().find(|(_, sandbox)| sandbox.name == *name)
}

/// The records that a plan knew of which say the same of a sandbox as the one to be written: a record
/// that is not among them is somebody else's, or our own from before a crash.
fn known(history: &History, same: impl Fn(&Event) -> bool) -> Vec<Record> {
    history.records().filter(|record| same(&record.event)).cloned().collect()
}
