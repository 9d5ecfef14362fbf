//! Tests that are Jobs: what a result is made of, and what is run once however often it is asked for.

use std::cell::RefCell;

use serde_json::{Value, json};
use towpath_core::id::{ClusterName, ComponentName, Digest, EnvironmentName, RepoPath, TestName};
use towpath_core::record::{Event, OfRelease, Tested};
use towpath_core::release::{Release, Seen};
use towpath_core::version::Version;
use towpath_engine::job::{self, Manifest, Outcome, Trial};
use towpath_engine::ledger;
use towpath_engine::ports::jobs::{JobsError, Said};
use towpath_testkit::jobs_contract::{self, over};
use towpath_testkit::memory::MemoryRepository;
use towpath_testkit::memory_jobs::MemoryJobs;

const JOB: &[u8] = b"\
apiVersion: batch/v1
kind: Job
metadata: {namespace: tests}
spec: {template: {spec: {containers: [{name: e2e, image: 'e2e:1'}]}}}
";

struct World {
    jobs: MemoryJobs,
    test: TestName,
    environment: EnvironmentName,
    release: Release,
    notes: RefCell<Vec<String>>,
}

impl World {
    fn new() -> Self {
        let version = Version::parse("0.0.8").expect("a version");
        let digest = Digest::parse(&format!("sha256:{}", "b".repeat(64))).expect("a digest");
        Self {
            jobs: MemoryJobs::default(),
            test: TestName::parse("e2e").expect("a name"),
            environment: EnvironmentName::parse("staging").expect("a name"),
            release: Release {
                component: ComponentName::parse("platform").expect("a name"),
                tag: version.to_string(),
                version,
                digest: Some(digest),
                commit: None,
                seen: Seen::default(),
            },
            notes: RefCell::default(),
        }
    }

    fn put_to(
        &self,
        clusters: &[&str],
        retries: u32,
        results: usize,
    ) -> Result<Outcome, JobsError> {
        let file = RepoPath::parse("tests/job.yaml").expect("a path");
        let manifest = Manifest::read(&file, JOB).expect("it is a Job");
        let trial = Trial {
            test: &self.test,
            seconds: 90,
            release: &self.release,
            environment: &self.environment,
            results,
        };
        let name = |name: &&str| ClusterName::parse(name).expect("a name");
        let clusters: Vec<ClusterName> = clusters.iter().map(name).collect();
        let note = |text: &str| self.notes.borrow_mut().push(text.to_owned());
        job::put_to(&self.jobs, &manifest, &trial, &clusters, retries, &note)
    }

    fn tested(&self, outcome: &Outcome) -> Tested {
        Tested {
            release: OfRelease {
                environment: self.environment.clone(),
                component: self.release.component.clone(),
                version: self.release.version.clone(),
                digest: self.release.digest.clone(),
            },
            test: self.test.clone(),
            passed: outcome.passed,
            attempts: outcome.attempts,
            detail: outcome.detail.clone(),
        }
    }
}

fn passes() -> Value {
    over("Complete", "CompletionsReached")
}

fn fails() -> Value {
    over("Failed", "BackoffLimitExceeded")
}

#[test]
fn jobs_in_memory_keep_the_contract() -> Result<(), JobsError> {
    let jobs = MemoryJobs::default();
    jobs_contract::run(&jobs, &jobs)
}

#[test]
fn every_cluster_has_to_pass() -> Result<(), JobsError> {
    let world = World::new();
    [passes(), fails()].into_iter().for_each(|status| world.jobs.next_has(status));
    let log = "connecting\nno route to host\n".to_owned();
    world.jobs.say(Said { state: "e2e exited with 1".to_owned(), log, unread: None });
    let outcome = world.put_to(&["eu", "us"], 0, 0)?;
    assert_eq!((outcome.passed, outcome.attempts), (false, 1));
    let said =
        "on us: as it is (BackoffLimitExceeded): e2e exited with 1: connecting / no route to host";
    assert_eq!(outcome.detail, said);
    assert_eq!(outcome.jobs.len(), 2);
    assert_eq!(world.jobs.deleted(), [], "they stay until the result is recorded");
    job::delete(&world.jobs, &outcome.jobs)?;
    assert_eq!(world.jobs.deleted(), outcome.jobs);
    Ok(())
}

