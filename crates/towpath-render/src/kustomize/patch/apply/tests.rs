//! Patches as a kustomization has them.

use super::*;
use crate::Origin;
use serde_json::json;

fn map(name: &str, namespace: &str) -> Resource {
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    let value =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}});
    Resource::new(value, Origin::default())
}

fn spec(text: &str, target: Option<Value>) -> PatchSpec {
    let target = target.map(|target| Selector::from_value(&target).expect("a selector"));
    PatchSpec { text: text.to_owned(), source: "p.yaml".to_owned(), target, ..PatchSpec::default() }
}

fn patched(resources: Vec<Resource>, patches: &[PatchSpec]) -> Result<Vec<Resource>, Fault> {
    let mut resources = resources;
    match apply_patches(&mut resources, patches, Schema::builtin()) {
        Ok(_) => Ok(resources),
        Err(error) => Err(error.fault),
    }
}

const OF_A: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {x: z}}\ndata: {b: '2'}\n";

#[test]
fn without_a_target_its_own_name_counts() {
    let mut renamed = map("p-a", "");
    renamed.former.push(map("a", "").identity());
    for resource in [map("a", ""), map("a", "default"), renamed] {
        let before = resource.identity();
        let after = patched(vec![map("b", ""), resource], &[spec(OF_A, None)]).expect("it matches");
        assert_eq!(after[1].value["data"], json!({"a": "1", "b": "2"}));
        assert_eq!(after[1].identity(), before);
        assert_eq!(after[0].value, map("b", "").value);
    }
    assert!(matches!(patched(vec![map("a", "ns")], &[spec(OF_A, None)]), Err(Fault::NoMatch(_))));
    let mut second = map("c", "");
    second.former.push(map("a", "").identity());
    assert!(matches!(
        patched(vec![map("a", ""), second], &[spec(OF_A, None)]),
        Err(Fault::ManyMatches(_))
    ));
}

#[test]
fn with_a_target_many_are_patched_and_keep_their_names() {
    let touch = Touch { file: "kustomization.yaml".into(), field: "patches[0]".into() };
    let patch =
        PatchSpec { touch: Some(touch.clone()), ..spec(OF_A, Some(json!({"kind": "ConfigMap"}))) };
    let after = patched(vec![map("x", "n"), map("z", "")], &[patch]).expect("it matches");
    for (resource, name) in after.iter().zip(["x", "z"]) {
        assert_eq!(resource.value["metadata"]["name"], name);
        assert_eq!(resource.value["data"], json!({"a": "1", "b": "2"}));
        assert_eq!(resource.origin.touched.as_slice(), std::slice::from_ref(&touch));
        assert!(resource.former.is_empty());
    }
    assert!(patched(vec![map("x", "")], &[spec(OF_A, Some(json!({"name": "none"})))]).is_ok());
}

#[test]
fn names_and_kinds_change_where_that_is_allowed() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: new}\n";
    let target = Some(json!({"name": "a"}));
    let patch = PatchSpec {
        allow_name_change: true,
        allow_kind_change: true,
        ..spec(text, target.clone())
    };
    let after =
        patched(vec![map("a", "")], &[patch.clone(), spec("- {op: remove, path: /data}", target)]);
    let after = after.expect("it matches");
    assert_eq!(
        (after[0].identity().kind.as_str(), after[0].identity().name.as_str()),
        ("Secret", "new")
    );
    assert_eq!(after[0].former.len(), 2);
    assert_eq!(after[0].value.get("data"), None);
    let two =
        PatchSpec { target: Selector::from_value(&json!({"kind": "ConfigMap"})).ok(), ..patch };
    assert!(matches!(patched(vec![map("a", ""), map("b", "")], &[two]), Err(Fault::Collision(_))));
}

#[test]
fn deleted_objects_are_gone() {
    let text = |name: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n$patch: delete\n")
    };
    let both = format!("{}---\n{}", text("a"), text("b"));
    let after = patched(vec![map("a", ""), map("b", ""), map("c", "")], &[spec(&both, None)])
        .expect("they match");
    assert_eq!(after.len(), 1);
    let after = patched(vec![map("a", "")], &[spec(&text("a"), None), spec(&text("a"), None)]);
    assert!(matches!(after, Err(Fault::NoMatch(_))));
}

#[test]
fn operations_make_annotations_texts() {
    let mut resource = map("a", "");
    resource.value["metadata"]["annotations"] = json!({"n": 1});
    let text = "- op: replace\n  path: /data\n  value: {c: d}\n";
    let after =
        patched(vec![resource], &[spec(text, Some(json!({"name": "a"})))]).expect("it matches");
    assert_eq!(after[0].value["metadata"]["annotations"], json!({"n": "1"}));
    assert_eq!(after[0].value["data"], json!({"c": "d"}));
    assert_eq!(after[0].former.len(), 1);
}

#[test]
fn what_cannot_be_applied() {
    let target = || Some(json!({"name": "a"}));
    assert!(matches!(
        patched(vec![], &[spec("- {op: remove, path: /a}", None)]),
        Err(Fault::NoTarget)
    ));
    let two = format!("{OF_A}---\n{OF_A}");
    assert!(matches!(patched(vec![], &[spec(&two, target())]), Err(Fault::ManyObjects(2))));
    assert!(matches!(patched(vec![], &[spec("a", None)]), Err(Fault::Text(_))));
    let wrong = "- {op: remove, path: /none}";
    assert!(matches!(
        patched(vec![map("a", "")], &[spec(wrong, target())]),
        Err(Fault::Operation { .. })
    ));
    let wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [a]\n";
    assert!(matches!(patched(vec![map("a", "")], &[spec(wrong, None)]), Err(Fault::Merge { .. })));
    assert!(patched(vec![map("a", "")], &[spec("# nothing", None), spec("", target())]).is_ok());
}
