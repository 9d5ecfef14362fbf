//! What of a live cluster comes into a sandbox, in which order and in which form.
//!
//! A clone is written by requests, as everything is: what the sandbox's version refuses of it is what the rehearsal is
//! for. What clusters make by themselves stays behind, and the sandbox makes its own; what was made by controllers that do
//! not run in a sandbox comes along. Must not decide what becomes of a request, and must not ask a cluster for anything.
//!
//! Next: `placeholder.rs` for what stands for the values of Secrets; `towpath-apiserver` sends the steps.

mod placeholder;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use towpath_catalog::{GroupVersionKind, is_built_in_group};

use crate::object::{at, map, metadata, name, namespace, text};
use crate::resource::qualified;

/// What comes along only if it is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The values of Secrets; otherwise placeholders stand for them.
    pub secrets: bool,
    /// The configurations of webhooks, which nothing answers in a sandbox.
    pub webhooks: bool,
}

/// Why an object stays behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// A cluster makes it by itself: the sandbox has its own.
    Made,
    /// A controller that the sandbox has makes it of another object.
    Controlled,
    /// It is on its way out.
    Deleted,
    /// Nothing in a sandbox answers for it.
    Unanswered,
}

impl LeftOut {
    /// The reason, as a person reads it.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            LeftOut::Made => "clusters make them by themselves",
            LeftOut::Controlled => "the sandbox makes them of their owners",
            LeftOut::Deleted => "they are being deleted",
            LeftOut::Unanswered => "nothing in a sandbox answers for them",
        }
    }
}

/// An object that is to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The object without what a server gives it. Its owners are those of the live cluster.
    pub object: Value,
    /// Its status, where no controller of the sandbox would give it one.
    pub status: Option<Value>,
    /// What the live cluster knows it by.
    pub uid: String,
}

/// A clone, before it is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What is created, in order: owners before what they own, definitions before their objects.
    pub steps: Vec<Step>,
    /// How many objects stay behind, by their kind, `ReplicaSet.apps`.
    pub left_out: BTreeMap<(LeftOut, String), usize>,
}

