//! What a patch's text is: objects to lay over others, or operations.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/builtins/PatchTransformer.go`,
//! `api/resource/factory.go`.
//!
//! Where to go next: `apply.rs`.

use super::json6902::{self, Operation};
use super::kind_of;
use crate::Value;
use towpath_yaml::{Limits, Reading};

/// A patch that has been read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Patch {
    /// Objects, each to be laid over another. May be none: such a patch does nothing.
    Objects(Vec<Value>),
    /// Operations on each target.
    Operations(Vec<Operation>),
}

/// Why a text is no patch.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// Neither kind can read it.
    #[error("neither a strategic merge patch ({objects}) nor a JSON patch ({operations})")]
    Neither {
        /// What is wrong with it as an object.
        objects: ObjectError,
        /// What is wrong with it as operations.
        operations: String,
    },
}

/// Why a text is no object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It is no YAML.
    #[error("line {line}: {fault}")]
    Yaml {
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        fault: String,
    },
    /// A document is no mapping.
    #[error("a document is {0}, not a mapping")]
    NoMapping(&'static str),
    /// A document has no kind.
    #[error("a document has no kind")]
    NoKind,
    /// A document has no name.
    #[error("a document of kind {0} has no metadata.name")]
    NoName(String),
    /// The items of a list are none.
    #[error("the items of a {0} are not a list")]
    NoItems(String),
}

/// Reads a patch.
pub(super) fn parse(text: &str) -> Result<Patch, TextError> {
    let objects = match objects(text) {
        Ok(objects) => return Ok(Patch::Objects(objects)),
        Err(error) => error,
    };
    match json6902::parse(text) {
        Ok(operations) => Ok(Patch::Operations(operations)),
        Err(error) => Err(TextError::Neither { objects, operations: error.to_string() }),
    }
}

/// The objects of a text; lists of objects are taken apart, and empty documents left out.
fn objects(text: &str) -> Result<Vec<Value>, ObjectError> {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    let documents = towpath_yaml::parse_with(text.as_bytes(), &limits)
        .map_err(|error| ObjectError::Yaml { line: error.line(), fault: error.to_string() })?;
    let mut found = Vec::new();
    for document in documents {
        collect(document.root.to_json(), &mut found)?;
    }
    Ok(found)
}

fn collect(value: Value, found: &mut Vec<Value>) -> Result<(), ObjectError> {
    let mut value = value;
    let fields = match &mut value {
        Value::Null => return Ok(()),
        Value::Object(fields) if fields.is_empty() => return Ok(()),
        Value::Array(items) if items.is_empty() => return Ok(()),
        Value::Object(fields) => fields,
        other => return Err(ObjectError::NoMapping(kind_of(other))),
    };
    let kind = fields.get("kind").and_then(Value::as_str).filter(|kind| !kind.is_empty());
    let kind = kind.ok_or(ObjectError::NoKind)?.to_owned();
    if kind.ends_with("List") {
        match fields.get_mut("items").map(Value::take) {
            None => {}
            Some(Value::Null) => return Ok(()),
            Some(Value::Array(items)) => {
                return items.into_iter().try_for_each(|item| collect(item, found));
            }
            Some(_) => return Err(ObjectError::NoItems(kind)),
        }
    } else {
        let name = value.get("metadata").and_then(|metadata| metadata.get("name"));
        if name.is_none_or(|name| name.is_null() || name.as_str() == Some("")) {
            return Err(ObjectError::NoName(kind));
        }
    }
    found.push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let objects = |text: &str| match parse(text) {
            Ok(Patch::Objects(objects)) => Some(objects.len()),
            _ => None,
        };
        assert_eq!(objects(""), Some(0));
        assert_eq!(objects("# nothing\n---\n"), Some(0));
        assert_eq!(
            objects("kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: b}\n"),
            Some(2)
        );
        assert_eq!(objects("kind: AList\nitems: [{kind: A, metadata: {name: a}}]"), Some(1));
        assert_eq!(objects(r#"{"kind": "A", "metadata": {"name": "a"}}"#), Some(1));
        for operations in ["- {op: remove, path: /a}", r#"[{"op": "remove", "path": "/a"}]"#] {
            assert!(
                matches!(parse(operations), Ok(Patch::Operations(list)) if list.len() == 1),
                "{operations}"
            );
        }
        for neither in
            ["kind: A", "metadata: {name: a}", "a", "[a", "- a", "kind: AList\nitems: {}"]
        {
            assert!(parse(neither).is_err(), "{neither}");
        }
    }
}
