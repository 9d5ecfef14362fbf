//! Tags that are not versions: what they name changes without a commit.

use towpath_core::finding::{Finding, Severity};
use towpath_core::tracking::Tracking;

use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "moving-tag",
    severity: Severity::Warning,
    title: "An artifact is taken by a tag that can move",
    why: "\
A tag such as `latest`, or no reference at all, names whatever was pushed last. The environment changes
without a commit, its clusters may differ from each other, and going back is not possible because Git does
not say what ran before.",
    fix: "\
Name a release by its version (`tag: 1.2.3`), follow a range, or add the digest.",
    example_bad: "\
kind: OCIRepository
spec:
  url: oci://ghcr.io/acme/platform
  ref:
    tag: latest
",
    example_good: "\
kind: OCIRepository
spec:
  url: oci://ghcr.io/acme/platform
  ref:
    tag: 1.2.3
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for pin in &context.resolved.pins {
        let Tracking::Exact(exact) = &pin.tracking else { continue };
        let by_tag = matches!(pin.field.as_str(), "spec.ref" | "spec.ref.tag" | "spec.sync.ref");
        let fixed = exact.version.is_some() || exact.digest.is_some() || exact.commit.is_some();
        let is_oci = pin.object.kind == "OCIRepository" || pin.object.kind == "FluxInstance";
        let what = match exact.tag.as_deref() {
            // What is substituted is not known here.
            Some(tag) if tag.contains("${") => continue,
            Some(tag) => format!("by the tag {tag}, which can move"),
            None => "without a reference, which is the tag latest".to_owned(),
        };
        if !by_tag || fixed || !is_oci {
            continue;
        }
        found.push(Finding {
            rule: RULE.id,
            severity: RULE.severity,
            environments: vec![pin.environment.clone()],
            object: Some(pin.object.as_ref().clone()),
            field: None,
            at: pin.at.clone(),
            message: format!("{} takes {} {what}", pin.environment, pin.component),
            fix: "name a version, a range or a digest".to_owned(),
        });
    }
    found
}
