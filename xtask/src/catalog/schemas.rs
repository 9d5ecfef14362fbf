//! Schemas as the package has them, back to what Kubernetes published.
//!
//! The package writes an optional field as `["T", "null"]`, a number-or-text as `oneOf`, pins `apiVersion` and `kind` of
//! each kind with an `enum`, and moves references. That is undone; descriptions and unions (which bind nobody) are left
//! out. A keyword that is not known here is an error: better no data than data that lacks something.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use towpath_catalog::{ListType, MapType, Strategy, Type};

/// Objects of which nothing is said because anything may be in them. All others of which nothing is said are empty.
const FREE_FORM: [&str; 3] = [
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
];

/// One schema, with the names of others instead of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Schema {
    pub(super) types: Type,
    pub(super) format: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) items: Option<Box<Self>>,
    pub(super) additional: Option<Box<Self>>,
    /// By name; whether it is required.
    pub(super) properties: BTreeMap<String, (Self, bool)>,
    pub(super) list_type: Option<ListType>,
    pub(super) map_type: Option<MapType>,
    pub(super) merge_key: Option<String>,
    pub(super) strategy: Option<Strategy>,
    pub(super) list_map_keys: Vec<String>,
    pub(super) allowed: Vec<String>,
}

/// Group, version and kind.
pub(super) type Gvk = [String; 3];

/// A named schema.
pub(super) struct Definition {
    pub(super) name: String,
    /// The kind that it describes, if it does; of one that is there in every group, that of the empty one.
    pub(super) kind: Option<Gvk>,
    pub(super) schema: Schema,
}

pub(super) fn parse(json: &[u8]) -> Result<Vec<Definition>> {
    let document: Value = serde_json::from_slice(json)?;
    let definitions = ["$defs", "definitions"]
        .iter()
        .find_map(|key| document.get(key)?.as_object())
        .context("there are no definitions")?;
    definitions
        .iter()
        .map(|(name, value)| definition(name, value).with_context(|| format!("in {name}")))
        .collect()
}

fn definition(name: &str, value: &Value) -> Result<Definition> {
    let mut schema = schema(value)?;
    let kinds = match value.get("x-kubernetes-group-version-kind") {
        Some(kinds) => kinds
            .as_array()
            .context("kinds are no list")?
            .iter()
            .map(|kind| {
                let part = |key: &str| text(&kind[key]).map(str::to_owned);
                Ok([part("group")?, part("version")?, part("kind")?])
            })
            .collect::<Result<Vec<Gvk>>>()?,
        None => Vec::new(),
    };
    if !kinds.is_empty() {
        for pinned in ["apiVersion", "kind"] {
            if let Some((property, _)) = schema.properties.get_mut(pinned) {
                property.allowed.clear();
            }
        }
    }
    // Both are written as a choice of types; which of the two it is, only the name says.
    match (schema.types, name.rsplit('.').next()) {
        (Type::IntOrString, Some("Quantity")) => schema.types = Type::Quantity,
        (Type::IntOrString, Some("IntOrString")) => {}
        (Type::IntOrString, _) => bail!("another choice of types"),
        _ => {}
    }
    if FREE_FORM.contains(&name) {
        schema.additional = Some(Box::default());
    }
    let kind = match kinds.as_slice() {
        [only] => Some(only.clone()),
        many => {
            many.iter().find(|[group, version, _]| group.is_empty() && version == "v1").cloned()
        }
    };
    Ok(Definition { name: name.to_owned(), kind, schema })
}

fn schema(value: &Value) -> Result<Schema> {
    let map = value.as_object().context("a schema is no mapping")?;
    let mut schema = Schema::default();
    for (key, value) in map {
        keyword(&mut schema, key, value).with_context(|| format!("at `{key}`"))?;
    }
    for name in map.get("required").map_or(Ok(Vec::new()), texts)? {
        let property = schema.properties.get_mut(&name);
        property.with_context(|| format!("`{name}` is required and unknown"))?.1 = true;
    }
    Ok(schema)
}

fn keyword(schema: &mut Schema, key: &str, value: &Value) -> Result<()> {
    match key {
        "description" | "required" | "x-kubernetes-group-version-kind" | "x-kubernetes-unions" => {}
        "type" => schema.types = types(value)?,
        "oneOf" => schema.types = choice(value)?,
        "format" => schema.format = Some(text(value)?.to_owned()),
        "$ref" => {
            let name = text(value)?.rsplit('/').next().unwrap_or_default();
            schema.reference = Some(name.to_owned());
        }
        "items" => schema.items = Some(Box::new(self::schema(value)?)),
        "additionalProperties" => schema.additional = Some(Box::new(self::schema(value)?)),
        "properties" => schema.properties = properties(value.as_object().context("no mapping")?)?,
        "enum" => schema.allowed = texts(value)?,
        "x-kubernetes-list-type" => {
            schema.list_type = Some(match text(value)? {
                "atomic" => ListType::Atomic,
                "set" => ListType::Set,
                "map" => ListType::Map,
                other => bail!("`{other}`"),
            });
        }
        "x-kubernetes-map-type" => {
            schema.map_type = Some(match text(value)? {
                "atomic" => MapType::Atomic,
                "granular" => MapType::Granular,
                other => bail!("`{other}`"),
            });
        }
        "x-kubernetes-patch-strategy" => {
            schema.strategy = Some(match text(value)? {
                "merge" => Strategy::Merge,
                "retainKeys" => Strategy::RetainKeys,
                "merge,retainKeys" => Strategy::MergeRetainKeys,
                "replace" => Strategy::Replace,
                other => bail!("`{other}`"),
            });
        }
        "x-kubernetes-patch-merge-key" => schema.merge_key = Some(text(value)?.to_owned()),
        "x-kubernetes-list-map-keys" => schema.list_map_keys = texts(value)?,
        other => bail!("`{other}` is a keyword that is not known"),
    }
    Ok(())
}

