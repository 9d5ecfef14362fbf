//! A world in which things happen one after the other: releases come, clusters report whatever clusters report, people
//! approve, freeze, edit and go back, and the loop carries out what the plan says.
//!
//! Every state that the loop can come into is reached by what happens, so nothing here knows how the planner thinks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use towpath_core::action::Action;
use towpath_core::conduct::{Amount, Conduct, OnFailure, Selector, Supersede, Verify, Wave};
use towpath_core::finding::{Finding, Severity};
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, Folder};
use towpath_core::path::{Cluster, Environment, Path};
use towpath_core::pin::{Location, NotEditable, ObjectRef};
use towpath_core::plan::{Proposal, Request, notes, plan, propose};
use towpath_core::record::{Event, History, OfRelease, Promotion, Record, Signature, Tested};
use towpath_core::release::{Reach, Release, Releases, Revision, Seen};
use towpath_core::running::{Ailing, Contact, Health, Reports, Running};
use towpath_core::snapshot::Snapshot;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::Range;
use towpath_core::window::{Kind, Recurring, Span, Window};

use crate::dice::Dice;
use crate::world::{commit, component, digest, environment, pin, read};

/// A path and what is believed along it, as things happen.
#[derive(Debug, Clone)]
pub(crate) struct Journey {
    pub(crate) path: Arc<Path>,
    pub(crate) snapshot: Snapshot,
    /// How many commits there were.
    commits: u32,
}

/// What happened, and what the planner had said of it.
#[derive(Debug)]
pub(crate) enum Happened {
    /// Something that is no promotion.
    Other,
    /// The loop, or a person, carried this out on the snapshot before.
    Acted(Box<(Action, Proposal)>),
}

fn components() -> [ComponentName; 2] {
    [read("apps"), read("crds")]
}

fn cluster(name: &str) -> Cluster {
    Cluster {
        name: read(name),
        folder: Folder::parse(&format!("clusters/{name}")).expect("a folder"),
        context: None,
        labels: BTreeMap::new(),
        kubernetes: None,
    }
}

fn wave(dice: &mut Dice<'_>, name: &str, names: &[&str]) -> Wave {
    Wave {
        name: name.to_owned(),
        select: Selector {
            names: names.iter().map(ToString::to_string).collect(),
            labels: BTreeMap::new(),
        },
        max_concurrency: dice.pick(&[Amount::Count(1), Amount::Count(2), Amount::Percent(50)]),
        max_failures: dice.pick(&[Amount::Count(0), Amount::Count(1)]),
        min_success_time: Duration::from_secs(dice.pick(&[0, 300])),
        progress_deadline: dice.pick(&[None, Some(Duration::from_secs(1800))]),
    }
}

fn conduct(dice: &mut Dice<'_>) -> Conduct {
    let mut waves = Vec::new();
    if dice.roll(3) > 0 {
        waves.push(wave(dice, "first", &["*-0"]));
        if dice.once_in(2) {
            waves.push(wave(dice, "rest", &[]));
        }
    }
    Conduct {
        auto: true,
        supersede: dice.pick(&[Supersede::Latest, Supersede::Latest, Supersede::Every]),
        on_failure: dice.pick(&[OnFailure::Rollback, OnFailure::Halt]),
        waves,
        bundle: if dice.once_in(4) { components().into() } else { BTreeSet::new() },
        verify: Verify {
            healthy_for: Duration::from_secs(dice.pick(&[0, 300])),
            tests: if dice.once_in(5) { vec![read("smoke")] } else { Vec::new() },
        },
    }
}

