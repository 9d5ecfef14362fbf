//! What OpenAPI definitions of custom resources add to the fields that transformers change.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/accumulator/loadconfigfromcrds.go`.

use serde_json::Value;

use super::config::{BackReference, Config};
use super::fieldspec::{FieldSpec, merge};

const ANNOTATION: &str = "x-kubernetes-annotation";
const LABEL_SELECTOR: &str = "x-kubernetes-label-selector";
const IDENTITY: &str = "x-kubernetes-identity";
const REFERENCE_VERSION: &str = "x-kubernetes-object-ref-api-version";
const REFERENCE_KIND: &str = "x-kubernetes-object-ref-kind";
const REFERENCE_NAME: &str = "x-kubernetes-object-ref-name-key";

/// How deep definitions may refer to one another.
const DEEPEST: usize = 64;

/// The fields that `definitions`, by the names of their types, tell of.
///
/// # Errors
/// Two definitions disagree, or refer to one another without end.
pub(crate) fn config(definitions: &Value) -> Result<Config, String> {
    let mut config = Config::default();
    for (name, definition) in definitions.as_object().into_iter().flatten() {
        let properties = properties(definition);
        let is_kind = ["kind", "apiVersion", "metadata"]
            .iter()
            .all(|name| properties.is_some_and(|fields| fields.contains_key(*name)));
        if is_kind {
            let kind = name.rsplit('.').next().unwrap_or_default();
            let mut reader = Reader { definitions, kind, config: &mut config };
            reader.definition(name, &mut Vec::new())?;
        }
    }
    config.sort();
    Ok(config)
}

fn properties(definition: &Value) -> Option<&serde_json::Map<String, Value>> {
    let schema = definition.get("Schema").or_else(|| definition.get("schema"))?;
    schema.get("properties")?.as_object()
}

struct Reader<'d> {
    definitions: &'d Value,
    kind: &'d str,
    config: &'d mut Config,
}

impl<'d> Reader<'d> {
    fn definition(&mut self, name: &str, path: &mut Vec<&'d str>) -> Result<(), String> {
        if path.len() > DEEPEST {
            return Err(format!("definition `{name}` refers to itself"));
        }
        let definitions = self.definitions;
        let Some(fields) = definitions.get(name).and_then(properties) else { return Ok(()) };
        for (field, property) in fields {
            let text = |key: &str| property.get(key).and_then(Value::as_str);
            path.push(field);
            let spec = self.spec(path);
            if text(ANNOTATION).is_some() {
                merge(&mut self.config.common_annotations, &spec)?;
            }
            if text(LABEL_SELECTOR).is_some() {
                merge(&mut self.config.common_labels, &spec)?;
            }
            if text(IDENTITY).is_some() {
                merge(&mut self.config.name_prefix, &spec)?;
            }
            if let (Some(version), Some(kind)) = (text(REFERENCE_VERSION), text(REFERENCE_KIND)) {
                path.push(text(REFERENCE_NAME).unwrap_or("name"));
                let reference = BackReference {
                    group: "".into(),
                    version: version.to_owned().into(),
                    kind: kind.to_owned().into(),
                    referrers: vec![self.spec(path)],
                };
                path.pop();
                self.config.add_reference(&reference)?;
            }
            if let Some(name) = text("$ref") {
                self.definition(name, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn spec(&self, path: &[&str]) -> FieldSpec {
        FieldSpec {
            kind: self.kind.to_owned().into(),
            path: path.join("/").into(),
            ..FieldSpec::fixed("", "", "", "", false)
        }
    }
}
