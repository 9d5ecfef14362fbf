//! What is proven holds of values that are made up, as an evaluation says.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::expression::{Budget, Expression, OldSelf};
use super::super::patterns::Patterns;
use super::super::schema::node;
use super::is_implied;

fn schema() -> Value {
    let text = json!({"type": "string"});
    let item = json!({"type": "object", "properties": {"p": text, "h": text}});
    json!({"type": "object", "properties": {
        "a": text, "b": text, "c": {"type": "string", "enum": ["x", "y"], "default": "x"},
        "list": {"type": "array", "items": item},
    }, "required": ["list"]})
}

/// Something true or false of the fields of these variables.
fn sign(of: Vec<String>) -> BoxedStrategy<String> {
    let field = proptest::sample::select(of);
    let leaf = prop_oneof![
        field.clone().prop_map(|it| format!("has({it})")),
        (field.clone(), "[xy]").prop_map(|(it, text)| format!("{it} == '{text}'")),
        (field.clone(), "[xy]").prop_map(|(it, text)| format!("{it} != '{text}'")),
        (field.clone(), field).prop_map(|(one, other)| format!("{one} == {other}")),
    ];
    leaf.prop_recursive(3, 10, 2, |below| {
        let two = (below.clone(), below.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!("({a} && {b})")),
            two.clone().prop_map(|(a, b)| format!("({a} || {b})")),
            two.prop_map(|(a, b)| format!("(({a}) == ({b}))")),
            below.clone().prop_map(|it| format!("!({it})")),
            (below.clone(), below.clone(), below)
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
    .boxed()
}

fn fields(variables: &[&str], names: &[&str]) -> Vec<String> {
    variables.iter().flat_map(|it| names.iter().map(move |name| format!("{it}.{name}"))).collect()
}

fn rule() -> impl Strategy<Value = String> {
    let of_items = || sign(fields(&["m", "n"], &["p", "h"]));
    prop_oneof![
        sign(fields(&["self"], &["a", "b", "c"])),
        of_items().prop_map(|it| format!("self.list.all(m, self.list.all(n, {it}))")),
        of_items().prop_map(|it| format!("self.list.all(m, self.list.exists_one(n, {it}))")),
        sign(fields(&["n"], &["p", "h"])).prop_map(|it| format!("self.list.exists_one(n, {it})")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let text = || proptest::option::of("[xyz]");
    let fields = |pairs: [(&str, Option<String>); 2]| -> Value {
        pairs
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), text?.into())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let item = (text(), text()).prop_map(move |(p, h)| fields([("p", p), ("h", h)]));
    (text(), text(), "[xy]", proptest::collection::vec(item, 0..3)).prop_map(
        move |(a, b, c, list)| {
            let mut whole = fields([("a", a), ("b", b)]);
            whole["c"] = c.into();
            whole["list"] = list.into();
            whole
        },
    )
}

fn holds(rule: &str, value: &Value) -> bool {
    let schema = schema();
    let Some(fields) = schema.as_object() else { return false };
    let node = node(fields, &mut Patterns::default());
    let mut budget = Budget::new(1_000_000);
    Expression::new(rule).holds(value, OldSelf::Unnamed, &node, &mut budget).unwrap_or(false)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_is_proven_holds(
        old in rule(),
        new in rule(),
        more in sign(fields(&["self"], &["a", "b", "c"])),
        values in proptest::collection::vec(value(), 12),
    ) {
        let schema = schema();
        let Some(fields) = schema.as_object() else { return Ok(()) };
        // Two rules by chance rarely follow from each other, so some are made to.
        for new in [new, format!("({old}) || ({more})"), format!("({more}) ? ({old}) : ({more})"), format!("!({more}) || ({old})")] {
            let before = [json!({"rule": old})];
            if is_implied(&json!({"rule": new}), &before, fields) {
                for value in values.iter().filter(|value| holds(&old, value)) {
                    prop_assert!(holds(&new, value), "{} and not {} of {}", old, new, value);
                }
            }
        }
    }
}
