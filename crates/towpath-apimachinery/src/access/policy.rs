//! What the roles and bindings of a cluster grant, ready to be asked.
//!
//! Compiled when a role or a binding is written and at no other time: a request looks up the bindings that name its user
//! and its groups, and reads no JSON. Roles that a binding names and that are not there grant nothing, and are told of.
//!
//! Source of the contract: `kubernetes/kubernetes:plugin/pkg/auth/authorizer/rbac/rbac.go`,
//! `pkg/registry/rbac/validation/rule.go`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Asked, Attributes, MASTERS, Rule, User, account_name};
use crate::object;
use crate::store::{Event, Happened, State, Stored};

/// What the store calls roles that are valid everywhere.
pub(crate) const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
/// What it calls bindings of them.
pub(crate) const CLUSTER_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";
/// What it calls roles that are valid in a namespace.
pub(crate) const ROLES: &str = "roles.rbac.authorization.k8s.io";
/// What it calls bindings that are.
pub(crate) const BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";

/// Roles and bindings.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// By namespace; what is valid everywhere under the empty one.
    scopes: BTreeMap<Box<str>, Scope>,
}

/// Roles and bindings of a namespace.
#[derive(Debug, Clone, Default)]
struct Scope {
    roles: BTreeMap<Box<str>, Arc<[Rule]>>,
    bindings: BTreeMap<Box<str>, Arc<Binding>>,
    /// Names of bindings by the users that they name, service accounts included.
    users: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
    /// The same by groups.
    groups: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

#[derive(Debug)]
struct Binding {
    is_cluster_role: bool,
    role: Box<str>,
    subjects: Box<[Bound]>,
}

#[derive(Debug)]
struct Bound {
    is_group: bool,
    /// The name of a user or a group.
    name: Box<str>,
    /// As reasons name it: `ServiceAccount "a/b"`.
    told: Box<str>,
}

/// Whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Whether it may.
    pub is_allowed: bool,
    /// Why, or what stood in the way; often empty.
    pub reason: String,
}

/// A role that a binding names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}.rbac.authorization.k8s.io {name:?} not found", if *is_cluster_role { "clusterrole" } else { "role" })]
pub struct Missing {
    /// Whether it would be valid everywhere.
    pub is_cluster_role: bool,
    /// Its name.
    pub name: Box<str>,
}

/// The rules that somebody has.
#[derive(Debug, Default)]
pub struct Resolved<'p> {
    /// In the order of the bindings.
    pub rules: Vec<&'p Rule>,
    /// Roles that are not there.
    pub missing: Vec<Missing>,
}

/// A binding that names somebody.
struct Grant<'p> {
    namespace: &'p str,
    name: &'p str,
    binding: &'p Binding,
    subject: &'p Bound,
}

