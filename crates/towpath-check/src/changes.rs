//! What a change of definitions of custom resources does: to whoever writes such resources, and to those that exist.
//!
//! [`findings`] compares two states of the same clusters. What changed is told once for all clusters where it changed in
//! the same way; what exists and would be refused is told at its own place, also in environments that the change has not
//! reached yet: it will.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;
use towpath_core::pin::ObjectRef;

use crate::given::{Defined, Given};
use crate::judge::Chosen;
use crate::rules::{BROKEN_RESOURCE, DEFINITION_REMOVED};
use crate::subject::{Source, Subject, TargetId};
use towpath_schema::crd::{Broken, Change, Effect, Fails, broken, compare};

/// Two definitions of one kind, by their places in the two states.
type Pair = (usize, Option<usize>);

/// What changed from `before` to `after`.
#[must_use]
pub fn findings(chosen: &Chosen, before: &Given, after: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    for (key, was) in &before.definitions {
        let is = after.definitions.get(key).map_or(&[][..], Vec::as_slice);
        for ((old, new), environments) in pairs(before, after, was, is) {
            let old = &was[old];
            match new.map(|new| &is[new]) {
                Some(new) if old.definition != new.definition => {
                    changed(chosen, old, new, &environments, &mut found);
                    refused(old, new, after, &mut found);
                }
                Some(_) => {}
                None => removed(old, &environments, after, &mut found),
            }
        }
    }
    found
}

/// The definitions of one kind that follow each other somewhere, with the environments where they do. A cluster that is
/// gone has nothing to follow.
fn pairs(
    before: &Given,
    after: &Given,
    was: &[Defined],
    is: &[Defined],
) -> BTreeMap<Pair, Vec<EnvironmentName>> {
    let mut found: BTreeMap<Pair, Vec<EnvironmentName>> = BTreeMap::new();
    for (target, old_id) in before.targets.iter().zip((0..).map(TargetId)) {
        let Some(old) = was.iter().position(|defined| defined.is_for(old_id)) else { continue };
        let now = after.targets.iter().position(|t| t.place == target.place);
        let Some(new_id) = now.and_then(|now| u32::try_from(now).ok()).map(TargetId) else {
            continue;
        };
        let new = is.iter().position(|defined| defined.is_for(new_id));
        let environments = found.entry((old, new)).or_default();
        if let Some(name) = target.environment()
            && !environments.contains(name)
        {
            environments.push(name.clone());
        }
    }
    found
}

fn changed(
    chosen: &Chosen,
    old: &Defined,
    new: &Defined,
    environments: &[EnvironmentName],
    found: &mut Vec<Finding>,
) {
    for change in compare(&old.definition, &new.definition) {
        if !chosen.has(change.rule.rule().id) {
            continue;
        }
        found.push(Finding {
            rule: change.rule.rule().id,
            severity: match change.effect {
                Effect::Tightening => Severity::Error,
                Effect::Loosening | Effect::Neutral => Severity::Info,
            },
            environments: environments.to_vec(),
            object: Some(definition(new)),
            field: None,
            at: new.at.clone(),
            message: words(&change),
            fix: match change.effect {
                Effect::Tightening => {
                    "see who is refused, and mend that before; or add a version and keep this one"
                }
                Effect::Loosening | Effect::Neutral => "nothing has to be done",
            }
            .to_owned(),
        });
    }
}

fn words(change: &Change) -> String {
    let place = if change.path == "." { String::new() } else { format!("{}: ", change.path) };
    let versions = match change.versions.as_slice() {
        [] => String::new(),
        versions => format!(" ({})", versions.join(", ")),
    };
    format!("{}: {place}{}{versions}", change.effect.as_str(), change.message)
}

/// Objects of all clusters that the new definition would not take.
fn refused(old: &Defined, new: &Defined, after: &Given, found: &mut Vec<Finding>) {
    let existing = existing(old, after);
    let values: Vec<Value> = existing.iter().map(|subject| Value::clone(&subject.value)).collect();
    let mut told = BTreeSet::new();
    for (subject, value) in existing.iter().zip(&values) {
        for one in broken(std::slice::from_ref(value), &old.definition, &new.definition) {
            let finding = refusal(subject, new, &one, after);
            if told.insert((finding.at.clone(), finding.object.clone(), finding.message.clone())) {
                found.push(finding);
            }
        }
    }
}

fn existing<'g>(defined: &Defined, given: &'g Given) -> Vec<&'g Subject> {
    let (group, kind) = (defined.definition.group.as_str(), defined.definition.kind.as_str());
    let is_one = |subject: &&Subject| {
        let own = subject.head.gvk();
        (own.group, own.kind) == (group, kind)
    };
    given.subjects.iter().filter(is_one).collect()
}

fn refusal(subject: &Subject, new: &Defined, broken: &Broken, given: &Given) -> Finding {
    let place = if broken.path.is_empty() { String::new() } else { format!("{}: ", broken.path) };
    let (severity, what) = match &broken.fails {
        Fails::Writing => (Severity::Error, "no update of it is accepted any more".to_owned()),
        Fails::Creating { changing: Some(path) } => {
            (Severity::Error, format!("it cannot be created anew, nor {path} be changed"))
        }
        Fails::Creating { changing: None } => {
            (Severity::Error, "it cannot be created anew; updates are accepted".to_owned())
        }
        Fails::Strict => {
            (Severity::Warning, "the field is dropped, or refused by server-side apply".to_owned())
        }
        Fails::Unknown => (Severity::Info, "whether it is refused is not known".to_owned()),
    };
    Finding {
        rule: BROKEN_RESOURCE,
        severity,
        environments: given.environments_of(&subject.head),
        object: Some(subject.head.reference()),
        field: (!broken.path.is_empty()).then(|| broken.path.clone()),
        at: subject.head.at.clone(),
        message: format!("with the definition at {}, {what}: {place}{}", new.at, broken.message),
        fix: "mend the object before the definition changes".to_owned(),
    }
}

fn removed(
    old: &Defined,
    environments: &[EnvironmentName],
    after: &Given,
    found: &mut Vec<Finding>,
) {
    let users: Vec<String> = existing(old, after)
        .into_iter()
        .filter(|subject| {
            let own = after.environments_of(&subject.head);
            subject.head.source == Source::Served
                || own.is_empty()
                || own.iter().any(|name| environments.contains(name))
        })
        .map(|subject| subject.head.reference().to_string())
        .collect();
    const MOST: usize = 3;
    let named = users.iter().take(MOST).cloned().collect::<Vec<_>>();
    let users = match users.len() {
        0 => "nothing that is known is of its kind".to_owned(),
        all if all > MOST => {
            format!("{} and {} more are of its kind", named.join(", "), all - MOST)
        }
        1 => format!("{} is of its kind", named.join(", ")),
        _ => format!("{} are of its kind", crate::sight::list(&named)),
    };
    found.push(Finding {
        rule: DEFINITION_REMOVED,
        severity: Severity::Error,
        environments: environments.to_vec(),
        object: Some(definition(old)),
        field: None,
        at: old.at.clone(),
        message: format!(
            "the definition is gone, and a cluster that prunes it deletes every {} that it has: {users}",
            old.definition.kind
        ),
        fix: "remove the objects first, and the definition when none is left".to_owned(),
    });
}

fn definition(defined: &Defined) -> ObjectRef {
    ObjectRef {
        kind: "CustomResourceDefinition".to_owned(),
        namespace: String::new(),
        name: defined.definition.name.clone(),
    }
}
