//! A walk with other sources says what a fresh one says, or nothing.

use super::*;

const SOURCE: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {url: 'https://h/r'}\n";

/// Two Kustomizations over one base, one of them with variables of its own, and one beside them.
fn cluster() -> Files {
    let substitute = "  postBuild:\n    substitute: {name: eu}\n";
    let over_base = || "resources: [../base]\n".to_owned();
    files([
        ("cluster/source.yaml", SOURCE.to_owned()),
        ("cluster/a.yaml", kustomization("a", substitute)),
        ("cluster/b.yaml", kustomization("b", "  dependsOn: [{name: a}]\n")),
        ("cluster/c.yaml", kustomization("c", "")),
        ("a/kustomization.yaml", over_base()),
        ("b/kustomization.yaml", format!("namePrefix: b-\n{}", over_base())),
        ("base/kustomization.yaml", "resources: [x.yaml]\n".to_owned()),
        ("base/x.yaml", config_map("x", "default", "{k: \"${name}\"}")),
        ("c/x.yaml", config_map("c", "default", "{}")),
    ])
}

/// The walk with the new files after one with the old, and a fresh one.
fn again(old: &Files, new: &Files) -> (Option<Walk>, Walk) {
    let mut memo = Memo::default();
    let before = OneTree::new("old", old).walk(&mut memo, Depth::Lean);
    let sources = OneTree::new("new", new);
    let again = walk_again(&before, &sources, &Inputs::default(), &mut memo);
    (again, sources.walk(&mut Memo::default(), Depth::Lean))
}

#[test]
fn it_is_as_a_fresh_one_where_only_a_base_changed() {
    let old = cluster();
    let mut new = old.clone();
    for (path, text) in [
        ("base/x.yaml", config_map("x", "default", "{k: \"${name}\", more: y}")),
        ("c/y.yaml", config_map("y", "default", "{}")),
    ] {
        new.insert(path.to_owned(), text);
        let (again, fresh) = again(&old, &new);
        assert_eq!(differ(&again.expect("a base changed"), &fresh), None, "{path}");
        let before = OneTree::new("old", &old).walk(&mut Memo::default(), Depth::Lean);
        assert_ne!(differ(&before, &fresh), None, "{path}");
    }
    let (again, fresh) = again(&old, &old);
    assert_eq!(differ(&again.expect("nothing changed"), &fresh), None);
}

#[test]
fn it_is_none_where_it_could_lead_elsewhere() {
    let from =
        "  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: vars, optional: true}]\n";
    for (what, path, old, new) in [
        ("another Kustomization", "cluster/d.yaml", None, Some(kustomization("d", ""))),
        ("one less", "cluster/d.yaml", Some(kustomization("c", "")), None),
        (
            "another path",
            "cluster/c.yaml",
            None,
            Some(kustomization("c", "").replace("./c", "./b")),
        ),
        ("another source", "cluster/source.yaml", None, Some(SOURCE.replace("h/r", "h/other"))),
        ("a Kustomization in a base", "base/x.yaml", None, Some(kustomization("c", ""))),
        ("no Kustomization in it any more", "c/d.yaml", Some(kustomization("a", "")), None),
        (
            "something that may be one",
            "c/d.yaml",
            None,
            Some("apiVersion: ${group}/v1\nkind: K\nmetadata: {name: k}\n".to_owned()),
        ),
        (
            "variables that come along",
            "cluster/c.yaml",
            Some(kustomization("c", from)),
            Some(kustomization("c", from)),
        ),
        (
            "a trouble before",
            "cluster/d.yaml",
            Some(kustomization("d", "")),
            Some(kustomization("d", "")),
        ),
        ("a trouble now", "c/x.yaml", None, Some("a: [".to_owned())),
    ] {
        let mut sides = [cluster(), cluster()];
        for (side, text) in sides.iter_mut().zip([old, new]) {
            match text {
                Some(text) => side.insert(path.to_owned(), text),
                None if path.ends_with("d.yaml") => side.remove(path),
                None => None,
            };
        }
        let (again, _) = again(&sides[0], &sides[1]);
        assert!(again.is_none(), "{what}");
    }
}

struct Nothing;

impl Sources for Nothing {
    fn tree(&self, _: &SourceRef, _: Option<&Value>) -> Source<'_> {
        Source::Unknown("it is gone".to_owned())
    }
}

#[test]
fn it_is_none_where_a_source_is_not_at_hand() {
    let mut memo = Memo::default();
    let before = OneTree::new("old", &cluster()).walk(&mut memo, Depth::Lean);
    assert!(walk_again(&before, &Nothing, &Inputs::default(), &mut memo).is_none());
}

/// One tree until the source is met, and another one of what it says.
struct Pinned(OneTree, OneTree);

impl Sources for Pinned {
    fn tree(&self, source: &SourceRef, object: Option<&Value>) -> Source<'_> {
        let Self(until, then) = self;
        if object.is_some() { then.tree(source, object) } else { until.tree(source, object) }
    }
}

/// The root comes from what the cluster is bootstrapped from, whatever it says of its source.
#[test]
fn it_takes_the_root_from_where_the_walk_before_took_it() {
    let old = cluster();
    let mut new = old.clone();
    new.insert("cluster/x.yaml".to_owned(), config_map("x", "default", "{}"));
    let pinned = |id, files| Pinned(OneTree::new(id, files), OneTree::new("pinned", &old));
    let walk = |sources: &Pinned, memo: &mut Memo<'_>| {
        let start = Start::Path("./cluster".to_owned());
        walk(&start, sources, &Inputs::default(), memo, Depth::Lean)
    };
    let mut memo = Memo::default();
    let before = walk(&pinned("old", &old), &mut memo);
    let sources = pinned("new", &new);
    let again = walk_again(&before, &sources, &Inputs::default(), &mut memo);
    let fresh = walk(&sources, &mut Memo::default());
    assert_eq!(again.and_then(|again| differ(&again, &fresh)), None);
}

/// The folder that the root was thought to be counts as well, and the walk no longer knows what that built to.
#[test]
fn it_is_none_where_the_root_is_not_what_it_was_thought_to_be() {
    let mut old = cluster();
    let root = kustomization("flux-system", "").replace("./flux-system", "./root");
    old.insert("cluster/root.yaml".to_owned(), root);
    old.insert("root/x.yaml".to_owned(), config_map("root", "default", "{}"));
    let mut new = old.clone();
    new.insert("cluster/d.yaml".to_owned(), kustomization("d", ""));
    new.insert("d/x.yaml".to_owned(), config_map("d", "default", "{}"));
    let (again, fresh) = again(&old, &new);
    assert_eq!(order(&fresh).len(), 5);
    assert!(again.is_none());
}
