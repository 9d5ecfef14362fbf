//! `cargo xtask tidy`: habits of the tree that no compiler checks.
//!
//! Each habit is a function from text to problems, so that it can be tested on text. What needs
//! the crates is in [`crate::arch`], what documents promise about code in [`crate::promises`].

use anyhow::Result;

use crate::promises;
use crate::run::{self, Answer};
use crate::workspace;

/// More than this many lines without tests are worth a thought.
const SOFT_LIMIT: usize = 400;
/// More than this many lines without tests are two files.
const HARD_LIMIT: usize = 800;

/// Phrases for which the project has a word of its own: the phrase, the word.
const SYNONYMS: [(&str, &str); 10] = [
    ("promotion pipeline", "path"),
    ("release pipeline", "path"),
    ("delivery pipeline", "path"),
    ("deployment environment", "environment"),
    ("quality gate", "gate"),
    ("bake time", "soak"),
    ("soak time", "soak"),
    ("ephemeral environment", "sandbox"),
    ("audit log", "ledger"),
    ("change window", "window"),
];

/// Prints every problem, and what is merely worth a thought.
pub(crate) fn run() -> Result<Answer> {
    let Found { problems, thoughts } = look()?;
    for thought in thoughts {
        eprintln!("warning: {thought}");
    }
    Ok(run::report("tidy", &problems))
}

#[derive(Default)]
struct Found {
    problems: Vec<String>,
    thoughts: Vec<String>,
}

fn look() -> Result<Found> {
    let mut found = Found::default();
    let mut sources = Vec::new();
    for file in workspace::files()? {
        // Not every file is text; what is not has no words.
        let Ok(text) = String::from_utf8(std::fs::read(workspace::root().join(&file))?) else {
            continue;
        };
        if file.ends_with(".rs") {
            found.problems.extend(header(&file, &text));
            let lines = lines_without_tests(&file, &text);
            if lines > HARD_LIMIT {
                found
                    .problems
                    .push(format!("{file}: {lines} lines without tests, at most {HARD_LIMIT}"));
            } else if lines > SOFT_LIMIT {
                found
                    .thoughts
                    .push(format!("{file}: {lines} lines without tests, better {SOFT_LIMIT}"));
            }
        }
        if file.ends_with(".rs") || file.ends_with(".md") {
            found.problems.extend(synonyms(&file, &text));
        }
        if file.starts_with("stories/") {
            found.problems.extend(title(&file, &text));
        }
        found.problems.extend(machine_paths(&file, &text));
        if file.ends_with(".rs") {
            sources.push(text);
        }
    }
    found.problems.extend(promises::broken(&sources)?);
    for member in workspace::members()? {
        let manifest = format!("{}/Cargo.toml", member.folder);
        let text = std::fs::read_to_string(workspace::root().join(&manifest))?;
        found.problems.extend(lints(&manifest, &text));
    }
    Ok(found)
}

fn header(file: &str, text: &str) -> Option<String> {
    let module = file.starts_with("src/") || file.contains("/src/");
    (module && !text.starts_with("//!")).then(|| {
        format!("{file}:1: does not open with `//!`: what it is for, must not do, where to go next")
    })
}

fn lines_without_tests(file: &str, text: &str) -> usize {
    let all_tests = file.ends_with("/tests.rs")
        || file.split('/').any(|part| matches!(part, "tests" | "benches" | "fuzz"));
    if all_tests {
        return 0;
    }
    text.lines().take_while(|line| !line.trim_start().starts_with("#[cfg(test)]")).count()
}

fn synonyms(file: &str, text: &str) -> Vec<String> {
    // The list itself has to name what it bans.
    if file == "xtask/src/tidy.rs" {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.to_lowercase();
        for (phrase, word) in SYNONYMS {
            if line.contains(phrase) {
                problems.push(format!(
                    "{file}:{number}: says `{phrase}`, the project's word is `{word}`"
                ));
            }
        }
    }
    problems
}

fn title(file: &str, text: &str) -> Option<String> {
    let titled = text
        .lines()
        .next()
        .is_some_and(|line| line.strip_prefix("# ").is_some_and(|title| !title.trim().is_empty()));
    (!titled).then(|| format!("{file}:1: a story begins with its title, `# ...`"))
}

fn machine_paths(file: &str, text: &str) -> Vec<String> {
    let folders = ["work", "root", "farm"].map(|folder| format!("/{folder}/"));
    let named = |line: &str| folders.iter().find(|folder| line.contains(folder.as_str())).cloned();
    text.lines()
        .zip(1..)
        .filter_map(|(line, number)| Some((named(line)?, number)))
        .map(|(folder, number)| {
            format!("{file}:{number}: names `{folder}` of a machine; tests make temporary folders")
        })
        .collect()
}

fn lints(manifest: &str, text: &str) -> Option<String> {
    let mut section = text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    let inherits = section
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .any(|line| line == "workspace = true");
    (!inherits).then(|| format!("{manifest}: has no `[lints] workspace = true`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() -> Result<()> {
        assert_eq!(look()?.problems, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn a_module_opens_with_its_header() {
        assert_eq!(header("crates/a/src/lib.rs", "//! Words.\n"), None);
        assert_eq!(header("crates/a/tests/all.rs", "use a;\n"), None);
        assert_eq!(
            header("crates/a/src/lib.rs", "use a;\n").as_deref(),
            Some(
                "crates/a/src/lib.rs:1: does not open with `//!`: what it is for, must not do, \
                 where to go next"
            )
        );
    }

    #[test]
    fn lines_are_counted_up_to_the_tests() {
        let text = "//! a\nfn a() {}\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(lines_without_tests("crates/a/src/lib.rs", text), 2);
        assert_eq!(lines_without_tests("crates/a/tests/all.rs", text), 0);
        assert_eq!(lines_without_tests("crates/a/src/plan/tests.rs", text), 0);
    }

    #[test]
    fn a_synonym_is_answered_with_the_word() {
        assert_eq!(
            synonyms("README.md", "fine\nThe Soak Time of it\n"),
            ["README.md:2: says `soak time`, the project's word is `soak`"]
        );
    }

    #[test]
    fn a_story_begins_with_its_title() {
        assert_eq!(title("stories/a.md", "# A release appears\n"), None);
        for text in ["", "A release appears\n", "# \n", "\n# Late\n"] {
            assert!(title("stories/a.md", text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        let text = ["fine\nsee /", "work", "/main\n"].concat();
        assert_eq!(machine_paths("a.md", &text).len(), 1);
        assert!(machine_paths("a.md", "see rework/main and /workspace\n").is_empty());
    }

    #[test]
    fn a_crate_inherits_the_lints() {
        assert_eq!(lints("a/Cargo.toml", "[lints]\nworkspace = true\n"), None);
        assert!(lints("a/Cargo.toml", "[lints]\n[dependencies]\nworkspace = true\n").is_some());
        assert!(lints("a/Cargo.toml", "").is_some());
    }
}
