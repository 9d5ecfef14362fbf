//! Variables: `$(NAME)` in certain fields becomes a value of some object.
//!
//! Which object a variable stands for is settled in the kustomization that declares it, by [`owner`]; its value is
//! taken once all names are settled, by [`value`]; and [`expand`] then replaces it everywhere. Which fields are looked
//! at is configuration and comes from outside. Source of the contract:
//! `kubernetes-sigs/kustomize:api/types/var.go`, `api/filters/refvar`, `api/internal/accumulator`.
//!
//! Where to go next: `transform/fieldspec.rs` is the walk to the fields.

use super::Resource;
use super::patch::schema::Schema;
use super::patch::strategic::text_of;
use super::patch::target::effective_namespace;
use super::replacement::path::{PathError, lookup, split};
use super::transform::fieldspec::{Create, FieldSpec};
use crate::{Identity, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A variable, read from a kustomization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
    /// What stands in `$(...)`.
    pub name: String,
    /// The object that has the value; no namespace is any namespace.
    object: Identity,
    /// Where it has it.
    path: String,
}

/// Why a variable cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VarError {
    /// A field has another form than it must have.
    #[error("{0} must be {1}")]
    Shape(&'static str, &'static str),
    /// More than one object is the one that it names.
    #[error("more than one object matches {object} of variable {var}")]
    Ambiguous {
        /// The variable.
        var: String,
        /// The object that it names.
        object: Box<Identity>,
    },
    /// No object is the one that it names.
    #[error("no object matches {object} of variable {var}")]
    NoObject {
        /// The variable.
        var: String,
        /// The object that it names.
        object: Box<Identity>,
    },
    /// The object has no such field.
    #[error("{object} has no field {path} for variable {var}")]
    NoField {
        /// The variable.
        var: String,
        /// The object.
        object: Box<Identity>,
        /// The path.
        path: String,
        /// Why, where there is more to say.
        source: Option<Box<PathError>>,
    },
    /// A field that variables are looked for in has another form than it must have.
    #[error("{object}: {fault}")]
    Field {
        /// The object.
        object: Box<Identity>,
        /// What is wrong.
        fault: String,
    },
}

impl Var {
    /// Reads an entry of `vars`; the field is `metadata.name` where none is said.
    ///
    /// # Errors
    /// A field is missing or is no text.
    pub fn from_value(entry: &Value) -> Result<Self, VarError> {
        let text = |holder: &Value, field: &'static str| match holder.get(field) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(VarError::Shape(field, "a text")),
        };
        let name = text(entry, "name")?;
        if name.is_empty() {
            return Err(VarError::Shape("name", "a text that is not empty"));
        }
        let reference = entry.get("objref").filter(|reference| reference.is_object());
        let reference = reference.ok_or(VarError::Shape("objref", "a mapping"))?;
        let mut object = Identity {
            group: text(reference, "group")?,
            version: text(reference, "version")?,
            kind: text(reference, "kind")?,
            namespace: text(reference, "namespace")?,
            name: text(reference, "name")?,
        };
        let api_version = text(reference, "apiVersion")?;
        match api_version.split('/').collect::<Vec<_>>().as_slice() {
            [group, version] => {
                (object.group, object.version) = ((*group).to_owned(), (*version).to_owned())
            }
            [version] if !version.is_empty() => object.version = (*version).to_owned(),
            _ => {}
        }
        let path = entry
            .get("fieldref")
            .map_or_else(|| Ok(String::new()), |field| text(field, "fieldPath"))?;
        let path = if path.is_empty() { "metadata.name".to_owned() } else { path };
        Ok(Self { name, object, path })
    }

    fn names(&self, identity: &Identity, schema: &Schema) -> bool {
        let object = &self.object;
        let scoped = !object.namespace.is_empty()
            || schema.namespaced(&object.api_version(), &object.kind) == Some(false);
        identity.name == object.name
            && identity.kind == object.kind
            && identity.group == object.group
            && identity.version == object.version
            && (!scoped
                || effective_namespace(identity, schema) == effective_namespace(object, schema))
    }
}

/// The place of the object that a variable stands for: one that is, or ever was, called so. `None` where there is none
/// in this kustomization, which is an error only at the end of a build.
///
/// # Errors
/// There is more than one.
pub fn owner(
    var: &Var,
    resources: &[Resource],
    schema: &Schema,
) -> Result<Option<usize>, VarError> {
    let mut found = resources.iter().enumerate().filter(|(_, resource)| {
        var.names(&resource.identity(), schema)
            || resource.previous().any(|former| var.names(&former, schema))
    });
    match (found.next(), found.next()) {
        (found, None) => Ok(found.map(|(at, _)| at)),
        _ => {
            Err(VarError::Ambiguous { var: var.name.clone(), object: Box::new(var.object.clone()) })
        }
    }
}

/// The value of a variable, from the object that it stands for.
///
/// # Errors
/// There is no such object, or it has no such field.
pub fn value(var: &Var, owner: Option<&Resource>) -> Result<Value, VarError> {
    let Some(owner) = owner else {
        return Err(VarError::NoObject {
            var: var.name.clone(),
            object: Box::new(var.object.clone()),
        });
    };
    let missing = |source| VarError::NoField {
        var: var.name.clone(),
        object: Box::new(owner.identity()),
        path: var.path.clone(),
        source,
    };
    let steps: Vec<String> = split(&var.path).into_iter().flat_map(indexed).collect();
    match lookup(&owner.value, &steps) {
        Ok(Some(Value::Null)) => Ok(Value::String("null".to_owned())),
        Ok(Some(value)) => Ok(value.clone()),
        Ok(None) => Err(missing(None)),
        Err(error) => Err(missing(Some(Box::new(error)))),
    }
}

