//! A living cluster through its API: every kind reaches the status that a healthy cluster gives it, time does what it
//! should, and what a script says goes wrong.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_apimachinery::access::{Credentials, User};
use towpath_apimachinery::control::{self, living::Script};
use towpath_apimachinery::decision::Decision;
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::{Event, State};
use towpath_apimachinery::surface::Surface;
use towpath_apimachinery::table;
use towpath_catalog::Minor;

static SURFACE: LazyLock<Arc<Surface>> =
    LazyLock::new(|| Arc::new(Surface::load(Minor::new(36)).unwrap()));

struct Cluster {
    machine: Machine,
    now: Timestamp,
    requests: u128,
    /// How many writes there were, those of clients included.
    writes: usize,
}

impl Cluster {
    fn new(script: &str) -> Self {
        let script = Arc::new(Script::read(script).unwrap());
        let machine = Machine::new(SURFACE.clone(), State::new(1)).with_script(script);
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut cluster = Self { machine, now, requests: 0, writes: 0 };
        control::resume(&mut cluster.machine, now);
        for name in ["a", "kube-system", "kube-node-lease"] {
            let namespace =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            cluster.send(Method::Post, "/api/v1/namespaces", &namespace).unwrap();
        }
        cluster
    }

    fn send(&mut self, method: Method, path: &str, body: &Value) -> Result<Value, Value> {
        self.requests += 1;
        let user = User {
            name: "tester".into(),
            groups: vec!["system:masters".into()],
            ..User::default()
        };
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let content_type = match method {
            Method::Patch => "application/merge-patch+json",
            _ => "application/json",
        };
        let decision = self.machine.decide(&Request {
            method,
            path,
            query: "",
            content_type,
            accept: "application/json",
            agent: "tester/1",
            credentials: Credentials { identity: Some(&user), ..Credentials::default() },
            body: &body,
            now: self.now,
            entropy: self.requests.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        });
        let answer = match decision {
            Err(refusal) => return Err(refusal.status()),
            Ok(Decision::Answer(answer)) => answer,
            Ok(Decision::List(list)) => list.answer(),
            Ok(Decision::Write { changes, reply }) => {
                let events = self.machine.commit(changes).unwrap();
                let answer = reply.answer(&self.machine, &events);
                self.settle(events);
                answer
            }
            Ok(Decision::Watch(_) | Decision::Ask(_)) => panic!("nobody watches or is asked here"),
        };
        Ok(serde_json::from_slice(&answer.body).unwrap())
    }

    fn settle(&mut self, events: Vec<Arc<Event>>) {
        let events = control::settle(&mut self.machine, events, self.now);
        self.writes += events.len();
        for event in &events {
            // Whatever happened: looking at it once more has nothing to add.
            let again = control::react(&self.machine, event, self.now);
            assert!(again.is_empty(), "{:?} {:?}: {again:#?}", event.key, event.happened);
        }
    }

    /// Time passes, and everything that falls into it happens when it is due.
    fn advance(&mut self, seconds: i64) {
        let end = self.now + SignedDuration::from_secs(seconds);
        for _ in 0..10_000 {
            let (events, wake) = control::tick(&mut self.machine, self.now);
            self.writes += events.len();
            match wake.filter(|wake| *wake <= end) {
                Some(wake) => {
                    assert!(wake > self.now, "time stands still at {wake}");
                    self.now = wake;
                }
                None if self.now == end => return,
                None => self.now = end,
            }
        }
        panic!("time never comes to an end");
    }

    fn apply(&mut self, yaml: &str) -> Value {
        let value = towpath_yaml::parse(yaml.as_bytes()).unwrap()[0].root.to_json();
        let path = collection(&value);
        self.send(Method::Post, &path, &value).unwrap()
    }

    fn get(&mut self, path: &str) -> Value {
        self.send(Method::Get, path, &Value::Null).unwrap_or_default()
    }

    fn list(&mut self, path: &str) -> Vec<Value> {
        let list = self.get(path);
        list["items"].as_array().cloned().unwrap_or_default()
    }

    fn patch(&mut self, path: &str, patch: &Value) -> Value {
        self.send(Method::Patch, path, patch).unwrap()
    }

    fn pods(&mut self) -> Vec<Value> {
        self.list("/api/v1/namespaces/a/pods")
    }

