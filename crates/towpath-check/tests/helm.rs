//! Stored Helm releases: what is read of them, and what is refused.

use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_check::helm::{Error, Limits, release, releases};
use towpath_check::subject::{Head, Source, Subject};
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;

const MANIFEST: &str = "---\n# Source: web/templates/pdb.yaml\napiVersion: policy/v1beta1\n\
    kind: PodDisruptionBudget\nmetadata:\n  name: web\n---\n# Source: web/templates/empty.yaml\n";

fn stored(name: &str, revision: u64, status: &str) -> Value {
    json!({
        "name": name,
        "namespace": "shop",
        "version": revision,
        "info": {"status": status, "description": "Upgrade complete"},
        "chart": {"metadata": {"name": "web", "version": "1.2.3"}, "templates": [{"data": "aGVsbG8="}]},
        "config": {"password": "not to be shown"},
        "manifest": MANIFEST,
        "hooks": [{"name": "test", "manifest": "apiVersion: v1\nkind: Pod\nmetadata: {name: test}\n"}],
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn subject(value: Value) -> Subject {
    let file = RepoPath::parse("dump.yaml").expect("a path");
    let at = Location { file, line: 7, column: 3 };
    Subject { head: Head::of_value(&value, at).expect("an object"), value: value.into() }
}

fn secret(revision: u64, labels: &Value, packed: &[u8]) -> Subject {
    let data = STANDARD.encode(STANDARD.encode(packed));
    subject(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": format!("sh.helm.release.v1.web.v{revision}"),
            "namespace": "shop",
            "labels": labels,
        },
        "data": {"release": data},
    }))
}

fn secret_of(stored: &Value) -> Subject {
    secret(1, &json!({}), &gzip(stored.to_string().as_bytes()))
}

#[test]
fn the_objects_of_a_deployed_release_are_known_with_their_release() {
    let dump = [secret_of(&stored("web", 3, "deployed"))];
    let (found, unreadable) = releases(&dump);
    assert!(unreadable.is_empty());
    let [release] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&*release.namespace, &*release.name, release.revision), ("shop", "web", 3));
    assert_eq!(release.chart, Some(("web".to_owned(), "1.2.3".to_owned())));
    let kinds: Vec<&str> = release.subjects.iter().map(|subject| &*subject.head.kind).collect();
    assert_eq!(kinds, ["PodDisruptionBudget", "Pod"]);
    for subject in &release.subjects {
        assert_eq!(subject.head.source, Source::HelmRelease { release: "shop/web".to_owned() });
        assert_eq!(subject.head.at, dump[0].head.at);
    }
}

#[test]
fn a_scan_that_asks_only_who_objects_are_sees_them_too() {
    let file = RepoPath::parse("dump.yaml").expect("a path");
    let kinds = |dump: &Value| {
        let (heads, unreadable) =
            towpath_check::read::heads(&file, dump.to_string().as_bytes()).expect("YAML");
        assert!(unreadable.is_empty());
        heads.into_iter().map(|head| head.kind).collect::<Vec<_>>()
    };
    let mut dump = Value::clone(&secret_of(&stored("web", 1, "deployed")).value);
    assert_eq!(kinds(&dump)[..2], ["Secret", "PodDisruptionBudget"]);
    dump["type"] = json!("Opaque");
    assert_eq!(kinds(&dump), ["Secret"]);
}

#[test]
fn a_config_map_is_base64_once_and_may_lack_compression() {
    let text = stored("web", 1, "deployed").to_string();
    for packed in [gzip(text.as_bytes()), text.into_bytes()] {
        let config_map = subject(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "web.v1", "labels": {"owner": "helm", "status": "deployed"}},
            "data": {"release": STANDARD.encode(packed)},
        }));
        let (found, unreadable) = releases(&[config_map]);
        assert_eq!((found.len(), unreadable.len()), (1, 0));
    }
}

