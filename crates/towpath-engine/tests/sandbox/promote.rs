//! What reaches the trunk is the change and nothing of the sandbox, once, by compare-and-set.

use towpath_core::record::Sandbox;
use towpath_engine::ledger::trailer;
use towpath_engine::ports::{BranchUpdate, Repository, TreeChange};
use towpath_engine::sandbox::promote::{self, LeftOutWhy, PromoteError, PromotePlan, Promoted, To};
use towpath_testkit::memory::Fault;

use crate::world::{PLATFORM, World, at, branch, commit, path, paths, put, somebody, text};

fn plan(world: &World, sandbox: &Sandbox) -> Result<PromotePlan, PromoteError> {
    world.here.fetch().unwrap();
    promote::plan(&world.here, &branch("main"), sandbox)
}

fn carry(world: &World, sandbox: &Sandbox, to: To) -> Result<Promoted, PromoteError> {
    promote::carry_out(&world.here, sandbox, plan(world, sandbox)?, to)
}

/// The engineer's work: the change, and what the sandbox's life leaves on its branch.
fn work(world: &World, sandbox: &Sandbox) {
    let follows = PLATFORM.replace("branch: \"main\"", "branch: PLAT-123-add-keda");
    let changes = vec![
        put(
            "platform/services/keda.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: keda\n",
        ),
        put("clusters/sandbox-a/flux-system/gotk-sync.yaml", "# bootstrap\n"),
        put(
            "clusters/sandbox-a/try.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: t\n",
        ),
        put("clusters/extra/flux-system/gotk-sync.yaml", "# bootstrap\n"),
        put("clusters/development/platform.yaml", &follows),
        TreeChange::Remove { path: path("platform/configs/priorities.yaml") },
    ];
    commit(&world.here, sandbox.branch.as_str(), changes, "keda, and all around it");
}

#[test]
fn the_sandbox_itself_stays_out() {
    let (world, sandbox) = World::with_sandbox();
    work(&world, &sandbox);
    let plan = plan(&world, &sandbox).unwrap();
    let files: Vec<&str> = plan.files.iter().map(|f| f.as_str()).collect();
    assert_eq!(files, ["platform/configs/priorities.yaml", "platform/services/keda.yaml"]);
    assert!(plan.mentions.is_empty(), "{:?}", plan.mentions);
    let whys =
        |want: fn(&LeftOutWhy) -> bool| plan.left_out.iter().filter(|l| want(&l.why)).count();
    assert_eq!(whys(|w| *w == LeftOutWhy::Folder), 9);
    assert_eq!(whys(|w| *w == LeftOutWhy::SyncFile), 1);
    let reference =
        plan.left_out.iter().find(|l| l.path.as_str() == "clusters/development/platform.yaml");
    assert_eq!(
        reference.unwrap().to_string(),
        "clusters/development/platform.yaml: line 14: GitRepository flux-system/platform says \
         branch: \"main\" again, not branch: PLAT-123-add-keda"
    );

    let trunk = world.trunk();
    let done = promote::carry_out(&world.here, &sandbox, plan, To::PullRequest).unwrap();
    assert_eq!(
        (done.branch.as_str(), done.merged, done.already),
        ("towpath/promote-sandbox-a", false, false)
    );
    assert_eq!(world.trunk(), trunk);
    let made = world.here.history(&done.commit, Some(&trunk)).unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].message.lines().next(), Some("PLAT-123: add keda"));
    assert_eq!(trailer(&made[0].message, "Towpath-Sandbox"), Some("sandbox-a"));
    assert!(!paths(&world.here, &done.commit).iter().any(|p| p.contains("sandbox-a")));
    assert_eq!(text(&world.here, &done.commit, "clusters/development/platform.yaml"), PLATFORM);
}

#[test]
fn a_file_with_a_reference_and_a_change_keeps_the_change() {
    let (world, sandbox) = World::with_sandbox();
    let edited = PLATFORM
        .replace("branch: \"main\"", "name: 'refs/heads/PLAT-123-add-keda'")
        .replace("interval: 5m", "interval: 6m");
    let patch = "# see clusters/sandbox-a\nresources: []\n";
    let changes = vec![
        put("clusters/development/platform.yaml", &edited),
        put("platform/configs/kustomization.yaml", patch),
    ];
    commit(&world.here, sandbox.branch.as_str(), changes, "slower");
    let done = carry(&world, &sandbox, To::Trunk).unwrap();
    let merged = text(&world.here, &world.trunk(), "clusters/development/platform.yaml");
    assert_eq!(merged, PLATFORM.replace("interval: 5m", "interval: 6m"));
    let mentions: Vec<String> = done.plan.mentions.iter().map(ToString::to_string).collect();
    assert_eq!(mentions, ["platform/configs/kustomization.yaml:1"]);
}

#[test]
fn nothing_to_promote_is_said() {
    let (world, sandbox) = World::with_sandbox();
    let error = plan(&world, &sandbox).unwrap_err();
    assert!(
        matches!(error, PromoteError::Nothing { ref left_out, .. } if left_out.len() == 7),
        "{error:?}"
    );
    work(&world, &sandbox);
    carry(&world, &sandbox, To::Trunk).unwrap();
    let error = plan(&world, &sandbox).unwrap_err();
    assert!(matches!(error, PromoteError::Nothing { .. }), "{error:?}");
}

