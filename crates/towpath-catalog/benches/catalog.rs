//! What loading and asking costs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use towpath_catalog::{Catalog, GroupVersionKind, Minor, lifecycle, lifecycles};

fn benchmarks(criterion: &mut Criterion) {
    criterion.bench_function("load one minor", |bench| {
        bench.iter(|| Catalog::load(black_box(Minor::NEWEST)));
    });
    let unknown = GroupVersionKind::of("example.com/v1", "Thing");
    criterion.bench_function("10,000 lifecycles", |bench| {
        bench.iter(|| {
            let kinds = lifecycles().map(|row| row.kind).chain([unknown]);
            kinds.cycle().take(10_000).filter(|kind| lifecycle(black_box(kind)).is_some()).count()
        });
    });
    let catalog = Catalog::load(Minor::NEWEST).expect("the newest minor is known");
    let pod = catalog.schema(&GroupVersionKind::of("v1", "Pod")).expect("there are pods");
    criterion.bench_function("walk to a field", |bench| {
        bench.iter(|| pod.at(black_box(["spec", "containers", "", "resources", "limits", "cpu"])));
    });
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
