//! When a release will be in an environment, at the earliest, and what that supposes.
//!
//! The gates of every environment on the way are taken as the planner judges them now, and what they still wait for is
//! supposed to come at once: approvals, tests, quiet. So the answer is a bound and never a promise, and each thing that
//! is supposed is said. Must not decide what moves: that is [`crate::plan`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::candidate::{previous_with, version_in};
use crate::gate::{Condition, Inputs, Judged, Verdict, after};
use crate::id::{ComponentName, EnvironmentName, GateName};
use crate::path::{Environment, Path};
use crate::plan::{Request, propose};
use crate::release::Release;
use crate::snapshot::Snapshot;
use crate::tracking::{Policy, Tracking};
use crate::why::{Why, human};
use crate::window::{self, Openness, Window};

/// The way of a release to an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The environments on the way that do not have it, in the order of the path; the one that was asked for is last.
    /// Empty: it is there.
    pub steps: Vec<Step>,
}

/// One environment on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub environment: EnvironmentName,
    /// When the release can be on all of its clusters, at the earliest, or why it never gets there by itself.
    pub at: Result<Timestamp, Box<Why>>,
    /// What that supposes, besides what the steps before do.
    pub supposing: Vec<Supposition>,
}

/// What a forecast supposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supposition {
    /// The release is healthy on every cluster of the environments before for so long.
    Healthy {
        /// How long.
        duration: Duration,
        /// From when on.
        from: Timestamp,
    },
    /// A gate that waits for people, tests or other programs opens at once.
    Opens {
        /// Which gate.
        gate: GateName,
        /// For what it waits now.
        why: Why,
    },
    /// Somebody promotes it as soon as it may be.
    Promoted,
    /// Waves settle without a failure.
    Waves {
        /// How many.
        count: usize,
        /// How long they take together.
        duration: Duration,
    },
}

impl Forecast {
    /// When the release can be in the environment that was asked for; `None`: it is there.
    #[must_use]
    pub fn at(&self) -> Option<&Result<Timestamp, Box<Why>>> {
        self.steps.last().map(|step| &step.at)
    }
}

/// The forecast for a release and an environment. `None`: there is no such environment, or it does not have the
/// component.
#[must_use]
pub fn forecast(
    path: &Path,
    snapshot: &Snapshot,
    release: &Release,
    environment: &EnvironmentName,
) -> Option<Forecast> {
    let environment = path.environment(environment)?;
    snapshot.pins.of(&environment.name, &release.component).first()?;
    let mut known = BTreeMap::new();
    let mut steps = Vec::new();
    match arrival(path, snapshot, release, environment, &mut known, &mut steps) {
        // Either way, the steps say it.
        Ok(_) | Err(_) => Some(Forecast { steps }),
    }
}

type Known = BTreeMap<EnvironmentName, Result<Timestamp, Box<Why>>>;

/// When the release can be in an environment: now, where it is.
fn arrival(
    path: &Path,
    snapshot: &Snapshot,
    release: &Release,
    environment: &Environment,
    known: &mut Known,
    steps: &mut Vec<Step>,
) -> Result<Timestamp, Box<Why>> {
    if let Some(at) = known.get(&environment.name) {
        return at.clone();
    }
    let component = &release.component;
    if version_in(snapshot, &environment.name, component).is_some_and(|v| v >= release.version) {
        known.insert(environment.name.clone(), Ok(snapshot.now));
        return Ok(snapshot.now);
    }
    let mut step =
        Step { environment: environment.name.clone(), at: Ok(snapshot.now), supposing: Vec::new() };
    for before in previous_with(path, snapshot, environment, component) {
        let there = arrival(path, snapshot, release, before, known, steps);
        step.at = match (step.at, there) {
            (Ok(one), Ok(other)) => Ok(one.max(other)),
            (Err(why), _) | (Ok(_), Err(why)) => Err(why),
        };
    }
    if let Ok(reached) = step.at {
        step.at = entered(path, snapshot, release, environment, reached, &mut step.supposing);
    }
    known.insert(environment.name.clone(), step.at.clone());
    let at = step.at.clone();
    steps.push(step);
    at
}

/// When a release that has reached the environments before can be on all clusters of this one.
fn entered(
    path: &Path,
    snapshot: &Snapshot,
    release: &Release,
    environment: &Environment,
    reached: Timestamp,
    supposing: &mut Vec<Supposition>,
) -> Result<Timestamp, Box<Why>> {
    match followed(path, snapshot, environment, &release.component) {
        Some(Tracking::Semver(range)) if !range.matches(&release.version) => {
            return Err(Box::new(Why::OutsideRange { version: release.version.clone(), range }));
        }
        // What follows by itself waits for nobody.
        Some(_) => return Ok(reached),
        None => {}
    }
    let proposed = |request| propose(path, snapshot, environment, &release.component, &request);
    let mut proposal = proposed(Request::default());
    // A promotion that has begun has passed the gates of its beginning; another release is asked for by name.
    if proposal.candidate.as_ref().is_none_or(|candidate| candidate.version != release.version) {
        proposal = proposed(Request { to: Some(release.version.clone()), ..Request::default() });
    }
    let mut at = reached;
    let mut windows: Vec<&[Window]> = Vec::new();
    for gate in proposal.gates.iter().filter(|gate| gate.overridden.is_none()) {
        if let Inputs::Window { windows: stated, .. } = &gate.inputs {
            windows.push(stated);
            continue;
        }
        at = at.max(opens(gate, environment, path, reached, snapshot, supposing)?);
    }
    at = open_in_all(&windows, at)?;
    if !environment.conduct.auto {
        supposing.push(Supposition::Promoted);
    }
    let settle = environment.conduct.waves.iter().map(|wave| wave.min_success_time);
    let duration: Duration = settle.sum();
    if !environment.conduct.waves.is_empty() {
        supposing.push(Supposition::Waves { count: environment.conduct.waves.len(), duration });
    }
    Ok(after(at, duration))
}

