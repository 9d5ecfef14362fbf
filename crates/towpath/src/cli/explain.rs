//! `towpath explain`: every reason why an environment is not on the newest release, as the planner
//! returned it.

use std::fmt::Write as _;

use towpath_api::output::{ExplainOutput, ForecastOutput, PlanOutput};
use towpath_core::forecast::{Forecast, forecast};
use towpath_core::plan::{Outcome, Proposal, Request};
use towpath_core::release::Release;
use towpath_core::version::Version;
use towpath_engine::promote::View;

use super::Answer;
use super::args::{ExplainArgs, Global};
use super::failure::Failure;
use super::plan::{gates, note_unpublished, reasons};
use super::print::{GREEN, Printer, YELLOW, styled};
use super::session::{self, Session};

pub(crate) fn run(
    global: &Global,
    args: &ExplainArgs,
    printer: &Printer,
) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    let (engine, mut view) = session.look()?;
    // What is supposed of the environments before is told by what their gates say, too.
    engine.plan_all(&mut view)?;
    note_unpublished(&session, &view, printer)?;
    let environment = session::environment(view.path(), &args.environment)?;
    let components = match &args.component {
        Some(name) => {
            vec![session::component_in(view.path(), &view.snapshot, environment, Some(name))?]
        }
        None => {
            view.snapshot.components_of(view.path(), environment).into_iter().cloned().collect()
        }
    };
    let asked = args.to.as_deref().map(session::version).transpose()?;
    // What is to be done about a release is said of the release that is asked about.
    let request = Request { to: asked.clone(), ..Request::default() };
    let mut proposals = Vec::new();
    for component in &components {
        proposals.extend(engine.plan(&view, &environment.name, component, &request)?);
    }
    let mut text = String::new();
    let mut forecasts = Vec::new();
    for proposal in &proposals {
        explain(&mut text, proposal);
        let release = match &asked {
            Some(version) => Some(known(&view, proposal, version)?),
            None => proposal.newest.clone(),
        };
        let snapshot = &view.snapshot;
        let forecast = release.as_ref().and_then(|release| {
            Some((release, forecast(view.path(), snapshot, release, &environment.name)?))
        });
        if let Some((release, forecast)) = forecast {
            way(&mut text, release, &forecast, asked.is_some());
            forecasts.push(ForecastOutput::new(release, &forecast));
        }
    }
    if proposals.is_empty() {
        let _ = writeln!(text, "nothing in {} is tracked", environment.name);
    }
    let base = view.snapshot.base.as_ref().map(|c| c.as_str());
    let output = ExplainOutput {
        environment: environment.name.to_string(),
        components: proposals.iter().map(|p| PlanOutput::new(p, base)).collect(),
        forecasts,
    };
    let yes = proposals.iter().all(on_newest);
    session.save_cache();
    Answer::new(yes, text, "Explain", output)
}

/// The release that somebody asks for.
fn known(view: &View, proposal: &Proposal, version: &Version) -> Result<Release, Failure> {
    let releases = view.snapshot.releases.get(&proposal.component);
    releases.and_then(|releases| releases.find(version)).cloned().ok_or_else(|| {
        Failure::new(format!("nobody knows {version} of {}", proposal.component))
            .hint("towpath release list")
    })
}

/// When a release can be there, and what that supposes. Where nobody asked and it is there, nothing is said.
fn way(out: &mut String, release: &Release, forecast: &Forecast, asked: bool) {
    let version = &release.version;
    match forecast.at() {
        None if asked => {
            let _ = writeln!(out, "\n{version} is there");
        }
        None => {}
        Some(Ok(at)) => {
            let _ = writeln!(out, "\n{version} can be there {at} at the earliest, supposing that");
        }
        Some(Err(why)) => {
            let _ = writeln!(out, "\n{version} does not get there by itself: {why}");
        }
    }
    for step in &forecast.steps {
        if let (Ok(at), true) = (&step.at, forecast.steps.len() > 1) {
            let _ = writeln!(out, "  {} has it {at}", step.environment);
        }
        for supposed in &step.supposing {
            let _ = writeln!(out, "  - {supposed}");
        }
    }
}

fn on_newest(proposal: &Proposal) -> bool {
    match (&proposal.has, &proposal.newest) {
        (Some(has), Some(newest)) => {
            *has >= newest.version
                && matches!(proposal.outcome, Outcome::UpToDate | Outcome::Follows)
        }
        // Where no release is known, only an environment that asks for nothing is where it should be.
        (_, None) => matches!(proposal.outcome, Outcome::UpToDate | Outcome::Follows),
        (None, Some(_)) => false,
    }
}

fn explain(out: &mut String, proposal: &Proposal) {
    let (environment, component) = (&proposal.environment, &proposal.component);
    if !out.is_empty() {
        out.push('\n');
    }
    let newest = proposal.newest.as_ref().map(|r| r.version.to_string());
    let has = proposal.has.as_ref().map_or("an unknown version".to_owned(), ToString::to_string);
    let line = match &newest {
        None => format!("{component} has no known release; {environment} has {has}"),
        Some(newest) if on_newest(proposal) => {
            styled(GREEN, format!("{environment} is on {newest}, the newest {component}"))
        }
        Some(newest) if proposal.has.as_ref().is_some_and(|v| v.to_string() == *newest) => styled(
            YELLOW,
            format!(
                "{environment} gets {newest}, the newest {component}, but not as an exact version"
            ),
        ),
        Some(newest) => styled(
            YELLOW,
            format!("{environment} has {has} of {component}; the newest is {newest}"),
        ),
    };
    let _ = writeln!(out, "{line}");
    gates(out, proposal);
    reasons(out, proposal);
}