#[test]
fn conflicts_name_the_files() {
    let (world, sandbox) = World::with_sandbox();
    let file = "platform/services/kyverno.yaml";
    commit(&world.here, sandbox.branch.as_str(), vec![put(file, "a: 1\n")], "ours");
    commit(&world.here, "main", vec![put(file, "a: 2\n")], "theirs");
    let error = plan(&world, &sandbox).unwrap_err();
    assert!(
        matches!(&error, PromoteError::Conflicts { files, .. } if *files == [file]),
        "{error:?}"
    );
    assert_eq!(
        error.hint().unwrap(),
        "merge main into PLAT-123-add-keda, push it, and promote again"
    );
}

#[test]
fn a_second_call_is_quiet_or_replaces_what_it_made() {
    let (world, sandbox) = World::with_sandbox();
    work(&world, &sandbox);
    let first = carry(&world, &sandbox, To::PullRequest).unwrap();
    world.here.set_time(at("2026-11-22T08:00:00Z"));
    let again = carry(&world, &sandbox, To::PullRequest).unwrap();
    assert_eq!((again.already, &again.commit), (true, &first.commit));
    // A trunk that moves elsewhere does not make it another change.
    commit(&world.here, "main", vec![put("README.md", "x\n")], "docs");
    let again = carry(&world, &sandbox, To::PullRequest).unwrap();
    assert_eq!((again.already, &again.commit), (true, &first.commit));

    let more = vec![put(
        "platform/services/keda.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: k}\n",
    )];
    commit(&world.here, sandbox.branch.as_str(), more, "better");
    let third = carry(&world, &sandbox, To::PullRequest).unwrap();
    assert!(!third.already);
    assert_eq!(world.remote.tip(&third.branch), Some(third.commit.clone()));
    let made = world.here.history(&third.commit, Some(&world.trunk())).unwrap();
    assert_eq!(made.len(), 1);
}

#[test]
fn what_others_put_on_the_branch_is_not_overwritten() {
    let (world, sandbox) = World::with_sandbox();
    work(&world, &sandbox);
    let first = carry(&world, &sandbox, To::PullRequest).unwrap();
    let review = vec![put("platform/services/keda.yaml", "# reviewed\n")];
    let theirs = commit(&world.here, first.branch.as_str(), review, "review");
    let error = carry(&world, &sandbox, To::PullRequest).unwrap_err();
    assert!(
        matches!(&error, PromoteError::BranchTaken { commit, .. } if *commit == theirs),
        "{error:?}"
    );
    assert_eq!(world.remote.tip(&first.branch), Some(theirs));
}

#[test]
fn a_trunk_that_moves_is_read_again() {
    let (world, sandbox) = World::with_sandbox();
    work(&world, &sandbox);
    let plan = plan(&world, &sandbox).unwrap();
    let other = world.remote.clone_here();
    let moved = commit(&other, "main", vec![put("README.md", "x\n")], "docs");
    let done = promote::carry_out(&world.here, &sandbox, plan, To::Trunk).unwrap();
    assert_eq!(done.plan.onto, moved);
    assert_eq!(world.remote.tip(&branch("main")), Some(done.commit.clone()));
    assert!(paths(&world.here, &done.commit).contains(&"README.md".to_owned()));

    let (world, sandbox) = World::with_sandbox();
    work(&world, &sandbox);
    for _ in 0..5 {
        world.here.inject(Fault::PublishStale);
    }
    let trunk = world.trunk();
    let error = carry(&world, &sandbox, To::Trunk).unwrap_err();
    assert!(matches!(error, PromoteError::Contended { .. }), "{error:?}");
    assert_eq!(world.trunk(), trunk);
}

#[test]
fn those_who_did_the_work_are_named() {
    let (world, sandbox) = World::with_sandbox();
    let other = world.remote.clone_here();
    other.set_user(Some(somebody("grace")));
    let keda = vec![put("platform/services/keda.yaml", "a: b\n")];
    commit(&other, sandbox.branch.as_str(), keda, "keda");
    let done = carry(&world, &sandbox, To::PullRequest).unwrap();
    let message = &world.here.history(&done.commit, None).unwrap()[0].message;
    assert_eq!(trailer(message, "Co-authored-by"), Some("grace <grace@example.org>"));
    assert!(!message.contains("Ada"));
}

#[test]
fn a_broken_file_matters_where_it_names_the_branch() {
    let (world, sandbox) = World::with_sandbox();
    let on = sandbox.branch.as_str();
    commit(&world.here, on, vec![put("platform/odd.yaml", "a: [\n")], "broken");
    assert!(plan(&world, &sandbox).is_ok());
    let broken = "a: [\nbranch: PLAT-123-add-keda\n";
    commit(&world.here, on, vec![put("platform/odd.yaml", broken)], "broken");
    let error = plan(&world, &sandbox).unwrap_err();
    assert!(
        matches!(&error, PromoteError::Unreadable { report, .. } if report.starts_with("platform/odd.yaml:")),
        "{error:?}"
    );
}

#[test]
fn a_branch_that_is_gone_is_said() {
    let (world, sandbox) = World::with_sandbox();
    let update = BranchUpdate {
        branch: sandbox.branch.clone(),
        expected: Some(sandbox.commit.clone()),
        new: None,
    };
    world.here.publish(&[update]).unwrap();
    let error = plan(&world, &sandbox).unwrap_err();
    assert!(matches!(error, PromoteError::BranchGone { .. }), "{error:?}");
}
