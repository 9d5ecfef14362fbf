//! What people do: they release, approve, stop, give up, go back, let pass, test, and commit something else.
//!
//! Each is done as the commands do it, and answers in words what came of it. Next: `life`, which says when.

use jiff::ToSpan as _;
use towpath_core::gate::Verdict;
use towpath_core::plan::{Outcome, Proposal, Request, plan};
use towpath_core::record::{Event, OfRelease, Record, Tested};
use towpath_core::rollout::last_promotion;
use towpath_core::version::Version;
use towpath_core::why::Why;
use towpath_engine::act::Target;
use towpath_engine::ledger::{self, Entry, LedgerError};
use towpath_engine::ports::Repository as _;
use towpath_engine::promote::{PromoteError, View};
use towpath_testkit::contract::put;
use towpath_testkit::memory_registry::digest_of;
use towpath_testkit::world;

use crate::dice::Dice;
use crate::stage::{ADA, BO, Stage, lock, told};

/// What somebody does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Publishes a release; where it is not recorded, another tool made it.
    Release {
        component: usize,
        number: u64,
        recorded: bool,
    },
    /// Approves everything that waits for it.
    Approve,
    /// Lets one gate pass that waits.
    LetPass,
    Freeze {
        environment: Option<usize>,
    },
    /// Ends every freeze.
    Thaw,
    /// Gives up a promotion that is under way.
    GiveUp,
    GoBack {
        environment: usize,
        component: usize,
    },
    /// Commits something that is no pin.
    Commit,
    /// Promotes to the newest release what the loop refuses and leaves to a person.
    Untie,
    /// A test has ended.
    Test {
        environment: usize,
        component: usize,
        number: u64,
        passed: bool,
    },
}

pub(crate) fn version(number: u64) -> Version {
    Version::parse(&format!("0.0.{number}")).expect("three numbers")
}

/// What a release holds: nobody reads it.
pub(crate) fn manifest(component: usize, number: u64) -> Vec<u8> {
    format!("{{\"component\":{component},\"release\":{number}}}").into_bytes()
}

impl Stage {
    /// Somebody does something. What failed is told in words, and is nobody's fault but the network's.
    pub(crate) fn act(&self, act: &Act, dice: &mut Dice) {
        let done = self.acted(act, dice);
        self.say(|| match done {
            Ok(words) => format!("{act:?}: {words}"),
            Err(why) => format!("{act:?} fails: {why}"),
        });
    }

    fn acted(&self, act: &Act, dice: &mut Dice) -> Result<String, String> {
        let who = if matches!(act, Act::Release { .. }) { ADA } else { BO };
        let git = self.git(who);
        git.fetch().map_err(|e| told(&e))?;
        match act {
            Act::Release { component, number, recorded } => {
                self.release(*component, *number, *recorded)
            }
            Act::Approve => self.approve(),
            Act::LetPass => self.let_pass(dice),
            Act::Freeze { environment } => {
                let environment = environment.map(|e| self.layout.environments[e].name.clone());
                self.append(
                    BO,
                    Event::Frozen { environment, reason: "something smells".to_owned() },
                )
            }
            Act::Thaw => {
                let view = self.view()?;
                for freeze in view.snapshot.history.all_freezes() {
                    let environment = freeze.environment;
                    self.append(
                        BO,
                        Event::Thawed { environment, reason: "it was nothing".to_owned() },
                    )?;
                }
                Ok("done".to_owned())
            }
            Act::GiveUp => self.give_up(dice),
            Act::GoBack { environment, component } => self.go_back(*environment, *component),
            Act::Commit => {
                let word = dice.below(1_000_000).to_string();
                let changes = vec![put("notes.txt", &word)];
                let made = world::try_commit(&*git, &format!("note {word}"), changes);
                let made = made.map_err(|e| told(&e))?;
                lock(&self.log).commits.extend(made.clone());
                Ok(format!("{made:?}"))
            }
            Act::Untie => self.untie(),
            Act::Test { environment, component, number, passed } => {
                let release = self.of(*environment, *component, *number);
                let test = "smoke".parse().expect("a name");
                let detail = String::new();
                self.append(
                    BO,
                    Event::Tested(Tested { release, test, passed: *passed, attempts: 1, detail }),
                )
            }
        }
    }

