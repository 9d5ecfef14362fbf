//! Two states of the same clusters: what changed in definitions, whom it breaks, and which findings are new.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_catalog::Minor;
use towpath_check::given::Given;
use towpath_check::judge::{self, Chosen, new_since};
use towpath_check::subject::{Kubernetes, Target, TargetId};
use towpath_check::{changes, fix, read};
use towpath_core::finding::Finding;
use towpath_core::id::{ClusterName, EnvironmentName, RepoPath};

/// The clusters `staging` and `production`, each with its files; a file without a cluster is for both.
fn given(minor: u8, files: &[(&str, &str)]) -> Given {
    let names = ["staging", "production"];
    let target = |name: &str| Target {
        place: Some((
            EnvironmentName::parse(name).expect("a name"),
            ClusterName::parse(name).expect("a name"),
        )),
        production: name == "production",
        sandbox: false,
        kubernetes: Kubernetes { minor: Minor::new(minor), assumed: false },
        projects: BTreeMap::new(),
        whole: true,
    };
    let mut subjects = Vec::new();
    for (path, text) in files {
        let path = RepoPath::parse(path).expect("a path");
        let own = (0..).zip(names).filter(|(_, name)| path.as_str().starts_with(name));
        let mut ids: Vec<TargetId> = own.map(|(id, _)| TargetId(id)).collect();
        if ids.is_empty() {
            ids = vec![TargetId(0), TargetId(1)];
        }
        let ids: Arc<[TargetId]> = ids.into();
        for mut subject in read::subjects(&path, text.as_bytes()).expect("YAML") {
            subject.head.targets = Arc::clone(&ids);
            subjects.push(subject);
        }
    }
    Given::new(names.map(target).to_vec(), subjects)
}

fn definition(size: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {{name: widgets.example.com}}\nspec:\n  group: example.com\n  scope: Namespaced\n  \
         names: {{plural: widgets, kind: Widget}}\n  versions:\n    - name: v1\n      served: true\n      \
         storage: true\n      schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, \
         properties: {{size: {size}}}}}}}}}}}\n"
    )
}

const WIDGET: &str = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a, namespace: web}\nspec: {size: 7}\n";

fn lines(found: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let names: Vec<&str> = finding.environments.iter().map(|name| name.as_str()).collect();
        format!(
            "{} {} {} {}: {}\n",
            finding.severity.as_str(),
            finding.rule,
            names.join(","),
            finding.at,
            finding.message
        )
    };
    found.iter().map(line).collect()
}

#[test]
fn a_tighter_definition_in_staging_tells_whom_it_breaks_in_production() {
    let (old, new) = (definition("{type: integer}"), definition("{type: integer, maximum: 3}"));
    let before = given(36, &[("crd.yaml", &old), ("production/widget.yaml", WIDGET)]);
    let after = given(
        36,
        &[
            ("staging/crd.yaml", &new),
            ("production/crd.yaml", &old),
            ("production/widget.yaml", WIDGET),
        ],
    );
    let found = judge::arranged(changes::findings(&Chosen::all(), &before, &after));
    insta(
        &found,
        "error broken-resource production production/widget.yaml:1: with the definition at staging/crd.yaml:1, it \
         cannot be created anew, nor spec.size be changed: spec.size: Invalid value: 7: spec.size in body should be \
         less than or equal to 3\n\
         error crd-maximum staging staging/crd.yaml:1: tightening: spec.size: maximum was unbounded and is 3 (v1)\n",
    );
    assert!(changes::findings(&Chosen::all(), &before, &before).is_empty());
}

fn insta(found: &[Finding], expected: &str) {
    let actual = lines(found);
    assert!(actual == expected, "finds\n{actual}\nand not\n{expected}");
}

