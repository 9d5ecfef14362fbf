//! What is kept of builds, in a process and beyond it, and what a change makes anew.

use std::sync::{Mutex, PoisonError};

use super::*;
use crate::{Entry, Trace, TreeError};

/// A store in memory, which notes what was put.
#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<String, (Trace, Rendered)>>,
    put: Mutex<Vec<String>>,
}

impl Shelf {
    /// The paths of what was put since they were asked for last, sorted.
    fn put(&self) -> Vec<String> {
        let mut put = std::mem::take(&mut *self.put.lock().unwrap_or_else(PoisonError::into_inner));
        put.sort();
        put
    }
}

impl Store for Shelf {
    fn get(&self, key: &str) -> Option<(Trace, Rendered)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: &str, trace: &Trace, built: &Rendered) {
        let shape: Value = serde_json::from_str(key).expect("a shape is JSON");
        let path = shape["path"].as_str().unwrap_or_default().to_owned();
        self.put.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key.to_owned(), (trace.clone(), built.clone()));
    }
}

/// Two folders over one base, and one without a kustomization.
fn cluster() -> Files {
    files([
        ("cluster/a.yaml", kustomization("a", "")),
        ("cluster/b.yaml", kustomization("b", "")),
        ("cluster/c.yaml", kustomization("c", "")),
        ("a/kustomization.yaml", "resources: [../base]\n".to_owned()),
        ("a/unused.yaml", String::new()),
        (
            "b/kustomization.yaml",
            "resources: [../base]\nnamePrefix: b-\npatches: [{path: p.yaml}]\n".to_owned(),
        ),
        ("b/p.yaml", config_map("x", "default", "{k: b}")),
        ("base/kustomization.yaml", "resources: [x.yaml]\n".to_owned()),
        ("base/x.yaml", config_map("x", "default", "{}")),
        ("c/x.yaml", config_map("c", "default", "{}")),
        ("README.md", "not for clusters".to_owned()),
    ])
}

#[test]
fn what_another_process_built_is_not_built_again() {
    let shelf = Shelf::default();
    let tree = OneTree::new("one", &cluster());
    let mut first = Memo::with(&shelf);
    let walk = tree.walk(&mut first, Depth::Whole);
    assert_eq!((first.builds(), shelf.put().len()), (4, 4));
    let mut second = Memo::with(&shelf);
    let again = tree.walk(&mut second, Depth::Whole);
    assert_eq!((second.builds(), shelf.put().len()), (0, 0));
    assert_eq!(differ(&again, &walk), None);
    assert_eq!(differ(&walk, &tree.walk(&mut Memo::default(), Depth::Whole)), None);
}

#[test]
fn a_change_builds_anew_what_read_it_and_nothing_else() {
    let note = || config_map("note", "default", "{}");
    for (path, text, anew) in [
        ("README.md", Some("changed".to_owned()), &[][..]),
        ("a/unused.yaml", Some("changed".to_owned()), &[]),
        ("a/unused.yaml", None, &[]),
        ("a/another.yaml", Some(note()), &[]),
        ("base/x.yaml", Some(config_map("x", "default", "{k: new}")), &["a", "b"]),
        (
            "base/kustomization.yaml",
            Some("namePrefix: p-\nresources: [x.yaml]\n".to_owned()),
            &["a", "b"],
        ),
        ("b/p.yaml", Some(config_map("x", "default", "{k: new}")), &["b"]),
        ("a/kustomization.yaml", Some("resources: [../base]\nnameSuffix: -a\n".to_owned()), &["a"]),
        ("c/x.yaml", Some(config_map("c", "default", "{k: new}")), &["c"]),
        ("c/note.yaml", Some(note()), &["c"]),
        ("cluster/note.yaml", Some(note()), &["cluster"]),
    ] {
        let shelf = Shelf::default();
        let _ = OneTree::new("old", &cluster()).walk(&mut Memo::with(&shelf), Depth::Whole);
        shelf.put();
        let mut changed = cluster();
        match text {
            Some(text) => changed.insert(path.to_owned(), text),
            None => changed.remove(path),
        };
        let tree = OneTree::new("new", &changed);
        let mut memo = Memo::with(&shelf);
        let walk = tree.walk(&mut memo, Depth::Whole);
        // `put` tells which, `builds` that nothing was built beside them.
        assert_eq!(
            (shelf.put(), memo.builds()),
            (anew.iter().map(|path| (*path).to_owned()).collect(), anew.len()),
            "{path}"
        );
        assert_eq!(differ(&walk, &tree.walk(&mut Memo::default(), Depth::Whole)), None, "{path}");
    }
}

/// A build that fails is not kept, and what was kept before it does not stand in for it.
#[test]
fn a_kept_build_does_not_hide_what_cannot_be_built() {
    let shelf = Shelf::default();
    let _ = OneTree::new("old", &cluster()).walk(&mut Memo::with(&shelf), Depth::Whole);
    shelf.put();
    for (path, text) in [
        ("base/x.yaml", Some("a: [")),
        ("base/x.yaml", None),
        ("b/kustomization.yml", Some("namePrefix: two-\n")),
        ("c/x.yaml", None),
    ] {
        let mut broken = cluster();
        match text {
            Some(text) => broken.insert(path.to_owned(), text.to_owned()),
            None => broken.remove(path),
        };
        let tree = OneTree::new("broken", &broken);
        let walk = tree.walk(&mut Memo::with(&shelf), Depth::Whole);
        assert!(!walk.troubles.is_empty(), "{path}");
        assert_eq!(differ(&walk, &tree.walk(&mut Memo::default(), Depth::Whole)), None, "{path}");
    }
    assert_eq!(shelf.put(), [] as [String; 0]);
}

/// A tree that cannot tell contents apart without reading them.
struct Blind(MemoryTree);

impl Tree for Blind {
    fn read(&self, path: &str) -> Result<Option<std::borrow::Cow<'_, [u8]>>, TreeError> {
        self.0.read(path)
    }
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        self.0.entry(path)
    }
    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        self.0.list(path)
    }
}

impl Sources for Blind {
    fn tree<'a>(&'a self, _: &SourceRef, _: Option<&Value>) -> Source<'a> {
        let tree = Self(self.0.clone());
        Source::Tree { id: "blind".into(), tree: Arc::new(tree) }
    }
}

#[test]
fn nothing_is_kept_of_contents_that_cannot_be_told_apart() {
    let shelf = Shelf::default();
    let start = Start::Path("./cluster".to_owned());
    let tree = Blind(MemoryTree::new(cluster()));
    let mut memo = Memo::with(&shelf);
    let walk = walk(&start, &tree, &Inputs::default(), &mut memo, Depth::Whole);
    assert_eq!((memo.builds(), walk.troubles.len(), shelf.put().len()), (4, 0, 0));
}

#[test]
fn forgotten_roots_cost_time_and_nothing_else() {
    let tree = OneTree::new("one", &cluster());
    let mut memo = Memo::default();
    let walk = tree.walk(&mut memo, Depth::Lean);
    let built = memo.builds();
    memo.forget_roots(&walk);
    assert_eq!(differ(&tree.walk(&mut memo, Depth::Lean), &walk), None);
    assert_eq!(memo.builds(), built + 1, "the root alone is built again");
}
