//! A repository with clusters: what each of them is given, and what its files say besides.

use std::path::PathBuf;
use std::sync::Arc;

use towpath_check::fix::Fixed;
use towpath_check::{changes, immutable, judge};
use towpath_core::finding::Finding;
use towpath_core::id::{CommitId, RepoPath};
use towpath_engine::judged::{Judged, clusters, gather, targets};
use towpath_engine::rendered::{Blobs, CommitTree, Named, Side};
use towpath_engine::survey::{Survey, survey};

use super::super::args::Global;
use super::super::commit_files;
use super::super::diff::each;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::work_tree;
use super::loose::Files;
use super::seen::{Before, Seen};
use super::since::Definitions;
use super::{Checked, Question, files, judged, live, mend, seen, since};

/// Checks the repository in the folder; a folder without clusters as manifests that stand there.
pub(super) fn check(global: &Global, question: &Question) -> Result<Checked, Failure> {
    let session = Session::open(global)?;
    let Some(survey) = session.survey_if_any()? else {
        return files::check(global, &here(global, question), question);
    };
    let since = question.since.as_deref();
    let before = since.map(|since| earlier(&session, question, &survey, since)).transpose()?;
    let on_trunk = session.is_on_trunk(&survey.resolved.path.trunk)?;
    let mut findings = survey.findings(on_trunk);
    let base = session.base_here()?;
    let mut now = given(&session, question, &survey, base)?;
    findings.append(&mut now.findings);
    let files = Files::here(&session)?;
    now.given.charts = files.charts()?;
    let (loose, more) = files.judged(question, &now)?;
    findings.extend(more);
    // What clusters have is nothing that a change brings: only what it does to them is asked then.
    if before.is_some() {
        findings.extend(judged(question, &now.given));
    }
    let live = live::join(std::mem::take(&mut now.given), question, false);
    if before.is_none() {
        findings.extend(judged(question, &live.given));
        findings.extend(live.judged(question));
        findings.extend_from_slice(&live.findings);
    }
    now.given = live.given;
    let mut checked = Checked {
        findings,
        checks: Some(survey.stated.checks.clone()),
        files: files.count(),
        objects: loose,
        ..Checked::default()
    };
    if let Files::Here(files) = files {
        checked.disk = files.into_iter().collect();
    }
    checked.objects += now.given.subjects.len() + live.said.len();
    checked.not_checked = now.not_at_hand.into_iter().chain(live::not_checked(question)).collect();
    let chosen = &question.chosen;
    match before {
        None => {}
        Some(Earlier::State(before, was)) => {
            let arranged = judge::arranged(std::mem::take(&mut checked.findings));
            checked.findings = judge::new_since(&was, arranged);
            // What is changed is told by comparing the two states, so all of it is new.
            checked.findings.extend(changes::findings(chosen, &before.given, &now.given));
            checked.findings.extend(immutable::findings(chosen, &before.given, &now.given));
        }
        Some(Earlier::Release(definitions)) => {
            checked.not_checked.extend(definitions.not_checked.iter().cloned());
            let (was, is) = definitions.states(&mut now.given);
            checked.findings = changes::findings(chosen, &was, &is);
        }
    }
    checked.targets = now.given.targets;
    session.save_cache();
    Ok(checked)
}

