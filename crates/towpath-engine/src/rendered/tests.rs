//! What a change of the files does to each cluster of a small fleet, all of them compared by one rendering.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use towpath_core::id::RepoPath;
use towpath_core::record::History;
use towpath_render::MemoryTree;
use towpath_render::Trace;
use towpath_render::compare::{Change, Kind};
use towpath_render::flux::Rendered;

use super::*;
use crate::survey::{self, Files};

/// A store that keeps nothing.
struct NoStore;

impl Store for NoStore {
    fn get(&self, _: &str) -> Option<(Trace, Rendered)> {
        None
    }
    fn put(&self, _: &str, _: &Trace, _: &Rendered) {}
}

/// The files of a repository.
#[derive(Clone)]
struct Fleet(BTreeMap<String, String>);

impl Fleet {
    /// Two clusters that are given `infra` and `apps`, of which the second has an overlay for each cluster.
    fn new() -> Self {
        let mut fleet = Self(BTreeMap::new());
        for cluster in ["staging", "production"] {
            fleet = fleet
                .with(&format!("clusters/{cluster}/flux-system/gotk-sync.yaml"), &sync(cluster))
                .with(
                    &format!("clusters/{cluster}/apps.yaml"),
                    &kustomization("apps", &format!("apps/{cluster}"), ""),
                )
                .with(
                    &format!("clusters/{cluster}/infra.yaml"),
                    &kustomization("infra", "infra", ""),
                )
                .with(
                    &format!("apps/{cluster}/kustomization.yaml"),
                    "namespace: apps\nresources: [../base]\n",
                );
        }
        fleet
            .with("apps/base/kustomization.yaml", "resources: [web.yaml, conf.yaml]\n")
            .with("apps/base/web.yaml", &config_map("web", "{k: 1}"))
            .with("apps/base/conf.yaml", &config_map("conf", "{}"))
            .with("infra/net.yaml", &config_map("net", "{}"))
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.0.retain(|file, _| !file.starts_with(path));
        self
    }

    fn survey(&self) -> Survey {
        let mut files = Files::default();
        for (path, text) in &self.0 {
            let path = RepoPath::parse(path).expect("a path");
            survey::add_content(&mut files, text.as_bytes(), vec![path], |_, _| ());
        }
        // A fleet is told by files that can be read; what cannot be rendered is for the walk to say.
        survey::survey(files).expect("the clusters make a path")
    }
}

fn sync(cluster: &str) -> String {
    let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {url: 'https://git.example.org/fleet.git', ref: {branch: main}}\n";
    format!("{source}---\n{}", kustomization("flux-system", &format!("clusters/{cluster}"), ""))
}

fn kustomization(name: &str, path: &str, rest: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: ./{path}\n  prune: true\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{rest}"
    )
}

fn config_map(name: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: apps}}\ndata: {data}\n"
    )
}

/// What differs on every cluster that a side has, by its name.
fn differences(old: &Fleet, new: &Fleet) -> Vec<(String, ClusterDifference)> {
    let snapshot = Snapshot {
        now: Timestamp::UNIX_EPOCH,
        base: None,
        branches: BTreeMap::new(),
        pins: Default::default(),
        releases: BTreeMap::new(),
        contained: Default::default(),
        running: Default::default(),
        answers: towpath_core::source::Answers::default(),
        history: History::default(),
        findings: Vec::new(),
    };
    let mut rendering = Rendering::new(None, None, None, &NoStore);
    let surveys = [old.survey(), new.survey()];
    let [old, new] =
        [(old, &surveys[0], "old"), (new, &surveys[1], "new")].map(|(fleet, survey, id)| {
            let tree = Arc::new(MemoryTree::new(fleet.0.clone()));
            let side = Side { survey, snapshot: &snapshot, base: Named { id: id.into(), tree } };
            let environments = survey.resolved.path.environments();
            let clusters = environments.iter().flat_map(|of| of.clusters.clone());
            let clusters: BTreeMap<String, Cluster> =
                clusters.map(|cluster| (cluster.name.to_string(), cluster)).collect();
            (rendering.sources(&side), clusters)
        });
    let mut names: Vec<&String> = old.1.keys().chain(new.1.keys()).collect();
    names.sort();
    names.dedup();
    let one = |name: &String| {
        let place = Place { cluster: name.clone(), ..Place::default() };
        let was = old.1.get(name).map(|cluster| (&old.0, cluster));
        let is = new.1.get(name).map(|cluster| (&new.0, cluster));
        (name.clone(), rendering.difference(&place, was, is))
    };
    names.into_iter().map(one).collect()
}

