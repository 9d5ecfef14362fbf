//! Helm releases as clusters store them: reading must answer or refuse, never panic, hang or take more memory than its
//! limits allow.
//!
//! The input is tried as the stored bytes, inside a valid gzip stream, and as the manifest of a valid release: a fuzzer
//! finds neither checksums nor base64.

#![no_main]

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use towpath_check::helm::{Limits, release};
use towpath_check::subject::{Head, Source, Subject};
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;

const LIMITS: Limits = Limits { stored: 1 << 20, unpacked: 1 << 20, objects: 1000 };

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(data).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

fn read(packed: &[u8]) {
    let value = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": "sh.helm.release.v1.web.v1", "namespace": "web"},
        "data": {"release": STANDARD.encode(STANDARD.encode(packed))},
    });
    let file = RepoPath::parse("dump.yaml").expect("a path");
    let head = Head::of_value(&value, Location { file, line: 1, column: 1 }).expect("an object");
    if let Some(Ok(release)) = release(&Subject { head, value }, &LIMITS) {
        assert!(release.subjects.len() <= LIMITS.objects);
        let is_of_release = |s: &Subject| matches!(s.head.source, Source::HelmRelease { .. });
        assert!(release.subjects.iter().all(is_of_release));
    }
}

fuzz_target!(|data: &[u8]| {
    read(data);
    read(&gzip(data));
    if let Ok(manifest) = std::str::from_utf8(data) {
        let stored = json!({"name": "web", "info": {"status": "deployed"}, "manifest": manifest});
        read(&gzip(stored.to_string().as_bytes()));
    }
});
