//! The objects of a build in their order, each of its own identity.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/resmap/reswrangler.go`. The indexes are built when they are
//! asked for and dropped when names may have changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::error::Problem;
use super::generate;
use super::patch::schema::Schema;
use super::patch::target::effective_namespace;
use super::resource::{Behavior, Resource};
use crate::{Identity, Touch};

/// Where Kustomize's record of an object's origin stands.
const ORIGIN: &str = "/metadata/annotations/config.kubernetes.io~1origin";

/// The objects of a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set {
    list: Vec<Resource>,
    /// By the identity under which an object is unique now.
    current: Option<HashMap<Identity, usize>>,
    /// By every identity that an object has or had.
    any: Option<HashMap<Identity, Vec<usize>>>,
}

impl Set {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Resource] {
        &self.list
    }

    /// The objects, for changes that leave their identities alone.
    pub(crate) fn inner_mut(&mut self) -> &mut [Resource] {
        &mut self.list
    }

    /// The objects, for changes of any kind.
    pub(crate) fn list_mut(&mut self) -> &mut Vec<Resource> {
        (self.current, self.any) = (None, None);
        &mut self.list
    }

    /// All objects; the set is empty then.
    pub(crate) fn take(&mut self) -> Vec<Resource> {
        std::mem::take(self.list_mut())
    }

    /// Other objects in place of those here.
    pub(crate) fn replace(&mut self, resources: impl IntoIterator<Item = Resource>) {
        *self.list_mut() = resources.into_iter().collect();
    }

    /// Adds an object.
    ///
    /// # Errors
    /// There is one of its identity.
    pub(crate) fn append(&mut self, resource: Resource, schema: &Schema) -> Result<(), Problem> {
        let id = resource.identity();
        let key = unique(id.clone(), schema);
        let list = &self.list;
        let current = self.current.get_or_insert_with(|| {
            list.iter().enumerate().map(|(at, r)| (unique(r.identity(), schema), at)).collect()
        });
        if let Some(at) = current.get(&key) {
            let first = &list[*at].origin;
            return Err(Problem::Conflict(format!(
                "{id} ({}), first in {}:{},",
                id.api_version(),
                first.file,
                first.line
            )));
        }
        current.insert(key, list.len());
        if let Some(any) = &mut self.any {
            for key in keys(&resource, schema) {
                any.entry(key).or_default().push(list.len());
            }
        }
        self.list.push(resource);
        Ok(())
    }

    /// Whether two objects have one identity now: the later of them.
    pub(crate) fn twice(&self, schema: &Schema) -> Option<Identity> {
        let mut seen = HashSet::with_capacity(self.list.len());
        self.list.iter().map(Resource::identity).find(|id| !seen.insert(unique(id.clone(), schema)))
    }

    /// Where the objects stand that have or had this identity.
    pub(crate) fn with_any_id(&mut self, id: &Identity, schema: &Schema) -> Vec<usize> {
        let list = &self.list;
        let any = self.any.get_or_insert_with(|| {
            let mut any: HashMap<Identity, Vec<usize>> = HashMap::with_capacity(list.len());
            for (at, resource) in list.iter().enumerate() {
                for key in keys(resource, schema) {
                    any.entry(key).or_default().push(at);
                }
            }
            any
        });
        any.get(&unique(id.clone(), schema)).cloned().unwrap_or_default()
    }

    /// Adds a generated object, or puts it in place of the one that it replaces or adds to.
    ///
    /// # Errors
    /// Its behavior does not fit what is there.
    pub(crate) fn absorb(&mut self, new: Resource, schema: &Schema) -> Result<(), Problem> {
        let id = new.identity();
        let matches = self.with_any_id(&id, schema);
        let behavior = new.behavior;
        match (matches.as_slice(), behavior) {
            ([], Behavior::Merge | Behavior::Replace) => Err(Problem::failed(
                id.to_string(),
                "there is none yet, so nothing can be merged or replaced",
            )),
            ([], _) => self.append(new, schema),
            ([at], Behavior::Replace | Behavior::Merge) => {
                let old = &mut self.list_mut()[*at];
                let touch = Touch { file: Arc::clone(&new.origin.file), field: "behavior".into() };
                let origin = old.value.pointer(ORIGIN).cloned();
                generate::absorb(old, new);
                if let (Behavior::Merge, Some(text)) = (behavior, origin)
                    && let Some(annotation) = old.value.pointer_mut(ORIGIN)
                {
                    *annotation = text;
                }
                old.shared.clear();
                if behavior == Behavior::Merge {
                    old.touch(&touch);
                }
                Ok(())
            }
            ([_], _) => Err(Problem::failed(
                id.to_string(),
                "there is one already, so the behavior must be merge or replace",
            )),
            _ => Err(Problem::failed(
                id.to_string(),
                "several objects have or had this name, so none can be merged or replaced",
            )),
        }
    }
}

/// The identity under which an object is unique.
fn unique(mut id: Identity, schema: &Schema) -> Identity {
    let namespace = effective_namespace(&id, schema);
    if namespace != id.namespace {
        id.namespace = namespace.to_owned();
    }
    id
}

/// The identities under which an object is found, each once.
fn keys(resource: &Resource, schema: &Schema) -> Vec<Identity> {
    let mut keys = Vec::with_capacity(1 + resource.former.len());
    for id in resource.previous().chain([resource.identity()]) {
        let key = unique(id, schema);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}
