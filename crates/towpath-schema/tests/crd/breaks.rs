//! Objects that exist, and what a new definition does to them.

use serde_json::{Value, json};
use towpath_schema::crd::{Fails, broken};

use crate::{of_spec, of_version, parse, widget, widgets, yaml};

/// What breaks between two schemas of `spec`, a line each.
fn breaks(old: &str, new: &str, spec: Value) -> Vec<String> {
    let (old, new) = (parse(&of_spec(&yaml(old))), parse(&of_spec(&yaml(new))));
    told(&broken(&[widget(spec)], &old, &new))
}

fn told(broken: &[towpath_schema::crd::Broken]) -> Vec<String> {
    let fails = |fails: &Fails| match fails {
        Fails::Creating { changing: Some(path) } => format!("creating, changing {path}"),
        Fails::Creating { changing: None } => "creating".to_owned(),
        Fails::Writing => "writing".to_owned(),
        Fails::Strict => "strict".to_owned(),
        Fails::Unknown => "unknown".to_owned(),
    };
    broken.iter().map(|b| format!("{} | {} | {}", b.path, b.message, fails(&b.fails))).collect()
}

#[test]
fn an_update_elsewhere_passes() {
    assert_eq!(
        breaks(
            "{type: object, properties: {replicas: {type: integer}}}",
            "{type: object, properties: {replicas: {type: integer, maximum: 5}}}",
            json!({"replicas": 9}),
        ),
        [
            "spec.replicas | Invalid value: 9: spec.replicas in body should be less than or equal to 5 | creating, changing spec.replicas"
        ]
    );
}

#[test]
fn what_is_missing_is_missing_from_the_object_around_it() {
    assert_eq!(
        breaks(
            "{type: object, properties: {a: {type: string}, b: {type: string}}}",
            "{type: object, properties: {a: {type: string}, b: {type: string}}, required: [b]}",
            json!({"a": "x"}),
        ),
        ["spec.b | Required value | creating, changing spec"]
    );
}

#[test]
fn items_of_an_atomic_list_are_one() {
    let list = |more: &str| {
        format!(
            "{{type: object, properties: {{l: {{type: array, {more} items: {{type: object, properties: {{id: {{type: string, maxLength: 2}}}}}}}}}}}}"
        )
    };
    let old = list("").replace(", maxLength: 2", "");
    let spec = || json!({"l": [{"id": "abc"}]});
    let message = "spec.l[0].id | Too long: may not be more than 2 bytes | creating, changing";
    assert_eq!(breaks(&old, &list(""), spec()), [format!("{message} spec.l")]);
    let map = "x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id],";
    assert_eq!(breaks(&old, &list(map), spec()), [format!("{message} spec.l[0].id")]);
}

#[test]
fn below_alternatives_the_whole_must_stay() {
    assert_eq!(
        breaks(
            "{type: object, properties: {a: {type: integer}}}",
            "{type: object, properties: {a: {type: integer}}, allOf: [{properties: {a: {maximum: 1}}}]}",
            json!({"a": 2}),
        ),
        [
            "spec.a | Invalid value: 2: spec.a in body should be less than or equal to 1 | creating, changing spec",
            "spec | Invalid value: \"\": \"spec\" must validate all the schemas (allOf). None validated | creating, changing spec",
        ]
    );
}

#[test]
fn what_the_object_itself_lacks_stops_every_update() {
    let root = |more: Value| {
        let mut root = json!({"type": "object", "properties": {"spec": {"type": "object"}}});
        crate::overlay(&mut root, &more);
        parse(&of_version(&json!({"schema": {"openAPIV3Schema": root}})))
    };
    let mut object = widget(json!({}));
    object.as_object_mut().expect("an object").remove("spec");
    let found = broken(&[object], &root(json!({})), &root(json!({"required": ["spec"]})));
    assert_eq!(told(&found), ["spec | Required value | writing"]);
}

#[test]
fn duplicates_that_exist_may_stay() {
    let list = "{type: object, properties: {l: {type: array, items: {type: string}}}}";
    let set = list.replace("type: array", "type: array, x-kubernetes-list-type: set");
    assert_eq!(
        breaks(list, &set, json!({"l": ["a", "a"]})),
        ["spec.l[1] | Duplicate value: \"a\" | creating"]
    );
}

#[test]
fn a_field_that_is_gone_is_dropped_or_refused() {
    assert_eq!(
        breaks(
            "{type: object, properties: {a: {type: string}, b: {type: string}}}",
            "{type: object, properties: {a: {type: string}}}",
            json!({"a": "x", "b": "y"}),
        ),
        ["spec.b | unknown field \"spec.b\" | strict"]
    );
}

#[test]
fn a_new_rule_is_asked() {
    let rules = |rules: &str| {
        format!(
            "{{type: object, properties: {{a: {{type: integer, x-kubernetes-validations: [{rules}]}}}}}}"
        )
    };
    let (small, odd) =
        ("{rule: self < 5, message: too large}", "{rule: self % 2 == 1, message: even}");
    let broken = "spec.a | Invalid value: 6: even | creating, changing spec.a";
    assert_eq!(breaks(&rules(""), &rules(odd), json!({"a": 7})), [""; 0]);
    assert_eq!(breaks(&rules(""), &rules(odd), json!({"a": 6})), [broken]);
    // That another rule failed before is no excuse.
    assert_eq!(
        breaks(&rules(small), &rules(&format!("{small}, {odd}")), json!({"a": 6})),
        [broken]
    );
    let unknown = "{rule: self.foo(), message: unknown}";
    assert_eq!(
        breaks(&rules(""), &rules(unknown), json!({"a": 6})),
        ["spec.a | not checked: rule in CEL: unknown: not known here: the function foo | unknown"]
    );
}

#[test]
fn what_was_broken_before_is_not_told() {
    let schema = "{type: object, properties: {a: {type: integer, maximum: 9}}}";
    assert_eq!(breaks(schema, &schema.replace('9', "5"), json!({"a": 12})), [""; 0]);
    assert_eq!(breaks(schema, schema, json!({"a": 12})), [""; 0]);
}

#[test]
fn a_version_that_is_gone_takes_its_objects_along() {
    let old = parse(&widgets(&json!({"versions": [
        {"name": "v1", "served": true, "storage": false},
        {"name": "v2", "served": true, "storage": true},
    ]})));
    let gone =
        parse(&widgets(&json!({"versions": [{"name": "v2", "served": true, "storage": true}]})));
    let unserved = parse(&widgets(&json!({"versions": [
        {"name": "v1", "served": false, "storage": false},
        {"name": "v2", "served": true, "storage": true},
    ]})));
    let expected =
        ["apiVersion | no matches for kind \"Widget\" in version \"example.com/v1\" | writing"];
    for new in [&gone, &unserved] {
        assert_eq!(told(&broken(&[widget(json!({}))], &old, new)), expected);
    }
    // It was not there before either.
    assert_eq!(broken(&[widget(json!({}))], &unserved, &gone), []);
}

#[test]
fn other_kinds_are_passed_over() {
    let definition = parse(&of_spec(&json!({"type": "object"})));
    let other = json!({"apiVersion": "example.com/v1", "kind": "Gadget", "spec": 1});
    assert_eq!(broken(&[other, json!(1), json!({})], &definition, &definition), []);
}
