//! Stories: a Markdown file each, in which a path and a world are told and plans are what they must be.
//!
//! A story is prose with fenced blocks, read from top to bottom. One `yaml path` block states the path as
//! `spec` of `towpath.yaml` does (in `path.rs`); `world` blocks say what is and what happens, a line each
//! (in `world.rs`, `clusters.rs` and `sources.rs`); `plan`, `explain`, `when`, `status`, `commit` and `history` blocks hold what the core answers
//! (in `show.rs`). [`tell`] gives the story back with those answers as they are now, so a story holds when
//! it comes back unchanged, and is rewritten by keeping what came back. Every plan on the way is checked
//! against the invariants.
//!
//! Must not read files or the environment, and must not decide anything: a story that needs more than
//! `towpath-core` and the record of an act is a test of the engine.

mod clusters;
mod path;
mod show;
mod sources;
mod words;
mod world;

use std::ops::Range;

use words::Words;
use world::World;

/// Why a story cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct StoryError {
    /// The line of the story, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// The story with every answer as it is now.
///
/// # Errors
/// [`StoryError`] for a block that cannot be read, an act that has no action, and a plan that breaks an
/// invariant.
pub fn tell(source: &str) -> Result<String, StoryError> {
    let mut told = String::with_capacity(source.len());
    let mut copied = 0;
    let mut world: Option<World> = None;
    for block in blocks(source)? {
        let body = &source[block.body.clone()];
        let at = |problem: String| StoryError { line: block.line, problem };
        let (kind, rest) = block.info.split_once(' ').unwrap_or((block.info, ""));
        if block.info == "yaml path" {
            let (path, sources) = path::read(body).map_err(at)?;
            world = Some(World::new(path, sources));
            continue;
        }
        let Some(world) = &mut world else {
            return Err(at("a story begins with its `yaml path`".to_owned()));
        };
        if kind == "world" {
            for (i, line) in body.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
                let happen = Words::read(line).and_then(|words| world.happen(&words));
                happen.map_err(|problem| StoryError { line: block.line + 1 + i, problem })?;
            }
            continue;
        }
        let words = Words::read(rest).map_err(at)?;
        let answer = match kind {
            "plan" => world.propose(&words).map(|p| show::proposal(&p)),
            "explain" => world.propose(&words).map(|p| show::reasons(&p)),
            "when" => world.forecast(&words).map(|f| show::forecast(&f)),
            "status" => world.status().map(|status| show::status(&status)),
            "commit" => world.last_commit(),
            "history" => Ok(show::history(&world.snapshot.history)),
            _ => Err(format!("`{kind}` is no block of a story")),
        };
        told.push_str(&source[copied..block.body.start]);
        told.push_str(&answer.map_err(at)?);
        copied = block.body.end;
    }
    told.push_str(&source[copied..]);
    Ok(told)
}

/// A fenced block: what follows the fence, the fence's line from 1, and the bytes between the fences.
struct Block<'a> {
    info: &'a str,
    line: usize,
    body: Range<usize>,
}

fn blocks(source: &str) -> Result<Vec<Block<'_>>, StoryError> {
    let mut out = Vec::new();
    let mut open: Option<Block<'_>> = None;
    let mut start = 0;
    for (i, line) in source.split_inclusive('\n').enumerate() {
        let end = start + line.len();
        if let Some(info) = line.trim_end().strip_prefix("```") {
            match open.take() {
                None => open = Some(Block { info: info.trim(), line: i + 1, body: end..end }),
                Some(block) => out.push(Block { body: block.body.start..start, ..block }),
            }
        }
        start = end;
    }
    match open {
        Some(block) => {
            Err(StoryError { line: block.line, problem: "the block has no end".to_owned() })
        }
        None => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "```yaml path\nenvironments:\n- name: staging\n```\n";

    fn problem(story: &str) -> String {
        tell(story).map_or_else(|e| e.to_string(), |told| format!("no problem: {told}"))
    }

    #[test]
    fn what_cannot_be_told_is_an_error_at_its_line() {
        for (story, want) in [
            ("# T\n```status\n```\n", "line 2: a story begins with its `yaml path`"),
            ("# T\n\n```status\n", "line 3: the block has no end"),
            (&format!("{PATH}```novel\n```\n"), "line 5: `novel` is no block of a story"),
            (&format!("{PATH}```world\n\nrain\n```\n"), "line 7: `rain` is nothing that happens"),
            (&format!("{PATH}```plan moon\n```\n"), "line 5: moon is not on the path"),
        ] {
            assert_eq!(problem(story), want);
        }
    }

    #[test]
    fn what_is_told_holds() -> Result<(), StoryError> {
        let asked = format!(
            "{PATH}```world\npin staging semver 0.0.x\n```\nSo:\n```status\nold\n```\nEnd.\n"
        );
        let told = tell(&asked)?;
        assert!(told.ends_with("```\nEnd.\n") && !told.contains("old"), "{told}");
        assert_eq!(tell(&told)?, told);
        Ok(())
    }
}
