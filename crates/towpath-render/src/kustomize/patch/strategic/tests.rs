//! What kustomize 5.8.1 made of the same patches, and what holds for all.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use towpath_yaml::{Limits, Reading};

fn read(text: &str) -> Value {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    towpath_yaml::parse_with(text.as_bytes(), &limits).expect("YAML")[0].root.to_json()
}

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"template": {"spec": spec}}})
}

/// The pod that an object has, the patch's, and what comes of it; `None` where they do not fit.
type Case = (&'static str, &'static str, Option<&'static str>);

#[rustfmt::skip]
const CASES: &[Case] = &[
    (r#"{containers: [{name: a, image: x},{name: b, image: y}]}"#, r#"{containers: [{name: b, image: z},{name: c, image: q}]}"#, Some(r#"{"containers": [{"image": "z", "name": "b"}, {"image": "q", "name": "c"}, {"image": "x", "name": "a"}]}"#)),
    (r#"{containers: [{name: a, image: x, command: [q]},{name: b, image: y}]}"#, r#"{containers: [{name: a, $patch: replace, image: z}]}"#, Some(r#"{"containers": [{"command": ["q"], "image": "x", "name": "a"}, {"image": "y", "name": "b"}]}"#)),
    (r#"{containers: [{name: a, image: x},{name: b, image: y}]}"#, r#"{containers: [{name: a, $patch: delete}]}"#, Some(r#"{"containers": [{"image": "y", "name": "b"}]}"#)),
    (r#"{containers: [{name: a, image: x},{name: b, image: y}]}"#, r#"{containers: [{name: a, $patch: delete},{name: b, $patch: delete}]}"#, Some(r#"{"containers": []}"#)),
    (r#"{containers: [{name: a, image: x},{name: b, image: y}]}"#, r#"{containers: [{$patch: replace},{name: c}]}"#, Some(r#"{"containers": [{"name": "c"}]}"#)),
    (r#"{containers: [{name: a, image: x},{name: b, image: y}]}"#, r#"{containers: [{$patch: delete},{name: c}]}"#, Some(r#"{}"#)),
    (r#"{containers: [{name: a, image: x},{name: b, image: y}]}"#, r#"{containers: [{name: c},{image: k}]}"#, Some(r#"{"containers": [{"name": "c"}]}"#)),
    (r#"{containers: [{name: a, image: x},{image: y},{name: b}]}"#, r#"{containers: [{name: c}]}"#, Some(r#"{"containers": [{"image": "y"}]}"#)),
    (r#"{containers: [{name: a, image: x},{name: a, image: y},{name: b}]}"#, r#"{hostname: x}"#, Some(r#"{"containers": [{"image": "y", "name": "a"}, {"name": "b"}], "hostname": "x"}"#)),
    (r#"{hostname: x}"#, r#"{containers: [{$patch: replace},{name: c}]}"#, Some(r#"{"containers": [{"$patch": "replace"}], "hostname": "x"}"#)),
    (r#"{hostname: x}"#, r#"{containers: [{name: c, $patch: replace, image: null, env: [{name: A, value: null},{name: A, value: b}], x: null, command: [a, null, {a: null}]},{name: d, $patch: delete},{name: e, resources: {$patch: delete}, lifecycle: {$patch: replace, a: null}}]}"#, Some(r#"{"containers": [{"command": ["a", null, {"a": null}], "env": [{"name": "A", "value": "b"}], "name": "c"}, {"lifecycle": {}, "name": "e"}], "hostname": "x"}"#)),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: {$patch: replace, c: d}}"#, Some(r#"{"nodeSelector": {"c": "d"}}"#)),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: {$patch: delete, c: d}}"#, Some(r#"{}"#)),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: {$patch: foo, c: d}}"#, None),
    (r#"{}"#, r#"{nodeSelector: {$patch: foo, c: d}, x: {y: {$patch: merge, c: d}}}"#, Some(r#"{"nodeSelector": {"$patch": "foo", "c": "d"}, "x": {"y": {"c": "d"}}}"#)),
    (r#"{}"#, r#"{x: {y: {$patch: foo, c: d}}}"#, None),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: {a: null}}"#, Some(r#"{"nodeSelector": {}}"#)),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: null}"#, Some(r#"{}"#)),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: [x]}"#, None),
    (r#"{nodeSelector: {a: b}}"#, r#"{nodeSelector: x}"#, None),
    (r#"{hostname: q}"#, r#"{hostname: {a: b}}"#, None),
    (r#"{hostname: q}"#, r#"{hostname: [a]}"#, None),
    (r#"{containers: [{name: a, ports: [{containerPort: 80},{containerPort: 81, protocol: UDP}]}]}"#, r#"{containers: [{name: a, ports: [{containerPort: 80, name: x},{containerPort: 81, protocol: TCP}]}]}"#, Some(r#"{"containers": [{"name": "a", "ports": [{"containerPort": 81, "protocol": "TCP"}, {"containerPort": 80, "name": "x"}, {"containerPort": 81, "protocol": "UDP"}]}]}"#)),
    (r#"{containers: [{name: a, ports: [{containerPort: 80}]}]}"#, r#"{containers: [{name: a, ports: [{containerPort: '80', name: x}]}]}"#, Some(r#"{"containers": [{"name": "a", "ports": [{"containerPort": "80", "name": "x"}]}]}"#)),
    (r#"{containers: [{name: a, ports: [{containerPort: 80}]}]}"#, r#"{containers: [{name: a, ports: [{containerPort: 80, protocol: TCP, name: x}]}]}"#, Some(r#"{"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}"#)),
    (r#"{containers: [{name: a, ports: [{containerPort: 80, protocol: TCP}]}]}"#, r#"{containers: [{name: a, ports: [{containerPort: 80, name: x}]}]}"#, Some(r#"{"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}"#)),
    (r#"{$retainKeys: [a], a: b, volumes: [{name: a, emptyDir: {}}]}"#, r#"{volumes: [{name: a, $retainKeys: [name, hostPath], hostPath: {}}], $setElementOrder/containers: [a]}"#, Some(r#"{"$retainKeys": ["a"], "$setElementOrder/containers": ["a"], "a": "b", "volumes": [{"$retainKeys": ["name", "hostPath"], "emptyDir": {}, "hostPath": {}, "name": "a"}]}"#)),
    (r#"{containers: [{name: a}]}"#, r#"{containers: []}"#, Some(r#"{"containers": [{"name": "a"}]}"#)),
    (r#"{tolerations: [{key: a}]}"#, r#"{tolerations: [{$patch: replace},{key: b}]}"#, Some(r#"{"tolerations": [{"$patch": "replace"}, {"key": "b"}]}"#)),
    (r#"{tolerations: [{key: a}]}"#, r#"{tolerations: []}"#, Some(r#"{"tolerations": []}"#)),
    (r#"{tolerations: [{key: a}]}"#, r#"{tolerations: null}"#, Some(r#"{}"#)),
    (r#"{a: null, d: {f: null}, l: [null, {x: null}], containers: [{name: a, z: null}]}"#, r#"{x: q}"#, Some(r#"{"a": null, "containers": [{"name": "a", "z": null}], "d": {"f": null}, "l": [null, {"x": null}], "x": "q"}"#)),
    (r#"{topologySpreadConstraints: [{topologyKey: a},{topologyKey: b, whenUnsatisfiable: X}]}"#, r#"{topologySpreadConstraints: [{topologyKey: a, maxSkew: 1},{topologyKey: b, whenUnsatisfiable: X, $patch: delete}]}"#, Some(r#"{"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a"}]}"#)),
];

#[test]
fn pods() {
    for (target, patch, expected) in CASES {
        let mut merged = deployment(read(target));
        let outcome = merge(&mut merged, &deployment(read(patch)), Schema::builtin());
        let merged = outcome.ok().map(|_| merged["spec"]["template"]["spec"].clone());
        assert_eq!(merged, expected.map(read), "{target} <- {patch}");
    }
}

#[test]
fn lists_of_unknown_kinds_are_replaced() {
    let thing =
        |list: Value| json!({"apiVersion": "x/v1", "kind": "Thing", "spec": {"containers": list}});
    let mut merged = thing(json!([{"name": "a", "x": 1}, {"name": "b"}]));
    let patch = thing(json!([{"name": "a"}, {"$patch": "delete"}]));
    assert_eq!(merge(&mut merged, &patch, Schema::builtin()), Ok(Outcome::Patched));
    assert_eq!(merged, patch);
}

#[test]
fn objects_inside_of_objects_are_known_by_their_kind() {
    let thing = |list: Value| {
        json!({"apiVersion": "x/v1", "kind": "Thing", "spec": {"inner":
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": list}}}})
    };
    let mut merged = thing(json!([{"name": "a", "image": "x"}]));
    let patch = thing(json!([{"name": "a", "tty": true}, {"name": "b"}]));
    assert_eq!(merge(&mut merged, &patch, Schema::builtin()), Ok(Outcome::Patched));
    assert_eq!(merged, thing(json!([{"name": "a", "image": "x", "tty": true}, {"name": "b"}])));
}

#[test]
fn the_root() {
    let merged = |directive: &str| {
        let mut target = json!({"kind": "T", "a": 1});
        let outcome = merge(
            &mut target,
            &json!({"kind": "T", "$patch": directive, "b": 2}),
            Schema::builtin(),
        );
        outcome.map(|outcome| (outcome, target))
    };
    assert_eq!(merged("delete").map(|(outcome, _)| outcome), Ok(Outcome::Deleted));
    assert_eq!(merged("replace"), Ok((Outcome::Patched, json!({"kind": "T", "a": 1}))));
    assert_eq!(merged("merge"), Ok((Outcome::Patched, json!({"kind": "T", "a": 1, "b": 2}))));
    assert!(matches!(merged("other"), Err(MergeError::Strategy { .. })));
}

#[test]
fn an_error_says_where() {
    let mut target = deployment(json!({"containers": [{"name": "a", "resources": {"limits": 1}}]}));
    let patch =
        deployment(json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": 1}}}]}));
    let error = merge(&mut target, &patch, Schema::builtin()).expect_err("they do not fit");
    let expected = "at spec.template.spec.containers.resources.limits: the object has a plain value, the patch has a mapping";
    assert_eq!(error.to_string(), expected);
}

fn word() -> impl Strategy<Value = String> {
    "[a-c]"
}

fn item() -> impl Strategy<Value = Value> {
    (word(), proptest::option::of(word()), proptest::collection::btree_map(word(), word(), 0..3))
        .prop_map(|(name, image, env)| {
            let env: Vec<Value> =
                env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            let mut item = json!({"name": name, "env": env});
            if let Some(image) = image {
                item["image"] = json!(image);
            }
            item
        })
}

fn pod() -> impl Strategy<Value = Value> {
    let containers = proptest::collection::vec(item(), 0..4).prop_map(|mut items| {
        let mut seen = std::collections::HashSet::new();
        items.retain(|item| seen.insert(item["name"].clone()));
        items
    });
    let labels = proptest::collection::btree_map(word(), word(), 0..3);
    (containers, labels, proptest::collection::vec(word(), 0..3)).prop_map(
        |(containers, labels, list)| {
            deployment(
                json!({"containers": containers, "nodeSelector": labels, "tolerations": list}),
            )
        },
    )
}

fn merged(target: &Value, patch: &Value) -> Value {
    let mut target = target.clone();
    merge(&mut target, patch, Schema::builtin()).expect("both are pods");
    target
}

proptest! {
    #[test]
    fn nothing_changes_nothing(pod in pod()) {
        let nothing = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}});
        prop_assert_eq!(merged(&pod, &nothing), pod.clone());
        prop_assert_eq!(merged(&pod, &pod), pod);
    }

    #[test]
    fn twice_is_once(pod in pod(), patch in pod()) {
        let once = merged(&pod, &patch);
        prop_assert_eq!(merged(&once, &patch), once);
    }

    #[test]
    fn all_of_the_patch_is_there(pod in pod(), patch in pod()) {
        let once = merged(&pod, &patch);
        let names = |value: &Value| -> Vec<Value> {
            let items = value["spec"]["template"]["spec"]["containers"].as_array().cloned().unwrap_or_default();
            items.iter().map(|item| item["name"].clone()).collect()
        };
        prop_assert!(names(&once).starts_with(&names(&patch)));
        prop_assert!(names(&pod).iter().all(|name| names(&once).contains(name)));
    }
}
