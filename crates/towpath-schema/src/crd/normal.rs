//! The normal form of schemas: two schemas that mean the same are equal in it.
//!
//! Keywords that say nothing (`nullable: false`, `required: []`, `null`) are left out, and the type of
//! every known keyword is checked here once, so that a reader behind it never has to choose between
//! ignoring a wrong type and failing. Keywords that are not known are kept as they are.
//!
//! Next: `walk.rs` compares two of them, `schema.rs` makes a validator of one.

use serde_json::{Map, Value};

use super::definition::{DefinitionError, MAX_ALTERNATIVES, shape};
use super::path;

/// What a keyword must hold.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    Count,
    Flag,
    Texts,
    Anything,
    List,
    Schema,
    SchemaOrFlag,
    Schemas,
    Fields,
    Rules,
}

/// The keywords that are checked; `docs` of `JSONSchemaProps` has them all.
const KEYWORDS: &[(&str, Holds)] = &[
    ("type", Holds::Text),
    ("format", Holds::Text),
    ("title", Holds::Text),
    ("description", Holds::Text),
    ("pattern", Holds::Text),
    ("default", Holds::Anything),
    ("example", Holds::Anything),
    ("enum", Holds::List),
    ("maximum", Holds::Number),
    ("minimum", Holds::Number),
    ("multipleOf", Holds::Number),
    ("exclusiveMaximum", Holds::Flag),
    ("exclusiveMinimum", Holds::Flag),
    ("maxLength", Holds::Count),
    ("minLength", Holds::Count),
    ("maxItems", Holds::Count),
    ("minItems", Holds::Count),
    ("maxProperties", Holds::Count),
    ("minProperties", Holds::Count),
    ("uniqueItems", Holds::Flag),
    ("nullable", Holds::Flag),
    ("required", Holds::Texts),
    ("properties", Holds::Fields),
    ("items", Holds::Schema),
    ("additionalProperties", Holds::SchemaOrFlag),
    ("allOf", Holds::Schemas),
    ("anyOf", Holds::Schemas),
    ("oneOf", Holds::Schemas),
    ("not", Holds::Schema),
    ("x-kubernetes-preserve-unknown-fields", Holds::Flag),
    ("x-kubernetes-embedded-resource", Holds::Flag),
    ("x-kubernetes-int-or-string", Holds::Flag),
    ("x-kubernetes-list-type", Holds::Text),
    ("x-kubernetes-list-map-keys", Holds::Texts),
    ("x-kubernetes-map-type", Holds::Text),
    ("x-kubernetes-validations", Holds::Rules),
];

/// The normal form of a schema that stands at `at`. The depth of `value` has been bounded.
pub(super) fn schema(value: &Value, at: &str) -> Result<Map<String, Value>, DefinitionError> {
    let fields = value.as_object().ok_or_else(|| shape(at, "a schema, which is an object"))?;
    let mut normal = Map::new();
    for (keyword, value) in fields {
        if value.is_null() {
            continue;
        }
        let holds = KEYWORDS.iter().find(|(known, _)| known == keyword).map(|(_, holds)| *holds);
        let value = match holds {
            Some(holds) => keyword_value(keyword, value, holds, at)?,
            None => Some(value.clone()),
        };
        normal.extend(value.map(|value| (keyword.clone(), value)));
    }
    drop_redundant_alternatives(&mut normal);
    Ok(normal)
}

/// The value of a keyword in normal form; [`None`] where it says nothing.
fn keyword_value(
    keyword: &str,
    value: &Value,
    holds: Holds,
    at: &str,
) -> Result<Option<Value>, DefinitionError> {
    let wrong = |expected| shape(&format!("{keyword} of {at}"), expected);
    if matches!(holds, Holds::Schemas | Holds::Rules)
        && value.as_array().is_some_and(|items| items.len() > MAX_ALTERNATIVES)
    {
        return Err(DefinitionError::TooManyAlternatives { path: format!("{keyword} of {at}") });
    }
    let kept = match holds {
        Holds::Anything => return Ok(Some(value.clone())),
        Holds::Text => !value.as_str().ok_or_else(|| wrong("a string"))?.is_empty(),
        Holds::Number => value.is_number().then_some(true).ok_or_else(|| wrong("a number"))?,
        Holds::Count => {
            // Written as 5.0 by some generators, and read as 5.
            let whole = value.as_i64().or_else(|| value.as_f64().map(|n| n as i64));
            return whole.map(|n| Some(Value::from(n))).ok_or_else(|| wrong("a whole number"));
        }
        Holds::Flag => value.as_bool().ok_or_else(|| wrong("true or false"))?,
        Holds::List => !value.as_array().ok_or_else(|| wrong("a list"))?.is_empty(),
        Holds::Texts => {
            let items = value.as_array().ok_or_else(|| wrong("a list of strings"))?;
            if !items.iter().all(Value::is_string) {
                return Err(wrong("a list of strings"));
            }
            !items.is_empty()
        }
        Holds::Rules => {
            let items = value.as_array().ok_or_else(|| wrong("a list of rules"))?;
            if !items.iter().all(|item| item.get("rule").is_some_and(Value::is_string)) {
                return Err(wrong("a list of objects with `rule`"));
            }
            !items.is_empty()
        }
        Holds::SchemaOrFlag if value.is_boolean() => true,
        Holds::Schema | Holds::SchemaOrFlag => {
            if keyword == "items" && value.is_array() {
                return Err(wrong("one schema for all items"));
            }
            let inner = match keyword {
                "items" => path::item(at),
                "additionalProperties" => path::entry(at),
                _ => at.to_owned(),
            };
            return Ok(Some(Value::Object(schema(value, &inner)?)));
        }
        Holds::Schemas => {
            let items = value.as_array().ok_or_else(|| wrong("a list of schemas"))?;
            let items: Result<Vec<Value>, DefinitionError> =
                items.iter().map(|item| Ok(Value::Object(schema(item, at)?))).collect();
            return Ok(
                Some(Value::Array(items?)).filter(|items| *items != Value::Array(Vec::new()))
            );
        }
        Holds::Fields => {
            let fields = value.as_object().ok_or_else(|| wrong("an object of schemas"))?;
            let mut normal = Map::new();
            for (name, field) in fields {
                let field = schema(field, &path::field(at, name))?;
                normal.insert(name.clone(), Value::Object(field));
            }
            return Ok(Some(Value::Object(normal)).filter(|_| !fields.is_empty()));
        }
    };
    Ok(kept.then(|| value.clone()))
}

/// `anyOf` integer or string beside `x-kubernetes-int-or-string` is how generators spell the same
/// thing for other readers; it constrains nothing.
fn drop_redundant_alternatives(schema: &mut Map<String, Value>) {
    if schema.get("x-kubernetes-int-or-string") != Some(&Value::Bool(true)) {
        return;
    }
    let alternatives = schema.get("anyOf").and_then(Value::as_array);
    let types: Option<Vec<&str>> = alternatives.map(|alternatives| {
        let only_type =
            |alternative: &'_ Value| alternative.as_object().is_some_and(|a| a.len() == 1);
        let named = alternatives.iter().filter(|alternative| only_type(alternative));
        named.filter_map(|alternative| alternative.get("type")?.as_str()).collect()
    });
    if matches!(types.as_deref(), Some(["integer", "string"] | ["string", "integer"])) {
        schema.shift_remove("anyOf");
    }
}
