//! What a controller works with: what the cluster holds, the script, the time, and what is to be written.
//!
//! A controller looks at one object at a time. What it writes because of it is one batch, all or nothing; what it tells
//! people is written apart, so that a story that was told meanwhile holds nothing up.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::script::Script;
use super::{judged, notes, quota};
use crate::admission;
use crate::deletion::{self, How, NAMESPACES};
use crate::fields::{self, Writer};
use crate::machine::Machine;
use crate::object;
use crate::resource::Resource;
use crate::store::{Change, Draft, Expected, Key, Stored, What};
use crate::strategy;

/// The manager of most of what a cluster does by itself.
pub(super) const MANAGER: &str = "kube-controller-manager";

/// One object and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Seen<'m> {
    pub(super) resource: &'m Resource,
    pub(super) stored: &'m Arc<Stored>,
    pub(super) value: Value,
}

impl Seen<'_> {
    pub(super) fn name(&self) -> &str {
        &self.stored.head.name
    }

    pub(super) fn namespace(&self) -> &str {
        &self.stored.head.namespace
    }

    pub(super) fn uid(&self) -> &str {
        &self.stored.head.uid
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.stored.head.is_deleted
    }

    pub(super) fn generation(&self) -> i64 {
        int(&self.value, &["metadata", "generation"])
    }

    /// A reference to it for what it controls.
    pub(super) fn controls(&self) -> Value {
        json!({
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "name": self.name(),
            "uid": self.uid(),
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}

/// A controller at work.
pub(super) struct Desk<'m> {
    pub(super) machine: &'m Machine,
    pub(super) script: &'m Script,
    pub(super) now: Timestamp,
    batch: Vec<Change>,
    /// What the batch creates in namespaces with a quota.
    fresh: Vec<(Key, Value)>,
    todo: Vec<Vec<Change>>,
    wake: Option<Timestamp>,
    made: u32,
}

impl<'m> Desk<'m> {
    pub(super) fn new(machine: &'m Machine, script: &'m Script, now: Timestamp) -> Self {
        Self {
            machine,
            script,
            now,
            batch: Vec::new(),
            fresh: Vec::new(),
            todo: Vec::new(),
            wake: None,
            made: 0,
        }
    }

    /// Ends the batch.
    pub(super) fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.todo.push(std::mem::take(&mut self.batch));
            self.fresh.clear();
        }
    }

    /// What is to be written, and when to look again.
    pub(super) fn finish(mut self) -> (Vec<Vec<Change>>, Option<Timestamp>) {
        self.flush();
        (self.todo, self.wake)
    }

    /// Whether anything is to be written with what was seen last.
    pub(super) fn is_busy(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Asks to be woken.
    pub(super) fn later(&mut self, at: Timestamp) {
        let at = at.max(self.now);
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Whether a time has come. If not, asks to be woken then.
    pub(super) fn is_time(&mut self, at: Timestamp) -> bool {
        let is_time = at <= self.now;
        if !is_time {
            self.later(at);
        }
        is_time
    }

    /// Now, as objects have it.
    pub(super) fn time(&self) -> String {
        deletion::time(self.now)
    }

    pub(super) fn minor(&self) -> u32 {
        u32::from(self.machine.surface().catalog().minor().number())
    }

    /// An object.
    pub(super) fn see(&self, resource: &str, namespace: &str, name: &str) -> Option<Seen<'m>> {
        self.open(resource, self.machine.state().find(resource, namespace, name)?)
    }

    /// An object of a resource as a value.
    pub(super) fn open(&self, resource: &str, stored: &'m Arc<Stored>) -> Option<Seen<'m>> {
        let resource = self.machine.stored(resource)?;
        Some(Seen { resource, stored, value: super::super::value(resource, stored) })
    }

    /// All objects of a resource in a namespace.
    pub(super) fn all(&self, resource: &str, namespace: &str) -> Vec<&'m Arc<Stored>> {
        let mut tables = self.machine.state().tables();
        let Some((_, table)) = tables.find(|(id, _)| ***id == *resource) else { return Vec::new() };
        let range = table.range((namespace.into(), "".into())..);
        range.take_while(|((space, _), _)| **space == *namespace).map(|(_, one)| one).collect()
    }

    /// Objects of a resource that one owns.
    pub(super) fn owned(
        &self,
        uid: &str,
        resource: &str,
    ) -> impl Iterator<Item = &'m Arc<Stored>> + use<'m> {
        let resource: Box<str> = resource.into();
        let machine = self.machine;
        let keys: Vec<&Key> = machine.state().dependents(uid).collect();
        let keys = keys.into_iter().filter(move |key| *key.resource == *resource);
        keys.filter_map(move |key| machine.state().get(key))
    }

    /// The object that controls another, if it is of this kind.
    pub(super) fn controller(&self, value: &Value, kind: &str, resource: &str) -> Option<Seen<'m>> {
        let reference = controller(value).filter(|one| text(one, &["kind"]) == kind)?;
        let found = self.see(resource, object::namespace(value), text(reference, &["name"]))?;
        (found.uid() == text(reference, &["uid"])).then_some(found)
    }

    /// Replaces what differs: first all but the status, then the status; one write. Nothing, if nothing differs.
    pub(super) fn exchange(&mut self, seen: &Seen<'m>, new: Value, manager: &str) {
        if new == seen.value {
            return;
        }
        let old = &seen.value;
        let time = self.time();
        let mut new = new;
        let status = object::map(&mut new).shift_remove("status");
        if let Some(old) = old.get("status") {
            object::map(&mut new).insert("status".into(), old.clone());
        }
        let shape = self.machine.shape(seen.resource);
        let writer = |subresource, ignored| Writer {
            manager,
            api_version: &seen.resource.api_version,
            subresource,
            time: &time,
            ignored,
        };
        if new != *old {
            let catalog = self.machine.surface().catalog();
            if seen.resource.custom.is_none() {
                strategy::prepare_update(catalog, &seen.resource.gvk(), old, &mut new, None);
            }
            // Controllers write what they note of an object along with its status: only what is wanted counts.
            if new.get("spec") == old.get("spec")
                && let Some(generation) = old.pointer("/metadata/generation")
            {
                object::metadata(&mut new).insert("generation".into(), generation.clone());
            }
            fields::update(Some(old), &mut new, &shape, &writer("", &[&["status"]]));
        }
        if status.as_ref() != old.get("status")
            && let Some(status) = status
        {
            let between = new.clone();
            object::map(&mut new).insert("status".into(), status);
            fields::update(Some(&between), &mut new, &shape, &writer("status", &[&["spec"]]));
        }
        self.replace(seen, new);
    }

    /// Replaces an object without asking whose its fields are.
    pub(super) fn replace(&mut self, seen: &Seen<'m>, new: Value) {
        self.batch.push(deletion::replace(seen.resource, seen.stored, new));
    }

    /// Replaces the status.
    pub(super) fn status(&mut self, seen: &Seen<'m>, status: Value, manager: &str) {
        if seen.value.get("status") == Some(&status) {
            return;
        }
        let mut new = seen.value.clone();
        object::map(&mut new).insert("status".into(), status);
        self.exchange(seen, new, manager);
    }

    /// Creates an object, unless one of the name is there or its namespace takes none. Gives it as it is written.
    ///
    /// # Errors
    ///
    /// The server's words, where admission forbids it.
    pub(super) fn create(
        &mut self,
        resource: &str,
        mut value: Value,
        manager: &str,
    ) -> Result<Option<Value>, String> {
        let Some(resource) = self.machine.stored(resource) else { return Ok(None) };
        let namespace = object::namespace(&value).to_owned();
        let state = self.machine.state();
        if resource.is_namespaced()
            && state.find(NAMESPACES, "", &namespace).is_none_or(|found| found.head.is_deleted)
        {
            return Ok(None);
        }
        let name = object::name(&value).to_owned();
        let key = Key::new(&resource.id, &namespace, &name);
        if state.get(&key).is_some() || self.batch.iter().any(|change| change.key == key) {
            return Ok(None);
        }
        let time = self.time();
        let uid = crate::serve::uid(self.entropy(&[&namespace, &name]));
        let fields = object::map(&mut value);
        fields.insert("apiVersion".into(), (*resource.api_version).into());
        fields.insert("kind".into(), (*resource.kind).into());
        let metadata = object::metadata(&mut value);
        metadata.insert("uid".into(), uid.into());
        metadata.insert("creationTimestamp".into(), time.as_str().into());
        let catalog = self.machine.surface().catalog();
        let gvk = resource.gvk();
        strategy::defaults(catalog, &gvk, &mut value);
        if &*resource.id == "pods" {
            let suffix = letters(self.entropy(&[&namespace, &name, "token"]));
            admission::furnish_pod(self.machine, &namespace, &mut value, &suffix)
                .map_err(|why| forbidden(&resource.plural, &name, &why))?;
        }
        admission::within_limits(self.machine, &namespace, &resource.id, &value)
            .map_err(|why| forbidden(&resource.plural, &name, &why))?;
        // Defaults leave an empty status behind, which says nothing against the one that a new object has.
        let status = value.get("status").filter(|status| **status != json!({})).cloned();
        strategy::prepare_create(catalog, &gvk, &mut value);
        judged::admit(self.machine, resource, &value, self.now)?;
        quota::admit(self.machine, resource, &value, &self.fresh).map_err(|error| error.message)?;
        let shape = self.machine.shape(resource);
        let writer = |subresource, ignored| Writer {
            manager,
            api_version: &resource.api_version,
            subresource,
            time: &time,
            ignored,
        };
        fields::update(None, &mut value, &shape, &writer("", &[&["status"]]));
        if let Some(status) = status {
            let between = value.clone();
            object::map(&mut value).insert("status".into(), status);
            fields::update(Some(&between), &mut value, &shape, &writer("status", &[&["spec"]]));
        }
        let what = What::Put(Draft::of(&value, &resource.selectable));
        if quota::is_counted(self.machine, &namespace) {
            self.fresh.push((key.clone(), value.clone()));
        }
        self.batch.push(Change { key, expected: Expected::Absent, what });
        Ok(Some(value))
    }

    /// Deletes an object as a client would.
    pub(super) fn delete(&mut self, seen: &Seen<'m>, how: How) {
        let (now, value) = (self.now, seen.value.clone());
        let outcome = deletion::delete(seen.resource, seen.stored, value, how, now);
        self.batch.extend(outcome.change());
    }

    /// Removes an object whatever waits for it, except finalizers.
    pub(super) fn remove(&mut self, seen: &Seen<'m>) {
        if deletion::finalizers(&seen.value).is_empty() {
            let key = deletion::key(seen.resource, seen.stored);
            self.batch.push(deletion::remove(key, seen.stored));
        } else if int(&seen.value, &["metadata", "deletionGracePeriodSeconds"]) != 0 {
            let mut new = seen.value.clone();
            object::metadata(&mut new).insert("deletionGracePeriodSeconds".into(), 0.into());
            self.replace(seen, new);
        }
    }

    /// Tells people of something that happened to an object.
    pub(super) fn note(&mut self, about: &Value, note: &notes::Note<'_>) {
        self.todo.extend(notes::write(self.machine, about, note, self.now));
    }

    /// Bits that are the same whenever the same is made of the same.
    pub(super) fn entropy(&mut self, parts: &[&str]) -> u128 {
        self.made += 1;
        let counted = format!("{}/{}", self.machine.state().revision(), self.made);
        let mut all = vec![counted.as_str()];
        all.extend(parts);
        bits(&all)
    }
}

