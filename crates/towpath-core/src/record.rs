//! Records of the ledger, and the state that they fold to.
//!
//! A record says what happened, by whom and when. The wire form is in `towpath-api`; the chain of
//! commits that holds records is kept by `towpath-engine`. Folding is the only way to read state from
//! them, so replaying the ledger always gives the same answer.

use std::fmt;

use jiff::Timestamp;

use crate::id::{BranchName, CommitId, ComponentName, Digest, EnvironmentName, InvalidId};
use crate::version::Version;

/// The hash of a plan: what an approval is bound to. 64 hexadecimal digits of SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanHash(String);

impl PlanHash {
    /// Reads a whole hash.
    ///
    /// # Errors
    /// [`InvalidId`] where the text is not 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidId {
            what: "plan hash",
            text: text.chars().take(80).collect(),
            problem: "is not 64 lower-case hexadecimal digits",
        })
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, enough to type.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }

    /// Whether `text`, of at least eight digits, is the beginning of this hash.
    #[must_use]
    pub fn begins_with(&self, text: &str) -> bool {
        text.len() >= 8 && self.0.starts_with(text)
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it was written, by the clock of the writer.
    pub at: Timestamp,
    /// Who: `Name <email>`, as Git knows the writer.
    pub by: String,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A release was packaged and published.
    Released {
        /// Whose.
        component: ComponentName,
        /// Which version.
        version: Version,
        /// The tag it is published under.
        tag: String,
        /// The manifest's digest.
        digest: Digest,
        /// The commit its files are from.
        commit: CommitId,
        /// Where it was published, as shown to people.
        location: String,
    },
    /// An environment's pin was moved.
    Promoted(Promotion),
    /// A plan was approved.
    Approved {
        /// Of which environment.
        environment: EnvironmentName,
        /// Which component.
        component: ComponentName,
        /// The version that the plan promotes.
        version: Version,
        /// The plan.
        plan: PlanHash,
    },
    /// A gate was overridden for one plan.
    Overridden {
        /// Of which environment.
        environment: EnvironmentName,
        /// Which component.
        component: ComponentName,
        /// The gate's name.
        gate: String,
        /// The plan.
        plan: PlanHash,
        /// Why.
        reason: String,
        /// Until when it counts.
        expires: Timestamp,
    },
    /// A sandbox was created.
    SandboxCreated(Sandbox),
    /// A sandbox was deleted.
    SandboxDeleted {
        /// Its name.
        name: EnvironmentName,
        /// Its branch.
        branch: BranchName,
        /// The branch's last commit, so that it can be brought back.
        head: Option<CommitId>,
        /// How it was known that nothing was left on its cluster.
        emptied: String,
    },
}

/// A promotion or rollback that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Into which environment.
    pub environment: EnvironmentName,
    /// Which component.
    pub component: ComponentName,
    /// What the environment tracked before: `semver 0.0.x`, `exact 0.0.7`.
    pub from: String,
    /// The version that this meant, where it was known.
    pub replaced: Option<Version>,
    /// The version it is on now.
    pub version: Version,
    /// Its digest, where known.
    pub digest: Option<Digest>,
    /// The plan that was carried out.
    pub plan: PlanHash,
    /// The commit that moved the pin.
    pub commit: CommitId,
    /// The branch it was put on: the trunk, or the branch of a pull request.
    pub branch: BranchName,
    /// Whether this went back.
    pub rollback: bool,
    /// The gates as they stood: the evidence.
    pub gates: Vec<GateEvidence>,
}

impl Promotion {
    /// Whether it was a rollback, or went down all the same.
    #[must_use]
    pub fn goes_back(&self) -> bool {
        self.rollback || self.replaced.as_ref().is_some_and(|from| self.version < *from)
    }
}

/// One gate as it stood when a promotion was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateEvidence {
    /// The gate's name.
    pub gate: String,
    /// `open` or `overridden`.
    pub verdict: String,
    /// Why, in the planner's words.
    pub because: String,
}

/// A sandbox as it was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Its name, which is its cluster's folder's name too.
    pub name: EnvironmentName,
    /// The environment it is a clone of.
    pub from: EnvironmentName,
    /// Its branch.
    pub branch: BranchName,
    /// Its cluster's folder.
    pub folder: String,
    /// The trunk's commit it was cloned at.
    pub origin: CommitId,
    /// The commit that made it.
    pub commit: CommitId,
    /// The ticket.
    pub ticket: String,
    /// What it is for.
    pub summary: String,
    /// When it should be gone.
    pub expires: Timestamp,
    /// The kubeconfig context of its cluster, where one is connected.
    pub context: Option<String>,
}

