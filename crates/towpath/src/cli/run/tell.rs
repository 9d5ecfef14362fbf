//! What the loop tells: what it did, and what stands otherwise than it did. A line each; nothing twice.
//!
//! Must not tell what it does not know from a turn.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use towpath_api::output::{Output, RunEventOutput, outcome_word, why_code};
use towpath_core::id::{BranchName, ComponentName, EnvironmentName};
use towpath_core::plan::{Outcome, Proposal};
use towpath_core::why::human;
use towpath_engine::ledger::{self, Entry};
use towpath_engine::turn::{Moved, Turn};

use super::super::failure::Failure;
use super::super::print::{BOLD, DIM, GREEN, Printer, RED, styled};
use super::lease::Role;

/// Where an environment stands, as far as it is told again when it changes. The words of a reason may change with every
/// look, such as the number that a metric has; its code does not.
type State = (&'static str, Option<String>, Vec<&'static str>);

/// Tells turns.
pub(super) struct Teller<'a> {
    printer: &'a Printer,
    as_json: bool,
    states: BTreeMap<(EnvironmentName, ComponentName), State>,
    /// What failed last, until it does not any more.
    failure: Option<String>,
    /// What was told last of whether we act.
    role: Option<(&'static str, String)>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(printer: &'a Printer, as_json: bool) -> Self {
        Self { printer, as_json, states: BTreeMap::new(), failure: None, role: None }
    }

    /// The loop begins; it looks this often, or once.
    pub(super) fn started(
        &mut self,
        at: Timestamp,
        trunk: &BranchName,
        interval: Option<Duration>,
    ) -> Result<(), Failure> {
        let often = interval.map(|it| format!("; asking for news every {}", human(it)));
        let message = format!("looking at {trunk}{}", often.unwrap_or_default());
        self.line(at, RunEventOutput { event: "started", message, ..RunEventOutput::default() })
    }

    /// Webhooks are heard and metrics are told at this address.
    pub(super) fn listening(&self, at: Timestamp, address: SocketAddr) -> Result<(), Failure> {
        let message = format!("webhooks and metrics at http://{address}");
        self.line(at, RunEventOutput { event: "listening", message, ..RunEventOutput::default() })
    }

    /// Whether we act is told where that is a question, and when it is another answer than before.
    pub(super) fn role(&mut self, at: Timestamp, role: &Role) -> Result<(), Failure> {
        let (event, message) = match role {
            Role::Alone => return Ok(()),
            Role::Leads { lease, .. } => ("leading", format!("holds the lease {lease}")),
            Role::Follows(words) => ("following", words.clone()),
        };
        let told = (event, message);
        if self.role.as_ref() == Some(&told) {
            return Ok(());
        }
        let (event, message) = self.role.insert(told).clone();
        self.line(at, RunEventOutput { event, message, ..RunEventOutput::default() })
    }

    /// A turn was taken.
    pub(super) fn turn(&mut self, at: Timestamp, turn: &Turn) -> Result<(), Failure> {
        self.recovered(at)?;
        for entry in &turn.noted {
            self.recorded(at, entry)?;
        }
        for moved in &turn.moved {
            self.promoted(at, moved)?;
        }
        for proposal in &turn.plan.proposals {
            let event = state(proposal);
            let known = (proposal.environment.clone(), proposal.component.clone());
            let state =
                (event.outcome.unwrap_or_default(), event.version.clone(), event.reasons.clone());
            if self.states.insert(known, state.clone()) != Some(state) {
                self.line(at, event)?;
            }
        }
        Ok(())
    }

    /// Somebody could look, if nobody could before.
    pub(super) fn recovered(&mut self, at: Timestamp) -> Result<(), Failure> {
        if self.failure.take().is_none() {
            return Ok(());
        }
        let message = "the loop looks again".to_owned();
        self.line(at, RunEventOutput { event: "recovered", message, ..RunEventOutput::default() })
    }

    /// Something was recorded.
    pub(super) fn recorded(&self, at: Timestamp, entry: &Entry) -> Result<(), Failure> {
        let event = RunEventOutput {
            event: "recorded",
            record: Some(entry.commit.to_string()),
            message: ledger::title(&entry.record.event),
            ..RunEventOutput::default()
        };
        self.line(at, event)
    }

    /// A test begins.
    pub(super) fn testing(&self, at: Timestamp, what: &str) -> Result<(), Failure> {
        let message = what.to_owned();
        self.line(at, RunEventOutput { event: "testing", message, ..RunEventOutput::default() })
    }

    /// A test could not be run, or its result not be recorded.
    pub(super) fn untested(&self, at: Timestamp, message: &str) -> Result<(), Failure> {
        let message = message.to_owned();
        self.line(at, RunEventOutput { event: "untested", message, ..RunEventOutput::default() })
    }

    /// Something was moved.
    pub(super) fn promoted(&self, at: Timestamp, moved: &Moved) -> Result<(), Failure> {
        self.line(at, promoted(moved))
    }

    /// No turn could be taken.
    pub(super) fn failed(&mut self, at: Timestamp, failure: &Failure) -> Result<(), Failure> {
        let message = failure.one_line();
        if self.failure.as_ref() == Some(&message) {
            return Ok(());
        }
        self.failure = Some(message.clone());
        self.line(at, RunEventOutput { event: "failed", message, ..RunEventOutput::default() })
    }

    /// Tells one line.
    pub(super) fn line(&self, at: Timestamp, event: RunEventOutput) -> Result<(), Failure> {
        let event = RunEventOutput { at: at.to_string(), ..event };
        if self.as_json {
            let mut line = serde_json::to_string(&Output::new("RunEvent", event))?;
            line.push('\n');
            return self.printer.data(&line);
        }
        let style = match event.event {
            "promoted" => GREEN,
            "ended" if event.outcome == Some("verified") => GREEN,
            "failed" | "untested" | "ended" => RED,
            _ => BOLD,
        };
        let who = match (&event.environment, &event.component) {
            // What was done says itself where.
            (Some(environment), Some(component)) if event.event == "state" => {
                format!("{environment} {component}: ")
            }
            _ => String::new(),
        };
        let at = styled(DIM, &event.at);
        let line = format!("{at} {} {who}{}\n", styled(style, event.event), event.message);
        self.printer.data(&line)
    }
}

