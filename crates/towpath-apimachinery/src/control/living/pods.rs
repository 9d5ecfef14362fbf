//! Pods that are on no node yet: the scheduler's part. What comes behind is the [`kubelet`]'s.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/scheduler/framework/plugins`, `pkg/scheduler/schedule_one.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::desk::{Desk, Seen, list, set, text};
use super::notes::Note;
use super::script::About;
use super::{claims, kubelet};
use crate::object;
use crate::selector::Selector;
use crate::store::{Event, Happened, Stored};

/// What the store calls pods.
pub(super) const PODS: &str = "pods";

const SCHEDULER: &str = "default-scheduler";

/// What becomes of pods never matters to a scheduler that is not asked.
const NOT_HELPFUL: &str = "preemption: 0/%d nodes are available: %s";

/// Looks at a pod.
pub(super) fn look<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) {
    let node = text(&pod.value, &["spec", "nodeName"]);
    if !node.is_empty() {
        kubelet::look(desk, pod);
    } else if !pod.is_deleted() {
        schedule(desk, pod);
    }
    desk.flush();
}

/// Whether time may change something about a pod.
pub(super) fn is_timed(desk: &Desk<'_>, pod: &Stored) -> bool {
    if pod.head.is_deleted || desk.script.has_crashes() || !desk.script.nodes.is_empty() {
        return true;
    }
    match pod.head.field("status.phase") {
        "Succeeded" | "Failed" => false,
        "Running" => {
            pod.head.field("spec.restartPolicy") != "Always" || pod.tail().contains("\"waiting\":")
        }
        _ => !pod.head.field("spec.nodeName").is_empty(),
    }
}

/// Whether what others count of a pod has changed.
pub(super) fn counts(event: &Event) -> bool {
    let Some(before) = &event.previous else { return true };
    if event.happened != Happened::Modified {
        return true;
    }
    let (old, new) = (&before.head, &event.object.head);
    old.labels != new.labels
        || old.owners != new.owners
        || old.is_deleted != new.is_deleted
        || ["status.phase", "status.podIP", "spec.nodeName"]
            .iter()
            .any(|field| old.field(field) != new.field(field))
        || is_ready(before) != is_ready(&event.object)
}

/// Whether a pod says that it is ready.
pub(super) fn is_ready(pod: &Stored) -> bool {
    super::desk::says_true(pod, "Ready")
}

/// Whether a pod still does, or will do, something.
pub(super) fn is_active(pod: &Stored) -> bool {
    !pod.head.is_deleted && !matches!(pod.head.field("status.phase"), "Succeeded" | "Failed")
}

/// Looks again at pods that wait for a node, in one namespace or in all.
pub(super) fn look_at_waiting(desk: &mut Desk<'_>, namespace: Option<&str>) {
    let machine = desk.machine;
    let pods = match namespace {
        Some(namespace) => desk.all(PODS, namespace),
        None => machine.state().list(PODS, None).collect(),
    };
    let waiting: Vec<_> = pods
        .into_iter()
        .filter(|pod| pod.head.field("spec.nodeName").is_empty() && is_active(pod))
        .collect();
    for pod in waiting {
        if let Some(pod) = desk.open(PODS, pod) {
            look(desk, &pod);
        }
    }
}

fn schedule<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) {
    let value = &pod.value;
    if text(value, &["spec", "schedulerName"]) != SCHEDULER {
        return;
    }
    if !list(value, &["spec", "schedulingGates"]).is_empty() {
        let message = "Scheduling is blocked due to non-empty scheduling gates";
        return wait(desk, pod, "SchedulingGated", message);
    }
    let chain = kubelet::chain(desk, value);
    let chain: Vec<(&str, &str)> = chain.iter().map(|(k, n)| (k.as_str(), n.as_str())).collect();
    let effect = desk.script.effect(&About {
        namespace: pod.namespace(),
        chain: &chain,
        image: None,
        labels: value.pointer("/metadata/labels"),
    });
    let nodes: Vec<Seen<'m>> = {
        let machine = desk.machine;
        machine.state().list("nodes", None).filter_map(|node| desk.open("nodes", node)).collect()
    };
    let count = nodes.len();
    if count == 0 {
        return wait(desk, pod, "Unschedulable", "no nodes available to schedule pods");
    }
    let unhelpful = NOT_HELPFUL
        .replace("%d", &count.to_string())
        .replace("%s", "1 Preemption is not helpful for scheduling.");
    let refuse = |why: String| format!("0/{count} nodes are available: {why}. {unhelpful}");
    if effect.stays_pending {
        return wait(desk, pod, "Unschedulable", &refuse("1 Insufficient cpu".to_owned()));
    }
    if let Err(why) = claims::are_bound(desk, pod) {
        return wait(desk, pod, "Unschedulable", &refuse(why));
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut fitting = None;
    for node in &nodes {
        match misfit(value, &node.value) {
            Some(why) => *reasons.entry(why).or_default() += 1,
            None => fitting = fitting.or(Some(node)),
        }
    }
    let Some(node) = fitting else {
        let reasons: Vec<String> =
            reasons.iter().map(|(why, count)| format!("{count} {why}")).collect();
        return wait(desk, pod, "Unschedulable", &refuse(reasons.join(", ")));
    };
    let mut new = value.clone();
    object::child(object::map(&mut new), "spec").insert("nodeName".into(), node.name().into());
    let time = desk.time();
    let mut conditions = list(value, &["status", "conditions"]).to_vec();
    set(&mut conditions, scheduled(desk, value, "True"), &time);
    object::child(object::map(&mut new), "status").insert("conditions".into(), conditions.into());
    desk.replace(pod, new);
    let message =
        format!("Successfully assigned {}/{} to {}", pod.namespace(), pod.name(), node.name());
    let note =
        Note { source: SCHEDULER, is_warning: false, reason: "Scheduled", message: &message };
    desk.note(value, &note);
}

