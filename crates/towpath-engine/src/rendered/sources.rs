//! Which files a Flux source stands for: a commit of this repository, or a release that can be had.
//!
//! Source of the contract: `fluxcd/source-controller:docs/spec/v1` (`gitrepositories.md`, `ocirepositories.md`): of a
//! Git reference `commit`, `name`, `semver`, `tag`, `branch` count in this order, of an artifact's `digest`, `semver`,
//! `tag`. What is not at hand is unknown and says why; nothing is guessed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use towpath_core::chain;
use towpath_core::id::{BranchName, CommitId, ComponentName};
use towpath_core::path::{Component, ReleaseStream};
use towpath_core::release::{Reach, Release};
use towpath_core::snapshot::Snapshot;
use towpath_core::version::{Range, Version};
use towpath_render::flux::{Source, SourceRef, Sources};
use towpath_render::{MemoryTree, Tree};

use super::tree::{Blobs, CommitTree};
use crate::ports::{Registry, Repository, RepositoryError};
use crate::survey::Survey;
use crate::{contents, locate, release};

/// A tree under a name that tells it from others.
#[derive(Clone)]
pub struct Named<'t> {
    /// The name: a commit or a digest.
    pub id: Arc<str>,
    /// The files.
    pub tree: Arc<dyn Tree + 't>,
}

/// The sources of a repository's clusters.
pub struct RepositorySources<'s> {
    /// The files that are rendered: those that branches of this repository stand for.
    pub base: Named<'s>,
    /// What the files say.
    pub survey: &'s Survey,
    /// Which releases there are.
    pub snapshot: &'s Snapshot,
    /// Git; `None` where the files are a plain folder.
    pub repository: Option<&'s dyn Repository>,
    /// The registries; `None`: stay offline.
    pub registry: Option<&'s dyn Registry>,
    /// Releases to render instead of those that the sources ask for.
    pub instead: BTreeMap<String, Version>,
    /// What was looked up already, by kind, URL and reference.
    known: Mutex<BTreeMap<String, Result<Named<'s>, String>>>,
    /// Whether anything was asked of what is not in the files: a registry, the ledger, another reference.
    asked_beyond: AtomicBool,
}

impl<'s> RepositorySources<'s> {
    /// Sources around these files.
    #[must_use]
    pub fn new(
        base: Named<'s>,
        survey: &'s Survey,
        snapshot: &'s Snapshot,
        repository: Option<&'s dyn Repository>,
        registry: Option<&'s dyn Registry>,
    ) -> Self {
        let (instead, known, asked_beyond) = Default::default();
        Self { base, survey, snapshot, repository, registry, instead, known, asked_beyond }
    }

    /// Whether every answer so far is a function of the files that are rendered, and nothing else.
    #[must_use]
    pub fn is_of_files_alone(&self) -> bool {
        !self.asked_beyond.load(Ordering::Relaxed)
    }

