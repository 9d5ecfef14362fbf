//! Packing and reading 5,000 small files, beside `tar cf - | gzip` on the same folder.
//!
//! All sides start from the folder on disk, so that reading the files counts for each; the bar is that packing is no
//! slower than the pipe, though it also digests what it makes.
#![expect(clippy::disallowed_methods, reason = "a benchmark makes its files and runs its rival")]

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};
use towpath_artifact::ignore::Matcher;
use towpath_artifact::{Artifact, FileEntry, Metadata, ReadLimits, pack, read_layer};

const FOLDERS: usize = 100;
const FILES_EACH: usize = 50;

fn write_tree(root: &Path) -> io::Result<()> {
    for folder in 0..FOLDERS {
        let path = root.join(format!("platform/team-{folder:03}"));
        fs::create_dir_all(&path)?;
        for file in 0..FILES_EACH {
            let id = folder * FILES_EACH + file;
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{id}\n  namespace: team-{folder}\n\
                 data:\n  key: {:016x}\n  other: {:016x}\n",
                id.wrapping_mul(0x9E37_79B9_7F4A_7C15),
                id.wrapping_mul(0xC2B2_AE3D_27D4_EB4F),
            );
            fs::write(path.join(format!("settings-{file:02}.yaml")), text.repeat(1 + id % 5))?;
        }
    }
    Ok(())
}

fn read_tree(root: &Path, folder: &Path, files: &mut Vec<FileEntry<'static>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_tree(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).map_err(io::Error::other)?;
            let path_in_artifact = name.to_string_lossy().into_owned();
            let bytes = fs::read(&path)?.into();
            files.push(FileEntry { path: path_in_artifact, executable: false, bytes });
        }
    }
    Ok(())
}

fn towpath(root: &Path) -> Artifact {
    let mut files = Vec::new();
    read_tree(root, root, &mut files).expect("the tree was just written");
    pack(files, &Matcher::for_push(None), &Metadata::default()).expect("every name is plain")
}

fn tar_and_gzip(root: &Path) -> Vec<u8> {
    let mut tar = Command::new("tar")
        .args(["cf", "-", "."])
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .expect("`tar` is installed");
    let stdin = tar.stdout.take().expect("its output is piped");
    let gzip = Command::new("gzip").stdin(stdin).output().expect("`gzip` is installed");
    assert!(tar.wait().expect("`tar` was started").success() && gzip.status.success());
    gzip.stdout
}

fn bench(criterion: &mut Criterion) {
    let root = tempfile::tempdir().expect("a temporary folder can be made");
    write_tree(root.path()).expect("a temporary folder can be written");
    let mut group = criterion.benchmark_group("5000_files");
    group.sample_size(10);
    group.bench_function("pack", |bencher| bencher.iter(|| towpath(root.path())));
    group.bench_function("tar_gzip", |bencher| bencher.iter(|| tar_and_gzip(root.path())));
    let mut files = Vec::new();
    read_tree(root.path(), root.path(), &mut files).expect("the tree was just written");
    group.bench_function("pack_from_memory", |bencher| {
        bencher.iter(|| pack(files.clone(), &Matcher::for_push(None), &Metadata::default()));
    });
    let layer = towpath(root.path()).layer.bytes;
    group.bench_function("read_layer", |bencher| {
        bencher.iter(|| read_layer(&layer, &ReadLimits::default()).expect("it was just packed"));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
