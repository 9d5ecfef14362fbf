//! What a loop keeps from look to look is what it would read anew, whatever became of the branches meanwhile.

use towpath_core::id::CommitId;
use towpath_core::plan::Request;
use towpath_engine::kept::Kept;
use towpath_engine::ledger;
use towpath_engine::ports::{BranchUpdate, Repository as _};
use towpath_testkit::contract::put;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::world;

use crate::actor::{Actor, version};
use crate::ledger::approval;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn same(actor: &Actor<'_>, kept: &Kept, when: &str) -> Outcome {
    let mut engine = actor.engine();
    let anew = engine.look()?;
    engine.kept = Some(kept);
    let view = engine.look()?;
    assert_eq!(view.snapshot, anew.snapshot, "{when}");
    assert_eq!(view.ledger, anew.ledger, "{when}");
    assert_eq!(view.survey.resolved.path, anew.survey.resolved.path, "{when}");
    Ok(())
}

/// Puts the ledger at a commit, whatever it was.
fn put_back(actor: &Actor<'_>, to: Option<CommitId>) -> Outcome {
    let branch = ledger::branch();
    let expected = actor.git.tip(&branch)?;
    actor.git.publish(&[BranchUpdate { branch, expected, new: to }])?;
    Ok(())
}

#[test]
fn what_is_kept_is_what_is_read_anew() -> Outcome {
    let registry = MemoryRegistry::new();
    let ada = Actor::new(&world::remote(), "Ada", &registry);
    let kept = Kept::default();
    same(&ada, &kept, "there is no ledger")?;
    ada.release(&version("0.0.1"))?;
    same(&ada, &kept, "the ledger begins")?;
    let first = ada.git.tip(&ledger::branch())?;
    for number in 0..3 {
        ledger::append(&ada.git, ada.now, approval(number))?;
    }
    same(&ada, &kept, "it goes on")?;
    let files = vec![put("platform/services/app.yaml", world::service("two"))];
    world::try_commit(&ada.git, "another word", files)?;
    same(&ada, &kept, "the trunk goes on")?;
    put_back(&ada, first.clone())?;
    same(&ada, &kept, "the ledger is put back")?;
    ledger::append(&ada.git, ada.now, approval(7))?;
    same(&ada, &kept, "it goes on from there")?;
    let other = ada.git.tip(&ledger::branch())?;
    put_back(&ada, first)?;
    ledger::append(&ada.git, ada.now, approval(8))?;
    ledger::append(&ada.git, ada.now, approval(9))?;
    same(&ada, &kept, "it is another one of more records")?;
    put_back(&ada, other)?;
    same(&ada, &kept, "it is the one from before")?;
    put_back(&ada, None)?;
    same(&ada, &kept, "it is gone")
}

#[test]
fn of_what_is_known_nothing_is_read_again() -> Outcome {
    let registry = MemoryRegistry::new();
    let ada = Actor::new(&world::remote(), "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    for number in 0..50 {
        ledger::append(&ada.git, ada.now, approval(number))?;
    }
    let kept = Kept::default();
    let mut engine = ada.engine();
    engine.kept = Some(&kept);
    engine.look()?;
    ada.git.forget();
    engine.look()?;
    assert_eq!((ada.git.items("history"), ada.git.items("blobs")), (0, 0));
    ada.approve(&Request::default())?;
    ada.git.forget();
    engine.look()?;
    assert_eq!((ada.git.items("history"), ada.git.items("blobs")), (1, 0), "only what is new");
    Ok(())
}
