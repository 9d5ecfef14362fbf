//! What a change from a sandbox must not carry: another version into an environment that is promoted.
//!
//! Such an edit would pass every gate. A pure function of what the files say before and after.

use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::path::Environment;
use towpath_core::pin::{Location, Pin};
use towpath_core::tracking::{Policy, Tracking};

use crate::survey::Survey;

/// A pin that a change would move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// Which component.
    pub component: ComponentName,
    /// Where it would stand.
    pub at: Location,
    /// What it tracks now.
    pub from: Tracking,
    /// What it would track.
    pub to: Tracking,
}

/// The pins of promoted environments that differ: those that are, must be or are stated to be exact.
#[must_use]
pub fn moved(before: &Survey, after: &Survey) -> Vec<Moved> {
    let path = &before.resolved.path;
    let mut found = Vec::new();
    for pin in &before.resolved.pins {
        let Some(environment) = path.environment(&pin.environment) else { continue };
        if !is_promoted(environment, pin) {
            continue;
        }
        let same = |other: &&Pin| {
            (&other.environment, &other.component, &other.cluster, &other.object)
                == (&pin.environment, &pin.component, &pin.cluster, &pin.object)
        };
        let Some(now) = after.resolved.pins.iter().find(same) else { continue };
        if now.tracking != pin.tracking {
            found.push(Moved {
                environment: pin.environment.clone(),
                component: pin.component.clone(),
                at: now.at.clone(),
                from: pin.tracking.clone(),
                to: now.tracking.clone(),
            });
        }
    }
    found
}

fn is_promoted(environment: &Environment, pin: &Pin) -> bool {
    let exact = pin.tracking.policy() == Policy::Exact || environment.stated == Some(Policy::Exact);
    !environment.sandbox && (exact || environment.production)
}
