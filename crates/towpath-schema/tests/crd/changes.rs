//! Whole definitions, and the changes between them in words.

use serde_json::{Value, json};

use crate::{of_field, of_spec, of_version, told, widgets, yaml};

#[test]
fn versions_that_changed_alike_are_one_change() {
    let definition = |maximum: i64| {
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {
            "type": "object", "properties": {"replicas": {"type": "integer", "maximum": maximum}},
        }}}});
        widgets(&json!({"versions": [
            {"name": "v1", "served": true, "storage": true, "schema": schema},
            {"name": "v1beta1", "served": true, "storage": false, "schema": schema},
        ]}))
    };
    assert_eq!(
        told(&definition(10), &definition(5)),
        "tightening crd-maximum spec.replicas [v1 v1beta1]: maximum was 10 and is 5\n"
    );
}

#[test]
fn a_release_tells_its_story() {
    let old = of_spec(&yaml(
        "
type: object
properties:
  mode: {type: string, enum: [fast, slow]}
  replicas: {type: integer, format: int32, minimum: 0}
  containers:
    type: array
    items: {type: object, properties: {name: {type: string}, image: {type: string}}}
  labels: {type: object, additionalProperties: {type: string}}
",
    ));
    let new = of_spec(&yaml(
        "
type: object
required: [mode]
properties:
  mode: {type: string, enum: [fast, careful]}
  replicas: {type: integer, format: int64, minimum: 1}
  containers:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [name]
    items: {type: object, properties: {name: {type: string, maxLength: 63}}, required: [name]}
  labels: {type: object, additionalProperties: {type: string, maxLength: 63}}
  paused: {type: boolean, default: false}
",
    ));
    assert_eq!(
        told(&old, &new),
        "\
tightening crd-list-type spec.containers [v1]: the list was atomic and is a map: items that collide are refused
tightening crd-field-removed spec.containers[].image [v1]: the field is gone: its value is dropped, or refused in strict requests
tightening crd-max-length spec.containers[].name [v1]: maxLength was unbounded and is 63
tightening crd-required spec.containers[].name [v1]: must be given
tightening crd-max-length spec.labels.* [v1]: maxLength was unbounded and is 63
tightening crd-enum-value-removed spec.mode [v1]: no longer accepted: slow
tightening crd-required spec.mode [v1]: must be given
tightening crd-minimum spec.replicas [v1]: minimum was 0 and is 1
loosening crd-enum-value-added spec.mode [v1]: also accepted: careful
loosening crd-field-added spec.paused [v1]: the field is new
loosening crd-format spec.replicas [v1]: the format was int32 and is int64
neutral crd-style-boolean spec.paused [v1]: a boolean cannot get a third option
"
    );
}

#[test]
fn what_says_nothing_is_no_change() {
    let pairs = [
        ("{type: object}", "{type: object, nullable: false, required: [], properties: {}}"),
        ("{type: string, description: ''}", "{type: string, default: null}"),
        ("{type: integer, minimum: 5}", "{type: integer, minimum: 5.0}"),
        ("{type: string}", "{type: string, minLength: 0}"),
        ("{type: object, required: [a, b]}", "{type: object, required: [b, a]}"),
        (
            "{x-kubernetes-int-or-string: true}",
            "{anyOf: [{type: string}, {type: integer}], x-kubernetes-int-or-string: true}",
        ),
    ];
    for (old, new) in pairs {
        assert_eq!(told(&of_field(&yaml(old)), &of_field(&yaml(new))), "", "{old} to {new}");
    }
}

/// The effect of the first change, which is the worst.
fn worst(old: &Value, new: &Value) -> String {
    told(old, new).split(" [").next().unwrap_or_default().to_owned()
}

