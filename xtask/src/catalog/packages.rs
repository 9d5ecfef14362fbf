//! The packages: which they are, how to get them, what is in them.
//!
//! They are source archives, got by [`crate::download`], and packages of Debian, which `apt-get` downloads where a suite
//! that has the version is configured.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use towpath_catalog::Minor;

use super::messages;
use crate::download;
use crate::run::{self, Answer};

/// Schemas as JSON, many minors in one package.
pub(super) const SCHEMAS: &str = "kubernetes-validate";
/// Addresses, scopes and verbs as Python source, one package a minor.
pub(super) const RESOURCES: &str = "lightkube-models";

/// Messages and Go types, in packages of Debian.
const MESSAGES: [&str; 3] =
    ["golang-k8s-api-dev", "golang-k8s-apimachinery-dev", "golang-k8s-apiextensions-apiserver-dev"];

const COLUMNS: &str = "minors\tpackage\tversion\tfile\tsha256";

/// A row of the manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Package {
    minors: (Minor, Minor),
    /// Its name in the index.
    pub(super) name: String,
    version: String,
    /// The file that is downloaded.
    pub(super) file: String,
    sha256: String,
}

/// A file in a package.
pub(super) struct Member {
    /// Its path in the package.
    pub(super) path: String,
    /// What is in it.
    pub(super) bytes: Vec<u8>,
}

pub(super) fn parse(table: &str) -> Result<Vec<Package>> {
    let rows = table.strip_prefix(COLUMNS).context("the manifest has other columns")?;
    rows.trim()
        .lines()
        .map(|row| {
            let cells: Vec<&str> = row.split('\t').collect();
            let &[minors, name, version, file, sha256] = cells.as_slice() else {
                anyhow::bail!("`{row}` has {} cells", cells.len());
            };
            let (first, last) = minors.split_once('-').unwrap_or((minors, minors));
            let owned = str::to_owned;
            Ok(Package {
                minors: (first.parse()?, last.parse()?),
                name: owned(name),
                version: owned(version),
                file: owned(file),
                sha256: owned(sha256),
            })
        })
        .collect()
}

/// Downloads what is not there yet.
pub(super) fn fetch(manifest: &[Package], dir: &Path, index: &str) -> Result<Answer> {
    fs::create_dir_all(dir)?;
    for package in manifest {
        let Package { name, version, file, sha256, .. } = package;
        if !package.is_of_messages() {
            download::archive(dir, index, name, file, sha256)?;
            continue;
        }
        if !dir.join(file).is_file() {
            let mut apt = Command::new("apt-get");
            let download =
                run::shown(apt.current_dir(dir).arg("download").arg(format!("{name}={version}")))?;
            ensure!(download == Answer::Yes, "cannot download {file}");
        }
        download::sound(dir, file, sha256)?;
    }
    println!("{} packages are in {}", manifest.len(), dir.display());
    Ok(Answer::Yes)
}

impl Package {
    /// Whether the minor is read from this package.
    pub(super) fn has(&self, minor: Minor) -> bool {
        (self.minors.0..=self.minors.1).contains(&minor)
    }

    /// Whether it is one of those that messages are read from.
    pub(super) fn is_of_messages(&self) -> bool {
        MESSAGES.contains(&self.name.as_str())
    }

    /// The newest minor that is read from it.
    pub(super) fn newest(&self) -> Minor {
        self.minors.1
    }

    /// Paths and texts of the files that say something of messages.
    pub(super) fn sources(&self, dir: &Path) -> Result<Vec<(String, String)>> {
        download::sound(dir, &self.file, &self.sha256)?;
        let mut unpack = Command::new("dpkg-deb");
        let tree = unpack.arg("--fsys-tarfile").arg(dir.join(&self.file)).output();
        let tree = tree.context("cannot run dpkg-deb")?;
        ensure!(tree.status.success(), "dpkg-deb cannot read {}", self.file);
        let mut archive = tar::Archive::new(tree.stdout.as_slice());
        let mut files = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            if entry.header().entry_type().is_file() && messages::is_source(&path) {
                let mut text = String::new();
                entry.read_to_string(&mut text)?;
                files.push((path, text));
            }
        }
        ensure!(!files.is_empty(), "{} has none of the expected files", self.file);
        files.sort();
        Ok(files)
    }

    /// The files of interest, each with the minor that it describes.
    pub(super) fn open(&self, dir: &Path) -> Result<Vec<(Minor, Member)>> {
        let bytes = download::sound(dir, &self.file, &self.sha256)?;
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        let mut members = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let minor = match self.name.as_str() {
                SCHEMAS => described(&path),
                RESOURCES => is_resources(&path).then_some(self.minors.0),
                _ => None,
            };
            if let Some(minor) = minor.filter(|minor| self.has(*minor)) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                members.push((minor, Member { path, bytes }));
            }
        }
        ensure!(!members.is_empty(), "{} has none of the expected files", self.file);
        // The order in the archive is its maker's business.
        members.sort_by(|(a, one), (b, other)| (a, &one.path).cmp(&(b, &other.path)));
        Ok(members)
    }
}

/// The minor in `.../v1.36.0-local/_definitions.json`. There are strict copies beside, which say no more.
fn described(path: &str) -> Option<Minor> {
    let folder = path.strip_suffix("-local/_definitions.json")?;
    folder.rsplit('/').next()?.parse().ok()
}

fn is_resources(path: &str) -> bool {
    path.contains("/lightkube/resources/")
        && path.ends_with(".py")
        && !path.ends_with("/__init__.py")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_is_in_the_path() {
        let below = "p/src/kubernetes-json-schema";
        let minor = described(&format!("{below}/v1.36.0-local/_definitions.json"));
        assert_eq!(minor, Some(Minor::new(36)));
        for other in ["v1.36.0-local-strict/_definitions.json", "v1.36.0-local/pod.json"] {
            assert_eq!(described(&format!("{below}/{other}")), None);
        }
    }

    #[test]
    fn a_manifest_is_a_table() -> Result<()> {
        let packages = parse(&format!(
            "{COLUMNS}\n1.11-1.24\ta\t1\ta.tar.gz\tff\n1.25\tb\t2\tb.tar.gz\t00\n"
        ))?;
        assert_eq!(packages.len(), 2);
        assert!(packages[0].has(Minor::new(24)) && !packages[0].has(Minor::new(25)));
        assert!(parse("other\n").is_err() && parse(&format!("{COLUMNS}\n1.25\tb\n")).is_err());
        Ok(())
    }
}