/// What the clusters of the repository are given, unjudged, and what they were given at `--since`. `None` in a folder
/// without clusters.
pub(super) fn seen(global: &Global, question: &Question) -> Result<Option<Seen>, Failure> {
    let session = Session::open(global)?;
    let Some(survey) = session.survey_if_any()? else { return Ok(None) };
    let since = question.since.as_deref();
    let before = since.map(|since| earlier(&session, question, &survey, since)).transpose()?;
    let mut now = given(&session, question, &survey, session.base_here()?)?;
    session.save_cache();
    let live = live::join(std::mem::take(&mut now.given), question, false);
    let mut not_seen = seen::not_seen(now.not_at_hand, &now.findings);
    not_seen.extend(live::not_checked(question));
    not_seen.extend(live.findings.iter().map(seen::unread));
    let before = match before {
        None => None,
        Some(Earlier::State(was, findings)) => {
            let was = *was;
            not_seen.extend(seen::not_seen(was.not_at_hand, &was.findings));
            Some(Before { given: was.given, findings })
        }
        Some(Earlier::Release(_)) => {
            return Err(Failure::new("a release does not say what clusters were given")
                .hint("leave out --impact to see what changed in its definitions")
                .hint("or name a revision with --since"));
        }
    };
    Ok(Some(Seen {
        given: live.whole(question),
        before,
        not_seen,
        checks: survey.stated.checks,
        root: Some(session.root.clone()),
    }))
}

/// Writes newer API versions into the files of the repository, where every cluster of the path has them.
pub(super) fn mend(global: &Global, question: &Question) -> Result<Vec<Fixed>, Failure> {
    let session = Session::open(global)?;
    let Some(survey) = session.survey_if_any()? else {
        return files::mend(&[PathBuf::from(&global.directory)], question);
    };
    let now = given(&session, question, &survey, session.base_here()?)?;
    let files = work_tree::manifests(&session.root)?.into_iter();
    let files = files
        .map(|(name, disk)| Ok(files::Listed::on_disk(RepoPath::parse(&name)?, disk)))
        .collect::<Result<Vec<_>, Failure>>()?;
    mend::mend(&files, &now.given)
}

/// The folder that is checked where it has no clusters: none if a connected one is.
fn here(global: &Global, question: &Question) -> Vec<PathBuf> {
    match question.connected.is_empty() {
        true => vec![PathBuf::from(&global.directory)],
        false => Vec::new(),
    }
}

/// What the clusters of a state of the repository are given.
fn given(
    session: &Session,
    question: &Question,
    survey: &Survey,
    base: Named<'_>,
) -> Result<Judged, Failure> {
    let snapshot = session.unchecked_snapshot_here(survey)?;
    let side = Side { survey, snapshot: &snapshot, base };
    let sources = session.rendering().sources(&side);
    let path = &survey.resolved.path;
    let walks = each(
        clusters(path).collect(),
        || session.rendering(),
        |rendering, (_, cluster)| rendering.cluster(&sources, cluster),
    );
    let mut gathered = gather(targets(path, question.kubernetes), &walks);
    gathered.given.define(&question.definitions);
    Ok(gathered)
}

/// What a change is compared with.
enum Earlier {
    /// An earlier state of the repository, and what was found there.
    State(Box<Judged>, Vec<Finding>),
    /// A release of a component: of that only definitions are compared, as it says nothing of clusters.
    Release(Definitions),
}

fn earlier(
    session: &Session,
    question: &Question,
    survey: &Survey,
    since: &str,
) -> Result<Earlier, Failure> {
    match since::revision(session, since)? {
        Some(commit) => {
            let (was, findings) = before(session, question, &commit)?;
            Ok(Earlier::State(Box::new(was), findings))
        }
        None => Ok(Earlier::Release(Definitions::of(session, survey, since)?)),
    }
}

/// What clusters were given in an earlier state, and what was found there.
fn before(
    session: &Session,
    question: &Question,
    commit: &CommitId,
) -> Result<(Judged, Vec<Finding>), Failure> {
    let tree = Arc::new(CommitTree::new(Arc::new(Blobs::of(session.git()?)), commit)?);
    let survey = survey(commit_files::read(&tree, &session.cache)?)?;
    let base = Named { id: commit.as_str().into(), tree: Arc::clone(&tree) as _ };
    let mut was = given(session, question, &survey, base)?;
    let mut findings = survey.findings(true);
    findings.append(&mut was.findings);
    let files = Files::of(&tree)?;
    was.given.charts = files.charts()?;
    findings.extend(judged(question, &was.given));
    findings.extend(files.judged(question, &was)?.1);
    Ok((was, judge::arranged(findings)))
}
