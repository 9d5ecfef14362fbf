//! `towpath test`: a release is put to a test in an environment, and what came of it is recorded.

use crate::support::{PATH_FILE, World, assert_transcript};

const TESTS: &str = "  tests:
  - {name: smoke, command: [sh, tests/smoke.sh]}
  - {name: flaky, command: [sh, -c, 'test -e ../seen || { touch ../seen; echo not yet; exit 1; }'], retries: 2}
  - {name: bad, command: [./tests/bad.sh, one], retries: 1}
  - {name: slow, command: [sh, -c, 'echo begun; sleep 600 & sleep 600'], timeout: 3s}
  - {name: killed, command: [sh, -c, 'kill -9 $$']}
  - {name: missing, command: [no-such-program]}
  - {name: units, junit: results.xml}
";

const SMOKE: &str = "\
echo 'some output' >&2
echo \"$TOWPATH_COMPONENT $TOWPATH_VERSION in $TOWPATH_ENVIRONMENT on $TOWPATH_CLUSTERS\"
echo \"$TOWPATH_DIGEST\"
";

fn world() -> World {
    let after = "    after: [staging]\n";
    let gated =
        PATH_FILE.replace(after, &format!("{after}    gates:\n    - test: {{name: smoke}}\n"));
    let world = World::two_releases_with(&format!("{gated}{TESTS}"));
    world.repo.file("tests/smoke.sh", SMOKE);
    world.repo.file("tests/bad.sh", "#!/bin/sh\necho \"no $1\"\nexit 3\n");
    let bad = world.repo.path().join("tests/bad.sh");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bad, executable).expect("it is ours");
    world.publish("tests");
    world
}

#[test]
fn a_test_that_passed_opens_a_gate() {
    let world = world();
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["test", "staging", "smoke"]), 0);
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["test", "staging", "smoke", "--version", "0.0.7", "-o", "json"]), 0);
    assert_eq!(world.run(&["history", "--limit", "2"]), 0);
    assert_transcript!(world);
}

#[test]
fn failures_and_flakiness_are_recorded() {
    let world = world();
    world.say("a pass after a retry says so");
    assert_eq!(world.run(&["test", "staging", "flaky"]), 0);
    assert_eq!(world.run(&["test", "staging", "bad"]), 1);
    assert_eq!(world.run(&["test", "staging", "bad", "-q"]), 1);
    assert_eq!(world.run(&["test", "staging", "slow"]), 1);
    assert_eq!(world.run(&["test", "staging", "killed"]), 1);
    assert_eq!(world.run(&["history", "--limit", "5"]), 0);
    assert_transcript!(world);
}

#[test]
fn results_of_somebody_else_count() {
    let world = world();
    world.repo.file("results.xml", "<testsuite><testcase name='a'/></testsuite>");
    assert_eq!(world.run(&["test", "staging", "units"]), 0);
    let failed = "<testsuite><testcase name='a'><failure/></testcase></testsuite>";
    world.repo.file("results.xml", failed);
    assert_eq!(world.run(&["test", "staging", "units"]), 1);
    world.repo.file("results.xml", "<testsuites/>");
    assert_eq!(world.run(&["test", "staging", "units"]), 1);
    assert_transcript!(world);
}

#[test]
fn what_cannot_be_run_is_not_recorded() {
    let world = world();
    world.refused(&["test", "staging", "missing"]);
    world.refused(&["test", "staging", "units"]);
    world.repo.file("results.xml", "not results");
    world.refused(&["test", "staging", "units"]);
    world.refused(&["test", "staging", "nothing"]);
    world.refused(&["test", "moon", "smoke"]);
    world.refused(&["test", "staging", "smoke", "--version", "9.9.9"]);
    assert_transcript!(world);
}
