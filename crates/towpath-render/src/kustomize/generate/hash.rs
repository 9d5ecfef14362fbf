//! The hash that kustomize puts behind the name of what it generates.
//!
//! It is a hash of the content alone: of the kind, the data and, of a secret, its type; not of the name, which
//! kustomize looks for where it never is. Source of the contract: `kubernetes-sigs/kustomize:api/hasher/hasher.go`.

use super::go_json::{write, write_string};
use crate::Value;
use sha2::{Digest as _, Sha256};

/// The hash of a config map or a secret: ten letters and digits that can stand in a name. `None` for other kinds, which
/// kustomize hashes together with the lines of its source; only plugins could ask for that.
#[must_use]
pub fn of(value: &Value) -> Option<String> {
    let kind = value.get("kind")?.as_str()?;
    let mut text = String::from("{");
    let optional = |text: &mut String, field: &str| {
        if let Some(content @ Value::Object(_)) = value.get(field) {
            write_string(text, field);
            text.push(':');
            write(text, content);
            text.push(',');
        }
    };
    let required = |text: &mut String, field: &str| match value.get(field) {
        Some(content @ (Value::Object(_) | Value::String(_))) => write(text, content),
        _ => text.push_str("\"\""),
    };
    match kind {
        "ConfigMap" => {
            optional(&mut text, "binaryData");
            text.push_str("\"data\":");
            required(&mut text, "data");
            text.push_str(",\"kind\":\"ConfigMap\",\"name\":\"\"}");
        }
        "Secret" => {
            text.push_str("\"data\":");
            required(&mut text, "data");
            text.push_str(",\"kind\":\"Secret\",\"name\":\"\",");
            optional(&mut text, "stringData");
            text.push_str("\"type\":");
            required(&mut text, "type");
            text.push('}');
        }
        _ => return None,
    }
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Some(digits.take(10).map(|digit| char::from(LETTERS[usize::from(digit)])).collect())
}

/// The letter of each hexadecimal digit: those that could spell a word are replaced.
const LETTERS: &[u8; 16] = b"gh2k456789mbcdtf";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    #[test]
    fn other_kinds_have_none() {
        assert_eq!(of(&json!({"kind": "Deployment"})), None);
    }

    proptest! {
        #[test]
        fn the_order_of_keys_does_not_matter(pairs in proptest::collection::btree_map("[a-c]{1,3}", ".{0,5}", 0..5)) {
            let forward: Map<String, Value> = pairs.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            let backward: Map<String, Value> = pairs.iter().rev().map(|(k, v)| (k.clone(), json!(v))).collect();
            let hash = |data: Map<String, Value>| of(&json!({"kind": "Secret", "data": data, "type": "Opaque"}));
            prop_assert_eq!(hash(forward), hash(backward));
        }
    }
}
