//! Changes of custom resource definitions, and the objects they break.
//!
//! - `examples`: the examples on the rules' pages, which are the failing and the passing case of each;
//! - `changes`: whole definitions and the changes between them;
//! - `cel`: rules in CEL and what they say;
//! - `words`: what the API server says, from recorded answers;
//! - `breaks`: objects that a new definition rejects, and what ratcheting lets pass;
//! - `laws`: properties over generated schemas and objects;
//! - `hostile`: definitions and objects that are made to hurt.

mod breaks;
mod cel;
mod changes;
mod examples;
mod hostile;
mod laws;
mod refusals;
mod words;

use serde_json::{Map, Value, json};
use towpath_schema::crd::{Change, Definition, compare};

/// A YAML document as JSON.
fn yaml(text: &str) -> Value {
    let documents = towpath_yaml::parse(text.as_bytes()).expect("YAML");
    documents.first().map_or_else(|| json!({}), |document| document.root.to_json())
}

/// A definition of widgets whose `spec` is overlaid with `fields`.
fn widgets(fields: &Value) -> Value {
    let mut definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true}],
        },
    });
    overlay(&mut definition["spec"], fields);
    definition
}

fn overlay(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                overlay(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// Widgets of one version, with these fields besides its name.
fn of_version(fields: &Value) -> Value {
    let mut version = json!({"name": "v1", "served": true, "storage": true});
    overlay(&mut version, fields);
    widgets(&json!({"versions": [version]}))
}

/// Widgets of one version whose `spec` has this schema.
fn of_spec(schema: &Value) -> Value {
    let root = json!({"type": "object", "properties": {"spec": schema}});
    of_version(&json!({"schema": {"openAPIV3Schema": root}}))
}

/// Widgets whose field `spec.field` has this schema.
fn of_field(schema: &Value) -> Value {
    of_spec(&json!({"type": "object", "properties": {"field": schema}}))
}

fn parse(value: &Value) -> Definition {
    Definition::parse(value).expect("a definition")
}

/// A widget.
fn widget(spec: Value) -> Value {
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), json!("example.com/v1"));
    object.insert("kind".to_owned(), json!("Widget"));
    object.insert("metadata".to_owned(), json!({"name": "w", "namespace": "default"}));
    object.insert("spec".to_owned(), spec);
    Value::Object(object)
}

/// The changes, a line each.
fn told(old: &Value, new: &Value) -> String {
    compare(&parse(old), &parse(new)).iter().map(line).collect()
}

fn line(change: &Change) -> String {
    format!(
        "{} {} {} [{}]: {}\n",
        change.effect.as_str(),
        change.rule.as_str(),
        change.path,
        change.versions.join(" "),
        change.message
    )
}
