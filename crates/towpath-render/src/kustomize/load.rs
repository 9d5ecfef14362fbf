//! What a kustomization may read: files in or below its folder, folders anywhere in the tree, remote trees by a port.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/loader`. Paths are resolved by their text; what is a
//! link is the tree's business.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::build::Restrictions;
use super::error::{Place, Problem};
use super::kustomization::FILE_NAMES;
use super::remote::{RemoteUrl, Remotes, is_web_file, shown};
use crate::{Entry, Tree};

/// A tree that is read, and what to call it.
pub(crate) struct Source<'t> {
    tree: Held<'t>,
    /// In front of every path of a remote tree; empty for the tree of the build.
    label: String,
    /// Where it came from, if it is remote.
    pub(crate) url: Option<RemoteUrl>,
}

enum Held<'t> {
    Borrowed(&'t dyn Tree),
    Shared(Arc<dyn Tree + Send + Sync>),
}

/// A folder that is being built, and how it was reached.
pub(crate) struct Folder<'t> {
    pub(crate) source: Rc<Source<'t>>,
    /// The folder, from the root of its tree.
    pub(crate) path: String,
    restrictions: Restrictions,
    parent: Option<Rc<Folder<'t>>>,
}

/// What an entry of `resources` names.
pub(crate) enum Named<'t> {
    /// A file of the tree, by its path from the root.
    File(String),
    /// A folder.
    Folder(Rc<Folder<'t>>),
}

impl<'t> Source<'t> {
    /// The tree of a build.
    pub(crate) fn local(tree: &'t dyn Tree) -> Self {
        Self { tree: Held::Borrowed(tree), label: String::new(), url: None }
    }

    fn tree(&self) -> &dyn Tree {
        match &self.tree {
            Held::Borrowed(tree) => *tree,
            Held::Shared(tree) => tree.as_ref(),
        }
    }

    /// How a path of this tree is called in errors and origins.
    pub(crate) fn name(&self, path: &str) -> Arc<str> {
        if self.label.is_empty() { path.into() } else { format!("{}{path}", self.label).into() }
    }
}

impl<'t> Folder<'t> {
    /// The folder at which a build starts.
    ///
    /// # Errors
    /// There is no folder.
    pub(crate) fn root(
        tree: &'t dyn Tree,
        path: &str,
        restrictions: Restrictions,
    ) -> Result<Self, Problem> {
        let clean = resolve("", path).ok_or_else(|| Problem::LeavesTree(path.to_owned()))?;
        match tree.entry(&clean)? {
            Some(Entry::Folder) => {}
            Some(Entry::File) => return Err(Problem::NotAFolder(path.to_owned())),
            None => return Err(Problem::NotFound(path.to_owned())),
        }
        let source = Rc::new(Source::local(tree));
        Ok(Self { source, path: clean, restrictions, parent: None })
    }

    /// The place of the folder itself.
    pub(crate) fn place(&self) -> Place {
        Place::file(&self.source.name(&self.path))
    }

    /// The one kustomization file in it: its name and its bytes.
    pub(crate) fn kustomization(&self) -> Result<(&'static str, Cow<'_, [u8]>), Problem> {
        let mut found = Vec::new();
        for name in FILE_NAMES {
            if let Some(bytes) = self.source.tree().read(&join(&self.path, name))? {
                found.push((name, bytes));
            }
        }
        match found.len() {
            0 => Err(Problem::NoKustomization),
            1 => Ok(found.remove(0)),
            _ => Err(Problem::SeveralKustomizations(found.iter().map(|(name, _)| *name).collect())),
        }
    }

    /// The path of a file from the root of the tree, if it may be read.
    pub(crate) fn file(&self, path: &str) -> Result<String, Problem> {
        if is_web_file(path) {
            return Err(Problem::WebFile(shown(path)));
        }
        let full = self.resolve(path)?;
        match self.source.tree().entry(&full)? {
            Some(Entry::File) => {}
            Some(Entry::Folder) => return Err(Problem::NotAFile(path.to_owned())),
            None => return Err(Problem::NotFound(path.to_owned())),
        }
        let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.restrictions == Restrictions::RootOnly && !contains(&self.path, folder) {
            let root = self.place().to_string();
            return Err(Problem::Outside { path: path.to_owned(), root });
        }
        Ok(full)
    }

