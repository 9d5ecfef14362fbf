//! Comparisons as tables, and their laws.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::kustomize::patch::schema::Schema;
use crate::{Identity, Object, Origin, Value};

fn object(value: Value) -> Object {
    Object { value: value.into(), origin: Origin::default() }
}

fn named(kind: &str, name: &str, rest: Value) -> Object {
    let mut value = json!({
        "apiVersion": if kind == "Deployment" { "apps/v1" } else { "v1" },
        "kind": kind,
        "metadata": {"name": name, "namespace": "web"},
    });
    if let (Some(fields), Value::Object(rest)) = (value.as_object_mut(), rest) {
        fields.extend(rest);
    }
    object(value)
}

fn shown(value: &Masked) -> String {
    value.value().map_or("secret".to_owned(), Value::to_string)
}

/// A change as a line, and a line for each field.
fn said(changes: &[Change]) -> Vec<String> {
    let mut said = Vec::new();
    for change in changes {
        said.push(match &change.kind {
            Kind::Added(side) => format!("+ {} {}", change.identity, shown(&side.object)),
            Kind::Removed(side) => format!("- {} {}", change.identity, shown(&side.object)),
            Kind::Changed { renamed_from: Some(old), .. } => {
                format!("~ {} was {old}", change.identity)
            }
            Kind::Changed { .. } => format!("~ {}", change.identity),
        });
        said.extend(change.fields().iter().map(field_said));
    }
    said
}

fn field_said(field: &FieldChange) -> String {
    let path = &field.path;
    let mut line = match &field.what {
        What::Added { new, at: None } => format!("  + {path} {}", shown(new)),
        What::Added { new, at: Some(at) } => format!("  + {path} {} at {at}", shown(new)),
        What::Removed { old } => format!("  - {path} {}", shown(old)),
        What::Changed { old, new } => format!("  ~ {path} {} -> {}", shown(old), shown(new)),
        What::Reordered { old, new } => {
            let order = |items: &[Item]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("  ~ {path} order {:?} -> {:?}", order(old), order(new))
        }
    };
    if let Some(followed) = &field.follows {
        line.push_str(&format!(" follows {followed}"));
    }
    line
}

/// What is said of one object of which only this field differs.
fn of_field(kind: &str, old: Value, new: Value) -> Vec<String> {
    let changes = objects(&[named(kind, "x", old)], &[named(kind, "x", new)], Schema::builtin());
    said(&changes).into_iter().skip(1).collect()
}

#[test]
fn fields() {
    let cases = [
        (json!({"a": 1}), json!({"a": 2}), &["  ~ a 1 -> 2"][..]),
        (json!({"a": 1, "b": 2}), json!({"b": 2, "c": {}}), &["  - a 1", "  + c {}"]),
        (json!({"a": null}), json!({}), &["  - a null"]),
        (json!({"a": "1"}), json!({"a": 1}), &["  ~ a \"1\" -> 1"]),
        (json!({"a": {"b": 1}}), json!({"a": [1]}), &["  ~ a {\"b\":1} -> [1]"]),
        (json!({"a": {"x/y.z": 1}}), json!({"a": {}}), &["  - a[\"x/y.z\"] 1"]),
        (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"c": 2, "b": 1}}), &[]),
    ];
    for (old, new, expected) in cases {
        assert_eq!(of_field("Deployment", old, new), expected);
    }
}

