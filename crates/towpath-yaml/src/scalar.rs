//! What go-yaml v2 makes of a scalar: the rules of `kubernetes-sigs/yaml:goyaml.v2/resolve.go`.
//!
//! Pure functions of the text. Quoting and positions are not known here.

use crate::error::ErrorKind;
use crate::node::Value;

/// The value of a plain scalar without a tag; none when it is a string.
pub(crate) fn resolve_plain(text: &str) -> Option<Value> {
    match text.as_bytes().first()? {
        b'+' | b'-' | b'0'..=b'9' => words(text).or_else(|| number(text)),
        b'.' => words(text).or_else(|| decimal_float(text)),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => words(text),
        _ => None,
    }
}

/// The value of a scalar with an explicit core tag, given by its suffix (`int` for `!!int`).
pub(crate) fn resolve_tagged(suffix: &str, text: &str) -> Result<Option<Value>, ErrorKind> {
    let resolved = || if text.is_empty() { Some(Value::Null) } else { resolve_plain(text) };
    let refuse = |tag| Err(ErrorKind::BadTag { text: text.into(), tag });
    match suffix {
        "bool" => match resolved() {
            Some(value @ Value::Bool(_)) => Ok(Some(value)),
            _ => refuse("!!bool"),
        },
        "int" => match resolved() {
            Some(value @ (Value::Int(_) | Value::UInt(_))) => Ok(Some(value)),
            _ => refuse("!!int"),
        },
        "float" => match resolved() {
            Some(value @ Value::Float(_)) => Ok(Some(value)),
            #[expect(clippy::cast_precision_loss, reason = "`!!float` asks for it")]
            Some(Value::Int(number)) => Ok(Some(Value::Float(number as f64))),
            _ => refuse("!!float"),
        },
        "null" => match resolved() {
            Some(Value::Null) => Ok(Some(Value::Null)),
            _ => refuse("!!null"),
        },
        "binary" => Err(ErrorKind::Binary),
        _ => Ok(None),
    }
}

fn words(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Value> {
    let without;
    let digits = if text.contains('_') {
        without = text.replace('_', "");
        without.as_str()
    } else {
        text
    };
    integer(digits).or_else(|| decimal_float(digits)).or_else(|| wide_integer(digits))
}

/// Splits off a sign and a base prefix; a leading zero means octal, as in Go's base 0.
fn based(text: &str) -> Option<(bool, u32, &str)> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &rest[2..]),
        [b'0', b'o' | b'O', ..] => (8, &rest[2..]),
        [b'0', b'b' | b'B', ..] => (2, &rest[2..]),
        [b'0', _, ..] => (8, &rest[1..]),
        _ => (10, rest),
    };
    let digit = |b: u8| char::from(b).is_digit(base);
    (!digits.is_empty() && digits.bytes().all(digit)).then_some((negative, base, digits))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, base, digits) = based(text)?;
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    match (negative, i64::try_from(magnitude)) {
        (false, Ok(number)) => Some(Value::Int(number)),
        (true, Ok(number)) => Some(Value::Int(-number)),
        (true, Err(_)) if magnitude == i64::MIN.unsigned_abs() => Some(Value::Int(i64::MIN)),
        // Go reads no sign on an unsigned number, not even a plus.
        (false, Err(_)) if !text.starts_with('+') => Some(Value::UInt(magnitude)),
        _ => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, finite.
fn decimal_float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !all_digits(digits) {
            return None;
        }
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float)
}

/// A whole number beyond 64 bits with a base prefix, which JSON readers take as a float.
fn wide_integer(text: &str) -> Option<Value> {
    let (negative, base, digits) = based(text)?;
    let fold = |sum: f64, c: char| sum * f64::from(base) + f64::from(c.to_digit(base).unwrap_or(0));
    let magnitude = digits.chars().fold(0.0, fold);
    magnitude.is_finite().then_some(Value::Float(if negative { -magnitude } else { magnitude }))
}

/// The string that a value becomes as a JSON key; an error names what cannot be one.
pub(crate) fn key_text(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(float_key(number)),
        Value::UInt(_) => Err("a number beyond 63 bits"),
        Value::Null => Err("null"),
        Value::Seq(_) => Err("a list"),
        Value::Map(_) => Err("a mapping"),
    }
}

/// Go's shortest form of a 32-bit float, which `sigs.k8s.io/yaml` uses for keys.
fn float_key(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the reader we follow does so")]
    let narrow = number as f32;
    if narrow.is_nan() {
        return ".nan".into();
    }
    if narrow.is_infinite() {
        return if narrow > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let scientific = format!("{narrow:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => narrow.to_string(),
    }
}
