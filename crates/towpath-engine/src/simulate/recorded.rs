//! A scenario made of a ledger: what happened, so that another policy can be asked what it would have done with it.
//!
//! Releases appear when they were recorded, fail where and as long after they came as they did, and people answer when
//! they did. What no record tells is taken for granted and said. Must not play it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::id::{BranchName, ComponentName, Digest, EnvironmentName};
use towpath_core::path::Path;
use towpath_core::pin::{Blank, Fill, Pin, Splice};
use towpath_core::record::{Event, OfRelease, Promotion, Record};
use towpath_core::scenario::{
    Arrivals, Between, Bump, Delivery, Failing, Freeze, Known, People, Scenario, Share, Tests, When,
};
use towpath_core::snapshot::Snapshot;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::{Range, Version};

use super::island::Place;

/// How long a cluster is taken to deliver where no record tells.
const DELIVERY: Duration = Duration::from_secs(300);
/// How long after being asked somebody is taken to answer where no record tells.
const ANSWER: Duration = Duration::from_secs(7200);

/// What a ledger tells of a stretch of time.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What happened.
    pub scenario: Scenario,
    /// The world as it was at the beginning, as far as the ledger tells.
    pub snapshot: Snapshot,
    /// What was taken for granted, a sentence each.
    pub assumptions: Vec<String>,
}

/// What the ledger of a snapshot tells, from one time to another.
#[must_use]
pub fn recorded(path: &Path, snapshot: &Snapshot, since: Timestamp, until: Timestamp) -> Recorded {
    let history = snapshot.history.clone();
    let all: Vec<&Record> = history.records().collect();
    let within: Vec<&Record> =
        all.iter().filter(|r| since < r.at && r.at <= until).copied().collect();
    let mut assumptions: BTreeSet<String> = BTreeSet::new();
    let mut snapshot = snapshot.clone();
    let deliveries = deliveries(path, &within, &mut assumptions);
    let failures = failures(&within, &deliveries);
    set_back(&mut snapshot, &within, &mut assumptions);
    let releases = releases(&mut snapshot, (&all, since, until), &failures, &mut assumptions);
    let (approvals, promotions) = answers(&within);
    assumptions.insert(
        "where nobody is recorded to have approved or promoted, somebody does two hours after being asked"
            .to_owned(),
    );
    if !failures.is_empty() {
        assumptions.insert(
            "a release that failed, was given up or gone back from fails there again after the same time, and \
             nowhere else"
                .to_owned(),
        );
    }
    let people = |known| People { by: Vec::new(), hours: Vec::new(), after: ANSWER, known };
    let scenario = Scenario {
        start: since,
        end: until,
        seed: 0,
        releases,
        failures: Vec::new(),
        deliveries: std::iter::once((None, DELIVERY))
            .chain(deliveries.into_iter().map(|(name, takes)| (Some(name), takes)))
            .map(|(name, takes)| Delivery {
                environments: name.into_iter().collect(),
                takes: Between::exactly(takes),
            })
            .collect(),
        troubles: Vec::new(),
        alerts: Vec::new(),
        approvals: people(approvals),
        promotions: Some(people(promotions)),
        tests: Tests {
            takes: Between::exactly(Duration::from_secs(600)),
            fail: Share::NONE,
            known_to_fail: failed_tests(&within),
        },
        freezes: freezes(&all, since, until),
    };
    Recorded { scenario, snapshot, assumptions: assumptions.into_iter().collect() }
}

fn promotions<'a>(
    records: &'a [&'a Record],
) -> impl DoubleEndedIterator<Item = (Timestamp, &'a Promotion)> {
    records.iter().filter_map(|record| match &record.event {
        Event::Promoted(promotion) => Some((record.at, promotion)),
        _ => None,
    })
}

fn place(promotion: &Promotion) -> Place {
    (promotion.environment.clone(), promotion.component.clone())
}

/// How long clusters of each environment took, from the last commit until all were healthy: the median.
fn deliveries(
    path: &Path,
    records: &[&Record],
    assumptions: &mut BTreeSet<String>,
) -> BTreeMap<EnvironmentName, Duration> {
    let mut took: BTreeMap<EnvironmentName, Vec<Duration>> = BTreeMap::new();
    for record in records {
        let Event::Verified(verified) = &record.event else { continue };
        let of = &verified.release;
        let moved = promotions(records).rev().find(|(at, p)| {
            *at <= verified.since
                && p.environment == of.environment
                && p.component == of.component
                && p.version == of.version
        });
        if let Some((at, _)) = moved {
            let long = verified.since.duration_since(at).unsigned_abs();
            took.entry(of.environment.clone()).or_default().push(long);
        }
    }
    let unknown: Vec<&str> = path
        .environments()
        .iter()
        .map(|e| &e.name)
        .filter(|name| !took.contains_key(*name))
        .map(EnvironmentName::as_str)
        .collect();
    if !unknown.is_empty() {
        assumptions.insert(format!(
            "clusters deliver within five minutes where no record tells how long they took: {}",
            unknown.join(", ")
        ));
    }
    took.into_iter()
        .filter_map(|(name, mut all)| {
            all.sort();
            Some((name, *all.get(all.len() / 2)?))
        })
        .collect()
}

