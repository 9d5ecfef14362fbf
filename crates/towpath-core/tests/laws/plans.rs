//! Laws of plans, over generated worlds.

use crate::world::{World, digest, read, request, world};
use proptest::prelude::*;
use towpath_core::gate::Judged;
use towpath_core::invariant;
use towpath_core::pin::Pin;
use towpath_core::plan::{Outcome, Proposal, Request, plan, propose};
use towpath_core::release::{Reach, Release};
use towpath_core::status::status;
use towpath_core::tracking::{Exact, Tracking};

/// What the planner answers to a request, for every environment and component.
fn proposals(world: &World, request: &Request) -> Vec<Proposal> {
    let World { path, snapshot } = world;
    let mut out = Vec::new();
    for environment in path.environments() {
        for component in &path.components {
            out.push(propose(path, snapshot, environment, &component.name, request));
        }
    }
    out
}

/// The world after an action was carried out: its pins say the release.
fn after(world: &World, proposal: &Proposal, release: &Release) -> World {
    let mut world = world.clone();
    let of =
        |p: &&mut Pin| p.environment == proposal.environment && p.component == proposal.component;
    world.snapshot.pins.change(|pins| {
        for at in pins.iter_mut().filter(of) {
            let digest = match &at.tracking {
                Tracking::Exact(Exact { digest: Some(_), .. }) => release.digest.clone(),
                _ => None,
            };
            let exact = Exact { digest, ..Exact::tag(&release.tag) };
            let tracking = Tracking::Exact(exact);
            *at = crate::world::pin(&at.environment, &at.cluster, &at.component, tracking);
        }
    });
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn plans_keep_the_invariants(world in world(), request in request()) {
        let World { path, snapshot } = &world;
        let broken = invariant::check(path, snapshot, &plan(path, snapshot));
        prop_assert_eq!(broken, vec![]);
        for proposal in proposals(&world, &request) {
            prop_assert_eq!(invariant::check_proposal(path, snapshot, &proposal), vec![]);
        }
    }

    #[test]
    fn planning_twice_is_planning_once(world in world(), request in request()) {
        prop_assert_eq!(proposals(&world, &request), proposals(&world.clone(), &request));
    }

    #[test]
    fn the_order_of_what_was_found_does_not_count(
        (world, shuffled) in world().prop_flat_map(|world| {
            let pins: Vec<Pin> = world.snapshot.pins.iter().cloned().collect();
            let pins = Just(pins).prop_shuffle();
            (Just(world), pins)
        }).prop_map(|(world, pins)| {
            let mut shuffled = world.clone();
            shuffled.snapshot.pins = pins.into();
            shuffled.snapshot.releases.values_mut().for_each(|r| r.list.reverse());
            (world, shuffled)
        })
    ) {
        let World { path, snapshot } = &world;
        let (one, other) = (plan(path, snapshot), plan(path, &shuffled.snapshot));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(
            status(path, snapshot, &one),
            status(path, &shuffled.snapshot, &other)
        );
    }

    #[test]
    fn nothing_moves_past_a_gate(world in world(), request in request()) {
        for proposal in proposals(&world, &request) {
            let passes = !proposal.gates.is_empty() && proposal.gates.iter().all(Judged::passes);
            match proposal.outcome {
                Outcome::Ready => prop_assert!(passes && proposal.action.is_some()),
                _ => prop_assert!(proposal.action.is_none()),
            }
            for judged in &proposal.gates {
                prop_assert!(judged.overridden.is_none() || !["checks", "release"].contains(&judged.gate.as_str()));
            }
        }
    }

    #[test]
    fn what_was_done_is_done(world in world(), request in request()) {
        for proposal in proposals(&world, &request) {
            let Some(action) = &proposal.action else { continue };
            if request.rollback && request.to.is_none() {
                continue;
            }
            let world = after(&world, &proposal, &action.moves[0].release);
            let environment = world.path.environment(&proposal.environment).expect("it was there");
            let again = propose(&world.path, &world.snapshot, environment, &proposal.component, &request);
            prop_assert_eq!(again.outcome, Outcome::UpToDate, "{:#?}", again);
            prop_assert_eq!(again.edits, vec![]);
            prop_assert_eq!(again.has, Some(action.moves[0].release.version.clone()));
        }
    }

    #[test]
    fn whoever_is_not_on_the_newest_has_a_reason(world in world()) {
        for proposal in plan(&world.path, &world.snapshot).proposals {
            let Some(newest) = &proposal.newest else { continue };
            if proposal.has.as_ref().is_none_or(|has| *has < newest.version) {
                prop_assert!(!proposal.waiting.is_empty(), "{:#?}", proposal);
            }
        }
    }

    #[test]
    fn a_missing_registry_opens_no_gate_of_the_path(mut world in world()) {
        for releases in world.snapshot.releases.values_mut() {
            releases.reach = Reach::NotAsked;
            releases.list.clear();
        }
        for proposal in plan(&world.path, &world.snapshot).proposals {
            prop_assert_eq!(proposal.action, None);
        }
    }

    #[test]
    fn a_plan_is_its_content_and_not_its_base(world in world()) {
        let World { path, snapshot } = &world;
        let mut moved = snapshot.clone();
        moved.base = Some(crate::world::commit(8));
        moved.now = read("2026-02-01T00:00:00Z");
        moved.findings.clear();
        for (one, other) in plan(path, snapshot).proposals.iter().zip(plan(path, &moved).proposals) {
            prop_assert_eq!(&one.hash, &other.hash);
        }
        let mut changed = snapshot.clone();
        for release in changed.releases.values_mut().flat_map(|r| &mut r.list) {
            release.digest = Some(digest("other content"));
        }
        let mut edited = snapshot.clone();
        edited.pins.change(|pins| {
            for pin in pins {
                let file = format!("elsewhere/{}", pin.at.file);
                pin.at.file = read(&file);
            }
        });
        let plans = plan(path, snapshot).proposals;
        let mut seen = std::collections::BTreeSet::new();
        for proposal in plans.iter().filter(|p| p.hash.is_some()) {
            prop_assert!(seen.insert(proposal.hash.clone()), "two plans have one hash");
        }
        for other in [changed, edited] {
            for (one, other) in plans.iter().zip(plan(path, &other).proposals) {
                let both = one.hash.is_some() && one.edits != vec![] && other.edits != vec![];
                prop_assert!(!both || one.hash != other.hash, "{:#?}", one);
            }
        }
    }
}
