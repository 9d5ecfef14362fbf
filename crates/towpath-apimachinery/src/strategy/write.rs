//! What becomes of an object between the request and the store: what users cannot set, and what is counted.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/registry`, in the file `strategy.go` of each resource, and
//! `kubernetes/apiserver:pkg/registry/rest/create.go`, `update.go`.

use serde_json::{Map, Value, json};
use towpath_catalog::{Catalog, GroupVersionKind, Minor};

use super::{defaults, normalise, service};
use crate::object;

/// What a kind counts in `metadata.generation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// The fields of this name, and annotations or not.
    Field(&'static str, bool),
    /// Everything outside of metadata, and labels.
    Rest,
    /// It starts with one and stays.
    Once,
}

use Counts::{Field, Once, Rest};

const SPEC: Counts = Field("spec", false);

/// Kinds that have a generation, in the order of group and kind.
const COUNTED: &[(&str, &str, Counts)] = &[
    ("", "Pod", SPEC),
    ("", "PodTemplate", Field("template", false)),
    ("", "ReplicationController", SPEC),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy", SPEC),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", SPEC),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", Field("webhooks", false)),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", SPEC),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", SPEC),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", Field("webhooks", false)),
    ("apiextensions.k8s.io", "CustomResourceDefinition", SPEC),
    ("apps", "DaemonSet", SPEC),
    ("apps", "Deployment", Field("spec", true)),
    ("apps", "ReplicaSet", SPEC),
    ("apps", "StatefulSet", SPEC),
    ("batch", "CronJob", SPEC),
    ("batch", "Job", SPEC),
    ("discovery.k8s.io", "EndpointSlice", Rest),
    ("extensions", "Ingress", SPEC),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", SPEC),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", SPEC),
    ("networking.k8s.io", "Ingress", SPEC),
    ("networking.k8s.io", "IngressClass", SPEC),
    ("networking.k8s.io", "NetworkPolicy", SPEC),
    ("policy", "PodDisruptionBudget", SPEC),
    ("scheduling.k8s.io", "PriorityClass", Once),
];

/// Since then changes of pods are counted.
const COUNTED_PODS: Minor = Minor::new(33);

fn counts(gvk: &GroupVersionKind<'_>, minor: Minor) -> Option<Counts> {
    if (gvk.group, gvk.kind) == ("", "Pod") && minor < COUNTED_PODS {
        return None;
    }
    let key = (gvk.group, gvk.kind);
    let at = COUNTED.binary_search_by(|row| (row.0, row.1).cmp(&key)).ok()?;
    Some(COUNTED[at].2)
}

fn has_status(catalog: &Catalog, gvk: &GroupVersionKind<'_>) -> bool {
    catalog.kind(gvk).is_some_and(|kind| kind.subresource("status").is_some())
}

/// Makes an object ready to be stored for the first time. It has its defaults, and its metadata have name, namespace and
/// uid; addresses are given to Services afterwards.
pub fn prepare_create(catalog: &Catalog, gvk: &GroupVersionKind<'_>, object: &mut Value) {
    let minor = catalog.minor();
    // Nodes say themselves what they can hold.
    if has_status(catalog, gvk) && (gvk.group, gvk.kind) != ("", "Node") {
        object::map(object).shift_remove("status");
    }
    let metadata = object::metadata(object);
    match counts(gvk, minor) {
        Some(_) => metadata.insert("generation".to_owned(), Value::from(1)),
        None => metadata.shift_remove("generation"),
    };
    match (gvk.group, gvk.kind) {
        ("", "Namespace") => held(object::map(object)),
        ("", "Pod") => pending(object),
        ("", "PersistentVolumeClaim") => sources(object::map(object)),
        ("apps", "DaemonSet") => template_generation(object::map(object), 1),
        ("batch", "Job") => own_pods(object, minor),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => stored_versions(object),
        _ => {}
    }
    settle(catalog, gvk, object);
}

/// Stored objects are read with their defaults, and what was added above has some.
fn settle(catalog: &Catalog, gvk: &GroupVersionKind<'_>, object: &mut Value) {
    defaults(catalog, gvk, object);
    normalise(catalog, gvk, object);
}

/// Makes the new state of an object ready to be stored in place of the old one, or of a part of it if a `subresource`
/// is written. Both have their defaults and the version of the request.
pub fn prepare_update(
    catalog: &Catalog,
    gvk: &GroupVersionKind<'_>,
    old: &Value,
    new: &mut Value,
    subresource: Option<&str>,
) {
    keep_metadata(old, new);
    match subresource {
        Some("status") => only_status(gvk, old, new),
        Some("finalize") => keep(old, new, "status"),
        _ => {
            if has_status(catalog, gvk) {
                keep(old, new, "status");
            }
            by_kind(gvk, old, new);
        }
    }
    settle(catalog, gvk, new);
    count(catalog.minor(), gvk, old, new);
}

