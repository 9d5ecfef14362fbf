//! Small clusters, walked: what is given in which order, what is found wrong, what is built once.
//!
//! Next: `again.rs` for walks with other sources, `lean.rs` for what may wait, `kept.rs` for what is kept of builds.

mod again;
mod kept;
mod lean;

use super::*;
use crate::MemoryTree;
use crate::kustomize::{RemoteUrl, Remotes};

struct Trees(Vec<(&'static str, Arc<MemoryTree>)>);

impl Sources for Trees {
    fn tree(&self, source: &SourceRef, object: Option<&Value>) -> Source<'_> {
        if source.name != "flux-system" && object.is_none() {
            return Source::Unknown("nothing creates it".to_owned());
        }
        match self.0.iter().find(|(name, _)| *name == source.name) {
            Some((name, tree)) => Source::Tree { id: (*name).into(), tree: Arc::clone(tree) as _ },
            None => Source::Unknown("no such tree".to_owned()),
        }
    }
}

fn kustomization(name: &str, rest: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  path: ./{name}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{rest}"
    )
}

fn config_map(name: &str, namespace: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata: {data}\n"
    )
}

fn walked(files: Vec<(&str, String)>) -> (Walk, Memo<'static>) {
    let tree = Arc::new(MemoryTree::new(files));
    let mut memo = Memo::default();
    let start = Start::Path("./cluster".to_owned());
    let walk = walk(
        &start,
        &Trees(vec![("flux-system", tree)]),
        &Inputs::default(),
        &mut memo,
        Depth::Whole,
    );
    (walk, memo)
}

fn order(walk: &Walk) -> Vec<&str> {
    walk.kustomizations.iter().map(|walked| walked.id.name.as_str()).collect()
}

fn troubles(walk: &Walk) -> Vec<String> {
    walk.troubles.iter().map(Trouble::to_string).collect()
}

#[test]
fn each_comes_behind_what_it_depends_on() {
    let on = |names: &str| format!("  dependsOn: [{names}]\n");
    let (walk, _) = walked(vec![
        ("cluster/a.yaml", kustomization("a", &on("{name: b}"))),
        ("cluster/b.yaml", kustomization("b", "")),
        (
            "cluster/root.yaml",
            kustomization("flux-system", "").replace("./flux-system", "./cluster"),
        ),
        ("a/x.yaml", config_map("a", "default", "{}")),
        ("b/c.yaml", kustomization("c", "")),
        ("c/x.yaml", config_map("c", "default", "{}")),
    ]);
    assert_eq!(troubles(&walk), [] as [String; 0]);
    assert_eq!(order(&walk), ["flux-system", "b", "a", "c"]);
    let root = &walk.kustomizations[0];
    assert_eq!((&*root.origin.file, root.parent.is_none()), ("cluster/root.yaml", true));
    let c = &walk.kustomizations[3];
    assert_eq!(c.parent.as_ref().map(Id::to_string).as_deref(), Some("flux-system/b"));
    assert_eq!(c.rendered.as_ref().map(|rendered| rendered.objects.len()), Some(1));
}

