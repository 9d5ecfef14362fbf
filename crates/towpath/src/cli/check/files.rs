//! Manifests as they stand in files, without a path.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use towpath_catalog::Minor;
use towpath_check::chart::Chart;
use towpath_check::fix::Fixed;
use towpath_check::given::Given;
use towpath_check::judge;
use towpath_check::subject::{Head, Kubernetes, Subject, Target, TargetId};
use towpath_check::{changes, immutable, read};
use towpath_core::finding::Finding;
use towpath_core::id::RepoPath;

use super::super::args::Global;
use super::super::failure::Failure;
use super::super::words::count;
use super::super::work_tree;
use super::{Checked, Question, judged, live, mend, since};

/// A file that is checked: the name that is shown, and where it is.
pub(super) struct Listed {
    pub(super) path: RepoPath,
    pub(super) disk: PathBuf,
    /// What standard input held; then it is nowhere on disk.
    pub(super) held: Option<Vec<u8>>,
}

impl Listed {
    /// A file on disk.
    pub(super) fn on_disk(path: RepoPath, disk: PathBuf) -> Self {
        Self { path, disk, held: None }
    }

    /// Manifests on standard input, such as what `kubectl get -o yaml` printed.
    fn stdin() -> Result<Self, Failure> {
        let mut held = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut held)
            .map_err(|e| Failure::new("standard input cannot be read").because(e))?;
        Ok(Self { path: RepoPath::parse("stdin")?, disk: PathBuf::new(), held: Some(held) })
    }
}

/// Checks files and folders as they stand.
pub(super) fn check(
    global: &Global,
    paths: &[PathBuf],
    question: &Question,
) -> Result<Checked, Failure> {
    let before = question.since.as_deref();
    let before = before.map(|since| since::files(global, paths, since)).transpose()?;
    let files = listed(paths)?;
    let disk = files.iter().map(|file| (file.path.clone(), file.disk.clone())).collect();
    let mut checked = Checked { files: files.len(), disk, ..Checked::default() };
    let given = if question.chosen.needs_heads_only() && before.is_none() {
        let live = live::join(Given::new(targets(question), Vec::new()), question, true);
        checked.findings.extend(live.judged(question).into_iter().chain(live.findings));
        checked.objects = live.given.subjects.len() + live.said.len();
        let given = live.given;
        let found: Vec<_> = files.par_iter().map(|file| heads(file, question, &given)).collect();
        for found in found {
            let (objects, findings) = found?;
            checked.objects += objects;
            checked.findings.extend(findings);
        }
        given
    } else {
        let (given, findings, objects) = state(&files, question)?;
        (checked.findings, checked.objects) = (findings, objects);
        if let Some(before) = before {
            let (was, known, _) = state(&before, question)?;
            let arranged = judge::arranged(std::mem::take(&mut checked.findings));
            checked.findings = judge::new_since(&judge::arranged(known), arranged);
            checked.findings.extend(changes::findings(&question.chosen, &was, &given));
            checked.findings.extend(immutable::findings(&question.chosen, &was, &given));
        }
        given
    };
    checked.targets = given.targets;
    checked.not_checked = live::not_checked(question).collect();
    Ok(checked)
}

/// The objects of files, judged, and how many there are.
fn state(files: &[Listed], question: &Question) -> Result<(Given, Vec<Finding>, usize), Failure> {
    let (subjects, mut findings) = subjects(files, question)?;
    let (held, unreadable_releases) = read::held(&subjects);
    findings.extend(unreadable_releases);
    let mut live = live::join(Given::new(targets(question), subjects), question, true);
    live.given.charts = charts(files)?;
    findings.append(&mut live.findings);
    findings.extend(live.judged(question));
    let objects = live.given.subjects.len() + held.len() + live.said.len();
    let given = live.given;
    findings.extend(judged(question, &given));
    findings.extend(held.iter().flat_map(|head| judge::head(&question.chosen, head, &given)));
    Ok((given, findings, objects))
}

/// The objects of files and folders, unjudged, and what cannot be read.
pub(super) fn given(
    paths: &[PathBuf],
    question: &Question,
) -> Result<(Given, Vec<Finding>), Failure> {
    let (mut subjects, mut unreadable) = subjects(&listed(paths)?, question)?;
    let (held, unreadable_releases) = read::held(&subjects);
    // Who they are is all that is known of them.
    subjects.extend(
        held.into_iter().map(|head| Subject { head, value: serde_json::Value::Null.into() }),
    );
    let mut live = live::join(Given::new(targets(question), subjects), question, true);
    unreadable.extend(unreadable_releases);
    unreadable.append(&mut live.findings);
    Ok((live.whole(question), unreadable))
}

/// Writes newer API versions into files as they stand.
pub(super) fn mend(paths: &[PathBuf], question: &Question) -> Result<Vec<Fixed>, Failure> {
    let files = listed(paths)?;
    let (subjects, _) = subjects(&files, question)?;
    let mut given = Given::new(vec![target(question)], subjects);
    given.define(&question.definitions);
    mend::mend(&files, &given)
}

