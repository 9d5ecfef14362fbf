//! How long a year takes: five environments, a release of each component every week, failures and rollbacks, production
//! in two waves. Components are played apart, so the time is linear in them; this is about clusters. With the argument
//! `whole`, the year of 10,000 clusters with 100 components is played once, which takes most of a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use towpath_core::conduct::{Amount, Conduct, OnFailure, Selector, Wave};
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{CommitId, Digest, Folder};
use towpath_core::path::{Cluster, Component, Environment, Path, ReleaseStream};
use towpath_core::pin::{Blank, Fill, Location, ObjectRef, Pin, Splice};
use towpath_core::record::History;
use towpath_core::release::{Reach, Release, Releases, Seen};
use towpath_core::running::Reports;
use towpath_core::scenario::{
    Arrivals, Between, Bump, Delivery, Failing, Failures, People, Scenario, Share, Tests, When,
};
use towpath_core::snapshot::Snapshot;
use towpath_core::source::Answers;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::{Range, Version};
use towpath_engine::simulate::simulate;

/// How many of a hundred clusters each environment has.
const SHARES: [(&str, usize); 5] =
    [("development", 1), ("test", 4), ("staging", 5), ("canary", 10), ("production", 80)];

const HOUR: u64 = 3600;

fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a text of the benchmark")
}

fn environment(position: usize, clusters: usize) -> Environment {
    let (name, share) = SHARES[position];
    let cluster = |i: usize| Cluster {
        name: read(&format!("{name}-{i:05}")),
        folder: Folder::parse(&format!("clusters/{name}-{i:05}")).expect("a folder"),
        context: None,
        labels: BTreeMap::new(),
        kubernetes: None,
    };
    let wave = |name: &str, names: &[&str]| Wave {
        name: name.to_owned(),
        select: Selector {
            names: names.iter().map(ToString::to_string).collect(),
            ..Selector::default()
        },
        max_concurrency: Amount::Percent(100),
        max_failures: Amount::Count(0),
        min_success_time: Duration::from_secs(HOUR),
        progress_deadline: Some(Duration::from_secs(6 * HOUR)),
    };
    let waves = match name {
        "production" => vec![wave("first", &["*0"]), wave("rest", &[])],
        _ => Vec::new(),
    };
    let soak = Duration::from_secs(12 * HOUR);
    Environment {
        name: read(name),
        clusters: (0..(clusters * share / 100).max(1)).map(cluster).collect(),
        after: (position > 0).then(|| read(SHARES[position - 1].0)).into_iter().collect(),
        stated: None,
        gates: Gate::named(vec![Condition::Soak { duration: soak }]),
        conduct: Conduct {
            auto: true,
            on_failure: OnFailure::Rollback,
            waves,
            ..Conduct::default()
        },
        production: name == "production",
        kubernetes: None,
        sandbox: false,
    }
}

fn pin(environment: &Environment, cluster: &Cluster, component: &Component) -> Pin {
    let (tracking, old, before) = match environment.name.as_str() {
        "development" => {
            let range = Range::parse("0.0.x").expect("a range");
            (Tracking::Semver(range), "semver: 0.0.x".to_owned(), "tag: ")
        }
        _ => (Tracking::Exact(Exact::tag("0.0.1")), "0.0.1".to_owned(), ""),
    };
    let new = Fill { before: before.to_owned(), blank: Blank::Tag, after: String::new() };
    let file = cluster.folder.join(&format!("{}.yaml", component.name)).expect("a file");
    Pin {
        component: component.name.clone(),
        environment: environment.name.clone(),
        cluster: cluster.name.clone(),
        object: ObjectRef {
            kind: "OCIRepository".to_owned(),
            namespace: "flux-system".to_owned(),
            name: component.name.to_string(),
        }
        .into(),
        field: "spec.ref".to_owned(),
        at: Location { file, line: 1, column: 1 },
        tracking,
        splices: Ok(vec![Splice { range: 10..10 + old.len(), line: 1, old, new }]),
    }
}

