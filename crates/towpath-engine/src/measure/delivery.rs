//! How a component is delivered to an environment: the four numbers of DORA, out of the ledger.
//!
//! A change is a release that entered; the waves of one rollout are one change. A way back is no change: it is how a
//! failed one ended. Must not look at anything but records.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::record::{Event, History, Record};
use towpath_core::version::Version;

use super::between;

/// How far back is looked, in seconds: 30 days.
pub const SPAN: Duration = Duration::from_secs(30 * 86_400);

/// How a component was delivered to an environment in the last [`SPAN`].
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The environment.
    pub environment: EnvironmentName,
    /// The component.
    pub component: ComponentName,
    /// The median of how long releases took from being made to having entered; `None` where none did whose making the
    /// ledger has.
    pub lead_time: Option<Duration>,
    /// How many releases entered.
    pub changes: usize,
    /// How many of them failed, or were gone back from.
    pub failed: usize,
    /// The median of how long it took from a failure until another release was verified there, or had entered where
    /// nobody verifies; `None` where nothing failed that was made good.
    pub restored_in: Option<Duration>,
}

impl Delivery {
    /// The share of changes that failed; `None` where there were none.
    #[must_use]
    pub fn failure_rate(&self) -> Option<f64> {
        // Both are far below what a float holds exactly.
        (self.changes > 0).then(|| self.failed as f64 / self.changes as f64)
    }
}

/// A release that entered.
struct Change<'a> {
    version: &'a Version,
    /// When its last wave had it.
    entered: Timestamp,
    /// When it was known to have failed.
    failed: Option<Timestamp>,
}

/// The ledger, sorted once for all that is measured.
pub(super) struct Past<'a> {
    made: BTreeMap<(&'a ComponentName, &'a Version), Timestamp>,
    about: BTreeMap<(&'a EnvironmentName, &'a ComponentName), Vec<&'a Record>>,
}

impl<'a> Past<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut past = Self { made: BTreeMap::new(), about: BTreeMap::new() };
        for record in history.records() {
            let of = match &record.event {
                Event::Released { component, version, .. } => {
                    past.made.entry((component, version)).or_insert(record.at);
                    continue;
                }
                Event::Promoted(p) => (&p.environment, &p.component),
                Event::Verified(v) => (&v.release.environment, &v.release.component),
                Event::Failed(release, _) => (&release.environment, &release.component),
                _ => continue,
            };
            past.about.entry(of).or_default().push(record);
        }
        past
    }

    /// When a release was made.
    pub(super) fn made(&self, component: &ComponentName, version: &Version) -> Option<Timestamp> {
        self.made.get(&(component, version)).copied()
    }

    /// Measures how a component was delivered to an environment.
    pub(super) fn delivery(
        &self,
        environment: &EnvironmentName,
        component: &ComponentName,
        now: Timestamp,
    ) -> Delivery {
        let about = self.about.get(&(environment, component)).map_or(&[][..], Vec::as_slice);
        let mut changes = changes(about);
        changes.retain(|change| between(change.entered, now) <= SPAN);
        let lead = |change: &Change<'_>| {
            Some(between(self.made(component, change.version)?, change.entered))
        };
        let restored = |change: &Change<'_>| {
            let failed = change.failed?;
            Some(between(failed, good_again(about, change.version, failed)?))
        };
        Delivery {
            environment: environment.clone(),
            component: component.clone(),
            lead_time: median(changes.iter().filter_map(lead).collect()),
            changes: changes.len(),
            failed: changes.iter().filter(|change| change.failed.is_some()).count(),
            restored_in: median(changes.iter().filter_map(restored).collect()),
        }
    }
}

