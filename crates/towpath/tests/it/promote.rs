//! `towpath plan`, `promote` and `rollback`.

use crate::support::{
    GRACE, PATH_FILE, PRODUCTION, World, assert_transcript, path_file_with_approval,
};

#[test]
fn the_story_of_a_promotion() {
    let world = World::two_releases();
    assert_eq!(world.run(&["plan", "production"]), 0);
    let before = world.read(PRODUCTION);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.read(PRODUCTION), before.replace("tag: 0.0.7", "tag: 0.0.8"));
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["plan", "production"]), 0);
    world.say(
        &world.repo.git(&["log", "-1", "--format=%an %s%n%b", "origin/main"]).replace('\n', "\n# "),
    );
    assert_eq!(world.run(&["rollback", "production"]), 0);
    assert_eq!(world.read(PRODUCTION), before);
    assert_eq!(world.run(&["plan", "production"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_eq!(world.repo.git(&["status", "--porcelain"]), "");
    assert_transcript!(world);
}

#[test]
fn the_same_as_json() {
    let world = World::two_releases();
    assert_eq!(world.run(&["plan", "production", "-o", "json"]), 0);
    assert_eq!(world.run(&["promote", "production", "-o", "json"]), 0);
    assert_transcript!(world);
}

/// A range becomes an exact version; the bytes around it stay.
#[test]
fn the_edit_keeps_quotes_comments_and_line_ends() {
    let world = World::stated();
    let text = world
        .read(PRODUCTION)
        .replace("semver: 0.0.x", "semver: '0.0.x'   # until the first promotion")
        .replace('\n', "\r\n");
    world.repo.git(&["config", "core.autocrlf", "false"]);
    world.push_file(PRODUCTION, &format!("\u{feff}{text}"), "quotes, a comment, CRLF and a BOM");
    world.ok(&["release", "0.0.7"]);
    assert_eq!(world.run(&["promote", "production"]), 0);
    let expected = text.replace("semver: '0.0.x'", "tag: '0.0.7'");
    assert_eq!(world.read(PRODUCTION), format!("\u{feff}{expected}"));
    assert_transcript!(world);
}

#[test]
fn an_environment_that_follows_is_not_edited() {
    let world = World::two_releases();
    let before = world.repo.commit_id("origin/main");
    for environment in ["staging", "development"] {
        assert_eq!(world.run(&["plan", environment]), 0);
        assert_eq!(world.run(&["promote", environment]), 1);
    }
    world.repo.git(&["fetch", "--quiet"]);
    assert_eq!(world.repo.commit_id("origin/main"), before);
    assert_transcript!(world);
}

#[test]
fn downgrades_and_unknown_versions_are_refused_unless_asked_for() {
    let world = World::two_releases();
    world.ok(&["promote", "production"]);
    assert_eq!(world.run(&["promote", "production", "--to", "0.0.7"]), 1);
    assert_eq!(world.run(&["promote", "production", "--to", "0.0.7", "--allow-downgrade"]), 0);
    assert_eq!(world.run(&["promote", "production", "--to", "0.0.9"]), 1);
    assert_eq!(world.run(&["promote", "production", "--to", "0.0.9", "--allow-unknown"]), 0);
    world.refused(&["promote", "production", "--to", "newest"]);
    world.refused(&["promote", "production", "--allow-downgrade"]);
    world.refused(&["promote", "nowhere"]);
    world.refused(&["promote", "../production"]);
    world.refused(&["promote", "production", "--component", "nobody"]);
    assert_transcript!(world);
}

#[test]
fn for_a_pull_request_the_trunk_stays() {
    let world = World::two_releases();
    let before = world.remote.commit_id("main");
    let args = ["promote", "production", "--branch", "promote-0.0.8"];
    assert_eq!(world.run(&args), 0);
    assert_eq!(world.remote.commit_id("main"), before);
    assert_eq!(world.remote.commit_id("promote-0.0.8^"), before);
    let once = world.remote.commit_id("promote-0.0.8");
    let mut later = world.command(&args);
    let output = later.env("GIT_COMMITTER_DATE", "@1767700000 +0000").output().expect("runs");
    assert_eq!(
        world.tell("$ towpath promote production --branch promote-0.0.8  # again", &output),
        0
    );
    assert_eq!(world.remote.commit_id("promote-0.0.8"), once);
    world.remote.git(&["branch", "--force", "promote-0.0.8", "main"]);
    assert_eq!(world.run(&args), 1);
    for name in ["-x", "a..b", "refs/heads/x y", "", "main"] {
        let code = world.run(&["promote", "production", "--branch", name]);
        assert_ne!(code, 0, "{name}");
    }
    assert_eq!(world.remote.commit_id("main"), before);
    assert_transcript!(world);
}

#[test]
fn a_work_tree_or_trunk_that_has_more_is_refused_and_stays() {
    let world = World::two_releases();
    world.repo.file("notes.txt", "half a thought\n");
    world.repo.file(PRODUCTION, format!("{}# mine\n", world.read(PRODUCTION)));
    world.refused(&["promote", "production"]);
    world.refused(&["rollback", "production", "--to", "0.0.7"]);
    world.say("committed, not pushed");
    world.repo.commit("mine");
    world.refused(&["promote", "production"]);
    world.say("diverged");
    let url = world.remote.path().to_string_lossy().into_owned();
    let theirs = world.repo.clone_with(&url, &[]);
    theirs.file("theirs.txt", "theirs\n").commit("theirs");
    theirs.git(&["push", "--quiet"]);
    world.refused(&["promote", "production"]);
    assert_transcript!(world);
}

#[test]
fn a_detached_head_is_no_obstacle_and_stays() {
    let world = World::two_releases();
    world.repo.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    let before = world.repo.commit_id("HEAD");
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.repo.commit_id("HEAD"), before);
    assert_eq!(world.repo.git(&["status", "--porcelain"]), "");
    assert!(
        world
            .remote
            .git(&["show", "main:clusters/production/platform.yaml"])
            .contains("tag: 0.0.8")
    );
    assert_transcript!(world);
}

#[test]
fn a_repository_without_commits_or_remote() {
    let world = World::two_releases();
    world.repo.git(&["remote", "remove", "origin"]);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert!(world.read(PRODUCTION).contains("tag: 0.0.8"));
    let empty = towpath_testkit::git::TestRepo::new();
    for (path, bytes) in crate::support::example() {
        empty.file(&path, bytes);
    }
    let path = empty.path().to_string_lossy().into_owned();
    assert!(world.ok(&["status", "--offline", "-C", &path]).lines().count() > 3);
    let output = world.command(&["promote", "production", "-C", &path]).output().expect("runs");
    world.tell("$ towpath promote production  # in a repository without a commit", &output);
    assert_eq!(output.status.code(), Some(2));
    assert_transcript!(world);
}

/// Somebody pushes between the look and the push: what they did to other files is kept, and the promotion
/// goes on because its plan is the same.
#[test]
fn a_trunk_that_moves_elsewhere_meanwhile_is_built_upon() {
    let world = World::two_releases();
    let theirs = moving_remote(&world, "printf 'theirs\\n' > theirs.txt");
    assert_eq!(world.run(&["promote", "production"]), 0);
    world.repo.git(&["fetch", "--quiet"]);
    let files = world.repo.git(&["ls-tree", "-r", "--name-only", "origin/main"]);
    assert!(files.contains("theirs.txt"), "{files}");
    assert!(
        world
            .remote
            .git(&["show", "main:clusters/production/platform.yaml"])
            .contains("tag: 0.0.8")
    );
    drop(theirs);
    assert_transcript!(world);
}

/// Somebody moves the same pin between the look and the push.
#[test]
fn a_pin_that_moves_meanwhile_is_stale() {
    let world = World::two_releases();
    let theirs = moving_remote(
        &world,
        "sed -i 's/tag: 0.0.7/tag: 0.0.6/' clusters/production/platform.yaml",
    );
    assert_eq!(world.run(&["promote", "production"]), 1);
    assert!(
        world
            .remote
            .git(&["show", "main:clusters/production/platform.yaml"])
            .contains("tag: 0.0.6")
    );
    assert_eq!(world.repo.git(&["status", "--porcelain"]), "");
    assert_eq!(world.run(&["history", "--environment", "production"]), 0);
    drop(theirs);
    assert_transcript!(world);
}

/// Once, just before the next push of `main`, a clone of somebody else's changes something and pushes it.
fn moving_remote(world: &World, change: &str) -> towpath_testkit::git::TestRepo {
    let url = world.remote.path().to_string_lossy().into_owned();
    let theirs = world.repo.clone_with(&url, &[]);
    let there = theirs.path().display();
    let script = format!(
        "grep -q refs/heads/main || exit 0\n\
         [ -e '{there}/.git/moved' ] && exit 0\n\
         touch '{there}/.git/moved'\n\
         unset $(git rev-parse --local-env-vars)\n\
         cd '{there}' && git pull --quiet && {change} && git add --all && \
         git commit --quiet --message theirs && git push --quiet\n\
         exit 0"
    );
    world.repo.hook("pre-push", &script);
    theirs
}

#[test]
fn two_components_that_share_a_version_move_alone() {
    let world = World::two_releases();
    let text = world.read(PRODUCTION);
    let second = "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: extras\n  namespace: flux-system\nspec:\n  interval: 1m0s\n  url: oci://registry.example.com/acme/extras\n  ref:\n    tag: 0.0.7\n";
    world.push_file(PRODUCTION, &format!("{text}{second}"), "extras");
    world.push_file(
        "towpath.yaml",
        &PATH_FILE.replace(
            "  environments:\n",
            "  - name: extras\n    paths:\n    - extras\n    releases: oci://registry.example.com/acme/extras\n  environments:\n",
        ),
        "state extras",
    );
    assert_eq!(world.run(&["status", "--offline"]), 0);
    assert_eq!(world.run(&["promote", "production", "--component", "platform"]), 0);
    let after = world.read(PRODUCTION);
    assert!(after.contains("tag: 0.0.8") && after.ends_with("tag: 0.0.7\n"), "{after}");
    assert_transcript!(world);
}

#[test]
fn rollback_without_a_good_version_says_so() {
    let world = World::two_releases();
    assert_eq!(world.run(&["rollback", "production"]), 1);
    assert_eq!(world.run(&["rollback", "staging"]), 1);
    assert_transcript!(world);
}

/// The promotion is pushed and the ledger is not: the next run says it, and mends it.
#[test]
fn a_promotion_whose_record_was_lost_is_recorded_by_the_next_run() {
    let world = World::two_releases();
    let refuse = "[ \"$1\" = refs/heads/towpath/ledger ] && { echo 'the ledger is closed'; exit 1; }\nexit 0";
    world.remote.hook("update", refuse);
    assert_eq!(world.run(&["promote", "production"]), 2);
    assert!(
        world
            .remote
            .git(&["show", "main:clusters/production/platform.yaml"])
            .contains("tag: 0.0.8")
    );
    world.remote.hook("update", "exit 0");
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["history", "--environment", "production"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_remote_that_protects_its_trunk_advises_a_pull_request() {
    let world = World::two_releases();
    world.remote.hook(
        "update",
        "[ \"$1\" = refs/heads/main ] && { echo 'main is protected'; exit 1; }\nexit 0",
    );
    world.refused(&["promote", "production"]);
    assert_eq!(world.run(&["promote", "production", "--branch", "promote-0.0.8"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_user_without_a_name_is_told_to_set_one() {
    let world = World::two_releases();
    let before = (world.repo.snapshot(), world.remote.snapshot());
    let mut command = world.command(&["promote", "production"]);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"]
    {
        command.env_remove(name);
    }
    let output = command.envs(world.repo.env_without_identity()).output().expect("runs");
    world.tell("$ towpath promote production  # Git knows no name", &output);
    assert_eq!(output.status.code(), Some(2));
    assert!(before == (world.repo.snapshot(), world.remote.snapshot()));
    assert_transcript!(world);
}

#[test]
fn an_approval_gate_waits() {
    let world = World::two_releases_with(&path_file_with_approval());
    let before = world.remote.commit_id("main");
    assert_eq!(world.run(&["promote", "production"]), 1);
    assert_eq!(world.remote.commit_id("main"), before);
    let hash = world.plan_hash("production");
    assert_eq!(world.run_as(GRACE, &["approve", "production", &hash]), 0);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_transcript!(world);
}
