//! Which objects a patch, or a replacement, is for.
//!
//! A [`Selector`] is read from a kustomization once and asked for many objects: its expressions are compiled when it is
//! made, and one without any sign of an expression is compared as text. It changes nothing. Source of the contract:
//! `kubernetes-sigs/kustomize:api/types/selector.go`, `api/resmap/reswrangler.go` (`Select`).
//!
//! Where to go next: `apply.rs` uses it, `labels.rs` has the selectors of labels.

use super::labels::{Labels, LabelsError};
use super::schema::Schema;
use super::strategic::text_of;
use crate::kustomize::Resource;
use crate::{Identity, Value};
use regex::Regex;

/// The namespace of an object that cannot have one, as selectors see it.
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// The namespace that an object is in: `default` where it names none, and a word of its own for kinds without one.
#[must_use]
pub fn effective_namespace<'i>(identity: &'i Identity, schema: &Schema) -> &'i str {
    if schema.namespaced(&identity.api_version(), &identity.kind) == Some(false) {
        NO_NAMESPACE
    } else if identity.namespace.is_empty() {
        "default"
    } else {
        &identity.namespace
    }
}

/// Whether two identities are the same object to kustomize: no namespace is the namespace `default`.
#[must_use]
pub fn same_object(left: &Identity, right: &Identity, schema: &Schema) -> bool {
    left.name == right.name
        && left.kind == right.kind
        && left.group == right.group
        && left.version == right.version
        && (left.namespace == right.namespace
            || effective_namespace(left, schema) == effective_namespace(right, schema))
}

/// What selects objects: all that is said must match.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: Labels,
    annotations: Labels,
}

/// Why a selector cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SelectorError {
    /// It is no mapping, or one of its fields is no text.
    #[error("{0} must be {1}")]
    Shape(&'static str, &'static str),
    /// An expression that cannot be compiled.
    #[error("{field} '{expression}' is no regular expression")]
    Expression {
        /// The field.
        field: &'static str,
        /// What it says.
        expression: String,
        /// What is wrong with it.
        source: regex::Error,
    },
    /// A selector of labels that cannot be read.
    #[error("cannot read {field} '{selector}'")]
    Labels {
        /// The field.
        field: &'static str,
        /// What it says.
        selector: String,
        /// What is wrong with it.
        source: LabelsError,
    },
}

/// A text that a field must have.
#[derive(Debug, Clone, Default)]
enum Pattern {
    #[default]
    Any,
    Text(String),
    Expression(Regex),
}

impl Pattern {
    fn new(field: &'static str, expression: &str) -> Result<Self, SelectorError> {
        if expression.is_empty() {
            return Ok(Self::Any);
        }
        if regex::escape(expression).len() == expression.len()
            || expression.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Ok(Self::Text(expression.to_owned()));
        }
        match Regex::new(&format!("^(?:{expression})$")) {
            Ok(regex) => Ok(Self::Expression(regex)),
            Err(source) => {
                Err(SelectorError::Expression { field, expression: expression.to_owned(), source })
            }
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Text(expected) => expected == text,
            Self::Expression(regex) => regex.is_match(text),
        }
    }
}

