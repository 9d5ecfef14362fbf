//! Definitions and objects that are made to hurt are refused, or judged within the limits.

use serde_json::{Value, json};
use towpath_schema::crd::schema::{MAX_OBJECT_DEPTH, MAX_VIOLATIONS, Schema};
use towpath_schema::crd::{
    Definition, DefinitionError, MAX_ALTERNATIVES, MAX_DEPTH, MAX_VERSIONS, broken, compare,
};

use crate::{of_field, of_spec, parse, widget, widgets};

fn nested(depth: usize, leaf: Value, wrap: impl Fn(Value) -> Value) -> Value {
    (0..depth).fold(leaf, |inner, _| wrap(inner))
}

#[test]
fn deep_schemas_are_refused() {
    let field = |inner| json!({"type": "object", "properties": {"a": inner}});
    let deep = of_field(&nested(MAX_DEPTH, json!({"type": "string"}), field));
    assert_eq!(Definition::parse(&deep), Err(DefinitionError::TooDeep));
    // Not with the macro: it would recurse as deep.
    let not = nested(50_000, Value::Null, |inner| {
        Value::Object([("not".to_owned(), inner)].into_iter().collect())
    });
    let schema = Value::Object([("openAPIV3Schema".to_owned(), not)].into_iter().collect());
    let mut not = widgets(&json!({}));
    not["spec"]["versions"][0]["schema"] = schema;
    assert_eq!(Definition::parse(&not), Err(DefinitionError::TooDeep));
    // Taken apart by hand, because dropping it would, too.
    let mut rest = vec![not];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(fields) => rest.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
}

#[test]
fn large_schemas_are_refused() {
    let values: Vec<Value> = (0..500_000).map(Value::from).collect();
    assert_eq!(
        Definition::parse(&of_field(&json!({"enum": values}))),
        Err(DefinitionError::TooLarge)
    );
    let versions: Vec<Value> =
        (0..=MAX_VERSIONS).map(|n| json!({"name": format!("v{n}")})).collect();
    let many = widgets(&json!({"versions": versions}));
    assert_eq!(Definition::parse(&many), Err(DefinitionError::TooManyVersions));
    let alternatives = vec![json!({"type": "string"}); MAX_ALTERNATIVES + 1];
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let refused = Definition::parse(&of_field(&json!({keyword: alternatives})));
        assert!(matches!(refused, Err(DefinitionError::TooManyAlternatives { .. })), "{keyword}");
    }
}

#[test]
fn a_schema_that_is_shared_does_not_multiply() {
    let values: Vec<Value> = (0..50_000).map(Value::from).collect();
    let versions: Vec<Value> =
        (0..MAX_VERSIONS).map(|n| json!({"name": format!("v{n}"), "served": true})).collect();
    let mut old = widgets(&json!({
        "versions": versions,
        "validation": {"openAPIV3Schema": {"type": "object", "properties": {"a": {"enum": values}}}},
    }));
    old["apiVersion"] = json!("apiextensions.k8s.io/v1beta1");
    assert_eq!(Definition::parse(&old), Err(DefinitionError::TooLarge));
}

#[test]
fn huge_lists_of_values_are_compared_in_order() {
    let list = |from: i64| -> Vec<Value> { (from..from + 100_000).map(Value::from).collect() };
    let definition = |from| parse(&of_field(&json!({"type": "integer", "enum": list(from)})));
    assert_eq!(compare(&definition(0), &definition(50_000)).len(), 2);
}

#[test]
fn objects_cannot_buy_more_than_their_steps() {
    // Every item is compared with every value.
    let values: Vec<Value> = (0..100_000).map(Value::from).collect();
    let schema = json!({"type": "object", "properties": {"l": {"type": "array", "items": {"enum": values}}}});
    let definition = parse(&of_spec(&schema));
    let object = widget(json!({"l": vec![json!(-1); 100_000]}));
    let report = Schema::of(&definition, &definition.versions[0]).validate(&object);
    assert!(report.violations.len() <= MAX_VIOLATIONS);
    assert!(
        report.not_checked.iter().any(|n| n.what.contains("too long")),
        "{:?}",
        report.not_checked
    );

    // Every item is filled in with a large default.
    let default: Vec<Value> = (0..100_000).map(Value::from).collect();
    let items = json!({"type": "object", "properties": {"d": {"type": "array", "items": {"type": "integer"}, "default": default}}});
    let schema = json!({"type": "object", "properties": {"l": {"type": "array", "items": items}}});
    let definition = parse(&of_spec(&schema));
    let object = widget(json!({"l": vec![json!({}); 100_000]}));
    let report = Schema::of(&definition, &definition.versions[0]).validate(&object);
    assert_eq!(report.not_checked.len(), 1);
}

