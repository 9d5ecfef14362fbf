//! Making a sandbox: the clone of a cluster's folder on a branch of its own.
//!
//! [`plan`] reads the trunk and says every file, every value that changes and what stays as it is;
//! [`carry_out`] writes one commit, makes the branch and records the sandbox. A value is changed only
//! where the clone would else follow the origin: its branch, and its folder. What follows a range or an
//! exact version stays (a performance clone), or is pinned to what it is at this moment. The clone
//! itself is in [`super::clone`]; next is [`super::promote`].

use std::fmt;

use jiff::Timestamp;
use towpath_core::id::{BranchName, ClusterName, CommitId, EnvironmentName, Folder, RepoPath};
use towpath_core::path::{Cluster, Environment};
use towpath_core::pin::{Location, ObjectRef};
use towpath_core::record::{Event, History, Record, Sandbox};
use towpath_discovery::inventory::Inventory;
use towpath_discovery::resolve::Resolved;

use super::clone::{self, Kept};
use super::names::{self, NameError};
use super::{EXPIRES, EditFailed, Entries, FROM, ORIGIN, SANDBOX, TICKET, entries, known, live};
use crate::ledger::{self, LedgerError, trailer};
use crate::ports::{
    BranchUpdate, Commit, NewCommit, Published, Repository, RepositoryError, TreeChange,
};

pub use super::clone::{Ask, Change, ChangeWhy, KeptWhy, Moment};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The sandbox's name, and its folder's.
    pub name: EnvironmentName,
    /// The environment to clone.
    pub from: EnvironmentName,
    /// Which of the environment's clusters; `None`: its first.
    pub cluster: Option<ClusterName>,
    /// The ticket.
    pub ticket: String,
    /// What it is for, in one line.
    pub summary: String,
    /// When it should be gone.
    pub expires: Timestamp,
    /// The kubeconfig context of its cluster, where one is connected.
    pub context: Option<String>,
    /// Whether ranges and tags become the exact digest or commit of the moment.
    pub pin: bool,
}

/// What is known of the trunk when a sandbox is made.
#[derive(Clone, Copy)]
pub struct Trunk<'a> {
    /// Its tip.
    pub tip: &'a CommitId,
    /// The files of that commit.
    pub inventory: &'a Inventory,
    /// The path that they imply.
    pub resolved: &'a Resolved,
    /// The ledger.
    pub history: &'a History,
}

/// Everything that making a sandbox would do.
#[derive(Debug, Clone)]
pub struct CreatePlan {
    /// What was asked for.
    pub asked: Create,
    /// The branch.
    pub branch: BranchName,
    /// The sandbox's folder.
    pub folder: Folder,
    /// The cluster it is a clone of.
    pub cluster: ClusterName,
    /// The folder it is a clone of.
    pub origin: Folder,
    /// The trunk's commit it is cloned at, and the parent of its own.
    pub parent: CommitId,
    /// The files to write; empty where the commit is there already.
    pub files: Vec<TreeChange>,
    /// What differs from the origin's files.
    pub changes: Vec<Change>,
    /// What a reader might expect to differ and does not.
    pub kept: Vec<Kept>,
    /// The commit that an earlier call made before it could record it; then only the record is left.
    /// `parent` and the expiry are its own then, the changes are shown as of the trunk.
    pub resumed: Option<CommitId>,
    /// Records of earlier sandboxes of this name.
    earlier: Vec<Record>,
}

/// A sandbox that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The sandbox as recorded.
    pub sandbox: Sandbox,
    /// The ledger's commit.
    pub ledger: CommitId,
}

