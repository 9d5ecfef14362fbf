//! Setting a value: text takes the place of text and keeps its type, anything else is replaced as it is.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/filters/replacement/replacement.go` (`setFieldValue`).

use crate::Value;
use crate::kustomize::patch::strategic::text_of;
use std::borrow::Cow;
use towpath_yaml::{Limits, Reading};

/// Why a value cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// The text is no value of the type that the field has.
    #[error("'{text}' cannot replace {old}: the field keeps its type")]
    Type {
        /// The text.
        text: String,
        /// What the field has.
        old: String,
    },
    /// A delimiter, and a value that is no text.
    #[error("a delimiter can only part a plain value")]
    Delimiter,
}

/// What a text means that is written without quotes.
pub(in crate::kustomize) fn plain(text: &str) -> Value {
    let simple =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'~');
    if text.is_empty() {
        return Value::Null;
    }
    if !text.bytes().all(simple) {
        return Value::String(text.to_owned());
    }
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    match towpath_yaml::parse_with(text.as_bytes(), &limits) {
        Ok(documents) if documents.len() == 1 => match documents[0].root.to_json() {
            Value::Array(_) | Value::Object(_) => Value::String(text.to_owned()),
            value => value,
        },
        _ => Value::String(text.to_owned()),
    }
}

/// Where in a delimited text a value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) delimiter: String,
    pub(super) index: i64,
}

impl Part {
    /// The text with `new` as its part; before the first below zero, behind the last beyond the end.
    fn put(&self, text: &str, new: &str) -> String {
        let mut parts: Vec<&str> = split(text, &self.delimiter);
        match usize::try_from(self.index) {
            Err(_) => parts.insert(0, new),
            Ok(at) if at >= parts.len() => parts.push(new),
            Ok(at) => parts[at] = new,
        }
        parts.join(&self.delimiter)
    }

    /// The part of a text.
    pub(super) fn take<'t>(&self, text: &'t str) -> Option<&'t str> {
        split(text, &self.delimiter).get(usize::try_from(self.index).ok()?).copied()
    }
}

fn split<'t>(text: &'t str, delimiter: &str) -> Vec<&'t str> {
    text.split(delimiter).collect()
}

/// What is to be put somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum New<'v> {
    /// A value of an object.
    Taken(&'v Value),
    /// A text that a replacement says itself; its type is the one that it looks like.
    Said(&'v str),
}

/// Puts `new` in the place of `old`. `made`: there was nothing before, so a text has the type that it looks like.
pub(super) fn set(
    old: &mut Value,
    made: bool,
    new: New<'_>,
    part: Option<&Part>,
) -> Result<(), SetError> {
    if old.is_object() || old.is_array() {
        if part.is_some() {
            return Err(SetError::Delimiter);
        }
        *old = match new {
            New::Taken(value) => value.clone(),
            New::Said(text) => plain(text),
        };
        return Ok(());
    }
    let text = match new {
        New::Taken(value) => text_of(value),
        New::Said(text) => Cow::Borrowed(text),
    };
    let text = match part {
        Some(part) => Cow::Owned(part.put(&text_of(old), &text)),
        None => text,
    };
    if made {
        *old = plain(&text);
        return Ok(());
    }
    let typed = plain(&text);
    let fits = match (&*old, &typed) {
        (Value::String(_), _) => {
            *old = Value::String(text.into_owned());
            return Ok(());
        }
        (Value::Null, Value::Null) | (Value::Bool(_), Value::Bool(_)) => true,
        (Value::Number(old), Value::Number(new)) => old.is_f64() || !new.is_f64(),
        _ => false,
    };
    if !fits {
        return Err(SetError::Type { text: text.into_owned(), old: old.to_string() });
    }
    *old = typed;
    Ok(())
}