fn fleet(clusters: usize, components: usize) -> (Path, Snapshot) {
    let component = |i: usize| Component {
        name: read(&format!("component-{i:03}")),
        paths: Vec::new(),
        ignore: None,
        releases: ReleaseStream::Oci {
            url: "oci://registry.example.com/a".to_owned(),
            insecure: false,
        },
    };
    let components: Vec<Component> = (0..components).map(component).collect();
    let environments: Vec<Environment> =
        (0..SHARES.len()).map(|i| environment(i, clusters)).collect();
    let places = environments.iter().flat_map(|e| e.clusters.iter().map(move |c| (e, c)));
    let pins = places.flat_map(|(e, cluster)| components.iter().map(move |c| pin(e, cluster, c)));
    let version: Version = read("0.0.1");
    let releases = components.iter().map(|component| {
        let release = Release {
            component: component.name.clone(),
            version: version.clone(),
            tag: "0.0.1".to_owned(),
            digest: Some(Digest::parse(&format!("sha256:{:064x}", 1)).expect("a digest")),
            commit: Some(CommitId::parse(&format!("{:040x}", 1)).expect("a commit")),
            seen: Seen { ledger: true, source: true, differs: false },
        };
        let releases = Releases { list: vec![release], reach: Reach::Reached };
        (component.name.clone(), releases)
    });
    let snapshot = Snapshot {
        now: read("2026-01-01T00:00:00Z"),
        base: None,
        branches: BTreeMap::new(),
        pins: pins.collect(),
        releases: releases.collect(),
        contained: BTreeSet::new(),
        running: Reports::default(),
        answers: Answers::default(),
        history: History::default(),
        findings: Vec::new(),
    };
    let path = Path::new(read("main"), components, environments).expect("a path");
    (path, snapshot)
}

fn year() -> Scenario {
    let nobody =
        People { by: Vec::new(), hours: Vec::new(), after: Duration::ZERO, known: Vec::new() };
    let hours = |hours: u64| Duration::from_secs(HOUR * hours);
    Scenario {
        start: read("2026-01-01T00:00:00Z"),
        end: read("2027-01-01T00:00:00Z"),
        seed: 1,
        releases: vec![Arrivals {
            components: Vec::new(),
            when: When::Every(hours(7 * 24)),
            version: None,
            bump: Bump::Patch,
            by: "Ann <ann@example.com>".to_owned(),
            fails: Vec::new(),
        }],
        failures: vec![Failures {
            components: Vec::new(),
            chance: Share(1_000),
            how: Failing {
                environments: Vec::new(),
                clusters: Vec::new(),
                after: Between { least: hours(1), most: hours(72) },
                lasts: None,
            },
        }],
        deliveries: vec![Delivery {
            environments: Vec::new(),
            takes: Between { least: hours(0), most: Duration::from_secs(20 * 60) },
        }],
        troubles: Vec::new(),
        alerts: Vec::new(),
        approvals: nobody,
        promotions: None,
        tests: Tests {
            takes: Between::exactly(Duration::ZERO),
            fail: Share::NONE,
            known_to_fail: Vec::new(),
        },
        freezes: Vec::new(),
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "one run takes too long to be run ten times"
)]
fn whole() {
    let (path, snapshot) = fleet(10_000, 100);
    let begun = Instant::now();
    let played = simulate(&path, &snapshot, &year()).expect("the year is played");
    let (long, moments) = (begun.elapsed().as_secs_f64(), played.moments.len());
    println!("a year of 10,000 clusters with 100 components: {long:.1} s, {moments} moments");
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told what to run by who runs it")]
fn main() {
    if std::env::args().any(|argument| argument == "whole") {
        return whole();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("simulate");
    group.sample_size(10);
    let scenario = year();
    for (clusters, components) in [(100, 1), (100, 10), (1_000, 1), (10_000, 1)] {
        let (path, snapshot) = fleet(clusters, components);
        let name =
            BenchmarkId::new("year", format!("{clusters} clusters, {components} components"));
        group.bench_with_input(name, &(), |bencher, ()| {
            bencher
                .iter(|| black_box(simulate(&path, &snapshot, &scenario).map(|s| s.moments.len())));
        });
    }
    group.finish();
    criterion.final_summary();
}
