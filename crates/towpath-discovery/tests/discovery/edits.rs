//! Pins made exact: for each way to write a reference, the whole file before and after.

use crate::common::{Files, inventory};
use towpath_core::id::{ComponentName, Digest, RepoPath};
use towpath_core::pin::NotEditable;
use towpath_core::release::{Release, Seen};
use towpath_core::stated::Stated;
use towpath_core::version::Version;
use towpath_discovery::resolve::{Resolved, resolve};
use towpath_yaml::{Edit, apply, replace_checked};

const FILE: &str = "clusters/production/platform.yaml";
const NEW: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000ff";
const OLD: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";
const COMMIT: &str = "0123456789012345678901234567890123456789";

const SYNC: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: https://git.example.com/fleet, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {path: ./clusters/production, sourceRef: {kind: GitRepository, name: flux-system}}
";

fn files(text: &str) -> Files {
    let sync = ("clusters/production/flux-system/gotk-sync.yaml".to_owned(), SYNC.to_owned());
    Files::from([sync, (FILE.to_owned(), text.to_owned())])
}

fn resolved(text: &str) -> Resolved {
    let inventory = inventory(&files(text)).expect("the file can be read");
    resolve(&inventory, &Stated::default()).expect("there is a path")
}

/// The tracking, and the text after an edit that makes it exact.
fn promote(text: &str, digest: Option<&str>) -> (String, Result<String, NotEditable>) {
    let resolved = resolved(text);
    let [pin] = resolved.pins.as_slice() else { panic!("one pin, and not {:?}", resolved.pins) };
    assert_eq!(pin.at.file, RepoPath::parse(FILE).expect("a path"));
    let release = Release {
        component: ComponentName::parse("platform").expect("a name"),
        version: Version::parse("0.0.8").expect("a version"),
        tag: "0.0.8".to_owned(),
        digest: digest.map(|d| Digest::parse(d).expect("a digest")),
        commit: None,
        seen: Seen::default(),
    };
    let after = pin.set_to(&release).map(|replacements| {
        let mut edits = Vec::new();
        for replacement in replacements {
            assert_eq!(text.get(replacement.range.clone()), Some(replacement.old.as_str()));
            let before = &text[..replacement.range.start];
            assert_eq!(before.matches('\n').count() + 1, replacement.line as usize);
            edits.extend(towpath_discovery::edit::edits(&replacement));
        }
        let bytes =
            replace_checked(text.as_bytes(), &edits).expect("the edits change the pin alone");
        String::from_utf8(bytes).expect("text")
    });
    (pin.tracking.to_string(), after)
}

fn source(kind: &str, spec: &str) -> String {
    format!(
        "# häufig\napiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata:\n  name: platform\n\
         spec:\n  url: oci://registry.example.com/platform # the registry\n{spec}\n# the end\n"
    )
}

#[test]
fn references_become_exact() {
    let with_digest = format!("  ref:\n    tag: 0.0.7\n    digest: {OLD}");
    let both_new = format!("  ref:\n    tag: 0.0.8\n    digest: {NEW}");
    let reversed = format!("  ref: {{digest: '{OLD}', tag: '0.0.7'}}");
    let reversed_new = format!("  ref: {{digest: '{NEW}', tag: '0.0.8'}}");
    let digest_only = format!("  ref:\n    digest: {OLD}");
    let digest_new = format!("  ref:\n    digest: {NEW}");
    let commit = format!("  ref:\n    commit: {COMMIT}");
    let at_digest = format!("exact 0.0.7@{OLD}");
    let on_digest = format!("exact {OLD}");
    let on_commit = format!("exact {COMMIT}");
    let (oci, git) = ("OCIRepository", "GitRepository");
    for (kind, before, tracking, after) in [
        (oci, "  ref:\n    semver: 0.0.x ", "semver 0.0.x", "  ref:\n    tag: 0.0.8 "),
        (oci, "  ref: {semver: '0.0.x'}", "semver 0.0.x", "  ref: {tag: '0.0.8'}"),
        (oci, "  ref:\n    semver:   \">=0.0.1 <1\" # why", "semver >=0.0.1 <1", {
            "  ref:\n    tag:   \"0.0.8\" # why"
        }),
        (oci, "  ref: {\"semver\": \"0.0.x\"}", "semver 0.0.x", "  ref: {\"tag\": \"0.0.8\"}"),
        (oci, "  ref:\n    semver:\n      0.0.x", "semver 0.0.x", "  ref:\n    tag:\n      0.0.8"),
        (
            oci,
            "  ref:\n    ? semver\n    : 0.0.x",
            "semver 0.0.x",
            "  ref:\n    ? tag\n    : 0.0.8",
        ),
        (oci, "  ref:\n    semver: =0.0.7", "exact 0.0.7", "  ref:\n    semver: =0.0.8"),
        (oci, "  ref:\n    tag: 0.0.7", "exact 0.0.7", "  ref:\n    tag: 0.0.8"),
        (oci, "  ref:\n    tag: \"v0.0.7\"", "exact v0.0.7", "  ref:\n    tag: \"0.0.8\""),
        (oci, "  ref:\n    tag: latest", "exact latest", "  ref:\n    tag: 0.0.8"),
        (oci, &with_digest, &at_digest, &both_new),
        (oci, &reversed, &at_digest, &reversed_new),
        (oci, &digest_only, &on_digest, &digest_new),
        (git, "  ref:\n    branch: main", "branch main", "  ref:\n    tag: 0.0.8"),
        (git, "  ref:\n    branch: 'main'", "branch main", "  ref:\n    tag: '0.0.8'"),
        (git, "  ref:\n    tag: 0.0.7", "exact 0.0.7", "  ref:\n    tag: 0.0.8"),
        (git, "  ref:\n    name: refs/tags/0.0.7", "exact 0.0.7", {
            "  ref:\n    name: refs/tags/0.0.8"
        }),
        (git, "  ref:\n    name: refs/heads/main", "branch main", {
            "  ref:\n    name: refs/tags/0.0.8"
        }),
        (git, &commit, &on_commit, "  ref:\n    tag: 0.0.8"),
    ] {
        let (was, now) = promote(&source(kind, before), Some(NEW));
        assert_eq!((was.as_str(), now), (tracking, Ok(source(kind, after))), "{before}");
    }
}

