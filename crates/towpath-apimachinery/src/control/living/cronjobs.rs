//! CronJobs: Jobs by the clock.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/cronjob/cronjob_controllerv2.go`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, after, instant, is_true, list, text};
use super::jobs::{self, JOBS};
use super::notes::Note;
use super::schedule::Schedule;
use crate::deletion;
use crate::object;

pub(super) const CRON_JOBS: &str = "cronjobs.batch";

/// Looks at a CronJob.
pub(super) fn look<'m>(desk: &mut Desk<'m>, cron: &Seen<'m>) {
    if cron.is_deleted() {
        return;
    }
    let value = &cron.value;
    let mut status = value.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut owned: Vec<Seen<'m>> =
        desk.owned(cron.uid(), JOBS).filter_map(|job| desk.open(JOBS, job)).collect();
    owned.sort_by_key(|job| instant(&job.value, &["metadata", "creationTimestamp"]));
    let mut active: Vec<Value> = Vec::new();
    let mut success = instant(&status, &["lastSuccessfulTime"]);
    for job in &owned {
        if !jobs::is_over(&job.value) {
            active.push(reference(job));
        } else {
            if is_true(&job.value, "Complete") {
                success = success.max(instant(&job.value, &["status", "completionTime"]));
            }
            let was_active = list(&status, &["active"]).iter();
            if was_active.into_iter().any(|one| text(one, &["uid"]) == job.uid()) {
                let end = if is_true(&job.value, "Complete") { "Complete" } else { "Failed" };
                let message = format!("Saw completed job: {}, condition: {end}", job.name());
                tell(desk, cron, false, "SawCompletedJob", &message);
            }
        }
    }
    trim(desk, cron, &owned);
    let is_suspended = value.pointer("/spec/suspend") == Some(&Value::Bool(true));
    let schedule = Schedule::read(
        text(value, &["spec", "schedule"]),
        object::text(value, &["spec", "timeZone"]),
    );
    if let Some(schedule) = schedule.filter(|_| !is_suspended) {
        start(desk, cron, &schedule, &owned, &mut active, &mut status);
    }
    let fields = object::map(&mut status);
    if active.is_empty() {
        fields.shift_remove("active");
    } else {
        fields.insert("active".into(), active.into());
    }
    if let Some(success) = success {
        fields.insert("lastSuccessfulTime".into(), deletion::time(success).into());
    }
    desk.status(cron, status, MANAGER);
    desk.flush();
}

fn start<'m>(
    desk: &mut Desk<'m>,
    cron: &Seen<'m>,
    schedule: &Schedule,
    owned: &[Seen<'m>],
    active: &mut Vec<Value>,
    status: &mut Value,
) {
    let value = &cron.value;
    if let Some(next) = schedule.next(desk.now) {
        desk.later(next);
    }
    let created = instant(value, &["metadata", "creationTimestamp"]).unwrap_or(desk.now);
    let last = instant(status, &["lastScheduleTime"]).unwrap_or(created);
    let Some(due) = schedule.last(last, desk.now) else { return };
    let deadline = value.pointer("/spec/startingDeadlineSeconds").and_then(Value::as_i64);
    if deadline.is_some_and(|seconds| after(due, seconds) < desk.now) {
        let message = format!("Missed scheduled time to start a job: {}", deletion::time(due));
        return tell(desk, cron, true, "MissSchedule", &message);
    }
    let name = format!("{}-{}", cron.name(), due.as_second() / 60);
    if desk.see(JOBS, cron.namespace(), &name).is_some() {
        return;
    }
    match text(value, &["spec", "concurrencyPolicy"]) {
        "Forbid" if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            return tell(desk, cron, false, "JobAlreadyActive", message);
        }
        "Replace" => {
            for job in owned.iter().filter(|job| !jobs::is_over(&job.value)) {
                jobs::delete(desk, job);
                let message = format!("Deleted job {}", job.name());
                tell(desk, cron, false, "SuccessfulDelete", &message);
            }
            active.clear();
        }
        _ => {}
    }
    match desk.create(JOBS, job(cron, &name, due), MANAGER) {
        Ok(Some(job)) => {
            active.push(json!({
                "kind": "Job", "namespace": cron.namespace(), "name": name,
                "uid": text(&job, &["metadata", "uid"]), "apiVersion": "batch/v1",
            }));
            object::map(status).insert("lastScheduleTime".into(), deletion::time(due).into());
            tell(desk, cron, false, "SuccessfulCreate", &format!("Created job {name}"));
        }
        Ok(None) => {}
        Err(fault) => {
            tell(desk, cron, true, "FailedCreate", &format!("Error creating job: {fault}"));
        }
    }
}

fn job(cron: &Seen<'_>, name: &str, due: Timestamp) -> Value {
    let template = cron.value.pointer("/spec/jobTemplate").cloned().unwrap_or_default();
    let mut job = json!({
        "metadata": template.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "spec": template.get("spec").cloned().unwrap_or_else(|| json!({})),
    });
    let metadata = object::metadata(&mut job);
    metadata.retain(|name, _| matches!(name.as_str(), "labels" | "annotations"));
    metadata.insert("name".into(), name.into());
    metadata.insert("namespace".into(), cron.namespace().into());
    metadata.insert("ownerReferences".into(), json!([cron.controls()]));
    object::child(metadata, "annotations").insert(
        "batch.kubernetes.io/cronjob-scheduled-timestamp".into(),
        deletion::time(due).into(),
    );
    job
}

/// Deletes Jobs that are over, beyond those that are kept to be looked at.
fn trim<'m>(desk: &mut Desk<'m>, cron: &Seen<'m>, owned: &[Seen<'m>]) {
    for (end, field, default) in
        [("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1)]
    {
        let path = format!("/spec/{field}");
        let limit = cron.value.pointer(&path).and_then(Value::as_u64).unwrap_or(default);
        let over: Vec<&Seen<'m>> =
            owned.iter().filter(|job| is_true(&job.value, end) && !job.is_deleted()).collect();
        let excess = over.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        for job in over.into_iter().take(excess) {
            jobs::delete(desk, job);
        }
    }
}

fn reference(job: &Seen<'_>) -> Value {
    json!({
        "kind": "Job", "namespace": job.namespace(), "name": job.name(), "uid": job.uid(),
        "apiVersion": "batch/v1",
    })
}

fn tell(desk: &mut Desk<'_>, cron: &Seen<'_>, is_warning: bool, reason: &str, message: &str) {
    desk.note(&cron.value, &Note { source: "cronjob-controller", is_warning, reason, message });
}
