//! The answers of the core as the text of a story. Words come from the core's own `Display`.
//!
//! Must not leave out what a user would be shown: a gate, a reason or an edit that is missing here cannot
//! fail a story.

use std::fmt::Write as _;

use towpath_core::forecast::Forecast;
use towpath_core::gate::Verdict;
use towpath_core::plan::{Outcome, Proposal};
use towpath_core::record::{Event, History};
use towpath_core::rollout::Rollout;
use towpath_core::status::{ComponentStatus, Status};
use towpath_core::why::Why;
use towpath_engine::ledger::title;

/// Everything about a proposal.
pub(super) fn proposal(proposal: &Proposal) -> String {
    let mut out = String::new();
    let tracking = proposal.tracking.as_ref().map_or("no pin".to_owned(), ToString::to_string);
    let has = proposal.has.as_ref().map_or("unknown".to_owned(), ToString::to_string);
    let newest = proposal.newest.as_ref().map_or("none".to_owned(), |r| r.version.to_string());
    let _ = writeln!(
        out,
        "{} in {}: {tracking}, has {has}, newest {newest}",
        proposal.component, proposal.environment
    );
    let outcome = match proposal.outcome {
        Outcome::UpToDate => "up to date",
        Outcome::Follows => "follows",
        Outcome::Ready => "ready",
        Outcome::Waiting => "waiting",
        Outcome::Refused => "refused",
    };
    let _ = match &proposal.candidate {
        Some(candidate) => writeln!(out, "{outcome}: {}", candidate.version),
        None => writeln!(out, "{outcome}"),
    };
    for edit in &proposal.edits {
        let _ = writeln!(out, "  edit {}:{}  {} -> {}", edit.file, edit.line, edit.old, edit.new);
    }
    for judged in &proposal.gates {
        let because = match &judged.verdict {
            Verdict::Open(because) => because.clone(),
            Verdict::Waiting { why, .. } | Verdict::Closed(why) => why.to_string(),
        };
        let _ = writeln!(out, "  gate {:8} {:7}  {because}", judged.gate.as_str(), judged.word());
        if let Some(o) = &judged.overridden {
            let _ =
                writeln!(out, "       overridden by {} until {}: {}", o.by, o.expires, o.reason);
        }
    }
    for state in proposal.rollout.iter().flat_map(states) {
        let _ = writeln!(out, "  {state}");
    }
    for why in &proposal.waiting {
        let _ = writeln!(out, "  why  {why}");
    }
    for why in proposal.holds.iter().filter(|why| **why != Why::NotAutomatic) {
        let _ = writeln!(out, "  hold {why}");
    }
    out
}

/// How a release stands on clusters, where the path states waves or clusters can be seen.
fn states(rollout: &Rollout) -> Vec<String> {
    let mut out = Vec::new();
    for wave in &rollout.waves {
        if wave.name.is_none() && wave.before + wave.not_connected == wave.clusters {
            continue;
        }
        let name = wave.name.as_deref().unwrap_or("rest");
        let mut counts = Vec::new();
        for (count, what) in [(wave.before, "before"), (wave.not_connected, "not connected")] {
            if count > 0 {
                counts.push(format!("{count} {what}"));
            }
        }
        if let Some(since) = wave.healthy_since {
            let healthy = wave.healthy;
            counts.push(match healthy {
                1 => format!("1 healthy since {since}"),
                _ => format!("{healthy} healthy, the last since {since}"),
            });
        }
        if !counts.is_empty() {
            out.push(format!("wave {name}  of {}: {}", wave.clusters, counts.join(", ")));
        }
        for (cluster, since, why) in &wave.moving {
            out.push(format!("wave {name}  {cluster}  moving since {since}: {why}"));
        }
        for (cluster, why) in &wave.failed {
            out.push(format!("wave {name}  {cluster}  failed: {why}"));
        }
    }
    out
}

/// Every reason, with what to do about it.
pub(super) fn reasons(proposal: &Proposal) -> String {
    let mut out = String::new();
    if proposal.waiting.is_empty() {
        let _ = writeln!(out, "{} has the newest {}", proposal.environment, proposal.component);
    }
    for why in &proposal.waiting {
        let _ = writeln!(out, "- {why}");
        if let Some(hint) = proposal.hint(why) {
            let _ = writeln!(out, "  {hint}");
        }
    }
    out
}

