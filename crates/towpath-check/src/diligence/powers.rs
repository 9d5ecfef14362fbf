//! Roles that a component gives, and what of them is dangerous.
//!
//! What a power leads to is that of `kubernetes/website:content/en/docs/concepts/security/rbac-good-practices.md`. Must
//! not say whether the component needs it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::view::View;
use super::{AddedRole, RoleGiven};
use crate::look;
use crate::subject::Subject;

/// A dangerous power: what it is, and the rule that gives it. One resource and one verb suffice.
struct Power {
    says: &'static str,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

const WRITE: &[&str] = &["create", "update", "patch"];
const RBAC: &str = "rbac.authorization.k8s.io";

const POWERS: &[Power] = &[
    Power {
        says: "read secrets",
        group: "",
        resources: &["secrets"],
        verbs: &["get", "list", "watch"],
    },
    Power { says: "write secrets", group: "", resources: &["secrets"], verbs: WRITE },
    Power {
        says: "give itself any power",
        group: RBAC,
        resources: &["roles", "clusterroles"],
        verbs: &["escalate", "bind"],
    },
    Power {
        says: "write role bindings",
        group: RBAC,
        resources: &["rolebindings", "clusterrolebindings"],
        verbs: WRITE,
    },
    Power {
        says: "act as somebody else",
        group: "",
        resources: &["users", "groups", "serviceaccounts"],
        verbs: &["impersonate"],
    },
    Power {
        says: "issue tokens of service accounts",
        group: "",
        resources: &["serviceaccounts/token"],
        verbs: &["create"],
    },
    Power {
        says: "reach every kubelet",
        group: "",
        resources: &["nodes/proxy"],
        verbs: &["get", "create"],
    },
    Power {
        says: "run commands in pods",
        group: "",
        resources: &["pods/exec", "pods/attach"],
        verbs: &["get", "create"],
    },
    Power {
        says: "add containers to pods",
        group: "",
        resources: &["pods/ephemeralcontainers"],
        verbs: &["update", "patch"],
    },
    Power {
        says: "make pods",
        group: "",
        resources: &["pods", "replicationcontrollers"],
        verbs: WRITE,
    },
    Power {
        says: "make pods",
        group: "apps",
        resources: &["deployments", "daemonsets", "statefulsets", "replicasets"],
        verbs: WRITE,
    },
    Power { says: "make pods", group: "batch", resources: &["jobs", "cronjobs"], verbs: WRITE },
    Power { says: "change nodes", group: "", resources: &["nodes", "nodes/status"], verbs: WRITE },
    Power {
        says: "make volumes of node folders",
        group: "",
        resources: &["persistentvolumes"],
        verbs: &["create"],
    },
    Power {
        says: "change admission",
        group: "admissionregistration.k8s.io",
        resources: &[
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ],
        verbs: &["create", "update", "patch", "delete"],
    },
    Power {
        says: "change definitions",
        group: "apiextensions.k8s.io",
        resources: &["customresourcedefinitions"],
        verbs: &["update", "patch", "delete"],
    },
    Power {
        says: "approve certificates",
        group: "certificates.k8s.io",
        resources: &["certificatesigningrequests/approval", "signers"],
        verbs: &["update", "patch", "approve"],
    },
];

const EVERYTHING: &str = "everything";

/// The roles that a component gives: its own, and those that are there.
pub(super) fn roles(view: &View<'_>) -> Vec<AddedRole> {
    let mut bound: BTreeMap<&str, Bound<'_>> = BTreeMap::new();
    for subject in view.component.iter().filter(|it| it.head.gvk().group == RBAC) {
        let cluster = match subject.head.kind.as_str() {
            "ClusterRoleBinding" => true,
            "RoleBinding" => false,
            _ => continue,
        };
        if look::text(&subject.value, &["roleRef", "kind"]) != Some("ClusterRole") {
            continue;
        }
        let Some(role) = look::text(&subject.value, &["roleRef", "name"]) else { continue };
        let bound = bound.entry(role).or_insert_with(|| Bound::new(subject));
        bound.cluster |= cluster;
        if !cluster {
            bound.namespaces.insert(subject.head.namespace.clone());
        }
        bound.to.extend(look::items(&subject.value, &["subjects"]).filter_map(who));
    }
    let mut found = Vec::new();
    let own = |it: &&Subject| it.head.gvk().group == RBAC && it.head.kind == "ClusterRole";
    for role in view.component.iter().filter(own) {
        let bound = bound.remove(role.head.name.as_str());
        let into = || aggregated_into(&role.value).map(RoleGiven::Into);
        let given = bound.as_ref().map(Bound::given).or_else(into).unwrap_or(RoleGiven::Nowhere);
        found.push(AddedRole {
            role: role.head.name.clone(),
            own: true,
            given,
            to: bound.map(|bound| bound.to.into_iter().collect()).unwrap_or_default(),
            powers: powers(&role.value),
            at: role.head.at.clone(),
        });
    }
    for (role, bound) in bound {
        let given = bound.given();
        found.push(AddedRole {
            role: role.to_owned(),
            own: false,
            given,
            powers: if role == "cluster-admin" { vec![EVERYTHING.to_owned()] } else { Vec::new() },
            at: bound.by.head.at.clone(),
            to: bound.to.into_iter().collect(),
        });
    }
    found.sort_by(|a, b| (&a.role, &a.at).cmp(&(&b.role, &b.at)));
    found
}

/// To whom a role is given, and where.
struct Bound<'g> {
    by: &'g Subject,
    cluster: bool,
    namespaces: BTreeSet<String>,
    to: BTreeSet<String>,
}

