//! The world of a story: a snapshot, and what happens to it line by line.
//!
//! | line | what it means |
//! | --- | --- |
//! | `now TIME`, `later 48h` | the time |
//! | `commit C on BRANCH` | the branch's new head; the trunk where none is named |
//! | `release V of COMPONENT from C by WHO` | packaged and published: in the ledger and in the registry |
//! | `recorded V …`, `tag V …` | the same, but only in the ledger; only in the registry |
//! | `lost V`, `other-content V` | the registry has it no longer; has another digest under it |
//! | `registry answers`, `offline`, `unlistable`, `unreachable because TEXT` | whether it can be asked |
//! | `pin ENV[/CLUSTER] of COMPONENT POLICY VALUE [aliased]` | what Git has |
//! | `error on ENV because TEXT`, `no-errors` | findings of the checks |
//! | `approve ENV by WHO`, `override ENV GATE by WHO until TIME because TEXT` | bound to the plan of now |
//! | `promote ENV by WHO`, `rollback ENV by WHO` | must have an action; edits, commits, records |
//!
//! What clusters and the loop do is in `clusters.rs`, what sources say in `sources.rs`.
//!
//! Commits are short hexadecimal texts, filled with zeros. A component that is not named is the path's
//! first; `to V`, `--allow-downgrade`, `--allow-unknown` and `--rollback` mean what they mean to the
//! command. Must not judge: what may be done is asked of the core.

use std::borrow::Cow;
use std::collections::BTreeMap;

use towpath_api::path_file::duration;
use towpath_core::action::Action;
use towpath_core::finding::{Finding, Severity};
use towpath_core::forecast::{Forecast, forecast};
use towpath_core::gate::Judged;
use towpath_core::id::{BranchName, CommitId, ComponentName, Digest, EnvironmentName, RepoPath};
use towpath_core::invariant;
use towpath_core::path::{Cluster, Environment, Path};
use towpath_core::pin::{Blank, Fill, Location, NotEditable, ObjectRef, Pin, Pins, Splice};
use towpath_core::plan::{Outcome, Proposal, Request, plan, propose, questions};
use towpath_core::record::{Event, History, Record, Signature};
use towpath_core::release::{Reach, Release, Releases, Seen};
use towpath_core::running::Reports;
use towpath_core::snapshot::Snapshot;
use towpath_core::source::{Answers, Source};
use towpath_core::status::{Status, status};
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::{Range, Version};
use towpath_engine::act::records_of;
use towpath_engine::gauge::{ask, for_path};

use super::words::{Words, parse};
use crate::memory_gauges::MemoryGauges;

/// The world.
pub(super) struct World {
    path: Path,
    pub(super) snapshot: Snapshot,
    /// The commits of each branch, the head last.
    branches: BTreeMap<BranchName, Vec<CommitId>>,
    last: Option<Action>,
    /// What gates may ask.
    pub(super) sources: Vec<Source>,
    /// What those know.
    pub(super) gauges: MemoryGauges,
}

impl World {
    /// A trunk with one commit, a registry that answers, and nothing else.
    pub(super) fn new(path: Path, sources: Vec<Source>) -> Self {
        let releases = path
            .components
            .iter()
            .map(|c| (c.name.clone(), Releases { list: Vec::new(), reach: Reach::Reached }))
            .collect();
        let snapshot = Snapshot {
            now: "2026-01-05T09:00:00Z".parse().expect("a time"),
            base: None,
            branches: BTreeMap::new(),
            pins: Pins::default(),
            releases,
            contained: std::collections::BTreeSet::new(),
            running: Reports::default(),
            answers: Answers::default(),
            history: History::default(),
            findings: Vec::new(),
        };
        let first = commit("a0").expect("a commit");
        let branches = BTreeMap::from([(path.trunk.clone(), vec![first])]);
        let gauges = MemoryGauges::default();
        let mut world = Self { path, snapshot, branches, last: None, sources, gauges };
        world.settle();
        world
    }

