//! `towpath release`, `release list` and `release diff`, into layout folders; see [`crate::registry`] for
//! real registries.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{KEDA, PATH_FILE, World, assert_transcript};

#[test]
fn a_release_is_made_once_and_never_changes() {
    let world = World::stated();
    assert_eq!(world.run(&["release", "0.0.7", "--dry-run"]), 0);
    assert_eq!(world.run(&["release", "0.0.7"]), 0);
    assert_eq!(world.run(&["release", "0.0.7"]), 0);
    assert_eq!(world.run(&["release", "list"]), 0);
    world.push_file("platform/services/keda.yaml", KEDA, "add keda");
    world.refused(&["release", "0.0.7"]);
    assert_eq!(world.run(&["release", "0.0.8"]), 0);
    assert_eq!(world.run(&["release", "list"]), 0);
    assert_eq!(world.run(&["release", "diff", "0.0.7", "0.0.8"]), 1);
    assert_eq!(world.run(&["release", "diff", "0.0.8", "0.0.8"]), 0);
    assert_eq!(world.run(&["release", "diff", "0.0.7", "9.9.9"]), 2);
    assert_eq!(world.run(&["history"]), 0);
    assert_transcript!(world);
}

#[test]
fn json_names_digest_and_commit() {
    let world = World::stated();
    assert_eq!(world.run(&["release", "0.0.7", "-o", "json"]), 0);
    assert_eq!(world.run(&["release", "list", "-o", "json"]), 0);
    assert_eq!(world.run(&["release", "diff", "0.0.7", "0.0.7", "-o", "json"]), 0);
    assert_transcript!(world);
}

#[test]
fn bad_versions_and_places_are_refused() {
    let world = World::stated();
    for args in [
        &["release", "8"][..],
        &["release", "latest"],
        &["release", "../../0.0.8"],
        &["release", "0.0.8", "--to", "ftp://x/y"],
        &["release", "0.0.8", "--to", "oci://"],
        &["release", "0.0.8", "--to", "oci-layout:"],
        &["release", "0.0.8", "--component", "nobody"],
        &["release", "0.0.8", "--commit", "nowhere"],
        &["release", "0.0.8", "--commit", "--help"],
        &["release"],
    ] {
        world.refused(args);
    }
    assert_transcript!(world);
}

#[test]
fn the_dirty_work_tree_is_released_only_when_asked() {
    let world = World::stated();
    let clean = world.json(&["release", "0.0.7", "--dry-run"])["digest"].clone();
    world.repo.file("platform/services/keda.yaml", KEDA);
    assert_eq!(world.json(&["release", "0.0.7", "--dry-run"])["digest"], clean);
    assert_eq!(world.run(&["release", "0.0.7", "--dry-run"]), 0);
    assert_ne!(world.json(&["release", "0.0.7", "--dry-run", "--work-tree"])["digest"], clean);
    let place = "oci-layout:../scratch";
    assert_eq!(world.run(&["release", "0.0.7", "--work-tree", "--to", place]), 0);
    // Nobody must promote what no commit has.
    assert_eq!(world.run(&["history"]), 0);
    assert_transcript!(world);
}

/// Nobody else could make it again or look at what is in it.
#[test]
fn a_commit_that_only_this_clone_has_is_not_released() {
    let world = World::stated();
    world.repo.file("platform/services/keda.yaml", KEDA).commit("add keda");
    world.refused(&["release", "0.0.8"]);
    assert_eq!(world.run(&["release", "0.0.8", "--dry-run"]), 0);
    world.repo.git(&["push", "--quiet", "origin", "HEAD"]);
    assert_eq!(world.run(&["release", "0.0.8"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_tag_of_git_names_the_commit() {
    let world = World::stated();
    let first = world.json(&["release", "0.0.7", "--dry-run"]);
    world.repo.git(&["tag", "v0.0.7"]);
    world.push_file("platform/services/keda.yaml", KEDA, "add keda");
    assert_eq!(world.json(&["release", "0.0.7", "--dry-run"])["digest"], first["digest"]);
    let head = world.json(&["release", "0.0.8", "--dry-run"]);
    assert_ne!(head["digest"], first["digest"]);
    let by_hand = world.json(&["release", "0.0.8", "--dry-run", "--commit", "HEAD~1"]);
    assert_eq!(by_hand["commit"], first["commit"]);
}

/// Whatever a machine's clone looks like: its remote's URL, its modes, its line ends, its folder.
#[test]
fn the_same_commit_gives_the_same_bytes_in_every_clone() {
    let world = World::stated();
    let here = world.json(&["release", "0.0.7", "--dry-run"]);
    let url = format!("file://{}", world.remote.path().display());
    let there = world.repo.clone_with(&url, &["--config", "core.autocrlf=true"]);
    let file = there.path().join("platform/services/kyverno.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("is there");
    std::fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(b"# dirty\n"))
        .expect("can be written");
    let path = there.path().to_string_lossy().into_owned();
    let there = world.json(&["release", "0.0.7", "--dry-run", "-C", &path]);
    assert_eq!(there["digest"], here["digest"]);
    assert_eq!(there["size"], here["size"]);
}

#[test]
fn chosen_files_are_those_of_the_ignore_patterns() {
    let world = World::stated();
    let release = ["release", "0.0.7", "--dry-run"];
    let all = world.json(&release)["files"].clone();
    let few = [&release[..], &["--ignore-paths", "*,!/platform/services/**"]].concat();
    assert_eq!((all, world.json(&few)["files"].clone()), (4.into(), 2.into()));
}

#[test]
fn an_empty_release_is_worth_a_word() {
    let world = World::stated();
    assert_eq!(world.run(&["release", "0.0.7", "--dry-run", "--ignore-paths", "*"]), 2);
    assert_transcript!(world);
}

#[test]
fn a_layout_folder_made_elsewhere_is_read() {
    let world = World::stated();
    world.ok(&["release", "0.0.7"]);
    let place = format!("oci-layout:{}", world.repo.outside().join("copy").display());
    world.ok(&["release", "0.0.7", "--to", &place]);
    assert_eq!(world.run(&["release", "list", "--to", &place]), 0);
    std::fs::write(world.repo.outside().join("copy/index.json"), "{").expect("is there");
    assert_eq!(world.run(&["release", "list", "--to", &place]), 0);
    assert_eq!(world.run(&["release", "diff", "0.0.7", "0.0.7", "--to", &place]), 2);
    assert_transcript!(world);
}

#[test]
fn the_place_is_inferred_where_it_is_not_stated() {
    let world = World::with_path_file(
        &PATH_FILE.replace("    releases: oci://registry.example.com/acme/platform\n", ""),
    );
    assert_eq!(world.run(&["release", "0.0.7", "--dry-run"]), 0);
    assert_transcript!(world);
}
