//! Config maps and secrets that a kustomization makes of literals, files and lists of variables.
//!
//! Files come in through a closure, and objects go out with what is still to be done to them; who merges them with
//! others, and who renames them, is not decided here. Source of the contract:
//! `kubernetes-sigs/kustomize:api/internal/generators`, `api/kv/kv.go`, `api/types/generatoroptions.go`.
//!
//! Where to go next: `hash.rs` has the hash behind a name.

pub(super) mod go_json;
pub mod hash;

use super::patch::strategic::text_of;
use super::{Behavior, Resource};
use crate::{Origin, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// Reads the file at a path as a kustomization names it; the error says which file and why.
pub type ReadFile<'r> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'r;

/// A generator, read from a kustomization.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generator {
    name: String,
    namespace: String,
    behavior: Behavior,
    secret_type: String,
    literals: Vec<String>,
    files: Vec<String>,
    envs: Vec<String>,
    options: Options,
}

/// `generatorOptions`, and a generator's own `options`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    disable_name_suffix_hash: bool,
    immutable: bool,
}

/// Why nothing can be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// A field has another form than it must have.
    #[error("{0} must be {1}")]
    Shape(&'static str, &'static str),
    /// There is no such field.
    #[error("unknown field {0}")]
    Unknown(String),
    /// It has no name.
    #[error("a generator must have a name")]
    NoName,
    /// A literal is not `key=value`.
    #[error("literal '{0}' is not key=value")]
    Literal(String),
    /// A file is neither `path` nor `key=path`.
    #[error("file '{0}' is neither a path nor key=path")]
    File(String),
    /// A file cannot be read.
    #[error("{0}")]
    Read(String),
    /// A line of a list of variables is no text.
    #[error("line {line} of {file} is not UTF-8")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// Two values have the same key.
    #[error("{name} has the key {key} twice")]
    Twice {
        /// What is generated.
        name: String,
        /// The key.
        key: String,
    },
}

impl Options {
    /// Reads `generatorOptions` or `options`.
    ///
    /// # Errors
    /// A field is unknown or has another form.
    pub fn from_value(value: &Value) -> Result<Self, GenerateError> {
        let mut options = Self::default();
        for (field, value) in mapping(value, "options")? {
            match field.as_str() {
                _ if value.is_null() => {}
                "labels" => options.labels = texts_by_name(value, "labels")?,
                "annotations" => options.annotations = texts_by_name(value, "annotations")?,
                "disableNameSuffixHash" => {
                    options.disable_name_suffix_hash = truth(value, "disableNameSuffixHash")?;
                }
                "immutable" => options.immutable = truth(value, "immutable")?,
                other => return Err(GenerateError::Unknown(other.to_owned())),
            }
        }
        Ok(options)
    }

    /// These options, with `general` ones for what they do not say. What either switches on stays on.
    fn or(mut self, general: &Self) -> Self {
        let fill = |own: &mut BTreeMap<String, String>, general: &BTreeMap<String, String>| {
            for (key, value) in general {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        };
        fill(&mut self.labels, &general.labels);
        fill(&mut self.annotations, &general.annotations);
        self.disable_name_suffix_hash |= general.disable_name_suffix_hash;
        self.immutable |= general.immutable;
        self
    }
}

impl Generator {
    /// Reads an entry of `configMapGenerator` or `secretGenerator`.
    ///
    /// # Errors
    /// A field is unknown or has another form, or there is no name.
    pub fn from_value(value: &Value) -> Result<Self, GenerateError> {
        let mut generator = Self::default();
        let mut env = None;
        for (field, value) in mapping(value, "a generator")? {
            match field.as_str() {
                _ if value.is_null() => {}
                "name" => generator.name = text(value, "name")?,
                "namespace" => generator.namespace = text(value, "namespace")?,
                "type" => generator.secret_type = text(value, "type")?,
                "literals" => generator.literals = texts(value, "literals")?,
                "files" => generator.files = texts(value, "files")?,
                "envs" => generator.envs = texts(value, "envs")?,
                "env" => env = Some(text(value, "env")?).filter(|env| !env.is_empty()),
                "options" => generator.options = Options::from_value(value)?,
                "behavior" => {
                    generator.behavior = match text(value, "behavior")?.as_str() {
                        "create" => Behavior::Create,
                        "replace" => Behavior::Replace,
                        "merge" => Behavior::Merge,
                        _ => Behavior::Unspecified,
                    }
                }
                other => return Err(GenerateError::Unknown(other.to_owned())),
            }
        }
        generator.envs.extend(env);
        if generator.name.is_empty() { Err(GenerateError::NoName) } else { Ok(generator) }
    }

