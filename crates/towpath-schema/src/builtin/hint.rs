//! What was probably meant by a field that is unknown.

use serde_json::Value;
use towpath_catalog::{Catalog, GroupVersionKind, SchemaRef, Type};

use crate::crd::schema::{Fault, Violation};

/// The known field that an unknown one is nearest to, such as `replicas` for `replica`. The server has
/// no such hints. `None` for other faults, for lists of objects, and where nothing is near.
#[must_use]
pub fn hint<'c>(catalog: &'c Catalog, object: &Value, violation: &Violation) -> Option<&'c str> {
    if violation.fault != Fault::UnknownField {
        return None;
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let gvk = GroupVersionKind::of(text("apiVersion")?, text("kind")?);
    let mut place = catalog.schema(&gvk)?;
    let (above, unknown) = violation.path.rsplit_once('.').unwrap_or(("", &violation.path));
    for step in above.split('.').filter(|step| !step.is_empty()) {
        let (name, items) = step
            .split_once('[')
            .map_or((step, 0), |(name, rest)| (name, 1 + rest.matches('[').count()));
        place = below(place, name)?;
        for _ in 0..items {
            place = place.items()?;
        }
    }
    let near = place.fields().map(|field| (distance(field.name, unknown), field.name));
    let (distance, name) = near.min()?;
    (distance <= 1 + unknown.len() / 5).then_some(name)
}

fn below<'c>(place: SchemaRef<'c>, name: &str) -> Option<SchemaRef<'c>> {
    match (place.field(name), place.types()) {
        (Some(field), _) => Some(field.schema),
        (None, Type::Object) => place.additional(),
        _ => None,
    }
}

/// How many letters have to be put in, taken out or changed; case counts for little.
fn distance(known: &str, unknown: &str) -> usize {
    let (a, b) = (known.to_ascii_lowercase(), unknown.to_ascii_lowercase());
    if a.len().abs_diff(b.len()) > 4 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(one != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
