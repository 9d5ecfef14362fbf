//! Jobs: pods until enough of them succeeded, or too many failed.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/job/job_controller.go`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{
    Desk, MANAGER, Seen, after, condition, instant, int, is_true, letters, list, set, text,
};
use super::notes::Note;
use super::pods::{self, PODS};
use super::replicas;
use crate::deletion::{self, How};
use crate::object;
use crate::request::Propagation;
use crate::store::Stored;

pub(super) const JOBS: &str = "jobs.batch";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Since then a Job says that it will end before its last pods have.
const SAYS_EARLY: u32 = 31;

/// Whether a Job is over.
pub(super) fn is_over(job: &Value) -> bool {
    is_true(job, "Complete") || is_true(job, "Failed")
}

/// Whether time may change something about a Job.
pub(super) fn is_timed(job: &Stored) -> bool {
    job.tail().contains("\"ttlSecondsAfterFinished\":")
        || !(super::desk::says_true(job, "Complete") || super::desk::says_true(job, "Failed"))
}

/// How many pods of a Job failed so far.
pub(super) fn failed(desk: &Desk<'_>, job: &Seen<'_>) -> i64 {
    let pods = desk.owned(job.uid(), PODS);
    let failed = pods.filter(|pod| pod.head.field("status.phase") == "Failed").count();
    i64::try_from(failed).unwrap_or_default().max(int(&job.value, &["status", "failed"]))
}

struct Pods<'m> {
    active: Vec<Seen<'m>>,
    succeeded: Vec<Seen<'m>>,
    failed: Vec<Seen<'m>>,
    ready: usize,
    ending: usize,
}

/// Looks at a Job.
pub(super) fn look<'m>(desk: &mut Desk<'m>, job: &Seen<'m>) {
    let manager = text(&job.value, &["spec", "managedBy"]);
    if job.is_deleted() || !matches!(manager, "" | "kubernetes.io/job-controller") {
        return;
    }
    if is_over(&job.value) {
        clear(desk, job);
    } else {
        run(desk, job);
    }
    desk.flush();
}

/// A Job that is over goes after a while, if it says so.
fn clear<'m>(desk: &mut Desk<'m>, job: &Seen<'m>) {
    let path = "/spec/ttlSecondsAfterFinished";
    let Some(seconds) = job.value.pointer(path).and_then(Value::as_i64) else { return };
    let ended = ["Complete", "Failed"].iter().find_map(|one| condition(&job.value, one));
    let ended = ended.and_then(|one| instant(one, &["lastTransitionTime"]));
    if ended.is_some_and(|ended| desk.is_time(after(ended, seconds))) {
        desk.delete(job, How { propagation: Some(Propagation::Foreground), grace: None });
    }
}