    /// The name that it gives, without any hash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys and values of all sources, sorted by key.
    fn pairs(&self, read: &ReadFile<'_>) -> Result<BTreeMap<String, Vec<u8>>, GenerateError> {
        let mut pairs = BTreeMap::new();
        let mut add = |key: String, value: Vec<u8>| match pairs.insert(key.clone(), value) {
            Some(_) => Err(GenerateError::Twice { name: self.name.clone(), key }),
            None => Ok(()),
        };
        for file in &self.envs {
            let content = read(file).map_err(GenerateError::Read)?;
            for (key, value) in variables(&content, file)? {
                add(key, value.into_bytes())?;
            }
        }
        for literal in &self.literals {
            let (key, value) = literal
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| GenerateError::Literal(literal.clone()))?;
            add(key.to_owned(), unquoted(value).as_bytes().to_vec())?;
        }
        for file in &self.files {
            let (key, path) = file_source(file).ok_or_else(|| GenerateError::File(file.clone()))?;
            add(key.to_owned(), read(path).map_err(GenerateError::Read)?)?;
        }
        Ok(pairs)
    }

    fn resource(
        &self,
        kind: &str,
        fields: Map<String, Value>,
        options: &Options,
        origin: Origin,
    ) -> Resource {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(self.name));
        if !self.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), json!(self.namespace));
        }
        if !options.labels.is_empty() {
            metadata.insert("labels".to_owned(), json!(options.labels));
        }
        if !options.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), json!(options.annotations));
        }
        let mut value = Map::new();
        value.insert("apiVersion".to_owned(), json!("v1"));
        value.insert("kind".to_owned(), json!(kind));
        value.insert("metadata".to_owned(), Value::Object(metadata));
        value.extend(fields);
        if options.immutable {
            value.insert("immutable".to_owned(), json!(true));
        }
        let mut resource = Resource::new(Value::Object(value), origin);
        resource.behavior = self.behavior;
        resource.needs_hash = !options.disable_name_suffix_hash;
        resource
    }
}

/// Makes a config map. Text goes to `data`, anything else to `binaryData`.
///
/// # Errors
/// A source is wrong or cannot be read.
pub fn config_map(
    generator: &Generator,
    general: &Options,
    read: &ReadFile<'_>,
    origin: Origin,
) -> Result<Resource, GenerateError> {
    let mut fields = Map::new();
    for (key, value) in generator.pairs(read)? {
        let (field, value) = match String::from_utf8(value) {
            Ok(text) => ("data", text),
            Err(error) => ("binaryData", in_lines(error.as_bytes())),
        };
        let holder = fields.entry(field).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(holder) = holder {
            holder.insert(key, Value::String(value));
        }
    }
    let options = generator.options.clone().or(general);
    Ok(generator.resource("ConfigMap", fields, &options, origin))
}

/// Makes a secret, of type `Opaque` where none is said.
///
/// # Errors
/// A source is wrong or cannot be read.
pub fn secret(
    generator: &Generator,
    general: &Options,
    read: &ReadFile<'_>,
    origin: Origin,
) -> Result<Resource, GenerateError> {
    let encoded = |(key, value): (String, Vec<u8>)| (key, Value::String(in_lines(&value)));
    let data: Map<String, Value> = generator.pairs(read)?.into_iter().map(encoded).collect();
    let kind = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!(kind));
    fields.insert("data".to_owned(), Value::Object(data));
    let options = generator.options.clone().or(general);
    Ok(generator.resource("Secret", fields, &options, origin))
}

