//! One promotion from its beginning to its end, for somebody who stays and looks.
//!
//! The ledger says how it ended; how far it is is the clusters' own word. Must not move anything.

use super::{Having, WaveState, rollout};
use crate::candidate::recorded;
use crate::id::{ComponentName, EnvironmentName};
use crate::path::Environment;
use crate::placed::placed;
use crate::record::{Event, PlanHash};
use crate::roster::Roster;
use crate::snapshot::Snapshot;
use crate::version::Version;

/// Which promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Into which environment.
    pub environment: EnvironmentName,
    /// Of which component; of a bundle, the one that was asked for.
    pub component: ComponentName,
    /// To which release.
    pub version: Version,
    /// By which plan; whoever goes on with the same release by another plan goes on with the same promotion.
    pub plan: PlanHash,
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its waves, in order.
    pub waves: Vec<WaveState>,
    /// How it ended; `None`: it goes on.
    pub end: Option<End>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The release is verified where it was promoted to.
    Verified,
    /// It failed.
    Failed {
        /// Why, in one line.
        why: String,
    },
    /// Somebody gave it up.
    GivenUp {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// The environment was moved to another release.
    Replaced {
        /// By whom, and to which; `None`: by hand, and nobody recorded it.
        by: Option<(String, Version)>,
    },
}

impl Followed {
    /// The last promotion of a component into an environment, by the ledger.
    #[must_use]
    pub fn last(
        snapshot: &Snapshot,
        environment: &Environment,
        component: &ComponentName,
    ) -> Option<Self> {
        let promotion = super::last_promotion(snapshot, environment, component)?.promotion;
        Some(Self {
            environment: environment.name.clone(),
            component: component.clone(),
            version: promotion.version.clone(),
            plan: promotion.plan.clone(),
        })
    }

    /// How it stands. `environment` is its environment.
    #[must_use]
    pub fn standing(&self, snapshot: &Snapshot, environment: &Environment) -> Standing {
        let known = snapshot.releases.get(&self.component);
        let release = known.and_then(|r| r.find(&self.version)).cloned().unwrap_or_else(|| {
            recorded(snapshot, &self.environment, &self.component, self.version.clone())
        });
        let pins = placed(snapshot, &self.environment, &self.component);
        let roster = Roster::of(snapshot, environment);
        let all = rollout(&roster, environment, &[(&release, &pins)], Having::Meaning);
        let end = self.recorded_end(snapshot).or_else(|| {
            let is_good = all.waves.iter().all(|wave| wave.healthy == wave.clusters);
            // What was verified before and is as healthy now is not verified again.
            let verified = snapshot.history.verified(&self.environment, &release).is_some();
            if verified && is_good {
                return Some(End::Verified);
            }
            let nobody = all.waves.iter().all(|wave| wave.before == wave.clusters);
            nobody.then_some(End::Replaced { by: None })
        });
        Standing { waves: all.waves, end }
    }

    /// How the ledger says that it ended.
    fn recorded_end(&self, snapshot: &Snapshot) -> Option<End> {
        let mut begun = false;
        let mut end = None;
        for record in snapshot.history.about(&self.environment, &self.component) {
            let by = || record.by.clone();
            match &record.event {
                Event::Promoted(p)
                    if p.plan == self.plan || (begun && p.version == self.version) =>
                {
                    begun = true;
                    end = None;
                }
                _ if !begun => {}
                // What is promoted after its end does not change how it ended.
                Event::Promoted(p) if end.is_none() => {
                    end = Some(End::Replaced { by: Some((by(), p.version.clone())) });
                }
                Event::Verified(v) if v.release.version == self.version => {
                    end = Some(End::Verified)
                }
                Event::Failed(of, why) if of.version == self.version => {
                    end = Some(End::Failed { why: why.clone() });
                }
                Event::Aborted(of, why) if of.version == self.version => {
                    end = Some(End::GivenUp { by: by(), why: why.clone() });
                }
                _ => {}
            }
        }
        end
    }
}
