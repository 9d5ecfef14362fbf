//! Engineers, crashes, lost answers, stale reads and outages in an order that a seed decides.
//!
//! After every step the world is read by a stranger and held to the invariants of `docs/architecture.md`.
//! A failure names its seed and the steps up to it; `run(SEED)` repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::ToSpan as _;
use towpath_core::id::{CommitId, Digest};
use towpath_core::invariant;
use towpath_core::plan::{self, Request};
use towpath_core::record::{Event, History, PlanHash};
use towpath_core::version::Version;
use towpath_engine::act::Target;
use towpath_engine::ledger::{self, Entry, trailer};
use towpath_engine::ports::{Commit, RegistryProblem, Repository};
use towpath_testkit::contract::{branch, put};
use towpath_testkit::memory::{Fault, MemoryRemote, MemoryRepository};
use towpath_testkit::memory_registry::{MemoryRegistry, RegistryFault};
use towpath_testkit::watched::Crash;
use towpath_testkit::world::{self, environment, platform};

use crate::actor::{Actor, version};

const STEPS: usize = 45;
const PRODUCTION: &str = "clusters/production/platform.yaml";

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.below(of.len() as u64);
        &of[usize::try_from(at).expect("a length")]
    }
}

/// What a world must remember of what was answered.
#[derive(Default)]
struct Answered {
    /// Ledger entries whose writer was told that they are there.
    entries: BTreeMap<CommitId, Entry>,
    /// Commits of users, once published.
    commits: BTreeSet<CommitId>,
    /// The first digest that a version was seen with, in the ledger or the registry.
    digests: BTreeMap<String, Digest>,
    /// Commits of the trunk that were judged.
    judged: BTreeSet<CommitId>,
}

struct Sim<'a> {
    dice: Dice,
    remote: &'a MemoryRemote,
    registry: &'a MemoryRegistry,
    actors: Vec<Actor<'a>>,
    answered: Answered,
    trace: Vec<String>,
    released: u64,
}

type Checked = Result<(), String>;

fn told<T, E: std::error::Error>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    })
}

fn ensure(holds: bool, what: impl Display) -> Checked {
    if holds { Ok(()) } else { Err(what.to_string()) }
}

fn run(seed: u64) -> Result<usize, String> {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let actors =
        ["Ada", "Bo", "Cy"].iter().map(|who| Actor::new(&remote, who, &registry)).collect();
    let mut sim = Sim {
        dice: Dice(seed),
        remote: &remote,
        registry: &registry,
        actors,
        answered: Answered::default(),
        trace: Vec::new(),
        released: 0,
    };
    sim.all().map_err(|why| format!("seed {seed}: {why}\n  {}", sim.trace.join("\n  ")))
}

