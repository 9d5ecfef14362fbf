//! The scale of an object: how many there are to be, and how many there are.
//!
//! Source of the contract: `kubernetes/api:autoscaling/v1/types.go`,
//! `kubernetes/apiextensions-apiserver:pkg/registry/customresource/etcd.go`.

use serde_json::{Map, Value, json};

use crate::object;
use crate::refusal::{Cause, Refusal, Subject};
use crate::resource::Resource;

fn paths(resource: &Resource) -> (Vec<&str>, Vec<&str>, Option<Vec<&str>>) {
    match resource.custom.as_ref().and_then(|custom| custom.scale.as_ref()) {
        Some(scale) => (
            split(&scale.spec_replicas),
            split(&scale.status_replicas),
            scale.selector.as_deref().map(split),
        ),
        None => (vec!["spec", "replicas"], vec!["status", "replicas"], None),
    }
}

fn split(path: &str) -> Vec<&str> {
    path.split('.').filter(|step| !step.is_empty()).collect()
}

/// The scale of an object.
#[must_use]
pub fn of(resource: &Resource, value: &Value) -> Value {
    let (wanted, found, selector) = paths(resource);
    let number = |path: &[&str]| object::at(value, path).and_then(Value::as_i64);
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = value.pointer("/metadata").and_then(|metadata| metadata.get(field)) {
            metadata.insert(field.into(), value.clone());
        }
    }
    let mut spec = Map::new();
    if let Some(replicas) = number(&wanted).filter(|replicas| *replicas != 0) {
        spec.insert("replicas".into(), replicas.into());
    }
    let mut status = Map::new();
    status.insert("replicas".into(), number(&found).unwrap_or_default().into());
    let selector = match selector {
        Some(path) => object::text(value, &path).map(str::to_owned),
        None => value.pointer("/spec/selector").map(selector_text),
    };
    if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
        status.insert("selector".into(), selector.into());
    }
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    })
}

/// Sets what is wanted to what a scale says.
///
/// # Errors
///
/// 422, if it says a number below zero, or if the number lies deeper than an object can be.
pub fn set(
    resource: &Resource,
    value: &mut Value,
    scale: &Value,
    name: &str,
) -> Result<(), Refusal> {
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or_default();
    if replicas < 0 {
        let subject = Subject { group: "autoscaling", resource: "", kind: "Scale", name };
        let why = "must be greater than or equal to 0";
        let cause = Cause::invalid("spec.replicas", &replicas.into(), why);
        return Err(Refusal::invalid(&subject, vec![cause]));
    }
    let (wanted, ..) = paths(resource);
    let (last, above) = wanted
        .split_last()
        .filter(|_| wanted.len() < object::DEEPEST)
        .ok_or_else(Refusal::unprocessable)?;
    let parent = above.iter().fold(object::map(value), |map, step| object::child(map, step));
    parent.insert((*last).into(), replicas.into());
    Ok(())
}

/// A selector of labels as a text.
#[must_use]
pub fn selector_text(selector: &Value) -> String {
    let pairs = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let pairs = pairs.or_else(|| if expressions.is_none() { selector.as_object() } else { None });
    let mut terms: Vec<String> = pairs
        .into_iter()
        .flatten()
        .map(|(label, value)| format!("{label}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in expressions.into_iter().flatten() {
        let key = object::text(expression, &["key"]).unwrap_or_default();
        let values = expression.get("values").and_then(Value::as_array);
        let values: Vec<&str> = values.into_iter().flatten().filter_map(Value::as_str).collect();
        let values = values.join(",");
        terms.push(match object::text(expression, &["operator"]) {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("Exists") => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    terms.sort();
    terms.join(",")
}
