//! A path of three environments and a scenario in which one release appears, both to be changed by tests.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::conduct::Conduct;
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{CommitId, Digest, Folder};
use towpath_core::path::{Cluster, Component, Environment, Path, ReleaseStream};
use towpath_core::pin::{Blank, Fill, Location, ObjectRef, Pin, Splice};
use towpath_core::record::History;
use towpath_core::release::{Reach, Release, Releases, Seen};
use towpath_core::running::Reports;
use towpath_core::scenario::{
    Arrivals, Between, Bump, Delivery, Failing, People, Scenario, Share, Tests, When,
};
use towpath_core::snapshot::Snapshot;
use towpath_core::source::Answers;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::{Range, Version};
use towpath_core::window::{Kind, Recurring, Span, Window};
use towpath_engine::simulate::{Crowds, Happening, Simulation, simulate_crowds};

/// Reads a text that is known to be right.
pub(crate) fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a text of the tests")
}

pub(crate) const fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

pub(crate) const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// What a test changes: environments, and which clusters each of them has.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) components: Vec<Component>,
    pub(crate) environments: Vec<Environment>,
    pub(crate) tracking: BTreeMap<&'static str, Tracking>,
    pub(crate) scenario: Scenario,
}

pub(crate) fn soak(long: Duration) -> Vec<Gate> {
    Gate::named(vec![Condition::Soak { duration: long }])
}

pub(crate) fn exact(tag: &str) -> Tracking {
    Tracking::Exact(Exact::tag(tag))
}

