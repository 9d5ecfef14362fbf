//! Which objects that exist a new definition would reject.
//!
//! Each object is judged by the schema of its version before and after. What only the new one says is
//! broken by the change; what both say was broken before and is not told here. Objects are judged as if
//! they were created, so that rules in CEL which look at the old value say nothing; what cannot be
//! evaluated is told as not known, never as fine.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Definition;
use super::schema::{Fault, NotChecked, Ratchet, Report, Schema, Violation};

/// What makes an object one and not another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// `apiVersion`, `example.com/v1`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

/// One field of one object that a new definition does not take as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The object.
    pub object: ObjectName,
    /// Where in it, `spec.items[0].id`; empty for the object as a whole.
    pub path: String,
    /// What the API server says behind the path.
    pub message: String,
    /// What would fail.
    pub fails: Fails,
}

/// What fails for an object with a fault that a new definition brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fails {
    /// Creating it; and, where a path is named, updates that change the value at that path. All other
    /// updates are accepted since Kubernetes 1.30, which ratchets; before, they fail, too.
    Creating {
        /// The value that must stay as it is.
        changing: Option<String>,
    },
    /// Creating it and every update, of whatever field.
    Writing,
    /// Strict requests and server-side apply. In others the field is dropped in silence.
    Strict,
    /// It could not be told; the message says what was not checked.
    Unknown,
}

/// What of the objects that exist a new definition does not take, in the order of the objects.
///
/// Objects of another group or kind than the old definition's are passed over.
#[must_use]
pub fn broken(objects: &[Value], old: &Definition, new: &Definition) -> Vec<Broken> {
    let (before, after) = (schemas(old), schemas(new));
    let mut all = Vec::new();
    for object in objects {
        let Some((name, version)) = identify(object, old) else { continue };
        let old_says = before.get(version).map(|schema| schema.validate(object));
        match after.get(version).filter(|_| new.group == old.group && new.kind == old.kind) {
            Some(schema) => {
                compare(&name, &old_says.unwrap_or_default(), schema.validate(object), &mut all)
            }
            // Not served before, and not now: nothing changed for it.
            None if old_says.is_none() => {}
            None => {
                let kind = &name.kind;
                let message =
                    format!("no matches for kind {kind:?} in version {:?}", name.api_version);
                let path = "apiVersion".to_owned();
                all.push(Broken { object: name, path, message, fails: Fails::Writing });
            }
        }
    }
    all
}

/// The schemas of the versions that are served.
fn schemas(definition: &Definition) -> BTreeMap<&str, Schema> {
    let served = definition.versions.iter().filter(|version| version.served);
    served.map(|version| (version.name.as_str(), Schema::of(definition, version))).collect()
}

/// The name of an object and its version, if it is one of the definition's.
fn identify<'a>(object: &'a Value, definition: &Definition) -> Option<(ObjectName, &'a str)> {
    let api_version = object.get("apiVersion")?.as_str()?;
    let (group, version) = api_version.split_once('/')?;
    let kind = object.get("kind")?.as_str()?;
    if group != definition.group || kind != definition.kind {
        return None;
    }
    let metadata = |field: &str| {
        let value = object.get("metadata").and_then(|metadata| metadata.get(field));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let name = ObjectName {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: metadata("namespace"),
        name: metadata("name").or_else(|| metadata("generateName")).unwrap_or_default(),
    };
    Some((name, version))
}

fn compare(name: &ObjectName, before: &Report, after: Report, all: &mut Vec<Broken>) {
    let was_there = |violation: &Violation| {
        // Several rules in CEL stand at one place; they are told apart by what they say.
        let is_same = |b: &Violation| {
            b.fault == violation.fault && (b.fault != Fault::Rule || b.message == violation.message)
        };
        before.violations.iter().any(|b| b.path == violation.path && is_same(b))
    };
    for violation in after.violations {
        if was_there(&violation) {
            continue;
        }
        let fails = match violation.ratchet {
            _ if violation.fault == Fault::UnknownField => Fails::Strict,
            Ratchet::Never => Fails::Writing,
            Ratchet::While(path) => Fails::Creating { changing: Some(path) },
            Ratchet::Always => Fails::Creating { changing: None },
        };
        let (path, message) = (violation.path, violation.message);
        all.push(Broken { object: name.clone(), path, message, fails });
    }
    for NotChecked { path, what } in after.not_checked {
        if before.not_checked.iter().any(|b| b.path == path && b.what == what) {
            continue;
        }
        let message = format!("not checked: {what}");
        all.push(Broken { object: name.clone(), path, message, fails: Fails::Unknown });
    }
}
