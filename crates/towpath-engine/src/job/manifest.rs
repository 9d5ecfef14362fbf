//! The manifest of a test: read from its file, and made into the Job of one try on one cluster.
//!
//! What is added makes a result mean something: a name that is the same whoever starts the try, what is tested, an end
//! in time, and no try again that nobody sees. What else the file says is its author's. Must not reach a cluster.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use towpath_core::id::{ClusterName, EnvironmentName, RepoPath, TestName};
use towpath_core::release::Release;

use crate::ports::jobs::JobAt;

/// How long a Job is there after its end, where its file says nothing: long enough for a loop that is started again.
const KEPT_SECONDS: u64 = 86_400;
/// So many characters of the name of a Job are the test's.
const OF_TEST: usize = 24;
/// So many of what all else is told apart by.
const OF_HASH: usize = 12;

/// A Job as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    value: Value,
}

/// A file that holds no Job that can be a test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{report}")]
pub struct NoJob {
    /// What is wrong with it, and where.
    pub report: String,
}

/// What is put to a test, for the manifest of one of its Jobs.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Which test.
    pub test: &'a TestName,
    /// How long one try may take, in seconds.
    pub seconds: u64,
    /// Which release.
    pub release: &'a Release,
    /// In which environment.
    pub environment: &'a EnvironmentName,
    /// How many results of this test for this release there are already: the next one is another.
    pub results: usize,
}

impl Manifest {
    /// Reads the one Job of a file.
    ///
    /// # Errors
    /// [`NoJob`] with the place where the file is something else.
    pub fn read(file: &RepoPath, source: &[u8]) -> Result<Self, NoJob> {
        let documents = towpath_yaml::parse(source)
            .map_err(|error| NoJob { report: error.report(file.as_str(), source) })?;
        let mut held = documents.iter().filter(|document| !document.root.is_null());
        let (Some(document), None) = (held.next(), held.next()) else {
            return Err(NoJob {
                report: format!("{file}: the file of a test holds exactly one Job"),
            });
        };
        let root = &document.root;
        let wrong = |path: &[&str], message: &str| {
            let node = (0..=path.len()).rev().find_map(|n| root.at(&path[..n])).unwrap_or(root);
            let report = towpath_yaml::report(file.as_str(), source, &node.span, message);
            NoJob { report }
        };
        for (key, wanted) in [("apiVersion", "batch/v1"), ("kind", "Job")] {
            if root.get(key).and_then(|node| node.as_str()) != Some(wanted) {
                return Err(wrong(&[key], &format!("the {key} of a test's Job is `{wanted}`")));
            }
        }
        let containers = ["spec", "template", "spec", "containers"];
        let some =
            root.at(&containers).and_then(|node| node.as_seq()).filter(|all| !all.is_empty());
        if some.is_none() {
            let message = "a Job has at least one container, in spec.template.spec.containers";
            return Err(wrong(&containers, message));
        }
        if root.get("metadata").is_some_and(|node| node.as_map().is_none()) {
            return Err(wrong(&["metadata"], "must be a mapping"));
        }
        let value = root.to_json();
        if value["spec"].get("activeDeadlineSeconds").is_some_and(|it| it.as_u64().is_none()) {
            return Err(wrong(&["spec", "activeDeadlineSeconds"], "must be a whole number"));
        }
        Ok(Self { value })
    }

