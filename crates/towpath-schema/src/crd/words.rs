//! What is said of a value that is not accepted: the API server's own words.

use std::fmt;

use serde_json::Value;

use super::at::At;

/// How long a value in a message may be before it is shortened. The API server never does.
const LONG: usize = 200;

/// A value that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, `spec.items[0].id`.
    pub path: String,
    /// What kind of fault it is.
    pub fault: Fault,
    /// What the API server says behind the path: `Required value`.
    pub message: String,
    /// Whether updates of an object that has it already are accepted.
    pub ratchet: Ratchet,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named after the keyword it breaks")]
#[non_exhaustive]
pub enum Fault {
    Type,
    Required,
    Enum,
    Format,
    Pattern,
    MaxLength,
    MinLength,
    Maximum,
    Minimum,
    MultipleOf,
    MaxItems,
    MinItems,
    MaxProperties,
    MinProperties,
    /// Two items that must not stand in one list.
    Duplicate,
    /// Two items that server-side apply refuses in one list; a plain create is accepted.
    Apply,
    /// A value that the rules of a built-in kind refuse.
    Invalid,
    OneOf,
    AnyOf,
    AllOf,
    Not,
    /// A field that must not be there, such as one that `additionalProperties: false` refuses.
    Forbidden,
    /// An embedded object that is none.
    Embedded,
    /// A rule in CEL that does not hold, or cannot be evaluated.
    Rule,
    /// A field that no schema names: dropped, or refused in strict requests.
    UnknownField,
}

/// Whether an update of an object that has the fault already is accepted, as it is since
/// Kubernetes 1.30 where the part that has it stays the same (KEP-4008).
///
/// Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/validation/ratcheting.go` and
/// `pkg/registry/customresource/strategy.go`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ratchet {
    /// No update is: the fault concerns what every update changes, or is not ratcheted.
    Never,
    /// Updates that leave the value at this path as it is are.
    While(String),
    /// Every update is: what was wrong before may be.
    Always,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Fault::UnknownField => f.write_str(&self.message),
            _ if self.path.is_empty() => f.write_str(&self.message),
            _ => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// A value as it stands in a message.
pub(crate) fn value(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What JSON calls the type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `Invalid value: "AB": spec.name in body should match '^[a-z]+$'`.
pub(super) fn invalid(shown: &Value, at: &At<'_>, should: &str) -> String {
    format!("Invalid value: {}: {at} in body {should}", value(shown))
}

/// The same for a value of the wrong type, which is shown by its type.
pub(super) fn wrong_type(at: &At<'_>, expected: &str, found: &str) -> String {
    format!("Invalid value: {found:?}: {at} in body must be of type {expected}: {found:?}")
}

/// `Unsupported value: "warp": supported values: "fast", "slow"`.
pub(super) fn unsupported(found: &Value, supported: &[Value]) -> String {
    let name = |one: &Value| match one {
        Value::String(text) => format!("{text:?}"),
        other => format!("{:?}", other.to_string()),
    };
    let supported: Vec<String> = supported.iter().take(50).map(name).collect();
    format!("Unsupported value: {}: supported values: {}", value(found), supported.join(", "))
}
