//! Where and when a command runs: the folder, its Git repository, the registries, the time.
//!
//! The only place that reads the clock and the environment. Resolved once; commands receive it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use towpath_adapters::gauges::HttpGauges;
use towpath_adapters::git::{Git, RemoteBases};
use towpath_adapters::oci::{Oci, OciSettings};
use towpath_core::finding::Finding;
use towpath_core::id::{BranchName, CommitId, ComponentName, EnvironmentName};
use towpath_core::path::{Component, Environment, Path as ChangePath, ReleaseStream};
use towpath_core::plan::Plan;
use towpath_core::record::{PlanHash, Record};
use towpath_core::release::Release;
use towpath_core::snapshot::Snapshot;
use towpath_core::stated::Stated;
use towpath_core::version::Version;
use towpath_engine::gauge::Gauges;
use towpath_engine::locate;
use towpath_engine::observe::{World, observe};
use towpath_engine::ports::{
    ArtifactLocation, FetchedManifest, PushContent, Pushed, Registry, RegistryError, Repository,
};
use towpath_engine::promote::{Loop, View};
use towpath_engine::rendered::{Blobs, CommitTree, Named, Rendering};
use towpath_engine::signers::{self, Listed};
use towpath_engine::survey::{Files, Survey, read_commit, stated, stated_in, survey};
use towpath_render::kustomize::Remotes;

use super::answers::Answers;
use super::args::Global;
use super::builds::Builds;
use super::cache::Cache;
use super::disk_tree::DiskTree;
use super::failure::Failure;
use super::watched::Watched;
use super::work_tree;

/// A command's surroundings.
pub(crate) struct Session {
    /// The top of the repository, or the folder itself where there is none.
    pub(crate) root: PathBuf,
    /// The repository; `None` in a plain folder.
    pub(crate) git: Option<Git>,
    /// When the command began.
    pub(crate) now: Timestamp,
    /// Facts of files that were read before.
    pub(crate) cache: Cache,
    /// Folders that were built before.
    pub(crate) builds: Builds,
    /// Answers that were given before.
    pub(crate) answers: Answers,
    /// Whether nobody is to be asked.
    pub(crate) offline: bool,
    registry: LocalRegistry,
    gauges: HttpGauges,
    remotes: RemoteBases,
}

/// Registries, with layout folders taken relative to the repository.
pub(crate) struct LocalRegistry {
    oci: Oci,
    root: PathBuf,
}

impl LocalRegistry {
    fn place(&self, at: &ArtifactLocation) -> ArtifactLocation {
        match at {
            ArtifactLocation::Layout { folder } => ArtifactLocation::Layout {
                folder: self.root.join(folder).to_string_lossy().into_owned(),
            },
            registry @ ArtifactLocation::Registry { .. } => registry.clone(),
        }
    }
}

impl Registry for LocalRegistry {
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError> {
        self.oci.tags(&self.place(at))
    }

    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        self.oci.manifest(&self.place(at), reference)
    }

    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &towpath_core::id::Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        self.oci.blob(&self.place(at), digest, max_bytes)
    }

    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        self.oci.push(&self.place(at), content, tag)
    }
}