fn environment(name: &'static str, after: &[&str], clusters: &[&str]) -> Environment {
    let cluster = |name: &&str| Cluster {
        name: read(name),
        folder: Folder::parse(&format!("clusters/{name}")).expect("a folder"),
        context: None,
        labels: BTreeMap::new(),
        kubernetes: None,
    };
    Environment {
        name: read(name),
        clusters: clusters.iter().map(cluster).collect(),
        after: after.iter().map(|name| read(name)).collect(),
        stated: None,
        gates: Vec::new(),
        conduct: Conduct { auto: true, ..Conduct::default() },
        production: name == "production",
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

/// Development follows `main`, staging takes `0.0.x`, production moves by itself after a soak of two days. Everything is
/// on 0.0.1. One release appears at noon of the second day; clusters deliver within five minutes.
pub(crate) fn given() -> Given {
    let start: Timestamp = read("2026-01-05T00:00:00Z");
    let mut production = environment("production", &["staging"], &["production-a", "production-b"]);
    production.gates = soak(hours(48));
    Given {
        components: vec![component("platform")],
        environments: vec![
            environment("development", &[], &["development"]),
            environment("staging", &["development"], &["staging"]),
            production,
        ],
        tracking: BTreeMap::from([
            ("development", Tracking::Branch(read("main"))),
            ("staging", Tracking::Semver(Range::parse("0.0.x").expect("a range"))),
            ("production", exact("0.0.1")),
        ]),
        scenario: Scenario {
            start,
            end: read("2026-02-05T00:00:00Z"),
            seed: 1,
            releases: vec![arrives(When::At(read("2026-01-06T12:00:00Z")))],
            failures: Vec::new(),
            deliveries: vec![Delivery {
                environments: Vec::new(),
                takes: Between::exactly(minutes(5)),
            }],
            troubles: Vec::new(),
            alerts: Vec::new(),
            approvals: people(),
            promotions: None,
            tests: Tests {
                takes: Between::exactly(minutes(10)),
                fail: Share::NONE,
                known_to_fail: Vec::new(),
            },
            freezes: Vec::new(),
        },
    }
}

pub(crate) fn arrives(when: When) -> Arrivals {
    Arrivals {
        components: Vec::new(),
        when,
        version: None,
        bump: Bump::Patch,
        by: "Ann <ann@example.com>".to_owned(),
        fails: Vec::new(),
    }
}

/// People who are at work on weekdays from nine to five and answer after two hours.
pub(crate) fn people() -> People {
    let hours = Recurring::parse("0 9 * * mon-fri", "8h", "UTC").expect("a schedule");
    People {
        by: Vec::new(),
        hours: vec![Window { kind: Kind::Allow, reason: None, span: Span::Recurring(hours) }],
        after: Duration::from_secs(7200),
        known: Vec::new(),
    }
}

/// A failure on every cluster of an environment.
pub(crate) fn fails(environment: &str, after: Duration) -> Failing {
    Failing {
        environments: vec![read(environment)],
        clusters: Vec::new(),
        after: Between::exactly(after),
        lasts: None,
    }
}

impl Given {
    pub(crate) fn environment(&mut self, name: &str) -> &mut Environment {
        let mut all = self.environments.iter_mut();
        all.find(|e| e.name.as_str() == name).expect("an environment of the test")
    }

    pub(crate) fn clusters(&mut self, environment: &str, count: usize) {
        let template = self.environment(environment).clusters[0].clone();
        let all = (0..count).map(|i| {
            let name = format!("{environment}-{i:04}");
            let folder = Folder::parse(&format!("clusters/{name}")).expect("a folder");
            Cluster { name: read(&name), folder, ..template.clone() }
        });
        self.environment(environment).clusters = all.collect();
    }

    pub(crate) fn path(&self) -> Path {
        let (components, environments) = (self.components.clone(), self.environments.clone());
        Path::new(read("main"), components, environments).expect("a path of the tests")
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let version: Version = read("0.0.1");
        let release = |component: &Component| Release {
            component: component.name.clone(),
            version: version.clone(),
            tag: "0.0.1".to_owned(),
            digest: Some(Digest::parse(&format!("sha256:{:064x}", 1)).expect("a digest")),
            commit: Some(CommitId::parse(&format!("{:040x}", 1)).expect("a commit")),
            seen: Seen { ledger: true, source: true, differs: false },
        };
        let of = |c: &Component| Releases { list: vec![release(c)], reach: Reach::NotAsked };
        let mut pins = Vec::new();
        for environment in &self.environments {
            let tracking = &self.tracking[environment.name.as_str()];
            for cluster in &environment.clusters {
                for component in &self.components {
                    pins.push(pin(environment, cluster, component, tracking));
                }
            }
        }
        let first = CommitId::parse(&format!("{:040x}", 1)).expect("a commit");
        Snapshot {
            now: self.scenario.start,
            base: None,
            branches: BTreeMap::new(),
            pins: pins.into(),
            releases: self.components.iter().map(|c| (c.name.clone(), of(c))).collect(),
            contained: [(read("main"), first)].into(),
            running: Reports::default(),
            answers: Answers::default(),
            history: History::default(),
            findings: Vec::new(),
        }
    }

    pub(crate) fn play(&self) -> Simulation {
        self.play_crowds(Crowds::default())
    }

    pub(crate) fn play_crowds(&self, crowds: Crowds) -> Simulation {
        simulate_crowds(&self.path(), &self.snapshot(), &self.scenario, crowds)
            .expect("the scenario is played")
    }
}

fn pin(environment: &Environment, cluster: &Cluster, component: &Component, t: &Tracking) -> Pin {
    let (old, before) = match t {
        Tracking::Exact(_) => (t.value(), ""),
        _ => (format!("{}: {}", t.policy(), t.value()), "tag: "),
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
        tracking: t.clone(),
        splices: Ok(vec![Splice { range: 10..10 + old.len(), line: 1, old, new }]),
    }
}

/// The moments as lines: day, hour and minute, environment, release, what.
pub(crate) fn lines(played: &Simulation) -> Vec<String> {
    let line = |m: &towpath_engine::simulate::Moment| {
        let mut parts = vec![m.at.strftime("%d %H:%M").to_string()];
        parts.extend(m.environment.as_ref().map(ToString::to_string));
        parts.extend(m.version.as_ref().map(ToString::to_string));
        parts.push(m.what.word().to_owned());
        match &m.what {
            Happening::Promoted { clusters, of, .. } if clusters < of => {
                parts.push(format!("{clusters} of {of}"));
            }
            Happening::Failed { clusters } => parts.push(format!("on {clusters}")),
            _ => {}
        }
        parts.join(" ")
    };
    played.moments.iter().map(line).collect()
}

/// When a release arrived in an environment, as day, hour and minute.
pub(crate) fn arrival(played: &Simulation, environment: &str, version: &str) -> Option<String> {
    let journey = played.journeys.iter().find(|j| j.version.to_string() == version)?;
    let stay = journey.stays.iter().find(|s| s.environment.as_str() == environment)?;
    stay.arrived.map(|at| at.strftime("%d %H:%M").to_string())
}