    fn names(&mut self, path: &str) -> Vec<String> {
        let items = self.list(path);
        items.iter().map(|one| one["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn collection(value: &Value) -> String {
    let (version, kind) = (value["apiVersion"].as_str().unwrap(), value["kind"].as_str().unwrap());
    let (group, short) = version.split_once('/').unwrap_or(("", version));
    let resource = SURFACE.kind(group, short, kind).unwrap();
    let root = if group.is_empty() { "/api".to_owned() } else { "/apis".to_owned() };
    let space = if resource.is_namespaced() { "/namespaces/a" } else { "" };
    format!("{root}/{version}{space}/{}", resource.plural)
}

fn condition<'a>(object: &'a Value, of_type: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.into_iter().flatten().find(|one| one["type"] == of_type);
    found.unwrap_or(&Value::Null)
}

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/a/deployments/web";

fn deployment(replicas: i64, image: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: {replicas}, \
         selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, \
         spec: {{containers: [{{name: c, image: '{image}'}}]}}}}}}}}"
    )
}

fn image(name: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": name}]}}}})
}

#[test]
fn a_deployment_is_available_at_once() {
    let mut cluster = Cluster::new("");
    cluster.apply(&deployment(3, "i:1"));
    let web = cluster.get(DEPLOYMENT);
    let status = &web["status"];
    assert_eq!(status["observedGeneration"], web["metadata"]["generation"]);
    for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(status[field], 3, "{field}: {status:#}");
    }
    assert_eq!(status["unavailableReplicas"], Value::Null);
    assert_eq!(condition(&web, "Available")["status"], "True");
    assert_eq!(condition(&web, "Progressing")["reason"], "NewReplicaSetAvailable");
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    for pod in cluster.pods() {
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(condition(&pod, "Ready")["status"], "True");
        assert_eq!(pod["spec"]["nodeName"], "sandbox");
        assert!(pod["status"]["podIP"].is_string());
    }
    assert!(cluster.writes < 60, "{}", cluster.writes);
}

#[test]
fn a_new_template_rolls_out_and_back() {
    let mut cluster = Cluster::new("");
    cluster.apply(&deployment(3, "i:1"));
    cluster.patch(DEPLOYMENT, &image("i:2"));
    let sets = cluster.list("/apis/apps/v1/namespaces/a/replicasets");
    let sizes: Vec<(&str, i64)> = sets
        .iter()
        .map(|set| {
            let revision = &set["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
            (revision.as_str().unwrap(), set["spec"]["replicas"].as_i64().unwrap())
        })
        .collect();
    assert!(sizes.contains(&("1", 0)) && sizes.contains(&("2", 3)), "{sizes:?}");
    let images: Vec<Value> =
        cluster.pods().iter().map(|pod| pod["spec"]["containers"][0]["image"].clone()).collect();
    assert_eq!(images, ["i:2", "i:2", "i:2"]);
    cluster.patch(DEPLOYMENT, &image("i:1"));
    let web = cluster.get(DEPLOYMENT);
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!(web["status"]["updatedReplicas"], 3);
    assert_eq!(cluster.list("/apis/apps/v1/namespaces/a/replicasets").len(), 2);
}

#[test]
fn old_replica_sets_are_kept_up_to_a_limit() {
    let mut cluster = Cluster::new("");
    cluster.apply(&deployment(1, "i:0"));
    cluster.patch(DEPLOYMENT, &json!({"spec": {"revisionHistoryLimit": 2}}));
    for number in 1..6 {
        cluster.patch(DEPLOYMENT, &image(&format!("i:{number}")));
    }
    assert_eq!(cluster.list("/apis/apps/v1/namespaces/a/replicasets").len(), 3);
}

#[test]
fn a_paused_deployment_scales_and_does_not_roll_out() {
    let mut cluster = Cluster::new("");
    cluster.apply(&deployment(2, "i:1"));
    cluster.patch(DEPLOYMENT, &json!({"spec": {"paused": true}}));
    cluster.patch(DEPLOYMENT, &image("i:2"));
    cluster.patch(DEPLOYMENT, &json!({"spec": {"replicas": 4}}));
    let pods = cluster.pods();
    assert_eq!(pods.len(), 4);
    assert!(pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == "i:1"));
    cluster.patch(DEPLOYMENT, &json!({"spec": {"paused": null}}));
    let pods = cluster.pods();
    assert_eq!(pods.len(), 4);
    assert!(pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == "i:2"));
}