/// Kinds that clusters make, by group; `*`: all of a group.
const MADE: &[(&str, &str)] = &[
    ("", "Endpoints"),
    ("", "Event"),
    ("", "ComponentStatus"),
    ("apps", "ControllerRevision"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("cilium.io", "CiliumEndpoint"),
    ("cilium.io", "CiliumIdentity"),
    ("coordination.k8s.io", "*"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("events.k8s.io", "*"),
    ("internal.apiserver.k8s.io", "*"),
    ("networking.k8s.io", "IPAddress"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "VolumeAttachment"),
];

/// What refuses or changes other objects comes last, so that it does not judge the clone itself.
const JUDGES: &[(&str, &str)] =
    &[("", "LimitRange"), ("", "ResourceQuota"), ("admissionregistration.k8s.io", "*")];

/// Labels with which the controller of Jobs marks its pods.
const OF_JOBS: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether objects of a kind can come along at all: nobody needs to ask for others.
#[must_use]
pub fn is_asked_for(group: &str, kind: &str) -> bool {
    !is_one_of(MADE, &GroupVersionKind { group, version: "", kind })
}

/// Orders what a live cluster holds. What is no object, without a kind or a name, is dropped: servers list none.
#[must_use]
pub fn plan(objects: impl IntoIterator<Item = Value>, options: Options) -> Plan {
    let mut plan = Plan::default();
    let mut ranked: Vec<(u8, Step)> = Vec::new();
    for object in objects {
        let (Some(api_version), Some(kind)) =
            (text(&object, &["apiVersion"]), text(&object, &["kind"]))
        else {
            continue;
        };
        let gvk = GroupVersionKind::of(api_version, kind);
        match left_out(&gvk, &object, options) {
            Some(why) => {
                *plan.left_out.entry((why, qualified(gvk.kind, gvk.group))).or_default() += 1
            }
            None => {
                let rank = rank(&gvk);
                ranked.push((rank, step(object, options)));
            }
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    plan.steps = owners_first(ranked.into_iter().map(|(_, step)| step).collect());
    plan
}

fn is_one_of(kinds: &[(&str, &str)], gvk: &GroupVersionKind<'_>) -> bool {
    kinds.iter().any(|(group, kind)| *group == gvk.group && (*kind == "*" || *kind == gvk.kind))
}

fn left_out(gvk: &GroupVersionKind<'_>, object: &Value, options: Options) -> Option<LeftOut> {
    let has = |path: &[&str], value: &str| text(object, path) == Some(value);
    if at(object, &["metadata", "deletionTimestamp"]).is_some_and(|it| !it.is_null()) {
        return Some(LeftOut::Deleted);
    }
    let controllers = owners(object).filter(|owner| owner["controller"] == true);
    let is_built_in = |owner: &&Value| {
        let of = GroupVersionKind::of(owner["apiVersion"].as_str().unwrap_or_default(), "");
        is_built_in_group(of.group)
    };
    if controllers.filter(is_built_in).count() > 0 {
        return Some(LeftOut::Controlled);
    }
    if is_one_of(MADE, gvk) {
        return Some(LeftOut::Made);
    }
    let is_made = match (gvk.group, gvk.kind) {
        ("", "Pod") => {
            at(object, &["metadata", "annotations", "kubernetes.io/config.mirror"]).is_some()
        }
        ("", "ConfigMap") => name(object) == "kube-root-ca.crt",
        ("", "Service") => namespace(object) == "default" && name(object) == "kubernetes",
        ("", "Secret") => {
            let kind = text(object, &["type"]).unwrap_or_default();
            kind == "kubernetes.io/service-account-token" || kind == "bootstrap.kubernetes.io/token"
        }
        ("rbac.authorization.k8s.io", _) => {
            has(&["metadata", "labels", "kubernetes.io/bootstrapping"], "rbac-defaults")
        }
        ("flowcontrol.apiserver.k8s.io", _) => {
            has(&["metadata", "annotations", "apf.kubernetes.io/autoupdate-spec"], "true")
        }
        ("networking.k8s.io", "ServiceCIDR") => name(object) == "kubernetes",
        _ => false,
    };
    if is_made {
        return Some(LeftOut::Made);
    }
    let is_webhook =
        gvk.group == "admissionregistration.k8s.io" && gvk.kind.ends_with("WebhookConfiguration");
    let is_service = (gvk.group, gvk.kind) == ("apiregistration.k8s.io", "APIService");
    (is_service || (is_webhook && !options.webhooks)).then_some(LeftOut::Unanswered)
}

fn rank(gvk: &GroupVersionKind<'_>) -> u8 {
    match (gvk.group, gvk.kind) {
        ("", "Namespace") => 0,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => 1,
        _ if is_one_of(JUDGES, gvk) => 9,
        ("scheduling.k8s.io" | "storage.k8s.io" | "node.k8s.io", _) => 2,
        ("", "ServiceAccount" | "Secret" | "ConfigMap" | "PersistentVolume" | "Node") => 3,
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => 4,
        (group, _) if is_built_in_group(group) => 5,
        _ => 6,
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    at(object, &["metadata", "ownerReferences"]).and_then(Value::as_array).into_iter().flatten()
}

fn owner_uids(object: &Value) -> impl Iterator<Item = &str> {
    owners(object).filter_map(|owner| owner["uid"].as_str())
}

/// Keeps the order but for what would come before its owners. What own each other come as they are.
fn owners_first(steps: Vec<Step>) -> Vec<Step> {
    let mut waiting: BTreeSet<String> = steps.iter().map(|step| step.uid.clone()).collect();
    let mut ordered = Vec::with_capacity(steps.len());
    let mut left = steps;
    loop {
        let before = left.len();
        let mut later = Vec::new();
        for step in left {
            let is_early =
                owner_uids(&step.object).any(|uid| uid != step.uid && waiting.contains(uid));
            if is_early {
                later.push(step);
            } else {
                waiting.remove(&step.uid);
                ordered.push(step);
            }
        }
        if later.len() == before || later.is_empty() {
            ordered.extend(later);
            return ordered;
        }
        left = later;
    }
}

fn step(mut object: Value, options: Options) -> Step {
    let api_version = text(&object, &["apiVersion"]).unwrap_or_default().to_owned();
    let kind = text(&object, &["kind"]).unwrap_or_default().to_owned();
    let gvk = GroupVersionKind::of(&api_version, &kind);
    let uid = text(&object, &["metadata", "uid"]).unwrap_or_default().to_owned();
    let of_server =
        ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"];
    for field in of_server {
        metadata(&mut object).remove(field);
    }
    let status = map(&mut object).remove("status").filter(|_| !is_built_in_group(gvk.group));
    match (gvk.group, gvk.kind) {
        ("", "Secret") if !options.secrets => placeholder::replace(&mut object),
        ("", "Service") => forget_addresses(&mut object),
        ("", "PersistentVolume") => {
            if let Some(Value::Object(claim)) = object.pointer_mut("/spec/claimRef") {
                claim.retain(|field, _| field != "uid" && field != "resourceVersion");
            }
        }
        ("batch", "Job") => forget_selector(&mut object),
        _ => {}
    }
    Step { object, status, uid }
}

/// Addresses are the sandbox's to give; that there is none is part of what a service is.
fn forget_addresses(service: &mut Value) {
    let is_headless = text(service, &["spec", "clusterIP"]) == Some("None");
    if let Some(Value::Object(spec)) = service.get_mut("spec") {
        spec.remove("healthCheckNodePort");
        if !is_headless {
            spec.remove("clusterIP");
            spec.remove("clusterIPs");
        }
    }
}

/// The selector of a Job names its uid, and is made anew.
fn forget_selector(job: &mut Value) {
    if at(job, &["spec", "manualSelector"]) == Some(&Value::Bool(true)) {
        return;
    }
    if let Some(Value::Object(spec)) = job.get_mut("spec") {
        spec.remove("selector");
    }
    for place in ["/metadata/labels", "/spec/template/metadata/labels"] {
        if let Some(Value::Object(labels)) = job.pointer_mut(place) {
            labels.retain(|label, _| !OF_JOBS.contains(&label.as_str()));
        }
    }
}

/// Gives an object the owners that it has in the sandbox; one that is not there is no owner, or the object would be
/// collected as garbage.
pub fn reown(object: &mut Value, uids: &BTreeMap<String, String>) {
    let metadata: &mut Map<String, Value> = metadata(object);
    let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") else { return };
    owners.retain_mut(|owner| {
        let new = owner["uid"].as_str().and_then(|uid| uids.get(uid));
        if let Some(new) = new {
            owner["uid"] = new.as_str().into();
        }
        new.is_some()
    });
    if owners.is_empty() {
        metadata.remove("ownerReferences");
    }
}

#[cfg(test)]
mod tests;