    /// Lets a line happen.
    pub(super) fn happen(&mut self, words: &Words<'_>) -> Result<(), String> {
        match words.word(0, "what happens")? {
            "now" => self.snapshot.now = parse(words.word(1, "the time")?)?,
            "later" => {
                let passed = duration(words.word(1, "how much later")?)?;
                self.snapshot.now += passed;
            }
            "commit" => {
                let branch = match words.clause("on") {
                    Some(name) => parse(name)?,
                    None => self.path.trunk.clone(),
                };
                let commit = commit(words.word(1, "the commit")?)?;
                self.branches.entry(branch).or_default().push(commit);
            }
            "release" => self.release(words, true, true)?,
            "recorded" => self.release(words, true, false)?,
            "tag" => self.release(words, false, true)?,
            "lost" => self.known(words)?.seen.source = false,
            "other-content" => self.known(words)?.seen.differs = true,
            "registry" => self.reach(words)?,
            "pin" => self.pin(words)?,
            "error" => self.error(words)?,
            "no-errors" => self.snapshot.findings.clear(),
            "approve" => self.approve(words)?,
            "override" => self.overrule(words)?,
            "promote" => self.act(words, false)?,
            "rollback" => self.act(words, true)?,
            other => {
                if !self.clusters_happen(words)? && !self.sources_happen(words)? {
                    return Err(format!("`{other}` is nothing that happens"));
                }
            }
        }
        self.settle();
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn set_path(&mut self, path: Path) {
        self.path = path;
    }

    /// The proposal that a line asks for.
    pub(super) fn propose(&self, words: &Words<'_>) -> Result<Proposal, String> {
        self.proposal(words, words.word(0, "the environment")?, words.flag("--rollback"))
    }

    /// When a release can be in an environment: `ENV VERSION`.
    pub(super) fn forecast(&self, words: &Words<'_>) -> Result<Forecast, String> {
        let environment = self.environment(words.word(0, "the environment")?)?.name.clone();
        let component = self.component(words)?;
        let version: Version = parse(words.word(1, "the version")?)?;
        let releases = self.snapshot.releases.get(&component);
        let release = releases.and_then(|releases| releases.find(&version));
        let release = release.ok_or_else(|| format!("there is no release {version}"))?;
        forecast(&self.path, &self.snapshot, release, &environment)
            .ok_or_else(|| format!("{environment} has no pin for {component}"))
    }

    /// The whole path as it stands.
    pub(super) fn status(&self) -> Result<Status, String> {
        let plan = plan(&self.path, &self.snapshot);
        let broken = invariant::check(&self.path, &self.snapshot, &plan);
        match broken.as_slice() {
            [] => Ok(status(&self.path, &self.snapshot, &plan)),
            broken => Err(format!("the plan breaks invariants: {broken:?}")),
        }
    }

    /// The message of the last commit that an act made.
    pub(super) fn last_commit(&self) -> Result<String, String> {
        let action = self.last.as_ref().ok_or("nothing was promoted yet")?;
        Ok(action.message())
    }

    fn proposal(
        &self,
        words: &Words<'_>,
        environment: &str,
        rollback: bool,
    ) -> Result<Proposal, String> {
        let environment = self.environment(environment)?;
        let request = Request {
            to: words.clause("to").map(parse).transpose()?,
            rollback,
            allow_downgrade: words.flag("--allow-downgrade"),
            allow_unknown: words.flag("--allow-unknown"),
            automatic: words.flag("--automatic"),
        };
        let component = self.component(words)?;
        let mut snapshot = Cow::Borrowed(&self.snapshot);
        let mut proposal = propose(&self.path, &snapshot, environment, &component, &request);
        let asked = questions([&proposal]);
        if !asked.is_empty() {
            let answers = ask(&self.gauges, &self.sources, asked, snapshot.now);
            snapshot.to_mut().answers.extend(answers);
            proposal = propose(&self.path, &snapshot, environment, &component, &request);
        }
        match invariant::check_proposal(&self.path, &snapshot, &proposal).as_slice() {
            [] => Ok(proposal),
            broken => Err(format!("the plan breaks invariants: {broken:?}")),
        }
    }

    pub(super) fn environment(&self, name: &str) -> Result<&Environment, String> {
        let name: EnvironmentName = parse(name)?;
        self.path.environment(&name).ok_or_else(|| format!("{name} is not on the path"))
    }

    pub(super) fn component(&self, words: &Words<'_>) -> Result<ComponentName, String> {
        let name = match words.clause("of") {
            Some(name) => parse(name)?,
            None => match self.path.components.first() {
                Some(first) => first.name.clone(),
                None => return Err("the path has no component".to_owned()),
            },
        };
        self.path.component(&name).ok_or_else(|| format!("{name} is not on the path"))?;
        Ok(name)
    }

    fn releases(&mut self, words: &Words<'_>) -> Result<&mut Releases, String> {
        let component = self.component(words)?;
        self.snapshot.releases.get_mut(&component).ok_or_else(|| format!("{component} is unknown"))
    }

    fn known(&mut self, words: &Words<'_>) -> Result<&mut Release, String> {
        let version: Version = parse(words.word(1, "the version")?)?;
        let releases = self.releases(words)?;
        let found = releases.list.iter_mut().find(|r| r.version == version);
        found.ok_or_else(|| format!("there is no release {version}"))
    }

    fn release(&mut self, words: &Words<'_>, ledger: bool, source: bool) -> Result<(), String> {
        let component = self.component(words)?;
        let version: Version = parse(words.word(1, "the version")?)?;
        let release = Release {
            component: component.clone(),
            tag: version.original().to_owned(),
            digest: Some(digest(&component, &version)?),
            commit: words.clause("from").map(commit).transpose()?,
            seen: Seen { ledger, source, differs: false },
            version,
        };
        if ledger {
            let event = Event::Released {
                component,
                version: release.version.clone(),
                tag: release.tag.clone(),
                digest: release.digest.clone().ok_or("a release has a digest")?,
                commit: release.commit.clone().ok_or("`from` is missing")?,
                location: "registry.example.com".to_owned(),
            };
            self.record(words.by()?, event);
        }
        let releases = self.releases(words)?;
        releases.list.retain(|r| r.version != release.version);
        releases.list.push(release);
        releases.list.sort_by(|a, b| a.version.cmp(&b.version));
        Ok(())
    }

    fn reach(&mut self, words: &Words<'_>) -> Result<(), String> {
        let location = format!("oci://registry.example.com/{}", self.component(words)?);
        let reach = match words.word(1, "how the registry is")? {
            "answers" => Reach::Reached,
            "offline" => Reach::NotAsked,
            "unlistable" => Reach::NotListable { location },
            "unreachable" => {
                Reach::Unreachable { location, why: words.needs("because")?.to_owned() }
            }
            other => return Err(format!("a registry is not `{other}`")),
        };
        self.releases(words)?.reach = reach;
        Ok(())
    }

    pub(super) fn pin(&mut self, words: &Words<'_>) -> Result<(), String> {
        let component = self.component(words)?;
        let place = words.word(1, "the environment")?;
        let (environment, cluster) =
            place.split_once('/').map_or((place, None), |(e, c)| (e, Some(c)));
        let environment = self.environment(environment)?;
        let (aliased, value) = match words.words_from(3) {
            [value @ .., "aliased"] => (true, value.join(" ")),
            value => (false, value.join(" ")),
        };
        let (tracking, splices) = tracking(words.word(2, "the policy")?, &value)?;
        let splices = if aliased { Err(NotEditable::Aliased) } else { Ok(splices) };
        let name = environment.name.clone();
        let chosen = |c: &&Cluster| cluster.is_none_or(|named| c.name.as_str() == named);
        let clusters: Vec<_> = environment.clusters.iter().filter(chosen).cloned().collect();
        if clusters.is_empty() {
            return Err(format!("{place} is no cluster of the path"));
        }
        for cluster in clusters {
            let file: RepoPath =
                cluster.folder.join(&format!("{component}.yaml")).map_err(|e| e.to_string())?;
            let pin = Pin {
                component: component.clone(),
                environment: name.clone(),
                cluster: cluster.name,
                object: ObjectRef {
                    kind: "OCIRepository".to_owned(),
                    namespace: "flux-system".to_owned(),
                    name: component.to_string(),
                }
                .into(),
                field: "spec.ref".to_owned(),
                at: Location { file, line: LINE, column: 5 },
                tracking: tracking.clone(),
                splices: splices.clone(),
            };
            self.snapshot.pins.change(|pins| {
                pins.retain(|p| p.cluster != pin.cluster || p.component != pin.component);
                pins.push(pin);
            });
        }
        Ok(())
    }

    fn error(&mut self, words: &Words<'_>) -> Result<(), String> {
        let environments = match words.clause("on") {
            Some(name) => vec![self.environment(name)?.name.clone()],
            None => Vec::new(),
        };
        self.snapshot.findings.push(Finding {
            rule: "example-rule",
            severity: Severity::Error,
            environments,
            object: None,
            field: None,
            at: Location { file: parse("clusters/example.yaml")?, line: 1, column: 1 },
            message: words.needs("because")?.to_owned(),
            fix: "mend it".to_owned(),
        });
        Ok(())
    }

    fn approve(&mut self, words: &Words<'_>) -> Result<(), String> {
        let proposal = self.proposal(words, words.word(1, "the environment")?, false)?;
        let event = Event::Approved {
            environment: proposal.environment,
            component: proposal.component,
            version: proposal.candidate.ok_or("there is no candidate")?.version,
            plan: proposal.hash.ok_or("there is nothing to approve")?,
        };
        self.record(words.by()?, event);
        Ok(())
    }

    fn overrule(&mut self, words: &Words<'_>) -> Result<(), String> {
        let proposal = self.proposal(words, words.word(1, "the environment")?, false)?;
        let event = Event::Overridden {
            environment: proposal.environment,
            component: proposal.component,
            gate: words.word(2, "the gate")?.to_owned(),
            plan: proposal.hash.ok_or("there is nothing to override")?,
            reason: words.needs("because")?.to_owned(),
            expires: parse(words.needs("until")?)?,
        };
        self.record(words.by()?, event);
        Ok(())
    }

    fn act(&mut self, words: &Words<'_>, rollback: bool) -> Result<(), String> {
        let proposal = self.proposal(words, words.word(1, "the environment")?, rollback)?;
        let Some(action) = proposal.action.filter(|_| proposal.outcome == Outcome::Ready) else {
            let why: Vec<_> = proposal.waiting.iter().map(ToString::to_string).collect();
            return Err(format!("there is no action: {}", why.join("; ")));
        };
        let by = words.by()?;
        self.carry_out(action, &proposal.gates, by)
    }

    /// Makes the edits of an action, its commit and its records.
    pub(super) fn carry_out(
        &mut self,
        action: Action,
        gates: &[Judged],
        by: String,
    ) -> Result<(), String> {
        let of_plan = |r: &&Record| matches!(&r.event, Event::Promoted(p) if p.plan == action.plan);
        let step = self.snapshot.history.records().filter(of_plan).count();
        let made = format!("{}{step:04x}", &action.plan.as_str()[..36]);
        let made = CommitId::parse(&made).map_err(|e| e.to_string())?;
        let edited = |pin: &Pin| {
            action.edits.iter().any(|edit| edit.file == pin.at.file)
                && (action.clusters.is_empty() || action.clusters.contains(&pin.cluster))
        };
        for moved in &action.moves {
            let component = &moved.release.component;
            let of =
                |p: &&mut Pin| p.environment == action.environment && p.component == *component;
            let (tracking, splices) = tracking("exact", &moved.release.tag)?;
            self.snapshot.pins.change(|pins| {
                for pin in pins.iter_mut().filter(of).filter(|p| edited(p)) {
                    (pin.tracking, pin.splices) = (tracking.clone(), Ok(splices.clone()));
                }
            });
        }
        self.branches.entry(action.branch.clone()).or_default().push(made.clone());
        for event in records_of(&action, &made, &action.branch, gates) {
            self.record(by.clone(), event);
        }
        self.last = Some(action);
        Ok(())
    }

    pub(super) fn record(&mut self, by: String, event: Event) {
        let signature = Signature::NotChecked;
        let record = Record { at: self.snapshot.now, by, event, signature };
        self.snapshot.history.push(record);
    }

    /// What of the snapshot follows from the branches.
    pub(super) fn settle(&mut self) {
        let heads =
            self.branches.iter().filter_map(|(b, log)| Some((b.clone(), log.last()?.clone())));
        self.snapshot.branches = heads.collect();
        self.snapshot.base = self.snapshot.branches.get(&self.path.trunk).cloned();
        let on =
            self.branches.iter().flat_map(|(b, log)| log.iter().map(|c| (b.clone(), c.clone())));
        self.snapshot.contained = on.collect();
        self.snapshot.answers = Answers::default();
        let answers = for_path(&self.gauges, &self.sources, &self.path, &self.snapshot);
        self.snapshot.answers = answers;
    }
}

/// The line on which every pin of a story stands.
const LINE: u32 = 12;

/// A tracking, and the bytes that say it: a key and its value become `tag: …`, an exact value another.
fn tracking(policy: &str, value: &str) -> Result<(Tracking, Vec<Splice>), String> {
    let (tracking, old, before) = match policy {
        "branch" => {
            (Tracking::Branch(parse::<BranchName>(value)?), format!("branch: {value}"), "tag: ")
        }
        "semver" => {
            let range = Range::parse(value).map_err(|e| e.to_string())?;
            (Tracking::Semver(range), format!("semver: {value}"), "tag: ")
        }
        "exact" => (Tracking::Exact(Exact::tag(value)), value.to_owned(), ""),
        other => return Err(format!("`{other}` is no policy")),
    };
    let new = Fill { before: before.to_owned(), blank: Blank::Tag, after: String::new() };
    Ok((tracking, vec![Splice { range: 200..200 + old.len(), line: LINE, old, new }]))
}

fn commit(text: &str) -> Result<CommitId, String> {
    parse(&format!("{text:0<40}"))
}

/// A digest that tells component and version apart, and is the same in every run.
fn digest(component: &ComponentName, version: &Version) -> Result<Digest, String> {
    let text = format!("{version}{component}");
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    parse(&format!("sha256:{:0<64.64}", hex))
}