#[test]
fn a_definition_that_is_gone_names_what_goes_with_it() {
    let old = definition("{type: integer}");
    let before = given(36, &[("crd.yaml", &old), ("staging/widget.yaml", WIDGET)]);
    let after = given(36, &[("production/crd.yaml", &old), ("staging/widget.yaml", WIDGET)]);
    let found = changes::findings(&Chosen::all(), &before, &after);
    insta(
        &found,
        "error definition-removed staging crd.yaml:1: the definition is gone, and a cluster that prunes it deletes \
         every Widget that it has: Widget web/a is of its kind\n",
    );
}

#[test]
fn what_was_found_before_is_not_new_wherever_its_lines_have_moved() {
    let cron = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: c, namespace: web}\n";
    let moved = format!("# a line more\n{cron}");
    let found = |given: &Given| {
        let all = given.subjects.iter().flat_map(|one| judge::one(&Chosen::all(), one, given));
        judge::arranged(all.filter(|finding| finding.rule == "removed-api").collect())
    };
    let before = found(&given(36, &[("staging/cron.yaml", cron)]));
    assert_eq!(before.len(), 1);
    let moved = found(&given(36, &[("staging/other.yaml", &moved)]));
    assert!(new_since(&before, moved).is_empty());
    let both = found(&given(36, &[("cron.yaml", cron)]));
    assert_eq!(new_since(&before, both).len(), 1, "production has it now, too");
    let twice = found(&given(36, &[("staging/a.yaml", cron), ("staging/b.yaml", cron)]));
    assert_eq!(new_since(&before, twice).len(), 1);
}

#[test]
fn only_versions_of_the_same_shape_that_every_cluster_has_are_written() {
    let file = RepoPath::parse("cron.yaml").expect("a path");
    let source = "# first\napiVersion: batch/v1beta1   # keep\nkind: CronJob\nmetadata: {name: c}\n---\n\
                  apiVersion: v1\nkind: List\nitems:\n  - apiVersion: \"policy/v1beta1\"\n    kind: PodDisruptionBudget\n    \
                  metadata: {name: b}\n---\napiVersion: autoscaling/v2beta1\nkind: HorizontalPodAutoscaler\n\
                  metadata: {name: h}\n";
    let mended =
        |minor| fix::api_versions(&file, source.as_bytes(), &given(minor, &[])).expect("an edit");
    assert_eq!(mended(20), None, "neither is deprecated, and v1 is not there yet");
    let mended = mended(25).expect("two are written");
    let text = String::from_utf8(mended.bytes).expect("text");
    let expected =
        source.replace("batch/v1beta1", "batch/v1").replace("\"policy/v1beta1\"", "\"policy/v1\"");
    assert_eq!(text, expected, "the autoscaler has another shape");
    let is: Vec<&str> = mended.fixed.iter().map(|fixed| fixed.is.as_str()).collect();
    assert_eq!(is, ["batch/v1", "policy/v1"]);
}

/// What of an object cannot change, as the finding says it; before and after as YAML.
fn refused(was: &str, is: &str) -> String {
    let (before, after) =
        (given(36, &[("staging/it.yaml", was)]), given(36, &[("staging/it.yaml", is)]));
    lines(&towpath_check::immutable::findings(&Chosen::all(), &before, &after))
}

/// The object of a kind, with what follows the metadata before and after.
fn object(api_version: &str, kind: &str, was: &str, is: &str) -> String {
    let of = |rest: &str| {
        format!(
            "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: it, namespace: web}}\n{rest}\n"
        )
    };
    refused(&of(was), &of(is))
}

