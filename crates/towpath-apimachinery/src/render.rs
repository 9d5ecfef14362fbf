//! Objects in the form that a client wants: whole, as rows of a table, or their metadata; in JSON or YAML.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::decision::{Answer, JSON};
use crate::request::{Encoding, Form, View};
use crate::resource::Resource;
use crate::store::{Stored, Token, TypeMeta};
use crate::{strategy, table};

const META: &str = "meta.k8s.io/v1";

/// How objects are shown.
#[derive(Debug, Clone, Copy)]
pub struct Render<'a> {
    /// What the objects are.
    pub resource: &'a Resource,
    /// The form that is wanted.
    pub form: Form,
    /// Ages are as of now.
    pub now: Timestamp,
}

impl Render<'_> {
    /// An object as a value of the version that was asked for.
    #[must_use]
    pub fn object(&self, stored: &Stored) -> Value {
        let resource = self.resource;
        let mut value = stored.value(Some(resource.type_meta()));
        if resource.is_converted() && resource.custom.is_none() {
            strategy::convert(&mut value, &resource.storage_gvk(), &resource.gvk());
        }
        value
    }

    /// An object.
    #[must_use]
    pub fn stored(&self, code: u16, stored: &Stored) -> Answer {
        match self.form {
            Form { view: View::Whole, encoding: Encoding::Json, .. } => {
                let mut body = Vec::with_capacity(stored.len() + 128);
                self.write(stored, true, &mut body);
                Answer::json(code, body)
            }
            _ => self.value(code, self.object(stored)),
        }
    }

    /// An object that is not stored.
    #[must_use]
    pub fn value(&self, code: u16, value: Value) -> Answer {
        let shown = match self.form.view {
            View::Whole => value,
            View::Metadata => partial(&value),
            View::Table => self.table(&[value], json!({})),
        };
        Answer::value(code, &shown, self.form.encoding)
    }

    /// Writes an object as JSON. Items of lists of built-in kinds do not say their kind.
    pub fn write(&self, stored: &Stored, is_alone: bool, out: &mut Vec<u8>) {
        let resource = self.resource;
        let meta = (is_alone || resource.custom.is_some()).then(|| resource.type_meta());
        if resource.is_converted() && resource.custom.is_none() {
            let mut value = self.object(stored);
            if meta.is_none() {
                drop_kind(&mut value);
            }
            serde_json::to_writer(out, &value).expect("a vector takes every byte");
        } else {
            stored.write(meta, out);
        }
    }

    /// A list.
    #[must_use]
    pub fn list(
        &self,
        objects: &[Arc<Stored>],
        revision: u64,
        next: Option<&Token>,
        remaining: Option<usize>,
    ) -> Answer {
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".into(), revision.to_string().into());
        if let Some(next) = next {
            metadata.insert("continue".into(), next.text().into());
        }
        if let Some(remaining) = remaining.filter(|remaining| *remaining > 0) {
            metadata.insert("remainingItemCount".into(), remaining.into());
        }
        let metadata = Value::Object(metadata);
        if self.form.view == View::Whole && self.form.encoding == Encoding::Json {
            return Answer {
                code: 200,
                content_type: JSON,
                body: self.whole_list(objects, &metadata),
                warnings: Vec::new(),
            };
        }
        let values = objects.iter().map(|object| self.object(object));
        let list = match self.form.view {
            View::Table => self.table(&values.collect::<Vec<_>>(), metadata),
            View::Metadata => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": META,
                "metadata": metadata,
                "items": values.map(|value| partial(&value)).collect::<Vec<_>>(),
            }),
            View::Whole => {
                let items = values.map(|mut value| {
                    if self.resource.custom.is_none() {
                        drop_kind(&mut value);
                    }
                    value
                });
                json!({
                    "kind": *self.resource.list_kind,
                    "apiVersion": *self.resource.api_version,
                    "metadata": metadata,
                    "items": items.collect::<Vec<_>>(),
                })
            }
        };
        Answer::value(200, &list, self.form.encoding)
    }

    fn whole_list(&self, objects: &[Arc<Stored>], metadata: &Value) -> Vec<u8> {
        let size: usize = objects.iter().map(|object| object.len() + 64).sum();
        let mut body = Vec::with_capacity(size + 256);
        let head = format!(
            r#"{{"kind":"{}","apiVersion":"{}","metadata":{metadata},"items":["#,
            self.resource.list_kind, self.resource.api_version
        );
        body.extend_from_slice(head.as_bytes());
        for (number, object) in objects.iter().enumerate() {
            if number > 0 {
                body.push(b',');
            }
            self.write(object, false, &mut body);
        }
        body.extend_from_slice(b"]}");
        body
    }

    /// Objects as rows.
    #[must_use]
    pub fn table(&self, objects: &[Value], metadata: Value) -> Value {
        let rows = objects.iter().map(|object| {
            json!({
                "cells": table::cells(self.resource, object, self.now),
                "object": partial(object),
            })
        });
        json!({
            "kind": "Table",
            "apiVersion": META,
            "metadata": metadata,
            "columnDefinitions": table::columns(self.resource),
            "rows": rows.collect::<Vec<_>>(),
        })
    }

    /// An object in the form that is wanted, as a value.
    #[must_use]
    pub fn shown(&self, stored: &Stored, has_columns: bool) -> Value {
        let value = self.object(stored);
        match self.form.view {
            View::Whole => value,
            View::Metadata => partial(&value),
            View::Table => {
                let version = stored.revision.to_string();
                let mut table = self.table(&[value], json!({"resourceVersion": version}));
                if !has_columns {
                    table["columnDefinitions"] = Value::Null;
                }
                table
            }
        }
    }

    /// What the text of an object begins with.
    #[must_use]
    pub fn type_meta(&self) -> TypeMeta<'_> {
        self.resource.type_meta()
    }
}

/// The metadata of an object, as a kind of its own.
#[must_use]
pub fn partial(object: &Value) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata})
}

fn drop_kind(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("kind");
        object.shift_remove("apiVersion");
    }
}
