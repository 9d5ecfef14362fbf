//! Objects made from the schemas themselves: decoding accepts them, and finds the one fault put in.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use towpath_catalog::{Catalog, Minor, SchemaRef, Type};
use towpath_schema::builtin::validate;
use towpath_schema::crd::schema::{Fault, MAX_VIOLATIONS, Violation};

/// What the decoder says; the rules of the kinds are not about types.
fn decoded(catalog: &Catalog, object: &Value) -> Vec<Violation> {
    let report = validate(catalog, object).expect("a kind that is built in");
    let is_decoder =
        |one: &Violation| matches!(one.fault, Fault::Type | Fault::Format | Fault::UnknownField);
    report.violations.into_iter().filter(is_decoder).collect()
}

/// Choices, of which there is an end: schemas contain themselves.
struct Bits {
    bits: Vec<u8>,
    taken: usize,
}

impl Bits {
    fn chance(&mut self, least: u8) -> bool {
        self.taken += 1;
        self.taken < 2000 && self.bits[self.taken % self.bits.len()] >= least
    }
}

/// A value that the schema accepts; what is chosen depends on the bits.
fn value(schema: SchemaRef<'_>, depth: usize, bits: &mut Bits) -> Value {
    match schema.types() {
        Type::Any => json!({"any": ["thing"]}),
        Type::Object if depth == 0 => json!({}),
        Type::Object => {
            let mut fields = Map::new();
            if let Some(entry) = schema.additional() {
                fields.insert("a.b/c".to_owned(), value(entry, depth - 1, bits));
            }
            for field in schema.fields() {
                if bits.chance(180) {
                    fields.insert(field.name.to_owned(), value(field.schema, depth - 1, bits));
                }
            }
            Value::Object(fields)
        }
        Type::Array if depth == 0 => json!([]),
        Type::Array => {
            let item = schema.items().expect("arrays have items");
            json!([value(item, depth - 1, bits)])
        }
        Type::String => match schema.format() {
            Some("byte") => json!("YQ=="),
            Some("date-time") => json!("2024-01-01T00:00:00Z"),
            _ if bits.chance(250) => Value::Null,
            _ => json!("text"),
        },
        Type::Integer => json!(7),
        Type::Number => json!(0.5),
        Type::Boolean => json!(bits.chance(128)),
        Type::IntOrString if bits.chance(128) => json!("50%"),
        Type::IntOrString => json!(50),
        Type::Quantity if bits.chance(128) => json!("1.5Gi"),
        Type::Quantity => json!(2),
        other => panic!("what is {other:?}?"),
    }
}

/// Every struct, list and scalar in a value, with the path as a decoder writes it.
fn places(
    schema: SchemaRef<'_>,
    value: &Value,
    path: &str,
    pointer: &str,
    found: &mut Vec<(String, String, Type, bool)>,
) {
    let is_struct = schema.types() == Type::Object && schema.additional().is_none();
    if schema.types() == Type::Any
        || value.is_null()
        || schema.additional().is_some_and(|one| one.types() == Type::Any)
    {
        return;
    }
    found.push((path.to_owned(), pointer.to_owned(), schema.types(), is_struct));
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = schema.field(name).map(|field| field.schema).or(schema.additional());
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let pointer = format!("{pointer}/{}", name.replace('/', "~1"));
                places(below.expect("a known field"), value, &path, &pointer, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let below = schema.items().expect("arrays have items");
                places(
                    below,
                    value,
                    &format!("{path}[{index}]"),
                    &format!("{pointer}/{index}"),
                    found,
                );
            }
        }
        _ => {}
    }
}

/// An object of a kind of a minor.
fn object<'c>(catalog: &'c Catalog, kind: Index, bits: Vec<u8>) -> (SchemaRef<'c>, Value) {
    // Lists are judged item by item, and their items say what they are.
    let is_object = |schema: SchemaRef<'_>| schema.field("kind").is_some();
    let kinds: Vec<_> = catalog
        .schemas()
        .filter(|(gvk, schema)| !gvk.kind.ends_with("List") && is_object(*schema))
        .collect();
    let (gvk, schema) = *kind.get(&kinds);
    let mut object = value(schema, 7, &mut Bits { bits, taken: 0 });
    let fields = object.as_object_mut().expect("kinds are objects");
    fields.insert("apiVersion".to_owned(), json!(gvk.api_version()));
    fields.insert("kind".to_owned(), json!(gvk.kind));
    (schema, object)
}

/// Loaded once: that takes longer than a case.
static CATALOGS: LazyLock<[Catalog; 3]> = LazyLock::new(|| {
    let minors = [Minor::OLDEST, Minor::new(28), Minor::NEWEST];
    minors.map(|minor| Catalog::load(minor).expect("a known minor"))
});

proptest! {
    #[test]
    fn what_the_schema_accepts_is_decoded(
        catalog in 0..3usize, kind: Index, bits in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        let catalog = &CATALOGS[catalog];
        let (_, object) = object(catalog, kind, bits);
        prop_assert_eq!(decoded(catalog, &object), []);
    }

    #[test]
    fn a_fault_is_found_where_it_is(
        catalog in 0..3usize, kind: Index, bits in prop::collection::vec(any::<u8>(), 1..300),
        place: Index, wrong: bool,
    ) {
        let catalog = &CATALOGS[catalog];
        let (schema, mut object) = object(catalog, kind, bits);
        let mut found = Vec::new();
        places(schema, &object, "", "", &mut found);
        // Which kind it is has to stay.
        found.retain(|(path, _, _, is_struct)| {
            !matches!(path.as_str(), "apiVersion" | "kind") && (wrong || *is_struct) && (!wrong || !path.is_empty())
        });
        prop_assume!(!found.is_empty());
        let (path, pointer, types, _) = place.get(&found);
        let here = object.pointer_mut(pointer).expect("the place was found there");
        if wrong {
            *here = if *types == Type::Boolean || *types == Type::Integer || *types == Type::Number { json!("x") } else { json!(true) };
        } else {
            here.as_object_mut().expect("a struct").insert("unheardOf".to_owned(), Value::Null);
        }
        let violations = decoded(catalog, &object);
        // There is an end to what is told, and an object of every field there is may come to it before the fault.
        let all = validate(catalog, &object).expect("a kind that is built in");
        if all.violations.len() >= MAX_VIOLATIONS && violations.is_empty() {
            return Ok(());
        }
        prop_assert_eq!(violations.len(), 1, "{:?}", violations);
        let expected = match (wrong, path.as_str()) {
            (true, path) => path.to_owned(),
            (false, "") => "unheardOf".to_owned(),
            (false, path) => format!("{path}.unheardOf"),
        };
        prop_assert_eq!(&violations[0].path, &expected);
        prop_assert_eq!(violations[0].fault == Fault::UnknownField, !wrong);
    }

    #[test]
    fn no_object_is_too_strange(text in "[a-z{}\\[\\]\":,0-9]{0,60}") {
        let [_, _, catalog] = &*CATALOGS;
        let spec: Value = serde_json::from_str(&text).unwrap_or(json!(text));
        for kind in ["v1 Pod", "apps/v1 Deployment", "v1 Service", "v1 List", "v1 PodList"] {
            let (api_version, kind) = kind.split_once(' ').expect("two words");
            let object = json!({"apiVersion": api_version, "kind": kind, "metadata": spec, "spec": spec, "items": spec});
            prop_assert!(validate(catalog, &object).is_some());
        }
    }
}
