//! Which lists merge and by which keys, and which kinds have a namespace: the schemas that Kubernetes publishes.
//!
//! A [`Schema`] is either the built-in table or the definitions of a file that `openapi.path` names; it changes
//! nothing and validates nothing. Source of the contract: `kubernetes-sigs/kustomize:kyaml/openapi/openapi.go`.
//!
//! Where to go next: `table.rs` is the built-in one, `strategic.rs` asks.

use super::table::{KINDS, SCOPES, SHAPES, Shape};
use crate::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// What is known of the fields of objects.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    custom: Option<Custom>,
    without_builtin: bool,
}

/// The definitions of a file in the form of Kubernetes' own `swagger.json`.
#[derive(Debug, Clone)]
struct Custom {
    document: Value,
    /// `apiVersion` and kind to the name of the definition.
    kinds: HashMap<(String, String), String>,
    /// `apiVersion` and kind to whether it has a namespace.
    scopes: HashMap<(String, String), bool>,
}

/// Why a file cannot serve as a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There is no mapping `definitions` in it.
    #[error("has no mapping definitions")]
    NoDefinitions,
}

/// One place of an object, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'s>(Known<'s>);

#[derive(Debug, Clone, Copy)]
enum Known<'s> {
    /// A shape of the built-in table.
    Shape(u8),
    /// A place of a built-in kind where no list merges.
    Plain,
    /// A node of a custom document.
    Custom { node: &'s Value, document: &'s Value },
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListKeys<'s> {
    /// They are not: the list is replaced as a whole.
    Whole,
    /// They are plain values, and the list is a set of them.
    Values,
    /// By these fields, of which there is at least one.
    Fields(Cow<'s, [&'s str]>),
}

static BUILTIN: Schema = Schema { custom: None, without_builtin: false };

impl Schema {
    /// The schemas of Kubernetes 1.21, which kustomize 5.8 carries.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The definitions of a file that `openapi.path` names, instead of the built-in ones.
    ///
    /// # Errors
    /// The document has no definitions.
    pub fn with_openapi(document: &Value) -> Result<Self, SchemaError> {
        let definitions = document
            .get("definitions")
            .and_then(Value::as_object)
            .ok_or(SchemaError::NoDefinitions)?;
        let mut kinds = HashMap::new();
        for (name, definition) in definitions {
            for gvk in definition.get(GVK).and_then(Value::as_array).into_iter().flatten() {
                if let Some(key) = type_of(gvk) {
                    kinds.insert(key, name.clone());
                }
            }
        }
        let mut scopes = HashMap::new();
        for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let Some(key) = item.get("get").and_then(|get| get.get(GVK)).and_then(type_of) else {
                continue;
            };
            let namespaced = path.contains("namespaces/{namespace}");
            let known = scopes.entry(key).or_insert(namespaced);
            *known |= namespaced;
        }
        Ok(Self {
            custom: Some(Custom { document: document.clone(), kinds, scopes }),
            without_builtin: true,
        })
    }

    /// The same schema, which knows the built-in kinds as well.
    #[must_use]
    pub fn and_builtin(mut self) -> Self {
        self.without_builtin = false;
        self
    }

    /// What is known of objects of this kind; `None` where the kind is unknown.
    #[must_use]
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Place<'_>> {
        if let Some(custom) = &self.custom
            && let Some(name) = custom.kinds.get(&(api_version.to_owned(), kind.to_owned()))
        {
            let node = custom.document.get("definitions")?.get(name)?;
            return Some(Place(Known::Custom { node, document: &custom.document }));
        }
        if self.without_builtin && api_version != KUSTOMIZE {
            return None;
        }
        let at = KINDS.binary_search_by(|row| (row.0, row.1).cmp(&(api_version, kind))).ok()?;
        Some(Place(Known::Shape(KINDS[at].2)))
    }

    /// Whether objects of this kind have a namespace; `None` where the kind is unknown.
    #[must_use]
    pub fn namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        let at = SCOPES.binary_search_by(|row| (row.0, row.1).cmp(&(api_version, kind)));
        if let Ok(at) = at {
            return Some(SCOPES[at].2);
        }
        self.custom.as_ref()?.scopes.get(&(api_version.to_owned(), kind.to_owned())).copied()
    }

    /// What is known of `value` by its own `apiVersion` and `kind`.
    pub(super) fn of(&self, value: &Value) -> Option<Place<'_>> {
        let text = |key| value.get(key).and_then(Value::as_str);
        self.kind(text("apiVersion")?, text("kind")?)
    }
}

