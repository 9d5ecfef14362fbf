//! Names inside objects that nothing in their namespace bears, and selectors that select nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};
use towpath_discovery::groups;

use super::object::{self, Fault};
use super::whole::{self, Whole};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "missing-reference",
    severity: Severity::Error,
    title: "An object names another one that its cluster is not given",
    why: "\
A HorizontalPodAutoscaler without its Deployment scales nothing, a RoleBinding without its Role grants nothing, an
Ingress without its Service answers 503: errors. A selector that selects no pods and a ServiceAccount that nothing
creates are warnings; ConfigMaps, Secrets and claims that are mounted are notes, since people and programs make them by
hand. Only told where the namespace is known as a whole: not where a HelmRelease installs into it, where a custom resource
could make the object, or where a source is not at hand.",
    fix: "Mend the name, or deliver what it names.",
    example_bad: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: wbe}, maxReplicas: 3}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
",
    example_good: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
",
    check: Check::Objects(check),
};

/// Custom resources that make nothing in their namespace, or only what [`Namespace::add`] knows.
const HARMLESS: &[&str] = &[
    "cert-manager.io",
    "cilium.io",
    "gateway.networking.k8s.io",
    "monitoring.coreos.com",
    "networking.istio.io",
    "security.istio.io",
];

/// What every namespace has, made by Kubernetes or by what is on the whole cluster.
const EVERYWHERE: &[(&str, &str)] = &[
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "istio-ca-root-cert"),
    ("ConfigMap", "openshift-service-ca.crt"),
    ("ServiceAccount", "default"),
];

/// What is known of a namespace.
#[derive(Default)]
struct Namespace<'g> {
    subjects: Vec<&'g Subject>,
    names: BTreeSet<(&'g str, &'g str)>,
    pods: Vec<Option<&'g Value>>,
    is_open: bool,
}

impl<'g> Namespace<'g> {
    fn add(&mut self, subject: &'g Subject) {
        let head = &subject.head;
        let group = head.gvk().group;
        let text = |path| object::text(&subject.value, path);
        self.subjects.push(subject);
        if groups::is_built_in(group) {
            self.names.insert((&head.kind, &head.name));
            if let Some((_, template)) = object::template(subject) {
                self.pods.push(object::at(template, "metadata.labels"));
            }
            // An Ingress may ask cert-manager for its Secret.
            let tls = object::list(&subject.value, "spec.tls").iter();
            let secrets = tls.filter_map(|tls| object::text(tls, "secretName"));
            self.names.extend(secrets.map(|name| ("Secret", name)));
            return;
        }
        let secret = match (group, &*head.kind) {
            ("cert-manager.io", "Certificate") => text("spec.secretName"),
            ("external-secrets.io", "ExternalSecret") => {
                Some(text("spec.target.name").unwrap_or(&head.name))
            }
            ("external-secrets.io", "SecretStore") => return,
            ("bitnami.com", "SealedSecret") => Some(&*head.name),
            (group, _) if HARMLESS.contains(&group) => return,
            _ => {
                self.is_open = true;
                return;
            }
        };
        self.names.extend(secret.map(|name| ("Secret", name)));
    }

    fn has(&self, kind: &str, name: &str) -> bool {
        // A variable may stand for any name.
        name.is_empty()
            || name.contains('$')
            || self.names.contains(&(kind, name))
            || EVERYWHERE.contains(&(kind, name))
    }
}

/// A name or a selector that leads nowhere.
struct Lost {
    severity: Severity,
    field: String,
    what: String,
}

impl Lost {
    fn named(severity: Severity, field: String, kind: &str, name: &str) -> Self {
        Self {
            severity,
            field,
            what: format!("names {kind} {name}, which its cluster is not given"),
        }
    }
}