/// What the ledger says, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// All records, oldest first.
    pub records: Vec<Record>,
}

impl History {
    /// The promotions of a component into an environment, oldest first.
    pub fn promotions<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        component: &'a ComponentName,
    ) -> impl DoubleEndedIterator<Item = (&'a Record, &'a Promotion)> {
        self.records.iter().filter_map(move |r| match &r.event {
            Event::Promoted(p) if p.environment == *environment && p.component == *component => {
                Some((r, p))
            }
            _ => None,
        })
    }

    /// Who approved a plan: `Name <email>`, each once, in the order of time. What was said before the
    /// environment moved by another plan no longer counts: after a rollback, the same step is asked anew.
    #[must_use]
    pub fn approvers(&self, hash: &PlanHash) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for record in self.since_another_moved(hash) {
            if let Event::Approved { plan, .. } = &record.event
                && plan == hash
                && !out.contains(&record.by.as_str())
            {
                out.push(&record.by);
            }
        }
        out
    }

    /// The override of a gate for a plan that still counts at `now`: who, why and until when. As with
    /// [`History::approvers`], a move by another plan ends it.
    #[must_use]
    pub fn override_of(&self, gate: &str, hash: &PlanHash, now: Timestamp) -> Option<Override<'_>> {
        self.since_another_moved(hash).iter().rev().find_map(|r| match &r.event {
            Event::Overridden { gate: g, plan, reason, expires, .. }
                if g == gate && plan == hash && *expires > now =>
            {
                Some(Override { by: &r.by, reason, expires: *expires })
            }
            _ => None,
        })
    }

    /// The records since the plan's environment and component were last moved by another plan. A plan's
    /// hash holds both names, so any record of the plan tells them.
    fn since_another_moved(&self, hash: &PlanHash) -> &[Record] {
        let subject = self.records.iter().find_map(|r| match &r.event {
            Event::Approved { environment, component, plan, .. }
            | Event::Overridden { environment, component, plan, .. }
                if plan == hash =>
            {
                Some((environment, component))
            }
            _ => None,
        });
        let moved = self.records.iter().rposition(|r| match &r.event {
            Event::Promoted(p) => {
                p.plan != *hash && subject == Some((&p.environment, &p.component))
            }
            _ => false,
        });
        &self.records[moved.map_or(0, |at| at + 1)..]
    }

    /// The sandboxes that were created and not deleted, in the order of their creation.
    #[must_use]
    pub fn sandboxes(&self) -> Vec<(&Record, &Sandbox)> {
        let mut out: Vec<(&Record, &Sandbox)> = Vec::new();
        for record in &self.records {
            match &record.event {
                Event::SandboxCreated(sandbox) => {
                    out.retain(|(_, s)| s.name != sandbox.name);
                    out.push((record, sandbox));
                }
                Event::SandboxDeleted { name, .. } => out.retain(|(_, s)| s.name != *name),
                _ => {}
            }
        }
        out
    }

    /// The version to go back to: the one before `current` among those that were in the environment and
    /// that nothing has gone back from since. Where `current` was never recorded, the last of them. Never
    /// one above `current`: a way up passes all gates.
    #[must_use]
    pub fn last_good(
        &self,
        environment: &EnvironmentName,
        component: &ComponentName,
        current: Option<&Version>,
    ) -> Option<Version> {
        let mut good: Vec<Version> = Vec::new();
        for (_, promotion) in self.promotions(environment, component) {
            match &promotion.replaced {
                Some(replaced) if promotion.goes_back() => good.retain(|v| v != replaced),
                Some(replaced) => {
                    // What was promoted after it is not there any more, or, on a branch that was not
                    // merged, never was.
                    match good.iter().position(|v| v == replaced) {
                        Some(at) => good.truncate(at + 1),
                        None => good.push(replaced.clone()),
                    }
                }
                None => {}
            }
            good.retain(|v| *v != promotion.version);
            good.push(promotion.version.clone());
        }
        if let Some(at) = good.iter().position(|v| Some(v) == current) {
            good.truncate(at);
        }
        good.into_iter().rev().find(|v| current.is_none_or(|current| v < current))
    }
}

/// An override that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override<'a> {
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Until when.
    pub expires: Timestamp,
}