#[test]
fn deep_objects_are_not_checked() {
    let definition =
        parse(&of_spec(&json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})));
    let deep = widget(nested(MAX_OBJECT_DEPTH, json!(1), |inner| json!([inner])));
    let report = Schema::of(&definition, &definition.versions[0]).validate(&deep);
    assert_eq!(report.violations, []);
    assert_eq!(report.not_checked.len(), 1);
}

#[test]
fn pattern_bombs_are_not_checked() {
    let bomb = |pattern: &str| {
        parse(&of_spec(
            &json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}),
        ))
    };
    let object = widget(json!({"a": "a".repeat(100_000)}));
    let new = bomb("(((((a{1,999}){1,999}){1,999}){1,999}){1,999})$");
    let found = broken(std::slice::from_ref(&object), &bomb("a"), &new);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.starts_with("not checked: pattern"), "{found:?}");
    // Where other engines go back and forth this one takes linear time.
    let found = broken(&[object], &bomb("a"), &bomb("^(a+)+$"));
    assert_eq!(found, []);
}

#[test]
fn wrong_shapes_are_named() {
    let cases = [
        (json!({"type": 1}), "type of spec.field must be a string"),
        (json!({"properties": []}), "properties of spec.field must be an object of schemas"),
        (json!({"properties": {"a": 1}}), "spec.field.a must be a schema, which is an object"),
        (json!({"items": [{}]}), "items of spec.field must be one schema for all items"),
        (json!({"items": {"maxLength": "x"}}), "maxLength of spec.field[] must be a whole number"),
        (json!({"required": [1]}), "required of spec.field must be a list of strings"),
        (
            json!({"x-kubernetes-validations": [{}]}),
            "x-kubernetes-validations of spec.field must be a list of objects with `rule`",
        ),
    ];
    for (schema, expected) in cases {
        let error = Definition::parse(&of_field(&schema)).expect_err("a wrong shape");
        assert_eq!(error.to_string(), expected);
    }
    let error = Definition::parse(&json!({"kind": "Pod", "apiVersion": "v1"})).expect_err("a Pod");
    assert_eq!(error.to_string(), "not a CustomResourceDefinition but v1 Pod");
}

#[test]
fn the_deepest_that_is_accepted_is_judged() {
    type Wrap = fn(Value) -> Value;
    let deepest: [(usize, Wrap); 3] = [
        (58, |inner| json!({"type": "object", "properties": {"a": inner}})),
        (115, |inner| json!({"not": inner})),
        (58, |inner| json!({"allOf": [inner]})),
    ];
    for (depth, wrap) in deepest {
        let definition = |most: i64| of_field(&nested(depth, json!({"maximum": most}), wrap));
        let (old, new) = (parse(&definition(2)), parse(&definition(1)));
        assert_eq!(compare(&old, &new).len(), 1);
        let object = widget(json!({"field": nested(60, json!(2), |inner| json!({"a": inner}))}));
        let found = broken(&[object, widget(json!({"field": 2}))], &old, &new);
        assert!(found.len() < 500, "{depth}");
    }
}

/// What is not checked of an object whose list has so many items and whose schema has this rule.
fn refused(rule: &str, items: usize) -> Vec<String> {
    let list = json!({
        "type": "array",
        "items": {"type": "string"},
        "x-kubernetes-validations": [{"rule": rule, "message": "m"}],
    });
    let definition =
        parse(&of_spec(&json!({"type": "object", "properties": {"l": list.clone(), "m": list}})));
    let object = widget(json!({"l": vec![json!("abcdefghij"); items]}));
    let report = Schema::of(&definition, &definition.versions[0]).validate(&object);
    assert_eq!(report.violations, []);
    report.not_checked.into_iter().map(|not_checked| not_checked.what).collect()
}

