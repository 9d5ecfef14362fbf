//! The clone keeps bytes, refusals change nothing, and a call that was cut off is finished by the next.

use towpath_core::id::Digest;
use towpath_engine::ledger::trailer;
use towpath_engine::ports::{FileMode, Repository, TreeChange};
use towpath_engine::sandbox::create::{self, ChangeWhy, CreateError, KeptWhy, Moment};
use towpath_testkit::memory::Fault;

use crate::world::{
    World, asked, at, branch, commit, history, name, now, path, paths, plan_of, plan_pinned,
    platform, put, read, somebody, text,
};

#[test]
fn the_clone_is_the_origin_with_its_own_branch_and_folder() {
    let world = World::new();
    let trunk = world.trunk();
    let created = world.create(&asked("sandbox-a"));
    let (here, sandbox) = (&world.here, &created.sandbox);
    assert_eq!(sandbox.branch, branch("PLAT-123-add-keda"));
    assert_eq!(sandbox.folder, "clusters/sandbox-a");
    assert_eq!(world.remote.tip(&sandbox.branch), Some(sandbox.commit.clone()));
    assert_eq!(world.trunk(), trunk);

    let made = here.history(&sandbox.commit, Some(&trunk)).unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].parents.as_slice(), std::slice::from_ref(&trunk));
    let lines: Vec<&str> = made[0].message.lines().collect();
    assert_eq!(lines[0], "sandbox: create sandbox-a from development (PLAT-123)");
    assert_eq!(trailer(&made[0].message, "Towpath-Expires"), Some("2026-12-05T08:00:00Z"));
    assert_eq!(trailer(&made[0].message, "Towpath-Origin"), Some("clusters/development"));

    let mut expected = paths(here, &trunk);
    expected.extend(
        paths(here, &trunk).iter().filter(|p| !p.ends_with("gotk-sync.yaml")).filter_map(|p| {
            Some(format!("clusters/sandbox-a/{}", p.strip_prefix("clusters/development/")?))
        }),
    );
    expected.sort();
    assert_eq!(paths(here, &sandbox.commit), expected);

    let both = |file: &str| {
        let origin = read(here, &trunk, &format!("clusters/development/{file}")).unwrap();
        let clone = read(here, &sandbox.commit, &format!("clusters/sandbox-a/{file}")).unwrap();
        (String::from_utf8(origin).unwrap(), String::from_utf8(clone).unwrap())
    };
    let (origin, clone) = both("platform.yaml");
    assert_eq!(clone, origin.replace("\"main\"", "\"PLAT-123-add-keda\""));
    let (origin, clone) = both("apps.yaml");
    assert!(origin.starts_with('\u{feff}') && origin.contains("\r\n"));
    assert_eq!(clone, origin.replace("clusters/development/apps", "clusters/sandbox-a/apps"));
    for file in
        ["NOTES", "apps/podinfo.yaml", "apps/namespace.yaml", "flux-system/kustomization.yaml"]
    {
        let (origin, clone) = both(file);
        assert_eq!(origin, clone, "{file}");
    }
    assert_eq!(history(here).sandboxes().len(), 1);
}

#[test]
fn the_plan_says_what_changes_and_what_stays() {
    let world = World::new();
    let plan = plan_of(&world.here, &asked("sandbox-a")).unwrap();
    let changes: Vec<String> = plan.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "clusters/sandbox-a/apps.yaml:8: path: './clusters/development/apps' -> \
             path: './clusters/sandbox-a/apps' (the sandbox has its own folder)",
            "clusters/sandbox-a/platform.yaml:14: branch: \"main\" -> \
             branch: \"PLAT-123-add-keda\" (the sandbox follows its own branch)",
        ]
    );
    let kept: Vec<String> = plan.kept.iter().map(ToString::to_string).collect();
    assert_eq!(
        kept,
        [
            "clusters/sandbox-a/apps/podinfo.yaml:22: HelmRelease flux-apps/podinfo stays on the \
             range >5.0.0, as in the origin",
            "clusters/sandbox-a/flux-system/kustomization.yaml:3: names gotk-sync.yaml, which the \
             bootstrap writes",
        ]
    );
}

