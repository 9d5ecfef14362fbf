//! The phases that Flux objects go through, and what each of them says.

use serde_json::{Value, json};
use towpath_core::running::Health;
use towpath_engine::running::flux;

use crate::support::{
    ailing, at, cluster, condition, entry, helm_release, kustomization, pin, release, runs,
    runs_of, source,
};

fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[key] = value;
    object
}

/// Health, the version, the version that is attempted, and what is not well of a `Kustomization` beside a source of 0.0.8.
fn told(object: Value) -> (Health, Option<String>, Option<String>, Vec<String>) {
    let running = runs(&[source(&release(8), 1), object]);
    let attempted = running.attempted.as_ref().map(|it| it.to_string());
    (running.health, running.short(), attempted, ailing(&running))
}

#[test]
fn what_is_applied_and_ready_is_healthy_since_the_cluster_says_so() {
    let running = runs(&[source(&release(8), 1), kustomization("platform", &release(8), 3)]);
    assert_eq!(running.health, Health::Healthy);
    assert_eq!(running.revision.unwrap().to_string(), release(8));
    assert_eq!(running.version.unwrap().to_string(), "0.0.8");
    assert_eq!((running.since, running.attempted), (at(3), None));
    assert!(running.ailing.is_empty() && !running.suspended);
}

#[test]
fn a_status_counts_for_its_own_generation_and_revision_only() {
    let whole = || kustomization("platform", &release(8), 3);
    let name = "Kustomization flux-system/platform";
    let said = |health: &str, why: &str| vec![format!("{name} {health}: {why}")];
    let eight = || Some("0.0.8".to_owned());
    // The generation that it was made of is another.
    let stale = with(whole(), "/metadata/generation", json!(2));
    let want = said("unknown", "its status is of generation 1, and it is at 2");
    assert_eq!(told(stale), (Health::Unknown, None, None, want));
    // As a controller writes it before it has looked at it at all.
    let new = with(whole(), "/status/observedGeneration", json!(-1));
    let want = said("unknown", "its status is of generation none, and it is at 1");
    assert_eq!(told(new), (Health::Unknown, None, None, want));
    // `Ready` alone is of an older generation.
    let stale = with(whole(), "/status/conditions/0/observedGeneration", json!(0));
    assert_eq!(told(stale).0, Health::Unknown);
    // Another revision was tried, and `Ready` is still true.
    let tried = with(whole(), "/status/lastAttemptedRevision", json!(release(9)));
    let (health, version, attempted, _) = told(tried);
    assert_eq!((health, version, attempted), (Health::Unknown, eight(), Some(release(9))));
    // `Ready` is true of a revision that is not told as applied yet: it is written first.
    let ahead = with(whole(), "/status/lastAppliedRevision", json!(release(7)));
    assert_eq!(told(ahead).0, Health::Unknown);
    let message = json!(format!("Applied revision: {}", release(9)));
    let ahead = with(whole(), "/status/conditions/0/message", message);
    assert_eq!(told(ahead).0, Health::Unknown);
    // Nothing is told.
    assert_eq!(told(with(whole(), "/status", json!({}))).0, Health::Unknown);
    assert_eq!(told(with(whole(), "/status", Value::Null)).0, Health::Unknown);
    assert_eq!(told(with(whole(), "/status/conditions", json!(7))).0, Health::Unknown);
    let untimed = with(whole(), "/status/conditions/0/lastTransitionTime", json!("soon"));
    assert_eq!(told(untimed).0, Health::Unknown);
    let unreadable = kustomization("platform", "0.0.8", 3);
    assert_eq!((told(unreadable.clone()).0, told(unreadable).1), (Health::Unknown, None));
}

