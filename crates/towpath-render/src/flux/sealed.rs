//! Values that SOPS encrypted: recognised, never decrypted.
//!
//! Source of the contract: `getsops/sops:README.rst` (`ENC[AES256_GCM,data:...]`, the `sops` entry) and
//! `fluxcd/kustomize-controller:internal/decryptor`. The ciphertext stays in the object, so that a change of it can be
//! seen; whoever shows the object shows it as `sealed`.

use crate::Value;

/// How every sealed value starts.
const SEAL: &str = "ENC[AES256_GCM,";

/// The same behind the base64 of a Secret: its length is a multiple of three, so it is a prefix there too.
const SEAL_IN_BASE64: &str = "RU5DW0FFUzI1Nl9HQ00s";

/// Whether a value is sealed, as it is or as the base64 of a Secret's `data`.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(SEAL) || text.starts_with(SEAL_IN_BASE64)
}

/// Where the sealed values of an object stand, as JSON pointers.
#[must_use]
pub fn sealed_paths(object: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    find(object, &mut String::new(), &mut paths);
    paths
}

fn find(value: &Value, path: &mut String, paths: &mut Vec<String>) {
    let length = path.len();
    let mut below = |step: &str, value: &Value| {
        path.push('/');
        path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        find(value, path, paths);
        path.truncate(length);
    };
    match value {
        Value::String(text) if is_sealed(text) => paths.push(path.clone()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, item)| below(&at.to_string(), item));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| below(key, item)),
        _ => {}
    }
}

/// Whether SOPS encrypted the object as a whole.
pub(super) fn is_encrypted(object: &Value) -> bool {
    object["sops"]["mac"].is_string()
}

/// Takes away what decryption would take away: the records of SOPS in an object, and those that an encrypted env file
/// left among the data of a generated Secret or ConfigMap. Says whether there were any.
pub(super) fn drop_records(object: &mut Value) -> bool {
    let Value::Object(map) = object else { return false };
    let mut found = map.get("sops").is_some_and(|sops| sops["mac"].is_string())
        && map.shift_remove("sops").is_some();
    for field in ["data", "stringData"] {
        let Some(Value::Object(data)) = map.get_mut(field) else { continue };
        if data.get("sops_mac").and_then(Value::as_str).is_some_and(is_sealed) {
            data.retain(|key, _| !key.starts_with("sops_"));
            found = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SEALED: &str = "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:ZZ=,type:str]";

    #[test]
    fn sealed_values_are_found_wherever_they_stand() {
        let object = json!({
            "data": {"a/b": SEALED, "c": "plain", "d": "RU5DW0FFUzI1Nl9HQ00sZGF0YQ=="},
            "list": [{"x": SEALED}, "ENC"],
        });
        assert_eq!(sealed_paths(&object), ["/data/a~1b", "/data/d", "/list/0/x"]);
    }

    #[test]
    fn records_of_sops_go_and_ciphertext_stays() {
        let mut object = json!({"data": {"a": SEALED}, "sops": {"mac": SEALED, "version": "3.9"}});
        assert!(is_encrypted(&object));
        assert!(drop_records(&mut object));
        assert_eq!(object, json!({"data": {"a": SEALED}}));
        assert!(!drop_records(&mut object));

        let mut generated = json!({"data": {"A": "RU5DW0FFUzI1Nl9HQ00sZA==", "sops_mac": "RU5DW0FFUzI1Nl9HQ00sZQ==", "sops_version": "My45"}});
        assert!(drop_records(&mut generated));
        assert_eq!(generated, json!({"data": {"A": "RU5DW0FFUzI1Nl9HQ00sZA=="}}));

        let mut own = json!({"sops": "a field of somebody else"});
        assert!(!drop_records(&mut own));
    }
}
