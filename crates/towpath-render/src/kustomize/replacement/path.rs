//! Paths of fields: `spec.containers.[name=web].image`, `metadata.annotations.[a.b/c]`, `spec.ports.0`.
//!
//! There are two readings. [`lookup`] finds one value and takes `-` for the last item; [`visit`] finds all, takes `*`
//! for every item and what follows `=` for a regular expression, and can make what is missing. Source of the contract:
//! `kubernetes-sigs/kustomize:kyaml/utils/pathsplitter.go`, `kyaml/yaml/match.go` (`PathMatcher`), `kyaml/yaml/fns.go`
//! (`PathGetter`).
//!
//! Where to go next: `mod.rs` sets what a path leads to, `text.rs` goes on inside of texts.

use crate::Value;
use crate::kustomize::patch::strategic::text_of;
use regex::Regex;
use serde_json::Map;

/// Why a path leads nowhere.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PathError {
    /// A step needs another kind of value.
    #[error("'{step}' needs {needs}, there is {found}")]
    Kind {
        /// The step.
        step: String,
        /// What it needs.
        needs: &'static str,
        /// What there is.
        found: &'static str,
    },
    /// A position behind the end of a list.
    #[error("position {position} of a list of {length}")]
    Range {
        /// The position.
        position: usize,
        /// How many items there are.
        length: usize,
    },
    /// What follows `=` cannot be compiled.
    #[error("'{0}' is no regular expression")]
    Expression(String),
    /// `*` where one value is to be found.
    #[error("'*' stands for many values, one is needed")]
    Wildcard,
    /// A position below zero.
    #[error("position {0} is below zero")]
    Negative(String),
    /// The value cannot be set.
    #[error(transparent)]
    Set(#[from] super::value::SetError),
}

fn kind(step: &str, needs: &'static str, found: &Value) -> PathError {
    PathError::Kind { step: step.to_owned(), needs, found: crate::kustomize::patch::kind_of(found) }
}

/// The steps of a path. A dot inside of `[...]`, or behind `\`, parts nothing; brackets go unless there is `=` in them.
pub(in crate::kustomize) fn split(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let path = path.strip_prefix('.').unwrap_or(path);
    for part in path.split('.') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    let mut steps = Vec::new();
    let mut parts = parts.into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            steps.push(part);
            continue;
        }
        let mut bracketed = part;
        for part in parts.by_ref() {
            bracketed.push('.');
            bracketed.push_str(&part);
            if part.ends_with(']') {
                break;
            }
        }
        if bracketed.contains('=') {
            steps.push(bracketed);
        } else {
            steps.push(bracketed.trim_matches(['[', ']']).to_owned());
        }
    }
    steps
}

/// What a step asks for.
enum Step<'s> {
    Position(usize),
    /// An item whose field is this; without a field, an item that is this.
    Query(&'s str, &'s str),
    Every,
    Field(&'s str),
}

impl<'s> Step<'s> {
    fn read(step: &'s str) -> Self {
        if let Ok(position) = step.parse() {
            return Self::Position(position);
        }
        if let Some(query) = step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return match query.split_once('=') {
                Some((field, value)) => Self::Query(field, value),
                None => Self::Field(query),
            };
        }
        if step == "*" { Self::Every } else { Self::Field(step) }
    }
}

/// Where one step leads to.
enum At<'s> {
    Item(usize),
    Field(&'s str),
}

impl<'s> At<'s> {
    fn find(value: &Value, step: &'s str) -> Result<Option<Self>, PathError> {
        let list = || value.as_array().ok_or_else(|| kind(step, "a list", value));
        let found = match Step::read(step) {
            _ if value.is_null() => None,
            Step::Position(position) => (position < list()?.len()).then_some(position),
            Step::Every => return Err(PathError::Wildcard),
            Step::Query(field, wanted) => list()?.iter().position(|item| match field {
                "" => text_of(item) == wanted,
                field => item.get(field).is_some_and(|found| text_of(found) == wanted),
            }),
            Step::Field("-") => list()?.len().checked_sub(1),
            Step::Field(name) if name.parse::<i64>().is_ok() => {
                return Err(PathError::Negative(name.to_owned()));
            }
            Step::Field(name) => {
                let fields = value.as_object().ok_or_else(|| kind(step, "a mapping", value))?;
                return Ok(fields.contains_key(name).then_some(Self::Field(name)));
            }
        };
        Ok(found.map(Self::Item))
    }
}

fn steps(path: &[String]) -> impl Iterator<Item = &str> {
    path.iter().map(|step| step.trim()).filter(|step| !step.is_empty())
}