fn check(given: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, cluster) in whole::clusters(given).filter(|(_, cluster)| !cluster.is_open) {
        let makes_anywhere = |subject: &&Subject| {
            subject.head.namespace.is_empty() && !groups::is_built_in(subject.head.gvk().group)
        };
        // Custom resources of the whole cluster copy ConfigMaps and Secrets into its namespaces.
        let mounts = !cluster.subjects.iter().any(makes_anywhere);
        for namespace in namespaces(&cluster) {
            for subject in &namespace.subjects {
                for lost in lost(subject, &namespace, mounts) {
                    let fault = Fault {
                        rule: RULE.id,
                        severity: lost.severity,
                        head: &subject.head,
                        field: Some(lost.field),
                        message: format!("{} {}", subject.head.reference(), lost.what),
                        fix: "mend the name, or deliver what it names",
                    };
                    found.push(fault.finding_for(id, given));
                }
            }
        }
    }
    found
}

/// The namespaces that are known as a whole.
fn namespaces<'g>(cluster: &Whole<'g>) -> Vec<Namespace<'g>> {
    let mut found: BTreeMap<&str, Namespace<'g>> = BTreeMap::new();
    for subject in &cluster.subjects {
        found.entry(&subject.head.namespace).or_default().add(subject);
    }
    for release in &cluster.releases {
        for namespace in [whole::release_namespace(release), &release.head.namespace] {
            found.entry(namespace).or_default().is_open = true;
        }
    }
    let is_closed = |name: &str, namespace: &Namespace<'_>| {
        !(name.is_empty()
            || name.contains('$')
            || namespace.is_open
            || whole::is_of_every_cluster(name))
    };
    found.retain(|name, namespace| is_closed(name, namespace));
    found.into_values().collect()
}

fn lost(subject: &Subject, namespace: &Namespace<'_>, mounts: bool) -> Vec<Lost> {
    let value = &subject.value;
    let text = |path| object::text(value, path).unwrap_or_default();
    let kind = subject.head.gvk();
    let mut found = Vec::new();
    let mut need = |severity, field: &str, kind: &str, name: &str| {
        if !namespace.has(kind, name) {
            found.push(Lost::named(severity, field.to_owned(), kind, name));
        }
    };
    match (kind.group, kind.kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => {
            let of = text("spec.scaleTargetRef.kind");
            if matches!(of, "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController") {
                let name = text("spec.scaleTargetRef.name");
                need(Severity::Error, "spec.scaleTargetRef.name", of, name);
            }
        }
        ("rbac.authorization.k8s.io", "RoleBinding") if text("roleRef.kind") == "Role" => {
            need(Severity::Error, "roleRef.name", "Role", text("roleRef.name"));
        }
        // Where nothing is a Service, all of them come from elsewhere.
        ("networking.k8s.io", "Ingress")
            if namespace.names.iter().any(|(kind, _)| *kind == "Service") =>
        {
            backends(value, |field, name| need(Severity::Error, field, "Service", name));
        }
        ("", "Service") if text("spec.type") != "ExternalName" => {
            let selector = object::at(value, "spec.selector").and_then(Value::as_object);
            if selector.is_some_and(|selector| {
                !selector.is_empty() && !selects(namespace, |labels| has_labels(labels, selector))
            }) {
                found.push(selects_nothing("spec.selector"));
            }
        }
        ("policy", "PodDisruptionBudget") => {
            let selector = object::at(value, "spec.selector");
            // Expressions are left to the server.
            let plain = selector.filter(|s| object::list(s, "matchExpressions").is_empty());
            let labels = plain.and_then(|s| s.get("matchLabels")).and_then(Value::as_object);
            if labels.is_some_and(|wanted| !selects(namespace, |labels| has_labels(labels, wanted)))
            {
                found.push(selects_nothing("spec.selector"));
            }
        }
        _ => {}
    }
    if groups::is_built_in(kind.group)
        && let Some((path, template)) = object::template(subject)
    {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        pods(template, &prefix, mounts, |severity, field, kind, name| {
            if !namespace.has(kind, name) {
                found.push(Lost::named(severity, field, kind, name));
            }
        });
    }
    found
}

