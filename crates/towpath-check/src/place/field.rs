//! Paths of fields, `spec.containers[0].image`, gone along in a parsed object.
//!
//! Keys that hold dots can stand in brackets (`[a.b/c]`, `["a.b/c"]`) or as they are: of the keys that a mapping has, the
//! longest that fits is meant. Must not judge what is there.

use towpath_yaml::{Entry, Node, Span, Style};

/// How far a path leads.
pub(super) struct Found {
    /// What to underline; `None`: the object itself.
    pub(super) span: Option<Span>,
    /// Whether the path leads to its end.
    pub(super) whole: bool,
}

/// Follows a path as far as it leads.
pub(super) fn find(object: &Node, path: &str) -> Found {
    let (mut node, mut rest) = (object, path);
    let mut key: Option<Span> = None;
    let mut item = false;
    while !rest.is_empty() {
        let Some(step) = step(node, rest) else {
            return Found {
                span: if item { Some(first_line(node, key)) } else { key },
                whole: false,
            };
        };
        item = step.key.is_none();
        key = step.key.or(key);
        (node, rest) = (step.node, step.rest);
    }
    Found { span: (!std::ptr::eq(node, object)).then(|| whole(node, key, item)), whole: true }
}

struct Step<'n, 'p> {
    node: &'n Node,
    /// Where its key stands; `None` for an item of a list.
    key: Option<Span>,
    rest: &'p str,
}

fn step<'n, 'p>(node: &'n Node, rest: &'p str) -> Option<Step<'n, 'p>> {
    if let Some(inside) = rest.strip_prefix('[') {
        let (name, rest) = bracketed(inside)?;
        return match node.as_seq() {
            Some(items) => Some(Step { node: item(items, name)?, key: None, rest }),
            None => node.entry(name).map(|entry| of_entry(entry, rest)),
        };
    }
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    if let Some(items) = node.as_seq() {
        let digits = rest.split(['.', '[']).next()?;
        let node = items.get(digits.parse::<usize>().ok()?)?;
        return Some(Step { node, key: None, rest: &rest[digits.len()..] });
    }
    let fits = |entry: &&Entry| {
        let text = &entry.key.text;
        rest.strip_prefix(text.as_str()).is_some_and(|rest| {
            !text.is_empty() && (rest.is_empty() || rest.starts_with(['.', '[']))
        })
    };
    let entry = node.as_map()?.iter().filter(fits).max_by_key(|entry| entry.key.text.len())?;
    Some(of_entry(entry, &rest[entry.key.text.len()..]))
}

fn of_entry<'n, 'p>(entry: &'n Entry, rest: &'p str) -> Step<'n, 'p> {
    Step { node: &entry.value, key: Some(entry.key.span), rest }
}

/// What stands in brackets, without quotes, and what follows.
fn bracketed(inside: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(inside) = inside.strip_prefix(quote) {
            let (name, rest) = inside.split_once(quote)?;
            return Some((name, rest.strip_prefix(']')?));
        }
    }
    inside.split_once(']')
}

/// An item by its position, or by a field that names it: `name=web`.
fn item<'n>(items: &'n [Node], name: &str) -> Option<&'n Node> {
    match name.split_once('=') {
        Some((key, value)) => items
            .iter()
            .find(|item| item.get(key).and_then(Node::as_str) == Some(value.trim_matches('"'))),
        None => items.get(name.parse::<usize>().ok()?),
    }
}

/// What is underlined of a value: the value where it is written on one line, else its key.
fn whole(node: &Node, key: Option<Span>, item: bool) -> Span {
    let is_block = matches!(node.style, Style::Block | Style::Literal | Style::Folded);
    if item && node.style != Style::Empty {
        return node.span;
    }
    match key {
        Some(key) if is_block || node.style == Style::Empty || node.aliased => key,
        _ => node.span,
    }
}

fn first_line(node: &Node, key: Option<Span>) -> Span {
    if node.aliased { key.unwrap_or(node.span) } else { node.span }
}