    /// The Job of one try on one cluster, and where it is.
    #[must_use]
    pub fn job(&self, trial: &Trial<'_>, cluster: &ClusterName, attempt: u32) -> (JobAt, Value) {
        let mut job = self.value.clone();
        let text =
            |path: &str| job.pointer(path).and_then(Value::as_str).filter(|it| !it.is_empty());
        let namespace = text("/metadata/namespace").unwrap_or("default").to_owned();
        let name = self.name(trial, cluster, attempt);
        let Trial { release, environment, .. } = trial;
        let digest = release.digest.as_ref().map(ToString::to_string).unwrap_or_default();
        let told = [
            ("TOWPATH_ENVIRONMENT", environment.as_str()),
            ("TOWPATH_COMPONENT", release.component.as_str()),
            ("TOWPATH_VERSION", release.version.original()),
            ("TOWPATH_DIGEST", &digest),
            ("TOWPATH_CLUSTER", cluster.as_str()),
        ];

        let metadata = child(&mut job, "metadata");
        metadata.remove("generateName");
        metadata.insert("name".to_owned(), name.clone().into());
        metadata.insert("namespace".to_owned(), namespace.clone().into());
        entry(metadata, "labels")
            .insert("app.kubernetes.io/managed-by".to_owned(), "towpath".into());
        let annotations = entry(metadata, "annotations");
        for (key, value) in [
            ("test", trial.test.as_str()),
            ("environment", environment.as_str()),
            ("component", release.component.as_str()),
            ("version", release.version.original()),
            ("digest", &digest),
        ] {
            annotations.insert(format!("towpath.dev/{key}"), value.into());
        }

        let spec = child(&mut job, "spec");
        spec.entry("ttlSecondsAfterFinished").or_insert_with(|| KEPT_SECONDS.into());
        // A try again is stated in towpath.yaml, where it is counted.
        spec.entry("backoffLimit").or_insert_with(|| 0.into());
        let own = spec.get("activeDeadlineSeconds").and_then(Value::as_u64);
        let deadline = own.map_or(trial.seconds, |own| own.min(trial.seconds));
        spec.insert("activeDeadlineSeconds".to_owned(), deadline.max(1).into());
        let pod = entry(entry(spec, "template"), "spec");
        // A container that is started again in its pod leaves no trace in the Job's status; a pod that failed does.
        pod.insert("restartPolicy".to_owned(), "Never".into());
        for key in ["initContainers", "containers"] {
            let containers = pod.get_mut(key).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                tell(container, &told);
            }
        }
        (JobAt { cluster: cluster.clone(), namespace, name }, job)
    }

    /// The same for whoever starts the same try of the same test for the same content, and for nothing else.
    fn name(&self, trial: &Trial<'_>, cluster: &ClusterName, attempt: u32) -> String {
        let Trial { test, release, environment, results, .. } = trial;
        let digest = release.digest.as_ref().map(ToString::to_string).unwrap_or_default();
        let manifest = self.value.to_string();
        let results = results.to_string();
        let mut hash = Sha256::new();
        for part in [
            test.as_str(),
            environment.as_str(),
            release.component.as_str(),
            release.version.original(),
            &digest,
            cluster.as_str(),
            &results,
            &manifest,
        ] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let test: String = test.as_str().chars().map(in_name).take(OF_TEST).collect();
        let test = test.trim_matches('-');
        format!("towpath-{test}-{}-{attempt}", &hash[..OF_HASH])
    }
}

/// Names of objects have lower-case letters, digits and `-`.
fn in_name(c: char) -> char {
    if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }
}

/// The variables that say what is tested; they take the place of those of the same names.
fn tell(container: &mut Map<String, Value>, told: &[(&str, &str)]) {
    let env = container.entry("env").or_insert_with(|| json!([]));
    if !env.is_array() {
        *env = json!([]);
    }
    if let Some(env) = env.as_array_mut() {
        env.retain(|one| !told.iter().any(|(name, _)| one["name"] == *name));
        // Before the others, which may then refer to them.
        let own = told.iter().map(|(name, value)| json!({"name": name, "value": value}));
        env.splice(0..0, own);
    }
}

fn child<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    entry(value.as_object_mut().expect("it was made one"), key)
}

/// The mapping under a key; one is made where there is none.
fn entry<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made one")
}

#[cfg(test)]
mod tests {
    use towpath_core::id::{ComponentName, Digest};
    use towpath_core::release::Seen;
    use towpath_core::version::Version;

    use super::*;

    const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  generateName: e2e-
  namespace: tests
  labels: {team: web}
spec:
  activeDeadlineSeconds: 60
  template:
    spec:
      restartPolicy: OnFailure
      initContainers:
      - {name: wait, image: wait:1}
      containers:
      - name: e2e
        image: e2e:1
        env:
        - {name: URL, value: 'https://example.com/$(TOWPATH_VERSION)'}
        - {name: TOWPATH_VERSION, value: mine}
";

    fn file() -> RepoPath {
        RepoPath::parse("tests/job.yaml").expect("a path")
    }

    fn read(text: &str) -> Result<Manifest, String> {
        Manifest::read(&file(), text.as_bytes()).map_err(|error| error.to_string())
    }

    fn release(version: &str) -> Release {
        Release {
            component: ComponentName::parse("platform").expect("a name"),
            version: Version::parse(version).expect("a version"),
            tag: version.to_owned(),
            digest: Some(Digest::parse(&format!("sha256:{}", "a".repeat(64))).expect("a digest")),
            commit: None,
            seen: Seen::default(),
        }
    }

