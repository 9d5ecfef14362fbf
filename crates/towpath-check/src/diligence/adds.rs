//! What a component adds to the clusters that are given it. Must not judge: `powers.rs` does that for roles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_catalog::Stability;

use super::view::{View, is_definition};
use super::{
    AddedChart, AddedDefinition, AddedGroup, AddedImage, AddedPods, AddedVersion, AddedWebhook,
    Adds, Exactness, charts, powers,
};
use crate::look;
use crate::subject::Subject;

pub(super) fn adds(view: &View<'_>) -> Adds {
    let mut adds = Adds { roles: powers::roles(view), ..Adds::default() };
    let mut images = BTreeSet::new();
    for subject in view.component {
        let head = &subject.head;
        match (head.gvk().group, head.kind.as_str()) {
            _ if is_definition(head) => adds.definitions.extend(definition(subject)),
            ("admissionregistration.k8s.io", kind) if kind.ends_with("WebhookConfiguration") => {
                adds.webhooks.extend(webhooks(subject));
            }
            ("", "Namespace") => adds.namespaces.push(head.name.clone()),
            _ if look::is_helm_release(head) => adds.charts.push(chart(view, subject)),
            _ => {}
        }
        if let Some(template) = look::pod_template(head, &subject.value) {
            images.extend(containers(template).filter_map(image));
            adds.pods.extend(pods(subject, template));
        }
    }
    adds.definitions.sort_by(|a, b| a.name.cmp(&b.name));
    adds.namespaces.sort();
    adds.namespaces.dedup();
    adds.images = images.into_iter().collect();
    adds.groups = groups(view, &adds.definitions);
    adds
}

fn definition(subject: &Subject) -> Option<AddedDefinition> {
    let value = &subject.value;
    let flag =
        |version: &Value, name: &str| version.get(name).and_then(Value::as_bool).unwrap_or(false);
    let versions = look::items(value, &["spec", "versions"]).filter_map(|version| {
        let name = look::text(version, &["name"])?;
        Some(AddedVersion {
            name: name.to_owned(),
            stability: Stability::of(name),
            served: flag(version, "served"),
            stored: flag(version, "storage"),
            deprecated: flag(version, "deprecated"),
        })
    });
    Some(AddedDefinition {
        name: subject.head.name.clone(),
        group: look::text(value, &["spec", "group"])?.to_owned(),
        kind: look::text(value, &["spec", "names", "kind"])?.to_owned(),
        cluster_wide: look::text(value, &["spec", "scope"]) == Some("Cluster"),
        versions: versions.collect(),
        at: subject.head.at.clone(),
    })
}

/// The groups of definitions, and those that a server of the component answers for.
fn groups(view: &View<'_>, definitions: &[AddedDefinition]) -> Vec<AddedGroup> {
    let mut found: BTreeMap<&str, (Stability, bool)> = BTreeMap::new();
    let mut add = |name, stability: Stability, aggregated| {
        let known = found.entry(name).or_insert((stability, aggregated));
        *known = (known.0.max(stability), known.1 || aggregated);
    };
    for definition in definitions {
        for version in definition.versions.iter().filter(|version| version.served) {
            add(&definition.group, version.stability, false);
        }
    }
    for Subject { head, value } in view.component {
        // Without a service the API server answers itself (`kubernetes/kube-aggregator:pkg/apis/apiregistration/v1/types.go`).
        let by_service = look::at(value, &["spec", "service"]).is_some();
        if head.gvk().group != "apiregistration.k8s.io" || !by_service {
            continue;
        }
        if let (Some(group), Some(version)) =
            (look::text(value, &["spec", "group"]), look::text(value, &["spec", "version"]))
        {
            add(group, Stability::of(version), true);
        }
    }
    let group = |(name, (stability, aggregated)): (&str, _)| AddedGroup {
        name: name.to_owned(),
        stability,
        aggregated,
    };
    found.into_iter().map(group).collect()
}

