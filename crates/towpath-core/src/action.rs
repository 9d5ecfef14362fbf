//! An action: one commit, to the byte, on one parent. Nothing is left to decide when it is carried out.
//!
//! Carried out by `towpath-engine`, which answers [`Outcome`]. Repeating an action is harmless: the
//! second time it is `AlreadyDone` or `Stale`.

use crate::id::{BranchName, CommitId, ComponentName, EnvironmentName};
use crate::pin::Replacement;
use crate::record::PlanHash;
use crate::release::Release;
use crate::version::Version;

/// The move of a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Into which environment.
    pub environment: EnvironmentName,
    /// Which component.
    pub component: ComponentName,
    /// Which release.
    pub release: Release,
    /// What the environment tracked: `semver 0.0.x`.
    pub from: String,
    /// Which version that meant, where known.
    pub replaced: Option<Version>,
    /// The branch that gets the commit.
    pub branch: BranchName,
    /// Where that branch must be.
    pub parent: CommitId,
    /// The bytes that change.
    pub edits: Vec<Replacement>,
    /// The plan's hash.
    pub plan: PlanHash,
    /// Whether this goes back.
    pub rollback: bool,
}

impl Action {
    /// The commit's message: a title, what moved, and trailers that `history verify` compares.
    #[must_use]
    pub fn message(&self) -> String {
        let verb = if self.rollback { "roll back" } else { "promote" };
        let version = &self.release.version;
        let mut text = format!(
            "{verb} {} to {version} in {}\n\nIt tracked {}; it is now on exactly {version}.\n\n",
            self.component, self.environment, self.from
        );
        let mut trailer = |key: &str, value: &str| {
            text.push_str(key);
            text.push_str(": ");
            text.push_str(value);
            text.push('\n');
        };
        trailer("Towpath-Environment", self.environment.as_str());
        trailer("Towpath-Component", self.component.as_str());
        trailer("Towpath-From", &self.from);
        if let Some(replaced) = &self.replaced {
            trailer("Towpath-Replaced", replaced.original());
        }
        trailer("Towpath-Version", version.original());
        if let Some(digest) = &self.release.digest {
            trailer("Towpath-Digest", digest.as_str());
        }
        trailer("Towpath-Plan", self.plan.as_str());
        text
    }
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The commit is on its branch.
    Done {
        /// The commit.
        commit: CommitId,
    },
    /// The branch says it already.
    AlreadyDone,
    /// The branch is no longer where the plan was made: plan again.
    Stale {
        /// Where it is, if that could be read.
        found: Option<CommitId>,
    },
}
