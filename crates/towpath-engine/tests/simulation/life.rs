//! What nobody planned: people act, connections break, clusters fall ill, the registry is gone, processes die.
//!
//! Drawn by the seed, with what is likely on the way of a release more likely than the rest.

use std::sync::Arc;

use jiff::SignedDuration;
use towpath_engine::ports::RegistryProblem;
use towpath_testkit::memory::Fault;
use towpath_testkit::watched::Crash;

use crate::dice::Dice;
use crate::people::Act;
use crate::stage::{LOOPS, told};
use crate::world::{What, World};

impl World {
    /// Something happens, and something else later.
    pub(crate) fn live(&mut self) {
        let later = self.dice.seconds(20, 1500);
        self.after(later, What::Life);
        match self.dice.below(32) {
            0..6 => self.act_soon(Self::release),
            6..12 => self.act_soon(|_| Act::Approve),
            12 => self.act_soon(Self::go_back),
            13 => self.act_soon(|_| Act::LetPass),
            14 => self.act_soon(|_| Act::GiveUp),
            15 => {
                self.act_soon(Self::freeze);
                let later = self.dice.seconds(60, 14_400);
                self.after(later, What::Act(Act::Thaw));
            }
            16 | 17 => self.act_soon(|_| Act::Commit),
            18 => {
                let problem =
                    self.dice.pick(&[RegistryProblem::Unreachable, RegistryProblem::Unauthorized]);
                self.stage.registry.set_down(Some(problem));
                let later = self.dice.seconds(60, 3600);
                self.after(later, What::Registry);
            }
            19..24 => self.fall_ill(),
            _ => self.cut(),
        }
    }

    fn act_soon(&mut self, act: impl FnOnce(&mut Self) -> Act) {
        let act = act(self);
        self.after(SignedDuration::ZERO, What::Act(act));
    }

    fn release(&mut self) -> Act {
        let component = self.dice.index(self.newest.len());
        self.newest[component] += 1;
        Act::Release { component, number: self.newest[component], recorded: !self.dice.one_in(8) }
    }

    fn place(&mut self) -> (usize, usize) {
        let own = self.stage.layout.environments.iter().enumerate().filter(|(_, e)| !e.follows);
        let own: Vec<usize> = own.map(|(at, _)| at).collect();
        (self.dice.pick(&own), self.dice.index(self.newest.len()))
    }

    fn go_back(&mut self) -> Act {
        let (environment, component) = self.place();
        Act::GoBack { environment, component }
    }

    fn freeze(&mut self) -> Act {
        let (environment, _) = self.place();
        Act::Freeze { environment: (!self.dice.one_in(3)).then_some(environment) }
    }

    fn fall_ill(&mut self) {
        let (cluster, component) =
            (self.dice.index(self.clusters.len()), self.dice.index(self.newest.len()));
        let name = &self.stage.layout.components[component];
        if let Some(release) = self.clusters[cluster].wants(name).map(|it| it.number) {
            self.after(SignedDuration::ZERO, What::Fail { cluster, component, release });
        }
    }

    /// An instance does not reach a cluster any more: first it does not know that.
    fn cut(&mut self) {
        let (who, cluster) = (self.dice.pick(&LOOPS), self.dice.index(self.clusters.len()));
        let since = self.now();
        if self.cut.contains_key(&(who, cluster)) {
            return;
        }
        self.cut.insert((who, cluster), since);
        let (seen, healed) = (self.dice.seconds(20, 180), self.dice.seconds(30, 14_400));
        self.after(seen, What::Notice { who, cluster, since });
        self.after(healed, What::Heal { who, cluster });
    }

    /// Something will go wrong in a turn, or somebody acts in the middle of it; whether anything does.
    pub(crate) fn trouble(&mut self, who: usize) -> bool {
        if self.is_calm {
            return false;
        }
        let git = self.stage.git(who);
        let mut any = true;
        match self.dice.below(40) {
            at @ 0..2 => {
                let most = self.dice.pick(&[12, 60]);
                let call = self.dice.below(most);
                git.crash(if at == 0 { Crash::Before(call) } else { Crash::After(call) });
            }
            4 => git.inner.inject(Fault::Fetch),
            5 => git.inner.inject(Fault::PublishStale),
            6 => git.inner.inject(Fault::PublishBefore),
            7 | 8 => git.inner.inject(Fault::PublishAfter),
            _ => any = false,
        }
        let call = self.dice.below(60);
        let mut dice = self.dice.split();
        match dice.below(24) {
            0 | 1 => self.meanwhile(who, call, &mut dice),
            2 => {
                let act = match dice.below(5) {
                    0 => Act::Commit,
                    1 => Act::Approve,
                    2 => self.freeze(),
                    3 => self.go_back(),
                    _ => Act::GiveUp,
                };
                if matches!(act, Act::Freeze { .. }) {
                    let later = self.dice.seconds(60, 14_400);
                    self.after(later, What::Act(Act::Thaw));
                }
                let stage = Arc::clone(&self.stage);
                git.meanwhile(call, move || stage.act(&act, &mut dice));
            }
            _ => return any,
        }
        self.tally.meanwhile += 1;
        true
    }

    /// The other instance takes a turn, and perhaps dies in it.
    fn meanwhile(&mut self, who: usize, call: u64, dice: &mut Dice) {
        let other = LOOPS[1 - who];
        if self.dead.contains(&other) {
            return;
        }
        self.quiet_no_more(other);
        let dies = dice.one_in(3).then(|| dice.below(60));
        let stage = Arc::clone(&self.stage);
        self.stage.git(who).meanwhile(call, move || {
            if let Some(call) = dies {
                stage.git(other).crash(Crash::After(call));
            }
            let done = stage.turn(other, true);
            stage.say(|| {
                format!(
                    "  meanwhile the other: {:?}",
                    done.as_ref().map(|t| t.moved.len()).map_err(|e| told(e))
                )
            });
            if let Err(error) = done
                && dies.is_none()
            {
                stage.broke(format!("a turn fails and nothing was wrong: {}", told(&error)));
            }
        });
    }

    /// All trouble is over: everybody is reached, nobody is dead, and nothing is frozen.
    pub(crate) fn calm_down(&mut self) {
        self.is_calm = true;
        self.forget(|what| matches!(what, What::Life | What::Heal { .. } | What::Registry));
        self.stage.registry.set_down(None);
        self.cut.clear();
        for who in LOOPS {
            for cluster in 0..self.clusters.len() {
                self.after(SignedDuration::from_secs(1), What::Report { who, cluster });
            }
        }
        self.after(SignedDuration::from_secs(2), What::Act(Act::Thaw));
        for component in 0..self.newest.len() {
            self.newest[component] += 1;
            let number = self.newest[component];
            self.good_from[component] = number;
            let act = Act::Release { component, number, recorded: true };
            self.after(SignedDuration::from_secs(3), What::Act(act));
        }
    }
}
