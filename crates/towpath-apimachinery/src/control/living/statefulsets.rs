//! StatefulSets: pods with names in order, each with claims of its own.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/statefulset`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::claims::CLAIMS;
use super::desk::{Desk, MANAGER, Seen, int, is_true, list, share, text};
use super::notes::Note;
use super::pods::{self, PODS};
use super::{replicas, revisions};
use crate::object;

pub(super) const STATEFUL: &str = "statefulsets.apps";

/// Looks at a StatefulSet.
pub(super) fn look<'m>(desk: &mut Desk<'m>, set: &Seen<'m>) {
    if set.is_deleted() {
        return;
    }
    let value = &set.value;
    let (update, others) = revisions::settle(desk, set);
    let told = text(value, &["status", "currentRevision"]);
    let current = if told.is_empty() { update.clone() } else { told.to_owned() };
    let wanted = int(value, &["spec", "replicas"]);
    let first = int(value, &["spec", "ordinals", "start"]);
    let is_parallel = text(value, &["spec", "podManagementPolicy"]) == "Parallel";
    let (strategy, partition) = (
        text(value, &["spec", "updateStrategy", "type"]) != "OnDelete",
        int(value, &["spec", "updateStrategy", "rollingUpdate", "partition"]),
    );
    let seconds = int(value, &["spec", "minReadySeconds"]);
    let mut pods: BTreeMap<i64, Seen<'m>> = BTreeMap::new();
    for pod in desk.owned(set.uid(), PODS) {
        let ordinal = pod.head.name.rsplit('-').next().and_then(|number| number.parse().ok());
        if let (Some(ordinal), Some(pod)) = (ordinal, desk.open(PODS, pod)) {
            pods.insert(ordinal, pod);
        }
    }
    // A pod that ended takes its name with it: it goes, and comes again.
    for pod in pods.values().filter(|pod| !pod.is_deleted() && !pods::is_active(pod.stored)) {
        replicas::remove(desk, set, pod);
    }
    let is_well = |desk: &mut Desk<'m>, pod: &Seen<'m>| {
        !pod.is_deleted()
            && is_true(&pod.value, "Ready")
            && replicas::available(desk, &[pod.stored], seconds) == 1
    };
    let mut is_blocked = desk.is_busy();
    let current_template = others.iter().find(|one| one.name() == current);
    let current_template = current_template.map(|one| revisions::template(&one.value));
    let new_template = value.pointer("/spec/template").cloned().unwrap_or_default();
    let mut created = 0;
    for ordinal in first..first + wanted {
        if is_blocked && !is_parallel {
            break;
        }
        match pods.get(&ordinal) {
            Some(pod) => is_blocked |= !is_well(desk, pod),
            None => {
                let is_old = strategy && ordinal - first < partition && current_template.is_some();
                let (template, revision) = match &current_template {
                    Some(template) if is_old => (template, &current),
                    _ => (&new_template, &update),
                };
                if !create(desk, set, template, revision, ordinal) {
                    break;
                }
                created += 1;
                is_blocked = true;
            }
        }
    }
    let surplus: Vec<&Seen<'m>> = pods
        .iter()
        .rev()
        .filter(|(ordinal, _)| !(first..first + wanted).contains(*ordinal))
        .map(|(_, pod)| pod)
        .collect();
    if !is_blocked || is_parallel {
        for pod in &surplus {
            if !pod.is_deleted() {
                replicas::remove(desk, set, pod);
                is_blocked = true;
            }
            if !is_parallel {
                break;
            }
        }
        is_blocked |= !surplus.is_empty();
    }
    if strategy && !is_blocked {
        let limit = value.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable");
        let mut room = share(limit, wanted, true).max(1);
        for (ordinal, pod) in pods.iter().rev() {
            if room == 0 || *ordinal - first < partition {
                break;
            }
            if revisions::of(&pod.value) != update {
                replicas::remove(desk, set, pod);
                room -= 1;
            } else if !is_well(desk, pod) {
                room -= 1;
            }
        }
    }
    let live: Vec<&Seen<'m>> = pods.values().filter(|pod| !pod.is_deleted()).collect();
    let count = |test: &dyn Fn(&Seen<'m>) -> bool| live.iter().filter(|pod| test(pod)).count();
    let replicas_now = live.len() + created;
    let ready: Vec<_> =
        live.iter().filter(|pod| is_true(&pod.value, "Ready")).map(|pod| pod.stored).collect();
    let available = replicas::available(desk, &ready, seconds);
    let mut updated = count(&|pod| revisions::of(&pod.value) == update);
    let is_partial = current != update && partition > 0;
    let mut on_current = count(&|pod| revisions::of(&pod.value) == current);
    updated += if is_partial { 0 } else { created };
    on_current += if current == update { created } else { 0 };
    let is_done = strategy
        && usize::try_from(wanted).is_ok_and(|wanted| wanted == updated && wanted == ready.len())
        && replicas_now == updated;
    let current = if is_done { update.clone() } else { current };
    if is_done {
        on_current = updated;
    }
    let mut status = json!({
        "observedGeneration": set.generation(),
        "replicas": replicas_now,
    });
    let fields = object::map(&mut status);
    for (name, number) in [
        ("readyReplicas", ready.len()),
        ("currentReplicas", on_current),
        ("updatedReplicas", updated),
    ] {
        if number > 0 {
            fields.insert(name.into(), number.into());
        }
    }
    fields.insert("currentRevision".into(), current.as_str().into());
    fields.insert("updateRevision".into(), update.as_str().into());
    fields.insert("collisionCount".into(), 0.into());
    fields.insert("availableReplicas".into(), available.into());
    let live =
        |name: &str| name == current || pods.values().any(|pod| revisions::of(&pod.value) == name);
    revisions::clean(desk, set, &others, live);
    desk.status(set, status, MANAGER);
    desk.flush();
}