/// Takes a field from the old state, or away if that has none.
fn keep(old: &Value, new: &mut Value, field: &str) {
    let new = object::map(new);
    match old.get(field) {
        Some(value) => new.insert(field.to_owned(), value.clone()),
        None => new.shift_remove(field),
    };
}

/// What an update never changes, or sets only if it was not set.
fn keep_metadata(old: &Value, new: &mut Value) {
    let Some(old) = old.get("metadata").and_then(Value::as_object) else { return };
    let new = object::metadata(new);
    for field in ["generation", "creationTimestamp"] {
        match old.get(field) {
            Some(value) => new.insert(field.to_owned(), value.clone()),
            None => new.shift_remove(field),
        };
    }
    let is_missing = |new: &Map<String, Value>, field: &str| match new.get(field) {
        None | Some(Value::Null) => true,
        Some(value) => value == "",
    };
    if is_missing(new, "uid")
        && let Some(uid) = old.get("uid")
    {
        new.insert("uid".to_owned(), uid.clone());
    }
    if let Some(time) = old.get("deletionTimestamp") {
        new.insert("deletionTimestamp".to_owned(), time.clone());
        if is_missing(new, "deletionGracePeriodSeconds")
            && let Some(seconds) = old.get("deletionGracePeriodSeconds")
        {
            new.insert("deletionGracePeriodSeconds".to_owned(), seconds.clone());
        }
    }
}

/// Whose metadata a write of the status does not touch at all.
const STATUS_ALONE: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "resource.k8s.io",
    "storagemigration.k8s.io",
];

fn only_status(gvk: &GroupVersionKind<'_>, old: &Value, new: &mut Value) {
    let (status, metadata) = (new.get("status").cloned(), new.get("metadata").cloned());
    *new = old.clone();
    let fields = object::map(new);
    match status {
        Some(status) => fields.insert("status".to_owned(), status),
        None => fields.shift_remove("status"),
    };
    let Some(Value::Object(mut metadata)) = metadata else { return };
    let kept: &[&str] = match (gvk.group, gvk.kind) {
        ("", "Pod") => &["ownerReferences"],
        ("apps", "Deployment") => &["labels"],
        (group, _) if STATUS_ALONE.contains(&group) => {
            &["annotations", "finalizers", "labels", "ownerReferences"]
        }
        _ => &[],
    };
    for field in kept {
        match object::at(old, &["metadata", field]) {
            Some(value) => metadata.insert((*field).to_owned(), value.clone()),
            None => metadata.shift_remove(*field),
        };
    }
    fields.insert("metadata".to_owned(), Value::Object(metadata));
}

