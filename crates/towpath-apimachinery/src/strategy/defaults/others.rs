//! Defaults of kinds that run no pods.

use serde_json::{Map, Value, json};
use towpath_catalog::SchemaRef;

use super::{Fields, below, get, has_any, is_missing, items, text, value};
use crate::object;

pub(super) fn service(schema: &SchemaRef<'_>, fields: &mut Fields) {
    let has = |name: &str| schema.at(["spec", name]).is_some();
    let spec = object::child(fields, "spec");
    text(spec, "sessionAffinity", "None");
    if get(spec, "sessionAffinity") == "ClientIP" {
        let config = object::child(spec, "sessionAffinityConfig");
        value(object::child(config, "clientIP"), "timeoutSeconds", 10800);
    } else {
        spec.shift_remove("sessionAffinityConfig");
    }
    text(spec, "type", "ClusterIP");
    let kind = get(spec, "type").to_owned();
    let is_balanced = kind == "LoadBalancer";
    for port in items(spec, "ports") {
        let is_unset = match port.get("targetPort") {
            None | Some(Value::Null) => true,
            Some(Value::String(name)) => name.is_empty(),
            Some(number) => number.as_i64() == Some(0),
        };
        if let Some(number) = port.get("port").cloned().filter(|_| is_unset) {
            port.insert("targetPort".to_owned(), number);
        }
    }
    let is_reached = is_balanced || kind == "NodePort";
    if is_reached || (kind == "ClusterIP" && has_any(spec, "externalIPs")) {
        text(spec, "externalTrafficPolicy", "Cluster");
    }
    if has("internalTrafficPolicy") && (is_reached || kind == "ClusterIP") {
        value(spec, "internalTrafficPolicy", "Cluster");
    }
    if is_balanced && has("allocateLoadBalancerNodePorts") {
        value(spec, "allocateLoadBalancerNodePorts", true);
    }
    let balancer = below(fields, "status").and_then(|status| below(status, "loadBalancer"));
    if let Some(balancer) = balancer.filter(|_| is_balanced) {
        for ingress in items(balancer, "ingress").filter(|ingress| !get(ingress, "ip").is_empty()) {
            value(ingress, "ipMode", "VIP");
        }
    }
}

/// Texts are put into the data, and are not kept beside it.
pub(super) fn secret(fields: &mut Fields) {
    let Some(Value::Object(texts)) = fields.shift_remove("stringData") else { return };
    if texts.is_empty() {
        return;
    }
    let data = object::child(fields, "data");
    for (key, text) in texts {
        let text = text.as_str().unwrap_or_default();
        data.insert(key, Value::from(base64(text.as_bytes())));
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

pub(super) fn namespace(fields: &mut Fields) {
    let metadata = object::child(fields, "metadata");
    let name = Value::from(get(metadata, "name"));
    if name != "" {
        object::child(metadata, "labels").insert("kubernetes.io/metadata.name".to_owned(), name);
    }
}

pub(super) fn node(status: &mut Fields) {
    if let Some(capacity) = status.get("capacity").filter(|_| is_missing(status, "allocatable")) {
        let capacity = capacity.clone();
        status.insert("allocatable".to_owned(), capacity);
    }
}

/// Limits of containers follow from each other.
pub(super) fn limits(item: &mut Fields) {
    if get(item, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")]
    {
        let Some(Value::Object(amounts)) = item.get(from).cloned() else { continue };
        let given = object::child(item, to);
        for (name, amount) in amounts {
            given.entry(name).or_insert(amount);
        }
    }
}

pub(super) fn directions(spec: &mut Fields) {
    if !has_any(spec, "policyTypes") {
        let types =
            if has_any(spec, "egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".to_owned(), types);
    }
}

pub(super) fn subject(fields: &mut Fields) {
    if matches!(get(fields, "kind"), "User" | "Group") {
        text(fields, "apiGroup", "rbac.authorization.k8s.io");
    }
}

pub(super) fn driver(schema: &SchemaRef<'_>, spec: &mut Fields) {
    value(spec, "attachRequired", true);
    value(spec, "podInfoOnMount", false);
    for (name, default) in [
        ("fsGroupPolicy", json!("ReadWriteOnceWithFSType")),
        ("requiresRepublish", json!(false)),
        ("seLinuxMount", json!(false)),
        ("storageCapacity", json!(false)),
    ] {
        if schema.field(name).is_some() {
            value(spec, name, default);
        }
    }
    if !has_any(spec, "volumeLifecycleModes") {
        spec.insert("volumeLifecycleModes".to_owned(), json!(["Persistent"]));
    }
}

pub(super) fn definition(spec: &mut Fields) {
    let names = object::child(spec, "names");
    let kind = get(names, "kind").to_owned();
    if !kind.is_empty() {
        text(names, "singular", &kind.to_lowercase());
        text(names, "listKind", &format!("{kind}List"));
    }
    text(object::child(spec, "conversion"), "strategy", "None");
}

pub(super) fn level(spec: &mut Fields) {
    if let Some(limited) = below(spec, "limited") {
        value(limited, "nominalConcurrencyShares", 30);
        value(limited, "lendablePercent", 0);
        text(object::child(limited, "limitResponse"), "type", "Reject");
        if let Some(queuing) =
            below(limited, "limitResponse").and_then(|response| below(response, "queuing"))
        {
            for (name, default) in [("handSize", 8), ("queueLengthLimit", 50), ("queues", 64)] {
                if queuing.get(name).is_none_or(|count| count.as_i64() == Some(0)) {
                    queuing.insert(name.to_owned(), Value::from(default));
                }
            }
        }
    }
    if get(spec, "type") == "Exempt" {
        if is_missing(spec, "exempt") {
            spec.insert("exempt".to_owned(), Value::Object(Map::new()));
        }
        if let Some(exempt) = below(spec, "exempt") {
            value(exempt, "nominalConcurrencyShares", 0);
            value(exempt, "lendablePercent", 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_all_lengths() {
        for (bytes, text) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
