//! A repository with clusters: what each of them is given, and what its files say besides.

use std::path::PathBuf;
use std::sync::Arc;

use towpath_check::fix::Fixed;
use towpath_check::{changes, judge, read};
use towpath_core::finding::Finding;
use towpath_core::id::{CommitId, RepoPath};
use towpath_engine::judged::{Judged, clusters, gather, targets};
use towpath_engine::ports::Repository as _;
use towpath_engine::rendered::{Blobs, CommitTree, Named, Side};
use towpath_engine::survey::{Survey, survey};

use super::super::args::Global;
use super::super::commit_files;
use super::super::diff::each;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::work_tree;
use super::seen::{Before, Seen};
use super::{Checked, Question, files, judged, mend, seen};

/// Checks the repository in the folder; a folder without clusters as manifests that stand there.
pub(super) fn check(global: &Global, question: &Question) -> Result<Checked, Failure> {
    let session = Session::open(global)?;
    let Some(survey) = session.survey_if_any()? else {
        return files::check(&[PathBuf::from(&global.directory)], question);
    };
    let before =
        question.since.as_ref().map(|since| before(&session, question, since)).transpose()?;
    let on_trunk = session.is_on_trunk(&survey.resolved.path.trunk)?;
    let mut findings = survey.findings(on_trunk);
    let base = session.base_here()?;
    let mut now = given(&session, question, &survey, base)?;
    findings.append(&mut now.findings);
    findings.extend(judged(question, &now.given));
    let checks = Some(survey.stated.checks.clone());
    let mut checked = Checked { findings, checks, ..Checked::default() };
    besides(&session, question, &now, &mut checked)?;
    if let Some((before, was)) = &before {
        let arranged = judge::arranged(std::mem::take(&mut checked.findings));
        checked.findings = judge::new_since(was, arranged);
        // What is changed is told by comparing the two states, so all of it is new.
        let changed = changes::findings(&question.chosen, &before.given, &now.given);
        checked.findings.extend(changed);
    }
    checked.objects += now.given.subjects.len();
    checked.not_checked = now.not_at_hand.into_iter().collect();
    checked.targets = now.given.targets;
    session.save_cache();
    Ok(checked)
}

/// What the clusters of the repository are given, unjudged, and what they were given at `--since`. `None` in a folder
/// without clusters.
pub(super) fn seen(global: &Global, question: &Question) -> Result<Option<Seen>, Failure> {
    let session = Session::open(global)?;
    let Some(survey) = session.survey_if_any()? else { return Ok(None) };
    let before =
        question.since.as_ref().map(|since| before(&session, question, since)).transpose()?;
    let now = given(&session, question, &survey, session.base_here()?)?;
    session.save_cache();
    let mut not_seen = seen::not_seen(now.not_at_hand, &now.findings);
    let before = before.map(|(was, findings)| {
        not_seen.extend(seen::not_seen(was.not_at_hand, &was.findings));
        Before { given: was.given, findings }
    });
    Ok(Some(Seen {
        given: now.given,
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

/// What clusters were given in an earlier state, and what was found there.
fn before(
    session: &Session,
    question: &Question,
    since: &str,
) -> Result<(Judged, Vec<Finding>), Failure> {
    let git = session.git()?;
    let commit: CommitId = git.resolve(since)?.ok_or_else(|| {
        Failure::new(format!("{since} is no revision of this repository"))
            .hint("name a branch, a tag or a commit, for example --since origin/main")
    })?;
    let tree = CommitTree::new(Arc::new(Blobs::of(git)), &commit)?;
    let survey = survey(commit_files::read(&tree, &session.cache)?)?;
    let base = Named { id: commit.as_str().into(), tree: Arc::new(tree) };
    let mut was = given(session, question, &survey, base)?;
    let mut findings = survey.findings(true);
    findings.append(&mut was.findings);
    findings.extend(judged(question, &was.given));
    Ok((was, judge::arranged(findings)))
}

/// Files that no cluster is given are judged by who their objects are: what else they say may be a part of an object.
fn besides(
    session: &Session,
    question: &Question,
    now: &Judged,
    checked: &mut Checked,
) -> Result<(), Failure> {
    for (name, disk) in work_tree::manifests(&session.root)? {
        checked.files += 1;
        let file = RepoPath::parse(&name)?;
        checked.disk.insert(file.clone(), disk.clone());
        if now.files.contains(&file) {
            continue;
        }
        let bytes = std::fs::read(&disk)
            .map_err(|e| Failure::new(format!("{name} cannot be read")).because(e))?;
        // What cannot be read is told by discovery, which knows whether a cluster needs it.
        let Ok((heads, unreadable)) = read::heads(&file, &bytes) else { continue };
        checked.findings.extend(unreadable);
        checked.objects += heads.len();
        for head in &heads {
            checked.findings.extend(judge::head(&question.chosen, head, &now.given));
        }
    }
    Ok(())
}
