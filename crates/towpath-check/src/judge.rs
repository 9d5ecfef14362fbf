//! Rules over objects, run.
//!
//! Objects can be judged one by one, in any order and by several threads of the caller; [`arranged`] gives the findings
//! their order afterwards. Must not decide what a finding means for a promotion.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use towpath_core::finding::Finding;

use crate::given::Given;
use crate::subject::{Head, Subject};
use crate::{Check, Rule, rules};

/// The rules that are asked for.
#[derive(Debug, Clone)]
pub struct Chosen(Vec<&'static Rule>);

impl Chosen {
    /// Every rule.
    #[must_use]
    pub fn all() -> Self {
        Self::where_id(|_| true)
    }

    /// Those whose id is wanted.
    #[must_use]
    pub fn where_id(wanted: impl Fn(&str) -> bool) -> Self {
        Self(rules().iter().filter(|rule| wanted(rule.id)).collect())
    }

    /// Whether findings of this rule are asked for.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|rule| rule.id == id)
    }

    /// Whether the rules that are asked for look at no more of an object than who it is.
    #[must_use]
    pub fn needs_heads_only(&self) -> bool {
        self.0.iter().all(|rule| matches!(rule.check, Check::Head(_) | Check::Met))
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
        Check::Head(check) => Some(check(&subject.head, given)),
        Check::Object(check) => Some(check(subject, given)),
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
    found.sort_by(|a, b| {
        let key = |f: &Finding| (Reverse(f.severity), f.rule);
        (key(a), &a.at, &a.object, &a.field, &a.message).cmp(&(
            key(b),
            &b.at,
            &b.object,
            &b.field,
            &b.message,
        ))
    });
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

/// How many findings there are of each rule.
#[must_use]
pub fn by_rule(found: &[Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in found {
        *counts.entry(finding.rule).or_default() += 1;
    }
    counts
}
