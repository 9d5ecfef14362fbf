//! What is particular to layout folders: other writers' layouts, damage, other folders, two writers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use towpath_adapters::oci::{Oci, OciSettings};
use towpath_core::id::Digest;
use towpath_engine::ports::{ArtifactLocation, Pushed, Registry as _, RegistryProblem};

use super::{Artifact, MAX, MEDIA_TYPE, digest, layout, oci, refused, settings};

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

fn location(folder: &Path) -> ArtifactLocation {
    ArtifactLocation::Layout { folder: folder.to_string_lossy().into_owned() }
}

fn blob_file(folder: &Path, digest: &Digest) -> std::path::PathBuf {
    folder.join("blobs/sha256").join(digest.as_str().trim_start_matches("sha256:"))
}

/// Writes a layout as another tool would.
fn foreign(folder: &Path, manifests: &Value, blobs: &[&[u8]]) -> Result<()> {
    fs::create_dir_all(folder.join("blobs/sha256"))?;
    fs::write(folder.join("oci-layout"), "{\n  \"imageLayoutVersion\": \"1.0.0\"\n}")?;
    let index = json!({ "schemaVersion": 2, "manifests": manifests, "annotations": { "a": "b" } });
    fs::write(folder.join("index.json"), index.to_string())?;
    for blob in blobs {
        fs::write(blob_file(folder, &digest(blob)), blob)?;
    }
    Ok(())
}

fn descriptor(media_type: &str, bytes: &[u8], ref_name: Option<&str>) -> Value {
    let mut value =
        json!({ "mediaType": media_type, "digest": digest(bytes).as_str(), "size": bytes.len() });
    if let Some(ref_name) = ref_name {
        value["annotations"] = json!({ REF_NAME: ref_name });
    }
    value
}

#[test]
fn layouts_of_other_tools_are_read_and_added_to() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let at = location(folder.path());
    let [plain, full, nested, untagged, new] =
        ["plain", "full", "nested", "untagged", "new"].map(Artifact::new);
    let inner = json!({
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [descriptor(MEDIA_TYPE, &nested.manifest, Some("3.0.0"))],
    });
    let inner = inner.to_string().into_bytes();
    let manifests = json!([
        descriptor(MEDIA_TYPE, &plain.manifest, Some("1.0.0")),
        descriptor(MEDIA_TYPE, &full.manifest, Some("r.example:5000/org/app:2.0.0")),
        descriptor(INDEX_TYPE, &inner, None),
        descriptor(INDEX_TYPE, b"an index that was not copied", None),
        descriptor(MEDIA_TYPE, &untagged.manifest, None),
        json!({ "mediaType": MEDIA_TYPE, "digest": "sha512:00", "size": 1 }),
    ]);
    let blobs = [&plain, &full, &nested, &untagged].map(|a| a.manifest.as_slice());
    foreign(folder.path(), &manifests, &blobs)?;
    fs::write(blob_file(folder.path(), &digest(&inner)), &inner)?;

    let oci = oci()?;
    assert_eq!(oci.tags(&at)?, ["1.0.0", "2.0.0", "3.0.0"]);
    for (name, artifact) in [("1.0.0", &plain), ("2.0.0", &full), ("3.0.0", &nested)] {
        let found = oci.manifest(&at, name)?.context("it is there")?;
        assert_eq!(found.bytes, artifact.manifest, "{name}");
        let conflict = Pushed::Conflict { found: artifact.digest() };
        assert_eq!(oci.push(&at, &new.content(), name)?, conflict);
    }
    let by_digest = oci.manifest(&at, untagged.digest().as_str())?.context("it is there")?;
    assert_eq!(by_digest.bytes, untagged.manifest);

    assert_eq!(oci.push(&at, &new.content(), "4.0.0")?, Pushed::Created);
    let index: Value = serde_json::from_slice(&fs::read(folder.path().join("index.json"))?)?;
    let entries = index["manifests"].as_array().context("the list stays one")?;
    assert_eq!(entries[..6], manifests.as_array().context("it is a list")?[..]);
    assert_eq!(entries[6], descriptor(MEDIA_TYPE, &new.manifest, Some("4.0.0")));
    assert_eq!(index["annotations"]["a"], "b", "what is not understood stays");
    Ok(())
}

#[test]
fn a_tag_of_two_repositories_is_ambiguous() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let at = location(folder.path());
    let [one, two] = ["one", "two"].map(Artifact::new);
    let manifests = json!([
        descriptor(MEDIA_TYPE, &one.manifest, Some("r.example/a:1.0.0")),
        descriptor(MEDIA_TYPE, &two.manifest, Some("r.example/b:1.0.0")),
    ]);
    foreign(folder.path(), &manifests, &[&one.manifest, &two.manifest])?;
    let error = refused(oci()?.manifest(&at, "1.0.0"));
    assert_eq!(error.problem, RegistryProblem::Refused);
    assert!(error.message.contains("r.example/a:1.0.0"), "{error}");
    assert_eq!(
        refused(oci()?.push(&at, &one.content(), "1.0.0")).problem,
        RegistryProblem::Refused
    );
    Ok(())
}

#[test]
fn what_is_there_but_no_manifest_is_not_given_as_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let at = layout(&folder);
    let artifact = Artifact::new("x");
    oci()?.push(&at, &artifact.content(), "1")?;
    for (digest, _) in &artifact.blobs {
        assert_eq!(oci()?.manifest(&at, digest.as_str())?, None);
    }
    Ok(())
}

