//! An artifact that `flux push artifact` made of `danielloader/kubernetes-sdlc`, read and chosen again by ours.
//!
//! The bytes of the layer are compared after unpacking only: two correct gzip writers need not agree. That our own
//! bytes are the same every time is a test of `towpath-artifact`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use towpath_artifact::ignore::Matcher;
use towpath_artifact::{Manifest, ReadLimits, read_layer};

use super::{Suite, Tally};

const ARTIFACT: &str = "corpus/flux-artifact";
const REPOSITORY: &str = "corpus/kubernetes-sdlc";

pub(super) const SUITE: Suite =
    Suite { name: "flux-artifact", needs: &[ARTIFACT, REPOSITORY], run: judge };

/// The `--ignore-paths` with which the artifact was made: nothing but the platform.
const IGNORE_PATHS: &str = "*,!/platform/**";

fn judge(dir: &Path) -> Result<Tally> {
    let read = |name: &str| {
        let file = dir.join(ARTIFACT).join(name);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let (manifest, config, layer) =
        (read("manifest.json")?, read("config.json")?, read("layer.tar.gz")?);
    let mut tally = Tally::default();

    let manifest = Manifest::parse(&manifest)?;
    tally.count(manifest.is_flux(), || "its manifest is not taken for Flux's".to_owned());
    tally.count(manifest.config.verify(&config).is_ok(), || "its config is refused".to_owned());
    let described = manifest.layer(None)?;
    tally.count(described.verify(&layer).is_ok(), || "its layer is refused".to_owned());
    tally.count(manifest.created() == Some("1970-01-01T00:00:00Z"), || {
        format!("was created {:?}", manifest.created())
    });

    let contents = read_layer(&layer, &ReadLimits::default())?;
    let unpacked: BTreeMap<String, Vec<u8>> =
        contents.files.into_iter().map(|(path, entry)| (path, entry.bytes)).collect();
    tally.count(unpacked.len() == 6, || format!("it has {} files and not 6", unpacked.len()));

    let mut repository = BTreeMap::new();
    files(&dir.join(REPOSITORY), "", &mut repository)?;
    let matcher = Matcher::for_push(Some(IGNORE_PATHS));
    repository.retain(|path, _| {
        let parts: Vec<&str> = path.split('/').collect();
        !matcher.excludes(&parts, false)
    });
    tally.count(repository.keys().eq(unpacked.keys()), || {
        format!("we would push {:?}", repository.keys().collect::<Vec<_>>())
    });
    for (path, bytes) in &unpacked {
        tally.count(repository.get(path) == Some(bytes), || format!("{path} has other bytes"));
    }
    Ok(tally)
}

/// Every file below a folder by its path from there, with `/` between its parts.
fn files(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files(&entry.path(), &format!("{path}/"), into)?;
        } else {
            into.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}