const GVK: &str = "x-kubernetes-group-version-kind";
const KUSTOMIZE: &str = "kustomize.config.k8s.io/v1beta1";

fn type_of(gvk: &Value) -> Option<(String, String)> {
    let text = |key| gvk.get(key).and_then(Value::as_str);
    let version = text("version")?;
    let api_version = match text("group") {
        Some(group) if !group.is_empty() => format!("{group}/{version}"),
        _ => version.to_owned(),
    };
    Some((api_version, text("kind")?.to_owned()))
}

impl<'s> Place<'s> {
    /// The place of the field `name`; `None` where nothing is known of it.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Self> {
        match self.0 {
            Known::Plain => Some(self),
            Known::Shape(shape) => {
                let Shape::Map(fields) = SHAPES[usize::from(shape)] else {
                    return Some(Self(Known::Plain));
                };
                let found = fields.iter().find(|(field, _)| *field == name);
                Some(Self(found.map_or(Known::Plain, |(_, shape)| Known::Shape(*shape))))
            }
            Known::Custom { node, document } => {
                let properties = node.get("properties").and_then(|all| all.get(name));
                let any = || node.get("additionalProperties").filter(|any| any.is_object());
                follow(properties.or_else(any)?, document)
            }
        }
    }

    /// The place of the items of this list.
    #[must_use]
    pub fn items(self) -> Option<Self> {
        match self.0 {
            Known::Plain => Some(self),
            Known::Shape(shape) => match SHAPES[usize::from(shape)] {
                Shape::List(_, Some(items)) => Some(Self(Known::Shape(items))),
                _ => Some(Self(Known::Plain)),
            },
            Known::Custom { node, document } => {
                let array = node.get("type").is_some_and(|kind| kind == "array");
                follow(node.get("items").filter(|_| array)?, document)
            }
        }
    }

    /// How the items of this list are told apart.
    #[must_use]
    pub fn keys(self) -> ListKeys<'s> {
        match self.0 {
            Known::Plain => ListKeys::Whole,
            Known::Shape(shape) => match SHAPES[usize::from(shape)] {
                Shape::Map(_) => ListKeys::Whole,
                Shape::List([], _) => ListKeys::Values,
                Shape::List(keys, _) => ListKeys::Fields(Cow::Borrowed(keys)),
            },
            Known::Custom { node, .. } => {
                let text = |key| node.get(key).and_then(Value::as_str);
                let strategy = text("x-kubernetes-patch-strategy").unwrap_or_default();
                if !strategy.split(',').any(|one| one == "merge") {
                    return ListKeys::Whole;
                }
                let listed = node.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
                let keys: Vec<&str> = match listed {
                    Some(keys) => keys.iter().filter_map(Value::as_str).collect(),
                    None => text("x-kubernetes-patch-merge-key").into_iter().collect(),
                };
                if keys.is_empty() { ListKeys::Values } else { ListKeys::Fields(Cow::Owned(keys)) }
            }
        }
    }

    /// Whether no list merges here or below, so that nobody needs to look.
    pub(super) fn is_plain(self) -> bool {
        matches!(self.0, Known::Plain)
    }
}

/// Follows `$ref`s inside `document`; a reference that leads nowhere, or in a circle, is nothing.
fn follow<'s>(node: &'s Value, document: &'s Value) -> Option<Place<'s>> {
    let mut node = node;
    for _ in 0..MOST_REFERENCES {
        let Some(reference) = node.get("$ref").and_then(Value::as_str) else {
            return Some(Place(Known::Custom { node, document }));
        };
        node = document.pointer(reference.strip_prefix('#')?)?;
    }
    None
}

