//! What clusters do in a story, and what a loop does that looks at them.
//!
//! | line | what it means |
//! | --- | --- |
//! | `runs PLACE V [of COMPONENT] HEALTH [because TEXT]` | clusters report that release with that health, since now where that is new |
//! | `deliver PLACE [of COMPONENT]` | clusters come to run what their pins say, healthy |
//! | `loses PLACE because TEXT`, `finds PLACE` | contact |
//! | `suspends PLACE [of COMPONENT]`, `resumes …` | delivery of what was reported there |
//! | `clock CLUSTER TIME [of COMPONENT]` | since when the cluster says it is as it is, by its own clock |
//! | `freeze [on ENV] by WHO because TEXT`, `thaw [on ENV] by WHO because TEXT` | emergency stops |
//! | `test ENV NAME passed\|failed [ATTEMPTS] by WHO [because TEXT]` | a test of what the environment has |
//! | `report NAME success\|failure to V by WHO [because TEXT]` | an outside status of a release |
//! | `abort ENV by WHO because TEXT` | a promotion is given up |
//! | `loop` | what `towpath run` does in one look: it records what follows, and moves what nothing holds |
//! | `appears ENV/CLUSTER POLICY VALUE`, `vanishes CLUSTER` | the environment gets or loses a cluster |
//!
//! PLACE is a cluster, or an environment for all of its clusters.

use towpath_core::id::{ClusterName, ComponentName, Folder};
use towpath_core::invariant;
use towpath_core::path::{Cluster, Path};
use towpath_core::pin::ObjectRef;
use towpath_core::plan::{Outcome, notes, plan};
use towpath_core::record::{Event, OfRelease, Tested};
use towpath_core::release::{Release, Revision};
use towpath_core::running::{Ailing, Contact, Health, Running};

use super::words::{Words, parse};
use super::world::World;

/// Who the loop is.
const LOOP: &str = "Towpath <towpath@example.com>";

