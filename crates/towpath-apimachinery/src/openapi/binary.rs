//! OpenAPI v2 as protobuf: what clients before 1.24 or so explain and validate by.
//!
//! Source of the contract: `google/gnostic:openapiv2/OpenAPIv2.proto`; the numbers below are those of its fields.

use serde_json::{Map, Value};

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, value: Option<&Value>) {
        if let Some(text) = value.and_then(Value::as_str) {
            self.bytes(field, text.as_bytes());
        }
    }

    fn flag(&mut self, field: u64, is: bool) {
        if is {
            self.varint(field << 3);
            self.varint(1);
        }
    }

    fn message(&mut self, field: u64, message: &Message) {
        self.bytes(field, &message.0);
    }

    /// A message under a name, of which there may be many.
    fn named(&mut self, field: u64, name: &str, value: &Message) {
        let mut named = Message::default();
        named.bytes(1, name.as_bytes());
        named.message(2, value);
        self.message(field, &named);
    }

    /// Values whose form is not described, as YAML.
    fn extensions(&mut self, field: u64, values: &Map<String, Value>) {
        for (name, value) in values.iter().filter(|(name, _)| name.starts_with("x-")) {
            self.named(field, name, &any(value));
        }
    }
}

fn any(value: &Value) -> Message {
    let mut any = Message::default();
    any.bytes(2, value.to_string().as_bytes());
    any
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// A document of OpenAPI v2.
pub(super) fn document(document: &Value) -> Vec<u8> {
    let mut out = Message::default();
    out.text(1, document.get("swagger"));
    let mut info = Message::default();
    info.text(1, document.pointer("/info/title"));
    info.text(2, document.pointer("/info/version"));
    out.message(2, &info);
    let mut paths = Message::default();
    for (name, item) in fields(document.get("paths")) {
        paths.named(2, name, &path(item));
    }
    out.message(8, &paths);
    let mut definitions = Message::default();
    for (name, value) in fields(document.get("definitions")) {
        definitions.named(1, name, &schema(value));
    }
    out.message(9, &definitions);
    out.0
}

fn path(item: &Value) -> Message {
    const METHODS: [(&str, u64); 5] =
        [("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)];
    let mut out = Message::default();
    for (method, field) in METHODS {
        if let Some(found) = item.get(method) {
            out.message(field, &operation(found));
        }
    }
    out
}

fn operation(value: &Value) -> Message {
    let mut out = Message::default();
    out.text(5, value.get("operationId"));
    for found in list(value.get("parameters")) {
        out.message(8, &parameter(found));
    }
    if let Some(values) = value.as_object() {
        out.extensions(13, values);
    }
    out
}

fn parameter(value: &Value) -> Message {
    let place = value.get("in").and_then(Value::as_str);
    let mut inner = Message::default();
    let mut parameter = Message::default();
    if place == Some("body") {
        inner.text(2, value.get("name"));
        inner.text(3, value.get("in"));
        inner.flag(4, true);
        if let Some(found) = value.get("schema") {
            inner.message(5, &schema(found));
        }
        parameter.message(1, &inner);
    } else {
        inner.flag(1, value.get("required") == Some(&Value::Bool(true)));
        inner.text(2, value.get("in"));
        inner.text(4, value.get("name"));
        // The places differ in where the type is.
        let (field, type_field) = if place == Some("path") { (4, 5) } else { (3, 6) };
        inner.text(type_field, value.get("type"));
        let mut choice = Message::default();
        choice.message(field, &inner);
        parameter.message(2, &choice);
    }
    let mut item = Message::default();
    item.message(1, &parameter);
    item
}

fn schema(value: &Value) -> Message {
    let mut out = Message::default();
    out.text(1, value.get("$ref"));
    out.text(2, value.get("format"));
    out.text(4, value.get("description"));
    out.text(13, value.get("pattern"));
    for name in list(value.get("required")) {
        out.text(19, Some(name));
    }
    for allowed in list(value.get("enum")) {
        out.message(20, &any(allowed));
    }
    if let Some(entries) = value.get("additionalProperties") {
        let mut item = Message::default();
        match entries {
            Value::Bool(is) => item.flag(2, *is),
            entries => item.message(1, &schema(entries)),
        }
        out.message(21, &item);
    }
    if let Some(of_type) = value.get("type") {
        let mut item = Message::default();
        item.text(1, Some(of_type));
        out.message(22, &item);
    }
    if let Some(items) = value.get("items") {
        let mut item = Message::default();
        item.message(1, &schema(items));
        out.message(23, &item);
    }
    for part in list(value.get("allOf")) {
        out.message(24, &schema(part));
    }
    let mut properties = Message::default();
    for (name, field) in fields(value.get("properties")) {
        properties.named(1, name, &schema(field));
    }
    if !properties.0.is_empty() {
        out.message(25, &properties);
    }
    if let Some(values) = value.as_object() {
        out.extensions(31, values);
    }
    out
}
