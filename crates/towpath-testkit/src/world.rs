//! A small platform repository on a path of three environments, and hands to work on it.
//!
//! Development follows the trunk, staging the range `0.0.x`, and production is exact behind an approval.
//! Values and in-memory twins only; the engine under test is called by the tests, not from here.

use jiff::Timestamp;
use towpath_core::id::{BranchName, CommitId, ComponentName, EnvironmentName};
use towpath_engine::ports::{
    ArtifactLocation, Commit, Person, Published, Repository, RepositoryError, TreeChange,
};

use crate::contract::{branch, commit_on, put, update};
use crate::memory::{MemoryRemote, MemoryRepository};

/// The URL of the repository, as its clusters know it.
pub const URL: &str = "https://git.example.org/acme/platform.git";

/// What `towpath.yaml` states: production is exact, behind one approval by somebody else.
pub const PATH_FILE: &str = "\
apiVersion: towpath.dev/v1alpha1
kind: Path
spec:
  trunk: main
  environments:
  - name: development
  - name: staging
    tracks: semver
    after: [development]
  - name: production
    tracks: exact
    after: [staging]
    gates:
    - approval:
        count: 1
";

/// `clusters/CLUSTER/flux-system/gotk-sync.yaml`.
#[must_use]
pub fn sync(cluster: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n  \
         namespace: flux-system\nspec:\n  interval: 1m0s\n  ref:\n    branch: main\n  url: {URL}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: flux-system\n  \
         namespace: flux-system\nspec:\n  interval: 10m0s\n  path: ./clusters/{cluster}\n  prune: true\n  \
         sourceRef:\n    kind: GitRepository\n    name: flux-system\n"
    )
}

/// A cluster's source of the platform with this reference, and the Kustomization that takes it.
#[must_use]
pub fn source(kind: &str, url: &str, reference: &str) -> String {
    format!(
        "# The platform.\napiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata:\n  name: platform\n  \
         namespace: flux-system\nspec:\n  interval: 1m0s\n  url: {url}\n  ref:\n    {reference}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  \
         name: platform-services\n  namespace: flux-system\nspec:\n  interval: 5m\n  \
         path: ./platform/services\n  prune: true\n  wait: true\n  sourceRef:\n    kind: {kind}\n    \
         name: platform\n"
    )
}

/// Where the platform's artifacts are, as its clusters have it.
pub const ARTIFACTS: &str = "oci://registry.example.org/acme/platform";

/// [`ARTIFACTS`] as a value.
#[must_use]
pub fn artifacts() -> ArtifactLocation {
    ArtifactLocation::Registry {
        repository: ARTIFACTS.trim_start_matches("oci://").to_owned(),
        insecure: false,
    }
}

/// The files of the repository as it begins: production on a range, as many are found.
#[must_use]
pub fn files() -> Vec<TreeChange> {
    let mut files = vec![
        put("towpath.yaml", PATH_FILE),
        put("platform/services/app.yaml", service("one")),
        put("clusters/development/platform.yaml", source("GitRepository", URL, "branch: main")),
    ];
    for cluster in ["staging", "production"] {
        let text = source("OCIRepository", ARTIFACTS, "semver: 0.0.x # follows");
        files.push(put(&format!("clusters/{cluster}/platform.yaml"), text));
    }
    for cluster in ["development", "staging", "production"] {
        files.push(put(&format!("clusters/{cluster}/flux-system/gotk-sync.yaml"), sync(cluster)));
    }
    files
}

/// A service of the platform that says this word.
#[must_use]
pub fn service(word: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n  namespace: apps\ndata:\n  word: {word}\n"
    )
}

/// The trunk.
#[must_use]
pub fn main() -> BranchName {
    branch("main")
}

/// The only component.
///
/// # Panics
/// Never.
#[must_use]
pub fn platform() -> ComponentName {
    ComponentName::parse("platform").expect("a component's name")
}

/// An environment.
///
/// # Panics
/// When it is no name.
#[must_use]
pub fn environment(name: &str) -> EnvironmentName {
    EnvironmentName::parse(name).expect("the test names an environment")
}

/// A moment.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("the test names a time")
}

/// Somebody with an address of their own.
#[must_use]
pub fn somebody(name: &str) -> Person {
    Person { name: name.to_owned(), email: format!("{}@example.org", name.to_lowercase()) }
}

/// A remote with [`files`] on its trunk, and the time set.
///
/// # Panics
/// Never: nothing stands against the first commit.
#[must_use]
pub fn remote() -> MemoryRemote {
    let remote = MemoryRemote::new(URL);
    remote.set_time(at("2026-03-01T08:00:00Z"));
    commit(&remote.clone_here(), "the platform begins", files()).expect("nobody else is here");
    remote
}

/// A clone of somebody's.
#[must_use]
pub fn clone_of(remote: &MemoryRemote, who: &str) -> MemoryRepository {
    let clone = remote.clone_here();
    clone.set_user(Some(somebody(who)));
    clone
}

/// Commits on what is known of the trunk. `None`: somebody else was first.
///
/// # Errors
/// Those of the repository.
pub fn try_commit(
    repository: &impl Repository,
    message: &str,
    changes: Vec<TreeChange>,
) -> Result<Option<CommitId>, RepositoryError> {
    let tip = repository.tip(&main())?;
    let commit = commit_on(repository, tip.as_ref(), message, changes)?;
    let published = repository.publish(&[update("main", tip.as_ref(), Some(&commit))])?;
    Ok((published == Published::Done).then_some(commit))
}

/// Fetches, and commits on the trunk.
///
/// # Errors
/// Those of the repository.
///
/// # Panics
/// When somebody else was first.
pub fn commit(
    repository: &impl Repository,
    message: &str,
    changes: Vec<TreeChange>,
) -> Result<CommitId, RepositoryError> {
    repository.fetch()?;
    Ok(try_commit(repository, message, changes)?.expect("nobody else moves the trunk"))
}

/// The commits of a branch as of the last fetch, newest first.
///
/// # Errors
/// Those of the repository.
pub fn log(
    repository: &impl Repository,
    branch: &BranchName,
) -> Result<Vec<Commit>, RepositoryError> {
    match repository.tip(branch)? {
        Some(tip) => repository.history(&tip, None),
        None => Ok(Vec::new()),
    }
}

/// A file of a commit as text.
///
/// # Errors
/// Those of the repository.
pub fn text(
    repository: &impl Repository,
    commit: &CommitId,
    path: &str,
) -> Result<Option<String>, RepositoryError> {
    let Some(entry) =
        repository.entries(commit)?.into_iter().find(|entry| entry.path.as_str() == path)
    else {
        return Ok(None);
    };
    let bytes = repository.blobs(&[entry.blob])?.pop().unwrap_or_default();
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
