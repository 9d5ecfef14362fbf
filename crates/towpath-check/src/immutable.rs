//! Fields that the API server never lets change, before and after.
//!
//! [`findings`] compares the objects of two states of the same clusters. Must not tell of objects that are new or gone: who
//! takes another name is made anew. What is compared is what is written: a field that is left out on one side may be filled
//! in by the server with the same value, so only what both sides say counts, or what has no default.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_catalog::GroupVersionKind;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use crate::given::Given;
use crate::judge::Chosen;
use crate::look::{at, differences, text};
use crate::rules::IMMUTABLE_CHANGE;
use crate::subject::{Subject, TargetId};

/// What would be refused of the change from `before` to `after`: an object is told once for all environments where the same
/// of it changed.
#[must_use]
pub fn findings(chosen: &Chosen, before: &Given, after: &Given) -> Vec<Finding> {
    if !chosen.has(IMMUTABLE_CHANGE) {
        return Vec::new();
    }
    let mut told: BTreeMap<(usize, Vec<String>), Vec<EnvironmentName>> = BTreeMap::new();
    for (was, is, environment) in pairs(before, after) {
        let (old, new) = (&before.subjects[was].value, &after.subjects[is].value);
        if old == new {
            continue;
        }
        let subject = &after.subjects[is];
        let fields = changed(&subject.head.gvk(), old, new);
        // To be made anew is what the annotation is for in a Job.
        if fields.is_empty() || (subject.head.kind == "Job" && is_forced(subject)) {
            continue;
        }
        let environments = told.entry((is, fields)).or_default();
        if let Some(name) = environment.filter(|name| !environments.contains(name)) {
            environments.push(name.clone());
        }
    }
    let findings = told.into_iter().map(|((place, fields), environments)| {
        finding(&after.subjects[place], &fields, environments)
    });
    findings.collect()
}

type Key<'g> = (&'g str, &'g str, &'g str, &'g str);

/// The objects that both states have, by their places, with the environment.
fn pairs<'g>(
    before: &'g Given,
    after: &'g Given,
) -> Vec<(usize, usize, Option<&'g EnvironmentName>)> {
    let mut found = Vec::new();
    let was = by_target(before);
    let is = by_target(after);
    for (old_id, target) in (0..).map(TargetId).zip(&before.targets) {
        let Some(new_id) = after.targets.iter().position(|now| now.place == target.place) else {
            continue;
        };
        let new_id = TargetId(u32::try_from(new_id).unwrap_or(u32::MAX));
        let (Some(was), Some(is)) = (was.get(&old_id), is.get(&new_id)) else { continue };
        for (key, old) in was {
            if let Some(new) = is.get(key) {
                found.push((*old, *new, target.environment()));
            }
        }
    }
    found
}

/// The objects with fields that cannot change, of each target.
fn by_target(given: &Given) -> BTreeMap<TargetId, BTreeMap<Key<'_>, usize>> {
    let mut found: BTreeMap<TargetId, BTreeMap<Key<'_>, usize>> = BTreeMap::new();
    for (place, subject) in given.subjects.iter().enumerate() {
        let head = &subject.head;
        let kind = head.gvk();
        // A name that the server makes up is another one each time.
        let is_named = text(&subject.value, &["metadata", "name"]).is_some();
        if !is_named || !has_facts(&kind) {
            continue;
        }
        let key = (kind.group, kind.kind, &*head.namespace, &*head.name);
        for id in head.targets.iter() {
            found.entry(*id).or_default().insert(key, place);
        }
    }
    found
}

fn finding(subject: &Subject, fields: &[String], environments: Vec<EnvironmentName>) -> Finding {
    const MOST: usize = 5;
    let mut named: Vec<String> = fields.iter().take(MOST).cloned().collect();
    if fields.len() > MOST {
        named.push(format!("{} more", fields.len() - MOST));
    }
    let is_job = subject.head.gvk().kind == "Job";
    let (severity, what) = if is_forced(subject) {
        (Severity::Info, "so it is deleted and made anew, as its annotation allows")
    } else if is_job && at(&subject.value, &["spec", "ttlSecondsAfterFinished"]).is_some() {
        (Severity::Warning, "so the change is refused as long as the old one is there")
    } else {
        (Severity::Error, "so the change is refused")
    };
    Finding {
        rule: IMMUTABLE_CHANGE,
        severity,
        environments,
        object: Some(subject.head.reference()),
        field: fields.first().cloned(),
        at: subject.head.at.clone(),
        message: format!(
            "{} of a {} cannot change, {what}",
            crate::sight::list(&named),
            subject.head.kind
        ),
        fix: "give the object another name, or delete the old one first in a change of its own"
            .to_owned(),
    }
}

