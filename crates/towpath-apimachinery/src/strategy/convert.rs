//! One object in another version of its kind.
//!
//! Most versions of a kind have one shape, and only the name changes. Where the shapes differ, what the other version has
//! no place for is kept in annotations if the server does so, and is lost otherwise.
//!
//! Where to go next: `convert/autoscaler.rs`, `convert/definition.rs`; the others are short.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/apis/GROUP/VERSION/conversion.go`.

mod autoscaler;
mod definition;

use serde_json::{Map, Value, json};
use towpath_catalog::{GroupVersionKind, Stability};

use crate::object;

type Fields = Map<String, Value>;

/// The version in which a cluster that knows these kinds holds the objects of one: the one that has come furthest, which
/// has a place for everything. Kinds that two groups share are held in one. `None` if there is no such kind.
#[must_use]
pub fn storage_version<'c>(
    kinds: impl Iterator<Item = GroupVersionKind<'c>>,
    group: &str,
    kind: &str,
) -> Option<GroupVersionKind<'c>> {
    let group = match (group, kind) {
        ("events.k8s.io", "Event") => "",
        ("extensions", "Ingress") => "networking.k8s.io",
        (group, _) => group,
    };
    kinds.filter(|gvk| gvk.kind == kind && gvk.group == group).max_by_key(rank)
}

/// How far a version has come: `v2` is before `v1`, and both are before every beta.
fn rank(gvk: &GroupVersionKind<'_>) -> (Stability, Vec<u32>) {
    let numbers = gvk.version.split(|c: char| !c.is_ascii_digit());
    (gvk.stability(), numbers.filter_map(|number| number.parse().ok()).collect())
}

/// Rewrites an object of one version in another of the same kind. False, and the object stays as it is, if these are
/// not two versions of one kind.
pub fn convert(object: &mut Value, from: &GroupVersionKind<'_>, to: &GroupVersionKind<'_>) -> bool {
    let shared = |group: &str| match (group, from.kind) {
        ("events.k8s.io", "Event") => String::new(),
        ("extensions", "Ingress") => "networking.k8s.io".to_owned(),
        (group, _) => group.to_owned(),
    };
    if from.kind != to.kind || shared(from.group) != shared(to.group) {
        return false;
    }
    if from == to {
        return true;
    }
    let fields = object::map(object);
    match (from.group, from.kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => {
            autoscaler::convert(fields, from.version, to.version);
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            definition::convert(fields, to.version);
        }
        ("networking.k8s.io" | "extensions", "Ingress") => {
            ingress(fields, from.version, to.version)
        }
        ("policy", "PodDisruptionBudget") => budget(fields, to.version),
        ("discovery.k8s.io", "EndpointSlice") => slice(fields, to.version),
        ("" | "events.k8s.io", "Event") => event(fields, from.group, to.group),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => level(fields, to.version),
        _ => {}
    }
    fields.insert("apiVersion".to_owned(), Value::from(to.api_version()));
    true
}

/// Moves what is there under another name.
fn rename(fields: &mut Fields, from: &str, to: &str) {
    if let Some(value) = fields.shift_remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

fn below<'a>(fields: &'a mut Fields, name: &str) -> Option<&'a mut Fields> {
    fields.get_mut(name).and_then(Value::as_object_mut)
}

fn items<'a>(fields: &'a mut Fields, name: &str) -> impl Iterator<Item = &'a mut Fields> {
    let list = fields.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn ingress(fields: &mut Fields, from: &str, to: &str) {
    let Some(spec) = below(fields, "spec").filter(|_| from != to) else { return };
    let change: fn(&mut Fields) = if to == "v1" { new_backend } else { old_backend };
    let (was, is) =
        if to == "v1" { ("backend", "defaultBackend") } else { ("defaultBackend", "backend") };
    rename(spec, was, is);
    below(spec, is).into_iter().for_each(change);
    for rule in items(spec, "rules") {
        let Some(http) = below(rule, "http") else { continue };
        for path in items(http, "paths") {
            if path.get("pathType").is_none_or(Value::is_null) {
                path.insert("pathType".to_owned(), Value::from("ImplementationSpecific"));
            }
            below(path, "backend").into_iter().for_each(change);
        }
    }
}

