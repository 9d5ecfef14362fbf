//! `cargo xtask arch`: the workspace against the walls of `docs/architecture.md`.
//!
//! Judges manifests, never code: what a crate does not link, its code cannot call. What a pure crate may not call of
//! the standard library is banned by its `clippy.toml`, see [`crate::generate`].

use anyhow::{Context, Result};

use crate::lockfile::Lockfile;
use crate::run::{self, Answer};
use crate::walls::{DOCUMENT, Walls};
use crate::workspace::{self, Member};

/// Prints every breach of the walls.
pub(crate) fn run() -> Result<Answer> {
    Ok(run::report("arch", &problems()?))
}

fn problems() -> Result<Vec<String>> {
    let lock = std::fs::read_to_string(workspace::root().join("Cargo.lock"))
        .context("cannot read Cargo.lock")?;
    Ok(breaches(&Walls::read()?, &workspace::members()?, &Lockfile::parse(&lock)))
}

/// Every breach, each a sentence that names the line to read.
fn breaches(walls: &Walls, members: &[Member], lock: &Lockfile) -> Vec<String> {
    let mut found = Vec::new();
    for (name, wall) in &walls.crates {
        if !members.iter().any(|member| member.name == *name) {
            found.push(format!(
                "{DOCUMENT}:{}: `{name}` has a row but is no crate of the workspace",
                wall.line
            ));
        }
    }
    for member in members {
        imports(walls, member, members, &mut found);
        outside(walls, member, members, lock, &mut found);
    }
    found
}

fn imports(walls: &Walls, member: &Member, members: &[Member], found: &mut Vec<String>) {
    let name = &member.name;
    let Some(wall) = walls.crates.get(name) else {
        found.push(format!(
            "{}/Cargo.toml: `{name}` has no row in the walls of {DOCUMENT}: say what it is and \
             which wall it is worth",
            member.folder
        ));
        return;
    };
    let ours = |dependency: &&String| members.iter().any(|member| member.name == **dependency);
    for dependency in member.uses.iter().filter(ours) {
        if !wall.imports.contains(dependency) {
            found.push(format!(
                "{}/Cargo.toml: `{name}` imports `{dependency}`, which {DOCUMENT}:{} does not allow",
                member.folder, wall.line
            ));
        } else if walls.is_pure(name) && !walls.is_pure(dependency) {
            found.push(format!(
                "{DOCUMENT}:{}: `{name}` is pure, but may import `{dependency}`, which is not",
                wall.line
            ));
        }
    }
    for dependency in member.tests_use.iter().filter(ours) {
        if !wall.imports.contains(dependency) && !wall.tests_import.contains(dependency) {
            found.push(format!(
                "{}/Cargo.toml: the tests of `{name}` import `{dependency}`, which {DOCUMENT}:{} \
                 does not allow",
                member.folder, wall.line
            ));
        }
    }
}