/// Bits of texts.
pub(super) fn bits(parts: &[&str]) -> u128 {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    hash.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

/// Letters that make no words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Five letters that make no words.
pub(super) fn letters(bits: u128) -> String {
    word(bits, 5)
}

/// Letters that make no words.
pub(super) fn word(mut bits: u128, length: usize) -> String {
    let mut word = String::with_capacity(length);
    for _ in 0..length {
        word.push(char::from(LETTERS[(bits % LETTERS.len() as u128) as usize]));
        bits /= LETTERS.len() as u128;
    }
    word
}

/// The hash of a value, as names and labels have it.
pub(super) fn hash(value: &Value) -> String {
    word(bits(&[&value.to_string()]), 10)
}

/// The number at a path, 0 if there is none.
pub(super) fn int(value: &Value, path: &[&str]) -> i64 {
    object::at(value, path).and_then(Value::as_i64).unwrap_or_default()
}

fn forbidden(plural: &str, name: &str, why: &str) -> String {
    format!("{plural} {name:?} is forbidden: {why}")
}

/// The list at a path, empty if there is none.
pub(super) fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    object::at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text at a path, empty if there is none.
pub(super) fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    object::text(value, path).unwrap_or_default()
}

/// The instant at a path.
pub(super) fn instant(value: &Value, path: &[&str]) -> Option<Timestamp> {
    object::text(value, path)?.parse().ok()
}

