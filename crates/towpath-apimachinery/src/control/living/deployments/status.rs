//! What a Deployment says of itself.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/deployment/progress.go`, `sync.go`,
//! `pkg/controller/deployment/util/deployment_util.go`.

use serde_json::{Value, json};

use super::{Work, tell};
use crate::control::living::desk::{Desk, MANAGER, after, instant, int, list, text};
use crate::control::living::pods::PODS;
use crate::object;

pub(super) fn write<'m>(desk: &mut Desk<'m>, work: &mut Work<'_, 'm>, is_paused: bool) {
    let sum = |field: &str| -> i64 {
        work.old.iter().chain(&work.new).map(|set| int(&set.value, &["status", field])).sum()
    };
    let (replicas, ready, available) =
        (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let updated = work.new.as_ref().map_or(0, |set| int(&set.value, &["status", "replicas"]));
    let old = work.deployment.value.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut status = json!({"observedGeneration": work.deployment.generation()});
    let fields = object::map(&mut status);
    let wanted = work.replicas();
    let short = (wanted.max(sum_wanted(work)) - available).max(0);
    for (name, number) in [
        ("replicas", replicas),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", short),
    ] {
        if number > 0 {
            fields.insert(name.into(), number.into());
        }
    }
    if desk.minor() >= 35 {
        let sets = work.old.iter().chain(&work.new);
        let ending = sets.flat_map(|set| desk.owned(set.uid(), PODS));
        let ending = ending.filter(|pod| pod.head.is_deleted).count();
        fields.insert("terminatingReplicas".into(), ending.into());
    }
    if let Some(count) = old.get("collisionCount") {
        fields.insert("collisionCount".into(), count.clone());
    }
    let mut conditions = list(&old, &["conditions"]).to_vec();
    let (_, missing) = work.slack();
    let (is, reason, message) = if available >= wanted - missing {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set(desk, &mut conditions, "Available", is, reason, message);
    let failure = work.old.iter().chain(&work.new).find_map(|set| {
        let conditions = list(&set.value, &["status", "conditions"]).iter();
        conditions.into_iter().find(|one| text(one, &["type"]) == "ReplicaFailure").cloned()
    });
    match failure {
        Some(one) => {
            let (reason, message) = (text(&one, &["reason"]), text(&one, &["message"]));
            set(desk, &mut conditions, "ReplicaFailure", "True", reason, message);
        }
        None => conditions.retain(|one| text(one, &["type"]) != "ReplicaFailure"),
    }
    let is_complete =
        updated == wanted && replicas == wanted && available == wanted && work.made.is_none();
    let before = |field: &str| int(&old, &[field]);
    let moved = updated > before("updatedReplicas")
        || replicas - updated < before("replicas") - before("updatedReplicas")
        || ready > before("readyReplicas")
        || available > before("availableReplicas");
    progress(desk, work, &mut conditions, is_paused, is_complete, (moved, replicas == updated));
    fields.insert("conditions".into(), conditions.into());
    let mut value = std::mem::take(&mut work.value);
    object::map(&mut value).insert("status".into(), status);
    desk.exchange(work.deployment, value, MANAGER);
}

fn sum_wanted(work: &Work<'_, '_>) -> i64 {
    work.old.iter().chain(&work.new).map(|set| int(&set.value, &["spec", "replicas"])).sum()
}

fn progress<'m>(
    desk: &mut Desk<'m>,
    work: &Work<'_, 'm>,
    conditions: &mut Vec<Value>,
    is_paused: bool,
    is_complete: bool,
    (moved, is_whole): (bool, bool),
) {
    let name = work.made.as_deref().or(work.new.as_ref().map(|set| set.name()));
    let name = name.unwrap_or_default();
    let found = conditions.iter().find(|one| text(one, &["type"]) == "Progressing").cloned();
    let reason = found.as_ref().map_or("", |one| text(one, &["reason"]));
    let deadline = work.value.pointer("/spec/progressDeadlineSeconds").and_then(Value::as_i64);
    let deadline = deadline.filter(|seconds| *seconds < i64::from(i32::MAX));
    if is_paused {
        if reason != "DeploymentPaused" && deadline.is_some() {
            let message = "Deployment is paused";
            set(desk, conditions, "Progressing", "Unknown", "DeploymentPaused", message);
        }
        return;
    }
    let Some(deadline) = deadline else {
        conditions.retain(|one| text(one, &["type"]) != "Progressing");
        return;
    };
    if let Some(made) = &work.made {
        let message = format!("Created new replica set {made:?}");
        return set(desk, conditions, "Progressing", "True", "NewReplicaSetCreated", &message);
    }
    if reason == "DeploymentPaused" {
        let message = "Deployment is resumed";
        return set(desk, conditions, "Progressing", "Unknown", "DeploymentResumed", message);
    }
    if is_complete {
        let message = format!("ReplicaSet {name:?} has successfully progressed.");
        set(desk, conditions, "Progressing", "True", "NewReplicaSetAvailable", &message);
        return;
    }
    let is_new = |reason: &str| reason == "NewReplicaSetAvailable";
    let mentions = found.as_ref().is_some_and(|one| text(one, &["message"]).contains(name));
    // Once a rollout is done, pods that come and go are none of its affair.
    if is_new(reason) && mentions && (is_whole || !moved) {
        return;
    }
    if moved || found.is_none() || (is_new(reason) && !mentions) {
        let message = format!("ReplicaSet {name:?} is progressing.");
        touch(desk, conditions, "ReplicaSetUpdated", &message);
        desk.later(after(desk.now, deadline));
        return;
    }
    let since = found.as_ref().and_then(|one| instant(one, &["lastUpdateTime"]));
    if reason == "ProgressDeadlineExceeded" {
        return;
    }
    if desk.is_time(after(since.unwrap_or(desk.now), deadline)) && since.is_some() {
        let message = format!("ReplicaSet {name:?} has timed out progressing.");
        set(desk, conditions, "Progressing", "False", "ProgressDeadlineExceeded", &message);
        tell(desk, &work.value, false, "ProgressDeadlineExceeded", &message);
    }
}

/// Says that something moved, and when.
fn touch(desk: &Desk<'_>, conditions: &mut Vec<Value>, reason: &str, message: &str) {
    let time = desk.time();
    let found = conditions.iter().position(|one| text(one, &["type"]) == "Progressing");
    let since = found.filter(|at| text(&conditions[*at], &["status"]) == "True");
    let since = since.map(|at| text(&conditions[at], &["lastTransitionTime"]).to_owned());
    let new = json!({
        "type": "Progressing", "status": "True", "lastUpdateTime": time,
        "lastTransitionTime": since.unwrap_or(time), "reason": reason, "message": message,
    });
    match found {
        Some(at) => conditions[at] = new,
        None => conditions.push(new),
    }
}

/// Sets a condition; one that says the same stays as it is.
fn set(
    desk: &Desk<'_>,
    conditions: &mut Vec<Value>,
    of_type: &str,
    is: &str,
    reason: &str,
    message: &str,
) {
    let time = desk.time();
    let found = conditions.iter().position(|one| text(one, &["type"]) == of_type);
    if let Some(at) = found {
        let one = &conditions[at];
        if text(one, &["status"]) == is && text(one, &["reason"]) == reason {
            return;
        }
    }
    let since = found.filter(|at| text(&conditions[*at], &["status"]) == is);
    let since = since.map(|at| text(&conditions[at], &["lastTransitionTime"]).to_owned());
    let new = json!({
        "type": of_type, "status": is, "lastUpdateTime": time,
        "lastTransitionTime": since.unwrap_or_else(|| time.clone()),
        "reason": reason, "message": message,
    });
    match found {
        Some(at) => conditions[at] = new,
        None => conditions.push(new),
    }
}
