//! The list tells whose a sandbox is, whether its time is over, and how far it is from its origin.

use towpath_engine::ports::{BranchUpdate, Repository};
use towpath_engine::sandbox::list::{self, Row};

use crate::world::{PLATFORM, World, asked, at, branch, commit, history, now, put, somebody};

fn rows(world: &World, when: &str) -> Vec<Row> {
    world.here.fetch().unwrap();
    list::list(&world.here, &branch("main"), &history(&world.here), at(when)).unwrap()
}

fn diverged(row: &Row) -> Vec<&str> {
    row.stands.as_ref().unwrap().diverged.iter().map(|path| path.as_str()).collect()
}

#[test]
fn a_new_sandbox_does_not_diverge() {
    let (world, sandbox) = World::with_sandbox();
    let rows = rows(&world, "2026-12-05T07:59:59Z");
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((&row.sandbox, row.created, row.expired), (&sandbox, now(), false));
    assert_eq!(row.owner, "Ada Lock <ada@example.org>");
    let stands = row.stands.as_ref().unwrap();
    assert_eq!((stands.ahead, stands.behind), (1, 0));
    assert!(stands.diverged.is_empty(), "{stands:?}");
}

#[test]
fn divergence_is_of_either_side_and_beyond_what_create_changed() {
    let (world, sandbox) = World::with_sandbox();
    let on = sandbox.branch.as_str();
    let mine = vec![
        put("clusters/sandbox-a/try.yaml", "a: b\n"),
        put("clusters/sandbox-a/flux-system/gotk-sync.yaml", "# bootstrap\n"),
        put("clusters/sandbox-a/NOTES", "the same on both sides\n"),
        put("platform/services/keda.yaml", "a: b\n"),
    ];
    commit(&world.here, on, mine, "mine");
    let theirs = vec![
        put("clusters/development/platform.yaml", &PLATFORM.replace("5m", "6m")),
        put("clusters/development/NOTES", "the same on both sides\n"),
        put("clusters/development/new.yaml", "a: b\n"),
    ];
    commit(&world.here, "main", theirs, "theirs");
    let rows = rows(&world, "2026-12-05T08:00:00Z");
    assert!(rows[0].expired);
    let stands = rows[0].stands.as_ref().unwrap();
    assert_eq!((stands.ahead, stands.behind), (2, 1));
    assert_eq!(
        diverged(&rows[0]),
        [
            "clusters/sandbox-a/new.yaml",
            "clusters/sandbox-a/platform.yaml",
            "clusters/sandbox-a/try.yaml"
        ]
    );
}

#[test]
fn each_has_its_owner_and_a_lost_branch_is_shown() {
    let (world, sandbox) = World::with_sandbox();
    world.here.set_user(Some(somebody("grace")));
    let mut second = asked("sandbox-b");
    second.summary = "more".to_owned();
    world.create(&second);
    let gone = BranchUpdate { branch: sandbox.branch, expected: Some(sandbox.commit), new: None };
    world.here.publish(&[gone]).unwrap();
    let rows = rows(&world, "2026-11-22T00:00:00Z");
    let owners: Vec<&str> = rows.iter().map(|row| row.owner.as_str()).collect();
    assert_eq!(owners, ["Ada Lock <ada@example.org>", "grace <grace@example.org>"]);
    assert_eq!(rows[0].stands, None);
    assert!(rows[1].stands.is_some());
}
