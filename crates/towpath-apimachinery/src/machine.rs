//! One cluster: what it serves and what it holds.
//!
//! [`Machine::decide`] reads and says what a request comes to; only [`Machine::commit`] changes anything. Between the
//! two nothing is locked: a decision that was overtaken is refused as stale and made anew.

use std::sync::{Arc, OnceLock};

use towpath_catalog::SchemaRef;

use crate::access::{Attributes, Authority, MASTERS, Policy, User};
use crate::admission::{Asked, Configuration};
use crate::control::living::{self, Script};
use crate::custom::Registry;
use crate::decision::Decision;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::resource::Resource;
use crate::serve;
use crate::shape::Shape;
use crate::store::{Change, Event, Kept, Stale, State, Unreadable};
use crate::surface::{Group, Surface};

/// A cluster.
#[derive(Debug, Clone)]
pub struct Machine {
    surface: Arc<Surface>,
    state: State,
    registry: Registry,
    /// Made when somebody who is not the administrator asks for the first time. Shared with clusters that have the same
    /// roles and bindings.
    policy: Arc<OnceLock<Policy>>,
    authority: Arc<Authority>,
    admission: Arc<Configuration>,
    life: Option<Life>,
}

/// What makes a cluster live.
#[derive(Debug, Clone)]
struct Life {
    given: Arc<Script>,
    /// The script that was given, below the one that the cluster holds.
    script: Arc<Script>,
    /// Why the one that the cluster holds is not understood.
    fault: Option<Arc<str>>,
}

impl Life {
    fn new(given: Arc<Script>, state: &State) -> Self {
        let mut life = Self { script: Arc::clone(&given), given, fault: None };
        match living::held(state) {
            Some(Ok(held)) => life.script = Arc::new(held.over(&life.given)),
            Some(Err(fault)) => life.fault = Some(fault.into()),
            None => {}
        }
        life
    }
}

impl Machine {
    /// A cluster that holds `state` and serves what its minor does, and what the definitions in it add.
    #[must_use]
    pub fn new(surface: Arc<Surface>, state: State) -> Self {
        Self::with_policy(surface, state, Arc::default())
    }

    /// The same, where the policy that `state` holds may be known already.
    pub(crate) fn with_policy(
        surface: Arc<Surface>,
        state: State,
        policy: Arc<OnceLock<Policy>>,
    ) -> Self {
        let registry = Registry::of(&state);
        let admission = Arc::new(Configuration::of(&state));
        Self { surface, state, registry, policy, authority: Arc::default(), admission, life: None }
    }

    /// The same cluster, which believes whom `authority` does. Without it, nobody has a token.
    #[must_use]
    pub fn believing(mut self, authority: Arc<Authority>) -> Self {
        self.authority = authority;
        self
    }

