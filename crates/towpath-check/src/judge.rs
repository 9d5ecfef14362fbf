//! Rules over objects, run.
//!
//! Objects can be judged one by one, in any order and by several threads of the caller; [`arranged`] gives the findings
//! their order afterwards. Must not decide what a finding means for a promotion.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use towpath_core::finding::Finding;
use towpath_core::id::{EnvironmentName, RepoPath};
use towpath_core::pin::ObjectRef;

use crate::given::Given;
use crate::subject::{Head, Source, Subject};
use crate::{Check, Rule, rules};
use towpath_schema::crd::RuleId;

/// The rules that are asked for.
#[derive(Debug, Clone)]
pub struct Chosen(Vec<&'static Rule>, BTreeSet<&'static str>);

impl Chosen {
    /// Every rule, those of [`towpath_schema::crd`] included.
    #[must_use]
    pub fn all() -> Self {
        Self::where_id(|_| true)
    }

    /// Those whose id is wanted.
    #[must_use]
    pub fn where_id(wanted: impl Fn(&str) -> bool) -> Self {
        let chosen: Vec<&'static Rule> = rules().iter().filter(|rule| wanted(rule.id)).collect();
        let of_definitions = RuleId::ALL.iter().map(|id| id.rule().id).filter(|id| wanted(id));
        let ids = chosen.iter().map(|rule| rule.id).chain(of_definitions).collect();
        Self(chosen, ids)
    }

    /// Whether every rule is asked for.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.len() == rules().len()
    }

    /// Whether findings of this rule are asked for.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.1.contains(id)
    }

    /// Whether the rules that are asked for look at no more of an object than who it is. Those over what discovery found
    /// look at no object.
    #[must_use]
    pub fn needs_heads_only(&self) -> bool {
        let is_enough = |check| matches!(check, Check::Head(_) | Check::Met | Check::Repository(_));
        self.0.iter().all(|rule| is_enough(rule.check))
    }
}

/// What the rules find that ask only who an object is.
#[must_use]
pub fn head(chosen: &Chosen, head: &Head, given: &Given) -> Vec<Finding> {
    let found = chosen.0.iter().filter_map(|rule| match rule.check {
        Check::Head(check) => Some(check(head, given)),
        _ => None,
    });
    found.flatten().collect()
}

/// What the rules find that look at one object at a time.
#[must_use]
pub fn one(chosen: &Chosen, subject: &Subject, given: &Given) -> Vec<Finding> {
    let found = chosen.0.iter().filter_map(|rule| match rule.check {
        // In which version a cluster hands out an object says nothing: its writers do, by `live::heads`.
        Check::Head(_) if subject.head.source == Source::Served => None,
        Check::Head(check) => Some(check(&subject.head, given)),
        Check::Object(check) | Check::Part(check) => Some(check(subject, given)),
        _ => None,
    });
    found.flatten().collect()
}

/// What the rules find in an object of a file that no cluster is given: it may be a part of one, so nothing is said of what
/// it lacks.
#[must_use]
pub fn part(chosen: &Chosen, subject: &Subject, given: &Given) -> Vec<Finding> {
    let found = chosen.0.iter().filter_map(|rule| match rule.check {
        Check::Head(check) => Some(check(&subject.head, given)),
        Check::Part(check) => Some(check(subject, given)),
        _ => None,
    });
    found.flatten().collect()
}

/// What the rules find that look at all objects together.
#[must_use]
pub fn together(chosen: &Chosen, given: &Given) -> Vec<Finding> {
    let found = chosen.0.iter().filter_map(|rule| match rule.check {
        Check::Objects(check) => Some(check(given)),
        _ => None,
    });
    found.flatten().collect()
}

/// The findings in their order: errors first, then rule by rule and place by place. What is said twice of one place is
/// said once, of the environments of both.
#[must_use]
pub fn arranged(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by(in_order);
    found.dedup_by(|again, first| {
        let same = again.rule == first.rule
            && again.at == first.at
            && again.object == first.object
            && again.field == first.field
            && again.message == first.message;
        if same {
            for name in again.environments.drain(..) {
                if !first.environments.contains(&name) {
                    first.environments.push(name);
                }
            }
        }
        same
    });
    found
}

/// The order of findings: errors first, then rule by rule and place by place.
#[must_use]
pub fn in_order(a: &Finding, b: &Finding) -> Ordering {
    let key = |f: &Finding| (Reverse(f.severity), f.rule);
    (key(a), &a.at, &a.object, &a.field, &a.message).cmp(&(
        key(b),
        &b.at,
        &b.object,
        &b.field,
        &b.message,
    ))
}

/// The findings that were not there before: what is said of the same object, or of no object in the same file, in the same
/// words, counts as the same wherever its lines have moved to. One that now concerns another environment, too, is new.
#[must_use]
pub fn new_since(before: &[Finding], now: Vec<Finding>) -> Vec<Finding> {
    let mut known: BTreeMap<_, (usize, BTreeSet<&EnvironmentName>)> = BTreeMap::new();
    for finding in before {
        let (count, environments) = known.entry(same(finding)).or_default();
        *count += 1;
        environments.extend(&finding.environments);
    }
    // The comparison borrows what is kept: which ones are new is known before anything moves.
    let mut new = Vec::with_capacity(now.len());
    for finding in &now {
        let is_known = known.get_mut(&same(finding)).is_some_and(|(count, environments)| {
            let all = finding.environments.iter().all(|name| environments.contains(name));
            let known = all && *count > 0;
            *count -= usize::from(known);
            known
        });
        new.push(!is_known);
    }
    now.into_iter().zip(new).filter_map(|(finding, new)| new.then_some(finding)).collect()
}

/// What makes two findings of two states one.
fn same(finding: &Finding) -> (&str, Option<&ObjectRef>, Option<&str>, Option<&RepoPath>, &str) {
    let file = finding.object.is_none().then_some(&finding.at.file);
    (finding.rule, finding.object.as_ref(), finding.field.as_deref(), file, &finding.message)
}
