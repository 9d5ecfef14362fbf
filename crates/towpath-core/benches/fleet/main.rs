//! How long it takes to plan for a big fleet, all of it and again after one observation, and what a snapshot weighs.
//!
//! 10,000 clusters in five environments with waves and gates, 100 components on each, every cluster connected and
//! reporting. `TOWPATH_BENCH_FLEET=1000x20` makes another one. To compare with: KubeFleet tells of 1,000 clusters in
//! three stages that a staged update takes 96 seconds at the 90th percentile, and 11 minutes after a restart.

mod made;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use towpath_core::plan::{Planned, notes, plan};
use towpath_core::status::status;

/// The memory of this process that is in use, in bytes, where the system tells.
#[expect(clippy::disallowed_methods, reason = "a benchmark looks at its own process")]
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told its size by who runs it")]
fn size() -> (usize, usize) {
    let told = std::env::var("TOWPATH_BENCH_FLEET").unwrap_or_else(|_| "10000x100".to_owned());
    let (clusters, components) = told.split_once('x').expect("CLUSTERSxCOMPONENTS");
    (clusters.parse().expect("a number"), components.parse().expect("a number"))
}

#[expect(clippy::print_stderr, reason = "memory is no time, so criterion has no place for it")]
fn fleet(criterion: &mut Criterion) {
    let (clusters, components) = size();
    let before = resident();
    let (path, snapshot) = made::fleet(clusters, components);
    if let Some((before, after)) = before.zip(resident()) {
        let each = after.saturating_sub(before) / (clusters * components);
        eprintln!("a snapshot weighs {each} bytes for each cluster and component");
    }
    let mut group = criterion.benchmark_group(format!("{clusters} clusters x {components}"));
    group.sample_size(10);
    group.bench_function("plan", |b| b.iter(|| plan(&path, black_box(&snapshot))));
    let path = Arc::new(path);
    let mut news = made::news(&path, &snapshot).into_iter().cycle();
    let mut kept = Planned::new(Arc::clone(&path), snapshot.clone());
    group.bench_function("plan again after one report", |b| {
        let next = || news.next().expect("there is always news");
        b.iter_batched(next, |new| kept.again(&path, new), BatchSize::PerIteration);
    });
    group.bench_function("copy", |b| b.iter(|| black_box(&snapshot).clone()));
    let planned = plan(&path, &snapshot);
    group.bench_function("notes", |b| b.iter(|| notes(&path, black_box(&snapshot))));
    group.bench_function("status", |b| b.iter(|| status(&path, black_box(&snapshot), &planned)));
    group.finish();
}

criterion_group!(benches, fleet);
criterion_main!(benches);
