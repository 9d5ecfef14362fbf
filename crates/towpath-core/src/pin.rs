//! The one place in Git that says which version an environment gets, and how to change it.
//!
//! A pin knows the exact bytes to replace: prepared by discovery, filled in by the planner, written by
//! the edge. Must not read YAML. Next: [`Pins`], all of them.

use std::fmt;
use std::ops::Range as ByteRange;
use std::sync::Arc;

use crate::id::{ClusterName, ComponentName, EnvironmentName, RepoPath};
use crate::release::Release;
use crate::tracking::{Exact, Tracking};

pub use self::all::Pins;

mod all;

/// A place in a file. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file, from the root of the repository.
    pub file: RepoPath,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A Kubernetes object by kind and name, as people write it: `OCIRepository flux-system/platform`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The kind.
    pub kind: String,
    /// The namespace; empty where there is none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// A pin: for one component on one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Whose version it sets.
    pub component: ComponentName,
    /// For which environment.
    pub environment: EnvironmentName,
    /// For which cluster.
    pub cluster: ClusterName,
    /// The object that holds it; clusters mostly name it alike.
    pub object: Arc<ObjectRef>,
    /// The field: `spec.ref.semver`, `spec.chart.spec.version`.
    pub field: String,
    /// Where it stands.
    pub at: Location,
    /// What it says now.
    pub tracking: Tracking,
    /// What to replace to make it say an exact version.
    pub splices: Result<Vec<Splice>, NotEditable>,
}

/// Bytes of a file to replace, with a blank for the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Which bytes.
    pub range: ByteRange<usize>,
    /// On which line they begin.
    pub line: u32,
    /// What they are now.
    pub old: String,
    /// What they become.
    pub new: Fill,
}

/// A text with a blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// Before the blank.
    pub before: String,
    /// What goes into the blank.
    pub blank: Blank,
    /// After the blank.
    pub after: String,
}

/// What goes into a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blank {
    /// The release's tag.
    Tag,
    /// The release's digest.
    Digest,
}

/// Why a pin cannot be changed by replacing bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEditable {
    /// The value is reached by an alias or merge key: changing it would change another object too.
    Aliased,
    /// There is no value: `spec.ref` or `version` is left out.
    Missing,
    /// Several fields of `spec.ref` say different things; one has to go first.
    Ambiguous,
    /// The value is written as a block or has a tag.
    NotPlain,
    /// The value comes by substitution (`${VERSION}`).
    Substituted,
    /// The file is one that several environments read: changing it would move all of them.
    SharedFile,
    /// The cluster reads this very file through the source that it pins: once exact, it would never see
    /// another change, not even the next one of the pin.
    OwnSource,
}

impl fmt::Display for NotEditable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aliased => "the value is shared by an anchor or merge key",
            Self::Missing => "the field is not there",
            Self::Ambiguous => "several fields of the reference contradict each other",
            Self::NotPlain => "the value is not a plain or quoted scalar on its own",
            Self::Substituted => "the value comes from a substitution",
            Self::OwnSource => "the cluster reads this very file through the source it would pin",
            Self::SharedFile => "the file is read by several environments, and all would move",
        })
    }
}

/// One replacement in a file, with nothing left to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The file.
    pub file: RepoPath,
    /// The line on which it begins.
    pub line: u32,
    /// Which bytes.
    pub range: ByteRange<usize>,
    /// What they must be now.
    pub old: String,
    /// What they become.
    pub new: String,
}

impl Pin {
    /// Whether the pin names this release and no other content. A Git commit is never taken for a release.
    pub(crate) fn says(&self, release: &Release) -> bool {
        match &self.tracking {
            Tracking::Exact(Exact { tag, digest, commit: None, .. }) => {
                tag.as_ref().is_some_and(|tag| *tag == release.tag)
                    && (digest.is_none() || *digest == release.digest)
            }
            _ => false,
        }
    }

    /// The replacements that make this pin say `release`. Empty when it says so already.
    ///
    /// # Errors
    /// [`NotEditable`] as the pin has it, and [`NotEditable::Missing`] when the pin holds a digest and the
    /// release's digest is not known.
    pub fn set_to(&self, release: &Release) -> Result<Vec<Replacement>, NotEditable> {
        if self.says(release) {
            return Ok(Vec::new());
        }
        let splices = self.splices.as_ref().map_err(|why| *why)?;
        let mut out = Vec::new();
        for splice in splices {
            let filled = match splice.new.blank {
                Blank::Tag => release.tag.as_str(),
                Blank::Digest => release.digest.as_ref().ok_or(NotEditable::Missing)?.as_str(),
            };
            let new = format!("{}{filled}{}", splice.new.before, splice.new.after);
            if new != splice.old {
                out.push(Replacement {
                    file: self.at.file.clone(),
                    line: splice.line,
                    range: splice.range.clone(),
                    old: splice.old.clone(),
                    new,
                });
            }
        }
        Ok(out)
    }
}
