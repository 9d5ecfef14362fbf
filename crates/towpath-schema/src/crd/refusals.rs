//! What the API server refuses a definition for, in its words and in its order.
//!
//! [`refusals`] is about a definition that is created, [`refusals_of_update`] about one that replaces another.
//! [`Definition::parse`] is tolerant where these are not: what a file says can be compared and used for checks even
//! if no server would take it. Nothing here decides what an object may be, and nothing is looked up: whether the names
//! of another definition are the same is for the cluster to say.
//!
//! As in the server, what all versions say alike is judged once, and its path is `spec.validation` and the like. Two
//! things are not the server's: where its maps have no order this one keeps that of the file, and of a list of
//! versions that is shown only its beginning is.
//!
//! Source of the contract, words included: `kubernetes/apiextensions-apiserver:pkg/apis/apiextensions/validation`,
//! `pkg/apis/apiextensions/v1/conversion.go`, `pkg/apiserver/schema`.
//!
//! Next: `refusals/spec.rs` for the definition as a whole, `refusals/version.rs` for what versions have besides schemas,
//! `refusals/schema.rs` for schemas, `refusals/structural.rs` for what makes them structural, `refusals/rules.rs` for
//! rules in CEL.

mod defaults;
mod read;
mod rules;
mod schema;
mod spec;
mod structural;
mod version;

use std::fmt;

use serde_json::{Map, Value};

use super::definition::shape;
use super::{Definition, DefinitionError, words};

/// How many refusals of one definition are listed.
pub const MAX_REFUSALS: usize = 100;

/// Something that a definition is refused for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where in the definition: `spec.versions[0].name`. Empty for the whole.
    pub path: String,
    /// What kind of fault it is.
    pub kind: RefusalKind,
    /// What the API server says behind the path: `Required value: must not be empty at the root`.
    pub message: String,
}

/// What is wrong with a definition, as the API server sorts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RefusalKind {
    /// It cannot be read at all. These words are ours.
    Unreadable,
    /// Something is missing.
    Required,
    /// Something has a value that it must not have.
    Invalid,
    /// Something has a value that is on no list.
    NotSupported,
    /// Something must not be there.
    Forbidden,
    /// Something is there twice.
    Duplicate,
    /// There is more of something than there may be.
    TooMany,
}

impl RefusalKind {
    /// The reason in `status.details.causes`: `FieldValueRequired`. Empty for what is not readable.
    ///
    /// Source of the contract: `kubernetes/apimachinery:pkg/util/validation/field/errors.go`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            RefusalKind::Unreadable => "",
            RefusalKind::Required => "FieldValueRequired",
            RefusalKind::Invalid => "FieldValueInvalid",
            RefusalKind::NotSupported => "FieldValueNotSupported",
            RefusalKind::Forbidden => "FieldValueForbidden",
            RefusalKind::Duplicate => "FieldValueDuplicate",
            RefusalKind::TooMany => "FieldValueTooMany",
        }
    }
}

