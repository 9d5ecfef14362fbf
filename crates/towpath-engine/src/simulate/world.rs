//! The world that is played: an island's snapshot, and what releases, clusters and commits do to it.
//!
//! Must not decide what may move, and draws nothing: it is told. Next: `play`, which tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use towpath_core::action::Action;
use towpath_core::id::{BranchName, ClusterName, CommitId, ComponentName, Digest, RepoPath};
use towpath_core::path::{Path, ReleaseStream};
use towpath_core::pin::{ObjectRef, Pin, Replacement};
use towpath_core::record::{Event, Record, Signature};
use towpath_core::release::{Reach, Release, Releases, Revision, Seen};
use towpath_core::running::{Ailing, Contact, Health, Running};
use towpath_core::scenario::Bump;
use towpath_core::snapshot::Snapshot;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::Version;

use super::chance::Chance;
use super::island::Place;
use crate::act::records_of;

/// An island as it is at a moment.
pub(super) struct World {
    pub(super) path: Path,
    pub(super) snapshot: Snapshot,
    /// The components of each environment that have a pin there.
    pub(super) places: BTreeSet<Place>,
    /// Which places have a pin in a file.
    by_file: BTreeMap<RepoPath, BTreeSet<Place>>,
    /// Clusters on which nothing is healthy.
    broken: BTreeSet<ClusterName>,
    /// Components that have failed on a cluster by themselves.
    failing: BTreeSet<(ClusterName, ComponentName)>,
    chance: Chance,
    /// How many commits were made.
    commits: u64,
}

/// What a cluster is asked to run.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Which cluster.
    pub(super) cluster: ClusterName,
    /// Which release; `None`: nobody knows what its pin means.
    pub(super) release: Option<Arc<Release>>,
    /// The branch that it follows.
    pub(super) branch: Option<BranchName>,
}

impl World {
    /// The world at its beginning: what is known of releases can be had, and every cluster is healthy with what its
    /// pins say.
    pub(super) fn new(path: Path, mut snapshot: Snapshot, chance: Chance) -> Self {
        snapshot.pins.change(|pins| spread(pins));
        let places =
            snapshot.pins.iter().map(|p| (p.environment.clone(), p.component.clone())).collect();
        let mut by_file: BTreeMap<RepoPath, BTreeSet<Place>> = BTreeMap::new();
        for pin in snapshot.pins.iter() {
            let place = (pin.environment.clone(), pin.component.clone());
            by_file.entry(pin.at.file.clone()).or_default().insert(place);
        }
        let base = CommitId::parse(&chance.digits(40, &["base"])).expect("40 digits");
        snapshot.base.get_or_insert_with(|| base.clone());
        let followed = snapshot.pins.iter().filter_map(|p| match &p.tracking {
            Tracking::Branch(branch) => Some(branch.clone()),
            _ => None,
        });
        for branch in followed.chain([path.trunk.clone()]).collect::<BTreeSet<_>>() {
            snapshot.branches.entry(branch).or_insert_with(|| base.clone());
        }
        let (broken, failing) = (BTreeSet::new(), BTreeSet::new());
        let mut world =
            Self { path, snapshot, places, by_file, broken, failing, chance, commits: 0 };
        world.know_releases();
        world.connect();
        world
    }

    /// Lets every place of releases answer, with what is known now and what exact pins name.
    fn know_releases(&mut self) {
        let members: Vec<ComponentName> =
            self.path.components.iter().map(|c| c.name.clone()).collect();
        for component in members {
            let nothing = || Releases { list: Vec::new(), reach: Reach::Reached };
            let releases = self.snapshot.releases.entry(component.clone()).or_insert_with(nothing);
            releases.reach = Reach::Reached;
            for release in &mut releases.list {
                release.seen = Seen { source: true, ..release.seen };
            }
            for pin in self.snapshot.pins.iter().filter(|p| p.component == component) {
                let Tracking::Exact(Exact { tag: Some(tag), version, digest, commit }) =
                    &pin.tracking
                else {
                    continue;
                };
                let Some(version) = version else { continue };
                if releases.tagged(tag).is_some() || releases.find(version).is_some() {
                    continue;
                }
                releases.list.push(Release {
                    component: component.clone(),
                    version: version.clone(),
                    tag: tag.clone(),
                    digest: digest.clone(),
                    commit: commit.clone(),
                    seen: Seen { source: true, ..Seen::default() },
                });
            }
            releases.list.sort_by(|a, b| a.version.cmp(&b.version));
        }
    }

