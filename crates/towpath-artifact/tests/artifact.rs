//! What holds for artifacts as a whole: packed here, they are read here, and they are the same everywhere.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use towpath_artifact::ignore::{Matcher, parse_patterns};
use towpath_artifact::{
    Artifact, CREATED, Digest, FileEntry, Manifest, Metadata, NameProblem, PackError, ReadError,
    ReadLimits, diff, pack, read_layer,
};

fn file<'a>(path: &str, bytes: &'a [u8]) -> FileEntry<'a> {
    FileEntry { path: path.to_owned(), executable: false, bytes: Cow::Borrowed(bytes) }
}

fn files<'a>(tree: &[(&str, &'a str)]) -> Vec<FileEntry<'a>> {
    tree.iter().map(|(path, text)| file(path, text.as_bytes())).collect()
}

fn metadata() -> Metadata {
    Metadata {
        source: "https://git.example.com/platform.git".to_owned(),
        revision: "main@sha1:2226c2b3000000000000000000000000000000ab".to_owned(),
        created: "2026-01-02T03:04:05Z".to_owned(),
        annotations: BTreeMap::new(),
    }
}

fn pack_all(files: Vec<FileEntry<'_>>) -> Result<Artifact, PackError> {
    pack(files, &Matcher::default(), &metadata())
}

fn read(layer: &[u8]) -> Result<towpath_artifact::Contents, ReadError> {
    read_layer(layer, &ReadLimits::default())
}

/// Names and types in the order of the archive, folders with a slash.
fn listing(artifact: &Artifact) -> Vec<String> {
    let unpacked = gunzip(&artifact.layer.bytes);
    let mut archive = tar::Archive::new(unpacked.as_slice());
    archive
        .entries()
        .expect("an archive was packed")
        .map(|entry| {
            let entry = entry.expect("every entry was packed");
            let path = String::from_utf8(entry.path_bytes().into_owned()).expect("names are text");
            let slash = if entry.header().entry_type().is_dir() { "/" } else { "" };
            format!("{path}{slash} {:o}", entry.header().mode().expect("modes are octal"))
        })
        .collect()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut unpacked)
        .expect("a layer was packed");
    unpacked
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory is writable");
    encoder.finish().expect("memory is writable")
}

/// A layer with entries that packing would never write.
fn forged(entries: &[(&str, u8, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o640);
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[156] = *kind;
        header.set_cksum();
        builder.append(&header, content.as_bytes()).expect("memory is writable");
    }
    gzip(&builder.into_inner().expect("memory is writable"))
}

/// One release has one digest wherever it is made. If only the layer and the manifest change here, the compressor
/// did; if the archive does, so did what a cluster is given.
#[test]
fn the_bytes_of_a_small_tree_are_known() -> Result<(), PackError> {
    let mut tree = files(&[
        ("platform/services/keda.yaml", "kind: Namespace\n"),
        ("platform/configs.yaml", "kind: List\nitems: []\n"),
        ("README.md", "# platform\n"),
        ("bin/run", "#!/bin/sh\n"),
    ]);
    tree[3].executable = true;
    let artifact = pack(tree, &Matcher::new(parse_patterns("*.md")), &metadata())?;
    let digests = [
        artifact.config.digest,
        Digest::of(&gunzip(&artifact.layer.bytes)),
        artifact.layer.digest,
        artifact.manifest.digest,
    ];
    assert_eq!(
        digests.each_ref().map(Digest::as_str),
        [
            "sha256:5b943e2b943f6c81dbbd4e2eca5121f4fcc39139e3d1219d6d89bd925b77d9fe",
            "sha256:7af09044a74d5b0fbc8d62cc4245a9bc8c32ecb680d485c992d60a7a0f5da6a9",
            "sha256:b3f920b1aa7c38833963d3201d90398c4b10b8be57ef97e502ec03a8e2338b82",
            "sha256:3ab3a0bf495da681300810e82ed01fcc42816666521ebbcc4508cd4e429b4c75",
        ]
    );
    Ok(())
}

