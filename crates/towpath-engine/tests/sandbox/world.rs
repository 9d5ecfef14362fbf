//! A small platform repository of the usual shape, and hands to work on it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_core::id::{BranchName, CommitId, EnvironmentName, RepoPath};
use towpath_core::record::{History, Sandbox};
use towpath_engine::ledger;
use towpath_engine::ports::{
    BranchUpdate, FileMode, NewCommit, Person, Published, Repository, TreeChange,
};
use towpath_engine::sandbox::create::{self, Create, CreateError, CreatePlan, Created, Trunk};
use towpath_engine::survey::{self, NoStore, Survey};
use towpath_testkit::memory::{MemoryRemote, MemoryRepository};

pub(crate) const URL: &str = "https://git.example.org/acme/platform.git";

pub(crate) const PLATFORM: &str = "\
# --8<-- [start:branch]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: platform
  namespace: flux-system
  labels: &labels {team: \"sre\"}
  annotations: *labels
spec:
  interval:   1m0s   # often
  url: https://git.example.org/acme/platform
  ref:
    branch: \"main\"  # the trunk
# --8<-- [end:branch]
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: platform-services
  namespace: flux-system
spec:
  interval: 5m
  path: ./platform/services
  prune: true
  sourceRef:
    kind: GitRepository
    name: platform
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: platform-configs
  namespace: flux-system
spec:
  interval: 1m
  path: ./platform/configs
  prune: true
  sourceRef:
    kind: GitRepository
    name: platform
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: platform-service-configs
  namespace: flux-system
spec:
  interval: 1m
  path: ./platform/service-configs
  prune: true
  sourceRef:
    kind: GitRepository
    name: platform
";

const STAGING: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: platform
  namespace: flux-system
spec:
  interval: 1m0s
  url: oci://registry.example.org/acme/platform
  ref:
    semver: 0.0.x # trailing\u{20}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: platform-services
  namespace: flux-system
spec:
  interval: 5m
  path: ./platform/services
  prune: true
  sourceRef:
    kind: OCIRepository
    name: platform
";

/// A second source and a path into the cluster's own folder, with a byte order mark and CRLF.
const APPS: &str = "\u{feff}apiVersion: kustomize.toolkit.fluxcd.io/v1\r
kind: Kustomization\r
metadata:\r
  name: apps\r
  namespace: flux-system\r
spec:\r
  interval: 5m\r
  path: './clusters/development/apps'   # own\r
  prune: true\r
  sourceRef: {kind: GitRepository, name: flux-system}\r
";

const PODINFO: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata:
  name: podinfo
  namespace: flux-apps
spec:
  interval: 1h
  url: https://charts.example.org/podinfo
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: podinfo
  namespace: flux-apps
spec:
  chart:
    spec:
      chart: podinfo
      sourceRef:
        kind: HelmRepository
        name: podinfo
      version: '>5.0.0'
  interval: 4h";

const SERVICES: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: kyverno
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: kyverno
  namespace: kyverno
spec:
  interval: 1h
  chart:
    spec:
      chart: kyverno
      version: 3.0.1
      sourceRef: {kind: HelmRepository, name: kyverno}
";

const POLICY: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: default-resources
spec: {}
";

const PRIORITIES: &str = "\
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: platform
value: 1000
";

fn sync(cluster: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  url: {URL}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./clusters/{cluster}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"
    )
}

/// The files of the trunk.
pub(crate) fn platform() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut put = |path: &str, text: &str| files.insert(path.to_owned(), text.as_bytes().to_vec());
    for cluster in ["development", "staging"] {
        put(&format!("clusters/{cluster}/flux-system/gotk-sync.yaml"), &sync(cluster));
        let list = "resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n";
        put(&format!("clusters/{cluster}/flux-system/kustomization.yaml"), list);
        let crd = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: source-controller\n";
        put(&format!("clusters/{cluster}/flux-system/gotk-components.yaml"), crd);
    }
    put("clusters/development/platform.yaml", PLATFORM);
    put("clusters/development/apps.yaml", APPS);
    put("clusters/development/apps/podinfo.yaml", PODINFO);
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-apps";
    put("clusters/development/apps/namespace.yaml", namespace);
    put("clusters/development/NOTES", "\0not YAML, main\r\n");
    put("clusters/staging/platform.yaml", STAGING);
    put("platform/services/kyverno.yaml", SERVICES);
    put("platform/configs/priorities.yaml", PRIORITIES);
    put("platform/service-configs/policies.yaml", POLICY);
    files
}

pub(crate) struct World {
    pub(crate) remote: MemoryRemote,
    pub(crate) here: MemoryRepository,
}

