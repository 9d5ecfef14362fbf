//! What happens at a moment: releases, deliveries, failures, people, stops; and what follows from each in the world.
//!
//! Must not plan. Next: `play`, which looks at the world afterwards.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_core::gate::Condition;
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, TestName};
use towpath_core::record::{Event as Noted, OfRelease, PlanHash, Tested};
use towpath_core::running::Health;
use towpath_core::scenario::{Ill, Scenario};
use towpath_core::version::Version;

use super::island::Place;
use super::orders::Orders;
use super::play::{LOOP, Play};
use super::report::{Happening, Moment};
use super::world::Wanted;
use super::{fate, later};

/// Something that happens.
#[derive(Debug)]
pub(super) enum Event {
    /// A release appears, of these arrivals of the scenario.
    Release { arrivals: usize, component: ComponentName },
    /// Clusters come to run what they were told.
    Deliver { place: Place, clusters: Vec<Wanted> },
    /// A flaw of a release shows.
    Fail { place: Place, version: Version, clusters: Vec<ClusterName>, flaw: usize },
    /// It goes away.
    Recover { place: Place, version: Version, clusters: Vec<ClusterName> },
    /// A test ends.
    Test { place: Place, version: Version, test: TestName },
    /// An outside status is reported.
    Report { component: ComponentName, version: Version, name: String },
    /// Somebody approves a plan.
    Approve { place: Place, version: Version, plan: PlanHash, by: String },
    /// Somebody promotes.
    Promote { place: Place, plan: PlanHash, by: String },
    /// Something befalls clusters, or ends.
    Trouble { index: usize, begins: bool },
    /// An emergency stop begins or ends.
    Freeze { index: usize, begins: bool },
    /// Alerts begin or end.
    Alerts,
    /// A gate may open, or a time is over.
    Look(EnvironmentName),
}