/// What an environment follows by itself; `None`: a promotion moves it.
fn followed(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Option<Tracking> {
    let pin = snapshot.pins.of(&environment.name, component).first()?;
    let actual = pin.tracking.policy();
    let policy = snapshot.policy(path, environment, component, actual);
    (policy != Policy::Exact).then(|| pin.tracking.clone())
}

/// When a gate can open for a release that reaches the environments before at a time.
fn opens(
    gate: &Judged,
    environment: &Environment,
    path: &Path,
    reached: Timestamp,
    snapshot: &Snapshot,
    supposing: &mut Vec<Supposition>,
) -> Result<Timestamp, Box<Why>> {
    let stated = environment.gates.iter().find(|stated| stated.name == gate.gate);
    match (&gate.verdict, stated.map(|stated| &stated.condition)) {
        (Verdict::Open(_), _) => Ok(reached),
        // That it has to be in the environments before is what the steps before tell.
        (Verdict::Waiting { why: Why::NotInPrevious { .. }, .. }, None) => Ok(reached),
        (Verdict::Waiting { opens_at: Some(at), .. }, Some(Condition::Soak { duration })) => {
            supposing
                .push(Supposition::Healthy { duration: *duration, from: began(*at, *duration) });
            Ok((*at).max(reached))
        }
        (_, Some(Condition::Soak { duration })) => {
            supposing.push(Supposition::Healthy { duration: *duration, from: reached });
            Ok(after(reached, *duration))
        }
        (Verdict::Waiting { .. } | Verdict::Closed(_), Some(Condition::Verified { from, .. })) => {
            let of = |name| path.environment(name).map(|e| e.conduct.verify.healthy_for);
            let duration = from.iter().filter_map(of).max().unwrap_or_default();
            supposing.push(Supposition::Healthy { duration, from: reached });
            Ok(after(reached, duration))
        }
        (Verdict::Waiting { why, opens_at }, _) => {
            // What opens with time alone supposes nothing but that it stays as it is.
            if opens_at.is_none() {
                let (gate, why) = (gate.gate.clone(), why.clone());
                supposing.push(Supposition::Opens { gate, why });
            }
            Ok(opens_at.unwrap_or(snapshot.now).max(reached))
        }
        (Verdict::Closed(why), Some(_)) => {
            supposing.push(Supposition::Opens { gate: gate.gate.clone(), why: why.clone() });
            Ok(reached)
        }
        (Verdict::Closed(why), None) => match why {
            Why::Frozen { .. } => {
                supposing.push(Supposition::Opens { gate: gate.gate.clone(), why: why.clone() });
                Ok(reached)
            }
            _ => Err(Box::new(why.clone())),
        },
    }
}

fn began(opens_at: Timestamp, duration: Duration) -> Timestamp {
    opens_at.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// The first moment from a time on at which all of these windows are open.
fn open_in_all(windows: &[&[Window]], from: Timestamp) -> Result<Timestamp, Box<Why>> {
    let mut at = from;
    // Each window moves the moment on or leaves it; where none does, all are open.
    for _ in 0..1000 {
        let shut = windows.iter().find_map(|windows| match window::judge(windows, at) {
            Openness::Open { .. } => None,
            Openness::Shut { because, opens_at } => Some((because, opens_at)),
        });
        match shut {
            None => return Ok(at),
            Some((_, Some(opens_at))) if opens_at > at => at = opens_at,
            Some((because, opens_at)) => {
                return Err(Box::new(Why::WindowShut { because, opens_at }));
            }
        }
    }
    Ok(at)
}

impl fmt::Display for Supposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy { duration, from } if duration.is_zero() => {
                write!(f, "it is healthy in the environments before, from {from} on")
            }
            Self::Healthy { duration, from } => {
                write!(
                    f,
                    "it is healthy for {} in the environments before, from {from} on",
                    human(*duration)
                )
            }
            Self::Opens { gate, why } => write!(f, "{gate} opens at once: now {why}"),
            Self::Promoted => write!(f, "somebody promotes it as soon as that is possible"),
            Self::Waves { count, duration } => {
                let waves = if *count == 1 {
                    "one wave goes".to_owned()
                } else {
                    format!("{count} waves go")
                };
                write!(f, "{waves} without a failure, in {}", human(*duration))
            }
        }
    }
}
