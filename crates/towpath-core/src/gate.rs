//! Gates: each a pure function of the path, the snapshot and the plan it stands before.
//!
//! Unknown input is waiting, never open. All gates are judged, not just the first that fails
//! (`docs/architecture.md`, gates). An override is counted after judging, so that both are shown.

use jiff::Timestamp;

use crate::finding::Severity;
use crate::path::{Environment, Gate};
use crate::record::PlanHash;
use crate::release::{Reach, Release};
use crate::snapshot::Snapshot;
use crate::why::Why;

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It lets pass, and because of what.
    Open(String),
    /// Not yet; `opens_at` where that can be known.
    Waiting {
        /// Why.
        why: Why,
        /// The earliest time at which it can open.
        opens_at: Option<Timestamp>,
    },
    /// No, and time alone will not change that.
    Closed(Why),
}

/// A gate with its verdict on one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// `checks`, `path`, `release`, or the word of a stated gate.
    pub gate: &'static str,
    /// What it says.
    pub verdict: Verdict,
    /// Who lets the promotion pass all the same, why and until when.
    pub overridden: Option<Overridden>,
}

/// An override that counts for a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

impl Judged {
    /// Whether the promotion may pass.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self.verdict, Verdict::Open(_)) || self.overridden.is_some()
    }

    /// Why it does not pass by itself.
    #[must_use]
    pub fn why(&self) -> Option<&Why> {
        match &self.verdict {
            Verdict::Open(_) => None,
            Verdict::Waiting { why, .. } | Verdict::Closed(why) => Some(why),
        }
    }

    /// `open`, `waiting` or `closed`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Open(_) => "open",
            Verdict::Waiting { .. } => "waiting",
            Verdict::Closed(_) => "closed",
        }
    }
}

/// Whether a gate can be overridden at all: a release whose content is in doubt never passes.
#[must_use]
pub fn can_override(gate: &str) -> bool {
    gate != "release"
}

fn waiting(why: Why) -> Verdict {
    Verdict::Waiting { why, opens_at: None }
}

/// `checks`: no finding of severity error on the environment or on the whole repository.
pub(crate) fn checks(snapshot: &Snapshot, environment: &Environment) -> Verdict {
    let errors: Vec<_> = snapshot
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .filter(|f| f.environment.as_ref().is_none_or(|e| *e == environment.name))
        .collect();
    match errors.first() {
        Some(first) => Verdict::Closed(Why::Findings { count: errors.len(), rule: first.rule }),
        None => Verdict::Open("no finding of severity error".to_owned()),
    }
}

/// `release`: the release is there, and is what the ledger recorded.
pub(crate) fn release(snapshot: &Snapshot, release: &Release, unknown_allowed: bool) -> Verdict {
    let reach = snapshot.releases.get(&release.component).map(|r| &r.reach);
    let version = release.version.clone();
    if release.seen.differs {
        return Verdict::Closed(Why::DigestDiffers { version });
    }
    match (reach, release.seen.source, release.seen.ledger) {
        (_, true, true) => Verdict::Open("in the registry as the ledger recorded it".to_owned()),
        (_, true, false) => {
            Verdict::Open("in the registry; the ledger does not know it".to_owned())
        }
        (Some(Reach::Reached), false, true) => Verdict::Closed(Why::NotInRegistry { version }),
        (Some(Reach::Unreachable { location, .. }), false, true) => {
            Verdict::Open(format!("recorded in the ledger; {location} could not be asked"))
        }
        (_, false, true) => {
            Verdict::Open("recorded in the ledger; the registry was not asked".to_owned())
        }
        (_, false, false) if unknown_allowed => {
            Verdict::Open("nobody knows this version; it was asked for all the same".to_owned())
        }
        (_, false, false) => Verdict::Closed(Why::UnknownVersion { version }),
    }
}

/// A gate that the path states.
pub(crate) fn stated(
    gate: &Gate,
    environment: &Environment,
    snapshot: &Snapshot,
    author: Option<&str>,
    hash: &PlanHash,
) -> Verdict {
    match gate {
        Gate::Approval { count, by } => {
            let (own, of_others): (Vec<&str>, Vec<&str>) = snapshot
                .history
                .approvers(hash)
                .into_iter()
                .partition(|who| author.is_some_and(|a| email(a) == email(who)));
            let (approvers, unnamed): (Vec<&str>, Vec<&str>) =
                of_others.into_iter().partition(|who| by.is_empty() || by.contains(email(who)));
            if approvers.len() >= *count as usize {
                return Verdict::Open(match approvers.as_slice() {
                    [] => "no approval is needed".to_owned(),
                    all => format!("approved by {}", all.join(", ")),
                });
            }
            waiting(Why::Approvals {
                have: approvers.len(),
                need: *count,
                plan: hash.clone(),
                by_author: own.first().map(|who| (*who).to_owned()),
                by_others: unnamed.into_iter().map(str::to_owned).collect(),
            })
        }
        Gate::Order { component, range } => {
            let mut has = None;
            let mut pins = 0;
            for pin in snapshot.pins_of(&environment.name, component) {
                pins += 1;
                has = snapshot.desired(component, &pin.tracking).version;
                if !has.as_ref().is_some_and(|v| range.matches(v)) {
                    return waiting(Why::Order {
                        component: component.clone(),
                        range: range.clone(),
                        has,
                    });
                }
            }
            match has {
                Some(version) if pins > 0 => {
                    Verdict::Open(format!("{component} {version} satisfies {range}"))
                }
                _ => waiting(Why::Order {
                    component: component.clone(),
                    range: range.clone(),
                    has: None,
                }),
            }
        }
        Gate::Verified { from } => {
            waiting(Why::VerificationNotObserved { environments: from.clone() })
        }
        Gate::Soak { duration } => waiting(Why::SoakNotObserved {
            duration: *duration,
            environments: environment.after.clone(),
        }),
    }
}

/// The address in `Name <email>`, or the whole text.
fn email(person: &str) -> &str {
    person.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(person)
}
