//! Rules over what discovery found: findings with file and line.
//!
//! One file for each rule, below `rules/`; [`check`] runs them all. A rule looks at values and says
//! what is wrong, where, and what to do; it must not change anything, read a file, or hide a fact
//! because another rule might tell it: one fact is one finding, by the division that the rules'
//! pages state. The pages of the documentation are generated from [`Rule`].

pub mod changes;
pub mod chart;
pub mod diligence;
pub mod fix;
pub mod given;
pub mod helm;
pub mod immutable;
pub mod impact;
pub mod judge;
pub mod live;
mod look;
pub mod page;
pub mod place;
pub mod projects;
pub mod read;
mod rules;
mod sight;
pub mod silence;
pub mod subject;

use towpath_core::finding::{Finding, Severity};
use towpath_core::stated::Stated;
use towpath_discovery::inventory::Inventory;
use towpath_discovery::resolve::Resolved;

use crate::given::Given;
use crate::subject::{Head, Subject};

pub use rules::rules;

/// What the rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What the repository holds.
    pub inventory: &'a Inventory,
    /// The path it implies.
    pub resolved: &'a Resolved,
    /// What `towpath.yaml` states.
    pub stated: &'a Stated,
    /// Whether the files are those of the trunk. On the branch of a sandbox its folder and its
    /// branch references are where they belong.
    pub on_trunk: bool,
}

/// A rule, with all that its page in the documentation says.
#[derive(Debug)]
pub struct Rule {
    /// Its id, `production-not-exact`.
    pub id: &'static str,
    /// How much its findings matter; a single finding may matter less.
    pub severity: Severity,
    /// What it finds, in one line.
    pub title: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// YAML or words that it finds.
    pub example_bad: &'static str,
    /// The same, mended.
    pub example_good: &'static str,
    /// Finds it.
    pub check: Check,
}

/// How a rule finds what it finds, by what it has to look at.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// What discovery found.
    Repository(fn(&Context<'_>) -> Vec<Finding>),
    /// Who one object is.
    Head(fn(&Head, &Given) -> Vec<Finding>),
    /// One object, or a part of one such as a patch: files that no cluster is given are looked at, too.
    Part(fn(&Subject, &Given) -> Vec<Finding>),
    /// One object.
    Object(fn(&Subject, &Given) -> Vec<Finding>),
    /// All objects together.
    Objects(fn(&Given) -> Vec<Finding>),
    /// Nothing: whoever reads, renders or compares meets it on the way.
    Met,
}

/// Whether an id names a rule, one of definitions of custom resources included.
#[must_use]
pub fn is_rule(id: &str) -> bool {
    rule(id).is_some() || page::of_definition(id).is_some()
}

/// The rule of an id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.id == id)
}

/// What the rules over discovery find: errors first, then rule by rule and place by place. Rules over objects are
/// [`judge`]'s.
#[must_use]
pub fn check(context: &Context<'_>) -> Vec<Finding> {
    let found = rules().iter().filter_map(|rule| match rule.check {
        Check::Repository(check) => Some(check(context)),
        _ => None,
    });
    judge::arranged(found.flatten().collect())
}
