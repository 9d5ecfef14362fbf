//! What a build makes of small trees, told by the feature; the expected text is what `kustomize build` prints.
//!
//! Recorded cases of Kustomize itself run in `cargo xtask conformance`. Here is what those leave out, and every bug that
//! was found.

mod story;

use std::sync::Arc;

use story::{built, output, refused, tree};
use towpath_render::kustomize::{Options, RemoteUrl, Remotes, Restrictions, build, print};
use towpath_render::{MemoryTree, Tree};

/// A Deployment that names a config map and an account.
const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: c, image: 'nginx:1', envFrom: [{configMapRef: {name: conf}}]}
";
const CONF: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\n";

#[test]
fn what_names_an_object_follows_it_through_every_layer() {
    let text = format!(
        "-- base/kustomization.yaml\nresources: [web.yaml, conf.yaml]\n-- base/web.yaml\n{WEB}-- base/conf.yaml\n{CONF}\
         -- a/kustomization.yaml\nresources: [../base]\nnamePrefix: a-\n\
         -- b/kustomization.yaml\nresources: [../base]\nnamePrefix: b-\nnameSuffix: -z\n\
         -- top/kustomization.yaml\nresources: [../a, ../b]\nnamePrefix: top-\n"
    );
    let names: Vec<String> = output(&text, "top")
        .lines()
        .filter(|line| line.contains("name: ") && !line.contains("name: c"))
        .map(|line| line.trim().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "name: top-a-conf",
            "name: top-b-conf-z",
            "name: top-a-web",
            "name: top-a-conf",
            "name: top-b-web-z",
            "name: top-b-conf-z",
        ]
    );
}

#[test]
fn a_name_that_could_mean_two_objects_is_an_error() {
    let text = format!(
        "-- s/kustomization.yaml\nresources: [conf.yaml]\n-- s/conf.yaml\n{CONF}\
         -- a/kustomization.yaml\nresources: [../s]\nnamePrefix: a-\n\
         -- b/kustomization.yaml\nresources: [../s]\nnamePrefix: b-\n\
         -- o/kustomization.yaml\nresources: [../a, ../b, web.yaml]\nnamePrefix: o-\n-- o/web.yaml\n{WEB}"
    );
    let error = refused(&text, "o");
    assert!(
        error.ends_with("`conf` could mean each of ConfigMap o-a-conf, ConfigMap o-b-conf"),
        "{error}"
    );
}

#[test]
fn a_label_that_was_put_into_many_fields_changes_in_all_of_them() {
    let text = format!(
        "-- base/kustomization.yaml\nresources: [web.yaml]\nlabels: [{{pairs: {{l: base}}, includeSelectors: true}}]\n\
         -- base/web.yaml\n{WEB}\
         -- plain/kustomization.yaml\nresources: [../base]\nlabels: [{{pairs: {{l: top}}}}]\n\
         -- merged/kustomization.yaml\nresources: [../base]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec: {{template: {{metadata: {{labels: {{l: top}}}}}}}}\n\
         -- parted/kustomization.yaml\nresources: [../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - {{op: replace, path: /metadata/labels/l, value: top}}\n"
    );
    for (path, top, base) in [("plain", 3, 0), ("merged", 3, 0), ("parted", 1, 2)] {
        let output = output(&text, path);
        let count = |label: &str| output.lines().filter(|line| line.trim() == label).count();
        assert_eq!((count("l: top"), count("l: base")), (top, base), "{path}:\n{output}");
    }
}

#[test]
fn the_namespace_reaches_the_accounts_that_are_bound() {
    let text = "\
-- kustomization.yaml
resources: [all.yaml]
transformers: [t.yaml]
-- all.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rb}
subjects:
- {kind: ServiceAccount, name: default, namespace: x}
- {kind: ServiceAccount, name: other, namespace: x}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cr}
-- t.yaml
apiVersion: builtin
kind: NamespaceTransformer
metadata: {name: t, namespace: new}
setRoleBindingSubjects: MODE
";
    for (mode, first, second) in
        [("defaultOnly", "new", "x"), ("allServiceAccounts", "new", "new"), ("none", "x", "x")]
    {
        let output = output(&text.replace("MODE", mode), "");
        let namespaces: Vec<&str> =
            output.lines().filter_map(|line| line.trim().strip_prefix("namespace: ")).collect();
        assert_eq!(namespaces, ["new", first, second], "{mode}");
    }
    let error = refused(&text.replace("MODE", "some"), "");
    assert!(
        error.starts_with("kustomization.yaml:2: `setRoleBindingSubjects`: `some` is not"),
        "{error}"
    );
}