impl Sim<'_> {
    /// Runs to the end. Answers how many promotions reached the trunk.
    fn all(&mut self) -> Result<usize, String> {
        for _ in 0..STEPS {
            self.step()?;
            self.check()?;
        }
        self.registry.set_down(None);
        self.registry.clear_faults();
        let mut last = Actor::new(self.remote, "Di", self.registry);
        last.now = self.actors[0].now;
        told(last.promote(&Request::default()))?;
        let stranger = self.remote.clone_here();
        let recorded: Vec<CommitId> = promoted(&told(ledger::read(&stranger))?).collect();
        let moves = moves(&stranger)?;
        for commit in &moves {
            let times = recorded.iter().filter(|id| **id == commit.id).count();
            ensure(times == 1, format!("{} is recorded {times} times", commit.id.short()))?;
        }
        self.check()?;
        Ok(moves.len())
    }

    fn step(&mut self) -> Checked {
        let who = usize::try_from(self.dice.below(3)).expect("a small number");
        let minutes = self.dice.below(90);
        for actor in &mut self.actors {
            let later = i64::try_from(minutes).expect("a small number").minutes();
            actor.now = actor.now.checked_add(later).expect("within the calendar");
        }
        self.remote.set_time(self.actors[0].now);
        self.trouble(who);
        // Without a fetch, what is decided on is what this clone happened to see last.
        if !self.dice.one_in(4) {
            let fetched = self.actors[who].git.fetch().is_ok();
            self.trace.push(format!("{who} fetches: {fetched}"));
        }
        let result = match self.dice.below(12) {
            0 | 1 => self.change(who),
            2 | 3 => self.release(who),
            4..=6 => self.approve(who),
            7..=9 => self.promote(who),
            10 => self.override_approval(who),
            _ => Ok("nothing".to_owned()),
        };
        self.trace.push(match &result {
            Ok(done) => format!("{who} {done}"),
            Err(why) => format!("{who} fails: {why}"),
        });
        if self.actors[who].git.revive() && self.dice.one_in(3) {
            // The machine is gone with what it knew.
            let name = ["Ada", "Bo", "Cy"][who];
            let now = self.actors[who].now;
            self.actors[who] = Actor::new(self.remote, name, self.registry);
            self.actors[who].now = now;
        }
        match result {
            Err(why) if why.contains("invariant") => Err(why),
            _ => Ok(()),
        }
    }

    /// Something that will go wrong for this actor, perhaps.
    fn trouble(&mut self, who: usize) {
        let git = &self.actors[who].git;
        let what = match self.dice.below(14) {
            0 => {
                let call = self.dice.below(40);
                let crash =
                    if self.dice.one_in(2) { Crash::Before(call) } else { Crash::After(call) };
                git.crash(crash);
                format!("{crash:?}")
            }
            at @ 1..=4 => {
                let faults =
                    [Fault::Fetch, Fault::PublishStale, Fault::PublishBefore, Fault::PublishAfter];
                let fault = faults[usize::try_from(at - 1).expect("a small number")];
                git.inner.inject(fault);
                format!("{fault:?}")
            }
            5 => {
                let problems =
                    [Some(RegistryProblem::Unreachable), Some(RegistryProblem::Unauthorized), None];
                let problem = self.dice.pick(&problems).clone();
                self.registry.set_down(problem.clone());
                format!("the registry: {problem:?}")
            }
            6 => {
                let faults = [
                    RegistryFault::PushAfter,
                    RegistryFault::PushBefore,
                    RegistryFault::Answers(RegistryProblem::RateLimited),
                ];
                let fault = self.dice.pick(&faults).clone();
                self.registry.inject(fault.clone());
                format!("{fault:?}")
            }
            7 | 8 => {
                self.registry.set_down(None);
                return;
            }
            _ => return,
        };
        self.trace.push(format!("{who} will meet {what}"));
    }

    fn keep(&mut self, entry: Entry) -> CommitId {
        let commit = entry.commit.clone();
        self.answered.entries.insert(commit.clone(), entry);
        commit
    }

    fn change(&mut self, who: usize) -> Result<String, String> {
        let word = format!("w{}", self.dice.below(1000));
        let path = *self.dice.pick(&["platform/services/app.yaml", "platform/services/other.yaml"]);
        let text = world::service(&word);
        let changed =
            told(world::try_commit(&self.actors[who].git.inner, &word, vec![put(path, text)]))?;
        if let Some(commit) = &changed {
            self.answered.commits.insert(commit.clone());
        }
        Ok(format!("changes {path}: {changed:?}"))
    }

    fn release(&mut self, who: usize) -> Result<String, String> {
        // Now and then a version that is taken, perhaps from another commit.
        if self.released == 0 || !self.dice.one_in(4) {
            self.released += 1;
        }
        let version = version(&format!("0.0.{}", self.released));
        let (created, entry) = told(self.actors[who].release(&version))?;
        self.keep(entry);
        Ok(format!("releases {version}: {created}"))
    }

    fn request(&mut self) -> Request {
        match self.dice.below(6) {
            0 => Request { rollback: true, ..Request::default() },
            1 => Request {
                to: Some(version(&format!("0.0.{}", 1 + self.dice.below(self.released + 1)))),
                allow_downgrade: self.dice.one_in(2),
                ..Request::default()
            },
            _ => Request::default(),
        }
    }

    fn approve(&mut self, who: usize) -> Result<String, String> {
        let entry = told(self.actors[who].approve(&Request::default()))?;
        let entry = entry.map(|entry| self.keep(entry));
        Ok(format!("approves: {entry:?}"))
    }

    fn promote(&mut self, who: usize) -> Result<String, String> {
        let request = self.request();
        let target = match self.dice.below(6) {
            0 => Target::Branch(branch(&format!("pr-{}", self.dice.below(3)))),
            _ => Target::Trunk,
        };
        let done = told(self.actors[who].promote_to(&request, &target))?;
        if let Some(entry) = done.record {
            self.keep(entry);
        }
        let version = done.proposal.candidate.map(|r| r.version.to_string());
        Ok(format!("promotes {version:?} to {target:?} ({request:?}): {:?}", done.outcome))
    }

    fn override_approval(&mut self, who: usize) -> Result<String, String> {
        let actor = &self.actors[who];
        let (_, proposal) = told(actor.plan(&Request::default()))?;
        let Some(plan) = proposal.hash else { return Ok("overrides nothing".to_owned()) };
        let event = Event::Overridden {
            environment: environment("production"),
            component: platform(),
            gate: "approval".to_owned(),
            plan,
            reason: "an emergency:\n{\nnobody else is awake".to_owned(),
            expires: actor.now.checked_add(2.hours()).expect("within the calendar"),
        };
        let entry = told(ledger::append(&actor.git, actor.now, event))?;
        Ok(format!("overrides: {}", self.keep(entry)))
    }

    fn check(&mut self) -> Checked {
        let stranger = self.remote.clone_here();
        let entries = told(ledger::read(&stranger))?;
        let (count, mut problems) = told(ledger::verify(&stranger, &world::main()))?;
        // Between a promotion and its record, however long that takes, this is the truth.
        problems.retain(|p| !p.message.contains("has no record of it"));
        ensure(problems.is_empty(), format!("the ledger: {problems:?}"))?;
        ensure(count == entries.len(), "a record is not read")?;
        for (commit, entry) in &self.answered.entries {
            let times = entries.iter().filter(|e| e.commit == *commit).count();
            ensure(times == 1, format!("{} is in the ledger {times} times", commit.short()))?;
            ensure(entries.contains(entry), "a record is not what was answered")?;
        }
        let recorded: Vec<CommitId> = promoted(&entries).collect();
        let distinct: BTreeSet<&CommitId> = recorded.iter().collect();
        ensure(distinct.len() == recorded.len(), "a promotion is recorded twice")?;
        self.check_digests(&entries)?;
        self.check_trunk(&stranger, &ledger::fold(&entries))?;
        self.check_plan()
    }

    fn check_digests(&mut self, entries: &[Entry]) -> Checked {
        let in_ledger = entries.iter().filter_map(|entry| match &entry.record.event {
            Event::Released { tag, digest, .. } => Some((tag.clone(), digest.clone())),
            _ => None,
        });
        let in_registry = self.registry.all_tags(&world::artifacts());
        for (tag, digest) in in_ledger.chain(in_registry) {
            let first = self.answered.digests.entry(tag.clone()).or_insert(digest.clone());
            ensure(*first == digest, format!("{tag} was {first} and is {digest}"))?;
        }
        Ok(())
    }

    fn check_trunk(&mut self, stranger: &MemoryRepository, history: &History) -> Checked {
        let log = told(world::log(stranger, &world::main()))?;
        let ids: BTreeSet<&CommitId> = log.iter().map(|c| &c.id).collect();
        ensure(
            self.answered.commits.iter().all(|commit| ids.contains(commit)),
            "a commit of a user is lost",
        )?;
        for pair in log.windows(2) {
            let [commit, before] = pair else { continue };
            ensure(commit.parents == [before.id.clone()], "the trunk is not one line")?;
            if !self.answered.judged.insert(commit.id.clone()) {
                continue;
            }
            let pin = |id| told(world::text(stranger, id, PRODUCTION));
            let moved = pin(&commit.id)? != pin(&before.id)?;
            let plan = trailer(&commit.message, "Towpath-Plan");
            ensure(moved == plan.is_some(), "a pin moves with a promotion and not without one")?;
            if let Some(plan) = plan
                && !commit.message.starts_with("roll back")
            {
                let plan = told(PlanHash::parse(plan))?;
                let version =
                    trailer(&commit.message, "Towpath-Version").ok_or("it says no version")?;
                let allowed = approved(history, &plan, &told(Version::parse(version))?)
                    || history.override_of("approval", &plan, commit.time).is_some();
                ensure(allowed, format!("{} was never approved", plan.short()))?;
            }
        }
        Ok(())
    }

    fn check_plan(&mut self) -> Checked {
        let who = usize::try_from(self.dice.below(3)).expect("a small number");
        let calm = MemoryRegistry::new();
        let registry: &dyn towpath_engine::ports::Registry =
            if self.dice.one_in(4) { &calm } else { self.registry };
        let actor = &self.actors[who];
        let mut engine = actor.engine();
        engine.repository = &actor.git.inner;
        engine.registry = Some(registry);
        let view = told(engine.look())?;
        let path = view.path();
        let once = plan::plan(path, &view.snapshot);
        ensure(once == plan::plan(path, &view.snapshot), "planning twice is not the same")?;
        let broken = invariant::check(path, &view.snapshot, &once);
        ensure(broken.is_empty(), format!("the plan: {broken:?}"))
    }
}

