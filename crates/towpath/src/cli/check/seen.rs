//! What there is to look at, for questions beside the rules. Must not judge it.

use std::path::PathBuf;

use towpath_check::given::Given;
use towpath_core::finding::Finding;
use towpath_core::stated::StatedChecks;

use super::super::args::Global;
use super::super::failure::Failure;
use super::{Question, files, live, path, settled};

/// What clusters or whoever applies files are given.
pub(super) struct Seen {
    pub(super) given: Given,
    /// An earlier state, where one is asked about.
    pub(super) before: Option<Before>,
    /// What could not be seen: a fragment each.
    pub(super) not_seen: Vec<String>,
    /// What `towpath.yaml` says.
    pub(super) checks: StatedChecks,
    /// The repository that the names of files begin in, where there is a path.
    pub(super) root: Option<PathBuf>,
}

/// An earlier state.
pub(super) struct Before {
    pub(super) given: Given,
    /// What was found there.
    pub(super) findings: Vec<Finding>,
}

/// The path; or files and folders as they stand, where they are named or there are no clusters.
pub(super) fn seen(
    global: &Global,
    paths: &[PathBuf],
    question: &Question,
) -> Result<Seen, Failure> {
    let here = [PathBuf::from(&global.directory)];
    let paths = match paths {
        [] => match path::seen(global, question)? {
            Some(seen) => return Ok(seen),
            None if question.connected.is_empty() => &here[..],
            None => &[],
        },
        named => named,
    };
    if question.since.is_some() {
        return Err(Failure::new(
            "--since compares what clusters are given, not files as they stand",
        )
        .hint("name no PATH, in a repository with clusters; or leave out --since"));
    }
    let (given, unreadable) = files::given(paths, question)?;
    Ok(Seen {
        given,
        before: None,
        not_seen: unreadable.iter().map(unread).chain(live::not_checked(question)).collect(),
        checks: settled::stated_beside(global)?,
        root: None,
    })
}

/// What is hidden by what could not be rendered or is not at hand.
pub(super) fn not_seen(
    not_at_hand: impl IntoIterator<Item = String>,
    findings: &[Finding],
) -> Vec<String> {
    let hides = |finding: &&Finding| matches!(finding.rule, "cannot-render" | "missing-path");
    let hidden = findings.iter().filter(hides).map(|finding| {
        let of = finding.object.as_ref().map_or_else(String::new, |object| format!(" of {object}"));
        format!("the objects{of} ({}): {}", finding.at, finding.message)
    });
    not_at_hand.into_iter().chain(hidden).collect()
}

/// A file that cannot be read.
pub(super) fn unread(finding: &Finding) -> String {
    format!("{}: {}", finding.at, finding.message)
}
