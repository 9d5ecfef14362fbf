//! What the status of a Job and of its pods says: whether it has ended, how, and which container tells why.
//!
//! Source of the contract: `kubernetes/kubernetes:staging/src/k8s.io/api/batch/v1/types.go`, `core/v1/types.go`. Must not
//! guess: a status that says nothing of an end is of a Job that goes on.

use serde_json::Value;

use crate::last_words::one_line;
use crate::ports::jobs::End;

/// How a Job ended; `None`: it has not, as far as its status says.
#[must_use]
pub fn ended(job: &Value) -> Option<End> {
    let failed = job.pointer("/status/failed").and_then(Value::as_u64).unwrap_or(0);
    let failed_pods = u32::try_from(failed).unwrap_or(u32::MAX);
    // What has met its criteria never fails any more; only its last pods are still ending.
    if is_true(job, "Complete").or(is_true(job, "SuccessCriteriaMet")).is_some() {
        return Some(End { passed: true, failed_pods, why: String::new() });
    }
    let failed = is_true(job, "Failed")?;
    let text = |key: &str| one_line(failed[key].as_str().unwrap_or_default());
    let why = match (text("reason"), text("message")) {
        (reason, message) if message.is_empty() => reason,
        (reason, message) if reason.is_empty() => message,
        (reason, message) => format!("{message} ({reason})"),
    };
    Some(End { passed: false, failed_pods, why })
}

/// The condition of a type, where it holds.
fn is_true<'a>(job: &'a Value, of_type: &str) -> Option<&'a Value> {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array)?;
    conditions.iter().find(|one| one["type"] == of_type && one["status"] == "True")
}

/// The container whose last words tell most, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Its pod.
    pub pod: String,
    /// Its name.
    pub container: String,
    /// How it ended or why it does not run; empty where there is nothing to tell.
    pub state: String,
    /// Whether it has run, so that there is a log.
    pub has_log: bool,
}

/// Of the pods of a Job, the container that tells most: of the one that failed last, of the last one where none has.
#[must_use]
pub fn telling(pods: &[Value]) -> Option<Telling> {
    let created =
        |pod: &Value| pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
    let pod = pods.iter().max_by_key(|pod| (pod["status"]["phase"] == "Failed", created(pod)))?;
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let all = || {
        let all = statuses.iter().filter_map(|key| pod["status"][key].as_array());
        all.flatten()
    };
    let exit = |one: &Value| one.pointer("/state/terminated/exitCode").and_then(Value::as_i64);
    let waits = |one: &Value| one.pointer("/state/waiting/reason").is_some();
    let found = all()
        .find(|one| exit(one).is_some_and(|code| code != 0))
        .or_else(|| all().find(|one| waits(one)))
        .or_else(|| pod["status"]["containerStatuses"].as_array().and_then(|all| all.first()));
    let name = pod["metadata"]["name"].as_str()?.to_owned();
    let Some(found) = found else {
        let first = pod.pointer("/spec/containers/0/name").and_then(Value::as_str);
        let container = first.unwrap_or_default().to_owned();
        return Some(Telling { pod: name, container, state: unplaced(pod), has_log: false });
    };
    let text =
        |path: &str| one_line(found.pointer(path).and_then(Value::as_str).unwrap_or_default());
    let container = text("/name");
    let state = match (exit(found), text("/state/waiting/reason")) {
        (Some(0), _) => String::new(),
        (Some(code), _) => match text("/state/terminated/reason") {
            reason if reason.is_empty() || reason == "Error" => {
                format!("{container} exited with {code}")
            }
            reason => format!("{container} exited with {code} ({reason})"),
        },
        (None, reason) if !reason.is_empty() => {
            let message = text("/state/waiting/message");
            let why = if message.is_empty() { String::new() } else { format!(", {message}") };
            format!("{container} waits: {reason}{why}")
        }
        (None, _) => String::new(),
    };
    let has_log = found["state"]["terminated"].is_object() || found["state"]["running"].is_object();
    Some(Telling { pod: name, container, state, has_log })
}

/// Why a pod is on no node.
fn unplaced(pod: &Value) -> String {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let mut placed =
        conditions.filter(|one| one["type"] == "PodScheduled" && one["status"] == "False");
    let message = placed.next().and_then(|one| one["message"].as_str()).unwrap_or_default();
    if message.is_empty() {
        String::new()
    } else {
        format!("no node takes it: {}", one_line(message))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(conditions: Value) -> Value {
        json!({"status": {"failed": 2, "conditions": conditions}})
    }

    #[test]
    fn a_job_has_ended_when_it_says_so() {
        let holds = |of_type: &str| json!([{"type": of_type, "status": "True"}]);
        for of_type in ["Complete", "SuccessCriteriaMet"] {
            let end = End { passed: true, failed_pods: 2, why: String::new() };
            assert_eq!(ended(&job(holds(of_type))), Some(end), "{of_type}");
        }
        for of_type in ["FailureTarget", "Suspended", "Other"] {
            assert_eq!(ended(&job(holds(of_type))), None, "{of_type}");
        }
        assert_eq!(ended(&job(json!([{"type": "Failed", "status": "False"}]))), None);
        assert_eq!(ended(&json!({"metadata": {}})), None);
        let failed = json!([{
            "type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "Job was\nlate",
        }]);
        let end = ended(&job(failed)).expect("it has");
        assert_eq!((end.passed, end.why.as_str()), (false, "Job was late (DeadlineExceeded)"));
    }

    fn pod(name: &str, phase: &str, at: &str, statuses: Value) -> Value {
        json!({
            "metadata": {"name": name, "creationTimestamp": at},
            "spec": {"containers": [{"name": "e2e"}]},
            "status": {"phase": phase, "containerStatuses": statuses},
        })
    }

    #[test]
    fn the_container_that_failed_last_is_asked() {
        let exited = |name: &str, code: i64, reason: &str| json!({"name": name, "state": {"terminated": {"exitCode": code, "reason": reason}}});
        let pods = [
            pod("a", "Failed", "2026-01-01T00:00:01Z", json!([exited("e2e", 1, "Error")])),
            pod(
                "b",
                "Failed",
                "2026-01-01T00:00:02Z",
                json!([exited("proxy", 0, "Completed"), exited("e2e", 137, "OOMKilled")]),
            ),
            pod(
                "c",
                "Running",
                "2026-01-01T00:00:03Z",
                json!([{"name": "e2e", "state": {"running": {}}}]),
            ),
        ];
        let all = telling(&pods).expect("there are pods");
        assert_eq!((all.pod.as_str(), all.container.as_str(), all.has_log), ("b", "e2e", true));
        assert_eq!(all.state, "e2e exited with 137 (OOMKilled)");
        let first = telling(&pods[..1]).expect("there is one");
        assert_eq!((first.pod.as_str(), first.state.as_str()), ("a", "e2e exited with 1"));
        assert_eq!(telling(&[]), None);
    }

    #[test]
    fn a_pod_that_does_not_run_says_why() {
        let waiting = json!([{"name": "e2e", "state": {"waiting": {"reason": "ErrImagePull", "message": "no\nsuch"}}}]);
        let found = telling(&[pod("a", "Pending", "", waiting)]).expect("there is one");
        assert_eq!(
            (found.state.as_str(), found.has_log),
            ("e2e waits: ErrImagePull, no such", false)
        );
        let mut unplaced = pod("a", "Pending", "", json!([]));
        unplaced["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]);
        let found = telling(&[unplaced]).expect("there is one");
        assert_eq!(found.state, "no node takes it: 0/1 nodes are available");
    }
}
