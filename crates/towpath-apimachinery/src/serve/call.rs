//! One request for objects, with all that was found out about it.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::access::User;
use crate::admission::Asked;
use crate::decision::{Answer, Decision};
use crate::machine::Machine;
use crate::refusal::{Refusal, Subject};
use crate::render::Render;
use crate::request::{Body, Form, Options, Request};
use crate::resource::Resource;
use crate::store::{Key, Stored};

/// A request for objects.
pub(crate) struct Call<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) request: &'a Request<'a>,
    pub(crate) user: Cow<'a, User>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) namespace: Option<Box<str>>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) subresource: Option<Box<str>>,
    pub(crate) options: Options,
    pub(crate) form: Form,
    pub(crate) body: Body,
    /// Whether it is known already whose the fields are.
    pub(crate) is_applied: bool,
    /// What webhooks have said.
    pub(crate) asked: &'a [Asked],
    /// The object before webhooks or the cluster added to it, if they did: what is added is nobody's.
    pub(crate) sent: Option<Value>,
    /// Texts for headers `Warning`.
    pub(crate) warnings: Vec<String>,
}

impl Call<'_> {
    /// The name in the path, empty if there is none.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The namespace in the path, empty if there is none.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// What messages name.
    pub(crate) fn subject<'b>(&'b self, name: &'b str) -> Subject<'b> {
        Subject {
            group: &self.resource.group,
            resource: &self.resource.plural,
            kind: &self.resource.kind,
            name,
        }
    }

    pub(crate) fn key(&self, name: &str) -> Key {
        Key::new(&self.resource.id, self.namespace(), name)
    }

    /// The object that the path names.
    pub(crate) fn stored(&self) -> Result<&Arc<Stored>, Refusal> {
        self.found().ok_or_else(|| Refusal::not_found(&self.subject(self.name())))
    }

    /// The object that the path names, if it is there.
    pub(crate) fn found(&self) -> Option<&Arc<Stored>> {
        self.machine.state().find(&self.resource.id, self.namespace(), self.name())
    }

    pub(crate) fn render(&self) -> Render<'_> {
        Render { resource: &self.resource, form: self.form, now: self.request.now }
    }

    /// An object as a value of the version of the path.
    pub(crate) fn value(&self, stored: &Stored) -> Value {
        self.render().object(stored)
    }

    /// Now, as objects have it: in seconds.
    pub(crate) fn time(&self) -> String {
        crate::deletion::time(self.request.now)
    }

    /// Who writes, as `managedFields` have it.
    pub(crate) fn manager(&self) -> String {
        let named = &self.options.field_manager;
        if !named.is_empty() {
            return named.clone();
        }
        let agent = self.request.agent.split('/').next().unwrap_or_default();
        agent.chars().filter(|c| !c.is_control()).take(128).collect()
    }

    /// Whether a subresource is asked for by this name.
    pub(crate) fn is_below(&self, name: &str) -> bool {
        self.subresource.as_deref() == Some(name)
    }

    pub(crate) fn answer(&self, answer: Answer) -> Decision {
        Decision::Answer(answer.warning(self.warnings.clone()))
    }
}
