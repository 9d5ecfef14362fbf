//! The files of a sandbox: those of its origin, with the values changed that would else be the origin's.
//!
//! A pure function of files and facts. What is not one of those values is the same bytes as in the
//! origin: comments, quotes, anchors, line ends, and every file that is not YAML.

use std::collections::BTreeMap;

use towpath_core::id::{BranchName, CommitId, Digest, Folder, RepoPath};
use towpath_core::version::Version;
use towpath_discovery::facts::{
    Detail, Field, HelmRelease, InstanceSync, Kustomization, Object, Source, SourceKind,
    SourceReference,
};
use towpath_discovery::inventory::{FileId, Inventory, Placed};

use super::create::{CreateError, Unpinned};
use super::edit::{New, rewrite};
use super::told::{Change, ChangeWhy, Kept, KeptWhy};
use super::{Entries, SYNC_FILE, below};
use crate::ports::{FileMode, Repository, TreeChange};

/// What a source or chart gives at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// An `OCIRepository`: the manifest's digest.
    Digest(Digest),
    /// A `GitRepository`: the commit.
    Commit(CommitId),
    /// A `HelmRelease`: the chart's version.
    Version(String),
}

/// What is asked about when a source is pinned.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The `OCIRepository`, `GitRepository` or `HelmRelease`.
    pub placed: Placed<'a>,
    /// The field that decides what it gives now.
    pub field: &'a Field,
}

/// Answers what a source or chart gives at this moment; `None` where that is not known.
pub type MomentOf<'a> = dyn Fn(&Ask<'_>) -> Option<Moment> + 'a;

/// A file of the origin as the commit has it.
pub(super) struct SourceFile {
    path: RepoPath,
    mode: FileMode,
    bytes: Vec<u8>,
}

/// What becomes of what.
pub(super) struct Target<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) origin: &'a Folder,
    pub(super) folder: &'a Folder,
    pub(super) trunk: &'a BranchName,
    pub(super) branch: &'a BranchName,
    /// What sources give now; `None` leaves them as they are.
    pub(super) moment: Option<&'a MomentOf<'a>>,
}

/// A clone, ready to be written.
#[derive(Debug)]
pub(super) struct Cloned {
    pub(super) files: Vec<TreeChange>,
    pub(super) changes: Vec<Change>,
    pub(super) kept: Vec<Kept>,
}

/// All files of the origin's folder, without any `gotk-sync.yaml`.
pub(super) fn read(
    repository: &dyn Repository,
    tree: &Entries,
    origin: &Folder,
    commit: &CommitId,
) -> Result<Vec<SourceFile>, CreateError> {
    let mut found = Vec::new();
    let mut names = Vec::new();
    for (_, path, (mode, blob)) in below(tree, origin) {
        if path.file_name() == SYNC_FILE {
            continue;
        }
        if *mode == FileMode::Submodule {
            return Err(CreateError::Submodule { path: path.clone() });
        }
        found.push((path.clone(), *mode));
        names.push(blob.clone());
    }
    if found.is_empty() {
        return Err(CreateError::Empty { folder: origin.clone(), commit: commit.clone() });
    }
    let contents = repository.blobs(&names)?;
    let files = found.into_iter().zip(contents);
    Ok(files.map(|((path, mode), bytes)| SourceFile { path, mode, bytes }).collect())
}

/// A value to be changed.
struct Wanted<'a> {
    object: &'a Object,
    field: &'a Field,
    new: New,
    why: ChangeWhy,
}

/// What one field of an object comes to.
enum Fate {
    Change(New, ChangeWhy),
    Keep(KeptWhy),
}

pub(super) fn clone(target: &Target<'_>, files: Vec<SourceFile>) -> Result<Cloned, CreateError> {
    let mut out = Cloned { files: Vec::new(), changes: Vec::new(), kept: Vec::new() };
    let ids: BTreeMap<&RepoPath, FileId> = target
        .inventory
        .files_below(target.origin)
        .into_iter()
        .map(|id| (&target.inventory.file(id).path, id))
        .collect();
    for SourceFile { path, mode, mut bytes } in files {
        let new_path = moved(target, &path);
        if mode != FileMode::Symlink
            && let Some(id) = ids.get(&path)
        {
            let wanted = target.wanted(*id, &new_path, &mut out.kept)?;
            if !wanted.is_empty() {
                bytes = changed(&path, &new_path, &bytes, wanted, &mut out.changes)?;
            }
        }
        out.files.push(TreeChange::Put { path: new_path, mode, bytes });
    }
    target.outside(&mut out.kept);
    Ok(out)
}

