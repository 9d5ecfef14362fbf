//! The order of objects: as they came, or the legacy one, in which what others need comes first.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/builtins/SortOrderTransformer.go`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::Identity;
use crate::kustomize::set::Set;
use crate::kustomize::shape::{items, text};

/// Kinds that come first, unless the kustomization has its own list.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
/// Kinds that come last.
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Where a kind stands among others by default: its rank, and what decides between kinds of one rank.
pub(crate) fn legacy_rank(group: &str, version: &str, kind: &str) -> (i64, String) {
    (rank(&FIRST, &LAST, kind), kind_text(group, version, kind))
}

/// Brings objects into the order that `sortOptions` asks for.
///
/// # Errors
/// The options make no sense.
pub(crate) fn sort(set: &mut Set, options: Option<&Value>) -> Result<(), String> {
    let order = options.map(|options| text(options, "order"));
    let legacy = options.and_then(|options| options.get("legacySortOptions"));
    match (order.as_deref(), legacy) {
        (None | Some("legacy"), None) => by_kind(set, &FIRST, &LAST),
        (Some("legacy"), Some(own)) => {
            let list = |name| items(own, name).iter().filter_map(Value::as_str).collect::<Vec<_>>();
            by_kind(set, &list("orderFirst"), &list("orderLast"));
        }
        (Some("fifo"), None) => {}
        (Some("fifo"), Some(_)) => {
            return Err("`legacySortOptions` is set, but the order is fifo, not legacy".to_owned());
        }
        (other, _) => {
            let other = other.unwrap_or_default();
            return Err(format!("`order` is `{other}`: it must be fifo or legacy"));
        }
    }
    Ok(())
}

/// Rank, the rank of a namespace among other kinds of that name, the kind's text and the object's.
type Key = (i64, String, String);

fn by_kind(set: &mut Set, first: &[&str], last: &[&str]) {
    let mut keyed: Vec<(Key, bool, _)> = set
        .take()
        .into_iter()
        .map(|resource| {
            let id = resource.identity();
            let kind = kind_text(&id.group, &id.version, &id.kind);
            let core_namespace = id.kind == "Namespace" && id.group.is_empty();
            ((rank(first, last, &id.kind), kind, id_text(&id)), core_namespace, resource)
        })
        .collect();
    keyed.sort_by(|(a, a_core, _), (b, b_core, _)| {
        a.0.cmp(&b.0).then_with(|| {
            // Kubernetes' own namespaces come before anything else that is called so.
            let both_namespaces = (a_core | b_core) && namespace_text(&a.1) && namespace_text(&b.1);
            match a.1.cmp(&b.1) {
                Ordering::Equal => a.2.cmp(&b.2),
                order if both_namespaces => order.reverse(),
                order => order,
            }
        })
    });
    set.replace(keyed.into_iter().map(|(_, _, resource)| resource));
}

fn namespace_text(kind: &str) -> bool {
    kind.ends_with("_Namespace")
}

fn rank(first: &[&str], last: &[&str], kind: &str) -> i64 {
    let position = |list: &[&str]| {
        list.iter().rposition(|name| *name == kind).and_then(|at| i64::try_from(at).ok())
    };
    let length = i64::try_from(first.len()).unwrap_or(i64::MAX);
    position(last).map(|at| at + 1).or_else(|| position(first).map(|at| at - length)).unwrap_or(0)
}

fn or<'t>(text: &'t str, none: &'t str) -> &'t str {
    if text.is_empty() { none } else { text }
}

fn kind_text(group: &str, version: &str, kind: &str) -> String {
    format!("{}_{}_{}", or(group, "~G"), or(version, "~V"), or(kind, "~K"))
}

fn id_text(id: &Identity) -> String {
    let (kind, version) = (or(&id.kind, "[noKind]"), or(&id.version, "[noVer]"));
    let (namespace, name) = (or(&id.namespace, "~X"), or(&id.name, "~N"));
    format!("{kind}.{version}.{}|{namespace}|{name}", or(&id.group, "[noGrp]"))
}
