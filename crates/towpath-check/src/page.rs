//! What the documentation says of each rule, of whatever kind, in one form.
//!
//! `towpath explain-rule`, the pages below `docs/rules` and the reports of other programs are written from it. The words are
//! the rules' own; must not add any that a rule could say better.

use crate::{Rule, rules};
use towpath_schema::crd::{Effect, Example, RuleId};

/// The page of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rule's id.
    pub id: String,
    /// How much its findings matter: `error`, `warning` or `info`.
    pub severity: &'static str,
    /// What it finds, in one line.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// YAML or words that it finds.
    pub fails: String,
    /// What it does not find.
    pub passes: String,
}

/// The pages of all rules in order of id; behind them those of definitions of custom resources, in theirs.
#[must_use]
pub fn pages() -> Vec<Page> {
    rules().iter().map(of).chain(RuleId::ALL.iter().map(|id| of_change(*id))).collect()
}

/// The page of an id.
#[must_use]
pub fn page(id: &str) -> Option<Page> {
    crate::rule(id).map(of).or_else(|| of_definition(id).map(of_change))
}

/// The rule of [`towpath_schema::crd`] that an id names: `crd-enum-value-removed`.
#[must_use]
pub fn of_definition(id: &str) -> Option<RuleId> {
    RuleId::ALL.iter().copied().find(|rule| rule.as_str() == id)
}

fn of(rule: &Rule) -> Page {
    Page {
        id: rule.id.to_owned(),
        severity: rule.severity.as_str(),
        title: rule.title,
        why: rule.why.trim(),
        fix: rule.fix.trim(),
        fails: rule.example_bad.trim_end().to_owned(),
        passes: rule.example_good.trim_end().to_owned(),
    }
}

fn of_change(id: RuleId) -> Page {
    let rule = id.rule();
    let tightens = rule.effect == Effect::Tightening;
    Page {
        id: rule.id.to_owned(),
        severity: if tightens { "error" } else { "info" },
        title: rule.title,
        why: rule.why.trim(),
        fix: if tightens {
            "Mend the custom resources that the new definition refuses before it arrives, or put the change into a new\n\
             version and keep serving the old one."
        } else {
            "Nothing has to be done: custom resources that were accepted still are."
        },
        fails: change(&rule.found),
        passes: change(&rule.passes),
    }
}

fn change(example: &Example) -> String {
    let (before, after) = (example.before.trim_end(), example.after.trim_end());
    format!("# before\n{before}\n# after\n{after}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{page, pages};

    #[test]
    fn every_rule_has_one_page_that_is_found_by_its_id() {
        let pages = pages();
        let ids: BTreeSet<&str> = pages.iter().map(|page| page.id.as_str()).collect();
        assert_eq!(ids.len(), pages.len());
        for known in &pages {
            assert_eq!(page(&known.id).as_ref(), Some(known));
            assert!(crate::is_rule(&known.id), "{}", known.id);
        }
        assert_eq!(page("crd-nothing"), None);
    }
}
