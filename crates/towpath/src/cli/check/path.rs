//! A repository with clusters: what each of them is given, and what its files say besides.

use std::path::PathBuf;

use towpath_check::judge;
use towpath_check::read;
use towpath_engine::judged::{clusters, gather, targets};
use towpath_engine::rendered::Side;

use super::super::args::Global;
use super::super::diff::each;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::work_tree;
use super::{Checked, Question, files, judged};

/// Checks the repository in the folder; a folder without clusters as manifests that stand there.
pub(super) fn check(global: &Global, question: &Question) -> Result<Checked, Failure> {
    let session = Session::open(global)?;
    let Some(survey) = session.survey_if_any()? else {
        return files::check(&[PathBuf::from(&global.directory)], question);
    };
    let on_trunk = session.is_on_trunk(&survey.resolved.path.trunk)?;
    let mut checked = Checked { findings: survey.findings(on_trunk), ..Checked::default() };
    let snapshot = session.unchecked_snapshot_here(&survey)?;
    let side = Side { survey: &survey, snapshot: &snapshot, base: session.base_here()? };
    let sources = session.rendering().sources(&side);
    let path = &survey.resolved.path;
    let walks = each(
        clusters(path).collect(),
        || session.rendering(),
        |rendering, (_, cluster)| rendering.cluster(&sources, cluster),
    );
    let mut gathered = gather(targets(path, question.kubernetes), &walks);
    checked.findings.append(&mut gathered.findings);
    checked.not_checked = gathered.not_at_hand.into_iter().collect();
    checked.findings.extend(judged(question, &gathered.given));
    let mut objects = gathered.given.subjects.len();
    // Files that no cluster is given are judged by who their objects are: what else they say may be a part of an object.
    for (name, disk) in work_tree::manifests(&session.root)? {
        checked.files += 1;
        let file = towpath_core::id::RepoPath::parse(&name)?;
        if gathered.files.contains(&file) {
            continue;
        }
        let bytes = std::fs::read(&disk)
            .map_err(|e| Failure::new(format!("{name} cannot be read")).because(e))?;
        // What cannot be read is told by discovery, which knows whether a cluster needs it.
        let Ok(heads) = read::heads(&file, &bytes) else { continue };
        objects += heads.len();
        for head in &heads {
            checked.findings.extend(judge::head(&question.chosen, head, &gathered.given));
        }
    }
    checked.objects = objects;
    checked.targets = gathered.given.targets;
    session.save_cache();
    Ok(checked)
}
