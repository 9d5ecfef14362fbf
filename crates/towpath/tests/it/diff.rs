//! `towpath diff` of every kind of side; how many clusters are told of is tested beside the code.

use std::io::Write as _;
use std::process::Stdio;

use crate::render::sync;
use crate::support::{PRODUCTION, World, assert_transcript};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web, labels: {app.kubernetes.io/version: 1.4.1}}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: web
        image: registry.example.com/acme/web:1.4.1
        args: [serve, --level=info, --cache]
        ports: [{containerPort: 8080}, {containerPort: 53, protocol: UDP}]
        env: [{name: A, value: '1'}, {name: B, value: '2'}]
        envFrom: [{configMapRef: {name: web-config-5g2h9b7k4t}}]
";

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: web-config-5g2h9b7k4t, namespace: web}
data:
  application.yaml: |
    server:
      port: 8080
      timeout: 30s
    cache:
      size: 10
    log: info
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tidy, namespace: web}
spec:
  jobTemplate:
    spec: {template: {spec: {volumes: [{name: c, configMap: {name: web-config-5g2h9b7k4t}}]}}}
";

const SECRETS: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: web}
data: {password: aHVudGVyMg==, user: YWRh}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sealed, namespace: web}
data: {token: 'ENC[AES256_GCM,data:hunter2,type:str]'}
";

const GONE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: old, namespace: web}
";

const KEDA: &str = "\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web, namespace: web}
spec: {minReplicaCount: 1, triggers: [{type: cron}]}
";

/// The two folders `old` and `new`.
fn world() -> World {
    let world = World::of([("README.md", b"".as_slice())]);
    let files = [
        ("apps/web.yaml", DEPLOYMENT),
        ("apps/config.yml", CONFIG),
        ("secrets.yaml", SECRETS),
        ("apps/gone.yaml", GONE),
        ("NOTES.md", "not a manifest: [\n"),
    ];
    for (path, text) in files {
        world.repo.file(&format!("old/{path}"), text);
        let new = text
            .replace("1.4.1", "1.4.2")
            .replace("5g2h9b7k4t", "9d8h9b7k4t")
            .replace("--level=info, --cache", "--level=debug")
            .replace("{containerPort: 53, protocol: UDP}", "{containerPort: 53, protocol: TCP}")
            .replace(
                "[{name: A, value: '1'}, {name: B, value: '2'}]",
                "[{name: B, value: '2'}, {name: A, value: x}]",
            )
            .replace("timeout: 30s", "timeout: 60s")
            .replace("aHVudGVyMg==", "aHVudGVyMw==")
            .replace("data:hunter2", "data:hunter3");
        if path != "apps/gone.yaml" {
            world.repo.file(&format!("new/{path}"), new);
        }
    }
    world.repo.file("new/keda.json", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": []}");
    world.repo.file("new/keda.yaml", KEDA);
    world
}

#[test]
fn a_reviewer_sees_what_changed_and_no_secret() {
    let world = world();
    for format in ["table", "markdown", "unified"] {
        assert_eq!(world.run(&["diff", "old", "new", "-o", format]), 1);
        assert_eq!(world.run(&["diff", "old", "old", "-o", format]), 0);
    }
    for secret in ["aHVudGVy", "YWRh", "ENC[", "hunter"] {
        assert!(!world.transcript().contains(secret), "{secret} is shown");
    }
    assert_transcript!(world);
}

#[test]
fn json_is_complete_but_for_secrets() {
    let world = world();
    assert_eq!(world.run(&["diff", "old/secrets.yaml", "new/secrets.yaml", "-o", "json"]), 1);
    assert_eq!(world.run(&["diff", "old/apps/web.yaml", "new/apps/web.yaml", "-o", "json"]), 1);
    let whole = world.json(&["diff", "old", "new"]);
    assert_eq!(whole["summary"]["total"]["following"], 1);
    let text = whole.to_string() + &world.transcript();
    for secret in ["aHVudGVy", "YWRh", "ENC[", "hunter"] {
        assert!(!text.contains(secret), "{secret} is shown");
    }
    assert_transcript!(world);
}

