//! For any folder: the clone differs from its origin only in the values that are the origin's own.

use std::collections::BTreeMap;

use proptest::prelude::*;
use towpath_engine::ports::TreeChange;

use crate::world::{URL, World, asked, plan_of, platform};

/// A document with blanks for what is the sandbox's own: `{B}` its branch, `{F}` its folder.
fn document() -> impl Strategy<Value = String> {
    let quoted = |blank: &'static str| {
        prop_oneof![
            Just(blank.to_owned()),
            Just(format!("'{blank}'")),
            Just(format!("\"{blank}\"")),
        ]
    };
    let tail = prop_oneof![Just(""), Just(" # main"), Just("   "), Just(" # clusters/development")];
    let source = (quoted("{B}"), tail.clone(), any::<bool>()).prop_map(|(value, tail, flow)| {
        let head = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: own}\nspec:\n";
        if flow {
            format!("{head}  url: {URL}\n  ref: {{branch: {value}, x: y}}{tail}\n")
        } else {
            format!("{head}  ref:\n    branch:  {value}{tail}\n  url: {URL}\n")
        }
    });
    let full = Just(format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: full}}\nspec:\n  url: {URL}\n  ref:\n    branch: main\n    name: refs/heads/{{B}}\n"
    ));
    let path = (quoted("./{F}/apps"), tail).prop_map(|(value, tail)| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: p}}\nspec:\n  path: {value}{tail}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n"
        )
    });
    let other = prop_oneof![
        Just("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: other}\nspec:\n  url: https://git.example.org/acme/other\n  ref: {branch: main}\n".to_owned()),
        Just(format!("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: tag}}\nspec:\n  url: {URL}\n  ref: {{branch: main, tag: v1}}\n")),
        Just("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  branch: &b main\n  same: *b\n  path: ./clusters/development/apps\n  text: |\n    branch: main\n".to_owned()),
        Just("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: n}\nspec:\n  path: ./clusters/development-2/apps\n  sourceRef: {kind: GitRepository, name: flux-system}\n".to_owned()),
        "[a-z]{1,8}: [a-zé ]{1,12}\n# [ -~]{0,20}\n",
    ];
    prop_oneof![2 => source, 1 => full, 2 => path, 3 => other]
}

fn file() -> impl Strategy<Value = String> {
    let documents = proptest::collection::vec(document(), 1..5);
    (documents, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(all, crlf, bom, cut)| {
        let mut text = all.join("---\n");
        if cut {
            text.truncate(text.trim_end().len());
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if bom { format!("\u{feff}{text}") } else { text }
    })
}

fn fill(text: &str, branch: &str, folder: &str) -> Vec<u8> {
    text.replace("{B}", branch).replace("{F}", folder).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn only_the_origins_own_values_differ(
        files in proptest::collection::btree_map("[a-z]{1,3}(/[a-z]{1,3})?\\.ya?ml", file(), 1..4),
        raw in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut all = platform();
        let mut want = BTreeMap::new();
        for (name, text) in &files {
            let path = format!("clusters/development/gen/{name}");
            all.insert(path, fill(text, "main", "clusters/development"));
            let path = format!("clusters/sandbox-a/gen/{name}");
            want.insert(path, fill(text, "PLAT-123-add-keda", "clusters/sandbox-a"));
        }
        all.insert("clusters/development/gen/raw.bin".to_owned(), raw.clone());
        want.insert("clusters/sandbox-a/gen/raw.bin".to_owned(), raw);
        let world = World::with(all);
        let plan = plan_of(&world.here, &asked("sandbox-a"));
        let plan = plan.map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        let mut got = BTreeMap::new();
        for change in plan.files {
            if let TreeChange::Put { path, bytes, .. } = change
                && path.as_str().starts_with("clusters/sandbox-a/gen/")
            {
                got.insert(path.as_str().to_owned(), bytes);
            }
        }
        let show = |files: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, String> {
            files.iter().map(|(p, b)| (p.clone(), String::from_utf8_lossy(b).into_owned())).collect()
        };
        prop_assert_eq!(show(&got), show(&want));
    }
}
