//! Globs over one component of a path, with the meaning of Go's `path/filepath:Match`.
//!
//! Go's rules differ from a shell's in what counts here: only `^` negates a class, `]` and `-` need a backslash
//! inside one, and a pattern with a mistake in it matches nothing at all. A glob knows nothing of separators.

use std::iter::Peekable;
use std::str::Chars;

/// A compiled glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// Nothing for a pattern that Go would call malformed.
    tokens: Option<Vec<Token>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    AnyRun,
    AnyOne,
    Literal(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        Self { tokens: compile(pattern) }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.tokens.as_deref().is_some_and(|tokens| matches(tokens, name))
    }
}

fn compile(pattern: &str) -> Option<Vec<Token>> {
    let mut chars = pattern.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => Token::AnyRun,
            '?' => Token::AnyOne,
            '[' => class(&mut chars)?,
            '\\' => Token::Literal(chars.next()?),
            literal => Token::Literal(literal),
        });
    }
    Some(tokens)
}

fn class(chars: &mut Peekable<Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Some(Token::Class { negated, ranges });
        }
        let low = class_char(chars)?;
        let high = if chars.next_if_eq(&'-').is_some() { class_char(chars)? } else { low };
        ranges.push((low, high));
    }
}

fn class_char(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        c => Some(c),
    }
}

/// Matches with one point of return: the last `*`, and how much of the name it has taken.
fn matches(tokens: &[Token], name: &str) -> bool {
    let mut rest = name.chars();
    let mut at = 0;
    let mut star: Option<(usize, Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (tokens.get(at), rest.next()) {
            (None, None) => return true,
            (Some(Token::AnyRun), _) => {
                at += 1;
                star = Some((at, before.clone()));
                rest = before;
            }
            (Some(token), Some(c)) if token.admits(c) => at += 1,
            _ => {
                let Some((after_star, taken)) = &mut star else { return false };
                if taken.next().is_none() {
                    return false;
                }
                at = *after_star;
                rest = taken.clone();
            }
        }
    }
}

impl Token {
    fn admits(&self, c: char) -> bool {
        match self {
            Self::AnyRun | Self::AnyOne => true,
            Self::Literal(literal) => *literal == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (low..=high).contains(&&c)) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn globs_mean_what_go_means() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("", &[""], &["a"]),
            ("*", &["", "a", "日本"], &[]),
            ("a*b*c", &["abc", "aXbXXc", "abcbc"], &["ab", "abcd"]),
            ("*.tar.gz", &["a.tar.gz", ".tar.gz"], &["a.tar.gzip"]),
            ("?", &["a", "日"], &["", "ab"]),
            ("*?", &["a", "ab"], &[""]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[^a-c]x", &["dx"], &["ax"]),
            ("[!a]", &["!", "a"], &["b"]),
            ("[\\]\\-]", &["]", "-"], &["\\"]),
            ("\\*", &["*"], &["a"]),
            ("[日-本]", &["日"], &["a"]),
        ];
        for (pattern, matching, other) in table {
            let glob = Glob::new(pattern);
            for name in *matching {
                assert!(glob.matches(name), "{pattern} matches {name}");
            }
            for name in *other {
                assert!(!glob.matches(name), "{pattern} does not match {name}");
            }
        }
    }

    #[test]
    fn malformed_globs_match_nothing() {
        for pattern in ["[", "a[", "[]", "[^]", "[a", "[a-]", "[-a]", "[]a]", "\\", "[\\", "*["] {
            for name in ["", "a", "[", "]", "-", pattern] {
                assert!(!Glob::new(pattern).matches(name), "{pattern} on {name:?}");
            }
        }
    }
}
