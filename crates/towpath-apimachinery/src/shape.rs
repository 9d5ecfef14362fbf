//! What is known of a place in an object: how its items are told apart, and what lies below it.
//!
//! One view for patches and server-side apply, whether the kind is built in or custom. It judges no value.
//!
//! Source of the contract: the `x-kubernetes-*` extensions, `kubernetes/kube-openapi:pkg/schemaconv`.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use towpath_catalog::{ListType, MapType, SchemaRef, Strategy, Type};

/// A place in an object.
#[derive(Debug, Clone, Copy)]
pub enum Shape<'a> {
    /// Of a built-in kind.
    BuiltIn(SchemaRef<'a>),
    /// Of a custom resource.
    Custom(Custom<'a>),
    /// Below what nothing describes: mappings are merged, lists are one value.
    Unknown,
}

/// A place in a custom resource.
#[derive(Debug, Clone, Copy)]
pub struct Custom<'a> {
    /// Its `openAPIV3Schema`, as the definition has it.
    schema: &'a Map<String, Value>,
    /// What `metadata` is, of the object and of every object embedded in it.
    metadata: SchemaRef<'a>,
    is_resource: bool,
    /// Whether fields that nothing describes are kept, here and below.
    is_open: bool,
}

/// What values a place takes, as far as server-side apply looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Any value.
    Anything,
    /// An object.
    Object,
    /// A list.
    List,
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A text, a number, true or false.
    Scalar,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum List<'a> {
    /// Not at all: the list is one value.
    Atomic,
    /// By their value.
    Set,
    /// By these fields, and what stands for one that is missing.
    Map(Vec<(&'a str, Option<&'a Value>)>),
}

impl<'a> Shape<'a> {
    /// The shape of a whole custom resource. `metadata` is the schema of `ObjectMeta`.
    #[must_use]
    pub fn custom(schema: &'a Map<String, Value>, metadata: SchemaRef<'a>) -> Self {
        let is_open = keeps_unknown(schema);
        Shape::Custom(Custom { schema, metadata, is_resource: true, is_open })
    }