    fn job(
        text: &str,
        change: impl FnOnce(&mut Trial<'_>),
        cluster: &str,
        attempt: u32,
    ) -> (JobAt, Value) {
        let (test, environment) = (TestName::parse("E2E.web"), EnvironmentName::parse("staging"));
        let (test, environment) = (test.expect("a name"), environment.expect("a name"));
        let release = release("0.0.8");
        let mut trial = Trial {
            test: &test,
            seconds: 600,
            release: &release,
            environment: &environment,
            results: 0,
        };
        change(&mut trial);
        let cluster = ClusterName::parse(cluster).expect("a name");
        read(text).expect("it is one").job(&trial, &cluster, attempt)
    }

    #[test]
    fn a_job_is_told_what_it_tests_and_bound_to_it() {
        let (at, job) = job(JOB, |_| {}, "eu", 2);
        assert_eq!((at.cluster.as_str(), at.namespace.as_str()), ("eu", "tests"));
        assert!(at.name.starts_with("towpath-e2e-web-") && at.name.ends_with("-2"), "{}", at.name);
        assert_eq!(job["metadata"]["name"], *at.name);
        assert_eq!(job["metadata"].get("generateName"), None);
        let labels = json!({"team": "web", "app.kubernetes.io/managed-by": "towpath"});
        assert_eq!(job["metadata"]["labels"], labels);
        let digest = format!("sha256:{}", "a".repeat(64));
        let annotations = json!({
            "towpath.dev/test": "E2E.web", "towpath.dev/environment": "staging",
            "towpath.dev/component": "platform", "towpath.dev/version": "0.0.8",
            "towpath.dev/digest": digest,
        });
        assert_eq!(job["metadata"]["annotations"], annotations);
        let told = [
            json!({"name": "TOWPATH_ENVIRONMENT", "value": "staging"}),
            json!({"name": "TOWPATH_COMPONENT", "value": "platform"}),
            json!({"name": "TOWPATH_VERSION", "value": "0.0.8"}),
            json!({"name": "TOWPATH_DIGEST", "value": digest}),
            json!({"name": "TOWPATH_CLUSTER", "value": "eu"}),
        ];
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(pod["initContainers"][0]["env"], json!(told));
        let mut env = told.to_vec();
        env.push(json!({"name": "URL", "value": "https://example.com/$(TOWPATH_VERSION)"}));
        assert_eq!(pod["containers"][0]["env"], json!(env));
    }

    #[test]
    fn no_try_again_is_hidden_and_each_has_an_end() {
        let spec = |text: &str| job(text, |_| {}, "eu", 1).1["spec"].clone();
        let of_file = spec(JOB);
        assert_eq!(of_file["template"]["spec"]["restartPolicy"], "Never");
        assert_eq!(
            (&of_file["backoffLimit"], &of_file["activeDeadlineSeconds"]),
            (&json!(0), &json!(60))
        );
        assert_eq!(of_file["ttlSecondsAfterFinished"], KEPT_SECONDS);
        let own = JOB.replace(
            "activeDeadlineSeconds: 60",
            "activeDeadlineSeconds: 6000\n  backoffLimit: 2\n  ttlSecondsAfterFinished: 5",
        );
        let own = spec(&own);
        assert_eq!((&own["backoffLimit"], &own["activeDeadlineSeconds"]), (&json!(2), &json!(600)));
        assert_eq!(own["ttlSecondsAfterFinished"], 5);
    }

    #[test]
    fn a_name_is_the_same_for_the_same_try_only() {
        let name = |text: &str, change: fn(&mut Trial<'_>), cluster: &str, attempt| {
            job(text, change, cluster, attempt).0.name
        };
        let one = name(JOB, |_| {}, "eu", 1);
        assert_eq!(one, name(JOB, |_| {}, "eu", 1));
        // How long one waits for it makes no other test of it.
        assert_eq!(one, name(JOB, |trial| trial.seconds = 5, "eu", 1));
        let others = [
            name(JOB, |_| {}, "us", 1),
            name(JOB, |_| {}, "eu", 2),
            name(JOB, |trial| trial.results = 1, "eu", 1),
            name(&JOB.replace("e2e:1", "e2e:2"), |_| {}, "eu", 1),
        ];
        for other in others {
            assert_ne!(one, other);
            assert!(other.len() <= 63, "{other}");
        }
    }

    #[test]
    fn what_is_no_job_is_told_with_its_place() {
        for (text, wanted) in [
            ("", "tests/job.yaml: the file of a test holds exactly one Job"),
            ("a: 1\n---\nb: 2\n", "tests/job.yaml: the file of a test holds exactly one Job"),
            ("a: [", "tests/job.yaml:2:1:"),
            (
                "apiVersion: v1\nkind: Job\n",
                "tests/job.yaml:1:13: the apiVersion of a test's Job is `batch/v1`",
            ),
            (
                "apiVersion: batch/v1\nkind: CronJob\n",
                "tests/job.yaml:2:7: the kind of a test's Job is `Job`",
            ),
            ("apiVersion: batch/v1\nkind: Job\nspec: {template: {}}\n", "tests/job.yaml:3:"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(wanted), "{error}");
        }
        assert!(read(&format!("---\n{JOB}---\n")).is_ok());
    }
}
