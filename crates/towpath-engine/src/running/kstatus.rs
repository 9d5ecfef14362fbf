//! How far a cluster is with one object, by what the object says of itself.
//!
//! The rules are those that Flux and kubectl-like tools share (`fluxcd/cli-utils:pkg/kstatus/status/core.go`,
//! `generic.go`): first what every object has in common, then what a built-in kind has of its own, then `Ready`. A shape
//! that nobody expects is told as unknown and never taken for well. Must not look at a second object.
//! Next: [`super::report`], which asks this of what was applied.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// So long the scheduler may look for a place before that is a failure.
const SCHEDULING: SignedDuration = SignedDuration::from_secs(15);

/// How far a cluster is with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// What is wanted is there.
    Current,
    /// It is on its way.
    InProgress,
    /// It is being deleted.
    Terminating,
    /// It cannot be told.
    Unknown,
    /// It failed.
    Failed,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Current => "Current",
            Self::InProgress => "InProgress",
            Self::Terminating => "Terminating",
            Self::Unknown => "Unknown",
            Self::Failed => "Failed",
        })
    }
}

/// How far a cluster is with an object, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How far.
    pub progress: Progress,
    /// Why, in one line; empty where all is well.
    pub why: String,
}

impl Status {
    fn new(progress: Progress, why: impl Into<String>) -> Self {
        Self { progress, why: why.into() }
    }

    fn current() -> Self {
        Self::new(Progress::Current, "")
    }

    fn waits(why: impl Into<String>) -> Self {
        Self::new(Progress::InProgress, why)
    }

    fn failed(why: impl Into<String>) -> Self {
        Self::new(Progress::Failed, why)
    }
}

/// One of `status.conditions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<'a> {
    /// `Ready`, `Available`.
    pub kind: &'a str,
    /// `True`, `False` or `Unknown`.
    pub status: &'a str,
    /// One word.
    pub reason: &'a str,
    /// A sentence.
    pub message: &'a str,
    /// The generation that it is about, where it says so.
    pub generation: Option<i64>,
    /// When `status` changed last, by the cluster's clock.
    pub since: Option<Timestamp>,
}

impl Condition<'_> {
    /// Whether its status is `True`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    /// Why it is as it is: the message, or the reason where there is none.
    #[must_use]
    pub fn why(&self) -> String {
        let said = if self.message.trim().is_empty() { self.reason } else { self.message };
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The conditions of an object that are objects themselves.
pub fn conditions(object: &Value) -> impl Iterator<Item = Condition<'_>> {
    let list = object.pointer("/status/conditions").and_then(Value::as_array);
    list.into_iter().flatten().map(|one| {
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
        Condition {
            kind: text("type"),
            status: text("status"),
            reason: text("reason"),
            message: text("message"),
            generation: one.get("observedGeneration").and_then(Value::as_i64),
            since: text("lastTransitionTime").parse().ok(),
        }
    })
}

/// The condition of a type.
#[must_use]
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<Condition<'a>> {
    conditions(object).find(|condition| condition.kind == kind)
}

/// How far a cluster is with an object at a time.
#[must_use]
pub fn status(object: &Value, now: Timestamp) -> Status {
    if !object.is_object() {
        return Status::new(Progress::Unknown, "it is no object");
    }
    if let Some(general) = general(object) {
        return general;
    }
    let group = text(object, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    match (group, text(object, "/kind")) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object, now),
        ("", "PersistentVolumeClaim") => match text(object, "/status/phase") {
            "Bound" => Status::current(),
            _ => Status::waits("it is not bound to a volume"),
        },
        ("", "Service") => service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("", "Secret" | "ConfigMap") | ("policy", "PodDisruptionBudget") | ("batch", "CronJob") => {
            Status::current()
        }
        _ => match condition(object, "Ready") {
            Some(ready) if !ready.is_true() => Status::waits(ready.why()),
            _ => Status::current(),
        },
    }
}

/// What is the same for all kinds; `None` where that says nothing.
fn general(object: &Value) -> Option<Status> {
    if !text(object, "/metadata/deletionTimestamp").is_empty() {
        return Some(Status::new(Progress::Terminating, "it is being deleted"));
    }
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    if let (Some(generation), Some(observed)) = (generation, observed)
        && generation != observed
    {
        let why = format!("its status is of generation {observed}, and it is at {generation}");
        return Some(Status::waits(why));
    }
    conditions(object).filter(Condition::is_true).find_map(|condition| match condition.kind {
        "Reconciling" => Some(Status::waits(condition.why())),
        "Stalled" => Some(Status::failed(condition.why())),
        _ => None,
    })
}

/// The first of some pairs of numbers of which the first is not reached by the second.
fn lacking(pairs: &[(i64, i64, &str)]) -> Option<Status> {
    let (want, have, what) = pairs.iter().find(|(want, have, _)| have < want)?;
    Some(Status::waits(format!("{have} of {want} {what}")))
}

fn too_many(have: i64, want: i64) -> Option<Status> {
    (have > want).then(|| Status::waits(format!("{} more than wanted are ending", have - want)))
}