#[test]
fn damage_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("new");
    let at = layout(&folder);
    let artifact = Artifact::new("x");
    let oci = oci()?;
    oci.push(&at, &artifact.content(), "1")?;
    let (layer, bytes) = &artifact.blobs[1];

    fs::write(blob_file(&path, layer), &bytes[..3])?;
    assert_eq!(refused(oci.blob(&at, layer, MAX)).problem, RegistryProblem::Corrupt);
    // A push under another tag repairs what was left half-written.
    oci.push(&at, &artifact.content(), "2")?;
    assert_eq!(oci.blob(&at, layer, MAX)?, *bytes);

    fs::write(blob_file(&path, &artifact.digest()), "{}")?;
    assert_eq!(refused(oci.manifest(&at, "1")).problem, RegistryProblem::Corrupt);
    assert_eq!(
        refused(oci.manifest(&at, artifact.digest().as_str())).problem,
        RegistryProblem::Corrupt
    );
    fs::remove_file(blob_file(&path, &artifact.digest()))?;
    let error = refused(oci.manifest(&at, "1"));
    assert_eq!(error.problem, RegistryProblem::Corrupt, "a tag that names nothing: {error}");
    assert_eq!(oci.manifest(&at, artifact.digest().as_str())?, None);

    for index in ["[]", "{", "{\"manifests\": {}}"] {
        fs::write(path.join("index.json"), index)?;
        let error = refused(oci.push(&at, &artifact.content(), "3"));
        assert_eq!(error.problem, RegistryProblem::Corrupt, "{index}: {error}");
        assert_eq!(fs::read_to_string(path.join("index.json"))?, index, "it is left as it was");
    }
    Ok(())
}

#[test]
fn a_folder_that_is_something_else_is_not_touched() -> Result<()> {
    let artifact = Artifact::new("x");
    for (file, content) in [
        ("notes.txt", "mine"),
        ("oci-layout", "{}"),
        ("oci-layout", r#"{"imageLayoutVersion":"2.0.0"}"#),
    ] {
        let folder = tempfile::tempdir()?;
        let at = location(folder.path());
        fs::write(folder.path().join(file), content)?;
        for error in [
            refused(oci()?.push(&at, &artifact.content(), "1")),
            refused(oci()?.manifest(&at, "1")),
            refused(oci()?.tags(&at)),
        ] {
            assert_eq!(error.problem, RegistryProblem::Refused, "{error}");
            assert!(error.message.contains("is not an OCI image layout"), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        assert_eq!(fs::read_to_string(folder.path().join(file))?, content);
    }
    // An empty folder becomes one; a file where the folder should be is an error.
    let folder = tempfile::tempdir()?;
    assert_eq!(oci()?.push(&location(folder.path()), &artifact.content(), "1")?, Pushed::Created);
    let file = folder.path().join("oci-layout");
    assert_eq!(
        refused(oci()?.push(&location(&file), &artifact.content(), "1")).problem,
        RegistryProblem::Refused
    );
    Ok(())
}

#[test]
fn what_is_written_is_whole_and_leaves_nothing_beside() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("new");
    let artifact = Artifact::new("x");
    oci()?.push(&layout(&folder), &artifact.content(), "1")?;
    let names = |folder: &Path| -> Result<Vec<String>> {
        let mut names = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    assert_eq!(names(&path)?, ["blobs", "index.json", "oci-layout"]);
    assert_eq!(names(&path.join("blobs/sha256"))?.len(), 3);
    assert_eq!(fs::read(path.join("oci-layout"))?, br#"{"imageLayoutVersion":"1.0.0"}"#);
    Ok(())
}

#[test]
fn writers_at_the_same_time_lose_nothing() -> Result<()> {
    const WRITERS: u32 = 8;
    let folder = tempfile::tempdir()?;
    let at = layout(&folder);
    let patient =
        OciSettings { lock_wait: Duration::from_millis(1), lock_attempts: 60_000, ..settings() };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let write = |n: u32| {
            let (at, settings) = (&at, patient.clone());
            move || -> Result<Vec<Pushed>> {
                let artifact = Artifact::new(&n.to_string());
                let oci = Oci::new(settings)?;
                // One tag of its own and one that all want.
                [n.to_string(), "wanted".to_owned()]
                    .iter()
                    .map(|tag| Ok(oci.push(at, &artifact.content(), tag)?))
                    .collect()
            }
        };
        let writers: Vec<_> = (0..WRITERS).map(|n| scope.spawn(write(n))).collect();
        writers.into_iter().map(|writer| writer.join().expect("no writer panics")).collect()
    });
    let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
    assert!(answers.iter().all(|answer| answer[0] == Pushed::Created));
    let winners = answers.iter().filter(|answer| answer[1] == Pushed::Created).count();
    assert_eq!(winners, 1, "a tag is created once: {answers:?}");
    assert_eq!(oci()?.tags(&at)?.len(), WRITERS as usize + 1);
    Ok(())
}

#[test]
fn a_lock_that_was_left_behind_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let at = layout(&folder);
    let [first, second] = ["first", "second"].map(Artifact::new);
    let oci = Oci::new(OciSettings { lock_attempts: 2, lock_wait: Duration::ZERO, ..settings() })?;
    oci.push(&at, &first.content(), "1")?;
    let lock = folder.path().join("new/.towpath-lock");
    fs::write(&lock, "")?;
    let error = refused(oci.push(&at, &second.content(), "2"));
    assert!(error.message.contains("locked"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains(".towpath-lock")));
    assert!(lock.exists(), "it may be somebody's");
    assert_eq!(oci.tags(&at)?, ["1"], "reading needs no lock");
    fs::remove_file(&lock)?;
    assert_eq!(oci.push(&at, &second.content(), "2")?, Pushed::Created);
    Ok(())
}
