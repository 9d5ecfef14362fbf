//! What uses custom resources goes before what provides them, and every step says why it stands there.

use std::collections::BTreeMap;

use towpath_core::id::{CommitId, Folder};
use towpath_engine::ports::Repository;
use towpath_engine::sandbox::teardown::{self, Because, Step};

use crate::world::{URL, World, commit, platform, put, survey_of};

fn steps(world: &World, folder: &str) -> Vec<Step> {
    let folder = Folder::parse(folder).unwrap();
    let survey = survey_of(&world.here, &tip_with(world, &folder));
    teardown::plan(&survey.inventory, &folder)
}

fn lines(steps: &[Step]) -> Vec<String> {
    steps.iter().map(|s| format!("{} {} {}: {}", s.stage, s.verb, s.object, s.because)).collect()
}

fn order(steps: &[Step]) -> Vec<String> {
    steps.iter().map(|s| format!("{} {}", s.stage, s.object)).collect()
}

/// The tip of the branch that has the folder: the sandbox's, else the trunk's.
fn tip_with(world: &World, folder: &Folder) -> CommitId {
    let mut tips = world.here.branches().unwrap();
    tips.sort_by_key(|(name, _)| name.as_str() == "main");
    let has = |tip: &CommitId| {
        world.here.entries(tip).unwrap().iter().any(|e| folder.contains(e.path.as_str()))
    };
    tips.into_iter().map(|(_, tip)| tip).find(has).unwrap()
}

#[test]
fn a_clone_of_the_usual_shape() {
    let (world, _) = World::with_sandbox();
    let steps = steps(&world, "clusters/sandbox-a");
    assert_eq!(
        lines(&steps),
        [
            "1 suspend Kustomization flux-system/flux-system: it would bring back what is deleted",
            "2 delete Kustomization flux-system/platform-service-configs: it uses \
             ClusterPolicy.kyverno.io, which Kustomization flux-system/apps, Kustomization \
             flux-system/platform-services may provide",
            "3 delete Kustomization flux-system/apps: it may provide what Kustomization \
             flux-system/platform-service-configs used, and that went before",
            "3 delete Kustomization flux-system/platform-services: it may provide what \
             Kustomization flux-system/platform-service-configs used, and that went before",
            "4 delete Kustomization flux-system/platform-configs: nothing that is left needs it",
            "5 delete GitRepository flux-system/platform: what got its files from it went before",
        ]
    );
    assert_eq!(steps[0].at.to_string(), "clusters/sandbox-a/flux-system/kustomization.yaml:3");
    assert_eq!(steps[5].at.to_string(), "clusters/sandbox-a/platform.yaml:3");
}

fn kustomization(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  path: {path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
{more}---
"
    )
}

const PRUNE: &str = "  prune: true\n";

fn depends(on: &str) -> String {
    format!("  prune: true\n  dependsOn: [{{name: {on}}}]\n")
}

fn object(api: &str, kind: &str, name: &str) -> String {
    format!(
        "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: a}}\nspec: {{}}\n---\n"
    )
}

fn crd(group: &str, kind: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {{name: x.{group}}}\nspec: {{group: {group}, names: {{kind: {kind}}}}}\n---\n"
    )
}

/// A world with one cluster, bootstrapped, and these files.
fn cluster(files: &[(&str, String)]) -> Vec<Step> {
    let mut all = BTreeMap::new();
    let sync = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
         metadata: {{name: flux-system, namespace: flux-system}}\n\
         spec: {{url: {URL}, ref: {{branch: main}}}}\n---\n{}",
        kustomization("flux-system", "./clusters/s", PRUNE)
    );
    all.insert("clusters/s/flux-system/gotk-sync.yaml".to_owned(), sync.into_bytes());
    for (file, text) in files {
        all.insert((*file).to_owned(), text.clone().into_bytes());
    }
    steps(&World::with(all), "clusters/s")
}

