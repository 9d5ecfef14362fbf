//! ResourceQuotas: what is used, and what is too much.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/admission/plugin/resourcequota/controller.go`,
//! `kubernetes/kubernetes:pkg/quota/v1/evaluator/core`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::desk::{Desk, MANAGER, Seen, list, text};
use super::pods::PODS;
use crate::machine::Machine;
use crate::object;
use crate::refusal::{Refusal, Subject};
use crate::resource::Resource;
use crate::store::{Event, Key, Stored};

pub(super) const QUOTAS: &str = "resourcequotas";

/// Kinds that a quota counts by a name of their own.
const COUNTED: [&str; 7] = [
    "pods",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "resourcequotas",
];

/// Whether anything in a namespace is counted.
pub(super) fn is_counted(machine: &Machine, namespace: &str) -> bool {
    !namespace.is_empty() && machine.state().list(QUOTAS, Some(namespace)).next().is_some()
}

/// Whether a new object is within the quotas of its namespace. `fresh` is created along with it.
pub(crate) fn admit(
    machine: &Machine,
    resource: &Resource,
    value: &Value,
    fresh: &[(Key, Value)],
) -> Result<(), Refusal> {
    let namespace = object::namespace(value);
    if !is_counted(machine, namespace) {
        return Ok(());
    }
    let subject = Subject {
        group: &resource.group,
        resource: &resource.plural,
        kind: &resource.kind,
        name: object::name(value),
    };
    let Some(kind) = machine.stored(QUOTAS) else { return Ok(()) };
    for stored in machine.state().list(QUOTAS, Some(namespace)) {
        let quota = super::super::value(kind, stored);
        if !is_about(&quota, &resource.id, value) {
            continue;
        }
        let hard = quota.pointer("/spec/hard").and_then(Value::as_object);
        let hard: BTreeMap<&str, &str> = hard
            .into_iter()
            .flatten()
            .filter_map(|(name, limit)| Some((name.as_str(), limit.as_str()?)))
            .collect();
        let missing = missing(&hard, &resource.id, value);
        if !missing.is_empty() {
            let why = format!("failed quota: {}: must specify {missing}", stored.head.name);
            return Err(Refusal::forbidden(&subject, &why));
        }
        let mut parts = [String::new(), String::new(), String::new()];
        for (name, limit) in &hard {
            let more = usage(name, &resource.id, value);
            if more == 0 {
                continue;
            }
            let others = fresh.iter().filter(|(_, other)| is_about(&quota, &resource.id, other));
            let others: i128 = others.map(|(key, other)| usage(name, &key.resource, other)).sum();
            let used = used(machine, &quota, namespace, name) + others;
            if used + more > amount(limit) {
                let is_binary = limit.ends_with('i');
                let texts = [write(more, is_binary), write(used, is_binary), (*limit).to_owned()];
                for (part, text) in parts.iter_mut().zip(texts) {
                    let comma = if part.is_empty() { "" } else { "," };
                    part.push_str(&format!("{comma}{name}={text}"));
                }
            }
        }
        let [requested, used, limited] = parts;
        if !requested.is_empty() {
            let why = format!(
                "exceeded quota: {}, requested: {requested}, used: {used}, limited: {limited}",
                stored.head.name
            );
            return Err(Refusal::forbidden(&subject, &why));
        }
    }
    Ok(())
}

/// Something changed in a namespace: its quotas count again.
pub(super) fn changed(desk: &mut Desk<'_>, event: &Event) {
    for quota in desk.all(QUOTAS, &event.key.namespace) {
        let (plural, group) =
            event.key.resource.split_once('.').unwrap_or((&*event.key.resource, ""));
        let count = if group.is_empty() {
            format!("\"count/{plural}\"")
        } else {
            format!("\"count/{plural}.{group}\"")
        };
        let tail = quota.tail();
        let is_known = COUNTED.contains(&&*event.key.resource);
        if (is_known || tail.contains(&count))
            && let Some(quota) = desk.open(QUOTAS, quota)
        {
            look(desk, &quota);
        }
    }
}

/// Looks at a quota.
pub(super) fn look<'m>(desk: &mut Desk<'m>, quota: &Seen<'m>) {
    if quota.is_deleted() {
        return;
    }
    let hard = quota.value.pointer("/spec/hard").cloned().unwrap_or_else(|| json!({}));
    let mut counted = Map::new();
    for (name, limit) in hard.as_object().into_iter().flatten() {
        let is_binary = limit.as_str().is_some_and(|limit| limit.ends_with('i'));
        let used = used(desk.machine, &quota.value, quota.namespace(), name);
        counted.insert(name.clone(), write(used, is_binary).into());
    }
    desk.status(quota, json!({"hard": hard, "used": counted}), MANAGER);
    desk.flush();
}

/// Whether a quota is about an object: its scopes say so.
fn is_about(quota: &Value, resource: &str, value: &Value) -> bool {
    let scopes = list(quota, &["spec", "scopes"]);
    if scopes.is_empty() {
        return true;
    }
    if resource != PODS {
        return false;
    }
    let is_best = text(value, &["status", "qosClass"]) == "BestEffort";
    let is_ending = value.pointer("/spec/activeDeadlineSeconds").is_some();
    scopes.iter().all(|scope| match scope.as_str() {
        Some("BestEffort") => is_best,
        Some("NotBestEffort") => !is_best,
        Some("Terminating") => is_ending,
        Some("NotTerminating") => !is_ending,
        _ => false,
    })
}