/// The path of a file of the origin's folder in the sandbox's folder.
fn moved(target: &Target<'_>, path: &RepoPath) -> RepoPath {
    let rest = target.origin.strip(path.as_str()).unwrap_or(path.as_str());
    target.folder.join(rest).expect("what is below one folder can be below another")
}

fn changed(
    path: &RepoPath,
    new_path: &RepoPath,
    bytes: &[u8],
    wanted: Vec<Wanted<'_>>,
    changes: &mut Vec<Change>,
) -> Result<Vec<u8>, CreateError> {
    let mut fields = Vec::new();
    let mut told = Vec::new();
    for Wanted { object, field, new, why } in wanted {
        fields.push((field, new));
        told.push((object, field, why));
    }
    let (bytes, written) = rewrite(path, bytes, &fields)?;
    for ((object, field, why), new) in told.into_iter().zip(written) {
        let (object, at) = (object.reference(), field.key.in_file(new_path));
        changes.push(Change { object, at, old: field.written.clone(), new, why });
    }
    Ok(bytes)
}

impl Target<'_> {
    /// The values of a file that have to change; what stays is added to `kept`.
    fn wanted(
        &self,
        id: FileId,
        new_path: &RepoPath,
        kept: &mut Vec<Kept>,
    ) -> Result<Vec<Wanted<'_>>, CreateError> {
        let mut wanted = Vec::new();
        for placed in self.inventory.objects_of(id) {
            let object = placed.object;
            let mut add = |field: Option<&'_ Field>, fate: Option<Fate>| match (field, fate) {
                (_, Some(Fate::Keep(why))) => {
                    let mark = field.map_or(object.at, |field| field.key);
                    let at = mark.in_file(new_path);
                    kept.push(Kept { at, object: Some(object.reference()), why });
                    None
                }
                (Some(_), Some(Fate::Change(new, why))) => Some((new, why)),
                _ => None,
            };
            match &object.detail {
                Detail::Source(source) => {
                    let field = decides(source.kind, &source.reference);
                    if let Some((new, why)) = add(field, self.source(placed, source)?)
                        && let Some(field) = field
                    {
                        wanted.push(Wanted { object, field, new, why });
                    }
                }
                Detail::HelmRelease(release) => {
                    let field = release.version.as_ref();
                    if let Some((new, why)) = add(field, self.chart(placed, release))
                        && let Some(field) = field
                    {
                        wanted.push(Wanted { object, field, new, why });
                    }
                }
                Detail::Kustomization(kustomization) => {
                    let Some(field) = &kustomization.path else { continue };
                    let fate = self.path(placed, kustomization, field);
                    if let Some((new, why)) = add(Some(field), fate) {
                        wanted.push(Wanted { object, field, new, why });
                    }
                }
                Detail::FluxInstance(instance) => {
                    let Some(sync) = &instance.sync else { continue };
                    for (field, fate) in self.instance(sync) {
                        if let Some((new, why)) = add(Some(field), Some(fate)) {
                            wanted.push(Wanted { object, field, new, why });
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(file) = &self.inventory.file(id).facts.kustomize {
            let names = |text: &str| text.rsplit('/').next() == Some(SYNC_FILE);
            kept.extend(file.resources.iter().filter(|e| names(&e.text)).map(|entry| Kept {
                at: entry.at.in_file(new_path),
                object: None,
                why: KeptWhy::Bootstrap,
            }));
        }
        Ok(wanted)
    }

    fn source(&self, placed: Placed<'_>, source: &Source) -> Result<Option<Fate>, CreateError> {
        let git = match source.kind {
            SourceKind::GitRepository => true,
            SourceKind::OciRepository => false,
            SourceKind::HelmRepository | SourceKind::Bucket => return Ok(None),
        };
        let url = self.url(placed, source);
        let here = git && url.is_some_and(|url| self.inventory.is_this_repository(url));
        let reference = &source.reference;
        let Some(field) = decides(source.kind, reference) else {
            // A patch that does not speak of the reference leaves it to what it patches.
            if source.url.is_none() {
                return Ok(None);
            }
            let (object, at) = (placed.object.reference(), placed.at());
            // Flux's default branch (`fluxcd/source-controller:api/v1/gitrepository_types.go`).
            if here && self.trunk.as_str() == "master" {
                return Err(CreateError::NoBranch { object, at });
            }
            if self.moment.is_some() && !here {
                return Err(CreateError::CannotPin { object, at, why: Unpinned::NoReference });
            }
            return Ok(Some(Fate::Keep(KeptWhy::Newest)));
        };
        let value = field.value.trim();
        let is = |other: &Option<Field>| other.as_ref().is_some_and(|o| o.start == field.start);
        let branch = match value.strip_prefix("refs/heads/") {
            Some(branch) if is(&reference.name) => Some(branch),
            _ => is(&reference.branch).then_some(value),
        };
        if let Some(branch) = branch {
            if here && branch == self.trunk.as_str() {
                let prefix = if is(&reference.name) { "refs/heads/" } else { "" };
                let new = New::Value(format!("{prefix}{}", self.branch));
                return Ok(Some(Fate::Change(new, ChangeWhy::Branch)));
            }
            if here {
                return Ok(Some(Fate::Keep(KeptWhy::OtherBranch(branch.to_owned()))));
            }
        }
        let exact = is(&reference.commit) || is(&reference.digest);
        if !exact && let Some(moment) = self.moment {
            let fate = match moment(&Ask { placed, field }) {
                Some(Moment::Commit(commit)) if git => New::Entry("commit", commit.to_string()),
                Some(Moment::Digest(digest)) if !git => New::Entry("digest", digest.to_string()),
                _ => {
                    let (object, at) = (placed.object.reference(), field.key.in_file(placed.file));
                    return Err(CreateError::CannotPin { object, at, why: Unpinned::Unknown });
                }
            };
            return Ok(Some(Fate::Change(fate, ChangeWhy::Pin)));
        }
        Ok(Some(Fate::Keep(match branch {
            Some(branch) => KeptWhy::OtherRepository {
                branch: branch.to_owned(),
                url: url.unwrap_or_default().to_owned(),
            },
            None if is(&reference.semver) => KeptWhy::Range(value.to_owned()),
            None => KeptWhy::Exact(value.to_owned()),
        })))
    }

    /// The URL of a source; a patch has that of the source it patches.
    fn url<'s>(&'s self, placed: Placed<'s>, source: &'s Source) -> Option<&'s str> {
        if let Some(url) = &source.url {
            return Some(&url.value);
        }
        let same =
            |other: &&Object| other.kind == placed.object.kind && other.name == placed.object.name;
        self.objects().filter(same).find_map(|object| match &object.detail {
            Detail::Source(source) => source.url.as_ref().map(|url| url.value.as_str()),
            _ => None,
        })
    }

    /// The objects of the origin's folder, those of `gotk-sync.yaml` too.
    fn objects(&self) -> impl Iterator<Item = &Object> {
        let files = self.inventory.files_below(self.origin);
        files.into_iter().flat_map(|id| self.inventory.objects_of(id)).map(|placed| placed.object)
    }

    fn chart(&self, placed: Placed<'_>, release: &HelmRelease) -> Option<Fate> {
        let Some(field) = &release.version else {
            return release.chart.is_some().then_some(Fate::Keep(KeptWhy::Newest));
        };
        let value = field.value.trim();
        if Version::parse(value).is_ok() {
            return Some(Fate::Keep(KeptWhy::Exact(value.to_owned())));
        }
        match self.moment.map(|moment| moment(&Ask { placed, field })) {
            Some(Some(Moment::Version(version))) => {
                Some(Fate::Change(New::Value(version), ChangeWhy::Pin))
            }
            Some(_) => Some(Fate::Keep(KeptWhy::NotListed(value.to_owned()))),
            None => Some(Fate::Keep(KeptWhy::Range(value.to_owned()))),
        }
    }

    fn path(&self, placed: Placed<'_>, what: &Kustomization, field: &Field) -> Option<Fate> {
        let path = self.own_path(&field.value)?;
        let own = Fate::Change(New::Value(path), ChangeWhy::Folder);
        // A patch need not say the source again.
        let Some(source) = what.source.as_ref() else { return Some(own) };
        let found = self.objects().find(|object| {
            let namespace = source.namespace.as_deref().unwrap_or(&placed.object.namespace);
            object.kind == source.kind
                && object.name == source.name
                && (object.namespace == namespace || object.namespace.is_empty())
        });
        let follows = match found.map(|object| &object.detail) {
            Some(Detail::Source(source)) => self.follows(source),
            _ => source.kind == "GitRepository",
        };
        Some(if follows { own } else { Fate::Keep(KeptWhy::ElsewhereFolder(field.value.clone())) })
    }

    /// Whether a source gives what is on the trunk, and in the sandbox what is on its branch.
    fn follows(&self, source: &Source) -> bool {
        let trunk = self.trunk.as_str();
        source.kind == SourceKind::GitRepository
            && source.url.as_ref().is_none_or(|url| self.inventory.is_this_repository(&url.value))
            && decides(source.kind, &source.reference).is_none_or(|field| {
                field.value == trunk || field.value.strip_prefix("refs/heads/") == Some(trunk)
            })
    }

    /// A path into the origin's folder, as one into the sandbox's, written alike.
    fn own_path(&self, text: &str) -> Option<String> {
        let folder = Folder::parse(text).ok()?;
        if !self.origin.covers(&folder) {
            return None;
        }
        let (origin, new) = (self.origin.as_str(), self.folder.as_str());
        let rest = self.origin.strip(folder.as_str());
        let plain = text.trim_start_matches("./").trim_start_matches('/');
        let lead = &text[..text.len() - plain.len()];
        Some(match (plain.strip_prefix(origin), rest) {
            (Some(tail), _) => format!("{lead}{new}{tail}"),
            (None, Some(rest)) => format!("./{new}/{rest}"),
            (None, None) => format!("./{new}"),
        })
    }

    fn instance<'s>(&self, sync: &'s InstanceSync) -> Vec<(&'s Field, Fate)> {
        let trunk = format!("refs/heads/{}", self.trunk);
        let here = sync.kind == "GitRepository"
            && sync.url.as_ref().is_some_and(|url| self.inventory.is_this_repository(&url.value))
            && sync.reference.as_ref().is_some_and(|reference| reference.value == trunk);
        if !here {
            let field = sync.reference.as_ref().or(sync.path.as_ref());
            let what = sync.url.as_ref().map_or(&sync.kind, |url| &url.value);
            let why = KeptWhy::OtherSync(what.clone());
            return field.map(|field| (field, Fate::Keep(why))).into_iter().collect();
        }
        let mut out = Vec::new();
        if let Some(reference) = &sync.reference {
            let new = New::Value(format!("refs/heads/{}", self.branch));
            out.push((reference, Fate::Change(new, ChangeWhy::Branch)));
        }
        if let Some(field) = &sync.path
            && let Some(path) = self.own_path(&field.value)
        {
            out.push((field, Fate::Change(New::Value(path), ChangeWhy::Folder)));
        }
        out
    }

    /// Adds the sources that the origin's cluster gets from elsewhere and that follow the trunk.
    fn outside(&self, kept: &mut Vec<Kept>) {
        let Some(cluster) =
            self.inventory.clusters.iter().find(|cluster| cluster.folder == *self.origin)
        else {
            return;
        };
        for placed in self.inventory.objects(&cluster.applied) {
            let Detail::Source(source) = &placed.object.detail else { continue };
            if self.origin.contains(placed.file.as_str()) || source.url.is_none() {
                continue;
            }
            if let Some(field) = decides(source.kind, &source.reference)
                && self.follows(source)
            {
                let at = field.key.in_file(placed.file);
                let object = Some(placed.object.reference());
                kept.push(Kept { at, object, why: KeptWhy::Outside });
            }
        }
    }
}

/// The field of `spec.ref` that decides, in Flux's order (`fluxcd/source-controller:api/v1`).
pub(super) fn decides(kind: SourceKind, reference: &SourceReference) -> Option<&Field> {
    let SourceReference { branch, tag, semver, name, commit, digest, .. } = reference;
    let order: [&Option<Field>; 5] = match kind {
        SourceKind::OciRepository => [digest, semver, tag, &None, &None],
        _ => [commit, name, semver, tag, branch],
    };
    order.into_iter().find_map(Option::as_ref)
}
