//! What kustomize 5.8.1 made of the same replacements.

use super::*;
use crate::Origin;
use serde_json::json;
use towpath_yaml::{Limits, Reading};

fn read(text: &str) -> Value {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    towpath_yaml::parse_with(text.as_bytes(), &limits).expect("YAML")[0].root.to_json()
}

/// The data of the source, the spec of the target, the replacement, and the spec that comes of it; `None` where none
/// does.
type Case = (&'static str, &'static str, &'static str, Option<&'static str>);

#[rustfmt::skip]
const CASES: &[Case] = &[
    (r##"{a: 8080}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 8080}"##)),
    (r##"{a: '8080'}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 8080}"##)),
    (r##"{a: foo}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: {x: y1}}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: [1]}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: true}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: 1.5}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: ""}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: 8080}"##, r##"{f: foo}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "8080"}"##)),
    (r##"{a: foo}"##, r##"{f: foo}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "foo"}"##)),
    (r##"{a: 8080}"##, r##"{f: "foo"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "8080"}"##)),
    (r##"{a: foo}"##, r##"{f: "foo"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "foo"}"##)),
    (r##"{a: 8080}"##, r##"{f: true}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: foo}"##, r##"{f: true}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: 8080}"##, r##"{f: null}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: foo}"##, r##"{f: null}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: 8080}"##, r##"{f: }"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: foo}"##, r##"{f: }"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: 8080}"##, r##"{f: {a: b}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 8080}"##)),
    (r##"{a: foo}"##, r##"{f: {a: b}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "foo"}"##)),
    (r##"{a: 8080}"##, r##"{f: [a]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 8080}"##)),
    (r##"{a: foo}"##, r##"{f: [a]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "foo"}"##)),
    (r##"{a: 8080}"##, r##"{f: ""}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "8080"}"##)),
    (r##"{a: foo}"##, r##"{f: ""}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "foo"}"##)),
    (r##"{a: 8080}"##, r##"{f: 1.0}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 8080}"##)),
    (r##"{a: foo}"##, r##"{f: 1.0}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: 8080}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.g"], "options": {"create": true}}]}"##, Some(r##"{"f": {"g": 8080}}"##)),
    (r##"{a: 8080}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=x].g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": 8080, "name": "x"}]}"##)),
    (r##"{a: 8080}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.0.g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": 8080}]}"##)),
    (r##"{a: '8080'}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.g"], "options": {"create": true}}]}"##, Some(r##"{"f": {"g": 8080}}"##)),
    (r##"{a: '8080'}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=x].g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": 8080, "name": "x"}]}"##)),
    (r##"{a: '8080'}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.0.g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": 8080}]}"##)),
    (r##"{a: foo}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.g"], "options": {"create": true}}]}"##, Some(r##"{"f": {"g": "foo"}}"##)),
    (r##"{a: foo}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=x].g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": "foo", "name": "x"}]}"##)),
    (r##"{a: foo}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.0.g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": "foo"}]}"##)),
    (r##"{a: {x: y1}}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.g"], "options": {"create": true}}]}"##, Some(r##"{"f": {"g": {"x": "y1"}}}"##)),
    (r##"{a: {x: y1}}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=x].g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": {"x": "y1"}, "name": "x"}]}"##)),
    (r##"{a: {x: y1}}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.0.g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": {"x": "y1"}}]}"##)),
    (r##"{a: [1]}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.g"], "options": {"create": true}}]}"##, Some(r##"{"f": {"g": [1]}}"##)),
    (r##"{a: [1]}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=x].g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": [1], "name": "x"}]}"##)),
    (r##"{a: [1]}"##, r##"{}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.0.g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": [1]}]}"##)),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: 1},{name: a, g: 2},{name: c, g: 3}, {g: 4}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=a].g"]}]}"##, None),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: q},{name: a, g: q},{name: c, g: q}, {g: q}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.*.g"]}]}"##, Some(r##"{"f": [{"g": "z", "name": "ab"}, {"g": "z", "name": "a"}, {"g": "z", "name": "c"}, {"g": "z"}]}"##)),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: q},{name: a, g: q},{name: c, g: q}, {g: q}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[name=^a$].g"]}]}"##, Some(r##"{"f": [{"g": "q", "name": "ab"}, {"g": "z", "name": "a"}, {"g": "q", "name": "c"}, {"g": "q"}]}"##)),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: q}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.-.g"]}]}"##, None),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: q}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.0.g"]}]}"##, Some(r##"{"f": [{"g": "z", "name": "ab"}]}"##)),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: q}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.5.g"]}]}"##, None),
    (r##"{a: z}"##, r##"{f: [{name: ab, g: q}]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.1.g"], "options": {"create": true}}]}"##, Some(r##"{"f": [{"g": "q", "name": "ab"}, {"g": "z"}]}"##)),
    (r##"{a: z}"##, r##"{f: [aa,b]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[=a]"]}]}"##, Some(r##"{"f": ["z", "b"]}"##)),
    (r##"{a: z}"##, r##"{f: [aa,b]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[=c]"], "options": {"create": true}}]}"##, Some(r##"{"f": ["aa", "b", "z"]}"##)),
    (r##"{a: z}"##, r##"{f: {"a.b": q}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.[a.b]"]}]}"##, Some(r##"{"f": {"a.b": "z"}}"##)),
    (r##"{a: z}"##, r##"{f: {"a.b": q}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.a\\.b"]}]}"##, Some(r##"{"f": {"a.b": "z"}}"##)),
    (r##"{a: z}"##, r##"{f: {"a.b": q}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.nope"]}]}"##, None),
    (r##"{a: z}"##, r##"{f: {"a.b": q}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.nope.x"]}]}"##, None),
    (r##"{a: z}"##, r##"{f: null}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.x"], "options": {"create": true}}]}"##, Some(r##"{"f": null}"##)),
    (r##"{a: z}"##, r##"{f: a:b:c}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"delimiter": ":", "index": 1}}]}"##, Some(r##"{"f": "a:z:c"}"##)),
    (r##"{a: z}"##, r##"{f: a:b:c}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"delimiter": ":", "index": -1}}]}"##, Some(r##"{"f": "z:a:b:c"}"##)),
    (r##"{a: z}"##, r##"{f: a:b:c}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"delimiter": ":", "index": 0}}]}"##, Some(r##"{"f": "z:b:c"}"##)),
    (r##"{a: z}"##, r##"{f: a:b:c}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"delimiter": ":", "index": 3}}]}"##, Some(r##"{"f": "a:b:c:z"}"##)),
    (r##"{a: z}"##, r##"{f: a:b:c}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"delimiter": ":", "index": 9}}]}"##, Some(r##"{"f": "a:b:c:z"}"##)),
    (r##"{a: z}"##, r##"{f: {a: b}}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"delimiter": ":", "index": 0}}]}"##, None),
    (r##"{a: x/y/z}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a", "options": {"delimiter": "/", "index": 1}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "y"}"##)),
    (r##"{a: x/y/z}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a", "options": {"delimiter": "/", "index": 7}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: x/y/z}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a", "options": {"delimiter": "/", "index": -1}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: aGk=}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a", "options": {"encoding": "base64"}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "aGk="}"##)),
    (r##"{a: [1,2]}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a.-", "options": {}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "2"}"##)),
    (r##"{a: [{name: b, v: w}]}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a.[name=b].v", "options": {}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "w"}"##)),
    (r##"{a: [{name: b, v: w}]}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a.*.v", "options": {}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: [{name: b, v: w}]}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.b", "options": {}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, None),
    (r##"{a: null, b: ""}"##, r##"{f: q}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.b", "options": {}}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": ""}"##)),
    (r##"{a: new}"##, r##"{f: '{"b": 1, "a": {"q": "x<"}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.a.q"]}]}"##, Some(r##"{"f": "{\"a\":{\"q\":\"new\"},\"b\":1}"}"##)),
    (r##"{a: 5}"##, r##"{f: '{"b": 1, "a": {"q": "x<"}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"]}]}"##, Some(r##"{"f": "{\"a\":{\"q\":\"x\\u003c\"},\"b\":5}"}"##)),
    (r##"{a: 5}"##, r##"{f: '{"b": 1, "a": {"q": "x<"}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b.c"], "options": {"create": true}}]}"##, None),
    (r##"{a: 5}"##, r##"{f: '{"b": 1, "a": {"q": "x<"}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.x"], "options": {"create": true}}]}"##, Some(r##"{"f": "{\"a\":{\"q\":\"x\\u003c\"},\"b\":1,\"x\":5}"}"##)),
    (r##"{a: 5}"##, r##"{f: '{"b": 1, "a": {"q": "x<"}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"], "options": {"delimiter": ",", "index": 0}}]}"##, Some(r##"{"f": "{\"a\":{\"q\":\"x\\u003c\"},\"b\":5}"}"##)),
    (r##"{a: new}"##, r##"{f: "{\n  \"b\": 1,\n  \"a\": {\"q\": \"x\"}\n}"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.a.q"]}]}"##, Some(r##"{"f": "{\n  \"a\": {\n    \"q\": \"new\"\n  },\n  \"b\": 1\n}"}"##)),
    (r##"{a: 5}"##, r##"{f: "{\n  \"b\": 1,\n  \"a\": {\"q\": \"x\"}\n}"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"]}]}"##, Some(r##"{"f": "{\n  \"a\": {\n    \"q\": \"x\"\n  },\n  \"b\": 5\n}"}"##)),
    (r##"{a: 5}"##, r##"{f: "{\n  \"b\": 1,\n  \"a\": {\"q\": \"x\"}\n}"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b.c"], "options": {"create": true}}]}"##, None),
    (r##"{a: 5}"##, r##"{f: "{\n  \"b\": 1,\n  \"a\": {\"q\": \"x\"}\n}"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.x"], "options": {"create": true}}]}"##, Some(r##"{"f": "{\n  \"a\": {\n    \"q\": \"x\"\n  },\n  \"b\": 1,\n  \"x\": 5\n}"}"##)),
    (r##"{a: 5}"##, r##"{f: "{\n  \"b\": 1,\n  \"a\": {\"q\": \"x\"}\n}"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"], "options": {"delimiter": ",", "index": 0}}]}"##, Some(r##"{"f": "{\n  \"a\": {\n    \"q\": \"x\"\n  },\n  \"b\": 5\n}"}"##)),
    (r##"{a: new}"##, r##"{f: "b: 1\na:\n  q: x\n  l:\n  - 1\n"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.a.q"]}]}"##, Some(r##"{"f": "b: 1\na:\n  q: new\n  l:\n  - 1"}"##)),
    (r##"{a: 5}"##, r##"{f: "b: 1\na:\n  q: x\n  l:\n  - 1\n"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"]}]}"##, Some(r##"{"f": "b: 5\na:\n  q: x\n  l:\n  - 1"}"##)),
    (r##"{a: 5}"##, r##"{f: "b: 1\na:\n  q: x\n  l:\n  - 1\n"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b.c"], "options": {"create": true}}]}"##, None),
    (r##"{a: 5}"##, r##"{f: "b: 1\na:\n  q: x\n  l:\n  - 1\n"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.x"], "options": {"create": true}}]}"##, Some(r##"{"f": "b: 1\na:\n  q: x\n  l:\n  - 1\nx: 5"}"##)),
    (r##"{a: 5}"##, r##"{f: "b: 1\na:\n  q: x\n  l:\n  - 1\n"}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"], "options": {"delimiter": ",", "index": 0}}]}"##, Some(r##"{"f": "b: 5\na:\n  q: x\n  l:\n  - 1"}"##)),
    (r##"{a: new}"##, r##"{f: plain}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.a.q"]}]}"##, None),
    (r##"{a: 5}"##, r##"{f: plain}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"]}]}"##, None),
    (r##"{a: 5}"##, r##"{f: plain}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b.c"], "options": {"create": true}}]}"##, None),
    (r##"{a: 5}"##, r##"{f: plain}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.x"], "options": {"create": true}}]}"##, None),
    (r##"{a: 5}"##, r##"{f: plain}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"], "options": {"delimiter": ",", "index": 0}}]}"##, None),
    (r##"{a: new}"##, r##"{f: '{"a": {"q": [1,2.50]}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.a.q"]}]}"##, Some(r##"{"f": "{\"a\":{\"q\":\"new\"}}"}"##)),
    (r##"{a: 5}"##, r##"{f: '{"a": {"q": [1,2.50]}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"]}]}"##, None),
    (r##"{a: 5}"##, r##"{f: '{"a": {"q": [1,2.50]}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b.c"], "options": {"create": true}}]}"##, Some(r##"{"f": "{\"a\":{\"q\":[1,2.5]},\"b\":{\"c\":5}}"}"##)),
    (r##"{a: 5}"##, r##"{f: '{"a": {"q": [1,2.50]}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.x"], "options": {"create": true}}]}"##, Some(r##"{"f": "{\"a\":{\"q\":[1,2.5]},\"x\":5}"}"##)),
    (r##"{a: 5}"##, r##"{f: '{"a": {"q": [1,2.50]}}'}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.b"], "options": {"delimiter": ",", "index": 0}}]}"##, None),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"sourceValue": "7", "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 7}"##)),
    (r##"{a: z}"##, r##"{f: {a: b}}"##, r##"{"sourceValue": "7", "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 7}"##)),
    (r##"{a: z}"##, r##"{}"##, r##"{"sourceValue": "7", "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"], "options": {"create": true}}]}"##, Some(r##"{"f": 7}"##)),
    (r##"{a: z}"##, r##"{}"##, r##"{"sourceValue": "7", "targets": [{"select": {"kind": "Q"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{}"##)),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"sourceValue": "7", "targets": [{"select": {"kind": "T|X"}, "reject": [{"name": "t"}], "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 1}"##)),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"sourceValue": "7", "targets": [{"select": {"name": "t"}, "reject": [{"labelSelector": "a"}], "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 7}"##)),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"sourceValue": "7", "targets": [{"select": {"namespace": "default"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": 1}"##)),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap"}, "sourceValue": "7", "targets": [{"select": {"kind": "T"}}]}"##, None),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap"}, "targets": [{"fieldPaths": ["a"]}]}"##, None),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"source": {"kind": "ConfigMap"}}"##, None),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"source": {"kind": "Nope"}, "targets": [{"select": {"kind": "T"}}]}"##, None),
    (r##"{a: z}"##, r##"{f: 1}"##, r##"{"source": {}, "targets": [{"select": {"kind": "T"}}]}"##, None),
    (r##"{a: 007}"##, r##"{f: "x"}"##, r##"{"sourceValue": "007", "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f"]}]}"##, Some(r##"{"f": "007"}"##)),
    (r##"{a: x}"##, r##"{f: ["{\"a\": 1}"]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.-.a"]}]}"##, None),
    (r##"{a: 2}"##, r##"{f: ["{\"a\": 1}"]}"##, r##"{"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"}, "targets": [{"select": {"kind": "T"}, "fieldPaths": ["spec.f.-.a"]}]}"##, Some(r##"{"f": ["{\"a\":2}"]}"##)),
];

fn resources(data: Value, spec: Value) -> Vec<Resource> {
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "src"}, "data": data});
    let thing = json!({"apiVersion": "x/v1", "kind": "T", "metadata": {"name": "t"}, "spec": spec});
    [map, thing].map(|value| Resource::new(value, Origin::default())).into()
}

fn replaced(resources: &mut [Resource], replacement: &Value) -> Result<(), ReplacementError> {
    apply(resources, &parse(replacement)?, Schema::builtin(), None)
}

#[test]
fn fields() {
    for (data, spec, replacement, expected) in CASES {
        let mut resources = resources(read(data), read(spec));
        let outcome = replaced(&mut resources, &read(replacement));
        let found = outcome.ok().map(|()| resources[1].value["spec"].clone());
        assert_eq!(found, expected.map(read), "{data} {spec} {replacement}");
    }
}

#[test]
fn former_names_count() {
    let mut resources = resources(json!({"a": "new"}), json!({"f": "old"}));
    for resource in &mut resources {
        resource.former.push(resource.identity());
        resource.value["metadata"]["name"] = json!("other");
    }
    let replacement = json!({"source": {"kind": "ConfigMap", "name": "src", "fieldPath": "data.a"},
        "targets": [{"select": {"name": "t", "namespace": "default"}, "fieldPaths": ["spec.f"]}]});
    assert!(replaced(&mut resources, &replacement).is_ok());
    assert_eq!(resources[1].value["spec"]["f"], "new");
}

#[test]
fn what_is_no_replacement() {
    for value in [
        json!("a"),
        json!({"path": "x"}),
        json!({"sourceValue": 1, "targets": []}),
        json!({"other": 1}),
    ] {
        assert!(parse(&value).is_err(), "{value}");
    }
    assert_eq!(parse(&json!([])).map(|list| list.len()).ok(), Some(0));
}