impl<'g> Bound<'g> {
    fn new(by: &'g Subject) -> Self {
        Self { by, cluster: false, namespaces: BTreeSet::new(), to: BTreeSet::new() }
    }

    fn given(&self) -> RoleGiven {
        if self.cluster {
            return RoleGiven::Cluster;
        }
        RoleGiven::Namespaces(self.namespaces.iter().cloned().collect())
    }
}

fn who(subject: &Value) -> Option<String> {
    let (kind, name) = (look::text(subject, &["kind"])?, look::text(subject, &["name"])?);
    Some(match look::text(subject, &["namespace"]) {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    })
}

/// The role that everybody has who is given it by aggregation.
fn aggregated_into(role: &Value) -> Option<String> {
    let labels = look::at(role, &["metadata", "labels"])?.as_object()?;
    let into = labels.iter().filter(|(_, value)| value.as_str() == Some("true"));
    let names = into.filter_map(|(key, _)| {
        key.strip_prefix("rbac.authorization.k8s.io/aggregate-to-").map(str::to_owned)
    });
    names.min()
}

fn powers(role: &Value) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |says: String| {
        if !found.contains(&says) {
            found.push(says);
        }
    };
    for rule in look::items(role, &["rules"]) {
        let any = |field: &str| look::texts(rule, &[field]).any(|one| one == "*");
        if any("apiGroups") && any("resources") && any("verbs") {
            return vec![EVERYTHING.to_owned()];
        }
        // What is limited to objects by name is as dangerous as they are, which is not known here.
        if look::items(rule, &["resourceNames"]).next().is_some() {
            continue;
        }
        for power in POWERS {
            let has = |field: &str, wanted: &str| {
                look::texts(rule, &[field]).any(|one| one == "*" || one == wanted)
            };
            let resource =
                |wanted: &&str| look::texts(rule, &["resources"]).any(|one| covers(one, wanted));
            let verb = |wanted: &&str| has("verbs", wanted);
            if has("apiGroups", power.group)
                && power.resources.iter().any(resource)
                && power.verbs.iter().any(verb)
            {
                add(power.says.to_owned());
            }
        }
        if any("resources") && any("verbs") {
            for group in look::texts(rule, &["apiGroups"]) {
                let group = if group.is_empty() { "the core group" } else { group };
                add(format!("everything in {group}"));
            }
        }
    }
    found
}

/// Whether a resource of a rule covers one that is asked for: `*`, `pods/*` and `*/exec` are more than one.
fn covers(rule: &str, wanted: &str) -> bool {
    rule == "*"
        || rule == wanted
        || match rule.split_once('/') {
            Some(("*", below)) => wanted.split_once('/').is_some_and(|(_, it)| it == below),
            Some((above, "*")) => wanted.split_once('/').is_some_and(|(it, _)| it == above),
            _ => false,
        }
}