fn by_kind(gvk: &GroupVersionKind<'_>, old: &Value, new: &mut Value) {
    match (gvk.group, gvk.kind) {
        ("", "Namespace") => {
            let finalizers = object::at(old, &["spec", "finalizers"]).cloned();
            let spec = object::child(object::map(new), "spec");
            match finalizers {
                Some(finalizers) => spec.insert("finalizers".to_owned(), finalizers),
                None => spec.shift_remove("finalizers"),
            };
        }
        ("", "PersistentVolumeClaim") => sources(object::map(new)),
        ("", "Service") => service::keep_allocated(old, new),
        ("certificates.k8s.io", "CertificateSigningRequest") => keep(old, new, "spec"),
        ("apps", "DaemonSet") => {
            let was = object::text(old, &["metadata", "annotations", TEMPLATE_GENERATION]);
            let was: i64 = was.and_then(|text| text.parse().ok()).unwrap_or(1);
            let path = ["spec", "template"];
            let is_same = object::at(old, &path) == object::at(new, &path);
            template_generation(object::map(new), if is_same { was } else { was + 1 });
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => stored_versions(new),
        _ => {}
    }
}

fn count(minor: Minor, gvk: &GroupVersionKind<'_>, old: &Value, new: &mut Value) {
    let changed = |path: &[&str]| object::at(old, path) != object::at(new, path);
    let is_changed = match counts(gvk, minor) {
        None | Some(Once) => false,
        Some(Field(field, counts_annotations)) => {
            changed(&[field]) || (counts_annotations && changed(&["metadata", "annotations"]))
        }
        Some(Rest) => {
            let others = |one: &Value| -> Map<String, Value> {
                let fields = one.as_object().cloned().unwrap_or_default();
                fields.into_iter().filter(|(name, _)| name != "metadata").collect()
            };
            changed(&["metadata", "labels"]) || others(old) != others(new)
        }
    };
    if is_changed {
        let was = object::at(old, &["metadata", "generation"]).and_then(Value::as_i64);
        let generation = Value::from(was.unwrap_or_default() + 1);
        object::metadata(new).insert("generation".to_owned(), generation);
    }
}

/// A namespace stays until it is empty.
fn held(fields: &mut Map<String, Value>) {
    let finalizers = object::child(fields, "spec").entry("finalizers").or_insert(json!([]));
    if !finalizers.is_array() {
        *finalizers = json!([]);
    }
    if let Value::Array(names) = finalizers
        && !names.iter().any(|name| name == "kubernetes")
    {
        names.push(Value::from("kubernetes"));
    }
}

/// A new pod waits for a node.
fn pending(pod: &mut Value) {
    let class = quality(pod);
    object::map(pod).insert("status".to_owned(), json!({"phase": "Pending", "qosClass": class}));
}

/// The class of service of a pod: all containers request what they are granted at most, some request anything, or none.
fn quality(pod: &Value) -> &'static str {
    let list = |name| object::at(pod, &["spec", name]).and_then(Value::as_array);
    let containers: Vec<&Value> =
        ["containers", "initContainers"].into_iter().filter_map(list).flatten().collect();
    let amount = |container: &Value, kind: &str, resource: &str| {
        let amount = object::at(container, &["resources", kind, resource]).cloned();
        amount.filter(|amount| amount != "0")
    };
    let resources = ["cpu", "memory"];
    let is_any = |container: &&Value| {
        resources.iter().any(|resource| {
            ["limits", "requests"].iter().any(|kind| amount(container, kind, resource).is_some())
        })
    };
    let is_full = |container: &&Value| {
        resources.iter().all(|resource| {
            let limit = amount(container, "limits", resource);
            limit.is_some() && limit == amount(container, "requests", resource)
        })
    };
    if !containers.iter().any(is_any) {
        "BestEffort"
    } else if containers.iter().all(is_full) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Where a claim gets its content from has two names.
fn sources(fields: &mut Map<String, Value>) {
    let spec = object::child(fields, "spec");
    let get = |name: &str| spec.get(name).filter(|source| !source.is_null()).cloned();
    match (get("dataSource"), get("dataSourceRef")) {
        (Some(source), None) => {
            spec.insert("dataSourceRef".to_owned(), source);
        }
        (None, Some(source)) if source.get("namespace").is_none_or(Value::is_null) => {
            spec.insert("dataSource".to_owned(), source);
        }
        _ => {}
    }
}

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn template_generation(fields: &mut Map<String, Value>, generation: i64) {
    let annotations = object::child(object::child(fields, "metadata"), "annotations");
    annotations.insert(TEMPLATE_GENERATION.to_owned(), Value::from(generation.to_string()));
}

/// Since then labels of Jobs have a prefix.
const PREFIXED: Minor = Minor::new(27);

/// A Job finds its pods by its uid, unless its author knows better.
fn own_pods(job: &mut Value, minor: Minor) {
    if object::at(job, &["spec", "manualSelector"]) == Some(&Value::Bool(true)) {
        return;
    }
    let uid = Value::from(object::text(job, &["metadata", "uid"]).unwrap_or_default());
    let name = Value::from(object::name(job));
    let spec = object::child(object::map(job), "spec");
    let template = object::child(object::child(spec, "template"), "metadata");
    let labels = object::child(template, "labels");
    let prefixes: &[&str] = if minor >= PREFIXED { &["", "batch.kubernetes.io/"] } else { &[""] };
    for prefix in prefixes {
        labels.entry(format!("{prefix}controller-uid")).or_insert(uid.clone());
        labels.entry(format!("{prefix}job-name")).or_insert(name.clone());
    }
    let prefix = prefixes.last().copied().unwrap_or_default();
    let selector = object::child(object::child(spec, "selector"), "matchLabels");
    selector.entry(format!("{prefix}controller-uid")).or_insert(uid);
}

/// The version that a definition stores was stored from now on.
fn stored_versions(definition: &mut Value) {
    let versions = object::at(definition, &["spec", "versions"]).and_then(Value::as_array);
    let is_stored = |version: &&Value| version.get("storage") == Some(&Value::Bool(true));
    let stored = versions.into_iter().flatten().find(is_stored);
    let Some(name) = stored.and_then(|version| version.get("name")).cloned() else { return };
    let status = object::child(object::map(definition), "status");
    let names = status.entry("storedVersions").or_insert(json!([]));
    if !names.is_array() {
        *names = json!([]);
    }
    if let Value::Array(names) = names
        && !names.contains(&name)
    {
        names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::COUNTED;

    #[test]
    fn rows_are_sorted() {
        assert!(COUNTED.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }
}
