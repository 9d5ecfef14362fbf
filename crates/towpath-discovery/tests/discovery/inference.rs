//! What is stated wins; what cannot be read is an error where it matters and a finding elsewhere.

use crate::common::{Files, inventory, show};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, Folder};
use towpath_core::stated::{Stated, StatedCluster, StatedComponent, StatedEnvironment};
use towpath_core::tracking::Policy;
use towpath_discovery::resolve::{ResolveError, TrunkReason, resolve};

fn cluster(files: &mut Files, folder: &str, reference: &str) {
    let sync = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
         metadata: {{name: flux-system, namespace: flux-system}}\n\
         spec: {{url: https://git.example.com/fleet, ref: {{branch: main}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
         metadata: {{name: flux-system, namespace: flux-system}}\n\
         spec: {{path: ./{folder}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
    );
    files.insert(format!("{folder}/flux-system/gotk-sync.yaml"), sync);
    source(files, folder, reference);
}

fn source(files: &mut Files, folder: &str, reference: &str) {
    let text = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n\
         metadata: {{name: platform, namespace: flux-system}}\n\
         spec: {{url: oci://registry.example.com/platform, ref: {{{reference}}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
         metadata: {{name: platform, namespace: flux-system}}\n\
         spec: {{path: ./platform, sourceRef: {{kind: OCIRepository, name: platform}}}}\n"
    );
    files.insert(format!("{folder}/platform.yaml"), text);
}

fn three() -> Files {
    let mut files = Files::new();
    cluster(&mut files, "clusters/dev", "semver: '>=0.0.0-0'");
    cluster(&mut files, "clusters/staging", "semver: 1.x");
    cluster(&mut files, "clusters/prod", "tag: 1.0.0");
    files.insert(
        "platform/app.yaml".to_owned(),
        "{apiVersion: v1, kind: A, metadata: {name: a}}".to_owned(),
    );
    files
}

fn environment(name: &str) -> StatedEnvironment {
    StatedEnvironment {
        name: EnvironmentName::parse(name).expect("a name"),
        clusters: None,
        tracks: None,
        after: None,
        gates: Vec::new(),
        conduct: towpath_core::conduct::Conduct::default(),
        production: None,
        kubernetes: None,
    }
}

fn at(name: &str, folder: &str) -> StatedCluster {
    StatedCluster {
        name: ClusterName::parse(name).expect("a name"),
        folder: Folder::parse(folder).expect("a folder"),
        context: None,
        labels: std::collections::BTreeMap::new(),
        kubernetes: None,
    }
}

#[test]
fn stated_environments_claim_their_clusters() {
    let mut files = three();
    source(&mut files, "elsewhere/b", "tag: 1.0.1");
    let inventory = inventory(&files).expect("readable");
    let stated = Stated {
        environments: vec![
            StatedEnvironment {
                clusters: Some(vec![at("a", "clusters/prod"), at("b", "elsewhere/b")]),
                after: Some(vec![EnvironmentName::parse("dev").expect("a name")]),
                tracks: Some(Policy::Exact),
                ..environment("customers")
            },
            StatedEnvironment { production: Some(true), ..environment("staging") },
        ],
        ..Stated::default()
    };
    let resolved = resolve(&inventory, &stated).expect("a path");
    assert_eq!(
        show(&resolved),
        "\
trunk main
component platform [platform] <- oci://registry.example.com/platform
environment dev
  cluster dev clusters/dev
    platform semver >=0.0.0-0 at clusters/dev/platform.yaml:4
environment staging after dev, production
  cluster staging clusters/staging
    platform semver 1.x at clusters/staging/platform.yaml:4
environment customers after dev
  cluster a clusters/prod
    platform exact 1.0.0 at clusters/prod/platform.yaml:4
  cluster b elsewhere/b
    platform exact 1.0.1 at elsewhere/b/platform.yaml:4
platform differs in customers: exact 1.0.0 on a; exact 1.0.1 on b
"
    );
}

#[test]
fn stated_components_group_pins() {
    let mut files = three();
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n\
                   metadata: {name: ingress, namespace: net}\n\
                   spec: {chart: {spec: {chart: ingress, version: 1.2.3}}}\n";
    files.insert("clusters/prod/ingress.yaml".to_owned(), release.to_owned());
    let inventory = inventory(&files).expect("readable");
    let name = |text| ComponentName::parse(text).expect("a name");
    let component = |text, pins: &[&str]| StatedComponent {
        name: name(text),
        paths: None,
        ignore: None,
        releases: None,
        pins: pins.iter().map(|pin| (*pin).to_owned()).collect(),
    };
    for (pins, want) in [
        (vec!["platform", "net/ingress"], vec!["all"]),
        (vec!["OCIRepository/platform", "HelmRelease/net/ingress"], vec!["all"]),
        (vec!["ingress"], vec!["all", "platform"]),
        (vec!["other/ingress", "GitRepository/platform"], vec!["all", "platform", "ingress"]),
    ] {
        let stated = Stated { components: vec![component("all", &pins)], ..Stated::default() };
        let resolved = resolve(&inventory, &stated).expect("a path");
        let names: Vec<&str> = resolved.path.components.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, want, "{pins:?}");
    }
    let mut stated = component("platform", &[]);
    stated.paths = Some(vec![Folder::parse("p").expect("a folder")]);
    stated.releases = Some("oci://elsewhere.example.com/p".to_owned());
    stated.ignore = Some("*".to_owned());
    let stated = Stated { components: vec![stated], ..Stated::default() };
    let resolved = resolve(&inventory, &stated).expect("a path");
    assert!(show(&resolved).contains("component platform [p] <- oci://elsewhere.example.com/p\n"));
    assert_eq!(resolved.path.components[0].ignore.as_deref(), Some("*"));
}

#[test]
fn what_is_stated_must_be_there() {
    let inventory = inventory(&three()).expect("readable");
    let of = |environments| {
        let stated = Stated { environments, ..Stated::default() };
        resolve(&inventory, &stated).expect_err("something is missing")
    };
    let missing =
        StatedEnvironment { clusters: Some(vec![at("x", "clusters/x")]), ..environment("x") };
    assert!(matches!(of(vec![missing]), ResolveError::EmptyCluster { .. }));
    assert!(matches!(of(vec![environment("nowhere")]), ResolveError::NoClusters(_)));
    let twice = StatedEnvironment {
        clusters: Some(vec![at("a", "clusters/dev"), at("b", "clusters/dev")]),
        ..environment("x")
    };
    assert!(matches!(of(vec![twice]), ResolveError::SharedFolder { .. }));
    let cycle = StatedEnvironment {
        after: Some(vec![EnvironmentName::parse("dev").expect("a name")]),
        ..environment("dev")
    };
    assert!(matches!(of(vec![cycle]), ResolveError::Path(_)));
}

#[test]
fn unreadable_files_matter_where_clusters_get_them() {
    let bad = "a: [".to_owned();
    for (path, error) in [
        ("clusters/prod/new.yaml", true),
        ("platform/new.yaml", true),
        ("platform/sub/new.yaml", true),
        ("other/flux-system/gotk-sync.yaml", true),
        ("mkdocs.yml", false),
        ("docs/example.yaml", false),
        ("clusters/README.yaml", false),
    ] {
        let mut files = three();
        files.insert(path.to_owned(), bad.clone());
        match inventory(&files) {
            Err(unreadable) => {
                assert!(error, "{path}");
                assert_eq!(unreadable.0[0].file.as_str(), path);
            }
            Ok(inventory) => {
                assert!(!error, "{path}");
                assert_eq!(inventory.unreadable[0].file.as_str(), path);
            }
        }
    }
    let only = Files::from([("mkdocs.yml".to_owned(), bad)]);
    assert!(inventory(&only).is_err(), "without a cluster nobody knows what matters");
}

#[test]
fn a_stated_folder_makes_its_files_matter() {
    let mut files = three();
    source(&mut files, "elsewhere", "tag: 1.0.0");
    files.insert("elsewhere/bad.yaml".to_owned(), "a: [".to_owned());
    let inventory = inventory(&files).expect("nobody reaches the file");
    let stated = Stated {
        environments: vec![StatedEnvironment {
            clusters: Some(vec![at("x", "elsewhere")]),
            ..environment("x")
        }],
        ..Stated::default()
    };
    let error = resolve(&inventory, &stated).expect_err("it matters now");
    assert!(matches!(error, ResolveError::Unreadable { .. }), "{error}");
}

#[test]
fn templates_of_charts_are_not_read_as_yaml() {
    let mut files = three();
    files.insert("platform/chart/Chart.yaml".to_owned(), "name: x".to_owned());
    files.insert("platform/chart/templates/a.yaml".to_owned(), "{{ if }}: [".to_owned());
    assert!(inventory(&files).is_ok());
}

#[test]
fn a_repository_without_clusters_has_an_empty_path() {
    let inventory = inventory(&Files::new()).expect("readable");
    let resolved = resolve(&inventory, &Stated::default()).expect("a path");
    assert_eq!(resolved.why.trunk, TrunkReason::Default);
    assert!(resolved.path.environments().is_empty());
}
