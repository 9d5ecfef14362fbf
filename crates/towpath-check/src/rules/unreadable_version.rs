//! Ranges and branches that Flux would refuse.

use towpath_core::finding::{Finding, Severity};
use towpath_core::tracking::Tracking;

use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unreadable-version",
    severity: Severity::Error,
    title: "A range or branch is none that Flux can read",
    why: "\
Flux cannot use the value: the source or HelmRelease stalls, and the environment stays on what it has
without saying so in Git. Values with a substitution (`${VERSION}`) are not judged, because their text
is only known in the cluster.",
    fix: "\
Write a range as Flux reads it (`1.2.x`, `>=1.0.0 <2.0.0`), or a branch name that Git allows.",
    example_bad: "\
spec:
  ref:
    semver: 1.2.3.x
",
    example_good: "\
spec:
  ref:
    semver: 1.2.x
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for pin in &context.resolved.pins {
        let Tracking::Exact(exact) = &pin.tracking else { continue };
        let Some(text) = exact.tag.as_deref() else { continue };
        let last = pin.field.rsplit('.').next().unwrap_or_default();
        let what = match last {
            "semver" | "version" => "range",
            "branch" => "branch",
            "digest" => "digest",
            _ => continue,
        };
        let read = exact.version.is_some() || exact.digest.is_some();
        if read || text.contains("${") {
            continue;
        }
        found.push(Finding {
            rule: RULE.id,
            severity: RULE.severity,
            environments: vec![pin.environment.clone()],
            object: Some(pin.object.as_ref().clone()),
            field: None,
            at: pin.at.clone(),
            message: format!("`{text}` is no {what} that Flux can read"),
            fix: format!("correct the {what}"),
        });
    }
    found
}
