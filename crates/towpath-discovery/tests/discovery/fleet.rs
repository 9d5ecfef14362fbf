//! Properties of discovery over repositories of any shape.

use proptest::prelude::*;
use towpath_core::id::ComponentName;
use towpath_core::pin::{Location, Pin};
use towpath_core::release::{Release, Seen};
use towpath_core::stated::Stated;
use towpath_core::tracking::Policy;
use towpath_core::version::Version;
use towpath_discovery::resolve::{Resolved, resolve};

use crate::common::{Files, inventory, stated};

/// One cluster: its folder, whether it has a root, and its sources and charts.
#[derive(Debug, Clone)]
struct Spec {
    folder: String,
    root: bool,
    sources: Vec<(String, &'static str, &'static str)>,
    charts: Vec<(String, &'static str)>,
}

const OCI: &[&str] =
    &["semver: 1.x", "semver: '>=1.0.0'", "tag: 1.0.0", "tag: latest", "tag: \"1.0.1\"", ""];
const GIT: &[&str] = &["branch: main", "branch: 'next'", "semver: ~1.2", "tag: v1.0.0", ""];
const CHARTS: &[&str] = &["version: '>1'", "version: 1.2.3", ""];

fn spec() -> impl Strategy<Value = Spec> {
    let part = prop::sample::select(vec![
        "dev",
        "staging",
        "prod-eu",
        "prod-us",
        "production",
        "sandbox-a",
        "eu",
        "us",
        "c-01",
        "c-02",
    ]);
    let folder = prop::collection::vec(part, 1..3).prop_map(|parts| parts.join("/"));
    let name = prop::sample::select(vec!["platform", "apps", "net"]).prop_map(str::to_owned);
    let oci = prop::sample::select(OCI).prop_map(|r| ("OCIRepository", r));
    let git = prop::sample::select(GIT).prop_map(|r| ("GitRepository", r));
    let source = (name.clone(), prop_oneof![oci, git]).prop_map(|(n, (k, r))| (n, k, r));
    let chart = (name, prop::sample::select(CHARTS));
    let sources = prop::collection::vec(source, 0..3);
    let charts = prop::collection::vec(chart, 0..3);
    (folder, prop::bool::weighted(0.8), sources, charts)
        .prop_map(|(folder, root, sources, charts)| Spec { folder, root, sources, charts })
}

/// Clusters whose folders do not stand in each other: those get each other's objects, twice.
fn fleet(most: usize) -> impl Strategy<Value = Vec<Spec>> {
    prop::collection::vec(spec(), 0..most).prop_map(|specs| {
        let mut apart: Vec<Spec> = Vec::new();
        for spec in specs {
            let inside = |a: &str, b: &str| format!("{a}/").starts_with(&format!("{b}/"));
            let meets =
                |o: &Spec| inside(&o.folder, &spec.folder) || inside(&spec.folder, &o.folder);
            if !apart.iter().any(meets) {
                apart.push(spec);
            }
        }
        apart
    })
}

fn files(specs: &[Spec]) -> Files {
    let mut files = Files::new();
    for spec in specs {
        let folder = format!("clusters/{}", spec.folder);
        if spec.root {
            let sync = format!(
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
                 metadata: {{name: flux-system, namespace: flux-system}}\n\
                 spec: {{url: https://git.example.com/fleet, ref: {{branch: main}}}}\n---\n\
                 apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
                 metadata: {{name: flux-system, namespace: flux-system}}\n\
                 spec: {{path: ./{folder}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
            );
            files.insert(format!("{folder}/flux-system/gotk-sync.yaml"), sync);
        }
        for (name, kind, reference) in &spec.sources {
            let text = format!(
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\n\
                 metadata:\n  name: {name}\nspec:\n  url: oci://registry.example.com/{name}\n\
                 \u{20} ref: # the version\n    {reference}\n---\n\
                 apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
                 metadata: {{name: {name}}}\n\
                 spec: {{path: ./{name}, sourceRef: {{kind: {kind}, name: {name}}}}}\n"
            );
            files.insert(format!("{folder}/{name}.yaml"), text);
        }
        for (name, version) in &spec.charts {
            let text = format!(
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n\
                 metadata: {{name: {name}, namespace: {name}}}\n\
                 spec:\n  chart:\n    spec:\n      chart: {name}\n      {version}\n"
            );
            files.insert(format!("{folder}/charts/{name}.yaml"), text);
        }
    }
    files
}

fn resolved(files: &Files, stated: &Stated) -> Resolved {
    let inventory = inventory(files).expect("every file can be read");
    resolve(&inventory, stated).expect("what is inferred contradicts nothing")
}

proptest! {
    #[test]
    fn stating_what_was_inferred_changes_nothing(specs in fleet(8)) {
        let files = files(&specs);
        let inferred = resolved(&files, &Stated::default());
        prop_assert_eq!(&resolved(&files, &Stated::default()), &inferred);
        let again = resolved(&files, &stated(&inferred));
        prop_assert_eq!(&again.path, &inferred.path);
        prop_assert_eq!(&again.pins, &inferred.pins);
        prop_assert_eq!(&again.tracked, &inferred.tracked);
        prop_assert_eq!(&again.disagreements, &inferred.disagreements);
    }

    #[test]
    fn an_edited_pin_reads_exact(specs in fleet(6)) {
        let files = files(&specs);
        let before = resolved(&files, &Stated::default());
        for (position, pin) in before.pins.iter().enumerate() {
            let release = Release {
                component: ComponentName::parse("any").expect("a name"),
                version: Version::parse("7.8.9").expect("a version"),
                tag: "7.8.9".to_owned(),
                digest: None,
                commit: None,
                seen: Seen::default(),
            };
            let Ok(replacements) = pin.set_to(&release) else { continue };
            let mut changed = files.clone();
            let text = changed.get_mut(pin.at.file.as_str()).expect("the pin's file");
            for replacement in replacements.iter().rev() {
                prop_assert_eq!(text.get(replacement.range.clone()), Some(&*replacement.old));
                text.replace_range(replacement.range.clone(), &replacement.new);
            }
            let after = resolved(&changed, &stated(&before));
            // A folder whose clusters nothing tells apart may hold one object twice, in two files.
            let same = |p: &&Pin| {
                p.at.file == pin.at.file && p.cluster == pin.cluster && p.object == pin.object
            };
            let now = after.pins.iter().find(same).map(|pin| &pin.tracking);
            let exact = now.is_some_and(|t| t.policy() == Policy::Exact && t.value() == "7.8.9");
            prop_assert!(exact, "pin {position} says {now:?}");
            // By place, because the order of environments may follow the new policy.
            let others = |all: &Resolved| -> Vec<(Location, String)> {
                let others = all.pins.iter().filter(|p| p.at.file != pin.at.file);
                let mut others: Vec<_> =
                    others.map(|p| (p.at.clone(), p.tracking.to_string())).collect();
                others.sort();
                others
            };
            prop_assert_eq!(others(&after), others(&before));
        }
    }
}
