//! What the server knows of kinds other than pods beyond their schema, where one field has to fit another.
//!
//! Source of the contract, words included: `kubernetes/kubernetes:pkg/apis`, in the file `validation/validation.go`
//! of each group.

use serde_json::Value;

use super::check::{PORT_RANGE, Place, repeated, text};
use super::run::Run;
use super::text::Form;
use crate::crd::schema::Fault;

/// All that a ConfigMap or a Secret may hold.
const DATA_SIZE: usize = 1024 * 1024;

fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or_default()
}

fn integer(here: Place<'_>, name: &str) -> Option<i64> {
    here.get(name)?.as_i64()
}

/// The strategy of a Deployment.
pub(super) fn strategy(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("rollingUpdate");
    if here.text("type") == Some("Recreate") && here.has("rollingUpdate") {
        run.forbidden(&at, "may not be specified when strategy `type` is 'Recreate'");
        return;
    }
    let part = |name: &str| here.object("rollingUpdate").and_then(|parts| parts.get(name));
    let is_zero = |value: Option<&Value>| match value {
        Some(Value::String(text)) => matches!(text.as_str(), "0" | "0%"),
        value => value.and_then(Value::as_i64) == Some(0),
    };
    let unavailable = part("maxUnavailable");
    if is_zero(unavailable) && is_zero(part("maxSurge")) {
        let why = "may not be 0 when `maxSurge` is 0";
        run.invalid(&at.field("maxUnavailable"), unavailable.unwrap_or(&Value::Null), why);
    }
}

/// The progress of a Deployment.
pub(super) fn progress(here: Place<'_>, run: &mut Run) {
    let Some(deadline) = integer(here, "progressDeadlineSeconds") else { return };
    if (0..=integer(here, "minReadySeconds").unwrap_or(0)).contains(&deadline) {
        let at = here.at.field("progressDeadlineSeconds");
        run.invalid(&at, &Value::from(deadline), "must be greater than minReadySeconds");
    }
}

