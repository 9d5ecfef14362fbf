//! Rules about the order in which Flux delivers: what the walk through a cluster's Kustomizations meets on its way
//! (`towpath_render::flux::TroubleKind`). Here are their pages; they are found where clusters are rendered.
//! What is said of Helm releases under the same ids is found by [`super::helm_dependencies`].

use towpath_core::finding::Severity;

use super::helm_dependencies;
use crate::{Check, Rule};

pub(super) const BEFORE_DEFINITION: Rule = Rule {
    id: "before-definition",
    severity: Severity::Warning,
    title: "An object may be applied before the definition of its kind",
    why: "\
On a new cluster the first attempt fails with `no matches for kind`, and everything of that Kustomization waits for the
next interval. In a sandbox, which is always a new cluster, that is each time.",
    fix: "\
Let the Kustomization of the object depend on the one that creates the CustomResourceDefinition, and let that one wait.",
    example_bad: "\
kind: Kustomization # its folder has a ClusterPolicy of kyverno.io
metadata: {name: policies}
spec: {path: ./policies}
",
    example_good: "\
kind: Kustomization
metadata: {name: policies}
spec:
  path: ./policies
  dependsOn: [{name: kyverno}] # which has `wait: true`
",
    check: Check::Met,
};

pub(super) const BEFORE_NAMESPACE: Rule = Rule {
    id: "before-namespace",
    severity: Severity::Warning,
    title: "An object may be applied before its namespace",
    why: "\
On a new cluster the first attempt fails with `namespaces \"x\" not found`, and everything of that Kustomization waits for
the next interval.",
    fix: "Let the Kustomization of the object depend on the one that creates the namespace, or create it beside the object.",
    example_bad: "\
kind: Kustomization # its folder has objects in namespace `monitoring`, which another one creates
metadata: {name: dashboards}
spec: {path: ./dashboards}
",
    example_good: "\
kind: Kustomization
metadata: {name: dashboards}
spec:
  path: ./dashboards
  dependsOn: [{name: monitoring}]
",
    check: Check::Met,
};

pub(super) const CANNOT_RENDER: Rule = Rule {
    id: "cannot-render",
    severity: Severity::Error,
    title: "A Kustomization cannot be rendered",
    why: "Flux will fail in the same way, and the cluster keeps what it has: nothing of the change arrives.",
    fix: "Mend what the message names; `towpath render CLUSTER` shows the same.",
    example_bad: "\
kind: Kustomization # kustomize.config.k8s.io
resources: [missing.yaml]
",
    example_good: "\
kind: Kustomization # kustomize.config.k8s.io
resources: [deployment.yaml]
",
    check: Check::Met,
};

pub(super) const DEPENDENCY_CYCLE: Rule = Rule {
    id: "dependency-cycle",
    severity: Severity::Error,
    title: "Kustomizations or Helm releases wait for each other",
    why: "Each waits until the next is ready, and none of them ever is. Flux reports `dependency not ready` without an end.",
    fix: "Take one of the dependencies out, or move what both need into one of its own.",
    example_bad: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: a}, dependsOn: [{name: b}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: b}, dependsOn: [{name: a}]}
",
    example_good: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: a}, dependsOn: [{name: b}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: b}}
",
    check: Check::Objects(helm_dependencies::cycles),
};

pub(super) const MISSING_DEPENDENCY: Rule = Rule {
    id: "missing-dependency",
    severity: Severity::Error,
    title: "A Kustomization or Helm release depends on one that nothing creates",
    why: "It waits for what never comes. Flux reports `dependency not found`, and nothing of it is applied.",
    fix: "Add what is depended on, mend its name or namespace, or take the dependency out.",
    example_bad: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: web}, dependsOn: [{name: redsi}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: redis, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: redis}}
",
    example_good: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: web}, dependsOn: [{name: redis}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: redis, namespace: apps}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: redis}}
",
    check: Check::Objects(helm_dependencies::missing),
};

pub(super) const MISSING_PATH: Rule = Rule {
    id: "missing-path",
    severity: Severity::Error,
    title: "The folder of a Kustomization does not exist",
    why: "Flux reports `kustomization path not found`. What the folder used to hold stays in the cluster and is not updated.",
    fix: "Mend `spec.path`, or add the folder. A Kustomization that is not wanted any more is deleted itself.",
    example_bad: "\
kind: Kustomization
spec: {path: ./app/staging} # the folder is apps/staging
",
    example_good: "\
kind: Kustomization
spec: {path: ./apps/staging}
",
    check: Check::Met,
};

pub(super) const TWO_OWNERS: Rule = Rule {
    id: "two-owners",
    severity: Severity::Error,
    title: "Two Kustomizations of a cluster apply the same object",
    why: "\
Each puts the object back to its own version whenever it reconciles, and when one of the two is deleted or stops listing the
object, pruning deletes it under the other.",
    fix: "Leave the object in one of the two, and let the other one depend on it where it needs to be there.",
    example_bad: "\
# apps/a/namespace.yaml and apps/b/namespace.yaml, applied by two Kustomizations
kind: Namespace
metadata: {name: shared}
",
    example_good: "\
# infrastructure/namespaces/shared.yaml, applied by one Kustomization that both depend on
kind: Namespace
metadata: {name: shared}
",
    check: Check::Met,
};