#[test]
fn lists() {
    let cases = [
        // By the keys of the schema.
        (
            json!({"spec": {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "x": 1}]}}),
            json!({"spec": {"ports": [{"port": 53, "protocol": "TCP", "x": 2}]}}),
            &[
                "  - spec.ports[port=53,protocol=UDP] {\"port\":53,\"protocol\":\"UDP\"}",
                "  ~ spec.ports[port=53,protocol=TCP].x 1 -> 2",
            ][..],
        ),
        // By what every item has.
        (
            json!({"l": [{"name": "a", "v": 1}, {"name": "b", "v": 1}]}),
            json!({"l": [{"name": "z"}, {"name": "b", "v": 2}, {"name": "a", "v": 1}]}),
            &[
                "  ~ l[name=b].v 1 -> 2",
                "  + l[name=z] {\"name\":\"z\"} at 0",
                "  ~ l order [\"name=a\", \"name=b\"] -> [\"name=b\", \"name=a\"]",
            ],
        ),
        (
            json!({"l": [{"id": 1, "v": 1}]}),
            json!({"l": [{"id": 1, "v": 2}, {"id": 2}]}),
            &["  ~ l[id=1].v 1 -> 2", "  + l[id=2] {\"id\":2}"],
        ),
        // Names that are there twice tell nothing apart.
        (
            json!({"l": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]}),
            json!({"l": [{"name": "a", "v": 1}, {"name": "a", "v": 3}]}),
            &["  ~ l[1].v 2 -> 3"],
        ),
        // Scalars, by their order.
        (
            json!({"l": ["a", "b", "c"]}),
            json!({"l": ["a", "x", "c"]}),
            &["  ~ l[1] \"b\" -> \"x\""],
        ),
        (json!({"l": ["a", "b"]}), json!({"l": ["z", "a", "b"]}), &["  + l[0] \"z\""]),
        (
            json!({"l": ["--v=2", "--w", "run"]}),
            json!({"l": ["--v=3", "run"]}),
            &["  ~ l[0] \"--v=2\" -> \"--v=3\"", "  - l[1] \"--w\""],
        ),
        // Mappings without a key: what is most alike became what it is like.
        (
            json!({"l": [{"from": "a", "to": 1}, {"from": "b", "to": 2}]}),
            json!({"l": [{"from": "b", "to": 3}]}),
            &["  - l[0] {\"from\":\"a\",\"to\":1}", "  ~ l[0].to 2 -> 3"],
        ),
        (json!({"l": [[1, 2], [3]]}), json!({"l": [[1, 2], [4]]}), &["  ~ l[1][0] 3 -> 4"]),
        (json!({"l": []}), json!({"l": [{"name": "a"}]}), &["  + l[name=a] {\"name\":\"a\"}"]),
    ];
    for (old, new, expected) in cases {
        assert_eq!(of_field("Service", old, new), expected);
    }
}

#[test]
fn secrets_are_never_said() {
    let sealed = |text: &str| format!("ENC[AES256_GCM,data:{text},type:str]");
    let cases = [
        (
            "Secret",
            json!({"data": {"a": "b2xk", "b": "c2FtZQ==", "c": "Z29uZQ=="}, "type": "Opaque"}),
            json!({"data": {"a": "bmV3", "b": "c2FtZQ==", "d": "Y2FtZQ=="}, "type": "x"}),
            &[
                "  ~ data.a secret -> secret",
                "  - data.c secret",
                "  + data.d secret",
                "  ~ type \"Opaque\" -> \"x\"",
            ][..],
        ),
        ("Secret", json!({}), json!({"stringData": {"a": "new"}}), &["  + stringData.a secret"]),
        (
            "Secret",
            json!({"data": "old"}),
            json!({"data": ["new"]}),
            &["  ~ data secret -> secret"],
        ),
        (
            "Secret",
            json!({"data": {"a": ["old"]}}),
            json!({"data": {"a": {"b": "new"}}}),
            &["  ~ data.a secret -> secret"],
        ),
        (
            "ConfigMap",
            json!({"data": {"a": sealed("old"), "b": "plain-old"}}),
            json!({"data": {"a": sealed("new"), "b": sealed("new")}}),
            &["  ~ data.a secret -> secret", "  ~ data.b secret -> secret"],
        ),
        (
            "ConfigMap",
            json!({"sops": {"mac": "old", "age": [{"enc": "old"}]}}),
            json!({"sops": {"mac": "new", "age": [{"enc": "new"}]}}),
            &["  ~ sops.mac secret -> secret", "  ~ sops.age secret -> secret"],
        ),
        // An item's key is said in its path.
        (
            "ConfigMap",
            json!({"l": [{"name": sealed("old"), "v": 1}]}),
            json!({"l": [{"name": sealed("old"), "v": 2}]}),
            &["  ~ l[0].v 1 -> 2"],
        ),
        // A Secret inside of another object.
        (
            "ConfigMap",
            json!({"l": [{"kind": "Secret", "name": "x", "data": {"a": "old"}}]}),
            json!({"l": [{"kind": "Secret", "name": "x", "data": {"a": "new"}}, {"kind": "Secret", "name": "y", "data": {"a": "new"}}]}),
            &[
                "  ~ l[name=x].data.a secret -> secret",
                "  + l[name=y] {\"kind\":\"Secret\",\"name\":\"y\",\"data\":{\"a\":\"***\"}}",
            ],
        ),
        // Both sides of a mapping that is secret on one of them only.
        (
            "ConfigMap",
            json!({"l": {"kind": "ConfigMap", "data": {"a": "old"}}}),
            json!({"l": {"kind": "Secret", "data": {"a": "new"}}}),
            &["  ~ l.kind \"ConfigMap\" -> \"Secret\"", "  ~ l.data.a secret -> secret"],
        ),
        (
            "Deployment",
            json!({"l": {"kubectl.kubernetes.io/last-applied-configuration": "old"}}),
            json!({"l": {"kubectl.kubernetes.io/last-applied-configuration": "new"}}),
            &["  ~ l[\"kubectl.kubernetes.io/last-applied-configuration\"] secret -> secret"],
        ),
    ];
    for (kind, old, new, expected) in cases {
        assert_eq!(of_field(kind, old.clone(), new.clone()), expected);
        let changes =
            objects(&[named(kind, "x", old)], &[named(kind, "x", new)], Schema::builtin());
        let everything = format!("{changes:?}");
        for secret in ["b2xk", "bmV3", "c2FtZQ", "Z29uZQ", "Y2FtZQ", "ENC[", "\"old\"", "\"new\""] {
            assert!(!everything.contains(secret), "{secret} is in {everything}");
        }
    }
}

