//! What `init` writes reads back as the path it was made from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use towpath_api::path_file::parse;
use towpath_api::path_text::{ComponentNote, EnvironmentNote, write};
use towpath_core::conduct::Conduct;
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, Folder};
use towpath_core::path::{Cluster, Component, Environment, Path, ReleaseStream};
use towpath_core::stated::Stated;
use towpath_core::tracking::{Exact, Policy, Tracking};
use towpath_core::version::Range;
use towpath_core::window::{Kind, Once, Recurring, Span, Window};

/// Names that a YAML reader could take for something else.
const NAMES: [&str; 8] = ["staging", "on", "1.20", "null", "0x1", "1e3", "no", "2026-01-05"];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![select(&NAMES[..]).prop_map(str::to_owned), "[a-zA-Z0-9]([a-z0-9_-]{0,6}[a-z0-9])?",]
}

fn folder() -> impl Strategy<Value = Folder> {
    let folders = select(vec![".", "clusters/a", "a b", "x: y", "#x", "ü/[z]", "- a", "'q'"]);
    folders.prop_map(|text| Folder::parse(text).expect("a folder"))
}

fn condition() -> impl Strategy<Value = Condition> {
    let by = btree_set(select(vec!["ann@x", "Bob <bob@x>", "*", "#c", ""]), 0..3);
    let range = select(vec![">=2.0.0", "0.0.x", "~1.2 || ^3", "1.0.0 - 2.0.0", "*"]);
    prop_oneof![
        (0u32..4, by, option::of(1u64..9000), any::<bool>()).prop_map(
            |(count, by, valid, signed)| {
                let by = by.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
                let count = if by.is_empty() { count } else { count.min(by.len() as u32) };
                Condition::Approval { count, by, valid_for: valid.map(Duration::from_secs), signed }
            }
        ),
        (name(), range).prop_map(|(component, range)| Condition::Order {
            component: ComponentName::parse(&component).expect("a name"),
            range: Range::parse(range).expect("a range"),
        }),
        (vec(name(), 0..3), any::<bool>()).prop_map(|(from, any)| {
            let from = from.iter().map(|n| EnvironmentName::parse(n).expect("a name")).collect();
            Condition::Verified { from, any }
        }),
        (select(vec!["smoke", "load-1"]), vec(name(), 0..3)).prop_map(|(test, list)| {
            let environments = list.iter().map(|n| EnvironmentName::parse(n).expect("a name"));
            let environments = environments.collect();
            Condition::Test { name: test.parse().expect("a name"), environments }
        }),
        select(vec![0, 1, 2]).prop_map(|which| Condition::Window { windows: windows(which) }),
        select(vec!["ci/build", "x: y", "#"])
            .prop_map(|name| Condition::Status { name: name.to_owned() }),
        (0u64..400_000).prop_map(|s| Condition::Soak { duration: Duration::from_secs(s) }),
    ]
}

/// Windows in all of their shapes.
fn windows(which: usize) -> Vec<Window> {
    let again = Recurring::parse("0 9 * * mon-fri", "8h", "Europe/Berlin").expect("a window");
    let once = Once::parse("2026-12-20", "2027-01-04T06:00", Some("UTC")).expect("a window");
    let reason = Some("year's end, \"quiet\": [all]".to_owned());
    let allow = Window { kind: Kind::Allow, reason: None, span: Span::Recurring(again) };
    let deny = Window { kind: Kind::Deny, reason, span: Span::Once(once) };
    [vec![allow.clone()], vec![deny.clone()], vec![allow, deny]][which].clone()
}

fn component() -> impl Strategy<Value = Component> {
    let releases = prop_oneof![
        select(vec!["oci://r.example.com/p", "oci://r:5000/a/b"])
            .prop_map(|url| ReleaseStream::Oci { url: url.to_owned(), insecure: false }),
        Just(ReleaseStream::GitTags),
        Just(ReleaseStream::Elsewhere { location: "HelmRepository x\nkind: Evil".to_owned() }),
    ];
    let ignore = option::of(select(vec!["*,!/platform/**", "a\n# b\n!c", "", " x "]));
    (name(), vec(folder(), 0..3), ignore, releases).prop_map(|(name, paths, ignore, releases)| {
        let name = ComponentName::parse(&name).expect("a name");
        Component { name, paths, ignore: ignore.map(str::to_owned), releases }
    })
}