#[test]
fn an_image_that_never_pulls_stops_a_rollout_and_its_deadline_is_told() {
    let mut cluster = Cluster::new("rules: [{image: 'i:bad', neverPulls: true}]");
    cluster.apply(&deployment(4, "i:1"));
    cluster.patch(DEPLOYMENT, &image("i:bad"));
    let waiting = |pods: Vec<Value>| -> Vec<Value> {
        let reasons = pods
            .iter()
            .map(|pod| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone());
        reasons.filter(|reason| !reason.is_null()).collect()
    };
    // One above, and one missing, are a quarter of four each.
    assert_eq!(waiting(cluster.pods()), ["ErrImagePull", "ErrImagePull"]);
    cluster.advance(30);
    assert_eq!(waiting(cluster.pods()), ["ImagePullBackOff", "ImagePullBackOff"]);
    let web = cluster.get(DEPLOYMENT);
    assert_eq!(web["status"]["availableReplicas"], 3);
    assert_eq!(condition(&web, "Available")["status"], "True");
    assert_eq!(condition(&web, "Progressing")["status"], "True");
    cluster.advance(600);
    let web = cluster.get(DEPLOYMENT);
    assert_eq!(condition(&web, "Progressing")["reason"], "ProgressDeadlineExceeded");
    assert_eq!(condition(&web, "Progressing")["status"], "False");
    cluster.patch(DEPLOYMENT, &image("i:1"));
    let web = cluster.get(DEPLOYMENT);
    assert_eq!(condition(&web, "Progressing")["reason"], "NewReplicaSetAvailable");
    assert_eq!(web["status"]["availableReplicas"], 4);
}

#[test]
fn a_container_that_crashes_is_started_again_ever_later() {
    let mut cluster = Cluster::new("rules: [{workload: Deployment/web, crashesAfter: 5m}]");
    cluster.apply(&deployment(1, "i:1"));
    assert_eq!(condition(&cluster.pods()[0], "Ready")["status"], "True");
    cluster.advance(301);
    let pod = cluster.pods().remove(0);
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff", "{status:#}");
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
    assert_eq!(condition(&pod, "Ready")["status"], "False");
    assert_eq!(cluster.get(DEPLOYMENT)["status"]["readyReplicas"], Value::Null);
    cluster.advance(10);
    let status = cluster.pods()[0]["status"]["containerStatuses"][0].clone();
    assert_eq!(status["restartCount"], 1);
    assert_eq!(status["ready"], true);
    let before = cluster.writes;
    cluster.advance(24 * 60 * 60);
    let restarts = cluster.pods()[0]["status"]["containerStatuses"][0]["restartCount"].clone();
    assert!(restarts.as_i64().unwrap() > 100);
    assert!(cluster.writes - before < 5000, "{}", cluster.writes - before);
}

#[test]
fn faults_come_and_go_with_a_config_map() {
    let mut cluster = Cluster::new("");
    cluster.apply(&deployment(2, "i:1"));
    let path = "/api/v1/namespaces/kube-system/configmaps";
    let map = |text: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "towpath-faults"},
            "data": {"faults.yaml": text},
        })
    };
    cluster.send(Method::Post, path, &map("rules: [{namespace: a, neverReady: true}]")).unwrap();
    assert_eq!(cluster.get(DEPLOYMENT)["status"]["readyReplicas"], Value::Null);
    let own = format!("{path}/towpath-faults");
    cluster.send(Method::Put, &own, &map("rulez: []")).unwrap();
    assert_eq!(cluster.get(DEPLOYMENT)["status"]["readyReplicas"], 2);
    let events = cluster.list("/api/v1/namespaces/kube-system/events");
    let found = events.iter().find(|event| event["reason"] == "MalformedFaults").unwrap();
    assert_eq!(found["type"], "Warning");
    assert!(found["message"].as_str().unwrap().contains("rulez: there is no such field"));
}