#[test]
fn what_cannot_work_is_told_with_its_place() {
    let on = |names: &str| format!("  dependsOn: [{names}]\n");
    let (walk, _) = walked(vec![
        ("cluster/a.yaml", kustomization("a", &on("{name: b}, {name: gone}"))),
        ("cluster/b.yaml", kustomization("b", &on("{name: a}"))),
        ("cluster/c.yaml", kustomization("c", "")),
        ("cluster/d.yaml", kustomization("d", "").replace("name: flux-system}", "name: other}")),
        ("cluster/e.yaml", kustomization("e", "  images: x\n")),
        ("cluster/f.yaml", kustomization("f", "")),
        ("a/x.yaml", config_map("x", "default", "{}")),
        ("b/x.yaml", config_map("x", "default", "{}")),
        ("f/x.yaml", "a: [".to_owned()),
    ]);
    let mut troubles = troubles(&walk);
    troubles.sort();
    let starts = [
        "b/x.yaml:1: Kustomization flux-system/b: ConfigMap default/x is applied by flux-system/a, too",
        "cluster/a.yaml:1: Kustomization flux-system/a: depends on flux-system/gone, which nothing creates",
        "cluster/a.yaml:1: Kustomization flux-system/a: waits for itself: flux-system/a -> flux-system/b -> flux-system/a",
        "cluster/c.yaml:1: Kustomization flux-system/c: the folder `./c` does not exist in the source",
        "cluster/d.yaml:1: Kustomization flux-system/d: GitRepository flux-system/other is not at hand: nothing creates it",
        "cluster/e.yaml:1: Kustomization flux-system/e: cannot be rendered: `spec.images` must be a list",
        "cluster/f.yaml:1: Kustomization flux-system/f: cannot be rendered: f/x.yaml",
    ];
    assert_eq!(troubles.len(), starts.len(), "{troubles:#?}");
    for (trouble, start) in troubles.iter().zip(starts) {
        assert!(trouble.starts_with(start), "{trouble}");
    }
    assert_eq!(walk.kustomizations.len(), 7);
}

#[test]
fn an_object_waits_for_its_namespace_and_its_definition() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.x.org\nspec:\n  group: x.org\n  names: {kind: Thing}\n".to_owned();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps\n".to_owned();
    let thing =
        "apiVersion: x.org/v1\nkind: Thing\nmetadata:\n  name: t\n  namespace: apps\n".to_owned();
    let files = |depends: &str, extra: Vec<(&'static str, String)>| {
        let mut files = vec![
            ("cluster/base.yaml", kustomization("base", "")),
            ("cluster/use.yaml", kustomization("use", depends)),
            ("base/d.yaml", definition.clone()),
            ("base/n.yaml", namespace.clone()),
            ("use/t.yaml", thing.clone()),
        ];
        files.extend(extra);
        files
    };
    let (walk, _) = walked(files("", Vec::new()));
    assert_eq!(
        troubles(&walk),
        [
            "use/t.yaml:1: Kustomization flux-system/use: Thing apps/t needs the CustomResourceDefinition that flux-system/base creates, and nothing makes it wait for that",
            "use/t.yaml:1: Kustomization flux-system/use: Thing apps/t needs the namespace that flux-system/base creates, and nothing makes it wait for that",
        ]
    );
    let (walk, _) = walked(files("  dependsOn: [{name: base}]\n", Vec::new()));
    assert_eq!(troubles(&walk), [] as [String; 0]);
    let shared = namespace.replace(
        "metadata:\n",
        "metadata:\n  annotations: {kustomize.toolkit.fluxcd.io/ssa: merge}\n",
    );
    let (walk, _) =
        walked(files("", vec![("use/n.yaml", shared), ("use/d.yaml", definition.clone())]));
    assert_eq!(walk.troubles.len(), 1, "{:?}", troubles(&walk));
}

#[test]
fn variables_come_from_what_the_walk_meets() {
    let from = "  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n";
    let (walk, _) = walked(vec![
        ("cluster/a.yaml", kustomization("a", from)),
        ("cluster/b.yaml", kustomization("b", "")),
        ("a/x.yaml", config_map("x", "default", "{k: \"${name}\"}")),
        ("b/v.yaml", config_map("vars", "flux-system", "{name: met}")),
    ]);
    assert_eq!(troubles(&walk), [] as [String; 0]);
    let a = walk.kustomizations.iter().find(|walked| walked.id.name == "a").expect("a is there");
    let rendered = a.rendered.as_ref().expect("a can be rendered");
    assert_eq!(rendered.objects[0].value["data"]["k"], "met");
}

#[test]
fn what_is_the_same_is_rendered_once() {
    let same = |name: &str| {
        kustomization(name, "  interval: 5m\n")
            .replace(&format!("path: ./{name}"), "path: ./shared")
    };
    let (walk, memo) = walked(vec![
        ("cluster/a.yaml", same("a")),
        ("cluster/b.yaml", same("b").replace("5m", "1h")),
        ("shared/x.yaml", config_map("x", "default", "{}")),
    ]);
    assert_eq!(memo.builds(), 2);
    let shared: Vec<&Arc<Rendered>> =
        walk.kustomizations[1..].iter().filter_map(|walked| walked.rendered.as_ref()).collect();
    assert!(Arc::ptr_eq(shared[0], shared[1]));
}