/// The one value that a path leads to.
pub(in crate::kustomize) fn lookup<'v>(
    value: &'v Value,
    path: &[String],
) -> Result<Option<&'v Value>, PathError> {
    let mut value = value;
    for step in steps(path) {
        let next = match At::find(value, step)? {
            Some(At::Item(position)) => value.get(position),
            Some(At::Field(name)) => value.get(name),
            None => None,
        };
        match next {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// The same, to change it; `None` too where the path is wrong.
pub(super) fn lookup_mut<'v>(value: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    steps(path).try_fold(value, |value, step| match At::find(value, step).ok()?? {
        At::Item(position) => value.get_mut(position),
        At::Field(name) => value.get_mut(name),
    })
}

/// What missing values are made as: the kind of the value that is to be set there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Create {
    No,
    Scalar,
    Map,
    List,
}

impl Create {
    fn new_value(self, next: Option<&String>) -> Value {
        match next.map(|next| Step::read(next)) {
            Some(Step::Position(_) | Step::Query(..)) => Value::Array(Vec::new()),
            Some(_) => Value::Object(Map::new()),
            None => match self {
                Self::Map => Value::Object(Map::new()),
                Self::List => Value::Array(Vec::new()),
                Self::No | Self::Scalar => Value::String(String::new()),
            },
        }
    }
}

/// A place that a path leads to: the value, and whether it was made for it.
pub(super) type Visitor<'f> = dyn FnMut(&mut Value, bool) -> Result<(), PathError> + 'f;

/// Calls `found` for all values that a path leads to; how many there were.
pub(super) fn visit(
    value: &mut Value,
    path: &[String],
    create: Create,
    new: bool,
    found: &mut Visitor<'_>,
) -> Result<usize, PathError> {
    let Some((step, rest)) = path.split_first() else {
        found(value, new)?;
        return Ok(1);
    };
    match Step::read(step) {
        Step::Position(position) => {
            let items = list(value, step)?;
            let made = items.len() == position && create != Create::No;
            if made {
                items.push(create.new_value(rest.first()));
            }
            let length = items.len();
            let item = items.get_mut(position).ok_or(PathError::Range { position, length })?;
            visit(item, rest, create, made, found)
        }
        Step::Every => {
            let mut count = 0;
            for item in list(value, step)? {
                count += visit(item, rest, create, false, found)?;
            }
            Ok(count)
        }
        Step::Query(field, wanted) => {
            query(list(value, step)?, (field, wanted), rest, create, found)
        }
        Step::Field(name) => {
            if value.is_null() && create == Create::No {
                return Ok(0);
            }
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            if !value.is_object() {
                return Err(kind(step, "a mapping", value));
            }
            let Some(fields) = value.as_object_mut() else { return Ok(0) };
            let made = !fields.contains_key(name);
            if made {
                if create == Create::No {
                    return Ok(0);
                }
                fields.insert(name.to_owned(), create.new_value(rest.first()));
            }
            let Some(field) = fields.get_mut(name) else { return Ok(0) };
            if !rest.is_empty() && !field.is_object() && !field.is_array() {
                return super::text::detached(field, rest, create);
            }
            visit(field, rest, create, made, found)
        }
    }
}

fn list<'v>(value: &'v mut Value, step: &str) -> Result<&'v mut Vec<Value>, PathError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(kind(step, "a list", other)),
    }
}

fn query(
    items: &mut Vec<Value>,
    (field, wanted): (&str, &str),
    rest: &[String],
    create: Create,
    found: &mut Visitor<'_>,
) -> Result<usize, PathError> {
    let expression = Regex::new(wanted).map_err(|_| PathError::Expression(wanted.to_owned()))?;
    let mut count = 0;
    for item in items.iter_mut() {
        if field.is_empty() {
            if expression.is_match(&text_of(item)) {
                found(item, false)?;
                count += 1;
            }
        } else if item.get(field).is_some_and(|value| expression.is_match(&text_of(value))) {
            count += visit(item, rest, create, false, found)?;
        }
    }
    if count > 0 || create == Create::No {
        return Ok(count);
    }
    if field.is_empty() {
        let mut item = Value::String(wanted.to_owned());
        found(&mut item, true)?;
        items.push(item);
        return Ok(1);
    }
    let mut item = Value::Object(Map::from_iter([(field.to_owned(), super::value::plain(wanted))]));
    let count = visit(&mut item, rest, create, false, found)?;
    items.push(item);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        let cases: [(&str, &[&str]); 7] = [
            ("a.b.c", &["a", "b", "c"]),
            ("a.[x=b.c].d", &["a", "[x=b.c]", "d"]),
            ("a.[b.c/d].e", &["a", "b.c/d", "e"]),
            ("a\\.b.c", &["a.b", "c"]),
            (".a.0", &["a", "0"]),
            ("a.*.b", &["a", "*", "b"]),
            ("a.[x=y]", &["a", "[x=y]"]),
        ];
        for (path, expected) in cases {
            assert_eq!(split(path), expected, "{path}");
        }
    }
}
