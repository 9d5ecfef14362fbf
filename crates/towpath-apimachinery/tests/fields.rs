//! Who owns what after writes, and what applying does: behaviour of a real server, on objects of our own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::LazyLock;

use serde_json::{Value, json};
use towpath_apimachinery::fields::{self, Writer};
use towpath_apimachinery::refusal::Refusal;
use towpath_apimachinery::shape::Shape;
use towpath_catalog::{Catalog, GroupVersionKind, Minor};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(Minor::NEWEST).unwrap());

fn built_in(api_version: &str, kind: &str) -> Shape<'static> {
    Shape::BuiltIn(CATALOG.schema(&GroupVersionKind::of(api_version, kind)).unwrap())
}

fn writer<'a>(manager: &'a str, api_version: &'a str, time: &'a str) -> Writer<'a> {
    Writer { manager, api_version, subresource: "", time, ignored: &[] }
}

const T: [&str; 4] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:01Z",
    "2026-01-01T00:00:02Z",
    "2026-01-01T00:00:03Z",
];

/// An object and who writes to it, step by step.
struct Story {
    shape: Shape<'static>,
    object: Option<Value>,
    base: Value,
}

impl Story {
    fn of(shape: Shape<'static>, api_version: &str, kind: &str) -> Self {
        let base = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        Self { shape, object: None, base }
    }

    fn config_map() -> Self {
        Self::of(built_in("v1", "ConfigMap"), "v1", "ConfigMap")
    }

    fn with(&self, more: &Value) -> Value {
        towpath_apimachinery::patch::merge(&self.base, more)
    }

    fn version(&self) -> String {
        self.base["apiVersion"].as_str().unwrap().to_owned()
    }

    fn apply(&mut self, manager: &str, time: &str, more: Value) -> Result<(), Refusal> {
        self.apply_with(manager, time, more, false)
    }

    fn apply_with(
        &mut self,
        manager: &str,
        time: &str,
        more: Value,
        force: bool,
    ) -> Result<(), Refusal> {
        let version = self.version();
        let config = self.with(&more);
        let writer = writer(manager, &version, time);
        let applied = fields::apply(self.object.as_ref(), &config, &self.shape, &writer, force)?;
        self.object = Some(applied);
        Ok(())
    }

    fn update(&mut self, manager: &str, time: &str, more: Value) {
        let version = self.version();
        let mut new = self.with(&more);
        let writer = writer(manager, &version, time);
        fields::update(self.object.as_ref(), &mut new, &self.shape, &writer);
        self.object = Some(new);
    }

    fn object(&self) -> &Value {
        self.object.as_ref().unwrap()
    }

    /// `manager operation time: fields`, entry by entry.
    fn owners(&self) -> Vec<String> {
        let entries = self.object()["metadata"]["managedFields"].as_array();
        let entries = entries.map(Vec::as_slice).unwrap_or_default();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
        entries
            .iter()
            .map(|entry| {
                let time = T.iter().position(|time| entry["time"] == **time);
                let time = time.map_or("-".to_owned(), |at| at.to_string());
                let (manager, operation) = (text(entry, "manager"), text(entry, "operation"));
                format!("{manager} {operation} {time}: {}", entry["fieldsV1"])
            })
            .collect()
    }
}

