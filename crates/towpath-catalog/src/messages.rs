//! How objects of built-in kinds are written in the binary form that typed clients send: the messages of every API
//! group, what their fields are numbered, and how Go writes them to JSON.
//!
//! Numbers are never given twice, so one set of messages serves all minors; what a minor does not have yet is for its
//! schema to say. Not there: what came after 1.36, alphas that went before 1.32, and what is in none of the packages
//! (`APIService`, `PodSecurityPolicy`). Nothing is decoded here: `towpath-apimachinery` does.
//!
//! `data/messages.bin` is text below a deflate: a line `@GROUP VERSION` opens a package (`@- NAME` one without kinds),
//! each line below it is a message, `NAME[=FORM]`, and after tabs its fields in the order of Go: number, flags, type,
//! colon, name in JSON. Made by `cargo xtask catalog build`.
//!
//! Source of the contract: `generated.proto` and the types beside it in `kubernetes/api`, `kubernetes/apimachinery`
//! and `kubernetes/apiextensions-apiserver`.

use std::io::Read as _;
use std::ops::Range;

use flate2::read::DeflateDecoder;

use crate::gvk::GroupVersionKind;

static FILE: &[u8] = include_bytes!("../data/messages.bin");

/// The group of what all groups share: options of a deletion, metadata.
const SHARED: (&str, &str) = ("meta.k8s.io", "v1");

/// All messages. Loading takes a millisecond and the value some hundred kilobytes: load it once.
#[derive(Debug)]
pub struct Messages {
    text: String,
    packages: Vec<Package>,
    rows: Vec<Row>,
    fields: Vec<MessageField<Range<usize>>>,
}

#[derive(Debug)]
struct Package {
    group: Range<usize>,
    version: Range<usize>,
    rows: Range<usize>,
}

#[derive(Debug)]
struct Row {
    name: Range<usize>,
    form: Form,
    fields: Range<usize>,
}

/// A message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    of: &'a Messages,
    row: &'a Row,
}

/// What a message is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An object of its fields.
    Fields,
    /// Its only field, a list.
    List,
    /// Its only field, a text: a quantity.
    Text,
    /// Its only field, bytes that are JSON.
    Json,
    /// A time of seconds, or `null`.
    Time,
    /// A time of microseconds, or `null`.
    MicroTime,
    /// A length of time as Go writes it.
    Duration,
    /// A number or a text.
    IntOrString,
    /// The second field, a list, if there is anything in it; the first otherwise.
    Either,
    /// The second field, or the first, which is a truth value.
    OrBool,
}

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageField<N> {
    /// Its number in the message.
    pub number: u32,
    /// Its name in JSON; empty where the fields of its value are fields of the whole.
    pub name: N,
    /// How many values it has.
    pub shape: FieldShape,
    /// What a value is.
    pub kind: FieldType,
    /// Whether Go tells what is not there from what is zero.
    pub is_pointer: bool,
    /// Whether Go leaves out what is empty.
    pub is_omitted_empty: bool,
    /// Whether Go leaves out an object of which everything is zero.
    pub is_omitted_zero: bool,
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldShape {
    /// At most one.
    One,
    /// A list.
    Many,
    /// An object of any keys.
    Map,
}

/// What a value of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A truth value.
    Bool,
    /// An integer of 32 or 64 bits.
    Int,
    /// A float of 64 bits.
    Double,
    /// A message: its place among [`Messages`].
    Message(usize),
}

impl Messages {
    /// Reads the bytes that are part of the program.
    #[must_use]
    pub fn load() -> Self {
        let mut text = String::new();
        DeflateDecoder::new(FILE).read_to_string(&mut text).expect("a test reads the same bytes");
        Self::of(text).expect("a test reads the same bytes")
    }

