//! The world: what happens next, one event after the other, on a clock of its own.
//!
//! A step is one event: a turn, a report that arrives or is lost, a webhook, a cluster that takes what the trunk says or
//! is done with it, somebody's act, a connection that is cut. After each, Git is held to the laws. Next: `life`, which
//! draws what nobody planned; `end`, where all trouble stops.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use towpath_core::id::ClusterName;
use towpath_core::running::{ClusterReport, Contact, Health};
use towpath_engine::promote::PromoteError;
use towpath_testkit::memory_registry::digest_of;
use towpath_testkit::world::at;

use crate::cluster::{Cluster, Fate, Wanted};
use crate::dice::Dice;
use crate::judge::Judge;
use crate::layout::Layout;
use crate::people::{Act, manifest, version};
use crate::seen::Says;
use crate::stage::{Grounds, LOOPS, Stage, lock, told};

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// It is time for an instance, or somebody woke it; whether there may be news of the registry.
    Turn {
        who: usize,
        asks: bool,
    },
    /// What a cluster says reaches an instance.
    Report {
        who: usize,
        cluster: usize,
    },
    /// A webhook reaches an instance.
    Webhook {
        who: usize,
    },
    /// A cluster reads what the trunk says.
    Take {
        cluster: usize,
    },
    /// A cluster is done with taking a release.
    Settle {
        cluster: usize,
        component: usize,
        attempt: u64,
    },
    /// What was healthy on a cluster fails, or what failed by itself is well again.
    Fail {
        cluster: usize,
        component: usize,
        release: u64,
    },
    Mend {
        cluster: usize,
        component: usize,
        release: u64,
    },
    /// An instance sees that it cannot reach a cluster since then; and then it can.
    Notice {
        who: usize,
        cluster: usize,
        since: Timestamp,
    },
    Heal {
        who: usize,
        cluster: usize,
    },
    /// A process that died begins again.
    Restart {
        who: usize,
    },
    /// The registry answers again.
    Registry,
    /// Somebody does what they had in mind.
    Act(Act),
    /// Something happens that nobody planned.
    Life,
}

