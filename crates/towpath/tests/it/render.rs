//! `towpath render`: the objects of a cluster and of a folder, with what is wrong with them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{World, assert_transcript};

/// What Flux leaves in the folder of a cluster when it is bootstrapped.
pub(crate) fn sync(folder: &str) -> String {
    format!(
        "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: flux-system, namespace: flux-system}}
spec:
  interval: 1m0s
  ref: {{branch: main}}
  url: https://git.example.com/acme/platform.git
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: flux-system, namespace: flux-system}}
spec:
  interval: 10m0s
  path: ./{folder}
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
"
    )
}

/// A Kustomization of the cluster's own source; `more` is further lines of its `spec`.
pub(crate) fn kustomization(name: &str, path: &str, more: &str) -> String {
    format!(
        "\
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 5m
  path: {path}
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
{more}"
    )
}

/// A cluster `one` that applies these Kustomizations of this repository.
fn cluster(kustomizations: &[String], files: &[(&str, &str)]) -> World {
    let sync = sync("clusters/one");
    let apps = kustomizations.concat();
    let mut all = vec![
        ("clusters/one/flux-system/gotk-sync.yaml", sync.as_bytes()),
        ("clusters/one/apps.yaml", apps.as_bytes()),
    ];
    all.extend(files.iter().map(|(path, text)| (*path, text.as_bytes())));
    World::of(all)
}

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: apps}
data: {level: info}
";

const NAMESPACE: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: apps}
";

const SECRETS: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: open, namespace: apps}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Secret
metadata: {name: encoded, namespace: apps}
data: {password: aHVudGVyMg==}
---
apiVersion: v1
kind: Secret
metadata: {name: sealed, namespace: apps}
stringData:
  password: ENC[AES256_GCM,data:aHVudGVyMg==,iv:eA==,tag:eQ==,type:str]
sops:
  age: [{recipient: age1xyz}]
  mac: ENC[AES256_GCM,data:bWFj,iv:eA==,tag:eQ==,type:str]
  version: 3.9.0
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: copied
  namespace: apps
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{\"password\": \"hunter2\"}'
data: {password: open to all}
";

/// The files below a folder.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").to_string_lossy();
                let text = std::fs::read_to_string(&path).expect("it can be read");
                files.insert(name.into_owned(), text);
            }
        }
    }
    files
}

#[test]
fn a_cluster_is_given_what_its_releases_hold() {
    let world = World::two_releases();
    assert_eq!(world.run(&["render", "production"]), 0);
    let json = world.json(&["render", "staging/staging"]);
    let names: Vec<String> = json["objects"]
        .as_array()
        .expect("there are objects")
        .iter()
        .map(|object| {
            let at = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
            let name = &object["object"]["metadata"]["name"];
            format!("{} {name} of {}", at("file"), at("owner"))
        })
        .collect();
    world.say(&format!("staging, which is on 0.0.8:\n# {}", names.join("\n# ")));
    assert_transcript!(world);
}

#[test]
fn a_cluster_can_be_written_into_a_new_folder() {
    let world = cluster(
        &[kustomization("apps", "./apps", "")],
        &[("apps/config.yaml", CONFIG), ("apps/secrets.yaml", SECRETS)],
    );
    let out = world.repo.outside().join("out");
    let name = out.to_string_lossy().into_owned();
    assert_eq!(world.run(&["render", "one", "--to", &name]), 0);
    let before = tree(&out);
    for (file, text) in &before {
        world.say(&format!("{file}\n{text}"));
    }
    world.refused(&["render", "one", "--to", &name]);
    assert!(before == tree(&out), "nothing was written");
    // An empty folder is as good as none, and a path is one of the folder that the command works in.
    std::fs::create_dir(world.repo.outside().join("empty")).expect("it is new");
    assert_eq!(world.run(&["render", "one", "--to", "../empty"]), 0);
    assert!(before == tree(&world.repo.outside().join("empty")), "the same files");
    assert!(!world.transcript().contains("hunter2"), "a secret is shown");
    assert_transcript!(world);
}

