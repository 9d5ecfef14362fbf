//! Defaults of what runs pods.

use serde_json::{Value, json};
use towpath_catalog::{Minor, SchemaRef};

use super::{Fields, below, get, has_any, is_missing, text, value};
use crate::object;

pub(super) fn deployment(fields: &mut Fields) {
    let strategy = object::child(object::child(fields, "spec"), "strategy");
    text(strategy, "type", "RollingUpdate");
    if get(strategy, "type") == "RollingUpdate" {
        let rolling = object::child(strategy, "rollingUpdate");
        value(rolling, "maxUnavailable", "25%");
        value(rolling, "maxSurge", "25%");
    }
}

pub(super) fn daemon_set(schema: &SchemaRef<'_>, fields: &mut Fields) {
    let strategy = object::child(object::child(fields, "spec"), "updateStrategy");
    text(strategy, "type", "RollingUpdate");
    if get(strategy, "type") == "RollingUpdate" {
        let rolling = object::child(strategy, "rollingUpdate");
        value(rolling, "maxUnavailable", 1);
        if schema.at(["spec", "updateStrategy", "rollingUpdate", "maxSurge"]).is_some() {
            value(rolling, "maxSurge", 0);
        }
    }
}

/// Since then what becomes of the claims is filled in.
const RETENTION: Minor = Minor::new(27);

pub(super) fn stateful_set(fields: &mut Fields, minor: Minor) {
    let spec = object::child(fields, "spec");
    let strategy = object::child(spec, "updateStrategy");
    if get(strategy, "type").is_empty() {
        text(strategy, "type", "RollingUpdate");
        object::child(strategy, "rollingUpdate");
    }
    if get(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = below(strategy, "rollingUpdate")
    {
        value(rolling, "partition", 0);
    }
    if minor >= RETENTION {
        let retention = object::child(spec, "persistentVolumeClaimRetentionPolicy");
        text(retention, "whenDeleted", "Retain");
        text(retention, "whenScaled", "Retain");
    }
    // What is made from a template is a whole claim, and the template is written like one.
    for template in super::items(spec, "volumeClaimTemplates") {
        text(template, "apiVersion", "v1");
        text(template, "kind", "PersistentVolumeClaim");
    }
}

pub(super) fn replication_controller(fields: &mut Fields) {
    let spec = object::child(fields, "spec");
    let labels = spec.get("template").and_then(|template| template.pointer("/metadata/labels"));
    let Some(labels) = labels.filter(|labels| labels.is_object()).cloned() else { return };
    if !has_any(spec, "selector") {
        spec.insert("selector".to_owned(), labels.clone());
    }
    let metadata = object::child(fields, "metadata");
    if !has_any(metadata, "labels") {
        metadata.insert("labels".to_owned(), labels);
    }
}

/// Since then it is filled in when a pod is replaced, and who selects the pods.
const REPLACEMENT: Minor = Minor::new(29);

pub(super) fn job(schema: &SchemaRef<'_>, fields: &mut Fields, minor: Minor) {
    let spec = object::child(fields, "spec");
    if is_missing(spec, "completions") && is_missing(spec, "parallelism") {
        value(spec, "completions", 1);
    }
    value(spec, "parallelism", 1);
    let retries = if is_missing(spec, "backoffLimitPerIndex") { 6 } else { i32::MAX };
    value(spec, "backoffLimit", retries);
    if schema.at(["spec", "completionMode"]).is_some() {
        text(spec, "completionMode", "NonIndexed");
    }
    if schema.at(["spec", "suspend"]).is_some() {
        value(spec, "suspend", false);
    }
    if minor >= REPLACEMENT {
        let has_policy = !is_missing(spec, "podFailurePolicy");
        text(
            spec,
            "podReplacementPolicy",
            if has_policy { "Failed" } else { "TerminatingOrFailed" },
        );
        value(spec, "manualSelector", false);
    }
    let labels = spec.get("template").and_then(|template| template.pointer("/metadata/labels"));
    let labels = labels.filter(|labels| labels.is_object()).cloned();
    let metadata = object::child(fields, "metadata");
    if let Some(labels) = labels.filter(|_| !has_any(metadata, "labels")) {
        metadata.insert("labels".to_owned(), labels);
    }
}

pub(super) fn autoscaler(spec: &mut Fields) {
    if !has_any(spec, "metrics") {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        let metric = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
        spec.insert("metrics".to_owned(), metric);
    }
    let Some(behavior) = below(spec, "behavior") else { return };
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    let up = object::child(behavior, "scaleUp");
    value(up, "stabilizationWindowSeconds", 0);
    rules(up, json!([pods, percent]));
    rules(object::child(behavior, "scaleDown"), json!([percent]));
}

fn rules(rules: &mut Fields, policies: Value) {
    value(rules, "selectPolicy", "Max");
    value(rules, "policies", policies);
}
