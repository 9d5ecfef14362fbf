//! Replacements: a value of one object goes into fields of others.
//!
//! Files come in as values; what an object was called before is known from [`Resource::former`]. `options.encoding` is
//! read and has no effect, as in kustomize. Source of the contract:
//! `kubernetes-sigs/kustomize:api/filters/replacement/replacement.go`, `api/types/replacement.go`.
//!
//! Where to go next: `path.rs` finds fields, `value.rs` sets one, `text.rs` goes on inside of texts.

pub(in crate::kustomize) mod path;
mod text;
mod value;

use super::Resource;
use super::patch::schema::Schema;
use super::patch::strategic::text_of;
use super::patch::target::{Selector, SelectorError, effective_namespace};
use crate::{Identity, Touch, Value};
use path::{Create, PathError};
use serde_json::Map;
use std::borrow::Cow;
use value::{New, Part};

pub use value::SetError;

/// A replacement, read from a kustomization or from a file beside it.
#[derive(Debug, Clone)]
pub struct Replacement {
    source: Source,
    targets: Vec<Target>,
}

#[derive(Debug, Clone)]
enum Source {
    /// A value that the replacement says itself.
    Value(String),
    Field {
        object: Identity,
        path: String,
        part: Option<Part>,
    },
}

#[derive(Debug, Clone)]
struct Target {
    select: Selector,
    reject: Vec<Selector>,
    paths: Vec<String>,
    part: Option<Part>,
    create: bool,
}

/// Why a replacement cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum ReplacementError {
    /// A field has another form than it must have.
    #[error("{0} must be {1}")]
    Shape(&'static str, &'static str),
    /// There is no such field.
    #[error("unknown field {0}")]
    Unknown(String),
    /// It does not say what, or where.
    #[error("a replacement needs a source and at least one target")]
    Incomplete,
    /// It says both.
    #[error("source and sourceValue exclude each other")]
    TwoSources,
    /// A target does not say which objects.
    #[error("a target needs select")]
    NoSelect,
    /// A selector cannot be used.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// No object is the source.
    #[error("no object matches the source {0}")]
    NoSource(String),
    /// More than one object is the source.
    #[error("more than one object matches the source {0}")]
    ManySources(String),
    /// The source has no such field.
    #[error("{object} has no field {path} to take a value from")]
    NoValue {
        /// The source.
        object: Box<Identity>,
        /// The path.
        path: String,
        /// Why, where there is more to say.
        source: Option<Box<PathError>>,
    },
    /// A delimiter, and a value that is no text.
    #[error("field {path} of {object}: a delimiter can only part a plain value")]
    Delimiter {
        /// The source.
        object: Box<Identity>,
        /// The path.
        path: String,
    },
    /// The source has not so many parts.
    #[error("field {path} of {object}: '{value}' has no part {index}")]
    Part {
        /// The source.
        object: Box<Identity>,
        /// The path.
        path: String,
        /// The value.
        value: String,
        /// The part.
        index: i64,
    },
    /// A target has no such field.
    #[error("{object} has no field {path} to put a value into")]
    NoField {
        /// The target.
        object: Box<Identity>,
        /// The path.
        path: String,
        /// Why, where there is more to say.
        source: Option<Box<PathError>>,
    },
    /// A field cannot take the value.
    #[error("cannot set {path} of {object}")]
    NotSet {
        /// The target.
        object: Box<Identity>,
        /// The path.
        path: String,
        /// Why.
        source: SetError,
    },
}

/// Reads what stands in `replacements`, or in a file that one of them names by `path`: one replacement, or a list.
///
/// # Errors
/// One has another form than it must have. Entries with `path` are for the caller to resolve.
pub fn parse(value: &Value) -> Result<Vec<Replacement>, ReplacementError> {
    match value {
        Value::Array(items) => items.iter().map(Replacement::from_value).collect(),
        one => Ok(vec![Replacement::from_value(one)?]),
    }
}

impl Replacement {
    fn from_value(value: &Value) -> Result<Self, ReplacementError> {
        let fields = mapping(value, "a replacement")?;
        let (mut source, mut literal, mut targets) = (None, None, None);
        for (field, value) in present(fields) {
            match field {
                "source" => source = Some(Source::from_value(value)?),
                "sourceValue" => literal = Some(Source::Value(text(value, "sourceValue")?)),
                "targets" => {
                    let items =
                        value.as_array().ok_or(ReplacementError::Shape("targets", "a list"))?;
                    targets =
                        Some(items.iter().map(Target::from_value).collect::<Result<Vec<_>, _>>()?);
                }
                "path" => return Err(ReplacementError::Shape("path", "alone in its entry")),
                other => return Err(ReplacementError::Unknown(other.to_owned())),
            }
        }
        let source = match (source, literal) {
            (Some(_), Some(_)) => return Err(ReplacementError::TwoSources),
            (source, literal) => source.or(literal),
        };
        match (source, targets) {
            (Some(source), Some(targets)) => Ok(Self { source, targets }),
            _ => Err(ReplacementError::Incomplete),
        }
    }
}