#[test]
fn rules_that_take_too_many_steps_are_given_up() {
    let too_many = ["rule in CEL: m: it takes too many steps"];
    for rule in [
        "self.all(a, self.all(b, self.all(c, a == b || b == c)))",
        "self.map(a, self.map(b, self.map(c, a + b + c))).size() > 0",
        "self.map(a, self.join(a)).size() > 0",
        "self.map(a, 'x'.replace('x', self.join('y'))).map(a, a.replace('a', self.join('b'))).size() > 0",
        "self.map(a, self).map(a, a + self).size() > 0",
        "self.all(a, a in self.map(b, b + 'x') || true)",
        "self == self.filter(a, self.exists(b, b != a))",
    ] {
        assert_eq!(refused(rule, 10_000), too_many, "{rule}");
    }
    // A text that grows with each level.
    let grown = (0..6).fold("self[0]".to_owned(), |inner, _| {
        format!("[{inner}].map(x, [x, x, x, x, x, x, x, x, x, x].join())[0]")
    });
    assert_eq!(refused(&format!("{grown} == ''"), 1), too_many);
    assert_eq!(refused("self.all(a, a.startsWith('abc') && a.size() < 20)", 10_000), [""; 0]);
    assert_eq!(refused("self.map(a, a) == self", 100), [""; 0]);
}

#[test]
fn all_rules_of_an_object_have_one_budget() {
    let items = json!({
        "type": "integer",
        "x-kubernetes-validations": vec![json!({"rule": "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, a + b + c > self)))", "message": "m"}); 8],
    });
    let definition = parse(&of_spec(
        &json!({"type": "object", "properties": {"l": {"type": "array", "items": items}}}),
    ));
    let object = widget(json!({"l": vec![json!(0); 20_000]}));
    let report = Schema::of(&definition, &definition.versions[0]).validate(&object);
    assert_eq!(report.violations, []);
    assert!(report.not_checked.iter().any(|n| n.what.contains("too many steps")));
}

#[test]
fn expressions_that_are_made_to_hurt_are_refused() {
    let around = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let deep = "rule in CEL: m: nested too deep";
    for rule in [
        around("(", "true", ")", 1_000),
        around("[", "1", "]", 1_000),
        around("{1:", "1", "}", 1_000),
        around("size(", "1", ")", 1_000),
        around("true ? 1 : ", "1", "", 500),
        around("self.all(x, ", "true", ")", 500),
        around("self[", "0", "]", 1_000),
        around("!(", "true", ")", 1_000),
        format!("0{} > 0", "+1".repeat(3_000)),
        format!("self{}.size() == 1", ".map(x, x)".repeat(500)),
        format!("self{} == 1", ".a".repeat(2_000)),
        format!("self{} == 1", "[0]".repeat(2_000)),
        "1 in ".repeat(1_000),
    ] {
        assert_eq!(refused(&rule, 1), [deep], "{}", &rule[..20]);
    }
    let long = format!("{} == ''", around("'", &"a".repeat(40_000), "'", 1));
    assert_eq!(refused(&long, 1), ["rule in CEL: m: longer than 8192 bytes"]);
    // Long and not deep is fine.
    for rule in [
        format!("true{}", " || true".repeat(900)),
        format!("[{}''].size() > 0", "'a',".repeat(1_000)),
    ] {
        assert_eq!(refused(&rule, 1), [""; 0], "{}", &rule[..20]);
    }
    // The deepest that is let in.
    for (open, inner, close, times) in [
        ("(", "1 == 1", ")", 12),
        ("!(", "1 == 1", ")", 10),
        ("self.all(x, ", "x == x", ")", 8),
        ("true ? true : ", "false", "", 40),
        ("true == ", "true", "", 35),
    ] {
        let rule = around(open, inner, close, times);
        let told = refused(&rule, 1);
        assert!(!told.iter().any(|what| what == deep), "{rule}: {told:?}");
    }
}
