//! Bytes of a file become objects: documents without content are left out, lists are taken apart.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/resource/factory.go`.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use towpath_yaml::{Document, Limits, Node, Reading};

use super::error::{Error, Place, Problem};

/// An object as read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    /// The object.
    pub(crate) value: Value,
    /// The line of its document, from 1.
    pub(crate) line: usize,
}

/// The objects that `source` holds.
///
/// # Errors
/// It is no YAML, or a document is no object with a kind and a name.
pub(crate) fn objects(file: &Arc<str>, source: &[u8]) -> Result<Vec<Read>, Error> {
    let documents = parse(source).map_err(|error| syntax(file, source, &error))?;
    let mut queue = VecDeque::with_capacity(documents.len());
    for document in &documents {
        let line = document.root.span.line as usize;
        take(&mut queue, to_value(&document.root), line)
            .map_err(|problem| problem.at(Place::line(file, line)))?;
    }
    let mut objects = Vec::with_capacity(queue.len());
    while let Some(Read { mut value, line }) = queue.pop_front() {
        let is_list =
            value.get("kind").and_then(Value::as_str).is_some_and(|k| k.ends_with("List"));
        match value.get_mut("items").map(Value::take).filter(|_| is_list) {
            None => objects.push(Read { value, line }),
            Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for item in items {
                    take(&mut queue, item, line)
                        .map_err(|problem| problem.at(Place::line(file, line)))?;
                }
            }
            Some(_) => {
                let problem = Problem::WrongType { field: "items".to_owned(), expected: "a list" };
                return Err(problem.at(Place::line(file, line)));
            }
        }
    }
    Ok(objects)
}

fn parse(source: &[u8]) -> Result<Vec<Document>, towpath_yaml::Error> {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    towpath_yaml::parse_with(source, &limits)
}

/// A fault of the YAML as an error of the build.
pub(crate) fn syntax(file: &Arc<str>, _source: &[u8], error: &towpath_yaml::Error) -> Error {
    Problem::Yaml(error.kind().to_string()).at(Place::line(file, error.line() as usize))
}

/// Adds what stands in a document, unless that is nothing.
fn take(queue: &mut VecDeque<Read>, value: Value, line: usize) -> Result<(), Problem> {
    let named = match &value {
        Value::Null => return Ok(()),
        Value::Object(map) if map.is_empty() => return Ok(()),
        Value::Array(items) if items.is_empty() => return Ok(()),
        Value::Object(map) => map,
        _ => return Err(Problem::NotAnObject("it is no mapping")),
    };
    let kind = named.get("kind").map(scalar_text).unwrap_or_default();
    if kind.is_empty() {
        return Err(Problem::NotAnObject("it has no kind"));
    }
    let name = named.get("metadata").and_then(|metadata| metadata.get("name"));
    if !kind.ends_with("List") && name.map(scalar_text).unwrap_or_default().is_empty() {
        return Err(Problem::NotAnObject("it has no metadata.name"));
    }
    queue.push_back(Read { value, line });
    Ok(())
}

/// The text of a scalar as far as a value keeps it; empty for collections and null.
pub(crate) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => String::new(),
    }
}

/// What a plain scalar of this text is.
pub(crate) fn plain(text: &str) -> Value {
    let whole = || Value::String(text.to_owned());
    let Ok(documents) = parse(text.as_bytes()) else { return whole() };
    match documents.as_slice() {
        [document] if document.root.text().is_some() => document.root.to_json(),
        _ => whole(),
    }
}

/// The value of a node; annotations are text as written, whatever YAML makes of them.
fn to_value(node: &Node) -> Value {
    let mut value = node.to_json();
    let written = node.at(&["metadata", "annotations"]).and_then(Node::as_map);
    let annotations = value.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let (Some(written), Some(annotations)) = (written, annotations) {
        for entry in written.iter().filter(|entry| entry.value.as_str().is_none()) {
            if let (Some(text), Some(value)) =
                (entry.value.text(), annotations.get_mut(&entry.key.text))
            {
                *value = Value::String(text.to_owned());
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        let objects = objects(&"x.yaml".into(), source.as_bytes()).expect("it can be read");
        objects.iter().map(|o| format!("{}:{}", o.value["metadata"]["name"], o.line)).collect()
    }

    #[test]
    fn lists_are_taken_apart_behind_the_other_documents() {
        let source = "kind: List\nitems:\n- {kind: A, metadata: {name: a}}\n---\n---\nkind: B\nmetadata: {name: b}\n";
        assert_eq!(names(source), ["\"b\":6", "\"a\":1"]);
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_line() {
        for (source, why) in [
            (
                "kind: A\nmetadata: {name: a}\n---\nkind: B\n",
                "x.yaml:4: a document is no Kubernetes object: it has no metadata.name",
            ),
            (
                "metadata: {name: a}\n",
                "x.yaml:1: a document is no Kubernetes object: it has no kind",
            ),
            ("just text\n", "x.yaml:1: a document is no Kubernetes object: it is no mapping"),
        ] {
            let error = objects(&"x.yaml".into(), source.as_bytes()).expect_err("no object");
            assert_eq!(error.to_string(), why);
        }
    }
}
