//! Gates: each a pure function of the path, the snapshot and the plan it stands before.
//!
//! Unknown input is waiting, never open. All gates are judged, not just the first that fails
//! (`docs/architecture.md`, gates). An override is counted after judging, so that both are shown.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::candidate::version_at;
use crate::finding::Severity;
use crate::id::{ComponentName, EnvironmentName};
use crate::path::{Environment, Gate};
use crate::record::PlanHash;
use crate::release::{Reach, Release};
use crate::snapshot::Snapshot;
use crate::version::Range;
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

/// Whether a gate can be overridden at all. A release whose content is in doubt never passes, nor does a
/// finding of severity error (`docs/architecture.md`, gates).
#[must_use]
pub fn can_override(gate: &str) -> bool {
    !matches!(gate, "release" | "checks")
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
        .filter(|f| f.environments.is_empty() || f.environments.contains(&environment.name))
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

/// What a stated gate stands before.
pub(crate) struct Context<'a> {
    /// The world.
    pub(crate) snapshot: &'a Snapshot,
    /// Where it would enter.
    pub(crate) environment: &'a Environment,
    /// The environments before that one which have the component.
    pub(crate) before: Vec<EnvironmentName>,
    /// What would enter.
    pub(crate) release: &'a Release,
    /// Who made it.
    pub(crate) authors: Vec<&'a str>,
    /// The plan.
    pub(crate) hash: &'a PlanHash,
}

/// A gate that the path states.
pub(crate) fn stated(gate: &Gate, context: &Context<'_>) -> Verdict {
    match gate {
        Gate::Approval { count, by } => approval(*count, by, context),
        Gate::Order { component, .. } if *component == context.release.component => {
            Verdict::Open(format!("{component} does not wait for itself"))
        }
        Gate::Order { component, range } => order(component, range, context),
        Gate::Verified { from } => {
            waiting(Why::VerificationNotObserved { environments: from.clone() })
        }
        Gate::Soak { duration } => waiting(Why::SoakNotObserved {
            duration: *duration,
            environments: context.before.clone(),
        }),
    }
}

/// A person counts once, whatever name stands before the address.
fn approval(count: u32, by: &BTreeSet<String>, context: &Context<'_>) -> Verdict {
    let mut approvers: Vec<&str> = Vec::new();
    let (mut by_author, mut by_others) = (None, Vec::new());
    for who in context.snapshot.history.approvers(context.hash) {
        if context.authors.iter().any(|author| same(author, who)) {
            by_author.get_or_insert_with(|| who.to_owned());
        } else if !by.is_empty() && !by.iter().any(|allowed| same(allowed, who)) {
            by_others.push(who.to_owned());
        } else if !approvers.iter().any(|other| same(other, who)) {
            approvers.push(who);
        }
    }
    if approvers.len() < count as usize {
        let (have, plan) = (approvers.len(), context.hash.clone());
        return waiting(Why::Approvals { have, need: count, plan, by_author, by_others });
    }
    Verdict::Open(match approvers.as_slice() {
        [] => "no approval is needed".to_owned(),
        all => format!("approved by {}", all.join(", ")),
    })
}

/// Every pin of the other component must satisfy the range, and there must be one.
fn order(component: &ComponentName, range: &Range, context: &Context<'_>) -> Verdict {
    let mut satisfied = None;
    for pin in context.snapshot.pins_of(&context.environment.name, component) {
        match version_at(context.snapshot, pin) {
            Some(version) if range.matches(&version) => satisfied = Some(version),
            has => {
                let (component, range) = (component.clone(), range.clone());
                return waiting(Why::Order { component, range, has });
            }
        }
    }
    match satisfied {
        Some(version) => Verdict::Open(format!("{component} {version} satisfies {range}")),
        None => {
            waiting(Why::Order { component: component.clone(), range: range.clone(), has: None })
        }
    }
}

/// Whether two people, as Git names them, are one: by address, in which case does not count.
fn same(one: &str, other: &str) -> bool {
    email(one).eq_ignore_ascii_case(email(other))
}

/// The address in `Name <email>`, or the whole text.
fn email(person: &str) -> &str {
    person.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(person).trim()
}
