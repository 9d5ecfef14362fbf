//! What a definition is refused for, in the API server's words.

use serde_json::{Value, json};
use towpath_schema::crd::{MAX_REFUSALS, RefusalKind, refusals, refusals_of_update};

use crate::{of_field, of_spec, of_version, widgets, yaml};

fn told(definition: &Value) -> Vec<String> {
    refusals(definition).iter().map(ToString::to_string).collect()
}

/// A definition that is taken, with one field of `spec.field`.
fn field(schema: &str) -> Value {
    of_field(&yaml(schema))
}

const FIELD: &str = "spec.validation.openAPIV3Schema.properties[spec].properties[field]";

#[test]
fn what_is_as_it_should_be_is_taken() {
    let cases = [
        "{type: string, default: a, maxLength: 5}",
        "{x-kubernetes-int-or-string: true}",
        "{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}",
        "{x-kubernetes-int-or-string: true, allOf: [{anyOf: [{type: integer}, {type: string}]}, {pattern: a}]}",
        "{type: object, x-kubernetes-preserve-unknown-fields: true}",
        "{x-kubernetes-preserve-unknown-fields: true}",
        "{type: object, additionalProperties: {type: string}}",
        "{type: object, properties: {a: {type: string}}, oneOf: [{required: [a]}, {properties: {a: {enum: [b]}}}]}",
        "{type: array, items: {type: object, required: [id], properties: {id: {type: string}}}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id]}",
        "{type: array, items: {type: string}, x-kubernetes-list-type: set}",
        "{type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}",
        "{type: string, x-kubernetes-validations: [{rule: self == oldSelf}]}",
        "{type: integer, x-kubernetes-validations: [{rule: self > 1, messageExpression: \"'no %d'.format([self])\", reason: FieldValueForbidden}]}",
    ];
    for schema in cases {
        assert_eq!(told(&field(schema)), [""; 0], "{schema}");
    }
}

#[test]
fn schemas_are_structural() {
    let cases: &[(&str, &[&str])] = &[
        ("{}", &[".type: Required value: must not be empty for specified object fields"]),
        (
            "{type: array, items: {}}",
            &[".items.type: Required value: must not be empty for specified array items"],
        ),
        ("{type: array}", &[".items: Required value: must be specified"]),
        (
            "{type: text}",
            &[
                ".type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
            ],
        ),
        (
            "{type: string, anyOf: [{type: string, description: a, default: b, nullable: true, title: t}]}",
            &[
                ".anyOf[0].default: Forbidden: must be undefined to be structural",
                ".anyOf[0].description: Forbidden: must be empty to be structural",
                ".anyOf[0].nullable: Forbidden: must be false to be structural",
                ".anyOf[0].title: Forbidden: must be empty to be structural",
                ".anyOf[0].type: Forbidden: must be empty to be structural",
            ],
        ),
        (
            "{type: object, not: {additionalProperties: {minimum: 1}}}",
            &[".not.additionalProperties: Forbidden: must be undefined to be structural"],
        ),
        (
            "{type: object, x-kubernetes-int-or-string: true, x-kubernetes-preserve-unknown-fields: true}",
            &[
                ".x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true",
            ],
        ),
        (
            "{type: object, x-kubernetes-embedded-resource: true}",
            &[
                ".properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
            ],
        ),
        (
            "{type: object, properties: {a: {type: string}}, additionalProperties: {type: string}}",
            &[
                ".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
            ],
        ),
        (
            "{type: array, items: {type: string}, uniqueItems: true}",
            &[
                ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            ],
        ),
        (
            "{type: object, x-kubernetes-preserve-unknown-fields: false}",
            &[
                ".x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
            ],
        ),
        (
            "{type: string, pattern: '['}",
            &[
                ".pattern: Invalid value: \"[\": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: `[`",
            ],
        ),
        ("{type: string, $ref: a}", &[".$ref: Forbidden: $ref is not supported"]),
        (
            "{type: string, x-kubernetes-map-type: atomic}",
            &[
                ".type: Invalid value: \"string\": must be object if x-kubernetes-map-type is specified",
            ],
        ),
        (
            "{type: array, items: {type: object}, x-kubernetes-list-type: set}",
            &[
                ".items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
            ],
        ),
        (
            "{type: array, items: {type: object, properties: {id: {type: string}}}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id]}",
            &[
                ".items.properties[id].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            ],
        ),
        (
            "{type: array, items: {type: string}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id]}",
            &[
                ".items.type: Invalid value: \"string\": must be object if parent array's x-kubernetes-list-type is map",
            ],
        ),
        (
            "{type: array, items: {type: object, properties: {}}, x-kubernetes-list-type: map}",
            &[
                ".x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
            ],
        ),
        (
            "{type: array, items: {type: object, required: [id], properties: {id: {type: string}}}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id, id, x]}",
            &[
                ".x-kubernetes-list-map-keys: Invalid value: [\"id\",\"id\",\"x\"]: must not contain duplicate entries",
                ".x-kubernetes-list-map-keys: Invalid value: [\"id\",\"id\",\"x\"]: entries must all be names of item properties",
            ],
        ),
    ];
    for (schema, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|line| format!("{FIELD}{line}")).collect();
        assert_eq!(told(&field(schema)), expected, "{schema}");
    }
}

