//! `/status` and `/scale` of a version.

use serde_json::Value;

use super::found::{Finding, Found};
use super::{Effect, Example, Place, Rule, RuleId, Version, names};

pub(super) const STATUS: Rule = Rule {
    id: "crd-status-subresource",
    place: Place::Version,
    title: "The status is, or is no longer, written apart from the rest",
    why: "\
With the subresource a controller must write to `/status`, and what others write into `status` is dropped in silence. Without it
that address does not exist and controllers that use it fail.",
    found: Example { before: "subresources: {status: {}}\n", after: "subresources: {}\n" },
    effect: Effect::Tightening,
    passes: Example {
        before: "subresources: {status: {}}\n",
        after: "subresources: {status: {}, scale: {specReplicasPath: .spec.n, statusReplicasPath: .status.n}}\n",
    },
};

pub(super) const SCALE: Rule = Rule {
    id: "crd-scale-subresource",
    place: Place::Version,
    title: "Objects can be scaled, can no longer, or by other fields",
    why: "\
Autoscalers, disruption budgets and `kubectl scale` read and write the count of replicas here and fail without it.",
    found: Example {
        before: "subresources: {scale: {specReplicasPath: .spec.n, statusReplicasPath: .status.n}}\n",
        after: "subresources: {}\n",
    },
    effect: Effect::Tightening,
    passes: Example { before: "subresources: {}\n", after: "subresources: {status: {}}\n" },
};

pub(super) fn compare(old: &Version, new: &Version, found: &mut Found) {
    let field = |version: &'_ Version, name: &str| {
        let subresources = version.rest.get("subresources").and_then(Value::as_object);
        subresources.and_then(|all| all.get(name)).filter(|value| !value.is_null()).cloned()
    };
    let mut fields: Vec<String> = Vec::new();
    for version in [old, new] {
        let subresources = version.rest.get("subresources").and_then(Value::as_object);
        fields.extend(subresources.into_iter().flatten().map(|(name, _)| name.clone()));
    }
    fields.sort();
    fields.dedup();
    for name in fields {
        let path = format!("spec.versions[].subresources.{name}");
        let (was, is) = (field(old, &name), field(new, &name));
        let (was, is) = (was.as_ref(), is.as_ref());
        if was == is {
            continue;
        }
        let rule = match name.as_str() {
            "status" => RuleId::StatusSubresource,
            "scale" => RuleId::ScaleSubresource,
            _ => {
                names::unknown(&path, was, is, found);
                continue;
            }
        };
        let (effect, message) = match (rule, was, is) {
            (_, Some(_), None) => (Effect::Tightening, format!("/{name} is gone")),
            // A manifest seldom holds a status; controllers come with their definition.
            (RuleId::StatusSubresource, None, _) => {
                (Effect::Neutral, "/status is new: status written elsewhere is dropped".to_owned())
            }
            (_, None, _) => (Effect::Loosening, format!("/{name} is new")),
            _ => (Effect::Neutral, format!("/{name} uses other fields")),
        };
        found.add(Finding { rule, effect, path: &path, was, is, message });
    }
}
