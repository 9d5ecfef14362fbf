//! Layers and manifests of outside origin: reading must answer or refuse, never panic, hang or take more memory than
//! its limits allow.
//!
//! The input is tried as it is, and as the archive inside a valid gzip stream: a fuzzer does not find checksums.

#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use towpath_artifact::{Contents, Manifest, ReadLimits, RevisionRef, diff, read_layer};

const LIMITS: ReadLimits =
    ReadLimits { max_unpacked: 1 << 20, max_ratio: 200, max_entries: 1000, max_path: 256 };

fn check(contents: &Contents) {
    for path in contents.files.keys().chain(&contents.folders) {
        assert!(path.len() <= LIMITS.max_path && !path.contains('\\') && !path.contains('\0'));
        assert!(path.split('/').all(|component| !matches!(component, "" | "." | "..")), "{path:?}");
    }
    assert!(diff(contents, contents).is_empty());
}

fuzz_target!(|data: &[u8]| {
    if let Ok(contents) = read_layer(data, &LIMITS) {
        check(&contents);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(data).expect("writing to memory does not fail");
    if let Ok(contents) =
        read_layer(&encoder.finish().expect("writing to memory does not fail"), &LIMITS)
    {
        check(&contents);
    }
    if let Ok(manifest) = Manifest::parse(data) {
        let written = manifest.to_bytes();
        assert_eq!(Manifest::parse(&written).expect("it was just written"), manifest);
        if let Some(Ok(revision)) = manifest.revision().map(RevisionRef::parse) {
            assert_eq!(RevisionRef::parse(&revision.to_string()), Ok(revision));
        }
    }
});