#[test]
fn what_the_server_never_lets_change() {
    for (api_version, kind, was, is, field) in [
        (
            "apps/v1",
            "Deployment",
            "spec: {selector: {matchLabels: {a: b}}}",
            "spec: {selector: {matchLabels: {a: c}}}",
            "spec.selector",
        ),
        (
            "apps/v1",
            "StatefulSet",
            "spec: {serviceName: a, replicas: 1}",
            "spec: {serviceName: b, replicas: 2}",
            "spec.serviceName",
        ),
        (
            "apps/v1",
            "StatefulSet",
            "spec: {serviceName: a}",
            "spec: {serviceName: a, podManagementPolicy: Parallel}",
            "spec.podManagementPolicy",
        ),
        (
            "apps/v1",
            "StatefulSet",
            "spec: {volumeClaimTemplates: [{metadata: {name: a}}]}",
            "spec: {}",
            "spec.volumeClaimTemplates",
        ),
        (
            "batch/v1",
            "Job",
            "spec: {template: {spec: {containers: [{name: a, image: b}]}}}",
            "spec: {template: {spec: {containers: [{name: a, image: c}]}}}",
            "spec.template.spec.containers[0].image",
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {accessModes: [ReadWriteOnce]}",
            "spec: {accessModes: [ReadWriteMany]}",
            "spec.accessModes",
        ),
        (
            "storage.k8s.io/v1",
            "StorageClass",
            "provisioner: a\nparameters: {type: gp2}",
            "provisioner: a\nparameters: {type: gp3}",
            "parameters",
        ),
        (
            "storage.k8s.io/v1",
            "StorageClass",
            "provisioner: a",
            "provisioner: a\nreclaimPolicy: Retain",
            "reclaimPolicy",
        ),
        (
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "roleRef: {kind: Role, name: a}",
            "roleRef: {kind: Role, name: b}",
            "roleRef.name",
        ),
        ("v1", "Service", "spec: {}", "spec: {clusterIP: None}", "spec.clusterIP"),
        ("v1", "Secret", "type: Opaque", "type: kubernetes.io/tls", "type"),
        (
            "v1",
            "ConfigMap",
            "immutable: true\ndata: {a: b}",
            "immutable: true\ndata: {a: c}",
            "data",
        ),
        ("v1", "ConfigMap", "immutable: true\ndata: {a: b}", "data: {a: b}", "immutable"),
    ] {
        let told = object(api_version, kind, was, is);
        assert_eq!(
            told,
            format!(
                "error immutable-change staging staging/it.yaml:1: {field} of a {kind} cannot change, so the change is \
                 refused\n"
            ),
            "{kind}: {was} -> {is}"
        );
    }
}

#[test]
fn what_may_change_or_was_said_by_the_server() {
    for (api_version, kind, was, is) in [
        ("apps/v1", "Deployment", "spec: {replicas: 1}", "spec: {replicas: 2}"),
        (
            "apps/v1",
            "StatefulSet",
            "spec: {replicas: 1}",
            "spec: {replicas: 2, minReadySeconds: 1}",
        ),
        ("apps/v1", "StatefulSet", "spec: {}", "spec: {podManagementPolicy: OrderedReady}"),
        (
            "batch/v1",
            "Job",
            "spec: {suspend: true, template: {spec: {nodeSelector: {a: b}}}}",
            "spec: {suspend: false, template: {spec: {nodeSelector: {a: c}}}}",
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {resources: {requests: {storage: 1Gi}}}",
            "spec: {resources: {requests: {storage: 2Gi}}, volumeMode: Filesystem}",
        ),
        ("v1", "Service", "spec: {clusterIP: None}", "spec: {}"),
        ("v1", "Service", "spec: {type: ExternalName}", "spec: {clusterIP: None}"),
        ("v1", "ConfigMap", "data: {a: b}", "data: {a: c}"),
        ("v1", "Secret", "stringData: {a: b}", "type: Opaque"),
    ] {
        assert_eq!(object(api_version, kind, was, is), "", "{kind}: {was} -> {is}");
    }
    let job = |name: &str, extra: &str, image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{{name}, namespace: web{extra}}}\n\
             spec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}\n"
        )
    };
    let forced = ", annotations: {kustomize.toolkit.fluxcd.io/force: Enabled}";
    assert_eq!(refused(&job("name: it", forced, "a"), &job("name: it", forced, "b")), "");
    assert_eq!(refused(&job("generateName: it-", "", "a"), &job("generateName: it-", "", "b")), "");
}
