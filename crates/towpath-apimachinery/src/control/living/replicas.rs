//! ReplicaSets and ReplicationControllers: as many pods as they ask for.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/replicaset`, `pkg/controller/controller_utils.go`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, after, condition, instant, int, letters, list, set, text};
use super::notes::Note;
use super::pods::{self, PODS};
use crate::deletion::How;
use crate::object;
use crate::selector::Selector;
use crate::store::Stored;

pub(super) const SETS: &str = "replicasets.apps";
pub(super) const CONTROLLERS: &str = "replicationcontrollers";

/// How many pods are made or deleted at a time, as the real controller does.
const BURST: usize = 500;

/// Looks at a ReplicaSet or a ReplicationController.
pub(super) fn look<'m>(desk: &mut Desk<'m>, set: &Seen<'m>) {
    if set.is_deleted() {
        return;
    }
    let value = &set.value;
    adopt(desk, set, PODS, value.pointer("/spec/selector"));
    let mut pods: Vec<&Arc<Stored>> =
        desk.owned(set.uid(), PODS).filter(|pod| pods::is_active(pod)).collect();
    let wanted = usize::try_from(int(value, &["spec", "replicas"])).unwrap_or_default();
    let mut count = pods.len();
    let mut fault = None;
    if count < wanted {
        let room = (wanted - count).min(BURST);
        for _ in 0..room {
            match create(desk, set, value.pointer("/spec/template"), None) {
                Ok(true) => count += 1,
                Ok(false) => break,
                Err(message) => {
                    fault = Some(message);
                    break;
                }
            }
        }
    } else if count > wanted {
        // Those that are least missed go first.
        pods.sort_by_key(|pod| {
            (
                !pod.head.field("spec.nodeName").is_empty(),
                pod.head.field("status.phase") == "Running",
                pods::is_ready(pod),
                std::cmp::Reverse(pod.revision),
            )
        });
        for pod in pods.drain(..(count - wanted).min(BURST)) {
            let Some(pod) = desk.open(PODS, pod) else { continue };
            remove(desk, set, &pod);
            count -= 1;
        }
    }
    let ready: Vec<&Arc<Stored>> = pods.iter().filter(|pod| pods::is_ready(pod)).copied().collect();
    let available = available(desk, &ready, int(value, &["spec", "minReadySeconds"]));
    let labels = value.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
    let labels = Selector::of_labels(&json!({"matchLabels": labels}));
    let unlabelled = pods.iter().filter(|pod| !labels.matches(pod)).count();
    let mut status = json!({"replicas": count});
    let fields = object::map(&mut status);
    for (name, number) in [
        ("fullyLabeledReplicas", count - unlabelled.min(count)),
        ("readyReplicas", ready.len()),
        ("availableReplicas", available),
    ] {
        if number > 0 {
            fields.insert(name.into(), number.into());
        }
    }
    if desk.minor() >= 35 && *set.resource.id == *SETS {
        let ending = desk.owned(set.uid(), PODS).filter(|pod| pod.head.is_deleted).count();
        fields.insert("terminatingReplicas".into(), ending.into());
    }
    fields.insert("observedGeneration".into(), set.generation().into());
    let mut conditions = list(value, &["status", "conditions"]).to_vec();
    let is_told = conditions.iter().any(|one| text(one, &["type"]) == "ReplicaFailure");
    match &fault {
        // The words name a pod that never was, each time another.
        Some(_) if is_told => {}
        Some(message) => {
            let failure = json!({
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                "message": message,
            });
            let time = desk.time();
            self::set(&mut conditions, failure, &time);
        }
        None if count >= wanted => {
            conditions.retain(|one| text(one, &["type"]) != "ReplicaFailure")
        }
        None => {}
    }
    if !conditions.is_empty() {
        fields.insert("conditions".into(), conditions.into());
    }
    desk.status(set, status, MANAGER);
    desk.flush();
}

