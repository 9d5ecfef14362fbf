//! Labels and annotations that Kustomize puts into an object once and keeps in several of its fields.
//!
//! In `kubernetes-sigs/kustomize:api/filters/labels` the fields that a transformer adds to one object hold the same node. Whoever
//! changes one of them later changes all: a patch of `metadata.labels` reaches into selectors. That is what a cluster
//! will be given, so it is done here as well. A JSON patch reads the object anew, which ends the sharing.

use serde_json::Value;

use super::resource::Resource;

/// One text in several fields of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    /// JSON pointers to the fields.
    places: Vec<String>,
    /// What they hold.
    text: String,
}

impl Shared {
    /// Fields that share `text`; one alone shares nothing.
    pub(crate) fn new(places: Vec<String>, text: &str) -> Option<Self> {
        let mut places = places;
        // In the order in which a patch comes to them, so that the last change counts.
        places.sort_unstable();
        (places.len() > 1).then(|| Self { places, text: text.to_owned() })
    }
}

/// Brings a change of one field into those that share it.
pub(crate) fn settle(resource: &mut Resource) {
    let Resource { value, shared, .. } = resource;
    shared.retain_mut(|shared| {
        shared.places.retain(|place| value.pointer(place).is_some_and(Value::is_string));
        let mut texts = shared.places.iter().rev().filter_map(|p| value.pointer(p)?.as_str());
        if let Some(changed) = texts.find(|text| *text != shared.text).map(str::to_owned) {
            for place in &shared.places {
                if let Some(field) = value.pointer_mut(place) {
                    *field = Value::String(changed.clone());
                }
            }
            shared.text = changed;
        }
        shared.places.len() > 1
    });
}

/// Ends the sharing of the object's own annotations, which were written anew.
pub(crate) fn part_annotations(resource: &mut Resource) {
    for shared in &mut resource.shared {
        shared.places.retain(|place| !place.starts_with("/metadata/annotations/"));
    }
    resource.shared.retain(|shared| shared.places.len() > 1);
}

/// The pointer to `key` below `place`.
pub(crate) fn pointer(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}
