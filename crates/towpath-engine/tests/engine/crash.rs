//! A process that dies between any two calls loses nothing and repeats nothing.

use towpath_core::action::Outcome;
use towpath_core::plan::Request;
use towpath_core::record::{Event, Promotion};
use towpath_engine::act::Target;
use towpath_engine::ledger::{self, trailer};
use towpath_engine::ports::{Commit, Repository};
use towpath_testkit::contract::branch;
use towpath_testkit::memory::{Fault, MemoryRemote};
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::watched::Crash;
use towpath_testkit::world::{self, clone_of};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

/// A world in which 0.0.1 is released by Ada and its plan approved by Bo.
fn approved(registry: &MemoryRegistry) -> Result<MemoryRemote, Box<dyn std::error::Error>> {
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", registry);
    ada.release(&version("0.0.1"))?;
    let bo = Actor::new(&remote, "Bo", registry);
    bo.approve(&Request::default())?.expect("there is a plan");
    Ok(remote)
}

fn promotions(git: &impl Repository) -> Result<Vec<Promotion>, ledger::LedgerError> {
    let events = ledger::read(git)?.into_iter().map(|entry| entry.record.event);
    Ok(events
        .filter_map(|event| match event {
            Event::Promoted(promotion) => Some(promotion),
            _ => None,
        })
        .collect())
}

fn moves(git: &impl Repository) -> Result<Vec<Commit>, Box<dyn std::error::Error>> {
    let log = world::log(git, &world::main())?;
    Ok(log.into_iter().filter(|c| trailer(&c.message, "Towpath-Plan").is_some()).collect())
}

#[test]
fn a_promotion_that_dies_at_any_call_is_made_once_and_recorded_once() -> Outcomes {
    let mut survived = false;
    for call in 0..200 {
        for crash in [Crash::Before(call), Crash::After(call)] {
            let registry = MemoryRegistry::new();
            let remote = approved(&registry)?;
            let ada = Actor::new(&remote, "Ada", &registry);
            ada.git.crash(crash);
            let first = ada.promote(&Request::default());
            survived = !ada.git.revive();
            assert_eq!(first.is_ok(), survived, "{crash:?}");
            // The same person tries again, or another one does on a machine that knows nothing of it.
            let again = if call % 2 == 0 { ada } else { Actor::new(&remote, "Cy", &registry) };
            again.git.fetch()?;
            again.promote(&Request::default())?;

            let fresh = clone_of(&remote, "Di");
            let (moves, records) = (moves(&fresh)?, promotions(&fresh)?);
            assert_eq!(moves.len(), 1, "{crash:?}");
            let recorded: Vec<_> = records.iter().map(|p| &p.commit).collect();
            assert_eq!(recorded, [&moves[0].id], "{crash:?}");
            assert_eq!(records[0].version, version("0.0.1"));
            assert!(records[0].gates.iter().any(|g| g.gate == "approval"), "{crash:?}: evidence");
            assert_eq!(ledger::verify(&fresh, &world::main())?, (3, vec![]), "{crash:?}");
        }
        if survived {
            return Ok(());
        }
    }
    panic!("a promotion takes more than 200 calls");
}

#[test]
fn a_promotion_whose_answer_is_lost_is_recorded_before_the_next_one() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = approved(&registry)?;
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.git.inner.inject(Fault::PublishAfter);
    assert!(ada.promote(&Request::default()).is_err());
    world::commit(&clone_of(&remote, "Cy"), "another change", vec![])?;

    let bo = Actor::new(&remote, "Bo", &registry);
    bo.release(&version("0.0.2"))?;
    Actor::new(&remote, "Ada", &registry).approve(&Request::default())?;
    bo.git.fetch()?;
    let done = bo.promote(&Request::default())?;
    assert!(matches!(done.outcome, Some(Outcome::Done { .. })));

    let fresh = clone_of(&remote, "Di");
    let versions: Vec<_> = promotions(&fresh)?.into_iter().map(|p| p.version).collect();
    assert_eq!(versions, [version("0.0.1"), version("0.0.2")], "in the order they were made");
    assert_eq!(ledger::verify(&fresh, &world::main())?.1, []);
    Ok(())
}

#[test]
fn a_rollback_knows_a_promotion_whose_record_was_lost() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = approved(&registry)?;
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.promote(&Request::default())?;
    ada.release(&version("0.0.2"))?;
    let bo = Actor::new(&remote, "Bo", &registry);
    bo.approve(&Request::default())?;
    ada.git.fetch()?;
    ada.git.inner.inject(Fault::PublishAfter);
    assert!(ada.promote(&Request::default()).is_err());

    bo.git.fetch()?;
    let back = Request { rollback: true, ..Request::default() };
    let done = bo.promote(&back)?;
    assert_eq!(done.proposal.candidate.map(|r| r.version), Some(version("0.0.1")));
    let fresh = clone_of(&remote, "Di");
    let told: Vec<_> =
        promotions(&fresh)?.into_iter().map(|p| (p.version.to_string(), p.rollback)).collect();
    let want = [("0.0.1", false), ("0.0.2", false), ("0.0.1", true)];
    assert_eq!(told, want.map(|(v, back)| (v.to_owned(), back)));
    Ok(())
}

