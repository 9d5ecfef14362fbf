//! `towpath sandbox create`, `list`, `promote` and `delete`.

use crate::support::{GRACE, KEDA, PATH_FILE, PRODUCTION, World, assert_transcript};

const CREATE: [&str; 9] = [
    "sandbox",
    "create",
    "sandbox-a",
    "--from",
    "development",
    "--ticket",
    "PLAT-123",
    "--summary",
    "add keda",
];
const BRANCH: &str = "PLAT-123-add-keda";

/// A world with the sandbox of the story, its change pushed, on `main`.
fn with_change() -> World {
    let world = World::stated();
    world.ok(&CREATE);
    world.repo.git(&["switch", "--quiet", BRANCH]);
    world.push_file("platform/services/keda.yaml", KEDA, "add keda");
    world.repo.git(&["switch", "--quiet", "main"]);
    world
}

#[test]
fn the_story_of_a_sandbox() {
    let world = World::stated();
    assert_eq!(world.run(&["sandbox", "list"]), 0);
    assert_eq!(world.run(&CREATE), 0);
    world.repo.git(&["switch", "--quiet", BRANCH]);
    world.push_file("platform/services/keda.yaml", KEDA, "add keda");
    assert_eq!(world.run(&["sandbox", "list"]), 0);
    assert_eq!(world.run(&["status", "--offline"]), 0);
    world.repo.git(&["switch", "--quiet", "main"]);
    assert_eq!(world.run(&["sandbox", "promote", "sandbox-a"]), 0);
    assert_eq!(world.run(&["sandbox", "promote", "sandbox-a"]), 0);
    assert_eq!(world.run(&["sandbox", "promote", "sandbox-a", "--merge"]), 0);
    world.run(&["sandbox", "promote", "sandbox-a", "--merge"]);
    assert_eq!(world.run(&["sandbox", "delete", "sandbox-a", "--dry-run"]), 0);
    assert_eq!(world.run(&["sandbox", "delete", "sandbox-a"]), 0);
    world.run(&["sandbox", "delete", "sandbox-a"]);
    assert_eq!(world.run(&["sandbox", "list"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    let files = world.repo.git(&["ls-tree", "-r", "--name-only", "origin/main"]);
    assert!(
        files.contains("platform/services/keda.yaml") && !files.contains("sandbox-a"),
        "{files}"
    );
    assert!(!world.remote.git(&["branch", "--list"]).contains(BRANCH));
    assert_transcript!(world);
}

#[test]
fn the_same_as_json() {
    let world = with_change();
    assert_eq!(world.run(&["sandbox", "list", "-o", "json"]), 0);
    assert_eq!(world.run(&["sandbox", "promote", "sandbox-a", "-o", "json"]), 0);
    assert_eq!(world.run(&["sandbox", "delete", "sandbox-a", "--dry-run", "-o", "json"]), 0);
    assert_transcript!(world);
}

/// What is not the sandbox's own reference stays, to the byte: CRLF, comments, quotes.
#[test]
fn a_clone_keeps_every_byte_that_is_not_its_reference() {
    let world = World::stated();
    let file = "clusters/development/platform.yaml";
    let odd = world
        .read(file)
        .replace("branch: main # a sandbox", "branch: \"main\"   # a sandbox")
        .replace("prune: true\n  wait", "prune:   true # odd  \n  wait")
        .replace('\n', "\r\n");
    world.repo.git(&["config", "core.autocrlf", "false"]);
    world.push_file(file, &odd, "odd but right");
    world.ok(&CREATE);
    let clone = world.repo.git(&["show", &format!("{BRANCH}:clusters/sandbox-a/platform.yaml")]);
    let expected = odd.replace("branch: \"main\"", &format!("branch: \"{BRANCH}\""));
    assert_eq!(clone, expected.trim_end_matches('\n'));
    let files = world.repo.git(&["ls-tree", "-r", "--name-only", BRANCH, "clusters/sandbox-a"]);
    assert!(!files.contains("gotk-sync.yaml"), "{files}");
    let changed = world.repo.git(&["diff", "--name-only", "main", BRANCH]);
    assert!(changed.lines().all(|line| line.starts_with("clusters/sandbox-a/")), "{changed}");
    assert_eq!(world.repo.git(&["rev-list", "--count", &format!("main..{BRANCH}")]), "1");
}

#[test]
fn a_clone_of_a_range_stays_on_it_or_is_pinned() {
    let world = World::two_releases();
    let create = |name: &'static str, ticket: &'static str| {
        ["sandbox", "create", name, "--from", "staging", "--ticket", ticket, "--summary", "load"]
    };
    assert_eq!(world.run(&create("ranged", "PLAT-1")), 0);
    assert_eq!(world.run(&[&create("pinned", "PLAT-2")[..], &["--pin"]].concat()), 0);
    let of = |branch: &str, name: &str| {
        world.repo.git(&["show", &format!("{branch}:clusters/{name}/platform.yaml")])
    };
    assert!(of("PLAT-1-load", "ranged").contains("semver: 0.0.x"));
    let digest = world.json(&["release", "0.0.8", "--dry-run"])["digest"].clone();
    let pinned = of("PLAT-2-load", "pinned");
    assert!(pinned.contains(digest.as_str().expect("a digest")), "{pinned}");
    assert_transcript!(world);
}

#[test]
fn pinning_what_nobody_knows_is_refused() {
    let world = World::stated();
    world.refused(&[
        "sandbox",
        "create",
        "pinned",
        "--from",
        "staging",
        "--ticket",
        "P-1",
        "--summary",
        "x",
        "--pin",
    ]);
    assert_transcript!(world);
}

#[test]
fn names_that_are_taken_or_escape_are_refused() {
    let world = World::stated();
    world.ok(&CREATE);
    let create = |name, from, ticket, summary| {
        ["sandbox", "create", name, "--from", from, "--ticket", ticket, "--summary", summary]
    };
    for args in [
        create("sandbox-a", "development", "PLAT-123", "add keda"),
        create("sandbox-a", "development", "PLAT-9", "other"),
        create("sandbox-b", "development", "PLAT-123", "add keda"),
        create("staging", "development", "PLAT-9", "other"),
        create("../escape", "development", "PLAT-9", "other"),
        create("a/b", "development", "PLAT-9", "other"),
        create("", "development", "PLAT-9", "other"),
        create("sandbox-b", "nowhere", "PLAT-9", "other"),
        create("sandbox-b", "development", "../../x", "other"),
        create("sandbox-b", "development", "", "other"),
        create("sandbox-b", "development", "-x", "other"),
    ] {
        world.refused(&args);
    }
    let for_long = [&CREATE[..], &["--for", "soon"]].concat();
    world.refused(&for_long);
    for command in ["promote", "delete"] {
        world.refused(&["sandbox", command, "nobody"]);
        world.refused(&["sandbox", command, "../escape"]);
    }
    assert_transcript!(world);
}

#[test]
fn a_dirty_work_tree_does_not_stop_a_sandbox_and_is_not_in_it() {
    let world = World::stated();
    world.repo.file("platform/services/half.yaml", "half: done\n");
    let before = world.repo.git(&["status", "--porcelain"]);
    assert_eq!(world.run(&CREATE), 0);
    assert_eq!(world.repo.git(&["status", "--porcelain"]), before);
    assert!(!world.repo.git(&["ls-tree", "-r", "--name-only", BRANCH]).contains("half.yaml"));
}

#[test]
fn a_change_that_is_not_pushed_is_not_left_behind() {
    let world = with_change();
    world.repo.git(&["switch", "--quiet", BRANCH]);
    world.repo.file("platform/services/more.yaml", "more: true\n").commit("more");
    world.repo.git(&["switch", "--quiet", "main"]);
    world.refused(&["sandbox", "promote", "sandbox-a"]);
    world.refused(&["sandbox", "delete", "sandbox-a"]);
    assert_transcript!(world);
}

/// A merge is no way around the gates: production moves by promotion only.
#[test]
fn a_change_that_moves_a_promoted_pin_is_refused() {
    let world = World::two_releases();
    world.ok(&CREATE);
    world.repo.git(&["switch", "--quiet", BRANCH]);
    world.edit(PRODUCTION, "tag: 0.0.7", "tag: 0.0.8");
    world.publish("production too, while we are here");
    world.repo.git(&["switch", "--quiet", "main"]);
    world.refused(&["sandbox", "promote", "sandbox-a"]);
    world.refused(&["sandbox", "promote", "sandbox-a", "--merge"]);
    assert_transcript!(world);
}

#[test]
fn a_change_that_conflicts_with_the_trunk_is_refused() {
    let world = with_change();
    world.push_file("platform/services/keda.yaml", "something: else\n", "another keda");
    world.refused(&["sandbox", "promote", "sandbox-a"]);
    world.refused(&["sandbox", "promote", "sandbox-a", "--merge"]);
    assert_transcript!(world);
}

#[test]
fn the_branch_at_hand_and_a_branch_with_unmerged_work_are_not_deleted() {
    let world = with_change();
    world.refused(&["sandbox", "delete", "sandbox-a"]);
    world.repo.git(&["switch", "--quiet", BRANCH]);
    world.refused(&["sandbox", "delete", "sandbox-a", "--force"]);
    world.repo.git(&["switch", "--quiet", "main"]);
    assert_eq!(world.run(&["sandbox", "delete", "sandbox-a", "--force"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_connected_cluster_must_be_proven_empty() {
    let world = World::stated();
    world.ok(&[&CREATE[..], &["--context", "kind-sandbox-a"]].concat());
    world.refused(&["sandbox", "delete", "sandbox-a"]);
    world.refused(&["sandbox", "delete", "sandbox-a", "--force"]);
    assert_eq!(world.run(&["sandbox", "delete", "sandbox-a", "--dry-run"]), 0);
    let emptied = ["sandbox", "delete", "sandbox-a", "--emptied", "kubectl get all -A is empty"];
    assert_eq!(world.run(&emptied), 0);
    assert_transcript!(world);
}

#[test]
fn somebody_else_sees_and_ends_a_sandbox() {
    let world = with_change();
    world.ok(&["sandbox", "promote", "sandbox-a", "--merge"]);
    let url = world.remote.path().to_string_lossy().into_owned();
    let theirs = world.repo.clone_with(&url, &[]);
    assert_eq!(world.run_in(&theirs, GRACE, &["sandbox", "list"]), 0);
    assert_eq!(world.run_in(&theirs, GRACE, &["sandbox", "delete", "sandbox-a"]), 0);
    assert_eq!(world.run(&["sandbox", "list"]), 0);
    assert_transcript!(world);
}

#[test]
fn of_several_clusters_the_one_named_is_cloned() {
    let world = World::stated();
    let text = PATH_FILE.replace(
        "    tracks: branch\n",
        "    tracks: branch\n    clusters:\n    - path: clusters/development\n    - path: clusters/dev-two\n",
    );
    for (path, bytes) in crate::support::example() {
        if let Some(rest) = path.strip_prefix("clusters/development/") {
            world.repo.file(&format!("clusters/dev-two/{rest}"), bytes);
        }
    }
    world.push_file("towpath.yaml", &text, "two clusters");
    world.refused(&[&CREATE[..], &["--cluster", "dev-three"]].concat());
    assert_eq!(world.run(&[&CREATE[..], &["--cluster", "dev-two"]].concat()), 0);
    assert_transcript!(world);
}
