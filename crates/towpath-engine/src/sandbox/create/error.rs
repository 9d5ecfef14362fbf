//! Why a sandbox is not made, and what to do about it.

use std::fmt;

use towpath_core::id::{BranchName, ClusterName, CommitId, EnvironmentName, Folder, RepoPath};
use towpath_core::pin::{Location, ObjectRef};

use super::super::EditFailed;
use super::super::names::NameError;
use crate::ledger::LedgerError;
use crate::ports::RepositoryError;

/// Why a sandbox is not made. Nothing was changed then, unless the variant says so or an answer was lost
/// on the way; then the same call finds it and goes on.
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