#[test]
fn a_stateful_set_has_ordered_pods_with_claims() {
    let mut cluster = Cluster::new("start: 5s");
    cluster.apply(
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {serviceName: db, replicas: 3, \
         selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: \
         [{name: c, image: 'i:1'}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: \
         [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}",
    );
    let pods = "/api/v1/namespaces/a/pods";
    assert_eq!(cluster.names(pods), ["db-0"]);
    cluster.advance(5);
    assert_eq!(cluster.names(pods), ["db-0", "db-1"]);
    cluster.advance(20);
    assert_eq!(cluster.names(pods), ["db-0", "db-1", "db-2"]);
    let claims = "/api/v1/namespaces/a/persistentvolumeclaims";
    assert_eq!(cluster.names(claims), ["data-db-0", "data-db-1", "data-db-2"]);
    for claim in cluster.list(claims) {
        assert_eq!(claim["status"]["phase"], "Bound");
        let volume = claim["spec"]["volumeName"].as_str().unwrap().to_owned();
        let volume = cluster.get(&format!("/api/v1/persistentvolumes/{volume}"));
        assert_eq!(volume["status"]["phase"], "Bound");
    }
    let path = "/apis/apps/v1/namespaces/a/statefulsets/db";
    cluster.patch(path, &image("i:2"));
    cluster.advance(60);
    let set = cluster.get(path);
    assert_eq!(set["status"]["currentRevision"], set["status"]["updateRevision"]);
    assert_eq!(set["status"]["updatedReplicas"], 3);
    assert_eq!(set["status"]["readyReplicas"], 3);
    cluster.patch(path, &json!({"spec": {"replicas": 1}}));
    assert_eq!(cluster.names(pods), ["db-0"]);
    assert_eq!(cluster.names(claims).len(), 3);
}

#[test]
fn a_daemon_set_runs_on_every_node() {
    let mut cluster = Cluster::new("");
    cluster.apply(
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: \
         {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: c, image: 'i:1'}]}}}}",
    );
    let path = "/apis/apps/v1/namespaces/a/daemonsets/agent";
    let status = cluster.get(path)["status"].clone();
    for field in
        ["desiredNumberScheduled", "numberReady", "numberAvailable", "updatedNumberScheduled"]
    {
        assert_eq!(status[field], 1, "{field}: {status:#}");
    }
    cluster.patch(path, &image("i:2"));
    let set = cluster.get(path);
    assert_eq!(set["status"]["updatedNumberScheduled"], 1);
    assert_eq!(set["status"]["observedGeneration"], set["metadata"]["generation"]);
    assert_eq!(cluster.pods()[0]["spec"]["containers"][0]["image"], "i:2");
}

const JOB: &str =
    "spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'i:1'}]}}";

#[test]
fn a_job_completes_after_it_failed_as_often_as_it_should() {
    let mut cluster = Cluster::new("rules: [{workload: Job/flaky, failures: 2}]");
    cluster
        .apply(&format!("{{apiVersion: batch/v1, kind: Job, metadata: {{name: flaky}}, {JOB}}}}}"));
    let path = "/apis/batch/v1/namespaces/a/jobs/flaky";
    assert_eq!(cluster.get(path)["status"]["active"], 1);
    cluster.advance(1);
    assert_eq!(cluster.get(path)["status"]["failed"], 1);
    cluster.advance(300);
    let job = cluster.get(path);
    assert_eq!(job["status"]["failed"], 2, "{job:#}");
    assert_eq!(job["status"]["succeeded"], 1);
    assert_eq!(condition(&job, "Complete")["status"], "True");
    assert_eq!(condition(&job, "SuccessCriteriaMet")["reason"], "CompletionsReached");
}

#[test]
fn a_job_that_fails_too_often_has_failed() {
    let mut cluster = Cluster::new("rules: [{failures: 100}]");
    cluster.apply(&format!(
        "{{apiVersion: batch/v1, kind: Job, metadata: {{name: bad}}, {JOB}, backoffLimit: 1, ttlSecondsAfterFinished: 100}}}}"
    ));
    cluster.advance(60);
    let path = "/apis/batch/v1/namespaces/a/jobs/bad";
    let job = cluster.get(path);
    assert_eq!(condition(&job, "Failed")["reason"], "BackoffLimitExceeded", "{job:#}");
    assert_eq!(job["status"]["failed"], 2);
    cluster.advance(100);
    assert_eq!(cluster.get(path), Value::Null);
    assert!(cluster.pods().is_empty());
}

