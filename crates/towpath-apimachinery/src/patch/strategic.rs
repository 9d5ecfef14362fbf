//! Strategic merge patch: a merge patch that knows how items of lists are told apart, with directives.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/util/strategicpatch/patch.go`, `pkg/util/mergepatch/errors.go`;
//! `kubernetes/apiserver:pkg/endpoints/handlers/patch.go` for which faults are whose.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use towpath_catalog::Strategy;

use super::fields;
use super::order::{Key, arrange, key_of, places};
use crate::fields::plain;
use crate::refusal::Refusal;
use crate::shape::Shape;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ORDER: &str = "$setElementOrder";

/// Why a strategic merge patch cannot be carried out. Boxed: refusals are large and rare.
pub(super) type Fault = Box<Refusal>;

/// What a strategic merge patch makes of an object of a built-in kind.
///
/// # Errors
///
/// A bad request for a custom resource, for what is no object and for directives of the wrong form; unprocessable for
/// lists of lists; an internal error, as the server has it, for items without their key and for unknown directives.
pub fn strategic(object: &Value, patch: &Value, shape: &Shape<'_>) -> Result<Value, Refusal> {
    let patch = fields(patch)?;
    if !matches!(shape, Shape::BuiltIn(_)) {
        return Err(Refusal::bad_request("strategic merge patch format is not supported"));
    }
    let object = object.as_object().cloned().unwrap_or_default();
    merge_map(object, patch, *shape).map(Value::Object).map_err(|fault| *fault)
}

fn malformed(of: &str) -> Fault {
    Box::new(Refusal::bad_request(format!("invalid patch format of {of}")))
}

fn internal(message: String) -> Fault {
    Box::new(Refusal::internal(message))
}

pub(super) fn no_merge_key(item: &Value, key: &str) -> Fault {
    internal(format!("map: {} does not contain declared merge key: {key}", plain(item)))
}

fn unknown_directive(directive: &Value, patch: &Map<String, Value>) -> Fault {
    let map = plain(&Value::Object(patch.clone()));
    internal(format!("unknown patch type: {} in map: {map}", plain(directive)))
}

fn no_list(found: &Value) -> Fault {
    let found = match found {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    internal(format!("expected a []interface {{}}, but received a {found}"))
}

fn merge_map(
    mut object: Map<String, Value>,
    patch: &Map<String, Value>,
    shape: Shape<'_>,
) -> Result<Map<String, Value>, Fault> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                let mut patch = patch.clone();
                patch.shift_remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Map::new()),
            _ => Err(unknown_directive(directive, patch)),
        };
    }
    if let Some(kept) = patch.get(RETAIN_KEYS) {
        retain(&mut object, patch, kept)?;
    }
    let mut ordered = BTreeSet::new();
    for (name, order) in patch {
        if name.starts_with(ORDER) {
            let field = directed(name, ORDER).ok_or_else(|| malformed("setElementOrder list"))?;
            merge_in_order(&mut object, patch, field, order, shape.field(field))?;
            ordered.insert(field);
        }
    }
    for (name, value) in patch {
        if name == RETAIN_KEYS || name.starts_with(ORDER) || ordered.contains(name.as_str()) {
            continue;
        }
        let is_deletion = name.starts_with(DELETE_FROM);
        let name = if is_deletion {
            directed(name, DELETE_FROM).ok_or_else(|| malformed("primitive list"))?
        } else {
            name
        };
        merge_field(&mut object, name, value, is_deletion, shape.field(name))?;
    }
    Ok(object)
}

/// The field that a directive is about.
fn directed<'a>(name: &'a str, directive: &str) -> Option<&'a str> {
    name.strip_prefix(directive)?.strip_prefix('/')
}

