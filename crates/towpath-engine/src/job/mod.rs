//! Tests that are Kubernetes Jobs: a Job for each cluster and try, followed to its end, and what that comes to.
//!
//! Every cluster has to pass, by itself as often as the test is stated to be tried. A try that failed is part of the
//! result however it went on, and so is a pod that a Job tried again by itself. A Job is known by its name, so whoever
//! starts the same try follows the one that is there: a process that died, or two at once, run nothing twice. Jobs stay
//! until the result is [recorded](record), and are [deleted](delete) then. Next: [`manifest`], [`status`],
//! [`crate::ports::jobs`].

mod manifest;
mod status;

use std::time::Duration;

use jiff::Timestamp;
use towpath_core::id::{ClusterName, EnvironmentName, TestName};
use towpath_core::record::{Event, History, Tested};
use towpath_core::release::Release;
use towpath_core::why::human;

pub use manifest::{Manifest, NoJob, Trial};
pub use status::{Telling, ended, telling};

use crate::last_words::{cut, last_words};
use crate::ledger::{self, Entry, LedgerError};
use crate::ports::Repository;
use crate::ports::jobs::{End, JobAt, Jobs, JobsError, Started, Waited};

/// A cluster ends a Job when its time is over, and needs a while to do that and to say so.
const SLACK: Duration = Duration::from_secs(60);

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it passed on every cluster.
    pub passed: bool,
    /// How often it was tried, on the cluster where that was most.
    pub attempts: u32,
    /// Where, and what there is to say, in one line.
    pub detail: String,
    /// The Jobs, to be deleted once this is recorded.
    pub jobs: Vec<JobAt>,
}

/// How the test stands on one cluster.
struct Standing<'a> {
    cluster: &'a ClusterName,
    passed: bool,
    attempts: u32,
    /// What the last try that failed said.
    failed: Option<String>,
}

/// Puts a release to a test on clusters, again where it failed, up to `retries` times. `note` is told what is going on.
///
/// # Errors
/// [`JobsError`] where a Job could not be run or followed: that says nothing of the release. Those that run stay, and
/// whoever does the same again goes on with them.
pub fn put_to(
    jobs: &dyn Jobs,
    manifest: &Manifest,
    trial: &Trial<'_>,
    clusters: &[ClusterName],
    retries: u32,
    note: &dyn Fn(&str),
) -> Result<Outcome, JobsError> {
    let new = |cluster| Standing { cluster, passed: false, attempts: 0, failed: None };
    let mut standings: Vec<Standing<'_>> = clusters.iter().map(new).collect();
    let mut all = Vec::new();
    for attempt in 1..=retries.saturating_add(1) {
        let mut left: Vec<&mut Standing<'_>> =
            standings.iter_mut().filter(|it| !it.passed).collect();
        if left.is_empty() {
            break;
        }
        let names = left.iter().map(|it| it.cluster);
        let round = start(jobs, names.map(|it| manifest.job(trial, it, attempt)), note)?;
        let waited = jobs.wait(&round, Duration::from_secs(trial.seconds).saturating_add(SLACK));
        for ((standing, at), waited) in left.iter_mut().zip(&round).zip(waited) {
            match waited? {
                Waited::Ended(End { passed: true, failed_pods, .. }) => {
                    standing.passed = true;
                    standing.attempts =
                        standing.attempts.saturating_add(failed_pods).saturating_add(1);
                    if failed_pods > 0 {
                        standing.failed =
                            Some(words(jobs, at, &format!("{failed_pods} of its pods failed")));
                    }
                }
                Waited::Ended(End { failed_pods, why, .. }) => {
                    standing.attempts = standing.attempts.saturating_add(failed_pods.max(1));
                    standing.failed = Some(words(jobs, at, &why));
                }
                Waited::NotYet => {
                    standing.attempts = standing.attempts.saturating_add(1);
                    let late = format!(
                        "it took longer than {}",
                        human(Duration::from_secs(trial.seconds))
                    );
                    standing.failed = Some(words(jobs, at, &late));
                    // Nobody waits for it any more, and the next try is not to run beside it.
                    if let Err(error) = jobs.delete(at) {
                        note(&error.to_string());
                    }
                }
                Waited::Gone => return Err(gone(at)),
            }
            if let (false, Some(failed)) = (standing.passed, &standing.failed) {
                note(&format!("{at} failed: {failed}"));
            }
        }
        all.extend(round);
    }
    let passed = standings.iter().all(|it| it.passed);
    let attempts = standings.iter().map(|it| it.attempts).max().unwrap_or(0);
    Ok(Outcome { passed, attempts, detail: cut(&detail(&standings, passed)), jobs: all })
}

