//! ValidatingAdmissionPolicies.

use serde_json::{Value, json};
use towpath_apimachinery::access::{Attributes, Objects, User};
use towpath_apimachinery::request::Method;

use crate::world::{Told, World};

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn rule(groups: &str, versions: &str, resources: &str, operations: &[&str]) -> Value {
    json!({"apiGroups": [groups], "apiVersions": [versions], "resources": [resources], "operations": operations})
}

fn maps() -> Value {
    json!({"resourceRules": [rule("", "v1", "configmaps", &["CREATE", "UPDATE"])]})
}

/// A cluster with one policy of this spec, for ConfigMaps if it does not say what it is about, and its binding.
fn with(mut spec: Value, mut binding: Value) -> World {
    let mut world = World::new();
    let fields = spec.as_object_mut().unwrap();
    fields.entry("matchConstraints").or_insert_with(maps);
    let fields = binding.as_object_mut().unwrap();
    fields.entry("validationActions").or_insert_with(|| json!(["Deny"]));
    fields.insert("policyName".into(), "p".into());
    world.create(
        &format!("{API}/validatingadmissionpolicies"),
        &json!({"metadata": {"name": "p"}, "spec": spec}),
    );
    world.create(
        &format!("{API}/validatingadmissionpolicybindings"),
        &json!({"metadata": {"name": "b"}, "spec": binding}),
    );
    world
}

fn map(data: &Value) -> Value {
    json!({"metadata": {"name": "m", "labels": {"app": "shop"}}, "data": data})
}

/// What becomes of a ConfigMap under a policy with these fields.
fn judged(spec: Value, data: &Value) -> Told {
    with(spec, json!({})).post(MAPS, &map(data))
}

#[test]
fn expressions_decide() {
    let said = |why: &str| {
        format!(
            "configmaps \"m\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: {why}"
        )
    };
    for (expression, more, wanted) in [
        ("object.data.a == '1'", json!({}), None),
        ("object.data.a == '2'", json!({}), Some("failed expression: object.data.a == '2'")),
        ("object.data.a == '2'", json!({"message": " a is two "}), Some("a is two")),
        (
            "object.data.a == '2'",
            json!({"message": "m", "messageExpression": "'not ' + object.data.a"}),
            Some("not 1"),
        ),
        (
            "object.data.a == '2'",
            json!({"message": "m", "messageExpression": "object.data.missing"}),
            Some("m"),
        ),
        ("object.metadata.name == 'm' && oldObject == null", json!({}), None),
        ("request.operation == 'CREATE' && request.namespace == 'default'", json!({}), None),
        ("request.userInfo.username == 'kubernetes-admin'", json!({}), None),
        ("'system:masters' in request.userInfo.groups", json!({}), None),
        (
            "request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap'",
            json!({}),
            None,
        ),
        (
            "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'default'",
            json!({}),
            None,
        ),
        ("!has(object.spec)", json!({}), None),
        ("object.?spec.?replicas.orValue(1) == 1", json!({}), None),
        ("object.data.all(k, k.size() == 1)", json!({}), None),
        ("object.data.filter(k, k == 'a').size() == 1", json!({}), None),
        (
            "object.spec.replicas > 1",
            json!({}),
            Some("expression 'object.spec.replicas > 1' resulted in error: no such key: spec"),
        ),
        (
            "oldObject.data.a == '1'",
            json!({}),
            Some("expression 'oldObject.data.a == '1'' resulted in error: no such key: data"),
        ),
        ("oldObject == null || oldObject.data.a == '1'", json!({}), None),
        ("object.data", json!({"message": "no truth"}), Some("no truth")),
    ] {
        let mut validation = json!({"expression": expression});
        validation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = judged(json!({"validations": [validation]}), &json!({"a": "1"}));
        match wanted {
            None => assert_eq!(told.code, 201, "{expression}: {}", told.message()),
            Some(why) => {
                assert_eq!(told.message(), said(why), "{expression}");
                assert_eq!(told.code, 422, "{expression}");
                assert_eq!(told.body["reason"], "Invalid");
                let details = json!({"name": "m", "kind": "configmaps", "causes": [
                    {"message": said(why).split_once(": ").unwrap().1},
                ]});
                assert_eq!(told.body["details"], details);
            }
        }
    }
}

#[test]
fn reasons_have_codes() {
    for (reason, code) in [("Forbidden", 403), ("Invalid", 422), ("RequestEntityTooLarge", 413)] {
        let told = judged(
            json!({"validations": [{"expression": "false", "reason": reason}]}),
            &json!({"a": "1"}),
        );
        assert_eq!((told.code, &told.body["reason"]), (code, &json!(reason)));
    }
}