fn new_backend(backend: &mut Fields) {
    let name = backend.shift_remove("serviceName").filter(|name| name != "");
    let port = backend.shift_remove("servicePort");
    let mut service = Fields::new();
    if let Some(name) = name {
        service.insert("name".to_owned(), name);
    }
    let key = if port.as_ref().is_some_and(Value::is_string) { "name" } else { "number" };
    if let Some(port) = port.filter(|port| *port != 0 && *port != "") {
        service.insert("port".to_owned(), json!({key: port}));
    }
    if !service.is_empty() {
        backend.insert("service".to_owned(), Value::Object(service));
    }
}

fn old_backend(backend: &mut Fields) {
    let Some(Value::Object(service)) = backend.shift_remove("service") else { return };
    if let Some(name) = service.get("name") {
        backend.insert("serviceName".to_owned(), name.clone());
    }
    let port = |field: &str| service.get("port").and_then(|port| port.get(field)).cloned();
    if let Some(port) = port("name").filter(|name| name != "").or_else(|| port("number")) {
        backend.insert("servicePort".to_owned(), port);
    }
}

/// An empty selector meant none in one version and all in the other.
const EMPTY: &str = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";

fn budget(fields: &mut Fields, to: &str) {
    let Some(spec) = below(fields, "spec") else { return };
    let Some(selector) = spec.get_mut("selector").filter(|selector| selector.is_object()) else {
        return;
    };
    let stand_in =
        |operator: &str| json!({"matchExpressions": [{"key": EMPTY, "operator": operator}]});
    let (nobody, everybody) = (stand_in("Exists"), stand_in("DoesNotExist"));
    let is_empty = |selector: &Value| {
        let parts = selector.as_object().into_iter().flatten();
        parts.map(|(_, part)| part).all(|part| match part {
            Value::Array(items) => items.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            _ => true,
        })
    };
    // In the order of v1beta1 and v1: what is written there, and what it is in the other.
    let (here, there) = if to == "v1" { (&nobody, &everybody) } else { (&everybody, &nobody) };
    if is_empty(selector) {
        *selector = here.clone();
    } else if selector == there {
        *selector = json!({});
    }
}

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

fn slice(fields: &mut Fields, to: &str) {
    for endpoint in items(fields, "endpoints") {
        let (was, is) = if to == "v1" {
            ("topology", "deprecatedTopology")
        } else {
            ("deprecatedTopology", "topology")
        };
        let mut topology = match endpoint.shift_remove(was) {
            Some(Value::Object(topology)) => topology,
            _ => Fields::new(),
        };
        if to == "v1" {
            if let Some(zone) = topology.shift_remove(ZONE) {
                endpoint.insert("zone".to_owned(), zone);
            }
            if endpoint.contains_key("nodeName") {
                topology.shift_remove(HOST);
            }
        } else {
            if let Some(zone) = endpoint.shift_remove("zone") {
                topology.insert(ZONE.to_owned(), zone);
            }
            if let Some(node) = endpoint.get("nodeName").cloned() {
                topology.insert(HOST.to_owned(), node);
            }
        }
        if !topology.is_empty() {
            endpoint.insert(is.to_owned(), Value::Object(topology));
        }
    }
}

