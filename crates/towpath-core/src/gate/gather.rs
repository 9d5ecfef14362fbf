//! What a gate looks at in the snapshot, copied out.
//!
//! Must not judge. A part of the snapshot that is not known is handed on as not known.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::inputs::{FailedIn, Given, Inputs, SoakState, Soaking, VerifiedIn};
use super::stated::Condition;
use crate::candidate::{version_at, version_in};
use crate::conduct::Supersede;
use crate::finding::Severity;
use crate::id::{EnvironmentName, GateName};
use crate::path::{Environment, Path};
use crate::placed::placed;
use crate::record::PlanHash;
use crate::release::Release;
use crate::rollout::{Moved, told};
use crate::roster::{Rosters, Seen};
use crate::running::{ClusterReport, Contact};
use crate::snapshot::Snapshot;
use crate::source::{AlertsQuestion, MetricQuestion, Stretch};

/// What a gate stands before.
pub(crate) struct Context<'a, 'r> {
    /// The path.
    pub path: &'a Path,
    /// The world.
    pub snapshot: &'a Snapshot,
    /// Its clusters.
    pub rosters: &'a Rosters<'r>,
    /// Where it would enter.
    pub environment: &'a Environment,
    /// The environments before that one which have the component.
    pub before: Vec<&'a Environment>,
    /// What would enter.
    pub release: &'a Release,
    /// Who made it.
    pub authors: Vec<&'a str>,
    /// The plan.
    pub hash: &'a PlanHash,
    /// Whether somebody asked for a version that nobody may know.
    pub unknown_allowed: bool,
}

/// What the gates look at that stand before everything: `checks`, `release`, and for a way forward `freeze` and `path`.
#[must_use]
pub(crate) fn always(context: &Context<'_, '_>, forward: bool) -> Vec<(GateName, Inputs)> {
    let name = |word| GateName::parse(word).expect("a word");
    let mut out = vec![(name("checks"), checks(context)), (name("release"), release(context))];
    if forward {
        let freezes = context.snapshot.history.freezes(&context.environment.name);
        // A stop that is not there is not a gate that was passed: it would only lengthen every answer.
        if !freezes.is_empty() {
            out.push((name("freeze"), Inputs::Freeze { freezes }));
        }
        out.push((name("path"), path(context)));
    }
    out
}

/// What a stated gate looks at.
#[must_use]
pub(crate) fn stated(condition: &Condition, context: &Context<'_, '_>) -> Inputs {
    let snapshot = context.snapshot;
    let history = &snapshot.history;
    let names = || context.before.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    match condition {
        Condition::Approval { count, by, valid_for, signed } => Inputs::Approval {
            need: *count,
            by: by.clone(),
            valid_for: *valid_for,
            signed: *signed,
            plan: context.hash.clone(),
            authors: context.authors.iter().map(ToString::to_string).collect(),
            given: history
                .approvals(context.hash)
                .map(|r| Given { by: r.by.clone(), at: r.at, signature: r.signature.clone() })
                .collect(),
            now: snapshot.now,
        },
        Condition::Order { component, range } => Inputs::Order {
            component: component.clone(),
            range: range.clone(),
            itself: *component == context.release.component,
            has: snapshot
                .pins_of(&context.environment.name, component)
                .map(|pin| version_at(snapshot, pin))
                .collect(),
        },
        Condition::Verified { from, any } => Inputs::Verified {
            from: from
                .iter()
                .map(|environment| VerifiedIn {
                    environment: environment.clone(),
                    since: history.verified(environment, context.release),
                    observed: observed(context.path, snapshot, environment),
                })
                .collect(),
            any: *any,
        },
        Condition::Soak { duration } => Inputs::Soak {
            need: *duration,
            environments: names(),
            clusters: context.before.iter().flat_map(|e| soaking(context, e)).collect(),
            recorded: recorded_soak(context),
            now: snapshot.now,
        },
        Condition::Test { name, environments } => {
            let environments = if environments.is_empty() { names() } else { environments.clone() };
            let runs = environments
                .iter()
                .filter_map(|e| history.last_test(e, context.release, name))
                .collect();
            Inputs::Test { name: name.clone(), environments, runs }
        }
        Condition::Window { windows } => {
            Inputs::Window { windows: windows.clone(), now: snapshot.now }
        }
        Condition::Status { name } => {
            Inputs::Status { name: name.clone(), last: history.last_report(context.release, name) }
        }
        Condition::Alerts { source, question, max, environments } => {
            let question =
                AlertsQuestion { clusters: clusters(context, environments), ..question.clone() };
            let asked = (source.clone(), question);
            let answer = snapshot.answers.alerts.get(&asked).cloned();
            let (source, question) = asked;
            Inputs::Alerts { source, question, max: *max, answer }
        }
        Condition::Metric { source, query, condition, baseline } => {
            let baseline = baseline.map(|long| before(entered(context), long));
            let question = MetricQuestion { query: query.clone(), baseline };
            let asked = (source.clone(), question, condition.clone());
            let measured = snapshot.answers.metrics.get(&asked).cloned();
            let (source, question, condition) = asked;
            Inputs::Metric { source, question, condition, measured }
        }
    }
}