/// A line for each change and for each Kustomization that was not compared.
fn told(old: &Fleet, new: &Fleet) -> Vec<String> {
    let word = |change: &Change| match change.kind {
        Kind::Added(_) => "added",
        Kind::Removed(_) => "removed",
        Kind::Changed { .. } => "changed",
    };
    let mut told = Vec::new();
    for (name, difference) in differences(old, new) {
        for (place, changes) in &difference.places {
            assert_eq!(place.cluster, name);
            told.extend(changes.iter().map(|change| {
                let owner = place.kustomization.trim_start_matches("flux-system/");
                format!("{name} {owner}: {} {}", word(change), change.identity)
            }));
        }
        told.extend(difference.not_compared.iter().map(|lack| {
            assert_eq!(lack.cluster, name);
            format!("{name} {}: not compared: {}", lack.kustomization.name, lack.why)
        }));
    }
    told
}

#[test]
fn a_base_that_changes_is_the_changed_object_on_every_cluster() {
    let old = Fleet::new();
    let new = old.clone().with("apps/base/web.yaml", &config_map("web", "{k: 2}"));
    assert_eq!(
        told(&old, &new),
        ["production apps: changed ConfigMap apps/web", "staging apps: changed ConfigMap apps/web"]
    );
    assert_eq!(told(&old, &old), [] as [String; 0]);
    let compared = differences(&old, &old);
    assert!(
        compared.iter().all(|(_, difference)| difference.places.len() == 1),
        "a place says that its cluster was compared"
    );
}

#[test]
fn each_cluster_is_told_of_its_own_kustomizations() {
    let shared = |fleet: Fleet| {
        fleet
            .with("clusters/production/apps.yaml", &kustomization("apps", "apps/base", ""))
            .with("clusters/staging/apps.yaml", &kustomization("workloads", "apps/base", ""))
    };
    let old = shared(Fleet::new());
    let new = old.clone().with("apps/base/web.yaml", &config_map("web", "{k: 2}"));
    assert_eq!(
        told(&old, &new),
        [
            "production apps: changed ConfigMap apps/web",
            "staging workloads: changed ConfigMap apps/web"
        ]
    );
}

#[test]
fn an_object_that_moves_is_neither_gone_nor_new() {
    let old = Fleet::new();
    let moved = |data: &str| {
        old.clone()
            .with("apps/base/kustomization.yaml", "resources: [web.yaml]\n")
            .without("apps/base/conf.yaml")
            .with("infra/conf.yaml", &config_map("conf", data))
    };
    assert_eq!(told(&old, &moved("{}")), [] as [String; 0]);
    assert_eq!(
        told(&old, &moved("{k: v}")),
        [
            "production infra: changed ConfigMap apps/conf",
            "staging infra: changed ConfigMap apps/conf"
        ]
    );
    let split = old
        .clone()
        .with("clusters/staging/conf.yaml", &kustomization("conf", "conf", ""))
        .with("apps/staging/kustomization.yaml", "resources: [../base/web.yaml]\n")
        .with("conf/conf.yaml", &config_map("conf", "{}"));
    let created = "staging flux-system: added Kustomization flux-system/conf";
    assert_eq!(told(&old, &split), [created]);
}

