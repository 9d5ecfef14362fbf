//! `towpath status` with clusters that are connected: what runs beside what should, and what is unknown.

use serde_json::{Value, json};

use crate::cluster::{Running, ask, send};
use crate::support::{World, assert_transcript};

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
    json!([{
        "type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": TIME,
    }])
}

/// A cluster with Flux, as far as its objects go.
fn with_flux(live: &Running) {
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

fn applied(live: &Running, revision: &str) {
    let artifact = json!({"revision": revision, "lastUpdateTime": TIME});
    let fetched = json!({
        "observedGeneration": 1, "artifact": artifact,
        "conditions": ready("True", "Succeeded", "stored artifact"),
    });
    say(live, SOURCES, fetched);
    let applied = json!({
        "observedGeneration": 1, "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
        "conditions": ready("True", "ReconciliationSucceeded", &format!("Applied revision: {revision}")),
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
