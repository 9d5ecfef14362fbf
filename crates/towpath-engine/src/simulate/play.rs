//! Lets time pass in one world: from moment to moment, and at each one what the loop does.
//!
//! Only what can have changed is planned again: a place where something happened, and those whose plans look at it. Must
//! not decide: proposals and notes of the planner do. Next: `events`, what happens at a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use towpath_core::conduct::Supersede;
use towpath_core::gate::{Condition, Inputs, Verdict};
use towpath_core::id::{ComponentName, EnvironmentName, TestName};
use towpath_core::invariant;
use towpath_core::path::{Environment, Path};
use towpath_core::plan::{Outcome, Proposal, Request, notes, propose, questions, soaked};
use towpath_core::record::{Event as Noted, PlanHash};
use towpath_core::rollout::Batch;
use towpath_core::scenario::Scenario;
use towpath_core::source::Answers;
use towpath_core::version::Version;
use towpath_core::why::Why;

use super::book::Book;
use super::chance::Chance;
use super::crowd::Crowd;
use super::events::Event;
use super::fate::Flaw;
use super::island::{Piece, Place, readers};
use super::orders::Orders;
use super::report::Happening;
use super::world::World;
use super::{SimulationError, later, people, sources};

/// Who the loop is.
pub(super) const LOOP: &str = "Towpath <towpath@example.com>";

/// How often the world may be looked at in one moment before it is said not to come to rest.
const LOOKS: usize = 1000;

/// A world and what is to happen in it.
pub(super) struct Play<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) chance: Chance,
    pub(super) world: World,
    /// Whom its clusters stand for.
    pub(super) crowd: Crowd,
    pub(super) book: Book,
    /// The places, in the order of the path.
    pub(super) places: Vec<Place>,
    readers: BTreeMap<EnvironmentName, BTreeSet<EnvironmentName>>,
    queue: BTreeMap<(Timestamp, u64), Event>,
    queued: u64,
    wakes: BTreeSet<(Timestamp, EnvironmentName)>,
    /// Environments in which something happened since they were looked at.
    touched: BTreeSet<EnvironmentName>,
    /// Environments that are to be planned again.
    dirty: BTreeSet<EnvironmentName>,
    /// What the clusters of each place were last told to run.
    pub(super) orders: BTreeMap<Place, Orders>,
    /// The places with clusters that wait until others of their wave have come through.
    pub(super) takes_turns: BTreeSet<Place>,
    pub(super) flaws: BTreeMap<(ComponentName, Version), Vec<Flaw>>,
    /// The release that each place last had on all of its clusters, healthy.
    pub(super) arrived: BTreeMap<Place, Version>,
    /// The places whose clusters have all been healthy with one release since it last came to one of them.
    pub(super) whole: BTreeSet<Place>,
    /// The tests that somebody asks for in each environment.
    pub(super) tests: BTreeMap<EnvironmentName, BTreeSet<TestName>>,
    /// What people were asked for.
    asked: BTreeSet<(PlanHash, String)>,
    /// Plans that somebody wants to carry out as soon as the gates let them.
    agreed: BTreeSet<PlanHash>,
    /// What people do in this moment.
    pub(super) due: Vec<(Place, PlanHash, String)>,
    /// The path with one environment each: what follows from what happened there.
    alone: BTreeMap<EnvironmentName, Path>,
    /// Environments that take each release in turn after a soak: what soaks before them is written down.
    soaking: BTreeMap<EnvironmentName, Duration>,
}

impl<'a> Play<'a> {
    pub(super) fn new(piece: Piece, scenario: &'a Scenario) -> Self {
        let Piece { path, snapshot, crowd } = piece;
        let chance = Chance::new(scenario.seed);
        let stripped = |environment: &Environment| Environment {
            after: Vec::new(),
            gates: Vec::new(),
            ..environment.clone()
        };
        let part = |components, environments: Vec<Environment>| {
            Path::new(path.trunk.clone(), components, environments)
                .expect("a part of a path in which nothing is named is one")
        };
        let one =
            |e: &Environment| (e.name.clone(), part(path.components.clone(), vec![stripped(e)]));
        let alone = path.environments().iter().map(one).collect();
        let soaking = path.environments().iter().filter_map(soak_in_turn).collect();
        let world = World::new(path, snapshot, chance);
        let places: Vec<Place> = world
            .path
            .environments()
            .iter()
            .flat_map(|e| world.path.components.iter().map(|c| (e.name.clone(), c.name.clone())))
            .filter(|place| world.places.contains(place))
            .collect();
        let readers = readers(&world.path, &world.places);
        let mut play = Self {
            scenario,
            chance,
            crowd,
            book: Book::default(),
            places,
            readers,
            queue: BTreeMap::new(),
            queued: 0,
            wakes: BTreeSet::new(),
            touched: BTreeSet::new(),
            dirty: BTreeSet::new(),
            orders: BTreeMap::new(),
            takes_turns: BTreeSet::new(),
            flaws: BTreeMap::new(),
            arrived: BTreeMap::new(),
            whole: BTreeSet::new(),
            tests: BTreeMap::new(),
            asked: BTreeSet::new(),
            agreed: BTreeSet::new(),
            due: Vec::new(),
            alone,
            soaking,
            world,
        };
        play.prepare();
        play
    }

