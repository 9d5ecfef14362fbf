//! What `kustomize build` 5.8 makes of trees (`kubernetes-sigs/kustomize:api/krusty`), and which of them it refuses.
//!
//! Objects are compared as values, in their order. How many outputs are the same byte for byte is counted beside that.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use towpath_render::MemoryTree;
use towpath_render::kustomize::{Build, Error, Options, build, print};

use super::{Suite, Tally};

const CASES: &str = "cases/kustomize";

/// Of a hundred outputs, how many must be the same byte for byte.
const SAME_BYTES_AT_LEAST: usize = 95;

pub(super) const SUITE: Suite = Suite { name: "kustomize", needs: &[CASES], run };

fn run(dir: &Path) -> Result<Tally> {
    let mut tally = Tally::default();
    let (mut outputs, mut same) = (0, 0);
    let mut cases: Vec<_> = std::fs::read_dir(dir.join(CASES))?.collect::<Result<_, _>>()?;
    cases.retain(|case| case.path().is_dir());
    cases.sort_by_key(std::fs::DirEntry::file_name);
    ensure!(!cases.is_empty(), "there are no cases");
    for case in cases {
        let case = case.path();
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = std::fs::read_to_string(case.join("path"))
            .with_context(|| format!("{name} does not say which folder to build"))?;
        let mut files = BTreeMap::new();
        read(&case.join("in"), "", &mut files)?;
        let built = build(&MemoryTree::new(files), path.trim(), &Options::default());
        if case.join("expected.err").exists() {
            let fails = built.is_err();
            tally.count(fails, || format!("{name}: it builds, where kustomize fails"));
            continue;
        }
        let expected = std::fs::read_to_string(case.join("expected.yaml"))
            .with_context(|| format!("{name} has no expected output"))?;
        outputs += 1;
        same += usize::from(built.as_ref().is_ok_and(|build| print(&build.objects) == expected));
        let wrong = judge(built, &expected)?;
        tally.count(wrong.is_none(), || format!("{name}: {}", wrong.unwrap_or_default()));
    }
    let enough = same * 100 >= outputs * SAME_BYTES_AT_LEAST;
    let figure = format!("{same} of {outputs} outputs are the same byte for byte");
    tally.count(enough, || format!("only {figure}"));
    tally.note = Some(figure);
    Ok(tally)
}

fn judge(built: Result<Build, Error>, expected: &str) -> Result<Option<String>> {
    let built = match built {
        Ok(built) => built,
        Err(error) => return Ok(Some(format!("it does not build: {error}"))),
    };
    let documents = towpath_yaml::parse(expected.as_bytes())?;
    let expected: Vec<Value> = documents.iter().map(|document| document.root.to_json()).collect();
    if built.objects.len() != expected.len() {
        return Ok(Some(format!("{} objects, not {}", built.objects.len(), expected.len())));
    }
    let mut pairs = built.objects.iter().zip(&expected);
    Ok(pairs
        .find(|(object, expected)| *object.value != **expected)
        .map(|(object, expected)| format!("{} differs from {expected}", object.identity())))
}

/// Every file below `folder`, by its path from the first of them.
fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            read(&entry.path(), &path, files)?;
        } else {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