#[test]
fn an_indexed_job_completes_every_index() {
    let mut cluster = Cluster::new("");
    cluster.apply(&format!(
        "{{apiVersion: batch/v1, kind: Job, metadata: {{name: many}}, {JOB}, completions: 5, parallelism: 2, completionMode: Indexed}}}}"
    ));
    cluster.advance(60);
    let job = cluster.get("/apis/batch/v1/namespaces/a/jobs/many");
    assert_eq!(job["status"]["completedIndexes"], "0-4", "{job:#}");
    assert_eq!(job["status"]["succeeded"], 5);
}

#[test]
fn a_cron_job_runs_by_the_clock_and_keeps_its_history() {
    let mut cluster = Cluster::new("");
    cluster.apply(&format!(
        "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: tick}}, spec: {{schedule: '*/10 * * * *', jobTemplate: {{{JOB}}}}}}}}}"
    ));
    cluster.advance(3600);
    let cron = cluster.get("/apis/batch/v1/namespaces/a/cronjobs/tick");
    assert_eq!(cron["status"]["lastScheduleTime"], "2026-01-01T01:00:00Z", "{cron:#}");
    let jobs = cluster.list("/apis/batch/v1/namespaces/a/jobs");
    assert!((3..=4).contains(&jobs.len()), "{}", jobs.len());
    // A year is no storm: what was missed is missed.
    let before = cluster.writes;
    cluster.now += SignedDuration::from_hours(24 * 365);
    cluster.advance(5);
    assert!(cluster.writes - before < 400, "{}", cluster.writes - before);
}

#[test]
fn services_know_the_pods_behind_them() {
    let mut cluster = Cluster::new("");
    cluster.apply(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}",
    );
    cluster.apply(&deployment(2, "i:1"));
    let endpoints = cluster.get("/api/v1/namespaces/a/endpoints/web");
    assert_eq!(endpoints["subsets"][0]["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(endpoints["subsets"][0]["ports"][0]["port"], 8080);
    let slices = cluster.list("/apis/discovery.k8s.io/v1/namespaces/a/endpointslices");
    assert_eq!(slices[0]["endpoints"].as_array().unwrap().len(), 2);
    let service = cluster.get("/api/v1/namespaces/a/services/web");
    assert!(service["status"]["loadBalancer"]["ingress"][0]["ip"].is_string());
    cluster.send(Method::Delete, DEPLOYMENT, &Value::Null).unwrap();
    let endpoints = cluster.get("/api/v1/namespaces/a/endpoints/web");
    assert_eq!(endpoints["subsets"], Value::Null);
}

#[test]
fn budgets_hold_evictions_back() {
    let mut cluster = Cluster::new("");
    cluster.apply(
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}",
    );
    cluster.apply(&deployment(2, "i:1"));
    let path = "/apis/policy/v1/namespaces/a/poddisruptionbudgets/web";
    let status = cluster.get(path)["status"].clone();
    assert_eq!(status["currentHealthy"], 2, "{status:#}");
    assert_eq!(status["disruptionsAllowed"], 0);
    let pod = cluster.names("/api/v1/namespaces/a/pods").remove(0);
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
    let own = format!("/api/v1/namespaces/a/pods/{pod}/eviction");
    let refusal = cluster.send(Method::Post, &own, &eviction).unwrap_err();
    assert_eq!(refusal["code"], 429);
    assert_eq!(
        refusal["details"]["causes"][0]["message"],
        "The disruption budget web needs 2 healthy pods and has 2 currently"
    );
    cluster.patch(path, &json!({"spec": {"minAvailable": 1}}));
    assert_eq!(cluster.get(path)["status"]["disruptionsAllowed"], 1);
    cluster.send(Method::Post, &own, &eviction).unwrap();
    assert!(!cluster.names("/api/v1/namespaces/a/pods").contains(&pod));
    assert_eq!(cluster.pods().len(), 2);
}