#[test]
fn the_root_is_an_object() {
    let at = "spec.validation.openAPIV3Schema";
    let cases: &[(&str, &[&str])] = &[
        ("{type: string}", &[".type: Invalid value: \"string\": must be object at the root"]),
        ("{description: a}", &[".type: Required value: must not be empty at the root"]),
        (
            "{type: object, additionalProperties: true}",
            &[".additionalProperties: Forbidden: must not be used at the root"],
        ),
        (
            "{type: object, nullable: true}",
            &[".nullable: Forbidden: nullable cannot be true at the root"],
        ),
        (
            "{type: object, properties: {metadata: {type: object, properties: {labels: {type: object}}}, kind: {type: integer}}}",
            &[
                ".properties[kind].type: Invalid value: \"integer\": must be string",
                ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
            ],
        ),
        (
            "{type: object, properties: {metadata: {type: object, properties: {name: {type: string, maxLength: 5}}}}}",
            &[],
        ),
        (
            "{type: object, properties: {kind: {type: string, default: Widget}}}",
            &[".properties[kind].default: Forbidden: must not be set in top-level kind"],
        ),
        (
            "{type: object, anyOf: [{properties: {a: {minimum: 1}}}]}",
            &[
                ".properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[a]",
            ],
        ),
    ];
    for (schema, expected) in cases {
        let definition = of_version(&json!({"schema": {"openAPIV3Schema": yaml(schema)}}));
        let expected: Vec<String> = expected.iter().map(|line| format!("{at}{line}")).collect();
        assert_eq!(told(&definition), expected, "{schema}");
    }
    let missing = told(&of_version(&json!({})));
    assert_eq!(missing, ["spec.versions[0].schema.openAPIV3Schema: Required value"]);
}

#[test]
fn defaults_are_what_their_schema_accepts() {
    let cases: &[(&str, &[&str])] = &[
        (
            "{type: integer, default: a}",
            &[".default: Invalid value: \"string\":  in body must be of type integer: \"string\""],
        ),
        (
            "{type: object, properties: {a: {type: string}}, default: {b: 1}}",
            &[".default: Invalid value: {\"b\":1}: must not have unknown fields"],
        ),
        (
            "{type: object, required: [a], properties: {a: {type: string}}, default: {}}",
            &[".default.a: Required value"],
        ),
        (
            "{type: string, enum: [a], default: b}",
            &[".default: Unsupported value: \"b\": supported values: \"a\""],
        ),
        (
            "{type: integer, default: 1, x-kubernetes-validations: [{rule: self > 1, message: more}]}",
            &[".default: Invalid value: 1: more"],
        ),
    ];
    for (schema, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|line| format!("{FIELD}{line}")).collect();
        assert_eq!(told(&field(schema)), expected, "{schema}");
    }
}

