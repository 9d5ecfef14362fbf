//! Findings in their places, and which of them count.
//!
//! Each file is read once more for its lines and its comments. Must not judge: what a silence means is
//! `towpath_check::silence`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use rayon::prelude::*;
use towpath_check::place::{Placed, Source};
use towpath_check::silence::{Comments, Settled, Silences, settle};
use towpath_core::finding::Finding;
use towpath_core::id::RepoPath;
use towpath_core::stated::StatedChecks;
use towpath_engine::survey::stated;

use super::super::args::Global;
use super::super::failure::Failure;
use super::super::session;
use super::super::work_tree;
use super::{Checked, Question};

/// Places the findings and settles which of them count.
pub(super) fn settled(
    global: &Global,
    question: &Question,
    checked: &Checked,
    findings: Vec<Finding>,
) -> Result<Settled, Failure> {
    let own;
    let checks = match &checked.checks {
        Some(checks) => checks,
        None => {
            own = stated_beside(global)?;
            &own
        }
    };
    let (placed, comments) = placed(question, checked, findings);
    let by = Silences {
        stated: checks,
        comments: &comments,
        today: session::now()?.to_zoned(TimeZone::UTC).date(),
        // A silence may be for what was not looked at.
        whole: question.is_whole() && checked.not_checked.is_empty(),
    };
    let mut settled = settle(placed, &by);
    settled.open.retain(|placed| question.chosen.has(placed.finding.rule));
    mark_silences(checked, &mut settled.open);
    Ok(settled)
}

/// What is told of silences was found after files were read; there are few.
fn mark_silences(checked: &Checked, open: &mut [Placed]) {
    for placed in open.iter_mut().filter(|placed| placed.mark.is_none()) {
        let finding = placed.finding.clone();
        if let Some(again) = read(checked, &finding.at.file.clone(), vec![finding]).0.pop() {
            *placed = again;
        }
    }
}

/// What `towpath.yaml` says of checks where files are checked as they stand.
pub(super) fn stated_beside(global: &Global) -> Result<StatedChecks, Failure> {
    Ok(match work_tree::read_path_file(&global.directory)? {
        Some(source) => stated(&source)?.checks,
        None => StatedChecks::default(),
    })
}

fn placed(
    question: &Question,
    checked: &Checked,
    findings: Vec<Finding>,
) -> (Vec<Placed>, Vec<Comments>) {
    let mut by_file: BTreeMap<RepoPath, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        by_file.entry(finding.at.file.clone()).or_default().push(finding);
    }
    // A comment in a file without findings can only be wrong or not needed, which few questions are about.
    let others: BTreeSet<&RepoPath> = match question.chosen.is_all() {
        true => checked.disk.keys().filter(|file| !by_file.contains_key(*file)).collect(),
        false => BTreeSet::new(),
    };
    let others: Vec<Comments> =
        others.into_par_iter().filter_map(|file| read(checked, file, Vec::new()).1).collect();
    let found: Vec<_> =
        by_file.into_par_iter().map(|(file, findings)| read(checked, &file, findings)).collect();
    let (mut placed, mut comments) = (Vec::new(), others);
    for (found, said) in found {
        placed.extend(found);
        comments.extend(said);
    }
    (placed, comments)
}

/// Reads one file for its findings and comments; what is not at hand leaves findings where they are.
fn read(
    checked: &Checked,
    file: &RepoPath,
    findings: Vec<Finding>,
) -> (Vec<Placed>, Option<Comments>) {
    let Some(bytes) = checked.disk.get(file).and_then(|disk| std::fs::read(disk).ok()) else {
        return (findings.into_iter().map(Placed::from).collect(), None);
    };
    let has_comments = Comments::are_in(&bytes);
    if findings.is_empty() && !has_comments {
        return (Vec::new(), None);
    }
    let source = Source::new(&bytes);
    let comments = has_comments.then(|| Comments::read(file, &source, towpath_check::is_rule));
    (findings.into_iter().map(|finding| source.place(finding)).collect(), comments)
}
