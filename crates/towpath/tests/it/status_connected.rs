//! `towpath status` with clusters that are connected: what runs beside what should, and what is unknown.

use serde_json::{Value, json};

use crate::cluster::{Running, ask, send};
use crate::support::{PATH_FILE, World, assert_transcript};

const SOURCES: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/ocirepositories";
const KUSTOMIZATIONS: &str =
    "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
const TIME: &str = "2026-11-21T12:00:00Z";

fn definition(group: &str, kind: &str, plural: &str) -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

fn create(live: &Running, path: &str, object: &Value) {
    let answer = ask(live, &format!("POST {path}"), &object.to_string());
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

fn say(live: &Running, path: &str, status: Value) {
    let body = json!({"status": status}).to_string();
    let request = format!("PATCH {path}/platform/status");
    let answer = send(live, &request, "application/merge-patch+json", &body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn ready(status: &str, reason: &str, message: &str) -> Value {
    ready_since(TIME, status, reason, message)
}

fn ready_since(time: &str, status: &str, reason: &str, message: &str) -> Value {
    json!([{
        "type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": time,
    }])
}

/// A cluster with Flux, as far as its objects go.
pub(crate) fn with_flux(live: &Running) {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let source = definition("source.toolkit.fluxcd.io", "OCIRepository", "ocirepositories");
    create(live, definitions, &source);
    let group = "kustomize.toolkit.fluxcd.io";
    create(live, definitions, &definition(group, "Kustomization", "kustomizations"));
    create(live, "/api/v1/namespaces", &json!({"metadata": {"name": "flux-system"}}));
    let object = |api: &str, kind: &str, spec: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "platform"}, "spec": spec});
    let api = "source.toolkit.fluxcd.io/v1";
    create(live, SOURCES, &object(api, "OCIRepository", json!({"interval": "1m"})));
    let source = json!({"sourceRef": {"kind": "OCIRepository", "name": "platform"}});
    create(live, KUSTOMIZATIONS, &object(&format!("{group}/v1"), "Kustomization", source));
}

pub(crate) fn applied(live: &Running, revision: &str) {
    applied_since(live, TIME, revision);
}

fn applied_since(live: &Running, time: &str, revision: &str) {
    let artifact = json!({"revision": revision, "lastUpdateTime": time});
    let fetched = json!({
        "observedGeneration": 1, "artifact": artifact,
        "conditions": ready_since(time, "True", "Succeeded", "stored artifact"),
    });
    say(live, SOURCES, fetched);
    let applied = json!({
        "observedGeneration": 1, "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
        "conditions": ready_since(time, "True", "ReconciliationSucceeded", &format!("Applied revision: {revision}")),
    });
    say(live, KUSTOMIZATIONS, applied);
}

#[test]
fn what_clusters_run_stands_beside_what_they_should() {
    let world = World::two_releases();
    let revision = |environment: usize| {
        let status = world.json(&["status"]);
        let at = format!("/environments/{environment}/desired/revision");
        status.pointer(&at).and_then(Value::as_str).expect("it is known").to_owned()
    };
    let (newer, older) = (revision(1), revision(2));
    let live = Running::start(&world, &["--name", "live", "--plain-http"]);
    let kubeconfig = live.after("kubeconfig").to_owned();
    with_flux(&live);
    applied(&live, &newer);
    let connected = ["status", "--context", "staging=live", "--context", "production=nowhere"];
    assert_eq!(world.run_with(&connected, &kubeconfig), 0);
    // The older one is healthy, and is not the one that it should get.
    applied(&live, &older);
    let staging = ["status", "--context", "staging=live"];
    assert_eq!(world.run_with(&staging, &kubeconfig), 0);
    // The newer one fails, and the older one is still told as applied.
    let failed = json!({
        "lastAttemptedRevision": newer,
        "conditions": ready("False", "BuildFailed", "no such file: kustomization.yaml"),
    });
    say(&live, KUSTOMIZATIONS, failed);
    assert_eq!(world.run_with(&staging, &kubeconfig), 0);
    assert_eq!(world.run_with(&[&staging[..], &["-o", "json"]].concat(), &kubeconfig), 0);
    assert_eq!(world.run_with(&["status", "--context", "staging"], &kubeconfig), 2);
    assert_eq!(world.run_with(&["status", "--context", "moon=live"], &kubeconfig), 2);
    assert_eq!(world.run(&["cluster", "stop", "live"]), 0);
    assert_eq!(live.ends(), Some(0));
    assert_transcript!(world);
}

/// What production's soak says: verdict and code.
fn soak(world: &World, kubeconfig: &str) -> (String, Option<String>) {
    let mut command = world.command(&["plan", "production", "-o", "json"]);
    let output = command.env("KUBECONFIG", kubeconfig).output().expect("the binary can be started");
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let gates = plan["gates"].as_array().expect("gates are listed");
    let soak = gates.iter().find(|gate| gate["gate"] == "soak").expect("it is stated");
    let code = soak["code"].as_str().map(str::to_owned);
    (soak["verdict"].as_str().expect("a word").to_owned(), code)
}

#[test]
fn a_soak_is_what_the_cluster_before_reports() {
    let gated = PATH_FILE
        .replace("    after: [staging]\n", "    after: [staging]\n    gates:\n    - soak: 48h\n")
        .replace(
            "  - name: staging\n",
            "  - name: staging\n    clusters:\n    - {path: clusters/staging, context: live}\n",
        );
    let world = World::two_releases_with(&gated);
    let status = world.json(&["status", "--offline"]);
    let at = "/environments/1/desired/revision";
    let newer = status.pointer(at).and_then(Value::as_str).expect("it is known").to_owned();
    let live = Running::start(&world, &["--name", "live", "--plain-http"]);
    let kubeconfig = live.after("kubeconfig").to_owned();
    assert_eq!(soak(&world, &kubeconfig), ("waiting".to_owned(), Some("soak-broken".to_owned())));
    with_flux(&live);
    applied_since(&live, "2020-01-01T12:00:00Z", &newer);
    assert_eq!(soak(&world, &kubeconfig), ("open".to_owned(), None));
    say(
        &live,
        KUSTOMIZATIONS,
        json!({"conditions": ready("False", "HealthCheckFailed", "timeout")}),
    );
    assert_eq!(soak(&world, &kubeconfig), ("waiting".to_owned(), Some("soak-broken".to_owned())));
    assert_eq!(world.run(&["cluster", "stop", "live"]), 0);
    assert_eq!(live.ends(), Some(0));
    assert_eq!(soak(&world, &kubeconfig), ("waiting".to_owned(), Some("soak-broken".to_owned())));
}
