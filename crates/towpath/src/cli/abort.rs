//! `towpath abort ENV`: a promotion is given up before it is at its end, so that nothing moves on.
//!
//! It edits nothing: what has the release keeps it until somebody goes back. Must not judge what follows: that is the planner.

use std::fmt::Write as _;

use towpath_core::id::{ClusterName, ComponentName};
use towpath_core::path::Environment;
use towpath_core::record::{Event, OfRelease, Promotion};
use towpath_core::rollout::{Ended, Last, last_promotion};
use towpath_core::snapshot::Snapshot;
use towpath_engine::ledger;
use towpath_engine::promote::View;

use super::Answer;
use super::args::{AbortArgs, Global};
use super::failure::Failure;
use super::print::{RED, styled};
use super::promote::recorded;
use super::session::{self, Session};
use super::words::{count, list, one_line};

pub(crate) fn run(global: &Global, args: &AbortArgs) -> Result<Answer, Failure> {
    let reason = one_line(&args.reason);
    if reason.is_empty() {
        return Err(Failure::new("whoever gives a promotion up says why")
            .hint("--reason \"what is wrong\""));
    }
    let session = Session::open(global)?;
    let (_, view) = session.look()?;
    let snapshot = &view.snapshot;
    let environment = session::environment(view.path(), &args.environment)?;
    let component =
        session::component_in(view.path(), snapshot, environment, args.component.as_deref())?;
    let last = under_way(snapshot, environment, &component)?;
    let promotion = last.promotion;
    let git = session.git()?;
    // What is asked for goes last: where the ledger fails in between, the same command does what is left.
    for member in together(&view, environment, &component, promotion) {
        ledger::append(git, session.now, aborted(member, &reason))?;
    }
    let entry = ledger::append(git, session.now, aborted(promotion, &reason))?;
    let (version, name) = (&promotion.version, &environment.name);
    let mut text = String::new();
    let what = format!("given up: {component} {version} in {name}");
    let _ = writeln!(text, "{}", styled(RED, what));
    let _ = writeln!(text, "  by     {}", entry.record.by);
    let _ = writeln!(text, "  reason {reason}");
    let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
    for member in together(&view, environment, &component, promotion) {
        let _ = writeln!(text, "  with   {} {}", member.component, member.version);
    }
    let is_merged = promotion.branch == view.path().trunk;
    let (have, all) = having(snapshot, environment, promotion);
    let _ = match have.as_slice() {
        [] => writeln!(text, "no cluster has it"),
        some => {
            let named = if some.len() <= 5 { format!(": {}", list(some)) } else { String::new() };
            writeln!(text, "still on it{named} ({} of {})", some.len(), count(all, "cluster"))
        }
    };
    let answer = recorded(text, &entry)?;
    Ok(match (have.is_empty(), is_merged) {
        (false, _) => answer.next(format!("`towpath rollback {name}` goes back")),
        (true, false) => {
            answer.next(format!("close the pull request of branch {}", promotion.branch))
        }
        (true, true) => answer,
    })
}

/// The last promotion, unless it has ended one way or the other.
fn under_way<'a>(
    snapshot: &'a Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Result<Last<'a>, Failure> {
    let name = &environment.name;
    let Some(last) = last_promotion(snapshot, environment, component) else {
        return Err(Failure::new(format!(
            "the ledger has no promotion of {component} into {name}"
        ))
        .hint("there is nothing to give up"));
    };
    let version = &last.promotion.version;
    let what = format!("the promotion of {component} {version} into {name}");
    let ended = match last.ended {
        Some(Ended::Aborted) => Some("was given up already"),
        Some(Ended::Failed) => Some("failed already"),
        None => None,
    };
    if let Some(ended) = ended {
        return Err(Failure::new(format!("{what} {ended}"))
            .hint(format!("`towpath rollback {name}` goes back")));
    }
    if last.promotion.rollback {
        return Err(Failure::new(format!("{name} went back to {component} {version} last"))
            .hint("a way back is not given up; promote what is to be there instead"));
    }
    let mut verified = snapshot.history.verifications(name, component);
    let of_it = verified.rfind(|(at, v)| *at >= last.at && v.release.version == *version);
    if let Some((at, _)) = of_it {
        return Err(Failure::new(format!("{what} has ended: it was verified at {at}"))
            .hint(format!("`towpath rollback {name}` goes back")));
    }
    Ok(last)
}

/// What else the same plan moved and is under way.
fn together<'a>(
    view: &'a View,
    environment: &Environment,
    component: &ComponentName,
    promotion: &Promotion,
) -> Vec<&'a Promotion> {
    let components = view.snapshot.components_of(view.path(), environment);
    components
        .into_iter()
        .filter(|other| *other != component)
        .filter_map(|other| last_promotion(&view.snapshot, environment, other))
        .filter(|other| other.ended.is_none() && other.promotion.plan == promotion.plan)
        .map(|other| other.promotion)
        .collect()
}

fn aborted(promotion: &Promotion, reason: &str) -> Event {
    let of = OfRelease {
        environment: promotion.environment.clone(),
        component: promotion.component.clone(),
        version: promotion.version.clone(),
        digest: promotion.digest.clone(),
    };
    Event::Aborted(of, reason.to_owned())
}

/// The clusters whose pins name the release, and how many there are.
fn having<'a>(
    snapshot: &'a Snapshot,
    environment: &Environment,
    promotion: &Promotion,
) -> (Vec<&'a ClusterName>, usize) {
    let (mut have, mut all) = (Vec::new(), Vec::new());
    for pin in snapshot.pins_of(&environment.name, &promotion.component) {
        all.push(&pin.cluster);
        let desired = snapshot.desired(&promotion.component, &pin.tracking);
        if desired.version.as_ref() == Some(&promotion.version) {
            have.push(&pin.cluster);
        }
    }
    have.dedup();
    all.dedup();
    (have, all.len())
}
