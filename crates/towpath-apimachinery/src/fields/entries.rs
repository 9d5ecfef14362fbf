//! The entries of `metadata.managedFields`: read, told apart, put in order, kept few, written.
//!
//! Entries whose fields nobody asks for are not read and not written anew. Source of the contract:
//! `kubernetes/apimachinery:pkg/util/managedfields/internal/managedfields.go`, `capmanagers.go`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::go;
use super::set::FieldSet;

/// How a field came to be somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// What a manager owns.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) manager: &'a str,
    pub(super) operation: Operation,
    pub(super) api_version: &'a str,
    pub(super) subresource: &'a str,
    pub(super) time: Option<&'a str>,
    /// What was read and its place, as long as its fields are what would be written.
    raw: Option<(usize, &'a Value)>,
    /// Read when somebody asks, or made.
    set: Option<FieldSet<'a>>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(
        manager: &'a str,
        operation: Operation,
        api_version: &'a str,
        subresource: &'a str,
    ) -> Self {
        let set = Some(FieldSet::new());
        Self { manager, operation, api_version, subresource, time: None, raw: None, set }
    }

    /// Reads an entry. `None` if the server would not.
    fn read(at: usize, raw: &'a Value, is_canonical: bool) -> Option<Self> {
        let text = |name: &str| match raw.get(name) {
            None | Some(Value::Null) => Some(""),
            Some(Value::String(text)) => Some(text.as_str()),
            Some(_) => None,
        };
        let operation = match text("operation")? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let api_version = text("apiVersion").filter(|version| !version.is_empty())?;
        if text("fieldsType")? != "FieldsV1" {
            return None;
        }
        let time = Some(text("time")?).filter(|time| !time.is_empty());
        let mut entry = Self {
            manager: text("manager")?,
            operation,
            api_version,
            subresource: text("subresource")?,
            time,
            raw: Some((at, raw)),
            set: None,
        };
        if !is_canonical {
            entry.set = Some(FieldSet::parse(raw.get("fieldsV1").unwrap_or(&Value::Null)).ok()?);
            entry.raw = None;
        }
        Some(entry)
    }

    /// Whether both are entries of one writer: applying is the same in every version.
    pub(super) fn is_same_writer(&self, other: &Self) -> bool {
        self.operation == other.operation
            && self.manager == other.manager
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    pub(super) fn set(&mut self) -> &FieldSet<'a> {
        let raw = self.raw;
        self.set.get_or_insert_with(|| {
            let fields = raw.and_then(|(_, raw)| raw.get("fieldsV1")).unwrap_or(&Value::Null);
            // Only what was read without fault before, or written by us, is left unread at first.
            FieldSet::parse(fields).unwrap_or_default()
        })
    }

    /// The set, to be changed and put back.
    pub(super) fn take(&mut self) -> FieldSet<'a> {
        self.set();
        self.raw = None;
        self.set.take().unwrap_or_default()
    }

    pub(super) fn put(&mut self, set: FieldSet<'a>) {
        self.raw = None;
        self.set = Some(set);
    }

    /// Sets the time; what is owned stays as it was read.
    pub(super) fn touch(&mut self, time: &'a str) {
        self.time = Some(time);
    }

    /// Whether nothing is known to be owned.
    pub(super) fn is_empty(&self) -> bool {
        self.set.as_ref().is_some_and(FieldSet::is_empty)
    }

    /// The entry for the object: where it is to be found among those that were read, or made.
    pub(super) fn made(&self) -> Made {
        match self.raw {
            Some((at, raw)) if raw.get("time").is_some() == self.time.is_some() => {
                let time = self.time.filter(|time| raw.get("time") != Some(&Value::from(*time)));
                Made::Kept { at, time: time.map(str::to_owned) }
            }
            _ => Made::New(self.write()),
        }
    }

    /// The writer as the server tells writers apart and orders conflicts.
    pub(super) fn identifier(&self) -> String {
        let mut parts = Map::new();
        for (name, text) in [
            ("manager", self.manager),
            ("operation", self.operation.name()),
            ("apiVersion", if self.operation == Operation::Apply { "" } else { self.api_version }),
            ("subresource", self.subresource),
        ] {
            if !text.is_empty() {
                parts.insert(name.to_owned(), text.into());
            }
        }
        go::json(&Value::Object(parts))
    }

    /// The writer as messages name it.
    pub(super) fn shown(&self) -> String {
        let mut shown = go::quoted(self.manager);
        if !self.subresource.is_empty() {
            shown.push_str(" with subresource ");
            shown.push_str(&go::quoted(self.subresource));
        }
        if self.operation == Operation::Update {
            shown.push_str(" using ");
            shown.push_str(self.api_version);
        }
        shown
    }

    /// The entry as the object has it.
    pub(super) fn write(&self) -> Value {
        let mut entry = Map::with_capacity(7);
        let mut text = |name: &str, text: &str| {
            if !text.is_empty() {
                entry.insert(name.to_owned(), text.into());
            }
        };
        text("manager", self.manager);
        text("operation", self.operation.name());
        text("apiVersion", self.api_version);
        text("time", self.time.unwrap_or_default());
        text("fieldsType", "FieldsV1");
        let fields = match (self.raw, &self.set) {
            (Some((_, raw)), _) => {
                raw.get("fieldsV1").cloned().unwrap_or_else(|| Map::new().into())
            }
            (None, Some(set)) => set.to_fields(),
            (None, None) => Map::new().into(),
        };
        entry.insert("fieldsV1".to_owned(), fields);
        if !self.subresource.is_empty() {
            entry.insert("subresource".to_owned(), self.subresource.into());
        }
        Value::Object(entry)
    }
}

