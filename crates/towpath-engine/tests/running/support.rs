//! Flux objects as clusters have them, made of the little that a case is about.

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, RepoPath};
use towpath_core::pin::{Location, ObjectRef, Pin};
use towpath_core::running::Running;
use towpath_core::tracking::{Exact, Tracking};
use towpath_engine::running::flux;
use towpath_engine::running::objects::{KindName, Objects};
use towpath_engine::running::report;

pub(crate) const NAMESPACE: &str = "flux-system";

/// A minute of the day on which all happens.
pub(crate) fn at(minute: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    noon.checked_add(jiff::SignedDuration::from_mins(minute)).unwrap()
}

/// `0.0.N@sha256:…`, a content for each number.
pub(crate) fn release(number: u8) -> String {
    format!("0.0.{number}@sha256:{}", format!("{number:02x}").repeat(32))
}

pub(crate) fn condition(kind: &str, status: &str, reason: &str, since: i64) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": format!("{reason} it is"),
        "lastTransitionTime": at(since).to_string(),
    })
}

pub(crate) fn source(revision: &str, stored: i64) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": {"name": "platform", "namespace": NAMESPACE, "generation": 1},
        "spec": {"interval": "1m"},
        "status": {
            "observedGeneration": 1, "conditions": [condition("Ready", "True", "Succeeded", stored)],
            "artifact": {"revision": revision, "lastUpdateTime": at(stored).to_string()},
        },
    })
}

/// A `Kustomization` that has applied a revision, and is ready since.
pub(crate) fn kustomization(name: &str, revision: &str, since: i64) -> Value {
    let mut ready = condition("Ready", "True", "ReconciliationSucceeded", since);
    ready["message"] = format!("Applied revision: {revision}").into();
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {
            "name": name, "namespace": NAMESPACE, "generation": 1,
            "creationTimestamp": at(-100).to_string(),
        },
        "spec": {
            "interval": "10m", "retryInterval": "2m", "suspend": false,
            "sourceRef": {"kind": "OCIRepository", "name": "platform"},
        },
        "status": {
            "observedGeneration": 1, "conditions": [ready],
            "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
        },
    })
}

pub(crate) fn entry(revision: &str, digest: &str, status: &str, first: i64, last: i64) -> Value {
    json!({
        "digest": digest, "lastReconciledStatus": status, "metadata": {"revision": revision},
        "firstReconciled": at(first).to_string(), "lastReconciled": at(last).to_string(),
    })
}

pub(crate) fn helm_release(version: &str) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "keda", "namespace": "keda", "generation": 3},
        "spec": {"interval": "5m"},
        "status": {
            "observedGeneration": 3, "lastAttemptedRevision": version,
            "conditions": [condition("Ready", "True", "UpgradeSucceeded", 5)],
            "history": [{
                "chartVersion": version, "status": "deployed", "lastDeployed": at(4).to_string(),
            }],
        },
    })
}

pub(crate) fn workload(name: &str, ready: i64, available: &str, since: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "apps", "generation": 1},
        "spec": {"replicas": 2},
        "status": {
            "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": ready,
            "availableReplicas": ready, "conditions": [condition("Available", available, "Minimum", since)],
        },
    })
}

/// A cluster that tells all of these, and of Flux and apps nothing else.
pub(crate) fn cluster(all: &[Value]) -> Objects {
    let mut objects = Objects::default();
    for kind in
        flux::kinds().chain([KindName::new("apps", "Deployment"), KindName::new("batch", "Job")])
    {
        objects.set_whole(kind, []);
    }
    all.iter().for_each(|object| objects.put(object.clone()));
    objects
}

pub(crate) fn pin(kind: &str, namespace: &str, name: &str) -> Pin {
    Pin {
        component: ComponentName::parse("platform").unwrap(),
        environment: EnvironmentName::parse("staging").unwrap(),
        cluster: ClusterName::parse("staging").unwrap(),
        object: ObjectRef {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
        .into(),
        field: "spec.ref.tag".to_owned(),
        at: Location {
            file: RepoPath::parse("clusters/staging/platform.yaml").unwrap(),
            line: 1,
            column: 1,
        },
        tracking: Tracking::Exact(Exact::tag("0.0.7")),
        splices: Ok(Vec::new()),
    }
}

/// What the cluster runs of the pins.
pub(crate) fn runs_of(objects: &Objects, pins: &[Pin]) -> Option<Running> {
    report(objects, pins, at(1000)).into_values().next()
}

/// What the cluster runs of `OCIRepository flux-system/platform`.
pub(crate) fn runs(all: &[Value]) -> Running {
    runs_of(&cluster(all), &[pin("OCIRepository", NAMESPACE, "platform")]).unwrap()
}

/// What is not well, as people read it.
pub(crate) fn ailing(running: &Running) -> Vec<String> {
    let told = running.ailing.iter();
    told.map(|it| format!("{} {}: {}", it.object, it.health.word(), it.why)).collect()
}
