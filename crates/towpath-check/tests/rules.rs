//! A page of cases for each rule, below `rules/`. A heading begins a case; fenced blocks named by a
//! path are its files, and these names mean something else:
//!
//! - `cluster FOLDER`: a cluster synchronised from `main` of the repository; the block is ignored.
//! - `branch`: the files are those of a branch, not of the trunk.
//! - `stated ENVIRONMENT POLICY`: what `towpath.yaml` states.
//! - `kubernetes VERSION`: what every cluster runs, for rules over objects; else the newest.
//! - `findings`: what the rule finds; empty in the cases where it does not fire.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_catalog::Minor;
use towpath_check::chart::Chart;
use towpath_check::given::Given;
use towpath_check::judge::{self, Chosen};
use towpath_check::projects::projects;
use towpath_check::read;
use towpath_check::subject::{Kubernetes, Subject, Target, TargetId};
use towpath_check::{Check, Context, Rule, check, rules};
use towpath_core::finding::Finding;
use towpath_core::id::{ClusterName, EnvironmentName, RepoPath};
use towpath_core::stated::{Stated, StatedEnvironment};
use towpath_core::tracking::Policy;
use towpath_discovery::facts::facts;
use towpath_discovery::inventory::Inventory;
use towpath_discovery::resolve::{Resolved, resolve};

#[derive(Default)]
struct Case {
    title: String,
    files: BTreeMap<String, String>,
    on_branch: bool,
    stated: Stated,
    kubernetes: Option<Minor>,
    expected: String,
}

fn cases(page: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut block: Option<(&str, String)> = None;
    for line in page.lines() {
        block = match (block, line.strip_prefix("```")) {
            (None, Some(name)) => Some((name, String::new())),
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    cases.push(Case { title: title.to_owned(), ..Case::default() });
                }
                None
            }
            (Some((name, text)), Some(_)) => {
                let case = cases.last_mut().expect("a block stands in a case");
                take(case, name, text);
                None
            }
            (Some((name, text)), None) => Some((name, format!("{text}{line}\n"))),
        };
    }
    cases
}

fn take(case: &mut Case, name: &str, text: String) {
    match name.split(' ').collect::<Vec<_>>().as_slice() {
        ["findings"] => case.expected = text,
        ["branch"] => case.on_branch = true,
        ["kubernetes", version] => case.kubernetes = Some(version.parse().expect("a version")),
        ["cluster", folder] => {
            let path = format!("{folder}/flux-system/gotk-sync.yaml");
            case.files.insert(path, sync(folder));
        }
        ["stated", environment, policy] => {
            let policies = [Policy::Branch, Policy::Semver, Policy::Exact];
            let policy = policies.into_iter().find(|p| p.as_str() == *policy);
            case.stated.environments.push(StatedEnvironment {
                name: EnvironmentName::parse(environment).expect("a name"),
                clusters: None,
                tracks: Some(policy.expect("a policy")),
                after: None,
                gates: Vec::new(),
                conduct: towpath_core::conduct::Conduct::default(),
                production: None,
                kubernetes: None,
            });
        }
        [path] => drop(case.files.insert((*path).to_owned(), text)),
        other => panic!("what is {other:?}?"),
    }
}

