//! Operators and functions that the library answers otherwise than the API server, or not at all. `vet.rs` puts them
//! in the place of the library's.
//!
//! Source of the contract: `google/cel-spec:doc/langdef.md`, `google/cel-go:common/types`.

use std::sync::Arc;

use kube_cel::cel::extractors::This;
use kube_cel::cel::functions::time;
use kube_cel::cel::objects::{Key, Map, Opaque, OptionalValue, Value};
use kube_cel::cel::{Context, ExecutionError, FunctionContext};

pub(super) const EQUAL: &str = "@equal";
pub(super) const DIFFER: &str = "@differ";
pub(super) const WITHIN: &str = "@within";
pub(super) const NEGATE: &str = "@negate";
pub(super) const SELECT: &str = "@select";
pub(super) const FIELD: &str = "@field";
pub(super) const KEYS: &str = "@keys";
pub(super) const ITEMS: &str = "@items";

/// The types that `type` can give, with the names that expressions have for them.
pub(super) const TYPES: [&str; 9] =
    ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type"];

/// A type as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TypeName(&'static str);

impl Opaque for TypeName {
    fn runtime_type_name(&self) -> &str {
        "type"
    }
}

fn type_name(name: &'static str) -> Value {
    Value::Opaque(Arc::new(TypeName(name)))
}

/// The type of a value. An object has one whose name nobody knows, and is a map here.
fn type_of(context: &FunctionContext<'_, '_>, value: Value) -> Result<Value, ExecutionError> {
    Ok(type_name(match value {
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "list",
        Value::Null => "null_type",
        _ => return Err(context.error("a type without a name")),
    }))
}

/// Numbers are equal by what they are worth, whatever their types; the library compares them so in values only.
fn equal(left: Value, right: Value) -> bool {
    left == right
}

fn differ(left: Value, right: Value) -> bool {
    left != right
}

fn key(value: &Value) -> Option<Key> {
    Some(match value {
        Value::Int(key) => Key::Int(*key),
        Value::Bool(key) => Key::Bool(*key),
        Value::String(key) => Key::String(key.clone()),
        Value::Float(key) if key.fract() == 0.0 && key.abs() < 9e15 => Key::Int(*key as i64),
        _ => return None,
    })
}

fn entry<'m>(map: &'m Map, value: &Value) -> Option<&'m Value> {
    map.map.get(&key(value)?)
}

fn within(
    context: &FunctionContext<'_, '_>,
    item: Value,
    all: Value,
) -> Result<bool, ExecutionError> {
    match all {
        Value::List(items) => Ok(items.contains(&item)),
        Value::Map(map) => Ok(entry(&map, &item).is_some()),
        _ => Err(context.error("neither a list nor a map")),
    }
}

/// The library's panics for the least number.
fn negate(context: &FunctionContext<'_, '_>, value: Value) -> Result<Value, ExecutionError> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(|| {
            ExecutionError::Overflow("minus", Value::Int(number), Value::Int(number))
        }),
        Value::Float(number) => Ok(Value::Float(-number)),
        _ => Err(context.error("no number")),
    }
}

/// A field or an item that may not be there, of a value that may not be there either.
fn select(
    context: &FunctionContext<'_, '_>,
    value: Value,
    name: Value,
) -> Result<Value, ExecutionError> {
    let value = match &value {
        Value::Opaque(opaque) => match opaque.downcast_ref::<OptionalValue>() {
            Some(optional) => match optional.value() {
                Some(value) => value.clone(),
                None => return Ok(optional_of(None)),
            },
            None => return Err(context.error("nothing to select from")),
        },
        _ => value,
    };
    match (&value, &name) {
        (Value::Map(map), name) => Ok(optional_of(entry(map, name).cloned())),
        (Value::List(items), Value::Int(index)) => {
            let index = usize::try_from(*index).ok();
            Ok(optional_of(index.and_then(|index| items.get(index)).cloned()))
        }
        _ => Err(context.error("nothing to select from")),
    }
}