#[test]
fn rules_are_texts_that_say_something() {
    let at = ".x-kubernetes-validations[0]";
    let cases: &[(&str, &[&str])] = &[
        ("{rule: ' '}", &[".rule: Required value: rule is not specified"]),
        (
            "{rule: self != '', message: ' '}",
            &[".message: Invalid value: \" \": must be non-empty if specified"],
        ),
        ("{rule: \"self != ''\\n\"}", &[]),
        (
            "{rule: \"self !=\\n ''\"}",
            &[".message: Required value: message must be specified if rule contains line breaks"],
        ),
        (
            "{rule: self != '', message: \"a\\nb\"}",
            &[".message: Invalid value: \"a\\nb\": must not contain line breaks"],
        ),
        (
            "{rule: self != '', reason: Bad}",
            &[
                ".reason: Unsupported value: \"Bad\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"",
            ],
        ),
        (
            "{rule: self != '', fieldPath: .a}",
            &[".fieldPath: Invalid value: \".a\": must be a valid path"],
        ),
        (
            "{rule: self != '', optionalOldSelf: true}",
            &[
                ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule",
            ],
        ),
        (
            "{rule: other != ''}",
            &[
                ".rule: Invalid value: {\"Rule\":\"other != ''\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other != ''\n | ^",
            ],
        ),
    ];
    for (rule, expected) in cases {
        let definition = field(&format!("{{type: string, x-kubernetes-validations: [{rule}]}}"));
        let expected: Vec<String> =
            expected.iter().map(|line| format!("{FIELD}{at}{line}")).collect();
        assert_eq!(told(&definition), expected, "{rule}");
    }
}

#[test]
fn rules_do_not_look_back_where_nothing_is_the_same() {
    let list = field(
        "{type: array, items: {type: string, maxLength: 5, x-kubernetes-validations: [{rule: self == oldSelf}]}}",
    );
    let expected = format!(
        "{FIELD}.items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on \
         the uncorrelatable portion of the schema within {FIELD}"
    );
    assert_eq!(told(&list), [expected]);
}

#[test]
fn rules_that_are_too_expensive_are_refused() {
    let hint = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and \
                strings are declared)";
    let quadratic = field(
        "{type: array, items: {type: string}, x-kubernetes-validations: [{rule: 'self.all(a, self.exists_one(b, a == b))'}]}",
    );
    let rule = format!("{FIELD}.x-kubernetes-validations[0].rule");
    let whole = "spec.validation.openAPIV3Schema";
    let budget =
        |what: &str| format!("Forbidden: {what} exceeds budget by factor of more than 100x {hint}");
    let expected = [
        format!("{rule}: {}", budget("estimated rule cost")),
        format!(
            "{rule}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        ),
        format!(
            "{whole}: {}",
            budget(
                "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
            )
        ),
    ];
    assert_eq!(told(&quadratic), expected);
    let bounded = field(
        "{type: array, maxItems: 20, items: {type: string, maxLength: 20}, x-kubernetes-validations: [{rule: 'self.all(a, self.exists_one(b, a == b))'}]}",
    );
    assert_eq!(told(&bounded), [""; 0]);
    // A rule below a list without a bound counts as often as a request has room for it.
    let many = field(
        "{type: array, items: {type: string, x-kubernetes-validations: [{rule: \"self.contains('abcdefghijkl')\"}]}}",
    );
    assert!(
        told(&many)[0].contains("estimated rule cost exceeds budget by factor of"),
        "{:?}",
        told(&many)
    );
}

