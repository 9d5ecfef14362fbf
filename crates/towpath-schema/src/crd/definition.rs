//! A CustomResourceDefinition as values that can be compared: parsed, lifted to `v1`, bounded.
//!
//! [`Definition::parse`] is the only door. What passes it is bounded in depth and size and has
//! keywords of the right JSON types, so that nothing behind it can fail or run away. It judges
//! nothing: that two versions are both stored, say, is the API server's to refuse.
//!
//! Next: `normal.rs` for the form of schemas, `lift.rs` for `v1beta1`.

use serde_json::{Map, Value};
use thiserror::Error;

use super::{lift, normal};

/// How deep objects and lists of a definition may be nested. Each level of fields costs two; pod
/// templates inside of custom resources reach about 40, and the readers of JSON stop at 128.
pub const MAX_DEPTH: usize = 128;

/// How many values (objects, lists and scalars) a definition may hold. An API server takes requests
/// of 3 MiB, which is fewer values than this for any definition that was seen.
pub const MAX_VALUES: usize = 400_000;

/// How many versions a definition may have: every two that are served are compared. The most that
/// were seen are eight.
pub const MAX_VERSIONS: usize = 64;

/// How many alternatives (`oneOf` ...) or rules in CEL may stand at one place: each is compared with each.
pub const MAX_ALTERNATIVES: usize = 512;

/// A definition, in the shape of `apiextensions.k8s.io/v1`.
///
/// Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apis/apiextensions/v1/types.go`.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// `metadata.name`, `widgets.example.com`.
    pub name: String,
    /// `spec.group`.
    pub group: String,
    /// `spec.names.kind`.
    pub kind: String,
    /// Its versions, in the order of the file.
    pub versions: Vec<Version>,
    /// `status.storedVersions`: versions in which objects may lie in etcd. Empty for a definition
    /// that does not come from a cluster.
    pub stored: Vec<String>,
    /// `spec` without its versions.
    pub(super) spec: Map<String, Value>,
}

/// One version of a [`Definition`].
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// `v1beta1`.
    pub name: String,
    /// Whether the API server answers requests for it.
    pub served: bool,
    /// Whether objects are written to etcd in it.
    pub storage: bool,
    /// What else is said of the version: columns, subresources, deprecation.
    pub(super) rest: Map<String, Value>,
    /// `openAPIV3Schema` in the form of `normal.rs`; empty where there is none.
    pub(super) schema: Map<String, Value>,
}

/// Why something is not read as a definition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DefinitionError {
    /// It is of another kind.
    #[error("not a CustomResourceDefinition but {found}")]
    OtherKind {
        /// `apiVersion` and `kind`, or what is there instead.
        found: String,
    },
    /// It is of a version of `apiextensions.k8s.io` that never was.
    #[error("{found} is no version of CustomResourceDefinition: v1 and v1beta1 are")]
    OtherVersion {
        /// Its `apiVersion`.
        found: String,
    },
    /// A field is missing or of the wrong JSON type.
    #[error("{path} must be {expected}")]
    Shape {
        /// Where, as people write it.
        path: String,
        /// `a string`.
        expected: &'static str,
    },
    /// Two versions have one name.
    #[error("version {name} is defined twice")]
    DuplicateVersion {
        /// The name.
        name: String,
    },
    /// It is nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// It holds more than [`MAX_VALUES`].
    #[error("holds more than {MAX_VALUES} values")]
    TooLarge,
    /// It has more than [`MAX_VERSIONS`].
    #[error("has more than {MAX_VERSIONS} versions")]
    TooManyVersions,
    /// One place has more than [`MAX_ALTERNATIVES`].
    #[error("{path} has more than {MAX_ALTERNATIVES} alternatives or rules")]
    TooManyAlternatives {
        /// Where, as people write it.
        path: String,
    },
}

impl Definition {
    /// Reads a definition, `v1` or `v1beta1`, as JSON.
    ///
    /// # Errors
    ///
    /// [`DefinitionError`], before any time or memory is spent that is not linear in the limits.
    pub fn parse(value: &Value) -> Result<Definition, DefinitionError> {
        bounded(value, MAX_DEPTH, MAX_VALUES)?;
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if kind != "CustomResourceDefinition" || group != "apiextensions.k8s.io" {
            let found = format!("{api_version} {kind}").trim().to_owned();
            let found =
                if found.is_empty() { "nothing that says its kind".to_owned() } else { found };
            return Err(DefinitionError::OtherKind { found });
        }
        let spec = value.get("spec").and_then(Value::as_object);
        let mut spec = spec.cloned().ok_or_else(|| shape("spec", "an object"))?;
        let listed = spec.get("versions").and_then(Value::as_array).map_or(0, Vec::len);
        if listed > MAX_VERSIONS {
            return Err(DefinitionError::TooManyVersions);
        }
        match version {
            "v1" => {}
            "v1beta1" => lift::lift(&mut spec)?,
            _ => return Err(DefinitionError::OtherVersion { found: api_version.to_owned() }),
        }
        assemble(value, spec)
    }

