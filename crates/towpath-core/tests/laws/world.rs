//! Worlds for properties: small, and crowded enough that odd things meet.
//!
//! Names and versions come from short lists, so that environments, pins and releases concern each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use towpath_core::conduct::Conduct;
use towpath_core::finding::{Finding, Severity};
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{BranchName, ClusterName, CommitId, ComponentName, Digest, EnvironmentName};
use towpath_core::path::{Cluster, Component, Environment, Path, ReleaseStream};
use towpath_core::pin::{Blank, Fill, Location, NotEditable, ObjectRef, Pin, Splice};
use towpath_core::plan::{Request, plan};
use towpath_core::record::{Event, History, Record, Signature};
use towpath_core::release::{Reach, Release, Releases, Seen};
use towpath_core::running::Reports;
use towpath_core::snapshot::Snapshot;
use towpath_core::source::Answers;
use towpath_core::tracking::{Exact, Policy, Tracking};
use towpath_core::version::{Range, Version};

pub(crate) const VERSIONS: [&str; 8] =
    ["0.0.1", "0.0.2", "0.0.3-rc.1", "0.0.3", "0.1.0", "v0.1.0", "1.0.0-rc.1", "1.0.0"];
const RANGES: [&str; 5] = ["0.0.x", ">=0.0.2", "~0.0.3-0", ">=0.0.1-0", "^9"];
const NOW: &str = "2026-01-05T09:00:00Z";

/// A path and what is believed along it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) path: Path,
    pub(crate) snapshot: Snapshot,
}

/// Reads a name, version, time: any text that is known to be right.
pub(crate) fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a text of the tests")
}

pub(crate) fn version() -> impl Strategy<Value = Version> {
    select(&VERSIONS[..]).prop_map(read::<Version>)
}

pub(crate) fn digest(of: &str) -> Digest {
    let hex: String = of.bytes().map(|b| format!("{b:02x}")).collect();
    read(&format!("sha256:{hex:0<64.64}"))
}

pub(crate) fn commit(digit: u8) -> CommitId {
    read(&format!("{digit:040x}"))
}

pub(crate) fn environment(name: &str, after: Vec<EnvironmentName>) -> Environment {
    Environment {
        name: read(name),
        clusters: Vec::new(),
        after,
        stated: None,
        gates: Vec::new(),
        conduct: Conduct::default(),
        production: false,
        kubernetes: None,
        sandbox: false,
    }
}

pub(crate) fn component(name: &str) -> Component {
    let url = format!("oci://registry.example.com/{name}");
    Component {
        name: read(name),
        paths: Vec::new(),
        ignore: None,
        releases: ReleaseStream::Oci { url, insecure: false },
    }
}

fn components() -> [ComponentName; 2] {
    [read("apps"), read("crds")]
}

fn condition() -> impl Strategy<Value = Condition> {
    let by = || btree_set(select(vec!["ann@x", "bob@x"]).prop_map(str::to_owned), 0..2);
    prop_oneof![
        (0u32..3, by()).prop_map(|(count, by)| Condition::Approval {
            count,
            by,
            valid_for: None,
            signed: false
        }),
        select(&RANGES[..]).prop_map(|range| Condition::Order {
            component: read("crds"),
            range: Range::parse(range).expect("a range of the tests"),
        }),
        Just(Condition::Soak { duration: Duration::from_secs(60) }),
        Just(Condition::Verified { from: vec![read("e0")], any: false }),
    ]
}

/// Two to four environments; each comes after some of those before it.
fn path() -> impl Strategy<Value = Path> {
    let stated = option::of(select(vec![Policy::Branch, Policy::Semver, Policy::Exact]));
    let one = (any::<[bool; 4]>(), stated, vec(condition(), 0..2), 1usize..3);
    vec(one, 2..5).prop_map(|all| {
        let environments = all.into_iter().enumerate().map(|(i, (after, stated, gates, size))| {
            let before = (0..i).filter(|b| after[*b]).map(|b| read(&format!("e{b}")));
            let clusters = (0..size).map(|c| Cluster {
                name: read(&format!("e{i}-{c}")),
                folder: towpath_core::id::Folder::parse(&format!("clusters/e{i}-{c}"))
                    .expect("a folder of the tests"),
                context: None,
                labels: BTreeMap::new(),
                kubernetes: None,
            });
            let clusters = clusters.collect();
            let environment = environment(&format!("e{i}"), before.collect());
            let gates = Gate::named(gates);
            Environment { clusters, stated, gates, ..environment }
        });
        let components = vec![component("apps"), component("crds")];
        Path::new(read("main"), components, environments.collect()).expect("a path of the tests")
    })
}

