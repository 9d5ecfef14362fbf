//! A stranger who reads Git after every step, and holds what is new there to the laws.
//!
//! Here is what must hold of Git itself: nothing is taken back, nothing that was answered is missing, pins move with
//! promotions only, and nothing moves or is recorded twice. What must hold of the decisions is in `laws`.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::id::{CommitId, RepoPath};
use towpath_core::record::Event;
use towpath_engine::ledger::{self, Entry, trailer};
use towpath_engine::ports::{Commit, Repository as _};
use towpath_testkit::memory::MemoryRepository;
use towpath_testkit::world;

use crate::layout::Layout;
use crate::seen::{Says, Seen, number};
use crate::stage::{Log, Look, Stage, told};

pub(crate) type Checked = Result<(), String>;

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

/// A promotion as the trunk has it.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) commit: CommitId,
    pub(crate) by: String,
    pub(crate) environment: usize,
    pub(crate) component: usize,
    pub(crate) release: u64,
    pub(crate) plan: String,
    /// Whose pins it changed.
    pub(crate) clusters: Vec<usize>,
    pub(crate) goes_back: bool,
    pub(crate) automatic: bool,
    /// Whether a promotion of the same plan was made before it.
    pub(crate) goes_on: bool,
}

pub(crate) struct Judge {
    git: MemoryRepository,
    trunk: Option<CommitId>,
    ledger: Option<CommitId>,
    files: BTreeMap<RepoPath, String>,
    /// Of each cluster, the pins of each component.
    pub(crate) pins: Vec<Vec<Says>>,
    pub(crate) made: Vec<Made>,
    /// Which plan has moved which cluster.
    moved: BTreeSet<(String, usize)>,
    pub(crate) entries: Vec<Entry>,
    positions: BTreeMap<CommitId, usize>,
    /// How often each promotion is recorded.
    pub(crate) recorded: BTreeMap<CommitId, usize>,
    commits: BTreeSet<CommitId>,
}

impl Judge {
    pub(crate) fn new(stage: &Stage) -> Result<Self, String> {
        let nothing = vec![Says::Range; stage.layout.components.len()];
        let mut judge = Self {
            git: stage.remote.clone_here(),
            trunk: None,
            ledger: None,
            files: BTreeMap::new(),
            pins: vec![nothing; stage.layout.clusters.len()],
            made: Vec::new(),
            moved: BTreeSet::new(),
            entries: Vec::new(),
            positions: BTreeMap::new(),
            recorded: BTreeMap::new(),
            commits: BTreeSet::new(),
        };
        judge.trunk = stage.remote.tip(&world::main());
        let tip = judge.trunk.clone().ok_or("there is no trunk")?;
        judge.read_pins(&stage.layout, &tip)?;
        Ok(judge)
    }

    /// Looks at Git. Whether the trunk has moved, and whether the ledger has.
    pub(crate) fn look(&mut self, stage: &Stage, log: &Log) -> Result<(bool, bool), String> {
        let (trunk, ledger) =
            (stage.remote.tip(&world::main()), stage.remote.tip(&ledger::branch()));
        let moved = (trunk != self.trunk, ledger != self.ledger);
        if moved != (false, false) {
            self.git.fetch().map_err(|e| told(&e))?;
            self.read_ledger(&stage.layout, ledger, &log.looks)?;
            self.read_trunk(&stage.layout, trunk, &log.looks)?;
            for commit in self.recorded.keys() {
                ensure(self.commits.contains(commit), || {
                    format!("{commit} is recorded and not on the trunk")
                })?;
            }
        }
        for entry in &log.entries {
            let found = self.positions.get(&entry.commit).map(|at| &self.entries[*at]);
            ensure(found == Some(entry), || {
                format!("an entry was answered and is lost: {entry:?}")
            })?;
        }
        for commit in &log.commits {
            ensure(self.commits.contains(commit), || format!("{commit} was answered and is lost"))?;
        }
        Ok(moved)
    }