/// The names of the clusters of these environments; of none: of the one that is entered and those before.
fn clusters(context: &Context<'_, '_>, environments: &[EnvironmentName]) -> BTreeSet<String> {
    let named: Vec<&Environment> = match environments {
        [] => context.before.iter().copied().chain([context.environment]).collect(),
        names => names.iter().filter_map(|name| context.path.environment(name)).collect(),
    };
    named.iter().flat_map(|e| &e.clusters).map(|c| c.name.to_string()).collect()
}

/// When the release began to enter the last environment that it did enter: what was measured before that is what it is
/// compared with. It is now where the release is nowhere yet.
fn entered(context: &Context<'_, '_>) -> Timestamp {
    let (history, release) = (&context.snapshot.history, context.release);
    let began = |environment: &Environment| {
        let of_release: Vec<_> = history
            .promotions(&environment.name, &release.component)
            .filter(|(_, p)| p.version == release.version)
            .collect();
        let (_, last) = of_release.last()?;
        of_release.iter().find(|(_, p)| p.plan == last.plan).map(|(record, _)| record.at)
    };
    let all = context.before.iter().copied().chain([context.environment]);
    all.filter_map(began).max().unwrap_or(context.snapshot.now)
}

/// A stretch of time that ends at a moment.
fn before(until: Timestamp, long: Duration) -> Stretch {
    Stretch { from: until.checked_sub(long).unwrap_or(Timestamp::MIN), until }
}

fn checks(context: &Context<'_, '_>) -> Inputs {
    let name = &context.environment.name;
    let errors: Vec<_> = context
        .snapshot
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .filter(|f| f.environments.is_empty() || f.environments.contains(name))
        .collect();
    Inputs::Checks { errors: errors.len(), first: errors.first().map(|f| f.rule.to_owned()) }
}

fn release(context: &Context<'_, '_>) -> Inputs {
    let release = context.release;
    Inputs::Release {
        version: release.version.clone(),
        seen: release.seen,
        reach: context.snapshot.releases.get(&release.component).map(|r| r.reach.clone()),
        unknown_allowed: context.unknown_allowed,
    }
}

fn path(context: &Context<'_, '_>) -> Inputs {
    let (snapshot, release) = (context.snapshot, context.release);
    let failed = context.before.iter().filter_map(|environment| {
        let (at, why) = snapshot.history.failure(&environment.name, release)?;
        Some(FailedIn { environment: environment.name.clone(), at, why })
    });
    Inputs::Path {
        wanted: release.version.clone(),
        previous: context
            .before
            .iter()
            .map(|e| (e.name.clone(), version_in(snapshot, &e.name, &release.component)))
            .collect(),
        failed: failed.collect(),
    }
}

/// Whether any cluster of an environment is connected.
fn observed(path: &Path, snapshot: &Snapshot, name: &EnvironmentName) -> bool {
    let clusters = path.environment(name).map_or(&[][..], |e| &e.clusters);
    clusters.iter().any(|c| snapshot.running.is_connected(&c.name))
}

/// What each cluster of an environment that has the component says of the release.
fn soaking(context: &Context<'_, '_>, environment: &Environment) -> Vec<Soaking> {
    let (snapshot, release) = (context.snapshot, context.release);
    let mut moved = Moved::to(snapshot, &environment.name, release);
    let column = snapshot.running.column(&release.component);
    let well = column.map(|column| column.well_with(release)).unwrap_or_default();
    let roster = context.rosters.of(environment);
    let mut out: Vec<Soaking> = Vec::new();
    for placed in placed(snapshot, &environment.name, &release.component) {
        let seating = roster.seating(&placed);
        for (cluster, seat) in placed.clusters().iter().zip(seating.of(&placed)) {
            if out.last().is_some_and(|last| last.cluster == *cluster) {
                continue;
            }
            let said = if let Seen::At(slot) = seat.seen { well.since(slot) } else { None };
            let state = match (said, snapshot.running.get(cluster)) {
                (Some(said), _) => SoakState::Healthy { since: moved.latest(cluster, said) },
                (None, Some(report)) => not_soaking(report, release),
                (None, None) => SoakState::NotConnected,
            };
            let (environment, cluster) = (environment.name.clone(), cluster.clone());
            out.push(Soaking { environment, cluster, state });
        }
    }
    out
}

/// The state of a connected cluster that does not say that it is well with the release.
fn not_soaking(report: &ClusterReport, release: &Release) -> SoakState {
    match (&report.contact, report.components.get(&release.component)) {
        (Contact::Lost { since, .. }, _) => SoakState::Lost { since: *since },
        (Contact::Connected, None) => SoakState::Silent,
        (Contact::Connected, Some(running)) if !running.is_exactly(release) => {
            let revision = running.revision.as_ref().map(ToString::to_string);
            SoakState::OtherRevision { revision }
        }
        (Contact::Connected, Some(running)) => {
            SoakState::Unwell { health: running.health, why: told(running) }
        }
    }
}

/// The shortest of the soaks that the ledger has of the release in all environments before: it counts only where each
/// release is taken in turn, because then those before may have gone on.
fn recorded_soak(context: &Context<'_, '_>) -> Option<(Timestamp, Timestamp)> {
    if context.environment.conduct.supersede != Supersede::Every || context.before.is_empty() {
        return None;
    }
    let soaks: Option<Vec<_>> = context
        .before
        .iter()
        .map(|e| context.snapshot.history.soaked(&e.name, context.release))
        .collect();
    soaks?.into_iter().min_by_key(|(since, until)| until.duration_since(*since))
}
