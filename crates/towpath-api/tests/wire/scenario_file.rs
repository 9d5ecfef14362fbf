//! Scenario files: what is left out, what is stated, and each mistake at its place.

use std::time::Duration;

use towpath_api::scenario_file::{parse, without_file};
use towpath_core::scenario::{Between, Ill, Scenario, Share, When};

const HEAD: &str = "apiVersion: towpath.dev/v1alpha1\nkind: Scenario\n";

fn read(text: &str) -> Result<Scenario, String> {
    let now = "2026-01-05T09:00:00Z".parse().expect("a time");
    parse("quarter.yaml", text.as_bytes(), now).map_err(|e| e.report)
}

#[test]
fn everything_may_be_left_out() {
    let scenario = read(HEAD).expect("it is right");
    let now = "2026-01-05T09:00:00Z".parse().expect("a time");
    assert_eq!(scenario, without_file(now));
    assert_eq!(scenario.end.to_string(), "2026-04-05T09:00:00Z");
    assert_eq!(scenario.releases[0].when, When::Every(Duration::from_secs(7 * 86_400)));
    assert_eq!(scenario.promotions, None);
    assert_eq!(scenario.approvals.after, Duration::from_secs(7200));
}

#[test]
fn what_is_stated_is_read() {
    let text = "\
spec:
  start: 2026-03-02
  end: 2026-06-01T12:00
  zone: Europe/Berlin
  seed: 7
  releases:
  - cron: 0 10 * * tue,thu
    components: [platform]
  - at: 2026-03-10T10:00:00Z
    version: 0.1.0
    by: Ann <ann@example.com>
    fails:
    - in: [staging]
      after: 30m
      for: 2h
  failures:
  - chance: 2.5%
    after: 1h..72h
    in: [production]
  delivery:
  - takes: 2m..10m
  - in: [production]
    takes: 1h
  lost:
  - clusters: [eu-1]
    from: 2026-04-01
    until: 2026-04-02
  broken:
  - clusters: [eu-2]
    from: 2026-04-01
  alerts:
  - labels: {severity: critical}
    from: 2026-04-03
    until: 2026-04-04
  approvals:
    by: [Bob <bob@example.com>]
    officeHours: Mon-Fri 09:00-17:00
    after: 4h
  promotions: {}
  tests:
    fail: 5%
  freezes:
  - environment: production
    from: 2026-05-01
    reason: a holiday
";
    let scenario = read(&format!("{HEAD}{text}")).expect("it is right");
    assert_eq!(scenario.start.to_string(), "2026-03-01T23:00:00Z");
    assert_eq!(scenario.end.to_string(), "2026-06-01T10:00:00Z");
    assert_eq!(scenario.failures[0].chance, Share(250));
    let hours = |h: u64| Duration::from_secs(3600 * h);
    assert_eq!(scenario.failures[0].how.after, Between { least: hours(1), most: hours(72) });
    assert_eq!(scenario.releases[1].fails[0].lasts, Some(hours(2)));
    assert_eq!(scenario.deliveries[1].takes, Between::exactly(hours(1)));
    let ills: Vec<Ill> = scenario.troubles.iter().map(|t| t.what).collect();
    assert_eq!(ills, [Ill::Lost, Ill::Broken]);
    let office = scenario.approvals.hours[0].to_string();
    assert_eq!(office, "`0 9 * * mon-fri` for 8h in Europe/Berlin");
    assert_eq!(scenario.promotions.map(|people| people.after), Some(hours(2)));
    assert_eq!(scenario.tests.fail, Share(500));
}

#[test]
fn a_mistake_is_told_at_its_line() {
    let cases = [
        ("spec:\n  begin: now\n", "4:", "unknown field `begin`"),
        ("spec:\n  start: yesterday\n", "4:", "time \"yesterday\" is none"),
        ("spec:\n  zone: Berlin\n", "4:", "time zone \"Berlin\""),
        ("spec:\n  start: 2026-03-02\n  end: 2026-03-01\n", "5:", "not after its start"),
        ("spec:\n  end: 2026-03-01\n  for: 9d\n", "5:", "`end` says when it ends"),
        ("spec:\n  releases:\n  - version: 1.0.0\n", "5:", "one of `at`, `every` and `cron`"),
        ("spec:\n  releases:\n  - every: 1d\n    version: 1.0.0\n", "6:", "a version appears once"),
        ("spec:\n  releases:\n  - every: 1s\n", "5:", "at least a minute apart"),
        ("spec:\n  releases:\n  - cron: often\n", "5:", "cron schedule \"often\""),
        ("spec:\n  failures:\n  - chance: 0.1\n", "5:", "invalid type"),
        ("spec:\n  failures:\n  - chance: 101%\n", "5:", "is no share"),
        ("spec:\n  failures:\n  - chance: 1%\n    after: 2h..1h\n", "6:", "goes down"),
        ("spec:\n  delivery:\n  - takes: soon\n", "5:", "is no duration"),
        ("spec:\n  delivery:\n  - takes: 5m\n    in: [a/b]\n", "6:", "environment name \"a/b\""),
        (
            "spec:\n  lost:\n  - clusters: [a]\n    from: 2026-03-02\n    until: 2026-03-01\n",
            "7:",
            "ends before",
        ),
        ("spec:\n  approvals:\n    officeHours: nine to five\n", "5:", "are no office hours"),
        ("spec: {}\n---\nspec: {}\n", "5:", "exactly one YAML document"),
    ];
    for (text, line, words) in cases {
        let report = read(&format!("{HEAD}{text}")).expect_err(text);
        let place = format!("quarter.yaml:{line}");
        assert!(report.starts_with(&place) && report.contains(words), "{text}\n{report}");
    }
    let other = read("apiVersion: towpath.dev/v1alpha1\nkind: Path\n").expect_err("another kind");
    assert!(other.starts_with("quarter.yaml:2:7: kind must be `Scenario`"), "{other}");
}