fn run<'m>(desk: &mut Desk<'m>, job: &Seen<'m>) {
    let value = &job.value;
    let time = desk.time();
    let mut pods = Pods { active: vec![], succeeded: vec![], failed: vec![], ready: 0, ending: 0 };
    for pod in desk.owned(job.uid(), PODS) {
        let Some(pod) = desk.open(PODS, pod) else { continue };
        match pod.stored.head.field("status.phase") {
            "Succeeded" => pods.succeeded.push(pod),
            "Failed" => pods.failed.push(pod),
            _ if pod.is_deleted() => pods.ending += 1,
            _ => {
                pods.ready += usize::from(pods::is_ready(pod.stored));
                pods.active.push(pod);
            }
        }
    }
    let is_indexed = text(value, &["spec", "completionMode"]) == "Indexed";
    let is_suspended = value.pointer("/spec/suspend") == Some(&Value::Bool(true));
    let mut status = value.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut conditions = list(&status, &["conditions"]).to_vec();
    let succeeded = done(&pods, is_indexed);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    // Pods that were deleted afterwards still count.
    let succeeded_count = count(succeeded.len()).max(int(&status, &["succeeded"]));
    let failed_count = count(pods.failed.len()).max(int(&status, &["failed"]));
    let started = instant(&status, &["startTime"]);
    let completions = value.pointer("/spec/completions").and_then(Value::as_i64);
    let is_enough = match completions {
        Some(completions) => succeeded_count >= completions,
        None => succeeded_count > 0 && pods.active.is_empty(),
    };
    let fault = fault(desk, value, started, failed_count);
    let put = |conditions: &mut Vec<Value>, of_type: &str, is: &str, why: (&str, &str)| {
        let mut one = json!({"type": of_type, "status": is, "lastProbeTime": time});
        for (name, text) in [("reason", why.0), ("message", why.1)] {
            if !text.is_empty() {
                object::map(&mut one).insert(name.into(), text.into());
            }
        }
        let found = conditions.iter().find(|one| text(one, &["type"]) == of_type);
        let is_same = found
            .is_some_and(|one| text(one, &["status"]) == is && text(one, &["reason"]) == why.0);
        if !is_same {
            set(conditions, one, &time);
        }
    };
    let is_new = desk.minor() >= SAYS_EARLY;
    let mut active = pods.active.len();
    let mut ending = pods.ending;
    let fields = object::map(&mut status);
    if is_enough {
        let why = if is_new {
            ("CompletionsReached", "Reached expected number of succeeded pods")
        } else {
            ("", "")
        };
        if is_new {
            put(&mut conditions, "SuccessCriteriaMet", "True", why);
        }
        for pod in &pods.active {
            replicas::remove(desk, job, pod);
        }
        if active == 0 && ending == 0 {
            put(&mut conditions, "Complete", "True", why);
            fields.insert("completionTime".into(), time.as_str().into());
            tell(desk, job, false, "Completed", "Job completed");
        }
        ending += active;
        active = 0;
    } else if let Some((reason, message)) = fault {
        if is_new {
            put(&mut conditions, "FailureTarget", "True", (reason, message));
        }
        for pod in &pods.active {
            replicas::remove(desk, job, pod);
        }
        if active == 0 && ending == 0 {
            put(&mut conditions, "Failed", "True", (reason, message));
            tell(desk, job, true, reason, message);
        }
        ending += active;
        active = 0;
    } else if is_suspended {
        put(&mut conditions, "Suspended", "True", ("JobSuspended", "Job suspended"));
        fields.shift_remove("startTime");
        for pod in &pods.active {
            replicas::remove(desk, job, pod);
        }
        ending += active;
        active = 0;
    } else {
        if conditions.iter().any(|one| text(one, &["type"]) == "Suspended") {
            put(&mut conditions, "Suspended", "False", ("JobResumed", "Job resumed"));
        }
        fields.entry("startTime").or_insert(time.as_str().into());
        active += create(desk, job, &pods, &succeeded, completions);
    }
    for (name, number) in
        [("active", count(active)), ("succeeded", succeeded_count), ("failed", failed_count)]
    {
        if number > 0 {
            fields.insert(name.into(), number.into());
        } else {
            fields.shift_remove(name);
        }
    }
    let ready = if active == 0 { 0 } else { pods.ready };
    fields.insert("ready".into(), ready.into());
    if is_new {
        fields.insert("terminating".into(), ending.into());
    }
    fields.insert("uncountedTerminatedPods".into(), json!({}));
    if is_indexed && !succeeded.is_empty() {
        fields.insert("completedIndexes".into(), ranges(&succeeded).into());
    }
    if !conditions.is_empty() {
        fields.insert("conditions".into(), conditions.into());
    }
    desk.status(job, status, MANAGER);
}

