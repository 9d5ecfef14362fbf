//! Properties over generated schemas and objects.

use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_schema::crd::schema::{Report, Schema};
use towpath_schema::crd::{Effect, broken, compare};

use crate::{of_field, of_spec, parse, widget};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_i64..20, 0_i64..20).prop_map(|(a, b)| {
            json!({"type": "integer", "minimum": a.min(b), "maximum": a.max(b)})
        }),
        (0_i64..3, 3_i64..9)
            .prop_map(|(a, b)| { json!({"type": "string", "minLength": a, "maxLength": b}) }),
        proptest::sample::subsequence(vec!["a", "b", "c", "d"], 1..4)
            .prop_map(|values| json!({"type": "string", "enum": values})),
        Just(json!({"type": "boolean"})),
        Just(json!({"x-kubernetes-int-or-string": true})),
        Just(json!({"type": "string", "pattern": "^[a-c]*$"})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::btree_map("[a-c]", inner.clone(), 0..3)
                .prop_map(|fields| json!({"type": "object", "properties": fields})),
            (inner.clone(), 0_i64..2, 2_i64..5).prop_map(|(items, least, most)| {
                json!({"type": "array", "items": items, "minItems": least, "maxItems": most})
            }),
            inner.prop_map(|entry| json!({"type": "object", "additionalProperties": entry})),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0_i64..20).prop_map(Value::from),
        "[a-d]{0,9}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::btree_map("[a-c]", inner.clone(), 0..3).prop_map(|m| json!(m)),
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

/// A schema that accepts all that the other one does, and one more thing at one of its keywords.
fn widen(schema: &Value, choice: usize) -> Value {
    let mut wider = schema.clone();
    let Some(fields) = wider.as_object_mut() else { return wider };
    let keywords: Vec<String> = fields.keys().cloned().collect();
    match keywords[choice % keywords.len()].as_str() {
        keyword @ ("minimum" | "minLength" | "minItems" | "pattern" | "enum") => {
            fields.remove(keyword);
        }
        keyword @ ("maximum" | "maxLength" | "maxItems") => {
            let bound = fields[keyword].as_i64().unwrap_or_default();
            fields.insert(keyword.to_owned(), (bound + 1).into());
        }
        "type" if fields["type"] == "integer" => {
            fields.insert("type".to_owned(), json!("number"));
        }
        "properties" => {
            if let Some(inner) = fields["properties"].as_object_mut() {
                inner.insert("new".to_owned(), json!({"type": "string"}));
                for inner in inner.values_mut() {
                    *inner = widen(inner, choice / 2);
                }
            }
        }
        keyword @ ("items" | "additionalProperties") => {
            let inner = widen(&fields[keyword], choice / 2);
            fields.insert(keyword.to_owned(), inner);
        }
        _ => {
            fields.insert("nullable".to_owned(), json!(true));
        }
    }
    wider
}

const BOUNDS: [(&str, &str); 8] = [
    ("integer", "maximum"),
    ("integer", "minimum"),
    ("string", "maxLength"),
    ("string", "minLength"),
    ("array", "maxItems"),
    ("array", "minItems"),
    ("object", "maxProperties"),
    ("object", "minProperties"),
];