/// References in a row; documents have one or two.
const MOST_REFERENCES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys<'s>(
        schema: &'s Schema,
        api_version: &str,
        kind: &str,
        path: &[&str],
    ) -> Option<ListKeys<'s>> {
        let mut place = schema.kind(api_version, kind)?;
        for step in path {
            place = if *step == "[]" { place.items()? } else { place.field(step)? };
        }
        Some(place.keys())
    }

    #[test]
    fn tables_are_sorted_and_whole() {
        assert!(KINDS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
        assert!(SCOPES.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
        for shape in SHAPES {
            match shape {
                Shape::Map(fields) => {
                    assert!(fields.is_sorted_by(|a, b| a.0 < b.0));
                    assert!(fields.iter().all(|(_, at)| usize::from(*at) < SHAPES.len()));
                }
                Shape::List(_, items) => {
                    assert!(items.is_none_or(|at| usize::from(at) < SHAPES.len()))
                }
            }
        }
        assert!(KINDS.iter().all(|(_, _, at)| usize::from(*at) < SHAPES.len()));
    }

    #[test]
    fn lists_of_kubernetes() {
        let fields = |keys: &[&'static str]| Some(ListKeys::Fields(Cow::Owned(keys.to_vec())));
        let pod = ["spec", "template", "spec", "containers", "[]"];
        let cases: [(&str, &str, Vec<&str>, Option<ListKeys<'_>>); 10] = [
            ("apps/v1", "Deployment", pod[..4].to_vec(), fields(&["name"])),
            (
                "apps/v1",
                "Deployment",
                [&pod[..], &["ports"]].concat(),
                fields(&["containerPort", "protocol"]),
            ),
            ("apps/v1", "Deployment", [&pod[..], &["args"]].concat(), Some(ListKeys::Whole)),
            ("apps/v1", "Deployment", vec!["metadata", "finalizers"], Some(ListKeys::Values)),
            (
                "apps/v1",
                "Deployment",
                vec!["spec", "template", "spec", "tolerations"],
                Some(ListKeys::Whole),
            ),
            (
                "batch/v1",
                "CronJob",
                [&["spec", "jobTemplate"], &pod[..4]].concat(),
                fields(&["name"]),
            ),
            ("v1", "Service", vec!["spec", "ports"], fields(&["port", "protocol"])),
            ("v1", "ServiceAccount", vec!["secrets"], fields(&["name"])),
            ("networking.k8s.io/v1", "Ingress", vec!["spec", "rules"], Some(ListKeys::Whole)),
            ("example.com/v1", "Thing", vec!["spec"], None),
        ];
        for (api_version, kind, path, expected) in cases {
            assert_eq!(
                keys(Schema::builtin(), api_version, kind, &path),
                expected,
                "{kind} {path:?}"
            );
        }
    }

    #[test]
    fn a_file_of_ones_own() {
        let document = json!({
            "definitions": {
                "v1.Thing": {
                    "type": "object",
                    "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Thing", "version": "v1"}],
                    "properties": {"spec": {"$ref": "#/definitions/v1.Spec"}}
                },
                "v1.Spec": {"properties": {"parts": {
                    "type": "array", "items": {"$ref": "#/definitions/v1.Spec"},
                    "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"
                }}},
                "v1.Loop": {"$ref": "#/definitions/v1.Loop"}
            },
            "paths": {"/apis/example.com/v1/things": {"get": {
                "x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Thing", "version": "v1"}
            }}}
        });
        let schema = Schema::with_openapi(&document).expect("it has definitions");
        let parts = ["spec", "parts", "[]", "parts"];
        assert_eq!(
            keys(&schema, "example.com/v1", "Thing", &parts),
            Some(ListKeys::Fields(Cow::Owned(vec!["name"])))
        );
        assert_eq!(schema.namespaced("example.com/v1", "Thing"), Some(false));
        assert!(schema.kind("apps/v1", "Deployment").is_none());
        assert!(schema.and_builtin().kind("apps/v1", "Deployment").is_some());
        assert_eq!(Schema::with_openapi(&json!({})).err(), Some(SchemaError::NoDefinitions));
    }
}
