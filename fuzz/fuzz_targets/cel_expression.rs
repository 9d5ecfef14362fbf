//! Any text is an expression that is evaluated within its budget, or is refused with a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use towpath_schema::crd::Definition;
use towpath_schema::crd::schema::Schema;

fuzz_target!(|rule: &str| {
    let spec = json!({
        "type": "object",
        "properties": {
            "s": {"type": "string"}, "n": {"type": "integer"}, "d": {"type": "number"},
            "l": {"type": "array", "items": {"type": "string"}},
            "m": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "x-kubernetes-validations": [{"rule": rule, "messageExpression": rule, "optionalOldSelf": true}],
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
    let Ok(definition) = Definition::parse(&definition) else { return };
    let schema = Schema::of(&definition, &definition.versions[0]);
    let object = json!({
        "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
        "spec": {"s": "héllo", "n": -1, "d": 0.5, "l": ["a", "b", "10.0.0.0/8"], "m": {"a-b": "1Gi"}},
    });
    assert_eq!(schema.validate(&object), schema.validate(&object));
    let _ = schema.validate_update(&object, &object);
});
