//! What a promotion would do to the objects of an environment's clusters.
//!
//! Both sides are rendered from the trunk: as it is, and with the plan's edits, byte for byte those that a promotion
//! commits. Where that cannot be done the plan stands as it is; its hash knows nothing of what is shown here.

use std::fmt::Write as _;

use towpath_api::output::DiffOutput;
use towpath_core::chain;
use towpath_core::path::ReleaseStream;
use towpath_core::plan::Proposal;
use towpath_engine::act::edited_files;
use towpath_engine::promote::View;
use towpath_engine::rendered::Side;
use towpath_render::compare::{EnvironmentSummary, Groups};

use super::super::diff::{self, Lack, Sides};
use super::super::failure::Failure;
use super::super::print::{BOLD, DIM, styled};
use super::super::session::Session;
use super::super::words::count;

/// Lines of changes that a plan shows.
const MOST_LINES: usize = 40;

/// The objects that a plan changes.
pub(crate) struct Objects {
    groups: Groups,
    lacks: Vec<Lack>,
    /// What the two sides are called.
    old: String,
    new: String,
    /// The command that shows all of it.
    whole: Option<String>,
}

/// The objects that a proposal's edits change; `None` where it has none, and why where that cannot be told.
pub(crate) fn objects(
    session: &Session,
    view: &View,
    proposal: &Proposal,
) -> Option<Result<Objects, String>> {
    let candidate = proposal.candidate.as_ref().filter(|_| !proposal.edits.is_empty())?;
    let environment = view.path().environment(&proposal.environment)?;
    let said = |failure: Failure| failure.message().to_owned();
    let differences = || {
        let commit = view.snapshot.base.as_ref().ok_or("the trunk is not known here")?;
        let base = session.base_at(commit).map_err(said)?;
        let edited = edited_files(session.git().map_err(said)?, commit, &proposal.edits)
            .map_err(|error| chain(&error))?;
        let promoted = base.edited(edited, &candidate.version.to_string());
        let sources = |base| {
            session.rendering().sources(&Side {
                survey: &view.survey,
                snapshot: &view.snapshot,
                base,
            })
        };
        Ok(diff::same_clusters(environment, &sources(base), &sources(promoted), || {
            session.rendering()
        }))
    };
    let component = view.path().component(&proposal.component);
    let released = component.is_some_and(|c| matches!(c.releases, ReleaseStream::Oci { .. }));
    let whole = released.then(|| {
        let (component, environment) = (&proposal.component, &proposal.environment);
        let several = view.path().components.len() > 1;
        let of = if several { format!("{component}@") } else { String::new() };
        format!("towpath diff {environment} {of}{}", candidate.version)
    });
    Some(differences().map(|differences| {
        let (groups, lacks) = diff::gather(differences, view.path());
        let has = proposal.has.as_ref().map_or("now".to_owned(), ToString::to_string);
        Objects { groups, lacks, old: has, new: candidate.version.to_string(), whole }
    }))
}

impl Objects {
    /// For programs: everything.
    pub(crate) fn output(&self) -> DiffOutput {
        diff::output(&self.groups, Sides { old: &self.old, new: &self.new, lacks: &self.lacks })
    }

    /// For people: how much changes, and the first of it.
    pub(crate) fn write(&self, out: &mut String) {
        let environments = &self.groups.summary.environments;
        let clusters: usize = environments.iter().map(|all| all.clusters.len()).sum();
        if self.groups.is_empty() && self.lacks.is_empty() {
            let on = count(clusters, "cluster");
            let _ = writeln!(out, "\nRendered, the objects are the same on {on}.");
            return;
        }
        let differing: usize = environments.iter().map(EnvironmentSummary::differing).sum();
        let on = match clusters {
            1 => String::new(),
            all if all == differing => format!(", on all {all} clusters"),
            all => format!(", on {differing} of {all} clusters"),
        };
        let counts = diff::counts(self.groups.summary.total);
        let _ = writeln!(out, "\n{} {counts}{on}", styled(BOLD, "Rendered:"));
        let left = diff::changes(out, &self.groups, MOST_LINES);
        if left > 0 {
            let see = self.whole.as_ref().map(|whole| format!(", see `{whole}`"));
            let text = format!("... {} more{}", count(left, "object"), see.unwrap_or_default());
            let _ = writeln!(out, "\n{}", styled(DIM, text));
        }
        if !self.lacks.is_empty() {
            out.push('\n');
        }
        diff::lacking(out, &self.lacks);
    }
}