/// Names in the first group, and those in the group of their own.
const EVENT: [(&str, &str); 7] = [
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("involvedObject", "regarding"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
];

fn event(fields: &mut Fields, from: &str, to: &str) {
    for (core, own) in EVENT {
        match (from, to) {
            ("", "events.k8s.io") => rename(fields, core, own),
            ("events.k8s.io", "") => rename(fields, own, core),
            _ => {}
        }
    }
}

fn level(fields: &mut Fields, to: &str) {
    let Some(limited) = below(fields, "spec").and_then(|spec| below(spec, "limited")) else {
        return;
    };
    let names = ["assuredConcurrencyShares", "nominalConcurrencyShares"];
    if matches!(to, "v1alpha1" | "v1beta1" | "v1beta2") {
        rename(limited, names[1], names[0]);
    } else {
        rename(limited, names[0], names[1]);
    }
}

#[cfg(test)]
mod tests {
    use towpath_catalog::{Catalog, Minor};

    use super::*;

    /// There and back: each case is an object in the old version and the same in the new one.
    #[test]
    fn shapes_of_one_kind() {
        let cases = [
            (
                ("networking.k8s.io/v1beta1", "networking.k8s.io/v1", "Ingress"),
                json!({"spec": {
                    "backend": {"serviceName": "a", "servicePort": 80},
                    "rules": [{"http": {"paths": [{
                        "pathType": "Prefix", "backend": {"serviceName": "b", "servicePort": "web"},
                    }]}}],
                }}),
                json!({"spec": {
                    "defaultBackend": {"service": {"name": "a", "port": {"number": 80}}},
                    "rules": [{"http": {"paths": [{
                        "pathType": "Prefix",
                        "backend": {"service": {"name": "b", "port": {"name": "web"}}},
                    }]}}],
                }}),
            ),
            (
                ("policy/v1beta1", "policy/v1", "PodDisruptionBudget"),
                json!({"spec": {"selector": {}}}),
                json!({"spec": {"selector": {"matchExpressions": [
                    {"key": EMPTY, "operator": "Exists"},
                ]}}}),
            ),
            (
                ("discovery.k8s.io/v1beta1", "discovery.k8s.io/v1", "EndpointSlice"),
                json!({"endpoints": [{"nodeName": "n", "topology": {ZONE: "z", HOST: "n"}}]}),
                json!({"endpoints": [{"nodeName": "n", "zone": "z"}]}),
            ),
            (
                ("v1", "events.k8s.io/v1", "Event"),
                json!({"message": "m", "involvedObject": {}, "count": 1, "reason": "r"}),
                json!({"note": "m", "regarding": {}, "deprecatedCount": 1, "reason": "r"}),
            ),
            (
                ("batch/v1beta1", "batch/v1", "CronJob"),
                json!({"spec": {"schedule": "@daily"}}),
                json!({"spec": {"schedule": "@daily"}}),
            ),
            (
                ("autoscaling/v1", "autoscaling/v2", "HorizontalPodAutoscaler"),
                json!({"spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}}),
                json!({"spec": {"maxReplicas": 3, "metrics": [{"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50},
                }}]}}),
            ),
        ];
        for ((old, new, kind), in_old, in_new) in cases {
            let (from, to) = (GroupVersionKind::of(old, kind), GroupVersionKind::of(new, kind));
            let with = |mut object: Value, api_version: &str| {
                object["apiVersion"] = json!(api_version);
                object
            };
            let mut object = in_old.clone();
            assert!(convert(&mut object, &from, &to));
            assert_eq!(object, with(in_new, new), "{kind}");
            assert!(convert(&mut object, &to, &from));
            assert_eq!(object, with(in_old, old), "{kind}");
        }
    }

    #[test]
    fn other_kinds_stay() {
        let mut object = json!({"kind": "Role"});
        let role = GroupVersionKind::of("rbac.authorization.k8s.io/v1", "Role");
        assert!(!convert(&mut object, &role, &GroupVersionKind::of("v1", "ConfigMap")));
        assert_eq!(object, json!({"kind": "Role"}));
    }

    #[test]
    fn what_has_come_furthest_is_stored() {
        for (minor, group, kind, version) in [
            (36, "autoscaling", "HorizontalPodAutoscaler", "autoscaling/v2"),
            (22, "autoscaling", "HorizontalPodAutoscaler", "autoscaling/v1"),
            (21, "extensions", "Ingress", "networking.k8s.io/v1"),
            (36, "events.k8s.io", "Event", "v1"),
            (36, "apps", "Deployment", "apps/v1"),
        ] {
            let catalog = Catalog::load(Minor::new(minor)).expect("the minor is known");
            let kinds = catalog.kinds().map(|kind| kind.kind);
            let stored = storage_version(kinds, group, kind).expect("the minor has the kind");
            assert_eq!(stored.api_version(), version, "1.{minor} {kind}");
        }
    }
}
