//! The page of what is met when two states of the same object are compared (`immutable.rs`).

use towpath_core::finding::Severity;

use crate::{Check, Rule};

pub(crate) const IMMUTABLE_CHANGE: &str = RULE.id;

pub(super) const RULE: Rule = Rule {
    id: "immutable-change",
    severity: Severity::Error,
    title: "A field changes that the server never lets change",
    why: "\
The API server refuses the update, the Kustomization fails, and everything else of it waits. It is found with `--since`,
where both states are known: selectors of Deployments, DaemonSets and StatefulSets, what else of a StatefulSet is fixed,
templates of Jobs, what a claim asks for, storage classes, `roleRef` of bindings, addresses of Services, types of Secrets,
the contents of what is `immutable: true`. What cannot change of a definition is `crd-scope`, `crd-group` and `crd-names`. An object with the annotation
`kustomize.toolkit.fluxcd.io/force: enabled` is deleted and made anew: a Job is meant to be, for others it is an
information. A Job that removes itself after a while is a warning.",
    fix: "\
Give the object another name, so that the new one is made and the old one pruned; or delete the old one first, in a change
of its own. A StatefulSet can be deleted with `--cascade=orphan`, which keeps its pods and claims.",
    example_bad: "\
# in this change the label `tier` was added to the selector
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {selector: {matchLabels: {app: web, tier: front}}}
",
    example_good: "\
# only the template has the new label
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, tier: front}}}
",
    check: Check::Met,
};
