//! The fields that a mapping may have: what Go's decoder accepts of it, as one canonical value.
//!
//! Names match without regard to case and come out as declared; null is as if the field were not there.
//! It knows nothing of files: an [`Misfit`] says where in the value, the caller where in the file.

use serde_json::{Map, Value};

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Int,
    /// A mapping of strings to strings.
    Texts,
    /// A list.
    List(&'static Shape),
    /// A mapping with these fields.
    Record(&'static [(&'static str, Shape)]),
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Keys as written and positions that lead there.
    pub(crate) path: Vec<String>,
    /// What was expected; `None` when the field is unknown.
    pub(crate) expected: Option<&'static str>,
}

/// What to do with a field that the shape does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Refuse,
    Ignore,
}

impl Misfit {
    /// `patches[2].target.kind`.
    pub(crate) fn field(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                out.extend(["[", step, "]"]);
            } else {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(step);
            }
        }
        out
    }
}

/// `value` as the shape has it: fields under their declared names, without nulls.
///
/// # Errors
/// The first thing that does not fit.
pub(crate) fn fit(value: &Value, shape: &Shape, unknown: Unknown) -> Result<Value, Misfit> {
    let wrong = |expected| Err(Misfit { path: Vec::new(), expected: Some(expected) });
    match (shape, value) {
        (Shape::Any, _) | (_, Value::Null) => Ok(value.clone()),
        (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => Ok(value.clone()),
        (Shape::Int, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Shape::Texts, Value::Object(map)) => texts(map),
        (Shape::List(item), Value::Array(items)) => {
            let fitted = items
                .iter()
                .enumerate()
                .map(|(at, value)| fit(value, item, unknown).map_err(|e| e.below(at.to_string())));
            fitted.collect::<Result<_, _>>().map(Value::Array)
        }
        (Shape::Record(fields), Value::Object(map)) => record(map, fields, unknown),
        (Shape::Text, _) => wrong("text"),
        (Shape::Flag, _) => wrong("true or false"),
        (Shape::Int, _) => wrong("a whole number"),
        (Shape::Texts, _) => wrong("a mapping of text to text"),
        (Shape::List(_), _) => wrong("a list"),
        (Shape::Record(_), _) => wrong("a mapping"),
    }
}

fn texts(map: &Map<String, Value>) -> Result<Value, Misfit> {
    let mut out = Map::with_capacity(map.len());
    for (key, value) in map {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            _ => return Err(Misfit { path: vec![key.clone()], expected: Some("text") }),
        };
        out.insert(key.clone(), Value::String(text));
    }
    Ok(Value::Object(out))
}

fn record(
    map: &Map<String, Value>,
    fields: &[(&'static str, Shape)],
    unknown: Unknown,
) -> Result<Value, Misfit> {
    let mut out = Map::with_capacity(map.len());
    for (key, value) in map {
        let Some((name, shape)) = named(fields, key) else {
            if unknown == Unknown::Refuse {
                return Err(Misfit { path: vec![key.clone()], expected: None });
            }
            continue;
        };
        if !value.is_null() {
            let fitted = fit(value, shape, unknown).map_err(|misfit| misfit.below(key.clone()))?;
            out.insert((*name).to_owned(), fitted);
        }
    }
    Ok(Value::Object(out))
}

/// The field of that name; one of the same case is preferred.
fn named<'f, T>(fields: &'f [(&'static str, T)], key: &str) -> Option<&'f (&'static str, T)> {
    fields
        .iter()
        .find(|(name, _)| *name == key)
        .or_else(|| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)))
}

impl Misfit {
    fn below(mut self, step: String) -> Self {
        self.path.insert(0, step);
        self
    }
}

/// The text of `key`; empty where it is not there.
pub(crate) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether `key` is true.
pub(crate) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The items of `key`; none where it is not there.
pub(crate) fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a mapping of texts, sorted by key.
pub(crate) fn pairs(value: &Value, key: &str) -> Vec<(String, String)> {
    let map = value.get(key).and_then(Value::as_object);
    let mut pairs: Vec<_> = map
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    pairs.sort();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SHAPE: Shape = Shape::Record(&[
        ("names", Shape::List(&Shape::Text)),
        ("inner", Shape::Record(&[("count", Shape::Int), ("pairs", Shape::Texts)])),
    ]);

    #[test]
    fn names_are_found_in_any_case_and_null_is_nothing() {
        let value = json!({"Names": ["a"], "INNER": {"count": null, "Pairs": {"k": null}}});
        let fitted = fit(&value, &SHAPE, Unknown::Refuse);
        assert_eq!(fitted, Ok(json!({"names": ["a"], "inner": {"pairs": {"k": ""}}})));
    }

    #[test]
    fn a_misfit_says_where() {
        for (value, field, expected) in [
            (json!({"names": ["a", 1]}), "names[1]", Some("text")),
            (json!({"inner": {"count": "1"}}), "inner.count", Some("a whole number")),
            (json!({"inner": {"other": 1}}), "inner.other", None),
            (json!({"inner": {"pairs": {"k": true}}}), "inner.pairs.k", Some("text")),
        ] {
            let misfit = fit(&value, &SHAPE, Unknown::Refuse).expect_err("must not fit");
            assert_eq!((misfit.field().as_str(), misfit.expected), (field, expected));
        }
    }
}
