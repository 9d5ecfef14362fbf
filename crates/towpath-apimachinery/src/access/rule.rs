//! One rule of a role: which verbs on what it grants.
//!
//! Source of the contract: `kubernetes/component-helpers:auth/rbac/validation`,
//! `kubernetes/kubernetes:pkg/apis/rbac/v1/evaluation_helpers.go`.

use serde_json::{Map, Value};

use super::{Asked, Attributes};

type Names = Box<[Box<str>]>;

/// A rule of a role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// `get`, `*`.
    pub verbs: Names,
    /// Empty text for the core, `*` for all.
    pub groups: Names,
    /// `pods`, `pods/log`, `*/scale`, `*`.
    pub resources: Names,
    /// Names of objects; none for all of them.
    pub names: Names,
    /// Paths that are no objects; `*` at the end stands for anything.
    pub urls: Names,
}

impl Rule {
    /// Reads a rule of a role.
    #[must_use]
    pub fn read(rule: &Value) -> Self {
        let names = |field: &str| -> Names {
            let texts = rule.get(field).and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).map(Into::into).collect()
        };
        Self {
            verbs: names("verbs"),
            groups: names("apiGroups"),
            resources: names("resources"),
            names: names("resourceNames"),
            urls: names("nonResourceURLs"),
        }
    }

    /// The rules of a role.
    #[must_use]
    pub fn list(role: &Value) -> Vec<Self> {
        let rules = role.get("rules").and_then(Value::as_array).into_iter().flatten();
        rules.map(Self::read).collect()
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Vec<Self> {
        let all = || -> Names { ["*".into()].into() };
        vec![
            Self { verbs: all(), groups: all(), resources: all(), ..Self::default() },
            Self { verbs: all(), urls: all(), ..Self::default() },
        ]
    }

    /// Whether the rule grants what is asked for.
    #[must_use]
    pub fn grants(&self, asked: &Attributes<'_>) -> bool {
        if !has(&self.verbs, asked.verb) {
            return false;
        }
        match &asked.asked {
            Asked::Objects(it) => {
                has(&self.groups, it.group)
                    && self.is_of(it.resource, it.subresource)
                    && (self.names.is_empty() || self.names.iter().any(|name| **name == *it.name))
            }
            Asked::Path(path) => self.urls.iter().any(|url| reaches(url, path)),
        }
    }

    fn is_of(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|granted| {
            if **granted == *"*" {
                return true;
            }
            let (whole, below) = granted.split_once('/').unwrap_or((granted, ""));
            below == subresource && (whole == resource || (whole == "*" && !below.is_empty()))
        })
    }

    /// Every right that the rule grants, one by one.
    fn rights(&self) -> Vec<Rule> {
        let one = |name: &str| -> Names { [name.into()].into() };
        let mut rights = Vec::new();
        for group in &self.groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    let right = Rule {
                        verbs: one(verb),
                        groups: one(group),
                        resources: one(resource),
                        ..Rule::default()
                    };
                    if self.names.is_empty() {
                        rights.push(right);
                        continue;
                    }
                    let named = |name: &str| Rule { names: one(name), ..right.clone() };
                    rights.extend(self.names.iter().map(|name| named(name)));
                }
            }
        }
        for url in &self.urls {
            let right = |verb: &str| Rule { verbs: one(verb), urls: one(url), ..Rule::default() };
            rights.extend(self.verbs.iter().map(|verb| right(verb)));
        }
        rights
    }

    /// Whether the rule grants a right at least.
    fn covers(&self, right: &Rule) -> bool {
        let verbs = right.verbs.iter().all(|verb| has(&self.verbs, verb));
        if !right.urls.is_empty() {
            let reached = |url: &str| self.urls.iter().any(|own| reaches(own, url));
            return verbs && right.urls.iter().all(|url| reached(url));
        }
        let resources = right.resources.iter().all(|resource| {
            let (whole, below) = resource.split_once('/').unwrap_or((resource, ""));
            self.is_of(whole, below)
        });
        let names = self.names.is_empty()
            || (!right.names.is_empty()
                && right.names.iter().all(|name| self.names.contains(name)));
        verbs && right.groups.iter().all(|group| has(&self.groups, group)) && resources && names
    }

    /// As messages have it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
    #[must_use]
    pub fn told(&self) -> String {
        let parts: Vec<String> = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(title, names)| format!("{title}:{}", quoted(names)))
        .collect();
        format!("{{{}}}", parts.join(", "))
    }

    /// As reviews have it.
    #[must_use]
    pub fn value(&self) -> Value {
        let mut value = Map::new();
        for (field, names) in [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ] {
            if !names.is_empty() {
                let names: Vec<&str> = names.iter().map(|name| &**name).collect();
                value.insert(field.into(), names.into());
            }
        }
        Value::Object(value)
    }
}

/// What `wanted` grants and `held` does not, in few rules. Empty, if nothing is missing.
#[must_use]
pub(super) fn missing<'r>(
    held: &[&'r Rule],
    wanted: impl IntoIterator<Item = &'r Rule>,
) -> Vec<Rule> {
    let mut few: Vec<Rule> = Vec::new();
    for right in wanted.into_iter().flat_map(Rule::rights) {
        if held.iter().any(|rule| rule.covers(&right)) {
            continue;
        }
        let is_same = |one: &&mut Rule| {
            right.urls.is_empty()
                && one.urls.is_empty()
                && one.groups == right.groups
                && one.resources == right.resources
                && one.names == right.names
        };
        match few.iter_mut().find(is_same) {
            Some(rule) => {
                let mut verbs = std::mem::take(&mut rule.verbs).into_vec();
                verbs.extend(
                    right
                        .verbs
                        .into_iter()
                        .filter(|verb| !verbs.contains(verb))
                        .collect::<Vec<_>>(),
                );
                rule.verbs = verbs.into();
            }
            None => few.push(right),
        }
    }
    few
}

/// As Go prints a list of texts: `["a" "b"]`.
pub(super) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{:?}", name.as_ref())).collect();
    format!("[{}]", names.join(" "))
}

fn has(names: &[Box<str>], wanted: &str) -> bool {
    names.iter().any(|name| **name == *"*" || **name == *wanted)
}

fn reaches(url: &str, path: &str) -> bool {
    url == "*" || url == path || url.strip_suffix('*').is_some_and(|start| path.starts_with(start))
}