#[test]
fn references_that_stay() {
    let digest_only = format!("  ref:\n    digest: {OLD}");
    let commit = format!("  ref:\n    branch: main\n    commit: {COMMIT}");
    let digest_semver = format!("  ref:\n    semver: 0.0.x\n    digest: {OLD}");
    let (oci, git) = ("OCIRepository", "GitRepository");
    for (kind, spec, tracking, why) in [
        (oci, "", "exact latest", NotEditable::Missing),
        (oci, "  ref: {}", "exact latest", NotEditable::Missing),
        (git, "", "branch master", NotEditable::Missing),
        (oci, "  ref: {semver: 0.0.x, tag: 0.0.7}", "semver 0.0.x", NotEditable::Ambiguous),
        (git, "  ref: {branch: main, tag: 0.0.7}", "exact 0.0.7", NotEditable::Ambiguous),
        // Flux does not take an empty value; a second key of its name would still be one too many.
        (git, "  ref: {branch: main, tag: \"\"}", "branch main", NotEditable::Ambiguous),
        (git, &commit, &format!("exact {COMMIT}"), NotEditable::Ambiguous),
        (oci, &digest_semver, &format!("exact {OLD}"), NotEditable::Ambiguous),
        (oci, "  ref:\n    semver: \"${RANGE}\"", "exact ${RANGE}", NotEditable::Substituted),
        (oci, "  ref:\n    tag: ${TAG:=0.0.7}", "exact ${TAG:=0.0.7}", NotEditable::Substituted),
        (oci, "  ref:\n    tag: &tag 0.0.7", "exact 0.0.7", NotEditable::Aliased),
        (oci, "  x: &r {tag: 0.0.7}\n  ref: *r", "exact 0.0.7", NotEditable::Aliased),
        (oci, "  x: &r {tag: 0.0.7}\n  ref: {<<: *r}", "exact 0.0.7", NotEditable::Aliased),
        (oci, "  ref: &r\n    tag: 0.0.7", "exact 0.0.7", NotEditable::Aliased),
        (oci, "  ref:\n    tag: >-\n      0.0.7", "exact 0.0.7", NotEditable::NotPlain),
        (oci, "  ref:\n    tag: !!str 0.0.7", "exact 0.0.7", NotEditable::NotPlain),
    ] {
        let (was, now) = promote(&source(kind, spec), Some(NEW));
        assert_eq!((was.as_str(), now), (tracking, Err(why)), "{spec}");
    }
    // A digest stays where the release's digest is not known.
    let (_, now) = promote(&source(oci, &digest_only), None);
    assert_eq!(now, Err(NotEditable::Missing));
}

#[test]
fn chart_versions_become_exact() {
    let chart = |version: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: app}}\n\
             spec:\n  chart:\n    spec:\n      chart: app\n{version}      interval: 1h\n"
        )
    };
    for (before, tracking, after) in [
        ("      version: '>5.0.0'\n", "semver >5.0.0", Ok("      version: '0.0.8'\n")),
        ("      version: 5.x # c\n", "semver 5.x", Ok("      version: 0.0.8 # c\n")),
        ("      version: 5.0.0\n", "exact 5.0.0", Ok("      version: 0.0.8\n")),
        ("      version: \"=5.0.0\"\n", "exact 5.0.0", Ok("      version: \"0.0.8\"\n")),
        ("      version: ''\n", "semver *", Err(NotEditable::Missing)),
        ("", "semver *", Err(NotEditable::Missing)),
    ] {
        let resolved = resolved(&chart(before));
        let mut pins = resolved.pins.iter().filter(|pin| pin.component.as_str() == "app");
        let pin = pins.next().expect("a pin");
        assert_eq!(pin.tracking.to_string(), tracking);
        let now = pin.splices.clone().map(|splices| {
            let text = chart(before);
            let edits = splices.iter().map(|splice| Edit {
                range: splice.range.clone(),
                new: format!("{}0.0.8{}", splice.new.before, splice.new.after),
            });
            let bytes = apply(text.as_bytes(), &edits.collect::<Vec<_>>()).expect("the edits fit");
            String::from_utf8(bytes).expect("text")
        });
        assert_eq!(now, after.map(chart));
    }
}

#[test]
fn byte_order_marks_and_line_ends_stay() {
    let before = source("OCIRepository", "  ref:\n    semver: 0.0.x").replace('\n', "\r\n");
    let after = source("OCIRepository", "  ref:\n    tag: 0.0.8").replace('\n', "\r\n");
    let (_, now) = promote(&format!("\u{feff}{before}"), None);
    assert_eq!(now, Ok(format!("\u{feff}{after}")));
}