#[test]
fn a_pass_after_a_retry_is_told_as_one() -> Result<(), JobsError> {
    let world = World::new();
    // Two clusters, then again the one that failed.
    [passes(), fails(), passes()].into_iter().for_each(|status| world.jobs.next_has(status));
    let outcome = world.put_to(&["eu", "us"], 2, 0)?;
    assert_eq!((outcome.passed, outcome.attempts), (true, 2));
    assert_eq!(outcome.detail, "on eu, us; before that on us: as it is (BackoffLimitExceeded)");
    let clusters: Vec<String> =
        world.jobs.created().iter().map(|(at, _)| at.cluster.to_string()).collect();
    assert_eq!(clusters, ["eu", "us", "us"]);
    Ok(())
}

#[test]
fn a_job_that_never_ends_has_failed_and_does_not_go_on() -> Result<(), JobsError> {
    let world = World::new();
    world.jobs.hurry();
    world.jobs.next_has(json!({}));
    world.jobs.next_has(passes());
    let late = world.put_to(&["eu"], 1, 0)?;
    assert_eq!((late.passed, late.attempts), (true, 2));
    assert_eq!(late.detail, "on eu; before that on eu: it took longer than 90s");
    assert_eq!(world.jobs.deleted(), late.jobs[..1], "nobody waits for the first one");
    Ok(())
}

#[test]
fn pods_that_a_job_tried_again_by_itself_count_as_tries() -> Result<(), JobsError> {
    let world = World::new();
    let mut status = passes();
    status["failed"] = json!(2);
    world.jobs.next_has(status);
    let outcome = world.put_to(&["eu"], 0, 0)?;
    assert_eq!((outcome.passed, outcome.attempts), (true, 3));
    assert_eq!(outcome.detail, "on eu; before that on eu: 2 of its pods failed");
    Ok(())
}

#[test]
fn whoever_does_the_same_again_follows_the_jobs_that_are_there() -> Result<(), JobsError> {
    let world = World::new();
    [fails(), passes()].into_iter().for_each(|status| world.jobs.next_has(status));
    let first = world.put_to(&["eu"], 1, 0)?;
    let again = world.put_to(&["eu"], 1, 0)?;
    assert_eq!(first, again);
    assert_eq!(world.jobs.created().len(), 2, "nothing runs twice");
    // Once its result is in the ledger, a test that is asked for is another run.
    world.jobs.next_has(passes());
    let next = world.put_to(&["eu"], 1, 1)?;
    assert_eq!((next.passed, next.attempts), (true, 1));
    assert_eq!(world.jobs.created().len(), 3);
    Ok(())
}

#[test]
fn what_is_refused_is_no_failure_and_leaves_nothing_behind() {
    let world = World::new();
    world.jobs.refuse(&ClusterName::parse("us").expect("a name"), "forbidden");
    let error = world.put_to(&["eu", "us"], 3, 0).expect_err("it cannot be run");
    assert!(error.to_string().ends_with("on us: forbidden"), "{error}");
    let created: Vec<_> = world.jobs.created().into_iter().map(|(at, _)| at).collect();
    assert_eq!((created.len(), world.jobs.deleted()), (1, created));
}

#[test]
fn two_who_follow_the_same_jobs_record_one_result() {
    let world = World::new();
    world.jobs.next_has(passes());
    let repository = MemoryRepository::alone();
    let now = "2026-11-22T12:00:00Z".parse().expect("a time");
    let record = |known: &[job::Known]| {
        let outcome = world.put_to(&["eu"], 0, known.len()).expect("it is run");
        job::record(&repository, now, world.tested(&outcome), known).expect("the ledger is there")
    };
    let (first, is_new) = record(&[]);
    assert!(is_new);
    let (second, is_new) = record(&[]);
    assert_eq!((second.commit, is_new), (first.commit.clone(), false));
    // Whoever asks for it again has seen that result, and gets another.
    let entries = ledger::read(&repository).expect("it is there");
    let history = ledger::fold(&entries);
    let known = job::known(&history, &world.environment, &world.release, &world.test);
    assert_eq!(known.len(), 1);
    world.jobs.next_has(fails());
    let (third, is_new) = record(&known);
    assert!(is_new && third.commit != first.commit);
    assert!(matches!(third.record.event, Event::Tested(Tested { passed: false, .. })));
}