/// The path as it stands: a row for each component of each environment.
pub(super) fn status(status: &Status) -> String {
    let mut rows = Vec::new();
    for environment in &status.environments {
        if environment.components.is_empty() {
            rows.push([environment.name.to_string(), "nothing tracked".to_owned(), String::new()]);
        }
        for component in &environment.components {
            rows.push([environment.name.to_string(), tracks(component), desired(component)]);
            rows.push([String::new(), String::new(), format!("next: {}", component.next)]);
        }
        for cluster in &environment.clusters {
            rows.extend(cluster.drift.iter().map(|component| {
                let drifts = format!("cluster {} does not run its {component}", cluster.name);
                [String::new(), String::new(), drifts]
            }));
            rows.extend(cluster.differs.iter().map(|(component, tracking)| {
                let differs = format!("cluster {} differs: {component} {tracking}", cluster.name);
                [String::new(), String::new(), differs]
            }));
        }
    }
    let width = |i: usize| rows.iter().map(|r| r[i].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut out = String::new();
    for [name, tracks, what] in &rows {
        let line = format!("{name:first$}  {tracks:second$}  {what}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for finding in &status.findings {
        let _ = writeln!(out, "{}: {}", finding.severity.as_str(), finding.message);
    }
    out
}

fn tracks(component: &ComponentStatus) -> String {
    let mut text = format!("{} {}", component.component, component.actual);
    if component.policy != component.actual.policy() {
        let _ = write!(text, " (stated {})", component.policy);
    }
    text
}

fn desired(component: &ComponentStatus) -> String {
    let desired = &component.desired;
    let mut text = match (&desired.revision, &desired.version) {
        (Some(revision), _) => revision.short(),
        (None, Some(version)) => version.to_string(),
        (None, None) => "unknown".to_owned(),
    };
    if let Some(why) = &desired.unknown {
        let _ = write!(text, " ({why})");
    }
    text
}

/// The ledger, oldest first.
pub(super) fn history(history: &History) -> String {
    let mut out = String::new();
    for record in history.records() {
        let what = match &record.event {
            Event::Released { component, version, .. } => format!("released {component} {version}"),
            Event::Promoted(p) => {
                let verb = if p.rollback { "rolled back" } else { "promoted" };
                let mut text = format!(
                    "{verb} {} to {} in {}, from {}",
                    p.component, p.version, p.environment, p.from
                );
                if p.automatic {
                    text.push_str(", by itself");
                }
                if !p.clusters.is_empty() {
                    let names: Vec<&str> = p.clusters.iter().map(|c| c.as_str()).collect();
                    let _ = write!(text, ", on {}", names.join(" "));
                }
                if !p.skipped.is_empty() {
                    let skipped: Vec<&str> = p.skipped.iter().map(|v| v.original()).collect();
                    let _ = write!(text, ", skipped {}", skipped.join(" "));
                }
                for gate in p.gates.iter().filter(|g| g.verdict != "open") {
                    let _ = write!(text, "; {} {}: {}", gate.gate, gate.verdict, gate.because);
                }
                text
            }
            Event::Approved { environment, version, plan, .. } => {
                format!("approved {version} in {environment}, plan {}", plan.short())
            }
            Event::Overridden { environment, gate, reason, expires, .. } => {
                format!("overrode {gate} of {environment} until {expires}: {reason}")
            }
            Event::Verified(_)
            | Event::Failed(..)
            | Event::Aborted(..)
            | Event::Soaked(..)
            | Event::Tested(_)
            | Event::Reported { .. }
            | Event::Frozen { .. }
            | Event::Thawed { .. } => title(&record.event),
            Event::SandboxCreated(sandbox) => format!("created sandbox {}", sandbox.name),
            Event::SandboxDeleted { name, .. } => format!("deleted sandbox {name}"),
        };
        let _ = writeln!(out, "{} {} {what}", record.at, record.by);
    }
    out
}

/// When a release can be somewhere, and what that supposes.
pub(super) fn forecast(forecast: &Forecast) -> String {
    let mut out = String::new();
    for step in &forecast.steps {
        let _ = match &step.at {
            Ok(at) => writeln!(out, "{}: {at}", step.environment),
            Err(why) => writeln!(out, "{}: never by itself: {why}", step.environment),
        };
        for supposed in &step.supposing {
            let _ = writeln!(out, "  - {supposed}");
        }
    }
    if forecast.steps.is_empty() {
        out.push_str("it is there\n");
    }
    out
}
