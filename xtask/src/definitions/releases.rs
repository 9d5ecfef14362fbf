//! The releases of a project that publishes definitions, and their files. Must not judge.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use towpath_core::version::Version;

use crate::{download, run};

/// A project that publishes definitions.
#[derive(Debug)]
pub(super) struct Project {
    /// `owner/repo` of a clone with tags, or the name of a package.
    pub(super) name: String,
    /// The folder of the definitions, anywhere in an archive.
    pub(super) folder: String,
    /// The first release that is looked at.
    pub(super) first: Version,
    /// The archives of a package.
    pub(super) archives: Vec<Archive>,
}

/// A source archive of a release.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    pub(super) version: String,
    pub(super) file: String,
    pub(super) sha256: String,
}

impl Project {
    /// The final releases that are at hand, oldest first, as their makers name them; `None` where there is none.
    pub(super) fn releases(&self, dir: &Path) -> Result<Option<Vec<String>>> {
        let names: Vec<String> = match self.clone(dir) {
            Some(clone) if clone.is_dir() => {
                let tags = run::output(git(&clone).args(["tag", "--list"]))?;
                tags.lines().map(str::to_owned).collect()
            }
            Some(_) => return Ok(None),
            None => {
                let at_hand = self.archives.iter().filter(|it| dir.join(&it.file).is_file());
                at_hand.map(|it| it.version.clone()).collect()
            }
        };
        let mut found: Vec<(Version, String)> = names
            .into_iter()
            .filter_map(|name| Some((Version::parse_loose(&name).ok()?, name)))
            .filter(|(version, _)| !version.is_prerelease() && *version >= self.first)
            .collect();
        found.sort();
        let names: Vec<String> = found.into_iter().map(|(_, name)| name).collect();
        Ok((!names.is_empty()).then_some(names))
    }

    /// The YAML files of a release.
    pub(super) fn files(&self, dir: &Path, version: &str) -> Result<Vec<(String, Vec<u8>)>> {
        match self.clone(dir) {
            Some(clone) => {
                let tree = format!("{version}:{}", self.folder);
                let there = git(&clone).args(["cat-file", "-e", &tree]).output()?;
                // A project may have moved the folder since.
                if !there.status.success() {
                    return Ok(Vec::new());
                }
                let archive = git(&clone).args(["archive", "--format=tar", &tree]).output()?;
                ensure!(archive.status.success(), "git cannot archive {tree} of {}", self.name);
                members(archive.stdout.as_slice(), |_| true)
            }
            None => {
                let archive = self.archives.iter().find(|it| it.version == version);
                let Archive { file, sha256, .. } =
                    archive.with_context(|| format!("{} has no {version}", self.name))?;
                let bytes = download::sound(dir, file, sha256)?;
                let folder = format!("/{}/", self.folder);
                members(GzDecoder::new(bytes.as_slice()), |path| path.contains(&folder))
            }
        }
    }

    /// The folder of the clone of what is no package.
    fn clone(&self, dir: &Path) -> Option<PathBuf> {
        self.name.contains('/').then(|| dir.join(self.name.replace('/', "+")))
    }
}

fn git(clone: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(clone);
    git
}

fn members(
    archive: impl std::io::Read,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        if !(path.ends_with(".yaml") || path.ends_with(".yml")) || !wanted(&path) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        found.push((path, bytes));
    }
    Ok(found)
}
