//! What patches make of objects, and that none of them can be made to take long or to panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use towpath_apimachinery::patch;
use towpath_apimachinery::shape::Shape;
use towpath_catalog::{Catalog, GroupVersionKind, Minor};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(Minor::NEWEST).unwrap());

fn pod() -> Shape<'static> {
    Shape::BuiltIn(CATALOG.schema(&GroupVersionKind::of("v1", "Pod")).unwrap())
}

#[test]
fn json_patches() {
    let object = json!({"data": {"a": "1", "b": "2"}, "list": [1, 2]});
    for (operations, expected) in [
        (
            json!([{"op": "test", "path": "/data/a", "value": "1"},
                {"op": "replace", "path": "/data/a", "value": "9"},
                {"op": "remove", "path": "/data/b"}]),
            Ok(json!({"data": {"a": "9"}, "list": [1, 2]})),
        ),
        (
            json!([{"op": "add", "path": "/list/-", "value": 3}]),
            Ok(json!({"data": {"a": "1", "b": "2"}, "list": [1, 2, 3]})),
        ),
        (json!(null), Ok(object.clone())),
        (json!([{"op": "test", "path": "/data/a", "value": "no"}]), Err(422)),
        (json!([{"op": "remove", "path": "/data/zz"}]), Err(422)),
        (json!([{"op": "dance", "path": "/data"}]), Err(422)),
        (json!([{"op": "remove", "path": "/list/9"}]), Err(422)),
        (json!([{"op": "remove", "path": ""}]), Err(422)),
        (json!({"not": "a list"}), Err(400)),
        (json!(["no object"]), Err(400)),
    ] {
        let patched = patch::json(&object, &operations).map_err(|refusal| refusal.code);
        assert_eq!(patched, expected, "{operations}");
    }
    let many = vec![json!({"op": "test", "path": "/data/a", "value": "1"}); 10_001];
    let refusal = patch::json(&object, &Value::Array(many)).unwrap_err();
    assert_eq!(refusal.code, 413);
    assert_eq!(
        refusal.message,
        "The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
}

#[test]
fn json_patches_cannot_grow_or_nest_without_end() {
    let double = |from: &str, path: &str| json!({"op": "copy", "from": from, "path": path});
    let wide: Vec<Value> = (0..9000).map(|at| double("/data", &format!("/data/k{at}"))).collect();
    assert_eq!(patch::json(&json!({"data": {}}), &Value::Array(wide)).unwrap_err().code, 422);
    let deep: Vec<Value> = (0..200)
        .flat_map(|_| {
            [
                json!({"op": "add", "path": "/b", "value": {}}),
                json!({"op": "move", "from": "/a", "path": "/b/a"}),
                json!({"op": "move", "from": "/b", "path": "/a"}),
            ]
        })
        .collect();
    assert_eq!(patch::json(&json!({"a": {}}), &Value::Array(deep)).unwrap_err().code, 422);
}

#[test]
fn merge_patches() {
    let object = json!({"data": {"a": "1", "b": "2"}});
    for (merge, expected) in [
        (json!({"data": {"a": null, "c": "3"}}), json!({"data": {"b": "2", "c": "3"}})),
        (json!({"data": ["x"]}), json!({"data": ["x"]})),
        (
            json!({"new": {"a": null, "b": 1}}),
            json!({"data": {"a": "1", "b": "2"}, "new": {"b": 1}}),
        ),
        (json!({}), object.clone()),
        (json!("x"), json!("x")),
    ] {
        assert_eq!(patch::merge(&object, &merge), expected, "{merge}");
    }
    assert_eq!(patch::fields(&json!([])).unwrap_err().code, 400);
}

#[test]
fn strategic_merge_patches() {
    let containers = json!({"spec": {"containers": [
        {"name": "a", "image": "1", "ports": [{"containerPort": 1}]},
        {"name": "b", "image": "1", "args": ["x"]},
        {"name": "c"},
    ]}, "metadata": {"finalizers": ["x", "y"], "labels": {"l": "1", "m": "1"}}});
    let spec = |more: Value| {
        let mut object = containers.clone();
        object["spec"] = more;
        object
    };
    let metadata = |more: Value| {
        let mut object = containers.clone();
        object["metadata"] = more;
        object
    };
    let (a, b, c) = (
        containers["spec"]["containers"][0].clone(),
        containers["spec"]["containers"][1].clone(),
        json!({"name": "c"}),
    );
    for (patched, expected) in [
        (
            json!({"spec": {"containers": [{"name": "b", "image": "2", "args": ["y"]}, {"name": "d"}]}}),
            Ok(spec(
                json!({"containers": [a, {"name": "b", "image": "2", "args": ["y"]}, {"name": "d"}, c]}),
            )),
        ),
        (
            json!({"spec": {"containers": [{"name": "b", "$patch": "delete"}]}}),
            Ok(spec(json!({"containers": [a, c]}))),
        ),
        (
            json!({"spec": {"containers": [{"$patch": "replace"}, {"name": "z"}]}}),
            Ok(spec(json!({"containers": [{"name": "z"}]}))),
        ),
        (
            json!({"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}, {"name": "b"}]}}),
            Ok(spec(json!({"containers": [c, a, b]}))),
        ),
        (
            json!({"spec": {"$retainKeys": ["nodeName"], "nodeName": "n"}}),
            Ok(spec(json!({"nodeName": "n"}))),
        ),
        (
            json!({"metadata": {"labels": {"$patch": "replace", "o": "1"}}}),
            Ok(metadata(json!({"finalizers": ["x", "y"], "labels": {"o": "1"}}))),
        ),
        (
            json!({"metadata": {"labels": {"$patch": "delete"}}}),
            Ok(metadata(json!({"finalizers": ["x", "y"], "labels": {}}))),
        ),
        (
            json!({"metadata": {"finalizers": ["z", "x"], "labels": {"l": null}}}),
            Ok(metadata(json!({"finalizers": ["z", "x", "y"], "labels": {"m": "1"}}))),
        ),
        (
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}}),
            Ok(metadata(json!({"finalizers": ["y"], "labels": {"l": "1", "m": "1"}}))),
        ),
        (
            json!({"spec": {"containers": [{"image": "2"}]}}),
            Err((500, "map: map[image:2] does not contain declared merge key: name".to_owned())),
        ),
        (
            json!({"metadata": {"labels": {"$patch": "dance"}}}),
            Err((500, "unknown patch type: dance in map: map[$patch:dance]".to_owned())),
        ),
        (
            json!({"spec": {"$retainKeys": ["a"], "nodeName": "n"}}),
            Err((400, "invalid patch format of retainKeys".to_owned())),
        ),
    ] {
        let result = patch::strategic(&containers, &patched, &pod());
        assert_eq!(result.map_err(|no| (no.code, no.message)), expected, "{patched}");
    }
}

