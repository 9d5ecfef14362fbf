//! A lean walk that is finished later gives what a whole one gives, whatever creates and needs what.

use proptest::prelude::*;

use super::*;

/// So many folders may be shared.
const FOLDERS: usize = 4;

/// A Kustomization, and what it has to do with others.
#[derive(Debug, Clone)]
struct Drawn {
    /// The folder that it builds.
    folder: usize,
    /// The folder that creates it; beyond the last one, the cluster's.
    creator: usize,
    /// Its own value of the variable `v`.
    own: Option<u8>,
    /// Where else variables come from, and whether those may be missing.
    from: Option<(usize, bool)>,
    /// What it waits for.
    depends_on: Option<usize>,
    labelled: bool,
}

/// What a folder holds beside the Kustomizations that it creates.
#[derive(Debug, Clone)]
struct Folder {
    /// The ConfigMap of variables that it supplies.
    supplies: Option<usize>,
    /// Whether its value or name is a variable itself.
    indirect: bool,
    uses: bool,
}

fn drawn() -> impl Strategy<Value = (Vec<Drawn>, Vec<Folder>)> {
    let one = (
        0..FOLDERS,
        prop_oneof![2 => Just(FOLDERS), 1 => 0..FOLDERS],
        prop::option::of(0..3_u8),
        prop::option::of((0..3_usize, any::<bool>())),
        prop::option::weighted(0.2, 0..6_usize),
        any::<bool>(),
    );
    let one = one.prop_map(|(folder, creator, own, from, depends_on, labelled)| Drawn {
        folder,
        creator,
        own,
        from,
        depends_on,
        labelled,
    });
    let folder = (prop::option::of(0..3_usize), any::<bool>(), any::<bool>())
        .prop_map(|(supplies, indirect, uses)| Folder { supplies, indirect, uses });
    (prop::collection::vec(one, 1..6), prop::collection::vec(folder, FOLDERS))
}

fn cluster(kustomizations: &[Drawn], folders: &[Folder]) -> Files {
    let mut files = Files::new();
    for (at, drawn) in kustomizations.iter().enumerate() {
        let Drawn { folder, creator, own, from, depends_on, labelled } = drawn;
        let mut rest = String::new();
        if own.is_some() || from.is_some() {
            rest.push_str("  postBuild:\n");
        }
        if let Some(own) = own {
            rest.push_str(&format!("    substitute: {{v: v{own}}}\n"));
        }
        if let Some((from, optional)) = from {
            rest.push_str(&format!("    substituteFrom: [{{kind: ConfigMap, name: vars-v{from}, optional: {optional}}}]\n"));
        }
        if let Some(on) = depends_on {
            rest.push_str(&format!("  dependsOn: [{{name: k{on}}}]\n"));
        }
        if *labelled {
            rest.push_str(&format!("  commonMetadata: {{labels: {{l: l{at}}}}}\n"));
        }
        let creator = folders.get(*creator).map_or("cluster".to_owned(), |_| format!("f{creator}"));
        let text = kustomization(&format!("k{at}"), &rest)
            .replace(&format!("path: ./k{at}"), &format!("path: ./f{folder}"));
        files.insert(format!("{creator}/k{at}.yaml"), text);
    }
    for (at, folder) in folders.iter().enumerate() {
        let Folder { supplies, indirect, uses } = folder;
        let data = if *uses { "{k: \"${v}\"}" } else { "{}" };
        files.insert(format!("f{at}/x.yaml"), config_map(&format!("x{at}"), "default", data));
        if let Some(supplies) = supplies {
            let (name, data) = if *indirect {
                ("vars-${v:=v1}".to_owned(), format!("{{v: \"${{v:=of-{at}}}\"}}"))
            } else {
                (format!("vars-v{supplies}"), format!("{{v: of-{at}}}"))
            };
            files.insert(format!("f{at}/vars.yaml"), config_map(&name, "flux-system", &data));
        }
    }
    files
}

/// What each renders to, or why not.
type Outcome = BTreeMap<String, Result<Option<Rendered>, String>>;

fn outcome(walk: &Walk, memo: &mut Memo<'_>) -> Outcome {
    let single = |kind: &TroubleKind| {
        !matches!(
            kind,
            TroubleKind::TwoOwners { .. }
                | TroubleKind::BeforeNamespace { .. }
                | TroubleKind::BeforeDefinition { .. }
        )
    };
    let mut outcome = Outcome::new();
    for walked in &walk.kustomizations {
        let finished = walked.finish(&Inputs::default(), memo);
        let rendered = finished
            .map(|rendered| rendered.map(|rendered| Rendered::clone(&rendered)))
            .map_err(|error| TroubleKind::CannotRender(error).to_string());
        let place = format!("{} of {:?} at {:?}", walked.id, walked.parent, walked.origin);
        outcome.insert(place, rendered);
    }
    for trouble in walk.troubles.iter().filter(|trouble| single(&trouble.kind)) {
        let of_one = matches!(trouble.kind, TroubleKind::CannotRender(_));
        let walked = walk.kustomizations.iter().find(|walked| walked.id == trouble.kustomization);
        let place = match walked {
            Some(walked) if of_one => {
                format!("{} of {:?} at {:?}", walked.id, walked.parent, walked.origin)
            }
            _ => trouble.to_string(),
        };
        outcome.insert(place, Err(trouble.kind.to_string()));
    }
    outcome
}

/// `c` supplies the variables of `a`, creates others, and waits for variables of its own. `b` may supply them, too.
#[test]
fn a_second_one_that_supplies_variables_counts() {
    let from = |name: &str| {
        format!(
            "  postBuild:\n    substituteFrom: [{{kind: ConfigMap, name: {name}, optional: true}}]\n"
        )
    };
    let vars = |value: &str| config_map("vars", "flux-system", &format!("{{v: {value}}}"));
    let tree = OneTree::new(
        "one",
        &files([
            ("cluster/a.yaml", kustomization("a", &from("vars"))),
            ("cluster/b.yaml", kustomization("b", "")),
            ("cluster/c.yaml", kustomization("c", &from("others"))),
            ("a/x.yaml", config_map("x", "default", "{k: \"${v}\"}")),
            ("b/vars.yaml", vars("of-b")),
            ("c/vars.yaml", vars("of-c")),
            ("c/d.yaml", kustomization("a", "")),
        ]),
    );
    let (mut of_whole, mut of_lean) = (Memo::default(), Memo::default());
    let whole = tree.walk(&mut of_whole, Depth::Whole);
    let lean = tree.walk(&mut of_lean, Depth::Lean);
    assert_eq!(outcome(&lean, &mut of_lean), outcome(&whole, &mut of_whole));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_waited_is_as_if_it_had_not((kustomizations, folders) in drawn()) {
        let tree = OneTree::new("one", &cluster(&kustomizations, &folders));
        let (mut of_whole, mut of_lean) = (Memo::default(), Memo::default());
        let whole = tree.walk(&mut of_whole, Depth::Whole);
        let lean = tree.walk(&mut of_lean, Depth::Lean);
        prop_assert_eq!(order(&lean), order(&whole));
        prop_assert_eq!(outcome(&lean, &mut of_lean), outcome(&whole, &mut of_whole));
    }
}
