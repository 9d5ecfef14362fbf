//! `towpath check` of a change: what is new since a revision, what it does to definitions, what `--fix` writes, and what
//! stands in no file.

use std::io::Write as _;
use std::process::Stdio;

use crate::fleet::{DEFINITION, fleet_of};
use crate::support::{World, assert_transcript};

const OLD_BUDGET: &str = "\
# keep this line
apiVersion: policy/v1beta1 # and this one
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
";

const WIDGET: &str = "\
apiVersion: example.com/v1
kind: Widget
metadata: {name: big, namespace: apps}
spec: {size: 7}
";

/// Two environments that share a definition and a budget; only production has a custom resource.
fn fleet() -> World {
    let files = [
        ("clusters/production/widget.yaml", WIDGET),
        ("apps/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n"),
        ("apps/definition.yaml", DEFINITION),
        ("apps/budget.yaml", OLD_BUDGET),
    ];
    fleet_of(&[("staging", &["apps"]), ("production", &["apps"])], &files)
}

#[test]
fn only_what_a_change_brings_is_told() {
    let world = fleet();
    assert_eq!(world.run(&["check", "--since", "HEAD", "--kubernetes", "1.30"]), 0);
    world.edit("apps/definition.yaml", "maximum: 9", "maximum: 3");
    world.edit("apps/budget.yaml", "name: web", "name: front");
    assert_eq!(world.run(&["check", "--since", "HEAD", "--kubernetes", "1.30"]), 1);
    world.run(&["check", "--since", "nothing"]);
    assert_transcript!(world);
}

#[test]
fn a_version_of_the_same_shape_is_written_and_nothing_else() {
    let world = fleet();
    world.run(&["check", "--fix", "--kubernetes", "1.30", "--only", "removed-api"]);
    assert_eq!(world.read("apps/budget.yaml"), OLD_BUDGET.replace("v1beta1", "v1"));
    world.run(&["check", "--fix", "--kubernetes", "1.30", "--only", "removed-api"]);
    assert_transcript!(world);
}

#[test]
fn a_dump_of_a_cluster_is_judged_by_how_its_objects_were_written() {
    let world = fleet();
    let dump = "\
apiVersion: v1
kind: List
items:
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata:
    name: web
    namespace: apps
    managedFields:
    - {manager: helm, operation: Update, apiVersion: autoscaling/v2beta2}
";
    let arguments = ["check", "-", "--kubernetes", "1.30", "--only", "removed-api"];
    let mut child = world
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(dump.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let line = "$ kubectl get hpa -A -o yaml --show-managed-fields | towpath check - --kubernetes 1.30 --only removed-api";
    assert_eq!(world.tell(line, &output), 1);
    assert_transcript!(world);
}

#[test]
fn definitions_may_stand_elsewhere() {
    let world = World::of([
        ("m/widget.yaml", WIDGET.replace("size: 7", "size: many").as_bytes()),
        ("crds/widgets.yaml", DEFINITION.as_bytes()),
    ]);
    assert_eq!(world.run(&["check", "m"]), 0, "nobody says here what a widget is");
    assert_eq!(world.run(&["check", "m", "--definitions", "crds"]), 1);
    assert_transcript!(world);
}
