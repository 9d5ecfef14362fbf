//! Schemas of kinds and of all that they refer to.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use towpath_catalog::{ListType, MapType, SchemaRef, Strategy, Type};

use super::{Edition, gvk, schema_name};
use crate::machine::Machine;
use crate::resource::Resource;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Adds the schemas of a resource, of its list, and of what they refer to.
pub(super) fn collect(
    machine: &Machine,
    resource: &Resource,
    edition: Edition,
    all: &mut BTreeMap<String, Value>,
) {
    let name = schema_name(machine, resource);
    let mut writer = Writer { machine, edition, all };
    writer.definition(&format!("{META}.ObjectMeta"));
    writer.definition(&format!("{META}.ListMeta"));
    writer.definition(&format!("{META}.DeleteOptions"));
    writer.definition(&format!("{META}.Status"));
    let kind = gvk(&resource.group, &resource.version, &resource.kind);
    if resource.custom.is_some() {
        let schema = writer.custom(resource, kind);
        writer.all.insert(name.clone(), schema);
        let list = writer.custom_list(resource, &name);
        writer.all.insert(format!("{name}List"), list);
        return;
    }
    writer.definition(&name);
    writer.is_kind(&name, kind);
    let list = format!("{name}List");
    if machine.surface().catalog().definition(&list).is_some() {
        writer.definition(&list);
        writer.is_kind(&list, gvk(&resource.group, &resource.version, &resource.list_kind));
    }
}

struct Writer<'a> {
    machine: &'a Machine,
    edition: Edition,
    all: &'a mut BTreeMap<String, Value>,
}

impl Writer<'_> {
    /// Adds a definition and what it refers to.
    fn definition(&mut self, name: &str) {
        if self.all.contains_key(name) {
            return;
        }
        let machine = self.machine;
        let Some(schema) = machine.surface().catalog().definition(name) else { return };
        self.all.insert(name.to_owned(), Value::Null);
        let value = self.inner(schema);
        self.all.insert(name.to_owned(), value);
    }

    fn is_kind(&mut self, name: &str, kind: Value) {
        if let Some(schema) = self.all.get_mut(name).and_then(Value::as_object_mut) {
            let kinds = schema.entry("x-kubernetes-group-version-kind").or_insert(json!([]));
            if let Some(kinds) = kinds.as_array_mut().filter(|kinds| !kinds.contains(&kind)) {
                kinds.push(kind);
            }
        }
    }

    /// The schema at a place: a reference, with what is said at the place itself.
    fn place(&mut self, schema: SchemaRef<'_>) -> Value {
        let Some(name) = schema.reference() else { return self.inner(schema) };
        self.definition(name);
        let reference = self.edition.reference(name);
        let mut value = Map::new();
        extensions(schema, &mut value);
        match (self.edition, value.is_empty()) {
            // Beside a reference nothing else counts in version 3.
            (Edition::Three, false) => {
                value.insert("allOf".into(), json!([{"$ref": reference}]));
            }
            _ => {
                value.insert("$ref".into(), reference);
            }
        }
        value.into()
    }

    fn inner(&mut self, schema: SchemaRef<'_>) -> Value {
        let mut value = Map::new();
        let of_type = match schema.types() {
            Type::Object => Some("object"),
            Type::Array => Some("array"),
            Type::String => Some("string"),
            Type::Integer => Some("integer"),
            Type::Number => Some("number"),
            Type::Boolean => Some("boolean"),
            Type::IntOrString | Type::Quantity if self.edition == Edition::Two => Some("string"),
            Type::IntOrString => {
                value.insert("oneOf".into(), json!([{"type": "integer"}, {"type": "string"}]));
                None
            }
            Type::Quantity => {
                value.insert("oneOf".into(), json!([{"type": "string"}, {"type": "number"}]));
                None
            }
            _ => None,
        };
        if let Some(of_type) = of_type {
            value.insert("type".into(), of_type.into());
        }
        match (schema.format(), schema.types()) {
            (Some(format), _) => {
                value.insert("format".into(), format.into());
            }
            (None, Type::IntOrString) => {
                value.insert("format".into(), "int-or-string".into());
            }
            _ => {}
        }
        let required: Vec<&str> = schema.required().collect();
        if !required.is_empty() {
            value.insert("required".into(), required.into());
        }
        let fields = schema.fields();
        if fields.len() > 0 {
            let fields = fields.map(|field| (field.name.to_owned(), self.place(field.schema)));
            value.insert("properties".into(), Value::Object(fields.collect()));
        }
        if let Some(items) = schema.items() {
            value.insert("items".into(), self.place(items));
        }
        if let Some(entries) = schema.additional() {
            value.insert("additionalProperties".into(), self.place(entries));
        }
        let allowed: Vec<&str> = schema.allowed().collect();
        if !allowed.is_empty() {
            value.insert("enum".into(), allowed.into());
        }
        extensions(schema, &mut value);
        value.into()
    }

    fn custom(&mut self, resource: &Resource, kind: Value) -> Value {
        let open_api = resource.custom.as_ref().map(|custom| custom.open_api.clone());
        let mut schema = open_api.unwrap_or_default();
        if schema.is_empty() {
            schema.insert("type".into(), "object".into());
            schema.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
        }
        let metadata = self.edition.reference(&format!("{META}.ObjectMeta"));
        let properties = schema.entry("properties").or_insert(json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("apiVersion".into(), json!({"type": "string"}));
            properties.insert("kind".into(), json!({"type": "string"}));
            properties.insert(
                "metadata".into(),
                match self.edition {
                    Edition::Two => json!({"$ref": metadata}),
                    Edition::Three => json!({"allOf": [{"$ref": metadata}]}),
                },
            );
        }
        schema.insert("x-kubernetes-group-version-kind".into(), json!([kind]));
        if self.edition == Edition::Two {
            let mut value = Value::Object(schema);
            plain(&mut value, 0);
            return value;
        }
        schema.into()
    }

    fn custom_list(&mut self, resource: &Resource, name: &str) -> Value {
        let kind = gvk(&resource.group, &resource.version, &resource.list_kind);
        json!({
            "type": "object",
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"$ref": self.edition.reference(&format!("{META}.ListMeta"))},
                "items": {"type": "array", "items": {"$ref": self.edition.reference(name)}},
            },
            "x-kubernetes-group-version-kind": [kind],
        })
    }
}