fn changes<'a>(about: &[&'a Record]) -> Vec<Change<'a>> {
    let mut out: Vec<Change<'a>> = Vec::new();
    let fails = |out: &mut Vec<Change<'a>>, version: &Version, at: Timestamp| {
        if let Some(change) = out.iter_mut().rfind(|change| change.version == version) {
            change.failed.get_or_insert(at);
        }
    };
    let mut on: Option<&Version> = None;
    for record in about {
        match &record.event {
            Event::Promoted(p) if p.goes_back() => {
                if let Some(from) = &p.replaced {
                    fails(&mut out, from, record.at);
                }
                on = Some(&p.version);
            }
            Event::Promoted(p) => {
                match out.last_mut().filter(|_| on == Some(&p.version)) {
                    Some(change) if change.version == &p.version => change.entered = record.at,
                    _ => out.push(Change { version: &p.version, entered: record.at, failed: None }),
                }
                on = Some(&p.version);
            }
            Event::Failed(release, _) => fails(&mut out, &release.version, record.at),
            _ => {}
        }
    }
    out
}

/// When another release than the one that failed was good.
fn good_again(about: &[&Record], failed: &Version, since: Timestamp) -> Option<Timestamp> {
    let mut after = about.iter().filter(|record| record.at >= since);
    let (at, version) = after.by_ref().find_map(|record| match &record.event {
        Event::Promoted(p) if p.version != *failed => Some((record.at, &p.version)),
        _ => None,
    })?;
    let verified = after.find_map(|record| match &record.event {
        Event::Verified(v) if v.release.version == *version => Some(record.at),
        _ => None,
    });
    Some(verified.unwrap_or(at))
}

