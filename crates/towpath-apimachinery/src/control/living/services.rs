//! Services: the pods behind them, and the addresses in front of them; Ingresses as well.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/endpoint`, `pkg/controller/endpointslice`.

use serde_json::{Map, Value, json};

use super::desk::{Desk, MANAGER, Seen, bits, is_true, letters, list, text};
use super::pods::PODS;
use crate::object;
use crate::selector::Selector;
use crate::store::Event;

pub(super) const SERVICES: &str = "services";
pub(super) const INGRESSES: &str = "ingresses.networking.k8s.io";
const ENDPOINTS: &str = "endpoints";
pub(super) const SLICES: &str = "endpointslices.discovery.k8s.io";
/// The label of an EndpointSlice that names its Service.
pub(super) const OF_SERVICE: &str = "kubernetes.io/service-name";
/// As many as one object may hold.
const MOST: usize = 1000;

/// A pod changed in what others count: Services of its namespace that select it look again.
pub(super) fn pod_changed(desk: &mut Desk<'_>, event: &Event) {
    for service in desk.all(SERVICES, &event.key.namespace) {
        // Those without a selector have other means.
        if !service.tail().contains("\"selector\":{") {
            continue;
        }
        let Some(service) = desk.open(SERVICES, service) else { continue };
        let Some(selector) = service.value.pointer("/spec/selector") else { continue };
        let selector = Selector::of_labels(&json!({"matchLabels": selector}));
        let was = event.previous.as_ref().is_some_and(|pod| selector.matches(pod));
        if was || selector.matches(&event.object) {
            look(desk, &service);
        }
    }
}

/// Looks at a Service.
pub(super) fn look<'m>(desk: &mut Desk<'m>, service: &Seen<'m>) {
    if service.is_deleted() {
        return;
    }
    balance(desk, service);
    let selector = service.value.pointer("/spec/selector").filter(|one| **one != json!({}));
    let Some(selector) =
        selector.filter(|_| text(&service.value, &["spec", "type"]) != "ExternalName")
    else {
        return desk.flush();
    };
    let selector = Selector::of_labels(&json!({"matchLabels": selector}));
    let pods: Vec<Seen<'m>> = desk
        .all(PODS, service.namespace())
        .into_iter()
        .filter(|pod| selector.matches(pod))
        .filter(|pod| !pod.head.field("status.podIP").is_empty())
        .filter(|pod| !matches!(pod.head.field("status.phase"), "Succeeded" | "Failed"))
        .filter_map(|pod| desk.open(PODS, pod))
        .take(MOST)
        .collect();
    let labels = service.value.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    let is_headless = text(&service.value, &["spec", "clusterIP"]) == "None";
    endpoints(desk, service, &pods, labels.clone(), is_headless);
    slice(desk, service, &pods, labels, is_headless);
    desk.flush();
}

/// The ports of a Service on a pod, named as the Service names them.
fn ports(service: &Value, pod: Option<&Value>) -> Vec<Value> {
    let mut ports = Vec::new();
    for port in list(service, &["spec", "ports"]) {
        let target = match port.get("targetPort") {
            Some(Value::String(name)) => {
                let Some(pod) = pod else { continue };
                let containers = list(pod, &["spec", "containers"]).iter();
                let mut all = containers.flat_map(|container| list(container, &["ports"]));
                let named = all.find(|one| text(one, &["name"]) == name);
                let Some(number) = named.and_then(|one| one.get("containerPort")) else { continue };
                number.clone()
            }
            Some(number) => number.clone(),
            None => port.get("port").cloned().unwrap_or_default(),
        };
        let mut one = Map::new();
        for field in ["name", "appProtocol"] {
            if let Some(value) = port.get(field) {
                one.insert(field.into(), value.clone());
            }
        }
        one.insert("port".into(), target);
        one.insert("protocol".into(), port.get("protocol").cloned().unwrap_or("TCP".into()));
        ports.push(Value::Object(one));
    }
    ports
}