    /// Connects every cluster, healthy with what its pins say.
    fn connect(&mut self) {
        for place in self.places.clone() {
            for wanted in self.wanted(&place) {
                self.deliver(&place.1, &wanted, Health::Healthy);
            }
        }
        for environment in self.path.environments() {
            for cluster in &environment.clusters {
                self.snapshot.running.change(&cluster.name, |_| ());
            }
        }
    }

    /// What the pins of a place ask of their clusters.
    pub(super) fn wanted(&self, place: &Place) -> Vec<Wanted> {
        let mut known: Vec<(&Tracking, Option<Arc<Release>>)> = Vec::new();
        let pins = self.snapshot.pins_of(&place.0, &place.1);
        pins.map(|pin| {
            let release = match known.iter().find(|(tracking, _)| **tracking == pin.tracking) {
                Some((_, release)) => release.clone(),
                None => {
                    let release = self.meant(&place.1, &pin.tracking).cloned().map(Arc::new);
                    known.push((&pin.tracking, release.clone()));
                    release
                }
            };
            let branch = match &pin.tracking {
                Tracking::Branch(branch) => Some(branch.clone()),
                _ => None,
            };
            Wanted { cluster: pin.cluster.clone(), release, branch }
        })
        .collect()
    }

    /// The release that a tracking means now.
    pub(super) fn meant(&self, component: &ComponentName, tracking: &Tracking) -> Option<&Release> {
        let releases = self.snapshot.releases.get(component)?;
        match tracking {
            Tracking::Branch(branch) => {
                let on_branch = |commit: &CommitId| {
                    self.snapshot.contained.contains(&(branch.clone(), commit.clone()))
                };
                let on = releases.list.iter().filter(|r| r.commit.as_ref().is_some_and(on_branch));
                on.max_by_key(|r| (!r.version.is_prerelease(), &r.version))
            }
            _ => releases.find(&self.snapshot.desired(component, tracking).version?),
        }
    }

    /// The version that follows the newest of a component.
    pub(super) fn next_version(&self, component: &ComponentName, bump: Bump) -> Version {
        let newest = self.snapshot.newest(component).map(|r| &r.version);
        let (major, minor, patch) = newest.map_or((0, 0, 0), |v| (v.major(), v.minor(), v.patch()));
        let prefix = newest.is_some_and(|v| v.original().starts_with('v'));
        let next = match (bump, newest.is_some_and(Version::is_prerelease)) {
            (Bump::Patch, true) => (major, minor, patch),
            (Bump::Patch, false) => (major, minor, patch + 1),
            (Bump::Minor, _) => (major, minor + 1, 0),
            (Bump::Major, _) => (major + 1, 0, 0),
        };
        let text = format!("{}{}.{}.{}", if prefix { "v" } else { "" }, next.0, next.1, next.2);
        Version::parse_loose(&text).expect("three numbers are a version")
    }

    /// Publishes a release, made from a commit that every followed branch gets.
    pub(super) fn publish(&mut self, component: &ComponentName, version: &Version, by: &str) {
        let Some(stream) = self.path.component(component).map(|c| c.releases.clone()) else {
            return;
        };
        let name = [component.as_str(), version.original()];
        let digest = format!("sha256:{}", self.chance.digits(64, &name));
        let digest = Digest::parse(&digest).expect("64 digits are a digest");
        let commit = CommitId::parse(&self.chance.digits(40, &name)).expect("40 digits");
        let tag = version.original().to_owned();
        let (digest, commit) = match stream {
            ReleaseStream::Oci { .. } => (Some(digest), Some(commit)),
            ReleaseStream::GitTags => (None, Some(commit)),
            ReleaseStream::Elsewhere { .. } => (None, None),
        };
        if let Some(commit) = &commit {
            for (branch, head) in &mut self.snapshot.branches {
                *head = commit.clone();
                self.snapshot.contained.insert((branch.clone(), commit.clone()));
            }
        }
        if let (Some(digest), Some(commit)) = (&digest, &commit) {
            let event = Event::Released {
                component: component.clone(),
                version: version.clone(),
                tag: tag.clone(),
                digest: digest.clone(),
                commit: commit.clone(),
                location: "the scenario".to_owned(),
            };
            self.record(by, event);
        }
        let seen = Seen { ledger: true, source: true, differs: false };
        let release = Release {
            component: component.clone(),
            version: version.clone(),
            tag,
            digest,
            commit,
            seen,
        };
        if let Some(releases) = self.snapshot.releases.get_mut(component) {
            releases.list.retain(|r| r.version != *version);
            let at = releases.list.partition_point(|r| r.version < *version);
            releases.list.insert(at, release);
        }
    }

