//! `towpath check` and `towpath explain-rule`: every form of the answer, and what is silenced.

use serde_json::Value;

use crate::render::{kustomization, sync};
use crate::support::{World, assert_transcript};

const BUDGET: &str = "\
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
";

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";

/// Two environments that are given the same old objects.
fn fleet(more: &[(&str, &str)]) -> World {
    let (staging, production) = (sync("clusters/staging"), sync("clusters/production"));
    let apps = kustomization("apps", "./apps", "");
    let mut files = vec![
        ("clusters/staging/flux-system/gotk-sync.yaml", staging.as_str()),
        ("clusters/staging/apps.yaml", &apps),
        ("clusters/production/flux-system/gotk-sync.yaml", &production),
        ("clusters/production/apps.yaml", &apps),
        ("apps/namespace.yaml", NAMESPACE),
        ("apps/budget.yaml", BUDGET),
    ];
    files.extend(more);
    World::of(files.iter().map(|(path, text)| (*path, text.as_bytes())))
}

/// Silences of every fate: used for a part, over, not needed; and a rule that matters more.
const PATH_FILE: &str = "\
apiVersion: towpath.dev/v1alpha1
kind: Path
spec:
  environments:
  - name: staging
    kubernetes: \"1.24\"
  - name: production
    kubernetes: \"1.30\"
  checks:
    silence:
    - rule: removed-api
      file: apps/**
      environments: [production]
      reason: goes with the move to the new cluster
      until: 2999-12-31
    - rule: moving-tag
      reason: was for last year
      until: 2020-12-31
    - rule: shared-pin
      object: OCIRepository */nothing
      reason: nobody knows any more
    severity:
      deprecated-api: error
";

/// What is found once in all forms: an error, a warning in a file that says bad things about itself, and a silence.
fn small() -> World {
    let old = format!("# towpath:ignore removed-api\n{BUDGET}");
    let known = "\
apiVersion: policy/v1beta1 # towpath:ignore removed-api until 2999-12-31: nobody applies it
kind: PodDisruptionBudget
metadata: {name: known}
";
    World::of([
        ("m/a,b.yaml", old.as_bytes()),
        ("m/known.yaml", known.as_bytes()),
        ("m/broken.yaml", b"kind: [\n"),
        ("m/fine.yaml", NAMESPACE.as_bytes()),
    ])
}

#[test]
fn a_repository_is_judged_for_each_environment() {
    let world = fleet(&[]);
    world.run(&["check", "--kubernetes", "1.30"]);
    world.run(&["check"]);
    assert_transcript!(world);
}

#[test]
fn silences_hold_for_what_they_say_and_are_told_when_they_do_not() {
    let world = fleet(&[("towpath.yaml", PATH_FILE)]);
    world.run(&["check"]);
    let json = world.json(&["check"]);
    let rules = |key: &str| -> Vec<String> {
        let rule = |found: &Value| found["rule"].as_str().unwrap_or_default().to_owned();
        json[key].as_array().map(|all| all.iter().map(rule).collect()).unwrap_or_default()
    };
    assert!(rules("findings").contains(&"unused-silence".to_owned()), "{json}");
    assert_eq!(rules("silenced"), ["removed-api"]);
    assert_eq!(json["silenced"][0]["environments"], serde_json::json!(["production"]));
    assert_eq!(json["silenced"][0]["silencedAt"], "towpath.yaml:11");
    assert_transcript!(world);
}

#[test]
fn a_silence_of_what_is_no_rule_is_a_mistake() {
    let world = fleet(&[("towpath.yaml", &PATH_FILE.replace("moving-tag", "moving-tags"))]);
    world.refused(&["check"]);
    world.refused(&["status"]);
    assert_transcript!(world);
}

#[test]
fn every_form_for_people_says_the_same() {
    let world = small();
    for form in ["table", "markdown", "github", "junit", "json"] {
        world.run(&["check", "--kubernetes", "1.30", "m", "-o", form]);
    }
    assert_transcript!(world);
}

