//! What to tell whom: changes of state only, and each of them once.
//!
//! What the ledger records is told when the record is new; that a release waits, when it begins to or when its reasons
//! are others. [`Told`] remembers what was told; a process that begins takes the ledger as told up to then, and what
//! waits at its first look as known, so starting again repeats nothing. Pure: whoever calls hands in the time and
//! delivers. Must not decide what moves, and must not fail: a notification stops nothing. Next: `words` and `mail`, for
//! what is said; `towpath_adapters::notify`, which delivers.

use std::collections::BTreeMap;
use std::mem::Discriminant;

use jiff::{SignedDuration, Timestamp};
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::notification::{Notification, NotificationName, Occasion};
use towpath_core::path::Path;
use towpath_core::plan::{Outcome, Plan, Proposal};
use towpath_core::record::{Event, History, Record};
use towpath_core::version::Version;
use towpath_core::why::Why;

pub use self::words::Letter;

mod mail;
#[cfg(test)]
mod tests;
mod words;

/// The most that is kept for one digest; what comes after is only counted.
pub const MOST_HELD: usize = 200;

/// Something that happened, or began to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub occasion: Occasion,
    /// Where; `None`: everywhere.
    pub environment: Option<EnvironmentName>,
    /// Whose release.
    pub component: Option<ComponentName>,
    /// Which release.
    pub version: Option<Version>,
    /// Who did it, where somebody did.
    pub by: Option<String>,
    /// How that stands now, in a word or two: `failed`, `waits`.
    pub state: &'static str,
    /// It in one line, in the words of [`Why`] and of the ledger.
    pub text: String,
}

/// What waits: which release, and for what kinds of reasons. The words of a reason change with the time; its kind does
/// not.
type Waits = (Version, Vec<Discriminant<Why>>);

/// What has been told, and what is held back for a digest.
#[derive(Debug, Clone)]
pub struct Told {
    /// Records from before are told already.
    since: Timestamp,
    /// How many records have been looked at.
    records: usize,
    /// What waits; `None`: nobody has looked yet.
    waiting: Option<BTreeMap<(EnvironmentName, ComponentName), Waits>>,
    held: BTreeMap<NotificationName, Held>,
}

#[derive(Debug, Clone)]
struct Held {
    due: Timestamp,
    notification: Notification,
    happenings: Vec<Happening>,
    more: usize,
}

impl Told {
    /// A process begins: what was recorded before this time has been told.
    #[must_use]
    pub fn since(since: Timestamp) -> Self {
        Self { since, records: 0, waiting: None, held: BTreeMap::new() }
    }

    /// What a turn gives to tell: to each notification at most one letter.
    pub fn turn(
        &mut self,
        notifications: &[Notification],
        path: &Path,
        history: &History,
        plan: &Plan,
        now: Timestamp,
    ) -> Vec<Letter> {
        let mut news = self.recorded(history);
        news.extend(self.begins_to_wait(plan, now));
        // A digest of a notification that is stated no more is told as it was meant then.
        for notification in notifications {
            let wanted: Vec<_> =
                news.iter().filter(|it| wants(notification, path, it)).cloned().collect();
            if wanted.is_empty() {
                continue;
            }
            let wait = notification.digest.and_then(|it| SignedDuration::try_from(it).ok());
            let due = wait.and_then(|it| now.checked_add(it).ok()).unwrap_or(now);
            let held = self.held.entry(notification.name.clone()).or_insert_with(|| Held {
                due,
                notification: notification.clone(),
                happenings: Vec::new(),
                more: 0,
            });
            held.notification = notification.clone();
            held.due = held.due.min(due);
            let place = MOST_HELD.saturating_sub(held.happenings.len()).min(wanted.len());
            held.more += wanted.len() - place;
            held.happenings.extend(wanted.into_iter().take(place));
        }
        self.due(now)
    }

    /// What is due by now, also where no turn could be taken.
    pub fn due(&mut self, now: Timestamp) -> Vec<Letter> {
        let (due, held) =
            std::mem::take(&mut self.held).into_iter().partition(|(_, h)| h.due <= now);
        self.held = held;
        let due: BTreeMap<NotificationName, Held> = due;
        due.into_values().map(Held::letter).collect()
    }