    /// Writes down what happened.
    pub(super) fn record(&mut self, by: &str, event: Event) {
        // A simulated person signs what is asked to be signed.
        let signature = match event {
            Event::Approved { .. } => Signature::Good { by: by.to_owned() },
            _ => Signature::NotChecked,
        };
        let record = Record { at: self.snapshot.now, by: by.to_owned(), event, signature };
        self.snapshot.history.push(record);
    }

    /// Makes the edits of an action and its records; answers the places whose pins it changed.
    pub(super) fn carry_out(&mut self, action: &Action, by: &str) -> BTreeSet<Place> {
        let edited: BTreeMap<(&RepoPath, usize), &Replacement> =
            action.edits.iter().map(|e| ((&e.file, e.range.start), e)).collect();
        let files: BTreeSet<&RepoPath> = action.edits.iter().map(|e| &e.file).collect();
        let places: BTreeSet<Place> =
            files.iter().filter_map(|file| self.by_file.get(*file)).flatten().cloned().collect();
        let mut changed = BTreeSet::new();
        for place in places {
            let mut pins: Vec<Pin> = self.snapshot.pins_of(&place.0, &place.1).cloned().collect();
            let own = action.moves.iter().find(|m| m.release.component == place.1);
            let Some(release) = own.or(action.moves.first()).map(|m| &m.release) else { continue };
            let mut any = false;
            for pin in &mut pins {
                any |= edit(pin, &edited, release);
            }
            if any {
                self.set_pins(&place, pins);
                changed.insert(place);
            }
        }
        self.commits += 1;
        let name = ["commit", action.plan.as_str(), &self.commits.to_string()];
        let commit = CommitId::parse(&self.chance.digits(40, &name)).expect("40 digits");
        for event in records_of(action, &commit, &action.branch, &[]) {
            self.record(by, event);
        }
        changed
    }

    fn set_pins(&mut self, place: &Place, pins: Vec<Pin>) {
        self.snapshot.pins.replace(&place.0, &place.1, pins);
    }

    /// Lets a cluster report that it runs a release of a component; how that then is there.
    pub(super) fn deliver(
        &mut self,
        component: &ComponentName,
        wanted: &Wanted,
        health: Health,
    ) -> Health {
        let release = wanted.release.as_deref();
        let running = Running {
            revision: release.and_then(|r| revision(r, wanted.branch.as_ref())),
            version: release.map(|r| r.version.clone()),
            attempted: None,
            health: Health::Unknown,
            since: self.snapshot.now,
            suspended: false,
            ailing: Vec::new(),
        };
        self.snapshot.running.tell(&wanted.cluster, component, running);
        self.set_health(&wanted.cluster, component, health)
    }

    /// Lets what a cluster runs of a component fail, or be healthy again.
    pub(super) fn set_health(
        &mut self,
        cluster: &ClusterName,
        component: &ComponentName,
        health: Health,
    ) -> Health {
        let what = (cluster.clone(), component.clone());
        match health {
            Health::Failed => self.failing.insert(what),
            _ => self.failing.remove(&what),
        };
        self.tell(cluster, component)
    }

    /// Lets a cluster report how a component is: nothing is healthy on a broken cluster.
    fn tell(&mut self, cluster: &ClusterName, component: &ComponentName) -> Health {
        let failing = self.failing.contains(&(cluster.clone(), component.clone()));
        let health = match failing || self.broken.contains(cluster) {
            true => Health::Failed,
            false => Health::Healthy,
        };
        let Some(running) = self.runs(cluster, component).filter(|it| it.health != health) else {
            return health;
        };
        let ailing = match health {
            Health::Failed => vec![Ailing {
                object: ObjectRef {
                    kind: "Kustomization".to_owned(),
                    namespace: "flux-system".to_owned(),
                    name: component.to_string(),
                },
                health,
                why: "so says the scenario".to_owned(),
            }],
            _ => Vec::new(),
        };
        let running = Running { health, since: self.snapshot.now, ailing, ..running.clone() };
        self.snapshot.running.tell(cluster, component, running);
        health
    }

