//! What rules in CEL take, beside the same object and schema without them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use towpath_schema::crd::Definition;
use towpath_schema::crd::schema::Schema;

fn schema(rules: &[&str]) -> Schema {
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"rule": rule})).collect();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {
                    "type": "object",
                    "properties": {
                        "lo": {"type": "integer"},
                        "hi": {"type": "integer"},
                        "name": {"type": "string"},
                        "ports": {"type": "array", "items": {
                            "type": "object",
                            "properties": {"name": {"type": "string"}, "number": {"type": "integer"}},
                        }},
                    },
                    "x-kubernetes-validations": rules,
                }},
            }}}],
        },
    });
    let definition = Definition::parse(&definition).expect("a definition");
    Schema::of(&definition, &definition.versions[0])
}

fn rules(criterion: &mut Criterion) {
    let ports: Vec<Value> =
        (0..20).map(|n| json!({"name": format!("port-{n}"), "number": 8000 + n})).collect();
    let object = json!({
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"lo": 1, "hi": 2, "name": "widget", "ports": ports},
    });
    let cases: [(&str, &[&str]); 4] = [
        ("none", &[]),
        ("compare", &["!has(self.lo) || !has(self.hi) || self.lo <= self.hi"]),
        ("pattern", &["self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')"]),
        ("unique", &["self.ports.all(a, self.ports.exists_one(b, a.number == b.number))"]),
    ];
    let mut group = criterion.benchmark_group("cel");
    for (name, rules) in cases {
        let schema = schema(rules);
        let report = schema.validate(&object);
        assert!(report.violations.is_empty() && report.not_checked.is_empty(), "{report:?}");
        group.bench_function(name, |bencher| bencher.iter(|| schema.validate(black_box(&object))));
    }
    group.finish();
}

criterion_group!(benches, rules);
criterion_main!(benches);
