//! Findings that are known and accepted: in `towpath.yaml`, or by a comment in the file.
//!
//! A silence says which rule, where, why, and until when; one that is over silences nothing and is told, and so is one
//! that nothing needs any more. What day it is is handed in. Must not drop a finding without a trace: what is silenced
//! is kept with its reason. Next: `silence/comment.rs` for comments.

use jiff::civil::Date;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::{EnvironmentName, RepoPath};
use towpath_core::pin::Location;
use towpath_core::stated::{StatedChecks, StatedSilence};

use crate::judge;
use crate::place::Placed;
use crate::rules::{BAD_SILENCE, UNUSED_SILENCE};

mod comment;
mod glob;

pub use comment::Comments;
use comment::Covers;
use glob::Glob;

/// A finding that is silenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// The finding.
    pub placed: Placed,
    /// Why, in the words of whoever silenced it.
    pub reason: String,
    /// The last day on which it is.
    pub until: Option<Date>,
    /// Where it is silenced.
    pub at: Location,
}

/// What is made of findings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Those that count, in order.
    pub open: Vec<Placed>,
    /// Those that are silenced, in order.
    pub silenced: Vec<Silenced>,
}

/// What says which findings count.
#[derive(Debug, Clone, Copy)]
pub struct Silences<'a> {
    /// What `towpath.yaml` states.
    pub stated: &'a StatedChecks,
    /// The comments of files.
    pub comments: &'a [Comments],
    /// What day it is.
    pub today: Date,
    /// Whether all was checked: then a silence that nothing needs is told.
    pub whole: bool,
}

/// One silence, wherever it was said.
struct Silence<'a> {
    rule: &'a str,
    file: Option<Glob>,
    object: Option<Glob>,
    environments: Option<&'a [EnvironmentName]>,
    covers: Option<(&'a RepoPath, Covers)>,
    reason: &'a str,
    until: Option<Date>,
    at: Location,
    used: bool,
}

/// Settles which findings count, and how much.
#[must_use]
pub fn settle(found: Vec<Placed>, by: &Silences<'_>) -> Settled {
    let stated = by.stated.silences.iter().map(Silence::stated);
    let said = by.comments.iter().flat_map(|comments| {
        comments.said.iter().map(|comment| Silence {
            rule: &comment.rule,
            file: None,
            object: None,
            environments: None,
            covers: Some((&comment.at.file, comment.covers)),
            reason: &comment.reason,
            until: comment.until,
            at: comment.at.clone(),
            used: false,
        })
    });
    let is_over = |silence: &Silence<'_>| silence.until.is_some_and(|until| until < by.today);
    let (over, mut holding): (Vec<_>, Vec<_>) = stated.chain(said).partition(is_over);
    let mut settled = Settled::default();
    for placed in found {
        if let Some(placed) = weighed(placed, by.stated) {
            silence(placed, &mut holding, &mut settled);
        }
    }
    let own = by.comments.iter().flat_map(|comments| comments.mistakes.iter().cloned());
    let over = over.iter().map(|silence| {
        let until = silence.until.map(|until| until.to_string()).unwrap_or_default();
        about(
            BAD_SILENCE,
            silence,
            format!("the silence of {} ended on {until}: it silences nothing", silence.rule),
            "mend what it silenced and take it out, or give it a new day and reason",
        )
    });
    let unused = holding.iter().filter(|silence| by.whole && !silence.used).map(|silence| {
        let message = format!("nothing is found that the silence of {} is for", silence.rule);
        about(UNUSED_SILENCE, silence, message, "take it out")
    });
    let own = own.map(Placed::from).chain(over).chain(unused);
    settled.open.extend(own.filter_map(|placed| weighed(placed, by.stated)));
    settled.open.sort_by(|a, b| judge::in_order(&a.finding, &b.finding));
    settled.silenced.sort_by(|a, b| judge::in_order(&a.placed.finding, &b.placed.finding));
    settled
}

/// Takes out of a finding what is silenced of it, and keeps the rest.
fn silence(mut placed: Placed, silences: &mut [Silence<'_>], settled: &mut Settled) {
    for silence in silences {
        if !silence.fits(&placed.finding) {
            continue;
        }
        let concerned = &mut placed.finding.environments;
        let taken: Vec<EnvironmentName> = match silence.environments {
            None => std::mem::take(concerned),
            Some(names) => concerned.extract_if(.., |name| names.contains(name)).collect(),
        };
        if silence.environments.is_some() && taken.is_empty() {
            continue;
        }
        silence.used = true;
        let is_rest_open = !concerned.is_empty();
        let mut part = placed.clone();
        part.finding.environments = taken;
        settled.silenced.push(Silenced {
            placed: part,
            reason: silence.reason.to_owned(),
            until: silence.until,
            at: silence.at.clone(),
        });
        if !is_rest_open {
            return;
        }
    }
    settled.open.push(placed);
}

/// The finding as much as it matters here; `None` where the rule is off.
fn weighed(mut placed: Placed, stated: &StatedChecks) -> Option<Placed> {
    if let Some(severity) = stated.severities.get(placed.finding.rule) {
        placed.finding.severity = (*severity)?;
    }
    Some(placed)
}

impl<'a> Silence<'a> {
    fn stated(stated: &'a StatedSilence) -> Self {
        Self {
            rule: &stated.rule,
            file: stated.file.as_deref().map(Glob::new),
            object: stated.object.as_deref().map(Glob::new),
            environments: stated.environments.as_deref(),
            covers: None,
            reason: &stated.reason,
            until: stated.until,
            at: stated.at.clone(),
            used: false,
        }
    }

    fn fits(&self, finding: &Finding) -> bool {
        let object = || finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
        self.rule == finding.rule
            && self.covers.is_none_or(|(file, covers)| {
                *file == finding.at.file && covers.line(finding.at.line)
            })
            && self.file.as_ref().is_none_or(|glob| glob.fits(finding.at.file.as_str()))
            && self.object.as_ref().is_none_or(|glob| glob.fits(&object()))
    }
}

fn about(
    (rule, severity): (&'static str, Severity),
    silence: &Silence<'_>,
    message: String,
    fix: &str,
) -> Placed {
    comment::told((rule, severity), silence.at.clone(), message, fix.to_owned()).into()
}

#[cfg(test)]
mod tests;