fn properties(map: &Map<String, Value>) -> Result<BTreeMap<String, (Schema, bool)>> {
    map.iter()
        .map(|(name, value)| {
            let schema = schema(value).with_context(|| format!("in `{name}`"))?;
            Ok((name.clone(), (schema, false)))
        })
        .collect()
}

/// A type, with or without null beside it.
fn types(value: &Value) -> Result<Type> {
    let name = match value {
        Value::Array(both) if both.len() == 2 && both[1] == "null" => text(&both[0])?,
        one => text(one)?,
    };
    Ok(match name {
        "object" => Type::Object,
        "array" => Type::Array,
        "string" => Type::String,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        other => bail!("`{other}` is no type"),
    })
}

/// Text or number. What it is for is told by the name of its definition.
fn choice(value: &Value) -> Result<Type> {
    let choices = value.as_array().context("no list")?;
    let choices =
        choices.iter().map(|choice| types(&choice["type"])).collect::<Result<Vec<Type>>>()?;
    ensure!(
        matches!(choices.as_slice(), [Type::String, Type::Integer | Type::Number]),
        "a choice of {choices:?}"
    );
    Ok(Type::IntOrString)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("`{value}` is no text"))
}

fn texts(value: &Value) -> Result<Vec<String>> {
    let texts = value.as_array().context("no list")?;
    texts.iter().map(|one| Ok(text(one)?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(name: &str, value: Value) -> Result<Definition> {
        let mut all = parse(json!({ "$defs": { name: value } }).to_string().as_bytes())?;
        all.pop().context("one was given")
    }

    #[test]
    fn what_the_package_did_is_undone() -> Result<()> {
        let service = one(
            "io.k8s.api.core.v1.Service",
            json!({
                "description": "words",
                "type": ["object", "null"],
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Service"}],
                "required": ["spec"],
                "properties": {
                    "kind": {"type": ["string", "null"], "enum": ["Service"]},
                    "policy": {"type": "string", "enum": ["A", "B"]},
                    "spec": {"$ref": "#/$defs/io.k8s.api.core.v1.ServiceSpec"},
                },
            }),
        )?;
        assert_eq!(service.kind, Some(["", "v1", "Service"].map(str::to_owned)));
        assert_eq!(service.schema.types, Type::Object);
        let property = |name: &str| &service.schema.properties[name];
        assert_eq!(property("kind").0, Schema { types: Type::String, ..Schema::default() });
        assert_eq!(property("policy").0.allowed, ["A", "B"]);
        let (spec, required) = property("spec");
        assert_eq!(spec.reference.as_deref(), Some("io.k8s.api.core.v1.ServiceSpec"));
        assert!(required);
        Ok(())
    }

    #[test]
    fn choices_of_types_have_names() -> Result<()> {
        let either = json!({"oneOf": [{"type": ["string", "null"]}, {"type": "integer"}]});
        assert_eq!(one("a.IntOrString", either.clone())?.schema.types, Type::IntOrString);
        assert_eq!(one("a.Quantity", either.clone())?.schema.types, Type::Quantity);
        assert!(one("a.Other", either).is_err());
        Ok(())
    }

    #[test]
    fn an_object_without_fields_is_empty_or_free() -> Result<()> {
        let object = json!({"type": "object"});
        assert_eq!(one("io.k8s.api.a.v1.Empty", object.clone())?.schema.additional, None);
        let free = one(FREE_FORM[2], object)?.schema.additional;
        assert_eq!(free, Some(Box::default()), "whatever values");
        Ok(())
    }

    #[test]
    fn a_kind_of_every_group_is_that_of_the_empty_one() -> Result<()> {
        let kind = |group| json!({"group": group, "version": "v1", "kind": "Status"});
        let many = json!({"x-kubernetes-group-version-kind": [kind("apps"), kind("")]});
        assert_eq!(one("a.Status", many)?.kind, Some(["", "v1", "Status"].map(str::to_owned)));
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for value in [
            json!({"pattern": "a"}),
            json!({"type": "text"}),
            json!({"required": ["missing"]}),
            json!({"additionalProperties": true}),
            json!({"properties": {"a": {"x-kubernetes-list-type": "heap"}}}),
        ] {
            assert!(one("a", value.clone()).is_err(), "{value}");
        }
    }
}