#[test]
fn directions() {
    let cases = [
        ("{type: integer}", "{type: number}", "loosening crd-type spec.field"),
        ("{type: number}", "{type: integer}", "tightening crd-type spec.field"),
        (
            "{type: string}",
            "{x-kubernetes-int-or-string: true}",
            "loosening crd-int-or-string spec.field",
        ),
        (
            "{type: object}",
            "{x-kubernetes-int-or-string: true}",
            "tightening crd-int-or-string spec.field",
        ),
        ("{type: string, nullable: true}", "{type: string}", "tightening crd-nullable spec.field"),
        ("{type: string, format: x}", "{type: string, format: z}", "neutral crd-format spec.field"),
        ("{type: string, format: ipv4}", "{type: string}", "loosening crd-format spec.field"),
        ("{type: string, pattern: a}", "{type: string}", "loosening crd-pattern spec.field"),
        (
            "{type: string, pattern: a}",
            "{type: string, pattern: b}",
            "tightening crd-pattern spec.field",
        ),
        (
            "{type: number, maximum: 5}",
            "{type: number, maximum: 5, exclusiveMaximum: true}",
            "tightening crd-maximum spec.field",
        ),
        (
            "{type: number, minimum: 5, exclusiveMinimum: true}",
            "{type: number, minimum: 5}",
            "loosening crd-minimum spec.field",
        ),
        (
            "{type: integer, multipleOf: 4}",
            "{type: integer, multipleOf: 2}",
            "loosening crd-multiple-of spec.field",
        ),
        (
            "{type: object, x-kubernetes-preserve-unknown-fields: true}",
            "{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}",
            "tightening crd-field-added spec.field.a",
        ),
        (
            "{type: object, properties: {a: {type: string}}}",
            "{type: object, x-kubernetes-preserve-unknown-fields: true}",
            "loosening crd-preserve-unknown-fields spec.field",
        ),
        (
            "{type: object, required: [a], properties: {a: {type: string, default: x}}}",
            "{type: object, required: [a], properties: {a: {type: string}}}",
            "tightening crd-required spec.field.a",
        ),
        (
            "{type: object, properties: {a: {type: string, default: x}}}",
            "{type: object, required: [a], properties: {a: {type: string, default: x}}}",
            "neutral crd-required spec.field.a",
        ),
        (
            "{type: object, additionalProperties: {type: string}}",
            "{type: object, additionalProperties: true}",
            "loosening crd-additional-properties spec.field",
        ),
        (
            "{type: array, x-kubernetes-list-type: set}",
            "{type: array, x-kubernetes-list-type: atomic}",
            "loosening crd-list-type spec.field",
        ),
        (
            "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a]}",
            "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b]}",
            "loosening crd-list-map-keys spec.field",
        ),
        (
            "{anyOf: [{minLength: 1}, {maxLength: 5}]}",
            "{anyOf: [{minLength: 1}]}",
            "tightening crd-any-of spec.field",
        ),
        (
            "{allOf: [{minLength: 1}, {maxLength: 5}]}",
            "{allOf: [{minLength: 1}]}",
            "loosening crd-all-of spec.field",
        ),
        (
            "{oneOf: [{minLength: 1}]}",
            "{oneOf: [{minLength: 1}, {maxLength: 5}]}",
            "tightening crd-one-of spec.field",
        ),
        ("{not: {minLength: 1}}", "{}", "loosening crd-not spec.field"),
        (
            "{type: object}",
            "{type: object, x-acme-hint: 1}",
            "neutral crd-unknown-keyword spec.field",
        ),
        (
            "{type: object}",
            "{type: object, x-kubernetes-future: 1}",
            "tightening crd-unknown-keyword spec.field",
        ),
        (
            "{type: object, properties: {a: {type: string}}}",
            "{type: string}",
            "tightening crd-type spec.field",
        ),
    ];
    for (old, new, expected) in cases {
        assert_eq!(worst(&of_field(&yaml(old)), &of_field(&yaml(new))), expected, "{old} to {new}");
    }
}

#[test]
fn definitions_and_versions() {
    let served = |versions: &str| widgets(&yaml(&format!("versions: [{versions}]")));
    let v1 = "{name: v1, served: true, storage: true}";
    let cases = [
        (
            widgets(&yaml("scope: Namespaced")),
            widgets(&yaml("scope: Cluster")),
            "tightening crd-scope spec.scope",
        ),
        (
            widgets(&yaml("names: {shortNames: [wd]}")),
            widgets(&yaml("names: {shortNames: []}")),
            "neutral crd-names spec.names.shortNames",
        ),
        (
            widgets(&yaml("names: {listKind: WidgetList, singular: widget}")),
            widgets(&json!({})),
            "",
        ),
        (
            widgets(&yaml("names: {plural: widgets}")),
            widgets(&yaml("names: {plural: gadgets}")),
            "tightening crd-names spec.names.plural",
        ),
        (
            served(v1),
            served("{name: v1, served: false, storage: true}"),
            "tightening crd-version-served spec.versions[].served",
        ),
        (
            served("{name: v1, served: false, storage: true}"),
            served(v1),
            "loosening crd-version-served spec.versions[].served",
        ),
        (
            served(&format!("{v1}, {{name: v0, served: false, storage: false}}")),
            served(v1),
            "neutral crd-version-removed spec.versions",
        ),
        (
            of_version(&yaml("subresources: {}")),
            of_version(&yaml("subresources: {status: {}}")),
            "neutral crd-status-subresource spec.versions[].subresources.status",
        ),
        (
            of_version(&yaml("deprecated: true")),
            of_version(&yaml("{deprecated: true, deprecationWarning: soon gone}")),
            "neutral crd-deprecated-version spec.versions[].deprecationWarning",
        ),
        (
            of_version(&yaml("future: 1")),
            of_version(&yaml("future: 2")),
            "tightening crd-unknown-field spec.versions[].future",
        ),
        (
            widgets(&json!({})),
            widgets(&yaml(
                "conversion: {strategy: Webhook, webhook: {clientConfig: {url: 'https://a'}}}",
            )),
            "neutral crd-conversion-strategy spec.conversion.strategy",
        ),
    ];
    for (old, new, expected) in cases {
        assert_eq!(worst(&old, &new), expected, "{new}");
    }
}

