//! Claims and the volumes that are made for them.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/volume/persistentvolume/pv_controller.go`.

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, list, text};
use super::notes::Note;
use super::pods::PODS;
use super::script::About;
use crate::deletion::How;
use crate::object;
use crate::store::Stored;

pub(super) const CLAIMS: &str = "persistentvolumeclaims";
pub(super) const VOLUMES: &str = "persistentvolumes";
const CLASSES: &str = "storageclasses.storage.k8s.io";
/// Who makes volumes.
pub(super) const PROVISIONER: &str = "rancher.io/local-path";
const IN_USE: &str = "kubernetes.io/pvc-protection";
const SELECTED: &str = "volume.kubernetes.io/selected-node";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Looks at a claim.
pub(super) fn look<'m>(desk: &mut Desk<'m>, claim: &Seen<'m>) {
    if claim.is_deleted() {
        release(desk, claim);
    } else if text(&claim.value, &["status", "phase"]) != "Bound" {
        bind(desk, claim);
    }
    desk.flush();
}

/// A claim that is being deleted goes when no pod uses it any more.
fn release<'m>(desk: &mut Desk<'m>, claim: &Seen<'m>) {
    let mut holds = crate::deletion::finalizers(&claim.value);
    let before = holds.len();
    holds.retain(|one| one != IN_USE);
    if holds.len() == before || users(desk, claim.namespace(), claim.name()).next().is_some() {
        return;
    }
    let mut new = claim.value.clone();
    crate::deletion::set_finalizers(&mut new, &holds);
    if crate::deletion::is_let_go(claim.resource, &new) {
        let mut bare = claim.clone();
        bare.value = new;
        desk.remove(&bare);
    } else {
        desk.replace(claim, new);
    }
}

/// Pods that use a claim.
fn users<'m>(
    desk: &Desk<'m>,
    namespace: &str,
    name: &str,
) -> impl Iterator<Item = &'m std::sync::Arc<Stored>> + use<'m> {
    let wanted = format!("\"claimName\":{}", Value::from(name));
    desk.all(PODS, namespace).into_iter().filter(move |pod| {
        !matches!(pod.head.field("status.phase"), "Succeeded" | "Failed")
            && pod.tail().contains(&wanted)
    })
}

/// Names of claims that a pod uses.
pub(super) fn used(pod: &Value) -> impl Iterator<Item = &str> {
    let volumes = list(pod, &["spec", "volumes"]).iter();
    volumes.filter_map(|volume| object::text(volume, &["persistentVolumeClaim", "claimName"]))
}

fn bind<'m>(desk: &mut Desk<'m>, claim: &Seen<'m>) {
    let value = &claim.value;
    let about = About {
        namespace: claim.namespace(),
        chain: &[("PersistentVolumeClaim", claim.name())],
        image: None,
        labels: value.pointer("/metadata/labels"),
    };
    let mut new = value.clone();
    let finalizers = crate::deletion::finalizers(value);
    if !finalizers.iter().any(|one| one == IN_USE) {
        let all: Vec<String> = finalizers.into_iter().chain([IN_USE.to_owned()]).collect();
        crate::deletion::set_finalizers(&mut new, &all);
    }
    let class = match object::text(value, &["spec", "storageClassName"]) {
        Some(class) => Some(class.to_owned()),
        None => default_class(desk),
    };
    let status = object::child(object::map(&mut new), "status");
    status.entry("phase").or_insert("Pending".into());
    let Some(class) = class else { return desk.exchange(claim, new, MANAGER) };
    object::child(object::map(&mut new), "spec")
        .insert("storageClassName".into(), class.clone().into());
    let volume = match text(value, &["spec", "volumeName"]) {
        "" => free(desk, claim, &class),
        name => desk.see(VOLUMES, "", name),
    };
    if desk.script.effect(&about).stays_pending {
        let message = "waiting for a volume to be created either by the external provisioner 'rancher.io/local-path' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
        tell(desk, value, false, "ExternalProvisioning", message);
        return desk.exchange(claim, new, MANAGER);
    }
    let name = if let Some(volume) = volume {
        let mut bound = volume.value.clone();
        let spec = object::child(object::map(&mut bound), "spec");
        spec.insert("claimRef".into(), reference(claim));
        object::child(object::map(&mut bound), "status").insert("phase".into(), "Bound".into());
        desk.exchange(&volume, bound, MANAGER);
        volume.name().to_owned()
    } else {
        match provision(desk, claim, &class) {
            Some(name) => name,
            None => return desk.exchange(claim, new, MANAGER),
        }
    };
    let capacity = desk.see(VOLUMES, "", &name);
    let capacity = capacity.and_then(|volume| volume.value.pointer("/spec/capacity").cloned());
    let asked = value.pointer("/spec/resources/requests").cloned();
    let annotations = object::child(object::metadata(&mut new), "annotations");
    annotations.insert("pv.kubernetes.io/bind-completed".into(), "yes".into());
    annotations.insert("pv.kubernetes.io/bound-by-controller".into(), "yes".into());
    let modes = value.pointer("/spec/accessModes").cloned().unwrap_or_else(|| json!([]));
    let fields = object::map(&mut new);
    object::child(fields, "spec").insert("volumeName".into(), name.into());
    let status = object::child(fields, "status");
    status.insert("phase".into(), "Bound".into());
    status.insert("accessModes".into(), modes);
    status.insert("capacity".into(), capacity.or(asked).unwrap_or_else(|| json!({})));
    desk.exchange(claim, new, MANAGER);
}