/// Some seconds after an instant.
pub(super) fn after(instant: Timestamp, seconds: i64) -> Timestamp {
    instant.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, of_type: &str) -> Option<&'a Value> {
    let conditions = list(object, &["status", "conditions"]).iter();
    conditions.into_iter().find(|one| text(one, &["type"]) == of_type)
}

/// Whether the condition of a type is true.
pub(super) fn is_true(object: &Value, of_type: &str) -> bool {
    condition(object, of_type).is_some_and(|one| text(one, &["status"]) == "True")
}

/// Sets a condition in a list; its time changes only with its status.
pub(super) fn set(conditions: &mut Vec<Value>, mut new: Value, time: &str) {
    let found = conditions.iter_mut().find(|one| one.get("type") == new.get("type"));
    let same = found.as_ref().filter(|one| one.get("status") == new.get("status"));
    let since = same.and_then(|one| object::text(one, &["lastTransitionTime"])).unwrap_or(time);
    object::map(&mut new).insert("lastTransitionTime".into(), since.into());
    match found {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

/// What an `IntOrString` of a total comes to; percentages are rounded up or down.
pub(super) fn share(value: Option<&Value>, total: i64, rounds_up: bool) -> i64 {
    match value {
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let whole = total * percent;
            if rounds_up { (whole + 99) / 100 } else { whole / 100 }
        }
        Some(value) => value.as_i64().unwrap_or_default(),
        None => 0,
    }
}

/// Whether the text of an object has a condition of a type that is true. Conditions are flat: the braces around the type
/// are those of the condition.
pub(super) fn says_true(stored: &Stored, of_type: &str) -> bool {
    let tail = stored.tail();
    let needle = format!("\"type\":\"{of_type}\"");
    tail.match_indices(&needle).any(|(at, _)| {
        let start = tail[..at].rfind('{').unwrap_or_default();
        let end = tail[at..].find('}').map_or(tail.len(), |end| at + end);
        tail[start..end].contains("\"status\":\"True\"")
    })
}

/// The reference of an object to what controls it.
pub(super) fn controller(value: &Value) -> Option<&Value> {
    let references = list(value, &["metadata", "ownerReferences"]).iter();
    references.into_iter().find(|one| one.get("controller") == Some(&Value::Bool(true)))
}
