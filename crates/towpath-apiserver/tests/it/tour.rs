//! A tour with `kubectl` of the machine, as whoever tries a sandbox cluster takes it: every step is the real program.
//!
//! What is expected is what all versions of `kubectl` say alike, and never the words of one of them.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use towpath_apiserver::kubeconfig;

use crate::support::{Served, cluster};

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: web:1
        ports:
        - containerPort: 80
"#;

/// `kubectl` with a home of its own.
struct Kubectl {
    home: TempDir,
}

/// What came of a command.
struct Said {
    line: String,
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    /// That it went well, and what it printed.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "kubectl {}\n{}{}", self.line, self.out, self.err);
        self.out
    }

    /// That it went well and printed this, ends of lines apart.
    #[track_caller]
    fn is(self, expected: &str) {
        let line = self.line.clone();
        assert_eq!(self.ok().trim_end(), expected, "kubectl {line}");
    }

    /// That it went well and printed all of these.
    #[track_caller]
    fn has(self, expected: &[&str]) {
        let line = self.line.clone();
        let out = self.ok();
        for part in expected {
            assert!(out.contains(part), "kubectl {line}\n{part} is not in\n{out}");
        }
    }

    /// That it failed with this code, and said so.
    #[track_caller]
    fn fails(self, code: i32, expected: &str) {
        let Self { line, out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "kubectl {line}\n{out}{err}");
        let is_said = out.contains(expected) || err.contains(expected);
        assert!(is_said, "kubectl {line}\n{expected} is not in\n{out}{err}");
    }
}

