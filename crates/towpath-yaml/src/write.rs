//! Writing a value as `sigs.k8s.io/yaml` prints it, byte for byte.
//!
//! That is what `kustomize build` and `flux build` print, so what is written here can be compared
//! with theirs as text. The rules are those of `kubernetes-sigs/yaml:goyaml.v2/{encode,emitterc,
//! sorter}.go` behind a round trip through JSON. Files that people wrote are never written with it.
//!
//! Where to go next: `write/scalar.rs` chooses the style of a string, `write/order.rs` the order of
//! keys; this module is the layout.

mod order;
mod scalar;

use serde_json::{Map, Value};

/// One document as YAML, ending with a line break, without `---`.
///
/// Keys are in go-yaml's natural order whatever the order in `value`; a float without a fraction is
/// written as a whole number, as everything that went through Go's JSON is.
///
/// `value` must not be nested deeper than a call stack is: what [`parse`](crate::parse) made is not.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut writer = Writer { out: String::new(), line: 0, keys: Vec::new() };
    match value {
        Value::Object(map) if !map.is_empty() => writer.mapping(map, 0, true),
        Value::Array(list) if !list.is_empty() => writer.list(list, 0, true),
        Value::String(text) => {
            if !writer.text(text, Some(2)) {
                writer.end_line();
            }
        }
        other => {
            writer.short(other);
            writer.end_line();
        }
    }
    writer.out
}

struct Writer<'v> {
    out: String,
    /// Where the line that is being written starts in `out`.
    line: usize,
    /// The entries of the mappings that are still open, each mapping's own in order.
    keys: Vec<order::Pair<'v>>,
}

impl<'v> Writer<'v> {
    fn indent(&mut self, columns: usize) {
        const SPACES: &str = "                                                                ";
        let mut left = columns;
        while left > 0 {
            let now = left.min(SPACES.len());
            self.out.push_str(&SPACES[..now]);
            left -= now;
        }
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.line = self.out.len();
    }

    /// `open`: the first key stands on the line that is being written.
    fn mapping(&mut self, map: &'v Map<String, Value>, indent: usize, mut open: bool) {
        let first = self.keys.len();
        self.keys.extend(map.iter().map(|(key, value)| (key.as_str(), value)));
        order::sort(&mut self.keys[first..]);
        for at in first..self.keys.len() {
            let (key, value) = self.keys[at];
            if !open {
                self.indent(indent);
            }
            open = false;
            let simple = key.len() <= scalar::LONGEST_SIMPLE_KEY && !scalar::has_break(key);
            if simple {
                self.text(key, None);
            } else {
                self.out.push_str("? ");
                if !self.text(key, Some(indent + 2)) {
                    self.end_line();
                }
                self.indent(indent);
            }
            self.out.push(':');
            match value {
                Value::Object(map) if !map.is_empty() && simple => {
                    self.end_line();
                    self.mapping(map, indent + 2, false);
                }
                Value::Array(list) if !list.is_empty() && simple => {
                    self.end_line();
                    self.list(list, indent, false);
                }
                other => self.after_indicator(other, indent + 2),
            }
        }
        self.keys.truncate(first);
    }

    /// `open`: the first item stands on the line that is being written.
    fn list(&mut self, list: &'v [Value], indent: usize, mut open: bool) {
        for value in list {
            if !open {
                self.indent(indent);
            }
            open = false;
            self.out.push('-');
            self.after_indicator(value, indent + 2);
        }
    }

    /// A value that starts on the line of its `-` or `:`, and the end of that line.
    fn after_indicator(&mut self, value: &'v Value, indent: usize) {
        self.out.push(' ');
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent, true),
            Value::Array(list) if !list.is_empty() => self.list(list, indent, true),
            Value::String(text) => {
                if !self.text(text, Some(indent)) {
                    self.end_line();
                }
            }
            other => {
                self.short(other);
                self.end_line();
            }
        }
    }

    /// What is neither a string nor nested.
    fn short(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => scalar::number(&mut self.out, number),
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
            Value::String(text) => self.out.push_str(text),
        }
    }
}
