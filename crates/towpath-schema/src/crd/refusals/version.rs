//! What a version has besides its schema: warnings, subresources, columns, selectable fields.
//!
//! What is the same in all versions the server takes out of them before it looks: [`Shared`] says what that is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::read::{Fields, flag, get, items, object, properties, property, text};
use super::{Found, schema};

/// How many fields can be selected by.
const MAX_SELECTABLE: usize = 8;

const COLUMN_TYPES: &str = "boolean,date,integer,number,string";
const COLUMN_FORMATS: &str = "byte,date,date-time,double,float,int32,int64,password";

/// What all versions say alike.
pub(super) struct Shared {
    schema: bool,
    subresources: bool,
    columns: bool,
    selectable: bool,
}

impl Shared {
    pub(super) fn of(versions: &[&Fields]) -> Shared {
        let alike = |name: &str| {
            versions.windows(2).all(|pair| match pair {
                [one, other] => get(one, name) == get(other, name),
                _ => true,
            })
        };
        Shared {
            schema: alike("schema"),
            subresources: alike("subresources"),
            columns: alike("additionalPrinterColumns"),
            selectable: alike("selectableFields"),
        }
    }
}

/// The schema of a version.
pub(super) fn openapi(version: &Fields) -> Option<&Fields> {
    object(object(version, "schema")?, "openAPIV3Schema")
}

fn has_status(version: &Fields) -> bool {
    object(version, "subresources").is_some_and(|found| get(found, "status").is_some())
}

/// One version, without what all say alike.
pub(super) fn version(version: &Fields, shared: &Shared, at: &str, found: &mut Found) {
    warning(version, at, found);
    if let Some(schema) = openapi(version).filter(|_| !shared.schema) {
        schema::root(schema, has_status(version), &format!("{at}.schema"), found);
    }
    if !shared.subresources {
        subresources(version, &format!("{at}.subresources"), found);
    }
    if !shared.columns {
        columns(version, &format!("{at}.additionalPrinterColumns"), found);
    }
    if !shared.selectable && !items(version, "selectableFields").is_empty() {
        let here = format!("{at}.selectableFields");
        match openapi(version).filter(|_| !shared.schema) {
            Some(schema) => selectable(version, schema, &here, found),
            // The word "not" is the server's.
            None => found.invalid_text(
                &here,
                "",
                "may only be set when `version.schema.openAPIV3Schema` is not included",
            ),
        }
    }
}

/// What all versions say alike.
pub(super) fn shared(version: &Fields, shared: &Shared, found: &mut Found) {
    if let Some(schema) = openapi(version).filter(|_| shared.schema) {
        let has_status = shared.subresources && has_status(version);
        schema::root(schema, has_status, "spec.validation", found);
    }
    if shared.subresources {
        subresources(version, "spec.subresources", found);
    }
    if shared.columns {
        columns(version, "spec.additionalPrinterColumns", found);
    }
    if shared.selectable && !items(version, "selectableFields").is_empty() {
        let here = "spec.selectableFields";
        match openapi(version).filter(|_| shared.schema) {
            Some(schema) => selectable(version, schema, here, found),
            None => {
                found.invalid_text(here, "", "may only be set when validations.schema is included")
            }
        }
    }
}

/// A version as the server shows it: with the names of its own fields, and without what all versions say alike.
pub(super) fn shown(version: &Fields, shared: &Shared) -> Value {
    let unless = |shared: bool, name: &str| {
        get(version, name).filter(|_| !shared).cloned().unwrap_or(Value::Null)
    };
    json!({
        "Name": text(version, "name"),
        "Served": flag(version, "served"),
        "Storage": flag(version, "storage"),
        "Deprecated": flag(version, "deprecated"),
        "DeprecationWarning": unless(false, "deprecationWarning"),
        "Schema": unless(shared.schema, "schema"),
        "Subresources": unless(shared.subresources, "subresources"),
        "AdditionalPrinterColumns": unless(shared.columns, "additionalPrinterColumns"),
        "SelectableFields": unless(shared.selectable, "selectableFields"),
    })
}

fn warning(version: &Fields, at: &str, found: &mut Found) {
    let Some(warning) = get(version, "deprecationWarning").and_then(Value::as_str) else { return };
    let at = format!("{at}.deprecationWarning");
    if !flag(version, "deprecated") {
        found.invalid_text(&at, warning, "can only be set for deprecated versions");
        return;
    }
    if warning.len() > 256 {
        found.invalid_text(&at, warning, "must be <= 256 characters long");
    }
    if warning.is_empty() {
        found.invalid_text(&at, warning, "must not be an empty string");
    }
    // A space is the only blank that counts as printable.
    let odd = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
    if let Some((index, _)) = warning.char_indices().find(|(_, c)| odd(*c)) {
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {index}"
        );
        found.invalid_text(&at, warning, &why);
    }
}

fn subresources(version: &Fields, at: &str, found: &mut Found) {
    let Some(scale) = object(version, "subresources").and_then(|s| object(s, "scale")) else {
        return;
    };
    let mut path = |name: &str, below: &[&str], is_required: bool, why: &str| {
        let at = format!("{at}.scale.{name}");
        let path = text(scale, name);
        if path.is_empty() {
            if is_required {
                found.required(&at, "");
            }
        } else if simple_path(path, &at, found) && !below.iter().any(|one| path.starts_with(one)) {
            found.invalid_text(&at, path, why);
        }
    };
    path("specReplicasPath", &[".spec."], true, "should be a json path under .spec");
    path("statusReplicasPath", &[".status."], true, "should be a json path under .status");
    let why = "should be a json path under either .spec or .status";
    path("labelSelectorPath", &[".spec.", ".status."], false, why);
}

