//! Replacing inside of a text that is JSON or YAML itself.
//!
//! JSON is written anew, with sorted keys, on one line or on many as it was. Of YAML only the replaced values change,
//! where that can be. Source of the contract:
//! `kubernetes-sigs/kustomize:api/filters/replacement/replacement.go` (`setValueInStructuredData`).

use super::path::{self, Create, PathError, lookup, lookup_mut, visit};
use super::value::{self, New};
use crate::Value;
use crate::kustomize::generate::go_json;
use crate::kustomize::patch::strategic::text_of;
use towpath_yaml::{Edit, Limits, Node, Reading};

fn read(text: &str) -> Option<Node> {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    let documents = towpath_yaml::parse_with(text.as_bytes(), &limits).ok()?;
    documents.into_iter().next().map(|document| document.root)
}

/// Sets `new` where `path` leads to inside of a text in `target`. `false` where it leads to no text, or to nothing in it.
pub(super) fn set(target: &mut Value, path: &[String], new: New<'_>, create: Create) -> bool {
    let Some((at, node)) = (1..path.len()).find_map(|at| {
        let text = lookup(target, &path[..at]).ok()??.as_str()?;
        Some((at, read(text)?))
    }) else {
        return false;
    };
    let (outer, inner) = path.split_at(at);
    let mut content = node.to_json();
    let mut setter = |old: &mut Value, made: bool| Ok(value::set(old, made, new, None)?);
    if !visit(&mut content, inner, create, false, &mut setter).is_ok_and(|count| count > 0) {
        return false;
    }
    let Some(field) = lookup_mut(target, outer) else { return false };
    *field = Value::String(rewritten(&text_of(field), &node, &content));
    true
}

/// Follows a path into a text without changing it, as kustomize does where [`set`] fails: what it finds there is lost.
pub(super) fn detached(field: &Value, path: &[String], create: Create) -> Result<usize, PathError> {
    let mut content = read(&text_of(field)).map_or(Value::Null, |node| node.to_json());
    path::visit(&mut content, path, create, false, &mut |_, _| Ok(()))
}

fn rewritten(text: &str, node: &Node, content: &Value) -> String {
    if text.trim_start().starts_with(['{', '[']) {
        let mut out = String::new();
        if text.contains('\n') && text.contains("  ") {
            go_json::write_indented(&mut out, content, 0);
        } else {
            go_json::write(&mut out, content);
        }
        return out;
    }
    let mut edits = Vec::new();
    let edited = edit(text, node, content, &mut edits)
        .and_then(|()| towpath_yaml::apply(text.as_bytes(), &edits).ok());
    let edited = edited.and_then(|bytes| String::from_utf8(bytes).ok());
    edited.unwrap_or_else(|| towpath_yaml::emit(content)).trim().to_owned()
}

/// The edits that make the scalars of `node` those of `content`; `None` where more than scalars differ.
fn edit(text: &str, node: &Node, content: &Value, edits: &mut Vec<Edit>) -> Option<()> {
    use towpath_yaml::Value as Yaml;
    match (&node.value, content) {
        (Yaml::Map(old), Value::Object(new)) => {
            if old.len() != new.len() {
                return None;
            }
            old.iter()
                .try_for_each(|entry| edit(text, &entry.value, new.get(&entry.key.text)?, edits))
        }
        (Yaml::Seq(old), Value::Array(new)) => {
            if old.len() != new.len() {
                return None;
            }
            old.iter().zip(new).try_for_each(|(old, new)| edit(text, old, new, edits))
        }
        (Yaml::Map(_) | Yaml::Seq(_), _) | (_, Value::Object(_) | Value::Array(_)) => None,
        _ if node.to_json() == *content => Some(()),
        (Yaml::String(_), new) => {
            edits.push(towpath_yaml::set_scalar(text.as_bytes(), node, &text_of(new)).ok()?);
            Some(())
        }
        (_, new) => {
            let span = node.span;
            edits.push(Edit { range: span.start..span.end, new: text_of(new).into_owned() });
            Some(())
        }
    }
}