/// The folder of a cluster is written as Git has it, the path in it as whoever wrote it liked.
#[test]
fn a_root_is_built_once_however_its_path_is_written() {
    for path in ["cluster", "./cluster", "cluster/", "/cluster"] {
        let root = kustomization("flux-system", "").replace("./flux-system", path);
        let tree = OneTree::new("one", &files([("cluster/root.yaml", root)]));
        let mut memo = Memo::default();
        let start = Start::Path("cluster".to_owned());
        let walk = walk(&start, &tree, &Inputs::default(), &mut memo, Depth::Lean);
        assert_eq!((memo.builds(), order(&walk)), (1, vec!["flux-system"]), "{path}");
        assert!(walk_again(&walk, &tree, &Inputs::default(), &mut memo).is_some(), "{path}");
    }
}

struct OneBase;

impl Remotes for OneBase {
    fn tree(&self, _: &RemoteUrl) -> Result<Arc<dyn crate::Tree + Send + Sync>, String> {
        Ok(Arc::new(MemoryTree::new([
            ("kustomization.yaml", "resources: [x.yaml]\n".to_owned()),
            ("x.yaml", config_map("x", "default", "{}")),
        ])))
    }
}

/// Two trees that differ in what the folder does not ask for.
#[test]
fn a_build_is_kept_unless_its_remote_base_may_move() {
    let commit = "0123456789012345678901234567890123456789";
    for (reference, builds) in [("main", 4), (commit, 3)] {
        let tree = |word: &str| {
            Arc::new(MemoryTree::new([
                ("cluster/a.yaml", kustomization("a", "")),
                ("cluster/word.yaml", config_map(word, "default", "{}")),
                ("a/kustomization.yaml", format!("resources: ['https://h/o/r?ref={reference}']\n")),
            ]))
        };
        let inputs = Inputs { remotes: Some(&OneBase), ..Inputs::default() };
        let mut memo = Memo::default();
        for word in ["one", "two"] {
            // The walk knows a tree by its id, and these are two.
            let trees = OneTree(word, tree(word));
            let start = Start::Path("./cluster".to_owned());
            let walk = walk(&start, &trees, &inputs, &mut memo, Depth::Whole);
            assert_eq!(troubles(&walk), [] as [String; 0]);
        }
        assert_eq!(memo.builds(), builds, "{reference}");
    }
}

/// A tree under an id, for every source.
struct OneTree(&'static str, Arc<MemoryTree>);

impl OneTree {
    fn new(id: &'static str, files: &Files) -> Self {
        Self(id, Arc::new(MemoryTree::new(files.clone())))
    }

    /// A walk from `./cluster`.
    fn walk(&self, memo: &mut Memo<'_>, depth: Depth) -> Walk {
        walk(&Start::Path("./cluster".to_owned()), self, &Inputs::default(), memo, depth)
    }
}

/// Files by path.
type Files = BTreeMap<String, String>;

fn files<'f>(files: impl IntoIterator<Item = (&'f str, String)>) -> Files {
    files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect()
}

/// Where two walks first say something else, in each one's words.
fn differ(one: &Walk, other: &Walk) -> Option<(String, String)> {
    let (one, other) = (format!("{one:#?}\n"), format!("{other:#?}\n"));
    let mut lines = one.lines().zip(other.lines()).map(|(a, b)| (a.to_owned(), b.to_owned()));
    // Where one goes on, the last line of the other, which closes it, stands against another.
    lines.find(|(a, b)| a != b)
}

impl Sources for OneTree {
    fn tree(&self, _: &SourceRef, _: Option<&Value>) -> Source<'_> {
        Source::Tree { id: self.0.into(), tree: Arc::clone(&self.1) as _ }
    }
}