/// Lays a generated object over the one of the same name below: `merge` keeps what the new one does not say, `replace`
/// keeps only labels and annotations; name and namespace are those of the old one. `lower` becomes the result.
pub fn absorb(lower: &mut Resource, upper: Resource) {
    let merged = |field: &[&str]| {
        let at =
            |value: &'_ Value| field.iter().try_fold(value, |value, step| value.get(step)).cloned();
        let mut both = BTreeMap::new();
        for value in [at(&lower.value), at(&upper.value)].into_iter().flatten() {
            if let Value::Object(fields) = value {
                both.extend(fields.into_iter().map(|(key, value)| match value {
                    Value::String(_) => (key, value),
                    other => (key, Value::String(text_of(&other).into_owned())),
                }));
            }
        }
        both
    };
    let mut fields: Vec<(&str, BTreeMap<String, Value>)> = Vec::new();
    if upper.behavior == Behavior::Merge {
        fields.push(("data", merged(&["data"])));
        fields.push(("binaryData", merged(&["binaryData"])));
    }
    let metadata = [
        ("labels", merged(&["metadata", "labels"])),
        ("annotations", merged(&["metadata", "annotations"])),
    ];
    let old = lower.identity();
    let mut value = upper.value;
    let set = |holder: &mut Map<String, Value>, field: &str, content: BTreeMap<String, Value>| {
        holder.shift_remove(field);
        if !content.is_empty() {
            holder.insert(field.to_owned(), Value::Object(content.into_iter().collect()));
        }
    };
    if let Some(holder) = value.as_object_mut() {
        for (field, content) in fields {
            set(holder, field, content);
        }
    }
    if let Some(holder) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        for (field, content) in metadata {
            set(holder, field, content);
        }
        holder.insert("name".to_owned(), json!(old.name));
        holder.shift_remove("namespace");
        if !old.namespace.is_empty() {
            holder.insert("namespace".to_owned(), json!(old.namespace));
        }
    }
    lower.value = value;
    lower.needs_hash &= upper.needs_hash;
    if upper.behavior == Behavior::Replace {
        lower.origin = upper.origin;
    }
}

/// The variables of a file: `KEY=value` a line, without comments and empty lines; a key alone has no value.
fn variables(content: &[u8], file: &str) -> Result<Vec<(String, String)>, GenerateError> {
    let mut found = Vec::new();
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line)
            .map_err(|_| GenerateError::Line { file: file.to_owned(), line: index + 1 })?;
        let text = if index == 0 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.trim_start();
        if text.starts_with('#') {
            continue;
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if !key.is_empty() {
            found.push((key.to_owned(), value.to_owned()));
        }
    }
    Ok(found)
}

/// A text without the quotes around it, if it has the same at both ends.
fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// The key and the path of `key=path` or `path`.
fn file_source(source: &str) -> Option<(&str, &str)> {
    match source.split_once('=') {
        None => {
            let name =
                source.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty());
            Some((name.unwrap_or(if source.is_empty() { "." } else { "/" }), source))
        }
        Some((key, path)) => {
            (!key.is_empty() && !path.is_empty() && !path.contains('=')).then_some((key, path))
        }
    }
}

/// Base64; longer than one line of kustomize, in lines that all end.
fn in_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(LINE.min(rest.len()));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines
}

/// Characters of a line of base64.
const LINE: usize = 70;

fn mapping<'v>(
    value: &'v Value,
    what: &'static str,
) -> Result<&'v Map<String, Value>, GenerateError> {
    value.as_object().ok_or(GenerateError::Shape(what, "a mapping"))
}

fn text(value: &Value, field: &'static str) -> Result<String, GenerateError> {
    value.as_str().map(str::to_owned).ok_or(GenerateError::Shape(field, "a text"))
}

fn truth(value: &Value, field: &'static str) -> Result<bool, GenerateError> {
    value.as_bool().ok_or(GenerateError::Shape(field, "true or false"))
}

fn texts(value: &Value, field: &'static str) -> Result<Vec<String>, GenerateError> {
    let items = value.as_array().ok_or(GenerateError::Shape(field, "a list of texts"))?;
    items
        .iter()
        .map(|item| {
            item.as_str().map(str::to_owned).ok_or(GenerateError::Shape(field, "a list of texts"))
        })
        .collect()
}

fn texts_by_name(
    value: &Value,
    field: &'static str,
) -> Result<BTreeMap<String, String>, GenerateError> {
    let fields = mapping(value, field)?;
    let pair = |(key, value): (&String, &Value)| Ok((key.clone(), text(value, field)?));
    fields.iter().map(pair).collect()
}

#[cfg(test)]
mod tests;