fn gates(dice: &mut Dice<'_>, before: &EnvironmentName) -> Vec<Gate> {
    let office = Recurring::parse("0 9 * * *", "8h", "Europe/Berlin").expect("a window");
    let all = [
        Condition::Soak { duration: Duration::from_secs(600) },
        Condition::Verified { from: vec![before.clone()], any: false },
        Condition::Approval { count: 1, by: BTreeSet::new(), valid_for: None, signed: false },
        Condition::Window {
            windows: vec![Window {
                kind: Kind::Allow,
                reason: None,
                span: Span::Recurring(office),
            }],
        },
        Condition::Test { name: read("smoke"), environments: Vec::new() },
        Condition::Status { name: "ci".to_owned() },
        Condition::Order {
            component: read("crds"),
            range: Range::parse(">=0.0.2").expect("a range"),
        },
    ];
    let chosen =
        all.into_iter().enumerate().filter(|(i, _)| dice.once_in(if *i < 2 { 2 } else { 6 }));
    Gate::named(chosen.map(|(_, condition)| condition).collect())
}

fn path(dice: &mut Dice<'_>) -> Path {
    let mut all: Vec<Environment> = Vec::new();
    for number in 0..2 + dice.roll(2) {
        let before = all.last().map(|e| e.name.clone());
        let clusters = (0..1 + dice.roll(4)).map(|c| cluster(&format!("e{number}-{c}")));
        let mut clusters: Vec<Cluster> = clusters.collect();
        if dice.once_in(3) {
            clusters.reverse();
        }
        all.push(Environment {
            clusters,
            gates: before.as_ref().map(|before| gates(dice, before)).unwrap_or_default(),
            conduct: conduct(dice),
            ..environment(&format!("e{number}"), before.into_iter().collect())
        });
    }
    let components = components().iter().map(|name| component(name.as_str())).collect();
    Path::new(read("main"), components, all).expect("a path of the tests")
}

fn release(component: &ComponentName, number: u32) -> Release {
    let tag = format!("0.0.{number}");
    Release {
        component: component.clone(),
        version: read(&tag),
        digest: Some(digest(&format!("{component} {number}"))),
        commit: None,
        tag,
        seen: Seen { ledger: true, source: true, differs: false },
    }
}

impl Journey {
    /// Everything is on the first release, and nothing is connected.
    pub(crate) fn begin(dice: &mut Dice<'_>) -> Self {
        let path = path(dice);
        let moving = dice.once_in(3).then(|| read::<EnvironmentName>("e0"));
        let mut pins = Vec::new();
        for environment in path.environments() {
            for cluster in &environment.clusters {
                for component in &components() {
                    let tracking = match moving.as_ref() == Some(&environment.name) {
                        true => Tracking::Semver(Range::parse(">=0.0.0").expect("a range")),
                        false => Tracking::Exact(Exact::tag("0.0.1")),
                    };
                    pins.push(pin(&environment.name, &cluster.name, component, tracking));
                }
            }
        }
        let releases = components().map(|component| {
            let list = vec![release(&component, 1), release(&component, 2)];
            (component, Releases { list, reach: Reach::Reached })
        });
        let snapshot = Snapshot {
            now: read("2026-01-05T07:30:00Z"),
            base: Some(commit(1)),
            branches: BTreeMap::from([(read("main"), commit(1))]),
            pins: pins.into(),
            releases: releases.into(),
            contained: BTreeSet::new(),
            running: Reports::default(),
            answers: towpath_core::source::Answers::default(),
            history: History::default(),
            findings: Vec::new(),
        };
        Self { path: Arc::new(path), snapshot, commits: 1 }
    }

    /// Something happens. What is likely on the way of a release is likely here.
    pub(crate) fn happen(&mut self, dice: &mut Dice<'_>) -> Happened {
        match dice.roll(32) {
            0..9 => return self.promote(dice, true),
            9..14 => self.deliver(dice),
            14..17 => self.later(dice),
            17..20 => self.note(),
            20..22 => self.release(dice),
            22..25 => self.report(dice),
            25 => return self.promote(dice, false),
            26 => return self.go_back(dice),
            27 => self.decide(dice),
            28 => self.tell(dice),
            29 => self.edit(dice),
            30 => self.freeze(dice),
            _ => self.disturb(dice),
        }
        Happened::Other
    }

    pub(crate) fn record(&mut self, by: &str, event: Event) {
        let (at, by) = (self.snapshot.now, by.to_owned());
        self.snapshot.history.push(Record { at, by, event, signature: Signature::NotChecked });
    }

