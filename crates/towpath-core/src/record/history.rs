//! The ledger, folded: the state that records tell.
//!
//! Folding is the only way to read state from records, so replaying the ledger always gives the same. Must not look at
//! anything but records.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::index::Index;
use super::{Event, PlanHash, Promotion, Record, Sandbox, Signature, Tested, Verified};
use crate::gate::{Frozen, Reported, TestRun};
use crate::id::{ComponentName, EnvironmentName, TestName};
use crate::release::Release;
use crate::version::Version;

/// What the ledger says, folded. Shared: a copy costs nothing until a record is added to it.
#[derive(Clone, Default)]
pub struct History {
    folded: Arc<Folded>,
}

#[derive(Clone, Default)]
struct Folded {
    /// All records, oldest first.
    records: Vec<Arc<Record>>,
    /// Where those stand that are about something.
    index: Index,
}

impl History {
    /// Folds records, oldest first.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = Record>) -> Self {
        let mut history = Self::default();
        records.into_iter().for_each(|record| history.push(record));
        history
    }

    /// Adds the newest record.
    pub fn push(&mut self, record: Record) {
        let folded = Arc::make_mut(&mut self.folded);
        folded.index.add(folded.records.len(), &record.event);
        folded.records.push(Arc::new(record));
    }

    /// Says who signed the record at a position, counted from the oldest.
    pub fn set_signature(&mut self, position: usize, signature: Signature) {
        if let Some(record) = Arc::make_mut(&mut self.folded).records.get_mut(position) {
            Arc::make_mut(record).signature = signature;
        }
    }

    /// All records, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.folded.records.iter().map(|record| &**record)
    }

    /// The records that were added to another history to make this one; `None`: it was not made so.
    pub(crate) fn since(&self, old: &Self) -> Option<impl Iterator<Item = &Record>> {
        let (mine, theirs) = (&self.folded.records, &old.folded.records);
        let grew = Arc::ptr_eq(&self.folded, &old.folded) || mine.get(..theirs.len())? == theirs;
        grew.then(|| self.records().skip(theirs.len()))
    }

    fn at<'a>(
        &'a self,
        positions: &'a [usize],
    ) -> impl DoubleEndedIterator<Item = &'a Record> + use<'a> {
        positions.iter().map(|position| &*self.folded.records[*position])
    }

    /// What happened to a component in an environment, but for approvals and overrides, oldest first.
    pub(crate) fn about<'a>(
        &'a self,
        environment: &EnvironmentName,
        component: &ComponentName,
    ) -> impl DoubleEndedIterator<Item = &'a Record> + use<'a> {
        self.at(self.folded.index.of(environment, component))
    }

    /// Releases of a component and what was reported of them, oldest first.
    pub(crate) fn of_releases<'a>(
        &'a self,
        component: &ComponentName,
    ) -> impl DoubleEndedIterator<Item = &'a Record> + use<'a> {
        self.at(self.folded.index.of_releases(component))
    }

    /// The promotions of a component into an environment, oldest first.
    pub fn promotions<'a>(
        &'a self,
        environment: &EnvironmentName,
        component: &ComponentName,
    ) -> impl DoubleEndedIterator<Item = (&'a Record, &'a Promotion)> + use<'a> {
        self.about(environment, component).filter_map(|r| match &r.event {
            Event::Promoted(p) => Some((r, p)),
            _ => None,
        })
    }

    /// The approvals of a plan, oldest first.
    pub fn approvals<'a>(&'a self, hash: &'a PlanHash) -> impl Iterator<Item = &'a Record> {
        let of_plan = self.at(self.folded.index.of_plan(hash));
        of_plan.filter(|r| matches!(&r.event, Event::Approved { .. }))
    }

    /// When and why a release failed in an environment, was given up or gone back from, where it was not tried again
    /// or verified since.
    #[must_use]
    pub fn failure(
        &self,
        environment: &EnvironmentName,
        release: &Release,
    ) -> Option<(Timestamp, String)> {
        let mut failed = None;
        for record in self.about(environment, &release.component) {
            match &record.event {
                Event::Failed(of, why) if of.is(environment, release) => {
                    failed = Some((record.at, why.clone()));
                }
                Event::Aborted(of, why) if of.is(environment, release) => {
                    failed = Some((record.at, format!("given up by {}: {why}", record.by)));
                }
                Event::Promoted(p) => {
                    if p.version == release.version {
                        failed = None;
                    } else if p.goes_back() && p.replaced.as_ref() == Some(&release.version) {
                        let to = &p.version;
                        failed.get_or_insert((
                            record.at,
                            format!("{} went back from it to {to}", record.by),
                        ));
                    }
                }
                Event::Verified(v) if v.release.is(environment, release) => failed = None,
                _ => {}
            }
        }
        failed
    }

    /// When somebody gave a release up in an environment, where it was not tried again since.
    pub(crate) fn given_up(
        &self,
        environment: &EnvironmentName,
        release: &Release,
    ) -> Option<Timestamp> {
        let mut about = self.about(environment, &release.component).rev();
        about.find_map(|record| match &record.event {
            Event::Aborted(of, _) if of.is(environment, release) => Some(Some(record.at)),
            Event::Promoted(p) if p.version == release.version => Some(None),
            _ => None,
        })?
    }

    /// Since when a release is verified in an environment. A failure undoes it, and trying again does not bring it back.
    #[must_use]
    pub fn verified(&self, environment: &EnvironmentName, release: &Release) -> Option<Timestamp> {
        self.standing(environment, release, |record| match &record.event {
            Event::Verified(v) if v.release.is(environment, release) => Some(record.at),
            _ => None,
        })
    }

    /// The last of what speaks for a release in an environment, unless it failed, was given up or gone back from since.
    fn standing<T>(
        &self,
        environment: &EnvironmentName,
        release: &Release,
        speaks_for: impl Fn(&Record) -> Option<T>,
    ) -> Option<T> {
        let undone = |record: &Record| match &record.event {
            Event::Failed(of, _) | Event::Aborted(of, _) => of.is(environment, release),
            Event::Promoted(p) => {
                p.goes_back()
                    && p.replaced.as_ref() == Some(&release.version)
                    && p.version != release.version
            }
            _ => false,
        };
        let newest_first = self.about(environment, &release.component).rev();
        newest_first.take_while(|record| !undone(record)).find_map(speaks_for)
    }

    /// The verifications of a component in an environment, oldest first, with their times.
    pub fn verifications<'a>(
        &'a self,
        environment: &EnvironmentName,
        component: &ComponentName,
    ) -> impl DoubleEndedIterator<Item = (Timestamp, &'a Verified)> + use<'a> {
        self.about(environment, component).filter_map(|r| match &r.event {
            Event::Verified(v) => Some((r.at, v)),
            _ => None,
        })
    }

    /// The last soak of a release in an environment that was completed and that no failure has undone.
    #[must_use]
    pub fn soaked(
        &self,
        environment: &EnvironmentName,
        release: &Release,
    ) -> Option<(Timestamp, Timestamp)> {
        self.standing(environment, release, |record| match &record.event {
            Event::Soaked(of, since, until) if of.is(environment, release) => {
                Some((*since, *until))
            }
            _ => None,
        })
    }

    /// The results of a test of a release in an environment, oldest first.
    pub fn tests<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        release: &'a Release,
        test: &'a TestName,
    ) -> impl DoubleEndedIterator<Item = (&'a Record, &'a Tested)> {
        self.about(environment, &release.component).filter_map(move |r| match &r.event {
            Event::Tested(of) if of.test == *test && of.release.is(environment, release) => {
                Some((r, of))
            }
            _ => None,
        })
    }

    /// The last run of a test for a release in an environment.
    #[must_use]
    pub fn last_test(
        &self,
        environment: &EnvironmentName,
        release: &Release,
        test: &TestName,
    ) -> Option<TestRun> {
        let (record, last) = self.tests(environment, release, test).next_back()?;
        Some(TestRun {
            environment: environment.clone(),
            passed: last.passed,
            attempts: last.attempts,
            at: record.at,
            detail: last.detail.clone(),
        })
    }

    /// The last report of an outside status of a release.
    #[must_use]
    pub fn last_report(&self, release: &Release, status: &str) -> Option<Reported> {
        self.of_releases(&release.component).rev().find_map(|r| match &r.event {
            Event::Reported { version, name, success, detail, .. }
                if name == status && *version == release.version =>
            {
                let (by, detail) = (r.by.clone(), detail.clone());
                Some(Reported { success: *success, by, at: r.at, detail })
            }
            _ => None,
        })
    }

    /// The freezes that hold for an environment: its own and those of all, oldest first.
    #[must_use]
    pub fn freezes(&self, environment: &EnvironmentName) -> Vec<Frozen> {
        let mut out = self.all_freezes();
        out.retain(|f| f.environment.as_ref().is_none_or(|e| e == environment));
        out
    }

    /// Every freeze that holds, oldest first.
    #[must_use]
    pub fn all_freezes(&self) -> Vec<Frozen> {
        let mut out: Vec<Frozen> = Vec::new();
        for record in self.at(self.folded.index.freezes()) {
            match &record.event {
                Event::Frozen { environment, reason } => {
                    out.retain(|f| f.environment != *environment);
                    out.push(Frozen {
                        environment: environment.clone(),
                        by: record.by.clone(),
                        reason: reason.clone(),
                        since: record.at,
                    });
                }
                Event::Thawed { environment, .. } => out.retain(|f| f.environment != *environment),
                _ => {}
            }
        }
        out
    }

    /// Who approved a plan: `Name <email>`, each once, in the order of time.
    #[must_use]
    pub fn approvers<'a>(&'a self, hash: &'a PlanHash) -> Vec<&'a str> {
        let mut out: Vec<&str> = Vec::new();
        for record in self.approvals(hash) {
            if !out.contains(&record.by.as_str()) {
                out.push(&record.by);
            }
        }
        out
    }

    /// The override of a gate for a plan that still counts at `now`: who, why and until when.
    #[must_use]
    pub fn override_of(&self, gate: &str, hash: &PlanHash, now: Timestamp) -> Option<Override<'_>> {
        self.at(self.folded.index.of_plan(hash)).rev().find_map(|r| match &r.event {
            Event::Overridden { gate: g, reason, expires, .. } if g == gate && *expires > now => {
                let signature = &r.signature;
                Some(Override { by: &r.by, reason, expires: *expires, signature })
            }
            _ => None,
        })
    }

    /// The sandboxes that were created and not deleted, in the order of their creation.
    #[must_use]
    pub fn sandboxes(&self) -> Vec<(&Record, &Sandbox)> {
        let mut out: Vec<(&Record, &Sandbox)> = Vec::new();
        for record in self.records() {
            match &record.event {
                Event::SandboxCreated(sandbox) => {
                    out.retain(|(_, s)| s.name != sandbox.name);
                    out.push((record, sandbox));
                }
                Event::SandboxDeleted { name, .. } => out.retain(|(_, s)| s.name != *name),
                _ => {}
            }
        }
        out
    }

    /// The version to go back to: the one before `current` among those that were in the environment and
    /// that nothing has gone back from since. Where `current` was never recorded, the last of them. Never
    /// one above `current`: a way up passes all gates.
    #[must_use]
    pub fn last_good(
        &self,
        environment: &EnvironmentName,
        component: &ComponentName,
        current: Option<&Version>,
    ) -> Option<Version> {
        let mut good: Vec<Version> = Vec::new();
        for (_, promotion) in self.promotions(environment, component) {
            match &promotion.replaced {
                Some(replaced) if promotion.goes_back() => good.retain(|v| v != replaced),
                Some(replaced) => {
                    // What was promoted after it is not there any more, or, on a branch that was not
                    // merged, never was.
                    match good.iter().position(|v| v == replaced) {
                        Some(at) => good.truncate(at + 1),
                        None => good.push(replaced.clone()),
                    }
                }
                None => {}
            }
            good.retain(|v| *v != promotion.version);
            good.push(promotion.version.clone());
        }
        if let Some(at) = good.iter().position(|v| Some(v) == current) {
            good.truncate(at);
        }
        good.into_iter().rev().find(|v| current.is_none_or(|current| v < current))
    }
}

/// The records are all there is: the index follows from them.
impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.folded, &other.folded) || self.folded.records == other.folded.records
    }
}

impl Eq for History {}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.records()).finish()
    }
}

/// An override that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override<'a> {
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Until when.
    pub expires: Timestamp,
    /// Who signed it.
    pub signature: &'a Signature,
}