/// A field that has to be there.
fn field(value: Value, name: Arc<String>) -> Result<Value, ExecutionError> {
    let found = match &value {
        Value::Map(map) => map.map.get(&Key::String(Arc::clone(&name))).cloned(),
        _ => None,
    };
    found.ok_or(ExecutionError::NoSuchKey(name))
}

fn optional_of(value: Option<Value>) -> Value {
    Value::Opaque(Arc::new(value.map_or_else(OptionalValue::none, OptionalValue::of)))
}

/// What an optional value holds, as a list.
fn items(context: &FunctionContext<'_, '_>, value: Value) -> Result<Value, ExecutionError> {
    let optional = match &value {
        Value::Opaque(opaque) => opaque.downcast_ref::<OptionalValue>(),
        _ => None,
    };
    let optional = optional.ok_or_else(|| context.error("no optional value"))?;
    Ok(Value::List(Arc::new(optional.value().cloned().into_iter().collect())))
}

/// The indexes of a list, the keys of a map.
fn keys(context: &FunctionContext<'_, '_>, all: Value) -> Result<Value, ExecutionError> {
    let keys: Vec<Value> = match all {
        Value::List(items) => (0..items.len() as i64).map(Value::Int).collect(),
        Value::Map(map) => map.map.keys().cloned().map(of_key).collect(),
        _ => return Err(context.error("neither a list nor a map")),
    };
    Ok(Value::List(Arc::new(keys)))
}

fn of_key(key: Key) -> Value {
    match key {
        Key::Int(key) => Value::Int(key),
        Key::Uint(key) => Value::UInt(key),
        Key::Bool(key) => Value::Bool(key),
        Key::String(key) => Value::String(key),
    }
}

/// The library's sum of numbers overflows.
fn sum(
    context: &FunctionContext<'_, '_>,
    This(this): This<Arc<Vec<Value>>>,
) -> Result<Value, ExecutionError> {
    let mut sum = Value::Int(0);
    for (index, item) in this.iter().enumerate() {
        sum = match (&sum, item) {
            (_, Value::Int(_) | Value::Float(_)) if index == 0 => item.clone(),
            (Value::Int(sum), Value::Int(item)) => {
                let more = sum.checked_add(*item);
                Value::Int(more.ok_or_else(|| {
                    ExecutionError::Overflow("add", Value::Int(*sum), Value::Int(*item))
                })?)
            }
            (Value::Float(sum), Value::Float(item)) => Value::Float(sum + item),
            _ => return Err(context.error("no numbers")),
        };
    }
    Ok(sum)
}

/// Durations in whole units. The library has fewer bits for them.
macro_rules! units {
    ($($name:ident, $of_duration:ident;)*) => {
        $(fn $name(This(this): This<Value>) -> Result<Value, ExecutionError> {
            match &this {
                Value::Duration(duration) => Ok(Value::Int(duration.$of_duration())),
                _ => time::$name(This(this)),
            }
        })*
    };
}

units! {
    get_hours, num_hours;
    get_minutes, num_minutes;
    get_seconds, num_seconds;
    get_milliseconds, num_milliseconds;
}

/// Adds the functions.
pub(super) fn register(context: &mut Context<'_>) {
    context.add_function(EQUAL, equal);
    context.add_function(DIFFER, differ);
    context.add_function(WITHIN, within);
    context.add_function(NEGATE, negate);
    context.add_function(SELECT, select);
    context.add_function(FIELD, field);
    context.add_function(KEYS, keys);
    context.add_function(ITEMS, items);
    context.add_function("type", type_of);
    context.add_function("sum", sum);
    context.add_function("getHours", get_hours);
    context.add_function("getMinutes", get_minutes);
    context.add_function("getSeconds", get_seconds);
    context.add_function("getMilliseconds", get_milliseconds);
    for name in TYPES {
        context.add_variable_from_value(name, type_name(name));
    }
}