#[test]
fn a_side_may_come_from_standard_input() {
    let world = world();
    let mut child = world
        .command(&["diff", "old/apps/gone.yaml", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(GONE.replace("old", "new").as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(world.tell("$ towpath diff old/apps/gone.yaml -", &output), 1);
    assert_transcript!(world);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let world = world();
    world.repo.file("bad/a.yaml", "kind: ConfigMap\ndata: [\n");
    world.repo.file("values/values.yaml", "replicas: 2\n");
    for args in [
        &["diff", "old"][..],
        &["diff", "old", "nowhere"],
        &["diff", "-", "-"],
        &["diff", "old", "bad"],
        &["diff", "old", "values"],
        &["status", "-o", "markdown"],
    ] {
        world.refused(args);
    }
    assert_transcript!(world);
}

#[test]
fn two_folders_are_built_and_compared() {
    let base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {level: info}\n";
    let world = World::of([
        ("base/kustomization.yaml", b"resources: [web.yaml]\n".as_slice()),
        ("base/web.yaml", base.as_bytes()),
        ("old/kustomization.yaml", b"resources: [../base]\n"),
        (
            "new/kustomization.yaml",
            b"resources: [../base]
namePrefix: eu-
configMapGenerator: [{name: more, literals: [a=1]}]
",
        ),
        ("broken/kustomization.yaml", b"resources: [nowhere.yaml]\n"),
    ]);
    assert_eq!(world.run(&["diff", "old", "new"]), 1);
    assert_eq!(world.run(&["diff", "old", "base", "-o", "unified"]), 0);
    assert_eq!(world.run(&["diff", "path:base", "./old"]), 0);
    world.refused(&["diff", "old", "broken"]);
    assert_transcript!(world);
}

#[test]
fn two_releases_are_compared_on_the_clusters_that_use_them() {
    let world = World::two_releases();
    assert_eq!(world.run(&["diff", "0.0.7", "0.0.8"]), 1);
    assert_eq!(world.run(&["diff", "platform@0.0.8", "release:0.0.7", "-o", "markdown"]), 1);
    assert_eq!(world.run(&["diff", "0.0.8", "0.0.8"]), 0);
    let offline = world.json(&["--offline", "diff", "0.0.7", "0.0.8"]);
    let online = world.json(&["diff", "0.0.7", "0.0.8"]);
    assert_eq!(offline, online, "the commits that they were made from are here");
    assert_eq!(online["summary"]["total"]["added"], 3);
    assert_transcript!(world);
}

#[test]
fn states_of_the_repository_are_compared_on_every_cluster() {
    let world = World::two_releases();
    assert_eq!(world.run(&["diff", "HEAD~1", "HEAD", "-o", "unified"]), 1);
    assert_eq!(world.run(&["diff", "HEAD", "."]), 0);
    let policy = "platform/service-configs/require-team.yaml";
    world.edit(policy, "Audit", "Enforce");
    world.edit(PRODUCTION, "tag: 0.0.7", "tag: 0.0.8");
    assert_eq!(world.run(&["diff", "HEAD", "."]), 1);
    assert_eq!(world.run(&["diff", "rev:HEAD", ".", "-o", "markdown"]), 1);
    let json = world.json(&["diff", ".", "HEAD"]);
    assert_eq!(json["summary"]["total"]["removed"], 3);
    // A cluster that comes is all new.
    world.repo.file("clusters/extra/flux-system/gotk-sync.yaml", sync("clusters/extra"));
    assert_eq!(world.run(&["diff", "HEAD", "env:extra"]), 1);
    assert_transcript!(world);
}

#[test]
fn environments_and_clusters_are_compared_with_each_other_and_with_states() {
    let world = World::two_releases();
    assert_eq!(world.run(&["diff", "staging", "production"]), 1);
    assert_eq!(world.run(&["diff", "production", "0.0.8"]), 1);
    assert_eq!(world.run(&["diff", "0.0.7", "cluster:production"]), 0);
    assert_eq!(world.run(&["diff", "HEAD~1", "development/development", "-o", "unified"]), 1);
    assert_eq!(world.run(&["diff", "production", "HEAD~1"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_cluster_is_compared_with_what_runs() {
    let world = World::two_releases();
    let wanted = world.ok(&["render", "production"]);
    let runs = wanted.replace("version: 3.4.4", "version: 3.4.3");
    let compare = |args: &[&str], manifests: &str| {
        let mut child = world
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(manifests.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        world.tell(&format!("$ towpath {} < manifests", args.join(" ")), &output)
    };
    assert_eq!(compare(&["diff", "-", "production/production"], &wanted), 0);
    assert_eq!(compare(&["diff", "-", "production"], &runs), 1);
    assert_eq!(compare(&["diff", "-", "0.0.8"], &runs), 2);
    assert_transcript!(world);
}

#[test]
fn what_is_not_at_hand_is_not_compared() {
    let world = World::two_releases();
    world.edit(PRODUCTION, "tag: 0.0.7", "tag: 0.0.9");
    assert_eq!(world.run(&["diff", "HEAD", "."]), 1);
    for format in ["markdown", "unified"] {
        assert_eq!(world.run(&["diff", "HEAD", ".", "-o", format]), 1);
    }
    let json = world.json(&["diff", "HEAD", "."]);
    world.say(&format!("as JSON: {:#}", json["notCompared"]));
    // What is lacking on both sides for the same reason is the same there.
    world.publish("nobody has it");
    world.push_file("README.md", "words\n", "more words");
    assert_eq!(world.run(&["diff", "HEAD~1", "HEAD"]), 0);
    // A build that fails is told, because what it would have given may differ.
    world.repo.file("platform/configs/kustomization.yaml", "resources: [nowhere.yaml]\n");
    assert_eq!(world.run(&["diff", "HEAD", "."]), 1);
    assert_transcript!(world);
}

#[test]
fn a_name_that_stands_for_nothing_says_what_there_is() {
    let world = World::two_releases();
    for side in [
        "nowhere",
        "0.0.9",
        "env:nowhere",
        "cluster:nowhere",
        "release:1",
        "path:nowhere",
        "rev:nowhere",
        "other@0.0.7",
    ] {
        world.refused(&["diff", side, "production"]);
    }
    world.refused(&["diff", "platform/configs", "HEAD"]);
    world.refused(&["diff", "0.0.7", "HEAD"]);
    world.refused(&["diff", "-", "0.0.7"]);
    assert_transcript!(world);
}

#[test]
fn a_secret_of_a_cluster_is_never_shown() {
    let world = World::two_releases();
    let secret = |password: &str, token: &str| {
        format!(
            "\
apiVersion: v1
kind: Secret
metadata: {{name: key, namespace: kube-system}}
stringData: {{password: {password}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: sealed, namespace: kube-system}}
data: {{token: 'ENC[AES256_GCM,data:{token},type:str]'}}
"
        )
    };
    world.push_file("platform/configs/secret.yaml", &secret("hunter2", "one"), "a secret");
    world.repo.file("platform/configs/secret.yaml", secret("hunter3", "two"));
    for format in ["table", "markdown", "unified", "json"] {
        assert_eq!(world.run(&["diff", "HEAD", ".", "-o", format]), 1);
        assert_eq!(world.run(&["diff", "staging", "development", "-o", format]), 1);
    }
    for hidden in ["hunter", "ENC[", "data:one", "data:two"] {
        assert!(!world.transcript().contains(hidden), "{hidden} is shown");
    }
    world.run(&["diff", "HEAD", "."]);
}
