//! A field in objects of certain kinds, and the walk to it.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/filters/fieldspec`. A path does not say where lists are: a list
//! on the way is entered item by item.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::Identity;
use crate::kustomize::shape::{flag, text};
use crate::kustomize::shared::pointer;

/// A field in objects of certain kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    /// Empty for any group.
    pub(crate) group: Cow<'static, str>,
    /// Empty for any version.
    pub(crate) version: Cow<'static, str>,
    /// Empty for any kind.
    pub(crate) kind: Cow<'static, str>,
    /// Names with `/` between them, `\/` for a slash in a name, `[]` behind what must be a list.
    pub(crate) path: Cow<'static, str>,
    /// Whether what is missing on the way is made.
    pub(crate) create: bool,
}

/// What a walk makes at the end of a path that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// Nothing is made, whatever the field says.
    Nothing,
    /// A mapping.
    Mapping,
    /// A scalar.
    Scalar,
}

/// What changes a field: whether it did, or why it cannot.
pub(crate) type Setter<'s> = &'s mut dyn FnMut(&mut Value) -> Result<bool, String>;

impl FieldSpec {
    pub(crate) const fn fixed(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        path: &'static str,
        create: bool,
    ) -> Self {
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            kind: Cow::Borrowed(kind),
            path: Cow::Borrowed(path),
            create,
        }
    }

    /// One as a file has it.
    pub(crate) fn of(value: &Value) -> Self {
        Self {
            group: text(value, "group").into(),
            version: text(value, "version").into(),
            kind: text(value, "kind").into(),
            path: text(value, "path").into(),
            create: flag(value, "create"),
        }
    }

    /// A list of them.
    pub(crate) fn list(values: &[Value]) -> Vec<Self> {
        values.iter().map(Self::of).collect()
    }

    /// Whether it is for objects of that group, version and kind.
    pub(crate) fn selects(&self, id: &Identity) -> bool {
        selects((&self.group, &self.version, &self.kind), (&id.group, &id.version, &id.kind))
    }

    /// Calls `set` on each value that the path leads to.
    pub(crate) fn visit(
        &self,
        value: &mut Value,
        create: Create,
        set: Setter<'_>,
    ) -> Result<bool, String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let create = if self.create { create } else { Create::Nothing };
        walk(value, Some(path), create, set).map_err(|why| format!("field `{}`: {why}", self.path))
    }
}

impl FieldSpec {
    /// JSON pointers to the values that the path leads to, in the order in which [`Self::visit`] comes to them.
    pub(crate) fn places(&self, value: &Value) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let mut places = Vec::new();
        find(value, Some(path), String::new(), &mut places);
        places
    }
}

fn find(value: &Value, path: Option<&str>, at: String, places: &mut Vec<String>) {
    let Some(path) = path else {
        places.push(at);
        return;
    };
    match value {
        Value::Array(items) => {
            for (item, index) in items.iter().zip(0..) {
                find(item, Some(path), format!("{at}/{index}"), places);
            }
        }
        Value::Object(map) => {
            let (step, rest) = first_step(path);
            let name = step.strip_suffix("[]").unwrap_or(&step);
            if let Some(value) = map.get(name) {
                find(value, rest, pointer(&at, name), places);
            }
        }
        _ => {}
    }
}

/// Whether a group, version and kind are among those wanted; what is empty is wanted in any form.
pub(crate) fn selects(wanted: (&str, &str, &str), given: (&str, &str, &str)) -> bool {
    let fits = |wanted: &str, given: &str| wanted.is_empty() || wanted == given;
    fits(wanted.2, given.2) && fits(wanted.0, given.0) && fits(wanted.1, given.1)
}

/// Adds `spec` unless there is one for its field; two that disagree are an error.
pub(crate) fn merge(specs: &mut Vec<FieldSpec>, spec: &FieldSpec) -> Result<(), String> {
    let wanted = (&*spec.group, &*spec.version, &*spec.kind);
    let same = specs.iter().find(|known| {
        known.path == spec.path && selects(wanted, (&known.group, &known.version, &known.kind))
    });
    match same {
        None => specs.push(spec.clone()),
        Some(known) if known.create == spec.create => {}
        Some(_) => return Err(format!("`{}` is given with and without `create`", spec.path)),
    }
    Ok(())
}

