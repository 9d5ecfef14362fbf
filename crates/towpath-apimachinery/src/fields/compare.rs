//! What changed between two values of one shape, as sets of fields.
//!
//! Subtrees that are the same are not looked at twice, and the schema is asked only where something changed. Source of
//! the contract: `kubernetes-sigs/structured-merge-diff:typed/compare.go`.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use towpath_catalog::Type;

use super::element::{Element, same};
use super::set::{FieldSet, Node};
use super::walk::{OF_THE_SERVER, key_of};
use crate::shape::{List, Shape};

/// What changed. No field is in both.
#[derive(Debug, Default)]
pub(super) struct Delta<'a> {
    /// Fields that are new or have another value.
    pub(super) changed: FieldSet<'a>,
    /// Fields that are gone.
    pub(super) removed: FieldSet<'a>,
}

impl Delta<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty()
    }
}

/// What a place itself is, beside what is below it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Same,
    Changed,
    Removed,
}

#[derive(Default)]
struct Nodes<'a> {
    changed: Vec<Node<'a>>,
    removed: Vec<Node<'a>>,
}

/// What changed between two objects, apart from what belongs to the server.
///
/// # Errors
///
/// The server's words if items of a list cannot be told apart.
pub(super) fn objects<'a>(
    old: Option<&'a Value>,
    new: &'a Value,
    shape: Shape<'a>,
) -> Result<Delta<'a>, String> {
    let mut nodes = Nodes::default();
    let old = old.and_then(Value::as_object);
    let new = new.as_object();
    zip(old, new, |name, old, new| match name {
        "apiVersion" | "kind" => Ok(()),
        "metadata" => {
            let shape = shape.field(name);
            let mut below = Nodes::default();
            let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            zip(old, new, |name, old, new| {
                if OF_THE_SERVER.contains(&name) {
                    return Ok(());
                }
                field(name, old, new, shape, true, &mut below)
            })?;
            nodes.add(Element::Field(name), Mark::Same, below);
            Ok(())
        }
        name => field(name, old, new, shape, true, &mut nodes),
    })?;
    Ok(nodes.into())
}

impl<'a> Nodes<'a> {
    fn add(&mut self, element: Element<'a>, mark: Mark, below: Nodes<'a>) {
        let removed = FieldSet::of(below.removed);
        let changed = FieldSet::of(below.changed);
        let (is_removed, is_changed) = (mark == Mark::Removed, mark == Mark::Changed);
        if is_removed || !removed.is_empty() {
            let element = element.clone();
            self.removed.push(Node { element, is_member: is_removed, below: removed });
        }
        if is_changed || !changed.is_empty() {
            self.changed.push(Node { element, is_member: is_changed, below: changed });
        }
    }
}

impl<'a> From<Nodes<'a>> for Delta<'a> {
    fn from(nodes: Nodes<'a>) -> Self {
        Self { changed: FieldSet::of(nodes.changed), removed: FieldSet::of(nodes.removed) }
    }
}

/// Calls for each field that one of both has.
fn zip<'a>(
    old: Option<&'a Map<String, Value>>,
    new: Option<&'a Map<String, Value>>,
    mut each: impl FnMut(&'a str, Option<&'a Value>, Option<&'a Value>) -> Result<(), String>,
) -> Result<(), String> {
    let mut beside = new.into_iter().flatten();
    let mut shared = 0;
    for (name, value) in old.into_iter().flatten() {
        // Both mostly have one order, and looking a field up costs more than comparing its name.
        let other = match beside.next() {
            Some((other_name, other)) if other_name == name => Some(other),
            _ => new.and_then(|new| new.get(name)),
        };
        shared += usize::from(other.is_some());
        each(name, Some(value), other)?;
    }
    if new.map_or(0, Map::len) > shared {
        for (name, value) in new.into_iter().flatten() {
            if old.is_none_or(|old| !old.contains_key(name)) {
                each(name, None, Some(value))?;
            }
        }
    }
    Ok(())
}

fn field<'a>(
    name: &'a str,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    shape: Shape<'a>,
    is_inside: bool,
    nodes: &mut Nodes<'a>,
) -> Result<(), String> {
    if let (Some(old), Some(new)) = (old, new)
        && same(old, new)
    {
        return Ok(());
    }
    let mut below = Nodes::default();
    let place = shape.field(name);
    let (old, new) = if is_inside && is_always_there(name, &place) {
        (old.or(Some(&EMPTY)), new.or(Some(&EMPTY)))
    } else {
        (old, new)
    };
    let mark = visit(old, new, place, &mut below)?;
    nodes.add(Element::Field(name), mark, below);
    Ok(())
}

