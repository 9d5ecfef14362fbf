//! Pods that are on a node: they start, run, crash, end and stop, as the script says and otherwise as they should.
//!
//! All that is known of a container is in its status, so that a cluster which is started anew goes on where it was.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/kubelet/kubelet_pods.go`, `pkg/kubelet/status/generate.go`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::desk::{Desk, MANAGER, Seen, after, bits, controller, instant, int, list, set, text};
use super::node;
use super::notes::Note;
use super::script::{About, Effect};
use crate::deletion;
use crate::object;

const KUBELET: &str = "kubelet";

/// How long after the first failure a kubelet says that it waits before it pulls again, in seconds.
const PULL_AGAIN: i64 = 10;

/// The longest that a kubelet waits before it starts a container again, in seconds.
const LONGEST_WAIT: i64 = 300;

/// Looks at a pod that is on a node.
pub(super) fn look<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) {
    let is_there = node::is_ready(desk, text(&pod.value, &["spec", "nodeName"]));
    if pod.is_deleted() {
        if is_there {
            stop(desk, pod);
        }
        return;
    }
    if matches!(pod.stored.head.field("status.phase"), "Succeeded" | "Failed") {
        return;
    }
    if is_there {
        run(desk, pod);
    } else {
        lose(desk, pod);
    }
}

/// A pod that is being deleted goes when its containers have stopped.
fn stop<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) {
    let Some(ends) = instant(&pod.value, &["metadata", "deletionTimestamp"]) else { return };
    let grace = int(&pod.value, &["metadata", "deletionGracePeriodSeconds"]);
    let takes = desk.script.stop.unwrap_or_default().min(SignedDuration::from_secs(grace));
    let asked = after(ends, -grace);
    if desk.is_time(asked.checked_add(takes).unwrap_or(asked)) {
        desk.remove(pod);
    }
}

/// A pod on a node that is away is not ready, and goes elsewhere when it has waited for long enough.
fn lose<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) {
    let Some(node) = desk.see("nodes", "", text(&pod.value, &["spec", "nodeName"])) else { return };
    let taint = node::away(&node.value);
    let since = taint.and_then(|taint| instant(taint, &["timeAdded"]));
    let tolerated = list(&pod.value, &["spec", "tolerations"]).iter().filter(|one| {
        matches!(text(one, &["key"]), "" | node::UNREACHABLE)
            && matches!(text(one, &["effect"]), "" | "NoExecute")
    });
    let limit = tolerated.map(|one| one.get("tolerationSeconds").and_then(Value::as_i64));
    let waits = limit.max_by_key(|limit| limit.unwrap_or(i64::MAX)).unwrap_or(Some(0));
    if let (Some(since), Some(waits)) = (since, waits)
        && desk.is_time(after(since, waits))
    {
        let message = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
        let source = "taint-eviction-controller";
        let reason = "TaintManagerEviction";
        desk.note(&pod.value, &Note { source, is_warning: false, reason, message: &message });
        desk.delete(pod, deletion::How::default());
        return;
    }
    let mut status = pod.value.get("status").cloned().unwrap_or_default();
    let time = desk.time();
    if let Some(conditions) = status.get_mut("conditions").and_then(Value::as_array_mut) {
        for one in conditions.iter_mut().filter(|one| text(one, &["type"]) == "Ready") {
            if text(one, &["status"]) == "True" {
                let fields = object::map(one);
                fields.insert("status".into(), "False".into());
                fields.insert("lastTransitionTime".into(), time.as_str().into());
            }
        }
    }
    desk.status(pod, status, MANAGER);
}

/// What becomes of the containers of a pod.
struct Course<'a> {
    pod: &'a Value,
    time: String,
    now: Timestamp,
    /// When it came to the node.
    bound: Timestamp,
    /// Whether the pod as a whole is to end by itself.
    ends: bool,
    finish: SignedDuration,
    start: SignedDuration,
    /// How many more runs fail.
    failures: i64,
    wake: Option<Timestamp>,
    notes: Vec<(bool, &'static str, String)>,
}

