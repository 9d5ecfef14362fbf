//! Laws of what the loop does over time: what it carries out, and that a plan that is kept is the plan.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;
use towpath_core::action::Action;
use towpath_core::conduct::Wave;
use towpath_core::gate::{Verdict, judge};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName};
use towpath_core::invariant;
use towpath_core::path::{Environment, Path};
use towpath_core::plan::{Plan, Planned, Proposal, notes, plan, wakes_at};
use towpath_core::record::{Event, History, OfRelease, Promotion, Record};
use towpath_core::release::Release;
use towpath_core::running::{Contact, Health};
use towpath_core::snapshot::Snapshot;

use crate::dice::Dice;
use crate::journey::{Happened, Journey};

/// Enough for some forty things to happen.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 60..260)
}

/// Lets things happen, and looks at each action with the snapshot on which it was planned.
fn each_action(
    bytes: &[u8],
    mut look: impl FnMut(&Path, &Snapshot, &Action, &Proposal) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut dice = Dice(bytes);
    let mut journey = Journey::begin(&mut dice);
    while !dice.is_done() {
        let before = journey.snapshot.clone();
        if let Happened::Acted(acted) = journey.happen(&mut dice) {
            let (action, proposal) = *acted;
            look(&journey.path, &before, &action, &proposal)?;
        }
    }
    Ok(())
}

/// Lets things happen, and looks at each state.
fn each_state(
    bytes: &[u8],
    mut look: impl FnMut(&Journey) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut dice = Dice(bytes);
    let mut journey = Journey::begin(&mut dice);
    while !dice.is_done() {
        journey.happen(&mut dice);
        look(&journey)?;
    }
    Ok(())
}

fn environment<'a>(path: &'a Path, name: &EnvironmentName) -> &'a Environment {
    path.environment(name).expect("it is on the path")
}

/// How a cluster stands with a release, by what it says: a word of our own, so that nothing is taken from the planner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Elsewhere,
    Well,
    Failed,
    /// On its way, or nobody can see.
    InFlight,
}

fn stands(
    snapshot: &Snapshot,
    environment: &Environment,
    wave: Option<&Wave>,
    cluster: &ClusterName,
    release: &Release,
) -> Option<Stands> {
    let pins = snapshot.pins.of(&environment.name, &release.component);
    let pin = pins.iter().find(|p| p.cluster == *cluster)?;
    let has = snapshot.desired(&release.component, &pin.tracking).version;
    if has.as_ref() != Some(&release.version) {
        return Some(Stands::Elsewhere);
    }
    let Some(report) = snapshot.running.get(cluster) else { return Some(Stands::InFlight) };
    let running = report.components.get(&release.component);
    let moved = promotions(&snapshot.history, &environment.name, &release.component)
        .filter(|(_, p)| p.version == release.version)
        .filter(|(_, p)| p.clusters.is_empty() || p.clusters.contains(cluster))
        .last()
        .map(|(record, _)| record.at);
    let late = wave.and_then(|w| w.progress_deadline).zip(moved).is_some_and(|(long, at)| {
        snapshot.now.duration_since(at).unsigned_abs() >= long && snapshot.now >= at
    });
    let otherwise = if late { Stands::Failed } else { Stands::InFlight };
    Some(match running.filter(|_| report.contact == Contact::Connected) {
        Some(running) if running.is_exactly(release) => match running.health {
            Health::Healthy => Stands::Well,
            Health::Failed => Stands::Failed,
            _ => otherwise,
        },
        Some(running) if running.health == Health::Failed => {
            let tried = running.attempted.as_ref().is_some_and(|revision| {
                release.digest.as_ref().is_some_and(|d| revision.to_string().contains(d.as_str()))
            });
            let since_the_move = moved.is_some_and(|at| running.since >= at);
            if tried || since_the_move { Stands::Failed } else { otherwise }
        }
        _ => otherwise,
    })
}