fn outside(
    walls: &Walls,
    member: &Member,
    members: &[Member],
    lock: &Lockfile,
    found: &mut Vec<String>,
) {
    let name = &member.name;
    // Ours are left out: a pure crate imports pure crates only, and each is judged by itself.
    let links: Vec<&str> = member
        .uses
        .iter()
        .filter(|name| !members.iter().any(|member| member.name == **name))
        .map(String::as_str)
        .collect();
    for (outside, row) in &walls.outside {
        let direct = member.uses.contains(outside) || member.tests_use.contains(outside);
        if direct && !row.allowed.contains(name) {
            found.push(format!(
                "{}/Cargo.toml: `{name}` depends on `{outside}`, which {DOCUMENT}:{} does not allow",
                member.folder, row.line
            ));
        } else if walls.is_pure(name)
            && let Some(way) = lock.way(links.iter().copied(), outside)
        {
            found.push(format!(
                "{}/Cargo.toml: `{name}` is pure but links `{outside}` through {}; read \
                 {DOCUMENT}:{}",
                member.folder,
                way.join(" -> "),
                row.line
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const TEXT: &str = "\
| crate | what it is | may import of ours | kind | why |
| --- | --- | --- | --- | --- |
| `towpath-core` | types | nothing | pure, ordered | x |
| `towpath-adapters` | outside | core; in tests: testkit | edge | x |
| `towpath-testkit` | peers | core | tests | x |

| outside crate | direct dependency of | why |
| --- | --- | --- |
| `tokio` | adapters | x |
";

    fn member(name: &str, uses: &[&str], tests_use: &[&str]) -> Member {
        let set =
            |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        Member {
            name: name.to_owned(),
            folder: format!("crates/{name}"),
            uses: set(uses),
            tests_use: set(tests_use),
        }
    }

    /// A workspace that keeps every wall of `TEXT`.
    fn sound() -> Vec<Member> {
        vec![
            member("towpath-core", &["serde"], &["proptest"]),
            member("towpath-adapters", &["towpath-core", "tokio"], &["towpath-testkit"]),
            member("towpath-testkit", &["towpath-core"], &[]),
        ]
    }

    fn judge(members: &[Member]) -> Vec<String> {
        let lock = "[[package]]\nname = \"deep\"\ndependencies = [\n \"tokio\",\n]\n";
        let walls = Walls::parse(TEXT).expect("the table above is sound");
        breaches(&walls, members, &Lockfile::parse(lock))
    }

    #[test]
    fn the_workspace_keeps_its_walls() -> Result<()> {
        assert_eq!(problems()?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn a_sound_workspace_has_no_breach() {
        assert_eq!(judge(&sound()), Vec::<String>::new());
    }

    #[test]
    fn each_breach_names_the_manifest_and_the_line_to_read() {
        let cases = [
            (
                member("towpath-core", &["towpath-adapters"], &[]),
                "crates/towpath-core/Cargo.toml: `towpath-core` imports `towpath-adapters`, which \
                 docs/architecture.md:3 does not allow",
            ),
            (
                member("towpath-core", &[], &["towpath-testkit"]),
                "crates/towpath-core/Cargo.toml: the tests of `towpath-core` import \
                 `towpath-testkit`, which docs/architecture.md:3 does not allow",
            ),
            (
                member("towpath-adapters", &["towpath-testkit"], &[]),
                "crates/towpath-adapters/Cargo.toml: `towpath-adapters` imports \
                 `towpath-testkit`, which docs/architecture.md:4 does not allow",
            ),
            (
                member("towpath-testkit", &[], &["tokio"]),
                "crates/towpath-testkit/Cargo.toml: `towpath-testkit` depends on `tokio`, which \
                 docs/architecture.md:9 does not allow",
            ),
            (
                member("towpath-core", &["deep"], &[]),
                "crates/towpath-core/Cargo.toml: `towpath-core` is pure but links `tokio` through \
                 deep -> tokio; read docs/architecture.md:9",
            ),
            (
                member("towpath-new", &[], &[]),
                "crates/towpath-new/Cargo.toml: `towpath-new` has no row in the walls of \
                 docs/architecture.md: say what it is and which wall it is worth",
            ),
        ];
        for (breaking, expected) in cases {
            let mut members = sound();
            members.retain(|member| member.name != breaking.name);
            members.push(breaking);
            assert_eq!(judge(&members), [expected]);
        }
    }

    #[test]
    fn a_pure_crate_imports_pure_crates_only() {
        let text = TEXT.replace("types | nothing", "types | adapters");
        let walls = Walls::parse(&text).expect("the table is sound but for its rule");
        let mut members = sound();
        members[0] = member("towpath-core", &["towpath-adapters"], &[]);
        assert_eq!(
            breaches(&walls, &members, &Lockfile::default()),
            ["docs/architecture.md:3: `towpath-core` is pure, but may import \
                 `towpath-adapters`, which is not"]
        );
    }

    #[test]
    fn a_row_without_a_crate_is_a_breach() {
        assert_eq!(
            judge(&sound()[..2]),
            [
                "docs/architecture.md:5: `towpath-testkit` has a row but is no crate of the workspace"
            ]
        );
    }
}