#[test]
fn a_component_works_on_what_is_there_before_it() {
    let text = format!(
        "-- o/kustomization.yaml\nresources: [conf.yaml]\ncomponents: [../c]\nnamePrefix: p-\n-- o/conf.yaml\n{CONF}\
         -- c/kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n"
    );
    assert!(output(&text, "o").contains("name: p-conf-c"));
    let swapped = text.replace("components: [../c]", "bases: [../c]");
    assert_eq!(
        refused(&swapped, "o"),
        "o/kustomization.yaml:2: `../c` is a Component: it belongs in components, not in resources"
    );
}

#[test]
fn what_cannot_be_built_is_refused_with_its_place() {
    for (files, error) in [
        (
            "-- x.yaml\na: b\n",
            ".: no kustomization file: none of kustomization.yaml, kustomization.yml, Kustomization is there",
        ),
        (
            "-- kustomization.yaml\nnamePrefix: a\n-- Kustomization\nnamePrefix: a\n",
            ".: several kustomization files: kustomization.yaml, Kustomization",
        ),
        (
            "-- kustomization.yaml\nkind: Kustomization\n",
            "kustomization.yaml: the kustomization is empty",
        ),
        (
            "-- kustomization.yaml\nnamePrefix: a\nfoo: bar\n",
            "kustomization.yaml:2: unknown field `foo`",
        ),
        (
            "-- kustomization.yaml\nimages:\n- name: a\n  tag: b\n",
            "kustomization.yaml:3: unknown field `images[0].tag`",
        ),
        (
            "-- kustomization.yaml\nnamePrefix: 1\n",
            "kustomization.yaml:1: `namePrefix` must be text",
        ),
        (
            "-- kustomization.yaml\nresources:\n- a.yaml\n- b.yaml\n-- a.yaml\n# nothing\n",
            "kustomization.yaml:3: `b.yaml` does not exist",
        ),
        (
            "-- kustomization.yaml\nresources: [a]\n-- a/kustomization.yaml\nresources: [..]\n",
            "a/kustomization.yaml:1: cycle: `..` is being built already",
        ),
        (
            "-- kustomization.yaml\nresources: [../a]\n",
            "kustomization.yaml:1: `../a` leaves the tree",
        ),
        (
            "-- kustomization.yaml\nresources: ['github.com/o/r//x?ref=v1']\n",
            "kustomization.yaml:1: `github.com/o/r//x?ref=v1` is remote, and nothing here supplies remote trees",
        ),
        (
            "-- kustomization.yaml\nresources: ['https://host/x.yaml']\n",
            "kustomization.yaml:1: `https://host/x.yaml` is a file on the web, and none is fetched",
        ),
        (
            "-- kustomization.yaml\nhelmCharts: [{name: x}]\n",
            "kustomization.yaml:1: Helm charts in a kustomization are not expanded",
        ),
        (
            "-- kustomization.yaml\ngenerators: [g.yaml]\n-- g.yaml\napiVersion: x.io/v1\nkind: Gen\nmetadata: {name: g}\n",
            "kustomization.yaml:1: `Gen` is a plugin that is not built in: Towpath runs no programs",
        ),
        (
            "-- kustomization.yaml\nreplicas:\n- {name: web, count: 2}\n",
            "kustomization.yaml:2: replicas: no Deployment, StatefulSet, ReplicaSet, ReplicationController is called `web`",
        ),
        (
            "-- kustomization.yaml\nsortOptions: {order: up}\n",
            "kustomization.yaml:1: `sortOptions`: `order` is `up`: it must be fifo or legacy",
        ),
        (
            "-- kustomization.yaml\nresources: [a.yaml]\npatchesStrategicMerge: [p.yaml]\n-- a.yaml\n-- p.yaml\n# to come\n",
            "kustomization.yaml:2: patches: all of them are empty",
        ),
        (
            "-- kustomization.yaml\nresources: [a.yaml]\n-- a.yaml\napiVersion: v1\nkind: RoleBinding\nmetadata: {name: a}\nsubjects: [{kind: ServiceAccount, name: b, namespace: }]\n",
            "kustomization.yaml: RoleBinding a: the `namespace` of an account in `subjects` is empty",
        ),
        (
            "-- kustomization.yaml\nresources: [a.yaml]\n-- a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: text\n",
            "kustomization.yaml: Pod a: field `spec/serviceAccountName`: a scalar stands where a list or mapping should",
        ),
    ] {
        assert_eq!(refused(files, ""), error, "{files}");
    }
}