/// The definitions of custom resources in files and folders.
pub(super) fn definitions(paths: &[PathBuf]) -> Result<Vec<Subject>, Failure> {
    let (mut found, unreadable) = subjects_of(&listed(paths)?, &Arc::from([TargetId(0)]))?;
    if let Some(first) = unreadable.first() {
        let more = count(unreadable.len() - 1, "other file");
        return Err(Failure::new(format!("{}: {}", first.at, first.message))
            .hint(format!("and {more} beside it; nothing was checked")));
    }
    found.retain(|subject| subject.head.kind == "CustomResourceDefinition");
    Ok(found)
}

/// Whoever applies files as they stand.
pub(super) fn target(question: &Question) -> Target {
    Target {
        place: None,
        production: false,
        sandbox: false,
        kubernetes: Kubernetes {
            minor: question.kubernetes.unwrap_or(Minor::NEWEST),
            assumed: question.kubernetes.is_none(),
        },
        projects: BTreeMap::new(),
        whole: false,
    }
}

fn heads(
    file: &Listed,
    question: &Question,
    given: &Given,
) -> Result<(usize, Vec<Finding>), Failure> {
    Ok(match read::heads(&file.path, &bytes(file)?) {
        Ok((heads, mut findings)) => {
            let judge = |head: &Head| judge::head(&question.chosen, head, given);
            findings.extend(heads.iter().flat_map(judge));
            (heads.len(), findings)
        }
        Err(unreadable) => (0, vec![*unreadable]),
    })
}

/// Those who files are judged for: the connected clusters, or whoever applies them.
fn targets(question: &Question) -> Vec<Target> {
    match live::targets(question) {
        none if none.is_empty() => vec![target(question)],
        clusters => clusters,
    }
}

/// The objects of files, and what cannot be read.
fn subjects(
    files: &[Listed],
    question: &Question,
) -> Result<(Vec<Subject>, Vec<Finding>), Failure> {
    let targets = question.connected.len().max(1);
    subjects_of(files, &(0..).map(TargetId).take(targets).collect())
}

/// The objects of files that somebody is given, and what cannot be read.
pub(super) fn subjects_of(
    files: &[Listed],
    everybody: &Arc<[TargetId]>,
) -> Result<(Vec<Subject>, Vec<Finding>), Failure> {
    let read: Vec<_> = files
        .par_iter()
        .map(|file| Ok(read::subjects(&file.path, &bytes(file)?)))
        .collect::<Result<_, Failure>>()?;
    let (mut subjects, mut unreadable) = (Vec::new(), Vec::new());
    for read in read {
        match read {
            Ok(found) => subjects.extend(found.into_iter().map(|mut subject| {
                subject.head.targets = Arc::clone(everybody);
                subject
            })),
            Err(finding) => unreadable.push(*finding),
        }
    }
    Ok((subjects, unreadable))
}

/// The charts among files. What cannot be read is told where objects are.
fn charts(files: &[Listed]) -> Result<Vec<Chart>, Failure> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| Chart::is_file(file.path.as_str())) {
        found.extend(Chart::parse(&file.path, &bytes(file)?).unwrap_or_default());
    }
    Ok(found)
}

fn bytes(file: &Listed) -> Result<Vec<u8>, Failure> {
    if let Some(held) = &file.held {
        return Ok(held.clone());
    }
    std::fs::read(&file.disk)
        .map_err(|e| Failure::new(format!("{} cannot be read", file.disk.display())).because(e))
}

/// The manifests at paths.
pub(super) fn listed(paths: &[PathBuf]) -> Result<Vec<Listed>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(list(path)?);
    }
    Ok(files)
}

/// The manifests at a path, with the names that a user knows them by.
fn list(path: &Path) -> Result<Vec<Listed>, Failure> {
    if path == Path::new("-") {
        return Ok(vec![Listed::stdin()?]);
    }
    let below = work_tree::manifests(path)?;
    let called =
        |(below, disk): (String, PathBuf)| Ok(Listed::on_disk(called(path, &below)?, disk));
    below.into_iter().map(called).collect()
}

/// What a file below a named path is called; `below` is empty for the path itself. What lies outside the folder we stand in
/// has no name there; then its own name is shown.
pub(super) fn called(path: &Path, below: &str) -> Result<RepoPath, Failure> {
    let shown = path.to_string_lossy();
    let shown = shown.trim_start_matches("./").trim_end_matches('/');
    let own = match below {
        "" => path.file_name().unwrap_or_default().to_string_lossy(),
        below => below.into(),
    };
    let name = match (shown, below) {
        ("" | ".", below) => below.to_owned(),
        (shown, "") => shown.to_owned(),
        (shown, below) => format!("{shown}/{below}"),
    };
    Ok(RepoPath::parse(&name).or_else(|_| RepoPath::parse(&own))?)
}