static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// Whether the server has a struct here even if nobody wrote one: nobody adds or removes it. Published schemas do not
/// tell; these are the fields of built-in kinds that people meet.
fn is_always_there(name: &str, shape: &Shape<'_>) -> bool {
    const FIELDS: [&str; 12] = [
        "acceptedNames",
        "jobTemplate",
        "loadBalancer",
        "metadata",
        "names",
        "resources",
        "scaleTargetRef",
        "spec",
        "status",
        "strategy",
        "template",
        "updateStrategy",
    ];
    FIELDS.contains(&name)
        && shape.built_in().is_some_and(|(_, types)| types == Type::Object)
        && shape.is_struct()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Scalar,
    List,
    Object,
}

/// `null` takes the form of whatever it is compared with.
fn form(value: Option<&Value>) -> Option<Form> {
    match value? {
        Value::Null => None,
        Value::Array(_) => Some(Form::List),
        Value::Object(_) => Some(Form::Object),
        _ => Some(Form::Scalar),
    }
}

fn visit<'a>(
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    shape: Shape<'a>,
    below: &mut Nodes<'a>,
) -> Result<Mark, String> {
    let mark = match (form(old), form(new)) {
        (Some(before), Some(after)) if before != after => {
            let first = visit_as(before, old, new, shape, below)?;
            let second = visit_as(after, old, new, shape, below)?;
            if first == Mark::Same { second } else { first }
        }
        (before, after) => {
            visit_as(before.or(after).unwrap_or(Form::Scalar), old, new, shape, below)?
        }
    };
    Ok(mark)
}

fn visit_as<'a>(
    form: Form,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    shape: Shape<'a>,
    below: &mut Nodes<'a>,
) -> Result<Mark, String> {
    let is_leaf = match form {
        Form::Scalar => true,
        Form::Object => {
            let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            let is_leaf = shape.is_atomic()
                || before.is_none_or(Map::is_empty) && after.is_none_or(Map::is_empty);
            if !is_leaf {
                // Both have it: what is in there always is no change.
                let is_inside = old.is_some() && new.is_some();
                zip(before, after, |name, old, new| {
                    field(name, old, new, shape, is_inside, below)
                })?;
            }
            is_leaf
        }
        Form::List => {
            let before = old.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let after = new.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let list = shape.list();
            let is_leaf = list == List::Atomic || before.is_empty() && after.is_empty();
            if !is_leaf {
                items(before, after, &list, shape.item(), below)?;
            }
            is_leaf
        }
    };
    Ok(match (old, new) {
        (None, _) => Mark::Changed,
        (_, None) => Mark::Removed,
        (Some(old), Some(new)) if is_leaf && !same(old, new) => Mark::Changed,
        _ => Mark::Same,
    })
}

fn items<'a>(
    old: &'a [Value],
    new: &'a [Value],
    list: &List<'a>,
    shape: Shape<'a>,
    nodes: &mut Nodes<'a>,
) -> Result<(), String> {
    let mut keyed = Vec::with_capacity(old.len() + new.len());
    for (is_new, items) in [(false, old), (true, new)] {
        for (at, item) in items.iter().enumerate() {
            let key = key_of(item, list).map_err(|no| format!("element {at}: {no}"))?;
            keyed.push((key, is_new, item));
        }
    }
    // Stable: what is old comes first.
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    for group in keyed.chunk_by(|a, b| a.0 == b.0) {
        let split = group.partition_point(|(_, is_new, _)| !is_new);
        let (before, after) = group.split_at(split);
        let mut below = Nodes::default();
        let mark = match (before, after) {
            ([] | [_], [] | [_]) => {
                let (old, new) =
                    (before.first().map(|item| item.2), after.first().map(|item| item.2));
                match (old, new) {
                    (Some(old), Some(new)) if same(old, new) => continue,
                    _ => visit(old, new, shape, &mut below)?,
                }
            }
            // Items that are there more than once are one value.
            ([_, _, ..], [_, _, ..]) => {
                let is_same = before.len() == after.len()
                    && before.iter().zip(after).all(|(old, new)| same(old.2, new.2));
                if is_same { Mark::Same } else { Mark::Changed }
            }
            ([_, _, ..], one) => {
                if let [one] = one {
                    let mark = visit(None, Some(one.2), shape, &mut below)?;
                    nodes.add(group[0].0.clone(), mark, std::mem::take(&mut below));
                }
                Mark::Removed
            }
            (one, _) => {
                if let [one] = one {
                    let mark = visit(Some(one.2), None, shape, &mut below)?;
                    nodes.add(group[0].0.clone(), mark, std::mem::take(&mut below));
                }
                Mark::Changed
            }
        };
        nodes.add(group[0].0.clone(), mark, below);
    }
    Ok(())
}
