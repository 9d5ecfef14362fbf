//! What is the same for all kinds: names, labels, annotations.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/api/validation/objectmeta.go`,
//! `pkg/apis/meta/v1/validation/validation.go`.

use serde_json::{Map, Value};
use towpath_catalog::Minor;

use super::check::{Place, text};
use super::facts::{self, Name};
use super::run::Run;
use super::text::Form;
use crate::crd::at::At;
use crate::crd::schema::{Fault, Violation};

/// All keys and values of annotations together.
const ANNOTATIONS_SIZE: usize = 256 * 1024;

const EMPTY: &str = "must not be empty";

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
    let Name { form, longest, .. } = facts::name_of(group, kind);
    named(here, *form, *longest, run);
    both(here, run);
    owners(here, run);
    finalizers(here, run);
}

/// What the server says of the metadata of an object whose kind is not built in, or which is changed:
/// labels, annotations and owners, and of a new one its name, its namespace and its finalizers as well.
/// Of metadata that are no object nothing is said.
#[must_use]
pub fn metadata(minor: Minor, object: &Value, is_new: bool) -> Vec<Violation> {
    let mut run = Run::new(minor);
    let none = Map::new();
    let at = At::ROOT.field("metadata");
    let fields = match object.get("metadata") {
        Some(Value::Object(fields)) => fields,
        None | Some(Value::Null) => &none,
        Some(_) => return Vec::new(),
    };
    let here = Place { fields, at: &at };
    if is_new {
        named(here, Form::Subdomain, 253, &mut run);
    }
    both(here, &mut run);
    owners(here, &mut run);
    if is_new {
        finalizers(here, &mut run);
    }
    run.into_report().violations
}

fn named(here: Place<'_>, form: Form, longest: usize, run: &mut Run) {
    if let Some(prefix) = here.text("generateName") {
        // Something is appended to it, so that it may end in a dash.
        let masked = match prefix.strip_suffix('-') {
            Some(rest) if !rest.is_empty() => format!("{rest}a"),
            _ => prefix.to_owned(),
        };
        form.check_as(&masked, prefix, &here.at.field("generateName"), run);
    }
    let name_at = here.at.field("name");
    match (here.text("name"), here.text("generateName")) {
        (Some(name), _) => {
            form.check(name, &name_at, run);
            if name.len() > longest {
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
        Form::Label.check(namespace, &here.at.field("namespace"), run);
    }
}

fn finalizers(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("finalizers");
    let names = here.items("finalizers");
    for (index, finalizer) in names.iter().enumerate() {
        let Some(name) = finalizer.as_str() else { continue };
        Form::Qualified.check(name, &at.item(index), run);
    }
    let has = |name: &str| names.iter().any(|one| one == name);
    if has("orphan") && has("foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        run.invalid(&at, &Value::Array(names.to_vec()), why);
    }
}

/// Who is gone with whom: each is named in full, and one at most is in charge.
fn owners(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("ownerReferences");
    let owners = here.items("ownerReferences");
    let mut controller = None;
    for (index, owner) in owners.iter().enumerate() {
        let Some(fields) = owner.as_object() else { continue };
        let at_owner = at.item(index);
        let one = Place { fields, at: &at_owner };
        let api_version = one.text("apiVersion").unwrap_or_default();
        let version = api_version.rsplit('/').next().unwrap_or_default();
        if api_version.is_empty() {
            run.required(&at_owner.field("apiVersion"), EMPTY);
        } else if version.is_empty() || api_version.matches('/').count() > 1 {
            let why = "must be <group>/<version> or <version>";
            run.invalid(&at_owner.field("apiVersion"), &Value::from(api_version), why);
        }
        for field in ["kind", "name", "uid"] {
            if one.text(field).is_none() {
                run.required(&at_owner.field(field), EMPTY);
            }
        }
        if (api_version, text(owner, "kind")) == ("v1", "Event") {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            run.invalid(&at_owner, owner, why);
        }
        if one.get("controller") == Some(&Value::Bool(true)) {
            let name = format!("{}/{}", text(owner, "kind"), text(owner, "name"));
            match &controller {
                Some(first) => {
                    let why = format!(
                        "Only one reference can have Controller set to true. \
                         Found \"true\" in references for {first} and {name}"
                    );
                    run.invalid(&at, &Value::Array(owners.to_vec()), &why);
                }
                None => controller = Some(name),
            }
        }
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
            Form::Qualified.check_as(&key.to_ascii_lowercase(), key, &at, run);
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