fn deployment(object: &Value) -> Status {
    // Without a deadline nobody says whether it progresses.
    let mut progressing = object.pointer("/spec/progressDeadlineSeconds").is_none();
    let mut available = false;
    for condition in conditions(object) {
        match (condition.kind, condition.reason) {
            ("Progressing", "ProgressDeadlineExceeded") => {
                return Status::failed(condition.why());
            }
            ("Progressing", "NewReplicaSetAvailable") => progressing |= condition.is_true(),
            ("Available", _) => available = condition.is_true(),
            _ => {}
        }
    }
    let wanted = number(object, "/spec/replicas", 1);
    let status = |name: &str| number(object, &format!("/status/{name}"), 0);
    let (all, updated) = (status("replicas"), status("updatedReplicas"));
    lacking(&[(wanted, all, "replicas are there"), (wanted, updated, "replicas are updated")])
        .or_else(|| too_many(all, wanted))
        .or_else(|| {
            lacking(&[
                (updated, status("availableReplicas"), "replicas are available"),
                (wanted, status("readyReplicas"), "replicas are ready"),
            ])
        })
        .or_else(|| (!progressing).then(|| Status::waits("its new ReplicaSet is not available")))
        .or_else(|| (!available).then(|| Status::waits("it is not available")))
        .unwrap_or_else(Status::current)
}

fn stateful_set(object: &Value) -> Status {
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Status::current();
    }
    let wanted = number(object, "/spec/replicas", 1);
    let status = |name: &str| number(object, &format!("/status/{name}"), 0);
    let all = status("replicas");
    let few = lacking(&[
        (wanted, all, "replicas are there"),
        (wanted, status("readyReplicas"), "replicas are ready"),
    ]);
    if let Some(waits) = few.or_else(|| too_many(all, wanted)) {
        return waits;
    }
    let partition = object.pointer("/spec/updateStrategy/rollingUpdate/partition");
    if let Some(partition) = partition.and_then(Value::as_i64) {
        let moved = [(wanted - partition, status("updatedReplicas"), "replicas are updated")];
        return lacking(&moved).unwrap_or_else(Status::current);
    }
    if let Some(waits) = lacking(&[(wanted, status("currentReplicas"), "replicas are updated")]) {
        return waits;
    }
    if text(object, "/status/currentRevision") == text(object, "/status/updateRevision") {
        Status::current()
    } else {
        Status::waits("its update is on the way")
    }
}

fn daemon_set(object: &Value) -> Status {
    let status = |name: &str| number(object, &format!("/status/{name}"), 0);
    let wanted = number(object, "/status/desiredNumberScheduled", -1);
    if wanted < 0 {
        return Status::waits("it is not known how many are wanted");
    }
    lacking(&[
        (wanted, status("currentNumberScheduled"), "are scheduled"),
        (wanted, status("updatedNumberScheduled"), "are updated"),
        (wanted, status("numberAvailable"), "are available"),
        (wanted, status("numberReady"), "are ready"),
    ])
    .unwrap_or_else(Status::current)
}

fn replica_set(object: &Value) -> Status {
    if let Some(failure) = condition(object, "ReplicaFailure").filter(Condition::is_true) {
        return Status::waits(failure.why());
    }
    let wanted = number(object, "/spec/replicas", 1);
    let status = |name: &str| number(object, &format!("/status/{name}"), 0);
    lacking(&[
        (wanted, status("fullyLabeledReplicas"), "replicas are labelled"),
        (wanted, status("availableReplicas"), "replicas are available"),
        (wanted, status("readyReplicas"), "replicas are ready"),
    ])
    .or_else(|| too_many(status("replicas"), wanted))
    .unwrap_or_else(Status::current)
}

/// A Job that has begun is current: it may be meant to run for ever.
fn job(object: &Value) -> Status {
    for condition in conditions(object).filter(Condition::is_true) {
        match condition.kind {
            "Complete" => return Status::current(),
            "Failed" => return Status::failed(condition.why()),
            _ => {}
        }
    }
    match text(object, "/status/startTime") {
        "" => Status::waits("it has not begun"),
        _ => Status::current(),
    }
}

fn pod(object: &Value, now: Timestamp) -> Status {
    match text(object, "/status/phase") {
        // A pod that ended is as far as it will get; whether that is well is told by its owner.
        "Succeeded" | "Failed" => Status::current(),
        "Running" => match condition(object, "Ready") {
            Some(ready) if ready.is_true() => Status::current(),
            _ => match crashing(object) {
                Some(container) => Status::failed(format!("container {container} keeps crashing")),
                None => Status::waits("it runs and is not ready"),
            },
        },
        "Pending" => match condition(object, "PodScheduled") {
            Some(it) if it.status == "False" && it.reason == "Unschedulable" => {
                let is_new = it.since.is_some_and(|since| now.duration_since(since) < SCHEDULING);
                if is_new { Status::waits(it.why()) } else { Status::failed(it.why()) }
            }
            _ => Status::waits("it is not running yet"),
        },
        "" => Status::waits("nobody has looked at it yet"),
        phase => Status::new(Progress::Unknown, format!("its phase is {phase}")),
    }
}

fn crashing(pod: &Value) -> Option<&str> {
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array)?;
    let is_crashing = |one: &&Value| text(one, "/state/waiting/reason") == "CrashLoopBackOff";
    containers.iter().find(is_crashing).map(|one| text(one, "/name"))
}

fn service(object: &Value) -> Status {
    let waits =
        text(object, "/spec/type") == "LoadBalancer" && text(object, "/spec/clusterIP").is_empty();
    if waits { Status::waits("it has no address") } else { Status::current() }
}

fn definition(object: &Value) -> Status {
    for condition in conditions(object) {
        match (condition.kind, condition.status) {
            ("NamesAccepted", "False") => return Status::failed(condition.why()),
            ("Established", "False") if condition.reason != "Installing" => {
                return Status::failed(condition.why());
            }
            ("Established", "True") => return Status::current(),
            _ => {}
        }
    }
    Status::waits("its resources are not served yet")
}

/// A text; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, pointer: &str, or: i64) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(or)
}
