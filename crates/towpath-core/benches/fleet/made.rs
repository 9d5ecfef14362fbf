//! A made fleet: five environments on a line, waves and gates, every cluster connected and reporting every component.
//!
//! Of twenty components, one soaks in staging, one is half way through canary, and the others are on their newest
//! release everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::conduct::{Amount, Conduct, Selector, Wave};
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{ClusterName, CommitId, ComponentName, Digest, Folder, RepoPath};
use towpath_core::path::{Cluster, Component, Environment, Path, ReleaseStream};
use towpath_core::pin::{Blank, Fill, Location, ObjectRef, Pin, Splice};
use towpath_core::record::{
    Event, History, OfRelease, PlanHash, Promotion, Record, SetMember, Signature, Verified,
};
use towpath_core::release::{Reach, Release, Releases, Revision, Seen};
use towpath_core::running::{ClusterReport, Contact, Health, Running};
use towpath_core::snapshot::Snapshot;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::{Range, Version};
use towpath_core::window::{Kind, Recurring, Span, Window};

/// The environments, with their share of a hundred clusters.
const ENVIRONMENTS: [(&str, usize); 5] =
    [("development", 2), ("test", 8), ("staging", 20), ("canary", 30), ("production", 40)];
const RELEASES: u64 = 10;
const CANARY: usize = 3;

/// What a component is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Soaking,
    Rolling,
    Settled,
}

impl Doing {
    fn of(component: usize) -> Self {
        match component % 20 {
            0 => Self::Soaking,
            1 => Self::Rolling,
            _ => Self::Settled,
        }
    }

    /// The release of the `number`th cluster of so many in an environment.
    fn release_at(self, environment: usize, number: usize, size: usize) -> u64 {
        let old = match self {
            Self::Settled => false,
            Self::Soaking => environment >= CANARY,
            Self::Rolling if environment == CANARY => number >= first_wave(size) + at_once(size),
            Self::Rolling => environment > CANARY,
        };
        if old { RELEASES - 2 } else { RELEASES - 1 }
    }
}

fn first_wave(size: usize) -> usize {
    size.div_ceil(20)
}

fn at_once(size: usize) -> usize {
    (size - first_wave(size)) / 10
}

fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a text of the benchmark")
}

fn commit(number: u64) -> CommitId {
    read(&format!("{number:040x}"))
}

fn now() -> Timestamp {
    read("2026-01-05T10:00:00Z")
}

/// The path and what is believed along it.
pub(crate) fn fleet(clusters: usize, components: usize) -> (Path, Snapshot) {
    let path = path(clusters, components);
    let releases = releases(components);
    let pins = pins(&path, &releases);
    let running = running(&path, &releases);
    let records = records(&path, &releases);
    let snapshot = Snapshot {
        now: now(),
        base: Some(commit(9)),
        branches: BTreeMap::from([(read("main"), commit(9))]),
        pins: pins.into(),
        releases: releases
            .into_iter()
            .map(|(name, list)| (name, Releases { list, reach: Reach::Reached }))
            .collect(),
        contained: BTreeSet::new(),
        running: running.into(),
        answers: Default::default(),
        history: History::new(records),
        findings: Vec::new(),
    };
    (path, snapshot)
}

/// The same world with one cluster not well, and well again: two snapshots that differ in one report.
pub(crate) fn news(path: &Path, snapshot: &Snapshot) -> Vec<Snapshot> {
    let environment = &path.environments()[CANARY];
    let (cluster, component) = (&environment.clusters[7].name, &path.components[5].name);
    let told = [Health::Progressing, Health::Healthy].map(|health| {
        let mut snapshot = snapshot.clone();
        let report = snapshot.running.get(cluster).expect("every cluster reports");
        let running = Running { health, ..report.components[component].clone() };
        snapshot.running.tell(cluster, component, running);
        snapshot
    });
    told.into()
}

fn component_names(count: usize) -> Vec<ComponentName> {
    (0..count).map(|n| read(&format!("component-{n:03}"))).collect()
}