/// Why a sandbox is not made. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Ticket and summary give no branch.
    #[error("cannot name the branch")]
    Name(#[from] NameError),
    /// The path has no such environment.
    #[error("there is no environment {environment}")]
    UnknownEnvironment {
        /// What was asked for.
        environment: EnvironmentName,
        /// What there is.
        known: Vec<EnvironmentName>,
    },
    /// The environment has no such cluster, or none at all.
    #[error("environment {environment} has no cluster {}", .cluster.as_ref().map_or("", |c| c.as_str()))]
    UnknownCluster {
        /// The environment.
        environment: EnvironmentName,
        /// What was asked for.
        cluster: Option<ClusterName>,
        /// What there is.
        known: Vec<ClusterName>,
    },
    /// The origin is a sandbox: a clone of it would go when it goes, and carry its change along.
    #[error("{environment} is itself a sandbox")]
    FromSandbox {
        /// The origin.
        environment: EnvironmentName,
    },
    /// An environment or cluster of the path has the name.
    #[error("{name} is already an environment or cluster of the path")]
    OnPath {
        /// The name.
        name: EnvironmentName,
    },
    /// A sandbox of the name is there.
    #[error("sandbox {name} is already there, on branch {branch}")]
    Live {
        /// The name.
        name: EnvironmentName,
        /// Its branch.
        branch: BranchName,
        /// Who made it.
        by: String,
    },
    /// The branch is there and no call like this one made it.
    #[error("branch {branch} is already there")]
    BranchExists {
        /// The branch.
        branch: BranchName,
    },
    /// The trunk has something at the sandbox's folder.
    #[error("{folder} is already on the trunk, as {found}")]
    FolderExists {
        /// The folder.
        folder: Folder,
        /// What is there; it may differ in upper and lower case alone.
        found: RepoPath,
    },
    /// The cluster's folder is the root of the repository, which has nothing beside it.
    #[error("cluster {cluster} is the whole repository, so there is no folder beside it")]
    NoSibling {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The origin's folder holds other clusters, which a clone would repeat.
    #[error("the folder of {cluster} holds {other}, another cluster")]
    HoldsCluster {
        /// The cluster asked for.
        cluster: ClusterName,
        /// The folder of the other.
        other: Folder,
    },
    /// The commit has nothing in the cluster's folder that could be cloned.
    #[error("{folder} has no files at {commit}")]
    Empty {
        /// The cluster's folder.
        folder: Folder,
        /// The trunk's commit.
        commit: CommitId,
    },
    /// A submodule stands in the folder.
    #[error("{path} is a submodule, which cannot be cloned")]
    Submodule {
        /// Where.
        path: RepoPath,
    },
    /// A value cannot be changed on its own.
    #[error("the clone cannot be made to follow its own branch and folder")]
    Edit(#[from] EditFailed),
    /// The source follows the trunk because it is the default, so there is no value to change.
    #[error("{object} at {at} follows the trunk by leaving its branch out")]
    NoBranch {
        /// The source.
        object: ObjectRef,
        /// Where it is.
        at: Location,
    },
    /// It is not known what a source gives now.
    #[error("{object} at {at} cannot be pinned, because {why}")]
    CannotPin {
        /// The source.
        object: ObjectRef,
        /// Where it is.
        at: Location,
        /// Why.
        why: Unpinned,
    },
    /// Git could not answer.
    #[error("the repository could not be read or changed")]
    Repository(#[from] RepositoryError),
    /// The ledger could not be written; the branch is there, and the same call records it.
    #[error("the sandbox could not be recorded")]
    Ledger(#[from] LedgerError),
}

/// Why a source cannot be pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpinned {
    /// Nobody could say what it gives.
    Unknown,
    /// It names no version at all.
    NoReference,
}

impl fmt::Display for Unpinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "what it gives at this moment is not known",
            Self::NoReference => "its reference is left out",
        })
    }
}

impl CreateError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Name(error) => error.hint().to_owned(),
            Self::UnknownEnvironment { known, .. } => format!("the path has {}", list(known)),
            Self::UnknownCluster { known, .. } if known.is_empty() => {
                "choose an environment with a cluster".to_owned()
            }
            Self::UnknownCluster { known, .. } => format!("it has {}", list(known)),
            Self::FromSandbox { .. } => "clone the environment that it is a clone of".to_owned(),
            Self::OnPath { .. } => "choose another name".to_owned(),
            Self::Live { name, by, .. } => format!(
                "it is by {by}; choose another name, or run `towpath sandbox delete {name}` first"
            ),
            Self::BranchExists { .. } => {
                "choose another summary, or delete the branch if nobody needs it".to_owned()
            }
            Self::FolderExists { .. } => {
                "choose another name, or remove what an earlier sandbox left there".to_owned()
            }
            Self::NoSibling { .. } => {
                "move the cluster's files into a folder of their own".to_owned()
            }
            Self::HoldsCluster { .. } => "clone an environment whose folder is its own".to_owned(),
            Self::Empty { .. } => "fetch, and see `towpath status` for the clusters".to_owned(),
            Self::Submodule { .. } => "replace the submodule by its files".to_owned(),
            Self::Edit(failed) => return failed.hint(),
            Self::NoBranch { at, .. } => format!("write `ref.branch` out at {at}"),
            Self::CannotPin { why: Unpinned::Unknown, .. } => {
                "let Towpath reach the registry, or leave --pin out".to_owned()
            }
            Self::CannotPin { why: Unpinned::NoReference, at, .. } => {
                format!("write the reference out at {at}, or leave --pin out")
            }
            Self::Repository(error) => return error.hint.clone(),
            Self::Ledger(_) => "run the same command again: it does only what is left".to_owned(),
        })
    }
}