#[test]
fn the_definition_as_a_whole() {
    let good = json!({"schema": {"openAPIV3Schema": {"type": "object"}}});
    let changed = |pointer: &str, value: Value| {
        let mut definition = of_version(&good);
        let (above, name) = pointer.rsplit_once('/').expect("a pointer");
        definition.pointer_mut(above).expect("a place")[name] = value;
        told(&definition)
    };
    assert_eq!(told(&of_version(&good)), [""; 0]);
    let subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let name = "must be spec.names.plural+\".\"+spec.group";
    let label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    let cases = [
        ("/metadata/name", json!("other.example.com"), vec![format!("metadata.name: Invalid value: \"other.example.com\": {name}")]),
        (
            "/spec/group",
            json!("Example"),
            vec![
                format!("metadata.name: Invalid value: \"widgets.example.com\": {name}"),
                format!("spec.group: Invalid value: \"Example\": {subdomain}"),
            ],
        ),
        (
            "/spec/group",
            json!(null),
            vec![
                format!("metadata.name: Invalid value: \"widgets.example.com\": {name}"),
                "spec.group: Required value".to_owned(),
            ],
        ),
        ("/spec/scope", json!("Everywhere"), vec!["spec.scope: Unsupported value: \"Everywhere\": supported values: \"Cluster\", \"Namespaced\"".to_owned()]),
        ("/spec/scope", json!(null), vec!["spec.scope: Required value".to_owned()]),
        (
            "/spec/preserveUnknownFields",
            json!(true),
            vec!["spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead".to_owned()],
        ),
        (
            "/spec/versions/0/storage",
            json!(false),
            vec![
                "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}]: must have exactly one version marked as storage version".to_owned(),
                "status.storedVersions: Invalid value: null: must have at least one stored version".to_owned(),
            ],
        ),
        (
            "/spec/versions/0/name",
            json!("V1"),
            vec![
                format!("spec.versions[0].name: Invalid value: \"V1\": {label}"),
                format!("spec.version: Invalid value: \"V1\": {label}"),
            ],
        ),
        ("/spec/names/listKind", json!("Widget"), vec!["spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same".to_owned()]),
        (
            "/spec/names/kind",
            json!("My Widget"),
            vec![
                format!("spec.names.singular: Invalid value: \"my widget\": {label}"),
                format!("spec.names.kind: Invalid value: \"My Widget\": may have mixed case, but should otherwise match: {label}"),
                format!("spec.names.listKind: Invalid value: \"My WidgetList\": may have mixed case, but should otherwise match: {label}"),
            ],
        ),
        ("/spec/names/shortNames", json!(["W"]), vec![format!("spec.names.shortNames[0]: Invalid value: \"W\": {label}")]),
        ("/spec/conversion", json!({"strategy": "Webhook"}), vec![
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook".to_owned(),
            "spec.conversion.conversionReviewVersions: Required value".to_owned(),
        ]),
        ("/spec/conversion", json!({"strategy": "Webhook", "webhook": {"clientConfig": {"url": "http://a"}, "conversionReviewVersions": ["v9"]}}), vec![
            "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]".to_owned(),
            "spec.conversion.conversionReviewVersions: Invalid value: [\"v9\"]: must include at least one of v1, v1beta1".to_owned(),
        ]),
        ("/spec/conversion", json!({"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}}), vec![
            "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook".to_owned(),
        ]),
        ("/spec/versions/0/deprecationWarning", json!("old"), vec![
            "spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions".to_owned(),
        ]),
        ("/spec/versions/0/subresources", json!({"scale": {"specReplicasPath": ".replicas", "statusReplicasPath": "status"}}), vec![
            "spec.subresources.scale.specReplicasPath: Invalid value: \".replicas\": should be a json path under .spec".to_owned(),
            "spec.subresources.scale.statusReplicasPath: Invalid value: \"status\": must be a simple json path starting with .".to_owned(),
        ]),
        ("/spec/versions/0/additionalPrinterColumns", json!([{"name": "A", "type": "text", "jsonPath": "spec.a"}]), vec![
            "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string".to_owned(),
            "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"spec.a\": must be a simple json path starting with .".to_owned(),
        ]),
        ("/spec/versions", json!([]), vec![
            "spec.versions: Invalid value: []: must have exactly one version marked as storage version".to_owned(),
            "status.storedVersions: Invalid value: null: must have at least one stored version".to_owned(),
        ]),
    ];
    for (pointer, value, expected) in cases {
        assert_eq!(changed(pointer, value.clone()), expected, "{pointer} {value}");
    }
}

#[test]
fn groups_of_the_community_are_protected() {
    let mut definition = of_version(&json!({"schema": {"openAPIV3Schema": {"type": "object"}}}));
    definition["spec"]["group"] = json!("example.k8s.io");
    definition["metadata"]["name"] = json!("widgets.example.k8s.io");
    let at = "metadata.annotations[api-approved.kubernetes.io]";
    let missing = format!(
        "{at}: Required value: protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
         https://github.com/kubernetes/enhancements/pull/1111"
    );
    assert_eq!(told(&definition), [missing]);
    for value in
        ["https://github.com/kubernetes/enhancements/pull/1111", "unapproved, an experiment"]
    {
        definition["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": value});
        assert_eq!(told(&definition), [""; 0]);
    }
    definition["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "yes"});
    assert!(
        told(&definition)[0]
            .starts_with(&format!("{at}: Invalid value: \"yes\": protected groups"))
    );
}

#[test]
fn versions_that_differ_are_named() {
    let version = |name: &str, storage: bool, kind: &str| {
        json!({
            "name": name, "served": true, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"a": {"type": kind}}}},
        })
    };
    let definition =
        widgets(&json!({"versions": [version("v1", true, "string"), version("v2", false, "")]}));
    let expected = "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields";
    assert_eq!(told(&definition), [expected]);
    let twice = widgets(
        &json!({"versions": [version("v1", true, "string"), version("v1", false, "string")]}),
    );
    assert!(told(&twice)[0].ends_with("must contain unique version names"), "{:?}", told(&twice));
}