pub(crate) fn branch(name: &str) -> BranchName {
    BranchName::parse(name).unwrap()
}

pub(crate) fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

pub(crate) fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-11-21T08:00:00Z")
}

pub(crate) fn put(file: &str, text: &str) -> TreeChange {
    TreeChange::Put { path: path(file), mode: FileMode::Regular, bytes: text.as_bytes().to_vec() }
}

pub(crate) fn asked(sandbox: &str) -> Create {
    Create {
        name: name(sandbox),
        from: name("development"),
        cluster: None,
        ticket: "PLAT-123".to_owned(),
        summary: "add keda".to_owned(),
        expires: at("2026-12-05T08:00:00Z"),
        context: None,
        pin: false,
    }
}

pub(crate) fn somebody(who: &str) -> Person {
    Person { name: who.to_owned(), email: format!("{who}@example.org") }
}

/// Commits on a branch, made where it is not there.
pub(crate) fn commit(
    repository: &MemoryRepository,
    on: &str,
    changes: Vec<TreeChange>,
    message: &str,
) -> CommitId {
    repository.fetch().unwrap();
    let on = branch(on);
    let tip = repository.tip(&on).unwrap();
    let parents = tip.iter().cloned().collect();
    let new = NewCommit { parents, base: tip.clone(), changes, message: message.to_owned() };
    let commit = repository.write(&new).unwrap();
    let update = BranchUpdate { branch: on, expected: tip, new: Some(commit.clone()) };
    assert_eq!(repository.publish(&[update]).unwrap(), Published::Done);
    commit
}

pub(crate) fn read(repository: &dyn Repository, commit: &CommitId, file: &str) -> Option<Vec<u8>> {
    let entries = repository.entries(commit).unwrap();
    let entry = entries.into_iter().find(|entry| entry.path.as_str() == file)?;
    repository.blobs(&[entry.blob]).unwrap().pop()
}

pub(crate) fn text(repository: &dyn Repository, commit: &CommitId, file: &str) -> String {
    String::from_utf8(read(repository, commit, file).unwrap()).unwrap()
}

pub(crate) fn paths(repository: &dyn Repository, commit: &CommitId) -> Vec<String> {
    let entries = repository.entries(commit).unwrap();
    entries.into_iter().map(|entry| entry.path.as_str().to_owned()).collect()
}

pub(crate) fn survey_of(repository: &dyn Repository, commit: &CommitId) -> Survey {
    survey::survey(survey::read_commit(repository, commit, &NoStore).unwrap()).unwrap()
}

pub(crate) fn history(repository: &dyn Repository) -> History {
    ledger::fold(&ledger::read(repository).unwrap())
}

/// Plans on what the trunk is now.
pub(crate) fn plan_of(
    repository: &MemoryRepository,
    asked: &Create,
) -> Result<CreatePlan, CreateError> {
    plan_pinned(repository, asked, &|_| None)
}

pub(crate) fn plan_pinned(
    repository: &MemoryRepository,
    asked: &Create,
    moment: &dyn Fn(&create::Ask<'_>) -> Option<create::Moment>,
) -> Result<CreatePlan, CreateError> {
    repository.fetch().unwrap();
    let tip = repository.tip(&branch("main")).unwrap().unwrap();
    let Survey { inventory, resolved, .. } = survey_of(repository, &tip);
    let history = history(repository);
    let trunk = Trunk { tip: &tip, inventory: &inventory, resolved: &resolved, history: &history };
    create::plan(repository, trunk, asked, moment)
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(platform())
    }

    pub(crate) fn with(files: BTreeMap<String, Vec<u8>>) -> Self {
        let remote = MemoryRemote::new(URL);
        let here = remote.clone_here();
        here.set_time(now());
        let changes = files
            .into_iter()
            .map(|(file, bytes)| {
                let executable = file.ends_with(".sh");
                let mode = if executable { FileMode::Executable } else { FileMode::Regular };
                TreeChange::Put { path: path(&file), mode, bytes }
            })
            .collect();
        commit(&here, "main", changes, "a platform");
        Self { remote, here }
    }

    pub(crate) fn trunk(&self) -> CommitId {
        self.here.tip(&branch("main")).unwrap().unwrap()
    }

    pub(crate) fn create(&self, asked: &Create) -> Created {
        let plan = plan_of(&self.here, asked).unwrap();
        create::carry_out(&self.here, now(), &plan).unwrap()
    }

    /// The world with `sandbox-a` in it.
    pub(crate) fn with_sandbox() -> (Self, Sandbox) {
        let world = Self::new();
        let sandbox = world.create(&asked("sandbox-a")).sandbox;
        (world, sandbox)
    }
}
