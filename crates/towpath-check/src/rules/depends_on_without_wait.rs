//! A dependency that is applied, but not waited for, before what uses its types.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::finding::{Finding, Severity};
use towpath_discovery::facts::{Detail, ResourceType};
use towpath_discovery::inventory::{FileId, Inventory};

use crate::sight::{Step, by_name, clusters, is_custom, list, steps, target};
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "depends-on-without-wait",
    severity: Severity::Warning,
    title: "dependsOn on a provider of custom resources that nothing waits for",
    why: "\
`dependsOn` waits until the other Kustomization is ready. Without `wait`, `healthChecks` or
`healthCheckExprs` that one is ready as soon as its objects are applied: a HelmRelease in it may not have
begun to install its CustomResourceDefinitions, and a definition may not be established. The dependent
Kustomization then fails its dry run on a new cluster, because the types of its objects are unknown.",
    fix: "\
Set `wait: true` on the Kustomization that is depended on, or list the HelmReleases that bring the types
under its `healthChecks`.",
    example_bad: "\
metadata:
  name: platform-services # a HelmRelease of Kyverno
spec:
  path: ./platform/services
---
metadata:
  name: platform-service-configs # a ClusterPolicy
spec:
  dependsOn:
    - name: platform-services
",
    example_good: "\
metadata:
  name: platform-services
spec:
  path: ./platform/services
  wait: true
---
metadata:
  name: platform-service-configs
spec:
  dependsOn:
    - name: platform-services
",
    check: Check::Repository(check),
};

/// What the files of a Kustomization bring and need.
#[derive(Default)]
struct Content {
    provides: BTreeSet<ResourceType>,
    helm_releases: bool,
    /// Types that are used and not defined beside their use.
    uses: BTreeSet<ResourceType>,
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut known: BTreeMap<&[FileId], Content> = BTreeMap::new();
    let mut found = Vec::new();
    for (cluster, environment) in clusters(context.resolved) {
        let steps: Vec<Step<'_>> = steps(context.inventory, cluster).collect();
        if steps.iter().all(|step| step.what.depends_on.is_empty()) {
            continue;
        }
        let named = by_name(&steps);
        for step in &steps {
            let object = step.placed.object;
            for dependency in &step.what.depends_on {
                let Some(on) = named.get(&target(object, dependency)) else { continue };
                if on.what.wait || on.what.health_checks || on.what.health_check_exprs {
                    continue;
                }
                for files in [&on.followed.content, &step.followed.content] {
                    known.entry(files).or_insert_with(|| content(context.inventory, files));
                }
                let (provider, user) =
                    (&known[&*on.followed.content], &known[&*step.followed.content]);
                let kinds = kinds_at_risk(provider, user);
                if kinds.is_empty() {
                    continue;
                }
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.kind.as_str()).collect();
                let by = if provider.helm_releases { "HelmReleases" } else { "definitions" };
                let on = &on.placed.object.name;
                found.push(Finding {
                    rule: RULE.id,
                    severity: RULE.severity,
                    environments: vec![environment.name.clone()],
                    object: Some(object.reference()),
                    field: None,
                    at: dependency.at.in_file(step.placed.file),
                    message: format!(
                        "{} uses {} and depends on {on}, whose {by} nothing waits for",
                        object.name,
                        list(&kinds)
                    ),
                    fix: format!(
                        "set `wait: true` on {on}, or list its HelmReleases under healthChecks"
                    ),
                });
            }
        }
    }
    found
}

/// The types that may not be there yet: those the provider defines, and any others where its charts
/// may define them.
fn kinds_at_risk<'a>(provider: &Content, user: &'a Content) -> Vec<&'a ResourceType> {
    let at_risk = |kind: &&ResourceType| provider.helm_releases || provider.provides.contains(kind);
    user.uses.iter().filter(at_risk).collect()
}

fn content(inventory: &Inventory, files: &[FileId]) -> Content {
    let mut content = Content::default();
    for placed in inventory.objects(files) {
        let object = placed.object;
        match &object.detail {
            Detail::Crd(kind) => {
                content.provides.insert(kind.clone());
            }
            Detail::Promise(promise) => content.provides.extend(promise.api.clone()),
            Detail::HelmRelease(_) => content.helm_releases = true,
            _ => {}
        }
        if is_custom(object) {
            let (group, kind) = (object.group().to_owned(), object.kind.clone());
            content.uses.insert(ResourceType { group, kind });
        }
    }
    // Flux applies definitions before the objects of one Kustomization that need them.
    content.uses.retain(|kind| !content.provides.contains(kind));
    content
}
