//! The API server's own words, as kube-apiserver 1.36 gave them for this definition.

use serde_json::{Value, json};
use towpath_schema::crd::schema::{Report, Schema};

use crate::{of_spec, parse, widget, yaml};

const SPEC: &str = "\
type: object
required: [name]
properties:
  size: {type: integer, minimum: 1, maximum: 10, default: 3}
  name: {type: string, maxLength: 5, pattern: '^[a-z]+$'}
  mode: {type: string, enum: [fast, slow]}
  port: {x-kubernetes-int-or-string: true}
  free: {type: object, x-kubernetes-preserve-unknown-fields: true}
  tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
  items:
    type: array
    maxItems: 3
    items: {type: object, required: [id], properties: {id: {type: string}, v: {type: integer}}}
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [id]
  maybe: {type: string, nullable: true}
  lo: {type: integer}
  hi: {type: integer}
x-kubernetes-validations:
- {rule: '!has(self.lo) || !has(self.hi) || self.lo <= self.hi', message: lo must not exceed hi}
";

fn report(schema: &str, spec: Value) -> Report {
    let definition = parse(&of_spec(&yaml(schema)));
    Schema::of(&definition, &definition.versions[0]).validate(&widget(spec))
}

fn said(schema: &str, spec: Value) -> Vec<String> {
    report(schema, spec).violations.iter().map(ToString::to_string).collect()
}

#[test]
fn recorded_answers() {
    let cases: [(&str, Value, &[&str]); 17] = [
        (
            "ok",
            json!({"name": "abc", "free": {"any": ["thing"]}, "port": "http", "maybe": null}),
            &[],
        ),
        ("missing", json!({}), &["spec.name: Required value"]),
        (
            "too-long",
            json!({"name": "abcdef"}),
            &["spec.name: Too long: may not be more than 5 bytes"],
        ),
        (
            "pattern",
            json!({"name": "AB"}),
            &["spec.name: Invalid value: \"AB\": spec.name in body should match '^[a-z]+$'"],
        ),
        (
            "too-big",
            json!({"name": "a", "size": 11}),
            &["spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10"],
        ),
        (
            "not-int",
            json!({"name": "a", "size": "3"}),
            &[
                "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"",
            ],
        ),
        (
            "enum",
            json!({"name": "a", "mode": "warp"}),
            &["spec.mode: Unsupported value: \"warp\": supported values: \"fast\", \"slow\""],
        ),
        (
            "dup-set",
            json!({"name": "a", "tags": ["x", "x"]}),
            &["spec.tags[1]: Duplicate value: \"x\""],
        ),
        (
            "dup-map",
            json!({"name": "a", "items": [{"id": "1"}, {"id": "1"}]}),
            &["spec.items[1]: Duplicate value: {\"id\":\"1\"}"],
        ),
        (
            "map-key",
            json!({"name": "a", "items": [{"v": 1}]}),
            &["spec.items[0].id: Required value"],
        ),
        (
            "too-many",
            json!({"name": "a", "items": [{"id": "0"}, {"id": "1"}, {"id": "2"}, {"id": "3"}]}),
            &["spec.items: Too many: 4: must have at most 3 items"],
        ),
        (
            "port-obj",
            json!({"name": "a", "port": {}}),
            &[
                "spec.port: Invalid value: \"object\": spec.port in body must be of type integer,string: \"object\"",
            ],
        ),
        (
            "several",
            json!({"size": 0, "mode": "x"}),
            &[
                "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
                "spec.mode: Unsupported value: \"x\": supported values: \"fast\", \"slow\"",
                "spec.name: Required value",
            ],
        ),
        (
            "rule",
            json!({"name": "a", "lo": 5, "hi": 2}),
            &["spec: Invalid value: lo must not exceed hi"],
        ),
        ("null-name", json!({"name": null}), &["spec.name: Required value"]),
        ("strict", json!({"name": "a", "junk": 1}), &["unknown field \"spec.junk\""]),
        (
            "free",
            json!({"name": "a", "free": {"a": {"b": [1]}}, "items": [{"id": "1", "x": 1}]}),
            &["unknown field \"spec.items[0].x\""],
        ),
    ];
    for (case, spec, expected) in cases {
        assert_eq!(said(SPEC, spec), expected, "{case}");
    }
}