    fn environment(&self, dice: &mut Dice<'_>) -> Environment {
        dice.pick(self.path.environments())
    }

    fn later(&mut self, dice: &mut Dice<'_>) {
        let passed = dice.pick(&[60, 400, 900, 3600, 36_000]);
        self.snapshot.now += SignedDuration::from_secs(passed);
    }

    /// A new release of a component.
    pub(crate) fn release(&mut self, dice: &mut Dice<'_>) {
        let component = dice.pick(&components());
        let list = &mut self.snapshot.releases.get_mut(&component).expect("it is there").list;
        let made = release(&component, u32::try_from(list.len()).expect("a few") + 1);
        list.push(made);
    }

    /// What is ready is carried out: by the loop where nothing holds it, or by a person.
    pub(crate) fn promote(&mut self, dice: &mut Dice<'_>, automatic: bool) -> Happened {
        let proposals = plan(&self.path, &self.snapshot).proposals;
        let ready = proposals.into_iter().filter(|p| p.action.is_some());
        let ready: Vec<_> = ready.filter(|p| !automatic || p.holds.is_empty()).collect();
        if ready.is_empty() {
            return Happened::Other;
        }
        self.carry_out(dice.pick(&ready))
    }

    fn go_back(&mut self, dice: &mut Dice<'_>) -> Happened {
        let (environment, component) = (self.environment(dice), dice.pick(&components()));
        let request = Request { rollback: true, ..Request::default() };
        let proposal = propose(&self.path, &self.snapshot, &environment, &component, &request);
        match proposal.action {
            Some(_) => self.carry_out(proposal),
            None => Happened::Other,
        }
    }

    fn carry_out(&mut self, proposal: Proposal) -> Happened {
        let action = proposal.action.clone().expect("it was asked for");
        self.commits += 1;
        let made = read(&format!("{:040x}", self.commits));
        for moved in &action.moves {
            let (environment, component) = (&action.environment, &moved.release.component);
            let mut pins = self.snapshot.pins.of(environment, component).to_vec();
            for at in &mut pins {
                let chosen = action.clusters.is_empty() || action.clusters.contains(&at.cluster);
                if chosen && action.edits.iter().any(|edit| edit.file == at.at.file) {
                    let exact = Tracking::Exact(Exact::tag(&moved.release.tag));
                    *at = pin(environment, &at.cluster, component, exact);
                }
            }
            self.snapshot.pins.replace(environment, component, pins);
            let promotion = Promotion {
                environment: environment.clone(),
                component: component.clone(),
                from: moved.from.clone(),
                replaced: moved.replaced.clone(),
                version: moved.release.version.clone(),
                digest: moved.release.digest.clone(),
                plan: action.plan.clone(),
                commit: commit(u8::try_from(self.commits % 200).expect("small")),
                branch: action.branch.clone(),
                rollback: action.rollback,
                automatic: action.automatic,
                clusters: action.clusters.clone(),
                skipped: action.skipped.clone(),
                gates: Vec::new(),
            };
            self.record("Towpath <towpath@x>", Event::Promoted(promotion));
        }
        self.snapshot.branches = BTreeMap::from([(read("main"), made)]);
        self.snapshot.base = self.snapshot.branches.values().next().cloned();
        Happened::Acted(Box::new((action, proposal)))
    }

    fn note(&mut self) {
        for event in notes(&self.path, &self.snapshot) {
            self.record("Towpath <towpath@x>", event);
        }
    }

    /// The clusters of all environments, or of one, run what their pins say, healthy since now.
    fn deliver(&mut self, dice: &mut Dice<'_>) {
        let only = dice.once_in(3).then(|| self.environment(dice).name);
        let path = Arc::clone(&self.path);
        let here =
            path.environments().iter().filter(|e| only.as_ref().is_none_or(|o| *o == e.name));
        for cluster in here.flat_map(|e| &e.clusters) {
            for component in &components() {
                self.run(&cluster.name, component, |_| ());
            }
        }
    }