#[test]
fn a_range_stays_and_pin_keeps_the_moment() {
    let world = World::new();
    let mut create = asked("perf");
    create.from = name("staging");
    let plan = plan_of(&world.here, &create).unwrap();
    assert!(plan.changes.is_empty());
    assert_eq!(plan.kept.iter().filter(|k| k.why == KeptWhy::Range("0.0.x".into())).count(), 1);

    create.pin = true;
    let refused = plan_of(&world.here, &create);
    assert!(matches!(refused, Err(CreateError::CannotPin { .. })), "{refused:?}");

    let digest = Digest::parse(&format!("sha256:{}", "a".repeat(64))).unwrap();
    let plan =
        plan_pinned(&world.here, &create, &|_| Some(Moment::Digest(digest.clone()))).unwrap();
    assert_eq!(plan.changes[0].why, ChangeWhy::Pin);
    assert_eq!(plan.changes[0].old, "semver: 0.0.x");
    let made = create::carry_out(&world.here, now(), &plan).unwrap().sandbox;
    let clone = text(&world.here, &made.commit, "clusters/perf/platform.yaml");
    let origin = text(&world.here, &made.commit, "clusters/staging/platform.yaml");
    assert_eq!(clone, origin.replace("semver: 0.0.x", &format!("digest: {digest}")));
}

#[test]
fn modes_are_kept_and_links_are_not_followed() {
    let mut files = platform();
    files.insert("clusters/development/check.sh".to_owned(), b"#!/bin/sh\n".to_vec());
    let world = World::with(files);
    let link = TreeChange::Put {
        path: path("clusters/development/link.yaml"),
        mode: FileMode::Symlink,
        bytes: b"platform.yaml".to_vec(),
    };
    commit(&world.here, "main", vec![link], "a link");
    let made = world.create(&asked("sandbox-a")).sandbox;
    let modes: Vec<FileMode> = world
        .here
        .entries(&made.commit)
        .unwrap()
        .into_iter()
        .filter(|e| {
            ["clusters/sandbox-a/check.sh", "clusters/sandbox-a/link.yaml"]
                .contains(&e.path.as_str())
        })
        .map(|e| e.mode)
        .collect();
    assert_eq!(modes, [FileMode::Executable, FileMode::Symlink]);
    assert_eq!(text(&world.here, &made.commit, "clusters/sandbox-a/link.yaml"), "platform.yaml");
}

