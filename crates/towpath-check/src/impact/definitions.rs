//! Changed definitions of custom resources, and the objects of these kinds that exist.

use std::collections::BTreeMap;

use serde_json::Value;

use super::changed::{Pair, ids, pairs};
use super::{Cause, Collected, Side};
use crate::given::Given;
use crate::look;
use crate::subject::{Head, Source, Subject, TargetId};
use towpath_schema::crd::{self, Broken, Definition, Effect};

/// Adds the objects of every kind whose definition takes less than before.
pub(super) fn add(before: &Given, after: &Given, all: &mut Collected<'_>) {
    for pair in pairs(before, after, is_definition) {
        let Some(was) = read(pair.was, all) else { continue };
        let users = users(after, &was, &pair.targets);
        if pair.is.is_none() {
            for (number, targets) in users {
                let cause = Cause::DefinitionRemoved { definition: was.name.clone() };
                all.add(Side::After, number, targets, cause);
            }
        } else if let Some(is) = read(pair.is, all) {
            compare(after, &was, &is, &pair, users, all);
        }
    }
}

fn is_definition(head: &Head) -> bool {
    (head.gvk().group, head.kind.as_str()) == ("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// The definition of one side; tells why it could not be read.
fn read(subject: Option<&Subject>, all: &mut Collected<'_>) -> Option<Definition> {
    let subject = subject?;
    match Definition::parse(&subject.value) {
        Ok(definition) => Some(definition),
        Err(error) => {
            let head = &subject.head;
            all.not_seen.insert(format!(
                "whom a change of the definition {} concerns: {error} ({})",
                head.name, head.at
            ));
            None
        }
    }
}

/// The objects of a kind and who of `targets` has them.
fn users(after: &Given, of: &Definition, targets: &[TargetId]) -> Vec<(usize, Vec<TargetId>)> {
    let mut found = Vec::new();
    for (number, subject) in after.subjects.iter().enumerate() {
        let kind = subject.head.gvk();
        // What says only how an object was written is no object.
        let is_object = !matches!(subject.head.source, Source::Live { .. });
        if is_object && kind.group == of.group && kind.kind == of.kind {
            // Which definition a connected cluster gets next is not known: any.
            let is_connected = subject.head.source == Source::Served;
            let own = ids(after, &subject.head).into_iter();
            let own = own.filter(|id| is_connected || targets.contains(id));
            let own: Vec<TargetId> = own.collect();
            if !own.is_empty() {
                found.push((number, own));
            }
        }
    }
    found
}

fn compare(
    after: &Given,
    was: &Definition,
    is: &Definition,
    pair: &Pair<'_>,
    users: Vec<(usize, Vec<TargetId>)>,
    all: &mut Collected<'_>,
) {
    debug_assert!(!pair.targets.is_empty(), "a pair is somewhere");
    let tightening = crd::compare(was, is).into_iter().filter(|it| it.effect == Effect::Tightening);
    let tightening: Vec<_> = tightening.collect();
    let mut broken = broken(after, was, is, &users);
    for (number, targets) in users {
        let head = &after.subjects[number].head;
        if let Some(faults) = broken.remove(&number) {
            for Broken { path, message, fails, .. } in faults {
                let definition = was.name.clone();
                let cause = Cause::Rejected { definition, path, message, fails };
                all.add(Side::After, number, targets.clone(), cause);
            }
            continue;
        }
        let version = head.gvk().version;
        let mine = tightening
            .iter()
            .filter(|it| it.versions.is_empty() || it.versions.iter().any(|name| name == version));
        let changes: Vec<String> = mine.map(|it| format!("{}: {}", it.path, it.message)).collect();
        if !changes.is_empty() {
            let cause = Cause::Definition { definition: was.name.clone(), changes };
            all.add(Side::After, number, targets, cause);
        }
    }
}

/// The faults of objects that a definition brings, by the object.
fn broken(
    after: &Given,
    was: &Definition,
    is: &Definition,
    users: &[(usize, Vec<TargetId>)],
) -> BTreeMap<usize, Vec<Broken>> {
    // Faults name their object by its name, which several environments share: those of one name are judged apart.
    let mut rounds: Vec<BTreeMap<(String, String, String), usize>> = Vec::new();
    for (number, _) in users {
        let value = &*after.subjects[*number].value;
        let name = |path: &[&str]| look::text(value, path).unwrap_or_default().to_owned();
        let own = look::text(value, &["metadata", "name"]);
        let own = own.map_or_else(|| name(&["metadata", "generateName"]), str::to_owned);
        let key = (name(&["apiVersion"]), name(&["metadata", "namespace"]), own);
        match rounds.iter_mut().find(|round| !round.contains_key(&key)) {
            Some(round) => drop(round.insert(key, *number)),
            None => rounds.push(BTreeMap::from([(key, *number)])),
        }
    }
    let mut found: BTreeMap<usize, Vec<Broken>> = BTreeMap::new();
    for round in rounds {
        let value = |number: &usize| Value::clone(&after.subjects[*number].value);
        let objects: Vec<Value> = round.values().map(value).collect();
        for fault in crd::broken(&objects, was, is) {
            let object = &fault.object;
            let namespace = object.namespace.clone().unwrap_or_default();
            let key = (object.api_version.clone(), namespace, object.name.clone());
            if let Some(number) = round.get(&key) {
                found.entry(*number).or_default().push(fault);
            }
        }
    }
    found
}