/// What pods must say, and do not: `limits.cpu for: c`.
fn missing(hard: &BTreeMap<&str, &str>, resource: &str, value: &Value) -> String {
    if resource != PODS {
        return String::new();
    }
    let mut parts = Vec::new();
    for name in hard.keys() {
        let Some((kind, of)) = compute(name) else { continue };
        let without: Vec<&str> = list(value, &["spec", "containers"])
            .iter()
            .filter(|container| object::at(container, &["resources", kind, of]).is_none())
            .map(|container| text(container, &["name"]))
            .collect();
        if !without.is_empty() {
            parts.push(format!("{name} for: {}", without.join(",")));
        }
    }
    parts.join("; ")
}

/// Where pods say how much they want of what a quota limits.
fn compute(name: &str) -> Option<(&'static str, &str)> {
    match name {
        "cpu" | "memory" | "ephemeral-storage" => Some(("requests", name)),
        _ => {
            let (kind, of) = name.split_once('.')?;
            match (kind, of) {
                ("requests", "storage") => None,
                ("requests", _) => Some(("requests", of)),
                ("limits", _) => Some(("limits", of)),
                _ => None,
            }
        }
    }
}

/// The resource that a quota counts objects of under a name, if it does.
fn counted(name: &str) -> Option<&str> {
    match name {
        "services.loadbalancers" | "services.nodeports" => Some("services"),
        "requests.storage" => Some("persistentvolumeclaims"),
        name if compute(name).is_some() => Some(PODS),
        name => name.strip_prefix("count/").or_else(|| COUNTED.contains(&name).then_some(name)),
    }
}

/// How much an object uses of what a quota limits, in thousandths.
fn usage(name: &str, resource: &str, value: &Value) -> i128 {
    if counted(name) != Some(resource) {
        return 0;
    }
    if resource == PODS
        && name != "count/pods"
        && matches!(text(value, &["status", "phase"]), "Succeeded" | "Failed")
    {
        return 0;
    }
    let kind = text(value, &["spec", "type"]);
    match name {
        "services.loadbalancers" => i128::from(kind == "LoadBalancer") * 1000,
        "services.nodeports" => {
            let ports = list(value, &["spec", "ports"]).iter();
            ports.filter(|port| port.get("nodePort").is_some()).count() as i128 * 1000
        }
        "requests.storage" => amount(text(value, &["spec", "resources", "requests", "storage"])),
        name => match compute(name) {
            Some((kind, of)) => {
                let of_all = |field: &str| {
                    let containers = list(value, &["spec", field]).iter();
                    containers.map(|one| amount(text(one, &["resources", kind, of]))).collect()
                };
                let (main, first): (Vec<i128>, Vec<i128>) =
                    (of_all("containers"), of_all("initContainers"));
                main.iter().sum::<i128>().max(first.into_iter().max().unwrap_or_default())
            }
            None => 1000,
        },
    }
}

fn used(machine: &Machine, quota: &Value, namespace: &str, name: &str) -> i128 {
    let Some(id) = counted(name) else { return 0 };
    let Some(resource) = machine.stored(id) else { return 0 };
    let has_scopes = !list(quota, &["spec", "scopes"]).is_empty();
    let is_plain = name.starts_with("count/") || (COUNTED.contains(&name) && name != PODS);
    let of = |stored: &Stored| {
        if is_plain && !has_scopes {
            return 1000;
        }
        if name == PODS && !has_scopes {
            let is_over = matches!(stored.head.field("status.phase"), "Succeeded" | "Failed");
            return if is_over { 0 } else { 1000 };
        }
        let value = super::super::value(resource, stored);
        if is_about(quota, id, &value) { usage(name, id, &value) } else { 0 }
    };
    machine.state().list(id, Some(namespace)).map(|stored| of(stored)).sum()
}

/// An amount in thousandths, rounded up; 0 for what is none.
pub(crate) fn amount(text: &str) -> i128 {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    let Ok(value) = digits.parse::<i128>() else { return 0 };
    let scale = 10i128.checked_pow(u32::try_from(fraction.len()).unwrap_or(0)).unwrap_or(1);
    let (times, divided) = match suffix {
        "n" => (1, 1_000_000),
        "u" => (1, 1000),
        "m" => (1, 1),
        "k" => (1_000_000, 1),
        "M" => (1_000_000_000, 1),
        "G" => (10i128.pow(12), 1),
        "T" => (10i128.pow(15), 1),
        "P" => (10i128.pow(18), 1),
        "E" => (10i128.pow(21), 1),
        "Ki" => (1000 << 10, 1),
        "Mi" => (1000 << 20, 1),
        "Gi" => (1000 << 30, 1),
        "Ti" => (1000 << 40, 1),
        "Pi" => (1000 << 50, 1),
        "Ei" => (1000 << 60, 1),
        _ => (1000, 1),
    };
    let divisor = scale * divided;
    (value.saturating_mul(times) + divisor - 1) / divisor
}

/// Thousandths as a server writes them.
fn write(thousandths: i128, is_binary: bool) -> String {
    if thousandths % 1000 != 0 {
        return format!("{thousandths}m");
    }
    let mut whole = thousandths / 1000;
    let (base, suffixes): (i128, &[&str]) = if is_binary {
        (1024, &["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"])
    } else {
        (1000, &["", "k", "M", "G", "T", "P", "E"])
    };
    let mut at = 0;
    while whole != 0 && whole % base == 0 && at + 1 < suffixes.len() {
        whole /= base;
        at += 1;
    }
    format!("{whole}{}", suffixes[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_they_were() {
        for (text, is_binary) in [
            ("0", false),
            ("500m", false),
            ("2", false),
            ("2k", false),
            ("1Gi", true),
            ("1536Mi", true),
        ] {
            assert_eq!(write(amount(text), is_binary), text);
        }
        assert_eq!(amount("1.5Gi"), amount("1536Mi"));
    }
}