fn list<T: fmt::Display>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Decides everything about a new sandbox. `moment` says what a source or chart gives now; it is asked
/// only where `asked.pin` is set.
///
/// # Errors
/// [`CreateError`], with nothing changed.
pub fn plan(
    repository: &dyn Repository,
    trunk: Trunk<'_>,
    asked: &Create,
    moment: &dyn Fn(&Ask<'_>) -> Option<Moment>,
) -> Result<CreatePlan, CreateError> {
    let branch = names::branch_name(&asked.ticket, &asked.summary)?;
    if let Some((record, sandbox)) = live(trunk.history, &asked.name) {
        return Err(CreateError::Live {
            name: asked.name.clone(),
            branch: sandbox.branch.clone(),
            by: record.by.clone(),
        });
    }
    let cluster = cluster(trunk.resolved, asked)?;
    let origin = &cluster.folder;
    let folder = sibling(trunk.resolved, cluster, asked)?;
    let tree = entries(repository, trunk.tip)?;
    if let Some(found) = clash(&tree, &folder) {
        return Err(CreateError::FolderExists { folder, found: found.clone() });
    }
    let resumed = resumed(repository, trunk.tip, asked, &branch)?;
    let files = clone::read(repository, &tree, origin, trunk.tip)?;
    let target = clone::Target {
        inventory: trunk.inventory,
        origin,
        folder: &folder,
        trunk: &trunk.resolved.path.trunk,
        branch: &branch,
        moment: asked.pin.then_some(moment),
    };
    let cloned = clone::clone(&target, files)?;
    let mut plan = CreatePlan {
        asked: asked.clone(),
        branch,
        cluster: cluster.name.clone(),
        origin: origin.clone(),
        folder,
        parent: trunk.tip.clone(),
        files: cloned.files,
        changes: cloned.changes,
        kept: cloned.kept,
        resumed: None,
        earlier: known(trunk.history, |event| made(event, &asked.name).is_some()),
    };
    if let Some(commit) = resumed {
        plan.files.clear();
        plan.parent = commit.parents.first().unwrap_or(trunk.tip).clone();
        let expires = trailer(&commit.message, EXPIRES).and_then(|text| text.parse().ok());
        plan.asked.expires = expires.unwrap_or(plan.asked.expires);
        plan.resumed = Some(commit.id);
    }
    Ok(plan)
}

/// The sandbox that a record says was made, if it has the name.
fn made<'a>(event: &'a Event, name: &EnvironmentName) -> Option<&'a Sandbox> {
    match event {
        Event::SandboxCreated(sandbox) if sandbox.name == *name => Some(sandbox),
        _ => None,
    }
}

fn cluster<'a>(resolved: &'a Resolved, asked: &Create) -> Result<&'a Cluster, CreateError> {
    let environments = resolved.path.environments();
    let Some(environment) = resolved.path.environment(&asked.from) else {
        return Err(CreateError::UnknownEnvironment {
            environment: asked.from.clone(),
            known: environments.iter().map(|e| e.name.clone()).collect(),
        });
    };
    if environment.sandbox {
        return Err(CreateError::FromSandbox { environment: asked.from.clone() });
    }
    let wanted = |cluster: &&Cluster| asked.cluster.as_ref().is_none_or(|c| *c == cluster.name);
    environment.clusters.iter().find(wanted).ok_or_else(|| CreateError::UnknownCluster {
        environment: asked.from.clone(),
        cluster: asked.cluster.clone(),
        known: environment.clusters.iter().map(|c| c.name.clone()).collect(),
    })
}

/// The folder beside the origin's that has the sandbox's name.
fn sibling(resolved: &Resolved, cluster: &Cluster, asked: &Create) -> Result<Folder, CreateError> {
    let environments = resolved.path.environments();
    let clusters = || environments.iter().flat_map(|e: &Environment| &e.clusters);
    if environments.iter().any(|e| e.name == asked.name)
        || clusters().any(|c| c.name.as_str() == asked.name.as_str())
    {
        return Err(CreateError::OnPath { name: asked.name.clone() });
    }
    let origin = &cluster.folder;
    let path = match origin.is_root() {
        true => None,
        false => origin.parent().join(asked.name.as_str()).ok(),
    };
    let folder = path.and_then(|path| Folder::parse(path.as_str()).ok());
    let Some(folder) = folder else {
        return Err(CreateError::NoSibling { cluster: cluster.name.clone() });
    };
    match clusters().find(|c| c.folder != *origin && origin.covers(&c.folder)) {
        Some(other) => Err(CreateError::HoldsCluster {
            cluster: cluster.name.clone(),
            other: other.folder.clone(),
        }),
        None => Ok(folder),
    }
}

