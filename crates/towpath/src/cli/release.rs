//! `towpath release`, `release list` and `release diff`: artifacts that Flux reads.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;

use towpath_api::output::{
    FileChangeOutput, ReleaseDiffOutput, ReleaseListOutput, ReleaseOutput, ReleaseRow,
};
use towpath_artifact::FileEntry;
use towpath_artifact::ignore::Matcher;
use towpath_core::id::{CommitId, Digest};
use towpath_core::path::{Component, ReleaseStream};
use towpath_core::release::Reach;
use towpath_core::version::Version;
use towpath_engine::contents;
use towpath_engine::ports::{Registry, Repository as _};
use towpath_engine::release::{self, About, Package};
use towpath_engine::survey::{Survey, read_commit, survey};

use super::Answer;
use super::args::{Global, PlaceArgs, ReleaseArgs, ReleaseCommand};
use super::failure::Failure;
use super::plan::file_word;
use super::print::{BOLD, DIM, GREEN, Printer, RED, YELLOW, styled};
use super::session::{self, Session};
use super::words::{count, table};

pub(crate) fn run(
    global: &Global,
    args: &ReleaseArgs,
    printer: &Printer,
) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    match &args.command {
        Some(ReleaseCommand::List { place }) => list(&session, place),
        Some(ReleaseCommand::Diff { from, to_release, place }) => {
            diff(&session, from, to_release, place)
        }
        None => make(&session, args, printer),
    }
}

fn make(session: &Session, args: &ReleaseArgs, printer: &Printer) -> Result<Answer, Failure> {
    let text = args.version.as_deref().unwrap_or_default();
    let version = Version::parse(text).map_err(|error| {
        Failure::new(format!("{text:?} is not a version that Flux would read"))
            .because(error)
            .hint("write all three parts: 0.0.8, 1.2.0-rc.1")
    })?;
    let git = session.git()?;
    if !args.dry_run {
        session.fetch()?;
    }
    let commit = commit_for(session, args, &version)?;
    // Git looks at the work tree while its files are read and packed.
    let dirty = (!args.work_tree).then(|| {
        let git = git.clone();
        std::thread::spawn(move || git.dirty())
    });
    // The path as it was when the commit was made decides what the component's files are.
    let surveyed = survey(read_commit(git, &commit, &session.cache)?)?;
    let component =
        session::component_on(&surveyed.resolved.path, args.place.component.as_deref())?;
    refuse_other_streams(component)?;
    // Where to publish is a matter of this moment, so the work tree's mappings count, as for `status`.
    let here = Survey { stated: session.stated_here(&surveyed)?, ..surveyed.clone() };
    let at = session::location(&here, component, args.place.to.as_deref(), args.place.insecure)?;
    note_elsewhere(&here, component, args, &at, printer);
    refuse_unpushed(session, args, &commit)?;
    let about = about(session, &surveyed, version, commit)?;
    let patterns = args.ignore_paths.clone().unwrap_or_else(|| release::patterns(component));
    let matcher = release::matcher(&patterns);
    let package = if args.work_tree {
        release::package_work_tree(work_tree_files(session, &matcher)?, &about, &matcher)?
    } else {
        release::package(git, &about, &matcher)?
    };
    if let Some(dirty) = dirty {
        let paths = dirty.join().map_err(|_| Failure::new("the work tree could not be read"))??;
        if !paths.is_empty() {
            printer.note(
                "note: the work tree has changes that are not committed; they are not released",
            );
        }
    }
    for path in &package.left_out {
        printer
            .note(&format!("note: {path} is a link or a submodule and is left out, as Flux does"));
    }
    let digest = Digest::parse(package.artifact.digest().as_str())?;
    let mut output = ReleaseOutput {
        component: component.name.to_string(),
        version: about.version.to_string(),
        tag: about.version.original().to_owned(),
        digest: digest.to_string(),
        commit: (!args.work_tree).then(|| about.commit.to_string()),
        location: at.to_string(),
        outcome: "planned",
        files: package.files,
        size: package.artifact.layer.bytes.len(),
        record: None,
    };
    if args.dry_run {
        release::refuse_taken(git, session.registry(), &at, component, &about, &package)?;
    } else {
        let registry = session.online_registry()?;
        let created =
            publish(session, registry, &at, component, &about, &package, args, &mut output)?;
        output.outcome = if created { "created" } else { "already-there" };
    }
    session.save_cache();
    let text = made(&output, &about);
    Answer::new(true, text, "Release", output)
}

