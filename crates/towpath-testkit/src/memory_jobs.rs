//! Jobs in memory: what a cluster would say of each is set by hand, and whoever waits is woken.
//!
//! Must not read what is set: how a Job ended is the engine's to say. Next: `towpath_engine::ports::jobs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use towpath_core::id::ClusterName;
use towpath_engine::job::ended;
use towpath_engine::ports::jobs::{JobAt, Jobs, JobsError, Said, Started, Waited};

use crate::jobs_contract::Controller;

/// Jobs on clusters that do what they are told.
#[derive(Debug, Default)]
pub struct MemoryJobs {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<JobAt, Value>,
    /// The status of Jobs that are created from now on, in that order.
    fates: VecDeque<Value>,
    /// Whether time is over as soon as somebody waits.
    hurries: bool,
    refuses: BTreeMap<ClusterName, String>,
    said: Said,
    created: Vec<(JobAt, Value)>,
    deleted: Vec<JobAt>,
}

impl MemoryJobs {
    /// The next Job that is created, and has no other fate before it, has this status at once.
    pub fn next_has(&self, status: Value) {
        self.state().fates.push_back(status);
    }

    /// No Job is created on a cluster from now on; why.
    pub fn refuse(&self, cluster: &ClusterName, why: &str) {
        self.state().refuses.insert(cluster.clone(), why.to_owned());
    }

    /// Whoever waits has waited for as long as he would, from now on.
    pub fn hurry(&self) {
        self.state().hurries = true;
    }

    /// What the pods of all Jobs say.
    pub fn say(&self, said: Said) {
        self.state().said = said;
    }

    /// The Jobs that were created, with their manifests, in that order.
    pub fn created(&self) -> Vec<(JobAt, Value)> {
        self.state().created.clone()
    }

    /// The Jobs that were deleted, in that order.
    pub fn deleted(&self) -> Vec<JobAt> {
        self.state().deleted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controller for MemoryJobs {
    fn set(&self, at: &JobAt, status: Value) {
        if let Some(job) = self.state().jobs.get_mut(at) {
            job["status"] = status;
        }
        self.changed.notify_all();
    }
}

impl State {
    fn stands(&self, at: &JobAt) -> Waited {
        match self.jobs.get(at) {
            None => Waited::Gone,
            Some(job) => ended(job).map_or(Waited::NotYet, Waited::Ended),
        }
    }
}

impl Jobs for MemoryJobs {
    fn start(&self, at: &JobAt, manifest: &Value) -> Result<Started, JobsError> {
        let mut state = self.state();
        if state.jobs.contains_key(at) {
            return Ok(Started::AlreadyThere);
        }
        let is_one = manifest["spec"]["template"]["spec"]["containers"].is_array();
        let refused = state.refuses.get(&at.cluster).cloned();
        if let Some(why) = refused.or((!is_one).then(|| "it is no Job".to_owned())) {
            return Err(JobsError { message: format!("cannot create {at}: {why}"), hint: None });
        }
        let mut job = manifest.clone();
        job["status"] = state.fates.pop_front().unwrap_or_else(|| json!({}));
        state.jobs.insert(at.clone(), job);
        state.created.push((at.clone(), manifest.clone()));
        Ok(Started::Created)
    }

    fn wait(&self, jobs: &[JobAt], no_longer_than: Duration) -> Vec<Result<Waited, JobsError>> {
        let open = |state: &mut State| jobs.iter().any(|at| state.stands(at) == Waited::NotYet);
        let state = self.state();
        let no_longer_than = if state.hurries { Duration::ZERO } else { no_longer_than };
        let waited = self.changed.wait_timeout_while(state, no_longer_than, open);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        jobs.iter().map(|at| Ok(state.stands(at))).collect()
    }

    fn said(&self, _: &JobAt) -> Result<Said, JobsError> {
        Ok(self.state().said.clone())
    }

    fn delete(&self, at: &JobAt) -> Result<(), JobsError> {
        let mut state = self.state();
        state.jobs.remove(at);
        state.deleted.push(at.clone());
        drop(state);
        self.changed.notify_all();
        Ok(())
    }
}
