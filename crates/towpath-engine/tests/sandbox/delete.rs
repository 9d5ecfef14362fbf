//! Nothing that is nowhere else is lost, a deletion that was cut off is finished, a second does nothing.

use towpath_core::record::{Event, Sandbox};
use towpath_engine::ports::Repository;
use towpath_engine::sandbox::delete::{self, DeleteError, DeletePlan, Deleted, Options};
use towpath_engine::sandbox::promote::{self, To};
use towpath_testkit::memory::Fault;

use crate::world::{
    World, asked, branch, commit, history, name, now, paths, plan_of, put, somebody,
};

fn plan(world: &World, options: &Options) -> Result<DeletePlan, DeleteError> {
    world.here.fetch().unwrap();
    let history = history(&world.here);
    delete::plan(&world.here, &branch("main"), &history, &name("sandbox-a"), options)
}

fn delete(world: &World, options: &Options) -> Result<Deleted, DeleteError> {
    delete::carry_out(&world.here, now(), &plan(world, options)?)
}

fn deletions(world: &World) -> Vec<Event> {
    let history = history(&world.here);
    let events = history.records().map(|r| r.event.clone());
    events.filter(|e| matches!(e, Event::SandboxDeleted { .. })).collect()
}

fn keda(world: &World, sandbox: &Sandbox) {
    let keda = vec![put("platform/services/keda.yaml", "a: b\n")];
    commit(&world.here, sandbox.branch.as_str(), keda, "keda");
}

#[test]
fn branch_and_record_go_together_and_twice_is_nothing() {
    let (world, sandbox) = World::with_sandbox();
    let done = delete(&world, &Options::default()).unwrap();
    assert_eq!(done.head, Some(sandbox.commit.clone()));
    assert_eq!(world.remote.tip(&sandbox.branch), None);
    let Event::SandboxDeleted { head, emptied, .. } = &deletions(&world)[0] else { unreachable!() };
    assert_eq!((head, emptied.as_str()), (&Some(sandbox.commit), "no cluster was connected"));

    let again = delete(&world, &Options::default()).unwrap();
    assert_eq!(again, Deleted { head: None, removed: None, ledger: None, already: true });
    assert_eq!(deletions(&world).len(), 1);

    // The name is free again, and its second life ends with a record of its own.
    world.create(&asked("sandbox-a"));
    assert!(delete(&world, &Options::default()).unwrap().ledger.is_some());
    assert_eq!(deletions(&world).len(), 2);
}

#[test]
fn a_connected_cluster_must_be_proven_empty() {
    let world = World::new();
    let mut connected = asked("sandbox-a");
    connected.context = Some("kind-sandbox-a".to_owned());
    world.create(&connected);
    let error = plan(&world, &Options::default()).unwrap_err();
    assert!(matches!(error, DeleteError::NotEmpty { .. }), "{error:?}");
    let forced = plan(&world, &Options { proof: None, force: true });
    assert!(matches!(forced, Err(DeleteError::NotEmpty { .. })));
    let proof = Some("0 HelmReleases left".to_owned());
    delete(&world, &Options { proof, force: false }).unwrap();
    assert!(
        matches!(&deletions(&world)[0], Event::SandboxDeleted { emptied, .. } if emptied == "0 HelmReleases left")
    );
}

#[test]
fn work_that_is_nowhere_else_is_kept() {
    let (world, sandbox) = World::with_sandbox();
    keda(&world, &sandbox);
    let error = plan(&world, &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "branch PLAT-123-add-keda changes platform/services/keda.yaml, which would be lost"
    );
    assert!(error.hint().unwrap().contains("towpath sandbox promote sandbox-a"));

    let promotion = promote::plan(&world.here, &branch("main"), &sandbox).unwrap();
    promote::carry_out(&world.here, &sandbox, promotion, To::PullRequest).unwrap();
    assert!(plan(&world, &Options::default()).is_ok());

    let more = vec![put("platform/services/more.yaml", "a: b\n")];
    let head = commit(&world.here, sandbox.branch.as_str(), more, "more");
    assert!(matches!(plan(&world, &Options::default()), Err(DeleteError::WouldLose { .. })));
    let forced = delete(&world, &Options { proof: None, force: true }).unwrap();
    assert_eq!(forced.head, Some(head));
}