/// What the clusters take from Git or from a Helm repository is not released as an artifact.
fn refuse_other_streams(component: &Component) -> Result<(), Failure> {
    let name = &component.name;
    match &component.releases {
        ReleaseStream::Oci { .. } => Ok(()),
        ReleaseStream::GitTags => {
            Err(Failure::new(format!("{name} has no OCI repository: its releases are Git tags"))
                .hint("release it with `git tag VERSION` and `git push --tags`")
                .hint(
                    "or state where its artifacts are in towpath.yaml: spec.components[].releases",
                ))
        }
        ReleaseStream::Elsewhere { location } => Err(Failure::new(format!(
            "{name} has no OCI repository: its releases are at {location}"
        ))
        .hint("state where its artifacts are in towpath.yaml: spec.components[].releases")),
    }
}

/// Clusters take nothing from a place that they do not read.
fn note_elsewhere(
    here: &Survey,
    component: &Component,
    args: &ReleaseArgs,
    at: &towpath_engine::ports::ArtifactLocation,
    printer: &Printer,
) {
    let usual = session::location(here, component, None, false);
    if args.place.to.is_some()
        && let (Ok(usual), ReleaseStream::Oci { url, .. }) = (usual, &component.releases)
        && usual.to_string() != at.to_string()
    {
        printer.note(&format!("note: the clusters read {url}, not {at}"));
    }
}

/// A release from a commit that only this clone has is one that nobody else can verify.
fn refuse_unpushed(
    session: &Session,
    args: &ReleaseArgs,
    commit: &CommitId,
) -> Result<(), Failure> {
    let git = session.git()?;
    let Some(remote) = git.remote() else { return Ok(()) };
    if args.work_tree || args.dry_run {
        return Ok(());
    }
    for (branch, tip) in git.branches()? {
        let there = git.resolve(&format!("refs/remotes/{remote}/{branch}"))?;
        if there.as_ref() == Some(&tip) && git.is_ancestor(commit, &tip)? {
            return Ok(());
        }
    }
    Err(Failure::new(format!("commit {} is on no branch of {remote}", commit.short()))
        .hint("push it first; a release that nobody else can check is not made"))
}

#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only name them twice")]
fn publish(
    session: &Session,
    registry: &dyn Registry,
    at: &towpath_engine::ports::ArtifactLocation,
    component: &Component,
    about: &About,
    package: &Package,
    args: &ReleaseArgs,
    output: &mut ReleaseOutput,
) -> Result<bool, Failure> {
    if args.work_tree {
        return Ok(release::push(registry, at, about, package)?);
    }
    let published =
        release::publish(session.git()?, registry, at, component, about, package, session.now);
    let (created, entry) = published.map_err(|error| {
        let taken = matches!(error, release::ReleaseError::Taken { .. });
        let failure = Failure::from(error);
        if taken { failure.hint("a release never changes: take the next version") } else { failure }
    })?;
    output.record = Some(entry.commit.to_string());
    Ok(created)
}

fn made(output: &ReleaseOutput, about: &About) -> String {
    let mut text = String::new();
    let verb = match output.outcome {
        "created" => "released",
        "already-there" => "already released",
        _ => "would release",
    };
    let what = format!("{verb}: {} {}", output.component, output.version);
    let _ = writeln!(text, "{}", styled(GREEN, what));
    let _ = writeln!(text, "  digest {}", output.digest);
    let from = match &output.commit {
        Some(_) => about.commit.short().to_owned(),
        None => format!("the work tree on {}; not recorded", about.commit.short()),
    };
    let _ = writeln!(
        text,
        "  from   {from} ({}, {} bytes packed)",
        count(output.files, "file"),
        output.size
    );
    let _ = writeln!(text, "  at     {}", output.location);
    if let Some(record) = &output.record {
        let _ = writeln!(text, "  record {} in the ledger", &record[..8]);
    }
    text
}