impl Selector {
    /// Reads a selector: the fields `group`, `version`, `kind`, `name`, `namespace`, `labelSelector` and
    /// `annotationSelector`; others are not looked at.
    ///
    /// # Errors
    /// A field is no text, or its text cannot be used.
    pub fn from_value(value: &Value) -> Result<Self, SelectorError> {
        let fields = value.as_object().ok_or(SelectorError::Shape("target", "a mapping"))?;
        let text = |field: &'static str| match fields.get(field) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(SelectorError::Shape(field, "a text")),
        };
        let pattern = |field| Pattern::new(field, text(field)?);
        let labels = |field| {
            let selector = text(field)?;
            Labels::parse(selector).map_err(|source| SelectorError::Labels {
                field,
                selector: selector.to_owned(),
                source,
            })
        };
        Ok(Self {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: labels("labelSelector")?,
            annotations: labels("annotationSelector")?,
        })
    }

    /// Whether the selector is for this object: its kind as it is now, its name and namespace as they are or first were.
    #[must_use]
    pub fn matches(&self, resource: &Resource, schema: &Schema) -> bool {
        let now = resource.identity();
        if !(self.kind.matches(&now.kind)
            && self.group.matches(&now.group)
            && self.version.matches(&now.version))
        {
            return false;
        }
        let first = resource.former.first().unwrap_or(&now);
        (self.name.matches(&first.name) || self.name.matches(&now.name))
            && (matches!(self.namespace, Pattern::Any)
                || self.namespace.matches(effective_namespace(first, schema))
                || self.namespace.matches(effective_namespace(&now, schema)))
            && self.labels.matches(|key| metadata(&resource.value, "labels", key))
            && self.annotations.matches(|key| metadata(&resource.value, "annotations", key))
    }

    /// Whether one name of an object is selected: kind, group, version, name and `namespace`.
    pub(in crate::kustomize) fn matches_identity(
        &self,
        identity: &Identity,
        namespace: &str,
    ) -> bool {
        self.kind.matches(&identity.kind)
            && self.group.matches(&identity.group)
            && self.version.matches(&identity.version)
            && self.name.matches(&identity.name)
            && self.namespace.matches(namespace)
    }

    /// Whether an object's labels and annotations are selected.
    pub(in crate::kustomize) fn matches_labels(&self, value: &Value) -> bool {
        self.labels.matches(|key| metadata(value, "labels", key))
            && self.annotations.matches(|key| metadata(value, "annotations", key))
    }

    /// Whether it says anything of kind, group, version, name or namespace.
    pub(in crate::kustomize) fn names_any(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .iter()
            .any(|pattern| !matches!(pattern, Pattern::Any))
    }

    /// Whether it says anything of labels or annotations.
    pub(in crate::kustomize) fn labels_any(&self) -> bool {
        self.labels != Labels::default() || self.annotations != Labels::default()
    }

    /// The one name that it can select, if there is only one.
    pub(super) fn only_name(&self) -> Option<&str> {
        match &self.name {
            Pattern::Text(name) => Some(name),
            _ => None,
        }
    }
}

fn metadata<'v>(value: &'v Value, field: &str, key: &str) -> Option<std::borrow::Cow<'v, str>> {
    value.get("metadata")?.get(field)?.get(key).map(text_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;
    use serde_json::json;

    #[test]
    fn selections() {
        let mut web = Resource::new(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata":
                {"name": "pre-web", "labels": {"app": "web", "n": 1}, "annotations": {"a": "b"}}}),
            Origin::default(),
        );
        web.former.push(Identity {
            name: "web".into(),
            namespace: "old".into(),
            kind: "Deployment".into(),
            ..web.identity()
        });
        let matching = [
            json!({}),
            json!({"kind": "Deployment", "group": "apps", "version": "v1"}),
            json!({"name": "web"}),
            json!({"name": "pre-web"}),
            json!({"name": "w.*"}),
            json!({"name": "x|web"}),
            json!({"namespace": "default"}),
            json!({"namespace": "old"}),
            json!({"kind": "Deploy.*|StatefulSet"}),
            json!({"labelSelector": "app in (web), n=1", "annotationSelector": "a"}),
        ];
        for selector in matching {
            let read = Selector::from_value(&selector).expect("it can be read");
            assert!(read.matches(&web, Schema::builtin()), "{selector}");
        }
        let other = [
            json!({"kind": "Deploy"}),
            json!({"name": "we"}),
            json!({"name": "x|we"}),
            json!({"group": "app"}),
            json!({"namespace": "other"}),
            json!({"labelSelector": "!app"}),
            json!({"annotationSelector": "a=c"}),
        ];
        for selector in other {
            let read = Selector::from_value(&selector).expect("it can be read");
            assert!(!read.matches(&web, Schema::builtin()), "{selector}");
        }
        for selector in
            [json!([]), json!({"name": 1}), json!({"name": "("}), json!({"labelSelector": "="})]
        {
            assert!(Selector::from_value(&selector).is_err(), "{selector}");
        }
    }

    #[test]
    fn kinds_without_a_namespace() {
        let identity = |kind: &str, namespace: &str| Identity {
            version: "v1".into(),
            kind: kind.into(),
            name: "a".into(),
            namespace: namespace.into(),
            ..Identity::default()
        };
        let same = |kind, left, right| {
            same_object(&identity(kind, left), &identity(kind, right), Schema::builtin())
        };
        assert!(same("Namespace", "", "x"));
        assert!(same("ConfigMap", "", "default"));
        assert!(!same("ConfigMap", "", "x"));
    }
}
