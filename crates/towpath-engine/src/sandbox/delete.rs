//! Closing a sandbox: its folder leaves the trunk if it got there, the ledger says so, its branch goes.
//!
//! In that order, because the record keeps the branch's last commit: a crash before the last step loses
//! nothing, and calling again finishes. Must not touch a cluster: whoever calls says how it is known
//! to be empty. What has to go from the cluster, and in which order, is [`super::teardown`].

use jiff::Timestamp;
use towpath_core::id::{BranchName, CommitId, EnvironmentName, Folder, RepoPath};
use towpath_core::record::{Event, History, Record, Sandbox};

use super::promote::{self, PromoteError};
use super::{SANDBOX, TICKET, below, entries, known, live};
use crate::ledger::{self, LedgerError};
use crate::ports::{BranchUpdate, NewCommit, Published, Repository, RepositoryError, TreeChange};

/// How often the removal from a trunk that moves is tried.
const TRIES: usize = 5;

/// How a sandbox is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// How it is known that nothing is left on the cluster, in a few words for the record.
    pub proof: Option<String>,
    /// Deletes the branch even where it has what is nowhere else.
    pub force: bool,
}

/// Everything that a deletion would do.
#[derive(Debug, Clone)]
pub struct DeletePlan {
    /// The sandbox as recorded.
    pub sandbox: Sandbox,
    /// The commit of the branch that goes; `None` where there is none to delete.
    pub head: Option<CommitId>,
    /// The files of the sandbox's folder on the trunk, which a commit there removes.
    pub on_trunk: Vec<RepoPath>,
    /// How it is known that nothing is left on the cluster; `None` where the deletion is recorded
    /// already, and at most the branch is left.
    pub emptied: Option<String>,
    folder: Folder,
    trunk: BranchName,
    earlier: Vec<Record>,
}

/// What came of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The branch's last commit, where it was deleted now.
    pub head: Option<CommitId>,
    /// The trunk's commit that removed the folder.
    pub removed: Option<CommitId>,
    /// The ledger's commit; `None` where the deletion had been recorded before.
    pub ledger: Option<CommitId>,
    /// Whether there was nothing left to do.
    pub already: bool,
}

/// Why a sandbox is not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// The ledger knows no such sandbox.
    #[error("there is no sandbox {name}")]
    Unknown {
        /// The name.
        name: EnvironmentName,
        /// What there is.
        known: Vec<EnvironmentName>,
    },
    /// A cluster is connected, and nobody says that it is empty.
    #[error("the cluster of sandbox {name} is connected as {context} and is not known to be empty")]
    NotEmpty {
        /// The sandbox.
        name: EnvironmentName,
        /// The kubeconfig context.
        context: String,
    },
    /// The branch has changes that are neither on the trunk nor on the branch of a pull request.
    #[error(
        "branch {branch} changes {}, which would be lost",
        .files.iter().map(RepoPath::as_str).collect::<Vec<_>>().join(", ")
    )]
    WouldLose {
        /// The sandbox.
        name: EnvironmentName,
        /// Its branch.
        branch: BranchName,
        /// What is nowhere else.
        files: Vec<RepoPath>,
    },
    /// It cannot be told whether the branch has changes that are nowhere else.
    #[error("cannot tell whether the branch of sandbox {name} has changes that would be lost")]
    CannotTell {
        /// The sandbox.
        name: EnvironmentName,
        /// Why.
        #[source]
        source: Box<PromoteError>,
    },
    /// Somebody pushed to the branch meanwhile. It stays.
    #[error("branch {branch} has moved to {found}")]
    Moved {
        /// The branch.
        branch: BranchName,
        /// Where it is now.
        found: CommitId,
    },
    /// Others were faster on the trunk every time.
    #[error("{trunk} moved {TRIES} times meanwhile")]
    Contended {
        /// The trunk.
        trunk: BranchName,
    },
    /// Git could not answer.
    #[error("the repository could not be read or changed")]
    Repository(#[from] RepositoryError),
    /// The ledger could not be written. The branch is still there.
    #[error("the deletion could not be recorded")]
    Ledger(#[from] LedgerError),
}

impl DeleteError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { known, .. } if known.is_empty() => {
                "fetch, and see `towpath sandbox list`".to_owned()
            }
            Self::Unknown { known, .. } => {
                let names: Vec<_> = known.iter().map(EnvironmentName::as_str).collect();
                format!("there is {}", names.join(", "))
            }
            Self::NotEmpty { name, .. } => format!(
                "take it down in the order of `towpath sandbox delete {name} --dry-run`, and prove it empty"
            ),
            Self::WouldLose { name, .. } => format!(
                "keep them with `towpath sandbox promote {name}`, or lose them with \
                 `towpath sandbox delete {name} --force`"
            ),
            Self::CannotTell { name, source } => {
                let lose = format!("lose it all with `towpath sandbox delete {name} --force`");
                source.hint().map_or_else(|| lose.clone(), |hint| format!("{hint}; or {lose}"))
            }
            Self::Moved { .. } => "look at what was pushed, and delete again".to_owned(),
            Self::Contended { .. } => "try again".to_owned(),
            Self::Repository(error) => return error.hint.clone(),
            Self::Ledger(_) => "run the same command again: it does only what is left".to_owned(),
        })
    }
}

