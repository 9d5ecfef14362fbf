//! Who the objects of a file are does not depend on how much of it is read.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use towpath_check::read::heads;
use towpath_check::rules;
use towpath_core::id::RepoPath;

/// What the skim gives up on, and what nobody reads.
const NOT_PLAIN: &str = "\n# \u{e9}\n";

fn same(text: &str) {
    let file = RepoPath::parse("a.yaml").expect("a path");
    let skimmed = heads(&file, text.as_bytes()).expect("a file that can be read");
    let parsed = heads(&file, (text.to_owned() + NOT_PLAIN).as_bytes()).expect("as before");
    assert_eq!(skimmed, parsed, "{text}");
}

#[test]
fn every_example_of_a_rule_has_the_same_objects_however_it_is_read() {
    for rule in rules() {
        for text in [rule.example_bad, rule.example_good] {
            let file = RepoPath::parse("a.yaml").expect("a path");
            if heads(&file, text.as_bytes()).is_ok() {
                same(text);
            }
        }
    }
}

#[test]
fn objects_that_hold_others_are_read_as_a_whole() {
    for text in [
        "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: a}\n",
        "apiVersion: v1\nkind: PodList\nitems: []\n",
        "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Secret\ntype: helm.sh/release.v1\nmetadata: {name: a}\ndata: {release: bm8=}\n",
        "apiVersion: v1\nkind: Secret\ntype: |-\n  helm.sh/release.v1\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {owner: helm}\n  name: a\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  managedFields:\n  - manager: b\n    apiVersion: apps/v1beta1\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"apiVersion\":\"apps/v1beta1\"}\n",
        "# first\n---\n---\nkind: A\n---\napiVersion: 1\nkind: A\n---\n\napiVersion: a/v1\nkind: A\nmetadata: {generateName: a-}\n",
        "apiVersion: |\n  v1\nkind: Pod\n",
    ] {
        same(text);
    }
}
