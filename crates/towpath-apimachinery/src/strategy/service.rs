//! The addresses that a cluster gives to Services: what one needs, how it is given, and how it stays.
//!
//! Which addresses are free is the cluster's to know.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/registry/core/service/storage/alloc.go`,
//! `pkg/registry/core/service/strategy.go`.

use serde_json::{Map, Value, json};

use super::defaults::{get, has_any, is_missing, items, text};
use crate::object;

type Fields = Map<String, Value>;

/// What a Service still has to be given by the cluster: an address, ports of the nodes, and one for checks of health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// An address of the cluster.
    pub address: bool,
    /// Ports of the nodes.
    pub node_ports: usize,
    /// The port for checks of health.
    pub health_port: bool,
}

/// What a Service with its defaults needs from a cluster before it can be stored.
#[must_use]
pub fn needs(service: &Value) -> Needs {
    let text = |name: &str| object::text(service, &["spec", name]).unwrap_or_default();
    let kind = text("type");
    let is_balanced = kind == "LoadBalancer";
    let spec = service.get("spec");
    let allocates = spec.and_then(|spec| spec.get("allocateLoadBalancerNodePorts"))
        != Some(&Value::Bool(false));
    let ports = spec.and_then(|spec| spec.get("ports")).and_then(Value::as_array);
    let node_ports = if kind == "NodePort" || (is_balanced && allocates) {
        let missing = |port: &&Value| number(port.get("nodePort")) == 0;
        ports.into_iter().flatten().filter(missing).count()
    } else {
        0
    };
    let health = spec.and_then(|spec| spec.get("healthCheckNodePort"));
    Needs {
        address: kind != "ExternalName" && text("clusterIP").is_empty(),
        node_ports,
        health_port: is_balanced && text("externalTrafficPolicy") == "Local" && number(health) == 0,
    }
}

/// Gives a Service with its defaults what it [`needs`], and says in which families its addresses are. `address` and
/// `port` each give what is free: an IPv4 address of the cluster, a port of the nodes.
pub fn allocate(
    service: &mut Value,
    address: &mut dyn FnMut() -> String,
    port: &mut dyn FnMut() -> u16,
) {
    let wanted = needs(service);
    let spec = object::child(object::map(service), "spec");
    if get(spec, "type") == "ExternalName" {
        return;
    }
    if wanted.address {
        spec.insert("clusterIP".to_owned(), Value::from(address()));
    }
    let first = Value::from(get(spec, "clusterIP"));
    if !has_any(spec, "clusterIPs") {
        spec.insert("clusterIPs".to_owned(), json!([first]));
    }
    families(spec);
    if wanted.node_ports > 0 {
        for item in items(spec, "ports") {
            if item.get("nodePort").is_none_or(|port| port.as_i64().unwrap_or(0) == 0) {
                item.insert("nodePort".to_owned(), Value::from(port()));
            }
        }
    }
    if wanted.health_port {
        spec.insert("healthCheckNodePort".to_owned(), Value::from(port()));
    }
}

