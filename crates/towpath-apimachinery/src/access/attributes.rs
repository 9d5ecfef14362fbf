//! What is asked for, as roles name it, and the server's words where it is not granted.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/endpoints/request/requestinfo.go`,
//! `pkg/endpoints/handlers/responsewriters/errors.go`.

use std::borrow::Cow;

use super::User;
use crate::refusal::{Refusal, Subject};
use crate::request::{Below, Method};

/// What somebody wants to do with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// `get`, `deletecollection`, `impersonate`.
    pub verb: &'a str,
    /// With what.
    pub asked: Asked<'a>,
}

/// What something is wanted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked<'a> {
    /// Objects, or one of them.
    Objects(Objects<'a>),
    /// A path that is none of objects.
    Path(&'a str),
}

/// Objects that are asked for. Empty texts where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Objects<'a> {
    /// Empty for the core.
    pub group: &'a str,
    /// `pods`.
    pub resource: &'a str,
    /// `log`.
    pub subresource: &'a str,
    /// Empty for all of them, and for what lies in none.
    pub namespace: &'a str,
    /// Of one object.
    pub name: Cow<'a, str>,
}

impl<'a> Attributes<'a> {
    /// Objects.
    #[must_use]
    pub fn objects(verb: &'a str, objects: Objects<'a>) -> Self {
        Self { verb, asked: Asked::Objects(objects) }
    }

    /// A path that is none of objects.
    #[must_use]
    pub fn path(method: Method, path: &'a str) -> Self {
        let verb = match method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
        };
        Self { verb, asked: Asked::Path(path) }
    }

    /// What a request for objects asks for.
    #[must_use]
    pub fn of(method: Method, query: &str, below: &'a Below<'_>) -> Self {
        let mut name = Cow::Borrowed(below.name.as_deref().unwrap_or_default());
        let verb = match (method, below.name.is_some()) {
            (Method::Get, true) => "get",
            (Method::Get, false) => {
                let (is_watch, named) = listed(query);
                name = named.into();
                if is_watch { "watch" } else { "list" }
            }
            (Method::Post, _) => "create",
            (Method::Put, _) => "update",
            (Method::Patch, _) => "patch",
            (Method::Delete, true) => "delete",
            (Method::Delete, false) => "deletecollection",
        };
        let mut namespace = below.namespace.as_deref().unwrap_or_default();
        if below.group.is_empty() && below.resource == "namespaces" {
            // A namespace lies in itself: whoever may do everything in it may read it.
            namespace = below.name.as_deref().unwrap_or_default();
        }
        Self::objects(
            verb,
            Objects {
                group: &below.group,
                resource: &below.resource,
                subresource: below.subresource.as_deref().unwrap_or_default(),
                namespace,
                name,
            },
        )
    }

    /// The refusal of whoever may not do this. `reason` is what the policy had to say.
    #[must_use]
    pub fn refusal(&self, user: &User, reason: &str) -> Refusal {
        let (user, verb) = (&user.name, self.verb);
        let mut why = match &self.asked {
            Asked::Path(path) => format!("User {user:?} cannot {verb} path {path:?}"),
            Asked::Objects(it) => {
                let resource = match it.subresource {
                    "" => it.resource.to_owned(),
                    below => format!("{}/{below}", it.resource),
                };
                let place = match it.namespace {
                    "" => "at the cluster scope".to_owned(),
                    namespace => format!("in the namespace {namespace:?}"),
                };
                let group = it.group;
                format!(
                    "User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {place}"
                )
            }
        };
        // The server keeps its message from being read as HTML.
        why = why.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        match &self.asked {
            Asked::Path(_) => Refusal::forbidden_path(&why),
            Asked::Objects(it) => {
                let Objects { group, resource, .. } = *it;
                Refusal::forbidden(&Subject { group, resource, kind: "", name: &it.name }, &why)
            }
        }
    }
}

/// Whether a list is watched, and the one name that it is about.
fn listed(query: &str) -> (bool, String) {
    let (mut is_watch, mut name) = (false, String::new());
    for (field, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*field {
            "watch" => is_watch = !matches!(&*value.to_ascii_lowercase(), "false" | "0"),
            "fieldSelector" => {
                let named = value.split(',').find_map(|term| term.strip_prefix("metadata.name="));
                if let Some(named) = named {
                    named.trim_start_matches('=').clone_into(&mut name);
                }
            }
            _ => {}
        }
    }
    (is_watch, name)
}