#[test]
fn both_sides_of_an_object_differ_where_its_secrets_do() {
    let old =
        named("Secret", "x", json!({"data": {"a": "b2xk", "b": "c2FtZQ==", "c": "Z29uZQ=="}}));
    let new = named("Secret", "x", json!({"data": {"b": "c2FtZQ==", "a": "bmV3"}}));
    let changes = objects(&[old], &[new], Schema::builtin());
    let data =
        |side: Option<&Side>| side.and_then(|side| side.object.value()?.get("data").cloned());
    let [change] = changes.as_slice() else { panic!("one change: {changes:?}") };
    assert_eq!(
        data(change.before()),
        Some(json!({"a": "*** (before)", "b": "***", "c": "*** (before)"}))
    );
    assert_eq!(data(change.after()), Some(json!({"b": "***", "a": "*** (after)"})));
}

#[test]
fn objects_are_matched_by_what_they_are_called() {
    let old = [
        named("Deployment", "stays", json!({"spec": 1})),
        named("Deployment", "goes", json!({})),
        object(
            json!({"apiVersion": "autoscaling/v1", "kind": "Scaler", "metadata": {"name": "s"}}),
        ),
        object(json!({"apiVersion": "other/v1", "kind": "Scaler", "metadata": {"name": "s"}})),
    ];
    let new = [
        object(
            json!({"apiVersion": "autoscaling/v2", "kind": "Scaler", "metadata": {"name": "s"}}),
        ),
        named("Deployment", "comes", json!({})),
        named("Deployment", "stays", json!({"spec": 1})),
        object(json!({"apiVersion": "other/v1", "kind": "Scaler", "metadata": {"name": "s"}})),
    ];
    assert_eq!(
        said(&objects(&old, &new, Schema::builtin())),
        [
            "~ Scaler s",
            "  ~ apiVersion \"autoscaling/v1\" -> \"autoscaling/v2\"",
            "+ Deployment web/comes {\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"comes\",\"namespace\":\"web\"}}",
            "- Deployment web/goes {\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"goes\",\"namespace\":\"web\"}}",
        ]
    );
}