#[test]
fn names_that_are_taken_are_refused() {
    let world = World::new();
    let refused = |name| plan_of(&world.here, &asked(name)).unwrap_err();
    assert!(matches!(refused("staging"), CreateError::OnPath { .. }));
    commit(&world.here, "main", vec![put("clusters/Sandbox-B/notes.txt", "left\n")], "left");
    let error = refused("sandbox-b");
    assert!(matches!(error, CreateError::FolderExists { .. }), "{error:?}");

    world.create(&asked("sandbox-a"));
    let error = refused("sandbox-a");
    assert!(matches!(error, CreateError::Live { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("towpath sandbox delete sandbox-a"));
    let error = refused("sandbox-c");
    assert!(matches!(error, CreateError::BranchExists { .. }), "{error:?}");

    let mut unknown = asked("sandbox-d");
    unknown.from = name("canary");
    let error = plan_of(&world.here, &unknown).unwrap_err();
    assert!(matches!(error, CreateError::UnknownEnvironment { .. }));
    assert_eq!(error.hint().unwrap(), "the path has development, staging");
}

#[test]
fn a_sandbox_that_got_onto_the_trunk_is_no_origin() {
    let world = World::new();
    let text =
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: x\n";
    let list = "resources:\n- gotk-sync.yaml\n";
    let left = vec![
        put("clusters/sandbox-old/platform.yaml", text),
        put("clusters/sandbox-old/flux-system/kustomization.yaml", list),
    ];
    commit(&world.here, "main", left, "merged too much");
    let mut create = asked("sandbox-a");
    create.from = name("sandbox-old");
    let error = plan_of(&world.here, &create).unwrap_err();
    assert!(matches!(error, CreateError::FromSandbox { .. }), "{error:?}");
}

#[test]
fn a_shared_value_is_refused_rather_than_edited_elsewhere() {
    let mut files = platform();
    let shared = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: a\nspec:\n  url: {}\n  ref: &ref\n    branch: main\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n",
        crate::world::URL
    );
    files.insert("clusters/development/shared.yaml".to_owned(), shared.into_bytes());
    let world = World::with(files);
    let error = plan_of(&world.here, &asked("sandbox-a")).unwrap_err();
    let hint = "write the value out instead of an anchor or merge key at \
                clusters/development/shared.yaml:8";
    assert_eq!(error.hint().as_deref(), Some(hint));
}

#[test]
fn after_a_lost_answer_the_same_call_only_records() {
    let world = World::new();
    let plan = plan_of(&world.here, &asked("sandbox-a")).unwrap();
    world.here.inject(Fault::PublishAfter);
    assert!(create::carry_out(&world.here, now(), &plan).is_err());
    let made = world.remote.tip(&plan.branch).unwrap();

    // Meanwhile somebody pushes to the branch and to the trunk, and the expiry asked for is another.
    let other = world.remote.clone_here();
    commit(
        &other,
        plan.branch.as_str(),
        vec![put("platform/services/keda.yaml", "a: b\n")],
        "keda",
    );
    commit(&other, "main", vec![put("README.md", "x\n")], "docs");
    let mut again = asked("sandbox-a");
    again.expires = at("2027-01-01T00:00:00Z");
    let plan = plan_of(&world.here, &again).unwrap();
    assert_eq!(plan.resumed.as_ref(), Some(&made));
    let created = create::carry_out(&world.here, now(), &plan).unwrap();
    assert_eq!(created.sandbox.commit, made);
    assert_eq!(created.sandbox.expires, asked("sandbox-a").expires);
    assert_eq!(world.here.history(&made, Some(&created.sandbox.origin)).unwrap().len(), 1);
    assert_eq!(history(&world.here).records().len(), 1);
}

#[test]
fn a_record_whose_answer_was_lost_is_not_written_twice() {
    let world = World::new();
    let plan = plan_of(&world.here, &asked("sandbox-a")).unwrap();
    world.create(&asked("sandbox-a"));
    let again = create::carry_out(&world.here, now(), &plan).unwrap();
    assert_eq!(history(&world.here).records().len(), 1);
    assert_eq!(history(&world.here).sandboxes()[0].1, &again.sandbox);
}

#[test]
fn of_two_writers_one_has_the_name_and_the_other_leaves_nothing() {
    let world = World::new();
    let other = world.remote.clone_here();
    other.set_user(Some(somebody("grace")));
    let first = plan_of(&world.here, &asked("sandbox-a")).unwrap();
    let mut elsewhere = asked("sandbox-a");
    elsewhere.summary = "another thing".to_owned();
    let second = plan_of(&other, &elsewhere).unwrap();
    let same_branch = plan_of(&other, &asked("sandbox-b")).unwrap();
    create::carry_out(&world.here, now(), &first).unwrap();

    let error = create::carry_out(&other, now(), &second).unwrap_err();
    assert!(matches!(error, CreateError::Live { .. }), "{error:?}");
    assert_eq!(world.remote.tip(&second.branch), None);
    let error = create::carry_out(&other, now(), &same_branch).unwrap_err();
    assert!(matches!(error, CreateError::BranchExists { .. }), "{error:?}");
    world.here.fetch().unwrap();
    assert_eq!(history(&world.here).records().len(), 1);
}

/// A world whose only cluster is `clusters/development`, with one more file in it.
fn with_file(file: &str, text: &str) -> World {
    let mut files = platform();
    files.insert(format!("clusters/development/{file}"), text.as_bytes().to_vec());
    World::with(files)
}

fn told(world: &World) -> (Vec<String>, Vec<String>) {
    let plan = plan_of(&world.here, &asked("sandbox-a")).unwrap();
    let changes = plan.changes.iter().filter(|c| c.at.file.as_str().ends_with("/x.yaml"));
    let kept = plan.kept.iter().filter(|k| k.at.file.as_str().ends_with("/x.yaml"));
    let changes = changes.map(|c| format!("{} -> {}", c.old, c.new)).collect();
    (changes, kept.map(|k| k.why.to_string()).collect())
}

#[test]
fn what_follows_the_trunk_by_other_words_follows_the_branch() {
    let instance = |kind: &str, reference: &str| {
        format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux}}\n\
             spec:\n  sync:\n    kind: {kind}\n    url: {}\n    ref: {reference}\n    \
             path: clusters/development\n",
            crate::world::URL
        )
    };
    let patch = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
                 metadata: {name: flux-system}\nspec: {ref: {branch: main}}\n";
    let other = patch.replace("flux-system", "unheard-of");
    let path = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
                metadata: {name: a}\nspec:\n  path: /clusters/development/\n  prune: true\n";
    let artifact = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n\
                    metadata: {name: o}\nspec: {url: 'oci://r.example.org/o', ref: {tag: a}}\n---\n";
    let from_artifact = format!("{artifact}{path}  sourceRef: {{kind: OCIRepository, name: o}}\n");
    let cases: [(&str, &[&str], &[&str]); 6] = [
        (
            &instance("GitRepository", "refs/heads/main"),
            &[
                "ref: refs/heads/main -> ref: refs/heads/PLAT-123-add-keda",
                "path: clusters/development -> path: clusters/sandbox-a",
            ],
            &[],
        ),
        (
            &instance("OCIRepository", "latest"),
            &[],
            &["is synchronised from https://git.example.org/acme/platform.git, not from the trunk"],
        ),
        (patch, &["branch: main -> branch: PLAT-123-add-keda"], &[]),
        (&other, &[], &["follows main of , another repository"]),
        (path, &["path: /clusters/development/ -> path: /clusters/sandbox-a/"], &[]),
        (
            &from_artifact,
            &[],
            &[
                "stays on a, as in the origin",
                "takes /clusters/development/ from a source that does not follow the sandbox's branch",
            ],
        ),
    ];
    for (text, changes, kept) in cases {
        let (found_changes, found_kept) = told(&with_file("x.yaml", text));
        assert_eq!(found_changes, changes, "{text}");
        assert_eq!(found_kept, kept, "{text}");
    }
}

#[test]
fn a_source_that_others_share_is_told_of() {
    let mut files = platform();
    let shared = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: shared\n\
         spec:\n  url: {}\n  ref:\n    branch: main\n",
        crate::world::URL
    );
    files.insert("base/source.yaml".to_owned(), shared.into_bytes());
    let list = "resources: [gotk-sync.yaml, ../../../base/source.yaml]\n";
    let file = "clusters/development/flux-system/kustomization.yaml";
    files.insert(file.to_owned(), list.as_bytes().to_vec());
    let plan = plan_of(&World::with(files).here, &asked("sandbox-a")).unwrap();
    let outside: Vec<String> = plan
        .kept
        .iter()
        .filter(|kept| kept.why == KeptWhy::Outside)
        .map(|kept| kept.at.to_string())
        .collect();
    assert_eq!(outside, ["base/source.yaml:8"]);
}
