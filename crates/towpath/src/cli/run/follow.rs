//! `towpath promote --follow`: stays until the promotion has ended, and tells a line for each change.
//!
//! A look is the engine's (`towpath_engine::follow`); here is when one is taken, and what is told of it. Whoever stops
//! looking stops nothing. Must not decide what moves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use towpath_adapters::interrupt::on_interrupt;
use towpath_api::output::{RunEventOutput, outcome_word, why_code};
use towpath_core::plan::{Proposal, Request};
use towpath_core::rollout::{End, Followed, WaveState};
use towpath_engine::follow::Look;
use towpath_engine::kept::Kept;
use towpath_engine::promote::Promoted;
use towpath_engine::turn::Moved;

use super::super::args::{FollowArgs, Global, OutputFormat};
use super::super::exit;
use super::super::failure::Failure;
use super::super::print::Printer;
use super::super::session::{Session, now};
use super::eyes::Eyes;
use super::kept::KeptRegistry;
use super::tell::Teller;
use super::wake::{Cause, Wake};
use super::{SWARM, Watch, until};

/// Stays with a promotion that has begun; `request` is what was asked for.
pub(crate) fn follow(
    global: &Global,
    args: &FollowArgs,
    (followed, promoted): (Followed, &Promoted),
    request: &Request,
    printer: &Printer,
) -> Result<u8, Failure> {
    let as_json = global.output == OutputFormat::Json;
    let session = Session::open(global)?;
    let trunk = session.trunk()?;
    let wake = Arc::new(Wake::default());
    let bell = Arc::clone(&wake);
    on_interrupt(move |_| bell.ring(Cause::Farewell))?;
    let eyes = Eyes::new(Arc::clone(&wake));
    let registry = KeptRegistry::new(session.online_registry()?);
    let watch = Watch { session: &session, trunk, registry, kept: Kept::default(), eyes };
    let mut told = Told {
        teller: Teller::new(printer, as_json),
        followed,
        waves: BTreeMap::new(),
        left: None,
        unseen: false,
    };
    // A person has read it in the answer.
    if let (true, Some(_)) = (as_json, &promoted.record) {
        let Promoted { proposal, record, .. } = promoted;
        let moved = Moved { proposal: proposal.clone(), record: record.clone() };
        told.teller.promoted(now()?, &moved)?;
    }
    let ends = args.timeout.map(|long| Instant::now() + long);
    loop {
        let began = now()?;
        let looked = watch.look_at(&mut told.followed, request, began);
        let wakes_at = match &looked {
            Ok(Some(look)) => {
                told.look(began, look, printer)?;
                session.save_cache();
                look.wakes_at
            }
            Ok(None) => {
                let gone = &told.followed.environment;
                return Err(Failure::new(format!("{gone} is not on the path any more")));
            }
            Err(failure) => {
                told.teller.failed(began, failure)?;
                None
            }
        };
        if let Ok(Some(look)) = &looked
            && let Some(end) = &look.standing.end
        {
            return told.end(began, end);
        }
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return told.left_alone(printer, "the time is over");
        }
        let sleep = until(args.interval, wakes_at, now()?);
        let mut cause = wake.wait(left.map_or(sleep, |left| sleep.min(left)));
        if cause == Cause::Clusters {
            cause = cause.max(wake.calm(SWARM.min(left.unwrap_or(Duration::MAX))));
        }
        if cause == Cause::Farewell {
            return told.left_alone(printer, "interrupted");
        }
        if cause != Cause::Clusters {
            watch.registry.forget();
        }
    }
}

/// What was told.
struct Told<'a> {
    teller: Teller<'a>,
    followed: Followed,
    /// What was said last of each wave.
    waves: BTreeMap<Option<String>, String>,
    /// The codes of the reasons why the rest waits.
    left: Option<(&'static str, Vec<&'static str>)>,
    /// Whether it was said that nobody sees the clusters.
    unseen: bool,
}

