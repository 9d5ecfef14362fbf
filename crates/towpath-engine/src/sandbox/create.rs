//! Making a sandbox: the clone of a cluster's folder on a branch of its own.
//!
//! [`plan`] reads the trunk and says every file, every value that changes and what stays as it is;
//! [`carry_out`] writes one commit, makes the branch and records the sandbox. A value is changed only
//! where the clone would else follow the origin: its branch, and its folder. What follows a range or an
//! exact version stays (a performance clone), or is pinned to what it is at this moment. The clone
//! itself is in `clone.rs`; next is [`super::promote`].

use jiff::Timestamp;
use towpath_core::id::{BranchName, ClusterName, CommitId, EnvironmentName, Folder, RepoPath};
use towpath_core::path::{Cluster, Environment};
use towpath_core::record::{Event, History, Record, Sandbox};
use towpath_discovery::inventory::Inventory;
use towpath_discovery::resolve::Resolved;

use super::clone;
use super::names;
use super::{EXPIRES, Entries, FROM, ORIGIN, SANDBOX, TICKET, entries, known, live};
use crate::ledger::{self, trailer};
use crate::ports::{BranchUpdate, Commit, NewCommit, Published, Repository, TreeChange};

mod error;

pub use super::clone::{Ask, Moment, MomentOf};
pub use super::told::{Change, ChangeWhy, Kept, KeptWhy};
pub use error::{CreateError, Unpinned};

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

/// Decides everything about a new sandbox. `moment` says what a source or chart gives now; it is asked
/// only where `asked.pin` is set.
///
/// # Errors
/// [`CreateError`], with nothing changed.
pub fn plan(
    repository: &dyn Repository,
    trunk: Trunk<'_>,
    asked: &Create,
    moment: &MomentOf<'_>,
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