impl World {
    /// Lets a line about clusters or the loop happen; `false`: it is not about those.
    pub(super) fn clusters_happen(&mut self, words: &Words<'_>) -> Result<bool, String> {
        match words.word(0, "what happens")? {
            "runs" => self.runs(words)?,
            "deliver" => self.deliver(words)?,
            "loses" => {
                let why = words.needs("because")?.to_owned();
                let since = self.snapshot.now;
                for cluster in self.place(words.word(1, "the place")?)? {
                    let lost = Contact::Lost { since, why: why.clone() };
                    self.snapshot.running.change(&cluster, |report| report.contact = lost);
                }
            }
            "finds" => {
                for cluster in self.place(words.word(1, "the place")?)? {
                    let found = Contact::Connected;
                    self.snapshot.running.change(&cluster, |report| report.contact = found);
                }
            }
            what @ ("suspends" | "resumes") => {
                let component = self.component(words)?;
                for cluster in self.place(words.word(1, "the place")?)? {
                    let running = self.reported(&cluster, &component)?;
                    let running = Running { suspended: what == "suspends", ..running.clone() };
                    self.snapshot.running.tell(&cluster, &component, running);
                }
            }
            "clock" => {
                let component = self.component(words)?;
                let since = parse(words.word(2, "the time")?)?;
                for cluster in self.place(words.word(1, "the cluster")?)? {
                    let running = Running { since, ..self.reported(&cluster, &component)?.clone() };
                    self.snapshot.running.tell(&cluster, &component, running);
                }
            }
            "freeze" | "thaw" => {
                let environment = words.clause("on").map(parse).transpose()?;
                let reason = words.needs("because")?.to_owned();
                let event = match words.word(0, "what happens")? {
                    "freeze" => Event::Frozen { environment, reason },
                    _ => Event::Thawed { environment, reason },
                };
                self.record(words.by()?, event);
            }
            "test" => self.test(words)?,
            "report" => {
                let event = Event::Reported {
                    component: self.component(words)?,
                    version: parse(words.needs("to")?)?,
                    name: words.word(1, "the status")?.to_owned(),
                    success: words.word(2, "success or failure")? == "success",
                    detail: words.clause("because").unwrap_or_default().to_owned(),
                };
                self.record(words.by()?, event);
            }
            "abort" => {
                let of = self.present(words, words.word(1, "the environment")?)?;
                let event = Event::Aborted(of, words.needs("because")?.to_owned());
                self.record(words.by()?, event);
            }
            "loop" => self.look()?,
            "appears" => self.appears(words)?,
            "vanishes" => {
                let name: ClusterName = parse(words.word(1, "the cluster")?)?;
                self.snapshot.pins.change(|pins| pins.retain(|p| p.cluster != name));
                self.snapshot.running.remove(&name);
                self.change_path(|clusters| clusters.retain(|c| c.name != name), None)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn reported(&self, cluster: &ClusterName, of: &ComponentName) -> Result<&Running, String> {
        let running = self.snapshot.running.get(cluster).and_then(|r| r.components.get(of));
        running.ok_or_else(|| "the cluster has not reported it".to_owned())
    }

    /// The clusters of a place: one by name, or all of an environment.
    fn place(&self, name: &str) -> Result<Vec<ClusterName>, String> {
        let environments = self.path().environments();
        let one = environments.iter().flat_map(|e| &e.clusters).find(|c| c.name.as_str() == name);
        let all = environments.iter().find(|e| e.name.as_str() == name);
        match (all, one) {
            (Some(environment), _) => {
                Ok(environment.clusters.iter().map(|c| c.name.clone()).collect())
            }
            (None, Some(cluster)) => Ok(vec![cluster.name.clone()]),
            (None, None) => Err(format!("{name} is neither a cluster nor an environment")),
        }
    }

    fn runs(&mut self, words: &Words<'_>) -> Result<(), String> {
        let component = self.component(words)?;
        let version = parse(words.word(2, "the version")?)?;
        let health = match words.word(3, "the health")? {
            "healthy" => Health::Healthy,
            "progressing" => Health::Progressing,
            "unknown" => Health::Unknown,
            "failed" => Health::Failed,
            other => return Err(format!("`{other}` is no health")),
        };
        let releases = self.snapshot.releases.get(&component);
        let release = releases.and_then(|r| r.find(&version)).cloned();
        let release = release.ok_or_else(|| format!("there is no release {version}"))?;
        for cluster in self.place(words.word(1, "the place")?)? {
            self.now_runs(&cluster, &release, health, words.clause("because"));
        }
        Ok(())
    }

    fn now_runs(
        &mut self,
        cluster: &ClusterName,
        release: &Release,
        health: Health,
        why: Option<&str>,
    ) {
        let now = self.snapshot.now;
        let revision = release
            .digest
            .clone()
            .map(|digest| Revision::Oci { tag: Some(release.tag.clone()), digest });
        let before = self.reported(cluster, &release.component).ok();
        let same = before.filter(|r| r.revision == revision && r.health == health);
        let since = same.map_or(now, |r| r.since);
        let object = ObjectRef {
            kind: "Deployment".to_owned(),
            namespace: "apps".to_owned(),
            name: "web".to_owned(),
        };
        let ailing = why.map(|why| Ailing { object, health, why: why.to_owned() });
        let ailing = ailing.into_iter().collect();
        let running = Running {
            revision,
            version: Some(release.version.clone()),
            attempted: None,
            health,
            since,
            suspended: false,
            ailing,
        };
        self.snapshot.running.tell(cluster, &release.component, running);
    }

    fn deliver(&mut self, words: &Words<'_>) -> Result<(), String> {
        let only = words.clause("of").map(parse::<ComponentName>).transpose()?;
        for cluster in self.place(words.word(1, "the place")?)? {
            let pins = self.snapshot.pins.iter().filter(|p| p.cluster == cluster);
            let pins = pins.filter(|p| only.as_ref().is_none_or(|only| p.component == *only));
            let pins: Vec<_> = pins.map(|p| (p.component.clone(), p.tracking.clone())).collect();
            for (component, tracking) in pins {
                let version = self.snapshot.desired(&component, &tracking).version;
                let releases = self.snapshot.releases.get(&component);
                let release = version.and_then(|v| releases?.find(&v)).cloned();
                let release = release.ok_or_else(|| format!("{cluster} gets no known release"))?;
                self.now_runs(&cluster, &release, Health::Healthy, None);
            }
        }
        Ok(())
    }

    /// What an environment has now.
    fn present(&self, words: &Words<'_>, environment: &str) -> Result<OfRelease, String> {
        let component = self.component(words)?;
        let environment = self.environment(environment)?.name.clone();
        let promotion = self.snapshot.history.promotions(&environment, &component).next_back();
        let pin = self.snapshot.pins_of(&environment, &component).next();
        let version = match (promotion, pin) {
            (Some((_, promotion)), _) => Some(promotion.version.clone()),
            (None, Some(pin)) => self.snapshot.desired(&component, &pin.tracking).version,
            (None, None) => None,
        };
        let version = version.ok_or_else(|| format!("{environment} has no known release"))?;
        let releases = self.snapshot.releases.get(&component);
        let digest = releases.and_then(|r| r.find(&version)).and_then(|r| r.digest.clone());
        Ok(OfRelease { environment, component, version, digest })
    }

    fn test(&mut self, words: &Words<'_>) -> Result<(), String> {
        let passed = words.word(3, "passed or failed")? == "passed";
        let attempts = words.word(4, "how often").map_or(Ok(1), parse)?;
        let detail = words.clause("because").unwrap_or("all of it").to_owned();
        let event = Event::Tested(Tested {
            release: self.present(words, words.word(1, "the environment")?)?,
            test: parse(words.word(2, "the test")?)?,
            passed,
            attempts,
            detail,
        });
        self.record(words.by()?, event);
        Ok(())
    }

    /// One look of the loop.
    fn look(&mut self) -> Result<(), String> {
        self.settle();
        for event in notes(self.path(), &self.snapshot) {
            self.record(LOOP.to_owned(), event);
        }
        // Each commit makes another plan necessary; what has moved in this look does not move again in it.
        let mut moved = std::collections::BTreeSet::new();
        loop {
            self.settle();
            let plan = plan(self.path(), &self.snapshot);
            let broken = invariant::check(self.path(), &self.snapshot, &plan);
            if !broken.is_empty() {
                return Err(format!("the plan breaks invariants: {broken:?}"));
            }
            let next = plan.proposals.into_iter().find(|p| {
                p.outcome == Outcome::Ready
                    && p.holds.is_empty()
                    && p.action.is_some()
                    && !moved.contains(&(p.environment.clone(), p.component.clone()))
            });
            let Some(proposal) = next else { return Ok(()) };
            moved.insert((proposal.environment.clone(), proposal.component.clone()));
            let Some(mut action) = proposal.action else { return Ok(()) };
            action.automatic = true;
            self.carry_out(action, &proposal.gates, LOOP.to_owned())?;
        }
    }

    fn appears(&mut self, words: &Words<'_>) -> Result<(), String> {
        let place = words.word(1, "the cluster")?;
        let (environment, name) = place.split_once('/').ok_or("ENV/CLUSTER is meant")?;
        let cluster = Cluster {
            name: parse(name)?,
            folder: Folder::parse(&format!("clusters/{name}")).map_err(|e| e.to_string())?,
            context: None,
            labels: std::collections::BTreeMap::new(),
            kubernetes: None,
        };
        let environment = environment.to_owned();
        self.change_path(|clusters| clusters.push(cluster), Some(&environment))?;
        self.pin(words)
    }

    /// Changes the clusters of one environment, or of all.
    fn change_path(
        &mut self,
        change: impl FnOnce(&mut Vec<Cluster>),
        only: Option<&str>,
    ) -> Result<(), String> {
        let path = self.path();
        let mut environments = path.environments().to_vec();
        let mut all: Vec<Cluster> = Vec::new();
        let mut change = Some(change);
        for environment in &mut environments {
            match only {
                Some(name) if environment.name.as_str() != name => {}
                Some(_) => {
                    if let Some(change) = change.take() {
                        change(&mut environment.clusters);
                    }
                }
                None => all.append(&mut environment.clusters.clone()),
            }
        }
        if let (None, Some(change)) = (only, change.take()) {
            change(&mut all);
            for environment in &mut environments {
                environment.clusters.retain(|c| all.iter().any(|kept| kept.name == c.name));
            }
        }
        let (trunk, components) = (path.trunk.clone(), path.components.clone());
        let changed = Path::new(trunk, components, environments).map_err(|e| e.to_string())?;
        self.set_path(changed);
        Ok(())
    }
}
