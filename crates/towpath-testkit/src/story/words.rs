//! A line of a story: plain words, and clauses that a keyword opens (`of`, `from`, `on`, `by`, `to`,
//! `until` take one word, `because` takes the rest).
//!
//! Must not know what any line means; that is `world.rs`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

const CLAUSES: [&str; 6] = ["of", "from", "on", "by", "to", "until"];

/// A line, taken apart.
pub(super) struct Words<'a> {
    plain: Vec<&'a str>,
    clauses: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn read(line: &'a str) -> Result<Self, String> {
        let (line, because) = match line.split_once(" because ") {
            Some((line, because)) => (line, Some(because.trim())),
            None => (line, None),
        };
        let mut words = Self { plain: Vec::new(), clauses: BTreeMap::new() };
        words.clauses.extend(because.map(|text| ("because", text)));
        let mut rest = line.split_whitespace();
        while let Some(word) = rest.next() {
            if CLAUSES.contains(&word) {
                let value = rest.next().ok_or_else(|| format!("`{word}` what?"))?;
                words.clauses.insert(word, value);
            } else {
                words.plain.push(word);
            }
        }
        Ok(words)
    }

    /// The plain word at a position, from 0.
    pub(super) fn word(&self, index: usize, what: &str) -> Result<&'a str, String> {
        self.plain.get(index).copied().ok_or_else(|| format!("{what} is missing"))
    }

    /// The plain words from a position on.
    pub(super) fn words_from(&self, index: usize) -> &[&'a str] {
        self.plain.get(index..).unwrap_or_default()
    }

    /// Whether a flag such as `--rollback` is there.
    pub(super) fn flag(&self, flag: &str) -> bool {
        self.plain.contains(&flag)
    }

    /// The value of a clause.
    pub(super) fn clause(&self, keyword: &str) -> Option<&'a str> {
        self.clauses.get(keyword).copied()
    }

    /// The value of a clause that must be there.
    pub(super) fn needs(&self, keyword: &str) -> Result<&'a str, String> {
        self.clause(keyword).ok_or_else(|| format!("`{keyword}` is missing"))
    }

    /// Who did it: `by ann` is Ann, as Git would name her.
    pub(super) fn by(&self) -> Result<String, String> {
        let name = self.needs("by")?;
        if name.contains('@') {
            return Ok(name.to_owned());
        }
        let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        Ok(format!("{}{rest} <{name}@example.com>", first.to_uppercase()))
    }
}

/// Reads a name or number of the core, its error as the problem.
pub(super) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: T::Err| e.to_string())
}