#[test]
fn several_of_one_name_are_matched_in_their_order() {
    let job = |v| named("Job", "", json!({"v": v}));
    let changes = objects(&[job(1), job(2)], &[job(1), job(3), job(4)], Schema::builtin());
    assert_eq!(said(&changes)[..2], ["~ Job web/", "  ~ v 2 -> 3"]);
    assert_eq!(changes.len(), 2);
}

#[test]
fn a_new_hash_behind_the_name_is_a_change_and_what_refers_to_it_follows() {
    let map =
        |hash: &str, data: Value| named("ConfigMap", &format!("app-{hash}"), json!({"data": data}));
    let user = |hash: &str, image: &str| {
        let name = format!("app-{hash}");
        named(
            "Deployment",
            "web",
            json!({"spec": {"template": {"spec": {
                "containers": [{"name": "web", "image": image, "envFrom": [{"configMapRef": {"name": name}}]}],
                "volumes": [{"name": "c", "configMap": {"name": name}}],
                "imagePullSecrets": [{"name": name}],
            }}}}),
        )
    };
    let old = [map("5g2h9b7k4t", json!({"a": "1", "b": "2"})), user("5g2h9b7k4t", "web:1")];
    let new = [map("9d8h9b7k4t", json!({"a": "1", "b": "3"})), user("9d8h9b7k4t", "web:1")];
    let changes = objects(&old, &new, Schema::builtin());
    let follows = "\"app-5g2h9b7k4t\" -> \"app-9d8h9b7k4t\" follows ConfigMap web/app-9d8h9b7k4t";
    let spec = "spec.template.spec";
    assert_eq!(
        said(&changes),
        [
            "~ ConfigMap web/app-9d8h9b7k4t was app-5g2h9b7k4t".to_owned(),
            "  ~ data.b \"2\" -> \"3\"".to_owned(),
            "~ Deployment web/web".to_owned(),
            format!("  ~ {spec}.containers[name=web].envFrom[0].configMapRef.name {follows}"),
            format!("  ~ {spec}.volumes[name=c].configMap.name {follows}"),
            format!("  ~ {spec}.imagePullSecrets[name=app-9d8h9b7k4t].name {follows}"),
        ]
    );
    assert_eq!(changes.iter().map(Change::only_follows).collect::<Vec<_>>(), [false, true]);

    let new = [map("9d8h9b7k4t", json!({})), user("9d8h9b7k4t", "web:2")];
    assert!(!objects(&old, &new, Schema::builtin())[1].only_follows());
}

#[test]
fn of_several_with_one_stem_the_most_alike_are_one() {
    let map =
        |hash: &str, data: Value| named("ConfigMap", &format!("app-{hash}"), json!({"data": data}));
    let old =
        [map("bbbbbbbbbb", json!({"a": "1"})), map("cccccccccc", json!({"b": "1", "c": "1"}))];
    let new =
        [map("dddddddddd", json!({"b": "1", "c": "2"})), map("ffffffffff", json!({"a": "2"}))];
    assert_eq!(
        said(&objects(&old, &new, Schema::builtin())),
        [
            "~ ConfigMap web/app-dddddddddd was app-cccccccccc",
            "  ~ data.c \"1\" -> \"2\"",
            "~ ConfigMap web/app-ffffffffff was app-bbbbbbbbbb",
            "  ~ data.a \"1\" -> \"2\"",
        ]
    );
    // Another kind or namespace is another object.
    let mut elsewhere = map("dddddddddd", json!({}));
    Arc::make_mut(&mut elsewhere.value)["metadata"]["namespace"] = "other".into();
    assert_eq!(objects(&old[..1], &[elsewhere], Schema::builtin()).len(), 2);
    let other = named("Other", "app-dddddddddd", json!({}));
    assert_eq!(objects(&old[..1], &[other], Schema::builtin()).len(), 2);
}

