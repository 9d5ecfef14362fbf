//! Which objects a policy may match: by kind, namespace, name and labels, as far as they can be read.
//!
//! What cannot be read (conditions in CEL, Rego, variables) narrows nothing: it is better told that an object may be
//! matched than not. An object that makes pods counts for its pods; so does a Helm release, whose chart is not seen.

use serde_json::Value;

use crate::given::Given;
use crate::look::{self, fits};
use crate::subject::Subject;

/// What a policy may match.
pub(super) struct Reach<'g> {
    policy: &'g Subject,
    /// What a binding narrows it to.
    binding: Option<&'g Value>,
}

/// What a binding of an admission policy narrows it to.
pub(super) fn of_binding(value: &Value) -> Option<&Value> {
    look::at(value, &["spec", "matchResources"])
}

impl<'g> Reach<'g> {
    pub(super) fn of(policy: &'g Subject) -> Self {
        Self { policy, binding: None }
    }

    pub(super) fn narrowed(self, binding: Option<&'g Value>) -> Self {
        Self { binding, ..self }
    }

    /// Whether the policy may match an object.
    pub(super) fn takes(&self, given: &Given, object: &Subject) -> bool {
        let (kind, value) = (self.policy.head.gvk(), &self.policy.value);
        match (kind.group, kind.kind) {
            ("kyverno.io", _) => {
                let here = kind.kind != "Policy" || namespace(object) == self.policy.head.namespace;
                here && look::items(value, &["spec", "rules"]).any(|rule| kyverno(rule, object))
            }
            ("constraints.gatekeeper.sh", _) => gatekeeper(value, object),
            ("policies.kyverno.io", _) => {
                let here = !kind.kind.starts_with("Namespaced")
                    || namespace(object) == self.policy.head.namespace;
                here && admission(look::at(value, &["spec", "matchConstraints"]), given, object)
            }
            ("admissionregistration.k8s.io", _) => {
                admission(look::at(value, &["spec", "matchConstraints"]), given, object)
                    && self.binding.is_none_or(|binding| admission(Some(binding), given, object))
            }
            ("networking.k8s.io", _) => {
                self.is_in_namespace(object) && makes_pods(object) && selects(value, object)
            }
            ("", "Namespace") => namespace(object) == self.policy.head.name && makes_pods(object),
            ("", "ResourceQuota") => {
                self.is_in_namespace(object)
                    && (makes_pods(object) || object.head.kind == "PersistentVolumeClaim")
            }
            ("", "LimitRange") => self.is_in_namespace(object) && makes_pods(object),
            _ => false,
        }
    }

    fn is_in_namespace(&self, object: &Subject) -> bool {
        namespace(object) == self.policy.head.namespace
    }
}

fn namespace(object: &Subject) -> &str {
    look::namespace(&object.head, &object.value)
}

fn makes_pods(object: &Subject) -> bool {
    look::is_helm_release(&object.head) || look::makes_pods(&object.head)
}

/// Whether the pods of an object have the labels that a network policy selects. Those of a release are not seen.
fn selects(policy: &Value, object: &Subject) -> bool {
    let Some(template) = look::pod_template(&object.head, &object.value) else { return true };
    let wanted = look::at(policy, &["spec", "podSelector", "matchLabels"]);
    let mut wanted = wanted.and_then(Value::as_object).into_iter().flatten();
    wanted.all(|(key, value)| look::at(template, &["metadata", "labels", key]) == Some(value))
}

/// Whether a rule of Kyverno may match (`kyverno/kyverno:api/kyverno/v1/match_resources_types.go`).
fn kyverno(rule: &Value, object: &Subject) -> bool {
    let filters = |of: &'static str, which: &'static str| look::items(rule, &[of, which]);
    let matched = if look::at(rule, &["match", "any"]).is_some() {
        filters("match", "any").any(|filter| filtered(filter, object))
    } else if look::at(rule, &["match", "all"]).is_some() {
        filters("match", "all").all(|filter| filtered(filter, object))
    } else {
        look::at(rule, &["match"]).is_some_and(|filter| filtered(filter, object))
    };
    let excluded = |filter: &Value| is_readable(filter) && filtered(filter, object);
    let exclude = look::at(rule, &["exclude"]);
    let by_any = filters("exclude", "any").any(excluded);
    let by_all = exclude.is_some_and(|it| it.get("all").is_some())
        && filters("exclude", "all").all(excluded);
    let by_one = exclude.is_some_and(|it| it.get("resources").is_some() && excluded(it));
    matched && !(by_any || by_all || by_one)
}

/// Whether all that a filter says is read by [`filtered`]: only then an exclusion may be believed.
fn is_readable(filter: &Value) -> bool {
    let only = |value: &Value, known: &[&str]| {
        value.as_object().is_some_and(|map| map.keys().all(|key| known.contains(&key.as_str())))
    };
    only(filter, &["resources"])
        && look::at(filter, &["resources"])
            .is_some_and(|it| only(it, &["kinds", "namespaces", "names", "name"]))
}

