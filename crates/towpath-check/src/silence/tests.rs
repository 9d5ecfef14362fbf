//! What is silenced, what is not, and what is told of silences themselves.

use jiff::civil::date;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::{EnvironmentName, RepoPath};
use towpath_core::pin::{Location, ObjectRef};
use towpath_core::stated::{StatedChecks, StatedSilence};

use super::{Comments, Settled, Silences, settle};
use crate::place::{Placed, Source};

const TODAY: jiff::civil::Date = date(2026, 6, 15);

fn at(file: &str, line: u32) -> Location {
    Location { file: RepoPath::parse(file).expect("a path"), line, column: 1 }
}

fn names(names: &[&str]) -> Vec<EnvironmentName> {
    names.iter().map(|name| EnvironmentName::parse(name).expect("a name")).collect()
}

fn finding(rule: &'static str, line: u32, environments: &[&str]) -> Finding {
    Finding {
        rule,
        severity: Severity::Warning,
        environments: names(environments),
        object: Some(ObjectRef {
            kind: "Deployment".to_owned(),
            namespace: "apps".to_owned(),
            name: "web".to_owned(),
        }),
        field: None,
        at: at("apps/a.yaml", line),
        message: "said".to_owned(),
        fix: "mend".to_owned(),
    }
}

fn silence(rule: &str) -> StatedSilence {
    StatedSilence {
        rule: rule.to_owned(),
        file: None,
        object: None,
        environments: None,
        reason: "known".to_owned(),
        until: None,
        at: at("towpath.yaml", 5),
    }
}

/// `rule line environments`, a line each; silenced ones behind a `-`.
fn told(settled: &Settled) -> String {
    let line = |placed: &Placed| {
        let finding = &placed.finding;
        let names: Vec<&str> = finding.environments.iter().map(EnvironmentName::as_str).collect();
        format!("{} {} {}", finding.rule, finding.at.line, names.join(",")).trim_end().to_owned()
    };
    let open = settled.open.iter().map(line);
    let silenced = settled.silenced.iter().map(|s| format!("-{}", line(&s.placed)));
    open.chain(silenced).collect::<Vec<_>>().join("; ")
}

fn stated(found: Vec<Finding>, silences: Vec<StatedSilence>, whole: bool) -> String {
    let checks = StatedChecks { silences, ..StatedChecks::default() };
    let by = Silences { stated: &checks, comments: &[], today: TODAY, whole };
    told(&settle(found.into_iter().map(Placed::from).collect(), &by))
}

fn commented(source: &str, lines: &[u32]) -> String {
    let file = RepoPath::parse("apps/a.yaml").expect("a path");
    let comments = [Comments::read(&file, &Source::new(source.as_bytes()), |id| {
        ["moving-tag", "removed-api"].contains(&id)
    })];
    let checks = StatedChecks::default();
    let by = Silences { stated: &checks, comments: &comments, today: TODAY, whole: true };
    let found = lines.iter().map(|line| finding("moving-tag", *line, &[]).into()).collect();
    told(&settle(found, &by))
}

#[test]
fn a_stated_silence_holds_where_all_that_it_says_fits() {
    let tags = || vec![finding("moving-tag", 3, &["staging", "production"])];
    let staging = || Some(names(&["staging"]));
    let text = |text: &str| Some(text.to_owned());
    for (silence, answer) in [
        (silence("moving-tag"), "-moving-tag 3 staging,production"),
        (silence("removed-api"), "moving-tag 3 staging,production"),
        (
            StatedSilence { file: text("apps/**"), ..silence("moving-tag") },
            "-moving-tag 3 staging,production",
        ),
        (
            StatedSilence { file: text("*.yaml"), ..silence("moving-tag") },
            "moving-tag 3 staging,production",
        ),
        (
            StatedSilence { object: text("Deployment */web"), ..silence("moving-tag") },
            "-moving-tag 3 staging,production",
        ),
        (
            StatedSilence { object: text("Deployment apps/api"), ..silence("moving-tag") },
            "moving-tag 3 staging,production",
        ),
        (
            StatedSilence { environments: staging(), ..silence("moving-tag") },
            "moving-tag 3 production; -moving-tag 3 staging",
        ),
        (
            StatedSilence { environments: Some(Vec::new()), ..silence("moving-tag") },
            "moving-tag 3 staging,production",
        ),
        (
            StatedSilence { until: Some(TODAY), ..silence("moving-tag") },
            "-moving-tag 3 staging,production",
        ),
    ] {
        assert_eq!(stated(tags(), vec![silence.clone()], false), answer, "{silence:?}");
    }
    let of = |environment: &str| StatedSilence {
        environments: Some(names(&[environment])),
        ..silence("moving-tag")
    };
    assert_eq!(
        stated(tags(), vec![of("staging"), of("production")], true),
        "-moving-tag 3 staging; -moving-tag 3 production"
    );
    // What concerns the repository as such concerns no environment.
    let of_repository = vec![finding("moving-tag", 3, &[])];
    assert_eq!(stated(of_repository, vec![of("staging")], false), "moving-tag 3");
}