/// What a world came by: laws of what never happens would prove nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) steps: u64,
    pub(crate) turns: u64,
    pub(crate) promotions: u64,
    pub(crate) ways_back: u64,
    pub(crate) crashes: u64,
    pub(crate) meanwhile: u64,
    pub(crate) lost_reports: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { steps, turns, promotions, ways_back, crashes, meanwhile, lost_reports } = other;
        self.steps += steps;
        self.turns += turns;
        self.promotions += promotions;
        self.ways_back += ways_back;
        self.crashes += crashes;
        self.meanwhile += meanwhile;
        self.lost_reports += lost_reports;
    }
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) dice: Dice,
    pub(crate) stage: Arc<Stage>,
    pub(crate) clusters: Vec<Cluster>,
    /// Since when an instance does not reach a cluster.
    pub(crate) cut: BTreeMap<(usize, usize), Timestamp>,
    pub(crate) dead: BTreeSet<usize>,
    /// When each instance wakes by itself.
    asleep: BTreeMap<usize, (Timestamp, u64)>,
    /// Clusters that will read the trunk.
    due: BTreeSet<usize>,
    queue: BTreeMap<(Timestamp, u64), What>,
    events: u64,
    pub(crate) judge: Judge,
    /// The newest release of each component, and the first that is good wherever it comes.
    pub(crate) newest: Vec<u64>,
    pub(crate) good_from: Vec<u64>,
    interval: SignedDuration,
    /// After a turn that did nothing: on which grounds, and when time alone can change that.
    quiet: BTreeMap<usize, (Grounds, Option<Timestamp>)>,
    tested: BTreeSet<(usize, usize, u64)>,
    pub(crate) is_calm: bool,
    pub(crate) tally: Tally,
    pub(crate) told: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64, has_words: bool) -> Result<Self, String> {
        let mut dice = Dice::of(seed, &[0]);
        let layout = Layout::drawn(&mut dice);
        let now = at("2026-03-02T05:00:00Z");
        let stage = Arc::new(Stage::new(layout, now, has_words));
        let layout = &stage.layout;
        let judge = Judge::new(&stage)?;
        let components = layout.components.len();
        let mut world = Self {
            seed,
            clusters: vec![Cluster::default(); layout.clusters.len()],
            cut: BTreeMap::new(),
            dead: BTreeSet::new(),
            asleep: BTreeMap::new(),
            due: BTreeSet::new(),
            queue: BTreeMap::new(),
            events: 0,
            judge,
            newest: vec![1; components],
            good_from: vec![u64::MAX; components],
            interval: SignedDuration::from_mins(dice.pick(&[5, 30, 360])),
            quiet: BTreeMap::new(),
            tested: BTreeSet::new(),
            is_calm: false,
            tally: Tally::default(),
            told: Vec::new(),
            stage: Arc::clone(&stage),
            dice,
        };
        for component in 0..components {
            let mut dice = world.dice.split();
            stage.act(&Act::Release { component, number: 1, recorded: true }, &mut dice);
            for cluster in 0..world.clusters.len() {
                let name = &stage.layout.components[component];
                world.clusters[cluster].begin(name, wanted(component, 1), now);
            }
        }
        for cluster in 0..world.clusters.len() {
            world.tell(cluster);
        }
        for who in LOOPS {
            world.wake(who, SignedDuration::from_secs(1), true);
        }
        world.after(SignedDuration::ZERO, What::Life);
        Ok(world)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.stage.now()
    }

    pub(crate) fn after(&mut self, long: SignedDuration, what: What) {
        self.events += 1;
        self.queue.insert((self.now() + long, self.events), what);
    }

    /// Takes back what was to happen and does not any more.
    pub(crate) fn forget(&mut self, gone: impl Fn(&What) -> bool) {
        self.queue.retain(|_, what| !gone(what));
    }

    /// Lets an instance wake, if it does not sooner.
    fn wake(&mut self, who: usize, long: SignedDuration, asks: bool) {
        let at = self.now() + long;
        let mut asks = asks;
        if let Some(key) = self.asleep.get(&who).copied() {
            if let Some(What::Turn { asks: also, .. }) = self.queue.get_mut(&key)
                && key.0 <= at
            {
                *also |= asks;
                return;
            }
            if let Some(What::Turn { asks: also, .. }) = self.queue.remove(&key) {
                asks |= also && key.0 <= at;
            }
        }
        self.after(long, What::Turn { who, asks });
        self.asleep.insert(who, (at, self.events));
    }

    /// One event, and the laws.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        let ((at, _), what) = self.queue.pop_first().ok_or("nothing happens any more")?;
        self.stage.set_time(at);
        self.tally.steps += 1;
        self.stage.say(|| format!("{what:?}"));
        let releases = matches!(what, What::Act(Act::Release { .. }));
        let happened = self.happen(what);
        let log = std::mem::take(&mut *lock(&self.stage.log));
        self.told.extend(log.told.iter().cloned());
        happened?;
        if let Some(broken) = log.broken.first() {
            return Err(broken.clone());
        }
        let known = self.judge.made.len();
        let (trunk, _) = self.judge.look(&self.stage, &log)?;
        for made in &self.judge.made[known..] {
            self.tally.promotions += 1;
            self.tally.ways_back += u64::from(made.goes_back);
        }
        if trunk || releases {
            self.spread();
        }
        Ok(())
    }

    /// Git or the registry have news: webhooks are sent, and some arrive, some late and some twice.
    fn spread(&mut self) {
        for who in LOOPS {
            if self.is_calm || self.dice.one_in(4) {
                continue;
            }
            let late = self.dice.seconds(1, 30);
            self.after(late, What::Webhook { who });
            if self.dice.one_in(8) {
                let late = self.dice.seconds(60, 1800);
                self.after(late, What::Webhook { who });
            }
        }
        for cluster in 0..self.clusters.len() {
            let behind = (0..self.newest.len()).any(|component| {
                let name = &self.stage.layout.components[component];
                self.clusters[cluster].wants(name).map(|it| it.number)
                    != Some(self.desired(cluster, component))
            });
            if behind && self.due.insert(cluster) {
                let late = self.dice.seconds(5, 300);
                self.after(late, What::Take { cluster });
            }
        }
    }

    /// Which release the trunk and the registry give a cluster.
    fn desired(&self, cluster: usize, component: usize) -> u64 {
        match self.judge.pins[cluster][component] {
            Says::Release(release) => release,
            Says::Range => {
                let at = self.stage.layout.artifacts(component);
                let is_there =
                    |n: &u64| self.stage.registry.tagged(&at, &format!("0.0.{n}")).is_some();
                (1..=self.newest[component]).rev().find(is_there).unwrap_or(1)
            }
        }
    }

    pub(crate) fn fate(&self, cluster: usize, component: usize, release: u64) -> Fate {
        match Fate::drawn(self.seed, component, release, cluster) {
            other if release >= self.good_from[component] || release == 1 => {
                Fate::Well(other.takes().min(SignedDuration::from_mins(10)))
            }
            other => other,
        }
    }

    /// What a cluster says goes to whoever can hear it.
    pub(crate) fn tell(&mut self, cluster: usize) {
        let (name, report) = self.report(cluster);
        lock(&self.stage.truth).insert(name, report);
        for who in LOOPS {
            let late = self.dice.seconds(0, 45);
            self.after(late, What::Report { who, cluster });
            if self.dice.one_in(12) {
                let late = self.dice.seconds(60, 600);
                self.after(late, What::Report { who, cluster });
            }
        }
    }

    fn report(&self, cluster: usize) -> (ClusterName, ClusterReport) {
        let components = self.clusters[cluster].says.clone();
        let name = self.stage.layout.clusters[cluster].clone();
        (name, ClusterReport { contact: Contact::Connected, components })
    }

    fn happen(&mut self, what: What) -> Result<(), String> {
        match what {
            What::Turn { who, asks } => {
                self.asleep.remove(&who);
                return self.take_turn(who, asks);
            }
            What::Webhook { who } => {
                if !self.dead.contains(&who) {
                    self.wake(who, SignedDuration::ZERO, true);
                }
            }
            What::Report { who, cluster } => {
                if self.cut.contains_key(&(who, cluster)) || self.dead.contains(&who) {
                    self.tally.lost_reports += 1;
                    return Ok(());
                }
                let (name, report) = self.report(cluster);
                if self.stage.believed(who).get(&name) != Some(&report) {
                    self.stage.believe(who, &name, report);
                    self.wake(who, SignedDuration::from_secs(2), false);
                }
            }
            What::Notice { who, cluster, since } => {
                if self.cut.get(&(who, cluster)) == Some(&since) && !self.dead.contains(&who) {
                    self.lose(who, cluster, since, "no route to host");
                    self.wake(who, SignedDuration::from_secs(2), false);
                }
            }
            What::Heal { who, cluster } => {
                self.cut.remove(&(who, cluster));
                let soon = self.dice.seconds(1, 30);
                self.after(soon, What::Report { who, cluster });
            }
            What::Take { cluster } => self.take(cluster),
            What::Settle { cluster, component, attempt } => {
                self.settle(cluster, component, attempt)
            }
            What::Fail { cluster, component, release } => {
                self.turn_health(cluster, component, release, Health::Failed);
            }
            What::Mend { cluster, component, release } => {
                self.turn_health(cluster, component, release, Health::Healthy);
            }
            What::Restart { who } => {
                self.dead.remove(&who);
                let elsewhere = self.dice.one_in(2);
                self.stage.restart(who, elsewhere);
                for cluster in 0..self.clusters.len() {
                    self.lose(who, cluster, self.now(), "not reached yet");
                    let soon = self.dice.seconds(1, 60);
                    self.after(soon, What::Report { who, cluster });
                }
                self.wake(who, SignedDuration::from_secs(1), true);
            }
            What::Registry => self.stage.registry.set_down(None),
            What::Act(act) => {
                let mut dice = self.dice.split();
                self.stage.act(&act, &mut dice);
            }
            What::Life => self.live(),
        }
        Ok(())
    }

    /// An instance does not reach a cluster; what that said last is kept, for people.
    fn lose(&self, who: usize, cluster: usize, since: Timestamp, why: &str) {
        let name = &self.stage.layout.clusters[cluster];
        let known = self.stage.believed(who).get(name).map(|it| it.components.clone());
        let contact = Contact::Lost { since, why: why.to_owned() };
        let report = ClusterReport { contact, components: known.unwrap_or_default() };
        self.stage.believe(who, name, report);
    }

    fn take(&mut self, cluster: usize) {
        self.due.remove(&cluster);
        let mut news = false;
        for component in 0..self.newest.len() {
            let release = self.desired(cluster, component);
            let name = self.stage.layout.components[component].clone();
            if self.clusters[cluster].wants(&name).map(|it| it.number) == Some(release) {
                continue;
            }
            news = true;
            let now = self.now();
            if let Some(attempt) =
                self.clusters[cluster].take(&name, wanted(component, release), now)
            {
                let takes = self.fate(cluster, component, release).takes();
                self.after(takes, What::Settle { cluster, component, attempt });
            }
        }
        if news {
            self.tell(cluster);
        }
    }

    fn settle(&mut self, cluster: usize, component: usize, attempt: u64) {
        let name = self.stage.layout.components[component].clone();
        let Some(release) = self.clusters[cluster].wants(&name).map(|it| it.number) else { return };
        let (fate, now) = (self.fate(cluster, component, release), self.now());
        if !self.clusters[cluster].settle(&name, attempt, fate, now) {
            return;
        }
        match fate {
            Fate::FailsLater(_, later) => {
                self.after(later, What::Fail { cluster, component, release })
            }
            Fate::Well(_) if !self.is_calm && self.dice.one_in(40) => {
                let later = self.dice.seconds(60, 7200);
                self.after(later, What::Fail { cluster, component, release });
            }
            _ => {}
        }
        self.tell(cluster);
        self.test(cluster, component, release);
    }

    /// What was healthy fails, or what failed is well again; what is bad for good is not.
    fn turn_health(&mut self, cluster: usize, component: usize, release: u64, to: Health) {
        let name = self.stage.layout.components[component].clone();
        let now = self.now();
        let is_it = self.clusters[cluster].wants(&name).is_some_and(|it| it.number == release);
        if !is_it || !self.clusters[cluster].turn(&name, to, now) {
            return;
        }
        self.tell(cluster);
        if to == Health::Healthy {
            self.test(cluster, component, release);
        } else if matches!(self.fate(cluster, component, release), Fate::Well(_)) {
            let later = self.dice.seconds(60, 3600);
            self.after(later, What::Mend { cluster, component, release });
        }
    }

    /// Where all clusters of an environment have a release, somebody tests it there, if that is asked for.
    fn test(&mut self, cluster: usize, component: usize, number: u64) {
        let stage = Arc::clone(&self.stage);
        let environment = stage.layout.environment_of(cluster);
        let name = &stage.layout.components[component];
        let own = &stage.layout.environments[environment].clusters;
        let all = own.iter().all(|cluster| self.clusters[*cluster].is_well_with(name, number));
        if all
            && stage.layout.needs_test(environment)
            && self.tested.insert((environment, component, number))
        {
            let passed = self.is_calm || !self.dice.one_in(5);
            let takes = self.dice.seconds(60, 1200);
            self.after(takes, What::Act(Act::Test { environment, component, number, passed }));
        }
    }

    fn take_turn(&mut self, who: usize, asks: bool) -> Result<(), String> {
        if self.dead.contains(&who) {
            return Ok(());
        }
        self.tally.turns += 1;
        let trouble = self.trouble(who);
        let fetches = self.is_calm || !self.dice.one_in(10);
        let entries = lock(&self.stage.log).entries.len();
        self.stage.ask(who, asks);
        let begun = self.stage.grounds(who);
        let done = self.stage.turn(who, fetches);
        self.stage.say(|| match &done {
            Ok(turn) => format!("  moved {}, noted {}", turn.moved.len(), turn.noted.len()),
            Err(error) => format!("  fails: {}", told(error)),
        });
        let idle = lock(&self.stage.log).entries.len() == entries;
        let disturbed = trouble || !fetches;
        match &done {
            Err(PromoteError::Invariant(_)) => {
                return Err(done.err().map(|e| told(&e)).unwrap_or_default());
            }
            Err(error) if !trouble => {
                return Err(format!("a turn fails and nothing was wrong: {}", told(error)));
            }
            _ => {}
        }
        self.recover_from(who);
        let turn = done.ok();
        if let (Some((grounds, wakes_at)), Some(turn)) = (self.quiet.remove(&who), &turn)
            && !disturbed
            && grounds == begun
            && wakes_at.is_none_or(|at| self.now() < at)
        {
            let still = turn.moved.is_empty() && turn.noted.is_empty();
            if !still {
                let noted: Vec<_> = turn
                    .noted
                    .iter()
                    .map(|e| towpath_engine::ledger::title(&e.record.event))
                    .collect();
                let moved: Vec<_> = turn.moved.iter().map(|m| &m.proposal.action).collect();
                return Err(format!(
                    "time alone changed something before {wakes_at:?}: {noted:?} {moved:?}"
                ));
            }
        }
        let wakes_at = turn.as_ref().and_then(|turn| turn.wakes_at);
        if let Some(turn) = &turn
            && !disturbed
            && idle
            && turn.moved.is_empty()
        {
            self.quiet.insert(who, (begun, wakes_at));
        }
        if !self.dead.contains(&who) {
            let asleep =
                wakes_at.map(|at| at.duration_since(self.now()).max(SignedDuration::from_secs(1)));
            self.wake(who, asleep.map_or(self.interval, |long| long.min(self.interval)), true);
        }
        if self.dice.one_in(400) && !self.stage.is_kept_well(who).map_err(|e| told(&e))? {
            return Err(format!("{} keeps what is not so", Stage::name(who)));
        }
        Ok(())
    }

    /// Somebody wakes an instance who does not take part in this turn: what it was quiet on counts no more.
    pub(crate) fn quiet_no_more(&mut self, who: usize) {
        self.quiet.remove(&who);
    }

    /// Whoever died in the turn begins again later.
    fn recover_from(&mut self, who: usize) {
        self.stage.git(who).nothing_meanwhile();
        self.stage.git(who).inner.clear_faults();
        for who in LOOPS {
            if !self.stage.git(who).revive() {
                continue;
            }
            self.tally.crashes += 1;
            self.dead.insert(who);
            self.quiet.remove(&who);
            if let Some(key) = self.asleep.remove(&who) {
                self.queue.remove(&key);
            }
            let later = self.dice.seconds(10, 1800);
            self.after(later, What::Restart { who });
        }
    }
}

fn wanted(component: usize, number: u64) -> Wanted {
    Wanted { number, version: version(number), digest: digest_of(&manifest(component, number)) }
}
