//! A set of fields: a tree of paths, some of which are members.
//!
//! Read from and written as `fieldsV1`. A place below which others are members need not be one itself. Source of the
//! contract: `kubernetes-sigs/structured-merge-diff:fieldpath/set.go`, `fieldpath/serialize.go`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::element::{Element, Malformed};

/// Fields of an object, as paths that borrow from where they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet<'a> {
    /// In the order of their elements, each once, none without any member at or below it.
    nodes: Vec<Node<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node<'a> {
    pub(super) element: Element<'a>,
    pub(super) is_member: bool,
    pub(super) below: FieldSet<'a>,
}

impl Node<'_> {
    fn is_something(&self) -> bool {
        self.is_member || !self.below.is_empty()
    }
}

impl<'a> FieldSet<'a> {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    /// Reads `fieldsV1`. Steps of a kind that nobody knows are dropped with all below, as the server does.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if something is no step of a path or no object.
    pub fn parse(fields: &'a Value) -> Result<Self, Malformed> {
        match fields {
            Value::Null => Ok(Self::new()),
            Value::Object(fields) => Self::parse_map(fields),
            _ => Err(Malformed::NoObject(String::new())),
        }
    }

    fn parse_map(fields: &'a Map<String, Value>) -> Result<Self, Malformed> {
        let mut nodes = Vec::with_capacity(fields.len());
        for (text, value) in fields {
            if text == "." {
                continue;
            }
            let Some(element) = Element::parse(text)? else { continue };
            let (below, marked) = match value {
                Value::Object(fields) if fields.is_empty() => (Self::new(), true),
                Value::Object(fields) => (Self::parse_map(fields)?, fields.contains_key(".")),
                Value::Null => (Self::new(), true),
                _ => return Err(Malformed::NoObject(text.clone())),
            };
            let is_member = marked || below.is_empty();
            nodes.push(Node { element, is_member, below });
        }
        Ok(Self::of(nodes))
    }

    /// A set of nodes in any order. Those that have nothing are dropped.
    pub(super) fn of(mut nodes: Vec<Node<'a>>) -> Self {
        nodes.retain(Node::is_something);
        if !nodes.is_sorted_by(|a, b| a.element < b.element) {
            nodes.sort_by(|a, b| a.element.cmp(&b.element));
            let mut kept: Vec<Node<'a>> = Vec::with_capacity(nodes.len());
            for node in nodes {
                match kept.last_mut() {
                    Some(last) if last.element == node.element => {
                        last.is_member |= node.is_member;
                        last.below = std::mem::take(&mut last.below).union(node.below);
                    }
                    _ => kept.push(node),
                }
            }
            nodes = kept;
        }
        Self { nodes }
    }