impl Source {
    fn from_value(value: &Value) -> Result<Self, ReplacementError> {
        let mut object = Identity::default();
        let (mut path, mut options) = (String::new(), Options::default());
        for (field, value) in present(mapping(value, "source")?) {
            match field {
                "group" => object.group = text(value, "group")?,
                "version" => object.version = text(value, "version")?,
                "kind" => object.kind = text(value, "kind")?,
                "name" => object.name = text(value, "name")?,
                "namespace" => object.namespace = text(value, "namespace")?,
                "fieldPath" => path = text(value, "fieldPath")?,
                "options" => options = Options::from_value(value)?,
                other => return Err(ReplacementError::Unknown(other.to_owned())),
            }
        }
        let path = if path.is_empty() { DEFAULT_PATH.to_owned() } else { path };
        Ok(Self::Field { object, path, part: options.part })
    }
}

impl Target {
    fn from_value(value: &Value) -> Result<Self, ReplacementError> {
        let (mut select, mut reject, mut paths, mut options) =
            (None, Vec::new(), Vec::new(), Options::default());
        let list = |value: &Value, field| {
            value.as_array().cloned().ok_or(ReplacementError::Shape(field, "a list"))
        };
        for (field, value) in present(mapping(value, "a target")?) {
            match field {
                "select" => select = Some(Selector::from_value(value)?),
                "reject" => {
                    reject = list(value, "reject")?
                        .iter()
                        .map(Selector::from_value)
                        .collect::<Result<_, _>>()?;
                }
                "fieldPaths" => {
                    let items = list(value, "fieldPaths")?;
                    paths = items
                        .iter()
                        .map(|path| text(path, "fieldPaths"))
                        .collect::<Result<_, _>>()?;
                }
                "options" => options = Options::from_value(value)?,
                other => return Err(ReplacementError::Unknown(other.to_owned())),
            }
        }
        if paths.is_empty() {
            paths.push(DEFAULT_PATH.to_owned());
        }
        let select = select.ok_or(ReplacementError::NoSelect)?;
        Ok(Self { select, reject, paths, part: options.part, create: options.create })
    }

    fn selects(&self, resource: &Resource, ids: &[(Identity, Cow<'_, str>)]) -> bool {
        self.select.matches_labels(&resource.value)
            && !self
                .reject
                .iter()
                .any(|reject| reject.labels_any() && reject.matches_labels(&resource.value))
            && !self.reject.iter().any(|reject| {
                reject.names_any()
                    && ids.iter().any(|(id, namespace)| reject.matches_identity(id, namespace))
            })
            && ids.iter().any(|(id, namespace)| self.select.matches_identity(id, namespace))
    }
}

#[derive(Default)]
struct Options {
    part: Option<Part>,
    create: bool,
}

impl Options {
    fn from_value(value: &Value) -> Result<Self, ReplacementError> {
        let (mut delimiter, mut index, mut create) = (String::new(), 0, false);
        for (field, value) in present(mapping(value, "options")?) {
            match field {
                "delimiter" => delimiter = text(value, "delimiter")?,
                "index" => {
                    index =
                        value.as_i64().ok_or(ReplacementError::Shape("index", "a whole number"))?
                }
                "create" => {
                    create =
                        value.as_bool().ok_or(ReplacementError::Shape("create", "true or false"))?
                }
                "encoding" => drop(text(value, "encoding")?),
                other => return Err(ReplacementError::Unknown(other.to_owned())),
            }
        }
        let part = (!delimiter.is_empty()).then_some(Part { delimiter, index });
        Ok(Self { part, create })
    }
}

const DEFAULT_PATH: &str = "metadata.name";

fn mapping<'v>(
    value: &'v Value,
    what: &'static str,
) -> Result<&'v Map<String, Value>, ReplacementError> {
    value.as_object().ok_or(ReplacementError::Shape(what, "a mapping"))
}

fn present(fields: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| (field.as_str(), value))
}

fn text(value: &Value, field: &'static str) -> Result<String, ReplacementError> {
    value.as_str().map(str::to_owned).ok_or(ReplacementError::Shape(field, "a text"))
}

