//! Pages of what is met when two states of a definition of custom resources are compared (`changes.rs`), besides the rules
//! of [`towpath_schema::crd`].

use towpath_core::finding::Severity;

use crate::{Check, Rule};

pub(crate) const BROKEN_RESOURCE: &str = BROKEN.id;
pub(crate) const DEFINITION_REMOVED: &str = REMOVED.id;

pub(super) const BROKEN: Rule = Rule {
    id: "broken-resource",
    severity: Severity::Error,
    title: "A custom resource that exists would be refused by the changed definition",
    why: "\
What is stored stays stored, but from then on it cannot be created anew, and depending on the change not be updated
either: the next reconciliation of whoever owns it fails. All environments are looked at, also those that the change
has not reached yet.",
    fix: "\
Mend the object first, in a release of its own; or keep the old version of the definition beside the new one and convert.",
    example_bad: "\
# the definition now has `maxLength: 10` for spec.name
apiVersion: example.com/v1
kind: Widget
metadata: {name: web}
spec: {name: a-very-long-name}
",
    example_good: "\
apiVersion: example.com/v1
kind: Widget
metadata: {name: web}
spec: {name: short}
",
    check: Check::Met,
};

pub(super) const REMOVED: Rule = Rule {
    id: "definition-removed",
    severity: Severity::Error,
    title: "A CustomResourceDefinition is taken out of what a cluster is given",
    why: "\
Flux prunes what is no longer in Git, and deleting a definition deletes every object of its kind in the cluster, those that
application teams created included. That cannot be taken back.",
    fix: "\
Remove the objects first, see with `towpath check --impact` who still has some, and take out the definition when none is
left. To stop managing it without deleting it, annotate it with `kustomize.toolkit.fluxcd.io/prune: disabled` in a change
of its own.",
    example_bad: "\
# removed in this change
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
",
    example_good: "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
  annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}
",
    check: Check::Met,
};