#[test]
fn strategic_merge_patches_of_long_lists_take_no_longer_than_they_are_long() {
    let names = |prefix: &str| -> Vec<Value> {
        (0..20_000).map(|at| json!({"name": format!("{prefix}{at}")})).collect()
    };
    let object = json!({"spec": {"containers": names("a")}});
    let more =
        json!({"spec": {"containers": names("b"), "$setElementOrder/containers": names("b")}});
    let patched = patch::strategic(&object, &more, &pod()).unwrap();
    assert_eq!(patched["spec"]["containers"].as_array().unwrap().len(), 40_000);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![
            "[a-c]",
            Just("$patch".to_owned()),
            Just("$retainKeys".to_owned()),
            Just("$setElementOrder/finalizers".to_owned()),
            Just("$setElementOrder/containers".to_owned()),
            Just("$deleteFromPrimitiveList/finalizers".to_owned()),
            Just("metadata".to_owned()),
            Just("finalizers".to_owned()),
            Just("spec".to_owned()),
            Just("containers".to_owned()),
            Just("name".to_owned()),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The same without nulls: what a merge patch cannot say.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        value => value,
    }
}

/// The merge patch that makes one value of another.
fn difference(from: &Value, to: &Value) -> Value {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => {
            let gone = from.keys().filter(|name| !to.contains_key(*name));
            let gone = gone.map(|name| (name.clone(), Value::Null));
            let changed = to.iter().filter(|(name, value)| from.get(*name) != Some(value));
            let changed = changed.map(|(name, value)| {
                (name.clone(), difference(from.get(name).unwrap_or(&Value::Null), value))
            });
            gone.chain(changed).collect()
        }
        (_, to) => to.clone(),
    }
}

proptest! {
    #[test]
    fn a_merge_patch_twice_is_a_merge_patch_once(object in value(), merge in value()) {
        let once = patch::merge(&object, &merge);
        prop_assert_eq!(patch::merge(&once, &merge), once);
    }

    #[test]
    fn the_merge_patch_of_a_difference_makes_it(from in value(), to in value()) {
        let (from, to) = (without_nulls(from), without_nulls(to));
        prop_assert_eq!(patch::merge(&from, &difference(&from, &to)), to);
    }

    #[test]
    fn no_patch_panics(object in value(), patched in value()) {
        let _ = patch::strategic(&object, &patched, &pod());
        let _ = patch::json(&object, &patched);
    }

    #[test]
    fn the_strategic_merge_patch_of_a_difference_makes_it(
        before in prop::collection::btree_map("[a-f]", 0..3_i64, 0..5),
        after in prop::collection::btree_map("[a-f]", 0..3_i64, 0..5),
    ) {
        let pod_of = |items: &std::collections::BTreeMap<String, i64>| -> Value {
            let items = items.iter().map(|(name, tty)| json!({"name": name, "image": tty.to_string()}));
            json!({"spec": {"containers": items.collect::<Vec<_>>()}})
        };
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        let gone = gone.map(|name| json!({"name": name, "$patch": "delete"}));
        let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
        let changed = changed.map(|(name, tty)| json!({"name": name, "image": tty.to_string()}));
        let order: Vec<Value> = after.keys().map(|name| json!({"name": name})).collect();
        let items: Vec<Value> = changed.chain(gone).collect();
        let diff = json!({"spec": {"$setElementOrder/containers": order, "containers": items}});
        let patched = patch::strategic(&pod_of(&before), &diff, &pod()).unwrap();
        prop_assert_eq!(patched, pod_of(&after));
    }
}