    /// The value of a field, or of an entry of a mapping.
    #[must_use]
    pub fn field(&self, name: &str) -> Shape<'a> {
        match self {
            Shape::BuiltIn(schema) => schema
                .field(name)
                .map(|field| field.schema)
                .or_else(|| schema.additional())
                .map_or(Shape::Unknown, Shape::BuiltIn),
            Shape::Custom(place) => place.field(name),
            Shape::Unknown => Shape::Unknown,
        }
    }

    /// Whether fields have names that the schema knows; if not, an object is a mapping with names of any kind.
    #[must_use]
    pub fn is_struct(&self) -> bool {
        match self {
            Shape::BuiltIn(schema) => schema.fields().len() > 0,
            Shape::Custom(place) => place.schema.contains_key("properties"),
            Shape::Unknown => false,
        }
    }

    /// Whether the schema knows the field by name; entries of mappings are not known by name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        match self {
            Shape::BuiltIn(schema) => schema.field(name).is_some(),
            Shape::Custom(place) => {
                place.is_resource && matches!(name, "apiVersion" | "kind" | "metadata")
                    || place.property(name).is_some()
            }
            Shape::Unknown => false,
        }
    }

    /// Whether there may be a field or an entry of this name.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Shape::BuiltIn(schema) => {
                schema.fields().len() == 0
                    || schema.additional().is_some()
                    || schema.field(name).is_some()
            }
            Shape::Custom(place) => {
                place.is_open
                    || place.schema.get("additionalProperties").is_some_and(|more| *more != false)
                    || !(place.is_resource || place.schema.contains_key("properties"))
                    || self.knows(name)
            }
            Shape::Unknown => true,
        }
    }

    /// What values the place takes.
    #[must_use]
    pub fn takes(&self) -> Takes {
        match self {
            Shape::BuiltIn(schema) if schema.reference() == Some(RAW) => Takes::Anything,
            Shape::BuiltIn(schema) => match schema.types() {
                Type::Object => Takes::Object,
                Type::Array => Takes::List,
                Type::String => text(schema.format()),
                Type::Integer | Type::Number => Takes::Number,
                Type::Boolean => Takes::Boolean,
                Type::IntOrString | Type::Quantity => Takes::Scalar,
                _ => Takes::Anything,
            },
            Shape::Custom(place) => match place.schema.get("type").and_then(Value::as_str) {
                Some("object") => Takes::Object,
                Some("array") => Takes::List,
                Some("string") => text(place.schema.get("format").and_then(Value::as_str)),
                Some("integer" | "number") => Takes::Number,
                Some("boolean") => Takes::Boolean,
                _ => Takes::Anything,
            },
            Shape::Unknown => Takes::Anything,
        }
    }

    /// An item of a list.
    #[must_use]
    pub fn item(&self) -> Shape<'a> {
        match self {
            Shape::BuiltIn(schema) => schema.items().map_or(Shape::Unknown, Shape::BuiltIn),
            Shape::Custom(place) => place.below(place.schema.get("items")),
            Shape::Unknown => Shape::Unknown,
        }
    }

    /// How the items of the list here are told apart.
    #[must_use]
    pub fn list(&self) -> List<'a> {
        match self {
            Shape::BuiltIn(schema) => match schema.list_type() {
                Some(ListType::Set) => List::Set,
                Some(ListType::Map) => {
                    let items = self.item();
                    List::Map(
                        schema.list_map_keys().map(|key| (key, items.key_default(key))).collect(),
                    )
                }
                Some(ListType::Atomic) => List::Atomic,
                // Older minors say it by the strategy of the patch alone.
                None => match (schema.patch_strategy(), schema.patch_merge_key()) {
                    (Some(Strategy::Merge | Strategy::MergeRetainKeys), Some(key)) => {
                        List::Map(vec![(key, self.item().key_default(key))])
                    }
                    (Some(Strategy::Merge | Strategy::MergeRetainKeys), None) => List::Set,
                    _ => List::Atomic,
                },
            },
            Shape::Custom(place) => place.list(),
            Shape::Unknown => List::Atomic,
        }
    }

    /// Whether the object here is one value for server-side apply.
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        match self {
            Shape::BuiltIn(schema) => {
                schema.map_type() == Some(MapType::Atomic) || schema.reference() == Some(RAW)
            }
            Shape::Custom(place) => {
                place.schema.get("x-kubernetes-map-type") == Some(&Value::from("atomic"))
            }
            Shape::Unknown => false,
        }
    }

    /// What stands for a field of an item that tells items apart and is missing. The catalog has no defaults: the
    /// server publishes the zero of its type for each such field that has to be there, and one other default.
    fn key_default(&self, key: &str) -> Option<&'a Value> {
        static TEXT: Value = Value::String(String::new());
        static ZERO: LazyLock<Value> = LazyLock::new(|| 0.into());
        static PROTOCOL: LazyLock<Value> = LazyLock::new(|| "TCP".into());
        let Shape::BuiltIn(schema) = self else { return None };
        let field = schema.field(key)?;
        if key == "protocol" {
            return Some(&PROTOCOL);
        }
        match field.schema.types() {
            _ if !field.required => None,
            Type::String => Some(&TEXT),
            Type::Integer => Some(&ZERO),
            _ => None,
        }
    }

    /// The field by which a strategic merge patch tells items apart. Custom resources have no such patches.
    #[must_use]
    pub fn merge_key(&self) -> Option<&'a str> {
        match self {
            Shape::BuiltIn(schema) => schema.patch_merge_key(),
            _ => None,
        }
    }

    /// What a strategic merge patch does here.
    #[must_use]
    pub fn strategy(&self) -> Option<Strategy> {
        match self {
            Shape::BuiltIn(schema) => schema.patch_strategy(),
            _ => None,
        }
    }

    /// The type, where the kind is built in.
    #[must_use]
    pub fn built_in(&self) -> Option<(SchemaRef<'a>, Type)> {
        match self {
            Shape::BuiltIn(schema) => Some((*schema, schema.types())),
            _ => None,
        }
    }
}

/// What has a value of any kind, and is one value.
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

fn keeps_unknown(schema: &Map<String, Value>) -> bool {
    schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true))
}

/// Texts of other formats are judged by others.
fn text(format: Option<&str>) -> Takes {
    if matches!(format, None | Some("byte")) { Takes::Text } else { Takes::Scalar }
}

impl<'a> Custom<'a> {
    fn property(&self, name: &str) -> Option<&'a Value> {
        self.schema.get("properties")?.as_object()?.get(name)
    }

    fn field(&self, name: &str) -> Shape<'a> {
        if self.is_resource && name == "metadata" {
            return Shape::BuiltIn(self.metadata);
        }
        self.below(self.property(name).or_else(|| self.schema.get("additionalProperties")))
    }

    fn below(&self, schema: Option<&'a Value>) -> Shape<'a> {
        let Some(schema) = schema.and_then(Value::as_object) else { return Shape::Unknown };
        let is_resource = schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true));
        let is_open = self.is_open || keeps_unknown(schema);
        Shape::Custom(Custom { schema, metadata: self.metadata, is_resource, is_open })
    }

    fn list(&self) -> List<'a> {
        match self.schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => List::Set,
            Some("map") => {
                let keys = self.schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
                let properties = self.schema.get("items").and_then(|items| items.get("properties"));
                let default = |key: &str| properties?.get(key)?.get("default");
                let keys = keys.into_iter().flatten().filter_map(Value::as_str);
                List::Map(keys.map(|key| (key, default(key))).collect())
            }
            _ => List::Atomic,
        }
    }
}
