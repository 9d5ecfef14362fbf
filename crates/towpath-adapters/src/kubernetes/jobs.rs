//! Jobs on clusters: the only thing that is ever written to one.
//!
//! A Job is followed by a watch of its own, and contact that is lost is sought again for as long as the Job is waited for:
//! a test that runs for an hour outlives a restart of its API server. A cluster that does not allow something is not
//! asked again. Calls block; a runtime of its own drives the network. Must not read a status: that is
//! `towpath_engine::job`. Next: `session`, `events`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use towpath_core::id::ClusterName;
use towpath_engine::job::{ended, telling};
use towpath_engine::ports::jobs::{JobAt, Jobs, JobsError, Said, Started, Waited};

use super::Settings;
use super::connected::session;
use super::events::{Event, Events};
use super::fault::{ClusterError, Problem};
use super::list::escaped;
use super::session::Session;
use super::watch::WATCH;

/// The longest wait before a Job whose cluster was lost is looked for again.
const LONGEST: Duration = Duration::from_secs(15);
/// So many lines of a log are read at most, and so many bytes.
const LOG: (u32, u32) = (20, 64 << 10);
/// So many pods of a Job are looked at.
const PODS: u32 = 100;

/// Clusters that Jobs are run on.
pub struct ClusterJobs {
    runtime: Runtime,
    contexts: BTreeMap<ClusterName, String>,
    settings: Settings,
    sessions: Mutex<BTreeMap<ClusterName, Session>>,
}

impl std::fmt::Debug for ClusterJobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterJobs").field("contexts", &self.contexts).finish_non_exhaustive()
    }
}

impl ClusterJobs {
    /// Clusters by their contexts of the kubeconfigs. None is asked anything yet.
    ///
    /// # Errors
    /// When the system gives no sockets.
    pub fn new(
        contexts: BTreeMap<ClusterName, String>,
        settings: Settings,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, contexts, settings, sessions: Mutex::default() })
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The access to a cluster; a kubeconfig is read once.
    async fn session(&self, cluster: &ClusterName) -> Result<Session, JobsError> {
        if let Some(known) = self.sessions().get(cluster).cloned() {
            return Ok(known);
        }
        let Some(context) = self.contexts.get(cluster) else {
            return Err(JobsError {
                message: format!("cluster {cluster} is not connected"),
                hint: Some("name its context in towpath.yaml".to_owned()),
            });
        };
        let new = session(context, &self.settings).await.map_err(told)?;
        self.sessions().insert(cluster.clone(), new.clone());
        Ok(new)
    }
}

impl Jobs for ClusterJobs {
    fn start(&self, at: &JobAt, manifest: &Value) -> Result<Started, JobsError> {
        self.runtime.block_on(async {
            let session = self.session(&at.cluster).await?;
            let doing = format!("create Job {}/{} on", at.namespace, at.name);
            match session.send(Method::POST, &all_of(at), manifest, &doing).await {
                Ok(()) => Ok(Started::Created),
                // Quotas are refused with the same status.
                Err(error) if error.problem == Problem::Status(409) => {
                    let doing = doing_with("read", at);
                    match session.get::<Value>(&path(at), &doing).await {
                        Ok(_) => Ok(Started::AlreadyThere),
                        Err(_) => Err(told(error)),
                    }
                }
                Err(error) => Err(told(error)),
            }
        })
    }

    fn wait(&self, jobs: &[JobAt], no_longer_than: Duration) -> Vec<Result<Waited, JobsError>> {
        self.runtime.block_on(async {
            let mut answers: Vec<_> = jobs.iter().map(|_| None).collect();
            let mut running = JoinSet::new();
            for (number, at) in jobs.iter().enumerate() {
                match self.session(&at.cluster).await {
                    Err(error) => answers[number] = Some(Err(error)),
                    Ok(session) => {
                        let at = at.clone();
                        running.spawn(async move {
                            (number, follow(&session, &at, no_longer_than).await)
                        });
                    }
                }
            }
            while let Some(ended) = running.join_next().await {
                match ended {
                    Ok((number, answer)) => answers[number] = Some(answer.map_err(told)),
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(_) => {}
                }
            }
            let all = answers.into_iter();
            all.map(|answer| answer.expect("every task ended, and none is cancelled")).collect()
        })
    }

    fn said(&self, at: &JobAt) -> Result<Said, JobsError> {
        self.runtime.block_on(async {
            let session = self.session(&at.cluster).await?;
            let pods = format!("/api/v1/namespaces/{}/pods", escaped(&at.namespace));
            let selector = escaped(&format!("job-name={}", at.name));
            let list = format!("{pods}?labelSelector={selector}&limit={PODS}");
            let doing = doing_with("list the pods of", at);
            let mut list: Value = session.get(&list, &doing).await.map_err(told)?;
            let found = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let Some(telling) = telling(&found) else { return Ok(Said::default()) };
            let mut said = Said { state: telling.state, ..Said::default() };
            if telling.has_log {
                let (lines, bytes) = LOG;
                let log = format!(
                    "{pods}/{}/log?container={}&tailLines={lines}&limitBytes={bytes}",
                    escaped(&telling.pod),
                    escaped(&telling.container)
                );
                match session.text(&log, &doing_with("read the log of", at)).await {
                    Ok(log) => said.log = log,
                    // It is gone with its pod.
                    Err(error) if error.problem == Problem::Status(404) => {}
                    Err(error) => said.unread = Some(error.why),
                }
            }
            Ok(said)
        })
    }

