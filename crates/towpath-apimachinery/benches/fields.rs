//! What keeping track of owners costs a write.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use towpath_apimachinery::fields::{self, Writer};
use towpath_apimachinery::shape::Shape;
use towpath_catalog::{Catalog, GroupVersionKind, Minor};

fn benchmarks(criterion: &mut Criterion) {
    let catalog = Catalog::load(Minor::NEWEST).expect("the newest minor is known");
    let schema = catalog.schema(&GroupVersionKind::of("v1", "ConfigMap"));
    let shape = Shape::BuiltIn(schema.expect("there are ConfigMaps"));
    let writer = Writer {
        manager: "bench",
        api_version: "v1",
        subresource: "",
        time: "2026-01-01T00:00:00Z",
        ignored: &[],
    };
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "b", "labels": {"app": "a"}},
        "data": {"x": "1", "y": "2", "z": "3"}});
    let mut old = config.clone();
    fields::update(None, &mut old, &shape, &writer);
    let mut new = old.clone();
    new["data"]["x"] = Value::from("2");
    criterion.bench_function("create a ConfigMap", |bench| {
        let update = |mut new: Value| {
            fields::update(None, &mut new, &shape, &writer);
            new
        };
        bench.iter_batched(|| config.clone(), update, BatchSize::SmallInput);
    });
    criterion.bench_function("update a ConfigMap", |bench| {
        let update = |mut new: Value| {
            fields::update(Some(black_box(&old)), &mut new, &shape, &writer);
            new
        };
        bench.iter_batched(|| new.clone(), update, BatchSize::SmallInput);
    });
    criterion.bench_function("apply a ConfigMap that stays the same", |bench| {
        let apply = |old| fields::apply(Some(old), black_box(&config), &shape, &writer, true);
        let applied = apply(&old).expect("forced");
        bench.iter(|| apply(&applied));
    });
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
