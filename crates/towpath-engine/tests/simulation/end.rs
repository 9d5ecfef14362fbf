//! The end of a world: all trouble stops, a last release is made, and with nothing but time it gets everywhere.
//!
//! That is how a promotion that was lost shows: nobody fetches it any more.

use jiff::SignedDuration;
use towpath_core::plan::plan;
use towpath_engine::ledger;
use towpath_testkit::world;

use crate::judge::Checked;
use crate::people::Act;
use crate::seen::Says;
use crate::stage::{BO, told};
use crate::world::{What, World};

/// How many days the last release may take. Three rollbacks of a day hold the loop for another day, windows open once a
/// day, and environments that take each release in turn take one of them in a day.
const DAYS: i64 = 90;

impl World {
    pub(crate) fn finish(&mut self) -> Checked {
        self.calm_down();
        let (mut rounds, last) = (self.now(), self.now() + SignedDuration::from_hours(24 * DAYS));
        while !self.is_there() {
            self.step()?;
            if self.now() >= rounds {
                rounds = self.now() + SignedDuration::from_hours(3);
                self.after(SignedDuration::from_mins(1), What::Act(Act::Approve));
                self.after(SignedDuration::from_mins(2), What::Act(Act::Untie));
            }
            if self.now() > last {
                return Err(format!(
                    "the last release is not everywhere after {DAYS} days: {}",
                    self.why_not()
                ));
            }
        }
        self.all_is_recorded()
    }

    /// Whether every environment that promotions move has the last release, on every cluster, and all is recorded.
    fn is_there(&self) -> bool {
        let layout = &self.stage.layout;
        let moved = layout.environments.iter().filter(|e| !e.follows).flat_map(|e| &e.clusters);
        let there = moved
            .flat_map(|cluster| (0..self.newest.len()).map(move |component| (*cluster, component)));
        let mut there = there.map(|(cluster, component)| {
            let release = self.newest[component];
            self.judge.pins[cluster][component] == Says::Release(release)
                && self.clusters[cluster].is_well_with(&layout.components[component], release)
        });
        there.all(|it| it)
            && self.judge.made.iter().all(|made| self.judge.recorded.contains_key(&made.commit))
    }

    fn all_is_recorded(&self) -> Checked {
        let stranger = self.stage.remote.clone_here();
        let read = ledger::read(&stranger).map_err(|e| told(&e))?;
        if read != self.judge.entries {
            return Err("the ledger is read otherwise than record by record".to_owned());
        }
        let (_, problems) = ledger::verify(&stranger, &world::main()).map_err(|e| told(&e))?;
        if problems.is_empty() {
            Ok(())
        } else {
            Err(format!("the ledger does not verify: {problems:?}"))
        }
    }

    /// What the loop says of it.
    fn why_not(&self) -> String {
        let view = self.stage.with_engine(BO, |engine| {
            let _ = engine.repository.fetch();
            engine.look()
        });
        let Ok(view) = view else { return "nobody can look".to_owned() };
        let mut text = String::new();
        for proposal in plan(view.path(), &view.snapshot).proposals {
            let words: Vec<String> =
                proposal.waiting.iter().chain(&proposal.holds).map(ToString::to_string).collect();
            let to = proposal.candidate.map(|r| r.version.to_string());
            let (environment, component) = (proposal.environment, proposal.component);
            let words = words.join("; ");
            text.push_str(&format!(
                "\n  {environment} {component}: {:?} {to:?}, {words}",
                proposal.outcome
            ));
        }
        text
    }
}