    fn delete(&self, at: &JobAt) -> Result<(), JobsError> {
        self.runtime.block_on(async {
            let session = self.session(&at.cluster).await?;
            let how = json!({
                "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
            });
            match session.send(Method::DELETE, &path(at), &how, &doing_with("delete", at)).await {
                Err(error) if error.problem != Problem::Status(404) => Err(told(error)),
                _ => Ok(()),
            }
        })
    }
}

/// Follows a Job to its end.
async fn follow(
    session: &Session,
    at: &JobAt,
    no_longer_than: Duration,
) -> Result<Waited, ClusterError> {
    let mut lost = None;
    let seeking = async {
        let mut uid = None;
        let mut wait = session.settings.retry_wait;
        loop {
            match look(session, at, &mut uid, &mut lost).await {
                Ok(Some(waited)) => return Ok(waited),
                Err(error) if is_final(&error) => return Err(error),
                Ok(None) => wait = session.settings.retry_wait,
                Err(error) if error.is_gone() => {}
                Err(error) => {
                    lost = Some(error);
                    wait = wait.saturating_mul(2).clamp(Duration::from_millis(10), LONGEST);
                }
            }
            sleep(wait).await;
        }
    };
    match timeout(no_longer_than, seeking).await {
        Ok(answer) => answer,
        Err(_) => lost.map_or(Ok(Waited::NotYet), Err),
    }
}

/// Reads a Job and follows one watch of it; `None`: the watch is over, and the Job was not.
async fn look(
    session: &Session,
    at: &JobAt,
    uid: &mut Option<String>,
    lost: &mut Option<ClusterError>,
) -> Result<Option<Waited>, ClusterError> {
    let doing = doing_with("follow", at);
    let job: Value = match session.get(&path(at), &doing).await {
        Err(error) if error.problem == Problem::Status(404) => return Ok(Some(Waited::Gone)),
        answer => answer?,
    };
    *lost = None;
    if let Some(waited) = stands(&job, uid) {
        return Ok(Some(waited));
    }
    let version = job["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let path = format!(
        "{}?watch=true&allowWatchBookmarks=true&fieldSelector={}&resourceVersion={}&timeoutSeconds={}",
        all_of(at),
        escaped(&format!("metadata.name={}", at.name)),
        escaped(version),
        WATCH.as_secs()
    );
    let mut events = Events::open(session, &path, &doing).await?;
    while let Some(Event { what, object }) = events.next().await? {
        match what.as_str() {
            "DELETED" => return Ok(Some(Waited::Gone)),
            "ADDED" | "MODIFIED" => {
                if let Some(waited) = stands(&Value::Object(object), uid) {
                    return Ok(Some(waited));
                }
            }
            "BOOKMARK" => {}
            _ => return Err(session.faults.garbage(&doing)),
        }
    }
    Ok(None)
}

/// How a Job stands that has ended, or is another one than before.
fn stands(job: &Value, uid: &mut Option<String>) -> Option<Waited> {
    let found = job["metadata"]["uid"].as_str().unwrap_or_default();
    match uid {
        Some(known) if known != found => return Some(Waited::Gone),
        Some(_) => {}
        None => *uid = Some(found.to_owned()),
    }
    ended(job).map(Waited::Ended)
}

/// Whether to ask again can have no other answer.
fn is_final(error: &ClusterError) -> bool {
    match error.problem {
        Problem::Status(410 | 429) => false,
        Problem::Status(status) => status < 500,
        Problem::Access | Problem::Unauthorized => true,
        Problem::Unreachable | Problem::Garbage => false,
    }
}

fn all_of(at: &JobAt) -> String {
    format!("/apis/batch/v1/namespaces/{}/jobs", escaped(&at.namespace))
}

fn path(at: &JobAt) -> String {
    format!("{}/{}", all_of(at), escaped(&at.name))
}

fn doing_with(verb: &str, at: &JobAt) -> String {
    format!("{verb} Job {}/{} on", at.namespace, at.name)
}

fn told(error: ClusterError) -> JobsError {
    let hint = match error.problem {
        Problem::Status(403) => Some(
            "who runs tests creates, gets, watches and deletes Jobs and reads pods and their logs in that namespace: \
             docs/operating.md has the Role"
                .to_owned(),
        ),
        _ => error.hint.clone(),
    };
    JobsError { message: error.to_string(), hint }
}
