//! Files that are not YAML and that no cluster or component reaches. The others are errors of
//! discovery, not findings.

use std::error::Error as _;

use towpath_core::finding::{Finding, Severity};

use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unreadable-file",
    severity: Severity::Warning,
    title: "A YAML file outside every cluster and component cannot be read",
    why: "\
The file was read to find out whether it belongs to a cluster, and could not be. Nothing that Towpath knows
of uses it, so it stops nothing; but if a cluster or component does use it in a way that Towpath does not
see, what it says is missing from every answer.",
    fix: "\
Mend the file, or move it to a hidden folder if it is not meant for Kubernetes tools.",
    example_bad: "\
# mkdocs.yml
emoji_index: !!python/name:material.extensions.emoji.twemoji
nav: [
",
    example_good: "\
# mkdocs.yml
nav: []
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let finding = |error: &towpath_discovery::facts::FactsError| Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: Vec::new(),
        object: None,
        field: None,
        at: error.at(),
        message: match error.source() {
            Some(fault) => format!("the file cannot be read: {fault}"),
            None => "the file cannot be read".to_owned(),
        },
        fix: "mend the file; nothing that Towpath knows of uses it".to_owned(),
    };
    context.inventory.unreadable.iter().map(finding).collect()
}