/// `ports[0]` as the two steps that it is.
fn indexed(step: String) -> Vec<String> {
    let parts = step.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    match parts {
        Some((name, index))
            if !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let name = Some(name.to_owned()).filter(|name| !name.is_empty());
            name.into_iter().chain([index.to_owned()]).collect()
        }
        _ => vec![step],
    }
}

/// Replaces variables by their values in the fields of `specs`; the names of those that stand nowhere.
///
/// # Errors
/// A field has another form than texts, mappings of texts or lists of texts.
pub(crate) fn expand(
    resources: &mut [Resource],
    values: &BTreeMap<String, Value>,
    specs: &[FieldSpec],
) -> Result<Vec<String>, VarError> {
    let mut used = BTreeSet::new();
    for resource in resources {
        let identity = resource.identity();
        for spec in specs.iter().filter(|spec| spec.selects(&identity)) {
            spec.visit(&mut resource.value, Create::Nothing, &mut |field| {
                expand_field(field, values, &mut used)
            })
            .map_err(|fault| VarError::Field { object: Box::new(identity.clone()), fault })?;
        }
    }
    Ok(values.keys().filter(|name| !used.contains(*name)).cloned().collect())
}

fn expand_field<'v>(
    field: &mut Value,
    values: &'v BTreeMap<String, Value>,
    used: &mut BTreeSet<&'v String>,
) -> Result<bool, String> {
    let mut changed = false;
    let mut one = |value: &mut Value| {
        if let Value::String(text) = value
            && text.contains('$')
        {
            let expanded = expand_text(text, values, used);
            changed |= expanded != *value;
            *value = expanded;
        }
    };
    match field {
        Value::Object(fields) => fields.values_mut().for_each(&mut one),
        Value::Array(items) => {
            if let Some(item) = items.iter().find(|item| !item.is_string()) {
                return Err(format!("variables can stand in a list of texts, {item} is none"));
            }
            items.iter_mut().for_each(&mut one);
        }
        value => one(value),
    }
    Ok(changed)
}

/// A text with its variables replaced. One that is nothing but a variable takes the type of the value; `$$` is `$`.
fn expand_text<'v>(
    text: &str,
    values: &'v BTreeMap<String, Value>,
    used: &mut BTreeSet<&'v String>,
) -> Value {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        else {
            out.push('$');
            continue;
        };
        match values.get_key_value(name) {
            Some((name, value)) if !value.is_object() && !value.is_array() => {
                used.insert(name);
                if text.len() == name.len() + "$()".len() {
                    return value.clone();
                }
                out.push_str(&text_of(value));
            }
            _ => {
                out.push_str("$(");
                out.push_str(name);
                out.push(')');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Value::String(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;
    use serde_json::json;

    fn service() -> Resource {
        let mut service = Resource::new(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "p-web"},
                "spec": {"ports": [{"port": 80}], "clusterIP": null}}),
            Origin::default(),
        );
        service.former.push(Identity { name: "web".into(), ..service.identity() });
        service
    }

    fn var(path: &str) -> Var {
        let entry = json!({"name": "A", "objref": {"apiVersion": "v1", "kind": "Service", "name": "web"},
            "fieldref": {"fieldPath": path}});
        Var::from_value(&entry).expect("a variable")
    }

    #[test]
    fn values_of_objects() {
        let resources = [service()];
        for (path, expected) in [
            ("", json!("p-web")),
            ("spec.ports[0].port", json!(80)),
            ("spec.ports.0.port", json!(80)),
        ] {
            let var = var(path);
            let at = owner(&var, &resources, Schema::builtin()).expect("one").expect("there");
            assert_eq!(value(&var, resources.get(at)).ok(), Some(expected), "{path}");
        }
        assert!(matches!(
            value(&var("spec.none"), resources.first()),
            Err(VarError::NoField { .. })
        ));
        assert!(matches!(value(&var(""), None), Err(VarError::NoObject { .. })));
        assert!(owner(&var(""), &[service(), service()], Schema::builtin()).is_err());
        assert!(Var::from_value(&json!({"name": "A"})).is_err());
    }

    #[test]
    fn expansion() {
        let values = BTreeMap::from([
            ("A".to_owned(), json!("x")),
            ("N".to_owned(), json!(80)),
            ("M".to_owned(), json!({"a": "b"})),
            ("U".to_owned(), json!("unused")),
        ]);
        let cases = [
            ("$(A)", json!("x")),
            ("$(N)", json!(80)),
            ("$(A)-$(N)", json!("x-80")),
            ("$$(A)", json!("$(A)")),
            ("$(B)$(A)", json!("$(B)x")),
            ("$(M)", json!("$(M)")),
            ("$(A", json!("$(A")),
            ("$A $", json!("$A $")),
        ];
        let mut resources: Vec<Resource> = cases
            .iter()
            .map(|(text, _)| {
                let value = json!({"kind": "T", "metadata": {"annotations": {"a": text}, "n": 1, "l": [text]}});
                Resource::new(value, Origin::default())
            })
            .collect();
        let specs = ["metadata/annotations", "metadata/n", "metadata/l"]
            .map(|path| FieldSpec::fixed("", "", "", path, false));
        let unused = expand(&mut resources, &values, &specs).expect("texts");
        assert_eq!(unused, ["M", "U"]);
        for ((text, expected), resource) in cases.iter().zip(&resources) {
            assert_eq!(resource.value["metadata"]["annotations"]["a"], *expected, "{text}");
            assert_eq!(resource.value["metadata"]["l"][0], *expected, "{text}");
        }
        let mut other =
            [Resource::new(json!({"kind": "T", "metadata": {"l": [1]}}), Origin::default())];
        assert!(expand(&mut other, &values, &specs).is_err());
    }
}
