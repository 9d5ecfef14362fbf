//! Every file of `stories/` is one test, found by looking: a new story is a new file, and none is forgotten.
//!
//! A harness of its own, because the standard one must know its tests when it is compiled; it speaks as
//! much of that one's language as `cargo test` and `cargo nextest` use. `UPDATE_STORIES=1` rewrites the
//! answers in the stories instead of comparing them.

#![expect(clippy::print_stdout, reason = "a test harness reports on standard output")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use similar::TextDiff;
use towpath_testkit::story::tell;

/// Flags of the standard harness whose value is an argument of its own, and no filter.
const TAKES_VALUE: [&str; 4] = ["--format", "--color", "--test-threads", "--logfile"];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|a| a == flag);
    let takes_value = |i: usize| i > 0 && TAKES_VALUE.contains(&arguments[i - 1].as_str());
    let filters: Vec<&String> = arguments
        .iter()
        .enumerate()
        .filter(|(i, a)| !a.starts_with('-') && !takes_value(*i))
        .map(|(_, a)| a)
        .collect();
    let stories = match stories() {
        Ok(stories) if !stories.is_empty() => stories,
        other => {
            println!("stories/ holds no story: {other:?}");
            return ExitCode::FAILURE;
        }
    };
    let chosen = |name: &String| {
        let matches = |f: &&String| if has("--exact") { name == *f } else { name.contains(*f) };
        filters.is_empty() || filters.iter().any(matches)
    };
    let mut failed = 0;
    // No story is ever ignored.
    for (name, file) in stories.iter().filter(|(name, _)| !has("--ignored") && chosen(name)) {
        if has("--list") {
            println!("{name}: test");
            continue;
        }
        match check(file) {
            Ok(()) => println!("test {name} ... ok"),
            Err(problem) => {
                println!("test {name} ... FAILED\n{problem}");
                failed += 1;
            }
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The stories by name, in reading order.
fn stories() -> io::Result<Vec<(String, PathBuf)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stories");
    let mut out = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|e| e == "md") {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            out.push((name, file));
        }
    }
    out.sort();
    Ok(out)
}

fn check(file: &Path) -> Result<(), String> {
    let source = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let told = tell(&source).map_err(|e| format!("{}: {e}", file.display()))?;
    if told == source {
        return Ok(());
    }
    if env::var_os("UPDATE_STORIES").is_some() {
        return fs::write(file, told).map_err(|e| format!("{}: {e}", file.display()));
    }
    let diff = TextDiff::from_lines(&source, &told);
    let diff = diff.unified_diff().header("the story", "the core").to_string();
    Err(format!("{diff}\nUPDATE_STORIES=1 keeps what the core answers"))
}