    /// A cluster runs what its pin says, or something of it.
    fn run(
        &mut self,
        cluster: &ClusterName,
        component: &ComponentName,
        but: impl FnOnce(&mut Running),
    ) {
        let of = |p: &&towpath_core::pin::Pin| p.cluster == *cluster && p.component == *component;
        let Some(pin) = self.snapshot.pins.iter().find(of) else { return };
        let desired = self.snapshot.desired(component, &pin.tracking);
        let mut running = Running {
            revision: desired.revision,
            version: desired.version,
            attempted: None,
            health: Health::Healthy,
            since: self.snapshot.now,
            suspended: false,
            ailing: Vec::new(),
        };
        but(&mut running);
        self.snapshot.running.change(cluster, |report| {
            report.contact = Contact::Connected;
            match report.components.get_mut(component) {
                // It goes on as it was: a report that says the same is no news, and no other time.
                Some(known) if same(known, &running) => {}
                _ => drop(report.components.insert(component.clone(), running)),
            }
        });
    }

    /// A cluster is connected, and well with what its pins say or on its way to it.
    pub(crate) fn connect(&mut self, cluster: &ClusterName, well: bool) {
        let health = if well { Health::Healthy } else { Health::Progressing };
        for component in &components() {
            self.run(cluster, component, |it| it.health = health);
        }
    }

    fn report(&mut self, dice: &mut Dice<'_>) {
        let mut environment = self.environment(dice);
        let mut cluster = dice.pick(&environment.clusters).name;
        let component = dice.pick(&components());
        // News are mostly of what moved last.
        let promoted =
            self.snapshot.history.records().rev().find_map(|record| match &record.event {
                Event::Promoted(promotion) => Some(promotion),
                _ => None,
            });
        if let Some(last) = promoted.filter(|_| !dice.once_in(3)) {
            environment = self.path.environment(&last.environment).expect("it is there").clone();
            cluster = dice.pick(&environment.clusters).name;
            if !last.clusters.is_empty() {
                cluster = dice.pick(&last.clusters);
            }
        }
        let now = self.snapshot.now;
        match dice.roll(10) {
            0..3 => self.run(&cluster, &component, |_| ()),
            3 => self.run(&cluster, &component, |it| it.health = Health::Progressing),
            4 => self.run(&cluster, &component, |it| {
                it.health = Health::Failed;
                it.ailing = vec![ailing()];
            }),
            5 => self.run(&cluster, &component, |it| {
                it.attempted = it.revision.take();
                it.revision = Some(Revision::Oci { tag: None, digest: digest("another") });
                it.health = Health::Failed;
            }),
            6 => self.run(&cluster, &component, |it| {
                it.revision = Some(Revision::Oci { tag: None, digest: digest("another") });
                it.suspended = true;
            }),
            7 => drop(self.snapshot.running.change(&cluster, |r| r.components.remove(&component))),
            8 => {
                let lost = Contact::Lost { since: now, why: "no route".to_owned() };
                self.snapshot.running.change(&cluster, |report| report.contact = lost);
            }
            _ => self.snapshot.running.remove(&cluster),
        }
    }

    /// Somebody approves or overrides what waits, or gives it up.
    fn decide(&mut self, dice: &mut Dice<'_>) {
        let proposals = plan(&self.path, &self.snapshot).proposals;
        let waiting: Vec<Proposal> = proposals.into_iter().filter(|p| p.hash.is_some()).collect();
        if waiting.is_empty() {
            return;
        }
        let Proposal { environment, component, candidate, hash, .. } = dice.pick(&waiting);
        let (Some(release), Some(plan)) = (candidate, hash) else { return };
        let event = match dice.roll(4) {
            0..2 => Event::Approved { environment, component, version: release.version, plan },
            2 => Event::Overridden {
                environment,
                component,
                gate: dice.pick(&["soak", "path", "verified", "checks"]).to_owned(),
                plan,
                reason: "because".to_owned(),
                expires: self.snapshot.now + SignedDuration::from_secs(dice.pick(&[3600, 1])),
            },
            _ => Event::Aborted(of(&environment, &release), "enough".to_owned()),
        };
        self.record("Ann <ann@x>", event);
    }