#[test]
fn a_known_provider_comes_after_its_users_and_others_are_not_waited_for() {
    let found = cluster(&[
        ("clusters/s/a.yaml", kustomization("crds", "./crds", PRUNE)),
        ("clusters/s/b.yaml", kustomization("chart", "./chart", PRUNE)),
        ("clusters/s/c.yaml", object("example.org/v1", "Widget", "w")),
        ("crds/crd.yaml", crd("example.org", "Widget")),
        ("chart/r.yaml", object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "r")),
    ]);
    assert_eq!(
        order(&found),
        [
            "1 Kustomization flux-system/flux-system",
            "2 Widget a/w",
            "3 Kustomization flux-system/chart",
            "3 Kustomization flux-system/crds",
        ]
    );
    assert!(matches!(&found[1].because, Because::Uses { providers, .. } if providers.len() == 1));
    assert!(matches!(&found[2].because, Because::Provides { users } if users.is_empty()));
}

#[test]
fn what_defines_its_own_resources_uses_nobodys() {
    let found = cluster(&[
        ("clusters/s/a.yaml", kustomization("both", "./both", PRUNE)),
        ("both/crd.yaml", crd("example.org", "Widget") + &object("example.org/v1", "Widget", "w")),
    ]);
    assert!(matches!(&found[1].because, Because::Provides { .. }), "{found:?}");
}

#[test]
fn dependents_go_first_and_pull_their_dependents_along() {
    let found = cluster(&[
        ("clusters/s/a.yaml", kustomization("app", "./app", &depends("base"))),
        ("clusters/s/b.yaml", kustomization("base", "./base", &depends("charts"))),
        ("clusters/s/c.yaml", kustomization("charts", "./charts", PRUNE)),
        ("clusters/s/d.yaml", kustomization("else", "./else", PRUNE)),
        ("charts/r.yaml", object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "r")),
        ("app/n.yaml", object("v1", "ConfigMap", "x")),
    ]);
    assert_eq!(
        order(&found),
        [
            "1 Kustomization flux-system/flux-system",
            "2 Kustomization flux-system/app",
            "3 Kustomization flux-system/base",
            "4 Kustomization flux-system/charts",
            "5 Kustomization flux-system/else",
        ]
    );
}

#[test]
fn a_circle_is_named_and_broken_the_same_way_every_time() {
    let files = [
        ("clusters/s/a.yaml", kustomization("b", "./b", &depends("c"))),
        ("clusters/s/b.yaml", kustomization("c", "./c", &depends("a"))),
        ("clusters/s/c.yaml", kustomization("a", "./a", &depends("b"))),
        ("clusters/s/d.yaml", kustomization("behind", "./d", PRUNE)),
        ("clusters/s/e.yaml", kustomization("0-needs", "./e", &depends("a"))),
        ("clusters/s/self.yaml", kustomization("self", "./s", &depends("self"))),
    ];
    let found = cluster(&files);
    assert_eq!(found, cluster(&files));
    let names: Vec<&str> = found.iter().map(|s| s.object.name.as_str()).collect();
    assert_eq!(names, ["flux-system", "0-needs", "behind", "a", "b", "c", "self"]);
    let circles: Vec<usize> = found
        .iter()
        .filter_map(|s| match &s.because {
            Because::Cycle(all) => Some(all.len()),
            _ => None,
        })
        .collect();
    assert_eq!(circles, [3, 1]);
}

#[test]
fn a_kustomization_that_applies_others_is_suspended_and_taken_apart() {
    let found = cluster(&[
        ("clusters/s/a.yaml", kustomization("apps", "./apps", PRUNE)),
        ("apps/k.yaml", kustomization("inner", "./inner", PRUNE)),
        ("apps/n.yaml", object("v1", "Namespace", "team")),
        ("inner/p.yaml", object("example.org/v1", "Widget", "w")),
        ("clusters/s/b.yaml", kustomization("kept", "./kept", "  prune: false\n")),
        ("kept/r.yaml", object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "r")),
    ]);
    assert_eq!(
        order(&found),
        [
            "1 Kustomization flux-system/flux-system",
            "2 Kustomization flux-system/apps",
            "3 Kustomization flux-system/inner",
            "4 HelmRelease a/r",
            "5 Kustomization flux-system/apps",
            "5 Kustomization flux-system/kept",
            "6 Namespace a/team",
        ]
    );
    assert_eq!(found[1].because, Because::Parent);
}

