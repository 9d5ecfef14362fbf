//! `towpath check` beside an earlier state: of clusters, of a plain folder, and a release; and of what no cluster is given.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::fleet::{DEFINITION, fleet_of};
use crate::support::World;

/// `rule file object` of each finding.
fn found(world: &World, args: &[&str]) -> Vec<String> {
    let answer = world.json(args);
    let row = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("rule"), text("file"), text("object"))
    };
    answer["findings"].as_array().expect("a list").iter().map(row).collect()
}

const WEB: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: apps}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec: {containers: [{name: web, image: 'ghcr.io/acme/web:1.2.3'}]}
";

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: apps}
stringData: {password: correct-horse}
";

#[test]
fn what_cannot_change_is_told_beside_the_earlier_state() {
    let world = fleet_of(&[("production", &["apps"])], &[("apps/web.yaml", WEB)]);
    let only = ["check", "--only", "immutable-change", "--since", "HEAD"];
    assert!(found(&world, &only).is_empty());
    world.edit("apps/web.yaml", "matchLabels: {app: web}", "matchLabels: {tier: front}");
    assert_eq!(found(&world, &only), ["immutable-change apps/web.yaml Deployment apps/web"]);
}

#[test]
fn a_secret_in_a_file_that_no_cluster_is_given_is_in_clear_text_all_the_same() {
    let files = [("apps/web.yaml", WEB), ("old/secret.yaml", SECRET)];
    let world = fleet_of(&[("production", &["apps"])], &files);
    let told = ["clear-text-secret old/secret.yaml Secret apps/database"];
    assert_eq!(found(&world, &["check", "--only", "clear-text-secret"]), told);
    let since = ["check", "--only", "clear-text-secret", "--since", "HEAD"];
    assert!(found(&world, &since).is_empty(), "it was there before");
    world.repo.file("old/other.yaml", SECRET.replace("database", "other"));
    assert_eq!(found(&world, &since), ["clear-text-secret old/other.yaml Secret apps/other"]);
}

#[test]
fn a_chart_of_the_repository_is_held_against_the_kubernetes_of_each_environment() {
    let release = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux-system}
spec:
  interval: 1h
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system}}}
";
    let stated = "apiVersion: towpath.dev/v1alpha1\nkind: Path\nspec:\n  environments:\n  - name: production\n    \
                  kubernetes: '1.30'\n";
    let chart = "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '>=1.31.0-0'\n";
    let files =
        [("towpath.yaml", stated), ("apps/web.yaml", release), ("charts/web/Chart.yaml", chart)];
    let world = fleet_of(&[("production", &["apps"])], &files);
    let only = ["check", "--only", "chart-kubernetes-version"];
    let told = ["chart-kubernetes-version apps/web.yaml HelmRelease flux-system/web"];
    assert_eq!(found(&world, &only), told);
    assert!(found(&world, &[&only[..], &["--since", "HEAD"]].concat()).is_empty());
    assert!(found(&world, &[&only[..], &["--kubernetes", "1.31"]].concat()).is_empty());
    let of_files = [&only[..], &["--kubernetes", "1.30", "apps", "charts"]].concat();
    assert_eq!(found(&world, &of_files), told);
}

#[test]
fn a_plain_folder_of_a_repository_has_earlier_states() {
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a, namespace: b}\nspec: {size: 7}\n";
    let world = World::of([
        ("m/definition.yaml", DEFINITION.as_bytes()),
        ("m/widget.yaml", widget.as_bytes()),
        ("m/secret.yaml", SECRET.as_bytes()),
    ]);
    for args in [&["check", "--since", "HEAD"][..], &["check", "--since", "HEAD", "m"]] {
        assert!(found(&world, args).is_empty());
    }
    world.edit("m/definition.yaml", "maximum: 9", "maximum: 3");
    let told = [
        "broken-resource m/widget.yaml Widget b/a",
        "crd-maximum m/definition.yaml CustomResourceDefinition widgets.example.com",
    ];
    for args in [
        &["check", "--since", "HEAD"][..],
        &["check", "--since", "HEAD", "m"],
        &["check", "--since", "HEAD", "m/definition.yaml", "m/widget.yaml"],
    ] {
        let found = found(&world, args);
        let of_change: Vec<&String> =
            found.iter().filter(|row| !row.starts_with("invalid-object")).collect();
        assert_eq!(of_change, told, "{args:?}");
    }
    world.refused(&["check", "--since", "nothing", "m"]);
}

#[test]
fn a_release_is_compared_by_its_definitions() {
    let world = World::stated();
    world.push_file("platform/services/widgets.yaml", DEFINITION, "widgets");
    let name = world.json(&["release", "0.0.7"])["component"].as_str().expect("a name").to_owned();
    let since = format!("{name}@0.0.7");
    assert!(found(&world, &["check", "--since", &since]).is_empty());
    world.edit("platform/services/widgets.yaml", "maximum: 9", "maximum: 3");
    for since in [since.as_str(), "release:0.0.7"] {
        assert_eq!(
            found(&world, &["check", "--since", since]),
            [
                "crd-maximum platform/services/widgets.yaml CustomResourceDefinition widgets.example.com"
            ]
        );
    }
    world.refused(&["check", "--impact", "--since", &since]);
    world.refused(&["check", "--since", "nobody@0.0.7"]);
    world.refused(&["check", "--since", "release:9.9.9"]);
}

#[test]
fn a_component_may_come_on_standard_input() {
    let world = World::of([("m/definition.yaml", DEFINITION.as_bytes())]);
    let mut child = world
        .command(&["check", "--component", "-", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(DEFINITION.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["adds"]["definitions"][0]["name"], "widgets.example.com", "{answer:#}");
}