impl Session {
    /// Finds out where we are.
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        let dir = &global.directory;
        if !dir.is_dir() {
            return Err(Failure::new(format!("{} is not a folder", dir.display()))
                .hint("name the repository with -C DIR"));
        }
        let git = Git::open(dir)?;
        let root = git
            .as_ref()
            .and_then(|g| g.top_level().map(Path::to_path_buf))
            .unwrap_or_else(|| dir.clone());
        let kept = git.as_ref().map(|g| g.git_dir().join("towpath"));
        let builds = Builds::below(kept.as_deref());
        let answers = Answers::below(kept.as_deref());
        let cache = Cache::open(kept);
        let settings =
            OciSettings::for_user(std::env::var_os("DOCKER_CONFIG"), std::env::var_os("HOME"));
        let registry = LocalRegistry { oci: Oci::new(settings)?, root: root.clone() };
        let remotes = remote_bases(global);
        let now = now()?;
        Ok(Self {
            root,
            git,
            now,
            cache,
            builds,
            answers,
            offline: global.offline,
            registry,
            gauges: HttpGauges::for_user(),
            remotes,
        })
    }

    /// Keeps what was read and built for the next command.
    pub(crate) fn save_cache(&self) {
        self.cache.save();
        self.builds.save();
    }

    /// The repository, for commands that need one.
    pub(crate) fn git(&self) -> Result<&Git, Failure> {
        self.git.as_ref().ok_or_else(|| {
            Failure::new(format!("{} is not in a Git repository", self.root.display()))
                .hint("this command reads and writes commits; run it in a clone")
        })
    }

    /// The repository for records; where `sign` says so, they are signed whatever Git is configured for.
    pub(crate) fn git_signing(&self, sign: bool) -> Result<Git, Failure> {
        let git = self.git()?.clone();
        Ok(if sign { git.that_signs() } else { git })
    }

    /// The repository as a port; `None` in a plain folder.
    pub(crate) fn repository(&self) -> Option<&dyn Repository> {
        self.git.as_ref().map(|git| git as &dyn Repository)
    }

    /// The files that [`Session::survey_here`] surveys, as a tree that can be rendered.
    pub(crate) fn base_here(&self) -> Result<Named<'_>, Failure> {
        match self.git.as_ref().filter(|git| git.top_level().is_none()) {
            Some(git) => {
                let commit = git
                    .head()?
                    .commit
                    .ok_or_else(|| Failure::new("the repository has no commit yet"))?;
                self.base_at(&commit)
            }
            None => {
                let tree = DiskTree::below(&self.root);
                Ok(Named { id: "the work tree".into(), tree: Arc::new(tree) })
            }
        }
    }

    /// The files of a commit, as a tree that can be rendered.
    pub(crate) fn base_at(&self, commit: &CommitId) -> Result<Named<'_>, Failure> {
        let tree = CommitTree::new(Arc::new(Blobs::of(self.git()?)), commit)?;
        Ok(Named { id: commit.as_str().into(), tree: Arc::new(tree) })
    }

    /// The registries, unless the command is to stay offline.
    pub(crate) fn registry(&self) -> Option<&dyn Registry> {
        (!self.offline).then_some(&self.registry as &dyn Registry)
    }

    /// The sources of alerts and metrics, unless the command is to stay offline.
    pub(crate) fn gauges(&self) -> Option<&dyn Gauges> {
        (!self.offline).then_some(&self.gauges as &dyn Gauges)
    }

    /// The trees of remote bases.
    pub(crate) fn remotes(&self) -> &RemoteBases {
        &self.remotes
    }

    /// Renders clusters with all that is at hand here.
    pub(crate) fn rendering(&self) -> Rendering<'_> {
        let remotes = Some(self.remotes() as &dyn Remotes);
        Rendering::new(self.repository(), self.registry(), remotes, &self.builds)
    }

    /// The registries, for commands that cannot do without.
    pub(crate) fn online_registry(&self) -> Result<&dyn Registry, Failure> {
        self.registry()
            .ok_or_else(|| Failure::new("this command needs a registry, and --offline forbids it"))
    }

    /// Fetches, unless the command is to stay offline.
    pub(crate) fn fetch(&self) -> Result<(), Failure> {
        if !self.offline {
            self.git()?.fetch()?;
        }
        Ok(())
    }

    /// What the files say as they are in the folder, or as `HEAD` has them where there is no work tree.
    pub(crate) fn survey_here(&self) -> Result<Survey, Failure> {
        self.survey_if_any()?.ok_or_else(|| {
            Failure::new(format!("no cluster was found in {}", self.root.display()))
                .hint("Towpath looks for flux-system/gotk-sync.yaml, a FluxInstance, or folders of Flux Kustomizations")
                .hint("clusters can be stated in towpath.yaml: spec.environments[].clusters[].path")
        })
    }

    /// As [`Session::survey_here`]; `None` where there is no cluster.
    pub(crate) fn survey_if_any(&self) -> Result<Option<Survey>, Failure> {
        let survey = survey(self.files_here()?)?;
        Ok((!survey.resolved.path.environments().is_empty()).then_some(survey))
    }

    /// As [`Session::survey_here`], with another file in the place of `towpath.yaml`.
    pub(crate) fn survey_stated_by(&self, file: &str, source: Vec<u8>) -> Result<Survey, Failure> {
        // Read for its mistakes, which are then placed in the file that the user named.
        stated_in(file, &source)?;
        Ok(survey(Files { path_file: Some(source), ..self.files_here()? })?)
    }

    fn files_here(&self) -> Result<Files, Failure> {
        let bare = self.git.as_ref().filter(|git| git.top_level().is_none());
        Ok(match bare {
            Some(git) => {
                let commit = git
                    .head()?
                    .commit
                    .ok_or_else(|| Failure::new("the repository has no commit yet"))?;
                read_commit(git, &commit, &self.cache)?
            }
            None => work_tree::read(&self.root, &self.cache)?,
        })
    }

    /// What `towpath.yaml` of the work tree states; that of the commit where there is none.
    pub(crate) fn stated_here(&self, surveyed: &Survey) -> Result<Stated, Failure> {
        let top = self.git.as_ref().and_then(Git::top_level);
        let source = match top {
            Some(top) => work_tree::read_path_file(top)?,
            None => None,
        };
        match source {
            Some(source) => Ok(stated(&source)?),
            None => Ok(surveyed.stated.clone()),
        }
    }

    /// Whether the folder shows the trunk: then a sandbox has no business in it.
    pub(crate) fn is_on_trunk(&self, trunk: &BranchName) -> Result<bool, Failure> {
        let Some(git) = &self.git else { return Ok(true) };
        Ok(git.head()?.branch.is_none_or(|branch| branch == *trunk))
    }

    /// A snapshot around the files of the folder.
    pub(crate) fn snapshot_here(&self, survey: &Survey) -> Result<Snapshot, Failure> {
        let on_trunk = self.is_on_trunk(&survey.resolved.path.trunk)?;
        let findings = survey.open_findings(on_trunk, self.now);
        self.snapshot_with(survey, findings)
    }

    /// As [`Session::snapshot_here`], where nobody asks for findings.
    pub(crate) fn unchecked_snapshot_here(&self, survey: &Survey) -> Result<Snapshot, Failure> {
        self.snapshot_with(survey, Vec::new())
    }

    fn snapshot_with(&self, survey: &Survey, findings: Vec<Finding>) -> Result<Snapshot, Failure> {
        let world = World {
            now: self.now,
            repository: self.git.as_ref().map(|g| g as &dyn Repository),
            registry: self.registry(),
            base: None,
        };
        Ok(observe(survey, &world, findings)?)
    }

    /// The snapshot with the signatures of what was said of these plans, by the keys that the trunk lists; `None` where
    /// there is nothing to check.
    pub(crate) fn with_signatures(
        &self,
        trunk: &BranchName,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<Option<Snapshot>, Failure> {
        let of = |hash: &PlanHash| plan.proposals.iter().any(|p| p.hash.as_ref() == Some(hash));
        let said = |record: &Record| signers::plan_of(&record.event).is_some_and(of);
        let Some(git) = self.git.as_ref().filter(|_| snapshot.history.records().any(said)) else {
            return Ok(None);
        };
        let Some(listed) = Listed::on(git, trunk)? else { return Ok(None) };
        Ok(signers::with_signatures(git, &listed, snapshot, &of)?)
    }

    /// The loop on this repository's trunk.
    pub(crate) fn loop_on<'a>(&'a self, trunk: &BranchName) -> Result<Loop<'a>, Failure> {
        Ok(Loop {
            repository: self.git()?,
            registry: self.registry(),
            store: &self.cache,
            kept: None,
            now: self.now,
            trunk: trunk.clone(),
            clusters: (!self.offline).then_some(&Watched),
            gauges: self.gauges(),
        })
    }

    /// The trunk, from the files at hand.
    pub(crate) fn trunk(&self) -> Result<BranchName, Failure> {
        Ok(self.survey_here()?.resolved.path.trunk)
    }

    /// Fetches, refuses a repository that is not fit for a change of the trunk, and looks at the trunk.
    pub(crate) fn look(&self) -> Result<(Loop<'_>, View), Failure> {
        let git = self.git()?;
        self.fetch()?;
        let trunk = self.trunk()?;
        let engine = self.loop_on(&trunk)?;
        if git.tip(&trunk)?.is_none() {
            return Err(Failure::new(format!("branch {trunk}, the trunk, has no commit here"))
                .hint("state another trunk in towpath.yaml: spec.trunk"));
        }
        let view = engine.look()?;
        Ok((engine, view))
    }

    /// Refuses what a promotion could silently leave out: uncommitted files, and commits of the trunk
    /// that the remote does not have.
    pub(crate) fn refuse_unpublished(&self, trunk: &BranchName) -> Result<(), Failure> {
        let git = self.git()?;
        let dirty = git.dirty()?;
        if let Some(first) = dirty.first() {
            let more = if dirty.len() > 1 {
                format!(" and {} more", dirty.len() - 1)
            } else {
                String::new()
            };
            return Err(Failure::new(format!(
                "the work tree has changes that are not committed: {first}{more}"
            ))
            .hint("commit them or put them aside with `git stash -u`; nothing was changed"));
        }
        if let (Some(local), Some(tip)) = (git.local_tip(trunk)?, git.tip(trunk)?)
            && local != tip
            && !git.is_ancestor(&local, &tip)?
        {
            let message = if git.is_ancestor(&tip, &local)? {
                format!("the local {trunk} has commits that the remote does not have")
            } else {
                format!("the local {trunk} and the remote's have diverged")
            };
            return Err(Failure::new(message)
                .hint(format!("push or rebase {trunk} first; nothing was changed")));
        }
        Ok(())
    }
}