impl Told<'_> {
    /// What is otherwise than it was.
    fn look(&mut self, at: Timestamp, look: &Look, printer: &Printer) -> Result<(), Failure> {
        self.teller.recovered(at)?;
        for entry in &look.noted {
            self.teller.recorded(at, entry)?;
        }
        if let Some(moved) = &look.moved {
            self.teller.promoted(at, moved)?;
        }
        for wave in &look.standing.waves {
            let message = progress(wave);
            if self.waves.insert(wave.name.clone(), message.clone()) != Some(message.clone()) {
                self.state(at, RunEventOutput { message, ..RunEventOutput::default() })?;
            }
        }
        if let Some(left) = &look.left {
            self.rest(at, left)?;
        }
        let unseen = look.standing.waves.iter().all(|wave| wave.not_connected == wave.clusters);
        if unseen && look.standing.end.is_none() && !std::mem::replace(&mut self.unseen, true) {
            printer.note(&format!(
                "no cluster of {} is connected, so nothing is seen of it here; what others record is told \
                 (`context` in towpath.yaml connects a cluster)",
                self.followed.environment
            ));
        }
        Ok(())
    }

    /// Why the clusters that are left wait, when that is another reason than before.
    fn rest(&mut self, at: Timestamp, left: &Proposal) -> Result<(), Failure> {
        let reasons: Vec<&'static str> = left.waiting.iter().map(why_code).collect();
        let outcome = outcome_word(left.outcome);
        let state = Some((outcome, reasons.clone()));
        if std::mem::replace(&mut self.left, state.clone()) == state || left.waiting.is_empty() {
            return Ok(());
        }
        let words: Vec<String> = left.waiting.iter().map(ToString::to_string).collect();
        let outcome = Some(outcome);
        let message = words.join("; ");
        self.state(at, RunEventOutput { outcome, reasons, message, ..RunEventOutput::default() })
    }

    fn state(&self, at: Timestamp, event: RunEventOutput) -> Result<(), Failure> {
        self.teller.line(at, RunEventOutput { event: "state", ..self.about(event) })
    }

    fn about(&self, event: RunEventOutput) -> RunEventOutput {
        let Followed { environment, component, version, .. } = &self.followed;
        RunEventOutput {
            environment: Some(environment.to_string()),
            component: Some(component.to_string()),
            version: Some(version.to_string()),
            ..event
        }
    }

    /// The promotion has ended, and so does the command.
    fn end(&self, at: Timestamp, end: &End) -> Result<u8, Failure> {
        let Followed { environment, component, version, .. } = &self.followed;
        let what = format!("{component} {version}");
        let (outcome, message) = match end {
            End::Verified => ("verified", format!("{what} is verified in {environment}")),
            End::Failed { why } => ("failed", format!("{what} failed in {environment}: {why}")),
            End::GivenUp { by, why } => {
                ("given-up", format!("{by} gave up {what} in {environment}: {why}"))
            }
            End::Replaced { by: Some((by, to)) } => (
                "replaced",
                format!("{by} moved {environment} to {to} before {version} was verified"),
            ),
            End::Replaced { by: None } => (
                "replaced",
                format!(
                    "{environment} was moved away from {version} by hand before it was verified"
                ),
            ),
        };
        let event = RunEventOutput {
            event: "ended",
            outcome: Some(outcome),
            message,
            ..RunEventOutput::default()
        };
        self.teller.line(at, self.about(event))?;
        Ok(if *end == End::Verified { exit::YES } else { exit::NO })
    }

    /// Nobody looks any more, and the promotion does not know.
    fn left_alone(&self, printer: &Printer, why: &str) -> Result<u8, Failure> {
        let Followed { environment, component, version, .. } = &self.followed;
        printer.note(&format!(
            "{why}: nobody looks at {component} {version} any more, and it is still on its way into {environment}. \
             Clusters that wait for their turn are moved by `towpath run`, or by the next `towpath promote {environment}`"
        ));
        Ok(exit::NO_ANSWER)
    }
}

/// How far a wave is, in one line that changes when a cluster does.
fn progress(wave: &WaveState) -> String {
    let mut parts = vec![format!("{} of {} healthy", wave.healthy, wave.clusters)];
    for (number, words) in [
        (wave.moving.len(), "on the way"),
        (wave.not_connected, "not connected"),
        (wave.before, "to come"),
        (wave.failed.len(), "failed"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    let name = wave.name.as_ref().map(|name| format!("wave {name}: ")).unwrap_or_default();
    let failed = wave.failed.first().map(|(cluster, why)| format!("; {cluster}: {why}"));
    format!("{name}{}{}", parts.join(", "), failed.unwrap_or_default())
}