fn target(pod: &Seen<'_>) -> Value {
    json!({"kind": "Pod", "namespace": pod.namespace(), "name": pod.name(), "uid": pod.uid()})
}

fn is_ready(service: &Value, pod: &Seen<'_>) -> bool {
    is_true(&pod.value, "Ready")
        || service.pointer("/spec/publishNotReadyAddresses") == Some(&Value::Bool(true))
}

fn hostname<'a>(service: &Seen<'_>, pod: &'a Seen<'_>) -> Option<&'a str> {
    let name = object::text(&pod.value, &["spec", "hostname"])?;
    (text(&pod.value, &["spec", "subdomain"]) == service.name()).then_some(name)
}

fn endpoints<'m>(
    desk: &mut Desk<'m>,
    service: &Seen<'m>,
    pods: &[Seen<'m>],
    mut labels: Value,
    is_headless: bool,
) {
    let (mut ready, mut waiting) = (Vec::new(), Vec::new());
    for pod in pods.iter().filter(|pod| !pod.is_deleted()) {
        let mut address = json!({
            "ip": text(&pod.value, &["status", "podIP"]),
            "nodeName": text(&pod.value, &["spec", "nodeName"]),
            "targetRef": target(pod),
        });
        if let Some(name) = hostname(service, pod) {
            object::map(&mut address).insert("hostname".into(), name.into());
        }
        if is_ready(&service.value, pod) { ready.push(address) } else { waiting.push(address) }
    }
    let mut subset = Map::new();
    for (name, mut addresses) in [("addresses", ready), ("notReadyAddresses", waiting)] {
        addresses.sort_by(|a, b| text(a, &["ip"]).cmp(text(b, &["ip"])));
        if !addresses.is_empty() {
            subset.insert(name.into(), addresses.into());
        }
    }
    let ports = ports(&service.value, pods.first().map(|pod| &pod.value));
    let subsets = if subset.is_empty() || (ports.is_empty() && !is_headless) {
        Value::Null
    } else {
        if !ports.is_empty() {
            subset.insert("ports".into(), ports.into());
        }
        json!([subset])
    };
    if desk.minor() >= 33 {
        object::map(&mut labels)
            .insert("endpoints.kubernetes.io/managed-by".into(), "endpoint-controller".into());
    }
    if is_headless {
        object::map(&mut labels).insert("service.kubernetes.io/headless".into(), "".into());
    }
    let found = desk.see(ENDPOINTS, service.namespace(), service.name());
    let mut new = found.as_ref().map_or_else(
        || json!({"metadata": {"name": service.name(), "namespace": service.namespace()}}),
        |found| found.value.clone(),
    );
    let fields = object::map(&mut new);
    if subsets.is_null() {
        fields.shift_remove("subsets");
    } else {
        fields.insert("subsets".into(), subsets);
    }
    if labels == json!({}) {
        object::metadata(&mut new).shift_remove("labels");
    } else {
        object::metadata(&mut new).insert("labels".into(), labels);
    }
    put(desk, ENDPOINTS, found, new);
}

fn put<'m>(desk: &mut Desk<'m>, resource: &str, found: Option<Seen<'m>>, new: Value) {
    match found {
        Some(found) => desk.exchange(&found, new, MANAGER),
        // What a quota forbids is made when it allows it: the next pod asks again.
        None => drop(desk.create(resource, new, MANAGER)),
    }
}

