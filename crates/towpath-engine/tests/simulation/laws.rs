//! What must hold of every promotion on the trunk and of every record of the loop, by what its maker could see.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use towpath_core::gate::{Verdict, judge};
use towpath_core::id::CommitId;
use towpath_core::record::{Event, OfRelease, Promotion};
use towpath_engine::ledger::Entry;

use crate::judge::{Checked, Judge, Made, ensure};
use crate::layout::{Gate, Layout};
use crate::seen::{Says, Seen, Stands, number};
use crate::stage::Look;

impl Judge {
    pub(crate) fn judge_promotion(
        &self,
        layout: &Layout,
        made: &Made,
        before: &[Vec<Says>],
        parent: Option<&CommitId>,
        looks: &[Look],
    ) -> Checked {
        let is_it = |look: &Look| look.by == made.by && look.base.as_ref() == parent;
        let seen = self.seen(layout, looks, before, is_it);
        let seen = seen.ok_or_else(|| format!("{made:?} was made on what nobody looked at"))?;
        if made.goes_back {
            return judge_way_back(&seen, made);
        }
        judge_gates(&seen, made)?;
        judge_budgets(&seen, made)?;
        self.judge_turn_taking(&seen, made)
    }

    /// Of a component there is one promotion at a time in an environment.
    fn judge_turn_taking(&self, seen: &Seen<'_>, made: &Made) -> Checked {
        let mut of_place = self.made.iter().rev().filter(|other| {
            other.environment == made.environment && other.component == made.component
        });
        let Some(last) =
            of_place.next().filter(|last| last.plan != made.plan && last.release != made.release)
        else {
            return Ok(());
        };
        let of_plan = |other: &&Made| other.plan == last.plan;
        let theirs: Vec<usize> = self
            .made
            .iter()
            .filter(of_plan)
            .flat_map(|other| other.clusters.iter().copied())
            .collect();
        let mut known = seen.records.iter().skip_while(
            |entry| !matches!(&entry.record.event, Event::Promoted(p) if p.commit == last.commit),
        );
        let ended = known.any(|entry| match &entry.record.event {
            Event::Failed(of, _) | Event::Aborted(of, _) => self.is_of(seen.layout, of, last),
            _ => false,
        });
        if ended {
            return Ok(());
        }
        for wave in &seen.layout.environments[made.environment].waves {
            for cluster in wave.clusters.iter().filter(|cluster| theirs.contains(cluster)) {
                let stands = seen.stands(Some(wave), *cluster, made.component, last.release);
                ensure(stands != Stands::InFlight, || {
                    let name = &seen.layout.clusters[*cluster];
                    format!("{made:?} begins while {name} is on its way with {last:?}")
                })?;
            }
        }
        Ok(())
    }

    fn is_of(&self, layout: &Layout, of: &OfRelease, made: &Made) -> bool {
        of.environment == layout.environments[made.environment].name
            && of.component == layout.components[made.component]
            && number(of.version.original()) == made.release
    }

    pub(crate) fn judge_record(&self, layout: &Layout, entry: &Entry, looks: &[Look]) -> Checked {
        let by = entry.record.by.split(" <").next().unwrap_or_default();
        // What follows from one look is written record by record.
        let own = self
            .entries
            .iter()
            .rev()
            .take_while(|known| known.record.by == entry.record.by)
            .count();
        let first = self.entries.len() - own;
        let after = (first..=self.entries.len())
            .rev()
            .map(|at| at.checked_sub(1).map(|at| &self.entries[at].commit));
        let bases: Vec<Option<&CommitId>> = after.take(16).collect();
        let is_it = |look: &Look| look.by == by && bases.contains(&look.ledger.as_ref());
        let place = |of: &OfRelease| {
            let (environment, component) =
                (layout.environment(&of.environment)?, layout.component(&of.component)?);
            Some((environment, component, number(of.version.original())))
        };
        match &entry.record.event {
            Event::Promoted(p) => judge_evidence(p),
            Event::Verified(v) => {
                let seen = self.seen(layout, looks, &self.pins, is_it);
                let seen =
                    seen.ok_or_else(|| format!("{entry:?} follows from what nobody looked at"))?;
                let (environment, component, release) =
                    place(&v.release).ok_or("it is of nothing")?;
                ensure(seen.verified(environment, component, release).is_none(), || {
                    format!("verified a second time: {entry:?}")
                })?;
                for cluster in &layout.environments[environment].clusters {
                    let healthy = seen.healthy_since(*cluster, component, release);
                    ensure(healthy.is_some(), || {
                        format!(
                            "{entry:?}, and {} is not healthy with it",
                            layout.clusters[*cluster]
                        )
                    })?;
                }
                Ok(())
            }
            Event::Failed(of, _) => {
                let seen = self.seen(layout, looks, &self.pins, is_it);
                let seen =
                    seen.ok_or_else(|| format!("{entry:?} follows from what nobody looked at"))?;
                let (environment, component, release) = place(of).ok_or("it is of nothing")?;
                ensure(!seen.failed(environment, component, release), || {
                    format!("failed a second time: {entry:?}")
                })
            }
            _ => Ok(()),
        }
    }
}