#[test]
fn an_operator_is_stopped_before_the_root() {
    let instance = format!(
        "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\n\
         metadata: {{name: flux, namespace: flux-system}}\nspec:\n  sync:\n    kind: GitRepository\n\
         \x20   url: {URL}\n    ref: refs/heads/main\n    path: clusters/o\n"
    );
    let files = [
        ("clusters/o/flux.yaml", instance),
        ("clusters/o/app.yaml", object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "r")),
    ];
    let all = files.iter().map(|(f, t)| ((*f).to_owned(), t.clone().into_bytes())).collect();
    let found = steps(&World::with(all), "clusters/o");
    assert_eq!(
        order(&found),
        [
            "1 FluxInstance flux-system/flux",
            "2 Kustomization flux-system/flux-system",
            "3 HelmRelease a/r",
        ]
    );
}

#[test]
fn a_folder_that_is_no_cluster_has_no_teardown() {
    let world = World::new();
    let tip = commit(&world.here, "main", vec![put("docs/a.md", "x")], "docs");
    let survey = survey_of(&world.here, &tip);
    assert!(teardown::plan(&survey.inventory, &Folder::parse("docs").unwrap()).is_empty());
}

#[test]
fn what_a_kustomization_may_act_through_outlives_it() {
    let found = cluster(&[
        ("clusters/s/a.yaml", kustomization("apps", "./apps", PRUNE)),
        ("clusters/s/b.yaml", object("v1", "ServiceAccount", "deployer")),
        (
            "clusters/s/c.yaml",
            kustomization("asleep", "./asleep", "  prune: true\n  suspend: true\n"),
        ),
        ("asleep/r.yaml", object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "r")),
        ("apps/n.yaml", object("v1", "ConfigMap", "x")),
    ]);
    assert_eq!(
        order(&found),
        [
            "1 Kustomization flux-system/flux-system",
            "2 HelmRelease a/r",
            "3 Kustomization flux-system/apps",
            "3 Kustomization flux-system/asleep",
            "4 ServiceAccount a/deployer",
        ]
    );
}

#[test]
fn what_the_bootstrap_made_stays_until_the_cluster_goes() {
    let (world, sandbox) = World::with_sandbox();
    let before = steps(&world, "clusters/sandbox-a");
    let sync =
        String::from_utf8(platform()["clusters/development/flux-system/gotk-sync.yaml"].clone());
    let sync = sync.unwrap().replace("branch: main", "branch: PLAT-123-add-keda");
    let sync = sync.replace("clusters/development", "clusters/sandbox-a");
    let flux = object("v1", "Namespace", "flux-system")
        + &crd("source.toolkit.fluxcd.io", "Bucket")
        + &object("apps/v1", "Deployment", "x").replace("namespace: a", "namespace: flux-system")
        + &object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            "cluster-reconciler-flux-system",
        );
    let made = vec![
        put("clusters/sandbox-a/flux-system/gotk-sync.yaml", &sync),
        put("clusters/sandbox-a/flux-system/more.yaml", &flux),
        put(
            "clusters/sandbox-a/flux-system/kustomization.yaml",
            "resources: [gotk-sync.yaml, more.yaml]\n",
        ),
    ];
    commit(&world.here, sandbox.branch.as_str(), made, "bootstrap");
    let after = steps(&world, "clusters/sandbox-a");
    assert_eq!(lines(&after), lines(&before));
    assert_eq!(after[0].at.to_string(), "clusters/sandbox-a/flux-system/gotk-sync.yaml:12");
}