#[test]
fn two_objects_of_one_identity_are_an_error_that_names_both() {
    let text = format!(
        "-- kustomization.yaml\nresources: [a.yaml, b.yaml]\n-- a.yaml\n{CONF}-- b.yaml\n# first\n---\n{CONF}"
    );
    assert_eq!(
        refused(&text, ""),
        "b.yaml:3: ConfigMap conf (v1), first in a.yaml:1, is there already"
    );
}

#[test]
fn files_above_the_folder_are_read_only_as_flux_reads_them() {
    let text = format!("-- o/kustomization.yaml\nresources: [../conf.yaml]\n-- conf.yaml\n{CONF}");
    assert_eq!(
        refused(&text, "o"),
        "o/kustomization.yaml:1: `../conf.yaml` is not in or below `o`, so it may not be read"
    );
    let options = Options { restrictions: Restrictions::None, ..Options::default() };
    assert!(build(&tree(&text), "o", &options).is_ok());
}

struct OneRemote;

impl Remotes for OneRemote {
    fn tree(&self, url: &RemoteUrl) -> Result<Arc<dyn Tree + Send + Sync>, String> {
        match (url.repo.as_str(), url.reference.as_str()) {
            ("https://github.com/o/r", "v1") => Ok(Arc::new(tree(&format!(
                "-- deep/kustomization.yaml\nresources: [../other]\nnameSuffix: -r\n\
                 -- other/kustomization.yaml\nresources: [conf.yaml]\n-- other/conf.yaml\n{CONF}"
            )))),
            _ => Err("there is no such repository".to_owned()),
        }
    }
}

#[test]
fn remote_trees_come_through_the_port() {
    let options = Options { remotes: Some(&OneRemote), ..Options::default() };
    let good = tree("-- kustomization.yaml\nresources: ['github.com/o/r//deep?ref=v1']\n");
    let built = build(&good, "", &options).expect("the port has it");
    assert!(print(&built.objects).contains("name: conf-r"));
    assert_eq!(&*built.objects[0].origin.file, "https://github.com/o/r@v1//other/conf.yaml");
    let bad = tree("-- kustomization.yaml\nresources: ['github.com/o/r//deep?ref=v2']\n");
    let error = build(&bad, "", &options).expect_err("the port does not have it").to_string();
    assert_eq!(
        error,
        "kustomization.yaml:1: `github.com/o/r//deep?ref=v2` cannot be had: there is no such repository"
    );
}

#[test]
fn configurations_of_a_base_hold_above_it() {
    let text = format!(
        "-- base/kustomization.yaml\nresources: [all.yaml]\nconfigurations: [c.yaml]\n\
         -- base/all.yaml\napiVersion: x.io/v1\nkind: Foo\nmetadata: {{name: foo}}\nspec: {{conf: conf}}\n---\n{CONF}\
         -- base/c.yaml\nnameReference:\n- {{kind: ConfigMap, version: v1, fieldSpecs: [{{path: spec/conf, kind: Foo}}]}}\nnamePrefix: [{{path: spec/conf, kind: Bar}}]\n\
         -- o/kustomization.yaml\nresources: [../base]\nnamePrefix: p-\n"
    );
    assert!(output(&text, "o").contains("conf: p-conf"));
    let broken = text.replace("nameReference:", "nameReferences:");
    assert_eq!(refused(&broken, "o"), "base/c.yaml: unknown field `nameReferences`");
}