#[test]
fn what_was_merged_may_go() {
    let (world, sandbox) = World::with_sandbox();
    keda(&world, &sandbox);
    let promotion = promote::plan(&world.here, &branch("main"), &sandbox).unwrap();
    promote::carry_out(&world.here, &sandbox, promotion, To::Trunk).unwrap();
    delete(&world, &Options::default()).unwrap();
    assert_eq!(world.remote.tip(&sandbox.branch), None);
}

#[test]
fn a_folder_on_the_trunk_is_removed_by_a_commit() {
    let (world, sandbox) = World::with_sandbox();
    let left = vec![
        put("clusters/sandbox-a/a.yaml", "a: b\n"),
        put("clusters/sandbox-ab/b.yaml", "a: b\n"),
    ];
    commit(&world.here, "main", left, "merged too much");
    let plan = plan(&world, &Options { proof: None, force: true }).unwrap();
    assert_eq!(plan.on_trunk.len(), 1);
    // Meanwhile the trunk moves.
    let other = world.remote.clone_here();
    commit(&other, "main", vec![put("README.md", "x\n")], "docs");
    let done = delete::carry_out(&world.here, now(), &plan).unwrap();
    assert_eq!(world.remote.tip(&branch("main")), done.removed);
    let trunk = paths(&world.here, &world.trunk());
    assert!(!trunk.iter().any(|p| p.starts_with(&format!("{}/", sandbox.folder))));
    assert!(trunk.contains(&"clusters/sandbox-ab/b.yaml".to_owned()));
    assert!(trunk.contains(&"README.md".to_owned()));
}

#[test]
fn a_deletion_that_was_cut_off_is_finished() {
    let (world, sandbox) = World::with_sandbox();
    world.here.inject(Fault::PublishAfter);
    let error = delete(&world, &Options::default()).unwrap_err();
    assert!(matches!(error, DeleteError::Ledger(_)), "{error:?}");
    // The record got there, its answer did not, and the branch is still there.
    assert_eq!(world.remote.tip(&sandbox.branch), Some(sandbox.commit.clone()));
    let done = delete(&world, &Options::default()).unwrap();
    assert_eq!((done.head, done.ledger), (Some(sandbox.commit), None));
    assert_eq!(world.remote.tip(&sandbox.branch), None);
    assert_eq!(deletions(&world).len(), 1);
}

#[test]
fn a_branch_that_came_back_is_left_alone() {
    let (world, sandbox) = World::with_sandbox();
    delete(&world, &Options::default()).unwrap();
    let theirs = commit(&world.here, sandbox.branch.as_str(), vec![put("a.txt", "x")], "again");
    assert!(delete(&world, &Options::default()).unwrap().already);
    assert_eq!(world.remote.tip(&sandbox.branch), Some(theirs));
}

#[test]
fn a_push_meanwhile_is_not_lost() {
    let (world, sandbox) = World::with_sandbox();
    let plan = plan(&world, &Options::default()).unwrap();
    let other = world.remote.clone_here();
    let keda = vec![put("platform/services/keda.yaml", "a: b\n")];
    let theirs = commit(&other, sandbox.branch.as_str(), keda, "keda");
    world.here.fetch().unwrap();
    let error = delete::carry_out(&world.here, now(), &plan).unwrap_err();
    assert!(matches!(&error, DeleteError::Moved { found, .. } if *found == theirs), "{error:?}");
    assert!(deletions(&world).is_empty());
    assert_eq!(world.remote.tip(&sandbox.branch), Some(theirs));
}

#[test]
fn two_who_delete_leave_one_record() {
    let (world, sandbox) = World::with_sandbox();
    let plan = plan(&world, &Options::default()).unwrap();
    let other = world.remote.clone_here();
    other.set_user(Some(somebody("grace")));
    delete::carry_out(&other, now(), &plan).unwrap();
    let done = delete::carry_out(&world.here, now(), &plan).unwrap();
    assert_eq!(done.ledger, None);
    assert_eq!(world.remote.tip(&sandbox.branch), None);
    assert_eq!(deletions(&world).len(), 1);
}

#[test]
fn an_unknown_name_says_what_there_is() {
    let world = World::new();
    assert!(matches!(plan(&world, &Options::default()), Err(DeleteError::Unknown { .. })));
    world.create(&asked("sandbox-b"));
    let error = plan(&world, &Options::default()).unwrap_err();
    assert_eq!(error.hint().unwrap(), "there is sandbox-b");
    assert!(plan_of(&world.here, &asked("sandbox-b")).is_err());
}