impl Play<'_> {
    /// Puts everything in the queue that the scenario knows beforehand.
    pub(super) fn prepare(&mut self) {
        let scenario = self.scenario;
        let members: Vec<ComponentName> =
            self.world.path.components.iter().map(|c| c.name.clone()).collect();
        for (index, arrivals) in scenario.releases.iter().enumerate() {
            let concerns = |c: &&ComponentName| {
                arrivals.components.is_empty() || arrivals.components.contains(c)
            };
            let times = fate::times(arrivals, scenario.start, scenario.end);
            for component in members.iter().filter(concerns) {
                for at in &times {
                    let component = component.clone();
                    self.schedule(*at, Event::Release { arrivals: index, component });
                }
            }
        }
        let spans = |from: Timestamp, until: Option<Timestamp>| {
            let begins = (until.is_none_or(|until| until > scenario.start) && from <= scenario.end)
                .then_some((from.max(scenario.start), true));
            let ends = until.filter(|_| begins.is_some()).map(|until| (until, false));
            begins.into_iter().chain(ends)
        };
        for (index, trouble) in scenario.troubles.iter().enumerate() {
            for (at, begins) in spans(trouble.from, trouble.until) {
                self.schedule(at, Event::Trouble { index, begins });
            }
        }
        for (index, freeze) in scenario.freezes.iter().enumerate() {
            for (at, begins) in spans(freeze.from, freeze.until) {
                self.schedule(at, Event::Freeze { index, begins });
            }
        }
        for alert in &scenario.alerts {
            for (at, _) in spans(alert.from, alert.until) {
                self.schedule(at, Event::Alerts);
            }
        }
        self.tests = tests(self);
        for place in self.places.clone() {
            let all = self.world.wanted(&place);
            let orders = Orders::done(all.iter().map(|w| (w.cluster.clone(), version(w).cloned())));
            if let Some(first) = all.first().and_then(version) {
                self.arrived.insert(place.clone(), first.clone());
            }
            self.whole.insert(place.clone());
            self.orders.insert(place, orders);
        }
    }

    /// Lets something happen.
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Release { arrivals, component } => self.release(arrivals, &component),
            Event::Deliver { place, clusters } => self.deliver(&place, &clusters),
            Event::Fail { place, version, clusters, flaw } => {
                self.fail(&place, &version, clusters, flaw);
            }
            Event::Recover { place, version, clusters } => {
                self.recover(&place, &version, &clusters);
            }
            Event::Test { place, version, test } => self.test(&place, &version, test),
            Event::Report { component, version, name } => self.report(component, &version, name),
            Event::Approve { place, version, plan, by } => {
                let (environment, component) = place.clone();
                let what = Happening::Approved { by: by.clone() };
                self.book.note(self.now(), &place, Some(&version), what);
                let event = Noted::Approved { environment, component, version, plan };
                self.world.record(&by, event);
                self.mark_waiting(&place.0);
            }
            Event::Promote { place, plan, by } => {
                self.mark_waiting(&place.0);
                self.due.push((place, plan, by));
            }
            Event::Trouble { index, begins } => self.trouble(index, begins),
            Event::Freeze { index, begins } => {
                let freeze = &self.scenario.freezes[index];
                let (environment, reason) = (freeze.environment.clone(), freeze.reason.clone());
                let event = match begins {
                    true => Noted::Frozen { environment, reason },
                    false => Noted::Thawed { environment, reason },
                };
                self.world.record(&freeze.by, event);
                self.mark_all();
            }
            Event::Alerts => self.mark_all(),
            Event::Look(environment) => self.mark(&environment),
        }
    }

    fn release(&mut self, arrivals: usize, component: &ComponentName) {
        let now = self.now();
        let arrivals = &self.scenario.releases[arrivals];
        let next = || self.world.next_version(component, arrivals.bump);
        let version = arrivals.version.clone().unwrap_or_else(next);
        let key = (component.clone(), version.clone());
        if self.book.journeys.contains_key(&key) {
            let told = format!("{component} {version} is released once, though it appears again");
            self.book.assumptions.insert(told);
            return;
        }
        self.world.publish(component, &version, &arrivals.by);
        let flaws = fate::flaws(self.scenario, self.chance, arrivals, component, &version);
        self.flaws.insert(key, flaws);
        let places: Vec<Place> =
            self.places.iter().filter(|(_, c)| c == component).cloned().collect();
        self.book.begin(now, component, &version, places.iter().map(|(e, _)| e.clone()));
        self.book.moments.push(Moment {
            at: now,
            environment: None,
            component: Some(component.clone()),
            version: Some(version.clone()),
            what: Happening::Released { by: arrivals.by.clone() },
        });
        let statuses: BTreeSet<String> = self
            .world
            .path
            .environments()
            .iter()
            .flat_map(|e| &e.gates)
            .filter_map(|gate| match &gate.condition {
                Condition::Status { name } => Some(name.clone()),
                _ => None,
            })
            .collect();
        for name in statuses {
            let drawn = ["reports", component.as_str(), version.original(), name.as_str()];
            let at = later(now, self.chance.between(self.scenario.tests.takes, &drawn));
            let (component, version) = (component.clone(), version.clone());
            self.schedule(at, Event::Report { component, version, name });
        }
        for place in &places {
            self.roll(place);
        }
        self.mark_all();
    }

    /// Lets clusters begin to deliver what they are told to run now.
    pub(super) fn roll(&mut self, place: &Place) {
        let now = self.now();
        let all = self.world.wanted(place);
        let Some(orders) = self.orders.get_mut(place) else { return };
        let mut by_time: BTreeMap<Timestamp, Vec<Wanted>> = BTreeMap::new();
        let mut entering: BTreeSet<Version> = BTreeSet::new();
        for wanted in all {
            let version = version(&wanted);
            if !orders.tell(&wanted.cluster, version) {
                continue;
            }
            let of = (&place.1, version.map_or("", Version::original));
            let cluster = self.crowd.first(&wanted.cluster);
            let takes = fate::delivery(self.scenario, self.chance, &place.0, cluster, of);
            if let Some(version) = version.filter(|version| !entering.contains(*version)) {
                entering.insert(version.clone());
            }
            by_time.entry(later(now, takes)).or_default().push(wanted);
        }
        for version in entering {
            if let Some(stay) = self.book.stay(place, &version) {
                stay.entered.get_or_insert(now);
            }
        }
        for (at, clusters) in by_time {
            self.schedule(at, Event::Deliver { place: place.clone(), clusters });
        }
    }

    fn deliver(&mut self, place: &Place, clusters: &[Wanted]) {
        let now = self.now();
        let mut shows: BTreeMap<(Version, usize), Vec<ClusterName>> = BTreeMap::new();
        let mut versions: BTreeSet<Version> = BTreeSet::new();
        let mut all_well = true;
        for wanted in clusters {
            let version = version(wanted);
            let orders = self.orders.get_mut(place);
            // It may have been told something else meanwhile.
            if !orders.is_some_and(|orders| orders.arrives(&wanted.cluster, version)) {
                continue;
            }
            let mut health = Health::Healthy;
            if let Some(version) = version {
                let flaws = self.flaws.get(&(place.1.clone(), version.clone()));
                let mine = flaws.into_iter().flatten().enumerate();
                for (i, flaw) in mine.filter(|(_, f)| f.concerns(&place.0, &wanted.cluster)) {
                    if flaw.after.is_zero() {
                        health = Health::Failed;
                    }
                    let of = shows.entry((version.clone(), i)).or_default();
                    of.push(wanted.cluster.clone());
                }
                if !versions.contains(version) {
                    versions.insert(version.clone());
                }
            }
            all_well &= self.world.deliver(&place.1, wanted, health) == Health::Healthy;
        }
        for ((version, flaw), clusters) in shows {
            let of = self.flaws.get(&(place.1.clone(), version.clone()));
            let Some(after) = of.and_then(|all| all.get(flaw)).map(|f| f.after) else { continue };
            let place = place.clone();
            self.schedule(later(now, after), Event::Fail { place, version, clusters, flaw });
        }
        // The first that leaves what all were well with ends its soak.
        let any_left = self.whole.remove(place);
        let mut all_run = false;
        for version in versions {
            all_run |= self.arrive(place, &version);
        }
        if !all_well || any_left || all_run || self.may_be_waited_for(place) {
            self.mark(&place.0);
        }
    }

    /// Whether something may follow from a cluster that comes through well. While others are on their way, that gives
    /// nobody leave to move but those of its own wave that wait for their turn.
    fn may_be_waited_for(&self, place: &Place) -> bool {
        let all_there = self.orders.get(place).is_none_or(Orders::all_there);
        let environment = self.world.path.environment(&place.0);
        self.crowd.is_each()
            || all_there
            || environment.is_none_or(|e| !e.conduct.bundle.is_empty())
            || self.takes_turns.iter().any(|other| other.0 == place.0)
    }

    /// Takes note where every cluster of a place is healthy with a release; whether that is so.
    fn arrive(&mut self, place: &Place, version: &Version) -> bool {
        let now = self.now();
        let Some(environment) = self.world.path.environment(&place.0) else { return false };
        let healthy_for = environment.conduct.verify.healthy_for;
        if !self.world.all_run(place, version) {
            return false;
        }
        self.whole.insert(place.clone());
        self.wake(later(now, healthy_for), &place.0);
        self.wake_when_soaked(&place.0);
        if self.arrived.get(place) == Some(version) {
            return true;
        }
        self.arrived.insert(place.clone(), version.clone());
        self.book.note(now, place, Some(version), Happening::Arrived);
        if let Some(stay) = self.book.stay(place, version) {
            stay.arrived.get_or_insert(now);
        }
        for test in self.tests.get(&place.0).cloned().unwrap_or_default() {
            let drawn = ["tests", place.0.as_str(), place.1.as_str(), version.original()];
            let takes = self
                .chance
                .between(self.scenario.tests.takes, &[&drawn[..], &[test.as_str()]].concat());
            let (place, version) = (place.clone(), version.clone());
            self.schedule(later(now, takes), Event::Test { place, version, test });
        }
        true
    }

    fn fail(&mut self, place: &Place, version: &Version, clusters: Vec<ClusterName>, flaw: usize) {
        let now = self.now();
        let mut failed = Vec::new();
        for cluster in clusters {
            if self
                .world
                .runs(&cluster, &place.1)
                .is_some_and(|r| r.version.as_ref() == Some(version))
            {
                self.world.set_health(&cluster, &place.1, Health::Failed);
                failed.push(cluster);
            }
        }
        if failed.is_empty() {
            return;
        }
        let what = Happening::Failed { clusters: self.crowd.count(&failed) };
        self.book.note(now, place, Some(version), what);
        if let Some(stay) = self.book.stay(place, version) {
            stay.failed.get_or_insert(now);
        }
        let of = self.flaws.get(&(place.1.clone(), version.clone()));
        if let Some(lasts) = of.and_then(|all| all.get(flaw)).and_then(fate::Flaw::lasts) {
            let (place, version) = (place.clone(), version.clone());
            let event = Event::Recover { place, version, clusters: failed };
            self.schedule(later(now, lasts), event);
        }
        self.mark(&place.0);
    }

    fn recover(&mut self, place: &Place, version: &Version, clusters: &[ClusterName]) {
        let now = self.now();
        let mut well = Vec::new();
        for cluster in clusters {
            if self
                .world
                .runs(cluster, &place.1)
                .is_some_and(|r| r.version.as_ref() == Some(version))
            {
                self.world.set_health(cluster, &place.1, Health::Healthy);
                well.push(cluster);
            }
        }
        if well.is_empty() {
            return;
        }
        let what = Happening::Recovered { clusters: self.crowd.count(well) };
        self.book.note(now, place, Some(version), what);
        self.arrive(place, version);
        self.mark(&place.0);
    }

    fn test(&mut self, place: &Place, version: &Version, test: TestName) {
        if self.arrived.get(place) != Some(version) {
            return;
        }
        let (environment, component) = place.clone();
        let fails = &self.scenario.tests;
        let known = (environment.clone(), component.clone(), version.clone(), test.clone());
        let drawn = ["fails a test", test.as_str(), component.as_str(), version.original()];
        let passed =
            !self.chance.happens(fails.fail, &drawn) && !fails.known_to_fail.contains(&known);
        let what = Happening::Tested { test: test.to_string(), passed };
        self.book.note(self.now(), place, Some(version), what);
        let releases = self.world.snapshot.releases.get(&component);
        let digest = releases.and_then(|r| r.find(version)).and_then(|r| r.digest.clone());
        let detail = "so says the scenario".to_owned();
        let release = OfRelease { environment, component, version: version.clone(), digest };
        let tested = Tested { release, test, passed, attempts: 1, detail };
        self.world.record(LOOP, Noted::Tested(tested));
        self.mark(&place.0);
    }

    fn report(&mut self, component: ComponentName, version: &Version, name: String) {
        let drawn = ["fails a status", name.as_str(), component.as_str(), version.original()];
        let success = !self.chance.happens(self.scenario.tests.fail, &drawn);
        self.book.moments.push(Moment {
            at: self.now(),
            environment: None,
            component: Some(component.clone()),
            version: Some(version.clone()),
            what: Happening::Reported { name: name.clone(), success },
        });
        let (version, detail) = (version.clone(), "so says the scenario".to_owned());
        self.world.record(LOOP, Noted::Reported { component, version, name, success, detail });
        self.mark_all();
    }

    fn trouble(&mut self, index: usize, begins: bool) {
        let trouble = &self.scenario.troubles[index];
        for cluster in &trouble.clusters {
            match trouble.what {
                Ill::Lost => self.world.set_contact(cluster, begins),
                Ill::Broken => self.world.set_broken(cluster, begins),
            }
        }
        let concerned: Vec<Place> = self
            .places
            .iter()
            .filter(|place| {
                let environment = self.world.path.environment(&place.0);
                environment
                    .is_some_and(|e| e.clusters.iter().any(|c| trouble.clusters.contains(&c.name)))
            })
            .cloned()
            .collect();
        for place in concerned {
            let orders = self.orders.get(&place).filter(|_| !begins);
            if let Some(version) = orders.and_then(Orders::first).cloned() {
                self.arrive(&place, &version);
            }
            self.mark(&place.0);
        }
    }
}

