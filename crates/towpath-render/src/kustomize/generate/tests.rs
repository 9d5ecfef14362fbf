//! What kustomize 5.8.1 made of the same generators.

use super::*;
use serde_json::json;

fn read(path: &str) -> Result<Vec<u8>, String> {
    match path {
        "f.txt" | "d/f.txt" => Ok(b"hello\nworld\n".to_vec()),
        "b.bin" => Ok([0xff, 0xfe].repeat(60)),
        "e.env" => Ok(b"\xef\xbb\xbfA=1\r\n# c\n\n  B = x \nC\n=z\n".to_vec()),
        "e2.env" => Ok(b"D='q'\n".to_vec()),
        "bad.env" => Ok(b"A=1\nB=\xff\n".to_vec()),
        other => Err(format!("{other}: no such file")),
    }
}

fn general() -> Options {
    Options::from_value(&json!({"labels": {"x": "2", "z": "3"}})).expect("options")
}

fn made(kind: &str, generator: &Value) -> Result<Resource, GenerateError> {
    let generator = Generator::from_value(generator)?;
    let make = if kind == "Secret" { secret } else { config_map };
    make(&generator, &general(), &read, Origin::default())
}

#[test]
fn all_sources() {
    let generator = json!({
        "name": "a", "literals": ["a=1", "b='x y'", "c=\"q", "d=<&>"],
        "files": ["f.txt", "k=b.bin"], "envs": ["e.env"], "env": "e2.env"
    });
    let map = made("ConfigMap", &generator).expect("it can be made");
    let binary = "//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v\n\
                  /+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7/\n\
                  /v/+//7//v/+//7//v/+\n";
    let expected = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"x": "2", "z": "3"}},
        "binaryData": {"k": binary},
        "data": {"A": "1", "B ": " x ", "C": "", "D": "'q'", "a": "1", "b": "x y", "c": "\"q", "d": "<&>",
            "f.txt": "hello\nworld\n"},
    });
    assert_eq!(map.value, expected);
    assert!(map.needs_hash);
    assert_eq!(hash::of(&map.value).as_deref(), Some("2h2tgb98tk"));
}

#[test]
fn hashes() {
    let long = |letter: &str, count: usize| letter.repeat(count);
    let cases = [
        ("ConfigMap", json!({"name": "empty"}), "6ct58987ht"),
        ("Secret", json!({"name": "e"}), "46f8b28mk5"),
        (
            "Secret",
            json!({"name": "s", "literals": ["a=1"], "type": "x/y", "files": ["b.bin"]}),
            "94kbkt95gc",
        ),
        (
            "Secret",
            json!({"name": "l", "literals": [
                format!("a={}", long("a", 51)), format!("b={}", long("b", 52)), format!("c={}", long("c", 53)), "d="
            ]}),
            "6m78cbf657",
        ),
    ];
    for (kind, generator, expected) in cases {
        let made = made(kind, &generator).expect("it can be made");
        assert_eq!(hash::of(&made.value).as_deref(), Some(expected), "{generator}");
    }
}

#[test]
fn options_of_ones_own() {
    let generator = json!({
        "name": "opt", "namespace": "ns", "literals": ["a=1"],
        "options": {"labels": {"x": "1"}, "annotations": {"q": "r"}, "immutable": true, "disableNameSuffixHash": true}
    });
    let map = made("ConfigMap", &generator).expect("it can be made");
    let expected = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "immutable": true, "data": {"a": "1"},
        "metadata": {"name": "opt", "namespace": "ns", "labels": {"x": "1", "z": "3"}, "annotations": {"q": "r"}},
    });
    assert_eq!(map.value, expected);
    assert!(!map.needs_hash);
}

#[test]
fn what_cannot_be_made() {
    let cases = [
        json!({"literals": ["a=1"]}),
        json!({"name": "a", "literals": ["a=1", "a=2"]}),
        json!({"name": "a", "literals": ["a"]}),
        json!({"name": "a", "literals": ["=a"]}),
        json!({"name": "a", "files": ["a=b=c"]}),
        json!({"name": "a", "files": ["=b"]}),
        json!({"name": "a", "files": ["b="]}),
        json!({"name": "a", "files": ["none"]}),
        json!({"name": "a", "envs": ["bad.env"]}),
        json!({"name": "a", "literals": "a=1"}),
        json!({"name": "a", "file": ["a"]}),
        json!({"name": "a", "options": {"labels": {"a": 1}}}),
        json!([]),
    ];
    for generator in cases {
        assert!(made("ConfigMap", &generator).is_err(), "{generator}");
    }
}

#[test]
fn over_one_below() {
    for (behavior, data) in
        [("merge", json!({"a": "1", "b": "3", "c": "4"})), ("replace", json!({"b": "3", "c": "4"}))]
    {
        let mut lower = made(
            "ConfigMap",
            &json!({"name": "a", "literals": ["a=1", "b=2"],
            "options": {"labels": {"l": "x", "m": "n"}}}),
        )
        .expect("it can be made");
        lower.value["metadata"]["name"] = json!("p-a");
        lower.value["metadata"]["namespace"] = json!("ns");
        lower.former.push(crate::Identity { name: "a".into(), ..lower.identity() });
        let upper = made(
            "ConfigMap",
            &json!({"name": "a", "behavior": behavior, "literals": ["b=3", "c=4"],
            "options": {"labels": {"l": "z"}}}),
        )
        .expect("it can be made");
        absorb(&mut lower, upper);
        let labels = json!({"l": "z", "m": "n", "x": "2", "z": "3"});
        let metadata = json!({"name": "p-a", "namespace": "ns", "labels": labels});
        assert_eq!(
            lower.value,
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}),
            "{behavior}"
        );
        assert!(lower.needs_hash);
        assert_eq!(lower.former.len(), 1);
    }
}
