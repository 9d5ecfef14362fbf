//! Earlier states that are no revision of a path: files as a commit has them, and the definitions of a release.
//!
//! Must not judge: two states are compared by `towpath_check::changes`. Next: `path` for revisions of a path.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use towpath_check::given::Given;
use towpath_check::read;
use towpath_check::subject::Subject;
use towpath_core::id::{CommitId, RepoPath};
use towpath_core::path::Component;
use towpath_core::release::Release;
use towpath_core::version::Version;
use towpath_engine::ports::Repository as _;
use towpath_engine::rendered::{Blobs, CommitTree};
use towpath_engine::survey::Survey;
use towpath_engine::{contents, locate, release};

use super::super::args::Global;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::words::list;
use super::super::work_tree;
use super::files::Listed;

/// The files at paths as a revision has them, under the names that a user knows the present ones by.
pub(super) fn files(
    global: &Global,
    paths: &[PathBuf],
    since: &str,
) -> Result<Vec<Listed>, Failure> {
    let session = Session::open(global)?;
    let git = session.git()?;
    let commit = revision(&session, since)?.ok_or_else(|| no_revision(since))?;
    let top = git.top_level().unwrap_or(&session.root).canonicalize()?;
    let tree = CommitTree::new(Arc::new(Blobs::of(git)), &commit)?;
    let mut found = Vec::new();
    for path in paths {
        let outside = || {
            Failure::new(format!("{} has no earlier state", path.display()))
                .hint("--since compares files of the repository with those of a revision")
        };
        let real = path.canonicalize().map_err(|_| outside())?;
        let below = real.strip_prefix(&top).ok().and_then(Path::to_str).ok_or_else(outside)?;
        let exact = tree.content(below).map(|blob| (below.to_owned(), blob.to_owned()));
        let files = tree.below(below).iter().cloned().chain(exact);
        for (name, blob) in files.filter(|(name, _)| read::is_manifest(name)) {
            let rest = name.strip_prefix(below).unwrap_or(&name).trim_start_matches('/');
            let path = super::files::called(path, rest)?;
            let held = Some(tree.bytes(&blob)?.to_vec());
            found.push(Listed { path, disk: PathBuf::new(), held });
        }
    }
    Ok(found)
}

/// The commit of a revision; `None` where it names none.
pub(super) fn revision(session: &Session, since: &str) -> Result<Option<CommitId>, Failure> {
    if since.starts_with("release:") {
        return Ok(None);
    }
    Ok(session.git()?.resolve(since.strip_prefix("rev:").unwrap_or(since))?)
}

fn no_revision(since: &str) -> Failure {
    Failure::new(format!("{since} is no revision of this repository"))
        .hint("name a branch, a tag or a commit, for example --since origin/main")
}

/// The definitions of a component, as a release has them and as the work tree has them.
pub(super) struct Definitions {
    /// Those of the release.
    pub(super) was: Vec<Subject>,
    /// Those that the next release would have.
    pub(super) is: Vec<Subject>,
    /// What could not be read: a line each.
    pub(super) not_checked: Vec<String>,
}

impl Definitions {
    /// Those of the release that `since` names: `COMPONENT@VERSION`, or `release:VERSION` where it is clear of which
    /// component.
    pub(super) fn of(session: &Session, survey: &Survey, since: &str) -> Result<Self, Failure> {
        let path = &survey.resolved.path;
        let name = since.strip_prefix("release:").unwrap_or(since);
        let (component, version) = match name.split_once('@') {
            Some((component, version)) => (Some(component), version),
            None => (None, name),
        };
        let asked = since.starts_with("release:") || component.is_some();
        let version = match Version::parse_loose(version) {
            Ok(version) if asked => version,
            _ => return Err(no_revision(since).hint("a release is named COMPONENT@VERSION")),
        };
        let snapshot = session.unchecked_snapshot_here(survey)?;
        let known = path.components.iter().filter_map(|it| {
            let release = snapshot.releases.get(&it.name)?.meant(&version)?;
            component.is_none_or(|name| it.name.as_str() == name).then_some((it, release))
        });
        let (component, release) = match known.collect::<Vec<_>>().as_slice() {
            [one] => *one,
            [] => {
                let names: Vec<&str> = path.components.iter().map(|it| it.name.as_str()).collect();
                return Err(Failure::new(format!("no release {name} is known here"))
                    .hint(format!("the components are {}", list(&names)))
                    .hint("`towpath release list` shows the releases of one"));
            }
            many => {
                let names: Vec<String> =
                    many.iter().map(|(it, _)| format!("{}@{version}", it.name)).collect();
                return Err(Failure::new(format!("{name} is a release of several components"))
                    .hint(format!("say which one: {}", list(&names))));
            }
        };
        let mut not_checked = Vec::new();
        let was = contents_of(session, survey, component, release)?;
        let was = definitions(was, &format!("{name}: "), &mut not_checked)?;
        let is = definitions(here(session, component)?, "", &mut not_checked)?;
        Ok(Self { was, is, not_checked })
    }