fn scheduled(desk: &Desk<'_>, pod: &Value, is: &str) -> Value {
    let mut condition = json!({"type": "PodScheduled"});
    let fields = object::map(&mut condition);
    if desk.minor() >= 34 {
        let generation = super::desk::int(pod, &["metadata", "generation"]);
        fields.insert("observedGeneration".into(), generation.into());
    }
    fields.insert("status".into(), is.into());
    fields.insert("lastProbeTime".into(), Value::Null);
    condition
}

/// Says why a pod is on no node.
fn wait<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>, reason: &str, message: &str) {
    let mut condition = scheduled(desk, &pod.value, "False");
    let fields = object::map(&mut condition);
    fields.insert("reason".into(), reason.into());
    fields.insert("message".into(), message.into());
    let mut conditions = list(&pod.value, &["status", "conditions"]).to_vec();
    let time = desk.time();
    set(&mut conditions, condition, &time);
    let mut status = pod.value.get("status").cloned().unwrap_or_default();
    object::map(&mut status).insert("conditions".into(), conditions.into());
    if pod.value.get("status") == Some(&status) {
        return;
    }
    desk.status(pod, status, "kube-scheduler");
    let note = Note { source: SCHEDULER, is_warning: true, reason: "FailedScheduling", message };
    desk.note(&pod.value, &note);
}

/// Why a pod cannot be on a node, in the scheduler's words.
fn misfit(pod: &Value, node: &Value) -> Option<String> {
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true))
        && !tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule")
    {
        return Some("node(s) were unschedulable".to_owned());
    }
    for taint in list(node, &["spec", "taints"]) {
        let (key, value) = (text(taint, &["key"]), text(taint, &["value"]));
        let effect = text(taint, &["effect"]);
        if effect != "PreferNoSchedule" && !tolerates(pod, key, value, effect) {
            return Some(format!("node(s) had untolerated taint {{{key}: {value}}}"));
        }
    }
    (!is_chosen(pod, node)).then(|| "node(s) didn't match Pod's node affinity/selector".to_owned())
}

/// Whether selectors and affinity of a pod let it be on a node.
pub(super) fn is_chosen(pod: &Value, node: &Value) -> bool {
    let labels = node.pointer("/metadata/labels");
    if let Some(selector) = pod.pointer("/spec/nodeSelector")
        && !Selector::of_labels(&json!({"matchLabels": selector})).matches_labels(labels)
    {
        return false;
    }
    let path = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let Some(required) = pod.pointer(path) else { return true };
    let named = json!({"metadata.name": object::name(node)});
    list(required, &["nodeSelectorTerms"]).iter().any(|term| {
        let matches = |field: &str, labels: Option<&Value>| {
            let expressions = list(term, &[field]).to_vec();
            expressions.is_empty()
                || Selector::of_labels(&json!({"matchExpressions": expressions}))
                    .matches_labels(labels)
        };
        matches("matchExpressions", labels) && matches("matchFields", Some(&named))
    })
}

/// Whether a pod tolerates a taint.
pub(super) fn tolerates(pod: &Value, key: &str, value: &str, effect: &str) -> bool {
    list(pod, &["spec", "tolerations"]).iter().any(|one| {
        let (wanted, at) = (text(one, &["key"]), text(one, &["effect"]));
        let exists = text(one, &["operator"]) == "Exists";
        (wanted == key || (wanted.is_empty() && exists))
            && (at.is_empty() || at == effect)
            && (exists || text(one, &["value"]) == value)
    })
}
