//! Whom a change concerns: owners, namespaces, and the objects of theirs that use what changed.
//!
//! [`impact`] asks it of a change, [`users_of`] of a removal that somebody plans. Both name only objects that they are
//! given: an object in a file that no cluster is given harms nobody. What could not be seen is told as such. Must not
//! render, and must not decide whether a change may enter an environment.
//!
//! Next: `impact/owner.rs` for whose an object is, `impact/cause.rs` for what can concern it, `impact/words.rs` for the
//! table and the messages.

mod cause;
mod changed;
mod definitions;
mod owner;
mod policies;
mod reach;
mod releases;
mod removal;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_core::finding::Finding;
use towpath_core::id::EnvironmentName;
use towpath_core::pin::{Location, ObjectRef};

use crate::given::Given;
use crate::look;
use crate::subject::{Source, Subject, TargetId};

pub use cause::{Cause, How};
pub use owner::{Owner, Owners};
pub use removal::{NoRemoval, Removal};
pub use words::{HEADS, Message, markdown, messages, rows, table, text};

use owner::Whose;

/// Whom a change or a planned removal concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// The objects concerned, by owner, namespace and name.
    pub affected: Vec<Affected>,
    /// The environments concerned, in the order of the path.
    pub environments: Vec<EnvironmentName>,
    /// What could not be seen: a fragment each, to stand after `not seen:`.
    pub not_seen: Vec<String>,
}

/// An object that is concerned. An object that has different owners in different environments is there once for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Whose it is.
    pub owner: Owner,
    /// The namespace in which it works; empty where there is none.
    pub namespace: String,
    /// Its `apiVersion`, as written.
    pub api_version: String,
    /// The object.
    pub object: ObjectRef,
    /// Where it begins.
    pub at: Location,
    /// How it is known.
    pub source: Source,
    /// The environments in which it is concerned, in the order of the path; none where there is no path.
    pub environments: Vec<EnvironmentName>,
    /// Why, at least once.
    pub because: Vec<Because>,
}

/// Why an object is concerned, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Why.
    pub cause: Cause,
    /// The environments, in the order of the path.
    pub environments: Vec<EnvironmentName>,
}

/// The rules whose findings say that somebody's object uses an API that goes. Findings of others concern nobody.
pub const RULES: [&str; 2] = [REMOVED, DEPRECATED];
const REMOVED: &str = "removed-api";
const DEPRECATED: &str = "deprecated-api";

/// Whom a change concerns.
///
/// `after` is the path with the change, `before` without it; clusters that only one of them has are not compared.
/// Without `before` only `findings` count, which are those about `after`. A finding about an object that is not among
/// those of `after` concerns nobody.
#[must_use]
pub fn impact(
    after: &Given,
    before: Option<&Given>,
    findings: &[Finding],
    owners: &Owners,
) -> Impact {
    let mut all = Collected::new(after, before, owners);
    all.findings(after, findings);
    if let Some(before) = before {
        definitions::add(before, after, &mut all);
        policies::add(before, after, &mut all);
        releases::add(before, after, &mut all);
    }
    all.impact()
}

/// Who uses what somebody plans to remove. What Helm has stored and what clusters say counts, as far as it is given.
#[must_use]
pub fn users_of(given: &Given, what: &Removal, owners: &Owners) -> Impact {
    let mut all = Collected::new(given, None, owners);
    for (number, subject) in given.subjects.iter().enumerate() {
        let head = &subject.head;
        // How it was written is told by others.
        if head.source != Source::Served && what.takes(head, || look::plural(head, given)) {
            let cause =
                Cause::PlannedRemoval { what: what.to_string(), instead: what.instead(head) };
            all.add(Side::After, number, changed::ids(given, head), cause);
        }
    }
    all.impact()
}

/// The paths at which the content of two objects differs: not who they are, nor what a cluster says of them.
fn content(was: &Value, is: &Value) -> Vec<String> {
    let content = |value: &Value| {
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|key, _| {
                !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status")
            });
        }
        value
    };
    look::differences(&content(was), &content(is), "")
}

/// The state that an object is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// Objects that only this side has are gone with the change.
    Before,
    After,
}

/// Why an object is concerned, and who has it.
type Causes = Vec<(Cause, BTreeSet<TargetId>)>;

/// What was found so far. Targets are always those of the state after.
struct Collected<'g> {
    after: &'g Given,
    before: Option<&'g Given>,
    whose: Whose<'g>,
    found: BTreeMap<(Side, usize), Causes>,
    not_seen: BTreeSet<String>,
}

impl<'g> Collected<'g> {
    fn new(after: &'g Given, before: Option<&'g Given>, owners: &'g Owners) -> Self {
        let whose = Whose::new(after, owners);
        Self { after, before, whose, found: BTreeMap::new(), not_seen: BTreeSet::new() }
    }

