//! Who owns what after an object was written by anything but server-side apply.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/util/managedfields/internal/fieldmanager.go`,
//! `managedfieldsupdater.go`, `skipnonapplied.go`; `kubernetes-sigs/structured-merge-diff:merge/update.go`.

use serde_json::{Map, Value};

use super::Writer;
use super::compare;
use super::element::same;
use super::entries::{self, Entry, Made, Operation};
use crate::object;
use crate::shape::Shape;

/// Sets `metadata.managedFields` of an object that is about to be written.
///
/// `old` is what is stored, `None` for an object that is created. What the writer added or changed becomes its own and
/// nobody else's; what it removed is nobody's. Entries that the client sent are taken for those of `old`, an empty list
/// ends all ownership, and without any the object's fields are not tracked. A write that changes nothing changes no
/// entry.
pub fn update(old: Option<&Value>, new: &mut Value, shape: &Shape<'_>, writer: &Writer<'_>) {
    let live = old.and_then(managed);
    // The place is kept: the order of fields stays what it was.
    let mut sent = new
        .get_mut("metadata")
        .and_then(|metadata| metadata.get_mut("managedFields"))
        .map(Value::take);
    let (made, is_sent) = match next(old, new, sent.as_ref(), *shape, writer) {
        Next::Live => (None, false),
        Next::Entries { made, is_sent } => (Some(made), is_sent),
    };
    let value = match made {
        None => live.cloned(),
        Some(made) if made.is_empty() => None,
        Some(made) => {
            let mut sent = sent.as_mut().filter(|_| is_sent);
            let entries = made.into_iter().map(|made| {
                made.value(|at| match &mut sent {
                    Some(sent) => sent.get_mut(at).map_or(Value::Null, Value::take),
                    None => live.and_then(|live| live.get(at)).cloned().unwrap_or_default(),
                })
            });
            Some(entries.collect())
        }
    };
    put(new, value);
}

/// The entries of an object.
pub(super) fn managed(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("managedFields")
}

/// Sets or removes the entries of an object.
pub(super) fn put(object: &mut Value, entries: Option<Value>) {
    match entries {
        Some(entries) => {
            object::metadata(object).insert("managedFields".to_owned(), entries);
        }
        None => {
            if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                metadata.shift_remove("managedFields");
            }
        }
    }
}

enum Next {
    /// Nothing can be said: the entries are what they were.
    Live,
    Entries {
        made: Vec<Made>,
        /// Whether kept entries are those that the client sent.
        is_sent: bool,
    },
}

fn next<'a>(
    old: Option<&'a Value>,
    new: &'a Value,
    sent: Option<&'a Value>,
    shape: Shape<'a>,
    writer: &'a Writer<'_>,
) -> Next {
    let live = old.and_then(managed);
    let (mut entries, is_sent) = if !writer.subresource.is_empty() {
        (entries::read(live, true).unwrap_or_default(), false)
    } else if sent.is_some_and(resets) {
        (Vec::new(), false)
    } else if let (Some(sent), Some(live)) = (sent, live)
        && same(sent, live)
    {
        (entries::read(Some(sent), true).unwrap_or_default(), true)
    } else {
        match entries::read(sent, false) {
            Some(entries) if !entries.is_empty() => (entries, true),
            _ => (entries::read(live, true).unwrap_or_default(), false),
        }
    };
    if entries.is_empty() && old.is_some() {
        return Next::Entries { made: Vec::new(), is_sent };
    }
    let Ok(mut delta) = compare::objects(old, new, shape) else { return Next::Live };
    writer.leave_out(&mut delta.changed);
    writer.leave_out(&mut delta.removed);
    if !delta.is_empty() {
        let mut own =
            Entry::new(writer.name(), Operation::Update, writer.api_version, writer.subresource);
        let mut is_known = false;
        for entry in &mut entries {
            let is_own = entry.is_same_writer(&own);
            is_known |= is_own;
            let loses = entry.set().intersects(&delta.removed);
            let is_won = !delta.changed.is_empty() && is_own;
            if is_won {
                if loses || !delta.changed.is_subset(entry.set()) {
                    let set = entry.take().difference(&delta.removed);
                    entry.put(set.union(delta.changed.clone()));
                }
                entry.touch(writer.time);
            } else if loses || entry.set().intersects(&delta.changed) {
                let set = entry.take().difference(&delta.removed).difference(&delta.changed);
                entry.put(set);
            }
        }
        if !is_known && !delta.changed.is_empty() {
            own.put(delta.changed);
            own.touch(writer.time);
            entries.push(own);
        }
        entries.retain(|entry| !entry.is_empty());
    }
    entries::cap(&mut entries);
    entries::sort(&mut entries);
    Next::Entries { made: entries.iter().map(Entry::made).collect(), is_sent }
}

/// Whether the client asks for all ownership to end: no entries, or one that is empty.
fn resets(sent: &Value) -> bool {
    match sent.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([entry]) => entry.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}