    /// All that is held back, due or not: the process ends.
    pub fn rest(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.held).into_values().map(Held::letter).collect()
    }

    /// When the next digest is due.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.held.values().map(|held| held.due).min()
    }

    fn recorded(&mut self, history: &History) -> Vec<Happening> {
        let records = history.records();
        let before = std::mem::replace(&mut self.records, records.len());
        // A ledger that became shorter is another one: what it says is no news.
        let new = records.skip(if self.records < before { usize::MAX } else { before });
        new.filter(|record| record.at >= self.since).filter_map(happened).collect()
    }

    fn begins_to_wait(&mut self, plan: &Plan, now: Timestamp) -> Vec<Happening> {
        let mut waiting = BTreeMap::new();
        let mut news = Vec::new();
        for proposal in &plan.proposals {
            let Some((version, reasons)) = waits(proposal) else { continue };
            let of = (proposal.environment.clone(), proposal.component.clone());
            let waits =
                (version.clone(), reasons.iter().map(|&w| std::mem::discriminant(w)).collect());
            let known = self.waiting.as_ref().is_none_or(|known| known.get(&of) == Some(&waits));
            if !known {
                let why: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                news.push(Happening {
                    at: now,
                    occasion: Occasion::Waiting,
                    environment: Some(proposal.environment.clone()),
                    component: Some(proposal.component.clone()),
                    version: Some(version.clone()),
                    by: None,
                    state: "waits",
                    text: format!(
                        "{} {version} waits before {}: {}",
                        proposal.component,
                        proposal.environment,
                        why.join("; ")
                    ),
                });
            }
            waiting.insert(of, waits);
        }
        self.waiting = Some(waiting);
        news
    }
}

impl Held {
    fn letter(self) -> Letter {
        let Self { notification, happenings, more, .. } = self;
        Letter { to: notification.name, channel: notification.channel, happenings, more }
    }
}

/// Whether a notification is about this.
fn wants(notification: &Notification, path: &Path, happening: &Happening) -> bool {
    let Some(name) = &happening.environment else {
        return notification.on.contains(&happening.occasion);
    };
    let told_of = match &notification.environments {
        Some(named) => named.contains(name),
        None => path.environments().iter().find(|e| e.name == *name).is_none_or(|e| !e.sandbox),
    };
    told_of && notification.on.contains(&happening.occasion)
}

/// The release that waits, and why. One that is on its way waits for nobody.
fn waits(proposal: &Proposal) -> Option<(&Version, Vec<&Why>)> {
    let candidate = proposal.candidate.as_ref()?;
    let reasons: Vec<&Why> = match proposal.outcome {
        Outcome::Waiting => proposal.waiting.iter().chain(&proposal.holds).collect(),
        Outcome::Ready if !proposal.holds.is_empty() => proposal.holds.iter().collect(),
        Outcome::Ready | Outcome::UpToDate | Outcome::Follows | Outcome::Refused => return None,
    };
    let on_its_way = |why: &&Why| matches!(why, Why::RollingOut { .. } | Why::Settling { .. });
    if reasons.is_empty() || reasons.iter().any(on_its_way) {
        return None;
    }
    Some((&candidate.version, reasons))
}

/// What a record tells, if it is of a kind that anybody is told of.
fn happened(record: &Record) -> Option<Happening> {
    let of = |release: &towpath_core::record::OfRelease| {
        let environment = Some(release.environment.clone());
        (environment, Some(release.component.clone()), Some(release.version.clone()))
    };
    let (occasion, state, (environment, component, version)) = match &record.event {
        Event::Promoted(p) => {
            let (occasion, state) = match p.goes_back() {
                true => (Occasion::RolledBack, "is back"),
                false => (Occasion::Promoted, "promoted"),
            };
            let (environment, component) = (p.environment.clone(), p.component.clone());
            (occasion, state, (Some(environment), Some(component), Some(p.version.clone())))
        }
        Event::Failed(release, _) => (Occasion::Failed, "failed", of(release)),
        Event::Aborted(release, _) => (Occasion::Failed, "given up", of(release)),
        Event::Verified(verified) => (Occasion::Verified, "verified", of(&verified.release)),
        Event::Frozen { environment, .. } => {
            (Occasion::Frozen, "frozen", (environment.clone(), None, None))
        }
        Event::Thawed { environment, .. } => {
            (Occasion::Frozen, "thawed", (environment.clone(), None, None))
        }
        _ => return None,
    };
    Some(Happening {
        at: record.at,
        occasion,
        environment,
        component,
        version,
        by: Some(record.by.clone()),
        state,
        text: words::recorded(&record.event),
    })
}
