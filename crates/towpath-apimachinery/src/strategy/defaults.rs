//! What a server fills in where a user said nothing.
//!
//! One walk over the object and its schema: at each structure, first the structures that are always there, then the
//! defaults of its type, then what lies below. So the template of a pod gets the same wherever it stands. Only what
//! follows from the object itself: addresses of Services and what admission adds to pods are functions of their own.
//!
//! Where to go next: `defaults/rows.rs` for values, `defaults/pods.rs`, `defaults/workloads.rs` and
//! `defaults/others.rs` for what depends on more than one field.

mod others;
mod pods;
mod rows;
mod workloads;

use serde_json::{Map, Value};
use towpath_catalog::{Catalog, GroupVersionKind, Minor, SchemaRef, Type};

use super::written::{self, How, Of};
use crate::object;

pub use pods::admit_pod;

type Fields = Map<String, Value>;

/// Fills in what the server of that minor fills in. Kinds that the minor does not have stay as they are.
pub fn defaults(catalog: &Catalog, gvk: &GroupVersionKind<'_>, object: &mut Value) {
    if let Some(schema) = catalog.schema(gvk) {
        structure(schema, Of::kind(gvk), object::map(object), catalog.minor());
    }
}

fn structure(schema: SchemaRef<'_>, of: Of<'_>, fields: &mut Fields, minor: Minor) {
    for (name, how) in written::row(of).into_iter().flatten() {
        if *how == How::Structure && schema.field(name).is_some() && is_missing(fields, name) {
            fields.insert((*name).to_owned(), Value::Object(Map::new()));
        }
    }
    rows::fill(&schema, of, fields);
    special(&schema, of, fields, minor);
    for (name, value) in fields.iter_mut() {
        if matches!(value, Value::Object(_) | Value::Array(_))
            && let Some(field) = schema.field(name)
        {
            place(field.schema, value, minor);
        }
    }
}

fn place(schema: SchemaRef<'_>, value: &mut Value, minor: Minor) {
    match (schema.types(), value) {
        (Type::Object, Value::Object(fields)) => match schema.additional() {
            Some(entry) => fields.values_mut().for_each(|value| place(entry, value, minor)),
            None => structure(schema, Of::place(&schema), fields, minor),
        },
        (Type::Array, Value::Array(items)) => {
            let Some(item) = schema.items() else { return };
            items.iter_mut().for_each(|value| place(item, value, minor));
        }
        _ => {}
    }
}

/// What depends on more than one field.
fn special(schema: &SchemaRef<'_>, of: Of<'_>, fields: &mut Fields, minor: Minor) {
    match (of.group, of.name) {
        ("core", "Pod") => pods::pod(fields),
        ("core", "PodSpec") => pods::spec(fields, minor),
        ("core", "Container" | "EphemeralContainer") => pods::container(fields),
        ("core", "Volume") => pods::volume(fields),
        ("core", "Service") => others::service(schema, fields),
        ("core", "Secret") => others::secret(fields),
        ("core", "Namespace") => others::namespace(fields),
        ("core", "NodeStatus") => others::node(fields),
        ("core", "LimitRangeItem") => others::limits(fields),
        ("core", "ReplicationController") => workloads::replication_controller(fields),
        ("apps", "Deployment") => workloads::deployment(fields),
        ("apps", "StatefulSet") => workloads::stateful_set(fields, minor),
        ("apps", "DaemonSet") => workloads::daemon_set(schema, fields),
        ("batch", "Job") => workloads::job(schema, fields, minor),
        ("autoscaling", "HorizontalPodAutoscalerSpec")
            if !matches!(of.version, "v1" | "v2beta1") =>
        {
            workloads::autoscaler(fields);
        }
        ("networking", "NetworkPolicySpec") => others::directions(fields),
        ("networking", "HTTPIngressPath") if of.version == "v1beta1" => {
            text(fields, "pathType", "ImplementationSpecific");
        }
        ("rbac", "Subject") => others::subject(fields),
        ("storage", "CSIDriverSpec") => others::driver(schema, fields),
        ("apiextensions", "CustomResourceDefinitionSpec") => others::definition(fields),
        ("flowcontrol", "PriorityLevelConfigurationSpec") => others::level(fields),
        _ => {}
    }
}

pub(super) fn is_missing(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_none_or(Value::is_null)
}

/// Sets a field where there is none; an empty text is none.
pub(super) fn text(fields: &mut Fields, name: &str, default: &str) {
    if is_missing(fields, name) || fields.get(name).and_then(Value::as_str) == Some("") {
        fields.insert(name.to_owned(), Value::from(default));
    }
}

/// Sets a field where there is none.
fn value(fields: &mut Fields, name: &str, default: impl Into<Value>) {
    if is_missing(fields, name) {
        fields.insert(name.to_owned(), default.into());
    }
}

/// The text of a field, empty if there is none.
pub(super) fn get<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A field that is an object, if it is there.
fn below<'a>(fields: &'a mut Fields, name: &str) -> Option<&'a mut Fields> {
    fields.get_mut(name).and_then(Value::as_object_mut)
}

/// The items of a list that are objects.
pub(super) fn items<'a>(
    fields: &'a mut Fields,
    name: &str,
) -> impl Iterator<Item = &'a mut Fields> {
    let list = fields.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Whether a list or a mapping has anything in it.
pub(super) fn has_any(fields: &Fields, name: &str) -> bool {
    match fields.get(name) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(entries)) => !entries.is_empty(),
        _ => false,
    }
}