/// Why a Job failed, in the controller's words.
fn fault(
    desk: &mut Desk<'_>,
    job: &Value,
    started: Option<Timestamp>,
    failed: i64,
) -> Option<(&'static str, &'static str)> {
    let limit = job.pointer("/spec/backoffLimit").and_then(Value::as_i64).unwrap_or(6);
    if failed > limit {
        return Some(("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    let deadline = job.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_i64)?;
    let is_late = started.is_some_and(|started| desk.is_time(after(started, deadline)));
    is_late.then_some(("DeadlineExceeded", "Job was active longer than specified deadline"))
}

/// What succeeded: indices, or numbers from 0 where there are none.
fn done(pods: &Pods<'_>, is_indexed: bool) -> Vec<i64> {
    if !is_indexed {
        return (0..i64::try_from(pods.succeeded.len()).unwrap_or_default()).collect();
    }
    let mut done: Vec<i64> = pods.succeeded.iter().filter_map(|pod| index(&pod.value)).collect();
    done.sort_unstable();
    done.dedup();
    done
}

fn index(pod: &Value) -> Option<i64> {
    text(pod, &["metadata", "annotations", INDEX]).parse().ok()
}

/// Numbers as the status has them: `0-2,5`.
fn ranges(sorted: &[i64]) -> String {
    let mut parts: Vec<(i64, i64)> = Vec::new();
    for number in sorted {
        match parts.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => parts.push((*number, *number)),
        }
    }
    let part = |(start, end): (i64, i64)| match end - start {
        0 => start.to_string(),
        1 => format!("{start},{end}"),
        _ => format!("{start}-{end}"),
    };
    parts.into_iter().map(part).collect::<Vec<_>>().join(",")
}

/// Makes the pods that are missing, after a while if some failed. Gives how many there are more.
fn create<'m>(
    desk: &mut Desk<'m>,
    job: &Seen<'m>,
    pods: &Pods<'m>,
    succeeded: &[i64],
    completions: Option<i64>,
) -> usize {
    let parallelism = int(&job.value, &["spec", "parallelism"]);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let wanted = match completions {
        Some(completions) => parallelism.min(completions - count(succeeded.len())),
        // The first success of one that has no number is the beginning of its end.
        None if !succeeded.is_empty() => count(pods.active.len()),
        None => parallelism,
    };
    let mut surplus = count(pods.active.len()) - wanted;
    for pod in pods.active.iter().rev() {
        if surplus <= 0 {
            break;
        }
        replicas::remove(desk, job, pod);
        surplus -= 1;
    }
    let missing = wanted - count(pods.active.len());
    if missing <= 0 {
        return 0;
    }
    if let Some(last) = pods.failed.iter().filter_map(|pod| ended(&pod.value)).max() {
        let wait = (10 << (pods.failed.len() - 1).min(10)).min(600);
        if !desk.is_time(after(last, wait)) {
            return 0;
        }
    }
    let is_indexed = text(&job.value, &["spec", "completionMode"]) == "Indexed";
    let taken: Vec<i64> = pods.active.iter().filter_map(|pod| index(&pod.value)).collect();
    let mut free = (0..completions.unwrap_or_default())
        .filter(|index| !succeeded.contains(index) && !taken.contains(index));
    let template = job.value.pointer("/spec/template");
    let mut made = 0;
    for _ in 0..missing.min(500) {
        let index = if is_indexed { free.next() } else { None };
        let suffix = letters(desk.entropy(&[job.uid(), "pod"]));
        let change = |pod: &mut Value| {
            let Some(index) = index else { return };
            let number = Value::from(index.to_string());
            let name = format!("{}-{index}", job.name());
            let metadata = object::metadata(pod);
            metadata.insert("generateName".into(), format!("{name}-").into());
            metadata.insert("name".into(), format!("{name}-{suffix}").into());
            object::child(metadata, "annotations").insert(INDEX.into(), number.clone());
            object::child(metadata, "labels").insert(INDEX.into(), number);
            let spec = object::child(object::map(pod), "spec");
            spec.insert("hostname".into(), name.into());
        };
        match replicas::create(desk, job, template, Some(&change)) {
            Ok(true) => made += 1,
            _ => break,
        }
    }
    made
}

/// When a pod that ended did so.
fn ended(pod: &Value) -> Option<Timestamp> {
    let states = list(pod, &["status", "containerStatuses"]).iter();
    states.filter_map(|one| instant(one, &["state", "terminated", "finishedAt"])).max()
}

/// Deletes a Job, and its pods after it.
pub(super) fn delete<'m>(desk: &mut Desk<'m>, job: &Seen<'m>) {
    let how = How { propagation: Some(Propagation::Background), grace: None };
    desk.delete(job, deletion::How { ..how });
}

fn tell(desk: &mut Desk<'_>, job: &Seen<'_>, is_warning: bool, reason: &str, message: &str) {
    let source = "job-controller";
    desk.note(&job.value, &Note { source, is_warning, reason, message });
}