/// The middle one; of two in the middle, the mean.
fn median(mut of: Vec<Duration>) -> Option<Duration> {
    of.sort_unstable();
    let upper = *of.get(of.len() / 2)?;
    Some(if of.len() % 2 == 1 { upper } else { (of[of.len() / 2 - 1] + upper) / 2 })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;
    use towpath_core::id::{BranchName, CommitId, Digest};
    use towpath_core::record::{OfRelease, PlanHash, Promotion, Signature, Verified};

    use super::*;

    const START: &str = "2026-01-05T09:00:00Z";

    fn at(hours: i64) -> Timestamp {
        START.parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(hours)
    }

    fn environment() -> EnvironmentName {
        EnvironmentName::parse("production").expect("a name")
    }

    fn component() -> ComponentName {
        ComponentName::parse("platform").expect("a name")
    }

    fn version(text: &str) -> Version {
        Version::parse(text).expect("a version")
    }

    fn of(text: &str) -> OfRelease {
        let version = version(text);
        OfRelease { environment: environment(), component: component(), version, digest: None }
    }

    fn released(text: &str) -> Event {
        Event::Released {
            component: component(),
            version: version(text),
            tag: text.to_owned(),
            digest: Digest::parse(&format!("sha256:{}", "a".repeat(64))).expect("a digest"),
            commit: CommitId::parse(&"b".repeat(40)).expect("a commit"),
            location: "a registry".to_owned(),
        }
    }

    fn moved(from: &str, to: &str) -> Event {
        let (from, to) = (version(from), version(to));
        Event::Promoted(Promotion {
            environment: environment(),
            component: component(),
            from: format!("exact {from}"),
            rollback: to < from,
            replaced: Some(from),
            version: to,
            digest: None,
            plan: PlanHash::parse(&"c".repeat(64)).expect("a hash"),
            commit: CommitId::parse(&"d".repeat(40)).expect("a commit"),
            branch: BranchName::parse("main").expect("a branch"),
            automatic: true,
            clusters: Vec::new(),
            skipped: Vec::new(),
            gates: Vec::new(),
        })
    }

    fn failed(text: &str) -> Event {
        Event::Failed(of(text), "a cluster".to_owned())
    }

    fn verified(text: &str) -> Event {
        Event::Verified(Verified { release: of(text), since: at(0), set: Vec::new() })
    }

    fn measured(events: Vec<(i64, Event)>, now: i64) -> (Option<u64>, usize, usize, Option<u64>) {
        let record = |(hours, event)| Record {
            at: at(hours),
            by: "Ada <ada@example.com>".to_owned(),
            event,
            signature: Signature::NotChecked,
        };
        let history = History::new(events.into_iter().map(record));
        let it = Past::of(&history).delivery(&environment(), &component(), at(now));
        let hours = |it: Duration| it.as_secs() / 3600;
        (it.lead_time.map(hours), it.changes, it.failed, it.restored_in.map(hours))
    }

    #[test]
    fn the_four_numbers_are_those_of_the_ledger() {
        // What happened, at which hour; the hour of now; lead time, changes, failed, hours to restore.
        let cases = [
            ("nothing", vec![], 0, (None, 0, 0, None)),
            (
                "one release",
                vec![(0, released("1.0.1")), (5, moved("1.0.0", "1.0.1"))],
                6,
                (Some(5), 1, 0, None),
            ),
            ("its making is not known", vec![(5, moved("1.0.0", "1.0.1"))], 6, (None, 1, 0, None)),
            (
                "two waves are one change, and it entered with the last",
                vec![
                    (0, released("1.0.1")),
                    (5, moved("1.0.0", "1.0.1")),
                    (9, moved("1.0.0", "1.0.1")),
                ],
                9,
                (Some(9), 1, 0, None),
            ),
            (
                "a way back, verified",
                vec![
                    (0, released("1.0.1")),
                    (2, moved("1.0.0", "1.0.1")),
                    (3, failed("1.0.1")),
                    (4, moved("1.0.1", "1.0.0")),
                    (6, verified("1.0.0")),
                ],
                6,
                (Some(2), 1, 1, Some(3)),
            ),
            (
                "a way back by a person who saw what nobody noted",
                vec![(2, moved("1.0.0", "1.0.1")), (4, moved("1.0.1", "1.0.0"))],
                6,
                (None, 1, 1, Some(0)),
            ),
            (
                "forward is a way out, too",
                vec![
                    (2, moved("1.0.0", "1.0.1")),
                    (3, failed("1.0.1")),
                    (8, moved("1.0.1", "1.0.2")),
                ],
                9,
                (None, 2, 1, Some(5)),
            ),
            (
                "tried again after a way back",
                vec![
                    (1, moved("1.0.0", "1.0.1")),
                    (2, moved("1.0.1", "1.0.0")),
                    (3, moved("1.0.0", "1.0.1")),
                ],
                9,
                (None, 2, 1, Some(0)),
            ),
            ("long ago", vec![(0, moved("1.0.0", "1.0.1"))], 30 * 24 + 1, (None, 0, 0, None)),
        ];
        for (what, events, now, expected) in cases {
            assert_eq!(measured(events, now), expected, "{what}");
        }
    }

    #[test]
    fn a_rate_of_nothing_is_not_known() {
        let history = History::default();
        let mut delivery = Past::of(&history).delivery(&environment(), &component(), at(0));
        assert_eq!(delivery.failure_rate(), None);
        (delivery.changes, delivery.failed) = (4, 1);
        assert_eq!(delivery.failure_rate(), Some(0.25));
    }

    proptest! {
        #[test]
        fn half_are_no_longer_and_half_no_shorter_than_the_median(
            of in proptest::collection::vec(0_u64..1000, 1..40),
        ) {
            let of: Vec<Duration> = of.into_iter().map(Duration::from_secs).collect();
            let middle = median(of.clone()).expect("there are some");
            prop_assert!(2 * of.iter().filter(|it| **it <= middle).count() >= of.len());
            prop_assert!(2 * of.iter().filter(|it| **it >= middle).count() >= of.len());
        }

        #[test]
        fn no_more_changes_fail_than_there_are(
            steps in proptest::collection::vec((0_u8..4, 0_u8..4), 0..30),
        ) {
            let mut on = 0;
            let mut events = Vec::new();
            for (hour, (what, to)) in (0_i64..).zip(steps) {
                let text = |patch: u8| format!("1.0.{patch}");
                let event = match what {
                    0 => failed(&text(to)),
                    1 => verified(&text(to)),
                    _ => {
                        let event = moved(&text(on), &text(to));
                        on = to;
                        event
                    }
                };
                events.push((hour, event));
            }
            let (_, changes, failed, _) = measured(events, 100);
            prop_assert!(failed <= changes);
        }
    }
}
