//! The ledger, folded: the state that records tell.
//!
//! Folding is the only way to read state from records, so replaying the ledger always gives the same. Must not look at
//! anything but records.

use jiff::Timestamp;

use super::{Event, PlanHash, Promotion, Record, Sandbox, Tested, Verified};
use crate::gate::{Frozen, Reported, TestRun};
use crate::id::{ComponentName, EnvironmentName, TestName};
use crate::release::Release;
use crate::version::Version;

/// What the ledger says, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// All records, oldest first.
    pub records: Vec<Record>,
}

impl History {
    /// The promotions of a component into an environment, oldest first.
    pub fn promotions<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        component: &'a ComponentName,
    ) -> impl DoubleEndedIterator<Item = (&'a Record, &'a Promotion)> {
        self.records.iter().filter_map(move |r| match &r.event {
            Event::Promoted(p) if p.environment == *environment && p.component == *component => {
                Some((r, p))
            }
            _ => None,
        })
    }

    /// The approvals of a plan, oldest first.
    pub fn approvals<'a>(&'a self, hash: &'a PlanHash) -> impl Iterator<Item = &'a Record> {
        self.records
            .iter()
            .filter(move |r| matches!(&r.event, Event::Approved { plan, .. } if plan == hash))
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
        for record in &self.records {
            match &record.event {
                Event::Failed(of, why) if of.is(environment, release) => {
                    failed = Some((record.at, why.clone()));
                }
                Event::Aborted(of, why) if of.is(environment, release) => {
                    failed = Some((record.at, format!("given up by {}: {why}", record.by)));
                }
                Event::Promoted(p)
                    if p.environment == *environment && p.component == release.component =>
                {
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

    /// Since when a release is verified in an environment; a failure since then undoes it.
    #[must_use]
    pub fn verified(&self, environment: &EnvironmentName, release: &Release) -> Option<Timestamp> {
        let (at, _) = self
            .verifications(environment, &release.component)
            .rfind(|(_, v)| v.release.is(environment, release))?;
        match self.failure(environment, release) {
            Some((failed, _)) if failed >= at => None,
            _ => Some(at),
        }
    }

    /// The verifications of a component in an environment, oldest first, with their times.
    pub fn verifications<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        component: &'a ComponentName,
    ) -> impl DoubleEndedIterator<Item = (Timestamp, &'a Verified)> {
        self.records.iter().filter_map(move |r| match &r.event {
            Event::Verified(v)
                if v.release.environment == *environment && v.release.component == *component =>
            {
                Some((r.at, v))
            }
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
        let (at, span) = self.records.iter().rev().find_map(|r| match &r.event {
            Event::Soaked(of, since, until) if of.is(environment, release) => {
                Some((r.at, (*since, *until)))
            }
            _ => None,
        })?;
        match self.failure(environment, release) {
            Some((failed, _)) if failed >= at => None,
            _ => Some(span),
        }
    }

    /// The last run of a test for a release in an environment.
    #[must_use]
    pub fn last_test(
        &self,
        environment: &EnvironmentName,
        release: &Release,
        test: &TestName,
    ) -> Option<TestRun> {
        self.records.iter().rev().find_map(|r| match &r.event {
            Event::Tested(Tested { release: of, test: name, passed, attempts, detail })
                if name == test && of.is(environment, release) =>
            {
                Some(TestRun {
                    environment: environment.clone(),
                    passed: *passed,
                    attempts: *attempts,
                    at: r.at,
                    detail: detail.clone(),
                })
            }
            _ => None,
        })
    }

    /// The last report of an outside status of a release.
    #[must_use]
    pub fn last_report(&self, release: &Release, status: &str) -> Option<Reported> {
        self.records.iter().rev().find_map(|r| match &r.event {
            Event::Reported { component, version, name, success, detail }
                if name == status
                    && *component == release.component
                    && *version == release.version =>
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
        for record in &self.records {
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
        self.records.iter().rev().find_map(|r| match &r.event {
            Event::Overridden { gate: g, plan, reason, expires, .. }
                if g == gate && plan == hash && *expires > now =>
            {
                Some(Override { by: &r.by, reason, expires: *expires })
            }
            _ => None,
        })
    }

    /// The sandboxes that were created and not deleted, in the order of their creation.
    #[must_use]
    pub fn sandboxes(&self) -> Vec<(&Record, &Sandbox)> {
        let mut out: Vec<(&Record, &Sandbox)> = Vec::new();
        for record in &self.records {
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

/// An override that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override<'a> {
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Until when.
    pub expires: Timestamp,
}
