//! Definitions of `apiextensions.k8s.io/v1beta1` in the shape of `v1`.
//!
//! What `v1beta1` says once for all versions is said for each; what it leaves out gets the default
//! of `v1beta1`. It must not judge or drop anything: a field that it does not know stays where it is
//! and is compared there.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apis/apiextensions/v1beta1`,
//! conversion and defaults.

use serde_json::{Map, Value, json};

use super::definition::{DefinitionError, MAX_VALUES, shape, values};

/// Fields that stand at the top in `v1beta1` and with each version in `v1`.
const OF_VERSIONS: [&str; 2] = ["subresources", "additionalPrinterColumns"];

pub(super) fn lift(spec: &mut Map<String, Value>) -> Result<(), DefinitionError> {
    spec.retain(|_, value| !value.is_null());
    let single = spec.shift_remove("version");
    if !spec.contains_key("versions") {
        let name = single.ok_or_else(|| shape("spec.versions", "a list"))?;
        let only = json!([{"name": name, "served": true, "storage": true}]);
        spec.insert("versions".to_owned(), only);
    }
    let validation = spec.shift_remove("validation");
    let shared: Vec<(&str, Value)> = OF_VERSIONS
        .into_iter()
        .filter_map(|field| spec.shift_remove(field).map(|value| (field, value)))
        .collect();

    let versions = spec.get_mut("versions").and_then(Value::as_array_mut);
    let copies = versions.as_ref().map_or(0, |versions| versions.len());
    let size: usize =
        validation.iter().chain(shared.iter().map(|(_, value)| value)).map(values).sum();
    if size.saturating_mul(copies) > MAX_VALUES {
        return Err(DefinitionError::TooLarge);
    }
    for version in versions.ok_or_else(|| shape("spec.versions", "a list"))? {
        let version = version.as_object_mut();
        let version = version.ok_or_else(|| shape("spec.versions[]", "an object"))?;
        for (field, value) in &shared {
            version.entry(*field).or_insert_with(|| value.clone());
        }
        if let Some(validation) = &validation {
            version.entry("schema").or_insert_with(|| validation.clone());
        }
        if let Some(columns) = version.get_mut("additionalPrinterColumns") {
            lift_columns(columns);
        }
    }
    // The default of v1beta1; v1 knows the field only to refuse it when true.
    spec.entry("preserveUnknownFields").or_insert(Value::Bool(true));
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(false)) {
        spec.shift_remove("preserveUnknownFields");
    }
    spec.entry("scope").or_insert_with(|| json!("Namespaced"));
    lift_conversion(spec);
    Ok(())
}

fn lift_columns(columns: &mut Value) {
    for column in columns.as_array_mut().into_iter().flatten() {
        let Some(column) = column.as_object_mut() else { continue };
        if let Some(path) = column.shift_remove("JSONPath") {
            column.insert("jsonPath".to_owned(), path);
        }
    }
}

fn lift_conversion(spec: &mut Map<String, Value>) {
    let Some(Value::Object(conversion)) = spec.get_mut("conversion") else { return };
    let config = conversion.shift_remove("webhookClientConfig");
    let reviews = conversion.shift_remove("conversionReviewVersions");
    if config.is_none() && reviews.is_none() {
        return;
    }
    let mut webhook = Map::new();
    webhook.extend(config.map(|config| ("clientConfig".to_owned(), config)));
    webhook.extend(reviews.map(|reviews| ("conversionReviewVersions".to_owned(), reviews)));
    conversion.insert("webhook".to_owned(), Value::Object(webhook));
}
