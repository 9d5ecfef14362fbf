//! Carrying a sandbox's change to the trunk, without what belongs to the sandbox.
//!
//! [`plan`] merges in memory and takes out the sandbox's folder, every `gotk-sync.yaml` that the branch
//! brought, and every reference to the branch; [`carry_out`] makes one commit of the rest, on a branch
//! for a pull request or on the trunk itself. Must not judge the change; that is `towpath check`. What is
//! taken out, and how, is in `promote/clean.rs`.

use std::collections::BTreeSet;
use std::fmt;

use towpath_core::id::{BranchName, CommitId, EnvironmentName, Folder, InvalidId, RepoPath};
use towpath_core::pin::{Location, ObjectRef};
use towpath_core::record::Sandbox;
use towpath_discovery::facts::FactsError;

use super::{EditFailed, SANDBOX, TICKET, entries, names};
use crate::ledger::trailer;
use crate::ports::{
    BranchUpdate, FileMode, NewCommit, Person, Published, Repository, RepositoryError, TreeChange,
};

mod clean;

use clean::{Cleaning, path_of};

/// How often a merge onto a trunk that moves is tried.
const TRIES: usize = 5;

/// Everything that a promotion of a sandbox would do.
#[derive(Debug, Clone)]
pub struct PromotePlan {
    /// The sandbox.
    pub name: EnvironmentName,
    /// The trunk.
    pub trunk: BranchName,
    /// The trunk's commit that the change goes onto.
    pub onto: CommitId,
    /// The sandbox's branch's commit that it comes from.
    pub head: CommitId,
    /// The change.
    pub changes: Vec<TreeChange>,
    /// The files that it touches.
    pub files: Vec<RepoPath>,
    /// What of the sandbox stays out.
    pub left_out: Vec<LeftOut>,
    /// Lines of the change that still name the sandbox's branch or folder. They are in no field that
    /// Towpath knows, so somebody should look.
    pub mentions: Vec<Location>,
    /// The message of the commit.
    pub message: String,
}

/// Something of the branch that is not promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub path: RepoPath,
    /// Why.
    pub why: LeftOutWhy,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

/// Why something is not promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOutWhy {
    /// It is the sandbox's own folder.
    Folder,
    /// A `gotk-sync.yaml` that the branch brought.
    SyncFile,
    /// A reference to the sandbox's branch, put back.
    Reference {
        /// The object.
        object: ObjectRef,
        /// The line in the merged file.
        line: u32,
        /// What the branch says.
        old: String,
        /// What is promoted.
        new: String,
    },
}

impl fmt::Display for LeftOutWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => f.write_str("belongs to the sandbox's folder"),
            Self::SyncFile => f.write_str("makes a cluster follow the sandbox's branch"),
            Self::Reference { object, line, old, new } => {
                write!(f, "line {line}: {object} says {new} again, not {old}")
            }
        }
    }
}

/// Why a sandbox is not promoted. No branch has moved then.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The sandbox's branch is not there.
    #[error("branch {branch} of sandbox {name} is not there")]
    BranchGone {
        /// The sandbox.
        name: EnvironmentName,
        /// Its branch.
        branch: BranchName,
    },
    /// The trunk has no commit.
    #[error("the trunk {trunk} is not there")]
    TrunkGone {
        /// The trunk.
        trunk: BranchName,
    },
    /// The record's folder is no path.
    #[error("the record of sandbox {name} names no folder")]
    Folder {
        /// The sandbox.
        name: EnvironmentName,
        /// Why.
        #[source]
        source: InvalidId,
    },
    /// Both the trunk and the branch changed the same lines.
    #[error("{branch} and {trunk} both changed {}", .files.join(", "))]
    Conflicts {
        /// The sandbox's branch.
        branch: BranchName,
        /// The trunk.
        trunk: BranchName,
        /// The files.
        files: Vec<String>,
    },
    /// Without what belongs to the sandbox nothing differs from the trunk.
    #[error("sandbox {name} has nothing that the trunk does not have")]
    Nothing {
        /// The sandbox.
        name: EnvironmentName,
        /// What was left out.
        left_out: Vec<LeftOut>,
    },
    /// A file that names the branch cannot be read, so the reference cannot be put back.
    #[error("a file that names the sandbox's branch cannot be read")]
    Unreadable {
        /// Which, and what is wrong with it.
        #[source]
        source: FactsError,
        /// The fault with its line, for people.
        report: String,
    },
    /// A reference to the branch cannot be put back on its own.
    #[error("a reference to the sandbox's branch cannot be put back")]
    Edit(#[from] EditFailed),
    /// The branch for the pull request holds commits that no promotion made.
    #[error("branch {branch} has commit {commit}, which no promotion of {name} made")]
    BranchTaken {
        /// The sandbox.
        name: EnvironmentName,
        /// The branch.
        branch: BranchName,
        /// The foreign commit.
        commit: CommitId,
    },
    /// Others were faster every time.
    #[error("{branch} moved {TRIES} times meanwhile")]
    Contended {
        /// The branch.
        branch: BranchName,
    },
    /// Git could not answer.
    #[error("the repository could not be read or changed")]
    Repository(#[from] RepositoryError),
}

impl PromoteError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BranchGone { name, .. } => format!(
                "fetch; if the branch is gone for good, run `towpath sandbox delete {name}`"
            ),
            Self::TrunkGone { .. } => "fetch, or name the trunk in towpath.yaml".to_owned(),
            Self::Folder { .. } => "see `towpath history verify`".to_owned(),
            Self::Conflicts { branch, trunk, .. } => {
                format!("merge {trunk} into {branch}, push it, and promote again")
            }
            Self::Nothing { .. } => {
                "it may be merged already; if not, commit the change to the sandbox's branch and push it".to_owned()
            }
            Self::Unreadable { .. } => "mend the file on the sandbox's branch".to_owned(),
            Self::Edit(failed) => return failed.hint(),
            Self::BranchTaken { branch, .. } => format!(
                "finish its pull request, or bring what is on {branch} to the sandbox's branch and delete it"
            ),
            Self::Contended { .. } => "try again".to_owned(),
            Self::Repository(error) => return error.hint.clone(),
        })
    }
}