#[test]
fn lines_have_those_around_them() {
    let text = |middle: &str| format!("1\n2\n3\n4\n{middle}5\n6\n7\n8");
    let hunks = lines(&text("old\n"), &text("new\nmore\n"));
    let [hunk] = hunks.as_slice() else { panic!("one hunk: {hunks:?}") };
    assert_eq!((hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines), (2, 7, 2, 8));
    let shown: Vec<(On, &str)> = hunk.lines.iter().map(|l| (l.on, l.text.as_str())).collect();
    assert_eq!(
        shown[2..7],
        [(On::Both, "4"), (On::Old, "old"), (On::New, "new"), (On::New, "more"), (On::Both, "5"),]
    );
    let hunks = lines("a", "a\n");
    assert_eq!(
        hunks[0].lines.iter().map(|l| (l.on, l.ends)).collect::<Vec<_>>(),
        [(On::Old, false), (On::New, true),]
    );
    assert_eq!(lines("a\n", "a\n"), []);
}

fn place(environment: &str, cluster: &str) -> Place {
    Place {
        environment: environment.to_owned(),
        cluster: cluster.to_owned(),
        kustomization: String::new(),
    }
}

#[test]
fn the_same_change_at_many_places_is_one() {
    let web = |tag: &str| named("Deployment", "web", json!({"image": tag}));
    let extra = named("ConfigMap", "extra", json!({}));
    let shared = objects(&[web("1")], &[web("2")], Schema::builtin());
    // The same fields of an object that differs elsewhere.
    let mut labelled = [web("1"), web("2")];
    labelled.iter_mut().for_each(|object| {
        Arc::make_mut(&mut object.value)["metadata"]["labels"] = json!({"x": "y"});
    });
    let alike = objects(&labelled[..1], &labelled[1..], Schema::builtin());
    let more = objects(&[web("1")], &[web("2"), extra], Schema::builtin());

    let mut grouper = Grouper::default();
    grouper.add(place("production", "a"), shared.clone());
    grouper.add(place("production", "b"), alike);
    grouper.add(place("production", "c"), more);
    grouper.add(place("staging", "d"), shared);
    grouper.add(place("staging", "e"), Vec::new());
    let groups = grouper.finish();

    let names: Vec<(Vec<&str>, Vec<String>)> = groups
        .groups
        .iter()
        .map(|group| {
            let places = group.places.iter().map(|place| place.cluster.as_str()).collect();
            (places, group.changes.iter().map(|change| change.identity.to_string()).collect())
        })
        .collect();
    assert_eq!(
        names,
        [
            (vec!["a", "b", "c", "d"], vec!["Deployment web/web".to_owned()]),
            (vec!["c"], vec!["ConfigMap web/extra".to_owned()]),
        ]
    );
    let summary = &groups.summary;
    assert_eq!(summary.total, Counts { added: 1, changed: 1, ..Counts::default() });
    let environments: Vec<_> = summary
        .environments
        .iter()
        .map(|e| {
            (e.name.as_str(), e.clusters.len(), e.differing(), e.counts.added, e.counts.changed)
        })
        .collect();
    assert_eq!(environments, [("production", 3, 3, 1, 1), ("staging", 2, 1, 0, 1)]);
    assert_eq!(summary.environments[0].clusters[2].counts.added, 1);
}

/// A change, and the steps to it that are left.
type Below<'c> = (&'c [Step], &'c What);