/// What is written down with a promotion is what let it pass.
fn judge_evidence(promotion: &Promotion) -> Checked {
    for evidence in &promotion.gates {
        let open = match (&evidence.inputs, evidence.verdict.as_str()) {
            (_, "overridden") => true,
            (Some(inputs), "open") => matches!(judge(inputs), Verdict::Open(_)),
            (inputs, verdict) => inputs.is_none() && verdict == "open",
        };
        ensure(open, || format!("{evidence:?} let {} pass", promotion.commit))?;
    }
    Ok(())
}

/// The loop goes back to what was verified and has not failed since, and not over a freeze.
fn judge_way_back(seen: &Seen<'_>, made: &Made) -> Checked {
    if !made.automatic {
        return Ok(());
    }
    ensure(seen.verified(made.environment, made.component, made.release).is_some(), || {
        format!("{made:?} goes back to what is not verified")
    })?;
    ensure(!seen.frozen(made.environment), || format!("{made:?} goes back over a freeze"))
}

/// No environment is entered past a gate that is not open, or after it failed before.
fn judge_gates(seen: &Seen<'_>, made: &Made) -> Checked {
    let environment = &seen.layout.environments[made.environment];
    let (component, release) = (made.component, made.release);
    ensure(!seen.frozen(made.environment), || format!("{made:?} passes a freeze"))?;
    if !seen.let_pass("path", &made.plan) {
        for before in &environment.after {
            let own = &seen.layout.environments[*before];
            ensure(!seen.failed(*before, component, release), || {
                format!("{made:?} failed in {}", own.name)
            })?;
            // Who takes each in turn may take what those before have left behind.
            let passed = seen.verified(*before, component, release).is_some()
                || seen.soaked(*before, component, release);
            let has = |cluster: &usize| match seen.pins[*cluster][component] {
                Says::Release(has) => has >= release,
                Says::Range => true,
            };
            ensure(passed || own.clusters.iter().all(has), || {
                format!("{made:?} is not in {}", own.name)
            })?;
        }
    }
    for gate in &environment.gates {
        let (name, guards_each_step, open) = match gate {
            Gate::Window => {
                let hour = seen.look.now.to_zoned(TimeZone::UTC).hour();
                ("window", true, (6..16).contains(&hour))
            }
            Gate::Approval => ("approval", false, seen.approved(&made.plan, component, release)),
            Gate::Verified => {
                let verified =
                    |before: &usize| seen.verified(*before, component, release).is_some();
                ("verified", false, environment.after.iter().all(verified))
            }
            Gate::Test => {
                let tested = |before: &usize| seen.tested(*before, component, release);
                ("test", false, environment.after.iter().all(tested))
            }
            Gate::Soak(minutes) => {
                let long = SignedDuration::from_mins(*minutes);
                let soaked = |before: &usize| {
                    seen.soaked(*before, component, release)
                        || seen.layout.environments[*before].clusters.iter().all(|cluster| {
                            let since = seen.healthy_since(*cluster, component, release);
                            since.is_some_and(|since| seen.look.now.duration_since(since) >= long)
                        })
                };
                ("soak", false, environment.after.iter().all(soaked))
            }
        };
        let passes = open || (made.goes_on && !guards_each_step) || seen.let_pass(name, &made.plan);
        ensure(passes, || format!("{made:?} passes {name}, which is not open"))?;
    }
    Ok(())
}

/// No more clusters are on their way or have failed than may, and no wave begins before the one before it is through.
fn judge_budgets(seen: &Seen<'_>, made: &Made) -> Checked {
    let mut begun = false;
    for wave in &seen.layout.environments[made.environment].waves {
        let moving = wave.clusters.iter().filter(|cluster| made.clusters.contains(cluster)).count();
        let count = |what: Stands| {
            let stands = |cluster: &&usize| {
                seen.stands(Some(wave), **cluster, made.component, made.release) == what
            };
            wave.clusters.iter().filter(stands).count()
        };
        let (failed, in_flight) = (count(Stands::Failed), count(Stands::InFlight));
        ensure(!begun || moving == 0, || format!("{made:?} begins two waves at once"))?;
        if moving > 0 {
            ensure(failed <= wave.may_fail, || format!("{made:?} goes on after {failed} failed"))?;
            ensure(in_flight + moving <= wave.at_once, || {
                format!("{made:?} while {in_flight} are on their way")
            })?;
        }
        begun |= moving > 0 || in_flight > 0 || failed > wave.may_fail;
    }
    Ok(())
}