/// Decides what a promotion of a sandbox carries to the trunk.
///
/// # Errors
/// [`PromoteError`], with nothing changed.
pub fn plan(
    repository: &dyn Repository,
    trunk: &BranchName,
    sandbox: &Sandbox,
) -> Result<PromotePlan, PromoteError> {
    let name = &sandbox.name;
    let onto = repository.tip(trunk)?;
    let onto = onto.ok_or_else(|| PromoteError::TrunkGone { trunk: trunk.clone() })?;
    let head = repository.tip(&sandbox.branch)?.ok_or_else(|| PromoteError::BranchGone {
        name: name.clone(),
        branch: sandbox.branch.clone(),
    })?;
    let folder = RepoPath::parse(&sandbox.folder)
        .and_then(|path| Folder::parse(path.as_str()))
        .map_err(|source| PromoteError::Folder { name: name.clone(), source })?;
    let merge = repository.merge(&onto, &head)?;
    let conflicts: Vec<String> =
        merge.conflicts.into_iter().filter(|path| !folder.contains(path)).collect();
    if !conflicts.is_empty() {
        let (branch, trunk) = (sandbox.branch.clone(), trunk.clone());
        return Err(PromoteError::Conflicts { branch, trunk, files: conflicts });
    }
    let before = clean::contents(repository, &onto, &merge.changes)?;
    let cleaning = Cleaning { before, trunk, folder: &folder, sandbox };
    let cleaned = cleaning.clean(merge.changes)?;
    if cleaned.changes.is_empty() {
        return Err(PromoteError::Nothing { name: name.clone(), left_out: cleaned.left_out });
    }
    let message = message(repository, sandbox, &onto, &head)?;
    Ok(PromotePlan {
        name: name.clone(),
        trunk: trunk.clone(),
        onto,
        head,
        files: cleaned.changes.iter().map(|change| path_of(change).clone()).collect(),
        mentions: cleaned.mentions,
        changes: cleaned.changes,
        left_out: cleaned.left_out,
        message,
    })
}

fn message(
    repository: &dyn Repository,
    sandbox: &Sandbox,
    onto: &CommitId,
    head: &CommitId,
) -> Result<String, RepositoryError> {
    let Sandbox { name, ticket, summary, branch, .. } = sandbox;
    let me = repository.user()?;
    let commits = repository.history(head, Some(onto))?;
    let others: BTreeSet<String> = commits
        .iter()
        .filter(|commit| commit.parents.len() < 2 && !same(&commit.author, &me))
        .map(|commit| commit.author.to_string())
        .collect();
    let what = if summary.trim().is_empty() { branch.as_str() } else { summary.trim() };
    let mut text = format!(
        "{ticket}: {what}\n\nFrom sandbox {name} ({branch} at {}).\n\n{SANDBOX}: {name}\n{TICKET}: {ticket}\n",
        head.short()
    );
    for other in others {
        text.push_str("Co-authored-by: ");
        text.push_str(&other);
        text.push('\n');
    }
    Ok(text)
}

fn same(a: &Person, b: &Person) -> bool {
    a.email.eq_ignore_ascii_case(&b.email)
}

/// Where the change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The branch `towpath/promote-NAME`, for a pull request.
    PullRequest,
    /// The trunk.
    Trunk,
}

