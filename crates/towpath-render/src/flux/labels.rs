//! Labels and annotations that Flux puts on every object after the build.
//!
//! Source of the contract: `fluxcd/pkg:ssa` (`SetOwnerLabels`, `SetCommonMetadata`).

use std::sync::Arc;

use serde_json::Map;

use super::spec::Metadata;
use crate::{Object, Value};

/// Marks objects as belonging to the Kustomization `namespace/name`, as Flux does before it applies them.
pub fn own(objects: &mut [Object], namespace: &str, name: &str) {
    for object in objects {
        for (key, value) in [("name", name), ("namespace", namespace)] {
            let key = format!("kustomize.toolkit.fluxcd.io/{key}");
            set(Arc::make_mut(&mut object.value), "labels", &key, value);
        }
    }
}

/// Puts labels and annotations on all objects, over those that they have.
pub fn add_metadata(objects: &mut [Object], metadata: &Metadata) {
    for object in objects {
        for (key, value) in &metadata.labels {
            set(Arc::make_mut(&mut object.value), "labels", key, value);
        }
        for (key, value) in &metadata.annotations {
            set(Arc::make_mut(&mut object.value), "annotations", key, value);
        }
    }
}

fn set(object: &mut Value, field: &str, key: &str, value: &str) {
    let mut at = object;
    for step in ["metadata", field] {
        // An object without metadata, or with none that is a mapping, is no object: it is left alone.
        let Value::Object(map) = at else { return };
        at = map.entry(step.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
    }
    if let Value::Object(map) = at {
        map.insert(key.to_owned(), Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_put_over_those_that_are_there() {
        let object = |metadata: Value| Object {
            value: json!({"metadata": metadata}).into(),
            origin: crate::Origin::default(),
        };
        let mut objects = [
            object(json!({"name": "a", "labels": {"x": "1"}})),
            object(json!({"labels": null})),
            object(json!("none")),
        ];
        let metadata = Metadata {
            labels: [("x".to_owned(), "2".to_owned())].into(),
            annotations: [("y".to_owned(), "3".to_owned())].into(),
        };
        add_metadata(&mut objects, &metadata);
        own(&mut objects, "apps", "web");
        let labels = json!({
            "x": "2",
            "kustomize.toolkit.fluxcd.io/name": "web",
            "kustomize.toolkit.fluxcd.io/namespace": "apps",
        });
        let full = json!({"name": "a", "labels": labels, "annotations": {"y": "3"}});
        assert_eq!(objects[0].value["metadata"], full);
        assert_eq!(objects[1].value["metadata"]["labels"], labels);
        assert_eq!(objects[2].value["metadata"], "none");
    }
}
