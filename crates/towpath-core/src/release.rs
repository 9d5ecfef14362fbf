//! Releases and the revisions that environments get.
//!
//! Must not fetch or compare contents. Next: [`crate::tracking`] for how an environment chooses one.

use std::fmt;

use crate::id::{BranchName, CommitId, ComponentName, Digest};
use crate::version::Version;

/// An immutable version of a component. Its content never changes; everybody is told the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Whose release it is.
    pub component: ComponentName,
    /// Its version.
    pub version: Version,
    /// The tag or Git tag as written: `0.0.8`, `v0.0.8`. A pin gets this text.
    pub tag: String,
    /// The manifest's digest; `None` for a release that is only a Git tag or only known by its name.
    pub digest: Option<Digest>,
    /// The commit it was made from, where that is known.
    pub commit: Option<CommitId>,
    /// Who told of it.
    pub seen: Seen,
}

/// Where a release was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// In the ledger: Towpath made it.
    pub ledger: bool,
    /// In the registry, or as a Git tag where the component's source is Git.
    pub source: bool,
    /// The registry has another content under this version than the ledger recorded.
    pub differs: bool,
}

/// Whether the place that holds a component's releases could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It answered.
    Reached,
    /// Nobody asked: the command was told to stay offline.
    NotAsked,
    /// It did not answer, and why.
    Unreachable {
        /// The location, as shown to people.
        location: String,
        /// Why, in one line.
        why: String,
    },
    /// There is no place that Towpath can list: a Helm repository, another Git repository.
    NotListable {
        /// The location, as shown to people.
        location: String,
    },
}

/// What is known of a component's releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// Each version once, lowest first.
    pub list: Vec<Release>,
    /// Whether the list is all there is.
    pub reach: Reach,
}

impl Releases {
    /// The release of a version.
    #[must_use]
    pub fn find(&self, version: &Version) -> Option<&Release> {
        self.list.iter().find(|r| r.version == *version)
    }

    /// The release that somebody means by a version: the one under this very text, else the one that
    /// differs only in how it is written, as `v1.2.3` and `1.2.3` do.
    #[must_use]
    pub fn meant(&self, version: &Version) -> Option<&Release> {
        let alike = |r: &&Release| r.version.normalized() == version.normalized();
        self.find(version).or_else(|| self.list.iter().find(alike))
    }

    /// The release under a tag.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Option<&Release> {
        self.list.iter().find(|r| r.tag == tag)
    }
}

impl Release {
    /// Whether what runs is exactly this release, by the revision and the version that a cluster tells.
    #[must_use]
    pub fn is_what_runs(&self, revision: Option<&Revision>, version: Option<&Version>) -> bool {
        match revision {
            Some(revision) => self.is_content_of(revision),
            // A chart of which nobody knows a digest is told by its version alone.
            None => {
                self.digest.is_none() && self.commit.is_none() && version == Some(&self.version)
            }
        }
    }

    /// Whether a revision is of this release's content, under whatever name.
    #[must_use]
    pub fn is_content_of(&self, revision: &Revision) -> bool {
        match revision {
            Revision::Oci { digest, .. } => self.digest.as_ref() == Some(digest),
            Revision::Git { commit, .. } => self.commit.as_ref() == Some(commit),
        }
    }
}

/// A revision in Flux's form (`fluxcd/flux2:rfcs/0005`): `main@sha1:…`, `0.0.8@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The commit of a branch or a Git tag.
    Git {
        /// Branch or tag.
        pointer: Option<String>,
        /// The commit.
        commit: CommitId,
    },
    /// An artifact.
    Oci {
        /// The tag; `None` when only the digest is pinned.
        tag: Option<String>,
        /// The manifest's digest.
        digest: Digest,
    },
}

impl Revision {
    /// The revision of a branch.
    #[must_use]
    pub fn branch(branch: &BranchName, commit: &CommitId) -> Self {
        Self::Git { pointer: Some(branch.to_string()), commit: commit.clone() }
    }

    /// Whether both name the same content, under whatever name.
    #[must_use]
    pub fn is_content_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Git { commit: a, .. }, Self::Git { commit: b, .. }) => a == b,
            (Self::Oci { digest: a, .. }, Self::Oci { digest: b, .. }) => a == b,
            _ => false,
        }
    }

    /// As [`fmt::Display`], with the checksum cut to what people compare.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Git { pointer, commit } => match pointer {
                Some(p) => format!("{p}@{}", commit.short()),
                None => commit.short().to_owned(),
            },
            Self::Oci { tag, digest } => match tag {
                Some(t) => format!("{t}@{}", digest.short()),
                None => digest.short().to_owned(),
            },
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git { pointer, commit } => {
                let algorithm = if commit.as_str().len() == 64 { "sha256" } else { "sha1" };
                match pointer {
                    Some(p) => write!(f, "{p}@{algorithm}:{commit}"),
                    None => write!(f, "{algorithm}:{commit}"),
                }
            }
            Self::Oci { tag: Some(t), digest } => write!(f, "{t}@{digest}"),
            Self::Oci { tag: None, digest } => write!(f, "{digest}"),
        }
    }
}