/// A change that was carried on.
#[derive(Debug, Clone)]
pub struct Promoted {
    /// The branch that has it.
    pub branch: BranchName,
    /// The commit.
    pub commit: CommitId,
    /// Whether it is on the trunk.
    pub merged: bool,
    /// Whether the branch had it already, so that nothing was done.
    pub already: bool,
    /// The plan that was carried out; where the trunk moved meanwhile, the one made for its new tip.
    pub plan: PromotePlan,
}

/// Carries a sandbox's change on: one commit on the trunk's tip.
///
/// Where the branch for a pull request holds an earlier promotion, it is replaced if its content
/// differs, and left alone if not. A trunk that moves is read again, as long as the merge is clean.
///
/// # Errors
/// [`PromoteError`]; then no branch has moved.
pub fn carry_out(
    repository: &dyn Repository,
    sandbox: &Sandbox,
    first: PromotePlan,
    to: To,
) -> Result<Promoted, PromoteError> {
    let mut plan = first;
    let target = match to {
        To::PullRequest => names::promote_branch(&sandbox.name),
        To::Trunk => plan.trunk.clone(),
    };
    for attempt in 0..TRIES {
        if attempt > 0 {
            repository.fetch()?;
            plan = self::plan(repository, &plan.trunk.clone(), sandbox)?;
        }
        let commit = repository.write(&NewCommit {
            parents: vec![plan.onto.clone()],
            base: Some(plan.onto.clone()),
            changes: plan.changes.clone(),
            message: plan.message.clone(),
        })?;
        let merged = to == To::Trunk;
        let expected = match to {
            To::Trunk => Some(plan.onto.clone()),
            To::PullRequest => match waiting(repository, &plan, &target)? {
                Some(there) if same_change(repository, &there, &plan.onto, &commit)? => {
                    return Ok(Promoted {
                        branch: target,
                        commit: there,
                        merged,
                        already: true,
                        plan,
                    });
                }
                found => found,
            },
        };
        let update = BranchUpdate { branch: target.clone(), expected, new: Some(commit.clone()) };
        match repository.publish(&[update])? {
            Published::Done => {
                return Ok(Promoted { branch: target, commit, merged, already: false, plan });
            }
            Published::Stale { .. } => {}
        }
    }
    Err(PromoteError::Contended { branch: target })
}

/// The commit of an earlier promotion on the branch for the pull request.
fn waiting(
    repository: &dyn Repository,
    plan: &PromotePlan,
    branch: &BranchName,
) -> Result<Option<CommitId>, PromoteError> {
    let Some(tip) = repository.tip(branch)? else { return Ok(None) };
    let commits = repository.history(&tip, Some(&plan.onto))?;
    let ours = Some(plan.name.as_str());
    match commits.into_iter().find(|commit| trailer(&commit.message, SANDBOX) != ours) {
        Some(foreign) => Err(PromoteError::BranchTaken {
            name: plan.name.clone(),
            branch: branch.clone(),
            commit: foreign.id,
        }),
        None => Ok(Some(tip)),
    }
}

/// Whether the commit on the branch changes the same files to the same content as the new one would,
/// whichever tip of the trunk each stands on.
fn same_change(
    repository: &dyn Repository,
    there: &CommitId,
    onto: &CommitId,
    new: &CommitId,
) -> Result<bool, RepositoryError> {
    let commits = repository.history(there, Some(onto))?;
    let [commit] = commits.as_slice() else { return Ok(false) };
    let [parent] = commit.parents.as_slice() else { return Ok(false) };
    Ok(change(repository, parent, there)? == change(repository, onto, new)?)
}

type Difference = Vec<(RepoPath, Option<(FileMode, String)>)>;

fn change(
    repository: &dyn Repository,
    from: &CommitId,
    to: &CommitId,
) -> Result<Difference, RepositoryError> {
    let (before, mut after) = (entries(repository, from)?, entries(repository, to)?);
    let mut out = Vec::new();
    for (path, entry) in before {
        match after.remove(&path) {
            Some(same) if same == entry => {}
            other => out.push((path, other)),
        }
    }
    out.extend(after.into_iter().map(|(path, entry)| (path, Some(entry))));
    Ok(out)
}

/// Whether everything of a plan waits on the branch for its pull request.
pub(super) fn is_waiting(
    repository: &dyn Repository,
    plan: &PromotePlan,
) -> Result<bool, RepositoryError> {
    let Some(there) = repository.tip(&names::promote_branch(&plan.name))? else { return Ok(false) };
    let found = clean::contents(repository, &there, &plan.changes)?;
    Ok(plan.changes.iter().all(|change| match (change, found.get(path_of(change))) {
        (TreeChange::Put { mode, bytes, .. }, Some((m, b))) => m == mode && b == bytes,
        (TreeChange::Remove { .. }, found) => found.is_none(),
        (TreeChange::Put { .. }, None) => false,
    }))
}
