//! A test that is a Kubernetes Job: read from the commit of the trunk that is looked at, and run on each cluster of the
//! environment that has the release.
//!
//! What the Jobs are and what they come to is `towpath_engine::job`.

use std::collections::BTreeMap;

use towpath_adapters::kubernetes::ClusterJobs;
use towpath_core::id::{ClusterName, CommitId, RepoPath, TestName};
use towpath_core::path::Environment;
use towpath_core::plan::clusters_with;
use towpath_core::release::Release;
use towpath_engine::job::{self, Manifest, Outcome, Trial};
use towpath_engine::ports::jobs::JobAt;
use towpath_engine::ports::{FileMode, Repository};
use towpath_engine::promote::View;

use super::Subject;
use crate::cli::connected::settings;
use crate::cli::failure::Failure;

/// A Job, and where it is run.
#[derive(Debug, Clone)]
pub(crate) struct OnClusters {
    manifest: Manifest,
    clusters: BTreeMap<ClusterName, String>,
}

/// Reads the Job, and finds the clusters.
///
/// # Errors
/// Where it cannot be run: there is no such Job, or a cluster cannot be reached.
pub(super) fn prepare(
    repository: &dyn Repository,
    view: &View,
    environment: &Environment,
    release: &Release,
    (test, file): (&TestName, &RepoPath),
) -> Result<OnClusters, Failure> {
    let base = view.snapshot.base.as_ref();
    let base =
        base.ok_or_else(|| Failure::new("a Job is read from a commit, and there is none"))?;
    let source = read(repository, base, test, file)?;
    let manifest = Manifest::read(file, &source)?;
    let name = &environment.name;
    let mut clusters = BTreeMap::new();
    for cluster in clusters_with(&view.snapshot, name, release) {
        let known = environment.clusters.iter().find(|known| known.name == cluster);
        let Some(context) = known.and_then(|known| known.context.clone()) else {
            return Err(Failure::new(format!(
                "{test} is a Job, and cluster {cluster} of {name} is not connected"
            ))
            .hint("state the `context` of each cluster of the environment in towpath.yaml"));
        };
        clusters.insert(cluster, context);
    }
    if clusters.is_empty() {
        let Release { component, version, .. } = release;
        return Err(Failure::new(format!(
            "{test} is a Job, which is run where the release is: no cluster of {name} has {component} {version}"
        ))
        .hint("`towpath status` says what each environment has"));
    }
    Ok(OnClusters { manifest, clusters })
}

fn read(
    repository: &dyn Repository,
    commit: &CommitId,
    test: &TestName,
    file: &RepoPath,
) -> Result<Vec<u8>, Failure> {
    let entries = repository.entries(commit)?;
    let is_file = |mode| matches!(mode, FileMode::Regular | FileMode::Executable);
    let found = entries.into_iter().find(|entry| entry.path == *file && is_file(entry.mode));
    let blob = found.map(|entry| entry.blob).ok_or_else(|| {
        let commit = commit.short();
        Failure::new(format!("{test} is the Job of {file}, and commit {commit} has no such file"))
            .hint("a Job is read from the trunk: commit the file and push it")
    })?;
    Ok(repository.blobs(&[blob])?.pop().unwrap_or_default())
}

/// Runs it to its end, with all tries.
///
/// # Errors
/// Where a cluster does not run it.
pub(super) fn run(
    subject: &Subject,
    on: &OnClusters,
    note: &dyn Fn(&str),
) -> Result<Outcome, Failure> {
    let jobs = ClusterJobs::new(on.clusters.clone(), settings())?;
    let test = &subject.test;
    let trial = Trial {
        test: &test.name,
        seconds: test.timeout.as_secs(),
        release: &subject.release,
        environment: &subject.environment.name,
        results: subject.known.len(),
    };
    let clusters: Vec<ClusterName> = on.clusters.keys().cloned().collect();
    job::put_to(&jobs, &on.manifest, &trial, &clusters, test.retries, note)
        .map_err(|error| Failure::new(format!("{} could not be run", test.name)).because(error))
}

/// Deletes the Jobs of a result that is recorded.
///
/// # Errors
/// Where a cluster does not; it does by itself after a while.
pub(super) fn delete(on: &OnClusters, done: &[JobAt]) -> Result<(), Failure> {
    let jobs = ClusterJobs::new(on.clusters.clone(), settings())?;
    Ok(job::delete(&jobs, done)?)
}