#[test]
fn fields_that_are_selected_by_are_there() {
    let of = |paths: &[&str]| {
        let fields: Vec<Value> = paths.iter().map(|path| json!({"jsonPath": path})).collect();
        let fields_of_spec: serde_json::Map<String, Value> =
            ('a'..='i').map(|name| (name.to_string(), json!({"type": "string"}))).collect();
        let spec = json!({"type": "object", "properties": fields_of_spec});
        let schema = json!({"type": "object", "properties": {"spec": spec}});
        told(&of_version(
            &json!({"schema": {"openAPIV3Schema": schema}, "selectableFields": fields}),
        ))
    };
    assert_eq!(of(&[".spec.a", ".spec.b"]), [""; 0]);
    let at = "spec.selectableFields";
    assert_eq!(
        of(&[".spec.z", ".spec", ".spec.a", ".spec.a", ""]),
        [
            format!(
                "{at}[0].jsonPath: Invalid value: \".spec.z\": is an invalid path: does not refer to a valid field"
            ),
            format!(
                "{at}[1].jsonPath: Invalid value: \".spec\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
            ),
            format!("{at}[3].jsonPath: Duplicate value: \".spec.a\""),
            format!("{at}[4].jsonPath: Required value"),
        ]
    );
    let all: Vec<String> = ('a'..='i').map(|name| format!(".spec.{name}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(of(&all), [format!("{at}: Too many: 9: must have at most 8 items")]);
}

#[test]
fn what_replaces_a_definition_keeps_its_names() {
    let mut old = of_version(&json!({"schema": {"openAPIV3Schema": {"type": "object"}}}));
    old["status"] = json!({
        "conditions": [{"type": "Established", "status": "True"}],
        "storedVersions": ["v1alpha1", "v1"],
    });
    let mut new = old.clone();
    new["spec"]["scope"] = json!("Cluster");
    new["spec"]["names"]["kind"] = json!("Gadget");
    let told: Vec<String> =
        refusals_of_update(&new, &old).iter().map(ToString::to_string).collect();
    assert_eq!(
        told[..2],
        [
            "spec.scope: Invalid value: \"Cluster\": field is immutable",
            "spec.names.kind: Invalid value: \"Gadget\": field is immutable",
        ]
    );
    assert!(told[2].starts_with("status.storedVersions[0]: Invalid value: \"v1alpha1\": missing from spec.versions; v1alpha1 was previously a storage version"), "{told:?}");
    assert_eq!(told.len(), 3);
}

#[test]
fn what_cannot_be_read_is_one_refusal() {
    let cases = [
        json!({"kind": "Pod"}),
        json!([1]),
        of_field(&json!({"type": 1})),
        of_spec(&json!({"properties": {"a": 1}})),
        widgets(&json!({"versions": [1]})),
        widgets(&json!({"versions": [{"name": 1}]})),
    ];
    for definition in cases {
        let found = refusals(&definition);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind, RefusalKind::Unreadable);
        assert_eq!(found[0].kind.reason(), "");
    }
    let nothing =
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"});
    assert!(told(&nothing).contains(&"spec.names.plural: Required value".to_owned()));
    let old = json!({"apiVersion": "apiextensions.k8s.io/v1beta1", "kind": "CustomResourceDefinition", "spec": {"group": "a.b", "names": {"plural": "as", "kind": "A"}, "version": "v1"}});
    assert_eq!(told(&old), [""; 0]);
}

#[test]
fn a_place_is_one_in_the_file_as_well() {
    let definition = field("{type: array, items: {}}");
    let found = refusals(&definition);
    assert_eq!(
        found[0].field(),
        "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.field.items.type"
    );
}

#[test]
fn there_is_an_end_to_what_is_told() {
    let fields: serde_json::Map<String, Value> =
        (0..1000).map(|n| (format!("f{n}"), json!({}))).collect();
    let definition = of_spec(&json!({"type": "object", "properties": fields}));
    assert!(refusals(&definition).len() <= MAX_REFUSALS);
}
