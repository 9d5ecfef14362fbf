//! Which requests a policy or a webhook is about.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/admission/plugin/policy/matching/matching.go`,
//! `pkg/admission/plugin/webhook/predicates`.

use std::sync::Arc;

use serde_json::Value;

use super::about::About;
use crate::deletion::NAMESPACES;
use crate::object;
use crate::resource::Resource;
use crate::selector::Selector;

/// What a policy, a binding or a webhook says of the requests that it is about.
#[derive(Debug, Default)]
pub(super) struct Criteria {
    rules: Vec<Rule>,
    excluded: Vec<Rule>,
    namespaces: Selector,
    objects: Selector,
    /// Whether a request for another version of the same objects is meant as well.
    is_equivalent: bool,
}

#[derive(Debug)]
struct Rule {
    operations: Vec<Box<str>>,
    groups: Vec<Box<str>>,
    versions: Vec<Box<str>>,
    resources: Vec<Box<str>>,
    scope: Box<str>,
    /// All names, if there are none.
    names: Vec<Box<str>>,
}

fn texts(value: &Value, field: &str) -> Vec<Box<str>> {
    let items = value.get(field).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| Some(item.as_str()?.into())).collect()
}

impl Criteria {
    /// Reads `matchConstraints` and `matchResources`; a webhook, with `rules` for the name of the rules.
    pub(super) fn read(value: &Value, rules: &str) -> Self {
        let list = |field: &str| {
            let items = value.get(field).and_then(Value::as_array).into_iter().flatten();
            items.map(Rule::read).collect()
        };
        let selector = |field: &str| value.get(field).map(Selector::of_labels).unwrap_or_default();
        Self {
            rules: list(rules),
            excluded: list("excludeResourceRules"),
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
            is_equivalent: object::text(value, &["matchPolicy"]) == Some("Equivalent"),
        }
    }

    /// Whether it has no rules.
    pub(super) fn has_no_rules(&self) -> bool {
        self.rules.is_empty()
    }

    /// The resource as which a request is meant: its own, or an equivalent one. None, if it is not meant at all. Where
    /// there are no rules, all requests are.
    pub(super) fn matches<'a>(&self, about: &About<'a>) -> Option<Meant<'a>> {
        // Most requests fail at the rules, which are texts to be compared; labels of namespaces have to be read.
        let meant = match self.rules.as_slice() {
            [] => Meant(None),
            rules => find(rules, about, self.is_equivalent)?,
        };
        let is_excluded = || find(&self.excluded, about, self.is_equivalent).is_some();
        (!is_excluded() && self.selects(about)).then_some(meant)
    }

    fn selects(&self, about: &About<'_>) -> bool {
        let is_namespace_meant = self.namespaces.is_everything()
            || about
                .namespace_labels()
                .is_none_or(|labels| self.namespaces.matches_labels(Some(&labels)));
        let is_meant = |object: Option<&Value>| {
            object.is_some_and(|object| {
                self.objects.matches_labels(object.pointer("/metadata/labels"))
            })
        };
        is_namespace_meant
            && (self.objects.is_everything() || is_meant(about.object) || is_meant(about.old))
    }
}

/// The resource as which a request is meant; none, if it is the one of the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meant<'a>(Option<&'a Arc<Resource>>);

impl<'a> Meant<'a> {
    pub(super) fn resource(self, about: &About<'a>) -> &'a Resource {
        self.0.map_or(about.resource, |resource| resource)
    }
}

fn find<'a>(rules: &[Rule], about: &About<'a>, is_equivalent: bool) -> Option<Meant<'a>> {
    if rules.iter().any(|rule| rule.matches(about, about.resource)) {
        return Some(Meant(None));
    }
    if !is_equivalent || rules.is_empty() {
        return None;
    }
    let machine = about.machine;
    let all = machine.groups().flat_map(|group| &group.versions);
    let others: Vec<&Arc<Resource>> = all
        .flat_map(|version| version.resources.values())
        .filter(|one| one.id == about.resource.id && one.api_version != about.resource.api_version)
        .collect();
    let other =
        rules.iter().find_map(|rule| others.iter().find(|resource| rule.matches(about, resource)));
    other.map(|resource| Meant(Some(resource)))
}

impl Rule {
    fn read(value: &Value) -> Self {
        Self {
            operations: texts(value, "operations"),
            groups: texts(value, "apiGroups"),
            versions: texts(value, "apiVersions"),
            resources: texts(value, "resources"),
            scope: object::text(value, &["scope"]).unwrap_or("*").into(),
            names: texts(value, "resourceNames"),
        }
    }

    fn matches(&self, about: &About<'_>, resource: &Resource) -> bool {
        let has = |list: &[Box<str>], wanted: &str| {
            list.iter().any(|one| **one == *"*" || **one == *wanted)
        };
        let is_clusters = about.is_of(NAMESPACES) || about.namespace.is_empty();
        let is_in_scope = match &*self.scope {
            "Namespaced" => !is_clusters,
            "Cluster" => is_clusters,
            _ => true,
        };
        let is_resource = |one: &str| {
            let (plural, below) = one.split_once('/').unwrap_or((one, ""));
            (plural == "*" || *plural == *resource.plural)
                && (below == "*" || below == about.subresource)
        };
        is_in_scope
            && has(&self.operations, about.operation.as_str())
            && has(&self.groups, &resource.group)
            && has(&self.versions, &resource.version)
            && self.resources.iter().any(|one| is_resource(one))
            && (self.names.is_empty() || self.names.iter().any(|name| **name == *about.name))
    }
}