/// The commit that is packaged: as named, else the version's Git tag, else `HEAD`.
fn commit_for(
    session: &Session,
    args: &ReleaseArgs,
    version: &Version,
) -> Result<CommitId, Failure> {
    let git = session.git()?;
    if let Some(revision) = &args.commit {
        return git.resolve(revision)?.ok_or_else(|| {
            Failure::new(format!("{revision} names no commit here")).hint("fetch it first")
        });
    }
    if !args.work_tree {
        let normal = version.normalized();
        let mut tags = vec![version.original().to_owned(), normal.clone(), format!("v{normal}")];
        tags.dedup();
        for tag in tags {
            if let Some(commit) = git.resolve(&format!("refs/tags/{tag}"))? {
                return Ok(commit);
            }
        }
    }
    git.head()?.commit.ok_or_else(|| {
        Failure::new("the repository has no commit yet").hint("commit the files first")
    })
}

fn about(
    session: &Session,
    survey: &Survey,
    version: Version,
    commit: CommitId,
) -> Result<About, Failure> {
    let git = session.git()?;
    let created = git
        .commits(std::slice::from_ref(&commit))?
        .pop()
        .map(|c| c.time)
        .ok_or_else(|| Failure::new(format!("commit {commit} is not here")))?;
    // The clusters' URL is in the commit, so it is the same on every machine; a remote's is not.
    let source = match survey.source_url() {
        Some(url) => url.to_owned(),
        None => git.remote_url()?.map(|url| without_credentials(&url)).unwrap_or_default(),
    };
    Ok(About { version, commit, created, source })
}

fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}

/// The files of the work tree that Git does not ignore.
fn work_tree_files(
    session: &Session,
    matcher: &Matcher,
) -> Result<Vec<FileEntry<'static>>, Failure> {
    let mut files = Vec::new();
    let walk = ignore::WalkBuilder::new(&session.root)
        .hidden(false)
        .follow_links(false)
        .git_global(false)
        .build();
    for entry in walk {
        let entry = entry?;
        let below = entry.path().strip_prefix(&session.root).unwrap_or(entry.path());
        let (Some(path), true) = (below.to_str(), entry.file_type().is_some_and(|t| t.is_file()))
        else {
            continue;
        };
        if path.split('/').next() == Some(".git") {
            continue;
        }
        let kept = !matcher.excludes(&path.split('/').collect::<Vec<_>>(), false);
        let bytes = if kept { fs::read(entry.path())? } else { Vec::new() };
        #[cfg(unix)]
        let executable = {
            use std::os::unix::fs::PermissionsExt as _;
            entry.metadata()?.permissions().mode() & 0o100 != 0
        };
        #[cfg(not(unix))]
        let executable = false;
        files.push(FileEntry { path: path.to_owned(), executable, bytes: Cow::Owned(bytes) });
    }
    Ok(files)
}

