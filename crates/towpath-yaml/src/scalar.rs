//! What go-yaml makes of a scalar: the rules of `kubernetes-sigs/yaml:goyaml.v2/resolve.go`, and of
//! `go-yaml/yaml:resolve.go` (v3) where Kustomize reads by them.
//!
//! Pure functions of the text. Quoting and positions are not known here.

use crate::base64;
use crate::error::ErrorKind;
use crate::load::Reading;
use crate::node::Value;
use crate::timestamp;

/// The value of a plain scalar without a tag; none when it is a string as written.
pub(crate) fn resolve_plain(text: &str, reading: Reading) -> Option<Value> {
    match text.as_bytes().first()? {
        b'0'..=b'9' if reading == Reading::GoYaml3 => {
            timestamp::canonical(text).map(Value::String).or_else(|| number(text, reading))
        }
        b'+' | b'-' => infinite(text).or_else(|| number(text, reading)),
        b'0'..=b'9' => number(text, reading),
        b'.' => infinite(text).or_else(|| dotted_float(text)),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            words(text, reading)
        }
        _ => None,
    }
}

/// The value of a scalar with an explicit core tag, given by its suffix (`int` for `!!int`).
pub(crate) fn resolve_tagged(
    suffix: &str,
    text: &str,
    reading: Reading,
) -> Result<Option<Value>, ErrorKind> {
    let resolved =
        || if text.is_empty() { Some(Value::Null) } else { resolve_plain(text, reading) };
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
        "timestamp" if reading == Reading::GoYaml3 => match timestamp::canonical(text) {
            Some(time) => Ok(Some(Value::String(time))),
            None => refuse("!!timestamp"),
        },
        "binary" if reading == Reading::GoYaml3 => match base64::decode(text) {
            Some(bytes) => Ok(Some(Value::String(String::from_utf8_lossy(&bytes).into_owned()))),
            None => refuse("!!binary"),
        },
        "binary" => Err(ErrorKind::Binary),
        _ => Ok(None),
    }
}

fn words(text: &str, reading: Reading) -> Option<Value> {
    Some(match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "~" | "null" | "Null" | "NULL" => Value::Null,
        _ if reading == Reading::GoYaml3 => return None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => return None,
    })
}

fn infinite(text: &str) -> Option<Value> {
    Some(match text {
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str, reading: Reading) -> Option<Value> {
    let without;
    let digits = if text.contains('_') {
        without = text.replace('_', "");
        without.as_str()
    } else {
        text
    };
    integer(digits).or_else(|| decimal_float(digits)).or_else(|| inner_sign(digits, reading))
}

/// `0b-1`, and `0o-1` to v3: both readers take what follows the prefix for a number of its own.
fn inner_sign(text: &str, reading: Reading) -> Option<Value> {
    let (digits, base) = match text.strip_prefix("0b") {
        Some(digits) => (digits, 2),
        None if reading == Reading::GoYaml3 => (text.strip_prefix("0o")?, 8),
        None => return None,
    };
    digits.starts_with(['-', '+']).then(|| i64::from_str_radix(digits, base).ok())?.map(Value::Int)
}

/// A float that starts with its dot: here alone underscores must stand between digits.
fn dotted_float(text: &str) -> Option<Value> {
    if !text.contains('_') {
        return decimal_float(text);
    }
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let between = |(at, byte): (usize, &u8)| *byte != b'_' || (digit(at - 1) && digit(at + 1));
    bytes.iter().enumerate().all(between).then(|| decimal_float(&text.replace('_', "")))?
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

/// The string that a value becomes as a JSON key; an error names what cannot be one.
pub(crate) fn key_text(value: Value, reading: Reading) -> Result<String, &'static str> {
    if reading == Reading::GoYaml3 {
        match value {
            Value::UInt(number) => return Ok(number.to_string()),
            Value::Bool(_) => return Err("a bool"),
            Value::Float(_) => return Err("a fraction"),
            _ => {}
        }
    }
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
