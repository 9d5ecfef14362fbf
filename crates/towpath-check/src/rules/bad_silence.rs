//! Silences that say too little, or are over.

use towpath_core::finding::Severity;

use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "bad-silence",
    severity: Severity::Warning,
    title: "A silence gives no reason, names no rule, or is over",
    why: "\
A silence hides a finding from everybody. Without a reason nobody can tell later whether it still holds, and a silence
whose last day has passed was meant to be looked at again. Such a silence silences nothing: the finding counts.",
    fix: "\
Give it a rule and a reason, `# towpath:ignore RULE until 2027-01-31: reason`; the day may be left out. If it is over,
mend what it silenced and take it out, or decide again and give it a new day.",
    example_bad: "\
image: web:latest # towpath:ignore moving-tag
",
    example_good: "\
image: web:latest # towpath:ignore moving-tag until 2027-01-31: the registry has no versions yet
",
    check: Check::Met,
};
