//! What is wrong with the metadata of an object, whatever its kind.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/api/validation/objectmeta.go`,
//! `kubernetes/apiserver:pkg/registry/rest/update.go`.

use serde_json::{Map, Value};
use towpath_catalog::Minor;
use towpath_schema::builtin;

use crate::refusal::Cause;

/// What is wrong with the metadata of a custom resource that is created, or of any object that is changed. Of a change
/// everything is told once: the server, which looks twice, does so in [`causes`](super::causes()).
///
/// `is_namespaced` is where objects of the kind lie.
#[must_use]
pub fn metadata_causes(
    minor: Minor,
    old: Option<&Value>,
    new: &Value,
    is_namespaced: bool,
) -> Vec<Cause> {
    let none = Map::new();
    let metadata = |object: &'_ Value| -> Map<String, Value> {
        object.get("metadata").and_then(Value::as_object).unwrap_or(&none).clone()
    };
    let fields = metadata(new);
    let mut causes = Vec::new();
    match old {
        None => {
            placed(&fields, is_namespaced, &mut causes);
            generation(&fields, 0, &mut causes);
        }
        Some(old) => changed(&metadata(old), &fields, &mut causes),
    }
    let rest = builtin::metadata(minor, new, old.is_none());
    let mut rest: Vec<Cause> = rest.iter().map(Cause::from).collect();
    // A name comes before a namespace, and both before what else there is.
    let named = rest.iter().take_while(|cause| is_name(cause)).count();
    let after = rest.split_off(named);
    rest.append(&mut causes);
    rest.extend(after);
    rest
}

fn is_name(cause: &Cause) -> bool {
    matches!(cause.field.as_str(), "metadata.generateName" | "metadata.name")
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn names(fields: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = fields.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
}

fn placed(fields: &Map<String, Value>, is_namespaced: bool, causes: &mut Vec<Cause>) {
    match (is_namespaced, text(fields, "namespace")) {
        (true, "") => causes.push(Cause::required("metadata.namespace", "")),
        (true, _) | (false, "") => {}
        (false, _) => {
            causes.push(Cause::forbidden("metadata.namespace", "not allowed on this type"));
        }
    }
}

fn changed(old: &Map<String, Value>, new: &Map<String, Value>, causes: &mut Vec<Cause>) {
    if old.get("deletionTimestamp").is_some_and(|time| !time.is_null()) {
        no_new_finalizers(&names(old, "finalizers"), names(new, "finalizers"), causes);
    }
    generation(new, old.get("generation").and_then(Value::as_i64).unwrap_or_default(), causes);
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        let get = |fields: &Map<String, Value>| fields.get(field).cloned().unwrap_or(Value::Null);
        let is = get(new);
        if get(old) != is {
            causes.push(Cause::invalid(format!("metadata.{field}"), &is, "field is immutable"));
        }
    }
}

fn no_new_finalizers(old: &[String], mut extra: Vec<String>, causes: &mut Vec<Cause>) {
    extra.retain(|name| !old.contains(name));
    extra.sort();
    extra.dedup();
    if extra.is_empty() {
        return;
    }
    let extra: Vec<String> = extra.iter().map(|name| format!("{name:?}")).collect();
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        extra.join(", ")
    );
    causes.push(Cause::forbidden("metadata.finalizers", &why));
}

fn generation(fields: &Map<String, Value>, least: i64, causes: &mut Vec<Cause>) {
    let is = fields.get("generation").and_then(Value::as_i64).unwrap_or_default();
    let mut tell = |why| {
        causes.push(Cause::invalid("metadata.generation", &Value::from(is), why));
    };
    if is < 0 {
        tell("must be greater than or equal to 0");
    }
    if is < least {
        tell("must not be decremented");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(old: Option<&Value>, new: &Value) -> Vec<String> {
        metadata_causes(Minor::new(36), old, new, true).iter().map(Cause::line).collect()
    }

    #[test]
    fn what_every_object_has() {
        let good = json!({"metadata": {"name": "a", "namespace": "b", "labels": {"x": "y"}}});
        assert_eq!(said(None, &good), [""; 0]);
        assert_eq!(said(Some(&good), &good), [""; 0]);
        assert_eq!(
            said(None, &json!({"metadata": {}})),
            [
                "metadata.name: Required value: name or generateName is required",
                "metadata.namespace: Required value",
            ]
        );
        let owner =
            json!({"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1", "controller": true});
        let other = json!({"apiVersion": "v1", "kind": "B", "name": "b", "controller": true});
        let owned = json!({"metadata": {
            "name": "a", "namespace": "b", "ownerReferences": [owner, other],
        }});
        let said = said(None, &owned);
        assert_eq!(said[0], "metadata.ownerReferences[1].uid: Required value: must not be empty");
        assert!(said[1].ends_with("in references for A/a and B/b"), "{}", said[1]);
    }

    #[test]
    fn what_stays() {
        let old = json!({"metadata": {
            "name": "a", "namespace": "b", "uid": "1", "generation": 2,
            "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a.b/c"],
        }});
        let mut new = old.clone();
        new["metadata"]["uid"] = json!("2");
        new["metadata"]["generation"] = json!(1);
        new["metadata"]["finalizers"] = json!(["a.b/c", "a.b/d"]);
        assert_eq!(
            said(Some(&old), &new),
            [
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"a.b/d\"}",
                "metadata.generation: Invalid value: 1: must not be decremented",
                "metadata.uid: Invalid value: \"2\": field is immutable",
            ]
        );
    }
}