#[test]
fn quotas_count_and_refuse() {
    let mut cluster = Cluster::new("");
    cluster.apply(
        "{apiVersion: v1, kind: ResourceQuota, metadata: {name: small}, spec: {hard: {pods: '2', configmaps: '1'}}}",
    );
    cluster.apply(&deployment(3, "i:1"));
    assert_eq!(cluster.pods().len(), 2);
    let web = cluster.get(DEPLOYMENT);
    assert_eq!(condition(&web, "ReplicaFailure")["reason"], "FailedCreate");
    let quota = cluster.get("/api/v1/namespaces/a/resourcequotas/small");
    assert_eq!(quota["status"]["used"]["pods"], "2");
    let map =
        |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let path = "/api/v1/namespaces/a/configmaps";
    cluster.send(Method::Post, path, &map("one")).unwrap();
    let refusal = cluster.send(Method::Post, path, &map("two")).unwrap_err();
    assert_eq!(
        refusal["message"],
        "configmaps \"two\" is forbidden: exceeded quota: small, requested: configmaps=1, used: configmaps=1, limited: configmaps=1"
    );
}

#[test]
fn pods_wait_for_a_node_that_takes_them() {
    let mut cluster = Cluster::new("");
    cluster.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeSelector: {disk: ssd}, containers: [{name: c, image: 'i:1'}]}}",
    );
    let pod = cluster.pods().remove(0);
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(
        condition(&pod, "PodScheduled")["message"],
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    );
    cluster.patch("/api/v1/nodes/sandbox", &json!({"metadata": {"labels": {"disk": "ssd"}}}));
    assert_eq!(cluster.pods()[0]["status"]["phase"], "Running");
}

#[test]
fn pods_of_a_workload_are_pending_until_a_node_takes_them() {
    let mut cluster = Cluster::new("");
    cluster.patch("/api/v1/nodes/sandbox", &json!({"spec": {"unschedulable": true}}));
    cluster.apply(&deployment(2, "i:1"));
    let phases: Vec<Value> =
        cluster.pods().iter().map(|pod| pod["status"]["phase"].clone()).collect();
    assert_eq!(phases, ["Pending", "Pending"]);
}

#[test]
fn a_table_of_events_begins_with_what_happened() {
    let machine = Machine::new(SURFACE.clone(), State::new(1));
    let event = json!({
        "kind": "Event",
        "metadata": {"name": "p.1"},
        "type": "Normal",
        "involvedObject": {"kind": "Pod", "name": "p"},
    });
    for group in ["", "events.k8s.io"] {
        let events = machine.resource(group, "v1", "events").unwrap();
        let columns = table::columns(events);
        let columns = columns.as_array().unwrap();
        let cells = table::cells(events, &event, Timestamp::UNIX_EPOCH);
        let cells = cells.as_array().unwrap();
        assert_eq!((&columns[1]["name"], &cells[1]), (&json!("Type"), &json!("Normal")));
        assert_eq!((&columns[9]["name"], &cells[9]), (&json!("Name"), &json!("p.1")));
        assert_eq!((&columns[9]["priority"], columns.len()), (&json!(1), cells.len()));
    }
}

#[test]
fn nobody_gets_into_containers_that_do_not_run() {
    let mut cluster = Cluster::new("");
    cluster.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: 'i:1'}]}}",
    );
    for (method, subresource) in [
        (Method::Post, "exec"),
        (Method::Get, "exec"),
        (Method::Post, "attach"),
        (Method::Post, "portforward"),
    ] {
        for (name, code, why) in [
            ("p", 400, "pod p is in a sandbox cluster, which runs no containers"),
            ("q", 404, "pods \"q\" not found"),
        ] {
            let path = format!("/api/v1/namespaces/a/pods/{name}/{subresource}");
            let refusal = cluster.send(method, &path, &Value::Null).unwrap_err();
            assert_eq!((&refusal["code"], &refusal["message"]), (&json!(code), &json!(why)));
        }
    }
}

#[test]
fn a_node_that_is_away_loses_its_pods() {
    let mut cluster = Cluster::new("nodes: [{after: 1m, for: 10m}]");
    cluster.apply(&deployment(2, "i:1"));
    cluster.advance(61);
    let node = cluster.get("/api/v1/nodes/sandbox");
    assert_eq!(condition(&node, "Ready")["status"], "Unknown");
    assert_eq!(cluster.get(DEPLOYMENT)["status"]["readyReplicas"], Value::Null);
    cluster.advance(301);
    let pending = cluster.pods();
    assert_eq!(pending.iter().filter(|pod| pod["spec"]["nodeName"].is_null()).count(), 2);
    cluster.advance(600);
    assert_eq!(cluster.get(DEPLOYMENT)["status"]["readyReplicas"], 2);
    assert_eq!(cluster.pods().len(), 2);
}