#[test]
fn appliers_share_conflict_force_and_let_go() {
    let mut story = Story::config_map();
    story.apply("alpha", T[0], json!({"data": {"x": "1", "y": "2"}})).unwrap();
    let first = story.object().clone();
    assert_eq!(story.owners(), [r#"alpha Apply 0: {"f:data":{"f:x":{},"f:y":{}}}"#]);
    story.apply("alpha", T[1], json!({"data": {"x": "1", "y": "2"}})).unwrap();
    assert_eq!(*story.object(), first, "nothing changed, so no time did");

    // Nothing changes in the object, so the new entry has no time and comes first.
    story.apply("beta", T[1], json!({"data": {"x": "1"}})).unwrap();
    assert_eq!(
        story.owners(),
        [
            r#"beta Apply -: {"f:data":{"f:x":{}}}"#,
            r#"alpha Apply 0: {"f:data":{"f:x":{},"f:y":{}}}"#,
        ]
    );

    let refusal = story.apply("beta", T[1], json!({"data": {"y": "9"}})).unwrap_err();
    assert_eq!(
        refusal.status(),
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Apply failed with 1 conflict: conflict with \"alpha\": .data.y",
            "reason": "Conflict",
            "details": {"causes": [{
                "reason": "FieldManagerConflict",
                "message": "conflict with \"alpha\"",
                "field": ".data.y",
            }]},
            "code": 409,
        })
    );

    story.apply_with("beta", T[1], json!({"data": {"y": "9"}}), true).unwrap();
    assert_eq!(story.object()["data"], json!({"x": "1", "y": "9"}));
    let forced =
        [r#"alpha Apply 0: {"f:data":{"f:x":{}}}"#, r#"beta Apply 1: {"f:data":{"f:y":{}}}"#];
    assert_eq!(story.owners(), forced);
    story.apply("alpha", T[2], json!({"data": {"x": "1"}})).unwrap();
    assert_eq!(story.owners(), forced);

    story.update("gamma", T[3], json!({"data": {"x": "5", "y": "9"}}));
    assert_eq!(
        story.owners(),
        [r#"beta Apply 1: {"f:data":{"f:y":{}}}"#, r#"gamma Update 3: {"f:data":{"f:x":{}}}"#,]
    );
    let refusal = story.apply("alpha", T[3], json!({"data": {"x": "1"}})).unwrap_err();
    assert_eq!(
        refusal.message,
        "Apply failed with 1 conflict: conflict with \"gamma\" using v1: .data.x"
    );
}

#[test]
fn conflicts_are_told_by_manager() {
    let mut story = Story::config_map();
    story.apply("b", T[0], json!({"data": {"x": "1", "y": "1"}})).unwrap();
    story.apply("a", T[0], json!({"data": {"z": "1"}})).unwrap();
    let refusal =
        story.apply("c", T[1], json!({"data": {"x": "2", "y": "2", "z": "2"}})).unwrap_err();
    assert_eq!(
        refusal.message,
        "Apply failed with 3 conflicts: conflicts with \"a\":\n- .data.z\nconflicts with \"b\":\n- .data.x\n- .data.y"
    );
    assert_eq!(refusal.details.unwrap().causes.len(), 3);
}

#[test]
fn what_an_update_adds_is_owned_with_the_mappings_that_are_new() {
    let mut story = Story::config_map();
    story.update(
        "kubectl",
        T[0],
        json!({"data": {"b": "1", "a": "1"}, "metadata": {"labels": {"x": "y"}, "uid": "u"}}),
    );
    assert_eq!(
        story.owners(),
        [
            r#"kubectl Update 0: {"f:data":{".":{},"f:a":{},"f:b":{}},"f:metadata":{"f:labels":{".":{},"f:x":{}}}}"#
        ]
    );
    let labels = json!({"labels": {"x": "y"}, "uid": "u", "resourceVersion": "7"});
    story.update("kubectl", T[1], json!({"data": {"b": "1", "a": "1"}, "metadata": labels}));
    assert!(story.owners()[0].starts_with("kubectl Update 0"), "nothing of a person changed");
    story.update("other", T[2], json!({"data": {"b": "1"}, "metadata": {"uid": "u"}}));
    assert_eq!(
        story.owners(),
        [r#"kubectl Update 0: {"f:data":{".":{},"f:b":{}}}"#],
        "what is gone is nobody's, and nobody wrote anything"
    );
    story.update("other", T[3], json!({"data": {"b": "2"}, "metadata": {"uid": "u"}}));
    assert_eq!(
        story.owners(),
        [r#"kubectl Update 0: {"f:data":{}}"#, r#"other Update 3: {"f:data":{"f:b":{}}}"#,]
    );
}

#[test]
fn a_client_can_end_all_ownership() {
    for reset in [json!([]), json!([{}])] {
        let mut story = Story::config_map();
        story.update("one", T[0], json!({"data": {"a": "1"}}));
        story.update(
            "two",
            T[1],
            json!({"data": {"a": "2"}, "metadata": {"managedFields": reset}}),
        );
        assert_eq!(story.object()["metadata"], json!({"name": "a"}));
        story.update("two", T[1], json!({"data": {"a": "3"}}));
        assert_eq!(story.object()["metadata"], json!({"name": "a"}), "it is not tracked any more");
        story.apply("three", T[2], json!({"data": {"b": "1"}})).unwrap();
        assert_eq!(
            story.owners(),
            [
                r#"three Apply 2: {"f:data":{"f:b":{}}}"#,
                r#"before-first-apply Update 2: {"f:data":{".":{},"f:a":{}}}"#,
            ]
        );
    }
}

#[test]
fn entries_that_cannot_be_read_are_those_of_the_stored_object() {
    let mut story = Story::config_map();
    story.update("one", T[0], json!({"data": {"a": "1"}}));
    let before = story.owners();
    for bad in [
        json!([{"manager": "x", "operation": "Steal", "apiVersion": "v1", "fieldsType": "FieldsV1"}]),
        json!([{"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": {"nonsense": {}}}]),
        json!("nonsense"),
    ] {
        let metadata = json!({"managedFields": bad});
        story.update("two", T[1], json!({"data": {"a": "1"}, "metadata": metadata}));
        assert_eq!(story.owners(), before);
    }
}

#[test]
fn the_oldest_updates_become_ancient() {
    let mut story = Story::config_map();
    for at in 0..12 {
        let data: serde_json::Map<String, Value> =
            (0..=at).map(|at| (format!("k{at:02}"), json!("1"))).collect();
        let time = format!("2025-01-01T00:00:{at:02}Z");
        story.update(&format!("m{at:02}"), &time, json!({"data": data}));
    }
    let owners = story.owners();
    assert_eq!(owners.len(), 10);
    assert_eq!(
        owners[0],
        r#"ancient-changes Update -: {"f:data":{".":{},"f:k00":{},"f:k01":{},"f:k02":{}}}"#
    );
    assert!(owners[1].starts_with("m03 Update"));
}

#[test]
fn lists_are_merged_by_their_keys_in_the_order_of_the_server() {
    let shape = built_in("apps/v1", "Deployment");
    let mut story = Story::of(shape, "apps/v1", "Deployment");
    let pod =
        |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
    story
        .apply("a", T[0], pod(json!([{"name": "x", "image": "1"}, {"name": "y", "image": "1"}])))
        .unwrap();
    assert_eq!(
        story.owners(),
        [concat!(
            r#"a Apply 0: {"f:spec":{"f:template":{"f:spec":{"f:containers":{"#,
            r#""k:{\"name\":\"x\"}":{".":{},"f:image":{},"f:name":{}},"#,
            r#""k:{\"name\":\"y\"}":{".":{},"f:image":{},"f:name":{}}}}}}}"#
        )]
    );
    story.apply("b", T[1], pod(json!([{"name": "z"}, {"name": "y", "tty": true}]))).unwrap();
    let containers = "/spec/template/spec/containers";
    assert_eq!(
        story.object().pointer(containers).unwrap(),
        &json!([{"name": "x", "image": "1"}, {"name": "z"}, {"name": "y", "image": "1", "tty": true}])
    );
    story.apply("a", T[2], pod(json!([{"name": "x", "image": "1"}]))).unwrap();
    assert_eq!(
        story.object().pointer(containers).unwrap(),
        &json!([{"name": "x", "image": "1"}, {"name": "z"}, {"name": "y", "tty": true}]),
        "what the other owns stays"
    );
}

#[test]
fn what_does_not_fit_is_refused_in_the_words_of_the_server() {
    let shape = built_in("v1", "Service");
    for (spec, fault) in [
        (json!({"no": 1}), ".spec.no: field not declared in schema"),
        (json!({"type": 1}), ".spec.type: expected string, got &value.valueUnstructured{Value:1}"),
        (json!({"selector": ["a"]}), ".spec.selector: expected map, got &{[a]}"),
        (
            json!({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}),
            r#".spec.ports: duplicate entries for key [port=1,protocol="TCP"]"#,
        ),
        (
            json!({"ports": [null]}),
            ".spec.ports: element 0: associative list with keys may not have a null element",
        ),
    ] {
        let mut story = Story::of(shape, "v1", "Service");
        let refusal = story.apply("a", T[0], json!({"spec": spec})).unwrap_err();
        let message =
            format!("failed to create typed patch object (/a; /v1, Kind=Service): {fault}");
        assert_eq!((refusal.code, refusal.message), (500, message));
    }
    let mut story = Story::of(shape, "v1", "Service");
    let refusal = story.apply("a", T[0], json!({"metadata": {"managedFields": []}})).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (400, "metadata.managedFields must be nil")
    );
}

/// A custom resource with a map, a set and fields that nothing describes.
static CUSTOM: LazyLock<Value> = LazyLock::new(|| {
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "size": {"type": "integer"},
        "word": {"type": "string"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "maybe": {"type": "string", "nullable": true},
        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic",
            "additionalProperties": {"type": "string"}},
        "rows": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
            "items": {"type": "object", "properties": {
                "id": {"type": "string", "default": "none"}, "v": {"type": "integer"}}}},
    }}}})
});

