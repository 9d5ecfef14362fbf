//! How an environment follows releases: by branch, by range, or exactly.
//!
//! Must not know where a tracking is written; that is [`crate::pin`].

use std::fmt;

use crate::id::{BranchName, CommitId, Digest};
use crate::version::{Range, Version};

/// The three tracking policies, in the order in which a change meets them on its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Follows a branch: every commit is taken.
    Branch,
    /// Follows the highest release in a range.
    Semver,
    /// Stays where it is until a promotion moves it.
    Exact,
}

impl Policy {
    /// `branch`, `semver`, `exact`: the words of `towpath.yaml` and of the JSON output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Semver => "semver",
            Self::Exact => "exact",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A tracking as Git has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tracking {
    /// A branch.
    Branch(BranchName),
    /// A range.
    Semver(Range),
    /// One version, tag, digest or commit.
    Exact(Exact),
}

/// What an exact tracking names. At least one part is there; the digest or commit decides, as in Flux.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exact {
    /// The tag or chart version as written.
    pub tag: Option<String>,
    /// The tag as a version; `None` for `latest` and its like.
    pub version: Option<Version>,
    /// An OCI digest.
    pub digest: Option<Digest>,
    /// A Git commit.
    pub commit: Option<CommitId>,
}

impl Exact {
    /// A tag, read as a version where it is one.
    #[must_use]
    pub fn tag(text: &str) -> Self {
        Self {
            tag: Some(text.to_owned()),
            version: Version::parse_loose(text).ok(),
            ..Self::default()
        }
    }
}

impl Tracking {
    /// Which of the three policies this is.
    #[must_use]
    pub fn policy(&self) -> Policy {
        match self {
            Self::Branch(_) => Policy::Branch,
            Self::Semver(_) => Policy::Semver,
            Self::Exact(_) => Policy::Exact,
        }
    }

    /// The value alone: `main`, `0.0.x`, `0.0.8`.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Branch(b) => b.to_string(),
            Self::Semver(r) => r.to_string(),
            Self::Exact(e) => match (&e.tag, &e.digest, &e.commit) {
                (Some(t), Some(d), _) => format!("{t}@{d}"),
                (Some(t), None, _) => t.clone(),
                (None, Some(d), _) => d.to_string(),
                (None, None, Some(c)) => c.to_string(),
                (None, None, None) => "latest".to_owned(),
            },
        }
    }
}

impl fmt::Display for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.policy(), self.value())
    }
}