/// The releases that failed, by component and version, each once in an environment.
fn failures(
    records: &[&Record],
    deliveries: &BTreeMap<EnvironmentName, Duration>,
) -> BTreeMap<(ComponentName, Version), Vec<Failing>> {
    let mut known: BTreeSet<(Place, Version)> = BTreeSet::new();
    let mut out: BTreeMap<(ComponentName, Version), Vec<Failing>> = BTreeMap::new();
    for (i, record) in records.iter().enumerate() {
        let (place, version) = match &record.event {
            Event::Failed(of, _) | Event::Aborted(of, _) => {
                ((of.environment.clone(), of.component.clone()), of.version.clone())
            }
            Event::Promoted(p) if p.goes_back() => match &p.replaced {
                Some(replaced) => (place(p), replaced.clone()),
                None => continue,
            },
            _ => continue,
        };
        if !known.insert((place.clone(), version.clone())) {
            continue;
        }
        let came = promotions(&records[..i]).rev().find(|(_, p)| {
            p.environment == place.0 && p.component == place.1 && p.version == version
        });
        let Some((came, _)) = came else { continue };
        let delivery = deliveries.get(&place.0).copied().unwrap_or(DELIVERY);
        let after = record.at.duration_since(came).unsigned_abs().saturating_sub(delivery);
        out.entry((place.1, version)).or_default().push(Failing {
            environments: vec![place.0],
            clusters: Vec::new(),
            after: Between::exactly(after),
            lasts: None,
        });
    }
    out
}

/// Sets the pins back to what they were before the first promotion.
fn set_back(snapshot: &mut Snapshot, records: &[&Record], assumptions: &mut BTreeSet<String>) {
    let mut before: BTreeMap<Place, Option<Tracking>> = BTreeMap::new();
    for (_, promotion) in promotions(records) {
        before.entry(place(promotion)).or_insert_with(|| tracking(&promotion.from));
    }
    let mut pins: Vec<Pin> = snapshot.pins.iter().cloned().collect();
    for pin in &mut pins {
        let place = (pin.environment.clone(), pin.component.clone());
        match before.get(&place) {
            Some(Some(tracking)) if pin.tracking != *tracking => {
                set(pin, tracking);
            }
            Some(None) => {
                let (environment, component) = &place;
                assumptions.insert(format!(
                    "{component} was in {environment} what it is now, for no record tells what it was"
                ));
            }
            _ => {}
        }
    }
    snapshot.pins = pins.into();
}

/// Writes another tracking into a pin, with one value to replace.
fn set(pin: &mut Pin, tracking: &Tracking) {
    if let Ok(splices) = &mut pin.splices
        && let Some(first) = splices.first()
    {
        let old = tracking.to_string();
        let new = Fill { before: "tag: ".to_owned(), blank: Blank::Tag, after: String::new() };
        let range = first.range.start..first.range.start + old.len();
        *splices = vec![Splice { range, line: first.line, old, new }];
    }
    pin.tracking = tracking.clone();
}

/// Reads what [`Tracking`] is written as.
fn tracking(text: &str) -> Option<Tracking> {
    let (policy, value) = text.split_once(' ')?;
    Some(match policy {
        "branch" => Tracking::Branch(BranchName::parse(value).ok()?),
        "semver" => Tracking::Semver(Range::parse(value).ok()?),
        "exact" => Tracking::Exact(match value.split_once('@') {
            Some((tag, digest)) => Exact { digest: Digest::parse(digest).ok(), ..Exact::tag(tag) },
            None => Exact::tag(value),
        }),
        _ => return None,
    })
}