/// How many of the pods that are ready have been so for long enough.
pub(super) fn available(desk: &mut Desk<'_>, ready: &[&Arc<Stored>], seconds: i64) -> usize {
    if seconds == 0 {
        return ready.len();
    }
    let mut count = 0;
    for pod in ready {
        let value = pod.value(None);
        let since = condition(&value, "Ready")
            .and_then(|one| instant(one, &["lastTransitionTime"]))
            .unwrap_or(desk.now);
        count += usize::from(desk.is_time(after(since, seconds)));
    }
    count
}

/// Makes what nobody controls, and what is selected, its own.
pub(super) fn adopt<'m>(
    desk: &mut Desk<'m>,
    owner: &Seen<'m>,
    resource: &str,
    selector: Option<&Value>,
) {
    let Some(selector) = selector.map(Selector::of_labels).filter(|one| !one.is_everything())
    else {
        return;
    };
    for orphan in desk.all(resource, owner.namespace()) {
        let head = &orphan.head;
        if !head.owners.is_empty() || head.is_deleted || !selector.matches(orphan) {
            continue;
        }
        let Some(orphan) = desk.open(resource, orphan) else { continue };
        let mut new = orphan.value.clone();
        object::metadata(&mut new).insert("ownerReferences".into(), json!([owner.controls()]));
        desk.exchange(&orphan, new, MANAGER);
        desk.flush();
    }
}

/// Makes a pod of a template. Whether there is a new one; the server's words if it may not be made.
pub(super) fn create<'m>(
    desk: &mut Desk<'m>,
    owner: &Seen<'m>,
    template: Option<&Value>,
    change: Option<&dyn Fn(&mut Value)>,
) -> Result<bool, String> {
    let Some(template) = template else { return Ok(false) };
    let bits = desk.entropy(&[owner.uid()]);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}});
    let fields = object::map(&mut pod);
    if let Some(metadata) = template.get("metadata").and_then(Value::as_object) {
        let kept = metadata
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "labels" | "annotations" | "finalizers"));
        let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
        fields.insert("metadata".into(), kept.collect());
    }
    fields.insert("spec".into(), template.get("spec").cloned().unwrap_or_else(|| json!({})));
    let prefix: String = owner.name().chars().take(57).collect();
    let metadata = object::metadata(&mut pod);
    metadata.insert("generateName".into(), format!("{prefix}-").into());
    metadata.insert("name".into(), format!("{prefix}-{}", letters(bits)).into());
    metadata.insert("namespace".into(), owner.namespace().into());
    metadata.insert("ownerReferences".into(), json!([owner.controls()]));
    if let Some(change) = change {
        change(&mut pod);
    }
    let source = source(owner);
    match desk.create(PODS, pod, MANAGER) {
        Ok(Some(pod)) => {
            let message = format!("Created pod: {}", object::name(&pod));
            let reason = "SuccessfulCreate";
            desk.note(&owner.value, &Note { source, is_warning: false, reason, message: &message });
            Ok(true)
        }
        Ok(None) => Ok(false),
        Err(fault) => {
            let message = format!("Error creating: {fault}");
            let reason = "FailedCreate";
            desk.note(&owner.value, &Note { source, is_warning: true, reason, message: &message });
            Err(fault)
        }
    }
}

/// Deletes a pod that is not needed any more.
pub(super) fn remove<'m>(desk: &mut Desk<'m>, owner: &Seen<'m>, pod: &Seen<'m>) {
    if pod.is_deleted() {
        return;
    }
    desk.delete(pod, How::default());
    let message = format!("Deleted pod: {}", pod.name());
    let (source, reason) = (source(owner), "SuccessfulDelete");
    desk.note(&owner.value, &Note { source, is_warning: false, reason, message: &message });
}

fn source(owner: &Seen<'_>) -> &'static str {
    match &*owner.resource.kind {
        "ReplicaSet" => "replicaset-controller",
        "ReplicationController" => "replication-controller",
        "StatefulSet" => "statefulset-controller",
        "DaemonSet" => "daemonset-controller",
        _ => "job-controller",
    }
}
