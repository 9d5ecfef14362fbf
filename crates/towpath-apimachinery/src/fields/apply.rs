//! Server-side apply: what a manager wants merged into what there is, and who owns what afterwards.
//!
//! Source of the contract: `kubernetes-sigs/structured-merge-diff:merge/update.go`;
//! `kubernetes/apimachinery:pkg/util/managedfields/internal` for the words, and for what `kubectl` is allowed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare;
use super::element::same;
use super::entries::{self, Entry, Operation};
use super::merge;
use super::set::FieldSet;
use super::update::{managed, put};
use super::walk::{fields_of, stripped};
use super::{Writer, go, judge};
use crate::object;
use crate::refusal::{Cause, Refusal};
use crate::shape::Shape;

/// Whose entry the fields get of an object that nobody was known to own.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// Who may take over what it applied without the server's help before.
const KUBECTL: &str = "kubectl";
/// Where it kept what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The most bytes that all annotations of an object may have.
const MOST_OF_ANNOTATIONS: usize = 256 * 1024;

/// What an object becomes if the configuration is applied to it, with its `metadata.managedFields`.
///
/// `old` is what is stored, `None` if nothing is. Nothing is defaulted. If the object stays what it was, so do all times.
///
/// # Errors
///
/// A conflict, unless `force` takes over what others own with other values; a bad request for a configuration of
/// another version or with `managedFields`; an internal error, as the server has it, for one that does not fit.
pub fn apply(
    old: Option<&Value>,
    config: &Value,
    shape: &Shape<'_>,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Value, Refusal> {
    let shape = *shape;
    if object::text(config, &["apiVersion"]) != Some(writer.api_version) {
        return Err(Refusal::bad_request(format!("invalid object type: {}", kind(config))));
    }
    let mut entries = entries::read(old.and_then(managed), true)
        .ok_or_else(|| Refusal::internal("failed to decode managed fields"))?;
    if let Some(old) = old
        && entries.is_empty()
    {
        entries.extend(before(old, shape, writer));
    }
    if managed(config).is_some_and(|entries| !entries.is_null()) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    judge::judge(config, shape).map_err(|no| {
        let of = described(config);
        Refusal::internal(format!("failed to create typed patch object ({of}): {no}"))
    })?;
    let merged = merged(old, config, shape)?;

    let mut own =
        Entry::new(writer.name(), Operation::Apply, writer.api_version, writer.subresource);
    let last = entries.iter_mut().position(|entry| entry.is_same_writer(&own));
    let mut last = last.map(|at| entries.remove(at));
    let mut set = stripped(fields_of(config, shape));
    writer.leave_out(&mut set);
    let owned_last = last.as_mut().map(|last| last.set().clone()).unwrap_or_default();
    let mut new = if owned_last.is_subset(&set) {
        merged
    } else {
        let others = entries.iter_mut().map(|entry| entry.set().clone());
        let owned = others.fold(set.clone(), FieldSet::union);
        let mut pruned = merge::prune(merged, &owned_last, &owned, shape);
        // What lost its last part is gone; where the configuration has it empty, it is there.
        merge::lay_over(&mut pruned, config, shape).map_err(live)?;
        pruned
    };

    let mut delta = compare::objects(old, &new, shape).map_err(live)?;
    writer.leave_out(&mut delta.changed);
    writer.leave_out(&mut delta.removed);
    if !force {
        let conflicts: Vec<Conflict<'_, '_>> = entries
            .iter_mut()
            .filter_map(|entry| {
                let set = entry.set().intersection(&delta.changed);
                (!set.is_empty()).then_some(Conflict { entry, set })
            })
            .collect();
        refuse(conflicts, old, shape, writer)?;
    }
    if !delta.is_empty() {
        for entry in &mut entries {
            if entry.set().intersects(&delta.changed) || entry.set().intersects(&delta.removed) {
                let set = entry.take().difference(&delta.changed).difference(&delta.removed);
                entry.put(set);
            }
        }
        entries.retain(|entry| !entry.is_empty());
    }
    let is_changed = !delta.is_empty() || old.is_none_or(|old| !same(old, &new));
    if !set.is_empty() {
        match last {
            Some(last) if last.api_version == writer.api_version && owned_last == set => {
                own = last;
            }
            last => {
                own.time = last.and_then(|last| last.time);
                own.put(set);
            }
        }
        if is_changed {
            own.touch(writer.time);
        }
        entries.push(own);
    }
    entries::sort(&mut entries);
    let entries: Vec<Value> = entries.iter().map(Entry::write).collect();
    let entries = (!entries.is_empty()).then(|| Value::Array(entries));
    put(&mut new, entries);
    if writer.name() == KUBECTL {
        remember(&mut new, config);
    }
    Ok(new)
}