/// Decides what the deletion of a sandbox does.
///
/// # Errors
/// [`DeleteError`], with nothing changed.
pub fn plan(
    repository: &dyn Repository,
    trunk: &BranchName,
    history: &History,
    name: &EnvironmentName,
    options: &Options,
) -> Result<DeletePlan, DeleteError> {
    let Some((_, sandbox)) = live(history, name) else {
        return finished(repository, trunk, history, name);
    };
    let emptied = match (&options.proof, &sandbox.context) {
        (Some(proof), _) => proof.clone(),
        (None, None) => "no cluster was connected".to_owned(),
        (None, Some(context)) => {
            return Err(DeleteError::NotEmpty { name: name.clone(), context: context.clone() });
        }
    };
    let head = repository.tip(&sandbox.branch)?;
    if head.is_some() && !options.force {
        nothing_is_lost(repository, trunk, sandbox)?;
    }
    let folder = folder_of(sandbox);
    let on_trunk = match repository.tip(trunk)? {
        Some(tip) => files_below(repository, &tip, &folder)?,
        None => Vec::new(),
    };
    Ok(DeletePlan {
        sandbox: sandbox.clone(),
        head,
        on_trunk,
        emptied: Some(emptied),
        folder,
        trunk: trunk.clone(),
        earlier: known(history, |event| is_deletion(event, name)),
    })
}

/// The folder of a record. One that is no folder below the root, which only a forged record has, covers
/// nothing: nobody's repository is emptied because of it.
fn folder_of(sandbox: &Sandbox) -> Folder {
    Folder::parse(&sandbox.folder).unwrap_or_default()
}

fn files_below(
    repository: &dyn Repository,
    commit: &CommitId,
    folder: &Folder,
) -> Result<Vec<RepoPath>, RepositoryError> {
    if folder.is_root() {
        return Ok(Vec::new());
    }
    let tree = entries(repository, commit)?;
    Ok(below(&tree, folder).map(|(_, path, _)| path.clone()).collect())
}

fn is_deletion(event: &Event, name: &EnvironmentName) -> bool {
    matches!(event, Event::SandboxDeleted { name: deleted, .. } if deleted == name)
}

/// What is left of a sandbox whose deletion is recorded: its branch, if the last call was cut off.
fn finished(
    repository: &dyn Repository,
    trunk: &BranchName,
    history: &History,
    name: &EnvironmentName,
) -> Result<DeletePlan, DeleteError> {
    let mut last = None;
    let mut recorded = None;
    for record in history.records() {
        match &record.event {
            Event::SandboxCreated(sandbox) if sandbox.name == *name => last = Some(sandbox),
            Event::SandboxDeleted { name: deleted, head, .. } if deleted == name => {
                recorded.clone_from(head);
            }
            _ => {}
        }
    }
    let Some(sandbox) = last else {
        let known = history.sandboxes().into_iter().map(|(_, s)| s.name.clone()).collect();
        return Err(DeleteError::Unknown { name: name.clone(), known });
    };
    // A branch that is elsewhere by now is somebody's again.
    let head = repository.tip(&sandbox.branch)?.filter(|tip| recorded.as_ref() == Some(tip));
    Ok(DeletePlan {
        sandbox: sandbox.clone(),
        head,
        on_trunk: Vec::new(),
        emptied: None,
        folder: folder_of(sandbox),
        trunk: trunk.clone(),
        earlier: Vec::new(),
    })
}

