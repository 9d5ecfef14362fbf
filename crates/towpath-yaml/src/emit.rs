//! Writing a value as YAML that every reader takes back as the same value.
//!
//! For output, not for files that people wrote: those are edited ([`crate::set_scalar`]) and never
//! written anew.

use serde_json::Value;

use crate::quote;

/// The YAML of a JSON value: block style, two spaces, list items not indented below their key.
#[must_use]
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(&mut out, map, 0, false),
        Value::Array(list) if !list.is_empty() => array(&mut out, list, 0),
        scalar => {
            inline(&mut out, scalar);
            out.push('\n');
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// `open`: the first key stands on the line that is being written, behind `- `.
fn object(out: &mut String, map: &serde_json::Map<String, Value>, depth: usize, mut open: bool) {
    for (key, value) in map {
        if !open {
            indent(out, depth);
        }
        open = false;
        out.push_str(&quote(key));
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                object(out, map, depth + 1, false);
            }
            Value::Array(list) if !list.is_empty() => {
                out.push('\n');
                array(out, list, depth);
            }
            scalar => {
                out.push(' ');
                inline(out, scalar);
                out.push('\n');
            }
        }
    }
}

fn array(out: &mut String, list: &[Value], depth: usize) {
    for value in list {
        indent(out, depth);
        out.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => object(out, map, depth + 1, true),
            // A list in a list would need its first dash on this line; flow style says the same.
            other => {
                inline(out, other);
                out.push('\n');
            }
        }
    }
}

fn inline(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => out.push_str(&quote(text)),
        // JSON is YAML: numbers, booleans, null, and what is empty or nested in a list of lists.
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
        for value in [
            json!({"a": 1, "b": [], "c": {}, "d": [{"x": "yes", "y": [1, "2"]}, "no", [1, [2]]], "e": null}),
            json!([{"a": {"b": {"c": "multi\nline"}}}]),
            json!("0777"),
            json!({"on": "1e3", "": " lead", "k": "a: b # c"}),
        ] {
            let text = emit(&value);
            let read = crate::parse(text.as_bytes()).expect("what was written is YAML");
            assert_eq!(read[0].root.to_json(), value, "{text}");
        }
    }
}
