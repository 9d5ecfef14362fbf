//! `towpath simulate`: what the path would do with a scenario, or would have done with what the ledger recorded.
//!
//! Reads the scenario and one or two statements of the path, and lets the engine play. Nothing is written. What is printed
//! is in `text` and `json`.

use std::path::Path;

use towpath_api::path_file;
use towpath_api::scenario_file;
use towpath_core::scenario::Scenario;
use towpath_core::snapshot::Snapshot;
use towpath_engine::simulate::{Simulation, recorded, simulate};

use super::Answer;
use super::args::{Global, SimulateArgs};
use super::failure::Failure;
use super::session::Session;

mod json;
mod text;

/// A policy that was played.
struct Played {
    /// The file that states it; `None`: that of the repository.
    file: Option<String>,
    simulation: Simulation,
}

pub(crate) fn run(global: &Global, args: &SimulateArgs) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    let scenario = match (args.history, &args.since) {
        (false, None) => Some(scenario(&session, args)?),
        _ => None,
    };
    let first = play(&session, args, scenario.as_ref(), args.path_file.as_deref())?;
    let second = match &args.against {
        Some(file) => Some(play(&session, args, scenario.as_ref(), Some(file))?),
        None => None,
    };
    session.save_cache();
    let same = second.as_ref().map(|second| is_same(&first.simulation, &second.simulation));
    let text = match &second {
        Some(second) => text::compared(&first, second, same == Some(true)),
        None => text::alone(&first, args.timeline),
    };
    let played: Vec<&Played> = std::iter::once(&first).chain(&second).collect();
    let output = json::output(&played, same);
    let answer = Answer::new(same != Some(false), text, "Simulate", output)?;
    let nobody = first.simulation.assumptions.iter().any(|a| a.starts_with("nobody promotes"));
    Ok(match nobody {
        true => answer.next("let people promote: `promotions: {}` below `spec` of a scenario file"),
        false => answer,
    })
}

/// Whether two policies come to the same, whatever was taken for granted.
fn is_same(one: &Simulation, other: &Simulation) -> bool {
    one.moments == other.moments
        && one.journeys == other.journeys
        && one.environments == other.environments
}

fn scenario(session: &Session, args: &SimulateArgs) -> Result<Scenario, Failure> {
    let mut scenario = match &args.scenario {
        Some(file) => scenario_file::parse(&file.display().to_string(), &read(file)?, session.now)
            .map_err(|e| Failure::new(e.report))?,
        None => scenario_file::without_file(session.now),
    };
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    Ok(scenario)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file)
        .map_err(|e| Failure::new(format!("{} cannot be read", file.display())).because(e))
}

/// Plays with the path that a file states, or the repository's.
fn play(
    session: &Session,
    args: &SimulateArgs,
    scenario: Option<&Scenario>,
    file: Option<&Path>,
) -> Result<Played, Failure> {
    let survey = match file {
        Some(file) => session.survey_stated_by(&file.display().to_string(), read(file)?)?,
        None => session.survey_here()?,
    };
    let path = &survey.resolved.path;
    let snapshot = session.unchecked_snapshot_here(&survey)?;
    let simulation = match scenario {
        Some(scenario) => {
            refuse_strangers(path, scenario)?;
            simulate(path, &snapshot, scenario)?
        }
        None => {
            let recorded = recorded(path, &snapshot, since(session, args, &snapshot)?, session.now);
            let mut simulation = simulate(path, &recorded.snapshot, &recorded.scenario)?;
            simulation.assumptions.extend(recorded.assumptions);
            simulation
        }
    };
    Ok(Played { file: file.map(|file| file.display().to_string()), simulation })
}

/// When what the ledger recorded is to begin.
fn since(
    session: &Session,
    args: &SimulateArgs,
    snapshot: &Snapshot,
) -> Result<jiff::Timestamp, Failure> {
    let first = snapshot.history.records().map(|r| r.at).min();
    let first = first.ok_or_else(|| {
        Failure::new("the ledger has no record, so there is no history to play")
            .hint("play a scenario instead: towpath simulate")
    })?;
    match &args.since {
        Some(text) => {
            let long = path_file::duration(text)
                .map_err(|why| Failure::new(why).hint("write --since 90d"))?;
            Ok(session.now.checked_sub(long)?)
        }
        // The first record is part of what happened.
        None => Ok(first.checked_sub(jiff::SignedDuration::from_secs(1))?),
    }
}

/// A name that the path does not have is a mistake and nothing that does not happen.
fn refuse_strangers(path: &towpath_core::path::Path, scenario: &Scenario) -> Result<(), Failure> {
    let environments = path.environments();
    let clusters = || environments.iter().flat_map(|e| &e.clusters);
    let failing = scenario.releases.iter().flat_map(|r| &r.fails);
    let failing: Vec<_> = failing.chain(scenario.failures.iter().map(|f| &f.how)).collect();
    let named = failing.iter().flat_map(|f| &f.environments);
    let named = named.chain(scenario.deliveries.iter().flat_map(|d| &d.environments));
    let named = named.chain(scenario.freezes.iter().filter_map(|f| f.environment.as_ref()));
    for name in named {
        if path.environment(name).is_none() {
            return Err(stranger("environment", name, environments.iter().map(|e| &e.name)));
        }
    }
    let named = failing.iter().flat_map(|f| &f.clusters);
    let named = named.chain(scenario.troubles.iter().flat_map(|t| &t.clusters));
    for name in named.chain(scenario.alerts.iter().flat_map(|a| &a.clusters)) {
        if !clusters().any(|c| c.name == *name) {
            return Err(stranger("cluster", name, clusters().map(|c| &c.name)));
        }
    }
    let named = scenario.releases.iter().flat_map(|r| &r.components);
    for name in named.chain(scenario.failures.iter().flat_map(|f| &f.components)) {
        if path.component(name).is_none() {
            return Err(stranger("component", name, path.components.iter().map(|c| &c.name)));
        }
    }
    Ok(())
}

fn stranger<'a, T: std::fmt::Display + 'a>(
    what: &str,
    name: impl std::fmt::Display,
    known: impl Iterator<Item = &'a T>,
) -> Failure {
    let known: Vec<String> = known.take(20).map(ToString::to_string).collect();
    Failure::new(format!("the scenario names {what} {name}, which is not on the path"))
        .hint(format!("the path has {}", super::words::list(&known)))
}
