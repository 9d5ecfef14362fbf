//! `towpath explain`: every reason why an environment is not on the newest release, as the planner
//! returned it.

use std::fmt::Write as _;

use towpath_api::output::{ExplainOutput, PlanOutput};
use towpath_core::plan::{Outcome, Proposal, Request};

use super::Answer;
use super::args::{ExplainArgs, Global};
use super::failure::Failure;
use super::plan::{note_unpublished, reasons};
use super::print::{BOLD, GREEN, Printer, YELLOW, styled};
use super::session::{self, Session};

pub(crate) fn run(
    global: &Global,
    args: &ExplainArgs,
    printer: &Printer,
) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    let (engine, view) = session.look()?;
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
    let mut proposals = Vec::new();
    for component in &components {
        proposals.extend(engine.plan(&view, &environment.name, component, &Request::default())?);
    }
    let mut text = String::new();
    for proposal in &proposals {
        explain(&mut text, proposal);
    }
    if proposals.is_empty() {
        let _ = writeln!(text, "nothing in {} is tracked", environment.name);
    }
    let base = view.snapshot.base.as_ref().map(|c| c.as_str());
    let output = ExplainOutput {
        environment: environment.name.to_string(),
        components: proposals.iter().map(|p| PlanOutput::new(p, base)).collect(),
    };
    let yes = proposals.iter().all(on_newest);
    session.save_cache();
    Answer::new(yes, text, "Explain", output)
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
    for gate in &proposal.gates {
        if let Some(why) = gate.why() {
            let note = if gate.passes() { " (overridden)" } else { "" };
            let _ = writeln!(out, "  {} {}: {why}{note}", gate.word(), styled(BOLD, &gate.gate));
        }
    }
    reasons(out, proposal);
}
