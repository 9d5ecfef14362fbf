//! What somebody could see when they acted, read anew: the trunk, the ledger up to where they had it, and the clusters.
//!
//! The laws judge by this and not by what the planner made of it; nothing here is taken from the planner.

use jiff::{SignedDuration, Timestamp};
use towpath_core::id::Digest;
use towpath_core::record::{Event, OfRelease, Promotion, Record};
use towpath_core::release::Revision;
use towpath_core::running::{Contact, Health, Running};
use towpath_engine::ledger::Entry;
use towpath_testkit::memory_registry::digest_of;

use crate::layout::{Layout, Wave};
use crate::people::manifest;
use crate::stage::Look;

/// What a pin says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Exactly this release.
    Release(u64),
    /// A range: whatever is newest.
    Range,
}

/// How a cluster stands with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Its pin says something else.
    Elsewhere,
    Well,
    Failed,
    /// It is on its way, or nobody can see.
    InFlight,
}

pub(crate) struct Seen<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) look: &'a Look,
    /// The records that were known, oldest first.
    pub(crate) records: &'a [Entry],
    /// Of each cluster, the pins of each component.
    pub(crate) pins: &'a [Vec<Says>],
}

/// The number of a release.
pub(crate) fn number(version: &str) -> u64 {
    version.rsplit('.').next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

fn digest(component: usize, release: u64) -> Digest {
    digest_of(&manifest(component, release))
}

impl Seen<'_> {
    /// What happened to a component in an environment.
    fn about(
        &self,
        environment: usize,
        component: usize,
    ) -> impl DoubleEndedIterator<Item = (&Record, &Event)> {
        let (environment, component) =
            (&self.layout.environments[environment].name, &self.layout.components[component]);
        let here =
            move |of: &OfRelease| of.environment == *environment && of.component == *component;
        self.records.iter().map(|entry| (&entry.record, &entry.record.event)).filter(
            move |(_, event)| match event {
                Event::Promoted(p) => p.environment == *environment && p.component == *component,
                Event::Failed(of, _) | Event::Aborted(of, _) | Event::Soaked(of, ..) => here(of),
                Event::Verified(v) => here(&v.release),
                Event::Tested(t) => here(&t.release),
                _ => false,
            },
        )
    }

    pub(crate) fn promotions(
        &self,
        environment: usize,
        component: usize,
    ) -> impl DoubleEndedIterator<Item = (&Record, &Promotion)> {
        self.about(environment, component).filter_map(|(record, event)| match event {
            Event::Promoted(p) => Some((record, p)),
            _ => None,
        })
    }

    /// Since when a release is verified somewhere, and was not found to be wrong since.
    pub(crate) fn verified(
        &self,
        environment: usize,
        component: usize,
        release: u64,
    ) -> Option<Timestamp> {
        let mut since = None;
        for (record, event) in self.about(environment, component) {
            match event {
                Event::Verified(v) if number(v.release.version.original()) == release => {
                    since = Some(record.at)
                }
                Event::Failed(of, _) | Event::Aborted(of, _)
                    if number(of.version.original()) == release =>
                {
                    since = None;
                }
                Event::Promoted(p)
                    if p.goes_back() && p.version.original() != format!("0.0.{release}") =>
                {
                    let from = p.replaced.as_ref().map(|v| number(v.original()));
                    since = since.filter(|_| from != Some(release));
                }
                _ => {}
            }
        }
        since
    }

    /// Whether a release failed somewhere, and was neither tried again nor verified since.
    pub(crate) fn failed(&self, environment: usize, component: usize, release: u64) -> bool {
        let mut failed = false;
        for (_, event) in self.about(environment, component) {
            match event {
                Event::Failed(of, _) | Event::Aborted(of, _) => {
                    failed |= number(of.version.original()) == release
                }
                Event::Verified(v) => failed &= number(v.release.version.original()) != release,
                Event::Promoted(p) => failed &= number(p.version.original()) != release,
                _ => {}
            }
        }
        failed
    }

    /// Whether a soak of a release is recorded.
    pub(crate) fn soaked(&self, environment: usize, component: usize, release: u64) -> bool {
        self.about(environment, component)
            .any(|(_, event)| matches!(event, Event::Soaked(of, ..) if number(of.version.original()) == release))
    }

    /// Whether the last run of the test passed.
    pub(crate) fn tested(&self, environment: usize, component: usize, release: u64) -> bool {
        let last = self.about(environment, component).rev().find_map(|(_, event)| match event {
            Event::Tested(t) if number(t.release.version.original()) == release => Some(t.passed),
            _ => None,
        });
        last == Some(true)
    }

    /// Whether anybody but its author approved a plan.
    pub(crate) fn approved(&self, plan: &str, component: usize, release: u64) -> bool {
        let author = self.records.iter().find_map(|entry| match &entry.record.event {
            Event::Released { component: of, version, .. }
                if *of == self.layout.components[component]
                    && number(version.original()) == release =>
            {
                Some(&entry.record.by)
            }
            _ => None,
        });
        self.records.iter().any(|entry| {
            matches!(&entry.record.event, Event::Approved { plan: of, .. } if of.as_str() == plan)
                && Some(&entry.record.by) != author
        })
    }

    /// Whether somebody lets a gate pass for a plan.
    pub(crate) fn let_pass(&self, gate: &str, plan: &str) -> bool {
        self.records.iter().any(|entry| {
            matches!(&entry.record.event, Event::Overridden { gate: of, plan: p, expires, .. }
                if of == gate && p.as_str() == plan && *expires > self.look.now)
        })
    }

    /// Whether an environment is frozen.
    pub(crate) fn frozen(&self, environment: usize) -> bool {
        let name = &self.layout.environments[environment].name;
        let (mut own, mut all) = (false, false);
        for entry in self.records {
            match &entry.record.event {
                Event::Frozen { environment: None, .. } => all = true,
                Event::Thawed { environment: None, .. } => all = false,
                Event::Frozen { environment: Some(of), .. } if of == name => own = true,
                Event::Thawed { environment: Some(of), .. } if of == name => own = false,
                _ => {}
            }
        }
        own || all
    }

    /// What a cluster says of a component, where it can be heard.
    fn running(&self, cluster: usize, component: usize) -> Option<&Running> {
        let report = self.look.reports.get(&self.layout.clusters[cluster])?;
        let heard = report.contact == Contact::Connected;
        report.components.get(&self.layout.components[component]).filter(|_| heard)
    }

    /// Since when a cluster says that it is healthy with exactly this release.
    pub(crate) fn healthy_since(
        &self,
        cluster: usize,
        component: usize,
        release: u64,
    ) -> Option<Timestamp> {
        let running = self.running(cluster, component)?;
        let is_it = runs(running.revision.as_ref(), &digest(component, release));
        (is_it && running.health == Health::Healthy).then_some(running.since)
    }

    /// How a cluster stands with a release.
    pub(crate) fn stands(
        &self,
        wave: Option<&Wave>,
        cluster: usize,
        component: usize,
        release: u64,
    ) -> Stands {
        if self.pins[cluster][component] != Says::Release(release) {
            return Stands::Elsewhere;
        }
        let environment = self.layout.environment_of(cluster);
        let name = &self.layout.clusters[cluster];
        let moved = self
            .promotions(environment, component)
            .rev()
            .find(|(_, p)| {
                number(p.version.original()) == release
                    && (p.clusters.is_empty() || p.clusters.contains(name))
            })
            .map(|(record, _)| record.at);
        let deadline = wave.and_then(|w| w.deadline).map(SignedDuration::from_mins);
        let late =
            deadline.zip(moved).is_some_and(|(long, at)| self.look.now.duration_since(at) >= long);
        let otherwise = if late { Stands::Failed } else { Stands::InFlight };
        let digest = digest(component, release);
        match self.running(cluster, component) {
            Some(it) if runs(it.revision.as_ref(), &digest) => match it.health {
                Health::Healthy => Stands::Well,
                Health::Failed => Stands::Failed,
                _ => otherwise,
            },
            Some(it) if it.health == Health::Failed => {
                let tried = runs(it.attempted.as_ref(), &digest);
                let since_the_move = moved.is_some_and(|at| it.since > at);
                if tried || since_the_move { Stands::Failed } else { otherwise }
            }
            _ => otherwise,
        }
    }
}

fn runs(revision: Option<&Revision>, wanted: &Digest) -> bool {
    matches!(revision, Some(Revision::Oci { digest, .. }) if digest == wanted)
}
