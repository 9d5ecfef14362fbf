//! Labels and annotations: texts put into mappings wherever the field specifications lead.
//!
//! What is added is [shared](crate::kustomize::shared) by the fields of one object.

use serde_json::Value;

use super::fieldspec::{Create, FieldSpec, set_entry};
use crate::Touch;
use crate::kustomize::error::Problem;
use crate::kustomize::resource::Resource;
use crate::kustomize::set::Set;
use crate::kustomize::shared::{Shared, pointer, settle};

/// Puts each of `pairs` into each field of each object.
///
/// # Errors
/// A field holds no mapping.
pub(crate) fn set(
    set: &mut Set,
    pairs: &[(String, String)],
    specs: &[FieldSpec],
    touch: &Touch,
) -> Result<(), Problem> {
    if pairs.is_empty() {
        return Ok(());
    }
    for resource in set.inner_mut() {
        let id = resource.identity();
        let specs = specs.iter().filter(|spec| spec.selects(&id));
        if put(resource, pairs, specs).map_err(|why| Problem::failed(id.to_string(), why))? {
            resource.touch(touch);
        }
    }
    Ok(())
}

fn put<'s>(
    resource: &mut Resource,
    pairs: &[(String, String)],
    specs: impl Iterator<Item = &'s FieldSpec>,
) -> Result<bool, String> {
    let mut changed = false;
    // For each pair, the fields that did not have its key.
    let mut added: Vec<Vec<String>> = vec![Vec::new(); pairs.len()];
    for spec in specs {
        let mut new = Vec::new();
        changed |= spec.visit(&mut resource.value, Create::Mapping, &mut |value: &mut Value| {
            let mut changed = false;
            for (key, text) in pairs {
                new.push(value.as_object().is_some_and(|map| !map.contains_key(key)));
                changed |= set_entry(value, key, text)?;
            }
            Ok(changed)
        })?;
        if new.contains(&true) {
            let places = spec.places(&resource.value);
            for (place, new) in places.iter().zip(new.chunks(pairs.len())) {
                for ((key, _), (added, new)) in pairs.iter().zip(added.iter_mut().zip(new)) {
                    if *new {
                        added.push(pointer(place, key));
                    }
                }
            }
        }
    }
    if changed && !resource.shared.is_empty() {
        settle(resource);
    }
    let shared =
        pairs.iter().zip(added).filter_map(|((_, text), places)| Shared::new(places, text));
    resource.shared.extend(shared);
    Ok(changed)
}