#[test]
fn stored_versions_of_a_cluster_count() {
    let mut old = widgets(&json!({}));
    old["status"] = json!({"storedVersions": ["v1alpha1", "v1"]});
    assert_eq!(
        told(&old, &widgets(&json!({}))),
        "tightening crd-stored-version-removed status.storedVersions [v1alpha1]: objects may be stored as v1alpha1, which is gone\n"
    );
}

#[test]
fn v1beta1_is_the_same_thing_said_otherwise() {
    let old = yaml(
        "
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  version: v1
  names: {plural: widgets, kind: Widget}
  preserveUnknownFields: false
  subresources: {status: {}}
  additionalPrinterColumns: [{name: Size, type: integer, JSONPath: .spec.size}]
  validation:
    openAPIV3Schema: {type: object, properties: {spec: {type: object}}}
",
    );
    let new = of_version(&yaml(
        "
subresources: {status: {}}
additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
",
    ));
    assert_eq!(told(&old, &new), "");
    let mut keeps = old;
    keeps["spec"].as_object_mut().expect("an object").remove("preserveUnknownFields");
    assert_eq!(
        told(&keeps, &new),
        "tightening crd-preserve-unknown-fields . [v1]: fields that no schema names are dropped, in all versions\n"
    );
}

#[test]
fn served_versions_may_differ_where_a_webhook_converts() {
    let definition = |extra: &str, newer: &str| {
        widgets(&yaml(&format!(
            "
versions:
- {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {newer}}}}}
- {{name: v1beta1, served: true, storage: false, schema: {{openAPIV3Schema: {{type: object, properties: {{a: {{type: string}}, b: {{type: string}}}}}}}}}}
{extra}
"
        )))
    };
    let (same, fewer) = (
        "{type: object, properties: {a: {type: string}, b: {type: string}}}",
        "{type: object, properties: {a: {type: string}}}",
    );
    let found = told(&definition("", same), &definition("", fewer));
    assert!(
        found.contains(
            "tightening crd-served-versions-differ b [v1beta1 v1]: v1 differs from v1beta1"
        ),
        "{found}"
    );
    let webhook = "conversion: {strategy: Webhook}";
    let found = told(&definition(webhook, same), &definition(webhook, fewer));
    assert!(found.contains("neutral crd-served-versions-differ b [v1beta1 v1]"), "{found}");
    assert!(
        !told(&definition("", fewer), &definition("", fewer)).contains("served-versions-differ")
    );
}

#[test]
fn a_shared_api_that_drops_its_betas() {
    // As buckets of fluxcd/source-controller between v1.0.0 and v1.9.1.
    let old = widgets(&yaml(
        "
versions:
- {name: v1beta2, served: true, storage: true, deprecated: true}
- {name: v1beta1, served: true, storage: false, deprecated: true}
",
    ));
    let new = widgets(&yaml("versions: [{name: v1, served: true, storage: true}]"));
    assert_eq!(
        told(&old, &new),
        "\
tightening crd-version-removed spec.versions [v1beta1]: version v1beta1 is gone; it was served
tightening crd-version-removed spec.versions [v1beta2]: version v1beta2 is gone; it was served
tightening crd-stored-version-removed status.storedVersions [v1beta2]: objects may be stored as v1beta2, which is gone
loosening crd-version-added spec.versions [v1]: version v1 is new and served
neutral crd-storage-version spec.versions[].storage [v1beta2 v1]: objects were stored as v1beta2 and are as v1
"
    );
}