/// Makes all replacements in their order. `touch` is written down in the origin of what they change.
///
/// # Errors
/// One cannot be made; `resources` is then in a state that nobody should use.
pub fn apply(
    resources: &mut [Resource],
    replacements: &[Replacement],
    schema: &Schema,
    touch: Option<&Touch>,
) -> Result<(), ReplacementError> {
    for replacement in replacements {
        let value;
        let new = match &replacement.source {
            Source::Value(text) => New::Said(text),
            Source::Field { object, path, part } => {
                value = taken(resources, object, path, part.as_ref(), schema)?;
                New::Taken(&value)
            }
        };
        for target in &replacement.targets {
            for resource in resources.iter_mut() {
                let ids = identities(resource, schema);
                if target.selects(resource, &ids) {
                    put(resource, target, new)?;
                    resource.origin.touched.extend(touch.cloned());
                }
            }
        }
    }
    Ok(())
}

/// All that an object is or was called, with the namespace that selectors see: as written now, as it counted before.
fn identities<'r>(resource: &'r Resource, schema: &Schema) -> Vec<(Identity, Cow<'r, str>)> {
    let now = resource.identity();
    let mut all = Vec::with_capacity(resource.former.len() + 1);
    for former in &resource.former {
        let former =
            Identity { group: now.group.clone(), version: now.version.clone(), ..former.clone() };
        let namespace = effective_namespace(&former, schema).to_owned();
        all.push((former, Cow::Owned(namespace)));
    }
    let namespace = Cow::Owned(now.namespace.clone());
    all.push((now, namespace));
    all
}

fn taken(
    resources: &[Resource],
    object: &Identity,
    path: &str,
    part: Option<&Part>,
    schema: &Schema,
) -> Result<Value, ReplacementError> {
    let wanted = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
    // The selector has no kind of its own to tell its scope by, so only a namespace that it names counts.
    let is_source = |identity: &Identity| {
        wanted(&identity.name, &object.name)
            && wanted(&identity.kind, &object.kind)
            && wanted(&identity.group, &object.group)
            && wanted(&identity.version, &object.version)
            && wanted(effective_namespace(identity, schema), &object.namespace)
    };
    let mut found = resources.iter().filter(|resource| {
        is_source(&resource.identity()) || resource.former.iter().any(is_source)
    });
    let source = found.next().ok_or_else(|| ReplacementError::NoSource(described(object)))?;
    if found.next().is_some() {
        return Err(ReplacementError::ManySources(described(object)));
    }
    let missing = |error: Option<PathError>| ReplacementError::NoValue {
        object: Box::new(source.identity()),
        path: path.to_owned(),
        source: error.map(Box::new),
    };
    let value =
        path::lookup(&source.value, &path::split(path)).map_err(|error| missing(Some(error)))?;
    let value = value.filter(|value| match value {
        Value::Null => false,
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
    let value = value.ok_or_else(|| missing(None))?;
    let Some(part) = part else { return Ok(value.clone()) };
    if value.is_object() || value.is_array() {
        return Err(ReplacementError::Delimiter {
            object: Box::new(source.identity()),
            path: path.to_owned(),
        });
    }
    let text = text_of(value);
    match part.take(&text) {
        Some(part) => Ok(Value::String(part.to_owned())),
        None => Err(ReplacementError::Part {
            object: Box::new(source.identity()),
            path: path.to_owned(),
            value: text.into_owned(),
            index: part.index,
        }),
    }
}

/// A source in the words of an error.
fn described(object: &Identity) -> String {
    let fields = [
        ("group", &object.group),
        ("version", &object.version),
        ("kind", &object.kind),
        ("name", &object.name),
        ("namespace", &object.namespace),
    ];
    let said = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| format!("{field}: {value}"));
    let said: Vec<String> = said.collect();
    if said.is_empty() { "that says nothing".to_owned() } else { said.join(", ") }
}

fn put(resource: &mut Resource, target: &Target, new: New<'_>) -> Result<(), ReplacementError> {
    let create = match new {
        _ if !target.create => Create::No,
        New::Taken(Value::Object(_)) => Create::Map,
        New::Taken(Value::Array(_)) => Create::List,
        _ => Create::Scalar,
    };
    for path in &target.paths {
        let steps = path::split(path);
        if text::set(&mut resource.value, &steps, new, create) {
            continue;
        }
        let mut set =
            |old: &mut Value, made: bool| Ok(value::set(old, made, new, target.part.as_ref())?);
        let missing =
            |object, source| ReplacementError::NoField { object, path: path.clone(), source };
        match path::visit(&mut resource.value, &steps, create, false, &mut set) {
            Ok(0) => return Err(missing(Box::new(resource.identity()), None)),
            Ok(_) => {}
            Err(PathError::Set(source)) => {
                return Err(ReplacementError::NotSet {
                    object: Box::new(resource.identity()),
                    path: path.clone(),
                    source,
                });
            }
            Err(error) => {
                return Err(missing(Box::new(resource.identity()), Some(Box::new(error))));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
