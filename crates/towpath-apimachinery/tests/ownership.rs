//! What holds of owners whatever is written, and of sets of fields.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_apimachinery::fields::{self, FieldSet, Writer};
use towpath_apimachinery::shape::Shape;
use towpath_catalog::{Catalog, GroupVersionKind, Minor};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(Minor::NEWEST).unwrap());

fn shape() -> Shape<'static> {
    Shape::BuiltIn(CATALOG.schema(&GroupVersionKind::of("v1", "ConfigMap")).unwrap())
}

fn writer<'a>(manager: &'a str, time: &'a str) -> Writer<'a> {
    Writer { manager, api_version: "v1", subresource: "", time, ignored: &[] }
}

const EARLY: &str = "2026-01-01T00:00:00Z";
const LATE: &str = "2026-01-01T00:00:01Z";

type Data = BTreeMap<String, u8>;

fn config(data: &Data) -> Value {
    let data: serde_json::Map<String, Value> =
        data.iter().map(|(name, value)| (name.clone(), value.to_string().into())).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
}

fn data() -> impl Strategy<Value = Data> {
    prop::collection::btree_map("[a-e]", 0..2_u8, 0..5)
}

/// Who writes what, and whether by applying.
fn writes() -> impl Strategy<Value = Vec<(u8, bool, Data)>> {
    prop::collection::vec((0..3_u8, any::<bool>(), data()), 1..8)
}

fn written(writes: &[(u8, bool, Data)]) -> Value {
    let mut object: Option<Value> = None;
    for (manager, is_applied, data) in writes {
        object = Some(next(object.as_ref(), *manager, *is_applied, data));
    }
    object.unwrap()
}

fn next(object: Option<&Value>, manager: u8, is_applied: bool, data: &Data) -> Value {
    let name = format!("m{manager}");
    let mut new = config(data);
    if is_applied {
        return fields::apply(object, &new, &shape(), &writer(&name, EARLY), true).unwrap();
    }
    fields::update(object, &mut new, &shape(), &writer(&name, EARLY));
    new
}

/// The names of the data that a manager owns, with how.
fn owners(object: &Value, name: &str) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    let key = format!("f:{name}");
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["fieldsV1"]["f:data"].get(&key).is_some())
        .map(|entry| format!("{} {}", entry["manager"], entry["operation"]))
        .collect()
}

fn fields_v1() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "f:[a-c]",
        Just(r#"k:{"name":"x"}"#.to_owned()),
        Just("v:1".to_owned()),
        Just(r#"v:"a""#.to_owned()),
        Just("i:0".to_owned()),
        Just(".".to_owned()),
    ];
    Just(json!({})).prop_recursive(3, 16, 4, move |inner| {
        prop::collection::btree_map(name.clone(), inner, 0..4)
            .prop_map(|fields| fields.into_iter().collect())
    })
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(before in writes(), manager in 0..3_u8, data in data()) {
        let once = next(Some(&written(&before)), manager, true, &data);
        let name = format!("m{manager}");
        let again = fields::apply(Some(&once), &config(&data), &shape(), &writer(&name, LATE), false);
        prop_assert_eq!(again.unwrap(), once);
    }

    #[test]
    fn applying_nothing_removes_what_nobody_else_owns(before in writes(), data in data()) {
        let before = written(&before);
        let applied = next(Some(&before), 9, true, &data);
        let nothing = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        let left = fields::apply(Some(&applied), &nothing, &shape(), &writer("m9", LATE), false);
        let left = left.unwrap();
        for (name, value) in applied["data"].as_object().into_iter().flatten() {
            let is_alone = owners(&applied, name) == [r#""m9" "Apply""#];
            prop_assert_eq!(left["data"].get(name), (!is_alone).then_some(value), "{}", name);
        }
        prop_assert!(!left["metadata"].to_string().contains("m9"));
    }

    #[test]
    fn whoever_owns_what_does_not_change_keeps_it(
        before in writes(), manager in 0..3_u8, is_applied: bool, data in data(),
    ) {
        let before = written(&before);
        let after = next(Some(&before), manager, is_applied, &data);
        let writer = format!("\"m{manager}\" \"Apply\"");
        for (name, value) in before["data"].as_object().into_iter().flatten() {
            if after["data"].get(name) == Some(value) {
                let now = owners(&after, name);
                for owner in owners(&before, name) {
                    prop_assert!(now.contains(&owner) || is_applied && owner == writer, "{} {}", name, owner);
                }
            }
        }
    }

    #[test]
    fn an_update_that_changes_nothing_changes_no_entry(before in writes()) {
        let before = written(&before);
        let mut same = before.clone();
        fields::update(Some(&before), &mut same, &shape(), &writer("other", LATE));
        prop_assert_eq!(&same, &before);
        same["metadata"].as_object_mut().unwrap().remove("managedFields");
        fields::update(Some(&before), &mut same, &shape(), &writer("other", LATE));
        prop_assert_eq!(same, before);
    }

    #[test]
    fn sets_are_written_as_they_are_read(fields in fields_v1()) {
        let set = FieldSet::parse(&fields).unwrap();
        let written = set.to_fields();
        prop_assert_eq!(FieldSet::parse(&written).unwrap(), set.clone());
        prop_assert_eq!(set.paths().len(), set.len());
    }

    #[test]
    fn sets_are_sets(a in fields_v1(), b in fields_v1(), c in fields_v1()) {
        let [a, b, c] = [&a, &b, &c].map(|fields| FieldSet::parse(fields).unwrap());
        let union = |a: &FieldSet<'_>, b: &FieldSet<'_>| -> Value { a.clone().union(b.clone()).to_fields() };
        prop_assert_eq!(union(&a, &b), union(&b, &a));
        let all = a.clone().union(b.clone());
        prop_assert_eq!(all.clone().union(c.clone()), a.clone().union(b.clone().union(c.clone())));
        prop_assert!(a.is_subset(&all) && b.is_subset(&all));
        let both = a.intersection(&b);
        prop_assert!(both.is_subset(&a) && both.is_subset(&b));
        prop_assert_eq!(both.is_empty(), !a.intersects(&b));
        let rest = a.clone().difference(&b);
        prop_assert!(!rest.intersects(&b));
        prop_assert_eq!(rest.clone().union(both), a.clone());
        prop_assert_eq!(rest.len() + a.intersection(&b).len(), a.len());
        prop_assert!(a.clone().without(&b).is_subset(&rest));
    }

    #[test]
    fn no_entries_of_a_client_do_harm(entries in fields_v1(), text in ".{0,8}") {
        let mut new = config(&Data::from([("a".to_owned(), 1)]));
        new["metadata"]["managedFields"] = json!([
            {"manager": text, "operation": "Update", "apiVersion": "v1", "time": text,
                "fieldsType": "FieldsV1", "fieldsV1": entries},
            {"manager": "x", "operation": "Apply", "apiVersion": "v1",
                "fieldsType": "FieldsV1", "fieldsV1": {text.as_str(): entries}},
        ]);
        let old = config(&Data::new());
        fields::update(Some(&old), &mut new, &shape(), &writer("w", LATE));
        let _ = fields::apply(Some(&new), &old, &shape(), &writer("w", LATE), true);
    }
}