/// Refuses where the branch has a change that is neither on the trunk nor waiting for a pull request.
fn nothing_is_lost(
    repository: &dyn Repository,
    trunk: &BranchName,
    sandbox: &Sandbox,
) -> Result<(), DeleteError> {
    let name = sandbox.name.clone();
    let plan = match promote::plan(repository, trunk, sandbox) {
        Ok(plan) => plan,
        Err(PromoteError::Nothing { .. } | PromoteError::BranchGone { .. }) => return Ok(()),
        Err(PromoteError::Repository(error)) => return Err(error.into()),
        Err(error) => {
            return Err(DeleteError::CannotTell { name, source: Box::new(error) });
        }
    };
    if promote::is_waiting(repository, &plan)? {
        return Ok(());
    }
    Err(DeleteError::WouldLose { name, branch: sandbox.branch.clone(), files: plan.files })
}

/// Deletes the sandbox from Git, and records it.
///
/// # Errors
/// [`DeleteError`]. What was done before stays done, and planning again finds what is left.
pub fn carry_out(
    repository: &dyn Repository,
    now: Timestamp,
    plan: &DeletePlan,
) -> Result<Deleted, DeleteError> {
    let Sandbox { name, branch, .. } = &plan.sandbox;
    let mut done = Deleted { head: None, removed: None, ledger: None, already: false };
    if let Some(emptied) = &plan.emptied {
        let tip = repository.tip(branch)?;
        if let Some(found) = tip.filter(|tip| plan.head.as_ref() != Some(tip)) {
            return Err(DeleteError::Moved { branch: branch.clone(), found });
        }
        done.removed = remove(repository, plan)?;
        let event = Event::SandboxDeleted {
            name: name.clone(),
            branch: branch.clone(),
            head: plan.head.clone(),
            emptied: emptied.clone(),
        };
        let (entry, new) = ledger::append_unless(repository, now, event, |record| {
            is_deletion(&record.event, name) && !plan.earlier.contains(record)
        })?;
        done.ledger = new.then_some(entry.commit);
    }
    if let Some(head) = &plan.head {
        let (branch, expected) = (branch.clone(), Some(head.clone()));
        let update = BranchUpdate { branch: branch.clone(), expected, new: None };
        match repository.publish(&[update])? {
            Published::Done => done.head = Some(head.clone()),
            Published::Stale { found: Some(found), .. } => {
                return Err(DeleteError::Moved { branch, found });
            }
            Published::Stale { found: None, .. } => {}
        }
    }
    done.already = done.head.is_none() && done.removed.is_none() && done.ledger.is_none();
    Ok(done)
}

/// Removes the sandbox's folder from the trunk, where it got there.
fn remove(repository: &dyn Repository, plan: &DeletePlan) -> Result<Option<CommitId>, DeleteError> {
    let Sandbox { name, ticket, .. } = &plan.sandbox;
    for attempt in 0..TRIES {
        if attempt > 0 {
            repository.fetch()?;
        }
        let Some(tip) = repository.tip(&plan.trunk)? else { return Ok(None) };
        let files = files_below(repository, &tip, &plan.folder)?;
        if files.is_empty() {
            return Ok(None);
        }
        let commit = repository.write(&NewCommit {
            parents: vec![tip.clone()],
            base: Some(tip.clone()),
            changes: files.into_iter().map(|path| TreeChange::Remove { path }).collect(),
            message: format!(
                "sandbox: remove {name} from {} ({ticket})\n\nA sandbox's folder does not belong \
                 there.\n\n{SANDBOX}: {name}\n{TICKET}: {ticket}\n",
                plan.trunk
            ),
        })?;
        let update = BranchUpdate {
            branch: plan.trunk.clone(),
            expected: Some(tip),
            new: Some(commit.clone()),
        };
        if repository.publish(&[update])? == Published::Done {
            return Ok(Some(commit));
        }
    }
    Err(DeleteError::Contended { trunk: plan.trunk.clone() })
}