fn families(spec: &mut Fields) {
    let address = get(spec, "clusterIP");
    let is_everywhere = address == "None" && !has_any(spec, "selector");
    let (family, other) = if address.contains(':') { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let policy = if is_everywhere { "RequireDualStack" } else { "SingleStack" };
    text(spec, "ipFamilyPolicy", policy);
    if !has_any(spec, "ipFamilies") {
        let is_dual = is_everywhere && get(spec, "ipFamilyPolicy") != "SingleStack";
        let families = if is_dual { json!([family, other]) } else { json!([family]) };
        spec.insert("ipFamilies".to_owned(), families);
    }
}

/// Takes over what the old state of a Service was given and the new one does not say, and drops what its new type has
/// no use for.
pub(super) fn keep_allocated(old: &Value, new: &mut Value) {
    let Some(old) = old.get("spec").and_then(Value::as_object) else { return };
    let spec = object::child(object::map(new), "spec");
    drop_unused(old, spec);
    let has_address = |kind: &str| kind != "ExternalName";
    if has_address(get(old, "type")) && has_address(get(spec, "type")) {
        let is_same = get(spec, "clusterIP").is_empty()
            && (get(old, "clusterIP") != "None" || !has_any(spec, "clusterIPs"));
        if is_same {
            take(old, spec, "clusterIP");
        }
        let same_first = get(old, "clusterIP") == get(spec, "clusterIP");
        for field in ["clusterIPs", "ipFamilies"] {
            if same_first && !has_any(spec, field) {
                take(old, spec, field);
            }
        }
        if is_missing(spec, "ipFamilyPolicy") {
            take(old, spec, "ipFamilyPolicy");
        }
    }
    let reaches = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    if reaches(get(old, "type")) && reaches(get(spec, "type")) {
        keep_ports(old, spec);
    }
    if number(old.get("healthCheckNodePort")) != 0 && is_checked(old) && is_checked(spec) {
        let is_unset = number(spec.get("healthCheckNodePort")) == 0;
        if is_unset {
            take(old, spec, "healthCheckNodePort");
        }
    }
}

fn keep_ports(old: &Fields, spec: &mut Fields) {
    let given = old.get("ports").and_then(Value::as_array);
    let given: Vec<&Value> = given.into_iter().flatten().collect();
    let mut used: Vec<i64> =
        items(spec, "ports").map(|port| number(port.get("nodePort"))).collect();
    for port in items(spec, "ports") {
        if number(port.get("nodePort")) != 0 {
            continue;
        }
        let key = |field: &str| port.get(field).cloned();
        let found = given.iter().find(|one| {
            ["port", "protocol"].iter().all(|field| one.get(*field).cloned() == key(field))
        });
        let node_port = number(found.and_then(|one| one.get("nodePort")));
        if node_port != 0 && !used.contains(&node_port) {
            used.push(node_port);
            port.insert("nodePort".to_owned(), Value::from(node_port));
        }
    }
}

/// What belongs to the old type and was not changed by the user is not wanted any more.
fn drop_unused(old: &Fields, spec: &mut Fields) {
    let kinds = (get(old, "type").to_owned(), get(spec, "type").to_owned());
    let same = |spec: &Fields, field: &str| spec.get(field) == old.get(field);
    if kinds.0 != "ExternalName" && kinds.1 == "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if same(spec, field) {
                spec.shift_remove(field);
            }
        }
    }
    let reaches = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    if reaches(&kinds.0) && !reaches(&kinds.1) {
        let given = old.get("ports").and_then(Value::as_array);
        let given: Vec<i64> =
            given.into_iter().flatten().map(|port| number(port.get("nodePort"))).collect();
        for port in items(spec, "ports") {
            if given.contains(&number(port.get("nodePort"))) {
                port.shift_remove("nodePort");
            }
        }
        if same(spec, "externalTrafficPolicy") {
            spec.shift_remove("externalTrafficPolicy");
        }
    }
    if kinds.0 == "LoadBalancer" && kinds.1 != "LoadBalancer" {
        for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if same(spec, field) {
                spec.shift_remove(field);
            }
        }
    }
    if is_checked(old) && !is_checked(spec) && same(spec, "healthCheckNodePort") {
        spec.shift_remove("healthCheckNodePort");
    }
    if kinds.0 == "ExternalName" && kinds.1 != "ExternalName" && same(spec, "externalName") {
        spec.shift_remove("externalName");
    }
}

fn is_checked(spec: &Fields) -> bool {
    get(spec, "type") == "LoadBalancer" && get(spec, "externalTrafficPolicy") == "Local"
}

fn take(old: &Fields, spec: &mut Fields, field: &str) {
    if let Some(value) = old.get(field) {
        spec.insert(field.to_owned(), value.clone());
    }
}

fn number(value: Option<&Value>) -> i64 {
    value.and_then(Value::as_i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_given_what_they_need() {
        let mut next = 30000;
        let mut port = || {
            next += 1;
            next
        };
        let mut address = || "10.0.0.9".to_owned();
        let mut service = json!({"spec": {"type": "NodePort", "ports": [
            {"port": 80}, {"port": 81, "nodePort": 31000},
        ]}});
        assert_eq!(needs(&service), Needs { address: true, node_ports: 1, health_port: false });
        allocate(&mut service, &mut address, &mut port);
        assert_eq!(needs(&service), Needs::default());
        let spec = &service["spec"];
        assert_eq!(spec["clusterIPs"], json!(["10.0.0.9"]));
        assert_eq!(spec["ports"][0]["nodePort"], 30001);
        assert_eq!(spec["ports"][1]["nodePort"], 31000);
        assert_eq!(spec["ipFamilies"], json!(["IPv4"]));

        let mut headless = json!({"spec": {"type": "ClusterIP", "clusterIP": "None"}});
        allocate(&mut headless, &mut address, &mut port);
        assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));
        assert_eq!(headless["spec"]["ipFamilyPolicy"], "RequireDualStack");
        let mut outside = json!({"spec": {"type": "ExternalName"}});
        allocate(&mut outside, &mut address, &mut port);
        assert_eq!(outside, json!({"spec": {"type": "ExternalName"}}));
    }
}
