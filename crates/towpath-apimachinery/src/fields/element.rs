//! One step of a path into an object, as `managedFields` write it: a field, an item by its keys, by its value, by its
//! place.
//!
//! Steps borrow from the objects and entries that they were found in. Source of the contract:
//! `kubernetes-sigs/structured-merge-diff:fieldpath/element.go`, `fieldpath/serialize-pe.go`, `value/value.go`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Deref;

use serde_json::{Number, Value};

use super::go;

/// One step of a path.
#[derive(Debug, Clone)]
pub enum Element<'a> {
    /// A field of an object, or an entry of a mapping.
    Field(&'a str),
    /// The item of a list that has these fields, in the order of their names.
    Key(Box<[(Cow<'a, str>, Held<'a>)]>),
    /// The item of a set.
    Value(Held<'a>),
    /// An item by its place.
    Index(i64),
}

/// A value that is somebody else's or our own.
#[derive(Debug, Clone)]
pub enum Held<'a> {
    /// Part of an object.
    Borrowed(&'a Value),
    /// Read from a text.
    Owned(Box<Value>),
}

/// Why a text is no step of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There has to be a letter and a colon.
    #[error("{0:?} does not begin with a kind and a colon")]
    Prefix(String),
    /// What comes after the colon is no JSON of the right kind, or no number.
    #[error("{0:?} has no readable value")]
    Value(String),
    /// A set of fields is a tree of objects.
    #[error("the fields below {0:?} are no object")]
    NoObject(String),
}

impl Deref for Held<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Held::Borrowed(value) => value,
            Held::Owned(value) => value,
        }
    }
}

impl<'a> Element<'a> {
    /// Reads `f:name`, `k:{"name":"x"}`, `v:"x"` or `i:0`; `None` for kinds that a newer server may have.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the text is none of them.
    pub fn parse(text: &'a str) -> Result<Option<Self>, Malformed> {
        let Some((kind, rest)) = text.split_at_checked(2).filter(|(kind, _)| kind.ends_with(':'))
        else {
            return Err(Malformed::Prefix(text.to_owned()));
        };
        let unreadable = || Malformed::Value(text.to_owned());
        Ok(Some(match kind {
            "f:" => Element::Field(rest),
            "v:" => {
                let value = serde_json::from_str(rest).map_err(|_| unreadable())?;
                Element::Value(Held::Owned(Box::new(value)))
            }
            "k:" => {
                let Ok(Value::Object(fields)) = serde_json::from_str(rest) else {
                    return Err(unreadable());
                };
                let fields = fields.into_iter();
                let mut keys: Vec<(Cow<'a, str>, Held<'a>)> = fields
                    .map(|(name, value)| (Cow::Owned(name), Held::Owned(Box::new(value))))
                    .collect();
                keys.sort_by(|a, b| a.0.cmp(&b.0));
                Element::Key(keys.into())
            }
            "i:" => Element::Index(rest.parse().map_err(|_| unreadable())?),
            _ => return Ok(None),
        }))
    }

    /// The text of it in `fieldsV1`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Element::Field(name) => {
                let mut text = String::with_capacity(name.len() + 2);
                text.push_str("f:");
                text.push_str(name);
                text
            }
            Element::Key(keys) => {
                let mut text = "k:{".to_owned();
                for (at, (name, value)) in keys.iter().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    text.push_str(&go::json(&Value::String(name.to_string())));
                    text.push(':');
                    text.push_str(&go::json(value));
                }
                text.push('}');
                text
            }
            Element::Value(value) => format!("v:{}", go::json(value)),
            Element::Index(at) => format!("i:{at}"),
        }
    }

    /// Adds the step to a path as messages show it: `.name`, `[name="x"]`, `[="x"]`, `[0]`.
    pub fn show(&self, path: &mut String) {
        match self {
            Element::Field(name) => {
                path.push('.');
                path.push_str(name);
            }
            Element::Key(keys) => {
                path.push('[');
                for (at, (name, value)) in keys.iter().enumerate() {
                    if at > 0 {
                        path.push(',');
                    }
                    path.push_str(name);
                    path.push('=');
                    path.push_str(&go::shown(value));
                }
                path.push(']');
            }
            Element::Value(value) => {
                path.push_str("[=");
                path.push_str(&go::shown(value));
                path.push(']');
            }
            Element::Index(at) => {
                path.push('[');
                path.push_str(&at.to_string());
                path.push(']');
            }
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Element::Field(_) => 0,
            Element::Key(_) => 1,
            Element::Value(_) => 2,
            Element::Index(_) => 3,
        }
    }
}

impl Ord for Element<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Element::Field(a), Element::Field(b)) => a.cmp(b),
            (Element::Key(a), Element::Key(b)) => {
                for (a, b) in a.iter().zip(b) {
                    let order = a.0.cmp(&b.0).then_with(|| order(&a.1, &b.1));
                    if order.is_ne() {
                        return order;
                    }
                }
                a.len().cmp(&b.len())
            }
            (Element::Value(a), Element::Value(b)) => order(a, b),
            (Element::Index(a), Element::Index(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for Element<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Element<'_> {}

/// A total order of values: numbers, texts, booleans, lists, objects, null.
pub(crate) fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => numbers(a, b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let first = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let mut left: Vec<_> = a.iter().collect();
            let mut right: Vec<_> = b.iter().collect();
            left.sort_by_key(|(name, _)| *name);
            right.sort_by_key(|(name, _)| *name);
            let first = left
                .iter()
                .zip(&right)
                .map(|(a, b)| a.0.cmp(b.0).then_with(|| order(a.1, b.1)))
                .find(|order| order.is_ne());
            first.unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// Exact, so that it is an order even where a whole number has no float.
fn numbers(a: &Number, b: &Number) -> Ordering {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => beside(a, b),
        (None, Some(b)) => beside(b, a).reverse(),
        (None, None) => {
            let (a, b) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
            a.total_cmp(&b)
        }
    }
}

fn whole(number: &Number) -> Option<i128> {
    /// Floats up to here are whole numbers of `i128`.
    const EXACT: f64 = 1e30;
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    if let Some(whole) = number.as_u64() {
        return Some(whole.into());
    }
    let float = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
    (float.fract() == 0.0 && float.abs() < EXACT).then_some(float as i128)
}

/// A whole number beside a float that is not whole, or too large to be told.
fn beside(whole: i128, float: &Number) -> Ordering {
    let float = float.as_f64().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, which is what is meant")]
    let below = float.floor() as i128;
    if whole <= below { Ordering::Less } else { Ordering::Greater }
}

/// Whether two values are the same, whatever the order of their fields and however their numbers are written.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b || numbers(a, b).is_eq(),
        (Value::Null, Value::Null) => true,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((name, value), (other_name, other))| {
                    // Both mostly have one order, and looking a field up costs more than comparing its name.
                    let other = if name == other_name { Some(other) } else { b.get(name) };
                    other.is_some_and(|other| same(value, other))
                })
        }
        _ => false,
    }
}