#[test]
fn what_is_not_ready_is_on_its_way_or_failed() {
    let phase = |conditions: Value| {
        let object = kustomization("platform", &release(8), 3);
        let (health, .., ailing) = told(with(object, "/status/conditions", conditions));
        (health, ailing[0].clone())
    };
    let ready = |status: &str, reason: &str| condition("Ready", status, reason, 3);
    let name = "Kustomization flux-system/platform";
    for reason in ["BuildFailed", "HealthCheckFailed", "PruneFailed", "ReconciliationFailed"] {
        let want = (Health::Failed, format!("{name} failed: {reason} it is"));
        assert_eq!(phase(json!([ready("False", reason)])), want);
    }
    for reason in ["DependencyNotReady", "ArtifactFailed", "HealthCheckCanceled"] {
        let want = (Health::Progressing, format!("{name} progressing: {reason} it is"));
        assert_eq!(phase(json!([ready("False", reason)])), want);
    }
    let reconciling = condition("Reconciling", "True", "Progressing", 4);
    let want = Health::Progressing;
    assert_eq!(phase(json!([reconciling, ready("Unknown", "Progressing")])).0, want);
    assert_eq!(phase(json!([reconciling, ready("True", "Succeeded")])).0, want);
    let stalled = condition("Stalled", "True", "InvalidCELExpression", 4);
    assert_eq!(phase(json!([ready("True", "Succeeded"), stalled])).0, Health::Failed);
    assert_eq!(phase(json!([])).0, Health::Unknown);
    assert_eq!(phase(json!([ready("Perhaps", "Odd")])).0, Health::Unknown);
}

#[test]
fn a_failure_is_told_before_its_generation_counts_as_observed() {
    let mut object = kustomization("platform", &release(8), 3);
    object["metadata"]["generation"] = json!(2);
    let mut ready = condition("Ready", "False", "BuildFailed", 4);
    ready["observedGeneration"] = json!(2);
    object["status"]["conditions"] = json!([ready]);
    assert_eq!(told(object).0, Health::Failed);
}

#[test]
fn what_is_being_deleted_is_not_healthy() {
    let deleted = with(
        kustomization("platform", &release(8), 3),
        "/metadata/deletionTimestamp",
        json!(at(5).to_string()),
    );
    assert_eq!(told(deleted).0, Health::Progressing);
}

#[test]
fn a_source_that_has_moved_on_is_being_followed_unless_somebody_holds_it() {
    let behind = kustomization("platform", &release(7), 3);
    let (health, version, attempted, ailing) = told(behind.clone());
    let want = (Health::Progressing, Some("0.0.7".to_owned()), Some(release(8)));
    assert_eq!((health, version, attempted), want);
    assert!(ailing[0].ends_with("is fetched, and not applied yet"), "{ailing:?}");
    let held = with(behind, "/spec/suspend", json!(true));
    let running = runs(&[source(&release(8), 1), held]);
    assert_eq!((running.health, running.suspended), (Health::Healthy, true));
    assert_eq!(running.short().unwrap(), "0.0.7");
    // What it says now was not looked at yet.
    let new = with(source(&release(8), 1), "/metadata/generation", json!(2));
    let running = runs(&[new, kustomization("platform", &release(8), 3)]);
    assert_eq!(running.health, Health::Progressing);
}

#[test]
fn a_source_that_cannot_be_fetched_changes_nothing_of_what_runs() {
    let broken = with(
        source(&release(8), 1),
        "/status/conditions",
        json!([condition("Ready", "False", "OCIPullFailed", 9)]),
    );
    let running = runs(&[broken, kustomization("platform", &release(8), 3)]);
    assert_eq!((running.health, running.since), (Health::Healthy, at(3)));
    let want = "OCIRepository flux-system/platform failed: OCIPullFailed it is";
    assert_eq!(ailing(&running), [want]);
}