/// The releases that appeared; those are taken out of what is known at the beginning.
fn releases(
    snapshot: &mut Snapshot,
    (records, since, until): (&[&Record], Timestamp, Timestamp),
    failures: &BTreeMap<(ComponentName, Version), Vec<Failing>>,
    assumptions: &mut BTreeSet<String>,
) -> Vec<Arrivals> {
    let mut appeared: BTreeMap<(ComponentName, Version), (Timestamp, String)> = BTreeMap::new();
    let mut seen: BTreeMap<(ComponentName, Version), Timestamp> = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::Released { component, version, .. } => {
                let key = (component.clone(), version.clone());
                appeared.entry(key).or_insert((record.at, record.by.clone()));
            }
            Event::Promoted(p) => {
                let key = (p.component.clone(), p.version.clone());
                seen.entry(key).or_insert(record.at);
            }
            _ => {}
        }
    }
    let mut unrecorded = 0;
    for (key, at) in &seen {
        if !appeared.contains_key(key) && *at > since {
            unrecorded += 1;
            let by = "somebody <unknown@example.com>".to_owned();
            appeared.insert(key.clone(), (*at, by));
        }
    }
    if unrecorded > 0 {
        assumptions.insert(format!(
            "{unrecorded} releases that no record tells the time of appeared when they were first promoted"
        ));
    }
    let mut left_out = 0;
    let had = highest_had(snapshot);
    for (component, known) in &mut snapshot.releases {
        known.list.retain(|release| {
            match appeared.get(&(component.clone(), release.version.clone())) {
                Some((at, _)) => *at <= since,
                None => {
                    let keeps = had.get(component).is_some_and(|had| release.version <= *had);
                    left_out += usize::from(!keeps);
                    keeps
                }
            }
        });
    }
    if left_out > 0 {
        assumptions.insert(format!(
            "{left_out} releases are left out, for no record tells when they appeared"
        ));
    }
    let within = appeared.into_iter().filter(|(_, (at, _))| since < *at && *at <= until);
    within
        .map(|((component, version), (at, by))| Arrivals {
            fails: failures.get(&(component.clone(), version.clone())).cloned().unwrap_or_default(),
            components: vec![component],
            when: When::At(at),
            version: Some(version),
            bump: Bump::Patch,
            by,
        })
        .collect()
}

/// The highest version of each component that an exact pin names.
fn highest_had(snapshot: &Snapshot) -> BTreeMap<ComponentName, Version> {
    let mut out: BTreeMap<ComponentName, Version> = BTreeMap::new();
    for pin in snapshot.pins.iter() {
        let Tracking::Exact(Exact { version: Some(version), .. }) = &pin.tracking else { continue };
        match out.get(&pin.component) {
            Some(known) if known >= version => {}
            _ => drop(out.insert(pin.component.clone(), version.clone())),
        }
    }
    out
}

/// Who approved and who promoted what, and when; each plan once.
fn answers(records: &[&Record]) -> (Vec<Known>, Vec<Known>) {
    let (mut approvals, mut promotions) = (Vec::new(), Vec::new());
    let mut begun = BTreeSet::new();
    for record in records {
        match &record.event {
            Event::Approved { environment, component, version, .. } => approvals.push(Known {
                environment: environment.clone(),
                component: component.clone(),
                version: version.clone(),
                at: record.at,
                by: record.by.clone(),
            }),
            Event::Promoted(p) if !p.automatic && !p.goes_back() && begun.insert(&p.plan) => {
                promotions.push(Known {
                    environment: p.environment.clone(),
                    component: p.component.clone(),
                    version: p.version.clone(),
                    at: record.at,
                    by: record.by.clone(),
                });
            }
            _ => {}
        }
    }
    (approvals, promotions)
}

/// The tests whose last word was that they failed.
fn failed_tests(
    records: &[&Record],
) -> Vec<(EnvironmentName, ComponentName, Version, towpath_core::id::TestName)> {
    let mut last = BTreeMap::new();
    for record in records {
        let Event::Tested(tested) = &record.event else { continue };
        let OfRelease { environment, component, version, .. } = &tested.release;
        let key = (environment.clone(), component.clone(), version.clone(), tested.test.clone());
        last.insert(key, tested.passed);
    }
    last.into_iter().filter(|(_, passed)| !passed).map(|(key, _)| key).collect()
}

/// The emergency stops within a time.
fn freezes(records: &[&Record], since: Timestamp, until: Timestamp) -> Vec<Freeze> {
    let mut out: Vec<Freeze> = Vec::new();
    for record in records {
        match &record.event {
            Event::Frozen { environment, reason } => out.push(Freeze {
                environment: environment.clone(),
                from: record.at,
                until: None,
                by: record.by.clone(),
                reason: reason.clone(),
            }),
            Event::Thawed { environment, .. } => {
                let open = |f: &&mut Freeze| f.environment == *environment && f.until.is_none();
                out.iter_mut().filter(open).for_each(|f| f.until = Some(record.at));
            }
            _ => {}
        }
    }
    // One that holds at the beginning is in the ledger already; its end is not.
    out.retain(|f| f.from <= until && f.until.is_none_or(|end| end > since));
    out
}