impl Kubectl {
    fn new(kubeconfig: &str) -> Self {
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("config"), kubeconfig).unwrap();
        Self { home }
    }

    /// Arguments are what is between spaces.
    fn start(&self, line: &str, stdin: Stdio) -> Child {
        let folder = self.home.path();
        let mut command = Command::new("kubectl");
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        for (name, file) in [("HOME", ""), ("TMPDIR", ""), ("KUBECONFIG", "config")] {
            command.env(name, folder.join(file));
        }
        command.env("KUBE_EDITOR", "sed -i s/blue/green/");
        command.current_dir(folder).arg("--cache-dir").arg(folder.join("cache"));
        command.args(line.split(' ')).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("kubectl is not on PATH: it is in the Debian package kubernetes-client")
            }
            Err(error) => panic!("kubectl does not start: {error}"),
        }
    }

    fn run(&self, line: &str) -> Said {
        self.run_with(line, "")
    }

    fn run_with(&self, line: &str, input: &str) -> Said {
        let mut child = self.start(line, Stdio::piped());
        // What a command does not read is not missed by it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Said {
            line: line.to_owned(),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs what never ends, until it has printed a line such as is awaited; `then` happens after its first line.
    fn watch(&self, line: &str, then: impl FnOnce(), is_awaited: impl Fn(&str) -> bool) {
        let mut child = self.start(line, Stdio::null());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut seen = vec![lines.next().unwrap()];
        then();
        let is_seen = lines.any(|line| {
            let found = is_awaited(&line);
            seen.push(line);
            found
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_seen, "kubectl {line} ended: {seen:#?}");
    }
}

/// A cluster that lives, and `kubectl` in a namespace of its own in it.
async fn begin() -> (Served, Kubectl) {
    let served = Served::tls(&cluster().living(Arc::default())).await;
    let server = format!("https://{}", served.address);
    let kubectl = Kubectl::new(&kubeconfig::text("tour", &server, Some(&served.identity)));
    kubectl.run("create namespace tour").is("namespace/tour created");
    kubectl.run("config set-context --current --namespace=tour").ok();
    (served, kubectl)
}

fn colour(word: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colour\ndata:\n  is: {word}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_applied_compared_watched_and_edited() {
    let (served, kubectl) = begin().await;
    let k = |line: &str| kubectl.run(line);
    kubectl.run_with("diff -f -", &colour("red")).fails(1, "+  is: red");
    kubectl.run_with("apply -f -", &colour("red")).is("configmap/colour created");
    kubectl.run_with("apply -f -", &colour("red")).is("configmap/colour unchanged");
    kubectl.run_with("diff -f -", &colour("red")).is("");
    kubectl.run_with("diff -f -", &colour("blue")).fails(1, "-  is: red\n+  is: blue");
    kubectl.run_with("apply --dry-run=server -f -", &colour("blue")).has(&["configured"]);
    kubectl.run_with("create --dry-run=server -f -", &colour("blue")).fails(1, "AlreadyExists");
    k("create configmap other --from-literal=a=b --dry-run=server -o name").is("configmap/other");
    k("get configmap other").fails(1, "(NotFound): configmaps \"other\" not found");
    let shown = "-o=jsonpath={.data.is}{\"\\n\"}";
    let watch = format!("get configmap colour -w {shown}");
    kubectl.watch(
        &watch,
        || kubectl.run_with("apply -f -", &colour("blue")).is("configmap/colour configured"),
        |line| line == "blue",
    );
    k("edit configmap colour").is("configmap/colour edited");
    k(&format!("get configmap colour {shown}")).is("green");
    k("patch configmap colour --type=json -p=[{\"op\":\"test\",\"path\":\"/data/is\",\"value\":\"red\"}]")
        .fails(1, "");
    k("patch configmap colour --type=merge -p={\"data\":{\"is\":\"grey\"}}")
        .is("configmap/colour patched");
    let other = "apply --server-side --field-manager=other -f -";
    kubectl.run_with(other, &colour("black")).fails(1, ".data.is");
    let forced = "apply --server-side --field-manager=other --force-conflicts -f -";
    kubectl.run_with(forced, &colour("black")).is("configmap/colour serverside-applied");
    kubectl.run_with("diff --server-side --field-manager=other -f -", &colour("black")).is("");
    kubectl.run_with("replace -f -", &colour("white")).is("configmap/colour replaced");
    k("label configmap colour tone=light").is("configmap/colour labeled");
    k("label configmap colour tone=dark").fails(1, "already has a value");
    k("annotate configmap colour seen=yes").is("configmap/colour annotated");
    k("get configmaps -l tone=light -o name").is("configmap/colour");
    k("describe configmap colour").has(&["colour", "tour", "tone=light", "seen: yes", "white"]);
    let bad = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad}\n";
    kubectl.run_with("create -f -", bad).fails(1, "is invalid: metadata.name: Invalid value");
    k("delete configmap colour").has(&["configmap \"colour\" deleted"]);
    k("delete namespace tour").has(&["namespace \"tour\" deleted"]);
    k("get namespace tour").fails(1, "(NotFound)");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_rolls_out_scales_and_leaves_its_node() {
    let (served, kubectl) = begin().await;
    let k = |line: &str| kubectl.run(line);
    kubectl.run_with("apply -f -", DEPLOYMENT).is("deployment.apps/web created");
    let rolled_out = "deployment \"web\" successfully rolled out";
    k("rollout status deployment/web").has(&[rolled_out]);
    k("wait --for=condition=Available deployment/web").is("deployment.apps/web condition met");
    kubectl.watch(
        "get deployment web -w --no-headers",
        || k("scale deployment web --replicas=3").is("deployment.apps/web scaled"),
        |line| line.split_whitespace().nth(1) == Some("3/3"),
    );
    k("set image deployment/web web=web:2").is("deployment.apps/web image updated");
    k("rollout status deployment/web").has(&[rolled_out]);
    k("rollout history deployment/web").has(&["1  ", "2  "]);
    k("rollout undo deployment/web").has(&["deployment.apps/web rolled back"]);
    k("rollout status deployment/web").has(&[rolled_out]);
    k("get deployment web -o=jsonpath={.spec.template.spec.containers[0].image}").is("web:1");
    k("rollout restart deployment/web").is("deployment.apps/web restarted");
    k("rollout status deployment/web").has(&[rolled_out]);
    k("describe deployment web").has(&["3 desired", "3 available", "ScalingReplicaSet"]);

    k("run one --image=one:1").is("pod/one created");
    k("wait --for=condition=Ready pod/one").is("pod/one condition met");
    k("describe pod one").has(&["sandbox/", "Running", "one:1", "Scheduled", "Started"]);
    k("logs one").is("");
    k("logs two").fails(1, "pods \"two\" not found");
    k("exec one -- true").fails(1, "runs no containers");
    k("attach one").fails(1, "runs no containers");
    k("port-forward one 8080:80").fails(1, "runs no containers");
    k("expose deployment web --port=80").is("service/web exposed");
    k("get endpoints web -o=jsonpath={range.subsets[*].addresses[*]}x{end}").is("xxx");
    k("describe service web").has(&["app=web", ":80"]);
    let events = k("get events").ok();
    let header: Vec<&str> = events.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]);

    k("cordon sandbox").is("node/sandbox cordoned");
    k("get nodes").has(&["Ready,SchedulingDisabled"]);
    k("delete pod one").has(&["pod \"one\" deleted"]);
    k("drain sandbox --ignore-daemonsets").has(&["evicted"]);
    let phases = "get pods -o=jsonpath={.items[*].status.phase}";
    k(phases).is("Pending Pending Pending");
    k("get pods").has(&["Pending"]);
    k("uncordon sandbox").is("node/sandbox uncordoned");
    k("rollout status deployment/web").has(&[rolled_out]);
    k("delete deployment web").has(&["deployment.apps \"web\" deleted"]);
    k("get pods -o name").is("");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_explains_itself_and_says_who_may() {
    let (served, kubectl) = begin().await;
    let k = |line: &str| kubectl.run(line);
    k("version -o json").has(&["serverVersion", "v1.36."]);
    k("get --raw /readyz").is("ok");
    k("api-resources --api-group=apps -o name").has(&["deployments.apps", "statefulsets.apps"]);
    k("api-versions").has(&["apps/v1", "batch/v1", "policy/v1"]);
    k("explain deployment.spec.replicas").has(&["Deployment", "replicas", "<integer>"]);
    k("explain deployment.spec.nothing").fails(1, "\"nothing\" does not exist");
    k("auth can-i create pods").is("yes");
    k("auth can-i create pods --as=nobody").fails(1, "no");
    k("auth can-i --list").has(&["*.*"]);
    k("create serviceaccount bob").is("serviceaccount/bob created");
    k("create role reader --verb=get --resource=pods")
        .is("role.rbac.authorization.k8s.io/reader created");
    k("create rolebinding reader --role=reader --serviceaccount=tour:bob")
        .is("rolebinding.rbac.authorization.k8s.io/reader created");
    k("auth can-i get pods --as=system:serviceaccount:tour:bob").is("yes");
    k("auth can-i list pods --as=system:serviceaccount:tour:bob").fails(1, "no");
    k("get pods --as=system:serviceaccount:tour:bob").fails(1, "is forbidden");
    let path = "/api/v1/namespaces/tour/serviceaccounts/bob/token";
    let request = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}"#;
    let answer = kubectl.run_with(&format!("create --raw {path} -f -"), request).ok();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let token = answer["status"]["token"].as_str().unwrap();
    let bob = |line: &str| kubectl.run(&format!("--token={token} {line}"));
    bob("get pod nobody").fails(1, "pods \"nobody\" not found");
    bob("get secrets").fails(1, "system:serviceaccount:tour:bob");
    served.stop().await;
}
