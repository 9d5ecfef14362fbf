//! Production on a range or a branch: what it runs changes without a promotion.

use towpath_core::finding::{Finding, Severity};
use towpath_core::pin::NotEditable;
use towpath_core::tracking::Policy;

use crate::sight::environment_of;
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "production-not-exact",
    severity: Severity::Warning,
    title: "A production environment follows a range or a branch",
    why: "\
A production environment that follows a range takes every release in it, and one that follows a branch
takes every commit, at the moment it is published: no gate is asked, nobody approves, and Git does not
say which version runs. An exact version makes each change of production a commit that can be planned,
approved and undone.",
    fix: "\
Promote: `towpath promote production` replaces the range by the exact version in one edit. Where
`towpath.yaml` states `exact` already, the finding stays until that promotion closes the difference. If
the environment is not production, state `production: false` for it.",
    example_bad: "\
# clusters/production/platform.yaml
spec:
  ref:
    semver: 0.0.x
",
    example_good: "\
# clusters/production/platform.yaml
spec:
  ref:
    tag: 0.0.8
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for pin in &context.resolved.pins {
        let Some(environment) = environment_of(context.resolved, pin) else { continue };
        let (policy, value) = (pin.tracking.policy(), pin.tracking.value());
        if !environment.production || policy == Policy::Exact {
            continue;
        }
        let word = if policy == Policy::Branch { "branch" } else { "range" };
        let (name, component) = (&environment.name, &pin.component);
        let message = match environment.stated {
            Some(Policy::Exact) => format!(
                "towpath.yaml states exact for {name}, and Git has {component} on the {word} {value}"
            ),
            _ => format!("{name} has {component} on the {word} {value}, not on an exact version"),
        };
        found.push(Finding {
            rule: RULE.id,
            severity: RULE.severity,
            environments: vec![name.clone()],
            object: Some(pin.object.as_ref().clone()),
            field: None,
            at: pin.at.clone(),
            message,
            fix: match &pin.splices {
                Ok(_) if environment.stated == Some(Policy::Exact) => {
                    format!("promote {name}, which makes the version of {component} exact")
                }
                Ok(_) => format!(
                    "state `tracks: exact` for {name} in towpath.yaml (`towpath init` does), and promote it"
                ),
                Err(NotEditable::OwnSource) => format!(
                    "give what {name} runs a source of its own, such as an OCIRepository, and pin that"
                ),
                Err(why) => format!("write an exact version by hand, because {why}"),
            },
        });
    }
    found
}