fn list(session: &Session, place: &PlaceArgs) -> Result<Answer, Failure> {
    let mut survey = session.survey_here()?;
    let component =
        session::component_on(&survey.resolved.path, place.component.as_deref())?.clone();
    if let Some(to) = &place.to {
        let at = session::location(&survey, &component, Some(to), place.insecure)?;
        redirect(&mut survey, &component, &at);
    }
    let at = session::location(&survey, &component, None, place.insecure)
        .map(|l| l.to_string())
        .unwrap_or_else(|_| "tags of this repository".to_owned());
    let snapshot = session.snapshot_here(&survey)?;
    let releases = snapshot
        .releases
        .get(&component.name)
        .ok_or_else(|| Failure::new(format!("{} has no releases", component.name)))?;
    let unreachable = match &releases.reach {
        Reach::Reached => None,
        Reach::NotAsked => Some("the registry was not asked (offline)".to_owned()),
        Reach::Unreachable { why, .. } => Some(why.clone()),
        Reach::NotListable { .. } => Some("it cannot be listed".to_owned()),
    };
    let rows: Vec<ReleaseRow> = releases
        .list
        .iter()
        .rev()
        .map(|r| ReleaseRow {
            version: r.version.to_string(),
            tag: r.tag.clone(),
            digest: r.digest.as_ref().map(ToString::to_string),
            commit: r.commit.as_ref().map(ToString::to_string),
            in_ledger: r.seen.ledger,
            in_source: r.seen.source,
        })
        .collect();
    let mut text = format!("{} at {at}\n", styled(BOLD, &component.name));
    if let Some(why) = &unreachable {
        let note = format!("only releases of the ledger are known: {why}");
        let _ = writeln!(text, "{}", styled(YELLOW, note));
    }
    let cut = |t: &Option<String>, n: usize| {
        t.as_ref().map_or("-".to_owned(), |t| t.chars().take(n).collect())
    };
    let shown = rows
        .iter()
        .map(|r| {
            let known = match (r.in_ledger, r.in_source) {
                (true, true) => "ledger, registry",
                (true, false) => "ledger",
                _ => "registry",
            };
            vec![r.version.clone(), cut(&r.digest, 19), cut(&r.commit, 8), styled(DIM, known)]
        })
        .collect();
    text.push_str(&if rows.is_empty() {
        "no releases yet\n".to_owned()
    } else {
        table(&["version", "digest", "commit", "known by"], shown)
    });
    let output = ReleaseListOutput {
        component: component.name.to_string(),
        location: at,
        unreachable,
        releases: rows,
    };
    Answer::new(true, text, "ReleaseList", output)
}

/// Looks at another place than the component's own.
fn redirect(
    survey: &mut Survey,
    component: &Component,
    at: &towpath_engine::ports::ArtifactLocation,
) {
    use towpath_core::stated::RegistryMapping;
    let url = match &component.releases {
        ReleaseStream::Oci { url, .. } => url.trim_end_matches('/').to_owned(),
        _ => return,
    };
    let insecure =
        matches!(at, towpath_engine::ports::ArtifactLocation::Registry { insecure: true, .. });
    survey.stated.registries.insert(0, RegistryMapping { from: url, to: at.to_string(), insecure });
}

fn diff(session: &Session, from: &str, to: &str, place: &PlaceArgs) -> Result<Answer, Failure> {
    let survey = session.survey_here()?;
    let component = session::component_on(&survey.resolved.path, place.component.as_deref())?;
    let at = session::location(&survey, component, place.to.as_deref(), place.insecure)?;
    let registry = session.online_registry()?;
    let (_, old) = contents::fetch(registry, &at, from)?;
    let (_, new) = contents::fetch(registry, &at, to)?;
    let difference = contents::compare(&old, &new);
    let mut text = String::new();
    for file in &difference.files {
        let word = file_word(file.kind);
        let style = match word {
            "added" => GREEN,
            "removed" => RED,
            _ => YELLOW,
        };
        let _ = writeln!(text, "{} {}", styled(style, format!("{word:8}")), file.path);
        for object in difference.objects.iter().filter(|o| o.file == file.path) {
            let _ = writeln!(text, "         {} {}", object.change.as_str(), object.object);
            for field in &object.fields {
                let _ = writeln!(text, "           {field}");
            }
        }
    }
    if difference.files.is_empty() {
        let _ = writeln!(text, "{from} and {to} have the same contents");
    }
    let same = difference.files.is_empty();
    let files = difference
        .files
        .iter()
        .map(|f| FileChangeOutput { path: f.path.clone(), change: file_word(f.kind) })
        .collect();
    let output = ReleaseDiffOutput { from: from.to_owned(), to: to.to_owned(), files };
    Answer::new(same, text, "ReleaseDiff", output)
}