    /// Plays to the end.
    pub(super) fn run(mut self) -> Result<Book, SimulationError> {
        self.mark_all();
        // What begins with the scenario is there before anybody looks.
        while let Some(entry) =
            self.queue.first_entry().filter(|e| e.key().0 <= self.scenario.start)
        {
            let event = entry.remove();
            self.happen(event);
        }
        self.look()?;
        let (mut last, mut looks) = (self.scenario.start, 0);
        while let Some(entry) = self.queue.first_entry() {
            let (at, _) = *entry.key();
            if at > self.scenario.end {
                break;
            }
            looks = if at == last { looks + 1 } else { 0 };
            if looks > LOOKS {
                return Err(SimulationError::Restless { at });
            }
            last = at;
            self.world.set_now(at);
            while let Some(entry) = self.queue.first_entry().filter(|e| e.key().0 == at) {
                let event = entry.remove();
                self.happen(event);
            }
            self.look()?;
        }
        self.book.close_all(self.scenario.end);
        self.book.settle();
        Ok(self.book)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.snapshot.now
    }

    /// Lets something happen later.
    pub(super) fn schedule(&mut self, at: Timestamp, event: Event) {
        self.queued += 1;
        self.queue.insert((at, self.queued), event);
    }

    /// Looks at an environment again at a time, once.
    pub(super) fn wake(&mut self, at: Timestamp, environment: &EnvironmentName) {
        if at > self.now()
            && at <= self.scenario.end
            && self.wakes.insert((at, environment.clone()))
        {
            self.schedule(at, Event::Look(environment.clone()));
        }
    }

    /// Something happened in an environment: it is looked at, and so are those whose plans look at it.
    pub(super) fn mark(&mut self, environment: &EnvironmentName) {
        self.touched.insert(environment.clone());
        self.dirty.insert(environment.clone());
        self.dirty.extend(self.readers.get(environment).into_iter().flatten().cloned());
    }

    /// The environments that the plans of one look at.
    pub(super) fn before(&self, environment: &EnvironmentName) -> Vec<EnvironmentName> {
        let looks = self.readers.iter().filter(|(_, readers)| readers.contains(environment));
        looks.map(|(name, _)| name.clone()).collect()
    }

    /// Something happened that concerns every environment.
    pub(super) fn mark_all(&mut self) {
        let all: Vec<EnvironmentName> = self.places.iter().map(|(e, _)| e.clone()).collect();
        self.touched.extend(all.iter().cloned());
        self.dirty.extend(all);
    }

    /// An environment is to be planned again, though nothing happened there that is not known.
    pub(super) fn mark_waiting(&mut self, environment: &EnvironmentName) {
        self.dirty.insert(environment.clone());
    }

    /// One look of the loop: writes down what follows, moves what nothing holds, and lets people do what they came for.
    fn look(&mut self) -> Result<(), SimulationError> {
        let mut proposals: BTreeMap<usize, Proposal> = BTreeMap::new();
        let mut moved: BTreeSet<usize> = BTreeSet::new();
        loop {
            self.note_what_happened();
            let dirty = std::mem::take(&mut self.dirty);
            for (index, place) in self.places.iter().enumerate() {
                if dirty.contains(&place.0)
                    && let Some(environment) = self.world.path.environment(&place.0)
                {
                    let request = Request::default();
                    let (path, snapshot) = (&self.world.path, &self.world.snapshot);
                    let mut proposal = propose(path, snapshot, environment, &place.1, &request);
                    let asked = questions([&proposal]);
                    if !asked.is_empty() {
                        self.world.snapshot.answers =
                            sources::answers(self.scenario, snapshot.now, asked);
                        let (path, snapshot) = (&self.world.path, &self.world.snapshot);
                        proposal = propose(path, snapshot, environment, &place.1, &request);
                        self.world.snapshot.answers = Answers::default();
                    }
                    proposals.insert(index, proposal);
                }
            }
            if self.note_soaks(&dirty) {
                continue;
            }
            let by_itself = |p: &Proposal| p.outcome == Outcome::Ready && p.holds.is_empty();
            let next = proposals.iter().find(|(i, p)| by_itself(p) && !moved.contains(*i));
            if let Some((index, proposal)) = next.map(|(i, p)| (*i, p.clone())) {
                moved.insert(index);
                self.act(&proposal, LOOP)?;
                continue;
            }
            let Some((place, plan, by)) = self.due.pop() else { break };
            let index = self.places.iter().position(|p| *p == place);
            match index.and_then(|i| proposals.get(&i)).cloned() {
                Some(p) if p.hash.as_ref() != Some(&plan) => {}
                Some(p) if is_held_for_a_person(&p) => self.act(&p, &by)?,
                Some(_) => drop(self.agreed.insert(plan)),
                None => {}
            }
        }
        for (index, proposal) in &proposals {
            let place = self.places[*index].clone();
            self.book.waits(self.world.snapshot.now, &place, proposal);
            self.wake_for(proposal);
            self.ask(&place, proposal);
            let waves = proposal.rollout.iter().flat_map(|rollout| &rollout.waves);
            match waves.into_iter().any(|w| w.before > 0 && w.before < w.clusters) {
                true => self.takes_turns.insert(place),
                false => self.takes_turns.remove(&place),
            };
        }
        Ok(())
    }

