//! Patterns of schemas, which are Go's, as patterns of the crate `regex`, in bounded memory.
//!
//! Both are RE2's dialect and match in linear time; this file mends the differences in syntax. What
//! does not compile, or is too large, is not guessed at: the value is reported as not checked.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

/// The longest pattern that is compiled; longer ones are not written by people.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// What one compiled pattern may take. `^.{0,512}$`, where each dot is
/// any character of Unicode, fits.
pub(super) const MAX_COMPILED: usize = 1024 * 1024;

/// What the cache of one pattern may take while it runs; with less it is slower, and still linear.
pub(super) const MAX_CACHE: usize = 256 * 1024;

/// How many different patterns of one version are compiled; with [`MAX_COMPILED`] the bound of memory.
/// The most that were seen in one definition are 40.
const MAX_PATTERNS: usize = 128;

/// Patterns of one version, each compiled once.
#[derive(Default)]
pub(super) struct Patterns {
    compiled: BTreeMap<String, Option<Arc<Regex>>>,
}

impl Patterns {
    /// The pattern, or [`None`] for one that cannot be checked.
    pub(super) fn compile(&mut self, pattern: &str) -> Option<Arc<Regex>> {
        if let Some(known) = self.compiled.get(pattern) {
            return known.clone();
        }
        if pattern.len() > MAX_BYTES || self.compiled.len() >= MAX_PATTERNS {
            return None;
        }
        let built = RegexBuilder::new(&translate(pattern))
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_CACHE)
            .build();
        let built = built.ok().map(Arc::new);
        self.compiled.insert(pattern.to_owned(), built.clone());
        built
    }
}

/// Why Go would not compile a pattern, in its words as far as they are known. What is only too large is not told.
pub(super) fn fault(pattern: &str) -> Option<String> {
    if pattern.is_empty() || pattern.len() > MAX_BYTES {
        return None;
    }
    let built = RegexBuilder::new(&translate(pattern)).size_limit(MAX_COMPILED).build();
    let Err(regex::Error::Syntax(error)) = built else { return None };
    let lookaround = ["(?=", "(?!", "(?<=", "(?<!"].into_iter().find(|sign| pattern.contains(sign));
    let what = match (lookaround, error.lines().last().unwrap_or_default()) {
        (Some(sign), _) => format!("invalid or unsupported Perl syntax: `{sign}`"),
        (_, why) if why.contains("unclosed group") => format!("missing closing ): `{pattern}`"),
        (_, why) if why.contains("unopened group") => format!("unexpected ): `{pattern}`"),
        (_, why) if why.contains("unclosed character class") => {
            format!("missing closing ]: `{}`", &pattern[pattern.rfind('[').unwrap_or_default()..])
        }
        (_, why) if why.contains("missing expression") => {
            let sign = pattern.find(['*', '+', '?']).map_or("*", |at| &pattern[at..=at]);
            format!("missing argument to repetition operator: `{sign}`")
        }
        (_, why) if why.contains("backreferences") || why.contains("unrecognized escape") => {
            let at = pattern.find('\\').unwrap_or_default();
            let escape: String = pattern[at..].chars().take(2).collect();
            format!("invalid escape sequence: `{escape}`")
        }
        _ => format!("invalid pattern: `{pattern}`"),
    };
    Some(format!("error parsing regexp: {what}"))
}

/// Go's syntax in that of `regex`: classes like `\d` are ASCII, and what one of them takes for an
/// operator and the other for itself is escaped.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, false, &mut out),
            '[' => class(&mut rest, &mut out),
            '{' if !is_repetition(rest.clone()) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

/// Whether what follows a brace is `n}`, `n,}` or `n,m}`.
fn is_repetition(rest: Peekable<Chars<'_>>) -> bool {
    let inner: String = rest.take_while(|c| *c != '}').take(16).collect();
    let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !least.is_empty() && number(least) && number(most)
}

/// What follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    let Some(c) = rest.next() else {
        out.push('\\');
        return;
    };
    match c {
        'd' if in_class => out.push_str("0-9"),
        'w' if in_class => out.push_str("0-9A-Za-z_"),
        's' if in_class => out.push_str("\\t\\n\\f\\r "),
        'd' => out.push_str("[0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'D' => out.push_str("[^0-9]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'b' if !in_class => out.push_str("(?-u:\\b)"),
        // In `regex` these are edges of words.
        '<' | '>' => out.push(c),
        'Q' => {
            let mut quoted = String::new();
            while let Some(c) = rest.next() {
                if c == '\\' && rest.peek() == Some(&'E') {
                    rest.next();
                    break;
                }
                quoted.push(c);
            }
            out.push_str(&regex::escape(&quoted));
        }
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
}

/// A class in brackets, after the opening one. `regex` knows nested classes and set operations there,
/// Go does not.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.peek() == Some(&'^') {
        rest.next();
        out.push('^');
    }
    if rest.peek() == Some(&']') {
        rest.next();
        out.push_str("\\]");
    }
    let mut is_first = true;
    while let Some(c) = rest.next() {
        let first = std::mem::take(&mut is_first);
        match c {
            ']' => {
                out.push(']');
                return;
            }
            '\\' => escape(rest, true, out),
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            // Two dashes take away in `regex`; here one of them is the end of a range.
            '-' if first => out.push_str("\\-"),
            '-' if rest.peek() == Some(&'-') => {
                rest.next();
                out.push_str("-\\-");
            }
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_go_mean_the_same() {
        let cases = [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^[\d.]+$", "1.2", true),
            (r"^[[]x$", "[x", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^${NAME}$", "", false),
            (r"^\{[^}]*\}$", "{a}", true),
            (r"^a{2}$", "aa", true),
            (r"^a{2,}b{1,2}$", "aaabb", true),
            (r"^x{y$", "x{y", true),
            (r"^[[:alpha:]]+$", "abc", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^[^]]$", "a", true),
            (r"^\<a\>$", "<a>", true),
            (r"^[+--]$", ",", true),
            (r"^(([0-9]{1,3}\.){3}[0-9]{1,3})$", "10.0.0.1", true),
        ];
        for (pattern, text, expected) in cases {
            let compiled = Patterns::default().compile(pattern);
            let compiled = compiled.unwrap_or_else(|| panic!("{pattern} compiles"));
            assert_eq!(compiled.is_match(text), expected, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn bombs_are_not_compiled() {
        let mut patterns = Patterns::default();
        for bomb in
            ["((((a{1,1000}){1,1000}){1,1000}){1,1000})", "(?:\\pL{0,1000}){0,1000}", "(", "(?=a)"]
        {
            assert!(patterns.compile(bomb).is_none(), "{bomb}");
        }
        assert!(patterns.compile(&"a".repeat(MAX_BYTES + 1)).is_none());
        assert!(patterns.compile("^.{0,512}$").is_some());
    }
}
