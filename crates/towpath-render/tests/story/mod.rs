//! Small trees, written as one text.

use towpath_render::MemoryTree;
use towpath_render::kustomize::{Build, Options, build, print};

/// Files of a tree: `-- path` in a line of its own, then what stands in the file.
pub(crate) fn tree(text: &str) -> MemoryTree {
    let files = text.split("-- ").skip(1).map(|part| {
        let (path, content) = part.split_once('\n').expect("a path stands in a line");
        (path.trim().to_owned(), content.to_owned())
    });
    MemoryTree::new(files)
}

pub(crate) fn built(text: &str, path: &str) -> Build {
    build(&tree(text), path, &Options::default()).expect("it builds")
}

pub(crate) fn output(text: &str, path: &str) -> String {
    print(&built(text, path).objects)
}

pub(crate) fn refused(text: &str, path: &str) -> String {
    build(&tree(text), path, &Options::default()).expect_err("it does not build").to_string()
}
