//! `towpath.yaml`: what it may say, and where each mistake is.

use std::time::Duration;

use jiff::civil::date;
use proptest::prelude::*;
use towpath_api::path_file::{PathFileError, Reader, duration, parse, parse_with};
use towpath_core::finding::Severity;
use towpath_core::gate::Condition;
use towpath_core::tracking::Policy;
use towpath_core::why::human;

const HEAD: &str = "apiVersion: towpath.dev/v1alpha1\nkind: Path\n";

/// The report of a file that is wrong.
fn wrong(text: &str) -> String {
    match parse("towpath.yaml", text.as_bytes()) {
        Ok(stated) => format!("no mistake: {stated:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_mistake_is_placed() {
    for (spec, place, words) in [
        ("spec:\n  trunc: main\n", "4:3", "unknown field `trunc`"),
        ("spec:\n  environments:\n  - name: a\n    gate: []\n", "6:5", "unknown field `gate`"),
        ("spec:\n  trunk: [main]\n", "4:10", "invalid type: list, expected a string"),
        ("spec:\n  trunk: 1\n", "4:10", "expected a string"),
        ("spec:\n  signers: {gpg: keys}\n", "4:13", "unknown field `gpg`"),
        ("spec:\n  signers:\n    ssh: ../keys\n", "5:10", "leaves its folder"),
        ("spec:\n  signers:\n    openpgp: a/../../b\n", "5:14", "leaves its folder"),
        (
            "spec:\n  environments:\n  - name: a\n    gates:\n    - soak: 1h\n    - approval:\n        signed: true\n",
            "9:17",
            "nobody could give such an approval: `spec.signers` names no keys",
        ),
        ("spec: here\n", "3:7", "invalid type: string \"here\", expected a mapping"),
        ("spec:\n  environments: {a: b}\n", "4:17", "expected a list"),
        ("spec:\n  environments:\n  - tracks: exact\n", "5:5", "missing field `name`"),
        (
            "spec:\n  environments:\n  - name: ../a\n",
            "5:11",
            "environment name \"../a\" has a character",
        ),
        (
            "spec:\n  environments:\n  - name: a\n    tracks: range\n",
            "6:13",
            "unknown variant `range`",
        ),
        (
            "spec:\n  environments:\n  - name: a\n    after: [b, c d]\n",
            "6:16",
            "environment name \"c d\"",
        ),
        (
            "spec:\n  environments:\n  - name: a\n    clusters:\n    - path: ../x\n",
            "7:13",
            "leaves its folder",
        ),
        (
            "spec:\n  environments:\n  - name: a\n    clusters:\n    - path: x\n      name: a/b\n",
            "8:13",
            "cluster name",
        ),
        (
            "spec:\n  environments:\n  - name: a\n    clusters:\n    - path: .\n",
            "7:7",
            "cluster name \"\" is empty",
        ),
        ("spec:\n  components:\n  - name: a b\n", "5:11", "component name"),
        (
            "spec:\n  components:\n  - name: a\n    paths: [a, b/../c]\n",
            "6:16",
            "leaves its folder",
        ),
        (
            "spec:\n  components:\n  - name: a\n    releases: https://x\n",
            "6:15",
            "must begin with `oci://`",
        ),
        (
            "spec:\n  registries:\n  - from: x\n    to: oci://y\n",
            "5:11",
            "must begin with `oci://`",
        ),
        ("spec:\n  registries:\n  - from: oci://x\n    to: z\n", "6:9", "or `oci-layout:`"),
        ("spec:\n  trunk: a..b\n", "4:10", "branch name \"a..b\""),
        ("spec:\n  checks:\n    silence:\n    - rule: a\n", "6:7", "missing field `reason`"),
        ("spec:\n  checks:\n    silence:\n    - {rule: a, reason: ' '}\n", "6:25", "say why"),
        (
            "spec:\n  checks:\n    silence:\n    - {rule: a, reason: b, until: soon}\n",
            "6:35",
            "\"soon\" is no day",
        ),
        (
            "spec:\n  checks:\n    silence:\n    - {rule: a, reason: b, because: c}\n",
            "6:28",
            "unknown field `because`",
        ),
        (
            "spec:\n  checks:\n    silence:\n    - {rule: a, reason: b, environments: [a/b]}\n",
            "6:43",
            "environment name",
        ),
        (
            "spec:\n  tests:\n  - {name: a, command: [b], job: c}\n",
            "5:12",
            "exactly one of `command`, `job` and `junit`; this one states `command` and `job`",
        ),
        ("spec:\n  tests:\n  - {name: a}\n", "5:12", "this one states none of them"),
        ("spec:\n  tests:\n  - {name: a, job: ../b}\n", "5:20", "leaves its folder"),
        ("spec:\n  checks:\n    severity: {a: loud}\n", "5:19", "unknown variant `loud`"),
        ("spec:\n  checks:\n    owners: [team, my team]\n", "5:20", "no name of a label"),
    ] {
        let report = wrong(&format!("{HEAD}{spec}"));
        let place = format!("towpath.yaml:{place}");
        assert!(
            report.contains(&place) && report.contains(words),
            "{spec}\n{place} {words}\n{report}"
        );
        let line: usize = place.split(':').nth(1).and_then(|l| l.parse().ok()).unwrap_or(0);
        let text = format!("{HEAD}{spec}");
        let shown = text.lines().nth(line - 1).unwrap_or_default();
        assert!(report.contains(shown.trim()), "the line itself is not in\n{report}");
    }
}

#[test]
fn every_mistake_of_a_gate_is_placed() {
    let gates = "spec:\n  environments:\n  - name: a\n    gates:\n    - ";
    for (gate, place, words) in [
        ("bake: 1h", "7:7", "unknown variant `bake`"),
        ("soak: soon", "7:13", "\"soon\" is no duration"),
        ("soak: 48h\n      order: x", "7:7", "a gate is a mapping with one key"),
        ("approval: {count: many}", "7:25", "expected a whole number"),
        ("approval: {count: -1}", "7:25", "expected a whole number"),
        ("approval: {counts: 1}", "7:18", "unknown field `counts`"),
        ("order: {component: a, range: '>>1'}", "7:36", "range"),
        ("order: {component: a/b, range: 1.x}", "7:26", "component name"),
        ("order: {component: a}", "7:14", "missing field `range`"),
        ("verified: [x, 'y z']", "7:21", "environment name \"y z\""),
        ("verified: x", "7:17", "expected a list"),
        ("approval", "7:7", "a gate is a mapping with one key"),
        ("soak:", "7:7", "a gate is a mapping with one key"),
        ("soak: 48", "7:13", "invalid type: integer `48`, expected a string"),
    ] {
        let report = wrong(&format!("{HEAD}{gates}{gate}\n"));
        let place = format!("towpath.yaml:{place}");
        assert!(
            report.contains(&place) && report.contains(words),
            "{gate}\n{place} {words}\n{report}"
        );
    }
}

#[test]
fn what_is_no_path_at_all_is_said_so() {
    let another = format!("{HEAD}---\n{HEAD}");
    for (text, words) in [
        ("", "exactly one YAML document"),
        ("# nothing yet\n", "exactly one YAML document"),
        (&*another, "towpath.yaml:4:1: a path is stated in exactly one YAML document"),
        (
            "apiVersion: towpath.dev/v1alpha1\nkind: Kustomization\n",
            "towpath.yaml:2:7: kind must be `Path`",
        ),
        (
            "apiVersion: towpath.dev/v2\nkind: Path\n",
            "towpath.yaml:1:13: apiVersion must be `towpath.dev/v1alpha1`",
        ),
        ("kind: Path\n", "missing field `apiVersion`"),
        ("- a\n", "towpath.yaml:1:1: a path is a mapping: apiVersion, kind and spec"),
        ("a: [\n", "towpath.yaml:"),
        ("kind: Path\nkind: Path\n", "towpath.yaml:2:1"),
    ] {
        let report = wrong(text);
        assert!(report.contains(words), "{text:?}\nwants {words}\n{report}");
    }
}

#[test]
fn everything_may_be_left_out() -> Result<(), PathFileError> {
    for spec in ["", "spec:\n", "spec: {}\n", "spec:\n  components:\n  environments:\n  trunk:\n"] {
        let stated = parse("towpath.yaml", format!("{HEAD}{spec}").as_bytes())?;
        assert_eq!(stated, towpath_core::stated::Stated::default(), "{spec}");
    }
    Ok(())
}

#[test]
fn signers_are_places_in_the_repository() -> Result<(), PathFileError> {
    let gate = "  environments:\n  - name: a\n    gates:\n    - approval: {signed: true}\n";
    for (places, ssh, openpgp) in [
        ("{ssh: .towpath/allowed_signers}", Some(".towpath/allowed_signers"), None),
        ("{openpgp: ./keys/}", None, Some("keys")),
        ("{ssh: a, openpgp: .}", Some("a"), Some("")),
    ] {
        let text = format!("{HEAD}spec:\n  signers: {places}\n{gate}");
        let stated = parse("towpath.yaml", text.as_bytes())?.signers;
        assert_eq!(stated.ssh.as_ref().map(|file| file.as_str()), ssh);
        assert_eq!(stated.openpgp.as_ref().map(|folder| folder.as_str()), openpgp);
    }
    Ok(())
}

#[test]
fn what_is_stated_is_read() -> Result<(), PathFileError> {
    let text = format!(
        "{HEAD}spec:\n  trunk: main\n  components:\n  - name: platform\n    paths: [./platform/, .]\n    releases: oci://r/p\n  environments:\n  - name: staging\n  - name: production\n    tracks: exact\n    clusters:\n    - path: ./clusters/eu/\n    gates:\n    - approval: {{}}\n    - soak: 1h30m\n    - order: {{component: crds, range: 1.x}}\n  registries:\n  - from: oci://r/\n    to: oci-layout:../a/\n"
    );
    let stated = parse("towpath.yaml", text.as_bytes())?;
    let [staging, production] = stated.environments.as_slice() else {
        panic!("two environments are stated: {stated:?}");
    };
    assert_eq!(
        (staging.tracks, staging.after.as_ref(), staging.clusters.as_ref()),
        (None, None, None)
    );
    assert_eq!(production.tracks, Some(Policy::Exact));
    let clusters = production.clusters.iter().flatten();
    let clusters: Vec<_> = clusters.map(|c| (c.name.as_str(), c.folder.as_str())).collect();
    assert_eq!(clusters, [("eu", "clusters/eu")]);
    let [approval, soak, _] = production.gates.as_slice() else { panic!("three gates are stated") };
    assert_eq!((approval.name.as_str(), soak.name.as_str()), ("approval", "soak"));
    let condition = &approval.condition;
    assert!(matches!(condition, Condition::Approval { count: 1, by, .. } if by.is_empty()));
    assert_eq!(soak.condition, Condition::Soak { duration: Duration::from_secs(5400) });
    let paths = stated.components[0].paths.iter().flatten();
    assert_eq!(paths.map(|p| p.as_str()).collect::<Vec<_>>(), ["platform", ""]);
    let registry = &stated.registries[0];
    assert_eq!((&*registry.from, &*registry.to), ("oci://r", "oci-layout:../a"));
    Ok(())
}

#[test]
fn durations_are_numbers_with_units() {
    for (text, seconds) in
        [("48h", 172_800), ("90m", 5400), ("1h30m", 5400), ("2d", 172_800), (" 1s ", 1), ("0h", 0)]
    {
        assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in [
        "",
        "h",
        "1",
        "1h30",
        "-1h",
        "1.5h",
        "1 h",
        "1w",
        "99999999999999999999h",
        "900000000000000d",
    ] {
        assert!(duration(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_duration_that_was_shown_is_read(seconds in 0u64..10_000_000) {
        let shown = human(Duration::from_secs(seconds));
        prop_assert_eq!(duration(&shown), Ok(Duration::from_secs(seconds)));
    }

    #[test]
    fn no_file_makes_it_panic(text in "(apiVersion: towpath.dev/v1alpha1\nkind: Path\nspec:\n)?[ a-z:\\-\\[\\]{}\n#&*'\"|]{0,60}") {
        let _ = parse("towpath.yaml", text.as_bytes());
    }
}

#[test]
fn silences_have_their_place_and_days_need_no_quotes() {
    let spec = "spec:\n  checks:\n    silence:\n    - rule: a\n      reason: ' known '\n      \
                until: 2027-01-31\n    severity: {a: error, b: off, c: \"off\"}\n";
    let text = format!("{HEAD}{spec}");
    let checks = parse("towpath.yaml", text.as_bytes()).expect("no mistake").checks;
    let [silence] = checks.silences.as_slice() else { panic!("{checks:?}") };
    assert_eq!((silence.reason.as_str(), silence.until), ("known", Some(date(2027, 1, 31))));
    assert_eq!((silence.at.line, silence.at.column), (6, 7));
    assert_eq!(checks.severities["a"], Some(Severity::Error));
    assert_eq!((checks.severities["b"], checks.severities["c"]), (None, None));
}

#[test]
fn rules_are_known_to_whoever_knows_them() {
    let reader = Reader { is_rule: &|id| id == "known", is_condition: &|_, _| Ok(()) };
    for (checks, place) in [
        ("silence: [{rule: nothing, reason: a}]", "5:22"),
        ("severity: {known: info, nothing: error}", "5:38"),
    ] {
        let text = format!("{HEAD}spec:\n  checks:\n    {checks}\n");
        let error = parse_with("towpath.yaml", text.as_bytes(), &reader);
        let report = error.map_or_else(|error| error.to_string(), |_| String::new());
        assert!(
            report.contains(&format!("towpath.yaml:{place}: there is no rule nothing")),
            "{report}"
        );
    }
}
