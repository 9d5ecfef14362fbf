//! Mistakes in files that users write: where each one is, in the words of whoever wrote the file.
//!
//! Shared by all of them. Must not know what a file may say; that is the module above, and `scenario_file`.

use serde_json::Value;
use towpath_yaml::{Document, Node, Span};

/// The place that a serde path names; for an unknown key, the key itself.
pub(crate) fn locate(document: &Document, keys: &[String], message: &str) -> Span {
    let unknown = message.strip_prefix("unknown field `").and_then(|m| m.split('`').next());
    let keys = match keys.split_last() {
        Some((last, before)) if Some(last.as_str()) == unknown => before,
        _ => keys,
    };
    let node = deepest(&document.root, keys);
    let entry = unknown.and_then(|key| node.entry(key));
    entry.map_or(node.span, |entry| entry.key.span)
}

/// The node that the keys lead to, or as far as they lead.
pub(crate) fn deepest<'a>(root: &'a Node, keys: &[String]) -> &'a Node {
    let mut node = root;
    for key in keys {
        match step(node, key) {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

fn step<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let key = key.trim_matches(|c| c == '[' || c == ']');
    match key.parse::<usize>() {
        Ok(index) => node.as_seq()?.get(index),
        Err(_) => node.get(key),
    }
}

/// serde's message in the words of whoever writes YAML, without the JSON position that means nothing here.
pub(crate) fn tidy(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let Some((found, expected)) = message.split_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "map with a single key" | "newtype variant" => {
            return "a gate is a mapping with one key and its value: `approval`, `order`, `verified` \
                    or `soak`"
                .to_owned();
        }
        "u32" => "a whole number",
        "string or map" => "a word",
        "a sequence" => "a list",
        _ if expected.starts_with("struct ") => "a mapping",
        other => other,
    };
    let found = match found {
        "invalid type: map" => "invalid type: mapping",
        "invalid type: sequence" => "invalid type: list",
        // A list where a struct stands: serde would fill its fields in turn.
        _ if found.starts_with("invalid length") => "invalid type: list",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// A key with nothing behind it, as when all below it is commented out, is a key that is left out.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

pub(crate) fn report(file: &str, source: &[u8], span: Option<&Span>, message: &str) -> String {
    match span {
        Some(span) => towpath_yaml::report(file, source, span, message),
        None => format!("{file}: {message}"),
    }
}

/// A value that is no name, range or duration, and the keys that lead to it.
pub(crate) struct Wrong {
    pub(crate) at: Vec<String>,
    pub(crate) message: String,
}

pub(crate) fn wrong(at: &[&dyn std::fmt::Display], message: impl std::fmt::Display) -> Wrong {
    let at =
        std::iter::once("spec".to_owned()).chain(at.iter().map(|key| key.to_string())).collect();
    Wrong { at, message: message.to_string() }
}