    /// The same clusters with the definitions of the release, and with those of the work tree.
    pub(super) fn states(self, now: &mut Given) -> (Given, Given) {
        let mut was = Given::new(now.targets.clone(), Vec::new());
        was.define(&self.was);
        let mut is = Given::new(now.targets.clone(), std::mem::take(&mut now.subjects));
        is.definitions.clear();
        is.define(&self.is);
        (was, is)
    }
}

type Content = (String, Vec<u8>);

/// The files of a release: the artifact's, or where that cannot be had those of the commit that it was made from.
fn contents_of(
    session: &Session,
    survey: &Survey,
    component: &Component,
    of: &Release,
) -> Result<Vec<Content>, Failure> {
    let at = locate::of(component, &survey.stated.registries).ok().flatten();
    if let (Some(registry), Some(at)) = (session.registry(), at)
        && let Ok(contents) = contents::of_release(registry, &at, of)
    {
        return Ok(contents.files.into_iter().map(|(path, it)| (path, it.bytes)).collect());
    }
    let Some(commit) = &of.commit else {
        return Err(Failure::new(format!(
            "the content of {} {} is not at hand",
            component.name, of.version
        ))
        .hint("its registry was not asked or does not have it, and its commit is not known"));
    };
    let tree = CommitTree::new(Arc::new(Blobs::of(session.git()?)), commit)?;
    let matcher = release::matcher(&release::patterns(component));
    let listed = tree.below("").iter();
    let kept = listed.filter(|(path, _)| {
        !matcher.excludes(&path.split('/').collect::<Vec<_>>(), false) && read::is_manifest(path)
    });
    kept.map(|(path, blob)| Ok((path.clone(), tree.bytes(blob)?.to_vec()))).collect()
}

/// What the next release would hold.
fn here(session: &Session, component: &Component) -> Result<Vec<Content>, Failure> {
    let matcher = release::matcher(&release::patterns(component));
    let listed = work_tree::manifests(&session.root)?.into_iter();
    let kept =
        listed.filter(|(path, _)| !matcher.excludes(&path.split('/').collect::<Vec<_>>(), false));
    kept.map(|(path, disk)| {
        let bytes = std::fs::read(&disk)
            .map_err(|e| Failure::new(format!("{path} cannot be read")).because(e))?;
        Ok((path, bytes))
    })
    .collect()
}

fn definitions(
    files: Vec<Content>,
    whose: &str,
    not_checked: &mut Vec<String>,
) -> Result<Vec<Subject>, Failure> {
    let mut found = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| read::is_manifest(name)) {
        let text = String::from_utf8_lossy(bytes);
        // Most files have none, and templates of charts cannot be read.
        if !matches!(&text, Cow::Borrowed(text) if text.contains("CustomResourceDefinition")) {
            continue;
        }
        match read::subjects(&RepoPath::parse(name)?, bytes) {
            Ok(subjects) => found.extend(
                subjects.into_iter().filter(|it| it.head.kind == "CustomResourceDefinition"),
            ),
            Err(finding) => not_checked.push(format!("{whose}{}: {}", finding.at, finding.message)),
        }
    }
    Ok(found)
}
