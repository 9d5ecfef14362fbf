//! What all clusters say of one component, in as few bytes as it takes to tell that they are well.
//!
//! A fleet has a million of these, and to go along the reports themselves is to wait for memory. Follows from the reports
//! and is never told apart from them; whoever wants to know more than that a cluster is well reads its report. Next:
//! [`super::reports`], which keeps it.

use jiff::Timestamp;

use super::{Health, Running, What};
use crate::release::{Release, Revision};
use crate::version::Version;

/// Where a cluster stands in every column; it stays there as long as the cluster is connected.
pub(crate) type Slot = u32;

/// One component on all clusters.
#[derive(Clone, Default)]
pub(crate) struct Column {
    cells: Vec<Cell>,
    /// What clusters run, each once: a handful at any time.
    runs: Vec<Runs>,
}

/// One component on one cluster.
#[derive(Clone, Copy)]
struct Cell {
    since: Timestamp,
    /// Where what it runs stands among the column's; [`NOTHING`]: it says nothing of the component.
    runs: u32,
    is_healthy: bool,
}

/// What a cluster says of one component, in short.
pub(crate) struct Said {
    /// What it runs: a place in what [`Column::of_each`] answers.
    pub(crate) what: usize,
    pub(crate) is_healthy: bool,
    pub(crate) since: Timestamp,
}

const NOTHING: u32 = u32::MAX;
const EMPTY: Cell = Cell { since: Timestamp::UNIX_EPOCH, runs: NOTHING, is_healthy: false };

#[derive(Clone)]
struct Runs {
    revision: Option<Revision>,
    version: Option<Version>,
    /// By how many clusters; of none, the place is free.
    by: usize,
}

impl Runs {
    fn is(&self, running: &Running) -> bool {
        self.revision == running.revision && self.version == running.version
    }
}

impl Column {
    /// Takes what a cluster says now in the place of what it said before.
    pub(crate) fn set(&mut self, slot: Slot, running: Option<&Running>) {
        let at = slot as usize;
        if self.cells.len() <= at {
            self.cells.resize(at + 1, EMPTY);
        }
        let before = self.cells[at].runs;
        if let Some(runs) = self.runs.get_mut(before as usize) {
            runs.by -= 1;
        }
        self.cells[at] = match running {
            Some(running) => Cell {
                since: running.since,
                runs: self.place(running),
                is_healthy: running.health == Health::Healthy,
            },
            None => EMPTY,
        };
    }

    /// Where what a cluster runs stands, counted once more.
    fn place(&mut self, running: &Running) -> u32 {
        let known = self.runs.iter().position(|runs| runs.by > 0 && runs.is(running));
        let at = known.unwrap_or_else(|| {
            let (revision, version) = (running.revision.clone(), running.version.clone());
            let new = Runs { revision, version, by: 0 };
            let free = self.runs.iter().position(|runs| runs.by == 0);
            match free {
                Some(free) => self.runs[free] = new,
                None => self.runs.push(new),
            }
            free.unwrap_or(self.runs.len() - 1)
        });
        self.runs[at].by += 1;
        u32::try_from(at).expect("there are fewer revisions than clusters")
    }

    /// Whether this is what a cluster says, as far as it goes.
    pub(crate) fn tells(&self, slot: Slot, running: Option<&Running>) -> bool {
        let cell = self.cells.get(slot as usize).unwrap_or(&EMPTY);
        match (self.runs.get(cell.runs as usize), running) {
            (Some(runs), Some(running)) => {
                cell.since == running.since
                    && cell.is_healthy == (running.health == Health::Healthy)
                    && runs.is(running)
            }
            (None, None) => true,
            _ => false,
        }
    }

    /// What is to be said of each thing that clusters run, in the order that [`Said::what`] counts in.
    pub(crate) fn of_each<T>(&self, say: impl FnMut(What<'_>) -> T) -> Vec<T> {
        self.runs
            .iter()
            .map(|runs| (runs.revision.as_ref(), runs.version.as_ref()))
            .map(say)
            .collect()
    }

    /// What a cluster says; `None`: nothing of the component.
    pub(crate) fn said(&self, slot: Slot) -> Option<Said> {
        let cell = self.cells.get(slot as usize).filter(|cell| cell.runs != NOTHING)?;
        let &Cell { since, runs, is_healthy } = cell;
        Some(Said { what: runs as usize, is_healthy, since })
    }

    /// Those that run exactly a release and say that it is healthy.
    pub(crate) fn well_with(&self, release: &Release) -> Well<'_> {
        let is_it =
            |runs: &Runs| release.is_what_runs(runs.revision.as_ref(), runs.version.as_ref());
        Well { cells: &self.cells, is_it: self.runs.iter().map(is_it).collect() }
    }
}

/// The clusters that say they are well with a release.
#[derive(Default)]
pub(crate) struct Well<'a> {
    cells: &'a [Cell],
    is_it: Vec<bool>,
}

impl Well<'_> {
    /// Since when a cluster says so, as it last reported; `None`: it does not.
    pub(crate) fn since(&self, slot: Slot) -> Option<Timestamp> {
        let cell = self.cells.get(slot as usize)?;
        (cell.is_healthy && *self.is_it.get(cell.runs as usize)?).then_some(cell.since)
    }
}