    fn of(&self, environment: usize, component: usize, number: u64) -> OfRelease {
        OfRelease {
            environment: self.layout.environments[environment].name.clone(),
            component: self.layout.components[component].clone(),
            version: version(number),
            digest: Some(digest_of(&manifest(component, number))),
        }
    }

    fn keep(&self, entry: Result<Entry, LedgerError>) -> Result<String, String> {
        let entry = entry.map_err(|e| told(&e))?;
        let commit = entry.commit.to_string();
        lock(&self.log).entries.push(entry);
        Ok(commit)
    }

    fn append(&self, who: usize, event: Event) -> Result<String, String> {
        self.keep(ledger::append(&*self.git(who), self.now(), event))
    }

    fn view(&self) -> Result<View, String> {
        self.with_engine(BO, |engine| engine.look()).map_err(|e| self.refused(&e))
    }

    /// An error in words; one that only a bug can make is remembered as that.
    fn refused(&self, error: &PromoteError) -> String {
        let text = told(error);
        if matches!(error, PromoteError::Invariant(_)) {
            self.broke(text.clone());
        }
        text
    }

    fn release(&self, component: usize, number: u64, recorded: bool) -> Result<String, String> {
        let (at, bytes) = (self.layout.artifacts(component), manifest(component, number));
        self.registry.move_tag(&at, &format!("0.0.{number}"), &bytes);
        if !recorded {
            return Ok("not recorded".to_owned());
        }
        let commit = self.git(ADA).inner.tip(&world::main()).map_err(|e| told(&e))?;
        let event = Event::Released {
            component: self.layout.components[component].clone(),
            version: version(number),
            tag: format!("0.0.{number}"),
            digest: digest_of(&bytes),
            commit: commit.ok_or("there is no trunk")?,
            location: at.to_string(),
        };
        self.append(ADA, event)
    }

    /// What waits for somebody, on the whole path: each as a command about it shows it.
    fn waiting(&self) -> Result<Vec<Proposal>, String> {
        let all = self.with_engine(BO, |engine| {
            let view = engine.look()?;
            let mut all = Vec::new();
            for environment in view.path().environments() {
                for component in view.snapshot.components_of(view.path(), environment) {
                    all.extend(engine.plan(
                        &view,
                        &environment.name,
                        component,
                        &Request::default(),
                    )?);
                }
            }
            Ok(all)
        });
        let proposals: Vec<Proposal> = all.map_err(|e| self.refused(&e))?;
        Ok(proposals.into_iter().filter(|p| p.hash.is_some()).collect())
    }

    fn approve(&self) -> Result<String, String> {
        let mut words = Vec::new();
        for proposal in self.waiting()? {
            words.extend(self.approve_one(proposal)?);
        }
        Ok(words.join(", "))
    }

    fn approve_one(&self, proposal: Proposal) -> Result<Option<String>, String> {
        let git = self.git(BO);
        let waits = proposal.gates.iter().any(|g| g.gate.as_str() == "approval" && !g.passes());
        let (true, Some(plan), Some(release)) = (waits, proposal.hash, proposal.candidate) else {
            return Ok(None);
        };
        let (environment, component) = (proposal.environment, proposal.component);
        let me = git.inner.user().map_err(|e| told(&e))?.to_string();
        let version = release.version;
        let event = Event::Approved { environment, component, version, plan: plan.clone() };
        let is_it = |r: &Record| {
            r.by == me && matches!(&r.event, Event::Approved { plan: p, .. } if *p == plan)
        };
        let entry = ledger::append_unless(&*git, self.now(), event, is_it);
        self.keep(entry.map(|(entry, _)| entry)).map(Some)
    }