fn webhooks(subject: &Subject) -> impl Iterator<Item = AddedWebhook> {
    let head = &subject.head;
    let is_beta = head.gvk().version == "v1beta1";
    look::items(&subject.value, &["webhooks"]).map(move |webhook| {
        let all = |selector: &str| {
            let selector = webhook.get(selector).and_then(Value::as_object);
            selector.is_none_or(|selector| selector.values().all(is_empty))
        };
        // `v1` refuses by default, `v1beta1` let everything through (`kubernetes/api:admissionregistration/v1/types.go`).
        let policy = look::text(webhook, &["failurePolicy"]);
        let mut resources = BTreeSet::new();
        for rule in look::items(webhook, &["rules"]) {
            for group in look::texts(rule, &["apiGroups"]) {
                for resource in look::texts(rule, &["resources"]) {
                    resources.insert(match group {
                        "" => resource.to_owned(),
                        group => format!("{group}/{resource}"),
                    });
                }
            }
        }
        AddedWebhook {
            configuration: head.reference(),
            name: look::text(webhook, &["name"]).unwrap_or_default().to_owned(),
            blocks: policy.map_or(!is_beta, |policy| policy == "Fail"),
            mutates: head.kind.starts_with("Mutating"),
            every_namespace: all("namespaceSelector") && all("objectSelector"),
            resources: resources.into_iter().collect(),
            at: head.at.clone(),
        }
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    let kinds = ["initContainers", "containers", "ephemeralContainers"];
    kinds.into_iter().flat_map(move |kind| look::items(template, &["spec", kind]))
}

fn image(container: &Value) -> Option<AddedImage> {
    let image = look::text(container, &["image"])?;
    Some(AddedImage { image: image.to_owned(), says: charts::of_image(image) })
}

/// Pods that can do something to their node, by the profile `baseline` of the pod security standards.
fn pods(subject: &Subject, template: &Value) -> Option<AddedPods> {
    let spec = |name: &str| look::at(template, &["spec", name]) == Some(&Value::Bool(true));
    let mut powers = Vec::new();
    let privileged = |container: &Value| {
        look::at(container, &["securityContext", "privileged"]) == Some(&Value::Bool(true))
    };
    if containers(template).any(privileged) {
        powers.push("privileged container");
    }
    for (field, says) in [
        ("hostNetwork", "network of the node"),
        ("hostPID", "processes of the node"),
        ("hostIPC", "memory of the node"),
    ] {
        if spec(field) {
            powers.push(says);
        }
    }
    let mut volumes = look::items(template, &["spec", "volumes"]);
    if volumes.any(|volume| volume.get("hostPath").is_some()) {
        powers.push("folders of the node");
    }
    let head = &subject.head;
    (!powers.is_empty()).then(|| AddedPods {
        object: head.reference(),
        powers,
        at: head.at.clone(),
    })
}

/// The chart of a release, and how exactly it is said.
fn chart(view: &View<'_>, subject: &Subject) -> AddedChart {
    let (head, value) = (&subject.head, &subject.value);
    let spec = |name: &str| look::text(value, &["spec", "chart", "spec", name]);
    let (chart, version, says) = if let Some(chart) = spec("chart") {
        let version = spec("version").unwrap_or_default();
        (chart.to_owned(), version.to_owned(), charts::of_range(version))
    } else if let Some(reference) = look::at(value, &["spec", "chartRef"]) {
        let field = |name: &str| look::text(reference, &[name]);
        let (kind, name) = (field("kind").unwrap_or_default(), field("name").unwrap_or_default());
        let namespace = field("namespace").unwrap_or(&head.namespace);
        let same = |it: &&Subject| {
            (&*it.head.kind, &*it.head.namespace, &*it.head.name) == (kind, namespace, name)
        };
        let own = view.component.iter().find(same);
        let source = own.or_else(|| view.others().find(same));
        let (version, says) = source.map_or((String::new(), Exactness::Unknown), |source| {
            charts::of_reference(&source.value)
        });
        (format!("{kind} {namespace}/{name}"), version, says)
    } else {
        (String::new(), String::new(), Exactness::Unknown)
    };
    AddedChart { release: head.reference(), chart, version, says, at: head.at.clone() }
}