fn retain(
    object: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    kept: &Value,
) -> Result<(), Fault> {
    let Value::Array(kept) = kept else { return Err(malformed("retainKeys")) };
    let kept: BTreeSet<&str> = kept.iter().filter_map(Value::as_str).collect();
    let is_stray = |(name, value): (&String, &Value)| {
        !(value.is_null()
            || name == RETAIN_KEYS
            || name.starts_with(DELETE_FROM)
            || name.starts_with(ORDER)
            || kept.contains(name.as_str()))
    };
    if patch.iter().any(is_stray) {
        return Err(malformed("retainKeys"));
    }
    object.retain(|name, _| kept.contains(name.as_str()));
    Ok(())
}

fn merge_field(
    object: &mut Map<String, Value>,
    name: &str,
    value: &Value,
    is_deletion: bool,
    shape: Shape<'_>,
) -> Result<(), Fault> {
    if value.is_null() {
        object.shift_remove(name);
        return Ok(());
    }
    let Some(field) = object.get_mut(name) else {
        if !is_deletion && let Some(value) = tidy(value) {
            object.insert(name.to_owned(), value);
        }
        return Ok(());
    };
    match (&mut *field, value) {
        (Value::Object(fields), Value::Object(more)) => {
            *field = if shape.strategy() == Some(Strategy::Replace) {
                value.clone()
            } else {
                Value::Object(merge_map(std::mem::take(fields), more, shape)?)
            };
        }
        (Value::Array(items), Value::Array(more)) => {
            let items = std::mem::take(items);
            *field = Value::Array(if is_deletion || merges(shape) {
                merge_list(items, more, shape, is_deletion)?
            } else {
                more.clone()
            });
        }
        _ if is_deletion => {}
        _ => match tidy(value) {
            Some(value) => *field = value,
            None => {
                object.shift_remove(name);
            }
        },
    }
    Ok(())
}

fn merges(shape: Shape<'_>) -> bool {
    matches!(shape.strategy(), Some(Strategy::Merge | Strategy::MergeRetainKeys))
}

/// A value that is new, without nulls and directives; `None` if it is itself a directive.
fn tidy(value: &Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let is_own = |name: &str| {
                name != RETAIN_KEYS && !name.starts_with(ORDER) && !name.starts_with(DELETE_FROM)
            };
            let fields = fields.iter().filter(|(name, value)| !value.is_null() && is_own(name));
            Some(fields.filter_map(|(name, value)| Some((name.clone(), tidy(value)?))).collect())
        }
        Value::Array(items) => Some(items.iter().filter_map(tidy).collect()),
        value => Some(value.clone()),
    }
}

/// Merges a list whose order the patch gives.
fn merge_in_order(
    object: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    name: &str,
    order: &Value,
    shape: Shape<'_>,
) -> Result<(), Fault> {
    let Value::Array(order) = order else { return Err(no_list(order)) };
    let list = |value: Option<&Value>| match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items.clone())),
        Some(other) => Err(no_list(other)),
    };
    let before = list(object.get(name))?;
    let wanted = list(patch.get(name))?;
    let key = shape.merge_key();
    follows(wanted.as_deref().unwrap_or_default(), order, key)?;
    let merged = match (&before, wanted) {
        (None, None) => return Ok(()),
        (Some(before), None) => before.clone(),
        (None, Some(wanted)) => wanted.iter().filter_map(tidy).collect(),
        (Some(before), Some(wanted)) if merges(shape) => {
            merge_list(before.clone(), &wanted, shape, false)?
        }
        (Some(_), Some(wanted)) => wanted,
    };
    let arranged = arrange(merged, order, before.as_deref().unwrap_or_default(), key)?;
    object.insert(name.to_owned(), Value::Array(arranged));
    Ok(())
}

/// Whether the items of the patch come in the order that it gives.
fn follows(wanted: &[Value], order: &[Value], key: Option<&str>) -> Result<(), Fault> {
    if wanted.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut rest = order.iter();
    for item in wanted.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let own = Key(key_of(item, key)?);
        let mut is_found = false;
        for other in rest.by_ref() {
            is_found = Key(key_of(other, key)?) == own;
            if is_found {
                break;
            }
        }
        if !is_found {
            let shown = |items: &[Value]| plain(&Value::Array(items.to_vec()));
            return Err(internal(format!(
                "The order in patch list:\n{}\n doesn't match {ORDER} list:\n{}\n",
                shown(wanted),
                shown(order)
            )));
        }
    }
    Ok(())
}