    /// A test ends, or somebody outside says how a release is.
    fn tell(&mut self, dice: &mut Dice<'_>) {
        let (environment, component) = (self.environment(dice), dice.pick(&components()));
        let release = dice.pick(&self.snapshot.releases[&component].list);
        let good = !dice.once_in(3);
        let event = match dice.roll(3) {
            0 => Event::Reported {
                component,
                version: release.version,
                name: "ci".to_owned(),
                success: good,
                detail: String::new(),
            },
            1 => Event::Tested(Tested {
                release: of(&environment.name, &release),
                test: read("smoke"),
                passed: good,
                attempts: 1,
                detail: String::new(),
            }),
            _ => Event::Released {
                component,
                version: release.version,
                tag: release.tag,
                digest: release.digest.expect("every one has"),
                commit: commit(3),
                location: "oci://x".to_owned(),
            },
        };
        self.record("Bob <bob@x>", event);
    }

    /// Somebody moves a pin by hand, or makes it one that nothing can edit.
    fn edit(&mut self, dice: &mut Dice<'_>) {
        let (environment, component) = (self.environment(dice), dice.pick(&components()));
        let tag = dice.pick(&self.snapshot.releases[&component].list).tag;
        let mut pins = self.snapshot.pins.of(&environment.name, &component).to_vec();
        let chosen = dice.roll(pins.len());
        let exact = Tracking::Exact(Exact::tag(&tag));
        pins[chosen] = pin(&environment.name, &pins[chosen].cluster, &component, exact);
        if dice.once_in(6) {
            pins[chosen].splices = Err(NotEditable::Aliased);
        }
        self.snapshot.pins.replace(&environment.name, &component, pins);
    }

    fn freeze(&mut self, dice: &mut Dice<'_>) {
        let environment = dice.once_in(2).then(|| self.environment(dice).name);
        let reason = "because".to_owned();
        let event = match dice.roll(3) {
            0 => Event::Frozen { environment, reason },
            _ => Event::Thawed { environment, reason },
        };
        self.record("Ann <ann@x>", event);
    }

    /// A finding, a registry that does not answer or lost a release; or all of it is well again.
    fn disturb(&mut self, dice: &mut Dice<'_>) {
        let component = dice.pick(&components());
        let releases = self.snapshot.releases.get_mut(&component).expect("it is there");
        match dice.roll(5) {
            0 => self.snapshot.findings.clear(),
            1 => self.snapshot.findings.push(Finding {
                rule: "rule",
                severity: Severity::Error,
                environments: Vec::new(),
                object: None,
                field: None,
                at: Location { file: read("f.yaml"), line: 1, column: 1 },
                message: "wrong".to_owned(),
                fix: "mend it".to_owned(),
            }),
            2 => {
                let why = "refused".to_owned();
                releases.reach = Reach::Unreachable { location: "oci://x".to_owned(), why };
            }
            3 => releases.list.last_mut().expect("one at least").seen.source = false,
            _ => {
                releases.reach = Reach::Reached;
                releases.list.iter_mut().for_each(|r| r.seen.source = true);
            }
        }
    }
}

fn same(one: &Running, other: &Running) -> bool {
    let since = Timestamp::UNIX_EPOCH;
    Running { since, ..one.clone() } == Running { since, ..other.clone() }
}

fn ailing() -> Ailing {
    Ailing {
        object: ObjectRef {
            kind: "Deployment".to_owned(),
            namespace: "apps".to_owned(),
            name: "a".to_owned(),
        },
        health: Health::Failed,
        why: "it crashes".to_owned(),
    }
}

fn of(environment: &EnvironmentName, release: &Release) -> OfRelease {
    OfRelease {
        environment: environment.clone(),
        component: release.component.clone(),
        version: release.version.clone(),
        digest: release.digest.clone(),
    }
}