    pub(super) fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    pub(super) fn into_nodes(self) -> Vec<Node<'a>> {
        self.nodes
    }

    /// The set as `fieldsV1`, in the order in which the server writes it.
    #[must_use]
    pub fn to_fields(&self) -> Value {
        Value::Object(self.write(false))
    }

    fn write(&self, is_member: bool) -> Map<String, Value> {
        let mut fields = Map::with_capacity(self.nodes.len() + usize::from(is_member));
        if is_member && !self.is_empty() {
            fields.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for node in &self.nodes {
            fields.insert(node.element.text(), Value::Object(node.below.write(node.is_member)));
        }
        fields
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|node| usize::from(node.is_member) + node.below.len()).sum()
    }

    /// Whether the path is a member.
    #[must_use]
    pub fn has(&self, path: &[Element<'_>]) -> bool {
        match path {
            [] => false,
            [last] => self.get(last).is_some_and(|node| node.is_member),
            [first, rest @ ..] => self.get(first).is_some_and(|node| node.below.has(rest)),
        }
    }

    /// Makes the path a member.
    pub fn insert(&mut self, path: &[Element<'a>]) {
        let Some((first, rest)) = path.split_first() else { return };
        let found = self.nodes.binary_search_by(|node| node.element.cmp(first));
        let at = found.unwrap_or_else(|at| {
            let element = first.clone();
            self.nodes.insert(at, Node { element, is_member: false, below: Self::new() });
            at
        });
        if rest.is_empty() {
            self.nodes[at].is_member = true;
        } else {
            self.nodes[at].below.insert(rest);
        }
    }

    pub(super) fn get(&self, element: &Element<'_>) -> Option<&Node<'a>> {
        let at = self.nodes.binary_search_by(|node| node.element.cmp(element)).ok()?;
        Some(&self.nodes[at])
    }

    /// What is in one of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let mut right = other.nodes.into_iter().peekable();
        for mut node in self.nodes {
            while let Some(other) = right.next_if(|other| other.element < node.element) {
                nodes.push(other);
            }
            if let Some(other) = right.next_if(|other| other.element == node.element) {
                node.is_member |= other.is_member;
                node.below = node.below.union(other.below);
            }
            nodes.push(node);
        }
        nodes.extend(right);
        Self { nodes }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &FieldSet<'_>) -> Self {
        let mut nodes = Vec::new();
        pairs(&self.nodes, &other.nodes, |node, other| {
            let is_member = node.is_member && other.is_member;
            let below = node.below.intersection(&other.below);
            if is_member || !below.is_empty() {
                nodes.push(Node { element: node.element.clone(), is_member, below });
            }
        });
        Self { nodes }
    }

    /// Whether anything is in both.
    #[must_use]
    pub fn intersects(&self, other: &FieldSet<'_>) -> bool {
        let mut found = false;
        pairs(&self.nodes, &other.nodes, |node, other| {
            found =
                found || node.is_member && other.is_member || node.below.intersects(&other.below);
        });
        found
    }

    /// Whether everything is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &FieldSet<'_>) -> bool {
        self.nodes.iter().all(|node| {
            other.get(&node.element).is_some_and(|other| {
                (other.is_member || !node.is_member) && node.below.is_subset(&other.below)
            })
        })
    }

    /// What is not in the other. Members below a member of the other stay.
    #[must_use]
    pub fn difference(mut self, other: &FieldSet<'_>) -> Self {
        self.take_away(other, false);
        self
    }

    /// What is neither in the other nor below a member of it.
    #[must_use]
    pub fn without(mut self, other: &FieldSet<'_>) -> Self {
        self.take_away(other, true);
        self
    }

    fn take_away(&mut self, other: &FieldSet<'_>, with_below: bool) {
        if other.is_empty() {
            return;
        }
        let mut right = other.nodes.iter().peekable();
        self.nodes.retain_mut(|node| {
            while right.next_if(|other| other.element < node.element).is_some() {}
            if let Some(other) = right.next_if(|other| other.element == node.element) {
                if other.is_member {
                    if with_below {
                        return false;
                    }
                    node.is_member = false;
                }
                node.below.take_away(&other.below, with_below);
            }
            node.is_something()
        });
    }

    /// Every member as messages show it, those of a place before those below it.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::with_capacity(self.len());
        self.collect(&mut String::new(), &mut paths);
        paths
    }

    fn collect(&self, path: &mut String, paths: &mut Vec<String>) {
        let length = path.len();
        for node in self.nodes.iter().filter(|node| node.is_member) {
            node.element.show(path);
            paths.push(path.clone());
            path.truncate(length);
        }
        for node in self.nodes.iter().filter(|node| !node.below.is_empty()) {
            node.element.show(path);
            node.below.collect(path, paths);
            path.truncate(length);
        }
    }
}

/// Calls for each element that both have. Both are in order.
fn pairs<'a, 'b>(
    left: &[Node<'a>],
    right: &[Node<'b>],
    mut both: impl FnMut(&Node<'a>, &Node<'b>),
) {
    let (mut at, mut other) = (0, 0);
    while let (Some(a), Some(b)) = (left.get(at), right.get(other)) {
        match a.element.cmp(&b.element) {
            Ordering::Less => at += 1,
            Ordering::Greater => other += 1,
            Ordering::Equal => {
                both(a, b);
                at += 1;
                other += 1;
            }
        }
    }
}
