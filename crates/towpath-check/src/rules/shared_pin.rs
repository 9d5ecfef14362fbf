//! One place that says the version of several environments.

use std::collections::BTreeMap;

use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;
use towpath_core::pin::{Location, Pin};

use crate::sight::{environment_of, list};
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "shared-pin",
    severity: Severity::Warning,
    title: "Several environments get their version from the same line",
    why: "\
A reference in a base that several environments use moves all of them at once: what enters the first
environment enters the last in the same commit, and there is no path between them. Towpath does not edit
such a line, because a promotion moves one environment. Sandboxes do not count.",
    fix: "\
Say the version in each environment: keep the source in the base without its `ref`, and patch `spec.ref`
(or the chart's version) in every environment's kustomization.",
    example_bad: "\
# base/platform.yaml, a resource of staging and of production
kind: OCIRepository
spec:
  ref:
    semver: 1.x
",
    example_good: "\
# clusters/production/version.yaml, a patch in that folder's kustomization
kind: OCIRepository
spec:
  ref:
    tag: 1.2.3
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut places: BTreeMap<&Location, (&Pin, Vec<&EnvironmentName>)> = BTreeMap::new();
    for pin in &context.resolved.pins {
        if environment_of(context.resolved, pin).is_none_or(|environment| environment.sandbox) {
            continue;
        }
        let (_, environments) = places.entry(&pin.at).or_insert_with(|| (pin, Vec::new()));
        // Pins come environment by environment.
        if environments.last() != Some(&&pin.environment) {
            environments.push(&pin.environment);
        }
    }
    let mut found = Vec::new();
    for (at, (pin, environments)) in places.into_iter().filter(|(_, (_, e))| e.len() > 1) {
        let names: Vec<&str> = environments.iter().map(|name| name.as_str()).collect();
        found.push(Finding {
            rule: RULE.id,
            severity: RULE.severity,
            environments: environments.last().map(|name| (*name).clone()).into_iter().collect(),
            object: Some(pin.object.as_ref().clone()),
            field: None,
            at: at.clone(),
            message: format!(
                "{} get the version of {} from this line",
                list(&names),
                pin.component
            ),
            fix: "patch the version in each environment's kustomization".to_owned(),
        });
    }
    found
}