    /// The version of a name.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }
}

impl Version {
    /// Whether the definition marks it as deprecated.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.rest.get("deprecated") == Some(&Value::Bool(true))
    }

    /// Whether both accept the same.
    #[must_use]
    pub fn has_schema_of(&self, other: &Version) -> bool {
        self.schema == other.schema
    }
}

fn assemble(value: &Value, mut spec: Map<String, Value>) -> Result<Definition, DefinitionError> {
    spec.retain(|_, value| !value.is_null());
    let text = |value: Option<&Value>, path: &str| {
        let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| shape(path, "a string"))
    };
    let group = text(spec.get("group"), "spec.group")?;
    let names = spec.get("names");
    let kind = text(names.and_then(|names| names.get("kind")), "spec.names.kind")?;
    let plural = text(names.and_then(|names| names.get("plural")), "spec.names.plural")?;
    let name = value.pointer("/metadata/name").and_then(Value::as_str);
    let name = name.map_or_else(|| format!("{plural}.{group}"), str::to_owned);

    let Some(Value::Array(listed)) = spec.shift_remove("versions") else {
        return Err(shape("spec.versions", "a list"));
    };
    let mut versions: Vec<Version> = Vec::with_capacity(listed.len());
    for version in listed {
        let Value::Object(version) = version else {
            return Err(shape("spec.versions[]", "an object"));
        };
        let version = parse_version(version)?;
        if versions.iter().any(|other| other.name == version.name) {
            return Err(DefinitionError::DuplicateVersion { name: version.name });
        }
        versions.push(version);
    }
    let stored = value.pointer("/status/storedVersions").and_then(Value::as_array);
    let stored =
        stored.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Definition { name, group, kind, versions, stored, spec })
}

fn parse_version(mut fields: Map<String, Value>) -> Result<Version, DefinitionError> {
    fields.retain(|_, value| !value.is_null());
    let Some(Value::String(name)) = fields.shift_remove("name") else {
        return Err(shape("spec.versions[].name", "a string"));
    };
    let mut flag = |field: &str, path: &str| match fields.shift_remove(field) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(shape(path, "true or false")),
    };
    let served = flag("served", "spec.versions[].served")?;
    let storage = flag("storage", "spec.versions[].storage")?;
    let schema = match fields.shift_remove("schema") {
        None => Map::new(),
        Some(schema) => match schema.get("openAPIV3Schema") {
            None | Some(Value::Null) => Map::new(),
            Some(schema) => normal::schema(schema, ".")?,
        },
    };
    Ok(Version { name, served, storage, rest: fields, schema })
}

pub(super) fn shape(path: &str, expected: &'static str) -> DefinitionError {
    DefinitionError::Shape { path: path.to_owned(), expected }
}

/// Refuses what is too deep or too large, without recursion: this runs before anything else.
fn bounded(value: &Value, max_depth: usize, max_values: usize) -> Result<usize, DefinitionError> {
    let mut waiting = vec![(value, 0)];
    let mut count = 0_usize;
    while let Some((value, depth)) = waiting.pop() {
        count += 1;
        if depth > max_depth {
            return Err(DefinitionError::TooDeep);
        }
        if count + waiting.len() > max_values {
            return Err(DefinitionError::TooLarge);
        }
        match value {
            Value::Object(fields) => waiting.extend(fields.values().map(|v| (v, depth + 1))),
            Value::Array(items) => waiting.extend(items.iter().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    Ok(count)
}

/// How many values a value holds, itself included.
pub(super) fn values(value: &Value) -> usize {
    bounded(value, usize::MAX, usize::MAX).unwrap_or(usize::MAX)
}

/// Whether a value is nested no deeper than `max`.
pub(super) fn within_depth(value: &Value, max: usize) -> bool {
    !matches!(bounded(value, max, usize::MAX), Err(DefinitionError::TooDeep))
}
