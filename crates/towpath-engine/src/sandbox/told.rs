//! What is told of a clone: the values that differ from the origin's, and what stays as it is.
//!
//! Must not decide either; that is `clone.rs`.

use std::fmt;

use towpath_core::pin::{Location, ObjectRef};

use super::SYNC_FILE;

/// One value that differs from the origin's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object it belongs to.
    pub object: ObjectRef,
    /// Where it stands, in the sandbox's folder.
    pub at: Location,
    /// Key and value as in the origin.
    pub old: String,
    /// Key and value as in the sandbox.
    pub new: String,
    /// Why.
    pub why: ChangeWhy,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {} ({})", self.at, self.old, self.new, self.why)
    }
}

/// Why a value of the clone differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeWhy {
    /// It followed the trunk.
    Branch,
    /// It named the origin's folder.
    Folder,
    /// It is pinned to what it was at this moment.
    Pin,
}

impl fmt::Display for ChangeWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Branch => "the sandbox follows its own branch",
            Self::Folder => "the sandbox has its own folder",
            Self::Pin => "pinned to what it is now",
        })
    }
}

/// Something of the origin that the clone leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it stands; in the sandbox's folder, unless `why` says otherwise.
    pub at: Location,
    /// The object, where it belongs to one.
    pub object: Option<ObjectRef>,
    /// Why.
    pub why: KeptWhy,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{}: {object} {}", self.at, self.why),
            None => write!(f, "{}: {}", self.at, self.why),
        }
    }
}

/// Why something stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptWhy {
    /// A range: the clone gets what the origin gets.
    Range(String),
    /// An exact version: the clone gets what the origin gets.
    Exact(String),
    /// No version is named: the newest there is.
    Newest,
    /// A branch of this repository that is not the trunk.
    OtherBranch(String),
    /// A branch of another repository.
    OtherRepository {
        /// The branch.
        branch: String,
        /// The repository's URL.
        url: String,
    },
    /// A range of chart versions, whose repository cannot say what it gives now.
    NotListed(String),
    /// A path into the origin's folder, but in an artifact or commit that has no sandbox's folder.
    ElsewhereFolder(String),
    /// The cluster is synchronised from something other than this repository's trunk.
    OtherSync(String),
    /// It follows the trunk, but stands outside the origin's folder, where others use it too.
    Outside,
    /// A kustomization names `gotk-sync.yaml`, which is not cloned.
    Bootstrap,
}

impl fmt::Display for KeptWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => write!(f, "stays on the range {range}, as in the origin"),
            Self::Exact(version) => write!(f, "stays on {version}, as in the origin"),
            Self::Newest => f.write_str("names no version and stays on the newest there is"),
            Self::OtherBranch(branch) => {
                write!(f, "follows the branch {branch}, which is not the trunk")
            }
            Self::OtherRepository { branch, url } => {
                write!(f, "follows {branch} of {url}, another repository")
            }
            Self::NotListed(range) => {
                write!(f, "stays on the range {range}, because its versions cannot be listed")
            }
            Self::ElsewhereFolder(path) => {
                write!(f, "takes {path} from a source that does not follow the sandbox's branch")
            }
            Self::OtherSync(what) => write!(f, "is synchronised from {what}, not from the trunk"),
            Self::Outside => f.write_str(
                "follows the trunk and is not cloned: it stands outside the origin's folder",
            ),
            Self::Bootstrap => write!(f, "names {SYNC_FILE}, which the bootstrap writes"),
        }
    }
}