fn simple_path(path: &str, at: &str, found: &mut Found) -> bool {
    let is_simple = path.starts_with('.');
    if !is_simple {
        found.invalid_text(at, path, "must be a simple json path starting with .");
    }
    is_simple
}

fn columns(version: &Fields, at: &str, found: &mut Found) {
    for (index, column) in items(version, "additionalPrinterColumns").iter().enumerate() {
        let Some(column) = column.as_object() else { continue };
        let at = |name: &str| format!("{at}[{index}].{name}");
        if text(column, "name").is_empty() {
            found.required(&at("name"), "");
        }
        let is_listed = |value: &str, listed: &str| listed.split(',').any(|one| one == value);
        let kind = text(column, "type");
        let why = format!("must be one of {COLUMN_TYPES}");
        if kind.is_empty() {
            found.required(&at("type"), &why);
        } else if !is_listed(kind, COLUMN_TYPES) {
            found.invalid_text(&at("type"), kind, &why);
        }
        let format = text(column, "format");
        if !format.is_empty() && !is_listed(format, COLUMN_FORMATS) {
            let why = format!("must be one of {COLUMN_FORMATS}");
            found.invalid_text(&at("format"), format, &why);
        }
        match text(column, "jsonPath") {
            "" => found.required(&at("JSONPath"), ""),
            path => {
                simple_path(path, &at("JSONPath"), found);
            }
        }
    }
}

fn selectable(version: &Fields, schema: &Fields, at: &str, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (index, field) in items(version, "selectableFields").iter().enumerate() {
        let at = format!("{at}[{index}].jsonPath");
        let path = field.as_object().map(|field| text(field, "jsonPath")).unwrap_or_default();
        if path.is_empty() {
            found.required(&at, "");
            continue;
        }
        let (names, below) = match valid_path(path, schema, false) {
            Ok(found) => found,
            Err(why) => {
                found.invalid_text(&at, path, &format!("is an invalid path: {why}"));
                continue;
            }
        };
        if names.first().is_some_and(|name| name == "metadata") {
            found.invalid_text(&at, path, "must not point to fields in metadata");
        }
        if !matches!(text(below, "type"), "string" | "boolean" | "integer") {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                       formats are allowed.";
            found.invalid_text(&at, path, why);
        }
        if !seen.insert(names) {
            found.duplicate(&at, &Value::from(path));
        }
    }
    if seen.len() > MAX_SELECTABLE {
        found.too_many(at, seen.len(), MAX_SELECTABLE);
    }
}

/// The names of a path into a schema, and the schema there: `.spec.labels['a.b']`.
///
/// Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/cel/validation.go`, `ValidFieldPath`.
pub(super) fn valid_path<'a>(
    path: &str,
    schema: &'a Fields,
    may_have_brackets: bool,
) -> Result<(Vec<String>, &'a Fields), String> {
    const UNEXPECTED: &str = "unexpected end of JSON path";
    const NOWHERE: &str = "does not refer to a valid field";
    let mut names = Vec::new();
    let mut here = schema;
    let mut rest = path;
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[', ']']).unwrap_or(after.len());
            // A sign is a step of its own where a name should be.
            let end = if end == 0 { after.chars().next().map_or(0, char::len_utf8) } else { end };
            if end == 0 {
                return Err(UNEXPECTED.to_owned());
            }
            name = after[..end].to_owned();
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            if !may_have_brackets {
                return Err("array notation is not allowed".to_owned());
            }
            let Some(quoted) = after.strip_prefix('\'') else {
                let token = &after[..after.find(['.', '[', ']']).unwrap_or(after.len())];
                return Err(match after {
                    "" => UNEXPECTED.to_owned(),
                    _ => format!("expected single quoted string but got {token}"),
                });
            };
            let (unescaped, after) = quoted_name(quoted).ok_or_else(|| UNEXPECTED.to_owned())?;
            let Some(after) = after.strip_prefix(']') else {
                return Err(if after.is_empty() {
                    UNEXPECTED.to_owned()
                } else {
                    format!("expected ] but got {after}")
                });
            };
            name = unescaped;
            rest = after;
        } else {
            let token = &rest[..rest.find(['.', '[', ']']).unwrap_or(rest.len()).max(1)];
            return Err(format!("expected [ or . but got: {token}"));
        }
        here = if properties(here).next().is_some() {
            property(here, &name).ok_or_else(|| NOWHERE.to_owned())?
        } else {
            object(here, "additionalProperties").ok_or_else(|| NOWHERE.to_owned())?
        };
        names.push(name);
    }
    Ok((names, here))
}

/// What is between single quotes, and what follows.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut signs = text.char_indices();
    while let Some((index, c)) = signs.next() {
        match c {
            '\'' => return Some((name, &text[index + 1..])),
            '\\' => name.push(signs.next()?.1),
            c => name.push(c),
        }
    }
    None
}