#[test]
fn a_lost_rollback_is_recorded_as_one() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = approved(&registry)?;
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.promote(&Request::default())?;
    ada.release(&version("0.0.2"))?;
    let bo = Actor::new(&remote, "Bo", &registry);
    bo.approve(&Request::default())?;
    ada.git.fetch()?;
    ada.promote(&Request::default())?;
    ada.git.inner.inject(Fault::PublishAfter);
    let back = Request { rollback: true, ..Request::default() };
    assert!(ada.promote(&back).is_err());
    ada.git.fetch()?;
    let to = Request { to: Some(version("0.0.1")), ..Request::default() };
    let again = ada.promote(&to)?;
    assert_eq!(again.outcome, Some(Outcome::AlreadyDone));
    let entry = again.record.expect("it is recorded now");
    assert!(matches!(entry.record.event, Event::Promoted(p) if p.rollback));
    assert_eq!(ledger::verify(&clone_of(&remote, "Di"), &world::main())?.1, []);
    Ok(())
}

#[test]
fn the_branch_of_a_pull_request_is_found_again_and_recorded_once() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = approved(&registry)?;
    let ada = Actor::new(&remote, "Ada", &registry);
    let target = Target::Branch(branch("promote-0.0.1"));
    ada.git.inner.inject(Fault::PublishAfter);
    assert!(ada.promote_to(&Request::default(), &target).is_err());
    remote.set_time(world::at("2026-03-02T08:00:00Z"));
    for _ in 0..2 {
        // Not even a fetch: the branch is found taken, and the world is read again.
        let again = ada.promote_to(&Request::default(), &target)?;
        assert_eq!(again.outcome, Some(Outcome::AlreadyDone));
        assert_eq!(again.branch, Some(branch("promote-0.0.1")));
        assert!(again.record.is_some());
    }
    assert_eq!(promotions(&clone_of(&remote, "Di"))?.len(), 1);
    assert_eq!(moves(&clone_of(&remote, "Di"))?.len(), 0, "the trunk has not moved");

    let other = Target::Branch(branch("main"));
    let taken = ada.promote_to(&Request::default(), &other)?;
    assert!(matches!(taken.outcome, Some(Outcome::Stale { .. })), "somebody else's branch");
    Ok(())
}

#[test]
fn a_squashed_pull_request_is_recorded_where_it_landed() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = approved(&registry)?;
    let ada = Actor::new(&remote, "Ada", &registry);
    let name = branch("promote-0.0.1");
    let done = ada.promote_to(&Request::default(), &Target::Branch(name.clone()))?;
    let Some(Outcome::Done { commit }) = done.outcome else { panic!("it is done") };
    // What a forge does: the same change and message as another commit, and the branch is deleted.
    let forge = clone_of(&remote, "Forge");
    world::commit(&forge, "meanwhile", vec![])?;
    let asked = forge.commits(std::slice::from_ref(&commit))?.remove(0);
    let tip = forge.tip(&world::main())?.expect("the trunk is there");
    let changes = forge.merge(&tip, &commit)?.changes;
    let squashed = world::commit(&forge, &asked.message, changes)?;
    let gone = towpath_testkit::contract::update("promote-0.0.1", Some(&commit), None);
    forge.publish(&[gone])?;

    let bo = Actor::new(&remote, "Bo", &registry);
    assert_eq!(bo.promote(&Request::default())?.outcome, Some(Outcome::AlreadyDone));
    let fresh = clone_of(&remote, "Di");
    let found: Vec<_> =
        promotions(&fresh)?.into_iter().map(|p| (p.commit, p.branch.to_string())).collect();
    assert_eq!(found, [(commit, name.to_string()), (squashed, "main".to_owned())]);
    assert_eq!(
        ledger::verify(&fresh, &world::main())?.1,
        [],
        "a branch that was merged may be gone"
    );
    Ok(())
}

#[test]
fn a_release_that_dies_at_any_call_is_published_once_and_recorded_once() -> Outcomes {
    let mut survived = false;
    for call in 0..200 {
        for crash in [Crash::Before(call), Crash::After(call)] {
            let registry = MemoryRegistry::new();
            let remote = world::remote();
            let ada = Actor::new(&remote, "Ada", &registry);
            ada.git.crash(crash);
            let first = ada.release(&version("0.0.1"));
            survived = !ada.git.revive();
            assert_eq!(first.is_ok(), survived, "{crash:?}");
            ada.git.fetch()?;
            ada.release(&version("0.0.1"))?;
            assert_eq!(
                ledger::verify(&clone_of(&remote, "Di"), &world::main())?,
                (1, vec![]),
                "{crash:?}"
            );
        }
        if survived {
            return Ok(());
        }
    }
    panic!("a release takes more than 200 calls");
}
