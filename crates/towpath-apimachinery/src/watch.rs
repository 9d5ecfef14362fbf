//! Watching: what a client is told of what happens, event by event.
//!
//! A watch is a value: where it stands, what it is about, and how an event is written for it. Waiting for the next
//! event is the edge's.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/endpoints/handlers/watch.go`, `pkg/storage/cacher`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::render::Render;
use crate::request::{Encoding, Form, View};
use crate::resource::Resource;
use crate::selector::Selector;
use crate::store::{Event, Happened, Stored, TooOld};

/// What a client watches.
#[derive(Debug)]
pub struct Watch {
    /// Objects of this resource,
    pub resource: Arc<Resource>,
    /// of one namespace or of all,
    pub namespace: Option<Box<str>>,
    /// of one name or of all,
    pub name: Option<Box<str>>,
    /// that match.
    pub selector: Selector,
    /// In which form events are told.
    pub form: Form,
    /// Everything up to this revision has been told, or is in `initial`.
    pub from: u64,
    /// What is told at the beginning as added.
    pub initial: Vec<Arc<Stored>>,
    /// Whether the columns of a table were told.
    pub has_columns: bool,
    /// Whether the end of the beginning is told.
    pub tells_end_of_initial: bool,
    /// Whether the client wants to be told now and then how far it is.
    pub has_bookmarks: bool,
    /// After how many seconds the watch ends.
    pub timeout: Option<u64>,
    /// Texts for headers `Warning`.
    pub warnings: Vec<String>,
}

impl Watch {
    /// What is told first.
    #[must_use]
    pub fn beginning(&mut self, now: Timestamp) -> Vec<u8> {
        let mut out = Vec::new();
        for object in std::mem::take(&mut self.initial) {
            self.write(now, "ADDED", &object, &mut out);
        }
        if self.tells_end_of_initial {
            self.bookmark(self.from, true, &mut out);
        }
        out
    }

    /// Whether an event may be about what is watched.
    #[must_use]
    pub fn concerns(&self, event: &Event) -> bool {
        let key = &event.key;
        key.resource == self.resource.id
            && self.namespace.as_ref().is_none_or(|wanted| *wanted == key.namespace)
            && self.name.as_ref().is_none_or(|wanted| *wanted == key.name)
    }

    /// Writes what the client is to be told of an event; nothing if it does not concern it.
    pub fn tell(&mut self, now: Timestamp, event: &Event, out: &mut Vec<u8>) {
        if !self.concerns(event) {
            return;
        }
        let matches = |object: &Arc<Stored>| self.selector.matches(object);
        let was = event.previous.as_ref().is_some_and(matches);
        let is = event.happened != Happened::Deleted && matches(&event.object);
        let is_plain = self.form.view == View::Whole
            && self.form.encoding == Encoding::Json
            && self.resource.custom.is_none()
            && !self.resource.is_converted();
        match (was, is) {
            (false, false) => {}
            (true, false) if event.happened != Happened::Deleted => {
                // It is as it was when it last matched, at the revision at which it stopped.
                let before = event.previous.as_ref().expect("it matched before");
                let left = before.at_revision(event.revision);
                self.write(now, "DELETED", &left, out);
            }
            (was, is) => {
                let happened = match (was, is) {
                    (false, true) => "ADDED",
                    (true, true) => "MODIFIED",
                    _ => "DELETED",
                };
                let is_as_told = (event.happened == Happened::Added) == (happened == "ADDED");
                if is_plain && is_as_told {
                    let text = event.text.get_or_init(|| {
                        let mut text = Vec::with_capacity(event.object.len() + 160);
                        self.write(now, happened, &event.object, &mut text);
                        text.into()
                    });
                    out.extend_from_slice(text);
                } else {
                    self.write(now, happened, &event.object, out);
                }
            }
        }
    }

    /// Writes how far the client is.
    pub fn bookmark(&self, revision: u64, is_end_of_initial: bool, out: &mut Vec<u8>) {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if is_end_of_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.form.view {
            View::Whole => json!({
                "kind": *self.resource.kind,
                "apiVersion": *self.resource.api_version,
                "metadata": metadata,
            }),
            View::Metadata => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            }),
            View::Table => json!({
                "kind": "Table",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": revision.to_string()},
                "columnDefinitions": null,
                "rows": [{"cells": [], "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                }}],
            }),
        };
        frame("BOOKMARK", &object, self.form.encoding, out);
    }

    /// Writes that the client has to begin again.
    pub fn too_old(&self, error: &TooOld, out: &mut Vec<u8>) {
        let status = Refusal::expired(error.to_string()).status();
        frame("ERROR", &status, self.form.encoding, out);
    }

    fn write(&mut self, now: Timestamp, happened: &str, object: &Stored, out: &mut Vec<u8>) {
        let render = Render { resource: &self.resource, form: self.form, now };
        if self.form.view == View::Whole && self.form.encoding == Encoding::Json {
            out.extend_from_slice(format!(r#"{{"type":"{happened}","object":"#).as_bytes());
            render.write(object, true, out);
            out.extend_from_slice(b"}\n");
        } else {
            // Clients keep the columns of the first event of a table.
            let has_columns = !std::mem::replace(&mut self.has_columns, true);
            frame(happened, &render.shown(object, has_columns), self.form.encoding, out);
        }
    }
}

fn frame(happened: &str, object: &Value, encoding: Encoding, out: &mut Vec<u8>) {
    let event = json!({"type": happened, "object": object});
    match encoding {
        Encoding::Json => out.extend_from_slice(event.to_string().as_bytes()),
        Encoding::Yaml => {
            out.extend_from_slice(b"---\n");
            out.extend_from_slice(towpath_yaml::write(&event).as_bytes());
        }
    }
    out.push(b'\n');
}