/// The time, to the second.
pub(crate) fn now() -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_second(Timestamp::now().as_second())?)
}

/// The trees of remote bases, kept in the user's cache folder for all repositories. A command that is to stay offline
/// has those that are there.
pub(crate) fn remote_bases(global: &Global) -> RemoteBases {
    let caches = user_folder("XDG_CACHE_HOME", ".cache");
    let bases = RemoteBases::new(caches.map(|caches| caches.join("towpath/remotes")), Vec::new());
    if global.offline { bases.offline("--offline forbids to ask for it") } else { bases }
}

/// The environment of a name.
pub(crate) fn environment<'a>(
    path: &'a ChangePath,
    name: &str,
) -> Result<&'a Environment, Failure> {
    let parsed = EnvironmentName::parse(name)?;
    path.environment(&parsed).ok_or_else(|| {
        let names: Vec<_> = path.environments().iter().map(|e| e.name.to_string()).collect();
        Failure::new(format!("there is no environment {name}"))
            .hint(format!("the path has {}", super::words::list(&names)))
    })
}

/// The component that is meant in an environment: the one named, the only one, or the path's first.
pub(crate) fn component_in(
    path: &ChangePath,
    snapshot: &Snapshot,
    environment: &Environment,
    name: Option<&str>,
) -> Result<ComponentName, Failure> {
    let here = snapshot.components_of(path, environment);
    let names: Vec<String> = here.iter().map(ToString::to_string).collect();
    if let Some(name) = name {
        let parsed = ComponentName::parse(name)?;
        return match here.iter().find(|c| ***c == parsed) {
            Some(found) => Ok((*found).clone()),
            None => Err(Failure::new(format!("{} has no component {name}", environment.name))
                .hint(format!("it has {}", super::words::list(&names)))),
        };
    }
    here.first().map(|c| (*c).clone()).ok_or_else(|| {
        Failure::new(format!(
            "nothing in {} is tracked, so nothing can be promoted into it",
            environment.name
        ))
    })
}

