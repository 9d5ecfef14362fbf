//! Objects of built-in kinds that are made to hurt: a report always, of bounded size, and the same one twice.
//!
//! The input is an object in JSON. One that names no kind is tried as the spec of several.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use towpath_catalog::{Catalog, Minor};
use towpath_schema::builtin::{hint, validate};
use towpath_schema::crd::schema::MAX_VIOLATIONS;

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::load(Minor::NEWEST).expect("the newest minor is known"));

const KINDS: &[(&str, &str)] = &[
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "List"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
];

fn check(object: &Value) {
    let Some(report) = validate(&CATALOG, object) else { return };
    assert!(report.violations.len() <= MAX_VIOLATIONS);
    for violation in &report.violations {
        let _ = hint(&CATALOG, object, violation);
    }
    assert_eq!(validate(&CATALOG, object), Some(report));
}

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    check(&value);
    for (api_version, kind) in KINDS {
        check(&json!({
            "apiVersion": api_version, "kind": kind, "metadata": value, "spec": value, "data": value, "items": value,
        }));
    }
});