#[test]
fn the_manifest_says_what_flux_reads() -> Result<(), Box<dyn std::error::Error>> {
    let mut metadata = metadata();
    metadata.annotations.insert("team".to_owned(), "a=b".to_owned());
    metadata.annotations.insert(CREATED.to_owned(), "1970-01-01T00:00:00Z".to_owned());
    let artifact = pack(files(&[("a", "")]), &Matcher::default(), &metadata)?;
    let text = String::from_utf8(artifact.manifest.bytes.clone())?;
    assert!(
        text.starts_with(
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.flux.config.v1+json","size":115,"digest":"sha256:"#
        ),
        "{text}"
    );
    let manifest = Manifest::parse(&artifact.manifest.bytes)?;
    assert!(manifest.is_flux());
    assert_eq!(manifest.to_bytes(), artifact.manifest.bytes);
    assert_eq!(manifest.created(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(manifest.source(), Some("https://git.example.com/platform.git"));
    assert_eq!(manifest.revision(), Some("main@sha1:2226c2b3000000000000000000000000000000ab"));
    assert_eq!(manifest.annotations.get("team").map(String::as_str), Some("a=b"));
    manifest.config.verify(&artifact.config.bytes)?;
    manifest.layer(None)?.verify(&artifact.layer.bytes)?;
    Ok(())
}

#[test]
fn entries_come_in_walking_order_and_folders_stand_alone() -> Result<(), PackError> {
    let tree = files(&[
        ("a.txt", ""),
        ("a/b/c", ""),
        ("a/b.txt", ""),
        ("a-/x", ""),
        ("only/pictures/p.png", ""),
        ("Z", ""),
    ]);
    let artifact = pack(tree, &Matcher::new(parse_patterns("*.png,b/,!c")), &metadata())?;
    assert_eq!(
        listing(&artifact),
        [
            "./ 755",
            "Z 644",
            "a/ 755",
            "a/b/c 644",
            "a/b.txt 644",
            "a-/ 755",
            "a-/x 644",
            "a.txt 644",
            "only/ 755",
            "only/pictures/ 755",
        ]
    );
    Ok(())
}

#[test]
fn names_beyond_ustar_survive() -> Result<(), Box<dyn std::error::Error>> {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(90));
    let longer = format!("{}/{}", "d".repeat(120), "f".repeat(200));
    let tree: Vec<_> = [long.as_str(), &longer, "日本/語.yaml"].map(|path| file(path, b"x")).into();
    let contents = read(&pack_all(tree)?.layer.bytes)?;
    let mut expected = vec![long.clone(), longer, "日本/語.yaml".to_owned()];
    expected.sort();
    assert_eq!(contents.files.into_keys().collect::<Vec<_>>(), expected);
    assert_eq!(
        contents.folders.into_iter().collect::<Vec<_>>(),
        ["d".repeat(120), "日本".to_owned()]
    );
    Ok(())
}

#[test]
fn what_cannot_be_packed_is_named() {
    let name = |path: &str, problem| PackError::Name { path: path.to_owned(), problem };
    let table = [
        (vec!["/etc/a"], name("/etc/a", NameProblem::Absolute)),
        (vec!["../a"], name("../a", NameProblem::Upwards)),
        (vec!["a/../b"], name("a/../b", NameProblem::Upwards)),
        (vec!["a\\b"], name("a\\b", NameProblem::Backslash)),
        (vec!["a\0"], name("a\0", NameProblem::Nul)),
        (vec!["./a"], name("./a", NameProblem::NotNormal)),
        (vec!["a/"], name("a/", NameProblem::NotNormal)),
        (vec![""], name("", NameProblem::Empty)),
        (vec!["a", "b", "a"], PackError::Duplicate("a".to_owned())),
        (vec!["a/b/c", "a/b"], PackError::FileAndFolder("a/b".to_owned())),
        (vec!["a/b", "a.b", "a"], PackError::FileAndFolder("a".to_owned())),
        (vec![], PackError::Empty { offered: 0 }),
    ];
    for (paths, error) in table {
        let tree = paths.iter().map(|path| file(path, b"")).collect();
        assert_eq!(pack_all(tree), Err(error), "{paths:?}");
    }
    let matcher = Matcher::new(parse_patterns("*"));
    let nothing_left = pack(files(&[("a", ""), ("b", "")]), &matcher, &metadata());
    assert_eq!(nothing_left, Err(PackError::Empty { offered: 2 }));
}

#[test]
fn what_stays_out_is_not_judged() {
    let tree = files(&[("a", ""), ("b\\c", ""), ("b\\c", "")]);
    assert!(pack(tree, &Matcher::new(parse_patterns("b*")), &metadata()).is_ok());
}

#[test]
fn layers_of_other_tools_are_read() -> Result<(), ReadError> {
    let layer = forged(&[
        ("pax_global_header", b'g', "16 comment=hello\n"),
        ("./", b'5', ""),
        ("./a/", b'5', ""),
        ("./a/", b'5', ""),
        ("./a/b", b'0', "text"),
        ("link", b'2', ""),
        ("old", 0, "x"),
        ("older/", 0, ""),
    ]);
    let contents = read(&layer)?;
    let files: Vec<_> =
        contents.files.iter().map(|(path, e)| (path.as_str(), e.mode, &*e.bytes)).collect();
    assert_eq!(files, [("a/b", 0o640, b"text".as_slice()), ("old", 0o640, b"x")]);
    assert_eq!(contents.folders.iter().collect::<Vec<_>>(), ["a", "older"]);
    assert_eq!(contents.skipped, ["link"]);
    Ok(())
}

#[test]
fn hostile_layers_are_refused_by_name() {
    let long = "n".repeat(99);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"plain".to_vec(), "the layer is not a whole gzip stream"),
        (Vec::new(), "the layer is not a whole gzip stream"),
        (gzip(&[1; 512]), "the archive is malformed"),
        (gzip(&[1; 100]), "the archive is malformed"),
        (forged(&[("../a", b'0', "")]), "the archive holds the name `../a`: it leads upwards"),
        (forged(&[("/a", b'0', "")]), "the archive holds the name `/a`: it is absolute"),
        (forged(&[("/a", b'2', "")]), "the archive holds the name `/a`: it is absolute"),
        (forged(&[("a\\b", b'5', "")]), "the archive holds the name `a\\b`: it has a backslash"),
        (forged(&[("a", b'1', "")]), "`a` has the tar type `1`, which Flux does not unpack"),
        (forged(&[("a", b'3', "")]), "`a` has the tar type `3`, which Flux does not unpack"),
        (forged(&[("a", b'6', "")]), "`a` has the tar type `6`, which Flux does not unpack"),
        (forged(&[("a", b'0', ""), ("./a", b'0', "")]), "the archive holds `a` twice"),
        (
            forged(&[("a", b'0', ""), ("a/b", b'0', "")]),
            "the archive holds `a` as a file and as a folder",
        ),
        (
            forged(&[("a", b'0', ""), ("a.b", b'0', ""), ("a/b", b'0', "")]),
            "the archive holds `a` as a file and as a folder",
        ),
        (
            forged(&[("a", b'5', ""), ("a", b'0', "")]),
            "the archive holds `a` as a file and as a folder",
        ),
        (
            forged(&[("a", b'0', ""), ("a/b/c", b'5', "")]),
            "the archive holds `a` as a file and as a folder",
        ),
        (forged(&[(".", b'0', "")]), "the archive holds `.` as a file and as a folder"),
    ];
    for (layer, message) in cases {
        let error = read(&layer).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
    let limits = ReadLimits { max_path: 98, ..ReadLimits::default() };
    let error =
        read_layer(&forged(&[(&long, b'0', "")]), &limits).expect_err("the name is too long");
    assert!(matches!(error, ReadError::Name { problem: NameProblem::TooLong(98), .. }), "{error}");
    let limits = ReadLimits { max_entries: 1, ..ReadLimits::default() };
    let error =
        read_layer(&forged(&[("a", b'0', ""), ("b", b'0', "")]), &limits).expect_err("two entries");
    assert!(matches!(error, ReadError::TooManyEntries(1)), "{error}");
}

