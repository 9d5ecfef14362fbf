//! A cluster as it is: it takes what the trunk says after a while, well or not, and falls ill by itself.
//!
//! It knows nothing of promotions and of who watches it. Next: `world`, which says when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use towpath_core::id::{ComponentName, Digest};
use towpath_core::pin::ObjectRef;
use towpath_core::release::Revision;
use towpath_core::running::{Ailing, Health, Running};
use towpath_core::version::Version;

use crate::dice::Dice;

/// What a release does on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is healthy after so long.
    Well(SignedDuration),
    /// It is healthy after so long, and fails so long after that.
    FailsLater(SignedDuration, SignedDuration),
    /// It is applied after so long, and never gets healthy.
    Fails(SignedDuration),
    /// It cannot be applied, as is known after so long; what was there before runs on.
    Refused(SignedDuration),
}

impl Fate {
    /// Drawn for a release on a cluster: most releases are well, some are bad everywhere, some on one cluster or other.
    pub(crate) fn drawn(seed: u64, component: usize, release: u64, cluster: usize) -> Self {
        let of_release = Dice::of(seed, &[1, component as u64, release]).below(10);
        let mut dice = Dice::of(seed, &[2, component as u64, release, cluster as u64]);
        let takes = dice.seconds(5, 600);
        let is_bad = match of_release {
            0 => true,
            1 | 2 => dice.one_in(3),
            _ => false,
        };
        match (is_bad, dice.below(4)) {
            (true, 0) => Self::Fails(takes),
            (true, 1) => Self::Refused(takes),
            (true, 2) => Self::FailsLater(takes, dice.seconds(10, 5400)),
            // It takes so long that whoever has patience finds it healthy.
            (true, _) => Self::Well(dice.seconds(1800, 10_800)),
            (false, _) => Self::Well(takes),
        }
    }

    pub(crate) fn takes(self) -> SignedDuration {
        match self {
            Self::Well(takes)
            | Self::FailsLater(takes, _)
            | Self::Fails(takes)
            | Self::Refused(takes) => takes,
        }
    }
}

/// A release as a cluster gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) number: u64,
    pub(crate) version: Version,
    pub(crate) digest: Digest,
}

impl Wanted {
    fn revision(&self) -> Revision {
        let tag = Some(self.version.original().to_owned());
        Revision::Oci { tag, digest: self.digest.clone() }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster {
    wanted: BTreeMap<ComponentName, (Wanted, u64)>,
    pub(crate) says: BTreeMap<ComponentName, Running>,
    attempts: u64,
}

fn ailing(component: &ComponentName) -> Vec<Ailing> {
    let name = component.to_string();
    let object =
        ObjectRef { kind: "Kustomization".to_owned(), namespace: "flux-system".to_owned(), name };
    vec![Ailing { object, health: Health::Failed, why: "so the seed wants it".to_owned() }]
}

impl Cluster {
    /// It has run a release well for ever.
    pub(crate) fn begin(&mut self, component: &ComponentName, release: Wanted, since: Timestamp) {
        let running = Running {
            revision: Some(release.revision()),
            version: Some(release.version.clone()),
            attempted: None,
            health: Health::Healthy,
            since,
            suspended: false,
            ailing: Vec::new(),
        };
        self.says.insert(component.clone(), running);
        self.wanted.insert(component.clone(), (release, 0));
    }

    /// Which release it tries to run, or runs.
    pub(crate) fn wants(&self, component: &ComponentName) -> Option<&Wanted> {
        self.wanted.get(component).map(|(wanted, _)| wanted)
    }

    /// Begins to take a release. Answers the number of the attempt; `None`: it has it already.
    pub(crate) fn take(
        &mut self,
        component: &ComponentName,
        release: Wanted,
        now: Timestamp,
    ) -> Option<u64> {
        let running = self.says.get_mut(component)?;
        self.attempts += 1;
        let revision = release.revision();
        let has_it = running.revision.as_ref() == Some(&revision);
        self.wanted.insert(component.clone(), (release, self.attempts));
        if has_it && running.health == Health::Healthy {
            return None;
        }
        running.attempted = (!has_it).then_some(revision);
        (running.health, running.since, running.ailing) = (Health::Progressing, now, Vec::new());
        Some(self.attempts)
    }

    /// An attempt is at its end. Whether it still matters.
    pub(crate) fn settle(
        &mut self,
        component: &ComponentName,
        attempt: u64,
        fate: Fate,
        now: Timestamp,
    ) -> bool {
        let (Some((wanted, current)), Some(running)) =
            (self.wanted.get(component), self.says.get_mut(component))
        else {
            return false;
        };
        if *current != attempt {
            return false;
        }
        running.since = now;
        if !matches!(fate, Fate::Refused(_)) {
            running.revision = Some(wanted.revision());
            running.version = Some(wanted.version.clone());
            running.attempted = None;
        }
        running.health = Health::Healthy;
        if matches!(fate, Fate::Fails(_) | Fate::Refused(_)) {
            (running.health, running.ailing) = (Health::Failed, ailing(component));
        }
        true
    }

    /// What is healthy fails, or what failed is healthy again, unless it never was. Whether anything changed.
    pub(crate) fn turn(&mut self, component: &ComponentName, to: Health, now: Timestamp) -> bool {
        let Some(running) = self.says.get_mut(component) else { return false };
        let from = if to == Health::Healthy { Health::Failed } else { Health::Healthy };
        if running.health != from || running.attempted.is_some() {
            return false;
        }
        (running.health, running.since) = (to, now);
        running.ailing = if to == Health::Failed { ailing(component) } else { Vec::new() };
        true
    }

    /// Whether it runs a release, healthy.
    pub(crate) fn is_well_with(&self, component: &ComponentName, release: u64) -> bool {
        self.wants(component).is_some_and(|wanted| wanted.number == release)
            && self
                .says
                .get(component)
                .is_some_and(|it| it.health == Health::Healthy && it.attempted.is_none())
    }
}
