//! The node of a cluster, its lease and its storage class: what is there from the start.
//!
//! The node never reports without need: a lease that is renewed every few seconds would be all that a quiet cluster
//! ever does, so it is renewed by the hour.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, after, condition, instant, list, set, text};
use super::notes::Note;
use crate::object;

/// The node that runs everything.
pub(super) const NAME: &str = "sandbox";
/// What a node has whose kubelet was not heard of.
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

const NODES: &str = "nodes";
const LEASES: &str = "leases.coordination.k8s.io";
const CLASSES: &str = "storageclasses.storage.k8s.io";
const LEASE_SPACE: &str = "kube-node-lease";
const ADDRESS: &str = "172.18.0.2";
/// How long a lease holds, and when it is renewed, in seconds.
const LEASE: (i64, i64) = (7200, 3600);

/// Makes what is there from the start.
pub(super) fn begin(desk: &mut Desk<'_>) {
    if desk.see(NODES, "", NAME).is_none() {
        let node = node(desk);
        // Nothing limits nodes.
        let _ = desk.create(NODES, node, "kubelet");
        desk.flush();
    }
    if desk.machine.state().list(CLASSES, None).next().is_none() {
        let class = json!({
            "metadata": {
                "name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": super::claims::PROVISIONER,
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": true,
        });
        let _ = desk.create(CLASSES, class, "kube-addon-manager");
        desk.flush();
    }
}

fn node(desk: &Desk<'_>) -> Value {
    let minor = desk.minor();
    let time = desk.time();
    let label = |name: &str| format!("kubernetes.io/{name}");
    let good = |of_type: &str, is: &str, reason: &str, message: &str| {
        json!({
            "type": of_type, "status": is, "lastHeartbeatTime": time, "lastTransitionTime": time,
            "reason": reason, "message": message,
        })
    };
    let room = json!({
        "cpu": "256", "ephemeral-storage": "16Ti", "hugepages-1Gi": "0", "hugepages-2Mi": "0",
        "memory": "4Ti", "pods": "100k",
    });
    json!({
        "metadata": {
            "name": NAME,
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                label("arch"): "amd64",
                label("hostname"): NAME,
                label("os"): "linux",
                "topology.kubernetes.io/region": "sandbox",
                "topology.kubernetes.io/zone": "sandbox-a",
            },
        },
        "spec": {"podCIDR": "10.244.0.0/14", "podCIDRs": ["10.244.0.0/14"], "providerID": "sandbox://sandbox"},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [
                good("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                good("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                good("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                good("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "addresses": [
                {"type": "InternalIP", "address": ADDRESS},
                {"type": "Hostname", "address": NAME},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": "73616e64626f780000000000000000ff",
                "systemUUID": "73616e64-626f-7800-0000-0000000000ff",
                "bootID": "73616e64-626f-7800-0000-000000000001",
                "kernelVersion": "6.12.0",
                "osImage": "Sandbox",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kubeletVersion": format!("v1.{minor}.0"),
                "kubeProxyVersion": if minor < 33 { format!("v1.{minor}.0") } else { String::new() },
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    })
}

/// Looks at a node: it is away or there, as the script says, and renews its lease.
pub(super) fn look<'m>(desk: &mut Desk<'m>, node: &Seen<'m>) {
    let made = instant(&node.value, &["metadata", "creationTimestamp"]).unwrap_or(desk.now);
    let mut is_away = false;
    for absence in &desk.script.nodes {
        if absence.name.as_deref().is_some_and(|name| name != node.name()) {
            continue;
        }
        let Ok(start) = made.checked_add(absence.after) else { continue };
        if desk.is_time(start) {
            is_away |= start.checked_add(absence.lasts).is_ok_and(|end| !desk.is_time(end))
                || absence.lasts == SignedDuration::MAX;
        }
    }
    if node.name() == NAME {
        renew(desk, node);
    }
    let was_away = condition(&node.value, "Ready")
        .is_some_and(|one| text(one, &["reason"]) == "NodeStatusUnknown");
    if is_away == was_away || node.is_deleted() {
        return desk.flush();
    }
    let time = desk.time();
    let mut new = node.value.clone();
    let mut conditions = list(&node.value, &["status", "conditions"]).to_vec();
    let (is, reason, message) = if is_away {
        ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    } else {
        ("True", "KubeletReady", "kubelet is posting ready status")
    };
    let ready = json!({
        "type": "Ready", "status": is, "lastHeartbeatTime": time, "reason": reason, "message": message,
    });
    set(&mut conditions, ready, &time);
    object::child(object::map(&mut new), "status").insert("conditions".into(), conditions.into());
    let mut taints: Vec<Value> = list(&node.value, &["spec", "taints"]).to_vec();
    taints.retain(|taint| text(taint, &["key"]) != UNREACHABLE);
    if is_away {
        for effect in ["NoSchedule", "NoExecute"] {
            taints.push(json!({"key": UNREACHABLE, "effect": effect, "timeAdded": time}));
        }
    }
    let spec = object::child(object::map(&mut new), "spec");
    if taints.is_empty() {
        spec.shift_remove("taints");
    } else {
        spec.insert("taints".into(), taints.into());
    }
    desk.exchange(node, new, MANAGER);
    let reason = if is_away { "NodeNotReady" } else { "NodeReady" };
    let message = format!("Node {} status is now: {reason}", node.name());
    let note = Note { source: "node-controller", is_warning: false, reason, message: &message };
    desk.note(&node.value, &note);
    desk.flush();
}

fn renew<'m>(desk: &mut Desk<'m>, node: &Seen<'m>) {
    let time = deletion_micro(desk.now);
    match desk.see(LEASES, LEASE_SPACE, node.name()) {
        None => {
            let lease = json!({
                "metadata": {
                    "name": node.name(),
                    "namespace": LEASE_SPACE,
                    "ownerReferences": [{
                        "apiVersion": "v1", "kind": "Node", "name": node.name(), "uid": node.uid(),
                    }],
                },
                "spec": {
                    "holderIdentity": node.name(), "leaseDurationSeconds": LEASE.0, "renewTime": time,
                },
            });
            // A quota on leases is no reason for a node to be away.
            let _ = desk.create(LEASES, lease, "kubelet");
            desk.later(after(desk.now, LEASE.1));
        }
        Some(lease) => {
            let last = instant(&lease.value, &["spec", "renewTime"]).unwrap_or(desk.now);
            if desk.is_time(after(last, LEASE.1)) {
                let mut new = lease.value.clone();
                object::child(object::map(&mut new), "spec")
                    .insert("renewTime".into(), time.into());
                desk.exchange(&lease, new, "kubelet");
                desk.later(after(desk.now, LEASE.1));
            }
        }
    }
}

/// A time with microseconds, as leases have it.
fn deletion_micro(now: jiff::Timestamp) -> String {
    format!("{now:.6}")
}

/// Whether there is a node whose kubelet is at work.
pub(super) fn is_ready(desk: &Desk<'_>, name: &str) -> bool {
    desk.machine
        .state()
        .find(NODES, "", name)
        .is_some_and(|node| super::desk::says_true(node, "Ready"))
}

/// What a node has whose kubelet was not heard of, if so.
pub(super) fn away(node: &Value) -> Option<&Value> {
    let taints = list(node, &["spec", "taints"]).iter();
    taints.into_iter().find(|taint| {
        text(taint, &["key"]) == UNREACHABLE && text(taint, &["effect"]) == "NoExecute"
    })
}

/// The address of a node.
pub(super) fn address(node: &Value) -> &str {
    let addresses = list(node, &["status", "addresses"]).iter();
    let found = addresses.into_iter().find(|one| text(one, &["type"]) == "InternalIP");
    found.map_or("", |one| text(one, &["address"]))
}