/// Lists hold objects or scalars of one type.
fn are_objects(items: &[Value], more: &[Value]) -> Result<bool, Fault> {
    let kind = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(number) if number.is_f64() => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    };
    let mut all = items.iter().chain(more);
    let first = all.next();
    if matches!(first, Some(Value::Array(_))) {
        let mut refusal = Refusal::unprocessable();
        "lists of lists are not supported".clone_into(&mut refusal.message);
        return Err(Box::new(refusal));
    }
    let first = first.map_or(0, kind);
    if !all.all(|value| kind(value) == first) {
        let shown = |items: &[Value]| plain(&Value::Array(items.to_vec()));
        let (items, more) = (shown(items), shown(more));
        return Err(internal(format!("list element types are not identical: [{items} {more}]")));
    }
    Ok(first == 6)
}

fn merge_list(
    before: Vec<Value>,
    patch: &[Value],
    shape: Shape<'_>,
    is_deletion: bool,
) -> Result<Vec<Value>, Fault> {
    if before.is_empty() && patch.is_empty() {
        return Ok(before);
    }
    if are_objects(&before, patch)? {
        let Some(key) = shape.merge_key() else {
            let name = shape.item().built_in().and_then(|(schema, _)| schema.reference());
            let name = name.and_then(|name| name.rsplit('.').next()).unwrap_or_default();
            return Err(internal(format!("cannot merge lists without merge key for {name}")));
        };
        return merge_objects(before, patch, key, shape.item());
    }
    let of_patch: BTreeSet<Key<'_>> = patch.iter().map(Key).collect();
    if is_deletion {
        return Ok(before.into_iter().filter(|item| !of_patch.contains(&Key(item))).collect());
    }
    let mut seen = BTreeSet::new();
    let all = before.iter().chain(patch);
    let merged = all.filter(|item| seen.insert(Key(item))).cloned().collect();
    arrange(merged, patch, &before, None)
}

fn merge_objects(
    mut before: Vec<Value>,
    patch: &[Value],
    key: &str,
    shape: Shape<'_>,
) -> Result<Vec<Value>, Fault> {
    let mut plain_items = Vec::with_capacity(patch.len());
    let mut deleted = BTreeSet::new();
    let mut is_replaced = false;
    for item in patch {
        let Value::Object(fields) = item else { continue };
        match fields.get(DIRECTIVE) {
            None => plain_items.push(item.clone()),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    deleted.insert(Key(key_of(item, Some(key))?));
                }
                Some("replace") => is_replaced = true,
                Some("merge") => {
                    let message = "merging lists cannot yet be specified in the patch";
                    return Err(internal(message.to_owned()));
                }
                _ => return Err(unknown_directive(directive, fields)),
            },
        }
    }
    if is_replaced {
        return Ok(plain_items);
    }
    if !deleted.is_empty() {
        before.retain(|item| item.get(key).is_none_or(|value| !deleted.contains(&Key(value))));
    }
    // Items that are found are merged where they are, others come behind.
    let mut target: Vec<usize> = Vec::with_capacity(plain_items.len());
    let mut length = before.len();
    {
        let mut at = places(&before, Some(key))?;
        for item in &plain_items {
            let place = at.entry(Key(key_of(item, Some(key))?)).or_insert_with(|| {
                length += 1;
                length - 1
            });
            target.push(*place);
        }
    }
    let mut merged = before.clone();
    for (item, at) in plain_items.iter().zip(target) {
        match (merged.get_mut(at), item) {
            (Some(Value::Object(fields)), Value::Object(more)) => {
                let fields = std::mem::take(fields);
                merged[at] = Value::Object(merge_map(fields, more, shape)?);
            }
            _ => merged.extend(tidy(item)),
        }
    }
    arrange(merged, &plain_items, &before, Some(key))
}