fn sync(folder: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
         metadata: {{name: flux-system, namespace: flux-system}}\n\
         spec: {{url: https://git.example.com/fleet, ref: {{branch: main}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
         metadata: {{name: flux-system, namespace: flux-system}}\n\
         spec:\n  path: ./{folder}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n"
    )
}

/// What the rule finds in a case, a line each.
fn findings(rule: &str, case: &Case) -> String {
    let (mut good, mut bad) = (BTreeMap::new(), Vec::new());
    for (path, text) in &case.files {
        let path = RepoPath::parse(path).expect("a path");
        match facts(&path, text.as_bytes()) {
            Ok(facts) => drop(good.insert(path, Arc::new(facts))),
            Err(error) => bad.push(error),
        }
    }
    let inventory = Inventory::build(good, bad).expect("what matters can be read");
    let resolved = resolve(&inventory, &case.stated).expect("a path");
    let context = Context {
        inventory: &inventory,
        resolved: &resolved,
        stated: &case.stated,
        on_trunk: !case.on_branch,
    };
    let given = given(case, &resolved);
    let chosen = Chosen::all();
    let one = given.subjects.iter().flat_map(|subject| judge::one(&chosen, subject, &given));
    let mut found: Vec<_> = one.chain(judge::together(&chosen, &given)).collect();
    found.extend(check(&context));
    let of_rule = judge::arranged(found).into_iter().filter(|finding| finding.rule == rule);
    of_rule
        .map(|finding| {
            let names: Vec<&str> = finding.environments.iter().map(|name| name.as_str()).collect();
            let environment = if names.is_empty() { "-".to_owned() } else { names.join(",") };
            let severity = finding.severity.as_str();
            format!("{severity} {environment} {}: {}\n", finding.at, finding.message)
        })
        .collect()
}

/// The objects of a case. A file in the folder of a cluster is for that cluster, any other one for all.
fn given(case: &Case, resolved: &Resolved) -> Given {
    let kubernetes = Kubernetes {
        minor: case.kubernetes.unwrap_or(Minor::NEWEST),
        assumed: case.kubernetes.is_none(),
    };
    let target = |place, production, sandbox| Target {
        place,
        production,
        sandbox,
        kubernetes,
        projects: BTreeMap::new(),
        whole: true,
    };
    let mut folders = Vec::new();
    let mut targets = Vec::new();
    for environment in resolved.path.environments() {
        for cluster in &environment.clusters {
            folders.push(format!("{}/", cluster.folder));
            let place = Some((environment.name.clone(), cluster.name.clone()));
            targets.push(target(place, environment.production, environment.sandbox));
        }
    }
    if targets.is_empty() {
        targets.push(Target { whole: false, ..target(None, false, false) });
    }
    let mut subjects: Vec<Subject> = Vec::new();
    for (path, text) in &case.files {
        let path = RepoPath::parse(path).expect("a path");
        let Ok(found) = read::subjects(&path, text.as_bytes()) else { continue };
        let own = folders.iter().position(|folder| path.as_str().starts_with(folder));
        let of: Vec<TargetId> = match own {
            Some(own) => vec![TargetId(u32::try_from(own).expect("few clusters"))],
            None => (0..).map(TargetId).take(targets.len()).collect(),
        };
        subjects.extend(found.into_iter().map(|mut subject| {
            subject.head.targets = of.clone().into();
            subject
        }));
    }
    for (number, target) in (0..).zip(&mut targets) {
        let own = |subject: &&Subject| subject.head.targets.contains(&TargetId(number));
        target.projects = projects(subjects.iter().filter(own));
    }
    let mut given = Given::new(targets, subjects);
    let charts = case.files.iter().filter(|(path, _)| Chart::is_file(path));
    given.charts = charts.filter_map(|(path, text)| chart(path, text)).collect();
    given
}

fn chart(path: &str, text: &str) -> Option<Chart> {
    let path = RepoPath::parse(path).expect("a path");
    Chart::parse(&path, text.as_bytes()).expect("YAML")
}

fn test(rule: &str, page: &str) {
    let cases = cases(page);
    for case in &cases {
        let actual = findings(rule, case);
        assert!(
            actual == case.expected,
            "{rule}, {}: finds\n{actual}\nand not\n{}",
            case.title,
            case.expected
        );
    }
    assert!(cases.iter().any(|case| !case.expected.is_empty()), "{rule} fires in no case");
    assert!(cases.iter().any(|case| case.expected.is_empty()), "{rule} fires in every case");
}

macro_rules! pages {
    ($($test:ident $rule:literal)*) => {
        const PAGES: &[&str] = &[$($rule),*];

        $(
            #[test]
            fn $test() {
                test($rule, include_str!(concat!("rules/", $rule, ".md")));
            }
        )*
    };
}

pages! {
    chart_kubernetes_version "chart-kubernetes-version"
    clear_text_secret "clear-text-secret"
    dependency_cycle "dependency-cycle"
    depends_on_differs "depends-on-differs"
    depends_on_without_wait "depends-on-without-wait"
    deprecated_api "deprecated-api"
    duplicate_object "duplicate-object"
    duplicate_release "duplicate-release"
    forced_recreation "forced-recreation"
    invalid_definition "invalid-definition"
    invalid_object "invalid-object"
    latest_image "latest-image"
    missing_definition "missing-definition"
    missing_dependency "missing-dependency"
    missing_namespace "missing-namespace"
    missing_reference "missing-reference"
    missing_values "missing-values"
    moving_tag "moving-tag"
    no_prune "no-prune"
    no_remediation "no-remediation"
    no_timeout "no-timeout"
    pre_stable_api "pre-stable-api"
    production_not_exact "production-not-exact"
    range_takes_major "range-takes-major"
    removed_api "removed-api"
    sandbox_on_trunk "sandbox-on-trunk"
    shared_pin "shared-pin"
    suspended "suspended"
    tracking_differs_from_stated "tracking-differs-from-stated"
    unknown_kind "unknown-kind"
    unknown_source "unknown-source"
    unreadable_file "unreadable-file"
    unreadable_version "unreadable-version"
    unusual_interval "unusual-interval"
    unverified_artifact "unverified-artifact"
    webhook_takes_everything "webhook-takes-everything"
}

#[test]
fn every_rule_has_a_page_and_says_everything() {
    let ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    // What is met where clusters are rendered has its cases there.
    let with_page = rules().iter().filter(|rule| !matches!(rule.check, Check::Met));
    assert_eq!(with_page.map(|rule| rule.id).collect::<Vec<_>>(), PAGES);
    for rule in rules() {
        for text in [rule.title, rule.why, rule.fix, rule.example_bad, rule.example_good] {
            assert!(!text.trim().is_empty(), "{}", rule.id);
        }
        assert!(!rule.title.ends_with('.'), "{}", rule.id);
    }
}

/// The findings of a rule over objects in one of its examples, in production. A comment `# Kubernetes 1.25` at the
/// beginning says which one it has.
fn of_example(rule: &Rule, example: &str) -> Vec<Finding> {
    let path = RepoPath::parse("example.yaml").expect("a path");
    let mut subjects = match read::subjects(&path, example.as_bytes()) {
        Ok(subjects) => subjects,
        Err(finding) => panic!("{}: {}", rule.id, finding.message),
    };
    assert!(!subjects.is_empty(), "{} has an example without objects", rule.id);
    for subject in &mut subjects {
        subject.head.targets = [TargetId(0)].into();
    }
    let stated =
        example.strip_prefix("# Kubernetes ").and_then(|rest| rest.split_whitespace().next());
    let environment = EnvironmentName::parse("production").expect("a name");
    let cluster = ClusterName::parse("production").expect("a name");
    let target = Target {
        place: Some((environment, cluster)),
        production: true,
        sandbox: false,
        kubernetes: Kubernetes {
            minor: stated.map_or(Minor::NEWEST, |text| text.parse().expect("a version")),
            assumed: stated.is_none(),
        },
        projects: projects(subjects.iter()),
        whole: true,
    };
    let mut given = Given::new(vec![target], subjects);
    given.charts.extend(chart("charts/web/Chart.yaml", example));
    let chosen = Chosen::where_id(|id| id == rule.id);
    let one = given.subjects.iter().flat_map(|subject| judge::one(&chosen, subject, &given));
    one.chain(judge::together(&chosen, &given)).collect()
}

#[test]
fn examples_are_what_they_are_called() {
    for rule in rules() {
        for (example, bad) in [(rule.example_bad, true), (rule.example_good, false)] {
            let readable = towpath_yaml::parse(example.as_bytes()).is_ok();
            let unreadable = bad && rule.id == "unreadable-file";
            assert_eq!(readable, !unreadable, "{}: {example}", rule.id);
            if matches!(rule.check, Check::Repository(_) | Check::Met) {
                continue;
            }
            let found = of_example(rule, example);
            assert_eq!(!found.is_empty(), bad, "{}: {example}{found:?}", rule.id);
        }
    }
}