fn path(clusters: usize, components: usize) -> Path {
    let components = component_names(components).into_iter().map(|name| Component {
        releases: ReleaseStream::Oci {
            url: format!("oci://registry.example.com/{name}"),
            insecure: false,
        },
        name,
        paths: Vec::new(),
        ignore: None,
    });
    let environments = ENVIRONMENTS.iter().enumerate().map(|(position, (name, share))| {
        let size = (clusters * share / 100).max(1);
        let made = (0..size).map(|number| Cluster {
            name: read(&format!("{name}-{number:04}")),
            folder: Folder::parse(&format!("clusters/{name}-{number:04}")).expect("a folder"),
            context: None,
            labels: BTreeMap::from([(
                "wave".to_owned(),
                if number < first_wave(size) { "first" } else { "rest" }.to_owned(),
            )]),
            kubernetes: None,
        });
        let before = position.checked_sub(1).map(|p| ENVIRONMENTS[p].0);
        Environment {
            name: read(name),
            clusters: made.collect(),
            after: before.into_iter().map(read).collect(),
            stated: None,
            gates: before.filter(|_| position > 1).map(gates).unwrap_or_default(),
            conduct: Conduct { auto: true, waves: waves(), ..Conduct::default() },
            production: *name == "production",
            kubernetes: None,
            sandbox: false,
        }
    });
    Path::new(read("main"), components.collect(), environments.collect()).expect("a path")
}

fn gates(before: &str) -> Vec<Gate> {
    let recurring = Recurring::parse("0 9 * * 1-5", "8h", "Europe/Berlin").expect("a window");
    Gate::named(vec![
        Condition::Verified { from: vec![read(before)], any: false },
        Condition::Soak { duration: Duration::from_secs(3600) },
        Condition::Window {
            windows: vec![Window {
                kind: Kind::Allow,
                reason: None,
                span: Span::Recurring(recurring),
            }],
        },
    ])
}

fn waves() -> Vec<Wave> {
    let wave = |name: &str| Wave {
        name: name.to_owned(),
        select: Selector {
            names: Vec::new(),
            labels: BTreeMap::from([("wave".to_owned(), name.to_owned())]),
        },
        max_concurrency: Amount::Percent(10),
        max_failures: Amount::Percent(5),
        min_success_time: Duration::from_secs(300),
        progress_deadline: Some(Duration::from_secs(3600)),
    };
    vec![wave("first"), wave("rest")]
}

fn releases(components: usize) -> Vec<(ComponentName, Vec<Release>)> {
    let names = component_names(components).into_iter().enumerate();
    let all = names.map(|(c, component)| {
        let list = (0..RELEASES).map(|minor| {
            let text = format!("1.{minor}.0");
            let id = c as u64 * 1000 + minor;
            Release {
                component: component.clone(),
                version: read(&text),
                tag: text,
                digest: Some(read::<Digest>(&format!("sha256:{id:064x}"))),
                commit: Some(commit(id + 1)),
                seen: Seen { ledger: true, source: true, differs: false },
            }
        });
        let list = list.collect();
        (component, list)
    });
    all.collect()
}

fn splice(old: String, before: &str) -> Splice {
    Splice {
        range: 210..210 + old.len(),
        line: 11,
        old,
        new: Fill { before: before.to_owned(), blank: Blank::Tag, after: String::new() },
    }
}

fn pins(path: &Path, releases: &[(ComponentName, Vec<Release>)]) -> Vec<Pin> {
    let range = Range::parse(">=1.0.0").expect("a range");
    let object = |(component, _): &(ComponentName, _)| {
        Arc::new(ObjectRef {
            kind: "OCIRepository".to_owned(),
            namespace: "flux-system".to_owned(),
            name: component.to_string(),
        })
    };
    // Shared as all pins share them, but from the beginning: what was freed again would be weighed as well.
    let objects: Vec<Arc<ObjectRef>> = releases.iter().map(object).collect();
    let mut out = Vec::new();
    for (position, environment) in path.environments().iter().enumerate() {
        let size = environment.clusters.len();
        for (number, cluster) in environment.clusters.iter().enumerate() {
            for (c, (component, list)) in releases.iter().enumerate() {
                let release = &list[Doing::of(c).release_at(position, number, size) as usize];
                let tracking = match position {
                    0 => Tracking::Semver(range.clone()),
                    _ => Tracking::Exact(Exact::tag(&release.tag)),
                };
                let (old, before) = match position {
                    0 => (format!("semver: {range}"), "tag: "),
                    _ => (release.tag.clone(), ""),
                };
                let file: RepoPath =
                    cluster.folder.join(&format!("{component}.yaml")).expect("a path");
                out.push(Pin {
                    component: component.clone(),
                    environment: environment.name.clone(),
                    cluster: cluster.name.clone(),
                    object: Arc::clone(&objects[c]),
                    field: "spec.ref".to_owned(),
                    at: Location { file, line: 11, column: 5 },
                    tracking,
                    splices: Ok(vec![splice(old, before)]),
                });
            }
        }
    }
    out
}

