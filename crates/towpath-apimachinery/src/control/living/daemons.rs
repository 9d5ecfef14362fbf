//! DaemonSets: a pod on every node that takes one.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/daemon`.

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, int, is_true, list, share, text};
use super::pods::{self, PODS};
use super::{replicas, revisions};
use crate::object;

pub(super) const DAEMONS: &str = "daemonsets.apps";

/// What pods of DaemonSets tolerate besides.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// Looks at a DaemonSet.
pub(super) fn look<'m>(desk: &mut Desk<'m>, set: &Seen<'m>) {
    if set.is_deleted() {
        return;
    }
    let value = &set.value;
    let (revision, others) = revisions::settle(desk, set);
    let hash = revisions::hash_of(&revision).to_owned();
    let pods: Vec<Seen<'m>> =
        desk.owned(set.uid(), PODS).filter_map(|pod| desk.open(PODS, pod)).collect();
    let machine = desk.machine;
    let nodes: Vec<Seen<'m>> =
        machine.state().list("nodes", None).filter_map(|node| desk.open("nodes", node)).collect();
    let template = value.pointer("/spec/template").cloned().unwrap_or_default();
    let seconds = int(value, &["spec", "minReadySeconds"]);
    let limit = value.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable");
    let is_rolling = text(value, &["spec", "updateStrategy", "type"]) != "OnDelete";
    let (mut current, mut desired, mut ready, mut available, mut updated, mut missed) =
        (0, 0, 0, 0, 0, 0);
    let mut stale: Vec<&Seen<'m>> = Vec::new();
    for node in &nodes {
        let on_node: Vec<&Seen<'m>> =
            pods.iter().filter(|pod| target(&pod.value) == node.name()).collect();
        let is_wanted = takes(&template, &node.value);
        if !is_wanted {
            for pod in on_node {
                missed += usize::from(!pod.is_deleted());
                replicas::remove(desk, set, pod);
            }
            continue;
        }
        desired += 1;
        for pod in &on_node {
            if !pod.is_deleted() && !pods::is_active(pod.stored) {
                replicas::remove(desk, set, pod);
            }
        }
        let mut live: Vec<&Seen<'m>> =
            on_node.iter().copied().filter(|pod| pods::is_active(pod.stored)).collect();
        live.sort_by_key(|pod| pod.stored.revision);
        for pod in live.drain(1.min(live.len())..) {
            replicas::remove(desk, set, pod);
        }
        match live.first() {
            Some(pod) => {
                current += 1;
                if is_true(&pod.value, "Ready") {
                    ready += 1;
                    available += replicas::available(desk, &[pod.stored], seconds);
                }
                if revisions::of(&pod.value) == hash {
                    updated += 1;
                } else {
                    stale.push(pod);
                }
            }
            // The next one is made when the one before is gone.
            None if on_node.iter().any(|pod| pod.is_deleted()) => {}
            None => {
                let made = create(desk, set, &template, node.name(), &hash);
                current += usize::from(made);
                updated += usize::from(made);
            }
        }
    }
    if is_rolling {
        let total = i64::try_from(desired).unwrap_or_default();
        let missing = total - i64::try_from(available).unwrap_or_default();
        let room = (share(limit, total, true).max(1) - missing).max(0);
        let is_well = |pod: &&Seen<'m>| is_true(&pod.value, "Ready");
        let (well, ill): (Vec<&Seen<'m>>, Vec<&Seen<'m>>) = stale.into_iter().partition(is_well);
        for pod in ill {
            replicas::remove(desk, set, pod);
        }
        for pod in well.into_iter().take(usize::try_from(room).unwrap_or_default()) {
            replicas::remove(desk, set, pod);
        }
    }
    let mut status = json!({
        "currentNumberScheduled": current,
        "numberMisscheduled": missed,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": set.generation(),
    });
    let fields = object::map(&mut status);
    for (name, number) in [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", desired - available.min(desired)),
    ] {
        if number > 0 {
            fields.insert(name.into(), number.into());
        }
    }
    let live =
        |name: &str| pods.iter().any(|pod| revisions::of(&pod.value) == revisions::hash_of(name));
    revisions::clean(desk, set, &others, live);
    desk.status(set, status, MANAGER);
    desk.flush();
}

/// Whether a node takes pods of a template.
fn takes(template: &Value, node: &Value) -> bool {
    let is_tolerated = list(node, &["spec", "taints"]).iter().all(|taint| {
        let (key, effect) = (text(taint, &["key"]), text(taint, &["effect"]));
        effect == "PreferNoSchedule"
            || key.starts_with("node.kubernetes.io/")
            || pods::tolerates(template, key, text(taint, &["value"]), effect)
    });
    is_tolerated && pods::is_chosen(template, node)
}

/// The node that a pod is for.
fn target(pod: &Value) -> &str {
    let node = text(pod, &["spec", "nodeName"]);
    if !node.is_empty() {
        return node;
    }
    let path = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0";
    pod.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn create<'m>(
    desk: &mut Desk<'m>,
    set: &Seen<'m>,
    template: &Value,
    node: &str,
    hash: &str,
) -> bool {
    let generation =
        text(&set.value, &["metadata", "annotations", "deprecated.daemonset.template.generation"]);
    let change = |pod: &mut Value| {
        let labels = object::child(object::metadata(pod), "labels");
        labels.insert(revisions::HASH.into(), hash.into());
        labels.insert("pod-template-generation".into(), generation.into());
        let spec = object::child(object::map(pod), "spec");
        let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
        if let Some(tolerations) = tolerations.as_array_mut() {
            for (key, effect) in TOLERATED {
                let one = json!({"key": key, "operator": "Exists", "effect": effect});
                if !tolerations.contains(&one) {
                    tolerations.push(one);
                }
            }
        }
        let affinity = object::child(object::child(spec, "affinity"), "nodeAffinity");
        let named = json!([{"key": "metadata.name", "operator": "In", "values": [node]}]);
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let terms = affinity.get(required).map(|one| list(one, &["nodeSelectorTerms"]).to_vec());
        let mut terms = terms.filter(|terms| !terms.is_empty()).unwrap_or_else(|| vec![json!({})]);
        for term in &mut terms {
            object::map(term).insert("matchFields".into(), named.clone());
        }
        affinity.insert(required.into(), json!({"nodeSelectorTerms": terms}));
    };
    replicas::create(desk, set, Some(template), Some(&change)).unwrap_or_default()
}