    fn of(text: String) -> Option<Self> {
        let (mut packages, mut rows, mut fields) = (Vec::<Package>::new(), Vec::new(), Vec::new());
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let line = line.trim_end_matches('\n');
            if let Some(package) = line.strip_prefix('@') {
                let (group, _) = package.split_once(' ')?;
                let version = start + 1 + group.len() + 1;
                packages.push(Package {
                    group: start + 1..version - 1,
                    version: version..start + line.len(),
                    rows: rows.len()..rows.len(),
                });
                continue;
            }
            let mut cells = line.split('\t');
            let head = cells.next()?;
            let (name, form) = head.split_once('=').unwrap_or((head, ""));
            let (first, mut cell) = (fields.len(), start + head.len() + 1);
            for text in cells {
                fields.push(field(text, cell)?);
                cell += text.len() + 1;
            }
            rows.push(Row {
                name: start..start + name.len(),
                form: Form::of(form)?,
                fields: first..fields.len(),
            });
            packages.last_mut()?.rows.end = rows.len();
        }
        Some(Self { text, packages, rows, fields })
    }

    /// The message of a kind. Kinds that all groups share, such as `DeleteOptions`, are found in any group.
    #[must_use]
    pub fn of_kind(&self, kind: &GroupVersionKind<'_>) -> Option<Message<'_>> {
        self.within(kind.group, kind.version, kind.kind)
            .or_else(|| self.within(SHARED.0, SHARED.1, kind.kind))
    }

    fn within(&self, group: &str, version: &str, name: &str) -> Option<Message<'_>> {
        let package = self.packages.iter().find(|package| {
            self.text[package.group.clone()] == *group
                && self.text[package.version.clone()] == *version
        })?;
        let rows = &self.rows[package.rows.clone()];
        let at = rows.binary_search_by(|row| self.text[row.name.clone()].cmp(name)).ok()?;
        Some(Message { of: self, row: &rows[at] })
    }

    /// The message at a place that a field names.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<Message<'_>> {
        Some(Message { of: self, row: self.rows.get(place)? })
    }

    /// Every message, by its place.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.rows.iter().map(|row| Message { of: self, row })
    }
}

impl<'a> Message<'a> {
    /// Its name, which is that of the kind if it is one.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.of.text[self.row.name.clone()]
    }

    /// What it is in JSON.
    #[must_use]
    pub fn form(&self) -> Form {
        self.row.form
    }

    /// Its fields in the order in which Go writes them.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = MessageField<&'a str>> + use<'a> {
        let of = self.of;
        of.fields[self.row.fields.clone()].iter().map(move |field| field.named(&of.text))
    }

    /// The field of a number, and its place among the others.
    #[must_use]
    pub fn field(&self, number: u32) -> Option<(usize, MessageField<&'a str>)> {
        let fields = &self.of.fields[self.row.fields.clone()];
        let place = fields.iter().position(|field| field.number == number)?;
        Some((place, fields[place].named(&self.of.text)))
    }
}

impl MessageField<Range<usize>> {
    fn named<'a>(&self, text: &'a str) -> MessageField<&'a str> {
        let Self { number, shape, kind, is_pointer, is_omitted_empty, is_omitted_zero, .. } = *self;
        let name = &text[self.name.clone()];
        MessageField { number, name, shape, kind, is_pointer, is_omitted_empty, is_omitted_zero }
    }
}

impl Form {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "" => Self::Fields,
            "list" => Self::List,
            "text" => Self::Text,
            "json" => Self::Json,
            "time" => Self::Time,
            "microtime" => Self::MicroTime,
            "duration" => Self::Duration,
            "intorstring" => Self::IntOrString,
            "either" => Self::Either,
            "orbool" => Self::OrBool,
            _ => return None,
        })
    }
}