fn release(component: ComponentName) -> impl Strategy<Value = Release> {
    let seen = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1))
        .prop_map(|(ledger, source, differs)| Seen { ledger, source, differs });
    (version(), option::weighted(0.8, 0u8..4), any::<bool>(), seen).prop_map(
        move |(version, made, digested, seen)| Release {
            component: component.clone(),
            tag: version.original().to_owned(),
            digest: digested.then(|| digest(version.original())),
            commit: made.map(commit),
            version,
            seen,
        },
    )
}

fn releases(component: ComponentName) -> impl Strategy<Value = Releases> {
    let reach = prop_oneof![
        4 => Just(Reach::Reached),
        1 => Just(Reach::NotAsked),
        1 => Just(Reach::Unreachable { location: "oci://x".into(), why: "refused".into() }),
        1 => Just(Reach::NotListable { location: "oci://x".into() }),
    ];
    (vec(release(component), 0..6), reach).prop_map(|(list, reach)| {
        let by_version: BTreeMap<_, _> = list.into_iter().map(|r| (r.version.clone(), r)).collect();
        Releases { list: by_version.into_values().collect(), reach }
    })
}

fn tracking() -> impl Strategy<Value = Tracking> {
    let exact = (version(), any::<bool>()).prop_map(|(version, pinned)| {
        let tag = Exact::tag(version.original());
        Exact { digest: pinned.then(|| digest(version.original())), ..tag }
    });
    prop_oneof![
        1 => select(vec!["main", "other"]).prop_map(|b| Tracking::Branch(read(b))),
        2 => select(&RANGES[..])
            .prop_map(|r| Tracking::Semver(Range::parse(r).expect("a range of the tests"))),
        4 => exact.prop_map(Tracking::Exact),
        1 => Just(Tracking::Exact(Exact::tag("latest"))),
    ]
}

/// The pin of a component on a cluster, written as discovery would prepare it.
pub(crate) fn pin(
    environment: &EnvironmentName,
    cluster: &ClusterName,
    component: &ComponentName,
    tracking: Tracking,
) -> Pin {
    let fill =
        |before: &str, blank| Fill { before: before.to_owned(), blank, after: String::new() };
    let splice = |start: usize, old: String, new| Splice {
        range: start..start + old.len(),
        line: 1,
        old,
        new,
    };
    let splices = match &tracking {
        Tracking::Branch(_) | Tracking::Semver(_) => {
            let old = format!("{}: {}", tracking.policy(), tracking.value());
            vec![splice(10, old, fill("tag: ", Blank::Tag))]
        }
        Tracking::Exact(exact) => {
            let tag = exact.tag.clone().into_iter();
            let digest = exact.digest.iter().map(ToString::to_string);
            tag.map(|old| splice(10, old, fill("", Blank::Tag)))
                .chain(digest.map(|old| splice(80, old, fill("", Blank::Digest))))
                .collect()
        }
    };
    Pin {
        component: component.clone(),
        environment: environment.clone(),
        cluster: cluster.clone(),
        object: ObjectRef {
            kind: "OCIRepository".to_owned(),
            namespace: "flux-system".to_owned(),
            name: component.to_string(),
        }
        .into(),
        field: "spec.ref".to_owned(),
        at: Location {
            file: read(&format!("clusters/{cluster}/{component}.yaml")),
            line: 1,
            column: 1,
        },
        tracking,
        splices: Ok(splices),
    }
}