#[test]
fn combinations() {
    let one_of = "{type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}";
    assert_eq!(said(one_of, json!({"a": "x"})), [""; 0]);
    assert_eq!(
        said(one_of, json!({"a": "x", "b": "x"})),
        [
            "spec: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        ]
    );
    assert_eq!(
        said(one_of, json!({})),
        [
            "spec: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
            "spec.a: Required value",
        ]
    );
    let any_of = "{type: object, properties: {a: {type: integer}}, anyOf: [{properties: {a: {minimum: 5}}}, {properties: {a: {maximum: 1}}}]}";
    assert_eq!(said(any_of, json!({"a": 7})), [""; 0]);
    assert_eq!(
        said(any_of, json!({"a": 3})),
        [
            "spec: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)",
            "spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5",
        ]
    );
    let not = "{type: object, properties: {a: {type: string, not: {enum: [x]}}}}";
    assert_eq!(
        said(not, json!({"a": "x"})),
        ["spec.a: Invalid value: \"\": \"spec.a\" must not validate the schema (not)"]
    );
    let all_of =
        "{type: object, properties: {a: {type: string, allOf: [{minLength: 2}, {maxLength: 3}]}}}";
    assert_eq!(
        said(all_of, json!({"a": "x"})),
        [
            "spec.a: Invalid value: \"x\": spec.a in body should be at least 2 chars long",
            "spec.a: Invalid value: \"\": \"spec.a\" must validate all the schemas (allOf)",
        ]
    );
}

#[test]
fn other_keywords() {
    let field = |schema: &str| format!("{{type: object, properties: {{f: {schema}}}}}");
    let cases = [
        ("{type: integer, multipleOf: 3}", json!(4), "should be a multiple of 3"),
        (
            "{type: number, minimum: 1, exclusiveMinimum: true}",
            json!(1),
            "should be greater than 1",
        ),
        (
            "{type: number, maximum: 2.5, exclusiveMaximum: true}",
            json!(2.5),
            "should be less than 2.5",
        ),
        (
            "{type: array, items: {type: string}, minItems: 1}",
            json!([]),
            "should have at least 1 items",
        ),
        (
            "{type: object, additionalProperties: {type: string}, minProperties: 1}",
            json!({}),
            "should have at least 1 properties",
        ),
        (
            "{type: string, format: date-time}",
            json!("today"),
            "must be of type date-time: \"today\"",
        ),
        (
            "{type: integer, format: int32}",
            json!(3_000_000_000_u64),
            "must be of type integer with format int32",
        ),
        (
            "{type: array, items: {type: string}}",
            json!([null]),
            "f[0] in body must be of type string: \"null\"",
        ),
        (
            "{type: object, additionalProperties: {type: string}}",
            json!({"k": 1}),
            "spec.f.k in body must be of type string: \"integer\"",
        ),
        (
            "{type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}",
            json!({"kind": "A"}),
            "spec.f.apiVersion: Required value",
        ),
        (
            "{type: object, additionalProperties: {type: string}, maxProperties: 1}",
            json!({"a": "", "b": ""}),
            "Too many: 2: must have at most 1 items",
        ),
    ];
    for (schema, value, expected) in cases {
        let said = said(&field(schema), json!({"f": value}));
        assert_eq!(said.len(), 1, "{schema}: {said:?}");
        assert!(said[0].ends_with(expected) || said[0].contains(expected), "{schema}: {said:?}");
    }
    let unchecked = report(&field("{type: string, pattern: '(?=a)'}"), json!({"f": "b"}));
    assert_eq!(unchecked.violations, []);
    assert_eq!(unchecked.not_checked[0].what, "pattern (?=a)");
}

#[test]
fn what_is_not_checked_is_held_against_nobody() {
    for logic in [
        "not: {pattern: '(?=a)'}",
        "oneOf: [{maxLength: 5}, {pattern: '(?=a)'}]",
        "anyOf: [{minLength: 5}, {pattern: '(?=a)'}]",
        "allOf: [{pattern: '(?=a)'}]",
    ] {
        let schema = format!("{{type: object, properties: {{a: {{type: string, {logic}}}}}}}");
        let report = report(&schema, json!({"a": "x"}));
        assert_eq!(report.violations, [], "{logic}");
        assert_eq!(report.not_checked.len(), 1, "{logic}");
    }
}

#[test]
fn defaults_fill_what_is_required() {
    let schema = "{type: object, required: [a], properties: {a: {type: object, default: {}, required: [b], properties: {b: {type: integer, default: 1}}}}}";
    assert_eq!(said(schema, json!({})), [""; 0]);
    assert_eq!(said(schema, json!({"a": null})), [""; 0]);
}
