//! What stands for the values of a Secret: the same keys, and values that say nothing and are let in.
//!
//! Values are in `data`, and whoever applied the object with `kubectl` left them in an annotation as well.

use serde_json::Value;

use super::LAST_APPLIED;
use crate::object::{map, metadata, text};

/// `towpath-placeholder` in base64.
const TEXT: &str = "dG93cGF0aC1wbGFjZWhvbGRlcg==";
/// `{}` in base64, where the server wants JSON.
const JSON: &str = "e30=";

/// Replaces all values of a Secret.
pub(super) fn replace(secret: &mut Value) {
    let kind = text(secret, &["type"]).unwrap_or_default();
    let value = match kind {
        "kubernetes.io/dockerconfigjson" | "kubernetes.io/dockercfg" => JSON,
        _ => TEXT,
    };
    for field in ["data", "stringData"] {
        if let Some(Value::Object(data)) = map(secret).get_mut(field) {
            data.values_mut().for_each(|it| *it = value.into());
        }
    }
    if let Some(Value::Object(annotations)) = metadata(secret).get_mut("annotations") {
        annotations.remove(LAST_APPLIED);
    }
}
