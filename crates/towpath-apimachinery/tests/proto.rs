//! Bodies that `kubectl` sent, held against the JSON that it prints for the same command, and bodies that nobody sends.
//!
//! `kubectl/NAME.bin` is a body as it was on the wire, `kubectl/NAME.json` what `--dry-run=client -o json` printed
//! where the command has that, and otherwise what the types of Go say.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads its data from disk, and fails if it cannot"
)]

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_apimachinery::proto::decode;

/// Every body, by the name of its file.
fn bodies() -> Vec<(String, Vec<u8>, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl");
    let mut bodies: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "bin"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let told = std::fs::read(path.with_extension("json")).unwrap();
            (name, std::fs::read(&path).unwrap(), serde_json::from_slice(&told).unwrap())
        })
        .collect();
    bodies.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    bodies
}

/// These were printed by 1.32, which wrote times that are not set; newer ones leave them out.
fn without_unset_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| name != "creationTimestamp" || !value.is_null());
            fields.values_mut().for_each(without_unset_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_unset_times),
        _ => {}
    }
}

#[test]
fn a_body_is_the_json_that_the_same_client_prints() {
    let bodies = bodies();
    assert!(bodies.len() > 20, "{}", bodies.len());
    for (name, body, mut expected) in bodies {
        without_unset_times(&mut expected);
        let decoded = decode(&body).unwrap_or_else(|refusal| panic!("{name}: {}", refusal.message));
        assert_eq!(decoded, expected, "{name}");
    }
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A field that is bytes.
fn bytes(number: usize, value: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(value.len()), value.to_vec()].concat()
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let typed = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), bytes(1, &typed), bytes(2, raw)].concat()
}

#[test]
fn kinds_that_all_groups_share_are_read_in_any_group() {
    let raw = [vec![0x08, 0x00], bytes(4, b"Foreground")].concat();
    let decoded = decode(&body("apps/v1", "DeleteOptions", &raw)).unwrap();
    let expected = json!({
        "apiVersion": "apps/v1", "kind": "DeleteOptions",
        "gracePeriodSeconds": 0, "propagationPolicy": "Foreground",
    });
    assert_eq!(decoded, expected);
}

#[test]
fn values_with_a_json_of_their_own_are_written_as_that() {
    // 1700000000 seconds; then 12345 nanoseconds as well.
    let seconds = [0x08, 0x80, 0xe2, 0xcf, 0xaa, 0x06];
    let micro = [&seconds[..], &[0x10, 0xb9, 0x60]].concat();
    for (kind, api_version, raw, expected) in [
        // A managed field: its time and what it owns.
        (
            "ManagedFieldsEntry",
            "meta.k8s.io/v1",
            [bytes(4, &seconds), bytes(7, &bytes(1, b"{\"f:a\":{}}"))].concat(),
            json!({"time": "2023-11-14T22:13:20Z", "fieldsV1": {"f:a": {}}}),
        ),
        (
            "LeaseSpec",
            "coordination.k8s.io/v1",
            [bytes(1, b""), bytes(3, &micro)].concat(),
            json!({"holderIdentity": "", "acquireTime": "2023-11-14T22:13:20.000012Z"}),
        ),
        (
            "ServicePort",
            "v1",
            [vec![0x18, 80], bytes(4, &[[0x08, 0x01].as_slice(), &bytes(3, b"web")].concat())]
                .concat(),
            json!({"port": 80, "targetPort": "web"}),
        ),
        (
            "JSONSchemaProps",
            "apiextensions.k8s.io/v1",
            [
                bytes(8, &bytes(1, b"[1,2]")),
                vec![0x49, 0, 0, 0, 0, 0, 0, 0x24, 0x40],
                bytes(30, &[0x08, 0x01]),
            ]
            .concat(),
            json!({"default": [1, 2], "maximum": 10, "additionalProperties": true}),
        ),
    ] {
        let mut decoded = decode(&body(api_version, kind, &raw)).unwrap();
        let fields = decoded.as_object_mut().unwrap();
        fields.shift_remove("apiVersion");
        fields.shift_remove("kind");
        assert_eq!(decoded, expected, "{kind}");
    }
}

#[test]
fn what_is_wrong_is_refused_with_the_reason() {
    let deep = (0..100).fold(Vec::new(), |below, _| bytes(28, &below));
    let many = [0x12, 0].repeat(1 << 19);
    for (bytes, code, said) in [
        (Vec::new(), 400, "expected prefix [107 56 115 0]"),
        (b"k8s\0".to_vec(), 400, "no kind \"\" is registered"),
        (body("example.com/v1", "Thing", b""), 400, "for version \"example.com/v1\""),
        (body("v1", "Pod", &[0x0a, 9]), 400, "unexpected EOF"),
        (body("v1", "Pod", &[0x08, 1]), 400, "wrong wireType for field metadata"),
        (body("apiextensions.k8s.io/v1", "JSONSchemaProps", &deep), 400, "nested too deeply"),
        (body("v1", "PodList", &many), 413, "more than 262144 values"),
    ] {
        let refusal = decode(&bytes).unwrap_err();
        assert_eq!(refusal.code, code, "{}", refusal.message);
        assert!(refusal.message.contains(said), "{}", refusal.message);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_object_or_a_refusal(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (api_version, kind) in
            [("v1", "Pod"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("v1", "List")]
        {
            if let Ok(value) = decode(&body(api_version, kind, &raw)) {
                prop_assert_eq!(&value["kind"], kind);
            }
        }
    }

    #[test]
    fn a_body_that_was_changed_on_its_way_is_an_object_or_a_refusal(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let bodies = bodies();
        let (_, mut body, _) = which.get(&bodies).clone();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(cut.index(body.len() + 1));
        if let Ok(value) = decode(&body) {
            prop_assert!(value.is_object());
        }
    }
}