fn about(proposal: &Proposal) -> RunEventOutput {
    RunEventOutput {
        environment: Some(proposal.environment.to_string()),
        component: Some(proposal.component.to_string()),
        version: proposal.candidate.as_ref().map(|r| r.version.to_string()),
        ..RunEventOutput::default()
    }
}

fn promoted(moved: &Moved) -> RunEventOutput {
    let entry = moved.record.as_ref();
    RunEventOutput {
        event: "promoted",
        record: entry.map(|entry| entry.commit.to_string()),
        message: entry.map_or_else(String::new, |entry| ledger::title(&entry.record.event)),
        ..about(&moved.proposal)
    }
}

fn state(proposal: &Proposal) -> RunEventOutput {
    let has =
        proposal.has.as_ref().map_or_else(|| "no known version".to_owned(), |v| v.to_string());
    let reasons = || proposal.waiting.iter().chain(&proposal.holds);
    let told: Vec<String> = reasons().map(ToString::to_string).collect();
    let mut message = match proposal.outcome {
        Outcome::UpToDate => format!("has {has}, up to date"),
        Outcome::Follows => format!("has {has}, and follows by itself"),
        Outcome::Ready | Outcome::Waiting | Outcome::Refused => format!("has {has}"),
    };
    if !told.is_empty() {
        message = format!("{message}; {}", told.join("; "));
    }
    RunEventOutput {
        event: "state",
        outcome: Some(outcome_word(proposal.outcome)),
        reasons: reasons().map(why_code).collect(),
        message,
        ..about(proposal)
    }
}
