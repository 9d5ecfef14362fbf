//! Remote bases of kustomizations: fetched once, refused offline; what Git does is tested in `towpath-adapters`.

use towpath_testkit::git::TestRepo;
use towpath_testkit::http_backend::HttpBackend;

use crate::support::{World, assert_transcript};

const BASE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: limits
data:
  pods: '10'
";

/// A base on a server of its own, and its first commit.
fn base() -> (TestRepo, HttpBackend, String) {
    let base = TestRepo::new();
    base.file("limits/kustomization.yaml", "resources: [../quota/limits.yaml]\n");
    base.file("quota/kustomization.yaml", "resources: [limits.yaml]\n");
    let first = base.file("quota/limits.yaml", BASE).commit("limits").to_string();
    let server = HttpBackend::start(&base, None);
    (base, server, first)
}

#[test]
fn a_remote_base_is_fetched_once_and_refused_offline() {
    let (base, server, first) = base();
    let url = server.url(&base);
    let world = World::stated();
    let overlay = |reference: &str| {
        let file = "platform/configs/kustomization.yaml";
        let text = format!(
            "resources:\n- priority-classes.yaml\n- {url}//quota?ref={reference}\nnamespace: apps\n"
        );
        world.repo.file(file, text);
    };
    let build = ["render", "--kustomize", "platform/configs"];
    let build_offline = ["render", "--kustomize", "platform/configs", "--offline"];
    overlay("main");
    assert_eq!(world.run(&build), 0);
    world.say("a branch may have moved, so it is not told from memory");
    assert_eq!(world.run(&build_offline), 2);
    world.say("a commit is what it is");
    overlay(&first);
    assert_eq!(world.run(&build_offline), 0);
    world.say("what is read from above its folder is refused, as Kustomize does");
    world.repo.file("above/kustomization.yaml", format!("resources: ['{url}//limits?ref=main']\n"));
    assert_eq!(world.run(&["render", "--kustomize", "above"]), 2);
    world.say("a cluster");
    overlay("main");
    let text = world.ok(&["render", "development"]);
    assert!(text.contains("@main//quota/limits.yaml:1, applied by"), "{text}");
    world.say("a change of the remote base is a change of the cluster");
    overlay(&first);
    world.publish("limits");
    overlay("main");
    base.file("quota/limits.yaml", BASE.replace("10", "20")).commit("more");
    assert_eq!(world.run(&["diff", "HEAD", "."]), 1);
    world.say("the remote goes away");
    drop(server);
    assert_eq!(world.run(&build), 2);
    overlay("-x");
    assert_eq!(world.run(&build), 2);
    assert_transcript!(world);
}