/// Whether Flux may delete an object that it cannot change
/// (`fluxcd/kustomize-controller:api/v1/kustomization_types.go`).
fn is_forced(subject: &Subject) -> bool {
    let annotation = "kustomize.toolkit.fluxcd.io/force";
    text(&subject.value, &["metadata", "annotations", annotation])
        .is_some_and(|value| value.eq_ignore_ascii_case("enabled"))
}

/// How a field is kept from changing.
#[derive(Clone, Copy)]
enum Kept {
    /// As it was written: leaving it out is a change.
    Always,
    /// Once it is written on both sides; left out, the server keeps what is there or fills in what depends on the cluster.
    Written,
    /// As it was written; left out, it is this.
    Or(&'static str),
    /// Everything below but these.
    But(&'static [&'static str]),
}

/// Fields that the server never lets change, by kind, from its validation of updates
/// (`kubernetes/kubernetes:pkg/apis/apps/validation/validation.go`, `batch`, `core`, `rbac`, `storage`). Those of
/// definitions are told by [`crate::changes`].
const FACTS: &[(&str, &str, &[&str], Kept)] = &[
    ("apps", "Deployment", &["spec", "selector"], Kept::Always),
    ("apps", "ReplicaSet", &["spec", "selector"], Kept::Always),
    ("apps", "DaemonSet", &["spec", "selector"], Kept::Always),
    ("apps", "StatefulSet", &["spec", "podManagementPolicy"], Kept::Or("OrderedReady")),
    (
        "apps",
        "StatefulSet",
        &["spec"],
        Kept::But(&[
            "podManagementPolicy",
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ]),
    ),
    ("batch", "Job", &["spec", "selector"], Kept::Written),
    ("batch", "Job", &["spec", "completionMode"], Kept::Or("NonIndexed")),
    ("batch", "Job", &["spec", "podFailurePolicy"], Kept::Always),
    ("batch", "Job", &["spec", "backoffLimitPerIndex"], Kept::Always),
    ("batch", "Job", &["spec", "successPolicy"], Kept::Always),
    ("batch", "Job", &["spec", "managedBy"], Kept::Always),
    ("", "PersistentVolumeClaim", &["spec", "accessModes"], Kept::Written),
    ("", "PersistentVolumeClaim", &["spec", "selector"], Kept::Always),
    ("", "PersistentVolumeClaim", &["spec", "storageClassName"], Kept::Written),
    ("", "PersistentVolumeClaim", &["spec", "volumeMode"], Kept::Or("Filesystem")),
    ("", "PersistentVolumeClaim", &["spec", "volumeName"], Kept::Written),
    ("", "PersistentVolumeClaim", &["spec", "dataSource"], Kept::Always),
    ("storage.k8s.io", "StorageClass", &["provisioner"], Kept::Always),
    ("storage.k8s.io", "StorageClass", &["parameters"], Kept::Always),
    ("storage.k8s.io", "StorageClass", &["reclaimPolicy"], Kept::Or("Delete")),
    ("storage.k8s.io", "StorageClass", &["volumeBindingMode"], Kept::Or("Immediate")),
    ("storage.k8s.io", "CSIDriver", &["spec", "attachRequired"], Kept::Written),
    ("storage.k8s.io", "CSIDriver", &["spec", "volumeLifecycleModes"], Kept::Written),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef", "kind"], Kept::Always),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef", "name"], Kept::Always),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef", "kind"], Kept::Always),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef", "name"], Kept::Always),
    ("scheduling.k8s.io", "PriorityClass", &["value"], Kept::Always),
    ("scheduling.k8s.io", "PriorityClass", &["preemptionPolicy"], Kept::Or("PreemptLowerPriority")),
    ("node.k8s.io", "RuntimeClass", &["handler"], Kept::Always),
    ("networking.k8s.io", "IngressClass", &["spec", "controller"], Kept::Always),
    ("", "Secret", &["type"], Kept::Or("Opaque")),
];

/// Kinds of which only what `immutable` seals, a type decides or a template is cannot change.
const SPECIAL: [(&str, &str); 4] =
    [("", "ConfigMap"), ("", "Secret"), ("", "Service"), ("batch", "Job")];

fn has_facts(kind: &GroupVersionKind<'_>) -> bool {
    let of = (kind.group, kind.kind);
    SPECIAL.contains(&of) || FACTS.iter().any(|(group, name, _, _)| (*group, *name) == of)
}

