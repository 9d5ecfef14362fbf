//! What is written down while a world is played: moments, the way of each release, and what waits for what.
//!
//! Must not change the world. Next: `report`, which it becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::gate::{Inputs, Judged};
use towpath_core::id::{ComponentName, EnvironmentName, GateName};
use towpath_core::plan::{Outcome, Proposal};
use towpath_core::rollout::Batch;
use towpath_core::version::Version;
use towpath_core::why::Why;
use towpath_core::window::{Openness, Window, judge};

use super::island::Place;
use super::report::{Happening, Journey, Moment, Stay, Waited, WaitsFor};

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) moments: Vec<Moment>,
    pub(super) journeys: BTreeMap<(ComponentName, Version), Journey>,
    pub(super) assumptions: BTreeSet<String>,
    waiting: BTreeMap<Place, Stretch>,
}

/// A stretch of time in which a place waits for the same things, but for windows that shut within it.
#[derive(Debug)]
struct Stretch {
    since: Timestamp,
    version: Version,
    keys: BTreeSet<WaitsFor>,
    /// Whether these are about a release that nothing keeps out: then a window that shuts is all it waits for.
    is_ready: bool,
    /// Windows that were open when it began, which may shut within it.
    windows: Vec<(GateName, Vec<Window>)>,
}

impl Stretch {
    /// What is waited for from a moment on, and until when it stays at that: to the end at most.
    fn from(&self, at: Timestamp, end: Timestamp) -> (BTreeSet<WaitsFor>, Timestamp) {
        let mut shut = BTreeSet::new();
        let mut until = end;
        for (gate, windows) in &self.windows {
            let change = match judge(windows, at) {
                Openness::Open { until } => until,
                Openness::Shut { opens_at, .. } => {
                    shut.insert(WaitsFor::Gate(gate.clone()));
                    opens_at
                }
            };
            until = change.filter(|change| *change > at).map_or(until, |it| it.min(until));
        }
        if shut.is_empty() || !self.is_ready {
            shut.extend(self.keys.iter().cloned());
        }
        (shut, until)
    }
}

impl Book {
    /// Writes down a moment of a place.
    pub(super) fn note(
        &mut self,
        at: Timestamp,
        place: &Place,
        version: Option<&Version>,
        what: Happening,
    ) {
        self.moments.push(Moment {
            at,
            environment: Some(place.0.clone()),
            component: Some(place.1.clone()),
            version: version.cloned(),
            what,
        });
    }

    /// A release appears, on its way to these environments.
    pub(super) fn begin(
        &mut self,
        at: Timestamp,
        component: &ComponentName,
        version: &Version,
        environments: impl Iterator<Item = EnvironmentName>,
    ) {
        let stay = |environment| Stay {
            environment,
            entered: None,
            arrived: None,
            failed: None,
            skipped: false,
            waited: Vec::new(),
        };
        let journey = Journey {
            component: component.clone(),
            version: version.clone(),
            released: at,
            stays: environments.map(stay).collect(),
        };
        self.journeys.insert((component.clone(), version.clone()), journey);
    }

    /// How a release fares in a place; `None` where it was there before the scenario began.
    pub(super) fn stay(&mut self, place: &Place, version: &Version) -> Option<&mut Stay> {
        let journey = self.journeys.get_mut(&(place.1.clone(), version.clone()))?;
        journey.stays.iter_mut().find(|s| s.environment == place.0)
    }

    /// What a place waits for from now on, as its new proposal has it.
    pub(super) fn waits(&mut self, now: Timestamp, place: &Place, proposal: &Proposal) {
        self.close(now, place);
        if let Some(stretch) = stretch(now, proposal) {
            self.waiting.insert(place.clone(), stretch);
        }
    }

    /// Ends every stretch.
    pub(super) fn close_all(&mut self, now: Timestamp) {
        let places: Vec<Place> = self.waiting.keys().cloned().collect();
        places.iter().for_each(|place| self.close(now, place));
    }

    fn close(&mut self, now: Timestamp, place: &Place) {
        let Some(stretch) = self.waiting.remove(place) else { return };
        let Some(stay) = self.stay(place, &stretch.version) else { return };
        // What becomes of it once it has arrived is no way in.
        let until = stay.arrived.map_or(now, |arrived| arrived.min(now));
        let mut at = stretch.since;
        while at < until {
            let (keys, next) = stretch.from(at, until);
            let time = next.duration_since(at).unsigned_abs();
            let alone = if keys.len() == 1 { time } else { Duration::ZERO };
            for what in keys {
                match stay.waited.iter_mut().find(|w| w.what == what) {
                    Some(known) => {
                        known.time += time;
                        known.alone += alone;
                    }
                    None => stay.waited.push(Waited { what, time, alone }),
                }
            }
            at = next;
        }
    }

    /// Says which releases were passed over: a newer one arrived where they did not.
    pub(super) fn settle(&mut self) {
        let mut newest: BTreeMap<(ComponentName, EnvironmentName), Version> = BTreeMap::new();
        for journey in self.journeys.values_mut().rev() {
            for stay in &mut journey.stays {
                let place = (journey.component.clone(), stay.environment.clone());
                let newer = newest.get(&place).is_some_and(|n| *n > journey.version);
                stay.skipped = stay.arrived.is_none() && newer;
                if stay.arrived.is_some() && !newer {
                    newest.insert(place, journey.version.clone());
                }
            }
        }
    }
}

/// What a proposal waits for; `None` where nothing is on its way in.
fn stretch(now: Timestamp, proposal: &Proposal) -> Option<Stretch> {
    let version = proposal.candidate.as_ref()?.version.clone();
    let mut keys = BTreeSet::new();
    match proposal.outcome {
        Outcome::UpToDate | Outcome::Follows | Outcome::Refused => return None,
        Outcome::Ready => keys.extend(proposal.holds.iter().map(|why| match why {
            Why::NotAutomatic => WaitsFor::Person,
            _ => WaitsFor::Decision,
        })),
        Outcome::Waiting => {
            let shut = proposal.gates.iter().filter(|g| !g.passes());
            keys.extend(shut.map(|g| WaitsFor::Gate(g.gate.clone())));
            let next = proposal.rollout.as_ref().map(|r| &r.next);
            if !matches!(next, Some(Batch::Move { .. } | Batch::Done) | None) {
                keys.insert(WaitsFor::Rollout);
            }
        }
    }
    let open_window = |judged: &Judged| match &judged.inputs {
        Inputs::Window { windows, .. } if judged.passes() => {
            Some((judged.gate.clone(), windows.clone()))
        }
        _ => None,
    };
    let windows = proposal.gates.iter().filter_map(open_window).collect();
    let is_ready = proposal.outcome == Outcome::Ready;
    (!keys.is_empty()).then_some(Stretch { since: now, version, keys, is_ready, windows })
}
