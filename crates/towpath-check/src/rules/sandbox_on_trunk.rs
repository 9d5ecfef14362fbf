//! What belongs to a sandbox and reached the trunk: its folder, a copied `gotk-sync.yaml`, a source
//! that follows its branch.

use towpath_core::finding::{Finding, Severity};
use towpath_core::path::Environment;
use towpath_core::pin::Location;
use towpath_discovery::facts::{Detail, Source, SourceKind};
use towpath_discovery::inventory::{FoundBy, Inventory, Placed};
use towpath_discovery::resolve::ClusterOnPath;

use crate::sight::clusters;
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "sandbox-on-trunk",
    severity: Severity::Error,
    title: "A sandbox's folder, gotk-sync.yaml or branch reference is on the trunk",
    why: "\
A sandbox is a disposable clone on a branch of its own. Merged with the change it was made for, its
folder stays on the trunk after its cluster is gone. A copied `gotk-sync.yaml` names the folder of
another cluster, so whoever bootstraps from it gets that cluster's content. And an environment whose
source follows the sandbox's branch stops at the last commit of that branch, or fails when it is deleted.
On the sandbox's own branch all of this is in its place and is not found.",
    fix: "\
Merge with `towpath sandbox promote`, which takes the change without the sandbox. On the trunk, remove the
sandbox's folder, and let the source follow the trunk again.",
    example_bad: "\
# clusters/development/platform.yaml, on main
spec:
  ref:
    branch: PLAT-123-add-keda
",
    example_good: "\
# clusters/development/platform.yaml, on main
spec:
  ref:
    branch: main
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.on_trunk {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (cluster, environment) in clusters(context.resolved) {
        if environment.sandbox {
            found.extend(folder(context.inventory, cluster, environment));
        } else {
            found.extend(copied(context.inventory, cluster));
            found.extend(branches(context, cluster));
        }
    }
    found
}

fn folder(
    inventory: &Inventory,
    cluster: &ClusterOnPath,
    environment: &Environment,
) -> Option<Finding> {
    let folder = &cluster.found.folder;
    let sync = cluster.found.root.map(|root| inventory.object(root).at());
    let first = || {
        let id = *inventory.files_below(folder).first()?;
        let start = Location { file: inventory.file(id).path.clone(), line: 1, column: 1 };
        Some(inventory.objects_of(id).next().map_or(start, |placed| placed.at()))
    };
    let with = if sync.is_some() { " with its gotk-sync.yaml" } else { "" };
    Some(Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: vec![environment.name.clone()],
        object: None,
        field: None,
        at: sync.or_else(first)?,
        message: format!("the folder {folder} of sandbox {} is on the trunk{with}", cluster.name),
        fix: format!("remove {folder} from the trunk; `towpath sandbox promote` leaves it out"),
    })
}

fn copied(inventory: &Inventory, cluster: &ClusterOnPath) -> Option<Finding> {
    let placed = inventory.object(cluster.found.root?);
    let Detail::Kustomization(kustomization) = &placed.object.detail else { return None };
    let path = kustomization.path.as_ref()?;
    if cluster.found.found_by != FoundBy::CopiedGotkSync {
        return None;
    }
    let folder = &cluster.found.folder;
    Some(Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: vec![cluster.environment.clone()],
        object: Some(placed.object.reference()),
        field: None,
        at: path.key.in_file(placed.file),
        message: format!(
            "the gotk-sync.yaml in {folder} leads to {}, another cluster's folder",
            path.value
        ),
        fix: format!("remove it, and bootstrap the cluster with the path {folder}"),
    })
}

/// Sources of this repository that follow another branch than the trunk.
fn branches(context: &Context<'_>, cluster: &ClusterOnPath) -> Vec<Finding> {
    let Context { inventory, resolved, .. } = context;
    let trunk = &resolved.path.trunk;
    let mut found = Vec::new();
    for placed in inventory.objects(&cluster.found.applied) {
        let Detail::Source(source) = &placed.object.detail else { continue };
        let Some(branch) = &source.reference.branch else { continue };
        if branch.value == trunk.as_str() || !follows_branch(inventory, source) {
            continue;
        }
        let of_sandbox = is_ticket(&branch.value) || names_sandbox(context, &branch.value);
        // A cluster may be synchronised from a branch of its own on purpose.
        if cluster.found.root_source == Some(placed.id) && !of_sandbox {
            continue;
        }
        found.push(branch_finding(context, cluster, placed, &branch.value, of_sandbox, {
            branch.key.in_file(placed.file)
        }));
    }
    found
}

fn branch_finding(
    context: &Context<'_>,
    cluster: &ClusterOnPath,
    placed: Placed<'_>,
    branch: &str,
    of_sandbox: bool,
    at: Location,
) -> Finding {
    let trunk = &context.resolved.path.trunk;
    let environment = &cluster.environment;
    let what = if of_sandbox { ", a branch made for one change," } else { "" };
    Finding {
        rule: RULE.id,
        severity: if of_sandbox { RULE.severity } else { Severity::Warning },
        environments: vec![environment.clone()],
        object: Some(placed.object.reference()),
        field: None,
        at,
        message: format!("{environment} follows {branch}{what} and not the trunk {trunk}"),
        fix: format!("let it follow {trunk}"),
    }
}

/// Whether the branch decides what the source gives, and is a branch of this repository.
fn follows_branch(inventory: &Inventory, source: &Source) -> bool {
    let r = &source.reference;
    let others = [&r.commit, &r.name, &r.semver, &r.tag];
    source.kind == SourceKind::GitRepository
        && others.iter().all(|field| field.is_none())
        && source.url.as_ref().is_some_and(|url| inventory.is_this_repository(&url.value))
}

/// Whether the branch begins with a ticket: capitals, a hyphen, digits, as `PLAT-123-add-keda`.
fn is_ticket(branch: &str) -> bool {
    let last = branch.rsplit('/').next().unwrap_or(branch);
    let mut parts = last.split('-');
    let (project, number) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    project.len() > 1
        && project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.chars().all(capital)
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit())
}

fn names_sandbox(context: &Context<'_>, branch: &str) -> bool {
    let mut parts = branch.split(['/', '-', '_', '.']);
    let sandboxes = || context.resolved.path.environments().iter().filter(|e| e.sandbox);
    parts.any(|part| part == "sandbox") || sandboxes().any(|e| branch == e.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_ticket;

    #[test]
    fn tickets() {
        for (branch, want) in [
            ("PLAT-123-add-keda", true),
            ("feature/PLAT-123", true),
            ("main", false),
            ("release-1", false),
            ("A-1", false),
            ("RELEASE-next", false),
        ] {
            assert_eq!(is_ticket(branch), want, "{branch}");
        }
    }
}
