//! An action: one commit, to the byte, on one parent. Nothing is left to decide when it is carried out.
//!
//! Carried out by `towpath-engine`, which answers [`Outcome`]. Repeating an action is harmless: the
//! second time it is `AlreadyDone` or `Stale`.

use std::fmt::Write as _;

use crate::id::{BranchName, ClusterName, CommitId, EnvironmentName};
use crate::pin::Replacement;
use crate::record::PlanHash;
use crate::release::Release;
use crate::version::Version;

/// The move of a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Into which environment.
    pub environment: EnvironmentName,
    /// What moves: one release, or those of a bundle. Never empty.
    pub moves: Vec<Move>,
    /// The clusters that it moves; empty: all of the environment.
    pub clusters: Vec<ClusterName>,
    /// The releases between, which are passed over.
    pub skipped: Vec<Version>,
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
    /// Whether nobody asked for it.
    pub automatic: bool,
}

/// One component's part of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// To which release.
    pub release: Release,
    /// What the environment tracked: `semver 0.0.x`.
    pub from: String,
    /// Which version that meant, where known.
    pub replaced: Option<Version>,
}

impl Action {
    /// The commit's message: a title, what moved, and trailers that `history verify` compares. What several components
    /// say for themselves stands in the same order under each key, `-` where there is nothing.
    #[must_use]
    pub fn message(&self) -> String {
        let verb = if self.rollback { "roll back" } else { "promote" };
        let to = |m: &Move| format!("{} to {}", m.release.component, m.release.version);
        let all: Vec<String> = self.moves.iter().map(to).collect();
        let mut text = format!("{verb} {} in {}\n\n", all.join(", "), self.environment);
        let several = self.moves.len() > 1;
        for m in &self.moves {
            let whose = if several { m.release.component.as_str() } else { "It" };
            let (from, version) = (&m.from, &m.release.version);
            let _ = writeln!(text, "{whose} tracked {from}; it is now on exactly {version}.");
        }
        if !self.clusters.is_empty() {
            let _ = writeln!(text, "Only on {}.", names(&self.clusters));
        }
        text.push('\n');
        let mut trailer = |key: &str, value: &str| {
            text.push_str(key);
            text.push_str(": ");
            text.push_str(value);
            text.push('\n');
        };
        trailer("Towpath-Environment", self.environment.as_str());
        for m in &self.moves {
            trailer("Towpath-Component", m.release.component.as_str());
            trailer("Towpath-From", &m.from);
            match &m.replaced {
                Some(replaced) => trailer("Towpath-Replaced", replaced.original()),
                None if several => trailer("Towpath-Replaced", "-"),
                None => {}
            }
            trailer("Towpath-Version", m.release.version.original());
            match &m.release.digest {
                Some(digest) => trailer("Towpath-Digest", digest.as_str()),
                None if several => trailer("Towpath-Digest", "-"),
                None => {}
            }
        }
        if !self.clusters.is_empty() {
            trailer("Towpath-Clusters", &names(&self.clusters));
        }
        if !self.skipped.is_empty() {
            let skipped: Vec<&str> = self.skipped.iter().map(Version::original).collect();
            trailer("Towpath-Skipped", &skipped.join(" "));
        }
        if self.automatic {
            trailer("Towpath-Automatic", "true");
        }
        trailer("Towpath-Plan", self.plan.as_str());
        text
    }
}

fn names(clusters: &[ClusterName]) -> String {
    clusters.iter().map(ClusterName::as_str).collect::<Vec<_>>().join(" ")
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