/// The component that is meant on the path: the one named, the only one that has artifacts, or the first.
pub(crate) fn component_on<'a>(
    path: &'a ChangePath,
    name: Option<&str>,
) -> Result<&'a Component, Failure> {
    let names: Vec<String> = path.components.iter().map(|c| c.name.to_string()).collect();
    if let Some(name) = name {
        let parsed = ComponentName::parse(name)?;
        return path.component(&parsed).ok_or_else(|| {
            Failure::new(format!("there is no component {name}"))
                .hint(format!("the path has {}", super::words::list(&names)))
        });
    }
    let published: Vec<&Component> = path
        .components
        .iter()
        .filter(|c| matches!(c.releases, ReleaseStream::Oci { .. }))
        .collect();
    match published.as_slice() {
        [one] => Ok(one),
        [] => path.components.first().ok_or_else(|| Failure::new("the path has no component")),
        _ => Err(Failure::new("there are several components")
            .hint(format!("name one with --component: {}", super::words::list(&names)))),
    }
}

/// Where a component's artifacts are, or where the user says.
pub(crate) fn location(
    survey: &Survey,
    component: &Component,
    to: Option<&str>,
    insecure: bool,
) -> Result<ArtifactLocation, Failure> {
    if let Some(to) = to {
        let mut at = locate::parse(to, insecure)?;
        // What a user types is relative to where the user is, not to the repository.
        if let ArtifactLocation::Layout { folder } = &mut at {
            *folder = std::path::absolute(&*folder)?.to_string_lossy().into_owned();
        }
        return Ok(at);
    }
    match locate::of(component, &survey.stated.registries)? {
        Some(ArtifactLocation::Registry { repository, insecure: plain }) => {
            Ok(ArtifactLocation::Registry { repository, insecure: plain || insecure })
        }
        Some(layout) => Ok(layout),
        None => Err(Failure::new(format!("{} has no OCI repository", component.name)).hint(
            "name a place with --to, or state one in towpath.yaml: spec.components[].releases",
        )),
    }
}

/// A version that a user typed.
pub(crate) fn version(text: &str) -> Result<Version, Failure> {
    Version::parse_loose(text).map_err(|error| {
        Failure::new(format!("{text:?} is not a version"))
            .because(error)
            .hint("write it like 0.0.8 or 1.2.0-rc.1")
    })
}

/// A release as people read it: version and digest.
pub(crate) fn release_words(release: &Release) -> String {
    match &release.digest {
        Some(digest) => format!("{} ({})", release.version, digest.short()),
        None => release.version.to_string(),
    }
}

/// Where Towpath keeps what outlives a command and belongs to no repository.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    let state = user_folder("XDG_STATE_HOME", ".local/state").ok_or_else(|| {
        Failure::new("there is no folder for the state of programs").hint("set HOME")
    })?;
    Ok(state.join("towpath"))
}

/// A folder of the user's. Only absolute paths count, as the XDG Base Directory Specification has it.
fn user_folder(name: &str, below_home: &str) -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder(name).or_else(|| folder("HOME").map(|home| home.join(below_home)))
}