    fn add(&mut self, side: Side, subject: usize, targets: Vec<TargetId>, cause: Cause) {
        let causes = self.found.entry((side, subject)).or_default();
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, known)) => known.extend(targets),
            None => causes.push((cause, targets.into_iter().collect())),
        }
    }

    fn findings(&mut self, after: &'g Given, findings: &[Finding]) {
        type Place<'p> = (&'p Location, &'p str, &'p str, &'p str);
        let mut subjects: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
        for (number, subject) in after.subjects.iter().enumerate() {
            let head = &subject.head;
            let place = (&head.at, &*head.kind, &*head.namespace, &*head.name);
            subjects.entry(place).or_default().push(number);
        }
        for finding in findings {
            let (message, fix) = (finding.message.clone(), finding.fix.clone());
            let cause = match finding.rule {
                REMOVED => Cause::RemovedApi { message, fix },
                DEPRECATED => Cause::DeprecatedApi { message, fix },
                _ => continue,
            };
            let Some(object) = &finding.object else { continue };
            let place = (&finding.at, &*object.kind, &*object.namespace, &*object.name);
            let all = subjects.get(&place).map_or(&[][..], Vec::as_slice);
            // A cluster says of one object how each of its writers wrote it; the message begins with the version.
            let is_meant = |number: &&usize| {
                let version = &after.subjects[**number].head.api_version;
                finding.message.strip_prefix(&**version).is_some_and(|rest| rest.starts_with(' '))
            };
            let meant: Vec<&usize> = all.iter().filter(is_meant).collect();
            for number in if meant.is_empty() { all.iter().collect() } else { meant } {
                let concerned = |id: &TargetId| {
                    let environment = after.target(*id).and_then(|target| target.environment());
                    finding.environments.is_empty()
                        || environment.is_some_and(|name| finding.environments.contains(name))
                };
                let head = &after.subjects[*number].head;
                let targets: Vec<TargetId> =
                    changed::ids(after, head).into_iter().filter(concerned).collect();
                // The same place is given by several renderings, each for clusters of its own.
                if !targets.is_empty() || after.targets.is_empty() {
                    self.add(Side::After, *number, targets, cause.clone());
                }
            }
        }
    }

    fn subject(&self, side: Side, number: usize) -> Option<&'g Subject> {
        let given = match side {
            Side::Before => self.before?,
            Side::After => self.after,
        };
        given.subjects.get(number)
    }

    fn impact(self) -> Impact {
        type Who = (Owner, String, ObjectRef, Location, String, Source);
        let mut rows: BTreeMap<Who, Causes> = BTreeMap::new();
        for ((side, number), causes) in &self.found {
            let Some(subject) = self.subject(*side, *number) else { continue };
            let head = &subject.head;
            for (cause, targets) in causes {
                let mut by_owner: BTreeMap<Owner, BTreeSet<TargetId>> = BTreeMap::new();
                for target in targets {
                    let owner = self.whose.owner(subject, Some(*target));
                    by_owner.entry(owner).or_default().insert(*target);
                }
                if targets.is_empty() {
                    by_owner.insert(self.whose.owner(subject, None), BTreeSet::new());
                }
                for (owner, targets) in by_owner {
                    let namespace = look::namespace(head, &subject.value).to_owned();
                    let (at, api) = (head.at.clone(), head.api_version.clone());
                    let who = (owner, namespace, head.reference(), at, api, head.source.clone());
                    let because = rows.entry(who).or_default();
                    match because.iter_mut().find(|(known, _)| known == cause) {
                        Some((_, known)) => known.extend(targets),
                        None => because.push((cause.clone(), targets)),
                    }
                }
            }
        }
        let mut everywhere = BTreeSet::new();
        let affected = rows
            .into_iter()
            .map(|((owner, namespace, object, at, api_version, source), because)| {
                let all: BTreeSet<TargetId> =
                    because.iter().flat_map(|(_, targets)| targets).copied().collect();
                everywhere.extend(&all);
                let because = because
                    .into_iter()
                    .map(|(cause, targets)| Because {
                        cause,
                        environments: self.environments(&targets),
                    })
                    .collect();
                let environments = self.environments(&all);
                Affected {
                    owner,
                    namespace,
                    api_version,
                    object,
                    at,
                    source,
                    environments,
                    because,
                }
            })
            .collect();
        let environments = self.environments(&everywhere);
        Impact { affected, environments, not_seen: self.not_seen.into_iter().collect() }
    }

    fn environments(&self, targets: &BTreeSet<TargetId>) -> Vec<EnvironmentName> {
        let mut found: Vec<EnvironmentName> = Vec::new();
        for name in targets.iter().filter_map(|id| self.after.target(*id)?.environment()) {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }
}