/// A Service.
pub(super) fn service(here: Place<'_>, run: &mut Run) {
    let kind = here.text("type").unwrap_or("ClusterIP");
    let ports = here.items("ports");
    let ports_at = here.at.field("ports");
    let is_headless = here.text("clusterIP") == Some("None");
    if kind == "ExternalName" {
        if here.text("externalName").is_none() {
            run.required(&here.at.field("externalName"), "");
        }
    } else if ports.is_empty() && !is_headless {
        run.required(&ports_at, "");
    }
    if is_headless && matches!(kind, "LoadBalancer" | "NodePort") {
        let at = here.at.field("clusterIPs");
        let why = format!("may not be set to 'None' for {kind} services");
        run.invalid(&at.item(0), &Value::from("None"), &why);
    }
    for (index, port) in ports.iter().enumerate() {
        let at = ports_at.item(index);
        if ports.len() > 1 && port.is_object() && text(port, "name").is_empty() {
            run.required(&at.field("name"), "");
        }
        let number = port.get("port").unwrap_or(&Value::Null);
        let is_out = number.as_i64().is_some_and(|number| !(1..=65535).contains(&number));
        if is_out && port.get("targetPort").is_none_or(Value::is_null) {
            // It defaults to the port.
            run.invalid(&at.field("targetPort"), number, PORT_RANGE);
        }
        let node_port = port.get("nodePort").and_then(Value::as_i64).unwrap_or_default();
        if kind == "ClusterIP" && node_port != 0 {
            run.forbidden(&at.field("nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
    }
    repeated(
        ports,
        |port| text(port, "name"),
        |index, name| {
            let at = ports_at.item(index);
            run.duplicate(&at.field("name"), &Value::from(*name));
        },
    );
    repeated(ports, number_of, |index, key| {
        let Some((port, protocol)) = key else { return };
        run.add(Fault::Duplicate, &ports_at.item(index), || {
            format!(
                "Duplicate value: {{\"Name\":\"\",\"Protocol\":{protocol:?},\"AppProtocol\":null,\
                 \"Port\":{port},\"TargetPort\":0,\"NodePort\":0}}"
            )
        });
    });
}

/// What tells ports of a Service apart besides their names.
fn number_of(port: &Value) -> Option<(i64, &str)> {
    let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("TCP");
    Some((port.get("port")?.as_i64()?, protocol))
}

/// Keys and size of the data of a ConfigMap or a Secret.
pub(super) fn data(here: Place<'_>, run: &mut Run) {
    let mut size = 0;
    for name in ["data", "binaryData", "stringData"] {
        let at = here.at.field(name);
        for (key, value) in here.object(name).into_iter().flatten() {
            let length = value.as_str().map_or(0, str::len);
            // Base64 takes four bytes for three.
            let is_encoded = name == "binaryData" || (name == "data" && run.is_secret);
            size += if is_encoded { length / 4 * 3 } else { length };
            Form::ConfigKey.check(key, &at.key(key), run);
        }
    }
    if size > DATA_SIZE + 2 * here.fields.len() {
        run.add(Fault::MaxLength, &here.at.field("data"), || {
            format!("Too long: may not be more than {DATA_SIZE} bytes")
        });
    }
}

/// What a Secret of a type has to hold.
pub(super) fn secret(here: Place<'_>, run: &mut Run) {
    let keys: &[&str] = match here.text("type") {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        _ => &[],
    };
    for key in keys {
        let has = |name: &str| here.object(name).is_some_and(|data| data.contains_key(*key));
        if !has("data") && !has("stringData") {
            run.required(&here.at.field("data").key(key), "");
        }
    }
}

/// A claim of a volume.
pub(super) fn claim(here: Place<'_>, run: &mut Run) {
    let Some(spec) = here.object("spec") else { return };
    let at = here.at.field("spec");
    let spec = Place { fields: spec, at: &at };
    if spec.items("accessModes").is_empty() {
        run.required(&at.field("accessModes"), "at least 1 access mode is required");
    }
    let requests = spec.object("resources").and_then(|resources| resources.get("requests"));
    if requests.and_then(|requests| requests.get("storage")).is_none_or(Value::is_null) {
        run.required(&at.field("resources").key("storage"), "");
    }
}

const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// How a volume is accessed.
pub(super) fn access_modes(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("accessModes");
    for mode in here.items("accessModes").iter().filter_map(Value::as_str) {
        if !MODES.contains(&mode) {
            run.unsupported(&at, mode, MODES);
        }
    }
}

/// The rules of an Ingress, or that which takes the rest.
pub(super) fn ingress(here: Place<'_>, run: &mut Run) {
    if here.items("rules").is_empty() && !here.has("defaultBackend") && !here.has("backend") {
        let shown = Value::Object(here.fields.clone());
        run.invalid(here.at, &shown, "either `defaultBackend` or `rules` must be specified");
    }
}

/// A host of an Ingress.
pub(super) fn ingress_rule(here: Place<'_>, run: &mut Run) {
    let Some(host) = here.text("host") else { return };
    let at = here.at.field("host");
    if host.parse::<std::net::IpAddr>().is_ok() {
        run.invalid(&at, &Value::from(host), "must be a DNS name, not an IP address");
    } else {
        Form::Host.check(host, &at, run);
    }
}

/// A path of an Ingress.
pub(super) fn ingress_path(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("path");
    let path = here.text("path").unwrap_or_default();
    let value = Value::from(path);
    match here.text("pathType") {
        Some("Exact" | "Prefix") => {
            if !path.starts_with('/') {
                run.invalid(&at, &value, "must be an absolute path");
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"] {
                if path.contains(part) {
                    run.invalid(&at, &value, &format!("must not contain '{part}'"));
                }
            }
            for end in ["/..", "/."] {
                if path.ends_with(end) {
                    run.invalid(&at, &value, &format!("cannot end with '{end}'"));
                }
            }
        }
        _ if !path.is_empty() && !path.starts_with('/') => {
            run.invalid(&at, &value, "must be an absolute path");
        }
        _ => {}
    }
}

/// What an Ingress leads to, as of v1.
pub(super) fn backend(here: Place<'_>, run: &mut Run) {
    // Before v1 a backend was a name and a port.
    if here.has("serviceName") || here.has("servicePort") {
        return;
    }
    if here.has("service") && here.has("resource") {
        let shown = Value::from("");
        run.invalid(here.at, &shown, "cannot set both resource and service backends");
    }
    let Some(service) = here.object("service") else { return };
    let service_at = here.at.field("service");
    let at = service_at.field("port");
    let port = service.get("port");
    let part = |name: &str| port.and_then(|port| port.get(name)).filter(|part| !part.is_null());
    let name = part("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let number = part("number").filter(|number| number.as_i64() != Some(0));
    match (name, number) {
        (Some(_), Some(_)) => {
            run.invalid(&at, &Value::from(""), "cannot set both port name & port number");
        }
        (Some(name), None) => Form::PortName.check(name, &at.field("name"), run),
        (None, Some(number)) => {
            if number.as_i64().is_some_and(|n| !(1..=65535).contains(&n)) {
                run.invalid(&at.field("number"), number, PORT_RANGE);
            }
        }
        (None, None) => run.required(&at, "port name or number is required"),
    }
}

/// The directions of a NetworkPolicy.
pub(super) fn directions(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("policyTypes");
    let types = here.items("policyTypes");
    if types.len() > 2 {
        let shown = Value::Array(types.to_vec());
        run.invalid(&at, &shown, "may not specify more than two policyTypes");
        return;
    }
    for (index, one) in types.iter().enumerate() {
        if let Some(text) = one.as_str().filter(|text| !matches!(*text, "Egress" | "Ingress")) {
            run.unsupported(&at.item(index), text, &["Egress", "Ingress"]);
        }
    }
}

/// Whom a NetworkPolicy speaks of.
pub(super) fn peer(here: Place<'_>, run: &mut Run) {
    let selectors =
        usize::from(here.has("podSelector")) + usize::from(here.has("namespaceSelector"));
    match (selectors, here.has("ipBlock")) {
        (0, false) => run.required(here.at, "must specify a peer"),
        (0, true) | (_, false) => {}
        (_, true) => {
            let at = here.at.field("ipBlock");
            run.forbidden(&at, "may not specify both ipBlock and another peer");
        }
    }
}

/// A budget of disruptions.
pub(super) fn budget(here: Place<'_>, run: &mut Run) {
    if here.has("minAvailable") && here.has("maxUnavailable") {
        let shown = Value::Object(here.fields.clone());
        run.invalid(here.at, &shown, "minAvailable and maxUnavailable cannot be both set");
    }
}

/// The bounds of an autoscaler.
pub(super) fn autoscaler(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("maxReplicas");
    let (least, most) = (integer(here, "minReplicas"), integer(here, "maxReplicas"));
    let Some(most) = most else { return };
    if least.is_some_and(|least| most < least) {
        let why = "must be greater than or equal to `minReplicas`";
        run.invalid(&at, &Value::from(most), why);
    }
}

/// What a role allows.
pub(super) fn role(here: Place<'_>, run: &mut Run) {
    if here.items("verbs").is_empty() {
        run.required(&here.at.field("verbs"), "verbs must contain at least one value");
    }
    let (groups, resources) = (here.items("apiGroups"), here.items("resources"));
    let urls = here.items("nonResourceURLs");
    if !urls.is_empty() {
        if !groups.is_empty() || !resources.is_empty() || !here.items("resourceNames").is_empty() {
            let why = "rules cannot apply to both regular resources and non-resource URLs";
            let shown = Value::Array(urls.to_vec());
            run.invalid(&here.at.field("nonResourceURLs"), &shown, why);
        }
        return;
    }
    if groups.is_empty() {
        let why = "resource rules must supply at least one api group";
        run.required(&here.at.field("apiGroups"), why);
    }
    if resources.is_empty() {
        let why = "resource rules must supply at least one resource";
        run.required(&here.at.field("resources"), why);
    }
}

/// Rules of a namespace are about resources alone.
pub(super) fn namespaced_role(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("rules");
    for (index, rule) in here.items("rules").iter().enumerate() {
        let Some(urls @ Value::Array(listed)) = rule.get("nonResourceURLs") else { continue };
        if !listed.is_empty() {
            let why = "namespaced rules cannot apply to non-resource URLs";
            run.invalid(&at.item(index).field("nonResourceURLs"), urls, why);
        }
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

fn role_ref(here: Place<'_>, kinds: &[&str], run: &mut Run) {
    let Some(role) = here.object("roleRef") else { return };
    let at = here.at.field("roleRef");
    let role = Place { fields: role, at: &at };
    if let Some(group) = role.text("apiGroup").filter(|group| *group != RBAC) {
        run.unsupported(&at.field("apiGroup"), group, &[RBAC]);
    }
    if let Some(kind) = role.text("kind").filter(|kind| !kinds.contains(kind)) {
        run.unsupported(&at.field("kind"), kind, kinds);
    }
    if let Some(name) = role.text("name") {
        Form::Segment.check(name, &at.field("name"), run);
    }
}

/// A binding in a namespace.
pub(super) fn binding(here: Place<'_>, run: &mut Run) {
    role_ref(here, &["ClusterRole", "Role"], run);
}

/// A binding in the whole cluster: accounts have to say where they are.
pub(super) fn cluster_binding(here: Place<'_>, run: &mut Run) {
    role_ref(here, &["ClusterRole"], run);
    let at = here.at.field("subjects");
    for (index, subject) in here.items("subjects").iter().enumerate() {
        if text(subject, "kind") == "ServiceAccount" && text(subject, "namespace").is_empty() {
            run.required(&at.item(index).field("namespace"), "");
        }
    }
}

/// Who is given a role.
pub(super) fn subject(here: Place<'_>, run: &mut Run) {
    let (group, at) = (here.text("apiGroup"), here.at.field("apiGroup"));
    match (here.text("kind"), group) {
        (Some("ServiceAccount"), Some(group)) => run.unsupported(&at, group, &[""]),
        (Some("User" | "Group"), Some(group)) if group != RBAC => {
            run.unsupported(&at, group, &[RBAC]);
        }
        (Some(kind), _) if !matches!(kind, "ServiceAccount" | "User" | "Group") => {
            run.unsupported(&here.at.field("kind"), kind, &["Group", "ServiceAccount", "User"]);
        }
        _ => {}
    }
}

/// A webhook of the version v1.
pub(super) fn webhook(here: Place<'_>, run: &mut Run) {
    if here.has("admissionReviewVersions") && here.items("admissionReviewVersions").is_empty() {
        let why = "must specify one of v1, v1beta1";
        run.required(&here.at.field("admissionReviewVersions"), why);
    }
    let Some(client) = here.object("clientConfig") else { return };
    let has = |name: &str| client.get(name).is_some_and(|value| !value.is_null());
    if has("url") == has("service") {
        run.required(&here.at.field("clientConfig"), "exactly one of url or service is required");
    }
}

/// What a webhook is asked about.
pub(super) fn operations(here: Place<'_>, run: &mut Run) {
    const KNOWN: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    let at = here.at.field("operations");
    for (index, one) in here.items("operations").iter().enumerate() {
        if let Some(text) = one.as_str().filter(|text| !KNOWN.contains(text)) {
            run.unsupported(&at.item(index), text, KNOWN);
        }
    }
}

/// A class of priorities.
pub(super) fn priority(here: Place<'_>, run: &mut Run) {
    let name = here.object("metadata").and_then(|metadata| metadata.get("name"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let known = ["system-node-critical", "system-cluster-critical"].contains(&name);
    if name.starts_with("system-") && !known {
        let at = here.at.field("metadata");
        let why = "priority class names with 'system-' prefix are reserved for system use only";
        run.forbidden(&at.field("name"), why);
    }
    if !known && integer(here, "value").is_some_and(|value| value > 1_000_000_000) {
        let why = "maximum allowed value of a user defined priority is 1000000000";
        run.forbidden(&here.at.field("value"), why);
    }
}

/// A definition of custom resources: its name and its versions.
pub(super) fn definition(here: Place<'_>, run: &mut Run) {
    let Some(spec) = here.object("spec") else { return };
    let at = here.at.field("spec");
    let spec = Place { fields: spec, at: &at };
    let plural = spec.object("names").and_then(|names| names.get("plural")).and_then(Value::as_str);
    let name = here.object("metadata").and_then(|metadata| metadata.get("name"));
    if let (Some(plural), Some(group), Some(Value::String(name))) =
        (plural, spec.text("group"), name)
        && name.strip_prefix(plural).and_then(|rest| rest.strip_prefix('.')) != Some(group)
    {
        let at = here.at.field("metadata");
        let why = "must be spec.names.plural+\".\"+spec.group";
        run.invalid(&at.field("name"), &Value::from(name.as_str()), why);
    }
    let versions = spec.items("versions");
    // The first version of this API could do without a list.
    if versions.is_empty() {
        return;
    }
    let versions_at = at.field("versions");
    let mut is_unique = true;
    repeated(versions, |version| text(version, "name"), |_, _| is_unique = false);
    let names = || {
        Value::Array(versions.iter().map(|version| Value::from(text(version, "name"))).collect())
    };
    if !is_unique {
        run.invalid(&versions_at, &names(), "must contain unique version names");
    }
    if versions.iter().filter(|version| is_true(version.get("storage"))).count() != 1 {
        let why = "must have exactly one version marked as storage version";
        run.invalid(&versions_at, &names(), why);
    }
}

/// A version of a definition as of v1: it has a schema of an object.
pub(super) fn definition_version(here: Place<'_>, run: &mut Run) {
    let schema = here.object("schema").and_then(|schema| schema.get("openAPIV3Schema"));
    let at = here.at.field("schema");
    let at = at.field("openAPIV3Schema");
    match schema {
        None | Some(Value::Null) => run.required(&at, "schemas are required"),
        Some(Value::Object(schema)) => match schema.get("type") {
            None | Some(Value::Null) => {
                run.required(&at.field("type"), "must not be empty at the root")
            }
            Some(Value::String(kind)) if kind != "object" => {
                run.invalid(
                    &at.field("type"),
                    &Value::from(kind.as_str()),
                    "must be object at the root",
                );
            }
            Some(_) => {}
        },
        Some(_) => {}
    }
}