/// Makes the pod of an ordinal, and its claims. Whether there is a new one.
fn create<'m>(
    desk: &mut Desk<'m>,
    set: &Seen<'m>,
    template: &Value,
    revision: &str,
    ordinal: i64,
) -> bool {
    let name = format!("{}-{ordinal}", set.name());
    let templates = list(&set.value, &["spec", "volumeClaimTemplates"]);
    for claim in templates {
        let own = format!("{}-{name}", object::name(claim));
        if desk.see(CLAIMS, set.namespace(), &own).is_some() {
            continue;
        }
        let mut claim = claim.clone();
        object::map(&mut claim).shift_remove("status");
        let metadata = object::metadata(&mut claim);
        metadata.shift_remove("creationTimestamp");
        metadata.insert("name".into(), own.as_str().into());
        metadata.insert("namespace".into(), set.namespace().into());
        let selector = set.value.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let labels = object::child(metadata, "labels");
        for (label, value) in selector.into_iter().flatten() {
            labels.entry(label.clone()).or_insert_with(|| value.clone());
        }
        let policy = ["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"];
        if text(&set.value, &policy) == "Delete" {
            let owner = set.controls();
            metadata.insert("ownerReferences".into(), json!([owner]));
        }
        match desk.create(CLAIMS, claim, MANAGER) {
            Ok(_) => tell(
                desk,
                set,
                false,
                "SuccessfulCreate",
                &format!("create Claim {own} Pod {name} in StatefulSet {} success", set.name()),
            ),
            Err(fault) => {
                tell(desk, set, true, "FailedCreate", &fault);
                return false;
            }
        }
    }
    let claims: Vec<String> =
        templates.iter().map(|claim| object::name(claim).to_owned()).collect();
    let is_labelled = desk.minor() >= 28;
    let change = |pod: &mut Value| {
        let metadata = object::metadata(pod);
        metadata.insert("name".into(), name.as_str().into());
        let labels = object::child(metadata, "labels");
        labels.insert(revisions::HASH.into(), revision.into());
        labels.insert("statefulset.kubernetes.io/pod-name".into(), name.as_str().into());
        if is_labelled {
            labels.insert("apps.kubernetes.io/pod-index".into(), ordinal.to_string().into());
        }
        let spec = object::child(object::map(pod), "spec");
        spec.insert("hostname".into(), name.as_str().into());
        if let Some(service) = set.value.pointer("/spec/serviceName").filter(|name| **name != "") {
            spec.insert("subdomain".into(), service.clone());
        }
        let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
        let Some(volumes) = volumes.as_array_mut() else { return };
        volumes
            .retain(|volume| !claims.iter().any(|claim| volume.get("name") == Some(&json!(claim))));
        for claim in &claims {
            volumes.push(json!({
                "name": claim,
                "persistentVolumeClaim": {"claimName": format!("{claim}-{name}")},
            }));
        }
        if volumes.is_empty() {
            spec.shift_remove("volumes");
        }
    };
    replicas::create(desk, set, Some(template), Some(&change)).unwrap_or_default()
}

fn tell(desk: &mut Desk<'_>, set: &Seen<'_>, is_warning: bool, reason: &str, message: &str) {
    let source = "statefulset-controller";
    desk.note(&set.value, &Note { source, is_warning, reason, message });
}
