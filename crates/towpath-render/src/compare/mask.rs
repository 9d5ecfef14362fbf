//! What is secret, and what may be shown in its place.
//!
//! Secret are the values of a Secret, what SOPS has sealed, and the copy of an object that `kubectl apply` keeps in an
//! annotation. That such a value changed may be said; neither it nor its length may. Values are left out here, where
//! they are compared, so that what prints a comparison cannot print them.

use serde_json::Map;

use super::field::same;
use crate::Value;

/// What stands where a secret is.
const MASK: &str = "***";
/// What stands where a secret is that differs from that of the other side.
const BEFORE: &str = "*** (before)";
/// As [`BEFORE`], on the new side.
const AFTER: &str = "*** (after)";

/// A value as it may be shown: without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Masked {
    value: Option<Value>,
}

impl Masked {
    /// The value, with `***` in place of the secrets inside of it; nothing if it is a secret itself.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// A value of `zone`.
    pub(super) fn of(value: &Value, zone: Zone) -> Self {
        Self { value: (!is_secret(value, zone)).then(|| hide(value, zone, MASK)) }
    }

    pub(super) fn secret() -> Self {
        Self { value: None }
    }

    /// Both sides of an object.
    pub(super) fn pair(old: &Value, new: &Value) -> (Self, Self) {
        let hidden =
            |value, other, mask| Self { value: Some(hide_beside(value, other, Zone::Top, mask)) };
        (hidden(old, new, BEFORE), hidden(new, old, AFTER))
    }

    /// An object that stands alone.
    #[must_use]
    pub fn object(object: &Value) -> Self {
        Self { value: Some(hide(object, Zone::Top, MASK)) }
    }
}

/// Where in an object a value stands, as far as secrets care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// It is the object itself.
    Top,
    /// Anywhere else.
    Open,
    /// All that is here is secret; the names of fields are not.
    Secret,
}

impl Zone {
    /// The zone of the field `key` of the mapping `parent`, which stands in this one.
    pub(super) fn of_field(self, parent: &Map<String, Value>, key: &str) -> Self {
        let secret = self == Self::Secret
            || match key {
                "data" | "stringData" => parent.get("kind").is_some_and(|kind| kind == "Secret"),
                "sops" => self == Self::Top,
                "kubectl.kubernetes.io/last-applied-configuration" => true,
                _ => false,
            };
        if secret { Self::Secret } else { Self::Open }
    }

    /// The zone of an item of a list that stands in this one.
    pub(super) fn of_item(self) -> Self {
        if self == Self::Secret { Self::Secret } else { Self::Open }
    }

    /// The stricter of two.
    pub(super) fn or(self, other: Self) -> Self {
        if other == Self::Secret { other } else { self }
    }
}

/// Whether a text is, or holds, what SOPS has sealed.
fn is_sealed(text: &str) -> bool {
    (text.starts_with("ENC[") && text.ends_with(']')) || text.contains("ENC[AES256_GCM,")
}

/// Whether nothing of a value of `zone` may be shown. Of a mapping, the names of its fields may.
pub(super) fn is_secret(value: &Value, zone: Zone) -> bool {
    match value {
        Value::Object(_) => false,
        Value::String(text) => zone == Zone::Secret || is_sealed(text),
        _ => zone == Zone::Secret,
    }
}

fn hide(value: &Value, zone: Zone, mask: &str) -> Value {
    if is_secret(value, zone) {
        return mask.into();
    }
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), hide(value, zone.of_field(fields, key), mask)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| hide(item, zone.of_item(), mask)).collect(),
        other => other.clone(),
    }
}

/// A value beside that of the other side, with `mask` where a secret differs from the other's.
fn hide_beside(value: &Value, other: &Value, zone: Zone, mask: &str) -> Value {
    match (value, other) {
        (value, other) if same(value, other) => hide(value, zone, MASK),
        (Value::Object(fields), Value::Object(others)) => fields
            .iter()
            .map(|(key, value)| {
                let zone = zone.of_field(fields, key).or(zone.of_field(others, key));
                let hidden = match others.get(key) {
                    Some(other) => hide_beside(value, other, zone, mask),
                    None => hide(value, zone, mask),
                };
                (key.clone(), hidden)
            })
            .collect(),
        (value, other) if is_secret(value, zone) || is_secret(other, zone) => mask.into(),
        (value, _) => hide(value, zone, mask),
    }
}