#[test]
fn a_silence_that_is_over_or_not_needed_is_told() {
    let over = StatedSilence { until: Some(date(2026, 6, 14)), ..silence("moving-tag") };
    let tags = || vec![finding("moving-tag", 3, &[])];
    assert_eq!(stated(tags(), vec![over], true), "bad-silence 5; moving-tag 3");
    assert_eq!(
        stated(tags(), vec![silence("removed-api")], true),
        "moving-tag 3; unused-silence 5"
    );
    assert_eq!(stated(tags(), vec![silence("removed-api")], false), "moving-tag 3");
}

#[test]
fn severities_are_as_stated_and_rules_can_be_off() {
    let severities = [
        ("moving-tag".to_owned(), Some(Severity::Error)),
        ("removed-api".to_owned(), None),
        ("bad-silence".to_owned(), Some(Severity::Info)),
    ];
    let over = StatedSilence { until: Some(date(2020, 1, 1)), ..silence("shared-pin") };
    let checks = StatedChecks {
        silences: vec![over],
        severities: severities.into(),
        ..StatedChecks::default()
    };
    let by = Silences { stated: &checks, comments: &[], today: TODAY, whole: true };
    let found = ["moving-tag", "removed-api"].map(|rule| finding(rule, 1, &[]).into());
    let settled = settle(found.into(), &by);
    let severities: Vec<_> =
        settled.open.iter().map(|p| (p.finding.rule, p.finding.severity)).collect();
    assert_eq!(severities, [("moving-tag", Severity::Error), ("bad-silence", Severity::Info)]);
}

#[test]
fn comments_hold_for_their_line_the_next_their_document_or_the_file() {
    for (source, lines, answer) in [
        (
            "a: 1\nb: 2 # towpath:ignore moving-tag: known\nc: 3\n",
            vec![1, 2, 3],
            "moving-tag 1; moving-tag 3; -moving-tag 2",
        ),
        (
            "a: 1\n# towpath:ignore moving-tag: known\nb: 2\nc: 3\n",
            vec![1, 3, 4],
            "moving-tag 1; moving-tag 4; -moving-tag 3",
        ),
        (
            "a: 1\n# towpath:ignore removed-api: other\n# towpath:ignore moving-tag: known\nb: 2\n",
            vec![4],
            "unused-silence 2; -moving-tag 4",
        ),
        (
            "# towpath:ignore moving-tag until 2026-06-15: known\na: 1\n---\nb: 2\n",
            vec![2, 4],
            "-moving-tag 2; -moving-tag 4",
        ),
        (
            "# licence\n\n---\n# towpath:ignore moving-tag: known\na: 1\nb: 2\n",
            vec![6],
            "-moving-tag 6",
        ),
        (
            "a: 1\n---\n# towpath:ignore moving-tag: known\n\nb: 2\nc: 3\n---\nd: 4\n",
            vec![1, 6, 8],
            "moving-tag 1; moving-tag 8; -moving-tag 6",
        ),
        ("a: [ # towpath:ignore moving-tag: known\n", vec![1], "-moving-tag 1"),
        (
            "# towpath:ignore moving-tag,removed-api: known\na: 1\n",
            vec![2],
            "unused-silence 1; -moving-tag 2",
        ),
        (
            "# towpath:ignore moving-tag, removed-api: known: so\na: 1\n",
            vec![2],
            "unused-silence 1; -moving-tag 2",
        ),
    ] {
        assert_eq!(commented(source, &lines), answer, "{source}");
    }
}

#[test]
fn comments_that_say_too_little_are_told_and_silence_nothing() {
    for (comment, answer) in [
        ("# towpath:ignore moving-tag", "bad-silence 1; moving-tag 2"),
        ("# towpath:ignore moving-tag:  ", "bad-silence 1; moving-tag 2"),
        ("# towpath:ignore : known", "bad-silence 1; moving-tag 2"),
        ("# towpath:ignore", "bad-silence 1; moving-tag 2"),
        ("# towpath:ignore moving-tags: known", "bad-silence 1; moving-tag 2"),
        ("# towpath:ignore moving-tag,nothing: known", "bad-silence 1; -moving-tag 2"),
        ("# towpath:ignore moving-tag until 2026-02-30: known", "bad-silence 1; moving-tag 2"),
        ("# towpath:ignore moving-tag until 2026-06-14: known", "bad-silence 1; moving-tag 2"),
        ("# see towpath:ignored", "moving-tag 2"),
        ("# towpath:ignored moving-tag: known", "moving-tag 2"),
    ] {
        assert_eq!(commented(&format!("{comment}\na: 1\n"), &[2]), answer, "{comment}");
    }
}

#[test]
fn texts_are_no_comments() {
    let block = "a: |\n  x\n  # towpath:ignore moving-tag: known\n  y\n";
    assert_eq!(commented(block, &[3, 4]), "moving-tag 3; moving-tag 4");
    let quoted = "a: 'b # towpath:ignore moving-tag: known'\n";
    assert_eq!(commented(quoted, &[1]), "moving-tag 1");
    assert!(
        Comments::are_in(block.as_bytes()) && !Comments::are_in(b"a: towpath\ntowpath: ignore\n")
    );
}