    fn let_pass(&self, dice: &mut Dice) -> Result<String, String> {
        let mut shut = Vec::new();
        for proposal in self.waiting()? {
            for gate in &proposal.gates {
                let can = ["soak", "verified", "approval", "window", "test", "path"]
                    .contains(&gate.gate.as_str());
                if can && matches!(gate.verdict, Verdict::Waiting { .. }) {
                    let (environment, component) =
                        (proposal.environment.clone(), proposal.component.clone());
                    shut.push((
                        environment,
                        component,
                        gate.gate.to_string(),
                        proposal.hash.clone(),
                    ));
                }
            }
        }
        if shut.is_empty() {
            return Ok("nothing waits".to_owned());
        }
        let (environment, component, gate, plan) = dice.pick(&shut);
        let (Some(plan), Ok(expires)) = (plan, self.now().checked_add(2.hours())) else {
            return Ok("nothing waits".to_owned());
        };
        let reason = "it cannot wait".to_owned();
        self.append(BO, Event::Overridden { environment, component, gate, plan, reason, expires })
    }

    fn give_up(&self, dice: &mut Dice) -> Result<String, String> {
        let view = self.view()?;
        let mut under_way = Vec::new();
        for environment in view.path().environments() {
            for component in &self.layout.components {
                let Some(last) = last_promotion(&view.snapshot, environment, component) else {
                    continue;
                };
                let of = OfRelease {
                    environment: environment.name.clone(),
                    component: component.clone(),
                    version: last.promotion.version.clone(),
                    digest: last.promotion.digest.clone(),
                };
                let mut verified =
                    view.snapshot.history.verifications(&environment.name, component);
                let is_over =
                    verified.any(|(at, v)| at >= last.at && v.release.version == of.version);
                if last.ended.is_none() && !last.promotion.rollback && !is_over {
                    under_way.push(of);
                }
            }
        }
        if under_way.is_empty() {
            return Ok("nothing is under way".to_owned());
        }
        self.append(BO, Event::Aborted(dice.pick(&under_way), "enough of it".to_owned()))
    }

    fn go_back(&self, environment: usize, component: usize) -> Result<String, String> {
        let environment = &self.layout.environments[environment].name;
        let component = &self.layout.components[component];
        let request = Request { rollback: true, ..Request::default() };
        let done = self.with_engine(BO, |engine| {
            engine.promote(environment, component, &request, &Target::Trunk)
        });
        let done = done.map_err(|e| self.refused(&e))?.ok_or("there is no such environment")?;
        lock(&self.log).entries.extend(done.record);
        let to = done.proposal.candidate.map(|r| r.version.to_string());
        Ok(format!("to {to:?}: {:?}", done.outcome))
    }

    /// What the loop leaves to a person: where nothing was verified that it could go back to, where a release failed
    /// before, and where a promotion is under way to a release that has failed in an environment before since.
    fn untie(&self) -> Result<String, String> {
        let view = self.view()?;
        let mut words = Vec::new();
        for proposal in plan(view.path(), &view.snapshot).proposals {
            let (environment, component) = (&proposal.environment, &proposal.component);
            let has_failed = |why: &Why| matches!(why, Why::FailedIn { .. });
            let request = match (proposal.outcome, &proposal.newest, &proposal.candidate) {
                (Outcome::Refused, Some(newest), _) => {
                    Request { to: Some(newest.version.clone()), ..Request::default() }
                }
                (Outcome::Ready, ..) if !proposal.holds.is_empty() => Request::default(),
                (Outcome::Waiting, _, Some(release)) if proposal.waiting.iter().any(has_failed) => {
                    let of = OfRelease {
                        environment: environment.clone(),
                        component: component.clone(),
                        version: release.version.clone(),
                        digest: release.digest.clone(),
                    };
                    let why = "it failed elsewhere".to_owned();
                    words.push(self.append(BO, Event::Aborted(of, why))?);
                    continue;
                }
                _ => continue,
            };
            let done = self.with_engine(BO, |engine| {
                if let Some(asked) = engine.plan(&view, environment, component, &request)?
                    && let Err(why) = self.approve_one(asked)
                {
                    return Ok(Err(why));
                }
                engine.promote(environment, component, &request, &Target::Trunk).map(Ok)
            });
            let done =
                done.map_err(|e| self.refused(&e))??.ok_or("there is no such environment")?;
            lock(&self.log).entries.extend(done.record);
            words.push(format!("{environment} {component}: {:?}", done.outcome));
        }
        Ok(words.join(", "))
    }
}
