//! Nobody hands on rights that they do not have: what is refused of roles and bindings that are written.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/registry/rbac/escalation_check.go`, and `policybased/storage.go`
//! of each resource beside it.

use std::borrow::Cow;

use serde_json::Value;

use super::policy::{BINDINGS, CLUSTER_BINDINGS, CLUSTER_ROLES, ROLES};
use super::rule::{missing, quoted};
use super::{Attributes, MASTERS, Objects, Rule, User};
use crate::machine::Machine;
use crate::object;
use crate::refusal::{Refusal, Subject};
use crate::resource::Resource;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A role or a binding that is about to be written.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Who writes.
    pub user: &'a User,
    /// What it is.
    pub resource: &'a Resource,
    /// Where it lies, empty if it is valid everywhere.
    pub namespace: &'a str,
    /// The name in the path; empty for a new object.
    pub name: &'a str,
    /// What it was.
    pub old: Option<&'a Value>,
    /// What it is to be.
    pub new: &'a Value,
}

/// Whether an object may be written. What is neither a role nor a binding always may, as far as this module knows.
///
/// # Errors
///
/// 403 for rights that the writer does not have, 404 for a binding of a role that is not there.
pub fn check(machine: &Machine, written: &Written<'_>) -> Result<(), Refusal> {
    let Written { user, resource, old, new, .. } = *written;
    let is_role = matches!(&*resource.id, ROLES | CLUSTER_ROLES);
    let is_binding = matches!(&*resource.id, BINDINGS | CLUSTER_BINDINGS);
    let is_everything = user.is_of(MASTERS);
    let is_let_go = old.is_some_and(|old| only_ownership_differs(old, new));
    if !(is_role || is_binding) || is_everything || is_let_go {
        return Ok(());
    }
    if is_role { role(machine, written) } else { binding(machine, written) }
}

fn role(machine: &Machine, written: &Written<'_>) -> Result<(), Refusal> {
    let Written { resource, namespace, new, old, .. } = *written;
    if written.may(machine, "escalate", &resource.plural, written.name) {
        return Ok(());
    }
    let wanted = Rule::list(new);
    if let Some(missing) = written.lacks(machine, namespace, &wanted) {
        return Err(written.forbidden(&missing));
    }
    let gathers = |role: &Value| {
        let selectors = object::at(role, &["aggregationRule", "clusterRoleSelectors"]);
        selectors.and_then(Value::as_array).is_some_and(|selectors| !selectors.is_empty())
    };
    // What a role will gather is not known yet.
    if (gathers(new) || old.is_some_and(gathers))
        && written.lacks(machine, namespace, &Rule::everything()).is_some()
    {
        let why = "must have cluster-admin privileges to use the aggregationRule";
        return Err(written.forbidden(why));
    }
    Ok(())
}

fn binding(machine: &Machine, written: &Written<'_>) -> Result<(), Refusal> {
    let reference = |field| object::text(written.new, &["roleRef", field]).unwrap_or_default();
    let (kind, name) = (reference("kind"), reference("name"));
    let (is_cluster_role, resource) = match kind {
        "ClusterRole" => (true, "clusterroles"),
        "Role" => (false, "roles"),
        // Refused by what validates the binding.
        _ => return Ok(()),
    };
    if written.may(machine, "bind", resource, name) {
        return Ok(());
    }
    let wanted = machine.policy().role(is_cluster_role, name, written.namespace);
    let wanted = wanted.map_err(|missing| {
        Refusal::not_found(&Subject { group: GROUP, resource, kind: "", name: &missing.name })
    })?;
    match written.lacks(machine, written.namespace, wanted) {
        Some(missing) => Err(written.forbidden(&missing)),
        None => Ok(()),
    }
}

impl Written<'_> {
    fn may(&self, machine: &Machine, verb: &str, resource: &str, name: &str) -> bool {
        let objects = Objects {
            group: GROUP,
            resource,
            namespace: self.namespace,
            name: Cow::Borrowed(name),
            ..Objects::default()
        };
        machine.policy().judge(self.user, &Attributes::objects(verb, objects)).is_allowed
    }

    /// What the writer does not have of rules, in the words of the server.
    fn lacks(&self, machine: &Machine, namespace: &str, wanted: &[Rule]) -> Option<String> {
        let held = machine.policy().resolve(self.user, namespace);
        let mut lines: Vec<String> = missing(&held.rules, wanted).iter().map(Rule::told).collect();
        if lines.is_empty() {
            return None;
        }
        lines.sort();
        lines.dedup();
        let mut why = format!(
            "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
            self.user.name,
            quoted(&self.user.groups),
            lines.join("\n")
        );
        if !held.missing.is_empty() {
            let errors: Vec<String> = held.missing.iter().map(ToString::to_string).collect();
            why.push_str(&format!("; resolution errors: [{}]", errors.join(", ")));
        }
        Some(why)
    }

    fn forbidden(&self, why: &str) -> Refusal {
        let subject = Subject {
            group: &self.resource.group,
            resource: &self.resource.plural,
            kind: &self.resource.kind,
            name: object::name(self.new),
        };
        Refusal::forbidden(&subject, why)
    }
}

/// Whether a write changes nothing but who owns the object and what it waits for: what the garbage collector changes.
fn only_ownership_differs(old: &Value, new: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        let metadata = object::metadata(&mut value);
        for field in ["ownerReferences", "finalizers", "managedFields"] {
            metadata.shift_remove(field);
        }
        value
    };
    bare(old) == bare(new)
}