fn custom() -> Story {
    let metadata = CATALOG.definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").unwrap();
    let shape = Shape::custom(CUSTOM.as_object().unwrap(), metadata);
    Story::of(shape, "example.com/v1", "Row")
}

#[test]
fn custom_resources_are_owned_by_their_schema() {
    let mut story = custom();
    story.update(
        "maker",
        T[0],
        json!({"spec": {"word": "a", "size": 3, "free": {"any": ["thing"]}}}),
    );
    assert_eq!(
        story.owners(),
        [
            r#"maker Update 0: {"f:spec":{".":{},"f:free":{".":{},"f:any":{}},"f:size":{},"f:word":{}}}"#
        ]
    );
    story
        .apply("alpha", T[1], json!({"spec": {"word": "a", "rows": [{"id": "q", "v": 1}]}}))
        .unwrap();
    assert_eq!(
        story.owners(),
        [
            r#"alpha Apply 1: {"f:spec":{"f:rows":{"k:{\"id\":\"q\"}":{".":{},"f:id":{},"f:v":{}}},"f:word":{}}}"#,
            r#"maker Update 0: {"f:spec":{".":{},"f:free":{".":{},"f:any":{}},"f:size":{},"f:word":{}}}"#,
        ]
    );
    // A key that is missing is its default.
    story.apply("beta", T[2], json!({"spec": {"rows": [{"v": 2}], "tags": ["b", "a"]}})).unwrap();
    assert_eq!(
        story.owners()[1],
        r#"beta Apply 2: {"f:spec":{"f:rows":{"k:{\"id\":\"none\"}":{".":{},"f:v":{}}},"f:tags":{"v:\"a\"":{},"v:\"b\"":{}}}}"#
    );
    let refusal = story.apply("beta", T[2], json!({"spec": {"tags": ["b", "b"]}})).unwrap_err();
    assert_eq!(
        refusal.message,
        r#"failed to create typed patch object (/a; example.com/v1, Kind=Row): .spec.tags: duplicate entries for key [="b"]"#
    );
}

