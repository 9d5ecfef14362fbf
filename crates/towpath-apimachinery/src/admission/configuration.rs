//! What a cluster holds to judge requests by, compiled when it is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policy::{Binding, Policy};
use super::webhook::Hook;
use crate::store::{Event, Happened, State, Stored};

/// What the store calls policies.
const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
/// What it calls their bindings.
const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

/// What it calls webhooks that may change what is written.
const MUTATING: &str = "mutatingwebhookconfigurations.admissionregistration.k8s.io";
/// What it calls those that may not.
const VALIDATING: &str = "validatingwebhookconfigurations.admissionregistration.k8s.io";

/// Policies, their bindings and webhooks, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configuration {
    policies: BTreeMap<Box<str>, Arc<Policy>>,
    bindings: BTreeMap<Box<str>, Arc<Binding>>,
    mutating: BTreeMap<Box<str>, Arc<[Hook]>>,
    validating: BTreeMap<Box<str>, Arc<[Hook]>>,
}

impl Configuration {
    /// What a cluster holds.
    pub(crate) fn of(state: &State) -> Self {
        let mut configuration = Self::default();
        for resource in [POLICIES, BINDINGS, MUTATING, VALIDATING] {
            for stored in state.list(resource, None) {
                configuration.put(resource, stored);
            }
        }
        configuration
    }

    /// Whether it is made of objects of a resource.
    pub(crate) fn is_made_of(resource: &str) -> bool {
        matches!(resource, POLICIES | BINDINGS | MUTATING | VALIDATING)
    }

    /// Whether nothing judges.
    pub(crate) fn is_empty(&self) -> bool {
        self.bindings.is_empty() && self.mutating.is_empty() && self.validating.is_empty()
    }

    /// Follows what happened.
    pub(crate) fn follow(&mut self, event: &Event) {
        if event.happened != Happened::Deleted {
            self.put(&event.key.resource, &event.object);
            return;
        }
        match &*event.key.resource {
            POLICIES => drop(self.policies.remove(&event.key.name)),
            BINDINGS => drop(self.bindings.remove(&event.key.name)),
            MUTATING => drop(self.mutating.remove(&event.key.name)),
            VALIDATING => drop(self.validating.remove(&event.key.name)),
            _ => {}
        }
    }

    fn put(&mut self, resource: &str, stored: &Stored) {
        let name = stored.head.name.clone();
        let value = stored.value(None);
        match resource {
            POLICIES => drop(self.policies.insert(name, Arc::new(Policy::read(&value)))),
            BINDINGS => drop(self.bindings.insert(name, Arc::new(Binding::read(&value)))),
            MUTATING => {
                let hooks = Hook::list(&name, &value);
                self.mutating.insert(name, hooks.into());
            }
            VALIDATING => {
                let hooks = Hook::list(&name, &value);
                self.validating.insert(name, hooks.into());
            }
            _ => {}
        }
    }

    /// Webhooks that may change what is written, in their order.
    pub(crate) fn mutating(&self) -> impl Iterator<Item = &Hook> {
        self.mutating.values().flat_map(|hooks| hooks.iter())
    }

    /// Webhooks that may not.
    pub(crate) fn validating(&self) -> impl Iterator<Item = &Hook> {
        self.validating.values().flat_map(|hooks| hooks.iter())
    }

    /// Whether a webhook is asked at a Service.
    pub(crate) fn asks(&self, namespace: &str, service: &str) -> bool {
        self.mutating().chain(self.validating()).any(|hook| hook.is_at(namespace, service))
    }

    /// Policies with the bindings that put them to use.
    pub(super) fn bound(&self) -> impl Iterator<Item = (&str, &Policy, Vec<(&str, &Binding)>)> {
        self.policies.iter().filter_map(|(name, policy)| {
            let bindings = self.bindings.iter().filter(|(_, binding)| binding.policy == *name);
            let bindings: Vec<_> = bindings.map(|(name, binding)| (&**name, &**binding)).collect();
            (!bindings.is_empty()).then_some((&**name, &**policy, bindings))
        })
    }
}