/// Takes out what version 2 has no words for.
fn plain(value: &mut Value, depth: usize) {
    const UNSAID: [&str; 5] = ["anyOf", "oneOf", "not", "nullable", "default"];
    let Some(schema) = value.as_object_mut().filter(|_| depth < 128) else { return };
    for word in UNSAID {
        schema.shift_remove(word);
    }
    for word in ["items", "additionalProperties"] {
        schema.get_mut(word).into_iter().for_each(|below| plain(below, depth + 1));
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (_, below) in properties.into_iter().flatten() {
        plain(below, depth + 1);
    }
}

fn extensions(schema: SchemaRef<'_>, value: &mut Map<String, Value>) {
    let list_type = schema.list_type().map(|list| match list {
        ListType::Atomic => "atomic",
        ListType::Set => "set",
        ListType::Map => "map",
    });
    let map_type = schema.map_type().map(|map| match map {
        MapType::Atomic => "atomic",
        MapType::Granular => "granular",
    });
    let strategy = schema.patch_strategy().map(|strategy| match strategy {
        Strategy::Merge => "merge",
        Strategy::RetainKeys => "retainKeys",
        Strategy::MergeRetainKeys => "merge,retainKeys",
        Strategy::Replace => "replace",
    });
    let texts = [
        ("x-kubernetes-list-type", list_type),
        ("x-kubernetes-map-type", map_type),
        ("x-kubernetes-patch-strategy", strategy),
        ("x-kubernetes-patch-merge-key", schema.patch_merge_key()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            value.insert(name.into(), text.into());
        }
    }
    let keys: Vec<&str> = schema.list_map_keys().collect();
    if !keys.is_empty() {
        value.insert("x-kubernetes-list-map-keys".into(), keys.into());
    }
}
