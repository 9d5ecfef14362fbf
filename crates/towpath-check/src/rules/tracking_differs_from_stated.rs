//! An environment that is stated to follow releases in one way, and in Git follows them in another.
//!
//! A production environment that is not exact belongs to `production-not-exact`, whatever is stated.

use std::collections::BTreeMap;

use towpath_core::finding::{Finding, Severity};
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::tracking::Policy;

use crate::sight::environment_of;
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "tracking-differs-from-stated",
    severity: Severity::Warning,
    title: "Git has another tracking policy than towpath.yaml states",
    why: "\
`towpath.yaml` says how an environment is to follow releases, and plans are made by that; the cluster
follows what its source says. Where the two differ, the cluster moves when the plan says it does not, or
stays when the plan says it moves. A stated branch or range is compared with the environment's first
component; a stated `exact` is demanded of all of them.",
    fix: "\
Decide which one is meant. Edit the source so that it follows a branch, a range or an exact version as
stated, or change `tracks` in `towpath.yaml`. Where `exact` is stated, the next promotion makes the edit.",
    example_bad: "\
# towpath.yaml
environments:
  - name: staging
    tracks: semver
---
# clusters/staging/platform.yaml
spec:
  ref:
    tag: 0.0.7
",
    example_good: "\
# clusters/staging/platform.yaml
spec:
  ref:
    semver: 0.0.x
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut first: BTreeMap<&EnvironmentName, &ComponentName> = BTreeMap::new();
    for tracked in &context.resolved.tracked {
        first.entry(&tracked.environment).or_insert(&tracked.component);
    }
    let mut found = Vec::new();
    for pin in &context.resolved.pins {
        let Some(environment) = environment_of(context.resolved, pin) else { continue };
        let Some(stated) = environment.stated else { continue };
        let policy = pin.tracking.policy();
        let compared =
            stated == Policy::Exact || first.get(&pin.environment) == Some(&&pin.component);
        if policy == stated || !compared || (environment.production && policy != Policy::Exact) {
            continue;
        }
        let (name, component) = (&environment.name, &pin.component);
        found.push(Finding {
            rule: RULE.id,
            severity: RULE.severity,
            environments: vec![name.clone()],
            object: Some(pin.object.as_ref().clone()),
            field: None,
            at: pin.at.clone(),
            message: format!(
                "towpath.yaml states {stated} for {name}, and Git has {component} on {}",
                pin.tracking
            ),
            fix: format!(
                "make the source follow {stated}, or change `tracks` of {name} in towpath.yaml"
            ),
        });
    }
    found
}