    /// The bytes of a file that may be read.
    pub(crate) fn read(&self, path: &str) -> Result<Cow<'_, [u8]>, Problem> {
        self.bytes(&self.file(path)?)
    }

    /// The bytes at a path that [`Self::file`] gave.
    pub(crate) fn bytes(&self, full: &str) -> Result<Cow<'_, [u8]>, Problem> {
        self.source.tree().read(full)?.ok_or_else(|| Problem::NotFound(full.to_owned()))
    }

    /// What an entry of `resources` names: a file, or a folder that is not being built already.
    pub(crate) fn named(
        self: &Rc<Self>,
        path: &str,
        remotes: Option<&dyn Remotes>,
    ) -> Result<Named<'t>, Problem> {
        if path.is_empty() {
            return Err(Problem::NotFound(String::new()));
        }
        let url = RemoteUrl::parse(path);
        if is_web_file(path) && (url.is_none() || names_a_manifest(path)) {
            return Err(Problem::WebFile(shown(path)));
        }
        if let Some(url) = url {
            return self.remote(path, url, remotes).map(|folder| Named::Folder(Rc::new(folder)));
        }
        let full = self.resolve(path)?;
        match self.source.tree().entry(&full)? {
            Some(Entry::File) => self.file(path).map(Named::File),
            Some(Entry::Folder) => self.below(path, full).map(Rc::new).map(Named::Folder),
            None => Err(Problem::NotFound(path.to_owned())),
        }
    }

    /// The folder that an entry of `components` names.
    pub(crate) fn component(
        self: &Rc<Self>,
        path: &str,
        remotes: Option<&dyn Remotes>,
    ) -> Result<Rc<Folder<'t>>, Problem> {
        match self.named(path, remotes)? {
            Named::Folder(folder) => Ok(folder),
            Named::File(_) => Err(Problem::NotAFolder(path.to_owned())),
        }
    }

    /// Whether one of these folders is being built already, on the way to this one or as this one.
    pub(crate) fn repeats(&self, folders: &[String]) -> bool {
        let mut at = Some(self);
        while let Some(folder) = at {
            if folders.iter().any(|path| contains(path, &folder.path)) {
                return true;
            }
            at = folder.parent.as_deref().filter(|p| Rc::ptr_eq(&p.source, &self.source));
        }
        false
    }

    fn below(self: &Rc<Self>, path: &str, full: String) -> Result<Folder<'t>, Problem> {
        if self.repeats(std::slice::from_ref(&full)) {
            return Err(Problem::Cycle(path.to_owned()));
        }
        Ok(Folder {
            source: Rc::clone(&self.source),
            path: full,
            restrictions: self.restrictions,
            parent: Some(Rc::clone(self)),
        })
    }

    fn remote(
        self: &Rc<Self>,
        text: &str,
        url: RemoteUrl,
        remotes: Option<&dyn Remotes>,
    ) -> Result<Folder<'t>, Problem> {
        let text = shown(text);
        let Some(remotes) = remotes else { return Err(Problem::Remote(text)) };
        let mut at = Some(self);
        while let Some(folder) = at {
            if folder.source.url.as_ref() == Some(&url) {
                return Err(Problem::Cycle(text));
            }
            at = folder.parent.as_ref();
        }
        let failed = |why| Problem::RemoteFailed { url: text.clone(), why };
        let tree = remotes.tree(&url).map_err(failed)?;
        let path = resolve("", &url.path).ok_or_else(|| Problem::LeavesTree(text.clone()))?;
        if tree.entry(&path)? != Some(Entry::Folder) {
            return Err(failed(format!("there is no folder `{path}` in it")));
        }
        let label = if url.reference.is_empty() {
            format!("{}//", shown(&url.repo))
        } else {
            format!("{}@{}//", shown(&url.repo), url.reference)
        };
        let source = Rc::new(Source { tree: Held::Shared(tree), label, url: Some(url) });
        // What was cloned never reads beyond its own folder, whatever the build allows.
        let restrictions = Restrictions::RootOnly;
        Ok(Folder { source, path, restrictions, parent: Some(Rc::clone(self)) })
    }

    fn resolve(&self, path: &str) -> Result<String, Problem> {
        resolve(&self.path, path).ok_or_else(|| Problem::LeavesTree(path.to_owned()))
    }
}

/// Whether a URL ends as files of objects do.
fn names_a_manifest(url: &str) -> bool {
    let address = url.split('?').next().unwrap_or_default();
    [".yaml", ".yml", ".json"].iter().any(|ending| address.ends_with(ending))
}

/// `path` seen from `folder`, from the root; `None` where it leaves the root.
pub(crate) fn resolve(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            _ => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

/// `folder/name`, or the name alone at the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Whether `folder` is `root` or below it.
fn contains(root: &str, folder: &str) -> bool {
    root.is_empty()
        || folder.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_by_their_text() {
        for (folder, path, full) in [
            ("a/b", "../c", Some("a/c")),
            ("a/b", "./x//y/", Some("a/b/x/y")),
            ("a", "../..", None),
            ("", "x/..", Some("")),
            ("a", "/abs", None),
        ] {
            assert_eq!(resolve(folder, path).as_deref(), full, "{folder} {path}");
        }
        assert!(contains("a", "a/b") && contains("", "a") && !contains("a", "ab"));
    }
}
