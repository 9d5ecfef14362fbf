//! Helm releases that are given another chart, another version or other values.
//!
//! What a chart makes of them is not seen here: that is for whoever renders it.

use serde_json::Value;
use towpath_core::pin::ObjectRef;

use super::changed::{Pair, ids, pairs};
use super::{Cause, Collected, How, Side};
use crate::given::Given;
use crate::look;
use crate::subject::{Head, Subject, TargetId};

/// Adds the releases that a change concerns.
pub(super) fn add(before: &Given, after: &Given, all: &mut Collected<'_>) {
    for pair in pairs(before, after, look::is_helm_release) {
        release(before, after, &pair, all);
    }
    let uses: Vec<Pair<'_>> = pairs(before, after, |head| is_source(head) || holds_values(head));
    if uses.is_empty() {
        return;
    }
    for (number, subject) in after.subjects.iter().enumerate() {
        if !look::is_helm_release(&subject.head) {
            continue;
        }
        let own = ids(after, &subject.head);
        for pair in &uses {
            let targets: Vec<TargetId> =
                pair.targets.iter().copied().filter(|id| own.contains(id)).collect();
            if targets.is_empty() {
                continue;
            }
            if let Some(cause) = used(subject, pair) {
                all.add(Side::After, number, targets, cause);
            }
        }
    }
}

fn release(before: &Given, after: &Given, pair: &Pair<'_>, all: &mut Collected<'_>) {
    let targets = pair.targets.clone();
    match (pair.was, pair.is) {
        (Some(was), None) => {
            if let Some(number) = place(before, was) {
                all.add(Side::Before, number, targets, Cause::ReleaseRemoved);
            }
        }
        (Some(was), Some(is)) => {
            let Some(number) = place(after, is) else { return };
            let charts = (chart(&was.value), chart(&is.value));
            if charts.0 != charts.1 {
                let cause = Cause::Chart { was: charts.0, is: charts.1 };
                all.add(Side::After, number, targets.clone(), cause);
            }
            let differ = |field: &str| {
                let value = |subject: &Subject| {
                    look::at(&subject.value, &["spec", field]).cloned().unwrap_or_default()
                };
                look::differences(&value(was), &value(is), &format!("spec.{field}"))
            };
            let mut paths = differ("values");
            paths.extend(differ("valuesFrom"));
            if !paths.is_empty() {
                all.add(Side::After, number, targets, Cause::Values { paths });
            }
        }
        // Whoever adds a release knows of it.
        (None, _) => {}
    }
}

/// Where an object stands among the objects that it was taken from.
fn place(given: &Given, subject: &Subject) -> Option<usize> {
    given.subjects.iter().position(|it| std::ptr::eq(it, subject))
}

/// The chart of a release in words: `ingress-nginx 4.11.0`, `OCIRepository podinfo`.
fn chart(value: &Value) -> String {
    let spec = |key: &str| look::text(value, &["spec", "chart", "spec", key]);
    match (spec("chart"), reference(value)) {
        (Some(chart), _) => format!("{chart} {}", spec("version").unwrap_or("in any version")),
        (None, Some((kind, _, name))) => format!("{kind} {name}"),
        (None, None) => "none".to_owned(),
    }
}

/// The source of a release's chart: kind, namespace if it is said, and name.
fn reference(value: &Value) -> Option<(&str, Option<&str>, &str)> {
    let of = look::at(value, &["spec", "chartRef"])
        .or_else(|| look::at(value, &["spec", "chart", "spec", "sourceRef"]))?;
    Some((look::text(of, &["kind"])?, look::text(of, &["namespace"]), look::text(of, &["name"])?))
}

fn is_source(head: &Head) -> bool {
    head.gvk().group == "source.toolkit.fluxcd.io"
}

fn holds_values(head: &Head) -> bool {
    head.gvk().group.is_empty() && matches!(head.kind.as_str(), "ConfigMap" | "Secret")
}

/// Why a release is concerned by a changed object that it may use.
fn used(release: &Subject, pair: &Pair<'_>) -> Option<Cause> {
    let head = &pair.is.or(pair.was)?.head;
    let object: ObjectRef = head.reference();
    if is_source(head) {
        let (kind, namespace, name) = reference(&release.value)?;
        let namespace = namespace.unwrap_or(&release.head.namespace);
        let same = (kind, namespace, name) == (&*head.kind, &*head.namespace, &*head.name);
        // Which content a source has by now is not a matter of its interval or its secret.
        let how =
            same.then(|| how(pair, &["ref", "url", "chart", "version", "bucketName"])).flatten()?;
        return Some(Cause::ChartFrom { object, how });
    }
    let mut from = look::items(&release.value, &["spec", "valuesFrom"]);
    let named = |entry: &Value| {
        look::text(entry, &["kind"]) == Some(&head.kind)
            && look::text(entry, &["name"]) == Some(&head.name)
    };
    let same = head.namespace == release.head.namespace && from.any(named);
    let how = same.then(|| how(pair, &[])).flatten()?;
    Some(Cause::ValuesFrom { object, how })
}

/// What became of an object, as far as these fields of its `spec` go; none: as far as its content goes.
fn how(pair: &Pair<'_>, fields: &[&str]) -> Option<How> {
    let (Some(was), Some(is)) = (pair.was, pair.is) else {
        return Some(if pair.is.is_some() { How::Added } else { How::Removed });
    };
    let paths = if fields.is_empty() {
        super::content(&was.value, &is.value)
    } else {
        let field = |subject: &Subject, field: &str| {
            look::at(&subject.value, &["spec", field]).cloned().unwrap_or_default()
        };
        let each = fields.iter().flat_map(|name| {
            look::differences(&field(was, name), &field(is, name), &format!("spec.{name}"))
        });
        each.collect()
    };
    (!paths.is_empty()).then_some(How::Changed { paths })
}
