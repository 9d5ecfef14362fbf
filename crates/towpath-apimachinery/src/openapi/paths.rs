//! Paths and what can be done there: enough for clients that look whether an option is known.

use serde_json::{Map, Value, json};
use towpath_catalog::Verb;

use super::{Edition, gvk, schema_name};
use crate::machine::Machine;
use crate::resource::Resource;

/// Adds the paths of a resource.
pub(super) fn collect(
    machine: &Machine,
    resource: &Resource,
    edition: Edition,
    paths: &mut Map<String, Value>,
) {
    let schema = edition.reference(&schema_name(machine, resource));
    let base = match &*resource.group {
        "" => format!("/api/{}", resource.version),
        group => format!("/apis/{group}/{}", resource.version),
    };
    let place = if resource.is_namespaced() {
        format!("{base}/namespaces/{{namespace}}/{}", resource.plural)
    } else {
        format!("{base}/{}", resource.plural)
    };
    let writer = Writer { resource, edition, schema };
    let all = [(Verb::List, "get"), (Verb::Create, "post"), (Verb::DeleteCollection, "delete")];
    writer.path(&place, &all, paths);
    let one = [
        (Verb::Get, "get"),
        (Verb::Update, "put"),
        (Verb::Patch, "patch"),
        (Verb::Delete, "delete"),
    ];
    writer.path(&format!("{place}/{{name}}"), &one, paths);
    if resource.is_namespaced() && resource.allows(Verb::List) {
        writer.path(&format!("{base}/{}", resource.plural), &all[..1], paths);
    }
}

struct Writer<'a> {
    resource: &'a Resource,
    edition: Edition,
    schema: Value,
}

impl Writer<'_> {
    fn path(&self, path: &str, verbs: &[(Verb, &str)], paths: &mut Map<String, Value>) {
        let verbs = verbs.iter().filter(|(verb, _)| self.resource.allows(*verb));
        let operations: Map<String, Value> = verbs
            .map(|(verb, method)| ((*method).to_owned(), self.operation(*verb, path)))
            .collect();
        if !operations.is_empty() {
            paths.insert(path.to_owned(), operations.into());
        }
    }

    fn operation(&self, verb: Verb, path: &str) -> Value {
        let action = match verb {
            Verb::Create => "post",
            Verb::Update => "put",
            Verb::DeleteCollection => "deletecollection",
            other => other.name(),
        };
        let names: &[&str] = match verb {
            Verb::Create | Verb::Update => &["dryRun", "fieldManager", "fieldValidation", "pretty"],
            Verb::Patch => &["dryRun", "fieldManager", "fieldValidation", "force", "pretty"],
            Verb::Delete | Verb::DeleteCollection => {
                &["dryRun", "gracePeriodSeconds", "propagationPolicy", "pretty"]
            }
            Verb::List | Verb::Watch => &[
                "allowWatchBookmarks",
                "continue",
                "fieldSelector",
                "labelSelector",
                "limit",
                "resourceVersion",
                "resourceVersionMatch",
                "sendInitialEvents",
                "timeoutSeconds",
                "watch",
                "pretty",
            ],
            Verb::Get => &["pretty"],
        };
        let mut parameters: Vec<Value> =
            names.iter().map(|name| self.parameter(name, "query")).collect();
        for name in ["namespace", "name"] {
            if path.contains(&format!("{{{name}}}")) {
                parameters.push(self.parameter(name, "path"));
            }
        }
        let kind = gvk(&self.resource.group, &self.resource.version, &self.resource.kind);
        let mut operation = json!({
            "operationId": format!("{action}{}", path.replace(['/', '{', '}', '.'], "_")),
            "responses": {"200": self.answer()},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
        });
        if self.edition == Edition::Two && matches!(verb, Verb::Create | Verb::Update) {
            let body = json!({
                "name": "body", "in": "body", "required": true, "schema": {"$ref": self.schema},
            });
            parameters.push(body);
        }
        if self.edition == Edition::Three && matches!(verb, Verb::Create | Verb::Update) {
            operation["requestBody"] =
                json!({"content": {"*/*": {"schema": {"$ref": self.schema}}}});
        }
        operation["parameters"] = parameters.into();
        operation
    }

    fn answer(&self) -> Value {
        match self.edition {
            Edition::Two => json!({"description": "OK", "schema": {"$ref": self.schema}}),
            Edition::Three => json!({
                "description": "OK",
                "content": {"application/json": {"schema": {"$ref": self.schema}}},
            }),
        }
    }

    fn parameter(&self, name: &str, place: &str) -> Value {
        let of_type = match name {
            "allowWatchBookmarks" | "force" | "sendInitialEvents" | "watch" => "boolean",
            "gracePeriodSeconds" | "limit" | "timeoutSeconds" => "integer",
            _ => "string",
        };
        let mut parameter = match self.edition {
            Edition::Two => json!({"name": name, "in": place, "type": of_type}),
            Edition::Three => json!({"name": name, "in": place, "schema": {"type": of_type}}),
        };
        if place == "path" {
            parameter["required"] = true.into();
        }
        parameter
    }
}