/// The configuration laid over what there is.
fn merged(old: Option<&Value>, config: &Value, shape: Shape<'_>) -> Result<Value, Refusal> {
    let mut merged = old.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    merge::lay_over(&mut merged, config, shape).map_err(live)?;
    Ok(merged)
}

fn live(no: String) -> Refusal {
    Refusal::internal(format!("failed to create typed live object: {no}"))
}

/// The entry of an object that nobody was known to own.
fn before<'a>(old: &'a Value, shape: Shape<'a>, writer: &'a Writer<'_>) -> Option<Entry<'a>> {
    let mut set = compare::objects(None, old, shape).ok()?.changed;
    writer.leave_out(&mut set);
    if set.is_empty() {
        return None;
    }
    let (version, subresource) = (writer.api_version, writer.subresource);
    let mut entry = Entry::new(BEFORE_FIRST_APPLY, Operation::Update, version, subresource);
    entry.put(set);
    entry.touch(writer.time);
    Some(entry)
}

/// What one manager owns and another wants.
struct Conflict<'e, 'a> {
    entry: &'e Entry<'a>,
    set: FieldSet<'a>,
}

fn refuse(
    mut conflicts: Vec<Conflict<'_, '_>>,
    old: Option<&Value>,
    shape: Shape<'_>,
    writer: &Writer<'_>,
) -> Result<(), Refusal> {
    if writer.name() == KUBECTL
        && !conflicts.is_empty()
        && let Some(old) = old
        && let Some(text) = object::text(old, &["metadata", "annotations", LAST_APPLIED])
        && let Ok(applied) = serde_json::from_str::<Value>(text)
        && object::text(&applied, &["apiVersion"]) == Some(writer.api_version)
        && let Ok(delta) = compare::objects(Some(&applied), old, shape)
    {
        let allowed = fields_of(&applied, shape);
        let allowed = allowed.difference(&delta.changed).difference(&delta.removed);
        for conflict in &mut conflicts {
            conflict.set = std::mem::take(&mut conflict.set).difference(&allowed);
        }
        conflicts.retain(|conflict| !conflict.set.is_empty());
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    let by_writer: BTreeMap<String, Conflict<'_, '_>> =
        conflicts.into_iter().map(|conflict| (conflict.entry.identifier(), conflict)).collect();
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    for conflict in by_writer.values() {
        let with = conflict.entry.shown();
        lines.push(format!("conflicts with {with}:"));
        for path in conflict.set.paths() {
            lines.push(format!("- {path}"));
            causes.push(Cause {
                reason: "FieldManagerConflict",
                message: format!("conflict with {with}"),
                field: path,
            });
        }
    }
    let message = match causes.as_slice() {
        [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
        causes => format!("Apply failed with {} conflicts: {}", causes.len(), lines.join("\n")),
    };
    Err(Refusal::apply_conflict(message, causes))
}

/// Keeps what `kubectl` remembers in step with what it applies through the server.
fn remember(new: &mut Value, config: &Value) {
    let is_remembered = object::text(new, &["metadata", "annotations", LAST_APPLIED])
        .is_some_and(|text| !text.is_empty());
    if !is_remembered {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) =
        config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    {
        annotations.shift_remove(LAST_APPLIED);
    }
    config.sort_all_objects();
    let text = format!("{}\n", go::json(&config));
    let annotations = object::child(object::metadata(new), "annotations");
    annotations.insert(LAST_APPLIED.to_owned(), text.into());
    let size: usize = annotations
        .iter()
        .map(|(name, value)| name.len() + value.as_str().map_or(0, str::len))
        .sum();
    if size > MOST_OF_ANNOTATIONS {
        annotations.shift_remove(LAST_APPLIED);
    }
}

/// `apps/v1, Kind=Deployment`, `/v1, Kind=ConfigMap`.
fn kind(config: &Value) -> String {
    let version = object::text(config, &["apiVersion"]).unwrap_or_default();
    let kind = object::text(config, &["kind"]).unwrap_or_default();
    let slash = if version.contains('/') { "" } else { "/" };
    format!("{slash}{version}, Kind={kind}")
}

fn described(config: &Value) -> String {
    format!("{}/{}; {}", object::namespace(config), object::name(config), kind(config))
}