#[test]
fn an_atomic_mapping_is_one_value() {
    let mut story = custom();
    story.apply("a", T[0], json!({"spec": {"whole": {"x": "1"}}})).unwrap();
    assert_eq!(story.owners(), [r#"a Apply 0: {"f:spec":{"f:whole":{}}}"#]);
    let refusal = story.apply("b", T[1], json!({"spec": {"whole": {"y": "1"}}})).unwrap_err();
    assert!(refusal.message.ends_with(": .spec.whole"));
    story.apply_with("b", T[1], json!({"spec": {"whole": {"y": "1"}}}), true).unwrap();
    assert_eq!(story.object()["spec"], json!({"whole": {"y": "1"}}));
    assert_eq!(story.owners(), [r#"b Apply 1: {"f:spec":{"f:whole":{}}}"#]);
}

#[test]
fn a_subresource_has_its_own_entry_and_leaves_what_it_ignores() {
    let shape = built_in("apps/v1", "Deployment");
    let base = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 1}});
    let mut object = base.clone();
    let main = writer("m", "apps/v1", T[0]);
    fields::update(None, &mut object, &shape, &main);
    let mut next = object.clone();
    next["status"] = json!({"replicas": 1});
    next["spec"] = json!({"replicas": 2});
    let status = Writer { subresource: "status", ignored: &[&["spec"]], ..main };
    fields::update(Some(&object), &mut next, &shape, &status);
    assert_eq!(
        next["metadata"]["managedFields"][1],
        json!({"manager": "m", "operation": "Update", "apiVersion": "apps/v1", "time": T[0],
            "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {"f:replicas": {}}}, "subresource": "status"})
    );
    let config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "status": {"replicas": 3}});
    let refusal = fields::apply(Some(&next), &config, &shape, &writer("n", "apps/v1", T[1]), false);
    assert_eq!(
        refusal.unwrap_err().message,
        "Apply failed with 1 conflict: conflict with \"m\" with subresource \"status\" using apps/v1: .status.replicas"
    );
}

#[test]
fn kubectl_takes_over_what_it_applied_itself() {
    let mut story = Story::config_map();
    let last = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}});
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": last.to_string()});
    story.update(
        "kubectl-client-side-apply",
        T[0],
        json!({"metadata": {"annotations": annotations}, "data": {"x": "1"}}),
    );
    assert!(story.clone_object_apply("someone", json!({"data": {"x": "2"}})).is_err());
    story.apply("kubectl", T[1], json!({"data": {"x": "2"}})).unwrap();
    assert_eq!(story.object()["data"], json!({"x": "2"}));
    let kept = &story.object()["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    assert_eq!(
        kept,
        "{\"apiVersion\":\"v1\",\"data\":{\"x\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n"
    );
}

impl Story {
    fn clone_object_apply(&self, manager: &str, more: Value) -> Result<Value, Refusal> {
        let version = self.version();
        let writer = writer(manager, &version, T[1]);
        fields::apply(self.object.as_ref(), &self.with(&more), &self.shape, &writer, false)
    }
}

#[test]
fn managers_without_a_name_are_named_by_their_agent() {
    for (agent, manager) in
        [("kubectl/v1.36 (linux)", "kubectl"), ("", ""), ("a\u{7}b c/1", "ab c")]
    {
        assert_eq!(fields::manager_of(agent), manager);
    }
    assert_eq!(fields::manager_of(&"ä".repeat(100)).len(), 128);
}