/// What befalls clusters and every environment, once for all pieces of a path.
pub(super) fn of_all(scenario: &Scenario) -> Vec<Moment> {
    let mut out = Vec::new();
    let mut note = |at: Timestamp, environment: Option<&EnvironmentName>, what| {
        if (scenario.start..=scenario.end).contains(&at) {
            let environment = environment.cloned();
            out.push(Moment { at, environment, component: None, version: None, what });
        }
    };
    for trouble in &scenario.troubles {
        let clusters: Vec<String> = trouble.clusters.iter().map(ToString::to_string).collect();
        let (begins, ends) = match trouble.what {
            Ill::Lost => {
                (Happening::Lost { clusters: clusters.clone() }, Happening::Found { clusters })
            }
            Ill::Broken => {
                (Happening::Broken { clusters: clusters.clone() }, Happening::Mended { clusters })
            }
        };
        note(trouble.from.max(scenario.start), None, begins);
        if let Some(until) = trouble.until {
            note(until, None, ends);
        }
    }
    for freeze in &scenario.freezes {
        let environment = freeze.environment.as_ref();
        let reason = freeze.reason.clone();
        note(freeze.from.max(scenario.start), environment, Happening::Frozen { reason });
        if let Some(until) = freeze.until {
            note(until, environment, Happening::Thawed);
        }
    }
    for alert in &scenario.alerts {
        let labels: Vec<String> =
            alert.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let labels = labels.join(",");
        note(alert.from.max(scenario.start), None, Happening::Fires { labels: labels.clone() });
        if let Some(until) = alert.until {
            note(until, None, Happening::Resolved { labels });
        }
    }
    out
}

fn version(wanted: &Wanted) -> Option<&Version> {
    wanted.release.as_ref().map(|release| &release.version)
}

/// The tests that somebody asks for in each environment: those that verify a release there, and those of gates.
fn tests(play: &Play<'_>) -> BTreeMap<EnvironmentName, BTreeSet<TestName>> {
    let mut out: BTreeMap<EnvironmentName, BTreeSet<TestName>> = BTreeMap::new();
    for environment in play.world.path.environments() {
        let own = out.entry(environment.name.clone()).or_default();
        own.extend(environment.conduct.verify.tests.iter().cloned());
        for gate in &environment.gates {
            let Condition::Test { name, environments } = &gate.condition else { continue };
            let named = match environments.as_slice() {
                [] => play.before(&environment.name),
                named => named.to_vec(),
            };
            for one in named {
                out.entry(one).or_default().insert(name.clone());
            }
        }
    }
    out
}
