//! What it costs as it grows: counts of calls and of what they answer, never time.

use towpath_core::id::Digest;
use towpath_core::record::Event;
use towpath_engine::ledger;
use towpath_engine::observe::{World, observe};
use towpath_engine::ports::{BranchUpdate, NewCommit, Repository};
use towpath_engine::survey::{NoStore, read_commit, survey};
use towpath_testkit::contract::put;
use towpath_testkit::memory::MemoryRepository;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::watched::Watched;
use towpath_testkit::world::{self, at, platform};

use crate::actor::version;
use crate::ledger::approval;

type Outcomes = Result<(), Box<dyn std::error::Error>>;

/// Records written as one chain and published once, as a fetch would bring them.
fn fill(repository: &impl Repository, events: impl Iterator<Item = Event>) -> Outcomes {
    let record = towpath_core::record::Record {
        at: at("2026-03-01T09:00:00Z"),
        by: repository.user()?.to_string(),
        event: approval(0),
        signature: towpath_core::record::Signature::NotChecked,
    };
    let mut tip = repository.tip(&ledger::branch())?;
    let expected = tip.clone();
    for event in events {
        let record = towpath_core::record::Record { event, ..record.clone() };
        let json = towpath_api::record::to_json(&record);
        tip = Some(repository.write(&NewCommit {
            parents: tip.iter().cloned().collect(),
            base: tip.clone(),
            changes: Vec::new(),
            message: format!("{}\n\n{json}", ledger::title(&record.event)),
        })?);
    }
    repository.publish(&[BranchUpdate { branch: ledger::branch(), expected, new: tip }])?;
    Ok(())
}

#[test]
fn ten_thousand_records_are_read_at_once_and_appended_to_without_reading() -> Outcomes {
    let git = Watched::new(MemoryRepository::alone());
    fill(&git.inner, (0..10_000).map(approval))?;
    assert_eq!(ledger::read(&git)?.len(), 10_000);
    assert!(git.all_calls() <= 3, "{} calls", git.all_calls());

    git.forget();
    let now = at("2026-03-01T10:00:00Z");
    ledger::append(&git, now, approval(10_000))?;
    assert_eq!(git.items("history"), 0, "the history's length is no matter");
    assert!(git.all_calls() <= 6, "{} calls", git.all_calls());

    git.forget();
    let verified = ledger::verify(&git, &world::main())?;
    assert_eq!(verified, (10_001, vec![]));
    assert!(git.all_calls() <= 4, "{} calls", git.all_calls());
    Ok(())
}

#[test]
fn a_thousand_releases_cost_the_manifests_that_matter() -> Outcomes {
    let git = Watched::new(world::clone_of(&world::remote(), "Ada"));
    let registry = Watched::new(MemoryRegistry::new());
    let head = git.inner.tip(&world::main())?.expect("the trunk is there");
    let released = |n: u32| Event::Released {
        component: platform(),
        version: version(&format!("0.0.{n}")),
        tag: format!("0.0.{n}"),
        digest: Digest::parse(&format!("sha256:{n:064x}")).expect("a digest"),
        commit: head.clone(),
        location: world::ARTIFACTS.to_owned(),
    };
    fill(&git.inner, (1..=1_000).map(released))?;
    for n in 1..=1_000 {
        registry.inner.move_tag(&world::artifacts(), &format!("0.0.{n}"), b"{}");
    }
    let survey = survey(read_commit(&git, &head, &NoStore)?)?;
    git.forget();
    let world = World {
        now: at("2026-03-01T09:00:00Z"),
        repository: Some(&git),
        registry: Some(&registry),
        base: Some(head),
    };
    let snapshot = observe(&survey, &world, Vec::new())?;
    assert_eq!(snapshot.releases[&platform()].list.len(), 1_000);
    assert_eq!((registry.calls("tags"), registry.calls("manifest")), (1, 1));
    assert!(git.all_calls() <= 6, "{} calls", git.all_calls());
    Ok(())
}

#[test]
fn a_promotion_looks_back_no_further_than_the_last_one() -> Outcomes {
    use towpath_core::plan::Request;
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = crate::actor::Actor::new(&remote, "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    crate::actor::Actor::new(&remote, "Bo", &registry).approve(&Request::default())?;
    for n in 0..300 {
        world::commit(&ada.git.inner, "a change", vec![put("x", format!("{n}"))])?;
    }
    ada.promote(&Request::default())?;
    ada.git.forget();
    ada.promote(&Request::default())?;
    assert!(ada.git.items("history") < 10, "{} commits", ada.git.items("history"));
    Ok(())
}