#[test]
fn variables_are_asked_by_whoever_reads_them() {
    let variables = json!([
        {"name": "a", "expression": "object.data.a"},
        {"name": "twice", "expression": "variables.a + variables.a"},
        {"name": "broken", "expression": "object.data.missing"},
    ]);
    for (expression, wanted) in [
        ("variables.twice == '11'", ""),
        ("has(variables.a) && variables.a == '1'", ""),
        ("true || variables.broken == '1'", ""),
        (
            "variables.broken == '1'",
            "expression 'variables.broken == '1'' resulted in error: composited variable \"broken\" fails to evaluate: no such key: missing",
        ),
    ] {
        let spec = json!({"variables": variables, "validations": [{"expression": expression}]});
        let told = judged(spec, &json!({"a": "1"}));
        let message = told.message();
        let why = message.split_once("denied request: ").map_or(message, |(_, why)| why);
        assert_eq!(why, wanted, "{expression}");
    }
}

#[test]
fn what_cannot_be_asked_is_decided_by_the_failure_policy() {
    for (policy, code) in [("Fail", 422), ("Ignore", 201)] {
        for spec in [
            json!({"validations": [{"expression": "object.spec.x == 1"}]}),
            json!({
                "validations": [{"expression": "true"}],
                "matchConditions": [{"name": "c", "expression": "object.spec.x == 1"}],
            }),
            json!({
                "validations": [{"expression": "params.x == 1"}],
                "paramKind": {"apiVersion": "shop.example/v1", "kind": "Nothing"},
            }),
        ] {
            let mut spec = spec;
            spec["failurePolicy"] = policy.into();
            let told = judged(spec, &json!({"a": "1"}));
            assert_eq!(told.code, code, "{}", told.message());
        }
    }
}

#[test]
fn conditions_keep_a_policy_from_being_asked() {
    let spec = |condition: &str| {
        json!({
            "matchConditions": [
                {"name": "broken", "expression": "object.spec.x == 1"},
                {"name": "c", "expression": condition},
            ],
            "validations": [{"expression": "false"}],
        })
    };
    assert_eq!(judged(spec("object.metadata.name != 'm'"), &json!({})).code, 201);
    assert_eq!(judged(spec("object.metadata.name == 'm'"), &json!({})).code, 422);
}

#[test]
fn only_what_is_meant_is_judged() {
    let everything = rule("*", "*", "*", &["*"]);
    for (constraints, is_meant) in [
        (json!({"resourceRules": [everything]}), true),
        (json!({"resourceRules": [rule("", "v1", "configmaps", &["UPDATE"])]}), false),
        (json!({"resourceRules": [rule("apps", "v1", "*", &["*"])]}), false),
        (json!({"resourceRules": [rule("", "v1", "configmaps/status", &["*"])]}), false),
        (
            json!({"resourceRules": [everything], "excludeResourceRules": [rule("", "*", "configmaps", &["*"])]}),
            false,
        ),
        (
            json!({"resourceRules": [everything], "objectSelector": {"matchLabels": {"app": "shop"}}}),
            true,
        ),
        (
            json!({"resourceRules": [everything], "objectSelector": {"matchLabels": {"app": "other"}}}),
            false,
        ),
        (
            json!({"resourceRules": [everything], "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["default"]},
            ]}}),
            false,
        ),
    ] {
        let spec =
            json!({"matchConstraints": constraints, "validations": [{"expression": "false"}]});
        let told = judged(spec, &json!({}));
        assert_eq!(told.code, if is_meant { 422 } else { 201 }, "{constraints}");
    }
    for (field, value, is_meant) in [
        ("scope", json!("Namespaced"), true),
        ("scope", json!("Cluster"), false),
        ("resourceNames", json!(["m"]), true),
        ("resourceNames", json!(["n"]), false),
    ] {
        let mut one = everything.clone();
        one[field] = value;
        let spec = json!({
            "matchConstraints": {"resourceRules": [one]},
            "validations": [{"expression": "false"}],
        });
        let told = judged(spec, &json!({}));
        assert_eq!(told.code, if is_meant { 422 } else { 201 }, "{one}");
    }
}

