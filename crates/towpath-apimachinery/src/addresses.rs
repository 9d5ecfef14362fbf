//! Addresses and ports that Services get: free ones, chosen by chance as the server does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::store::{State, TypeMeta};
use crate::strategy;

/// Ports of nodes that Services may get.
const PORTS: std::ops::Range<u16> = 30000..32768;

/// Gives a Service what it needs and does not have. Addresses are those of `10.96.0.0/12`, the range that `kubeadm`
/// uses if nothing else is said.
pub(crate) fn allocate(state: &State, entropy: u128, service: &mut Value) {
    let needs = strategy::needs(service);
    if !needs.address && needs.node_ports == 0 && !needs.health_port {
        strategy::allocate(service, &mut String::new, &mut || 0);
        return;
    }
    let mut addresses = BTreeSet::new();
    let mut ports = BTreeSet::new();
    let meta = TypeMeta { api_version: "v1", kind: "Service" };
    for other in state.list("services", None) {
        addresses.insert(other.head.field("spec.clusterIP").to_owned());
        if needs.node_ports > 0 || needs.health_port {
            used(&other.value(Some(meta)), &mut ports);
        }
    }
    let mut bits = entropy;
    let mut next = move || {
        // The constants of a linear congruential generator by Knuth: spread is all that is asked of it.
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 64) as u32
    };
    let mut more = next;
    let mut address = || {
        // A range of a million addresses is not used up by what fits into memory.
        loop {
            let low = next() & 0x000f_ffff;
            let [_, b, c, d] = (0x0a60_0000 | low).to_be_bytes();
            let address = format!("10.{b}.{c}.{d}");
            if low > 0 && addresses.insert(address.clone()) {
                return address;
            }
        }
    };
    let mut port = || {
        let start = PORTS.start + (more() % u32::from(PORTS.end - PORTS.start)) as u16;
        let free = (start..PORTS.end).chain(PORTS.start..start).find(|port| ports.insert(*port));
        free.unwrap_or_default()
    };
    strategy::allocate(service, &mut address, &mut port);
}

fn used(service: &Value, ports: &mut BTreeSet<u16>) {
    let all = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    let numbers = all.filter_map(|port| port.get("nodePort")?.as_u64());
    let health = service.pointer("/spec/healthCheckNodePort").and_then(Value::as_u64);
    ports.extend(numbers.chain(health).filter_map(|number| u16::try_from(number).ok()));
}
