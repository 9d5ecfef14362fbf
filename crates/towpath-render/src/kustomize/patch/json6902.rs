//! JSON patch: a list of operations on places of an object (RFC 6902).
//!
//! It does what kustomize's library does where that is not the standard: positions below zero count from the end of a
//! list, `replace` of a field that is missing adds it, an operation without a value sets null. Operations are read
//! without judging them; what is wrong in one is said when it is applied. Source of the contract:
//! `evanphx/json-patch:patch.go` (v4), `kubernetes-sigs/kustomize:api/filters/patchjson6902`.
//!
//! Where to go next: `target.rs` says which objects a patch is for.

use super::kind_of;
use crate::Value;

/// One operation, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation(serde_json::Map<String, Value>);

/// Why a text is no JSON patch.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is neither JSON nor YAML.
    #[error("not YAML")]
    Yaml(#[source] towpath_yaml::Error),
    /// It begins as JSON and is none.
    #[error("not JSON")]
    Json(#[source] serde_json::Error),
    /// It is something else than a list of operations.
    #[error("a JSON patch is a list of operations, this is {0}")]
    NoList(&'static str),
    /// One of its items is no operation.
    #[error("operation {index} is {found}, not a mapping")]
    NoOperation {
        /// Its place in the list, from 0.
        index: usize,
        /// What it is.
        found: &'static str,
    },
}

/// Why an operation cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operation {index} ({op} {path}): {fault}")]
pub struct PatchError {
    /// Its place in the patch, from 0.
    pub index: usize,
    /// What it does.
    pub op: String,
    /// Where.
    pub path: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such operation.
    #[error("unknown operation; there are add, remove, replace, move, copy and test")]
    Operation,
    /// A pointer is missing or is no text.
    #[error("it has no {0}")]
    NoPointer(&'static str),
    /// The pointer is the root of the object, or does not begin with `/`.
    #[error("'{0}' names no field: a pointer begins with '/'")]
    Root(String),
    /// What should hold the place is not there.
    #[error("the object has nothing at '{0}'")]
    MissingParent(String),
    /// There is no such field.
    #[error("there is no field '{0}'")]
    MissingKey(String),
    /// A position in a list is no number.
    #[error("'{0}' is no position in a list")]
    Position(String),
    /// A position is outside of the list.
    #[error("position {position} is outside of a list of {length}")]
    Range {
        /// The position.
        position: i64,
        /// How many items the list has.
        length: usize,
    },
    /// The value is not the expected one.
    #[error("the value differs: {found} instead of {expected}")]
    Test {
        /// What the object has, as JSON.
        found: String,
        /// What the patch expects, as JSON.
        expected: String,
    },
    /// The object would not be an object any more.
    #[error("the object would become {0}")]
    NoObject(&'static str),
}

/// Reads a patch: JSON where the text begins with `[`, else YAML, of which the first document counts.
///
/// # Errors
/// It is no list of operations. A text without any content is an empty patch.
pub fn parse(text: &str) -> Result<Vec<Operation>, ParseError> {
    if text.starts_with('[') {
        return from_value(serde_json::from_str(text).map_err(ParseError::Json)?);
    }
    let documents = towpath_yaml::parse(text.as_bytes()).map_err(ParseError::Yaml)?;
    from_value(documents.first().map_or(Value::Null, |document| document.root.to_json()))
}

/// Takes a value for a patch.
///
/// # Errors
/// It is no list of operations.
pub fn from_value(value: Value) -> Result<Vec<Operation>, ParseError> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        other => return Err(ParseError::NoList(kind_of(&other))),
    };
    let operation = |(index, item)| match item {
        Value::Object(fields) => Ok(Operation(fields)),
        other => Err(ParseError::NoOperation { index, found: kind_of(&other) }),
    };
    items.into_iter().enumerate().map(operation).collect()
}

/// Applies all operations in their order.
///
/// # Errors
/// One cannot be applied; `target` is then in a state that nobody should use.
pub fn apply(target: &mut Value, patch: &[Operation]) -> Result<(), PatchError> {
    for (index, operation) in patch.iter().enumerate() {
        operation.apply(target).map_err(|fault| PatchError {
            index,
            op: operation.text("op").unwrap_or("none").to_owned(),
            path: operation.text("path").unwrap_or_default().to_owned(),
            fault,
        })?;
    }
    if target.is_object() { Ok(()) } else { Err(root(target, patch.len())) }
}

fn root(target: &Value, operations: usize) -> PatchError {
    PatchError {
        index: operations.saturating_sub(1),
        op: "replace".to_owned(),
        path: String::new(),
        fault: Fault::NoObject(kind_of(target)),
    }
}

impl Operation {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn pointer(&self, key: &'static str) -> Result<&str, Fault> {
        self.text(key).ok_or(Fault::NoPointer(key))
    }

    fn value(&self) -> Value {
        self.0.get("value").cloned().unwrap_or_default()
    }

    fn apply(&self, target: &mut Value) -> Result<(), Fault> {
        let op = self.text("op").unwrap_or_default();
        match op {
            "add" => Spot::find(target, self.pointer("path")?)?.add(self.value()),
            "remove" => Spot::find(target, self.pointer("path")?)?.remove().map(drop),
            "replace" => match self.pointer("path")? {
                "" => {
                    *target = self.value();
                    Ok(())
                }
                path => Spot::find(target, path)?.replace(self.value()),
            },
            "move" => {
                let value = Spot::find(target, self.pointer("from")?)?.remove()?;
                Spot::find(target, self.pointer("path")?)?.add(value)
            }
            "copy" => {
                let value =
                    Spot::find(target, self.pointer("from")?)?.get()?.cloned().unwrap_or_default();
                Spot::find(target, self.pointer("path")?)?.add(value)
            }
            "test" => {
                let expected = self.value();
                let found = match self.pointer("path")? {
                    "" => target.clone(),
                    path => Spot::find(target, path)?.get()?.cloned().unwrap_or_default(),
                };
                if found == expected {
                    Ok(())
                } else {
                    Err(Fault::Test { found: found.to_string(), expected: expected.to_string() })
                }
            }
            _ => Err(Fault::Operation),
        }
    }
}

/// A place in an object: what holds it, and the last step.
struct Spot<'t> {
    holder: Holder<'t>,
    step: String,
}

enum Holder<'t> {
    Map(&'t mut serde_json::Map<String, Value>),
    List(&'t mut Vec<Value>),
}

impl<'t> Spot<'t> {
    fn find(target: &'t mut Value, pointer: &str) -> Result<Self, Fault> {
        let (Some(start), Some(end)) = (pointer.find('/'), pointer.rfind('/')) else {
            return Err(Fault::Root(pointer.to_owned()));
        };
        let missing = || Fault::MissingParent(pointer.to_owned());
        let mut holder = target;
        if start < end {
            for step in pointer[start + 1..end].split('/') {
                let step = decode(step);
                let next = match holder {
                    Value::Object(fields) => fields.get_mut(&step),
                    Value::Array(items) => {
                        let at =
                            position(&step, items.len(), items.len()).map_err(|_| missing())?;
                        items.get_mut(at)
                    }
                    _ => None,
                };
                holder = next.ok_or_else(missing)?;
            }
        }
        let holder = match holder {
            Value::Object(fields) => Holder::Map(fields),
            Value::Array(items) => Holder::List(items),
            _ => return Err(missing()),
        };
        Ok(Self { holder, step: decode(&pointer[end + 1..]) })
    }

    fn get(&self) -> Result<Option<&Value>, Fault> {
        match &self.holder {
            Holder::Map(fields) => Ok(fields.get(&self.step)),
            Holder::List(items) => Ok(items.get(position(&self.step, items.len(), items.len())?)),
        }
    }

    fn add(self, value: Value) -> Result<(), Fault> {
        match self.holder {
            Holder::Map(fields) => {
                fields.insert(self.step, value);
            }
            Holder::List(items) if self.step == "-" => items.push(value),
            Holder::List(items) => {
                let at = position(&self.step, items.len() + 1, items.len())?;
                items.insert(at, value);
            }
        }
        Ok(())
    }

    fn replace(self, value: Value) -> Result<(), Fault> {
        match self.holder {
            Holder::Map(fields) => {
                fields.insert(self.step, value);
            }
            Holder::List(items) => {
                let at = position(&self.step, items.len(), items.len())?;
                items[at] = value;
            }
        }
        Ok(())
    }

    fn remove(self) -> Result<Value, Fault> {
        match self.holder {
            Holder::Map(fields) => {
                fields.shift_remove(&self.step).ok_or(Fault::MissingKey(self.step))
            }
            Holder::List(items) => {
                let at = position(&self.step, items.len(), items.len())?;
                Ok(items.remove(at))
            }
        }
    }
}

/// A step of a pointer, without its escapes.
fn decode(step: &str) -> String {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~") } else { step.to_owned() }
}

/// A position below `places`; below zero it counts from there.
fn position(step: &str, places: usize, length: usize) -> Result<usize, Fault> {
    let position: i64 = step.parse().map_err(|_| Fault::Position(step.to_owned()))?;
    let count = i64::try_from(places).unwrap_or(i64::MAX);
    let at = if position < 0 { position + count } else { position };
    usize::try_from(at).ok().filter(|at| *at < places).ok_or(Fault::Range { position, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn patched(target: Value, patch: Value) -> Result<Value, Fault> {
        let mut target = target;
        let patch = from_value(patch).expect("a list of mappings");
        apply(&mut target, &patch).map(|()| target).map_err(|error| error.fault)
    }

    #[test]
    fn operations() {
        let start = || json!({"a": {"b": [1, 2, 3], "c/d": 1, "e~f": 2, "n": null}});
        let range = |position, length| Err(Fault::Range { position, length });
        let missing = |path: &str| Err(Fault::MissingParent(path.to_owned()));
        let with = |b: Value| Ok(json!({"a": {"b": b, "c/d": 1, "e~f": 2, "n": null}}));
        let cases = [
            (json!([{"op": "add", "path": "/a/b/-", "value": 4}]), with(json!([1, 2, 3, 4]))),
            (json!([{"op": "add", "path": "/a/b/3", "value": 4}]), with(json!([1, 2, 3, 4]))),
            (json!([{"op": "add", "path": "/a/b/0", "value": 4}]), with(json!([4, 1, 2, 3]))),
            (json!([{"op": "add", "path": "/a/b/-1", "value": 4}]), with(json!([1, 2, 3, 4]))),
            (json!([{"op": "add", "path": "/a/b/4", "value": 4}]), range(4, 3)),
            (
                json!([{"op": "add", "path": "/a/b/x", "value": 4}]),
                Err(Fault::Position("x".to_owned())),
            ),
            (json!([{"op": "add", "path": "/x/y", "value": 4}]), missing("/x/y")),
            (json!([{"op": "add", "path": "/a/n/y", "value": 4}]), missing("/a/n/y")),
            (json!([{"op": "add", "path": "a", "value": 4}]), Err(Fault::Root("a".to_owned()))),
            (json!([{"op": "remove", "path": "/a/b/-1"}]), with(json!([1, 2]))),
            (json!([{"op": "remove", "path": "/a/b/3"}]), range(3, 3)),
            (json!([{"op": "remove", "path": "/a/x"}]), Err(Fault::MissingKey("x".to_owned()))),
            (json!([{"op": "replace", "path": "/a/b", "value": []}]), with(json!([]))),
            (json!([{"op": "replace", "path": "/a/b/1", "value": 9}]), with(json!([1, 9, 3]))),
            (json!([{"op": "replace", "path": "/a/b/3", "value": 9}]), range(3, 3)),
            (json!([{"op": "move", "from": "/a/b/0", "path": "/a/b/2"}]), with(json!([2, 3, 1]))),
            (
                json!([{"op": "copy", "from": "/a/b/0", "path": "/a/b/-"}]),
                with(json!([1, 2, 3, 1])),
            ),
            (json!([{"op": "test", "path": "/a/c~1d", "value": 1}]), Ok(start())),
            (json!([{"op": "test", "path": "/a/e~0f", "value": 2}]), Ok(start())),
            (json!([{"op": "test", "path": "/a/none", "value": null}]), Ok(start())),
            (
                json!([{"op": "test", "path": "/a/c~1d", "value": "1"}]),
                Err(Fault::Test { found: "1".to_owned(), expected: "\"1\"".to_owned() }),
            ),
            (json!([{"op": "frob", "path": "/a"}]), Err(Fault::Operation)),
            (json!([{"op": "add", "value": 1}]), Err(Fault::NoPointer("path"))),
            (json!([{"op": "replace", "path": "", "value": [1]}]), Err(Fault::NoObject("a list"))),
        ];
        for (patch, expected) in cases {
            assert_eq!(patched(start(), patch.clone()), expected, "{patch}");
        }
        let added = patched(start(), json!([{"op": "replace", "path": "/a/new", "value": 1}]));
        assert_eq!(added.map(|value| value["a"]["new"].clone()), Ok(json!(1)));
    }

    #[test]
    fn both_notations() {
        let json = parse(r#"[{"op": "remove", "path": "/a"}]"#).expect("JSON");
        assert_eq!(parse("- op: remove\n  path: /a\n").ok(), Some(json));
        assert_eq!(parse("").ok(), Some(Vec::new()));
        assert!(matches!(parse("a: b"), Err(ParseError::NoList("a mapping"))));
        assert!(matches!(parse("- a"), Err(ParseError::NoOperation { index: 0, .. })));
        assert!(matches!(parse("[a]"), Err(ParseError::Json(_))));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-c/~]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[a-c/~]{1,2}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// Operations that make `from` into `to`, both mappings.
    fn diff(path: &str, from: &Value, to: &Value, out: &mut Vec<Value>) {
        match (from, to) {
            (Value::Object(from), Value::Object(to)) => {
                let at =
                    |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                for key in from.keys().filter(|key| !to.contains_key(*key)) {
                    out.push(json!({"op": "remove", "path": at(key)}));
                }
                for (key, value) in to {
                    match from.get(key) {
                        Some(old) => diff(&at(key), old, value, out),
                        None => out.push(json!({"op": "add", "path": at(key), "value": value})),
                    }
                }
            }
            _ if from == to => {}
            _ => out.push(json!({"op": "replace", "path": path, "value": to})),
        }
    }

    proptest! {
        #[test]
        fn a_difference_leads_to_the_other(from in value(), to in value()) {
            let (from, to) = (json!({"root": from}), json!({"root": to}));
            let mut patch = Vec::new();
            diff("", &from, &to, &mut patch);
            prop_assert_eq!(patched(from, Value::Array(patch)), Ok(to));
        }
    }
}