fn selects_nothing(field: &str) -> Lost {
    let what = "selects no pods of what its cluster is given".to_owned();
    Lost { severity: Severity::Warning, field: field.to_owned(), what }
}

/// Whether a selector selects pods; in a namespace without any, nobody knows where they come from.
fn selects(namespace: &Namespace<'_>, is_wanted: impl Fn(&Value) -> bool) -> bool {
    let pods = &namespace.pods;
    pods.is_empty() || pods.iter().any(|labels| labels.is_some_and(&is_wanted))
}

fn has_labels(labels: &Value, wanted: &serde_json::Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| {
        let is_variable = value.as_str().is_some_and(|text| text.contains('$'));
        is_variable || labels.get(key) == Some(value)
    })
}

fn backends(value: &Value, mut need: impl FnMut(&str, &str)) {
    let default = object::text(value, "spec.defaultBackend.service.name");
    if let Some(name) = default {
        need("spec.defaultBackend.service.name", name);
    }
    for (rule_number, rule) in object::list(value, "spec.rules").iter().enumerate() {
        for (number, path) in object::list(rule, "http.paths").iter().enumerate() {
            let Some(name) = object::text(path, "backend.service.name") else { continue };
            // What the controller of AWS calls an action is an annotation and no Service.
            if object::text(path, "backend.service.port.name") == Some("use-annotation") {
                continue;
            }
            let field =
                format!("spec.rules[{rule_number}].http.paths[{number}].backend.service.name");
            need(&field, name);
        }
    }
}

fn pods(
    template: &Value,
    prefix: &str,
    mounts: bool,
    mut need: impl FnMut(Severity, String, &str, &str),
) {
    if let Some(name) = object::text(template, "spec.serviceAccountName") {
        need(Severity::Warning, format!("{prefix}spec.serviceAccountName"), "ServiceAccount", name);
    }
    if !mounts {
        return;
    }
    let is_needed = |reference: &Value| reference.get("optional") != Some(&Value::Bool(true));
    let mut mount = |at: &Value, field: String, kind: &str, reference: &str, key: &str| {
        let Some(reference) = object::at(at, reference).filter(|r| is_needed(r)) else { return };
        if let Some(name) = object::text(reference, key) {
            need(Severity::Info, field, kind, name);
        }
    };
    for list in ["initContainers", "containers"] {
        let containers = object::list(template, &format!("spec.{list}")).iter();
        for (number, container) in containers.enumerate() {
            let field = format!("{prefix}spec.{list}[{number}]");
            for (number, from) in object::list(container, "envFrom").iter().enumerate() {
                let field = format!("{field}.envFrom[{number}]");
                mount(
                    from,
                    format!("{field}.configMapRef.name"),
                    "ConfigMap",
                    "configMapRef",
                    "name",
                );
                mount(from, format!("{field}.secretRef.name"), "Secret", "secretRef", "name");
            }
            for (number, env) in object::list(container, "env").iter().enumerate() {
                let field = format!("{field}.env[{number}].valueFrom");
                for (kind, key) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
                    let reference = format!("valueFrom.{key}");
                    mount(env, format!("{field}.{key}.name"), kind, &reference, "name");
                }
            }
        }
    }
    for (number, volume) in object::list(template, "spec.volumes").iter().enumerate() {
        let field = format!("{prefix}spec.volumes[{number}]");
        mount(volume, format!("{field}.configMap.name"), "ConfigMap", "configMap", "name");
        mount(volume, format!("{field}.secret.secretName"), "Secret", "secret", "secretName");
        let claim = format!("{field}.persistentVolumeClaim.claimName");
        mount(volume, claim, "PersistentVolumeClaim", "persistentVolumeClaim", "claimName");
        for (number, source) in object::list(volume, "projected.sources").iter().enumerate() {
            let field = format!("{field}.projected.sources[{number}]");
            mount(source, format!("{field}.configMap.name"), "ConfigMap", "configMap", "name");
            mount(source, format!("{field}.secret.name"), "Secret", "secret", "name");
        }
    }
}