    /// Writes into the ledger what follows from what happened.
    fn note_what_happened(&mut self) {
        for environment in std::mem::take(&mut self.touched) {
            let Some(path) = self.alone.get(&environment) else { continue };
            let events = notes(path, &self.world.snapshot);
            if !events.is_empty() {
                self.mark(&environment);
                self.touched.remove(&environment);
            }
            for event in events {
                self.tell(&event);
                self.world.record(LOOP, event);
            }
        }
    }

    /// Writes into the ledger which soaks are complete, where one of these environments has to know; whether any is.
    fn note_soaks(&mut self, looked_at: &BTreeSet<EnvironmentName>) -> bool {
        if !self.soaking.keys().any(|environment| looked_at.contains(environment)) {
            return false;
        }
        let events = soaked(&self.world.path, &self.world.snapshot);
        for event in &events {
            if let Noted::Soaked(of, ..) = event {
                self.dirty.extend(self.readers.get(&of.environment).into_iter().flatten().cloned());
            }
            self.world.record(LOOP, event.clone());
        }
        !events.is_empty()
    }

    /// A release is healthy everywhere in an environment: whoever waits for it to soak looks when it has.
    pub(super) fn wake_when_soaked(&mut self, environment: &EnvironmentName) {
        let waiting = self.readers.get(environment).into_iter().flatten();
        let ends: Vec<_> = waiting
            .filter_map(|name| Some((name.clone(), later(self.now(), *self.soaking.get(name)?))))
            .collect();
        for (name, at) in ends {
            self.wake(at, &name);
        }
    }

    /// Writes down for people what the ledger is told.
    fn tell(&mut self, event: &Noted) {
        let now = self.now();
        // What was there before is no news.
        if now == self.scenario.start {
            return;
        }
        let (of, what) = match event {
            Noted::Verified(verified) => (&verified.release, Happening::Verified),
            Noted::Failed(of, why) => (of, Happening::PromotionFailed { why: why.clone() }),
            _ => return,
        };
        let place = (of.environment.clone(), of.component.clone());
        self.book.note(now, &place, Some(&of.version), what);
    }

    /// Carries out what a proposal says.
    fn act(&mut self, proposal: &Proposal, by: &str) -> Result<(), SimulationError> {
        let now = self.now();
        let (path, snapshot) = (&self.world.path, &self.world.snapshot);
        if let Some(broken) = invariant::check_proposal(path, snapshot, proposal).into_iter().next()
        {
            return Err(SimulationError::Invariant { at: now, broken });
        }
        let Some(mut action) = proposal.action.clone() else { return Ok(()) };
        action.automatic = by == LOOP;
        let history = &self.world.snapshot.history;
        let begins = history
            .promotions(&proposal.environment, &proposal.component)
            .next_back()
            .is_none_or(|(_, p)| p.plan != action.plan);
        let changed = self.world.carry_out(&action, by);
        for m in &action.moves {
            let place = (action.environment.clone(), m.release.component.clone());
            let pins = self.world.snapshot.pins_of(&place.0, &place.1);
            let of = self.crowd.count(pins.map(|pin| &pin.cluster));
            let what = match action.rollback {
                true => Happening::RolledBack { by: by.to_owned(), from: m.replaced.clone() },
                false => Happening::Promoted {
                    by: by.to_owned(),
                    automatic: action.automatic,
                    begins,
                    clusters: match action.clusters.is_empty() {
                        true => of,
                        false => self.crowd.count(&action.clusters),
                    },
                    of,
                    skipped: action.skipped.clone(),
                },
            };
            self.book.note(now, &place, Some(&m.release.version), what);
            if let Some(stay) = self.book.stay(&place, &m.release.version) {
                stay.entered.get_or_insert(now);
            }
        }
        for place in changed {
            self.roll(&place);
            self.mark(&place.0);
        }
        self.mark(&action.environment);
        let environment = self.world.path.environment(&action.environment);
        let waves = environment.map_or(&[][..], |e| &e.conduct.waves);
        let deadlines: Vec<Duration> = waves.iter().filter_map(|w| w.progress_deadline).collect();
        for deadline in deadlines {
            self.wake(later(now, deadline), &action.environment);
        }
        Ok(())
    }