#[test]
fn the_history_tells_since_when_success_has_no_gap() {
    let ok = "ReconciliationSucceeded";
    let of = |history: Value| {
        // `Ready` turned over a moment ago, as at each reconciliation.
        let object = with(kustomization("platform", &release(8), 90), "/status/history", history);
        let running = runs(&[source(&release(8), 1), object]);
        assert_eq!(running.health, Health::Healthy);
        running.since
    };
    let own = || entry(&release(8), "a", ok, 2, 90);
    assert_eq!(of(json!([own()])), at(2));
    // What was before does not count.
    assert_eq!(of(json!([own(), entry(&release(7), "b", ok, -50, 1)])), at(2));
    // A failure in between does, and so does another content: it is over by the next attempt, 2 minutes later.
    assert_eq!(of(json!([own(), entry(&release(8), "a", "HealthCheckFailed", 20, 30)])), at(32));
    assert_eq!(of(json!([own(), entry(&release(9), "c", ok, 40, 50)])), at(52));
    // Never later than `Ready`, which would not be true otherwise.
    assert_eq!(of(json!([own(), entry(&release(9), "c", ok, 40, 89)])), at(90));
    // The same content under another revision before: this revision is no older than its artifact.
    assert_eq!(of(json!([entry(&release(8), "a", ok, -500, 90)])), at(1));
    // A history that is of something else, or cannot be read, tells nothing.
    assert_eq!(of(json!([entry(&release(7), "b", ok, 2, 3)])), at(90));
    assert_eq!(of(json!([entry(&release(8), "a", "BuildFailed", 2, 3)])), at(90));
    assert_eq!(of(json!([own(), {"digest": "b"}])), at(90));
    assert_eq!(of(json!([])), at(90));
}

#[test]
fn charts_are_what_is_deployed_and_not_what_was_tried() {
    let of = |object: Value| {
        runs_of(&cluster(&[object]), &[pin("HelmRelease", "keda", "keda")]).unwrap()
    };
    let running = of(helm_release("2.10.2"));
    assert_eq!((running.health, running.since), (Health::Healthy, at(5)));
    assert_eq!((running.short().unwrap().as_str(), running.revision), ("2.10.2", None));
    let health = |object| of(object).health;
    let tried = with(helm_release("2.10.2"), "/status/lastAttemptedRevision", json!("2.11.0"));
    assert_eq!(health(tried), Health::Unknown);
    for status in ["failed", "superseded", "pending-upgrade"] {
        let object = with(helm_release("2.10.2"), "/status/history/0/status", json!(status));
        assert_eq!(health(object), Health::Unknown, "{status}");
    }
    let remediated = json!([
        condition("Ready", "True", "RollbackSucceeded", 5),
        condition("Remediated", "True", "RollbackSucceeded", 5),
    ]);
    let rolled_back = with(helm_release("2.10.2"), "/status/conditions", remediated);
    assert_eq!(health(rolled_back), Health::Failed);
    let stale = with(helm_release("2.10.2"), "/metadata/generation", json!(4));
    assert_eq!(health(stale), Health::Unknown);
    assert_eq!(health(with(helm_release("2.10.2"), "/status/history", json!([]))), Health::Unknown);
    // The controller puts the first digits of the artifact's digest behind the version.
    let digest = format!("sha256:{}", "ab".repeat(32));
    let oci =
        with(helm_release("2.10.2+abababababab"), "/status/history/0/ociDigest", json!(digest));
    assert_eq!(of(oci).revision.unwrap().to_string(), format!("2.10.2@{digest}"));
}

#[test]
fn revisions_are_read_in_all_forms() {
    let (commit, digest) = ("1".repeat(40), format!("sha256:{}", "2".repeat(64)));
    let reads = |text: &str, kind: &str| flux::revision(text, kind).map(|it| it.to_string());
    for text in [
        format!("main@sha1:{commit}"),
        format!("refs/heads/dev@sha1:{commit}"),
        format!("sha1:{commit}"),
    ] {
        assert_eq!(reads(&text, "GitRepository"), Some(text.clone()));
    }
    let old = reads(&format!("main/{commit}"), "GitRepository");
    assert_eq!(old, Some(format!("main@sha1:{commit}")));
    for text in [format!("0.0.8@{digest}"), digest.clone()] {
        assert_eq!(reads(&text, "OCIRepository"), Some(text.clone()));
    }
    let both_are_digests = format!("main@{digest}");
    let git = flux::revision(&both_are_digests, "GitRepository").unwrap();
    let oci = flux::revision(&both_are_digests, "OCIRepository").unwrap();
    assert!(!git.is_content_of(&oci));
    for text in ["", "0.0.8", "@", "main@sha1:12", "latest@sha256:12"] {
        assert_eq!(reads(text, "OCIRepository"), None, "{text}");
        assert_eq!(reads(text, "GitRepository"), None, "{text}");
    }
}