/// A field as the file has it, `12+?s:name`, which starts at a place in the text.
fn field(cell: &str, start: usize) -> Option<MessageField<Range<usize>>> {
    let (code, name) = cell.split_once(':')?;
    let digits = code.find(|c: char| !c.is_ascii_digit())?;
    let (number, code) = code.split_at(digits);
    let flags = code.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    let kind = match code[flags.len()..].split_at_checked(1)? {
        ("s", "") => FieldType::Text,
        ("b", "") => FieldType::Bytes,
        ("t", "") => FieldType::Bool,
        ("i", "") => FieldType::Int,
        ("d", "") => FieldType::Double,
        ("m", place) => FieldType::Message(place.parse().ok()?),
        _ => return None,
    };
    let shape = match flags.chars().next() {
        Some('+') => FieldShape::Many,
        Some('%') => FieldShape::Map,
        _ => FieldShape::One,
    };
    Some(MessageField {
        number: number.parse().ok()?,
        name: start + cell.len() - name.len()..start + cell.len(),
        shape,
        kind,
        is_pointer: flags.contains('*'),
        is_omitted_empty: flags.contains('?'),
        is_omitted_zero: flags.contains('!'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, Minor};

    #[test]
    fn what_go_leaves_out_is_known() {
        let messages = Messages::load();
        let found = |api_version: &str, kind: &str, name: &str| {
            let message = messages.of_kind(&GroupVersionKind::of(api_version, kind));
            let field = message.and_then(|it| it.fields().find(|field| field.name == name));
            field.map(|it| (it.number, it.is_pointer, it.is_omitted_empty))
        };
        for (api_version, kind, name, expected) in [
            ("apps/v1", "DeploymentSpec", "replicas", Some((1, true, true))),
            ("apps/v1", "DeploymentSpec", "minReadySeconds", Some((5, false, true))),
            ("apps/v1", "DeploymentSpec", "selector", Some((2, true, false))),
            ("v1", "PodSpec", "hostIPC", Some((13, false, true))),
            ("v1", "EnvVar", "name", Some((1, false, false))),
            ("apiextensions.k8s.io/v1", "JSONSchemaProps", "$ref", Some((3, true, true))),
            ("apps/v1", "DeleteOptions", "gracePeriodSeconds", Some((1, true, true))),
            ("apps/v1", "Thing", "name", None),
        ] {
            assert_eq!(found(api_version, kind, name), expected, "{kind} {name}");
        }
    }

    #[test]
    fn places_and_names_are_sound() {
        let messages = Messages::load();
        for message in messages.iter() {
            for field in message.fields() {
                if let FieldType::Message(place) = field.kind {
                    assert!(messages.at(place).is_some(), "{} {}", message.name(), field.name);
                }
                let is_inline =
                    field.shape == FieldShape::One && matches!(field.kind, FieldType::Message(_));
                assert!(!field.name.is_empty() || is_inline, "{}", message.name());
            }
        }
    }

    /// Kinds that no package has: of the aggregation layer, and one that went before the oldest package.
    const WITHOUT: [&str; 2] = ["APIService", "PodSecurityPolicy"];
    /// The newest minor that a package tells of; typed clients of a newer one have kinds and fields beyond it.
    const TOLD: Minor = Minor::new(36);

    #[test]
    fn kinds_that_are_served_have_a_message_with_the_fields_of_their_schema() {
        let messages = Messages::load();
        let mut missing = std::collections::BTreeSet::new();
        for minor in Minor::all().filter(|minor| *minor <= TOLD) {
            let catalog = Catalog::load(minor).expect("all minors are known");
            let served =
                |it: &crate::Kind<'_>| it.served_by_default && !WITHOUT.contains(&it.kind.kind);
            for gvk in catalog.kinds().filter(served).map(|it| it.kind) {
                let message = messages.of_kind(&gvk).unwrap_or_else(|| panic!("{minor} {gvk}"));
                let schema = catalog.schema(&gvk).expect("what is served has a schema");
                for field in schema.fields() {
                    let is_there = ["apiVersion", "kind"].contains(&field.name)
                        || message.fields().any(|it| it.name == field.name);
                    if !is_there {
                        missing.insert(format!("{gvk} {}", field.name));
                    }
                }
            }
        }
        // Alpha, and gone before the oldest package.
        assert_eq!(
            missing.into_iter().collect::<Vec<_>>(),
            ["networking.k8s.io/v1 NetworkPolicy status"]
        );
    }
}