/// Starts the Jobs of a round. Where one cannot be started, those that were created for nothing are deleted.
fn start(
    jobs: &dyn Jobs,
    wanted: impl Iterator<Item = (JobAt, serde_json::Value)>,
    note: &dyn Fn(&str),
) -> Result<Vec<JobAt>, JobsError> {
    let (mut round, mut created) = (Vec::new(), Vec::new());
    for (at, manifest) in wanted {
        match jobs.start(&at, &manifest) {
            Ok(Started::Created) => {
                note(&format!("{at} is started"));
                created.push(at.clone());
            }
            Ok(Started::AlreadyThere) => note(&format!("{at} is there already and is followed")),
            Err(error) => {
                for at in &created {
                    // It ends by itself; the error that counts is the first one.
                    let _ = jobs.delete(at);
                }
                return Err(error);
            }
        }
        round.push(at);
    }
    Ok(round)
}

/// Deletes the Jobs of a result that is recorded. What is left is deleted by its cluster after a while.
///
/// # Errors
/// The first [`JobsError`]; the others are tried all the same.
pub fn delete(jobs: &dyn Jobs, done: &[JobAt]) -> Result<(), JobsError> {
    done.iter().map(|at| jobs.delete(at)).fold(Ok(()), Result::and)
}

/// What there is to say of a try that failed.
fn words(jobs: &dyn Jobs, at: &JobAt, why: &str) -> String {
    let (state, log) = match jobs.said(at) {
        Ok(said) => {
            let unread = said.unread.map(|why| format!("its log cannot be read: {why}"));
            (said.state, unread.unwrap_or_else(|| last_words(&said.log)))
        }
        Err(error) => (String::new(), format!("its pods cannot be read: {error}")),
    };
    let all = [why, &state, &log];
    all.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ")
}

fn detail(standings: &[Standing<'_>], passed: bool) -> String {
    let failed = |one: &Standing<'_>| {
        one.failed.as_ref().map(|words| format!("on {}: {words}", one.cluster))
    };
    if !passed {
        let failures = standings.iter().filter(|one| !one.passed).filter_map(failed);
        return failures.collect::<Vec<_>>().join("; ");
    }
    let names: Vec<&str> = standings.iter().map(|one| one.cluster.as_str()).collect();
    let before: Vec<String> = standings.iter().filter_map(failed).collect();
    let mut text = format!("on {}", names.join(", "));
    if !before.is_empty() {
        text = format!("{text}; before that {}", before.join("; "));
    }
    text
}

fn gone(at: &JobAt) -> JobsError {
    JobsError {
        message: format!("{at} was deleted before it ended"),
        hint: Some("put the release to the test again".to_owned()),
    }
}

/// Records a result, unless somebody who followed the same Jobs has: a record of this test for this release that is none of
/// those that were `known` when the Jobs got their names. Answers that entry or the new one, and whether it is new.
///
/// # Errors
/// [`LedgerError`].
pub fn record(
    repository: &dyn Repository,
    at: Timestamp,
    tested: Tested,
    known: &[Known],
) -> Result<(Entry, bool), LedgerError> {
    let (of, test) = (tested.release.clone(), tested.test.clone());
    ledger::append_unless(repository, at, Event::Tested(tested), |record| {
        let is_it =
            matches!(&record.event, Event::Tested(it) if it.release == of && it.test == test);
        is_it && !known.iter().any(|known| known.at == record.at && known.by == record.by)
    })
}

/// A result that was in the ledger before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    at: Timestamp,
    by: String,
}

/// The results of a test that the ledger has: how many they are is part of the names of the next Jobs.
#[must_use]
pub fn known(
    history: &History,
    environment: &EnvironmentName,
    release: &Release,
    test: &TestName,
) -> Vec<Known> {
    let all = history.tests(environment, release, test);
    all.map(|(record, _)| Known { at: record.at, by: record.by.clone() }).collect()
}