fn filtered(filter: &Value, object: &Subject) -> bool {
    let Some(resources) = filter.get("resources") else { return true };
    let any = |field: &str, holds: &dyn Fn(&str) -> bool| {
        let mut wanted = look::texts(resources, &[field]).peekable();
        wanted.peek().is_none() || wanted.any(holds)
    };
    // Pods that an object makes have names of their own.
    let named = |pattern: &str| {
        (makes_pods(object) && object.head.kind != "Pod") || fits(pattern, &object.head.name)
    };
    any("kinds", &|pattern| is_kind(pattern, object))
        && any("namespaces", &|pattern| fits(pattern, namespace(object)))
        && any("names", &named)
        && look::text(resources, &["name"]).is_none_or(named)
}

/// Whether a kind as Kyverno writes it means an object: `Pod`, `apps/v1/Deployment`, `*/Pod`, `v1/Pod`.
fn is_kind(pattern: &str, object: &Subject) -> bool {
    let of = object.head.gvk();
    let parts: Vec<&str> = pattern.split('/').collect();
    let version = |part: &str| {
        part == "*"
            || part
                .strip_prefix('v')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let (group, version, kind) = match parts.as_slice() {
        [kind] => ("*", "*", *kind),
        [first, kind] if version(first) => ("*", *first, *kind),
        // What follows a kind is a subresource.
        [kind, _] => ("*", "*", *kind),
        [group, version, kind, ..] => (*group, *version, *kind),
        [] => return false,
    };
    let same = fits(group, of.group) && fits(version, of.version) && fits(kind, of.kind);
    same || (kind == "Pod" && makes_pods(object))
}

/// Whether a constraint of Gatekeeper may match (`open-policy-agent/gatekeeper:pkg/mutation/match/match.go`).
fn gatekeeper(constraint: &Value, object: &Subject) -> bool {
    let of = object.head.gvk();
    let matched = |field: &str| look::texts(constraint, &["spec", "match", field]);
    let mut kinds = look::items(constraint, &["spec", "match", "kinds"]).peekable();
    let kind = |entry: &Value| {
        let has = |field: &str, want: &str| {
            let mut all = look::texts(entry, &[field]).peekable();
            all.peek().is_none() || all.any(|one| one == "*" || one == want)
        };
        let pods = has("kinds", "Pod") && has("apiGroups", "") && makes_pods(object);
        pods || (has("kinds", of.kind) && has("apiGroups", of.group))
    };
    let kind_fits = kinds.peek().is_none() || kinds.any(kind);
    let own = namespace(object);
    let mut namespaces = matched("namespaces").peekable();
    let here = namespaces.peek().is_none()
        || own.is_empty()
        || namespaces.any(|pattern| fits(pattern, own));
    kind_fits
        && here
        && (own.is_empty() || !matched("excludedNamespaces").any(|pattern| fits(pattern, own)))
}

/// Whether the resources that an admission policy matches may be an object
/// (`kubernetes/api:admissionregistration/v1/types.go`, `MatchResources`).
fn admission(constraints: Option<&Value>, given: &Given, object: &Subject) -> bool {
    let Some(constraints) = constraints else { return true };
    let of = object.head.gvk();
    let plural = look::plural(&object.head, given);
    let rule = |rule: &Value| {
        let has = |field: &str, want: &str| {
            look::texts(rule, &[field])
                .any(|one| one == "*" || one.strip_suffix("/*").unwrap_or(one) == want)
        };
        let pods = has("apiGroups", "") && has("resources", "pods") && makes_pods(object);
        let named = || {
            let mut names = look::texts(rule, &["resourceNames"]).peekable();
            names.peek().is_none() || names.any(|name| name == object.head.name)
        };
        pods || (has("apiGroups", of.group)
            && has("apiVersions", of.version)
            && has("resources", &plural)
            && named())
    };
    let mut rules = look::items(constraints, &["resourceRules"]).peekable();
    (rules.peek().is_none() || rules.any(rule))
        && !look::items(constraints, &["excludeResourceRules"]).any(rule)
        && in_namespaces(constraints, object)
}

/// Whether a selector of namespaces that goes by their names takes that of an object. One that goes by other labels
/// takes all.
fn in_namespaces(constraints: &Value, object: &Subject) -> bool {
    const NAME: &str = "kubernetes.io/metadata.name";
    let own = namespace(object);
    let Some(selector) = constraints.get("namespaceSelector") else { return true };
    if own.is_empty() {
        return true;
    }
    let exact = look::text(selector, &["matchLabels", NAME]).is_none_or(|name| name == own);
    let holds = |expression: &Value| {
        let named = look::texts(expression, &["values"]).any(|name| name == own);
        match (look::text(expression, &["key"]), look::text(expression, &["operator"])) {
            (Some(NAME), Some("In")) => named,
            (Some(NAME), Some("NotIn")) => !named,
            _ => true,
        }
    };
    exact && look::items(selector, &["matchExpressions"]).all(holds)
}