#[test]
fn secrets_are_masked_unless_asked_for() {
    let world = cluster(&[kustomization("apps", "./apps", "")], &[("apps/secrets.yaml", SECRETS)]);
    assert_eq!(world.run(&["render", "one"]), 0);
    let json = world.json(&["render", "one"]).to_string();
    for secret in ["hunter2", "aHVudGVyMg", "ENC["] {
        assert!(!world.transcript().contains(secret), "{secret} is shown");
        assert!(!json.contains(secret), "{secret} is in the JSON");
    }
    assert_eq!(world.run(&["render", "one", "--show-secrets"]), 0);
    assert_transcript!(world);
}

#[test]
fn what_nobody_can_know_here_is_said_to_be_unknown() {
    let elsewhere = "\
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: other, namespace: flux-system}
spec: {interval: 1m, url: https://git.example.com/acme/other.git, ref: {branch: main}}
";
    let from_other = |name| {
        kustomization(name, "./", "").replace(
            "{kind: GitRepository, name: flux-system}",
            "{kind: GitRepository, name: other}",
        )
    };
    let variables =
        "  postBuild: {substituteFrom: [{kind: Secret, name: hidden, optional: true}]}\n";
    let world = cluster(
        &[
            elsewhere.to_owned(),
            from_other("a"),
            from_other("b"),
            kustomization("apps", "./apps", variables),
        ],
        &[("apps/config.yaml", &CONFIG.replace("info", "'${level}'"))],
    );
    assert_eq!(world.run(&["render", "one"]), 1, "{}", world.transcript());
    let json = world.json(&["render", "one"]);
    world.say(&format!("unknown, as JSON: {:#}", json["unknown"]));
    assert_transcript!(world);
}

#[test]
fn a_release_that_is_not_at_hand_is_named() {
    let world = World::two_releases();
    world.edit(crate::support::PRODUCTION, "tag: 0.0.7", "tag: 0.0.9");
    world.edit("clusters/staging/platform.yaml", "semver: 0.0.x", "semver: 1.x");
    for args in [
        &["render", "production"][..],
        &["render", "staging"],
        &["--offline", "render", "production"],
    ] {
        let output = world.command(args).output().expect("the binary can be started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        world.say(&format!("{args:?}: {said}"));
    }
    assert_transcript!(world);
}

#[test]
fn what_cannot_work_is_a_finding_with_its_place() {
    let waits_for = |name: &str| format!("  dependsOn: [{{name: {name}}}]\n");
    let stories = [
        (
            "a cycle",
            vec![
                kustomization("a", "./apps", &waits_for("b")),
                kustomization("b", "./config", &waits_for("a")),
            ],
        ),
        ("nothing to wait for", vec![kustomization("a", "./apps", &waits_for("nobody"))]),
        ("a missing path", vec![kustomization("a", "./nowhere", "")]),
        ("two owners", vec![kustomization("a", "./apps", ""), kustomization("b", "./apps", "")]),
        (
            "before its namespace",
            vec![kustomization("a", "./apps", ""), kustomization("b", "./namespace", "")],
        ),
        (
            "before its definition",
            vec![kustomization("a", "./policies", ""), kustomization("b", "./definitions", "")],
        ),
        ("a broken build", vec![kustomization("a", "./broken", "")]),
        (
            "in order",
            vec![
                kustomization("a", "./apps", &waits_for("b")),
                kustomization("b", "./namespace", ""),
            ],
        ),
    ];
    let files = [
        ("apps/config.yaml", CONFIG),
        ("config/config.yaml", &CONFIG.replace("name: app,", "name: other,")),
        ("namespace/namespace.yaml", NAMESPACE),
        (
            "policies/policy.yaml",
            "apiVersion: policy.example.com/v1\nkind: Policy\nmetadata: {name: strict}\n",
        ),
        (
            "definitions/policy.yaml",
            "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: policies.policy.example.com}
spec: {group: policy.example.com, names: {kind: Policy, plural: policies}, scope: Cluster}
",
        ),
        ("broken/kustomization.yaml", "resources:\n- nowhere.yaml\n"),
    ];
    let world = cluster(&[], &files);
    for (name, kustomizations) in stories {
        world.repo.file("clusters/one/apps.yaml", kustomizations.concat());
        let json = world.json(&["render", "one"]);
        let output = world.command(&["render", "one"]).output().expect("it can be started");
        let code = output.status.code().expect("no signal ended it");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code, i32::from(name != "in order"), "{name}: {said}");
        world.say(&format!("{name}: exit {code}\n{said}{:#}", json["findings"]));
    }
    assert_transcript!(world);
}

#[test]
fn a_name_that_is_no_cluster_or_several_is_refused() {
    let (eu, us) = (sync("clusters/production/eu"), sync("clusters/production/us"));
    let stage = sync("clusters/staging/apac");
    let world = World::of([
        ("clusters/production/eu/flux-system/gotk-sync.yaml", eu.as_bytes()),
        ("clusters/production/us/flux-system/gotk-sync.yaml", us.as_bytes()),
        ("clusters/staging/apac/flux-system/gotk-sync.yaml", stage.as_bytes()),
    ]);
    for name in ["nowhere", "production", "production/apac"] {
        world.refused(&["render", name]);
    }
    world.refused(&["render"]);
    world.refused(&["render", "us", "-o", "markdown"]);
    assert_eq!(world.run(&["render", "us"]), 0);
    assert_transcript!(world);
}

#[test]
fn the_only_cluster_needs_no_name() {
    let sync = sync("clusters/production");
    let world = World::of([("clusters/production/flux-system/gotk-sync.yaml", sync.as_bytes())]);
    assert_eq!(world.ok(&["render"]), world.ok(&["render", "production"]));
}

#[test]
fn a_folder_is_printed_as_kustomize_prints_it() {
    let world = World::of([
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\nconfigMapGenerator:\n- {name: web, literals: [a=1]}\n"
                .as_bytes(),
        ),
        (
            "base/web.yaml",
            b"apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: web, envFrom: [{configMapRef: {name: web}}]}]
",
        ),
        (
            "overlay/kustomization.yaml",
            b"namePrefix: eu-
resources: [../base]
images: [{name: web, newTag: '2'}]
secretGenerator: [{name: key, literals: [password=hunter2]}]
",
        ),
        ("broken/kustomization.yaml", b"resources:\n- web.yaml\n"),
        (
            "broken/web.yaml",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: [\n",
        ),
        ("cycle/kustomization.yaml", b"resources:\n- ../cycle\n"),
        ("nothing/a.txt", b""),
        ("remote/kustomization.yaml", b"resources:\n- https://git.example.com/acme/web?ref=v1\n"),
    ]);
    // What kustomize 5.5 prints of it.
    let wanted = "\
apiVersion: v1
data:
  a: \"1\"
kind: ConfigMap
metadata:
  name: eu-web-h29d89cmmt
---
apiVersion: v1
data:
  password: aHVudGVyMg==
kind: Secret
metadata:
  name: eu-key-cf85kd65mm
type: Opaque
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: eu-web
spec:
  template:
    spec:
      containers:
      - envFrom:
        - configMapRef:
            name: eu-web-h29d89cmmt
        image: web:2
        name: web
";
    assert_eq!(world.ok(&["render", "--kustomize", "overlay"]), wanted);
    assert_eq!(world.run(&["render", "--kustomize", "base", "-o", "json"]), 0);
    for folder in ["broken", "cycle", "nothing", "nowhere"] {
        world.refused(&["render", "--kustomize", folder]);
    }
    world.refused(&["render", "--kustomize", "remote", "--offline"]);
    world.refused(&["render", "one", "--kustomize", "base"]);
    assert_transcript!(world);
}
