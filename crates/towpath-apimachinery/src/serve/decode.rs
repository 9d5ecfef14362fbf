//! From the bytes of a body to an object of the kind that the path names.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/endpoints/handlers/create.go`,
//! `kubernetes/apimachinery:pkg/runtime/serializer`.

use serde_json::Value;
use towpath_catalog::{SchemaRef, Type};

use super::Call;
use crate::refusal::Refusal;
use crate::request::{Body, Validation};
use crate::resource::api_version;
use crate::strategy;
use crate::{object, proto};

/// The largest body that a server reads, in bytes.
pub(super) const MAX_BODY: usize = 3 << 20;

/// A body as a value, whatever it is.
pub(super) fn value(body: &[u8], form: Body) -> Result<Value, Refusal> {
    if body.len() > MAX_BODY {
        let message = format!("Request entity too large: limit is {MAX_BODY}");
        return Err(Refusal::too_large(message));
    }
    if form == Body::Protobuf {
        return proto::decode(body);
    }
    if !matches!(form, Body::Yaml | Body::Apply) {
        return serde_json::from_slice(body).map_err(|error| {
            Refusal::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
        });
    }
    let documents = towpath_yaml::parse(body)
        .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
    Ok(documents.first().map_or(Value::Null, |document| document.root.to_json()))
}

impl Call<'_> {
    /// The object that was sent, as the server understands it: of the kind of the path, without fields that no schema
    /// knows, with its defaults.
    pub(super) fn decode(&mut self) -> Result<Value, Refusal> {
        let object = value(self.request.body, self.body)?;
        self.admit_kind(object)
    }

    /// Makes sure that a value is an object of the kind of the path, in its version.
    pub(super) fn admit_kind(&mut self, mut value: Value) -> Result<Value, Refusal> {
        let resource = self.resource.clone();
        let Some(fields) = value.as_object_mut() else {
            return Err(Refusal::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: json: cannot unmarshal into Go value of type",
                resource.kind, resource.version, resource.kind
            )));
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let (sent_version, sent_kind) = (text("apiVersion").to_owned(), text("kind").to_owned());
        let is_kind = sent_kind.is_empty() || *sent_kind == *resource.kind;
        let is_version = sent_version.is_empty() || *sent_version == *resource.api_version;
        if !is_kind || !is_version {
            self.convert(&mut value, &sent_version, &sent_kind)?;
        }
        let fields = object::map(&mut value);
        fields.insert("apiVersion".into(), (*resource.api_version).into());
        fields.insert("kind".into(), (*resource.kind).into());
        if !fields.get("metadata").is_some_and(Value::is_object) {
            fields.insert("metadata".into(), Value::Object(serde_json::Map::new()));
        }
        self.complete(&mut value)?;
        Ok(value)
    }

    fn convert(&self, value: &mut Value, version: &str, kind: &str) -> Result<(), Refusal> {
        let resource = &self.resource;
        let (group, short) = version.split_once('/').unwrap_or(("", version));
        if resource.custom.is_some() {
            return Err(Refusal::bad_request(if *version == *resource.api_version {
                format!(
                    "the kind in the data ({kind}) does not match the expected kind ({})",
                    resource.kind
                )
            } else {
                format!(
                    "the API version in the data ({version}) does not match the expected API version ({})",
                    resource.api_version
                )
            }));
        }
        let is_same = group == &*resource.group && kind == &*resource.kind;
        let from = towpath_catalog::GroupVersionKind::new(group, short, kind);
        if is_same
            && self.machine.surface().catalog().schema(&from).is_some()
            && strategy::convert(value, &from, &resource.gvk())
        {
            return Ok(());
        }
        let said = if self.machine.surface().catalog().schema(&from).is_some() {
            let inner = |group: &str| match group.split('.').next() {
                None | Some("") => "core".to_owned(),
                Some(first) => first.to_owned(),
            };
            format!(
                "converting ({short}.{kind}) to ({}.{}): unknown conversion",
                inner(&resource.group),
                resource.kind
            )
        } else {
            format!(
                "no kind {kind:?} is registered for version {:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
                api_version(group, short)
            )
        };
        Err(Refusal::bad_request(format!(
            "{kind} in version {short:?} cannot be handled as a {}: {said}",
            resource.kind
        )))
    }

    /// Drops what no schema knows and fills in what is not said.
    pub(super) fn complete(&mut self, value: &mut Value) -> Result<(), Refusal> {
        let mut unknown = Vec::new();
        match &self.resource.custom {
            Some(custom) => unknown = custom.schema.prepare(value),
            None => {
                if let Some(schema) = self.machine.schema(&self.resource) {
                    prune(schema, value, &mut String::new(), &mut unknown);
                    let catalog = self.machine.surface().catalog();
                    strategy::normalise(catalog, &self.resource.gvk(), value);
                    strategy::defaults(catalog, &self.resource.gvk(), value);
                }
            }
        }
        if self.body == Body::Protobuf {
            // A message has numbers: what this minor does not have was never seen.
            unknown.clear();
        }
        let mut unknown: Vec<String> =
            unknown.into_iter().map(|path| format!("unknown field \"{path}\"")).collect();
        match self.options.validation {
            Validation::Ignore => Ok(()),
            Validation::Warn => {
                self.warnings.append(&mut unknown);
                Ok(())
            }
            Validation::Strict if unknown.is_empty() => Ok(()),
            Validation::Strict => Err(Refusal::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: strict decoding error: {}",
                self.resource.kind,
                self.resource.version,
                self.resource.kind,
                unknown.join(", ")
            ))),
        }
    }
}

/// Drops fields that the schema of a built-in kind does not know.
fn prune(schema: SchemaRef<'_>, value: &mut Value, at: &mut String, unknown: &mut Vec<String>) {
    let length = at.len();
    match value {
        Value::Object(fields) if schema.types() == Type::Object => {
            let is_struct = schema.fields().len() > 0;
            fields.retain(|name, value| {
                at.truncate(length);
                if !at.is_empty() {
                    at.push('.');
                }
                at.push_str(name);
                let below = match schema.field(name) {
                    Some(field) => Some(field.schema),
                    None if is_struct => {
                        unknown.push(at.clone());
                        return false;
                    }
                    None => schema.additional(),
                };
                if let Some(below) = below {
                    prune(below, value, at, unknown);
                }
                true
            });
        }
        Value::Array(items) => {
            let Some(below) = schema.items() else { return };
            for (number, item) in items.iter_mut().enumerate() {
                at.truncate(length);
                at.push_str(&format!("[{number}]"));
                prune(below, item, at, unknown);
            }
        }
        _ => {}
    }
    at.truncate(length);
}