impl Refusal {
    /// The place in the words of the file: what all versions say alike is that of the first one.
    ///
    /// `spec.validation.openAPIV3Schema.properties[spec]` is
    /// `spec.versions[0].schema.openAPIV3Schema.properties.spec`.
    #[must_use]
    pub fn field(&self) -> String {
        const SHARED: [(&str, &str); 4] = [
            ("spec.validation", "schema"),
            ("spec.subresources", "subresources"),
            ("spec.additionalPrinterColumns", "additionalPrinterColumns"),
            ("spec.selectableFields", "selectableFields"),
        ];
        let path = self.path.replace(".JSONPath", ".jsonPath");
        let path = match SHARED.iter().find(|(prefix, _)| path.starts_with(prefix)) {
            Some((prefix, name)) => format!("spec.versions[0].{name}{}", &path[prefix.len()..]),
            None => path,
        };
        let mut field = String::with_capacity(path.len());
        let mut rest = path.as_str();
        while let Some((before, after)) = rest.split_once('[') {
            let (inner, after) = after.split_once(']').unwrap_or((after, ""));
            field.push_str(before);
            match inner.bytes().all(|byte| byte.is_ascii_digit()) {
                true => field.push_str(&format!("[{inner}]")),
                false => field.push_str(&format!(".{inner}")),
            }
            rest = after;
        }
        field + rest
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// What the API server refuses a definition for that is created. Empty for one that it takes.
///
/// A definition of `v1beta1`, which no supported server takes, is only read.
#[must_use]
pub fn refusals(definition: &Value) -> Vec<Refusal> {
    judge(definition, None)
}

/// What the API server refuses a definition for that replaces another one: the same, and what must not change.
///
/// Faults that the old definition has already count as well, where the server lets some of them pass.
#[must_use]
pub fn refusals_of_update(definition: &Value, old: &Value) -> Vec<Refusal> {
    judge(definition, Some(old))
}

fn judge(definition: &Value, old: Option<&Value>) -> Vec<Refusal> {
    if let Err(error) = Definition::parse(definition)
        && !is_for_the_rules(&error, definition)
    {
        let (path, message) = (String::new(), error.to_string());
        return vec![Refusal { path, kind: RefusalKind::Unreadable, message }];
    }
    let none = Map::new();
    let mut found = Found::default();
    if definition.get("apiVersion").and_then(Value::as_str) == Some("apiextensions.k8s.io/v1") {
        spec::definition(definition.as_object().unwrap_or(&none), old, &mut found);
    }
    found.refusals.truncate(MAX_REFUSALS);
    found.refusals
}

/// Whether what cannot be read is told by the rules, in the server's words: something is missing, or is there twice.
fn is_for_the_rules(error: &DefinitionError, definition: &Value) -> bool {
    let is_empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    match error {
        DefinitionError::DuplicateVersion { .. } => true,
        DefinitionError::Shape { path, .. } => {
            let known =
                ["spec", "spec.group", "spec.names.kind", "spec.names.plural", "spec.versions"];
            let pointer = format!("/{}", path.replace('.', "/"));
            known.contains(&path.as_str()) && is_empty(definition.pointer(&pointer))
                || *error == shape("spec.versions[].name", "a string")
                    && definition.pointer("/spec/versions").and_then(Value::as_array).is_some_and(
                        |versions| {
                            versions.iter().all(|version| match version.get("name") {
                                None | Some(Value::Null | Value::String(_)) => version.is_object(),
                                Some(_) => false,
                            })
                        },
                    )
        }
        _ => false,
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    refusals: Vec<Refusal>,
}

impl Found {
    fn add(&mut self, path: &str, kind: RefusalKind, message: String) {
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(Refusal { path: path.to_owned(), kind, message });
        }
    }

    fn len(&self) -> usize {
        self.refusals.len()
    }

    fn required(&mut self, path: &str, why: &str) {
        let message = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        self.add(path, RefusalKind::Required, message);
    }

    fn invalid(&mut self, path: &str, value: &Value, why: &str) {
        let message = format!("Invalid value: {}: {why}", words::value(value));
        self.add(path, RefusalKind::Invalid, message);
    }

    fn invalid_text(&mut self, path: &str, value: &str, why: &str) {
        self.invalid(path, &Value::from(value), why);
    }

    fn forbidden(&mut self, path: &str, why: &str) {
        self.add(path, RefusalKind::Forbidden, format!("Forbidden: {why}"));
    }

    fn unsupported(&mut self, path: &str, value: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
        let supported = supported.join(", ");
        let message = format!("Unsupported value: {value:?}: supported values: {supported}");
        self.add(path, RefusalKind::NotSupported, message);
    }

    fn duplicate(&mut self, path: &str, value: &Value) {
        let message = format!("Duplicate value: {}", words::value(value));
        self.add(path, RefusalKind::Duplicate, message);
    }

    fn too_many(&mut self, path: &str, found: usize, most: usize) {
        let message = format!("Too many: {found}: must have at most {most} items");
        self.add(path, RefusalKind::TooMany, message);
    }
}