/// Does to `old` what `changes` say. Secrets cannot be applied.
fn apply(old: &Value, changes: &[Below<'_>]) -> Value {
    let plain = |value: &Masked| value.value().cloned().expect("no secret in these tests");
    if let [([], what)] = changes {
        match what {
            What::Changed { new, .. } => return plain(new),
            What::Reordered { .. } => {}
            other => panic!("{other:?} where both sides have a value"),
        }
    }
    match old {
        Value::Object(fields) => {
            let mut fields = fields.clone();
            let mut below: BTreeMap<&str, Vec<Below<'_>>> = BTreeMap::new();
            for (path, what) in changes {
                let [Step::Key(key), rest @ ..] = path else { panic!("a key: {path:?}") };
                below.entry(key).or_default().push((rest, what));
            }
            for (key, changes) in below {
                match changes.as_slice() {
                    [([], What::Added { new, .. })] => fields.insert(key.to_owned(), plain(new)),
                    [([], What::Removed { .. })] => fields.shift_remove(key),
                    changes => fields.insert(key.to_owned(), apply(&fields[key], changes)),
                };
            }
            Value::Object(fields)
        }
        Value::Array(items) => apply_to_list(items, changes),
        other => panic!("{changes:?} below {other}"),
    }
}

fn is_item(value: &Value, item: &Item) -> bool {
    item.0.iter().all(|(key, is)| value.get(key) == Some(is))
}

fn apply_to_list(items: &[Value], changes: &[Below<'_>]) -> Value {
    let mut kept: Vec<Option<Value>> = items.iter().cloned().map(Some).collect();
    let mut placed: BTreeMap<usize, Value> = BTreeMap::new();
    let mut appended = Vec::new();
    let mut order = None;
    let mut steps: Vec<(&Step, Vec<Below<'_>>)> = Vec::new();
    for (path, what) in changes {
        match (path, what) {
            ([], What::Reordered { new, .. }) => order = Some(new),
            ([step, rest @ ..], what) => match steps.last_mut() {
                Some((last, below)) if *last == step => below.push((rest, what)),
                _ => steps.push((step, vec![(rest, *what)])),
            },
            other => panic!("{other:?} at a list"),
        }
    }
    for (step, below) in steps {
        let place = match step {
            Step::Index { old, .. } => *old,
            Step::Item(item) => items.iter().position(|value| is_item(value, item)),
            Step::Key(key) => panic!("{key} in a list"),
        };
        match (below.as_slice(), step) {
            ([([], What::Added { new, .. })], Step::Index { new: Some(at), .. })
            | ([([], What::Added { new, at: Some(at) })], Step::Item(_)) => {
                placed.insert(*at, new.value().cloned().expect("no secret"));
            }
            ([([], What::Added { new, at: None })], Step::Item(_)) => {
                appended.push(new.value().cloned().expect("no secret"));
            }
            ([([], What::Removed { .. })], _) => kept[place.expect("was there")] = None,
            (below, Step::Index { new: Some(at), .. }) => {
                let old = kept[place.expect("was there")].take().expect("changed once");
                placed.insert(*at, apply(&old, below));
            }
            (below, _) => {
                let slot = &mut kept[place.expect("was there")];
                *slot = slot.take().map(|old| apply(&old, below));
            }
        }
    }
    let mut kept: Vec<Value> = kept.into_iter().flatten().collect();
    if let Some(order) = order {
        kept.sort_by_key(|value| order.iter().position(|item| is_item(value, item)));
    }
    let mut rest = kept.into_iter().chain(appended);
    let mut list = Vec::new();
    while let Some(value) = placed.remove(&list.len()).or_else(|| rest.next()) {
        list.push(value);
    }
    assert!(placed.is_empty(), "a place behind the end");
    Value::Array(list)
}

/// Values with few different keys and items, so that two of them have much in common.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
        "--[a-b]=[0-2]".prop_map(Value::from),
    ];
    let scalars = proptest::collection::vec(scalar.clone(), 0..6).prop_map(Value::from);
    prop_oneof![scalar, scalars].prop_recursive(4, 40, 5, |inner| {
        let named = proptest::collection::btree_map("[a-e]", inner.clone(), 0..5)
            .prop_map(|items| items.into_iter().map(|(n, v)| json!({"name": n, "v": v})).collect())
            .prop_flat_map(|items: Vec<Value>| Just(items).prop_shuffle())
            .prop_map(Value::from);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            named,
            proptest::collection::btree_map("[a-e]|name|x/y", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn some_objects() -> impl Strategy<Value = Vec<Object>> {
    let name = prop_oneof!["[a-d]", "[a-b]-[bc]{10}"];
    let kind = prop_oneof![Just("ConfigMap"), Just("Deployment")];
    proptest::collection::vec((kind, name, value()), 0..6).prop_map(|objects| {
        let objects = objects
            .into_iter()
            .map(|(kind, name, value)| named(kind, &name, json!({"data": value})));
        objects.collect()
    })
}

/// What is said, in no order, with the sides exchanged if asked for.
fn facts(changes: &[Change], mirrored: bool) -> Vec<String> {
    let sign = |sign: char| match (mirrored, sign) {
        (true, '+') => '-',
        (true, '-') => '+',
        (_, sign) => sign,
    };
    let mut facts = Vec::new();
    for change in changes {
        let [old, new] = [change.before(), change.after()].map(|s| s.map(|s| shown(&s.object)));
        let (old, new) = if mirrored { (new, old) } else { (old, new) };
        facts.push(format!("{old:?} -> {new:?}"));
        let name = Identity { version: String::new(), ..change.identity.clone() };
        for field in change
            .fields()
            .iter()
            .filter(|_| !matches!(&change.kind, Kind::Changed { renamed_from: Some(_), .. }))
        {
            let path: Vec<String> = field
                .path
                .0
                .iter()
                .map(|step| match step {
                    Step::Index { old, new } if mirrored => format!("{new:?}{old:?}"),
                    Step::Index { old, new } => format!("{old:?}{new:?}"),
                    step => format!("{step:?}"),
                })
                .collect();
            facts.push(match &field.what {
                What::Added { new, .. } => format!("{name} {path:?} {} {new:?}", sign('+')),
                What::Removed { old } => format!("{name} {path:?} {} {old:?}", sign('-')),
                What::Changed { old, new } if mirrored => {
                    format!("{name} {path:?} {new:?} {old:?}")
                }
                What::Changed { old, new } => format!("{name} {path:?} {old:?} {new:?}"),
                What::Reordered { .. } => format!("{name} {path:?} order"),
            });
        }
    }
    facts.sort();
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_the_same_does_not_differ(objects in some_objects()) {
        prop_assert_eq!(super::objects(&objects, &objects, Schema::builtin()), []);
    }

    #[test]
    fn the_changes_make_the_new_of_the_old(old in value(), new in value()) {
        let (old, new) = (named("Deployment", "x", json!({"v": old})), named("Deployment", "x", json!({"v": new})));
        let changes = objects(std::slice::from_ref(&old), std::slice::from_ref(&new), Schema::builtin());
        let fields = changes.iter().flat_map(Change::fields);
        let steps: Vec<Below<'_>> = fields.map(|f| (f.path.0.as_slice(), &f.what)).collect();
        prop_assert_eq!(changes.is_empty(), old.value == new.value);
        prop_assert_eq!(apply(&old.value, &steps), Value::clone(&new.value));
    }

    #[test]
    fn the_other_way_round_says_the_opposite(old in some_objects(), new in some_objects()) {
        let there = objects(&old, &new, Schema::builtin());
        let back = objects(&new, &old, Schema::builtin());
        let kinds = |changes: &[Change], mirrored: bool| {
            let mut kinds: Vec<i8> = changes.iter().map(|change| match &change.kind {
                Kind::Added(_) => 1,
                Kind::Removed(_) => -1,
                Kind::Changed { .. } => 0,
            }).map(|kind| if mirrored { -kind } else { kind }).collect();
            kinds.sort_unstable();
            kinds
        };
        prop_assert_eq!(kinds(&there, false), kinds(&back, true));
    }

    #[test]
    fn the_fields_of_one_object_are_the_opposite_the_other_way_round(
        keys in proptest::collection::btree_map("[a-e]", (value(), value()), 0..4),
    ) {
        let side = |pick: fn(&(Value, Value)) -> &Value| {
            let fields = keys.iter().map(|(key, both)| (key.clone(), only_keyed(pick(both))));
            [named("Deployment", "x", Value::Object(fields.collect()))]
        };
        let (old, new) = (side(|both| &both.0), side(|both| &both.1));
        let there = objects(&old, &new, Schema::builtin());
        let back = objects(&new, &old, Schema::builtin());
        prop_assert_eq!(facts(&there, false), facts(&back, true));
    }
}

/// Without lists whose items are matched by their order: of several equally good matches either way finds its own.
fn only_keyed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), only_keyed(value))).collect()
        }
        Value::Array(items)
            if items.iter().all(|item| item.get("name").is_some_and(Value::is_string)) =>
        {
            items.iter().map(only_keyed).collect()
        }
        Value::Array(_) => Value::Null,
        other => other.clone(),
    }
}
