//! Autoscalers: one number in the first version, a list of metrics in two shapes in the later ones.
//!
//! What the first version has no field for is text in annotations, in the shape of `v2beta1`.

use serde_json::{Value, json};

use super::{Fields, below, items, rename};
use crate::object;

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// By way of the newest shape.
pub(super) fn convert(fields: &mut Fields, from: &str, to: &str) {
    match from {
        "v1" => from_first(fields),
        "v2beta1" => all_metrics(fields, new_metric),
        _ => {}
    }
    match to {
        "v1" => to_first(fields),
        "v2beta1" => all_metrics(fields, old_metric),
        _ => {}
    }
}

fn all_metrics(fields: &mut Fields, change: fn(&mut Fields)) {
    for (part, list) in [("spec", "metrics"), ("status", "currentMetrics")] {
        if let Some(part) = below(fields, part) {
            items(part, list).for_each(change);
        }
    }
}

/// Names of the old shape, and of the new one below `metric`.
const METRIC: [(&str, &str); 3] =
    [("metricName", "name"), ("metricSelector", "selector"), ("selector", "selector")];
/// Names of the old shape, and of the new one below `target`.
const TARGET: [(&str, &str); 5] = [
    ("averageValue", "averageValue"),
    ("targetAverageUtilization", "averageUtilization"),
    ("targetAverageValue", "averageValue"),
    ("targetValue", "value"),
    ("value", "value"),
];
/// Names of the old shape, and of the new one below `current`.
const STATUS: [(&str, &str); 3] = [
    ("currentAverageUtilization", "averageUtilization"),
    ("currentAverageValue", "averageValue"),
    ("currentValue", "value"),
];

const SOURCES: [&str; 5] = ["containerResource", "external", "object", "pods", "resource"];

fn new_metric(metric: &mut Fields) {
    for source in SOURCES {
        let Some(fields) = below(metric, source) else { continue };
        if source == "object" {
            rename(fields, "target", "describedObject");
        }
        let mut move_below = |names: &[(&str, &str)], part: &str| {
            for (old, new) in names {
                if let Some(value) = fields.shift_remove(*old) {
                    object::child(fields, part).insert((*new).to_owned(), value);
                }
            }
        };
        move_below(&METRIC, "metric");
        move_below(&TARGET, "target");
        move_below(&STATUS, "current");
        if let Some(target) = below(fields, "target") {
            let is = |field: &str| target.get(field).is_some_and(|value| !value.is_null());
            let kind = if is("averageUtilization") {
                "Utilization"
            } else if is("averageValue") {
                "AverageValue"
            } else {
                "Value"
            };
            target.insert("type".to_owned(), Value::from(kind));
        }
    }
}

fn old_metric(metric: &mut Fields) {
    for source in SOURCES {
        let Some(fields) = below(metric, source) else { continue };
        let mut parts = Fields::new();
        for part in ["metric", "target", "current"] {
            if let Some(Value::Object(found)) = fields.shift_remove(part) {
                parts.insert(part.to_owned(), Value::Object(found));
            }
        }
        rename(fields, "describedObject", "target");
        let mut put = |part: &str, new: &str, old: &str| {
            let value = parts.get(part).and_then(|part| part.get(new));
            if let Some(value) = value.filter(|value| !value.is_null()) {
                fields.insert(old.to_owned(), value.clone());
            }
        };
        let is_object = source == "object";
        put("metric", "name", "metricName");
        put("metric", "selector", if source == "external" { "metricSelector" } else { "selector" });
        put("target", "averageUtilization", "targetAverageUtilization");
        put(
            "target",
            "averageValue",
            if is_object { "averageValue" } else { "targetAverageValue" },
        );
        put("target", "value", "targetValue");
        for (old, new) in STATUS {
            put("current", new, old);
        }
    }
}

fn is_cpu(metric: &Fields) -> bool {
    metric.get("resource").and_then(|resource| resource.get("name")) == Some(&json!("cpu"))
}

fn utilization(metric: &Fields, part: &str) -> Option<Value> {
    metric.get("resource")?.get(part)?.get("averageUtilization").cloned()
}