#[test]
fn bombs_are_stopped() -> Result<(), PackError> {
    let limits = ReadLimits { max_unpacked: 64 << 10, ..ReadLimits::default() };
    let noise: Vec<u8> =
        (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let large = pack_all(vec![file("a", &noise)])?.layer.bytes;
    let error = read_layer(&large, &limits).expect_err("more than 64 KiB");
    assert!(matches!(error, ReadError::TooLarge { limit: 65_536, .. }), "{error}");

    let zeros = vec![0; 9 << 20];
    let dense = pack_all(vec![file("a", &zeros)])?.layer.bytes;
    let error = read(&dense).expect_err("nothing real compresses a thousandfold");
    assert!(matches!(error, ReadError::TooLarge { limit: ReadLimits::RATIO_FLOOR, .. }), "{error}");
    let patient = ReadLimits { max_ratio: 2000, ..ReadLimits::default() };
    assert!(read_layer(&dense, &patient).is_ok());
    Ok(())
}

#[test]
fn a_layer_cut_anywhere_is_refused() -> Result<(), PackError> {
    let layer = pack_all(files(&[("a", "some text"), ("b/c", "more")]))?.layer.bytes;
    for end in 0..layer.len() {
        assert!(read(&layer[..end]).is_err(), "{end} of {} bytes", layer.len());
    }
    let archive = gunzip(&layer);
    let truncated = read(&gzip(&archive[..2 * 512 + 4])).expect_err("cut inside the content");
    assert_eq!(truncated.to_string(), "the archive ends inside `a`");
    Ok(())
}

/// Trees without clashes: folders and files draw their names from different letters.
fn tree() -> impl Strategy<Value = BTreeMap<String, (bool, Vec<u8>)>> {
    let path = "([a-c日]{1,2}/){0,3}([x-z.é]{0,3}x|x{95,210})";
    let content = (any::<bool>(), prop::collection::vec(any::<u8>(), 0..700));
    prop::collection::btree_map(path, content, 1..12)
}

fn entries<'a>(
    tree: impl IntoIterator<Item = (&'a String, &'a (bool, Vec<u8>))>,
) -> Vec<FileEntry<'a>> {
    tree.into_iter()
        .map(|(path, (executable, bytes))| FileEntry {
            executable: *executable,
            ..file(path, bytes)
        })
        .collect()
}