/// What a cluster runs of a component.
fn runs(release: &Release, health: Health, since: Timestamp) -> Running {
    Running {
        revision: release
            .digest
            .clone()
            .map(|digest| Revision::Oci { tag: Some(release.tag.clone()), digest }),
        version: Some(release.version.clone()),
        attempted: None,
        health,
        since,
        suspended: false,
        ailing: Vec::new(),
    }
}

fn running(
    path: &Path,
    releases: &[(ComponentName, Vec<Release>)],
) -> BTreeMap<ClusterName, ClusterReport> {
    let minutes = |n: i64| now() - jiff::SignedDuration::from_mins(n);
    let mut out = BTreeMap::new();
    for (position, environment) in path.environments().iter().enumerate() {
        let size = environment.clusters.len();
        for (number, cluster) in environment.clusters.iter().enumerate() {
            let components = releases.iter().enumerate().map(|(c, (component, list))| {
                let doing = Doing::of(c);
                let release = doing.release_at(position, number, size);
                let moving = doing == Doing::Rolling
                    && position == CANARY
                    && number >= first_wave(size)
                    && release == RELEASES - 1;
                let health = if moving { Health::Progressing } else { Health::Healthy };
                // A little apart from each other, as clusters are.
                let since = minutes(10 + (number % 7) as i64);
                (component.clone(), runs(&list[release as usize], health, since))
            });
            let components = components.collect();
            out.insert(
                cluster.name.clone(),
                ClusterReport { contact: Contact::Connected, components },
            );
        }
    }
    out
}

/// What the ledger has of the last two releases: a promotion for each wave, and the verification.
fn records(path: &Path, releases: &[(ComponentName, Vec<Release>)]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut at = now() - jiff::SignedDuration::from_hours(24 * 30);
    for number in [RELEASES - 2, RELEASES - 1] {
        for (position, environment) in path.environments().iter().enumerate().skip(1) {
            let size = environment.clusters.len();
            let first = first_wave(size);
            for (c, (_, list)) in releases.iter().enumerate() {
                let doing = Doing::of(c);
                let moved: Vec<&ClusterName> = environment
                    .clusters
                    .iter()
                    .enumerate()
                    .filter(|(n, _)| doing.release_at(position, *n, size) >= number)
                    .map(|(_, cluster)| &cluster.name)
                    .collect();
                if moved.is_empty() {
                    continue;
                }
                let release = &list[number as usize];
                let plan = plan_of(&[position as u64, c as u64, number]);
                let (wave, rest) = moved.split_at(first.min(moved.len()));
                for (step, clusters) in [wave, rest].into_iter().enumerate() {
                    at += jiff::SignedDuration::from_secs(60);
                    let at = match number == RELEASES - 1 && doing == Doing::Rolling {
                        true => now() - jiff::SignedDuration::from_mins(30 - 10 * step as i64),
                        false => at,
                    };
                    out.push(record(at, promoted(environment, release, &plan, clusters, list)));
                }
                if moved.len() == size {
                    at += jiff::SignedDuration::from_secs(60);
                    out.push(record(at, verified(environment, release, at)));
                }
            }
        }
    }
    out
}

fn record(at: Timestamp, event: Event) -> Record {
    Record {
        at,
        by: "Towpath <towpath@example.com>".to_owned(),
        event,
        signature: Signature::NotChecked,
    }
}

fn plan_of(parts: &[u64]) -> PlanHash {
    let text: String = parts.iter().map(|part| format!("{part:016x}")).collect();
    PlanHash::parse(&format!("{text:0<64}")).expect("64 digits")
}

fn promoted(
    environment: &Environment,
    release: &Release,
    plan: &PlanHash,
    clusters: &[&ClusterName],
    list: &[Release],
) -> Event {
    let before = list.iter().rev().find(|r| r.version < release.version);
    Event::Promoted(Promotion {
        environment: environment.name.clone(),
        component: release.component.clone(),
        from: "exact".to_owned(),
        replaced: before.map(|r| Version::clone(&r.version)),
        version: release.version.clone(),
        digest: release.digest.clone(),
        plan: plan.clone(),
        commit: commit(7),
        branch: read("main"),
        rollback: false,
        automatic: true,
        clusters: clusters.iter().map(|c| (*c).clone()).collect(),
        skipped: Vec::new(),
        gates: Vec::new(),
    })
}

fn verified(environment: &Environment, release: &Release, since: Timestamp) -> Event {
    let (component, version, digest) =
        (release.component.clone(), release.version.clone(), release.digest.clone());
    let of = OfRelease {
        environment: environment.name.clone(),
        component: component.clone(),
        version: version.clone(),
        digest: digest.clone(),
    };
    Event::Verified(Verified {
        release: of,
        since,
        set: vec![SetMember { component, version, digest }],
    })
}