#[test]
fn an_autoscaler_keeps_its_bounds() {
    let mut cluster = Cluster::new("");
    cluster.apply(&deployment(1, "i:1"));
    cluster.apply(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {scaleTargetRef: \
         {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 3, maxReplicas: 5}}",
    );
    assert_eq!(cluster.get(DEPLOYMENT)["status"]["readyReplicas"], 3);
    let scaler = cluster.get("/apis/autoscaling/v2/namespaces/a/horizontalpodautoscalers/web");
    assert_eq!(scaler["status"]["currentReplicas"], 3);
    assert_eq!(condition(&scaler, "AbleToScale")["reason"], "ReadyForNewScale");
}

#[derive(Debug, Clone)]
enum Step {
    Create(i64),
    Scale(i64),
    Image(u8),
    Recreate(bool),
    Pause(bool),
    DeletePod(usize),
    Delete,
    Advance(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6i64).prop_map(Step::Create),
        (0..8i64).prop_map(Step::Scale),
        (0..3u8).prop_map(Step::Image),
        any::<bool>().prop_map(Step::Recreate),
        any::<bool>().prop_map(Step::Pause),
        (0..8usize).prop_map(Step::DeletePod),
        Just(Step::Delete),
        (0..700i64).prop_map(Step::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_a_deployment_comes_to_rest(
        steps in proptest::collection::vec(step(), 1..16),
        start in 0..4i64,
    ) {
        let mut cluster = Cluster::new(&format!("start: {start}s"));
        let paths = [DEPLOYMENT];
        for step in &steps {
            let before = cluster.writes;
            let _ = match step {
                Step::Create(replicas) => {
                    let value = towpath_yaml::parse(deployment(*replicas, "i:0").as_bytes()).unwrap();
                    let value = value[0].root.to_json();
                    cluster.send(Method::Post, &collection(&value), &value)
                }
                Step::Scale(to) => {
                    let patch = json!({"spec": {"replicas": to}});
                    cluster.send(Method::Patch, DEPLOYMENT, &patch)
                }
                Step::Image(number) => {
                    cluster.send(Method::Patch, DEPLOYMENT, &image(&format!("i:{number}")))
                }
                Step::Recreate(is) => {
                    let kind = if *is { "Recreate" } else { "RollingUpdate" };
                    let patch = json!({"spec": {"strategy": {"type": kind, "rollingUpdate": null}}});
                    cluster.send(Method::Patch, DEPLOYMENT, &patch)
                }
                Step::Pause(is) => {
                    cluster.send(Method::Patch, DEPLOYMENT, &json!({"spec": {"paused": is}}))
                }
                Step::DeletePod(at) => match cluster.names("/api/v1/namespaces/a/pods").get(*at) {
                    Some(name) => {
                        let path = format!("/api/v1/namespaces/a/pods/{name}");
                        cluster.send(Method::Delete, &path, &Value::Null)
                    }
                    None => Ok(Value::Null),
                },
                Step::Delete => cluster.send(Method::Delete, DEPLOYMENT, &Value::Null),
                Step::Advance(seconds) => {
                    cluster.advance(*seconds);
                    Ok(Value::Null)
                }
            };
            prop_assert!(cluster.writes - before < 600, "{step:?}: {}", cluster.writes - before);
        }
        let _ = cluster.send(Method::Patch, paths[0], &json!({"spec": {"paused": false}}));
        cluster.advance(120);
        let web = cluster.get(DEPLOYMENT);
        let wanted = web["spec"]["replicas"].as_i64().unwrap_or_default();
        let pods = cluster.pods();
        prop_assert_eq!(pods.len() as i64, wanted, "{:#}", web);
        for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
            prop_assert_eq!(web["status"][field].as_i64().unwrap_or_default(), wanted, "{}: {:#}", field, web);
        }
        if !web.is_null() {
            prop_assert_eq!(&web["status"]["observedGeneration"], &web["metadata"]["generation"]);
            prop_assert_eq!(&condition(&web, "Progressing")["reason"], "NewReplicaSetAvailable");
        }
    }
}
