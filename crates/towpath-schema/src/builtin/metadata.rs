//! What is the same for all kinds: names, labels, annotations.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/api/validation/objectmeta.go`,
//! `pkg/apis/meta/v1/validation/validation.go`.

use serde_json::{Map, Value};

use super::check::Place;
use super::facts::{self, Name};
use super::run::Run;
use super::text::Form;
use crate::crd::at::At;
use crate::crd::schema::Fault;

/// All keys and values of annotations together.
const ANNOTATIONS_SIZE: usize = 256 * 1024;

pub(super) fn of_object(
    group: &str,
    kind: &str,
    fields: &Map<String, Value>,
    at: &At<'_>,
    run: &mut Run,
) {
    if facts::NAMELESS.contains(&(group, kind)) {
        return;
    }
    let metadata_at = at.field("metadata");
    let none = Map::new();
    let here = match fields.get("metadata") {
        Some(Value::Object(fields)) => Place { fields, at: &metadata_at },
        None | Some(Value::Null) => Place { fields: &none, at: &metadata_at },
        // That it is of another type was told.
        Some(_) => return,
    };
    let name_at = metadata_at.field("name");
    match (here.text("name"), here.text("generateName")) {
        (Some(name), _) => {
            let Name { form, longest, .. } = facts::name_of(group, kind);
            form.check(name, &name_at, run);
            if name.len() > *longest {
                let why = format!("must be no more than {longest} characters");
                run.invalid(&name_at, &Value::from(name), &why);
            }
        }
        (None, Some(_)) => {}
        (None, None) if matches!(here.get("name"), None | Some(Value::String(_))) => {
            run.required(&name_at, "name or generateName is required");
        }
        (None, None) => {}
    }
    if let Some(namespace) = here.text("namespace") {
        Form::Label.check(namespace, &metadata_at.field("namespace"), run);
    }
    both(here, run);
    for (index, finalizer) in here.items("finalizers").iter().enumerate() {
        let Some(name) = finalizer.as_str() else { continue };
        Form::Qualified.check(name, &metadata_at.field("finalizers").item(index), run);
    }
}

/// Labels and annotations of an object or a template.
pub(super) fn both(here: Place<'_>, run: &mut Run) {
    if let Some(found) = here.object("labels") {
        labels(found, &here.at.field("labels"), run);
    }
    let Some(annotations) = here.object("annotations") else { return };
    let at = here.at.field("annotations");
    let mut size = 0;
    for (key, value) in annotations {
        size += key.len() + value.as_str().map_or(0, str::len);
        // Keys of annotations may have capital letters everywhere.
        if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Form::Qualified.check(&key.to_ascii_lowercase(), &at, run);
        } else {
            Form::Qualified.check(key, &at, run);
        }
    }
    if size > ANNOTATIONS_SIZE {
        run.add(Fault::MaxLength, &at, || {
            format!("Too long: may not be more than {ANNOTATIONS_SIZE} bytes")
        });
    }
}

pub(super) fn labels(labels: &Map<String, Value>, at: &At<'_>, run: &mut Run) {
    for (key, value) in labels {
        Form::Qualified.check(key, at, run);
        if let Some(value) = value.as_str() {
            Form::LabelValue.check(value, at, run);
        }
    }
}

/// Whether a selector takes labels; in doubt it does.
pub(super) fn selects(selector: &Map<String, Value>, labels: Option<&Map<String, Value>>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let equal = wanted.into_iter().flatten().all(|(key, value)| {
        // A null is an empty text.
        value.is_null() || value.as_str().is_none_or(|value| label(key) == Some(value))
    });
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    equal
        && expressions.into_iter().flatten().all(|one| {
            let Some(key) = one.get("key").and_then(Value::as_str) else { return true };
            let listed = |value: &str| {
                let values = one.get("values").and_then(Value::as_array);
                values.into_iter().flatten().any(|one| one.as_str() == Some(value))
            };
            match one.get("operator").and_then(Value::as_str) {
                Some("In") => label(key).is_some_and(listed),
                Some("NotIn") => !label(key).is_some_and(listed),
                Some("Exists") => label(key).is_some(),
                Some("DoesNotExist") => label(key).is_none(),
                _ => true,
            }
        })
}