/// The first name of a path, and the rest of it.
pub(crate) fn first_step(path: &str) -> (Cow<'_, str>, Option<&str>) {
    let Some(slash) = path.find('/') else { return (Cow::Borrowed(path), None) };
    if !path[..slash].ends_with('\\') {
        return (Cow::Borrowed(&path[..slash]), Some(&path[slash + 1..]));
    }
    let (next, rest) = first_step(&path[slash + 1..]);
    (Cow::Owned(format!("{}/{next}", &path[..slash - 1])), rest)
}

fn walk(
    value: &mut Value,
    path: Option<&str>,
    create: Create,
    set: Setter<'_>,
) -> Result<bool, String> {
    let Some(path) = path else { return set(value) };
    match value {
        Value::Null => Ok(false),
        Value::Array(items) => {
            let mut changed = false;
            for item in items {
                changed |= walk(item, Some(path), create, set)?;
            }
            Ok(changed)
        }
        Value::Object(map) => enter(map, path, create, set),
        _ => Err("a scalar stands where a list or mapping should".to_owned()),
    }
}

fn enter(
    map: &mut Map<String, Value>,
    path: &str,
    create: Create,
    set: Setter<'_>,
) -> Result<bool, String> {
    let (step, rest) = first_step(path);
    let (name, is_list) = step.strip_suffix("[]").map_or((&*step, false), |name| (name, true));
    if name.is_empty() {
        return Err("a name in the path is empty".to_owned());
    }
    let made = match (is_list, create, rest) {
        (true, ..) => Some(Value::Array(Vec::new())),
        (_, Create::Nothing, _) => None,
        (_, Create::Scalar, None) => Some(Value::String(String::new())),
        _ => Some(Value::Object(Map::new())),
    };
    match (map.get_mut(name), made) {
        (Some(found), made) => {
            if let (true, Some(made)) = (found.is_null(), made) {
                *found = made;
            }
            walk(found, rest, create, set)
        }
        (None, Some(made)) if !is_list => walk(map.entry(name).or_insert(made), rest, create, set),
        (None, _) => Ok(false),
    }
}

/// Puts a text into the field `key` of the mapping that a path leads to.
pub(crate) fn set_entry(value: &mut Value, key: &str, text: &str) -> Result<bool, String> {
    match value {
        Value::Object(map) => {
            if map.get(key).and_then(Value::as_str) == Some(text) {
                return Ok(false);
            }
            map.insert(key.to_owned(), Value::String(text.to_owned()));
            Ok(true)
        }
        Value::Null => Ok(false),
        _ => Err("it is no mapping".to_owned()),
    }
}

/// Puts a scalar where a path leads to.
pub(crate) fn set_scalar(value: &mut Value, scalar: Value) -> Result<bool, String> {
    match value {
        Value::Object(_) | Value::Array(_) => Err("it is no scalar".to_owned()),
        _ if *value == scalar => Ok(false),
        _ => {
            *value = scalar;
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(path: &str, create: bool) -> FieldSpec {
        FieldSpec { path: path.to_owned().into(), ..FieldSpec::fixed("", "", "", "", create) }
    }

    #[test]
    fn lists_are_entered_and_what_is_missing_is_made() {
        for (path, create, before, after) in [
            ("a/b", true, json!({}), json!({"a": {"b": "x"}})),
            ("a/b", false, json!({}), json!({})),
            ("a/b", false, json!({"a": [{"b": 1}, {}]}), json!({"a": [{"b": "x"}, {}]})),
            ("a/b", true, json!({"a": [{}]}), json!({"a": [{"b": "x"}]})),
            ("a[]/b", true, json!({}), json!({})),
            ("a[]/b", true, json!({"a": null}), json!({"a": []})),
            ("a/b", true, json!({"a": null}), json!({"a": {"b": "x"}})),
            ("a/b", false, json!({"a": null}), json!({"a": null})),
            (r"a/b\/c/d", true, json!({}), json!({"a": {"b/c": {"d": "x"}}})),
        ] {
            let mut value = before.clone();
            let set = &mut |value: &mut Value| set_scalar(value, json!("x"));
            spec(path, create).visit(&mut value, Create::Scalar, set).expect(path);
            assert_eq!(value, after, "{path} in {before}");
        }
        let error = spec("a/b", true)
            .visit(&mut json!({"a": 1}), Create::Scalar, &mut |_| Ok(false))
            .expect_err("a scalar is in the way");
        assert_eq!(error, "field `a/b`: a scalar stands where a list or mapping should");
    }
}