fn to_first(fields: &mut Fields) {
    let mut notes = Fields::new();
    let mut note = |key: &str, value: &[Value]| {
        if !value.is_empty() {
            notes.insert(key.to_owned(), Value::from(Value::from(value).to_string()));
        }
    };
    let mut behavior = None;
    if let Some(spec) = below(fields, "spec") {
        behavior = spec.shift_remove("behavior").filter(|behavior| !behavior.is_null());
        let mut others = Vec::new();
        for mut metric in list(spec, "metrics") {
            let target = utilization(&metric, "target").filter(|_| is_cpu(&metric));
            match target {
                Some(target) if !spec.contains_key(PERCENT) => {
                    spec.insert(PERCENT.to_owned(), target);
                }
                _ => {
                    old_metric(&mut metric);
                    others.push(Value::Object(metric));
                }
            }
        }
        note(METRICS, &others);
    }
    if let Some(status) = below(fields, "status") {
        let mut current = Vec::new();
        for mut metric in list(status, "currentMetrics") {
            if let Some(is) = utilization(&metric, "current").filter(|_| is_cpu(&metric)) {
                status.insert(CURRENT_PERCENT.to_owned(), is);
            }
            old_metric(&mut metric);
            current.push(Value::Object(metric));
        }
        note(CURRENT, &current);
        let conditions: Vec<Value> =
            list(status, "conditions").into_iter().map(Value::Object).collect();
        note(CONDITIONS, &conditions);
    }
    if let Some(behavior) = behavior {
        notes.insert(BEHAVIOR.to_owned(), Value::from(behavior.to_string()));
    }
    if !notes.is_empty() {
        let metadata = object::child(fields, "metadata");
        object::child(metadata, "annotations").extend(notes);
    }
}

const PERCENT: &str = "targetCPUUtilizationPercentage";
const CURRENT_PERCENT: &str = "currentCPUUtilizationPercentage";

/// Takes a list of objects out.
fn list(fields: &mut Fields, name: &str) -> Vec<Fields> {
    let Some(Value::Array(items)) = fields.shift_remove(name) else { return Vec::new() };
    items
        .into_iter()
        .filter_map(|item| match item {
            Value::Object(fields) => Some(fields),
            _ => None,
        })
        .collect()
}

fn from_first(fields: &mut Fields) {
    let mut noted = |key: &str| -> Option<Value> {
        let annotations = below(fields, "metadata").and_then(|all| below(all, "annotations"))?;
        // What is no JSON was not written by a server, and stays what it is.
        let value = serde_json::from_str(annotations.get(key)?.as_str()?).ok()?;
        annotations.shift_remove(key);
        Some(value)
    };
    let [metrics, current, conditions, behavior] =
        [noted(METRICS), noted(CURRENT), noted(CONDITIONS), noted(BEHAVIOR)];
    let renewed = |list: Option<Value>| -> Vec<Value> {
        let Some(Value::Array(mut list)) = list else { return Vec::new() };
        list.iter_mut().filter_map(Value::as_object_mut).for_each(new_metric);
        list
    };
    let cpu = |part: &str, mut values: Value, percent: Value| {
        object::map(&mut values).insert("averageUtilization".to_owned(), percent);
        json!({"type": "Resource", "resource": {"name": "cpu", part: values}})
    };
    if let Some(metadata) = below(fields, "metadata")
        && below(metadata, "annotations").is_some_and(|annotations| annotations.is_empty())
    {
        metadata.shift_remove("annotations");
    }
    let spec = object::child(fields, "spec");
    let percent = spec.shift_remove(PERCENT).filter(|percent| !percent.is_null());
    let mut all: Vec<Value> = Vec::new();
    all.extend(percent.map(|percent| cpu("target", json!({"type": "Utilization"}), percent)));
    all.extend(renewed(metrics));
    if !all.is_empty() {
        spec.insert("metrics".to_owned(), Value::Array(all));
    }
    if let Some(behavior) = behavior {
        spec.insert("behavior".to_owned(), behavior);
    }
    let Some(status) = below(fields, "status") else { return };
    let percent = status.shift_remove(CURRENT_PERCENT).filter(|percent| !percent.is_null());
    let mut now = renewed(current);
    if now.is_empty() {
        now.extend(percent.map(|percent| cpu("current", json!({}), percent)));
    }
    if !now.is_empty() {
        status.insert("currentMetrics".to_owned(), Value::Array(now));
    }
    if let Some(conditions) = conditions {
        status.insert("conditions".to_owned(), conditions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_version_has_no_field_for_comes_back() {
        let newest = json!({
            "metadata": {"name": "a"},
            "spec": {
                "maxReplicas": 3,
                "metrics": [
                    {"type": "Resource", "resource": {
                        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60},
                    }},
                    {"type": "Pods", "pods": {
                        "metric": {"name": "rps"},
                        "target": {"type": "AverageValue", "averageValue": "10"},
                    }},
                    {"type": "Object", "object": {
                        "describedObject": {"kind": "Service", "name": "s"},
                        "metric": {"name": "rps", "selector": {"matchLabels": {"a": "b"}}},
                        "target": {"type": "Value", "value": "2k"},
                    }},
                ],
                "behavior": {"scaleUp": {"selectPolicy": "Max"}},
            },
            "status": {"currentMetrics": [
                {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 7}}},
            ]},
        });
        for older in ["v1", "v2beta1"] {
            let mut object = newest.clone();
            convert(object::map(&mut object), "v2", older);
            assert_ne!(object, newest);
            convert(object::map(&mut object), older, "v2");
            assert_eq!(object, newest, "{older}");
        }
    }
}
