//! The words of [`Jobs`] as assertions, for every implementation of it.
//!
//! Only the port is used, and the part of a cluster that says how Jobs are. What only a cluster has (rights, logs, lost
//! contact) is tested with the adapter.

use std::time::Duration;

use serde_json::{Value, json};
use towpath_core::id::ClusterName;
use towpath_engine::ports::jobs::{End, JobAt, Jobs, JobsError, Started, Waited};

/// A test that has not seen what it waits for by then has failed.
const GUARD: Duration = Duration::from_secs(60);
/// Long enough to look once, and nothing is told after it.
const MOMENT: Duration = Duration::from_millis(300);

/// What says how Jobs are: the controller of a cluster.
pub trait Controller: Sync {
    /// A Job has this status from now on.
    fn set(&self, at: &JobAt, status: Value);
}

/// A Job in the namespace `default` of the cluster `staging`.
///
/// # Panics
/// Never: the names are names.
#[must_use]
pub fn at(name: &str) -> JobAt {
    JobAt {
        cluster: ClusterName::parse("staging").expect("a name"),
        namespace: "default".to_owned(),
        name: name.to_owned(),
    }
}

/// Its manifest.
#[must_use]
pub fn manifest(at: &JobAt) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "e2e", "image": "e2e:1"}]});
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": at.name, "namespace": at.namespace},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    })
}

/// The status of a Job that has ended.
#[must_use]
pub fn over(of_type: &str, reason: &str) -> Value {
    let time = "2026-11-22T12:00:00Z";
    let condition = |of_type: &str| {
        json!({
            "type": of_type, "status": "True", "reason": reason, "message": "as it is",
            "lastProbeTime": time, "lastTransitionTime": time,
        })
    };
    match of_type {
        "Failed" => json!({
            "failed": 1, "startTime": time, "conditions": [condition("FailureTarget"), condition(of_type)],
        }),
        "Complete" => json!({
            "succeeded": 1, "startTime": time, "completionTime": time,
            "conditions": [condition("SuccessCriteriaMet"), condition(of_type)],
        }),
        _ => json!({"succeeded": 1, "startTime": time, "conditions": [condition(of_type)]}),
    }
}

/// All clauses, one after the other, on clusters that have none of these Jobs.
///
/// # Errors
/// Those of the implementation.
///
/// # Panics
/// Where the implementation does not hold.
pub fn run(jobs: &(impl Jobs + Sync), controller: &impl Controller) -> Result<(), JobsError> {
    let [one, two, three] = ["one", "two", "three"].map(at);
    let start = |at: &JobAt| jobs.start(at, &manifest(at));
    assert_eq!(start(&one)?, Started::Created);
    assert_eq!(start(&one)?, Started::AlreadyThere, "a name is one Job");
    assert_eq!(start(&two)?, Started::Created);
    let stand =
        |all: &[JobAt], long| jobs.wait(all, long).into_iter().collect::<Result<Vec<_>, _>>();
    assert_eq!(stand(&[one.clone(), two.clone()], MOMENT)?, [Waited::NotYet, Waited::NotYet]);

    // Whoever waits is told, without asking.
    let passed = Waited::Ended(End { passed: true, failed_pods: 0, why: String::new() });
    let failed = Waited::Ended(End {
        passed: false,
        failed_pods: 1,
        why: "as it is (BackoffLimitExceeded)".to_owned(),
    });
    let waited = std::thread::scope(|scope| {
        let waits = scope.spawn(|| stand(&[one.clone(), two.clone()], GUARD));
        controller.set(&two, over("Failed", "BackoffLimitExceeded"));
        controller.set(&one, over("Complete", "CompletionsReached"));
        waits.join().expect("it does not panic")
    })?;
    assert_eq!(waited, [passed.clone(), failed]);
    assert_eq!(start(&one)?, Started::AlreadyThere, "one that has ended is there");
    assert_eq!(stand(std::slice::from_ref(&one), GUARD)?, std::slice::from_ref(&passed));

    assert_eq!(start(&three)?, Started::Created);
    controller.set(&three, over("SuccessCriteriaMet", "CompletionsReached"));
    assert_eq!(stand(std::slice::from_ref(&three), GUARD)?, [passed], "it cannot fail any more");

    // Pods that were never made say nothing.
    assert_eq!(jobs.said(&two)?, towpath_engine::ports::jobs::Said::default());

    jobs.delete(&one)?;
    jobs.delete(&one)?;
    assert_eq!(stand(std::slice::from_ref(&one), GUARD)?, [Waited::Gone]);
    assert_eq!(start(&one)?, Started::Created, "a name is free again");
    let waited = std::thread::scope(|scope| {
        let waits = scope.spawn(|| stand(std::slice::from_ref(&one), GUARD));
        jobs.delete(&one)?;
        waits.join().expect("it does not panic")
    })?;
    assert_eq!(waited, [Waited::Gone]);

    let mut none = manifest(&one);
    none["spec"] = json!({"template": {"spec": {}}});
    assert!(jobs.start(&one, &none).is_err(), "what is no Job is not created");
    Ok(())
}