/// Pieces of expressions in any order, which now and then is a right one.
fn expression() -> impl Strategy<Value = String> {
    let pieces = vec![
        "self",
        "oldSelf",
        "x",
        "self.a",
        "self.all(x, ",
        "self.map(x, ",
        "has(",
        "size(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        ".",
        ".?a",
        "[?0]",
        " && ",
        " || ",
        " in ",
        " == ",
        " < ",
        " + ",
        " - ",
        " * ",
        " / ",
        " % ",
        "!",
        "-",
        "0",
        "1",
        "9223372036854775808",
        "1u",
        "1.5",
        "1e400",
        "'a'",
        "'\\u00e9'",
        "b'a'",
        "r'\\d'",
        "true",
        "null",
        "int(",
        "string(",
        "duration('1h')",
        "timestamp(self.a)",
        ".split('')",
        ".join('-')",
        ".replace('', self.a)",
        ".substring(1, ",
        ".indexOf('a', 2)",
        ".matches(",
        "quantity('1Gi')",
        "cidr('10.0.0.0/8')",
        ".containsIP(",
        "url('https://a:1/b')",
        ".getPort()",
        "optional.of(",
        ".orValue(",
        ".format([",
        "])",
        "é",
        "// ",
    ];
    let piece = proptest::sample::select(pieces).prop_map(str::to_owned);
    let text = prop_oneof![9 => piece, 1 => any::<String>()];
    proptest::collection::vec(text, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changed_is_no_change(schema in schema()) {
        let definition = parse(&of_field(&schema));
        prop_assert_eq!(compare(&definition, &definition), []);
    }

    #[test]
    fn comparing_is_a_function_and_total(a in schema(), b in schema()) {
        let (old, new) = (parse(&of_field(&a)), parse(&of_field(&b)));
        let changes = compare(&old, &new);
        prop_assert_eq!(&changes, &compare(&old, &new));
        prop_assert_eq!(changes.is_empty(), a == b, "{} {}", a, b);
    }

    #[test]
    fn bounds_are_mirrored(
        (kind, keyword) in proptest::sample::select(&BOUNDS[..]),
        a in proptest::option::of(1_i64..50),
        b in proptest::option::of(1_i64..50),
    ) {
        let schema = |bound: Option<i64>| {
            let mut schema = json!({"type": kind});
            if let Some(bound) = bound {
                schema[keyword] = bound.into();
            }
            parse(&of_field(&schema))
        };
        let effects = |old, new| -> Vec<(String, Effect)> {
            let changes = compare(&schema(old), &schema(new));
            changes.iter().map(|c| (c.rule.as_str().to_owned(), c.effect)).collect()
        };
        let mirrored: Vec<_> = effects(b, a).into_iter().map(|(rule, effect)| match effect {
            Effect::Tightening => (rule, Effect::Loosening),
            Effect::Loosening => (rule, Effect::Tightening),
            Effect::Neutral => (rule, Effect::Neutral),
        }).collect();
        prop_assert_eq!(effects(a, b), mirrored);
        prop_assert_eq!(effects(a, b).len(), usize::from(a != b));
    }

    #[test]
    fn widening_breaks_nothing(schema in schema(), spec in object(), choice in any::<usize>()) {
        let wider = widen(&schema, choice);
        let (old, new) = (parse(&of_spec(&schema)), parse(&of_spec(&wider)));
        prop_assert!(compare(&old, &new).iter().all(|c| c.effect != Effect::Tightening), "{}", wider);
        prop_assert_eq!(broken(&[widget(spec)], &old, &new), []);
    }

    #[test]
    fn what_breaks_an_object_is_a_tightening(a in schema(), b in schema(), spec in object()) {
        let (old, new) = (parse(&of_spec(&a)), parse(&of_spec(&b)));
        let tightened = compare(&old, &new).iter().any(|c| c.effect == Effect::Tightening);
        let object = widget(spec);
        let was_fine = Schema::of(&old, &old.versions[0]).validate(&object) == Report::default();
        prop_assert!(tightened || !was_fine || broken(&[object], &old, &new).is_empty());
    }

    #[test]
    fn anything_is_parsed_or_refused(value in object()) {
        let _ = towpath_schema::crd::Definition::parse(&value);
        let _ = towpath_schema::crd::Definition::parse(&of_field(&value));
        let _ = towpath_schema::crd::Definition::parse(&crate::widgets(&value));
    }

    #[test]
    fn any_text_is_evaluated_or_refused(rule in expression(), value in object()) {
        let rules = json!([{"rule": rule, "messageExpression": rule, "optionalOldSelf": true}]);
        let schema = json!({
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
            "x-kubernetes-validations": rules,
        });
        let definition = parse(&of_field(&schema));
        let schema = Schema::of(&definition, &definition.versions[0]);
        let object = widget(json!({"field": {"a": value}}));
        prop_assert_eq!(schema.validate(&object), schema.validate(&object));
        prop_assert_eq!(schema.validate_update(&object, &object), schema.validate_update(&object, &object));
    }
}