/// Makes a volume for a claim, if its class makes any. Gives the volume's name.
fn provision<'m>(desk: &mut Desk<'m>, claim: &Seen<'m>, class: &str) -> Option<String> {
    let value = &claim.value;
    if class.is_empty() || !text(value, &["spec", "volumeName"]).is_empty() {
        return None;
    }
    let Some(found) = desk.see(CLASSES, "", class) else {
        let message = format!("storageclass.storage.k8s.io {class:?} not found");
        tell(desk, value, true, "ProvisioningFailed", &message);
        return None;
    };
    let provisioner = text(&found.value, &["provisioner"]);
    let is_selected = object::text(value, &["metadata", "annotations", SELECTED]).is_some();
    let waits = text(&found.value, &["volumeBindingMode"]) == "WaitForFirstConsumer";
    if waits && !is_selected {
        let message = "waiting for first consumer to be created before binding";
        tell(desk, value, false, "WaitForFirstConsumer", message);
        return None;
    }
    if provisioner == "kubernetes.io/no-provisioner" {
        return None;
    }
    let name = format!("pvc-{}", claim.uid());
    let policy = found.value.get("reclaimPolicy").cloned().unwrap_or_else(|| "Delete".into());
    let get = |path: &str| value.pointer(path).cloned();
    let volume = json!({
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": provisioner},
            "finalizers": ["kubernetes.io/pv-protection"],
        },
        "spec": {
            "capacity": get("/spec/resources/requests").unwrap_or_else(|| json!({})),
            "accessModes": get("/spec/accessModes").unwrap_or_else(|| json!([])),
            "claimRef": reference(claim),
            "persistentVolumeReclaimPolicy": policy,
            "storageClassName": class,
            "volumeMode": get("/spec/volumeMode").unwrap_or_else(|| "Filesystem".into()),
            "hostPath": {"path": format!("/var/local-path-provisioner/{name}"), "type": "DirectoryOrCreate"},
        },
        "status": {"phase": "Bound"},
    });
    // Volumes lie in no namespace: no quota counts them.
    let _ = desk.create(VOLUMES, volume, MANAGER);
    let message = format!("Successfully provisioned volume {name}");
    tell(desk, value, false, "ProvisioningSucceeded", &message);
    Some(name)
}

fn tell(desk: &mut Desk<'_>, claim: &Value, is_warning: bool, reason: &str, message: &str) {
    let note = Note { source: "persistentvolume-controller", is_warning, reason, message };
    desk.note(claim, &note);
}

fn reference(claim: &Seen<'_>) -> Value {
    json!({
        "kind": "PersistentVolumeClaim", "namespace": claim.namespace(), "name": claim.name(),
        "uid": claim.uid(), "apiVersion": "v1",
    })
}

