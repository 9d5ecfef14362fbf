//! Definitions of custom resources: one schema for all versions at first, one for each later.

use serde_json::{Value, json};

use super::{Fields, below, items, rename};
use crate::object;

/// What stood once for all versions, and where it stands in each.
const PARTS: [(&str, &str); 3] = [
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("subresources", "subresources"),
    ("validation", "schema"),
];

pub(super) fn convert(fields: &mut Fields, to: &str) {
    let Some(spec) = below(fields, "spec") else { return };
    match to {
        "v1" => renew(spec),
        _ => age(spec),
    }
}

fn renew(spec: &mut Fields) {
    let version = spec.shift_remove("version").filter(|version| version != "");
    let versions = spec.get("versions").and_then(Value::as_array);
    if versions.is_none_or(Vec::is_empty)
        && let Some(version) = version
    {
        let versions = json!([{"name": version, "served": true, "storage": true}]);
        spec.insert("versions".to_owned(), versions);
    }
    for (whole, each) in PARTS {
        let Some(part) = spec.shift_remove(whole).filter(|part| !part.is_null()) else { continue };
        for version in items(spec, "versions") {
            version.entry(each).or_insert(part.clone());
        }
    }
    for version in items(spec, "versions") {
        for column in items(version, "additionalPrinterColumns") {
            rename(column, "JSONPath", "jsonPath");
        }
    }
    // Once that was what happened if nothing was said.
    spec.entry("preserveUnknownFields").or_insert(Value::Bool(true));
    let Some(conversion) = below(spec, "conversion") else { return };
    for (was, is) in [
        ("webhookClientConfig", "clientConfig"),
        ("conversionReviewVersions", "conversionReviewVersions"),
    ] {
        if let Some(value) = conversion.shift_remove(was).filter(|value| !value.is_null()) {
            object::child(conversion, "webhook").insert(is.to_owned(), value);
        }
    }
}

fn age(spec: &mut Fields) {
    let first = spec.get("versions").and_then(|versions| versions.get(0)).cloned();
    if let Some(name) = first.as_ref().and_then(|version| version.get("name")) {
        spec.insert("version".to_owned(), name.clone());
    }
    for version in items(spec, "versions") {
        for column in items(version, "additionalPrinterColumns") {
            rename(column, "jsonPath", "JSONPath");
        }
    }
    for (whole, each) in PARTS {
        let versions = spec.get("versions").and_then(Value::as_array);
        let mut parts = versions.into_iter().flatten().map(|version| version.get(each));
        let Some(Some(part)) = parts.next() else { continue };
        if parts.all(|other| other == Some(part)) {
            let part = part.clone();
            items(spec, "versions").for_each(|version| {
                version.shift_remove(each);
            });
            spec.insert(whole.to_owned(), part);
        }
    }
    spec.entry("preserveUnknownFields").or_insert(Value::Bool(false));
    let Some(conversion) = below(spec, "conversion") else { return };
    if let Some(Value::Object(webhook)) = conversion.shift_remove("webhook") {
        for (name, value) in webhook {
            let name = if name == "clientConfig" { "webhookClientConfig".to_owned() } else { name };
            conversion.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_schema_for_all_versions_becomes_one_for_each() {
        let mut definition = json!({"spec": {
            "version": "v1",
            "validation": {"openAPIV3Schema": {"type": "object"}},
            "additionalPrinterColumns": [{"name": "A", "type": "string", "JSONPath": ".a"}],
            "conversion": {"strategy": "Webhook", "webhookClientConfig": {"url": "u"}},
        }});
        let old = definition.clone();
        convert(object::map(&mut definition), "v1");
        assert_eq!(
            definition,
            json!({"spec": {
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                    "additionalPrinterColumns": [{"name": "A", "type": "string", "jsonPath": ".a"}],
                }],
                "preserveUnknownFields": true,
                "conversion": {"strategy": "Webhook", "webhook": {"clientConfig": {"url": "u"}}},
            }})
        );
        convert(object::map(&mut definition), "v1beta1");
        for field in ["validation", "additionalPrinterColumns", "conversion", "version"] {
            assert_eq!(definition["spec"][field], old["spec"][field], "{field}");
        }
    }
}