fn promoted(entries: &[Entry]) -> impl Iterator<Item = CommitId> {
    entries.iter().filter_map(|entry| match &entry.record.event {
        Event::Promoted(promotion) => Some(promotion.commit.clone()),
        _ => None,
    })
}

fn moves(stranger: &MemoryRepository) -> Result<Vec<Commit>, String> {
    let log = told(world::log(stranger, &world::main()))?;
    Ok(log.into_iter().filter(|c| trailer(&c.message, "Towpath-Plan").is_some()).collect())
}

/// Whether somebody other than who made the release approved this very plan.
fn approved(history: &History, plan: &PlanHash, of: &Version) -> bool {
    let author = history.records().find_map(|record| match &record.event {
        Event::Released { version, .. } if version == of => Some(record.by.as_str()),
        _ => None,
    });
    history.approvers(plan).iter().any(|by| Some(*by) != author)
}

/// Runs some seeds, which must have come to promotions, or they prove nothing.
fn seeds(from: u64, many: u64) {
    let mut promotions = 0;
    for seed in from..from + many {
        match run(seed) {
            Ok(moved) => promotions += moved,
            Err(why) => panic!("{why}"),
        }
    }
    assert!(promotions > 5, "only {promotions} promotions were made");
}

#[test]
fn whatever_happens_the_invariants_hold() {
    seeds(0, 12);
}

#[test]
fn whatever_happens_the_invariants_hold_here_too() {
    seeds(1_010, 12);
}

#[test]
#[ignore = "minutes; for whoever changes the loop or the ledger"]
fn whatever_happens_for_long_the_invariants_hold() {
    seeds(10_000, 400);
}