#[test]
fn a_field_of_one_kind_takes_the_place_of_the_default_for_all() {
    let text = "\
-- kustomization.yaml
resources: [all.yaml]
configurations: [c.yaml]
namePrefix: p-
-- all.yaml
apiVersion: v1
kind: Apple
metadata: {name: a}
---
apiVersion: v1
kind: Pear
metadata: {name: b}
-- c.yaml
namePrefix: [{path: metadata/name, kind: Apple}]
";
    let output = output(text, "");
    assert!(output.contains("name: p-a\n") && output.contains("name: b\n"), "{output}");
}

#[test]
fn definitions_of_custom_resources_tell_what_they_name() {
    let text = format!(
        "-- kustomization.yaml\nresources: [all.yaml]\nnamePrefix: p-\ncrds: [crd.yaml]\n\
         -- all.yaml\napiVersion: x.io/v1\nkind: Bee\nmetadata: {{name: bee}}\nspec: {{map: {{name: conf}}}}\n---\n{CONF}\
         -- crd.yaml\nx.io.Bee: {{Schema: {{properties: {{kind: {{}}, apiVersion: {{}}, metadata: {{}}, spec: {{$ref: x.io.Spec}}}}}}}}\n\
         x.io.Spec: {{Schema: {{properties: {{map: {{x-kubernetes-object-ref-api-version: v1, x-kubernetes-object-ref-kind: ConfigMap}}}}}}}}\n"
    );
    assert!(output(&text, "").contains("  map:\n    name: p-conf\n"), "{}", output(&text, ""));
}

#[test]
fn objects_come_in_the_order_that_is_asked_for() {
    let text = "\
-- all.yaml
{kind: B, apiVersion: x/v1, metadata: {name: b}}
---
{kind: Service, apiVersion: v1, metadata: {name: s}}
---
{kind: A, apiVersion: x/v1, metadata: {name: a}}
---
{kind: Namespace, apiVersion: v1, metadata: {name: n}}
";
    for (options, order) in [
        ("", "n s a b"),
        ("sortOptions: {order: fifo}", "b s a n"),
        ("sortOptions: {order: legacy}", "n s a b"),
        (
            "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [B], orderLast: [Service]}}",
            "b a n s",
        ),
    ] {
        let kustomization = format!("-- kustomization.yaml\nresources: [all.yaml]\n{options}\n");
        let built = built(&format!("{kustomization}{text}"), "");
        let names: Vec<String> = built.objects.iter().map(|o| o.identity().name).collect();
        assert_eq!(names.join(" "), order, "{options}");
    }
}

#[test]
fn an_object_knows_where_it_came_from_and_what_touched_it() {
    let text = format!(
        "-- base/kustomization.yaml\nresources: [all.yaml]\nnamePrefix: b-\n\
         -- base/all.yaml\n{CONF}---\n{WEB}\
         -- o/kustomization.yaml\nresources: [../base]\nnamespace: ns\nimages:\n- {{name: nginx, newTag: '2'}}\n"
    );
    let built = built(&text, "o");
    let told: Vec<String> = built
        .objects
        .iter()
        .map(|object| {
            let touched: Vec<String> =
                object.origin.touched.iter().map(|t| format!("{} {}", t.file, t.field)).collect();
            format!("{}:{} {}", object.origin.file, object.origin.line, touched.join(", "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "base/all.yaml:1 base/kustomization.yaml namePrefix, o/kustomization.yaml namespace",
            "base/all.yaml:5 base/kustomization.yaml namePrefix, o/kustomization.yaml namespace, o/kustomization.yaml images[0]",
        ]
    );
}

#[test]
fn what_kustomize_records_is_written_when_it_is_asked_for() {
    let text = format!(
        "-- base/kustomization.yaml\nresources: [conf.yaml]\nnamePrefix: b-\n-- base/conf.yaml\n{CONF}\
         -- o/kustomization.yaml\nresources: [../base]\nbuildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n"
    );
    assert_eq!(
        output(&text, "o"),
        "\
apiVersion: v1
kind: ConfigMap
metadata:
  annotations:
    alpha.config.kubernetes.io/transformations: |
      - configuredIn: ../base/kustomization.yaml
        configuredBy:
          apiVersion: builtin
          kind: PrefixTransformer
    config.kubernetes.io/origin: |
      path: ../base/conf.yaml
  labels:
    app.kubernetes.io/managed-by: kustomize-v5.8.1
  name: b-conf
"
    );
}

#[test]
fn deprecated_fields_work_and_are_warned_of_once() {
    let text = format!(
        "-- base/kustomization.yaml\nresources: [conf.yaml]\ncommonLabels: {{a: b}}\n-- base/conf.yaml\n{CONF}\
         -- x/kustomization.yaml\nbases: [../base]\nnamePrefix: x-\n-- y/kustomization.yaml\nbases: [../base]\nnamePrefix: y-\n\
         -- o/kustomization.yaml\nresources: [../x, ../y]\n"
    );
    let warnings: Vec<String> =
        built(&text, "o").warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "x/kustomization.yaml:1: `bases` is deprecated, use `resources`",
            "base/kustomization.yaml:2: `commonLabels` is deprecated, use `labels`",
            "y/kustomization.yaml:1: `bases` is deprecated, use `resources`",
        ]
    );
}

