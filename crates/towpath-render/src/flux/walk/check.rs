//! What cannot work in the order in which Kustomizations are applied: two owners of an object, and objects that come
//! before what they need.
//!
//! Within one Kustomization Flux applies definitions and namespaces first (`fluxcd/pkg:ssa`), so only what another one
//! creates is looked at. What nothing here creates may be in the cluster already, and is no trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::order::Order;
use super::{Trouble, TroubleKind, Walked};
use crate::{Identity, Object};

/// Namespaces that every cluster has.
const ALWAYS: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Who creates what.
#[derive(Default)]
struct Providers {
    namespaces: BTreeMap<String, Vec<usize>>,
    definitions: BTreeMap<(String, String), Vec<usize>>,
}

pub(super) fn check(walked: &[Walked], order: &Order, troubles: &mut Vec<Trouble>) {
    let mut providers = Providers::default();
    let mut owners: BTreeMap<(String, String, String, String), usize> = BTreeMap::new();
    for (place, object) in objects(walked, order) {
        let identity = object.identity();
        providers.note(place, object, &identity);
        if is_shared(object) {
            continue;
        }
        let Identity { group, kind, namespace, name, .. } = identity.clone();
        let owner = *owners.entry((group, kind, namespace, name)).or_insert(place);
        if owner != place {
            let other = walked[owner].id.clone();
            let kind = TroubleKind::TwoOwners { object: identity, other };
            troubles.push(at(&walked[place], object, kind));
        }
    }
    let mut seen = BTreeSet::new();
    for (place, object) in objects(walked, order) {
        let identity = object.identity();
        let late = |creators: Option<&Vec<usize>>| {
            let creators = creators?;
            let early =
                |creator: &usize| *creator == place || order.before[place].contains(creator);
            if creators.iter().any(early) { None } else { creators.first().copied() }
        };
        let definition = (identity.group.clone(), identity.kind.clone());
        if let Some(creator) = late(providers.definitions.get(&definition))
            && seen.insert((place, definition))
        {
            let provider = walked[creator].id.clone();
            let kind = TroubleKind::BeforeDefinition { object: identity.clone(), provider };
            troubles.push(at(&walked[place], object, kind));
        }
        if let Some(creator) = late(providers.namespaces.get(&identity.namespace))
            && seen.insert((place, (identity.namespace.clone(), String::new())))
        {
            let provider = walked[creator].id.clone();
            let kind = TroubleKind::BeforeNamespace { object: identity, provider };
            troubles.push(at(&walked[place], object, kind));
        }
    }
}

/// The objects of this cluster, in the order of their Kustomizations.
fn objects<'w>(
    walked: &'w [Walked],
    order: &'w Order,
) -> impl Iterator<Item = (usize, &'w Object)> {
    let here = |place: &&usize| walked[**place].spec.as_ref().is_some_and(|spec| !spec.elsewhere);
    order.places.iter().filter(here).flat_map(|place| {
        let rendered = walked[*place].rendered.iter();
        rendered.flat_map(|rendered| &rendered.objects).map(|object| (*place, object))
    })
}

fn at(walked: &Walked, object: &Object, kind: TroubleKind) -> Trouble {
    Trouble {
        kustomization: walked.id.clone(),
        file: Arc::clone(&object.origin.file),
        line: object.origin.line,
        kind,
    }
}

impl Providers {
    fn note(&mut self, place: usize, object: &Object, identity: &Identity) {
        match (identity.group.as_str(), identity.kind.as_str()) {
            ("", "Namespace") if !ALWAYS.contains(&identity.name.as_str()) => {
                self.namespaces.entry(identity.name.clone()).or_default().push(place);
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let spec = &object.value["spec"];
                let text = |value: &crate::Value| value.as_str().unwrap_or_default().to_owned();
                let defined = (text(&spec["group"]), text(&spec["names"]["kind"]));
                self.definitions.entry(defined).or_default().push(place);
            }
            _ => {}
        }
    }
}

/// Whether the object says that others may apply it, too.
fn is_shared(object: &Object) -> bool {
    let metadata = &object.value["metadata"];
    let says = |key: &str, words: &[&str]| {
        ["labels", "annotations"].iter().any(|map| {
            let value = metadata[map][format!("kustomize.toolkit.fluxcd.io/{key}")].as_str();
            value.is_some_and(|value| words.iter().any(|word| word.eq_ignore_ascii_case(value)))
        })
    };
    says("ssa", &["Merge", "IfNotPresent", "Ignore"]) || says("reconcile", &["disabled"])
}