    /// What somebody saw. `None`: they have never looked.
    pub(crate) fn seen<'a>(
        &'a self,
        layout: &'a Layout,
        looks: &'a [Look],
        pins: &'a [Vec<Says>],
        is_it: impl Fn(&Look) -> bool,
    ) -> Option<Seen<'a>> {
        let look = looks.iter().rev().find(|look| is_it(look))?;
        let known =
            look.ledger.as_ref().and_then(|tip| self.positions.get(tip)).map_or(0, |at| at + 1);
        Some(Seen { layout, look, records: &self.entries[..known], pins })
    }

    fn read_ledger(&mut self, layout: &Layout, tip: Option<CommitId>, looks: &[Look]) -> Checked {
        if tip == self.ledger {
            return Ok(());
        }
        let tip = tip.ok_or("the ledger is gone")?;
        let mut new = self.git.history(&tip, self.ledger.as_ref()).map_err(|e| told(&e))?;
        let known: Vec<CommitId> = self.ledger.iter().cloned().collect();
        let goes_on = new.last().is_some_and(|oldest| oldest.parents == known);
        ensure(goes_on, || "the ledger does not go on from where it was".to_owned())?;
        new.reverse();
        for commit in new {
            let start = commit
                .message
                .find("\n{")
                .ok_or_else(|| format!("{} holds no record", commit.id))?;
            let record =
                towpath_api::record::from_json(&commit.message[start..]).map_err(|e| told(&e))?;
            let entry = Entry { commit: commit.id, record };
            self.judge_record(layout, &entry, looks)?;
            if let Event::Promoted(p) = &entry.record.event {
                let times = self.recorded.entry(p.commit.clone()).or_default();
                *times += 1;
                ensure(*times == 1, || format!("{} is recorded {times} times", p.commit))?;
            }
            self.positions.insert(entry.commit.clone(), self.entries.len());
            self.entries.push(entry);
        }
        self.ledger = Some(tip);
        Ok(())
    }

    fn read_trunk(&mut self, layout: &Layout, tip: Option<CommitId>, looks: &[Look]) -> Checked {
        if tip == self.trunk {
            return Ok(());
        }
        let tip = tip.ok_or("the trunk is gone")?;
        let mut new = self.git.history(&tip, self.trunk.as_ref()).map_err(|e| told(&e))?;
        new.reverse();
        let mut parent = self.trunk.clone();
        for commit in new {
            let one_line = commit.parents.iter().eq(parent.iter());
            ensure(one_line, || format!("{} is not on what was there", commit.id))?;
            self.read_commit(layout, &commit, looks)?;
            self.commits.insert(commit.id.clone());
            parent = Some(commit.id);
        }
        self.trunk = Some(tip);
        Ok(())
    }

    fn read_commit(&mut self, layout: &Layout, commit: &Commit, looks: &[Look]) -> Checked {
        let before = self.pins.clone();
        self.read_pins(layout, &commit.id)?;
        let changed: Vec<(usize, usize)> = (0..layout.clusters.len())
            .flat_map(|cluster| {
                (0..layout.components.len()).map(move |component| (cluster, component))
            })
            .filter(|(cluster, component)| {
                before[*cluster][*component] != self.pins[*cluster][*component]
            })
            .collect();
        let said = |key| trailer(&commit.message, key);
        let Some(plan) = said("Towpath-Plan") else {
            return ensure(changed.is_empty(), || {
                format!("{} moves a pin and is no promotion", commit.id)
            });
        };
        let made = (|| {
            let environment = layout
                .environments
                .iter()
                .position(|e| said("Towpath-Environment") == Some(e.name.as_str()))?;
            let component = layout
                .components
                .iter()
                .position(|c| said("Towpath-Component") == Some(c.as_str()))?;
            Some(Made {
                commit: commit.id.clone(),
                by: commit.author.name.clone(),
                environment,
                component,
                release: number(said("Towpath-Version")?),
                plan: plan.to_owned(),
                clusters: changed.iter().map(|(cluster, _)| *cluster).collect(),
                goes_back: commit.message.starts_with("roll back"),
                automatic: said("Towpath-Automatic") == Some("true"),
                goes_on: self.made.iter().any(|made| made.plan == plan),
            })
        })();
        let made = made.ok_or_else(|| format!("{} does not say what it is", commit.id))?;
        let own = &layout.environments[made.environment];
        let named: Option<Vec<usize>> = said("Towpath-Clusters").map(|names| {
            let at = |name: &str| layout.clusters.iter().position(|c| c.as_str() == name);
            names.split(' ').filter_map(at).collect()
        });
        for (cluster, component) in &changed {
            let is_its = *component == made.component && own.clusters.contains(cluster);
            let says = self.pins[*cluster][*component] == Says::Release(made.release);
            ensure(is_its && says, || format!("{made:?} moves {}", layout.clusters[*cluster]))?;
            let first = self.moved.insert((made.plan.clone(), *cluster));
            ensure(first, || {
                format!("{made:?} moves {} a second time", layout.clusters[*cluster])
            })?;
        }
        ensure(!changed.is_empty(), || format!("{made:?} moves nothing"))?;
        let mut told = named.unwrap_or_else(|| own.clusters.clone());
        told.sort_unstable();
        ensure(told == made.clusters, || format!("{made:?} says that it moves {told:?}"))?;
        self.judge_promotion(layout, &made, &before, commit.parents.first(), looks)?;
        self.made.push(made);
        Ok(())
    }

    fn read_pins(&mut self, layout: &Layout, commit: &CommitId) -> Checked {
        let entries = self.git.entries(commit).map_err(|e| told(&e))?;
        for entry in entries {
            if self.files.get(&entry.path) == Some(&entry.blob) {
                continue;
            }
            self.files.insert(entry.path.clone(), entry.blob.clone());
            for cluster in 0..layout.clusters.len() {
                for component in 0..layout.components.len() {
                    if layout.pin_file(cluster, component) != entry.path.as_str() {
                        continue;
                    }
                    let bytes =
                        self.git.blobs(std::slice::from_ref(&entry.blob)).map_err(|e| told(&e))?;
                    let text = String::from_utf8_lossy(&bytes[0]).into_owned();
                    let says = text.lines().find_map(|line| line.trim().strip_prefix("tag: "));
                    self.pins[cluster][component] =
                        says.map_or(Says::Range, |tag| Says::Release(number(tag)));
                }
            }
        }
        Ok(())
    }
}
