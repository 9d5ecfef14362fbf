//! An object as it lies in the store: its text, and beside it what is looked for often.
//!
//! The text begins behind `metadata.resourceVersion`, which is known only when the object is committed: so it is made
//! before, outside of any lock, and a commit copies nothing.

use std::io::Write;

use serde_json::Value;

use crate::object;

/// What every object has and what selectors, owners and deletions ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Its namespace, empty where there is none.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid.
    pub uid: Box<str>,
    /// Its labels, sorted by name.
    pub labels: Box<[(Box<str>, Box<str>)]>,
    /// Fields that selectors can ask for, besides name and namespace.
    pub fields: Box<[(Box<str>, Box<str>)]>,
    /// Uids of its owners.
    pub owners: Box<[Box<str>]>,
    /// Whether it is being deleted.
    pub is_deleted: bool,
}

impl Head {
    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(label, _)| (**label).cmp(name)).ok()?;
        Some(&self.labels[at].1)
    }

    /// The value of a field that a selector asks for; an empty text where the object has none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        match name {
            "metadata.name" => &self.name,
            "metadata.namespace" => &self.namespace,
            _ => self.fields.iter().find(|(field, _)| **field == *name).map_or("", |(_, v)| v),
        }
    }
}

/// An object that is about to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    head: Head,
    tail: Box<str>,
}

/// An object, as it was written at a revision.
#[derive(Debug, Clone)]
pub struct Stored {
    /// When it was written: its resource version.
    pub revision: u64,
    /// What is looked for often.
    pub head: Head,
    pub(super) tail: std::sync::Arc<str>,
}

/// The kind and the version that a text of an object begins with.
#[derive(Debug, Clone, Copy)]
pub struct TypeMeta<'a> {
    /// `apps/v1`.
    pub api_version: &'a str,
    /// `Deployment`.
    pub kind: &'a str,
}

impl Draft {
    /// Makes the text of an object. `fields` are the paths that selectors can ask for, besides name and namespace.
    #[must_use]
    pub fn of(object: &Value, fields: &[Box<[Box<str>]>]) -> Self {
        let metadata = object.get("metadata").and_then(Value::as_object);
        let mut tail = Vec::with_capacity(512);
        for (name, value) in metadata.into_iter().flatten() {
            if name != "resourceVersion" {
                tail.push(b',');
                member(&mut tail, name, value);
            }
        }
        tail.push(b'}');
        for (name, value) in object.as_object().into_iter().flatten() {
            if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                tail.push(b',');
                member(&mut tail, name, value);
            }
        }
        tail.push(b'}');
        let tail = String::from_utf8(tail).expect("JSON is UTF-8").into_boxed_str();
        Self { head: head(object, fields), tail }
    }

    /// An object whose text was made before, by [`Draft::of`].
    pub(crate) fn prepared(head: Head, tail: String) -> Self {
        Self { head, tail: tail.into() }
    }

    /// The object at the revision of its commit.
    pub(super) fn at(self, revision: u64) -> Stored {
        Stored { revision, head: self.head, tail: self.tail.into() }
    }
}

impl Stored {
    /// The same object at another revision: the one at which it was removed.
    #[must_use]
    pub fn at_revision(&self, revision: u64) -> Stored {
        Stored { revision, head: self.head.clone(), tail: self.tail.clone() }
    }

    /// How long its text is, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail.len()
    }

    /// Whether it has no text; it always has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tail.is_empty()
    }

    /// Writes the object as JSON. Items of lists of built-in kinds have no kind and version.
    pub fn write(&self, meta: Option<TypeMeta<'_>>, out: &mut Vec<u8>) {
        let written = match meta {
            Some(TypeMeta { api_version, kind }) => write!(
                out,
                r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{{"resourceVersion":"{}""#,
                self.revision
            ),
            None => write!(out, r#"{{"metadata":{{"resourceVersion":"{}""#, self.revision),
        };
        written.expect("a vector takes every byte");
        out.extend_from_slice(self.tail.as_bytes());
    }

    /// The object as a value.
    #[must_use]
    pub fn value(&self, meta: Option<TypeMeta<'_>>) -> Value {
        let mut text = Vec::with_capacity(self.tail.len() + 128);
        self.write(meta, &mut text);
        serde_json::from_slice(&text).expect("it was written as JSON")
    }

    /// Its text behind the resource version, to be kept elsewhere and read again when the cluster is started anew.
    #[must_use]
    pub fn tail(&self) -> &str {
        &self.tail
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    serde_json::to_writer(&mut *out, name).expect("a vector takes every byte");
    out.push(b':');
    serde_json::to_writer(out, value).expect("a vector takes every byte");
}

pub(super) fn head(value: &Value, paths: &[Box<[Box<str>]>]) -> Head {
    let metadata = |field: &str| object::text(value, &["metadata", field]).unwrap_or_default();
    let labels = object::at(value, &["metadata", "labels"]).and_then(Value::as_object);
    let mut labels: Vec<(Box<str>, Box<str>)> = labels
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().into(), value.as_str().unwrap_or_default().into()))
        .collect();
    labels.sort();
    let owners = object::at(value, &["metadata", "ownerReferences"]).and_then(Value::as_array);
    let owners = owners.into_iter().flatten().filter_map(|owner| owner.get("uid")?.as_str());
    let fields = paths.iter().filter_map(|path| {
        let text = match path.iter().try_fold(value, |value, field| value.get(&**field))? {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other => other.to_string(),
        };
        Some((path.join(".").into(), text.into()))
    });
    Head {
        namespace: metadata("namespace").into(),
        name: metadata("name").into(),
        uid: metadata("uid").into(),
        labels: labels.into(),
        fields: fields.collect(),
        owners: owners.map(Into::into).collect(),
        is_deleted: !metadata("deletionTimestamp").is_empty(),
    }
}
