//! Whether lists named `conditions` are what every tool expects of conditions.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, `Condition`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::style::Minded;
use super::{Effect, Example, Place, Rule, RuleId};

pub(super) const CONDITIONS: Rule = Rule {
    id: "crd-style-conditions",
    place: Place::Schema,
    title: "New conditions are not as tools expect them",
    why: "\
`kubectl wait`, Flux and dashboards read conditions as a map by `type` with the fields of `metav1.Condition`. Without the map two
controllers overwrite each other's conditions.",
    found: Example {
        before: "type: object\n",
        after: "\
type: object
properties:
  conditions:
    type: array
    items: {type: object, properties: {type: {type: string}, status: {type: string}}}
",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: object\n",
        after: "type: object\nproperties: {phase: {type: array, items: {type: string}}}\n",
    },
};

/// What the schema of a field of a condition must say.
fn expected() -> [(&'static str, Vec<(&'static str, Value)>); 6] {
    let pattern = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$";
    [
        ("type", vec![("maxLength", json!(316))]),
        ("status", vec![("enum", json!(["True", "False", "Unknown"]))]),
        ("reason", vec![("pattern", json!(pattern)), ("maxLength", json!(1024))]),
        ("message", vec![("maxLength", json!(32768))]),
        ("lastTransitionTime", vec![("type", json!("string")), ("format", json!("date-time"))]),
        ("observedGeneration", vec![("minimum", json!(0))]),
    ]
}

pub(super) fn visit(schema: &Map<String, Value>, at: &str, all: &mut BTreeSet<Minded>) {
    let is_list = schema.get("type") == Some(&Value::from("array"));
    if !is_list || at.rsplit('.').next() != Some("conditions") {
        return;
    }
    let mut mind = |message: String| all.insert((RuleId::StyleConditions, at.to_owned(), message));
    if schema.get("x-kubernetes-list-type") != Some(&json!("map"))
        || schema.get("x-kubernetes-list-map-keys") != Some(&json!(["type"]))
    {
        mind("conditions are not a map by type".to_owned());
    }
    let fields = schema.get("items").and_then(|items| items.get("properties"));
    for (name, keywords) in expected() {
        let Some(field) = fields.and_then(|fields| fields.get(name)) else {
            mind(format!("conditions have no {name}"));
            continue;
        };
        for (keyword, value) in keywords {
            let holds = match (field.get(keyword), &value) {
                (Some(Value::Array(is)), Value::Array(wanted)) => {
                    is.len() == wanted.len() && wanted.iter().all(|one| is.contains(one))
                }
                (Some(is), wanted) => {
                    is == wanted || is.as_f64().is_some_and(|n| Some(n) == wanted.as_f64())
                }
                (None, _) => false,
            };
            if !holds {
                mind(format!("{name} of conditions lacks {keyword} {value}"));
            }
        }
    }
}