/// What of the commit stands where the folder would, upper and lower case taken as equal: a work tree
/// may be on a file system that does.
fn clash<'a>(tree: &'a Entries, folder: &Folder) -> Option<&'a RepoPath> {
    let folder = folder.as_str().to_ascii_lowercase();
    tree.keys().find(|path| {
        let path = path.as_str().to_ascii_lowercase();
        path.strip_prefix(&folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The commit of an earlier call like this one that made the branch and could not record it.
fn resumed(
    repository: &dyn Repository,
    trunk: &CommitId,
    asked: &Create,
    branch: &BranchName,
) -> Result<Option<Commit>, CreateError> {
    let Some(tip) = repository.tip(branch)? else { return Ok(None) };
    let ours = |commit: &Commit| {
        [(SANDBOX, asked.name.as_str()), (FROM, asked.from.as_str()), (TICKET, &asked.ticket)]
            .into_iter()
            .all(|(key, value)| trailer(&commit.message, key) == Some(value))
            && trailer(&commit.message, EXPIRES).is_some()
    };
    let first = repository.history(&tip, Some(trunk))?.into_iter().rev().find(ours);
    first.map(Some).ok_or_else(|| CreateError::BranchExists { branch: branch.clone() })
}

impl CreatePlan {
    /// The message of the commit.
    #[must_use]
    pub fn message(&self) -> String {
        let Create { name, from, ticket, summary, expires, .. } = &self.asked;
        let body = if summary.trim().is_empty() { String::new() } else { format!("{summary}\n\n") };
        format!(
            "sandbox: create {name} from {from} ({ticket})\n\n{body}\
             {SANDBOX}: {name}\n{FROM}: {from}\n{ORIGIN}: {}\n{TICKET}: {ticket}\n{EXPIRES}: {expires}\n",
            self.origin
        )
    }

    fn sandbox(&self, commit: CommitId) -> Sandbox {
        let asked = self.asked.clone();
        Sandbox {
            name: asked.name,
            from: asked.from,
            branch: self.branch.clone(),
            folder: self.folder.as_str().to_owned(),
            origin: self.parent.clone(),
            commit,
            ticket: asked.ticket,
            summary: asked.summary,
            expires: asked.expires,
            context: asked.context,
        }
    }
}

/// Makes the sandbox: one commit, the branch, the record.
///
/// # Errors
/// [`CreateError`]. Where another writer has made the branch or a sandbox of the name meanwhile,
/// nothing of this one stays. After [`CreateError::Ledger`] the branch is there, and planning again
/// finds it and records it.
pub fn carry_out(
    repository: &dyn Repository,
    now: Timestamp,
    plan: &CreatePlan,
) -> Result<Created, CreateError> {
    let commit = match &plan.resumed {
        Some(commit) => commit.clone(),
        None => published(repository, plan)?,
    };
    let name = &plan.asked.name;
    let sandbox = plan.sandbox(commit.clone());
    let event = Event::SandboxCreated(sandbox.clone());
    let (entry, _) = ledger::append_unless(repository, now, event, |record| {
        made(&record.event, name).is_some() && !plan.earlier.contains(record)
    })?;
    let other = match made(&entry.record.event, name) {
        Some(recorded) if recorded.commit != commit => recorded.branch.clone(),
        _ => return Ok(Created { sandbox, ledger: entry.commit }),
    };
    // Where the branch has moved, somebody works on it already, and it stays.
    let (branch, expected) = (plan.branch.clone(), Some(commit));
    repository.publish(&[BranchUpdate { branch, expected, new: None }])?;
    Err(CreateError::Live { name: name.clone(), branch: other, by: entry.record.by })
}

fn published(repository: &dyn Repository, plan: &CreatePlan) -> Result<CommitId, CreateError> {
    let commit = repository.write(&NewCommit {
        parents: vec![plan.parent.clone()],
        base: Some(plan.parent.clone()),
        changes: plan.files.clone(),
        message: plan.message(),
    })?;
    let branch = plan.branch.clone();
    let update = BranchUpdate { branch: branch.clone(), expected: None, new: Some(commit.clone()) };
    match repository.publish(&[update])? {
        Published::Done => Ok(commit),
        Published::Stale { .. } => Err(CreateError::BranchExists { branch }),
    }
}
