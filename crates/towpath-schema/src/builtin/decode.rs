//! Single values: types and formats, as the server's decoder takes them.
//!
//! Source of the contract: `kubernetes-sigs/json:internal/golang/encoding/json/decode.go`,
//! `kubernetes/apimachinery:pkg/api/resource/quantity.go`, `pkg/util/intstr/intstr.go`,
//! `pkg/apis/meta/v1/time.go`.

use serde_json::{Number, Value};
use towpath_catalog::{SchemaRef, Type};

use super::quantity;
use super::run::Run;
use super::walk::{Way, definition};
use crate::crd::at::At;
use crate::crd::formats;
use crate::crd::schema::Fault;
use crate::crd::words;

/// A value that is no place with places below.
pub(super) fn scalar(
    schema: SchemaRef<'_>,
    value: &Value,
    at: &At<'_>,
    way: Way<'_>,
    run: &mut Run,
) {
    let fits = match (schema.types(), value) {
        (Type::String, Value::String(text)) => {
            format(schema, text, at, run);
            true
        }
        (Type::Boolean, Value::Bool(_))
        | (Type::Number, Value::Number(_))
        | (Type::IntOrString, Value::String(_))
        | (Type::Quantity, Value::Number(_)) => true,
        (Type::Integer, Value::Number(number)) => {
            is_integer(number, schema.format() == Some("int32"))
        }
        (Type::IntOrString, Value::Number(number)) => is_integer(number, true),
        (Type::Quantity, Value::String(text)) => {
            if let Err(why) = quantity::parse(text) {
                say(Fault::Format, value, at, run, || why.to_owned());
            }
            true
        }
        (Type::Quantity, _) => {
            say(Fault::Type, value, at, run, || quantity::FORM.to_owned());
            true
        }
        _ => false,
    };
    if !fits {
        wrong_type(schema, value, at, way, run);
    }
}

/// Numbers that are whole are taken for integers however they are written: what writes JSON from YAML
/// drops the fraction.
fn is_integer(number: &Number, is_32: bool) -> bool {
    match (number.as_i64(), number.as_f64()) {
        (Some(number), _) => !is_32 || i32::try_from(number).is_ok(),
        (None, Some(number)) => {
            let most = if is_32 { f64::from(i32::MAX) } else { i64::MAX as f64 };
            number.fract() == 0.0 && number.abs() < most
        }
        (None, None) => false,
    }
}

fn format(schema: SchemaRef<'_>, text: &str, at: &At<'_>, run: &mut Run) {
    match schema.format() {
        Some("byte") => {
            if let Some(at_byte) = illegal_base64(text) {
                // The value may be secret, and the server does not show it either.
                run.add(Fault::Format, at, || {
                    format!("Invalid value: illegal base64 data at input byte {at_byte}")
                });
            }
        }
        Some("date-time") if !formats::date_time(text) => {
            say(Fault::Format, &Value::from(text), at, run, || {
                format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse")
            });
        }
        _ => {}
    }
}

/// The first byte that is no base64 as RFC 4648 has it; ends of lines are skipped.
fn illegal_base64(text: &str) -> Option<usize> {
    let (mut digits, mut padding) = (0usize, 0usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\r' | b'\n' => {}
            b'=' if digits % 4 >= 2 && digits % 4 + padding < 4 => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => digits += 1,
            _ => return Some(at),
        }
    }
    (!(digits + padding).is_multiple_of(4)).then_some(text.len())
}

pub(super) fn wrong_type(
    schema: SchemaRef<'_>,
    value: &Value,
    at: &At<'_>,
    way: Way<'_>,
    run: &mut Run,
) {
    say(Fault::Type, value, at, run, || {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            // The number itself is named where it is one that does not fit.
            Value::Number(number) if schema.types() == Type::Integer => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        let expected = go_type(schema, 0);
        match (schema.types(), at.field_names()) {
            (Type::IntOrString, _) => {
                format!("cannot unmarshal {found} into Go value of type int32")
            }
            (_, names) if names.is_empty() => {
                format!("cannot unmarshal {found} into Go value of type {expected}")
            }
            (_, names) => {
                let owner = way.owner;
                format!(
                    "cannot unmarshal {found} into Go struct field {owner}.{names} of type {expected}"
                )
            }
        }
    });
}

fn say(fault: Fault, value: &Value, at: &At<'_>, run: &mut Run, why: impl FnOnce() -> String) {
    let is_secret = run.is_secret;
    run.add(fault, at, || match value {
        Value::Array(_) | Value::Object(_) => format!("Invalid value: {}", why()),
        _ if is_secret => format!("Invalid value: {}", why()),
        value => format!("Invalid value: {}: {}", words::value(value), why()),
    });
}

/// How Go writes the type, save where a text or a number has a type with a name.
fn go_type(schema: SchemaRef<'_>, depth: usize) -> String {
    if let Some(name) = schema.reference() {
        let version = name.rsplit('.').nth(1).unwrap_or_default();
        return format!("{version}.{}", definition(name).1);
    }
    let below = |schema: Option<SchemaRef<'_>>| match schema {
        Some(schema) if depth < 8 => go_type(schema, depth + 1),
        _ => "interface {}".to_owned(),
    };
    match schema.types() {
        Type::Object => format!("map[string]{}", below(schema.additional())),
        Type::Array if depth < 8 => format!("[]{}", below(schema.items())),
        Type::String if schema.format() == Some("byte") => "[]uint8".to_owned(),
        Type::String => "string".to_owned(),
        Type::Integer => schema.format().unwrap_or("int64").to_owned(),
        Type::Number => "float64".to_owned(),
        Type::Boolean => "bool".to_owned(),
        _ => "interface {}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::illegal_base64;

    #[test]
    fn base64_with_its_padding() {
        for good in ["", "YQ==", "YWI=", "YWJj", "YWJj\nYWJj\n", "YQ\n=="] {
            assert_eq!(illegal_base64(good), None, "{good:?}");
        }
        for (bad, at) in
            [("a", 1), ("YQ=", 3), ("YQ", 2), ("=", 0), ("YQ==YQ==", 4), ("a b=", 1), ("YWJj=", 4)]
        {
            assert_eq!(illegal_base64(bad), Some(at), "{bad:?}");
        }
    }
}
