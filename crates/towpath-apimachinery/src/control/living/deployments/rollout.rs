//! How many pods each ReplicaSet of a Deployment has, step by step.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/deployment/rolling.go`, `recreate.go`, `sync.go`.

use serde_json::Value;

use super::{DESIRED, MAXIMUM, Work, annotate, annotation, revision, tell};
use crate::control::living::desk::{Desk, MANAGER, Seen, int, text};
use crate::control::living::pods::PODS;
use crate::deletion::How;
use crate::object;

/// Whether pods of a ReplicaSet are still there.
pub(super) fn has_pods(desk: &Desk<'_>, set: &Seen<'_>) -> bool {
    int(&set.value, &["spec", "replicas"]) > 0
        || desk
            .owned(set.uid(), PODS)
            .any(|pod| !matches!(pod.head.field("status.phase"), "Succeeded" | "Failed"))
}

fn wanted(set: &Seen<'_>) -> i64 {
    int(&set.value, &["spec", "replicas"])
}

fn available(set: &Seen<'_>) -> i64 {
    int(&set.value, &["status", "availableReplicas"])
}

/// Takes the next step, and clears away ReplicaSets that nobody goes back to.
pub(super) fn scale<'m>(desk: &mut Desk<'m>, work: &mut Work<'_, 'm>, is_paused: bool) {
    let replicas = work.replicas();
    let (surge, missing) = work.slack();
    let mut sizes: Vec<i64> = work.old.iter().map(wanted).collect();
    let mut size = work.new.as_ref().map_or(0, wanted);
    let is_made = work.made.is_some();
    if let Some(change) = rescaled(work) {
        // Somebody asked for another number in the middle: what is there is stretched first.
        let active: Vec<usize> = (0..sizes.len()).filter(|at| sizes[*at] > 0).collect();
        match active.as_slice() {
            [] => size = replicas,
            [only] if work.new.as_ref().is_none_or(|new| wanted(new) == 0) => {
                sizes[*only] = replicas
            }
            _ if change > 0 => size += change,
            active => {
                let mut rest = -change;
                for at in active {
                    let less = rest.min(sizes[*at]);
                    sizes[*at] -= less;
                    rest -= less;
                }
                size = (size - rest).max(0);
            }
        }
    } else if is_paused || is_made {
        // It waits.
    } else if text(&work.value, &["spec", "strategy", "type"]) == "Recreate" {
        sizes.fill(0);
        if work.new.is_some() {
            size = replicas;
        }
    } else if work.new.is_some() {
        let total: i64 = sizes.iter().sum::<i64>() + size;
        if size > replicas {
            size = replicas;
        } else if size < replicas && total < replicas + surge {
            size += (replicas + surge - total).min(replicas - size);
        } else {
            shrink(work, &mut sizes, replicas - missing);
        }
    }
    let name = |set: &Seen<'_>| set.name().to_owned();
    let mut sets: Vec<(String, Seen<'m>, i64)> = Vec::new();
    for (set, size) in work.old.iter().zip(&sizes) {
        sets.push((name(set), set.clone(), *size));
    }
    if let Some(new) = &work.new {
        sets.push((name(new), new.clone(), size));
    }
    for (name, mut set, size) in sets {
        let before = int(&set.value, &["spec", "replicas"]);
        if before != size {
            let spec = object::child(object::map(&mut set.value), "spec");
            spec.insert("replicas".into(), size.into());
            let way = if size > before { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {name} from {before} to {size}");
            tell(desk, &work.value, false, "ScalingReplicaSet", &message);
        }
        if size > 0 {
            for (field, number) in [(DESIRED, replicas), (MAXIMUM, replicas + surge)] {
                if annotation(&set.value, field) != number.to_string() {
                    annotate(&mut set.value, field, number.to_string());
                }
            }
        }
        let seconds = int(&work.value, &["spec", "minReadySeconds"]);
        let is_new = work.new.as_ref().is_some_and(|new| new.name() == name);
        if is_new && int(&set.value, &["spec", "minReadySeconds"]) != seconds {
            let spec = object::child(object::map(&mut set.value), "spec");
            spec.insert("minReadySeconds".into(), seconds.into());
        }
        let Some(was) = desk.see(&set.resource.id, set.namespace(), set.name()) else { continue };
        desk.exchange(&was, set.value, MANAGER);
    }
    clean(desk, work, replicas);
}

/// By how much the number that was asked for changed since the ReplicaSets were told.
fn rescaled(work: &Work<'_, '_>) -> Option<i64> {
    let sets = work.old.iter().chain(&work.new);
    let told = sets.filter(|set| wanted(set) > 0).find_map(|set| {
        let told: i64 = annotation(&set.value, DESIRED).parse().ok()?;
        (told != work.replicas()).then_some(told)
    });
    told.map(|told| work.replicas() - told)
}

/// Takes pods from old ReplicaSets, those that do not work first.
fn shrink(work: &Work<'_, '_>, sizes: &mut [i64], least: i64) {
    let Some(new) = &work.new else { return };
    let total: i64 = sizes.iter().sum::<i64>() + wanted(new);
    let mut rest = total - least - (wanted(new) - available(new)).max(0);
    for (set, size) in work.old.iter().zip(sizes.iter_mut()) {
        let less = (*size - available(set)).clamp(0, rest.max(0));
        *size -= less;
        rest -= less;
    }
    let working: i64 = work.old.iter().chain(&work.new).map(available).sum();
    let mut rest = (working - least).min(rest);
    for size in sizes.iter_mut() {
        let less = (*size).clamp(0, rest.max(0));
        *size -= less;
        rest -= less;
    }
}

/// Deletes old ReplicaSets beyond those that are kept to go back to.
fn clean<'m>(desk: &mut Desk<'m>, work: &Work<'_, 'm>, replicas: i64) {
    let Some(new) = &work.new else { return };
    if available(new) < replicas || wanted(new) != replicas {
        return;
    }
    let limit = work.value.pointer("/spec/revisionHistoryLimit").and_then(Value::as_i64);
    let Ok(limit) = usize::try_from(limit.unwrap_or(10)) else { return };
    let mut idle: Vec<&Seen<'m>> = work
        .old
        .iter()
        .filter(|set| wanted(set) == 0 && int(&set.value, &["status", "replicas"]) == 0)
        .filter(|set| !set.is_deleted())
        .filter(|set| int(&set.value, &["status", "observedGeneration"]) >= set.generation())
        .collect();
    idle.sort_by_key(|set| revision(&set.value));
    let excess = work.old.len().saturating_sub(limit).min(idle.len());
    for set in idle.into_iter().take(excess) {
        desk.delete(set, How::default());
    }
}