fn promotions<'a>(
    history: &'a History,
    environment: &'a EnvironmentName,
    component: &'a ComponentName,
) -> impl Iterator<Item = (&'a Record, &'a Promotion)> {
    history.records().filter_map(move |record| match &record.event {
        Event::Promoted(p) if p.environment == *environment && p.component == *component => {
            Some((record, p))
        }
        _ => None,
    })
}

/// Whether a cluster is above a release, or was moved to it by this plan and taken back since.
fn is_not_ours(
    snapshot: &Snapshot,
    environment: &Environment,
    action: &Action,
    release: &Release,
    cluster: &ClusterName,
) -> bool {
    let pins = snapshot.pins.of(&environment.name, &release.component);
    let mut has = pins.iter().filter(|p| p.cluster == *cluster).map(|p| {
        snapshot.desired(&p.component, &p.tracking).version.filter(|v| *v != release.version)
    });
    let moved = promotions(&snapshot.history, &environment.name, &release.component)
        .any(|(_, p)| p.plan == action.plan && p.clusters.contains(cluster));
    has.any(|other| other.is_some_and(|version| moved || version > release.version))
}

/// The first wave that takes each cluster, by number; those that none takes are after the last.
fn waves(environment: &Environment) -> Vec<(Option<&Wave>, Vec<&ClusterName>)> {
    let mut left: Vec<_> = environment.clusters.iter().collect();
    let mut out = Vec::new();
    for wave in &environment.conduct.waves {
        let (mine, others): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|c| wave.select.selects(c));
        left = others;
        out.push((Some(wave), mine.into_iter().map(|c| &c.name).collect()));
    }
    out.push((None, left.into_iter().map(|c| &c.name).collect()));
    out
}

/// A plan whose actions name their clusters in the order of the names.
fn in_order(mut plan: Plan) -> Plan {
    for action in plan.proposals.iter_mut().filter_map(|p| p.action.as_mut()) {
        action.clusters.sort();
    }
    plan
}