#[test]
fn equivalent_versions_are_judged_as_the_version_that_was_named() {
    let scaler = json!({
        "metadata": {"name": "h"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "maxReplicas": 3,
            "targetCPUUtilizationPercentage": 80,
        },
    });
    let path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
    for (policy, expression, code) in [
        ("Equivalent", "object.spec.metrics[0].resource.target.averageUtilization == 80", 201),
        ("Equivalent", "object.spec.metrics[0].resource.target.averageUtilization == 70", 422),
        ("Equivalent", "request.kind.version == 'v2' && request.requestKind.version == 'v1'", 201),
        ("Exact", "false", 201),
    ] {
        let spec = json!({
            "matchConstraints": {
                "matchPolicy": policy,
                "resourceRules": [rule("autoscaling", "v2", "horizontalpodautoscalers", &["*"])],
            },
            "validations": [{"expression": expression}],
        });
        let told = with(spec, json!({})).post(path, &scaler);
        assert_eq!(told.code, code, "{expression}: {}", told.message());
    }
}

#[test]
fn warnings_are_told_and_let_pass() {
    let spec = json!({"validations": [{"expression": "false", "message": "beware"}]});
    for (action, wanted) in [
        (
            "Warn",
            vec!["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': beware"],
        ),
        ("Audit", vec![]),
    ] {
        let mut world = with(spec.clone(), json!({"validationActions": [action]}));
        let told = world.post(MAPS, &map(&json!({})));
        assert_eq!(
            (told.code, told.warnings),
            (201, wanted.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn parameters_are_found_by_name_or_by_selector() {
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": {"resourceRules": [rule("", "v1", "secrets", &["CREATE"])]},
        "validations": [{
            "expression": "object.metadata.name.startsWith(params.data.prefix)",
            "messageExpression": "'must begin with ' + params.data.prefix",
        }],
    });
    let secrets = "/api/v1/namespaces/default/secrets";
    for (reference, name, wanted) in [
        (json!({"name": "limits"}), "shop-a", ""),
        (json!({"name": "limits"}), "a", "must begin with shop-"),
        (json!({"selector": {"matchLabels": {"kind": "limits"}}}), "a", "must begin with shop-"),
        (
            json!({"name": "limits", "namespace": "kube-system"}),
            "a",
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
        ),
        (json!({"name": "gone", "parameterNotFoundAction": "Allow"}), "a", ""),
    ] {
        let mut reference = reference;
        let fields = reference.as_object_mut().unwrap();
        fields.entry("parameterNotFoundAction").or_insert_with(|| "Deny".into());
        let mut world = with(spec.clone(), json!({"paramRef": reference}));
        let limits = json!({
            "metadata": {"name": "limits", "labels": {"kind": "limits"}},
            "data": {"prefix": "shop-"},
        });
        world.create(MAPS, &limits);
        let told = world.post(secrets, &json!({"metadata": {"name": name}}));
        let message = told.message();
        let why = message.split_once("denied request: ").map_or(message, |(_, why)| why);
        assert_eq!(why, wanted, "{reference}");
    }
}

#[test]
fn updates_scales_and_deletions_are_judged() {
    let spec = json!({
        "matchConstraints": {"resourceRules": [
            rule("", "v1", "configmaps", &["UPDATE", "DELETE"]),
            rule("apps", "v1", "deployments/scale", &["UPDATE"]),
        ]},
        "validations": [
            {"expression": "request.operation != 'UPDATE' || request.resource.resource != 'configmaps' || object.data == oldObject.data", "message": "frozen"},
            {"expression": "request.operation != 'DELETE' || object == null && !has(oldObject.data.keep)", "message": "kept"},
            {"expression": "request.operation != 'UPDATE' || request.resource.resource == 'configmaps' || object.spec.replicas < 3", "message": "too many"},
        ],
    });
    let mut world = with(spec, json!({}));
    let why = |told: &Told| {
        told.message().rsplit_once("denied request: ").map_or("", |(_, why)| why).to_owned()
    };
    world.create(MAPS, &map(&json!({"keep": "1"})));
    let path = format!("{MAPS}/m");
    let told = world.ask(Method::Patch, &path, &json!({"data": {"keep": "2"}}));
    assert_eq!(why(&told), "frozen");
    let told = world.ask(Method::Patch, &path, &json!({"metadata": {"labels": {"a": "b"}}}));
    assert_eq!(told.code, 200);
    assert_eq!(why(&world.ask(Method::Delete, &path, &Value::Null)), "kept");
    assert_eq!(why(&world.ask(Method::Delete, MAPS, &Value::Null)), "kept");
    let template = json!({
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i:1"}]},
    });
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    let spec = json!({"selector": {"matchLabels": {"a": "b"}}, "template": template});
    world.create(deployments, &json!({"metadata": {"name": "d"}, "spec": spec}));
    let scale = format!("{deployments}/d/scale");
    let told = world.ask(Method::Patch, &scale, &json!({"spec": {"replicas": 3}}));
    assert_eq!(why(&told), "too many");
    assert_eq!(world.ask(Method::Patch, &scale, &json!({"spec": {"replicas": 2}})).code, 200);
}

#[test]
fn what_judges_is_never_judged() {
    let spec = json!({
        "matchConstraints": {"resourceRules": [rule("*", "*", "*", &["*"])]},
        "validations": [{"expression": "false"}],
    });
    let mut world = with(spec, json!({}));
    assert_eq!(world.post(MAPS, &map(&json!({}))).code, 422);
    let path = format!("{API}/validatingadmissionpolicybindings/b");
    assert_eq!(world.ask(Method::Delete, &path, &Value::Null).code, 200);
    assert_eq!(world.post(MAPS, &map(&json!({}))).code, 201);
}

#[test]
fn policies_that_make_no_sense_are_refused() {
    let why = |spec: Value| {
        let body = json!({"metadata": {"name": "p"}, "spec": spec});
        let told = World::new().post(&format!("{API}/validatingadmissionpolicies"), &body);
        assert_eq!(told.code, 422, "{}", told.body);
        let prefix = "ValidatingAdmissionPolicy.admissionregistration.k8s.io \"p\" is invalid: ";
        told.message().strip_prefix(prefix).unwrap().to_owned()
    };
    let valid = json!([{"expression": "true"}]);
    for (spec, wanted) in [
        (json!({"validations": valid}), "spec.matchConstraints: Required value"),
        (
            json!({"matchConstraints": {}, "validations": valid}),
            "spec.matchConstraints.resourceRules: Required value",
        ),
        (
            json!({"matchConstraints": maps()}),
            "[spec.validations: Required value: validations or auditAnnotations must contain at least one item, spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item]",
        ),
        (
            json!({"matchConstraints": maps(), "validations": [{"expression": "foo == 1"}]}),
            "spec.validations[0].expression: Invalid value: \"foo == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo == 1\n | ^",
        ),
        (
            json!({"matchConstraints": maps(), "validations": [{"expression": "params.a == 1"}]}),
            "spec.validations[0].expression: Invalid value: \"params.a == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.a == 1\n | ^",
        ),
        (
            json!({"matchConstraints": maps(), "validations": [{"expression": "true", "reason": "Odd"}]}),
            "spec.validations[0].reason: Unsupported value: \"Odd\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"",
        ),
        (
            json!({"matchConstraints": maps(), "validations": valid, "variables": [{"name": "a-b", "expression": "1"}]}),
            "spec.variables[0].name: Invalid value: \"a-b\": name is not a valid CEL identifier",
        ),
    ] {
        assert_eq!(why(spec), wanted);
    }
    let broken =
        why(json!({"matchConstraints": maps(), "validations": [{"expression": "object.a =="}]}));
    assert!(broken.contains("compilation failed: ERROR: <input>:1:12: Syntax error: "), "{broken}");
}

#[test]
fn bindings_that_make_no_sense_are_refused() {
    for (spec, wanted) in [
        (
            json!({"policyName": "p"}),
            "spec.validationActions: Required value: at least one validation action is required",
        ),
        (
            json!({"policyName": "p", "validationActions": ["Deny", "Warn"]}),
            "spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
        ),
        (
            json!({"policyName": "p", "validationActions": ["Deny"], "paramRef": {"parameterNotFoundAction": "Deny"}}),
            "spec.paramRef: Required value: one of name or selector must be specified",
        ),
    ] {
        let body = json!({"metadata": {"name": "b"}, "spec": spec});
        let told = World::new().post(&format!("{API}/validatingadmissionpolicybindings"), &body);
        let prefix =
            "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io \"b\" is invalid: ";
        assert_eq!(told.message(), format!("{prefix}{wanted}"));
    }
}

#[test]
fn a_cluster_that_goes_on_judges_as_before() {
    let mut world = with(json!({"validations": [{"expression": "false"}]}), json!({}));
    world.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        &json!({
            "metadata": {"name": "all"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
        }),
    );
    let mut world = world.restored();
    assert_eq!(world.post(MAPS, &map(&json!({}))).code, 422);
    let jane = User::named("jane", &[]);
    let objects = Objects { resource: "configmaps", namespace: "default", ..Objects::default() };
    assert!(world.cluster.machine.permit(&jane, &Attributes::objects("list", objects)).is_ok());
}
