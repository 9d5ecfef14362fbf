//! What a value has: the keys of the items of its lists, and the set of its fields.
//!
//! Source of the contract: `kubernetes-sigs/structured-merge-diff:typed/helpers.go`, `typed/tofieldset.go`,
//! `fieldpath/set.go`.

use std::borrow::Cow;

use serde_json::Value;

use super::element::{Element, Held};
use super::go;
use super::set::{FieldSet, Node};
use crate::shape::{List, Shape};

/// Fields of every object that belong to the server, and so to nobody.
pub(super) const OF_THE_SERVER: [&str; 11] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// How an item of a list that is not one value is told from the others; the server's words if it is not.
pub(super) fn key_of<'a>(item: &'a Value, list: &List<'a>) -> Result<Element<'a>, String> {
    let List::Map(keys) = list else { return member_of_set(item) };
    let fields = match item {
        Value::Object(fields) => fields,
        Value::Null => {
            return Err("associative list with keys may not have a null element".to_owned());
        }
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let mut found: Vec<(Cow<'a, str>, Held<'a>)> = Vec::with_capacity(keys.len());
    for (name, default) in keys {
        if let Some(value) = fields.get(*name).or(*default) {
            found.push((Cow::Borrowed(name), Held::Borrowed(value)));
        }
    }
    if found.is_empty() && !keys.is_empty() {
        return Err(format!(
            "associative list with keys has an element that omits all key fields {} (and doesn't have default values for any key fields)",
            go::quoted_list(keys.iter().map(|(name, _)| *name))
        ));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Element::Key(found.into()))
}

fn member_of_set(item: &Value) -> Result<Element<'_>, String> {
    let no = match item {
        Value::Object(_) => "associative list without keys has an element that's a map type",
        Value::Array(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        _ => return Ok(Element::Value(Held::Borrowed(item))),
    };
    Err(no.to_owned())
}

/// The fields of an object. Items that cannot be told apart are left out: whoever lets them in judges them before.
pub(super) fn fields_of<'a>(object: &'a Value, shape: Shape<'a>) -> FieldSet<'a> {
    below(object, shape).1
}

/// Whether the place itself is a member, and what is below it.
fn below<'a>(value: &'a Value, shape: Shape<'a>) -> (bool, FieldSet<'a>) {
    match value {
        Value::Object(_) if shape.is_atomic() => (true, FieldSet::new()),
        Value::Object(fields) => {
            let nodes = fields.iter().map(|(name, value)| {
                let (is_member, below) = below(value, shape.field(name));
                let is_empty = match value {
                    Value::Null => true,
                    Value::Object(fields) => fields.is_empty(),
                    _ => false,
                };
                let is_member = is_member || is_empty || !shape.knows(name);
                Node { element: Element::Field(name), is_member, below }
            });
            (false, FieldSet::of(nodes.collect()))
        }
        Value::Array(items) => match shape.list() {
            List::Atomic => (true, FieldSet::new()),
            list => (false, items_of(items, &list, shape.item())),
        },
        _ => (true, FieldSet::new()),
    }
}

fn items_of<'a>(items: &'a [Value], list: &List<'a>, shape: Shape<'a>) -> FieldSet<'a> {
    let mut keyed: Vec<(Element<'a>, &'a Value)> =
        items.iter().filter_map(|item| Some((key_of(item, list).ok()?, item))).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut nodes: Vec<Node<'a>> = Vec::with_capacity(keyed.len());
    for (element, item) in keyed {
        match nodes.last_mut() {
            // Items that are there twice are one member without parts.
            Some(last) if last.element == element => last.below = FieldSet::new(),
            _ => {
                let below = below(item, shape).1;
                nodes.push(Node { element, is_member: true, below });
            }
        }
    }
    FieldSet::of(nodes)
}

/// The set with every field that the schema knows by name and that has members below it.
pub(super) fn with_named<'a>(set: FieldSet<'a>, shape: Shape<'_>) -> FieldSet<'a> {
    let nodes = set.into_nodes().into_iter().map(|mut node| {
        let next = match &node.element {
            Element::Field(name) => {
                node.is_member |= shape.knows(name);
                shape.field(name)
            }
            Element::Key(_) => shape.item(),
            Element::Value(_) | Element::Index(_) => Shape::Unknown,
        };
        node.below = with_named(node.below, next);
        node
    });
    FieldSet::of(nodes.collect())
}

/// The set without what belongs to the server.
pub(super) fn stripped(set: FieldSet<'_>) -> FieldSet<'_> {
    let nodes = set.into_nodes().into_iter().filter_map(|mut node| match node.element {
        Element::Field("apiVersion" | "kind") => None,
        Element::Field("metadata") => {
            node.is_member = false;
            let fields = node.below.into_nodes().into_iter();
            let own = |field: &Node<'_>| match field.element {
                Element::Field(name) => !OF_THE_SERVER.contains(&name),
                _ => true,
            };
            node.below = FieldSet::of(fields.filter(own).collect());
            Some(node)
        }
        _ => Some(node),
    });
    FieldSet::of(nodes.collect())
}