/// What a record is about: two about different things say nothing of each other.
fn subject(record: &Record) -> String {
    match &record.event {
        Event::Approved { plan, .. } | Event::Overridden { plan, .. } => plan.to_string(),
        Event::Released { component, .. } | Event::Reported { component, .. } => {
            component.to_string()
        }
        Event::Promoted(p) => format!("{} {}", p.environment, p.component),
        Event::Verified(v) => format!("{} {}", v.release.environment, v.release.component),
        Event::Tested(t) => format!("{} {}", t.release.environment, t.release.component),
        Event::Failed(of, _) | Event::Aborted(of, _) | Event::Soaked(of, ..) => {
            format!("{} {}", of.environment, of.component)
        }
        _ => "all".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_environment_is_entered_past_a_gate_that_is_not_open(bytes in bytes()) {
        each_action(&bytes, |path, snapshot, action, proposal| {
            prop_assert_eq!(invariant::check_proposal(path, snapshot, proposal), vec![]);
            prop_assert!(!proposal.gates.is_empty());
            for judged in &proposal.gates {
                prop_assert_eq!(&judge(&judged.inputs), &judged.verdict);
                let overruled = judged.overridden.as_ref().is_some_and(|o| o.expires > snapshot.now);
                prop_assert!(matches!(judged.verdict, Verdict::Open(_)) || overruled);
            }
            if !action.rollback {
                let stated = &environment(path, &action.environment).gates;
                for gate in stated {
                    prop_assert!(proposal.gates.iter().any(|judged| judged.gate == gate.name));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_component_has_one_promotion_at_a_time_in_an_environment(bytes in bytes()) {
        each_action(&bytes, |path, snapshot, action, proposal| {
            let environment = environment(path, &action.environment);
            for release in action.moves.iter().map(|m| &m.release) {
                let last = promotions(&snapshot.history, &environment.name, &release.component).last();
                // Who makes good what somebody undid by hand begins nothing new.
                let other = |p: &Promotion| p.plan != action.plan && p.version != release.version;
                let Some((record, last)) = last.filter(|(_, p)| other(p)) else { continue };
                let of_plan: Vec<&Promotion> = snapshot
                    .history
                    .records()
                    .filter_map(|r| match &r.event {
                        Event::Promoted(p) if p.plan == last.plan => Some(p),
                        _ => None,
                    })
                    .collect();
                // With one of a bundle all of it is given up.
                let is_theirs = |of: &OfRelease| {
                    let is_it = |p: &&Promotion| p.component == of.component && p.version == of.version;
                    of.environment == environment.name && of_plan.iter().any(is_it)
                };
                let mut since = snapshot.history.records().skip_while(|r| *r != record);
                let ended = since.any(|r| match &r.event {
                    Event::Failed(of, _) | Event::Aborted(of, _) => is_theirs(of),
                    _ => false,
                });
                let list = &snapshot.releases[&release.component];
                let Some(before) = list.find(&last.version) else { continue };
                if action.rollback || ended {
                    continue;
                }
                for (wave, clusters) in waves(environment) {
                    for cluster in clusters {
                        let connected = snapshot.running.is_connected(cluster);
                        let theirs = last.clusters.is_empty() || last.clusters.contains(cluster);
                        let stands = stands(snapshot, environment, wave, cluster, before);
                        // Who failed with one of a bundle has failed, whatever becomes of the others.
                        let mut members = of_plan.iter().filter_map(|p| {
                            let release = snapshot.releases[&p.component].find(&p.version)?;
                            self::stands(snapshot, environment, wave, cluster, release)
                        });
                        let in_flight = stands == Some(Stands::InFlight) && connected && theirs;
                        let in_flight = in_flight && !members.any(|it| it == Stands::Failed);
                        prop_assert!(!in_flight, "{} is on its way to {}: {:#?}", cluster, last.version, proposal);
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_more_clusters_move_or_have_failed_than_may(bytes in bytes()) {
        each_action(&bytes, |path, snapshot, action, proposal| {
            if action.rollback {
                return Ok(());
            }
            let environment = environment(path, &action.environment);
            let moved: BTreeSet<&ClusterName> = match action.clusters.is_empty() {
                true => environment.clusters.iter().map(|c| &c.name).collect(),
                false => action.clusters.iter().collect(),
            };
            let mut begun = false;
            for (wave, clusters) in waves(environment) {
                let mut counts = [0usize; 4];
                let mut moving = 0;
                for cluster in &clusters {
                    // A cluster is as far as that of its components which is furthest behind.
                    let all = action.moves.iter().filter_map(|m| stands(snapshot, environment, wave, cluster, &m.release));
                    let order = [Stands::Elsewhere, Stands::Failed, Stands::InFlight, Stands::Well];
                    let Some(at) = all.filter_map(|s| order.iter().position(|o| *o == s)).min() else { continue };
                    counts[at] += 1;
                    moving += usize::from(at == 0 && moved.contains(cluster));
                }
                let [elsewhere, failed, in_flight, _] = counts;
                let total = counts.iter().sum::<usize>();
                let may_fail = wave.map_or(0, |w| w.max_failures.of(total));
                let at_once = wave.map_or(total, |w| w.max_concurrency.of(total)).max(1);
                prop_assert!(!begun || moving == 0, "two waves at once: {:#?}", proposal);
                if moving > 0 {
                    prop_assert!(failed <= may_fail, "{} failed: {:#?}", failed, proposal);
                    prop_assert!(in_flight + moving <= at_once, "{} on their way: {:#?}", in_flight, proposal);
                    begun = true;
                } else {
                    // What this wave waits for, no later one may pass. A cluster that is ahead is nobody's to move, and
                    // what somebody took back is theirs.
                    let not_ours = clusters.iter().filter(|cluster| {
                        action.moves.iter().any(|m| is_not_ours(snapshot, environment, action, &m.release, cluster))
                    });
                    begun |= elsewhere > not_ours.count() || in_flight > 0 || failed > may_fail;
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_failed_before_goes_no_further(bytes in bytes()) {
        each_action(&bytes, |path, snapshot, action, proposal| {
            let overruled = |gate: &str| proposal.gates.iter().any(|g| g.gate.as_str() == gate && g.overridden.is_some());
            if action.rollback || overruled("path") {
                return Ok(());
            }
            for release in action.moves.iter().map(|m| &m.release) {
                for before in &environment(path, &action.environment).after {
                    let mut failed = false;
                    for record in snapshot.history.records() {
                        match &record.event {
                            Event::Failed(of, _) | Event::Aborted(of, _) => failed |= of.is(before, release),
                            Event::Verified(v) => failed &= !v.release.is(before, release),
                            Event::Promoted(p) if p.environment == *before && p.component == release.component => {
                                failed &= p.version != release.version;
                            }
                            _ => {}
                        }
                    }
                    prop_assert!(!failed, "{} failed in {before}: {:#?}", release.version, proposal);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_loop_goes_back_to_what_was_verified(bytes in bytes()) {
        each_action(&bytes, |_, snapshot, action, proposal| {
            if !action.rollback || !action.automatic {
                return Ok(());
            }
            for release in action.moves.iter().map(|m| &m.release) {
                let verified = snapshot.history.records().rposition(|r| {
                    matches!(&r.event, Event::Verified(v) if v.release.is(&action.environment, release))
                });
                prop_assert!(verified.is_some(), "{:#?}", proposal);
                let failed = snapshot.history.records().rposition(|r| {
                    matches!(&r.event, Event::Failed(of, _) | Event::Aborted(of, _) if of.is(&action.environment, release))
                });
                prop_assert!(failed < verified, "{:#?}", proposal);
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_kept_plan_is_the_plan(bytes in bytes()) {
        let mut dice = Dice(&bytes);
        let mut journey = Journey::begin(&mut dice);
        let mut kept = Planned::new(journey.path.clone(), journey.snapshot.clone());
        while !dice.is_done() {
            journey.happen(&mut dice);
            kept.again(&journey.path, journey.snapshot.clone());
            prop_assert_eq!(kept.plan(), &plan(&journey.path, &journey.snapshot));
        }
    }

    #[test]
    fn a_plan_depends_on_no_order_and_keeps_the_invariants(bytes in bytes()) {
        each_state(&bytes, |journey| {
            let Journey { path, snapshot, .. } = journey;
            let planned = plan(path, snapshot);
            prop_assert_eq!(invariant::check(path, snapshot, &planned), vec![]);
            let mut environments = path.environments().to_vec();
            environments.iter_mut().for_each(|e| e.clusters.reverse());
            let other = Path::new(path.trunk.clone(), path.components.clone(), environments).expect("a path");
            let mut shuffled = snapshot.clone();
            shuffled.pins.change(|pins| pins.reverse());
            let mut records: Vec<Record> = snapshot.history.records().cloned().collect();
            for at in 1..records.len() {
                let (one, two) = (&records[at - 1], &records[at]);
                if one.at == two.at && subject(one) != subject(two) {
                    records.swap(at - 1, at);
                }
            }
            shuffled.history = History::new(records);
            prop_assert_eq!(in_order(plan(&other, &shuffled)), in_order(planned));
            Ok(())
        })?;
    }

    #[test]
    fn replaying_the_ledger_gives_the_state(bytes in bytes()) {
        each_state(&bytes, |journey| {
            let Journey { path, snapshot, .. } = journey;
            let history = History::new(snapshot.history.records().cloned());
            prop_assert_eq!(&history, &snapshot.history);
            prop_assert_eq!(history.all_freezes(), snapshot.history.all_freezes());
            for environment in path.environments().iter().map(|e| &e.name) {
                for component in path.components.iter().map(|c| &c.name) {
                    let found: Vec<_> = history.promotions(environment, component).collect();
                    let there: Vec<_> = promotions(&history, environment, component).collect();
                    prop_assert_eq!(found, there);
                }
            }
            let replayed = Snapshot { history, ..snapshot.clone() };
            prop_assert_eq!(plan(path, &replayed), plan(path, snapshot));
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whoever sleeps until then misses nothing that time alone brings about.
    #[test]
    fn time_alone_changes_nothing_before_the_loop_wakes(bytes in bytes()) {
        each_state(&bytes, |journey| {
            let (path, snapshot) = (&*journey.path, &journey.snapshot);
            let rests = |snapshot: &Snapshot| {
                let plan = plan(path, snapshot);
                let acts = plan.proposals.iter().any(|p| p.action.is_some() && p.holds.is_empty());
                (!acts && notes(path, snapshot).is_empty()).then_some(plan)
            };
            let Some(plan) = rests(snapshot) else { return Ok(()) };
            let wakes = wakes_at(path, snapshot, &plan);
            let second = SignedDuration::from_secs(1);
            let between = [1, 59, 299, 599, 899, 3_599, 36_000, 90_000, 300_000];
            let between = between.map(|s| snapshot.now + SignedDuration::from_secs(s));
            for now in between.into_iter().chain(wakes.map(|at| at - second)) {
                if now > snapshot.now && wakes.is_none_or(|at| now < at) {
                    let later = Snapshot { now, ..snapshot.clone() };
                    prop_assert!(
                        rests(&later).is_some(),
                        "from {} to {now}, before {wakes:?}: {:?}",
                        snapshot.now,
                        notes(path, &later),
                    );
                }
            }
            Ok(())
        })?;
    }
}

/// The actions of many journeys, told in words.
fn told() -> BTreeSet<&'static str> {
    let mut words = BTreeSet::new();
    let mut state = 1u64;
    for _ in 0..150 {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        let bytes: Vec<u8> = (0..220).map(|_| next()).collect();
        let mut dice = Dice(&bytes);
        let mut journey = Journey::begin(&mut dice);
        let mut kept = Planned::new(journey.path.clone(), journey.snapshot.clone());
        while !dice.is_done() {
            if let Happened::Acted(acted) = journey.happen(&mut dice) {
                let (action, proposal) = &*acted;
                let overridden = proposal.gates.iter().any(|gate| gate.overridden.is_some());
                words.extend([
                    if action.automatic && action.rollback { "back by itself" } else { "forward" },
                    if action.clusters.is_empty() { "all at once" } else { "some" },
                    if action.moves.len() > 1 { "a bundle" } else { "one" },
                    if overridden { "overridden" } else { "open" },
                ]);
            }
            let made = kept.again(&journey.path, journey.snapshot.clone());
            words.insert(if made == 0 {
                "nothing made again"
            } else if made < kept.plan().proposals.len() {
                "some made again"
            } else {
                "all made again"
            });
        }
        words.extend(journey.snapshot.history.records().map(|record| match &record.event {
            Event::Failed(..) => "failed",
            Event::Aborted(..) => "aborted",
            Event::Verified(_) => "verified",
            Event::Soaked(..) => "soaked",
            _ => "other",
        }));
    }
    words
}

/// Laws of what never happens would prove nothing.
#[test]
fn journeys_come_by_what_the_laws_are_about() {
    let told = told();
    for word in [
        "back by itself",
        "forward",
        "all at once",
        "some",
        "a bundle",
        "one",
        "overridden",
        "open",
        "nothing made again",
        "some made again",
        "all made again",
        "failed",
        "aborted",
        "verified",
        "soaked",
    ] {
        assert!(told.contains(word), "no journey came by `{word}`");
    }
}
