//! Silences that nothing needs any more.

use towpath_core::finding::Severity;

use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unused-silence",
    severity: Severity::Info,
    title: "A silence that nothing needs",
    why: "\
What it was for has been mended, or it never fitted: a wrong file, object or environment. Left alone it will silence the
next finding of the rule, which nobody has seen. It is told only where the whole repository was checked by all rules.",
    fix: "\
Take it out.",
    example_bad: "\
image: web:1.2.3 # towpath:ignore moving-tag: the registry has no versions yet
",
    example_good: "\
image: web:1.2.3
",
    check: Check::Met,
};
