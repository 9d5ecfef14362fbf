//! Any object is judged by a definition that has every keyword, alone and as an update of itself.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use towpath_schema::crd::Definition;
use towpath_schema::crd::schema::Schema;

fn schema() -> Schema {
    let spec = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 5, "pattern": "^[a-z]+$"},
            "size": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
            "port": {"x-kubernetes-int-or-string": true},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "at": {"type": "string", "format": "date-time"},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "map": {
                "type": "array",
                "items": {"type": "object", "properties": {"id": {"type": "string"}, "v": {"type": "number"}}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["id"],
                "x-kubernetes-validations": [{"rule": "self.all(a, self.exists_one(b, a.id == b.id && a.v <= b.v))"}],
            },
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "oneOf": [{"required": ["set"]}, {"required": ["map"]}],
        "x-kubernetes-validations": [
            {"rule": "self == oldSelf", "message": "it is immutable"},
            {"rule": "!has(self.labels) || self.labels.all(k, self.labels[k].size() < 5 && k.matches('^[a-z]'))"},
            {"rule": "!has(self.set) || self.set.map(s, s.split('-').join('+')).isSorted()", "messageExpression": "self.name"},
            {"rule": "!has(self.port) || (type(self.port) == int ? self.port < 10 : self.port.endsWith('%'))"},
            {"rule": "!has(self.at) || self.at > timestamp('2020-01-01T00:00:00Z')"},
            {"rule": "!isURL(self.name) && !isCIDR(self.name) && !isQuantity(self.name)"},
        ],
    });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    });
    let definition = Definition::parse(&definition).expect("a definition");
    Schema::of(&definition, &definition.versions[0])
}

fuzz_target!(|data: &[u8]| {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    let Ok(spec) = serde_json::from_slice::<Value>(data) else { return };
    let object = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec});
    let schema = SCHEMA.get_or_init(schema);
    let alone = schema.validate(&object);
    // What does not change breaks no rule that looks back.
    assert!(schema.validate_update(&object, &object).violations.len() >= alone.violations.len());
});