/// The pins of every cluster; some are missing, some cannot be edited.
fn pins(path: &Path) -> impl Strategy<Value = Vec<Pin>> + use<> {
    let places: Vec<_> = path
        .environments()
        .iter()
        .flat_map(|e| e.clusters.iter().map(|c| (e.name.clone(), c.name.clone())))
        .flat_map(|(e, c)| components().map(|component| (e.clone(), c.clone(), component)))
        .collect();
    let one = (option::weighted(0.85, tracking()), prop::bool::weighted(0.1));
    vec(one, places.len()).prop_map(move |chosen| {
        let placed = places.iter().zip(chosen);
        let pins = placed.filter_map(|((environment, cluster, component), (tracking, aliased))| {
            let mut pin = pin(environment, cluster, component, tracking?);
            if aliased {
                pin.splices = Err(NotEditable::Aliased);
            }
            Some(pin)
        });
        pins.collect()
    })
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let of = option::of(select(vec!["e0", "e1", "e2"]));
    let severity = select(vec![Severity::Info, Severity::Warning, Severity::Error]);
    let one = (of, severity).prop_map(|(of, severity)| Finding {
        rule: "rule",
        severity,
        environments: of.map(read).into_iter().collect(),
        object: None,
        field: None,
        at: Location { file: read("f.yaml"), line: 1, column: 1 },
        message: "wrong".to_owned(),
        fix: "mend it".to_owned(),
    });
    prop_oneof![2 => Just(Vec::new()), 1 => vec(one, 0..3)]
}

/// A world in which nothing was approved.
fn unapproved() -> impl Strategy<Value = World> {
    path().prop_flat_map(|path| {
        let [apps, crds] = components();
        let contained = btree_set(0u8..4, 0..4);
        let pins = pins(&path);
        let all = (pins, releases(apps), releases(crds), contained, any::<bool>(), findings());
        (Just(path), all).prop_map(|(path, (pins, apps, crds, contained, main, findings))| {
            let main_is: BranchName = read("main");
            let snapshot = Snapshot {
                now: read(NOW),
                base: Some(commit(9)),
                branches: main.then(|| (main_is.clone(), commit(9))).into_iter().collect(),
                pins: pins.into(),
                releases: components().into_iter().zip([apps, crds]).collect(),
                contained: contained
                    .into_iter()
                    .filter(|_| main)
                    .map(|c| (main_is.clone(), commit(c)))
                    .collect::<BTreeSet<_>>(),
                running: Reports::default(),
                answers: Answers::default(),
                history: History::default(),
                findings,
            };
            World { path, snapshot }
        })
    })
}

/// A world in which some plans are approved and some gates overridden.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let approvers = vec(select(vec!["Ann <ann@x>", "Bob <bob@x>", "Robert <BOB@x>"]), 0..3);
    let overridden = option::of(select(vec!["path", "soak", "checks", "release", "order"]));
    (unapproved(), approvers, overridden, any::<bool>()).prop_map(
        |(mut world, approvers, overridden, late)| {
            let mut records = Vec::new();
            let mut record = |by: &str, event| {
                records.push(Record {
                    at: read(NOW),
                    by: by.to_owned(),
                    event,
                    signature: Signature::NotChecked,
                });
            };
            for proposal in plan(&world.path, &world.snapshot).proposals {
                let Some(plan) = proposal.hash else { continue };
                let of = || (proposal.environment.clone(), proposal.component.clone());
                for by in &approvers {
                    let (environment, component) = of();
                    let (version, plan) = (read("0.0.1"), plan.clone());
                    record(by, Event::Approved { environment, component, version, plan });
                }
                if let Some(gate) = overridden {
                    let (environment, component) = of();
                    let (gate, reason) = (gate.to_owned(), "because".to_owned());
                    let expires = read(if late { NOW } else { "2026-01-06T09:00:00Z" });
                    let event =
                        Event::Overridden { environment, component, gate, plan, reason, expires };
                    record("Cat <cat@x>", event);
                }
            }
            world.snapshot.history = History::new(records);
            world
        },
    )
}

/// What may be asked of the planner.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    (option::of(version()), any::<[bool; 3]>()).prop_map(
        |(to, [rollback, allow_downgrade, allow_unknown])| Request {
            to,
            rollback,
            allow_downgrade,
            allow_unknown,
            automatic: false,
        },
    )
}
