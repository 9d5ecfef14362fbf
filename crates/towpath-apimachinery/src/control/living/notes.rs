//! Events of the kind that people read: what a cluster tells of the steps that it takes.
//!
//! Bounded twice: the same story of the same object is one Event that counts, and none is kept for longer than an hour.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::desk::{bits, instant, int, word};
use crate::deletion::{self, NAMESPACES};
use crate::machine::Machine;
use crate::object;
use crate::store::{Change, Draft, Expected, Key, What};

/// What the store calls Events.
pub(super) const EVENTS: &str = "events";

/// How long an Event is kept, as `kube-apiserver` does by default.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Events are cleared away together: not more often than this, in seconds.
const CLEARED: i64 = 300;

/// Something that is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'a> {
    /// Who tells it: `kubelet`, `deployment-controller`.
    pub(super) source: &'a str,
    /// Whether it is bad news.
    pub(super) is_warning: bool,
    /// For machines: `SuccessfulCreate`.
    pub(super) reason: &'a str,
    /// For people.
    pub(super) message: &'a str,
}

/// What is to be written to tell something of an object.
pub(super) fn write(
    machine: &Machine,
    about: &Value,
    note: &Note<'_>,
    now: Timestamp,
) -> Option<Vec<Change>> {
    let resource = machine.stored(EVENTS)?;
    let text = |path: &[&str]| object::text(about, path).unwrap_or_default();
    let (name, uid) = (object::name(about), text(&["metadata", "uid"]));
    let namespace = match object::namespace(about) {
        "" => "default",
        namespace => namespace,
    };
    let state = machine.state();
    // A namespace that goes takes no more stories, and one that is not there never did.
    if state.find(NAMESPACES, "", namespace).is_none_or(|found| found.head.is_deleted) {
        return None;
    }
    // What could not be made has another name each time that it is tried.
    let story = if note.reason == "FailedCreate" { "" } else { note.message };
    let hash = word(bits(&[uid, note.reason, story]), 16);
    let own = format!("{}.{hash}", &name[..name.floor_char_boundary(200)]);
    let key = Key::new(&resource.id, namespace, &own);
    let time = deletion::time(now);
    let (value, expected) = match state.get(&key) {
        Some(stored) => {
            let mut value = super::super::value(resource, stored);
            let count = int(&value, &["count"]).max(1) + 1;
            // What is told again within the same second is one story.
            if instant(&value, &["lastTimestamp"]).is_some_and(|last| now <= last) {
                return None;
            }
            let fields = object::map(&mut value);
            fields.insert("count".into(), count.into());
            fields.insert("lastTimestamp".into(), time.into());
            (value, Expected::Revision(stored.revision))
        }
        None => {
            let mut involved = json!({
                "kind": text(&["kind"]),
                "namespace": object::namespace(about),
                "name": name,
                "uid": uid,
                "apiVersion": text(&["apiVersion"]),
                "resourceVersion": text(&["metadata", "resourceVersion"]),
            });
            object::map(&mut involved).retain(|_, value| value != "");
            let value = json!({
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": own,
                    "namespace": namespace,
                    "uid": crate::serve::uid(bits(&[uid, note.reason, note.message, &time])),
                    "creationTimestamp": time,
                },
                "involvedObject": involved,
                "reason": note.reason,
                "message": note.message,
                "source": {"component": note.source},
                "firstTimestamp": time,
                "lastTimestamp": time,
                "count": 1,
                "type": if note.is_warning { "Warning" } else { "Normal" },
                "eventTime": null,
                "reportingComponent": note.source,
                "reportingInstance": "",
            });
            (value, Expected::Absent)
        }
    };
    Some(vec![Change { key, expected, what: What::Put(Draft::of(&value, &resource.selectable)) }])
}

/// Clears away what is too old. Gives when to look again.
pub(super) fn clear(
    machine: &Machine,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) -> Option<Timestamp> {
    let resource = machine.stored(EVENTS)?;
    let mut oldest: Option<Timestamp> = None;
    for stored in machine.state().list(EVENTS, None) {
        let Some(last) = last_time(stored.tail()) else { continue };
        let ends = last.checked_add(KEPT).unwrap_or(Timestamp::MAX);
        if ends <= now {
            todo.push(vec![deletion::remove(deletion::key(resource, stored), stored)]);
        } else {
            oldest = Some(oldest.map_or(ends, |oldest| oldest.min(ends)));
        }
    }
    let second = oldest?.as_second();
    Timestamp::from_second(second + CLEARED - second.rem_euclid(CLEARED)).ok()
}

/// When an Event was told last, from its text.
fn last_time(tail: &str) -> Option<Timestamp> {
    let find = |field: &str| {
        let (_, rest) = tail.split_once(field)?;
        rest.split('"').next()?.parse().ok()
    };
    find("\"lastTimestamp\":\"").or_else(|| find("\"creationTimestamp\":\""))
}