/// An entry of an object that is written.
pub(super) enum Made {
    /// One of those that were read, perhaps with another time.
    Kept {
        /// Its place.
        at: usize,
        /// The time, if it is another.
        time: Option<String>,
    },
    /// One that is written anew.
    New(Value),
}

impl Made {
    /// The value. `kept` gives one of those that were read.
    pub(super) fn value(self, mut kept: impl FnMut(usize) -> Value) -> Value {
        match self {
            Made::New(entry) => entry,
            Made::Kept { at, time } => {
                let mut entry = kept(at);
                if let (Some(time), Some(fields)) = (time, entry.as_object_mut()) {
                    fields.insert("time".to_owned(), time.into());
                }
                entry
            }
        }
    }
}

/// Reads all entries. `None` if the server would not read one of them.
///
/// Canonical entries are those that came out of here: their fields are not read before somebody asks.
pub(super) fn read(entries: Option<&Value>, is_canonical: bool) -> Option<Vec<Entry<'_>>> {
    let entries = match entries {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return None,
    };
    let mut read: Vec<Entry<'_>> = Vec::with_capacity(entries.len() + 1);
    for (at, entry) in entries.iter().enumerate() {
        let entry = Entry::read(at, entry, is_canonical)?;
        // Of two entries of one writer the server keeps the last.
        if !is_canonical {
            read.retain(|other| !other.is_same_writer(&entry));
        }
        read.push(entry);
    }
    Some(read)
}

/// The time of an entry as the server compares it: none is the beginning of time.
fn seconds(time: Option<&str>) -> i64 {
    time.and_then(|time| time.parse::<Timestamp>().ok()).map_or(0, Timestamp::as_second)
}

/// Puts entries in the order of their times, and then in another.
fn sort_by_time(
    entries: &mut Vec<Entry<'_>>,
    first: impl Fn(&Entry<'_>, &Entry<'_>) -> Ordering,
    then: impl Fn(&Entry<'_>, &Entry<'_>) -> Ordering,
) {
    if entries.len() < 2 {
        return;
    }
    if entries.iter().all(|entry| entry.time.is_none_or(is_plain)) {
        // Texts of one form are in the order of their times.
        entries
            .sort_by(|a, b| first(a, b).then_with(|| a.time.cmp(&b.time)).then_with(|| then(a, b)));
        return;
    }
    let mut timed: Vec<(i64, Entry<'_>)> =
        entries.drain(..).map(|entry| (seconds(entry.time), entry)).collect();
    timed.sort_by(|(time, a), (other, b)| {
        first(a, b).then_with(|| time.cmp(other)).then_with(|| then(a, b))
    });
    entries.extend(timed.into_iter().map(|(_, entry)| entry));
}

/// Whether a time is written as the server writes it.
fn is_plain(time: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    let is_like = |(letter, form): (u8, &u8)| match form {
        b'0' => letter.is_ascii_digit(),
        form => letter == *form,
    };
    time.len() == FORM.len() && time.bytes().zip(FORM).all(is_like)
}

/// The order in which the server writes entries.
pub(super) fn sort(entries: &mut Vec<Entry<'_>>) {
    sort_by_time(
        entries,
        |a, b| a.operation.cmp(&b.operation),
        |a, b| {
            a.manager
                .cmp(b.manager)
                .then_with(|| a.api_version.cmp(b.api_version))
                .then_with(|| a.subresource.cmp(b.subresource))
        },
    );
}

/// How many entries of updates an object keeps.
const MOST_UPDATES: usize = 10;
/// Whose the oldest entries of updates become.
const ANCIENT: &str = "ancient-changes";

/// Merges the oldest entries of updates, version by version, until there are few enough.
pub(super) fn cap(entries: &mut Vec<Entry<'_>>) {
    let is_update = |entry: &Entry<'_>| entry.operation == Operation::Update;
    let mut length = entries.iter().filter(|entry| is_update(entry)).count();
    if length <= MOST_UPDATES {
        return;
    }
    let taken = std::mem::take(entries);
    let (mut updates, applies): (Vec<_>, Vec<_>) = taken.into_iter().partition(is_update);
    entries.extend(applies);
    sort_by_time(&mut updates, |_, _| Ordering::Equal, |a, b| a.identifier().cmp(&b.identifier()));
    // Where the entry of each version is that others are merged into.
    let mut buckets: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kept: Vec<Entry<'_>> = Vec::with_capacity(updates.len());
    for mut entry in updates {
        match buckets.get(entry.api_version) {
            Some(&at) if length > MOST_UPDATES => {
                let bucket = &mut kept[at];
                bucket.manager = ANCIENT;
                bucket.subresource = "";
                bucket.time = entry.time;
                let set = bucket.take().union(entry.take());
                bucket.put(set);
                length -= 1;
            }
            _ => {
                buckets.entry(entry.api_version).or_insert(kept.len());
                kept.push(entry);
            }
        }
    }
    for mut entry in kept {
        match entries.iter_mut().find(|other| other.is_same_writer(&entry)) {
            Some(other) => {
                let set = other.take().union(entry.take());
                other.put(set);
            }
            None => entries.push(entry),
        }
    }
}