/// The containers of a pod as they are now.
fn run<'m>(desk: &mut Desk<'m>, pod: &Seen<'m>) {
    let value = &pod.value;
    let policy = text(value, &["spec", "restartPolicy"]);
    let scheduled = super::desk::condition(value, "PodScheduled");
    let bound = scheduled.and_then(|one| instant(one, &["lastTransitionTime"]));
    let created = instant(value, &["metadata", "creationTimestamp"]);
    let mut course = Course {
        pod: value,
        time: desk.time(),
        now: desk.now,
        bound: bound.or(created).unwrap_or(desk.now),
        ends: policy != "Always",
        finish: desk.script.finish.unwrap_or(SignedDuration::from_secs(1)),
        start: desk.script.start.unwrap_or_default(),
        failures: 0,
        wake: None,
        notes: Vec::new(),
    };
    let chain = chain(desk, value);
    let chain: Vec<(&str, &str)> = chain.iter().map(|(k, n)| (k.as_str(), n.as_str())).collect();
    let script = desk.script;
    let effect = |image: Option<&str>| {
        script.effect(&About {
            namespace: pod.namespace(),
            chain: &chain,
            image,
            labels: value.pointer("/metadata/labels"),
        })
    };
    if let Some(failures) = effect(None).failures
        && let Some(job) = desk.controller(value, "Job", "jobs.batch")
    {
        course.failures = failures - super::jobs::failed(desk, &job);
    }
    let mut status = value.get("status").cloned().unwrap_or_default();
    let inits: Vec<Value> = list(value, &["spec", "initContainers"])
        .iter()
        .map(|container| course.container(container, effect, false))
        .collect();
    let is_side = |container: &Value| text(container, &["restartPolicy"]) == "Always";
    let is_past =
        inits.iter().zip(list(value, &["spec", "initContainers"])).all(|(is, container)| {
            let field = if is_side(container) { "running" } else { "terminated" };
            is.pointer(&format!("/state/{field}")).is_some()
        });
    let states: Vec<Value> = list(value, &["spec", "containers"])
        .iter()
        .map(|container| course.container(container, effect, !is_past))
        .collect();
    let is_started = inits.iter().chain(&states).any(|one| one.pointer("/state/waiting").is_none());
    let fields = object::map(&mut status);
    let phase = phase(&states);
    fields.insert("phase".into(), phase.into());
    if desk.minor() >= 34 {
        fields.insert("observedGeneration".into(), int(value, &["metadata", "generation"]).into());
    }
    let mut conditions = list(value, &["status", "conditions"]).to_vec();
    conditions_of(&mut conditions, &course, phase, is_past, &states, desk.minor());
    fields.insert("conditions".into(), conditions.into());
    fields.entry("startTime").or_insert(deletion::time(course.bound).into());
    if let Some(node) = desk.see("nodes", "", text(value, &["spec", "nodeName"])) {
        let address = node::address(&node.value).to_owned();
        fields.insert("hostIPs".into(), json!([{"ip": address}]));
        fields.insert("hostIP".into(), address.into());
    }
    if is_started && !fields.contains_key("podIP") {
        let is_host = value.pointer("/spec/hostNetwork") == Some(&Value::Bool(true));
        let address = match fields.get("hostIP").and_then(Value::as_str) {
            Some(host) if is_host => host.to_owned(),
            // Every pod is written at a revision of its own: no two of a quarter million have the same address.
            _ => address(pod.stored.revision),
        };
        fields.insert("podIPs".into(), json!([{"ip": address}]));
        fields.insert("podIP".into(), address.into());
    }
    if !inits.is_empty() {
        fields.insert("initContainerStatuses".into(), inits.into());
    }
    fields.insert("containerStatuses".into(), states.into());
    let (wake, notes) = (course.wake, std::mem::take(&mut course.notes));
    if let Some(wake) = wake {
        desk.later(wake);
    }
    for (is_warning, reason, message) in notes {
        desk.note(value, &Note { source: KUBELET, is_warning, reason, message: &message });
    }
    desk.status(pod, status, KUBELET);
}