fn actual() -> impl Strategy<Value = Option<Tracking>> {
    let range = Tracking::Semver(Range::parse("0.0.x").expect("a range"));
    select(vec![None, Some(range), Some(Tracking::Exact(Exact::tag("x\ny: z")))])
}

type Noted = (Vec<Environment>, Vec<EnvironmentNote>);

fn environments() -> impl Strategy<Value = Noted> {
    let policy = select(vec![Policy::Branch, Policy::Semver, Policy::Exact]);
    let one = (vec(folder(), 0..3), any::<bool>(), policy, actual(), vec(condition(), 0..3));
    (btree_set(name(), 1..4), vec(one, 4)).prop_map(|(names, all)| {
        let mut out: Noted = (Vec::new(), Vec::new());
        for (name, (folders, production, tracks, actual, gates)) in names.iter().zip(all) {
            let after = out.0.last().map(|e| e.name.clone()).into_iter().collect();
            let clusters = folders.into_iter().enumerate().map(|(i, folder)| Cluster {
                name: ClusterName::parse(&format!("{name}-{i}")).expect("a name"),
                folder,
                context: None,
                labels: BTreeMap::new(),
                kubernetes: None,
            });
            let name = EnvironmentName::parse(name).expect("a name");
            let gates = Gate::named(gates);
            out.1.push(EnvironmentNote { environment: name.clone(), tracks, actual, gates });
            out.0.push(Environment {
                name,
                clusters: clusters.collect(),
                after,
                stated: None,
                gates: Vec::new(),
                conduct: Conduct::default(),
                production,
                kubernetes: None,
                sandbox: false,
            });
        }
        out
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read((environments, notes) in environments(), components in vec(component(), 0..3)) {
        let trunk = "release/1.x".parse().expect("a branch");
        let mut names = BTreeSet::new();
        let components: Vec<_> = components.into_iter().filter(|c| names.insert(c.name.clone())).collect();
        let path = Path::new(trunk, components, environments).expect("a path");
        let pins = |c: &Component| ComponentNote {
            component: c.name.clone(),
            pins: vec!["flux-system/a".to_owned(), "null".to_owned()],
        };
        let component_notes: Vec<_> = path.components.iter().map(pins).collect();
        let text = write(&path, &component_notes, &notes);
        let stated = parse("towpath.yaml", text.as_bytes());
        let stated = stated.map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        same(&path, &notes, &stated)?;
    }
}

fn same(path: &Path, notes: &[EnvironmentNote], stated: &Stated) -> Result<(), TestCaseError> {
    prop_assert_eq!(stated.trunk.as_ref(), Some(&path.trunk));
    prop_assert_eq!(stated.components.len(), path.components.len());
    for (read, made) in stated.components.iter().zip(&path.components) {
        prop_assert_eq!(&read.name, &made.name);
        prop_assert_eq!(read.paths.as_deref().unwrap_or_default(), made.paths.as_slice());
        prop_assert_eq!(&read.ignore, &made.ignore);
        prop_assert_eq!(&read.pins, &["flux-system/a", "null"]);
        let url = match &made.releases {
            ReleaseStream::Oci { url, .. } => Some(url),
            _ => None,
        };
        prop_assert_eq!(read.releases.as_ref(), url);
    }
    prop_assert_eq!(stated.environments.len(), path.environments().len());
    for (read, made) in stated.environments.iter().zip(path.environments()) {
        let note = notes.iter().find(|n| n.environment == made.name).expect("each has a note");
        prop_assert_eq!(&read.name, &made.name);
        prop_assert_eq!(read.after.as_ref(), Some(&made.after));
        prop_assert_eq!(read.tracks, note.actual.is_some().then_some(note.tracks));
        prop_assert_eq!(read.production.unwrap_or(false), made.production);
        prop_assert_eq!(&read.gates, &note.gates);
        let clusters = read.clusters.as_deref().unwrap_or_default();
        let read: Vec<_> = clusters.iter().map(|c| (&c.name, &c.folder)).collect();
        let made: Vec<_> = made.clusters.iter().map(|c| (&c.name, &c.folder)).collect();
        prop_assert_eq!(read, made);
    }
    Ok(())
}