#[test]
fn what_a_side_cannot_render_is_not_compared_and_the_rest_is() {
    let old = Fleet::new();
    let changed = old.clone().with("apps/base/web.yaml", &config_map("web", "{k: 2}"));
    let broken =
        |fleet: &Fleet| fleet.clone().with("infra/kustomization.yaml", "resources: [gone.yaml]\n");
    let why = "cannot be rendered: infra/kustomization.yaml:1: `gone.yaml` does not exist";
    let at = |cluster: &str| {
        [
            format!("{cluster} apps: changed ConfigMap apps/web"),
            format!("{cluster} infra: not compared: clusters/{cluster}/infra.yaml:1: {why}"),
        ]
    };
    let expected = ["production", "staging"].map(at).concat();
    assert_eq!(told(&old, &broken(&changed)), expected);
    assert_eq!(told(&broken(&old), &changed), expected);
    assert_eq!(told(&broken(&old), &broken(&changed)), expected, "nobody knows whether it differs");
}

#[test]
fn variables_that_cannot_be_put_in_are_told_too() {
    let substitute = "  postBuild:\n    substitute: {a: b}\n";
    let old = Fleet::new()
        .with("clusters/staging/infra.yaml", &kustomization("infra", "infra", substitute));
    let new = old.clone().with("infra/net.yaml", &config_map("net", "{k: \"${unset}\"}"));
    assert_eq!(
        told(&old, &new),
        [
            "production infra: changed ConfigMap apps/net",
            "staging infra: not compared: infra/net.yaml:1: ConfigMap apps/net: variable `unset` is not set",
        ]
    );
}

#[test]
fn the_same_lack_on_both_sides_is_silent() {
    let elsewhere = |path: &str, source: &str| {
        let text = kustomization("infra", path, "");
        text.replace("GitRepository, name: flux-system", &format!("Bucket, name: {source}"))
    };
    let lacking = |path: &str, source: &str| {
        Fleet::new().with("clusters/staging/infra.yaml", &elsewhere(path, source))
    };
    let old = lacking("infra", "other");
    assert_eq!(told(&old, &old), [] as [String; 0]);
    let changed = old.clone().with("apps/base/web.yaml", &config_map("web", "{k: 2}"));
    assert_eq!(
        told(&old, &changed),
        ["production apps: changed ConfigMap apps/web", "staging apps: changed ConfigMap apps/web"]
    );
    let why = "is not at hand: nothing that the cluster is given creates it";
    let created = "staging flux-system: changed Kustomization flux-system/infra";
    let other = format!("staging infra: not compared: Bucket flux-system/other {why}");
    let another = format!("staging infra: not compared: Bucket flux-system/another {why}");
    let found = told(&old, &lacking("net", "other"));
    assert_eq!(found, [created.to_owned(), other.clone()]);
    let found = told(&old, &lacking("infra", "another"));
    assert_eq!(found, [created.to_owned(), another, other.clone()]);
    assert_eq!(told(&Fleet::new(), &old), [created.to_owned(), other]);
}

#[test]
fn a_cluster_that_a_side_lacks_is_all_new_or_all_gone() {
    let both = Fleet::new();
    let one = both.clone().without("clusters/staging/").without("apps/staging/");
    let all = |word: &str| {
        [
            ("apps", "ConfigMap apps/conf"),
            ("apps", "ConfigMap apps/web"),
            ("flux-system", "GitRepository flux-system/flux-system"),
            ("flux-system", "Kustomization flux-system/apps"),
            ("flux-system", "Kustomization flux-system/flux-system"),
            ("flux-system", "Kustomization flux-system/infra"),
            ("infra", "ConfigMap apps/net"),
        ]
        .map(|(owner, object)| format!("staging {owner}: {word} {object}"))
    };
    let sorted = |mut told: Vec<String>| {
        told.sort();
        told
    };
    assert_eq!(sorted(told(&one, &both)), all("added"));
    assert_eq!(sorted(told(&both, &one)), all("removed"));
}
