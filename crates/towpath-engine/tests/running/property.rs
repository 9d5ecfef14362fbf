//! Over all that a `Kustomization` can say: nothing but the very revision and generation is ever healthy.

use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_core::running::Health;

use crate::support::{condition, entry, kustomization, release, runs, source, workload};

fn of_generation() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(1_i64), 1 => Just(2), 1 => Just(-1)]
}

fn of_revision() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(8_u8), 1 => Just(7), 1 => Just(9)]
}

prop_compose! {
    fn said()(
        generation in of_generation(),
        observed in of_generation(),
        of_ready in proptest::option::of(of_generation()),
        ready in prop_oneof![4 => Just("True"), 1 => Just("False"), 1 => Just("Unknown"), 1 => Just("")],
        reconciling in any::<bool>(),
        (applied, attempted, told, fetched) in
            (of_revision(), of_revision(), of_revision(), of_revision()),
        deleting in proptest::bool::weighted(0.1),
        (pods, is_available) in (1_i64..3, any::<bool>()),
        failed in proptest::option::of(0_i64..200),
    ) -> (Vec<Value>, bool) {
        let mut object = kustomization("a", &release(applied), 150);
        object["metadata"]["generation"] = json!(generation);
        if deleting {
            object["metadata"]["deletionTimestamp"] = json!("2026-11-21T12:00:00Z");
        }
        object["status"]["observedGeneration"] = json!(observed);
        object["status"]["lastAttemptedRevision"] = json!(release(attempted));
        object["status"]["conditions"][0]["status"] = json!(ready);
        object["status"]["conditions"][0]["message"] = json!(format!("Applied revision: {}", release(told)));
        if let Some(of_ready) = of_ready {
            object["status"]["conditions"][0]["observedGeneration"] = json!(of_ready);
        }
        if reconciling {
            let all = object["status"]["conditions"].as_array_mut().expect("it is a list");
            all.push(condition("Reconciling", "True", "Progressing", 1));
        }
        object["status"]["inventory"] = json!({"entries": [{"id": "apps_web_apps_Deployment"}]});
        let mut history = vec![entry(&release(applied), "a", "ReconciliationSucceeded", 5, 150)];
        history.extend(failed.map(|last| entry(&release(applied), "a", "HealthCheckFailed", last, last)));
        object["status"]["history"] = json!(history);
        let well = generation == observed
            && of_ready.is_none_or(|it| it == generation)
            && ready == "True"
            && !reconciling
            && !deleting
            && applied == attempted
            && applied == told
            && applied == fetched
            && pods == 2
            && is_available;
        let web = workload("web", pods, if is_available { "True" } else { "False" }, 1);
        (vec![source(&release(fetched), 0), object, web], well)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn only_the_very_generation_and_revision_is_healthy((all, well) in said()) {
        let running = runs(&all);
        prop_assert_eq!(running.health == Health::Healthy, well, "{:#?}", running);
        prop_assert_eq!(running.ailing.is_empty(), well);
        if let Some(revision) = &running.revision {
            prop_assert_eq!(revision.to_string(), all[1]["status"]["lastAppliedRevision"].as_str().unwrap());
        }
    }

    #[test]
    fn a_gap_always_counts((all, _) in said(), failed in 6_i64..140) {
        let mut all = all;
        let applied = all[1]["status"]["lastAppliedRevision"].as_str().unwrap().to_owned();
        let gap = entry(&applied, "a", "HealthCheckFailed", failed, failed);
        all[1]["status"]["history"] = json!([entry(&applied, "a", "ReconciliationSucceeded", 5, 150), gap]);
        let running = runs(&all);
        if running.health == Health::Healthy {
            prop_assert!(running.since > crate::support::at(failed));
        }
    }

    #[test]
    fn nothing_that_anybody_may_write_is_a_panic(text in ".{0,40}", number in any::<i64>()) {
        let mut all = vec![source(&release(8), 1), kustomization("a", &release(8), 3)];
        for object in &mut all {
            for pointer in ["/metadata/generation", "/status/conditions/0/lastTransitionTime", "/status/lastAppliedRevision"] {
                if let Some(value) = object.pointer_mut(pointer) {
                    *value = if number % 2 == 0 { json!(text) } else { json!(number) };
                }
            }
            object["status"]["inventory"] = json!({"entries": [{"id": text}, number, {"id": number}]});
            object["status"]["history"] = json!([number, {"firstReconciled": text}]);
        }
        prop_assert!(runs(&all).health != Health::Healthy);
    }
}