    /// Looks again when a gate, a wave or a hold says that it may be otherwise.
    fn wake_for(&mut self, proposal: &Proposal) {
        let mut times: Vec<Timestamp> = Vec::new();
        for gate in &proposal.gates {
            if let Verdict::Waiting { opens_at: Some(at), .. } = &gate.verdict {
                times.push(*at);
            }
            if let Inputs::Approval { valid_for: Some(long), given, .. } = &gate.inputs {
                times.extend(given.iter().map(|given| later(given.at, *long)));
            }
        }
        let next = proposal.rollout.as_ref().map(|r| &r.next);
        if let Some(Batch::Busy { deadline: Some(at), .. } | Batch::Settling { until: at, .. }) =
            next
        {
            times.push(*at);
        }
        for hold in &proposal.holds {
            if let Why::Flapping { since, .. } = hold {
                times.extend(since.checked_add(SignedDuration::from_hours(24)));
            }
        }
        for at in times {
            self.wake(at, &proposal.environment);
        }
    }

    /// Asks people for what a proposal waits for.
    fn ask(&mut self, place: &Place, proposal: &Proposal) {
        let (Some(plan), Some(release)) = (&proposal.hash, &proposal.candidate) else { return };
        let version = &release.version;
        for gate in proposal.gates.iter().filter(|g| !g.passes()) {
            let Inputs::Approval { need, by, authors, given, .. } = &gate.inputs else { continue };
            let errand = format!("{} after {}", gate.gate, given.len());
            if self.asked.insert((plan.clone(), errand)) {
                self.ask_to_approve(place, version, plan, (*need as usize, by, authors));
            }
        }
        if !is_held_for_a_person(proposal) {
            return;
        }
        let Some(people) = &self.scenario.promotions else {
            let environment = &place.0;
            self.book.assumptions.insert(format!(
                "nobody promotes {environment}, which is not automatic: the scenario has no `promotions`"
            ));
            return;
        };
        let now = self.now();
        let at = match people::known(people, place, version).next() {
            _ if self.agreed.remove(plan) => people::at_work(people, now),
            _ if !self.asked.insert((plan.clone(), "promote".to_owned())) => return,
            Some(known) => Some(known.at.max(now)),
            None => people::answers(people, now),
        };
        let known = people::known(people, place, version).next().map(|known| known.by.clone());
        let by = known.unwrap_or_else(|| people::promoter(people));
        if let Some(at) = at {
            self.schedule(at, Event::Promote { place: place.clone(), plan: plan.clone(), by });
        }
    }

    fn ask_to_approve(
        &mut self,
        place: &Place,
        version: &Version,
        plan: &PlanHash,
        (need, allowed, authors): (usize, &BTreeSet<String>, &[String]),
    ) {
        let (now, people) = (self.now(), &self.scenario.approvals);
        let mut answers: Vec<(Timestamp, String)> = people::known(people, place, version)
            .map(|known| (known.at.max(now), known.by.clone()))
            .collect();
        let missing = need.saturating_sub(answers.len());
        let others = people::approvers(people, allowed, authors, missing);
        if others.len() < missing {
            self.book.assumptions.insert(format!(
                "{} needs {need} approvals, and the scenario has not as many who may give one",
                place.0
            ));
        }
        let at = people::answers(people, now);
        answers.extend(others.into_iter().filter_map(|by| Some((at?, by))));
        for (at, by) in answers {
            let (place, version, plan) = (place.clone(), version.clone(), plan.clone());
            self.schedule(at, Event::Approve { place, version, plan, by });
        }
    }
}

/// Whether it could be carried out, and waits for nothing but somebody who does.
fn is_held_for_a_person(proposal: &Proposal) -> bool {
    proposal.outcome == Outcome::Ready
        && !proposal.holds.is_empty()
        && proposal.holds.iter().all(|hold| *hold == Why::NotAutomatic)
}

/// How long a release soaks before an environment that takes each in turn.
fn soak_in_turn(environment: &Environment) -> Option<(EnvironmentName, Duration)> {
    let stated = environment.gates.iter().filter_map(|gate| match &gate.condition {
        Condition::Soak { duration } => Some(*duration),
        _ => None,
    });
    let need = stated.max().filter(|_| environment.conduct.supersede == Supersede::Every)?;
    Some((environment.name.clone(), need))
}