/// The fields that changed and cannot.
fn changed(kind: &GroupVersionKind<'_>, was: &Value, is: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let own = FACTS.iter().filter(|(group, name, _, _)| (kind.group, kind.kind) == (*group, *name));
    for (_, _, path, kept) in own {
        let (old, new) = (at(was, path), at(is, path));
        match kept {
            Kept::Always if plain(old) != plain(new) => found.push(path.join(".")),
            Kept::Written if old.is_some() && new.is_some() && old != new => {
                found.push(path.join("."));
            }
            Kept::Or(default) => {
                let said = |value: Option<&Value>| {
                    plain(value).map_or_else(|| (*default).into(), Value::clone)
                };
                if said(old) != said(new) {
                    found.push(path.join("."));
                }
            }
            Kept::But(free) => found.extend(all_but(free, old, new, &path.join("."))),
            Kept::Always | Kept::Written => {}
        }
    }
    match (kind.group, kind.kind) {
        ("", "ConfigMap" | "Secret") => found.extend(sealed(was, is)),
        ("", "Service") => found.extend(address(was, is)),
        ("batch", "Job") => found.extend(template(was, is)),
        _ => {}
    }
    found.sort();
    found.dedup();
    found
}

/// What is null or empty is as good as left out.
fn plain(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
        _ => true,
    })
}

/// Fields below a place that are on no list. What one side leaves out may be a default of the server; what has none is
/// named here.
fn all_but(free: &[&str], was: Option<&Value>, is: Option<&Value>, path: &str) -> Vec<String> {
    const WITHOUT_DEFAULT: [&str; 3] = ["selector", "serviceName", "volumeClaimTemplates"];
    let (Some(Value::Object(was)), Some(Value::Object(is))) = (was, is) else { return Vec::new() };
    let keys = was.keys().chain(is.keys()).filter(|key| !free.contains(&key.as_str()));
    let differ = keys.filter(|key| {
        let (old, new) = (plain(was.get(*key)), plain(is.get(*key)));
        let both = old.is_some() && new.is_some();
        old != new && (both || WITHOUT_DEFAULT.contains(&key.as_str()))
    });
    differ.map(|key| format!("{path}.{key}")).collect()
}

/// Contents of what was made immutable, and that it was.
fn sealed(was: &Value, is: &Value) -> Vec<String> {
    let immutable = |value: &Value| value.get("immutable") == Some(&Value::Bool(true));
    // What SOPS seals looks another way each time.
    let is_unreadable = [was, is].iter().any(|value| value.get("sops").is_some());
    if !immutable(was) || is_unreadable {
        return Vec::new();
    }
    let mut found: Vec<String> = ["data", "binaryData", "stringData"]
        .into_iter()
        .filter(|field| plain(was.get(*field)) != plain(is.get(*field)))
        .map(str::to_owned)
        .collect();
    if !immutable(is) {
        found.push("immutable".to_owned());
    }
    found
}

/// The address of a Service, unless its type changes to or from one without. One that did not ask for an address has got
/// one: it cannot become headless.
fn address(was: &Value, is: &Value) -> Option<String> {
    let is_external = |value| text(value, &["spec", "type"]) == Some("ExternalName");
    let address = |value| text(value, &["spec", "clusterIP"]).filter(|ip: &&str| !ip.is_empty());
    let (old, new) = (address(was), address(is)?);
    (old != Some(new) && (old.is_some() || new == "None") && !is_external(was) && !is_external(is))
        .then(|| "spec.clusterIP".to_owned())
}

/// Fields of the template of a Job: a suspended one may get other places to run at and other resources.
fn template(was: &Value, is: &Value) -> Vec<String> {
    let path = ["spec", "template"];
    let (Some(old), Some(new)) = (at(was, &path), at(is, &path)) else { return Vec::new() };
    let suspended = |value| at(value, &["spec", "suspend"]) == Some(&Value::Bool(true));
    const FREE: [&str; 8] = [
        "spec.template.spec.nodeSelector",
        "spec.template.spec.affinity",
        "spec.template.spec.tolerations",
        "spec.template.spec.schedulingGates",
        "spec.template.metadata.labels",
        "spec.template.metadata.annotations",
        "spec.template.spec.containers",
        "spec.template.spec.initContainers",
    ];
    let is_free =
        |field: &String| suspended(was) && FREE.iter().any(|free| field.starts_with(free));
    differences(old, new, "spec.template").into_iter().filter(|field| !is_free(field)).collect()
}
