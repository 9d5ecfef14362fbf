//! The port of Jobs: one is started on a cluster, waited for, asked what it said, and deleted.
//!
//! Nothing else of a cluster is ever written. A name is what a Job is known by: starting one that is there is following
//! it. Whoever implements it reads no status by itself: that is [`crate::job::ended`]. Next: [`crate::job`].

use std::time::Duration;

use serde_json::Value;
use towpath_core::id::ClusterName;

/// Where a Job is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobAt {
    /// On which cluster.
    pub cluster: ClusterName,
    /// In which namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for JobAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job {}/{} on {}", self.namespace, self.name, self.cluster)
    }
}

/// What came of starting a Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It was created.
    Created,
    /// It is there already, whoever created it; nothing was changed.
    AlreadyThere,
}

/// How a Job stands when it has been waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// It has ended.
    Ended(End),
    /// It has not ended.
    NotYet,
    /// It is not there, or another one has its name.
    Gone,
}

/// How a Job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Whether it succeeded.
    pub passed: bool,
    /// How many of its pods failed.
    pub failed_pods: u32,
    /// Why it failed, as the cluster says; empty where it says nothing.
    pub why: String,
}

/// What is told of the pod that tells most about the end of a Job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// How its container ended or why it does not run, in one line; empty where there is nothing to tell.
    pub state: String,
    /// The end of its log; empty where there is none.
    pub log: String,
    /// Why there is no log, where it could not be read.
    pub unread: Option<String>,
}

/// Why a cluster did not do what was asked. It says nothing of what a Job tests.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct JobsError {
    /// What failed, on what, and why. Never holds credentials.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Jobs on clusters.
pub trait Jobs {
    /// Creates a Job of this manifest, which has its namespace and name; one that is there is left as it is.
    ///
    /// # Errors
    /// [`JobsError`] when the cluster cannot be reached, does not allow it, or does not take the manifest.
    fn start(&self, at: &JobAt, manifest: &Value) -> Result<Started, JobsError>;

    /// Waits until each of them has ended or cannot be followed, all at the same time, but no longer than this; how each
    /// stands then, in the order asked. Contact that is lost meanwhile is sought again.
    fn wait(&self, jobs: &[JobAt], no_longer_than: Duration) -> Vec<Result<Waited, JobsError>>;

    /// What the pod of a Job said last, no more than some pages of it: of several pods, of the one that failed last.
    ///
    /// # Errors
    /// [`JobsError`] when its pods cannot be read.
    fn said(&self, at: &JobAt) -> Result<Said, JobsError>;

    /// Deletes a Job and its pods. One that is not there is deleted.
    ///
    /// # Errors
    /// [`JobsError`] when the cluster cannot be reached or does not allow it.
    fn delete(&self, at: &JobAt) -> Result<(), JobsError>;
}