/// A volume that somebody made and that suits a claim.
fn free<'m>(desk: &Desk<'m>, claim: &Seen<'m>, class: &str) -> Option<Seen<'m>> {
    let volumes = desk.machine.state().list(VOLUMES, None);
    volumes.filter_map(|volume| desk.open(VOLUMES, volume)).find(|volume| {
        let reserved = volume.value.pointer("/spec/claimRef");
        let is_open = reserved.is_none_or(|one| {
            text(one, &["name"]) == claim.name()
                && text(one, &["namespace"]) == claim.namespace()
                && (text(one, &["uid"]).is_empty() || text(one, &["uid"]) == claim.uid())
        });
        let modes = list(&volume.value, &["spec", "accessModes"]);
        let wanted = list(&claim.value, &["spec", "accessModes"]);
        let room = super::quota::amount(text(&volume.value, &["spec", "capacity", "storage"]));
        let path = ["spec", "resources", "requests", "storage"];
        is_open
            && !volume.is_deleted()
            && text(&volume.value, &["spec", "storageClassName"]) == class
            && wanted.iter().all(|mode| modes.contains(mode))
            && room >= super::quota::amount(text(&claim.value, &path))
    })
}

fn default_class(desk: &Desk<'_>) -> Option<String> {
    let classes = desk.machine.state().list(CLASSES, None);
    let classes = classes.filter_map(|class| desk.open(CLASSES, class));
    let mut classes = classes
        .filter(|class| text(&class.value, &["metadata", "annotations", DEFAULT_CLASS]) == "true");
    classes.next().map(|class| class.name().to_owned())
}

/// Looks at a volume: free, bound, or left behind by its claim.
pub(super) fn look_at_volume<'m>(desk: &mut Desk<'m>, volume: &Seen<'m>) {
    let value = &volume.value;
    let reference = value.pointer("/spec/claimRef");
    if volume.is_deleted() {
        let holds = crate::deletion::finalizers(value);
        let is_used = reference.is_some_and(|one| claimed(desk, one));
        if !is_used && holds == ["kubernetes.io/pv-protection"] {
            let mut bare = volume.clone();
            crate::deletion::set_finalizers(&mut bare.value, &[]);
            desk.remove(&bare);
        }
        return desk.flush();
    }
    let phase = match reference {
        None => "Available",
        Some(one) if text(one, &["uid"]).is_empty() => "Available",
        Some(one) if claimed(desk, one) => "Bound",
        Some(_) => "Released",
    };
    let is_left = phase == "Released"
        && text(value, &["spec", "persistentVolumeReclaimPolicy"]) == "Delete"
        && value.pointer("/metadata/annotations/pv.kubernetes.io~1provisioned-by").is_some();
    if is_left {
        desk.delete(volume, How::default());
    } else {
        let mut status = value.get("status").cloned().unwrap_or_else(|| json!({}));
        object::map(&mut status).insert("phase".into(), phase.into());
        desk.status(volume, status, MANAGER);
    }
    desk.flush();
}

fn claimed(desk: &Desk<'_>, reference: &Value) -> bool {
    let (space, name) = (text(reference, &["namespace"]), text(reference, &["name"]));
    let claim = desk.machine.state().find(CLAIMS, space, name);
    claim.is_some_and(|claim| *claim.head.uid == *text(reference, &["uid"]))
}

/// Whether all claims of a pod have a volume, or in the scheduler's words why not. A claim that waits for a pod is told
/// that there is one.
pub(super) fn are_bound<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) -> Result<(), String> {
    let mut is_bound = true;
    let names: Vec<String> = used(&pod.value).map(str::to_owned).collect();
    for name in names {
        let Some(claim) = desk.see(CLAIMS, pod.namespace(), &name) else {
            return Err(format!("persistentvolumeclaim {name:?} not found"));
        };
        if claim.is_deleted() {
            return Err(format!("persistentvolumeclaim {name:?} is being deleted"));
        }
        if text(&claim.value, &["status", "phase"]) == "Bound" {
            continue;
        }
        is_bound = false;
        let class = desk.see(CLASSES, "", text(&claim.value, &["spec", "storageClassName"]));
        let waits = class.is_some_and(|class| {
            text(&class.value, &["volumeBindingMode"]) == "WaitForFirstConsumer"
        });
        if waits && object::text(&claim.value, &["metadata", "annotations", SELECTED]).is_none() {
            let mut new = claim.value.clone();
            object::child(object::metadata(&mut new), "annotations")
                .insert(SELECTED.into(), super::node::NAME.into());
            desk.exchange(&claim, new, "kube-scheduler");
            desk.flush();
        }
    }
    if is_bound {
        Ok(())
    } else {
        Err("pod has unbound immediate PersistentVolumeClaims".to_owned())
    }
}