proptest! {
    #[test]
    fn what_is_packed_is_read(tree in tree()) {
        let layer = pack_all(entries(&tree)).expect("the tree has no clashes").layer;
        let contents = read(&layer.bytes).expect("it was packed");
        let found: BTreeMap<_, _> = contents
            .files
            .iter()
            .map(|(path, entry)| (path.clone(), (entry.is_executable(), entry.bytes.clone())))
            .collect();
        prop_assert_eq!(&found, &tree);
        prop_assert_eq!(diff(&contents, &contents), []);
    }

    #[test]
    fn order_does_not_matter(
        (tree, shuffled) in tree().prop_flat_map(|tree| {
            let paths: Vec<String> = tree.keys().cloned().collect();
            (Just(tree), Just(paths).prop_shuffle())
        }),
    ) {
        let shuffled = entries(shuffled.iter().map(|path| (path, &tree[path])));
        prop_assert_eq!(pack_all(entries(&tree)), pack_all(shuffled));
    }

    #[test]
    fn what_is_kept_is_what_the_matcher_keeps(
        tree in tree(),
        list in "(!?/?([a-c*]{1,2}|[*][*])(/[a-z*]{1,2}|/[*][*])?/?,?){1,4}",
    ) {
        let matcher = Matcher::new(parse_patterns(&list));
        let excluded = |path: &String| matcher.excludes(&path.split('/').collect::<Vec<_>>(), false);
        let kept: Vec<&String> = tree.keys().filter(|path| !excluded(path)).collect();
        match pack(entries(&tree), &matcher, &metadata()) {
            Ok(artifact) => {
                let contents = read(&artifact.layer.bytes).expect("it was packed");
                prop_assert_eq!(contents.files.keys().collect::<Vec<_>>(), kept);
            }
            Err(error) => {
                prop_assert_eq!(error, PackError::Empty { offered: tree.len() });
                prop_assert!(kept.is_empty());
            }
        }
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes);
        let _ = read(&gzip(&bytes));
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn reading_damaged_archives_never_panics(
        tree in tree(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        let layer = pack_all(entries(&tree)).expect("the tree has no clashes").layer;
        let mut archive = gunzip(&layer.bytes);
        for (at, byte, in_header) in damage {
            let at = at.index(archive.len());
            // Most bytes are padding; the fields of a header are where parsers go wrong.
            let at = if in_header { at - at % 512 + at % 160 } else { at };
            archive[at] = byte;
        }
        for block in archive.chunks_exact_mut(512) {
            let mut header = tar::Header::new_old();
            header.as_mut_bytes().copy_from_slice(block);
            header.set_cksum();
            if block[257..262] == *b"ustar" {
                block.copy_from_slice(header.as_bytes());
            }
        }
        if let Ok(contents) = read(&gzip(&archive)) {
            for path in contents.files.keys() {
                prop_assert!(!path.starts_with('/') && !path.split('/').any(|part| part == ".."));
            }
        }
    }
}