    /// What a cluster runs of a component.
    pub(super) fn runs(
        &self,
        cluster: &ClusterName,
        component: &ComponentName,
    ) -> Option<&Running> {
        self.snapshot.running.get(cluster)?.components.get(component)
    }

    /// Whether every cluster of a place answers that it runs a version, healthy.
    pub(super) fn all_run(&self, place: &Place, version: &Version) -> bool {
        let healthy = |pin: &Pin| {
            let report = self.snapshot.running.get(&pin.cluster);
            report.and_then(|r| r.now(&place.1)).is_some_and(|running| {
                running.health == Health::Healthy && running.version.as_ref() == Some(version)
            })
        };
        self.snapshot.pins_of(&place.0, &place.1).all(healthy)
    }

    /// Whether a cluster answers.
    pub(super) fn set_contact(&mut self, cluster: &ClusterName, lost: bool) {
        let since = self.snapshot.now;
        let contact = match lost {
            true => Contact::Lost { since, why: "so says the scenario".to_owned() },
            false => Contact::Connected,
        };
        self.snapshot.running.change(cluster, |report| report.contact = contact);
    }

    /// Whether anything on a cluster is healthy.
    pub(super) fn set_broken(&mut self, cluster: &ClusterName, broken: bool) {
        match broken {
            true => self.broken.insert(cluster.clone()),
            false => self.broken.remove(cluster),
        };
        let Some(report) = self.snapshot.running.get(cluster) else { return };
        let components: Vec<ComponentName> = report.components.keys().cloned().collect();
        for component in components {
            self.tell(cluster, &component);
        }
    }

    /// The time goes on.
    pub(super) fn set_now(&mut self, now: Timestamp) {
        self.snapshot.now = now;
    }
}

/// The revision that a cluster reports of a release: of a branch, its head.
fn revision(release: &Release, branch: Option<&BranchName>) -> Option<Revision> {
    match (branch, &release.digest, &release.commit) {
        (Some(branch), _, Some(commit)) => Some(Revision::branch(branch, commit)),
        (None, Some(digest), _) => {
            Some(Revision::Oci { tag: Some(release.tag.clone()), digest: digest.clone() })
        }
        (None, None, Some(commit)) => {
            Some(Revision::Git { pointer: Some(release.tag.clone()), commit: commit.clone() })
        }
        _ => None,
    }
}

/// Makes the edits that are of a pin's own bytes; whether there was one.
fn edit(
    pin: &mut Pin,
    edited: &BTreeMap<(&RepoPath, usize), &Replacement>,
    release: &Release,
) -> bool {
    let Ok(splices) = &mut pin.splices else { return false };
    let mut any = false;
    let mut digested = false;
    for splice in splices {
        digested |= splice.new.blank == towpath_core::pin::Blank::Digest;
        if let Some(edit) = edited.get(&(&pin.at.file, splice.range.start)) {
            splice.old.clone_from(&edit.new);
            splice.range.end = splice.range.start + edit.new.len();
            any = true;
        }
    }
    if any {
        let digest = release.digest.clone().filter(|_| digested);
        pin.tracking = Tracking::Exact(Exact { digest, ..Exact::tag(&release.tag) });
    }
    any
}

/// Moves what is edited of each file apart, so that values may grow without any bytes being read again. Pins that stand
/// on the same bytes stay together.
fn spread(pins: &mut [Pin]) {
    const APART: usize = 4096;
    let mut starts: BTreeMap<RepoPath, BTreeSet<usize>> = BTreeMap::new();
    for pin in pins.iter() {
        let own = pin.splices.iter().flatten().map(|s| s.range.start);
        starts.entry(pin.at.file.clone()).or_default().extend(own);
    }
    for pin in pins {
        let (file, Ok(splices)) = (&pin.at.file, &mut pin.splices) else { continue };
        let Some(starts) = starts.get(file) else { continue };
        for splice in splices {
            let start = starts.range(..splice.range.start).count() * APART;
            splice.range = start..start + splice.old.len();
        }
    }
}
