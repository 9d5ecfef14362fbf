//! The loop for one environment, case by case.

use towpath_core::action::Outcome as Acted;
use towpath_core::gate::Judged;
use towpath_core::plan::{Outcome, Request};
use towpath_engine::ports::{RegistryProblem, Repository as _};
use towpath_testkit::memory::MemoryRemote;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::registry_contract::artifact;
use towpath_testkit::world::{self, clone_of};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

fn to(text: &str) -> Request {
    Request { to: Some(version(text)), ..Request::default() }
}

/// Releases versions one after the other, each from a commit of its own, and promotes the last one.
fn at_version(
    registry: &MemoryRegistry,
    versions: &[&str],
) -> Result<MemoryRemote, Box<dyn std::error::Error>> {
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", registry);
    let bo = Actor::new(&remote, "Bo", registry);
    for text in versions {
        release(&ada, text)?;
        bo.git.fetch()?;
        bo.approve(&Request::default())?;
        ada.git.fetch()?;
        let done = ada.promote(&Request::default())?;
        assert!(matches!(done.outcome, Some(Acted::Done { .. })), "{text}");
    }
    Ok(remote)
}

fn release(actor: &Actor<'_>, text: &str) -> Outcomes {
    let app = world::service(&format!("v{text}"));
    let change = towpath_testkit::contract::put("platform/services/app.yaml", app);
    world::commit(&actor.git.inner, "change the app", vec![change])?;
    actor.release(&version(text))?;
    Ok(())
}

#[test]
fn a_rollback_is_made_though_a_newer_release_waits() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = at_version(&registry, &["0.0.1", "0.0.2"])?;
    let ada = Actor::new(&remote, "Ada", &registry);
    release(&ada, "0.0.3")?;
    let back = Request { rollback: true, ..Request::default() };
    let done = ada.promote(&back)?;
    assert!(matches!(done.outcome, Some(Acted::Done { .. })));
    assert_eq!(done.proposal.candidate.map(|r| r.version), Some(version("0.0.1")));
    assert!(!done.proposal.waiting.is_empty(), "it says why it is not on 0.0.3");
    Ok(())
}

#[test]
fn asking_for_what_is_there_is_answered_though_a_newer_release_waits() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = at_version(&registry, &["0.0.1"])?;
    let ada = Actor::new(&remote, "Ada", &registry);
    release(&ada, "0.0.2")?;
    let done = ada.promote(&to("0.0.1"))?;
    assert_eq!(done.outcome, Some(Acted::AlreadyDone));
    Ok(())
}

/// An older version is asked for, and somebody moved its tag: the content is in doubt and never passes.
#[test]
fn a_version_that_is_asked_for_is_compared_with_the_registry() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = at_version(&registry, &["0.0.1", "0.0.2", "0.0.3"])?;
    registry.move_tag(&world::artifacts(), "0.0.1", &artifact("other").manifest.bytes);
    let ada = Actor::new(&remote, "Ada", &registry);
    let mut request = to("0.0.1");
    request.allow_downgrade = true;
    let (_, proposal) = ada.plan(&request)?;
    let gate =
        proposal.gates.iter().find(|g| g.gate.as_str() == "release").expect("it is always judged");
    assert_eq!((proposal.outcome, gate.word()), (Outcome::Waiting, "closed"));

    request = Request { to: Some(version("0.0.1")), rollback: true, ..Request::default() };
    let done = ada.promote(&request)?;
    assert_eq!(done.outcome, None, "not even back");
    Ok(())
}

#[test]
fn a_version_that_is_asked_for_and_cannot_be_compared_counts_as_the_ledger_has_it() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = at_version(&registry, &["0.0.1", "0.0.2", "0.0.3"])?;
    let ada = Actor::new(&remote, "Ada", &registry);
    let back = Request { to: Some(version("0.0.1")), rollback: true, ..Request::default() };
    let engine = ada.engine();
    let view = engine.look()?;
    registry.set_down(Some(RegistryProblem::RateLimited));
    let production = world::environment("production");
    let proposal = engine.plan(&view, &production, &world::platform(), &back)?;
    let proposal = proposal.expect("production is there");
    let gates: Vec<_> = proposal.gates.iter().map(Judged::passes).collect();
    assert_eq!(gates, [true, true]);
    let told = format!("{:?}", proposal.gates);
    assert!(told.contains("could not be asked"), "{told}");
    assert!(!told.contains("as the ledger recorded it"), "{told}");
    Ok(())
}

#[test]
fn a_trunk_that_moved_beside_the_pin_is_promoted_on_all_the_same() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = at_version(&registry, &["0.0.1"])?;
    let (ada, bo) = (Actor::new(&remote, "Ada", &registry), Actor::new(&remote, "Bo", &registry));
    release(&ada, "0.0.2")?;
    bo.git.fetch()?;
    bo.approve(&Request::default())?;
    ada.git.fetch()?;
    let beside = vec![towpath_testkit::contract::put("README.md", "words")];
    let theirs = world::commit(&clone_of(&remote, "Cy"), "beside", beside)?;
    let done = ada.promote(&Request::default())?;
    let Some(Acted::Done { commit }) = done.outcome else { panic!("{:?}", done.outcome) };
    assert!(ada.git.inner.is_ancestor(&theirs, &commit)?);
    Ok(())
}

#[test]
fn a_pin_that_somebody_else_moved_makes_the_plan_stale() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = at_version(&registry, &["0.0.1"])?;
    let (ada, bo) = (Actor::new(&remote, "Ada", &registry), Actor::new(&remote, "Bo", &registry));
    release(&ada, "0.0.2")?;
    bo.git.fetch()?;
    bo.approve(&Request::default())?;
    ada.git.fetch()?;
    let text = world::source("OCIRepository", world::ARTIFACTS, "tag: 0.0.0");
    let change = towpath_testkit::contract::put("clusters/production/platform.yaml", text);
    world::commit(&clone_of(&remote, "Cy"), "by hand", vec![change])?;
    let done = ada.promote(&Request::default())?;
    assert!(!matches!(done.outcome, Some(Acted::Done { .. })), "that plan is not approved");
    Ok(())
}