#[test]
fn of_each_release_the_newest_deployed_revision_counts() {
    let of = |name, revision, status| secret_of(&stored(name, revision, status));
    let labelled = secret(4, &json!({"status": "superseded"}), b"is not even unpacked");
    let dump = [
        of("web", 10, "deployed"),
        of("web", 9, "deployed"),
        of("web", 11, "failed"),
        of("api", 2, "superseded"),
        of("api", 3, "deployed"),
        labelled,
    ];
    let (found, unreadable) = releases(&dump);
    assert!(unreadable.is_empty());
    let found: Vec<_> = found.iter().map(|r| (&*r.name, r.revision)).collect();
    assert_eq!(found, [("api", 3), ("web", 10)]);
}

#[test]
fn what_helm_did_not_store_is_no_release() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"release": "!"}});
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"release": "!"}});
    let (found, unreadable) = releases(&[subject(secret), subject(config_map)]);
    assert_eq!((found.len(), unreadable.len()), (0, 0));
}

#[test]
fn hostile_input_is_refused_with_a_reason() {
    let none = json!({});
    let whole = gzip(stored("web", 1, "deployed").to_string().as_bytes());
    let mut bad_yaml = stored("web", 1, "deployed");
    bad_yaml["manifest"] = json!("a: [");
    let mut many = stored("web", 1, "deployed");
    many["manifest"] = json!("apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n".repeat(11));
    let limits = Limits { stored: 100_000, unpacked: 1 << 20, objects: 10 };
    let reason = |subject: &Subject| {
        release(subject, &limits).expect("it is where a release is stored").expect_err("refused")
    };
    assert!(matches!(reason(&secret(1, &none, &gzip(&vec![b' '; 2 << 20]))), Error::Bomb(_)));
    assert!(matches!(reason(&secret(1, &none, &whole[..whole.len() / 2])), Error::Gzip(_)));
    assert!(matches!(reason(&secret(1, &none, b"garbage")), Error::Json(_)));
    assert!(matches!(reason(&secret(1, &none, &vec![0; 100_000])), Error::TooLarge(_)));
    assert!(matches!(reason(&secret_of(&bad_yaml)), Error::Manifest(_)));
    assert!(matches!(reason(&secret_of(&many)), Error::TooMany(10)));
    let mut garbage = secret_of(&stored("web", 1, "deployed"));
    Arc::make_mut(&mut garbage.value)["data"]["release"] = json!("!!!");
    assert!(matches!(reason(&garbage), Error::Base64(_)));
    Arc::make_mut(&mut garbage.value)["data"] = json!({});
    assert!(matches!(reason(&garbage), Error::Empty));

    let (found, unreadable) = releases(std::slice::from_ref(&garbage));
    assert!(found.is_empty());
    let finding = unreadable[0].finding();
    assert_eq!((finding.rule, finding.at), ("unreadable-file", garbage.head.at));
}

proptest! {
    /// Whatever was stored is read back, and a cut anywhere is an error and no panic.
    #[test]
    fn what_was_stored_is_read_back_and_a_part_of_it_is_not(
        name in "[a-z][a-z0-9-]{0,20}",
        revision in 1_u64..10_000,
        cut in 0.0..1.0_f64,
    ) {
        let text = stored(&name, revision, "deployed").to_string();
        let packed = gzip(text.as_bytes());
        let limits = Limits::default();
        let back = release(&secret(revision, &json!({}), &packed), &limits);
        let back = back.expect("a release").expect("it can be read");
        prop_assert_eq!((back.name, back.revision), (name, revision));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small length")]
        let length = (packed.len() as f64 * cut) as usize;
        let part = release(&secret(revision, &json!({}), &packed[..length]), &limits);
        prop_assert!(part.expect("a release").is_err());
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let limits = Limits::default();
        let _ = release(&secret(1, &json!({}), &bytes), &limits);
        let _ = release(&secret(1, &json!({}), &gzip(&bytes)), &limits);
    }
}
