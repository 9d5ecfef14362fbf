//! The table of roles and bindings that every cluster has, as objects. The table says how it is read.

use serde_json::{Map, Value, json};

const TABLE: &str = include_str!("roles.txt");
const GROUP: &str = "rbac.authorization.k8s.io";
const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];

/// All roles and bindings, in the order of the table.
pub(super) fn objects() -> Vec<Value> {
    let mut objects: Vec<Value> = Vec::new();
    let mut role: Option<(Role<'_>, Vec<Value>)> = None;
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("  "), &mut role) {
            (Some(line), Some((_, rules))) => rules.push(rule(line)),
            _ => {
                let next = (Role::read(line), Vec::new());
                if let Some((role, rules)) = role.replace(next) {
                    role.objects(rules, &mut objects);
                }
            }
        }
    }
    if let Some((role, rules)) = role {
        role.objects(rules, &mut objects);
    }
    objects
}

#[derive(Default)]
struct Role<'t> {
    namespace: &'t str,
    name: &'t str,
    /// The name of the binding, if it is not that of the role.
    binding: Option<&'t str>,
    label: Option<&'t str>,
    gathers: Option<&'t str>,
    /// `None`: there is no binding.
    subjects: Option<Vec<&'t str>>,
}

impl<'t> Role<'t> {
    fn read(line: &'t str) -> Self {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        let (namespace, name) = first.split_once('/').unwrap_or(("", first));
        let mut role = Self { namespace, name, ..Self::default() };
        while let Some(word) = words.next() {
            match word {
                "as" => role.binding = words.next(),
                "label" => role.label = words.next(),
                "gathers" => role.gathers = words.next(),
                _ => role.subjects = Some(words.by_ref().collect()),
            }
        }
        role
    }

    fn metadata(&self, name: &str, label: Option<&str>) -> Value {
        let mut labels = Map::new();
        labels.insert("kubernetes.io/bootstrapping".into(), "rbac-defaults".into());
        if let Some(label) = label {
            labels.insert(aggregate(label), "true".into());
        }
        let mut metadata = Map::new();
        metadata.insert("name".into(), name.into());
        if !self.namespace.is_empty() {
            metadata.insert("namespace".into(), self.namespace.into());
        }
        metadata.insert("labels".into(), labels.into());
        metadata.insert(
            "annotations".into(),
            json!({"rbac.authorization.kubernetes.io/autoupdate": "true"}),
        );
        metadata.into()
    }

    fn objects(self, rules: Vec<Value>, objects: &mut Vec<Value>) {
        let version = format!("{GROUP}/v1");
        let prefix = if self.namespace.is_empty() { "Cluster" } else { "" };
        let kind = format!("{prefix}Role");
        let mut role = Map::new();
        role.insert("apiVersion".into(), version.as_str().into());
        role.insert("kind".into(), kind.as_str().into());
        role.insert("metadata".into(), self.metadata(self.name, self.label));
        if let Some(label) = self.gathers {
            let mut labels = Map::new();
            labels.insert(aggregate(label), "true".into());
            let selectors = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
            role.insert("aggregationRule".into(), selectors);
        }
        role.insert("rules".into(), if rules.is_empty() { Value::Null } else { rules.into() });
        objects.push(role.into());
        let Some(subjects) = &self.subjects else { return };
        let mut binding = Map::new();
        binding.insert("apiVersion".into(), version.into());
        binding.insert("kind".into(), format!("{kind}Binding").into());
        binding.insert("metadata".into(), self.metadata(self.binding.unwrap_or(self.name), None));
        binding
            .insert("roleRef".into(), json!({"apiGroup": GROUP, "kind": kind, "name": self.name}));
        if !subjects.is_empty() {
            binding.insert("subjects".into(), subjects.iter().map(|one| subject(one)).collect());
        }
        objects.push(binding.into());
    }
}

fn aggregate(label: &str) -> String {
    format!("{GROUP}/aggregate-to-{label}")
}

fn subject(text: &str) -> Value {
    match text.split_once(':') {
        Some(("u", name)) => json!({"apiGroup": GROUP, "kind": "User", "name": name}),
        Some(("g", name)) => json!({"apiGroup": GROUP, "kind": "Group", "name": name}),
        _ => {
            let name = text.trim_start_matches("s:");
            json!({"kind": "ServiceAccount", "name": name, "namespace": "kube-system"})
        }
    }
}

fn rule(line: &str) -> Value {
    if line == "events" {
        return rule("create patch update on events of core events.k8s.io");
    }
    // The server keeps each of the lists sorted.
    let (mut verbs, mut lists) = (Vec::new(), Map::new());
    let mut field = "";
    let mut texts: Vec<&str> = Vec::new();
    let mut close = |field: &str, texts: &mut Vec<&str>| {
        texts.sort_unstable();
        if !field.is_empty() {
            lists.insert(field.into(), std::mem::take(texts).into());
        }
    };
    for word in line.split(' ') {
        let next = match word {
            "on" => "resources",
            "of" => "apiGroups",
            "named" => "resourceNames",
            "at" => "nonResourceURLs",
            "read" if field.is_empty() => {
                verbs.extend(READ);
                continue;
            }
            "write" if field.is_empty() => {
                verbs.extend(WRITE);
                continue;
            }
            verb if field.is_empty() => {
                verbs.push(verb);
                continue;
            }
            "core" if field == "apiGroups" => {
                texts.push("");
                continue;
            }
            text => {
                texts.push(text);
                continue;
            }
        };
        close(field, &mut texts);
        field = next;
    }
    close(field, &mut texts);
    verbs.sort_unstable();
    let mut rule = Map::new();
    rule.insert("verbs".into(), verbs.into());
    for field in ["apiGroups", "resources", "resourceNames", "nonResourceURLs"] {
        if let Some(list) = lists.shift_remove(field) {
            rule.insert(field.into(), list);
        }
    }
    rule.into()
}