    /// Whom the cluster believes.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What its roles and bindings grant.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.policy.get_or_init(|| Policy::of(&self.state))
    }

    /// What judges requests besides it.
    pub(crate) fn admission(&self) -> &Configuration {
        &self.admission
    }

    /// Lets a user do something.
    ///
    /// # Errors
    ///
    /// 403, if the roles and bindings do not grant it.
    pub fn permit(&self, user: &User, asked: &Attributes<'_>) -> Result<(), Refusal> {
        if user.is_of(MASTERS) {
            return Ok(());
        }
        let verdict = self.policy().judge(user, asked);
        if verdict.is_allowed { Ok(()) } else { Err(asked.refusal(user, &verdict.reason)) }
    }

    /// A cluster that goes on at `revision` with what was kept of it.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], if something is not as it was written.
    pub fn restore(
        surface: Arc<Surface>,
        revision: u64,
        kept: impl IntoIterator<Item = Kept>,
    ) -> Result<Self, Unreadable> {
        let mut machine = Self::new(surface, State::new(revision));
        let mut customs = Vec::new();
        for mut object in kept {
            if let Some(resource) = machine.surface.stored(&object.key.resource) {
                object.key.resource = resource.id.clone();
                machine.state.put_back(object, &resource.selectable)?;
            } else {
                customs.push(object);
            }
        }
        machine.registry = Registry::of(&machine.state);
        for mut object in customs {
            let resource = machine.registry.stored(&object.key.resource);
            if let Some(resource) = resource {
                object.key.resource = resource.id.clone();
            }
            let fields = resource.map_or(&[][..], |resource| &resource.selectable);
            machine.state.put_back(object, fields)?;
        }
        machine.policy = Arc::default();
        machine.admission = Arc::new(Configuration::of(&machine.state));
        Ok(machine)
    }

    /// The same cluster, living: its workloads get the status that a healthy cluster gives them, and what a script says
    /// goes wrong. A ConfigMap in the cluster may say more: [`living::FAULTS`].
    #[must_use]
    pub fn with_script(mut self, script: Arc<Script>) -> Self {
        self.live_by(script);
        self
    }

    /// Makes it a cluster that lives, as [`Machine::with_script`] does.
    pub fn live_by(&mut self, script: Arc<Script>) {
        self.life = Some(Life::new(script, &self.state));
    }

    /// What goes wrong in a cluster that lives.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        self.life.as_ref().map(|life| &*life.script)
    }

    /// Why the script that the cluster holds is not understood, if it is not.
    #[must_use]
    pub fn script_fault(&self) -> Option<&str> {
        self.life.as_ref()?.fault.as_deref()
    }

    /// What is built in.
    #[must_use]
    pub fn surface(&self) -> &Surface {
        &self.surface
    }

    /// What the cluster holds.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Custom resources.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What a request comes to.
    ///
    /// # Errors
    ///
    /// [`Refusal`], which is an answer as well.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, Refusal> {
        self.decide_with(request, &[])
    }

    /// The same for a request whose decision had to ask. Time and random bits are to be those of the first decision.
    /// What was asked of a world that has changed meanwhile is asked again.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub fn decide_with(&self, request: &Request<'_>, asked: &[Asked]) -> Result<Decision, Refusal> {
        serve::serve(self, request, asked)
    }

    /// Writes what was decided: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// [`Stale`], if it was decided on what is no longer so.
    pub fn commit(&mut self, changes: Vec<Change>) -> Result<Vec<Arc<Event>>, Stale> {
        let events = self.state.commit(changes)?;
        for event in &events {
            self.registry.follow(event);
            if Policy::is_made_of(&event.key.resource) {
                // One that nobody has asked for is made of what the cluster holds by then.
                if let Some(policy) = Arc::make_mut(&mut self.policy).get_mut() {
                    policy.follow(event);
                }
            }
            if Configuration::is_made_of(&event.key.resource) {
                Arc::make_mut(&mut self.admission).follow(event);
            }
            if let Some(life) = &mut self.life
                && living::is_faults(event)
            {
                *life = Life::new(Arc::clone(&life.given), &self.state);
            }
        }
        Ok(events)
    }

    /// Groups in the order in which a server lists them, the core first.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.surface.groups().iter().chain(self.registry.groups())
    }

    /// A group by name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups().find(|group| *group.name == *name)
    }

    /// The resource at an address.
    #[must_use]
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.group(group)?.version(version)?.resources.get(plural)
    }

    /// The resource that the store calls by this name, in the version that is stored.
    #[must_use]
    pub fn stored(&self, id: &str) -> Option<&Arc<Resource>> {
        self.surface.stored(id).or_else(|| self.registry.stored(id))
    }

    /// The resource of a kind, in any version that is served.
    #[must_use]
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        let version = self.group(group)?.version(version)?;
        version.resources.values().find(|resource| *resource.kind == *kind)
    }

    /// What is known of an object of a resource.
    #[must_use]
    pub fn shape<'a>(&'a self, resource: &'a Resource) -> Shape<'a> {
        match &resource.custom {
            Some(custom) => Shape::custom(&custom.open_api, self.surface.metadata()),
            None => self.schema(resource).map_or(Shape::Unknown, Shape::BuiltIn),
        }
    }

    /// The schema of a built-in resource.
    #[must_use]
    pub fn schema(&self, resource: &Resource) -> Option<SchemaRef<'_>> {
        self.surface.catalog().schema(&resource.gvk())
    }
}