impl Course<'_> {
    /// The status of a container as it is now.
    fn container(
        &mut self,
        container: &Value,
        effect: impl Fn(Option<&str>) -> Effect,
        is_held: bool,
    ) -> Value {
        let (name, image) = (text(container, &["name"]), text(container, &["image"]));
        let effect = effect(Some(image));
        let lists = ["initContainerStatuses", "containerStatuses"];
        let old = lists.iter().flat_map(|field| list(self.pod, &["status", field]));
        let old = old.into_iter().find(|one| text(one, &["name"]) == name).cloned();
        let old = old.unwrap_or_default();
        let is_init = list(self.pod, &["spec", "initContainers"])
            .iter()
            .any(|one| text(one, &["name"]) == name);
        let is_side = is_init && text(container, &["restartPolicy"]) == "Always";
        let ends = !is_side && (is_init || self.ends);
        let restarts = int(&old, &["restartCount"]);
        let last = old.get("lastState").cloned().unwrap_or_else(|| json!({}));
        let waits = |reason: &str, message: Option<String>| {
            let mut state = json!({"reason": reason});
            if let Some(message) = message {
                object::map(&mut state).insert("message".into(), message.into());
            }
            json!({"waiting": state})
        };
        let id = |count: i64| {
            let uid = text(self.pod, &["metadata", "uid"]);
            let bits = bits(&[uid, name, &count.to_string()]);
            format!("containerd://{bits:032x}{:032x}", bits.rotate_left(61))
        };
        let started = instant(&old, &["state", "running", "startedAt"]);
        let delay = effect.starts_after.unwrap_or(self.start);
        let mut is_new = false;
        let (mut state, mut last, mut count) = (old.get("state").cloned(), last, restarts);
        if old.pointer("/state/terminated").is_some() {
            // What ended stays so.
        } else if is_held {
            state = Some(waits("PodInitializing", None));
        } else if started.is_none() && restarts == 0 && last == json!({}) {
            let ready = self.bound.checked_add(delay).unwrap_or(Timestamp::MAX);
            if effect.never_pulls {
                state = Some(self.pull(image, &waits));
            } else if ready > self.now {
                self.later(ready);
                state = Some(waits("ContainerCreating", None));
            } else {
                is_new = true;
            }
        } else if started.is_none() {
            // It crashed, and is started again after a while.
            let ended = instant(&last, &["terminated", "finishedAt"]).unwrap_or(self.now);
            let wait = (10 << restarts.min(5)).min(LONGEST_WAIT);
            if after(ended, wait) > self.now {
                self.later(after(ended, wait));
            } else {
                is_new = true;
                count += 1;
            }
        }
        if is_new {
            state = Some(json!({"running": {"startedAt": self.time}}));
            let message = format!("Container image {image:?} already present on machine");
            self.notes.push((false, "Pulled", message));
            self.notes.push((false, "Started", format!("Started container {name}")));
        }
        if let Some(started) = started.or(is_new.then_some(self.now)) {
            let crash = effect.crashes_after;
            let end = match crash {
                Some(crash) => started.checked_add(crash).ok(),
                None if is_init && !is_side => Some(started),
                None if ends => started.checked_add(self.finish).ok(),
                None => None,
            };
            if let Some(end) = end.filter(|_| started < self.now || !is_new || is_init) {
                if end > self.now {
                    self.later(end);
                } else {
                    let is_bad = crash.is_some() || (count < self.failures && !is_init);
                    let terminated = json!({
                        "exitCode": i64::from(is_bad),
                        "reason": if is_bad { "Error" } else { "Completed" },
                        "startedAt": deletion::time(started),
                        "finishedAt": deletion::time(end),
                        "containerID": id(count),
                    });
                    let policy = text(self.pod, &["spec", "restartPolicy"]);
                    if is_bad && (policy != "Never" || is_side) {
                        let wait = (10 << count.min(5)).min(LONGEST_WAIT);
                        last = json!({"terminated": terminated});
                        let who = format!(
                            "{name} pod={}_{}({})",
                            object::name(self.pod),
                            object::namespace(self.pod),
                            text(self.pod, &["metadata", "uid"])
                        );
                        let message =
                            format!("back-off {} restarting failed container={who}", go(wait));
                        state = Some(waits("CrashLoopBackOff", Some(message)));
                        let message = format!("Back-off restarting failed container {who}");
                        self.notes.push((true, "BackOff", message));
                        self.later(after(end, wait));
                    } else {
                        state = Some(json!({"terminated": terminated}));
                    }
                }
            } else if let Some(end) = end {
                self.later(end);
            }
        }
        let state = state.unwrap_or_else(|| waits("ContainerCreating", None));
        let is_running = state.get("running").is_some();
        let is_done = state.pointer("/terminated/exitCode") == Some(&json!(0));
        let is_ready = (is_running && !effect.never_ready) || (is_init && !is_side && is_done);
        let ever = is_running || state.get("terminated").is_some() || last != json!({});
        let mut status = json!({
            "name": name,
            "state": state,
            "lastState": last,
            "ready": is_ready,
            "restartCount": count,
            "image": image,
            "imageID": if ever { image_id(image) } else { String::new() },
            "started": is_running,
        });
        if ever {
            object::map(&mut status).insert("containerID".into(), id(count).into());
        }
        status
    }

    /// An image that cannot be pulled: first the fault, then the waiting.
    fn pull(&mut self, image: &str, waits: &impl Fn(&str, Option<String>) -> Value) -> Value {
        let again = after(self.bound, PULL_AGAIN);
        let fault = format!(
            "failed to pull and unpack image {image:?}: failed to resolve reference {image:?}: {image}: not found"
        );
        if again > self.now {
            self.later(again);
            self.notes.push((true, "Failed", format!("Failed to pull image {image:?}: {fault}")));
            return waits("ErrImagePull", Some(fault));
        }
        self.notes.push((false, "BackOff", format!("Back-off pulling image {image:?}")));
        waits(
            "ImagePullBackOff",
            Some(format!("Back-off pulling image {image:?}: ErrImagePull: {fault}")),
        )
    }

    fn later(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}