    /// The files of a source, from its `kind` and its fields.
    fn find(&self, kind: &str, spec: &Value) -> Result<Named<'s>, String> {
        let url = spec["url"].as_str().unwrap_or_default();
        let reference = &spec["ref"];
        match kind {
            "GitRepository" if self.survey.inventory.is_this_repository(url) => {
                self.commit(reference)
            }
            "GitRepository" => Err(format!("{url} is another repository")),
            "OCIRepository" => {
                self.asked_beyond.store(true, Ordering::Relaxed);
                self.artifact(url, reference)
            }
            _ => Err(format!("the content of a {kind} cannot be read")),
        }
    }

    /// The commit of this repository that a reference names.
    fn commit(&self, reference: &Value) -> Result<Named<'s>, String> {
        let text = |key: &str| reference[key].as_str().filter(|text| !text.is_empty());
        let trunk = &self.survey.resolved.path.trunk;
        let Some(repository) = self.repository else { return Ok(self.base.clone()) };
        if ["commit", "name", "semver", "tag"].iter().any(|key| text(key).is_some()) {
            self.asked_beyond.store(true, Ordering::Relaxed);
        }
        let resolve = |revision: &str| match repository.resolve(revision) {
            Ok(Some(commit)) => self.tree_of(&commit),
            Ok(None) => Err(format!("{revision} names no commit of this clone")),
            Err(error) => Err(chain(&error)),
        };
        if let Some(commit) = text("commit") {
            return resolve(commit);
        }
        if let Some(name) = text("name") {
            return resolve(name);
        }
        if let Some(range) = text("semver") {
            let tags = repository.tags().map_err(|error| chain(&error))?;
            let range = Range::parse(range).map_err(|error| chain(&error))?;
            let versions = tags.iter().filter_map(|(tag, commit)| {
                Version::parse(tag).ok().filter(|v| range.matches(v)).map(|v| (v, commit))
            });
            let highest = versions.max_by(|(a, _), (b, _)| a.cmp(b));
            return match highest {
                Some((_, commit)) => self.tree_of(commit),
                None => Err(format!("no tag of this repository is in the range {range}")),
            };
        }
        if let Some(tag) = text("tag") {
            return resolve(&format!("refs/tags/{tag}"));
        }
        // What is rendered stands for the trunk: it is what the trunk would be.
        let branch = text("branch").unwrap_or("master");
        if branch == trunk.as_str() {
            return Ok(self.base.clone());
        }
        self.asked_beyond.store(true, Ordering::Relaxed);
        let name = BranchName::parse(branch).map_err(|error| chain(&error))?;
        match repository.tip(&name) {
            Ok(Some(commit)) => self.tree_of(&commit),
            Ok(None) => Err(format!("branch {branch} is not in this clone")),
            Err(error) => Err(chain(&error)),
        }
    }

    fn tree_of(&self, commit: &CommitId) -> Result<Named<'s>, String> {
        let Some(repository) = self.repository else {
            return Err("this folder is in no Git repository".to_owned());
        };
        let blobs = Arc::new(Blobs::of(repository));
        let tree = CommitTree::new(blobs, commit)
            .map_err(|error| format!("{}: {}", commit.short(), chain(&error)))?;
        Ok(Named { id: commit.as_str().into(), tree: Arc::new(tree) })
    }

    /// The release that an artifact's reference names.
    fn artifact(&self, url: &str, reference: &Value) -> Result<Named<'s>, String> {
        let Some(component) = self.component(url) else {
            return Err(format!("no component is released at {url}"));
        };
        let name = &component.name;
        let releases = self
            .snapshot
            .releases
            .get(name)
            .ok_or_else(|| format!("the releases of {name} are not known"))?;
        let lacking = |what: String| lacking(name, &what, &releases.reach);
        let text = |key: &str| reference[key].as_str().filter(|text| !text.is_empty());
        let release = if let Some(version) = self.instead.get(name.as_str()) {
            releases.meant(version).ok_or_else(|| lacking(version.to_string()))?
        } else if let Some(digest) = text("digest") {
            let same = |release: &&Release| {
                release.digest.as_ref().is_some_and(|known| known.as_str() == digest)
            };
            releases.list.iter().find(same).ok_or_else(|| lacking(format!("with {digest}")))?
        } else if let Some(range) = text("semver") {
            let parsed = Range::parse(range).map_err(|error| chain(&error))?;
            let in_range = releases.list.iter().rev().find(|r| parsed.matches(&r.version));
            in_range.ok_or_else(|| lacking(format!("in the range {range}")))?
        } else {
            let tag = text("tag").unwrap_or("latest");
            releases.tagged(tag).ok_or_else(|| lacking(format!("under the tag {tag}")))?
        };
        self.tree_of_release(component, release)
    }

    /// The component whose releases are at `url`.
    #[must_use]
    pub fn component(&self, url: &str) -> Option<&'s Component> {
        let url = url.trim_end_matches('/');
        self.survey.resolved.path.components.iter().find(|component| match &component.releases {
            ReleaseStream::Oci { url: known, .. } => known.trim_end_matches('/') == url,
            ReleaseStream::GitTags | ReleaseStream::Elsewhere { .. } => false,
        })
    }

    /// A release's files: the artifact's, or where that cannot be had those of the commit that it was made from.
    fn tree_of_release(
        &self,
        component: &Component,
        release: &Release,
    ) -> Result<Named<'s>, String> {
        let at = locate::of(component, &self.survey.stated.registries).ok().flatten();
        let version = &release.version;
        let mut why = format!("the registry was not asked for {} {version}", component.name);
        if let (Some(registry), Some(at)) = (self.registry, at) {
            match contents::of_release(registry, &at, release) {
                Ok(contents) => {
                    let id = release.digest.as_ref().map_or(release.tag.as_str(), |d| d.as_str());
                    let files = contents.files.into_iter().map(|(path, entry)| (path, entry.bytes));
                    return Ok(Named { id: id.into(), tree: Arc::new(MemoryTree::new(files)) });
                }
                Err(error) => why = format!("{} {version}: {}", component.name, chain(&error)),
            }
        }
        let (Some(commit), Some(repository)) = (&release.commit, self.repository) else {
            return Err(why);
        };
        let read = || {
            let matcher = release::matcher(&release::patterns(component));
            let mut entries = repository.entries(commit)?;
            entries.retain(|entry| {
                !matcher.excludes(&entry.path.as_str().split('/').collect::<Vec<_>>(), false)
            });
            let names: Vec<String> = entries.iter().map(|entry| entry.blob.clone()).collect();
            let contents = repository.blobs(&names)?;
            Ok(entries.into_iter().map(|entry| entry.path.to_string()).zip(contents).collect())
        };
        let files: Vec<(String, Vec<u8>)> = read()
            .map_err(|error: RepositoryError| format!("{}: {}", commit.short(), chain(&error)))?;
        let id = format!("{}@{commit}", component.name);
        Ok(Named { id: id.as_str().into(), tree: Arc::new(MemoryTree::new(files)) })
    }
}

/// Why a release cannot be had: whether there is none, or nobody who would know could be asked.
fn lacking(component: &ComponentName, what: &str, reach: &Reach) -> String {
    match reach {
        Reach::Reached => format!("{component} has no release {what}"),
        Reach::NotAsked => {
            format!("no release of {component} {what} is recorded, and the registry was not asked")
        }
        Reach::Unreachable { location, .. } => {
            format!(
                "no release of {component} {what} is recorded, and {location} cannot be reached"
            )
        }
        Reach::NotListable { location } => {
            format!("no release of {component} {what} is recorded, and {location} cannot be listed")
        }
    }
}

impl Sources for RepositorySources<'_> {
    fn tree<'a>(&'a self, source: &SourceRef, object: Option<&Value>) -> Source<'a> {
        // What a cluster is bootstrapped from may not be an object in its own folder.
        let Some(object) = object else {
            if source.kind == "GitRepository" && source.name == "flux-system" {
                return Source::Tree { id: self.base.id.clone(), tree: self.base.tree.clone() };
            }
            return Source::Unknown("nothing that the cluster is given creates it".to_owned());
        };
        let spec = &object["spec"];
        let key = format!("{} {} {}", source.kind, spec["url"], spec["ref"]);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry(key).or_insert_with(|| self.find(&source.kind, spec));
        match found {
            Ok(Named { id, tree }) => Source::Tree { id: id.clone(), tree: tree.clone() },
            Err(why) => Source::Unknown(why.clone()),
        }
    }
}