#[test]
fn the_answer_is_no_at_the_severity_that_is_asked_for() {
    let world = World::of([("m/a.yaml", BUDGET.as_bytes())]);
    for (kubernetes, fail_on, code) in [
        ("1.30", "error", 1),
        ("1.30", "never", 0),
        ("1.24", "error", 0),
        ("1.24", "warning", 1),
        ("1.20", "info", 0),
    ] {
        let args = ["check", "--only", "removed-api,deprecated-api", "--kubernetes", kubernetes];
        let args = [&args[..], &["--fail-on", fail_on, "m"]].concat();
        assert_eq!(world.run(&args), code, "{args:?}");
    }
    assert_transcript!(world);
}

#[test]
fn equal_findings_are_told_together() {
    let files: Vec<(String, String)> = (0..300)
        .map(|n| (format!("m/{n:03}.yaml"), BUDGET.replace("name: web", &format!("name: web-{n}"))))
        .collect();
    let world = World::of(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())));
    world.run(&["check", "--only", "removed-api", "m"]);
    world.run(&["check", "--only", "removed-api", "m", "-o", "markdown"]);
    assert_transcript!(world);
}

/// What readers of SARIF 2.1.0 insist on (OASIS, `sarif-schema-2.1.0.json`, and what code scanning asks for besides).
#[test]
fn sarif_has_what_its_readers_insist_on() {
    let world = small();
    let output = world.command(&["check", "m", "-o", "sarif"]).output().expect("it can be started");
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &log["version"]), (Some(1), &Value::from("2.1.0")));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "towpath");
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        for text in
            ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"]
        {
            let text = rule.pointer(text).and_then(Value::as_str);
            assert!(text.is_some_and(|text| !text.is_empty()), "{rule}");
        }
        let level = rule["defaultConfiguration"]["level"].as_str();
        assert!(matches!(level, Some("error" | "warning" | "note")), "{rule}");
    }
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 3, "{results:#?}");
    let mut prints = std::collections::BTreeSet::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().and_then(|at| usize::try_from(at).ok());
        assert_eq!(rules[index.expect("an index")]["id"], result["ruleId"]);
        assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note")), "{result}");
        assert!(
            result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()),
            "{result}"
        );
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a file");
        assert!(uri.starts_with("m/") && !uri.contains(','), "{uri}");
        let region = |key: &str| place["region"][key].as_u64();
        assert!(region("startLine") >= Some(1) && region("startColumn") >= Some(1), "{result}");
        // The end of a file is no character.
        let end = region("endColumn");
        assert!(end.is_none() || end > region("startColumn"), "{result}");
        prints.insert(result["partialFingerprints"]["towpathFinding/v1"].to_string());
    }
    assert_eq!(prints.len(), results.len(), "each finding has a fingerprint of its own");
}

#[test]
fn a_rule_is_explained_and_one_that_is_not_known_has_neighbours() {
    let world = World::of([("a.yaml", NAMESPACE.as_bytes())]);
    world.run(&["explain-rule", "removed-api"]);
    world.run(&["explain-rule", "crd-enum-value-removed"]);
    world.run(&["explain-rule", "removed-apis"]);
    world.run(&["explain-rule", "removed-api", "-o", "json"]);
    assert_transcript!(world);
}

#[test]
fn the_list_has_every_rule_once() {
    let world = World::of([("a.yaml", NAMESPACE.as_bytes())]);
    let listed = world.ok(&["explain-rule"]);
    let first = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let ids: Vec<String> = listed.lines().map(first).collect();
    assert!(ids.len() > 80 && ids.contains(&"removed-api".to_owned()), "{listed}");
    for id in ids.iter().filter(|id| !id.starts_with("crd-")) {
        world.ok(&["explain-rule", id]);
    }
}

#[test]
fn status_goes_by_what_is_silenced() {
    let world = fleet(&[]);
    let rules = |world: &World| {
        let status = world.json(&["status", "--offline"]);
        let found = status["findings"].as_array().expect("findings").clone();
        found.iter().map(|found| found["rule"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(rules(&world), ["\"production-not-exact\""]);
    let head = "apiVersion: towpath.dev/v1alpha1\nkind: Path\nspec:\n  checks:\n";
    for checks in [
        "    silence: [{rule: production-not-exact, reason: only for now}]\n",
        "    severity: {production-not-exact: off}\n",
    ] {
        world.repo.file("towpath.yaml", format!("{head}{checks}"));
        assert!(rules(&world).is_empty(), "{checks}");
    }
}