/// Seconds as Go writes durations.
fn go(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

fn image_id(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let digest = image.split_once('@').map(|(_, digest)| digest.to_owned());
    let digest = digest.unwrap_or_else(|| {
        let bits = bits(&[image]);
        format!("sha256:{bits:032x}{:032x}", bits.rotate_left(47))
    });
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let bare = name[last..].find(':').map_or(name, |at| &name[..last + at]);
    format!("{bare}@{digest}")
}

fn address(revision: u64) -> String {
    let low = revision % 0x3_fff0 + 2;
    format!("10.{}.{}.{}", 244 + (low >> 16), (low >> 8) & 0xff, low & 0xff)
}

fn phase(states: &[Value]) -> &'static str {
    let all = |field: &str| states.iter().all(|one| one.pointer(field).is_some());
    if all("/state/terminated") {
        let is_good = states.iter().all(|one| int(one, &["state", "terminated", "exitCode"]) == 0);
        return if is_good { "Succeeded" } else { "Failed" };
    }
    let is_new = |one: &Value| {
        one.pointer("/state/waiting").is_some() && one.pointer("/lastState/terminated").is_none()
    };
    if states.iter().any(is_new) { "Pending" } else { "Running" }
}

fn conditions_of(
    conditions: &mut Vec<Value>,
    course: &Course<'_>,
    phase: &str,
    is_initialized: bool,
    states: &[Value],
    minor: u32,
) {
    let unready = |states: &[Value]| -> Vec<String> {
        let unready = states.iter().filter(|one| one.get("ready") != Some(&Value::Bool(true)));
        unready.map(|one| text(one, &["name"]).to_owned()).collect()
    };
    let names = unready(states);
    let is_over = matches!(phase, "Succeeded" | "Failed");
    let (mut ready, reason, message) = if is_over {
        (false, if phase == "Succeeded" { "PodCompleted" } else { "PodFailed" }, String::new())
    } else if names.is_empty() {
        (true, "", String::new())
    } else {
        let message = format!("containers with unready status: [{}]", names.join(" "));
        (false, "ContainersNotReady", message)
    };
    let generation = int(course.pod, &["metadata", "generation"]);
    let mut put = |of_type: &str, is: bool, reason: &str, message: &str| {
        let mut one = Map::new();
        one.insert("type".into(), of_type.into());
        if minor >= 34 {
            one.insert("observedGeneration".into(), generation.into());
        }
        one.insert("status".into(), if is { "True" } else { "False" }.into());
        one.insert("lastProbeTime".into(), Value::Null);
        for (name, text) in [("reason", reason), ("message", message)] {
            if !text.is_empty() {
                one.insert(name.into(), text.into());
            }
        }
        set(conditions, Value::Object(one), &course.time);
    };
    let is_waiting = states
        .iter()
        .all(|one| one.pointer("/state/waiting/reason") == Some(&json!("ContainerCreating")));
    if minor >= 29 {
        put("PodReadyToStartContainers", !is_waiting && !is_over, "", "");
    }
    let done = if is_over { reason } else { "" };
    if is_initialized {
        put("Initialized", true, done, "");
    } else {
        put("Initialized", false, "ContainersNotInitialized", "");
    }
    put("ContainersReady", ready, reason, &message);
    let gates = list(course.pod, &["spec", "readinessGates"]).iter();
    let missing = gates.map(|gate| text(gate, &["conditionType"]));
    let missing = missing.into_iter().find(|gate| !super::desk::is_true(course.pod, gate));
    match missing.filter(|_| ready) {
        Some(gate) => {
            ready = false;
            let message =
                format!("corresponding condition of pod readiness gate {gate:?} does not exist.");
            put("Ready", ready, "ReadinessGatesNotReady", &message);
        }
        None => put("Ready", ready, reason, &message),
    }
    put("PodScheduled", true, "", "");
}

/// A pod and those that control it: kind and name.
pub(super) fn chain(desk: &Desk<'_>, pod: &Value) -> Vec<(String, String)> {
    let mut chain = vec![("Pod".to_owned(), object::name(pod).to_owned())];
    let push = |chain: &mut Vec<(String, String)>, value: &Value| {
        if let Some(owner) = controller(value) {
            chain.push((text(owner, &["kind"]).to_owned(), text(owner, &["name"]).to_owned()));
        }
    };
    // Nobody asks who controls what no rule is about.
    if desk.script.rules.iter().all(|rule| rule.workload.is_none()) {
        return chain;
    }
    push(&mut chain, pod);
    let set = desk.controller(pod, "ReplicaSet", "replicasets.apps");
    let job = desk.controller(pod, "Job", "jobs.batch");
    for owner in set.iter().chain(&job) {
        push(&mut chain, &owner.value);
    }
    chain
}
