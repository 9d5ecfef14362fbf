//! Policies that came, changed or went, and the objects that they may match.
//!
//! Which they match is said by `reach.rs`, as far as it can be read; that a policy matches an object does not mean that
//! the object breaks it.

use towpath_catalog::GroupVersionKind;

use super::changed::{Pair, ids, pairs};
use super::reach::{self, Reach};
use super::{Cause, Collected, How, Side};
use crate::given::Given;
use crate::look;
use crate::subject::{Head, Subject, TargetId};

/// Adds the objects that changed policies may match.
pub(super) fn add(before: &Given, after: &Given, all: &mut Collected<'_>) {
    for pair in pairs(before, after, |head| is_policy(&head.gvk())) {
        let Some(how) = how(&pair) else { continue };
        let sides: Vec<(&Given, &Subject)> =
            [(before, pair.was), (after, pair.is)].into_iter().filter_map(side).collect();
        let Some((_, policy)) = sides.last() else { continue };
        let policy = policy.head.reference();
        let reaches: Vec<Reach<'_>> =
            sides.iter().flat_map(|(given, subject)| reaches(given, subject)).collect();
        if reaches.is_empty() {
            all.not_seen.insert(format!(
                "whom the change of {policy} concerns: it is bound to nothing that is seen"
            ));
        }
        for (number, subject) in after.subjects.iter().enumerate() {
            if is_policy(&subject.head.gvk()) && subject.head.kind != "Namespace" {
                continue;
            }
            if !reaches.iter().any(|reach| reach.takes(after, subject)) {
                continue;
            }
            let own = ids(after, &subject.head);
            let targets: Vec<TargetId> =
                pair.targets.iter().copied().filter(|id| own.contains(id)).collect();
            if !targets.is_empty() {
                let cause = Cause::Policy { policy: policy.clone(), how: how.clone() };
                all.add(Side::After, number, targets, cause);
            }
        }
    }
}

fn side<'g>(
    (given, subject): (&'g Given, Option<&'g Subject>),
) -> Option<(&'g Given, &'g Subject)> {
    Some((given, subject?))
}

/// Whether a kind says what others may do or get.
fn is_policy(kind: &GroupVersionKind<'_>) -> bool {
    match kind.group {
        "kyverno.io" => matches!(kind.kind, "ClusterPolicy" | "Policy"),
        "policies.kyverno.io" => kind.kind.ends_with("Policy"),
        "constraints.gatekeeper.sh" => true,
        "templates.gatekeeper.sh" => kind.kind == "ConstraintTemplate",
        "admissionregistration.k8s.io" => kind.kind.contains("AdmissionPolicy"),
        "networking.k8s.io" => kind.kind == "NetworkPolicy",
        "" => matches!(kind.kind, "LimitRange" | "ResourceQuota" | "Namespace"),
        _ => false,
    }
}

/// What became of a policy; `None` where what it demands is the same.
fn how(pair: &Pair<'_>) -> Option<How> {
    let head = &pair.is.or(pair.was)?.head;
    let is_namespace = is_namespace(head);
    let paths = match (pair.was, pair.is) {
        (Some(was), Some(is)) if is_namespace => pod_security(was, is),
        (Some(was), Some(is)) => super::content(&was.value, &is.value),
        // That a namespace comes or goes is no policy.
        _ if is_namespace => return None,
        (None, _) => return Some(How::Added),
        (_, None) => return Some(How::Removed),
    };
    (!paths.is_empty()).then_some(How::Changed { paths })
}

fn is_namespace(head: &Head) -> bool {
    (head.gvk().group, head.kind.as_str()) == ("", "Namespace")
}

/// The labels of pod security that differ (`kubernetes/pod-security-admission:api/constants.go`).
fn pod_security(was: &Subject, is: &Subject) -> Vec<String> {
    let labels = |subject: &Subject| {
        let mut labels =
            look::at(&subject.value, &["metadata", "labels"]).cloned().unwrap_or_default();
        if let Some(labels) = labels.as_object_mut() {
            labels.retain(|key, _| key.starts_with("pod-security.kubernetes.io/"));
            return serde_json::Value::Object(std::mem::take(labels));
        }
        serde_json::json!({})
    };
    look::differences(&labels(was), &labels(is), "metadata.labels")
}

/// What a policy matches. One that others make effective matches what these say.
fn reaches<'g>(given: &'g Given, policy: &'g Subject) -> Vec<Reach<'g>> {
    let kind = policy.head.gvk();
    let of_kind = |wanted: Box<dyn Fn(&Subject) -> bool + 'g>| {
        let shared = |it: &&Subject| {
            let own = ids(given, &policy.head);
            ids(given, &it.head).iter().any(|id| own.contains(id))
        };
        given.subjects.iter().filter(move |it| wanted(it)).filter(shared).collect::<Vec<_>>()
    };
    match (kind.group, kind.kind) {
        ("templates.gatekeeper.sh", _) => {
            let made = look::text(&policy.value, &["spec", "crd", "spec", "names", "kind"]);
            let constraints = of_kind(Box::new(move |it| {
                it.head.gvk().group == "constraints.gatekeeper.sh" && Some(&*it.head.kind) == made
            }));
            constraints.into_iter().map(Reach::of).collect()
        }
        ("admissionregistration.k8s.io", binding) if binding.ends_with("Binding") => {
            let name = look::text(&policy.value, &["spec", "policyName"]);
            let kind = binding.trim_end_matches("Binding");
            let policies =
                of_kind(Box::new(move |it| it.head.kind == kind && Some(&*it.head.name) == name));
            let narrowed = |of| Reach::of(of).narrowed(reach::of_binding(&policy.value));
            policies.into_iter().map(narrowed).collect()
        }
        ("admissionregistration.k8s.io", _) => {
            let (kind, name) = (format!("{}Binding", policy.head.kind), &policy.head.name);
            let bindings = of_kind(Box::new(move |it| {
                it.head.kind == kind && look::text(&it.value, &["spec", "policyName"]) == Some(name)
            }));
            let narrowed = |binding: &'g Subject| {
                Reach::of(policy).narrowed(reach::of_binding(&binding.value))
            };
            bindings.into_iter().map(narrowed).collect()
        }
        _ => vec![Reach::of(policy)],
    }
}
