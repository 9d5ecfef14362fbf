//! A request as admission sees it.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/admission/attributes.go`,
//! `pkg/admission/plugin/cel/condition.go`.

use serde_json::{Map, Value, json};

use super::GROUP;
use crate::access::User;
use crate::deletion::NAMESPACES;
use crate::machine::Machine;
use crate::object;
use crate::refusal::{Refusal, Subject};
use crate::render::Render;
use crate::request::{Encoding, Form, View};
use crate::resource::Resource;
use crate::strategy;

/// What a request does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }
}

/// Group, version and kind.
pub(crate) type Kind<'a> = (&'a str, &'a str, &'a str);

/// A request that wants to write one object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) machine: &'a Machine,
    /// As the path names it.
    pub(crate) resource: &'a Resource,
    /// Empty if there is none.
    pub(crate) subresource: &'a str,
    pub(crate) operation: Operation,
    /// Empty for what lies in none; a namespace lies in itself.
    pub(crate) namespace: &'a str,
    /// Empty where it will be generated, and for collections.
    pub(crate) name: &'a str,
    /// As it is to be.
    pub(crate) object: Option<&'a Value>,
    /// As it was.
    pub(crate) old: Option<&'a Value>,
    /// How it was asked for.
    pub(crate) options: &'a Value,
    pub(crate) user: &'a User,
    pub(crate) is_dry: bool,
    pub(crate) now: jiff::Timestamp,
}

impl<'a> About<'a> {
    /// The kind of the object that is written: below a resource another one than its own.
    pub(crate) fn kind(&self) -> Kind<'a> {
        self.kind_of(self.resource)
    }

    /// The same at another version of the resource.
    pub(crate) fn kind_of(&self, resource: &'a Resource) -> Kind<'a> {
        match resource.subresource(self.subresource) {
            Some(below) => (&below.group, &below.version, &below.kind),
            None => (&resource.group, &resource.version, &resource.kind),
        }
    }

    pub(crate) fn is_of(&self, id: &str) -> bool {
        *self.resource.id == *id
    }

    /// What judges requests is not judged itself, or nobody could mend it.
    pub(crate) fn is_exempt(&self) -> bool {
        *self.resource.group == *GROUP
    }

    /// The name in messages.
    fn told(&self) -> &'a str {
        if !self.name.is_empty() {
            return self.name;
        }
        let generated = |object| object::text(object, &["metadata", "generateName"]);
        match self.object {
            Some(object) if !object::name(object).is_empty() => object::name(object),
            Some(object) => generated(object).filter(|n| !n.is_empty()).unwrap_or("Unknown"),
            None => "Unknown",
        }
    }

    /// The refusal of the request, with the server's sentence after `is forbidden: `.
    pub(crate) fn forbidden(&self, why: &str) -> Refusal {
        let subject = Subject {
            group: &self.resource.group,
            resource: &self.resource.plural,
            kind: &self.resource.kind,
            name: self.told(),
        };
        Refusal::forbidden(&subject, why)
    }

    /// The namespace that the object lies in, without what is nobody's business.
    pub(crate) fn namespace_object(&self) -> Option<Value> {
        if self.is_of(NAMESPACES) || self.namespace.is_empty() {
            return None;
        }
        let mut value = self.stored_namespace()?;
        let metadata = object::metadata(&mut value);
        metadata.shift_remove("managedFields");
        metadata.shift_remove("ownerReferences");
        Some(value)
    }

    fn stored_namespace(&self) -> Option<Value> {
        let stored = self.machine.state().find(NAMESPACES, "", self.namespace)?;
        let resource = self.machine.stored(NAMESPACES)?;
        Some(stored.value(Some(resource.type_meta())))
    }

    /// The labels of the namespace that the request is about; nothing, if it is about none.
    pub(crate) fn namespace_labels(&self) -> Option<Value> {
        let is_namespace = self.is_of(NAMESPACES);
        let written = match (is_namespace && self.subresource.is_empty(), self.operation) {
            (true, Operation::Create | Operation::Update) => self.object.cloned(),
            _ if self.namespace.is_empty() => return None,
            _ => self.stored_namespace(),
        };
        let labels = written.and_then(|value| value.pointer("/metadata/labels").cloned());
        Some(labels.unwrap_or_else(|| json!({})))
    }

    /// An object of the request in the version of an equivalent resource.
    pub(crate) fn at_version(&self, value: &Value, resource: &Resource) -> Value {
        let mut value = value.clone();
        let is_whole = self.subresource.is_empty() || self.subresource == "status";
        if !is_whole || *resource.api_version == *self.resource.api_version {
            return value;
        }
        if resource.custom.is_some() {
            let version = (*resource.api_version).into();
            object::map(&mut value).insert("apiVersion".into(), version);
        } else {
            strategy::convert(&mut value, &self.resource.gvk(), &resource.gvk());
        }
        value
    }

    /// Such an object back in the version of the request.
    pub(crate) fn back_from(&self, mut value: Value, resource: &Resource) -> Value {
        if *resource.api_version == *self.resource.api_version {
            return value;
        }
        if resource.custom.is_some() {
            let version = (*self.resource.api_version).into();
            object::map(&mut value).insert("apiVersion".into(), version);
        } else {
            strategy::convert(&mut value, &resource.gvk(), &self.resource.gvk());
        }
        value
    }

    /// The parameters of a policy, or anything else that is stored, in the version of a resource.
    pub(crate) fn stored(&self, resource: &Resource, stored: &crate::store::Stored) -> Value {
        let form = Form { view: View::Whole, encoding: Encoding::Json, is_aggregated: false };
        Render { resource, form, now: self.now }.object(stored)
    }

    /// The request as expressions and webhooks are told of it, as if for an equivalent resource.
    pub(crate) fn request(&self, resource: &Resource) -> Map<String, Value> {
        let kind = |(group, version, kind): Kind<'_>| json!({"group": group, "version": version, "kind": kind});
        let told = |resource: &Resource| {
            json!({
                "group": &*resource.group,
                "version": &*resource.version,
                "resource": &*resource.plural,
            })
        };
        let mut request = Map::new();
        request.insert("kind".into(), kind(self.kind_of_other(resource)));
        request.insert("resource".into(), told(resource));
        let text = |request: &mut Map<String, Value>, field: &str, text: &str| {
            if !text.is_empty() {
                request.insert(field.into(), text.into());
            }
        };
        text(&mut request, "subResource", self.subresource);
        request.insert("requestKind".into(), kind(self.kind()));
        request.insert("requestResource".into(), told(self.resource));
        text(&mut request, "requestSubResource", self.subresource);
        text(&mut request, "name", self.name);
        text(&mut request, "namespace", self.namespace);
        request.insert("operation".into(), self.operation.as_str().into());
        request.insert("userInfo".into(), self.user.info());
        request.insert("dryRun".into(), self.is_dry.into());
        request.insert("options".into(), self.options.clone());
        request
    }

    fn kind_of_other<'r>(&self, resource: &'r Resource) -> Kind<'r> {
        match resource.subresource(self.subresource) {
            Some(below) => (&below.group, &below.version, &below.kind),
            None => (&resource.group, &resource.version, &resource.kind),
        }
    }
}