impl Policy {
    /// The policy that a cluster holds.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut policy = Self::default();
        for resource in [CLUSTER_ROLES, ROLES, CLUSTER_BINDINGS, BINDINGS] {
            for stored in state.list(resource, None) {
                policy.put(resource, stored);
            }
        }
        policy
    }

    /// Whether the policy is made of objects of a resource.
    #[must_use]
    pub fn is_made_of(resource: &str) -> bool {
        matches!(resource, CLUSTER_ROLES | ROLES | CLUSTER_BINDINGS | BINDINGS)
    }

    /// Follows what happened.
    pub fn follow(&mut self, event: &Event) {
        let resource = &*event.key.resource;
        if !Self::is_made_of(resource) {
            return;
        }
        self.remove(resource, &event.key.namespace, &event.key.name);
        if event.happened != Happened::Deleted {
            self.put(resource, &event.object);
        }
    }

    fn put(&mut self, resource: &str, stored: &Stored) {
        let (namespace, name) = (&stored.head.namespace, &stored.head.name);
        let value = stored.value(None);
        let scope = self.scopes.entry(namespace.clone()).or_default();
        if matches!(resource, ROLES | CLUSTER_ROLES) {
            scope.roles.insert(name.clone(), Rule::list(&value).into());
            return;
        }
        let binding = Binding::read(&value, namespace);
        for subject in &binding.subjects {
            let index = if subject.is_group { &mut scope.groups } else { &mut scope.users };
            index.entry(subject.name.clone()).or_default().insert(name.clone());
        }
        scope.bindings.insert(name.clone(), Arc::new(binding));
    }

    fn remove(&mut self, resource: &str, namespace: &str, name: &str) {
        let Some(scope) = self.scopes.get_mut(namespace) else { return };
        if matches!(resource, ROLES | CLUSTER_ROLES) {
            scope.roles.remove(name);
        } else if let Some(binding) = scope.bindings.remove(name) {
            for subject in &binding.subjects {
                let index = if subject.is_group { &mut scope.groups } else { &mut scope.users };
                if let Some(names) = index.get_mut(&subject.name) {
                    names.remove(name);
                    if names.is_empty() {
                        index.remove(&subject.name);
                    }
                }
            }
        }
        if scope.roles.is_empty() && scope.bindings.is_empty() {
            self.scopes.remove(namespace);
        }
    }

    /// The rules of a role, as a binding in `namespace` names it.
    ///
    /// # Errors
    ///
    /// [`Missing`], if there is no such role.
    pub fn role(
        &self,
        is_cluster_role: bool,
        name: &str,
        namespace: &str,
    ) -> Result<&[Rule], Missing> {
        let scope = self.scopes.get(if is_cluster_role { "" } else { namespace });
        let rules = scope.and_then(|scope| scope.roles.get(name)).map(|rules| &**rules);
        rules.ok_or_else(|| Missing { is_cluster_role, name: name.into() })
    }

    /// Whether a user may do something.
    #[must_use]
    pub fn judge(&self, user: &User, asked: &Attributes<'_>) -> Verdict {
        if user.is_of(MASTERS) {
            return Verdict { is_allowed: true, reason: String::new() };
        }
        let namespace = match &asked.asked {
            Asked::Objects(objects) => objects.namespace,
            Asked::Path(_) => "",
        };
        let mut missing = Vec::new();
        for grant in self.grants(user, namespace) {
            match self.rules(&grant) {
                Ok(rules) if rules.iter().any(|rule| rule.grants(asked)) => {
                    return Verdict { is_allowed: true, reason: grant.reason() };
                }
                Ok(_) => {}
                Err(error) => missing.push(error),
            }
        }
        Verdict { is_allowed: false, reason: told(&missing) }
    }

    /// The rules that a user has in a namespace, those that are valid everywhere included.
    #[must_use]
    pub fn resolve(&self, user: &User, namespace: &str) -> Resolved<'_> {
        let mut resolved = Resolved::default();
        for grant in self.grants(user, namespace) {
            match self.rules(&grant) {
                Ok(rules) => resolved.rules.extend(rules),
                Err(missing) => resolved.missing.push(missing),
            }
        }
        resolved
    }

    fn rules(&self, grant: &Grant<'_>) -> Result<&[Rule], Missing> {
        self.role(grant.binding.is_cluster_role, &grant.binding.role, grant.namespace)
    }

    fn grants<'p>(&'p self, user: &User, namespace: &str) -> Vec<Grant<'p>> {
        let spaces = if namespace.is_empty() { &[""][..] } else { &["", namespace] };
        let mut grants = Vec::new();
        for space in spaces {
            let Some((space, scope)) = self.scopes.get_key_value(*space) else { continue };
            let by_group = user.groups.iter().filter_map(|group| scope.groups.get(group.as_str()));
            let names = scope.users.get(user.name.as_str()).into_iter().chain(by_group);
            let names: BTreeSet<&str> = names.flatten().map(|name| &**name).collect();
            for name in names {
                let binding = &scope.bindings[name];
                let subject = binding.subjects.iter().find(|subject| subject.is(user));
                grants.extend(subject.map(|subject| Grant {
                    namespace: space,
                    name,
                    binding,
                    subject,
                }));
            }
        }
        grants
    }
}

impl Grant<'_> {
    fn reason(&self) -> String {
        let role = if self.binding.is_cluster_role { "ClusterRole" } else { "Role" };
        let binding = match self.namespace {
            "" => format!("ClusterRoleBinding {:?}", self.name),
            namespace => format!("RoleBinding {:?}", format!("{}/{namespace}", self.name)),
        };
        let (name, subject) = (&self.binding.role, &self.subject.told);
        format!("RBAC: allowed by {binding} of {role} {name:?} to {subject}")
    }
}

impl Bound {
    fn is(&self, user: &User) -> bool {
        if self.is_group { user.is_of(&self.name) } else { *self.name == *user.name }
    }
}

impl Binding {
    fn read(value: &Value, namespace: &str) -> Self {
        let reference = |field| object::text(value, &["roleRef", field]).unwrap_or_default();
        let subjects = value.get("subjects").and_then(Value::as_array).into_iter().flatten();
        let subjects = subjects.filter_map(|subject| {
            let text = |field| object::text(subject, &[field]).unwrap_or_default();
            let (kind, name) = (text("kind"), text("name"));
            let (is_group, own, told) = match kind {
                "User" | "Group" => (kind == "Group", name.to_owned(), name.to_owned()),
                "ServiceAccount" => {
                    let space = match text("namespace") {
                        "" => namespace,
                        space => space,
                    };
                    if space.is_empty() {
                        return None;
                    }
                    (false, account_name(space, name), format!("{name}/{space}"))
                }
                _ => return None,
            };
            let told = format!("{kind} {told:?}").into();
            Some(Bound { is_group, name: own.into(), told })
        });
        Self {
            is_cluster_role: reference("kind") == "ClusterRole",
            role: reference("name").into(),
            subjects: subjects.collect(),
        }
    }
}

/// What stood in the way, as refusals name it.
fn told(missing: &[Missing]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in missing.iter().map(Missing::to_string) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("RBAC: {line}"),
        lines => format!("RBAC: [{}]", lines.join(", ")),
    }
}
