//! How long it takes to validate 10,000 objects of built-in kinds, in the proportions of a platform.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value;
use towpath_catalog::{Catalog, Minor};
use towpath_schema::builtin::validate;

const OBJECTS: &str = include_str!("builtin.yaml");

fn benchmarks(criterion: &mut Criterion) {
    let catalog = Catalog::load(Minor::NEWEST).expect("the newest minor is known");
    let documents = towpath_yaml::parse(OBJECTS.as_bytes()).expect("the text is YAML");
    let objects: Vec<Value> = documents.iter().map(|document| document.root.to_json()).collect();
    for object in &objects {
        let report = validate(&catalog, object).expect("a kind that is built in");
        assert!(report.violations.is_empty(), "{:?}", report.violations);
    }
    criterion.bench_function("10,000 objects", |bench| {
        bench.iter(|| {
            let objects = objects.iter().cycle().take(10_000);
            objects.filter(|object| validate(&catalog, black_box(object)).is_some()).count()
        });
    });
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