fn slice<'m>(
    desk: &mut Desk<'m>,
    service: &Seen<'m>,
    pods: &[Seen<'m>],
    mut labels: Value,
    is_headless: bool,
) {
    let is_served = desk.machine.stored(SLICES).is_some_and(|one| &*one.version == "v1");
    if !is_served {
        return;
    }
    let mut endpoints: Vec<Value> = pods
        .iter()
        .map(|pod| {
            let is_serving = is_ready(&service.value, pod);
            let mut endpoint = json!({
                "addresses": [text(&pod.value, &["status", "podIP"])],
                "conditions": {
                    "ready": is_serving && !pod.is_deleted(),
                    "serving": is_serving,
                    "terminating": pod.is_deleted(),
                },
                "nodeName": text(&pod.value, &["spec", "nodeName"]),
                "targetRef": target(pod),
                "zone": "sandbox-a",
            });
            if let Some(name) = hostname(service, pod) {
                object::map(&mut endpoint).insert("hostname".into(), name.into());
            }
            endpoint
        })
        .collect();
    endpoints.sort_by(|a, b| {
        a.pointer("/addresses/0")
            .map(Value::to_string)
            .cmp(&b.pointer("/addresses/0").map(Value::to_string))
    });
    let mut ports = ports(&service.value, pods.first().map(|pod| &pod.value));
    for port in &mut ports {
        object::map(port).entry("name").or_insert("".into());
    }
    let fields = object::map(&mut labels);
    fields.insert(
        "endpointslice.kubernetes.io/managed-by".into(),
        "endpointslice-controller.k8s.io".into(),
    );
    fields.insert(OF_SERVICE.into(), service.name().into());
    if is_headless {
        fields.insert("service.kubernetes.io/headless".into(), "".into());
    }
    let name = format!("{}-{}", service.name(), letters(bits(&[service.uid()])));
    let found = desk.see(SLICES, service.namespace(), &name);
    let mut new = found.as_ref().map_or_else(
        || {
            json!({"metadata": {
                "name": name,
                "generateName": format!("{}-", service.name()),
                "namespace": service.namespace(),
                "ownerReferences": [service.controls()],
            }, "addressType": "IPv4"})
        },
        |found| found.value.clone(),
    );
    object::metadata(&mut new).insert("labels".into(), labels);
    let fields = object::map(&mut new);
    fields.insert("endpoints".into(), endpoints.into());
    fields.insert("ports".into(), ports.into());
    put(desk, SLICES, found, new);
}

/// Addresses of the load balancers of a cluster.
fn outside(uid: &str) -> String {
    format!("172.18.255.{}", 1 + bits(&[uid]) % 250)
}

/// Gives a Service the address of a load balancer if it wants one, and takes it back if not.
fn balance<'m>(desk: &mut Desk<'m>, service: &Seen<'m>) {
    let value = &service.value;
    let class = text(value, &["spec", "loadBalancerClass"]);
    let is_wanted = text(value, &["spec", "type"]) == "LoadBalancer" && class.is_empty();
    let has = !list(value, &["status", "loadBalancer", "ingress"]).is_empty();
    if is_wanted == has || (has && !class.is_empty()) {
        return;
    }
    let mut status = value.get("status").cloned().unwrap_or_else(|| json!({}));
    let balancer = if is_wanted {
        let asked = text(value, &["spec", "loadBalancerIP"]);
        let address = if asked.is_empty() { outside(service.uid()) } else { asked.to_owned() };
        let mut ingress = json!({"ip": address});
        if desk.minor() >= 29 {
            object::map(&mut ingress).insert("ipMode".into(), "VIP".into());
        }
        json!({"ingress": [ingress]})
    } else {
        json!({})
    };
    object::map(&mut status).insert("loadBalancer".into(), balancer);
    desk.status(service, status, "cloud-controller-manager");
}

/// Gives an Ingress the address at which it is reached.
pub(super) fn look_at_ingress<'m>(desk: &mut Desk<'m>, ingress: &Seen<'m>) {
    let has = !list(&ingress.value, &["status", "loadBalancer", "ingress"]).is_empty();
    if ingress.is_deleted() || has {
        return;
    }
    let status = json!({"loadBalancer": {"ingress": [{"ip": "172.18.255.251"}]}});
    desk.status(ingress, status, "ingress-controller");
    desk.flush();
}