#[test]
fn annotations_are_text_and_empty_ones_are_gone() {
    let text = "\
-- kustomization.yaml
resources: [a.yaml]
namePrefix: '1'
-- a.yaml
{kind: ConfigMap, apiVersion: v1, metadata: {name: 2, annotations: {a: 1.10, b: true, c: }}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {name: x, annotations: {}}}
";
    assert_eq!(
        output(text, ""),
        "\
apiVersion: v1
kind: ConfigMap
metadata:
  annotations:
    a: \"1.10\"
    b: \"true\"
    c: \"\"
  name: 12
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: 1x
"
    );
}

#[test]
fn objects_for_tools_are_not_for_clusters() {
    let text = "\
-- kustomization.yaml
resources: [a.yaml]
-- a.yaml
{kind: ConfigMap, apiVersion: v1, metadata: {name: a, annotations: {config.kubernetes.io/local-config: 'true'}}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {name: b, annotations: {config.kubernetes.io/local-config: 'false'}}}
";
    let names: Vec<String> =
        built(text, "").objects.iter().map(|object| object.identity().name).collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn a_number_in_a_patch_stays_one_unless_it_replaces_quoted_text() {
    let text = "\
-- kustomization.yaml
resources: [a.yaml]
patches:
- patch: |-
    apiVersion: x/v1
    kind: Foo
    metadata: {name: x}
    spec: {percent: 1, quoted: 1, empty: 1}
-- a.yaml
apiVersion: x/v1
kind: Foo
metadata: {name: x}
spec: {percent: 100%, quoted: '8', empty: ''}
";
    assert!(
        output(text, "").ends_with("  empty: \"1\"\n  percent: 1\n  quoted: \"1\"\n"),
        "{}",
        output(text, "")
    );
}

#[test]
fn a_number_in_a_json_patch_is_the_one_that_is_written() {
    let number = |n: i32| f64::from(n) / 7.0 * 10_f64.powi(n % 20 - 10);
    let numbers: Vec<f64> = (1..500).map(number).collect();
    let written: Vec<String> = numbers.iter().map(|number| format!("{number:e}")).collect();
    let text = format!(
        "-- kustomization.yaml\nresources: [a.yaml]\npatches: [{{target: {{kind: Foo}}, path: p.json}}]\n\
         -- a.yaml\n{{apiVersion: x/v1, kind: Foo, metadata: {{name: x}}}}\n\
         -- p.json\n[{{\"op\": \"add\", \"path\": \"/n\", \"value\": [{}]}}]\n",
        written.join(", ")
    );
    let built = built(&text, "");
    let got = built.objects[0].value["n"].as_array().expect("a list was added");
    let other = got.iter().zip(&numbers).find(|(got, put)| got.as_f64() != Some(**put));
    assert_eq!((got.len(), other), (numbers.len(), None));
}

mod properties {
    use std::borrow::Cow;

    use super::*;
    use proptest::prelude::*;
    use towpath_render::{Entry, TreeError};

    /// An overlay over one base, with some of what an overlay may ask for.
    fn overlay() -> impl Strategy<Value = String> {
        let fields = [
            "namespace: ns",
            "labels: [{pairs: {l: m}, includeSelectors: true}]",
            "commonAnnotations: {x: z}",
            "images: [{name: nginx, newTag: t}]",
            "replicas: [{name: web, count: 3}]",
            "configMapGenerator: [{name: conf, behavior: merge, literals: [k=v]}]",
        ];
        let count = fields.len();
        (proptest::sample::subsequence(fields.to_vec(), 0..=count), "[a-z]{1,5}")
            .prop_map(|(fields, prefix)| format!("namePrefix: {prefix}-\n{}\n", fields.join("\n")))
    }

    fn files(overlays: &[String]) -> Vec<(String, String)> {
        let mut files = vec![
            ("base/web.yaml".to_owned(), WEB.to_owned()),
            (
                "base/kustomization.yaml".to_owned(),
                "resources: [web.yaml]\nconfigMapGenerator: [{name: conf, literals: [a=b]}]\n"
                    .to_owned(),
            ),
        ];
        let mut all = "sortOptions: {order: fifo}\nresources:\n".to_owned();
        for (at, overlay) in overlays.iter().enumerate() {
            let text = format!(
                "resources: [../base]\nnameSuffix: -x{at}\nsortOptions: {{order: fifo}}\n{overlay}"
            );
            files.push((format!("o{at}/kustomization.yaml"), text));
            all.push_str(&format!("- ../o{at}\n"));
        }
        files.push(("all/kustomization.yaml".to_owned(), all));
        files
    }

    /// A tree on a disk that has the names of each folder in the opposite order.
    struct Reversed(MemoryTree);

    impl Tree for Reversed {
        fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
            self.0.read(path)
        }
        fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
            self.0.entry(path)
        }
        fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
            let names = self.0.list(path)?;
            Ok(names.map(|names| names.into_iter().rev().collect()))
        }
    }

    /// Patches that change nothing, some of them.
    fn idle_patches() -> impl Strategy<Value = String> {
        let patches = [
            "- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}'\n",
            "- {target: {kind: Deployment}, patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: any}}'}\n",
            "- {target: {kind: ConfigMap}, patch: '[{\"op\": \"test\", \"path\": \"/kind\", \"value\": \"ConfigMap\"}]'}\n",
            "- {target: {name: web}, patch: '- {op: test, path: /spec/template/spec/containers/0/image, value: \"nginx:1\"}'}\n",
            "- {target: {kind: Nothing}, patch: '- {op: remove, path: /kind}'}\n",
        ];
        proptest::sample::subsequence(patches.to_vec(), 1..=patches.len())
            .prop_map(|patches| format!("patches:\n{}", patches.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn the_same_tree_is_built_the_same_whatever_the_order_of_its_files(overlays in prop::collection::vec(overlay(), 1..4)) {
            let tree = MemoryTree::new(files(&overlays));
            let one = build(&tree, "all", &Options::default()).map_err(|e| e.to_string());
            let again = build(&tree, "all", &Options::default()).map_err(|e| e.to_string());
            prop_assert_eq!(&one, &again);
            let reversed = build(&Reversed(tree), "all", &Options::default());
            prop_assert_eq!(one, reversed.map_err(|e| e.to_string()));
        }

        #[test]
        fn a_patch_that_changes_nothing_changes_nothing(overlay in overlay(), patches in idle_patches()) {
            let output = |overlay: String| {
                let built = build(&MemoryTree::new(files(&[overlay])), "all", &Options::default());
                built.map(|built| print(&built.objects)).map_err(|e| e.to_string())
            };
            let without = output(overlay.clone());
            prop_assert!(without.is_ok(), "{without:?}");
            prop_assert_eq!(output(overlay + &patches), without);
        }

        #[test]
        fn a_shared_base_is_to_each_overlay_as_if_it_were_its_own(overlays in prop::collection::vec(overlay(), 3..6)) {
            let tree = MemoryTree::new(files(&overlays));
            let together = build(&tree, "all", &Options::default());
            let mut alone = String::new();
            for at in 0..overlays.len() {
                let built = build(&tree, &format!("o{at}"), &Options::default());
                let built = built.map_err(|error| TestCaseError::fail(error.to_string()))?;
                if at > 0 {
                    alone.push_str("---\n");
                }
                alone.push_str(&print(&built.objects));
            }
            let together = together.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(print(&together.objects), alone);
        }
    }
}
