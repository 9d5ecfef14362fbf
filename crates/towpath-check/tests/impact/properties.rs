//! What holds of every impact: nothing is made up, and nobody is told twice or not at all.

use std::collections::BTreeSet;

use proptest::prelude::*;
use towpath_catalog::Minor;
use towpath_check::given::Given;
use towpath_check::impact::{Impact, Owners, Removal, impact, messages, users_of};
use towpath_check::judge::{self, Chosen};
use towpath_check::read;
use towpath_check::subject::{Kubernetes, Subject, Target, TargetId};
use towpath_core::id::{ClusterName, EnvironmentName, RepoPath};

use crate::page::cases;

/// An object is named in the messages as often as it is affected, and in none that is not its owner's.
fn told_once(impact: &Impact) {
    let messages = messages(impact);
    let owners: BTreeSet<_> = messages.iter().map(|message| &message.to).collect();
    assert_eq!(owners.len(), messages.len(), "one message for each owner");
    let lines = |text: &str| {
        text.lines().filter(|line| line.starts_with("- ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let told: usize = messages.iter().map(|message| lines(&message.text).len()).sum();
    assert_eq!(told, impact.affected.len());
    for affected in &impact.affected {
        assert!(!affected.because.is_empty(), "{affected:?}");
        let name = format!("- {} (", affected.object);
        let own = messages.iter().filter(|message| message.to == affected.owner);
        let said = own.flat_map(|message| lines(&message.text));
        assert!(said.filter(|line| line.starts_with(&name)).count() >= 1, "{name}");
    }
    let mut seen = BTreeSet::new();
    for affected in &impact.affected {
        for environment in &affected.environments {
            let what = (&affected.object, &affected.api_version, &affected.at, &affected.source);
            assert!(seen.insert((what, environment)), "twice: {affected:?}");
        }
    }
}

/// Every object that is named is one that was given.
fn made_up(impact: &Impact, given: &[&Given]) {
    for affected in &impact.affected {
        let there = given.iter().flat_map(|given| &given.subjects).any(|subject| {
            subject.head.reference() == affected.object && subject.head.at == affected.at
        });
        assert!(there, "{affected:?}");
    }
}

#[test]
fn of_all_cases() {
    for case in crate::PAGES.iter().flat_map(|page| cases(page)) {
        let found = crate::impact_of(&case);
        told_once(&found);
        made_up(&found, &[&case.given("before"), &case.given("after")]);
    }
}

/// One of a few objects that have to do with each other, in one of a few forms.
fn object() -> impl Strategy<Value = String> {
    let namespace = prop_oneof![Just("a"), Just("b")];
    let name = prop_oneof![Just("x"), Just("y")];
    let form = 0..3_u8;
    (0..8_u8, namespace, name, form).prop_map(|(which, namespace, name, form)| {
        let meta = format!("metadata: {{name: {name}, namespace: {namespace}}}");
        match which {
            0 => format!("apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n{meta}\n"),
            1 => format!("apiVersion: apps/v1\nkind: Deployment\n{meta}\nspec: {{replicas: {form}}}\n"),
            2 => format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, labels: {{team: t{form}, pod-security.kubernetes.io/enforce: l{form}}}}}\n"
            ),
            3 => format!("apiVersion: v1\nkind: ConfigMap\n{meta}\ndata: {{k: v{form}}}\n"),
            4 => format!(
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n{meta}\nspec:\n  chart: {{spec: {{chart: c, version: 1.{form}.0}}}}\n  values: {{n: {form}}}\n  valuesFrom: [{{kind: ConfigMap, name: {name}}}]\n"
            ),
            5 => format!("apiVersion: example.com/v1\nkind: Widget\n{meta}\nspec: {{size: {form}}}\n"),
            6 => format!(
                "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.example.com}}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{size: {{type: integer, maximum: {form}}}}}}}}}}}}}\n"
            ),
            _ => format!(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n{meta}\nspec: {{podSelector: {{}}, policyTypes: [T{form}]}}\n"
            ),
        }
    })
}

fn state() -> impl Strategy<Value = Vec<(String, u8)>> {
    // Which of two clusters: the first, the second, both, or nobody knows.
    prop::collection::vec((object(), 0..4_u8), 0..12)
}

fn given(objects: &[(String, u8)]) -> Given {
    let target = |name: &str| Target {
        place: Some((
            EnvironmentName::parse(name).expect("a name"),
            ClusterName::parse(name).expect("a name"),
        )),
        production: false,
        sandbox: false,
        kubernetes: Kubernetes { minor: Minor::new(30), assumed: false },
        projects: std::collections::BTreeMap::new(),
        whole: true,
    };
    let mut subjects: Vec<Subject> = Vec::new();
    for (number, (text, of)) in objects.iter().enumerate() {
        let path = RepoPath::parse(&format!("f{number}.yaml")).expect("a path");
        let of: Vec<TargetId> = match of {
            0 => vec![TargetId(0)],
            1 => vec![TargetId(1)],
            2 => vec![TargetId(0), TargetId(1)],
            _ => Vec::new(),
        };
        let found = read::subjects(&path, text.as_bytes()).expect("objects");
        subjects.extend(found.into_iter().map(|mut subject| {
            subject.head.targets = of.clone().into();
            subject
        }));
    }
    Given::new(vec![target("staging"), target("production")], subjects)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn of_any_change(before in state(), after in state()) {
        let (before, after) = (given(&before), given(&after));
        let chosen = Chosen::where_id(|id| id.ends_with("-api"));
        let found = after.subjects.iter().flat_map(|it| judge::one(&chosen, it, &after)).collect();
        let owners = Owners::default();
        let impact = impact(&after, Some(&before), &judge::arranged(found), &owners);
        told_once(&impact);
        made_up(&impact, &[&before, &after]);
    }

    #[test]
    fn of_no_change(state in state()) {
        let (before, after) = (given(&state), given(&state));
        prop_assert_eq!(impact(&after, Some(&before), &[], &Owners::default()), Impact::default());
    }

    #[test]
    fn of_any_removal(state in state(), what in prop_oneof![
        Just("policy"), Just("widgets.example.com"), Just("apps/v1"), Just("v1/ConfigMap")
    ]) {
        let given = given(&state);
        let removal: Removal = what.parse().expect("a removal");
        let users = users_of(&given, &removal, &Owners::default());
        told_once(&users);
        made_up(&users, &[&given]);
    }
}
