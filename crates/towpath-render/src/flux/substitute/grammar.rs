//! The references in a text: `${name}` and what may stand behind the name.
//!
//! Source of the contract: `fluxcd/pkg:envsubst/{parse/parse,parse/scan,template,funcs}.go`. It is a part of the
//! shell's grammar with habits of its own, kept here: `$$` is `$` wherever it stands, `${a:+b}` gives the value,
//! lengths count bytes. It knows nothing of YAML or objects.

use std::collections::BTreeSet;

use super::pattern;

/// How deep references may stand in the defaults of others.
const DEEPEST: usize = 64;

/// Why a text cannot be substituted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrammarError {
    /// An operator without what it needs.
    #[error("bad substitution in `{0}`")]
    BadSubstitution(String),
    /// Something behind the name that is no operator, or no `}` at all.
    #[error("missing closing brace in `{0}`")]
    MissingBrace(String),
    /// No name behind `${`.
    #[error("no variable name in `{0}`")]
    NoName(String),
    /// An operator whose word is missing or does not end.
    #[error("`{0}` lacks the word of its operator or the closing brace")]
    NoWord(String),
    /// A variable that nothing sets, and no default.
    #[error("variable `{0}` is not set")]
    NotSet(String),
    /// A substring that ends before it starts, or inside a character.
    #[error("`{0}` takes a part that does not exist")]
    BadPart(String),
    /// References inside references inside references.
    #[error("references are nested deeper than {DEEPEST} levels")]
    TooDeep,
}

/// What is known of a variable.
pub(super) enum Lookup<'v> {
    Value(&'v str),
    Missing,
    Unknown,
}

/// A text after substitution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expanded {
    /// The text; references to unknown variables stand in it as they were.
    pub text: String,
    /// The variables whose values are not known.
    pub unknown: BTreeSet<String>,
}

/// Replaces the references in `text`; `strict`: a variable that is missing is an error where nothing stands in for it.
pub(super) fn expand<'v>(
    text: &str,
    strict: bool,
    lookup: &dyn Fn(&str) -> Lookup<'v>,
) -> Result<Expanded, GrammarError> {
    let mut scanner = Scanner { text, at: 0, strict, lookup, unknown: BTreeSet::new() };
    let mut out = String::with_capacity(text.len());
    while let Some(dollar) = scanner.rest().find('$') {
        out.push_str(&scanner.rest()[..dollar]);
        scanner.at += dollar + 1;
        if scanner.take('$') {
            out.push('$');
        } else if scanner.take('{') {
            out.push_str(&scanner.reference(0)?.text);
        } else {
            out.push('$');
        }
    }
    out.push_str(scanner.rest());
    Ok(Expanded { text: out, unknown: scanner.unknown })
}

/// What a reference or a word became.
struct Piece {
    text: String,
    known: bool,
}

struct Scanner<'t, 'l, 'v> {
    text: &'t str,
    at: usize,
    strict: bool,
    lookup: &'l dyn Fn(&str) -> Lookup<'v>,
    unknown: BTreeSet<String>,
}

/// What is done with a value.
enum Operator {
    Plain,
    Length,
    Default,
    Lower { all: bool },
    Upper { all: bool },
    Part,
    Prefix { longest: bool },
    Suffix { longest: bool },
    ReplaceFirst,
    ReplaceAll,
    ReplacePrefix,
    ReplaceSuffix,
}

impl<'t> Scanner<'t, '_, '_> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The reference that starts at `start`, cut off where a reader has seen enough.
    fn excerpt(&self, start: usize) -> String {
        const LONGEST: usize = 60;
        let from = &self.text[start..];
        let line = from.lines().next().unwrap_or_default();
        let end = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
        line[..end].to_owned()
    }

    /// A reference behind its `${`.
    fn reference(&mut self, depth: usize) -> Result<Piece, GrammarError> {
        if depth > DEEPEST {
            return Err(GrammarError::TooDeep);
        }
        let start = self.at - 2;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if self.take('#') {
            let name = self.take_while(is_name);
            if name.is_empty() || !self.take('}') {
                return Err(GrammarError::BadSubstitution(self.excerpt(start)));
            }
            return self.apply(start, name, &Operator::Length, &[]);
        }
        let name = self.take_while(is_name);
        if name.is_empty() {
            return Err(GrammarError::NoName(self.excerpt(start)));
        }
        let mut words = Vec::new();
        let operator = match self.peek() {
            Some('}') => {
                self.at += 1;
                return self.apply(start, name, &Operator::Plain, &[]);
            }
            Some(':') => {
                self.at += 1;
                match self.peek() {
                    Some('=' | '-' | '?' | '+') => {
                        self.at += 1;
                        self.default_words(start, depth, &mut words)?;
                        return self.apply(start, name, &Operator::Default, &words);
                    }
                    Some(c) if c.is_ascii() => self.part_words(start, depth, &mut words)?,
                    _ => return Err(GrammarError::BadSubstitution(self.excerpt(start))),
                }
                Operator::Part
            }
            Some('=') => {
                self.at += 1;
                self.default_words(start, depth, &mut words)?;
                return self.apply(start, name, &Operator::Default, &words);
            }
            Some(',' | '^') => self.casing(),
            Some('/') => {
                self.at += 1;
                let operator = match self.peek() {
                    Some('/') => Operator::ReplaceAll,
                    Some('#') => Operator::ReplacePrefix,
                    Some('%') => Operator::ReplaceSuffix,
                    _ => Operator::ReplaceFirst,
                };
                if !matches!(operator, Operator::ReplaceFirst) {
                    self.at += 1;
                }
                self.replace_words(start, depth, &mut words)?;
                operator
            }
            Some(mark @ ('#' | '%')) => {
                self.at += 1;
                let longest = self.take(mark);
                words.push(self.word(start, depth, |c| c == '}', false)?);
                if mark == '#' {
                    Operator::Prefix { longest }
                } else {
                    Operator::Suffix { longest }
                }
            }
            _ => return Err(GrammarError::MissingBrace(self.excerpt(start))),
        };
        if !self.take('}') {
            return Err(GrammarError::BadSubstitution(self.excerpt(start)));
        }
        self.apply(start, name, &operator, &words)
    }

    /// One or two of `,` and `^`; two that differ leave the value as it is.
    fn casing(&mut self) -> Operator {
        let first = self.peek();
        self.at += 1;
        let second = self.peek().filter(|c| matches!(c, ',' | '^'));
        if second.is_some() {
            self.at += 1;
        }
        match (first, second) {
            (Some(','), None) => Operator::Lower { all: false },
            (Some(','), Some(',')) => Operator::Lower { all: true },
            (Some('^'), None) => Operator::Upper { all: false },
            (Some('^'), Some('^')) => Operator::Upper { all: true },
            _ => Operator::Plain,
        }
    }

    fn default_words(
        &mut self,
        start: usize,
        depth: usize,
        words: &mut Vec<Piece>,
    ) -> Result<(), GrammarError> {
        while !self.take('}') {
            words.push(self.word(start, depth, |c| c == '}', false)?);
        }
        Ok(())
    }

    /// A position, and a length behind colons.
    fn part_words(
        &mut self,
        start: usize,
        depth: usize,
        words: &mut Vec<Piece>,
    ) -> Result<(), GrammarError> {
        words.push(self.word(start, depth, |c| matches!(c, ':' | '}'), false)?);
        if !self.take_while(|c| c == ':').is_empty() {
            words.push(self.word(start, depth, |c| c == '}', false)?);
        }
        Ok(())
    }

    /// What is sought, and behind slashes what takes its place.
    fn replace_words(
        &mut self,
        start: usize,
        depth: usize,
        words: &mut Vec<Piece>,
    ) -> Result<(), GrammarError> {
        words.push(self.word(start, depth, |c| c == '/', true)?);
        if self.take_while(|c| c == '/').is_empty() {
            return Err(GrammarError::BadSubstitution(self.excerpt(start)));
        }
        if self.peek() != Some('}') {
            words.push(self.word(start, depth, |c| c == '}', true)?);
        }
        Ok(())
    }

    /// Text up to a `stop` or a reference, or a reference; never nothing.
    fn word(
        &mut self,
        start: usize,
        depth: usize,
        stop: impl Fn(char) -> bool,
        escapes: bool,
    ) -> Result<Piece, GrammarError> {
        if self.rest().starts_with("${") {
            self.at += 2;
            return self.reference(depth + 1);
        }
        let mut text = String::new();
        let begin = self.at;
        while let Some(c) = self.peek() {
            let rest = self.rest();
            if rest.starts_with("${") {
                break;
            }
            if escapes
                && (rest.starts_with("$$") || rest.starts_with("\\/") || rest.starts_with("\\\\"))
            {
                text.push_str(&rest[1..2]);
                self.at += 2;
            } else if stop(c) {
                break;
            } else {
                text.push(c);
                self.at += c.len_utf8();
            }
        }
        if self.at == begin {
            return Err(GrammarError::NoWord(self.excerpt(start)));
        }
        Ok(Piece { text, known: true })
    }

    fn apply(
        &mut self,
        start: usize,
        name: &str,
        operator: &Operator,
        words: &[Piece],
    ) -> Result<Piece, GrammarError> {
        let as_written = |scanner: &Self| Piece {
            text: scanner.text[start..scanner.at].to_owned(),
            known: false,
        };
        let value = match (self.lookup)(name) {
            Lookup::Value(value) => value,
            Lookup::Missing if self.strict && !matches!(operator, Operator::Default) => {
                return Err(GrammarError::NotSet(name.to_owned()));
            }
            Lookup::Missing => "",
            Lookup::Unknown => {
                self.unknown.insert(name.to_owned());
                return Ok(as_written(self));
            }
        };
        let known = words.iter().all(|word| word.known);
        if matches!(operator, Operator::Default) {
            return Ok(if value.is_empty() {
                Piece { text: words.iter().map(|word| word.text.as_str()).collect(), known }
            } else {
                Piece { text: value.to_owned(), known: true }
            });
        }
        if !known {
            return Ok(as_written(self));
        }
        let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let text = changed(operator, value, &words)
            .ok_or_else(|| GrammarError::BadPart(self.excerpt(start)))?;
        Ok(Piece { text, known: true })
    }
}

/// The value after the operator; none where it asks for a part that does not exist.
fn changed(operator: &Operator, value: &str, words: &[&str]) -> Option<String> {
    let first = |value: &str, change: &dyn Fn(char) -> String| {
        let mut rest = value.chars();
        rest.next().map_or_else(String::new, |c| change(c) + rest.as_str())
    };
    let word = words.first().copied().unwrap_or_default();
    let by = words.get(1).copied();
    Some(match operator {
        Operator::Plain | Operator::Default => value.to_owned(),
        Operator::Length => value.len().to_string(),
        Operator::Lower { all: true } => value.to_lowercase(),
        Operator::Upper { all: true } => value.to_uppercase(),
        Operator::Lower { all: false } => first(value, &|c| c.to_lowercase().collect()),
        Operator::Upper { all: false } => first(value, &|c| c.to_uppercase().collect()),
        Operator::Part => part(value, word, by)?.to_owned(),
        Operator::Prefix { longest } => pattern::without_prefix(value, word, *longest),
        Operator::Suffix { longest } => pattern::without_suffix(value, word, *longest),
        Operator::ReplaceFirst => value.replacen(word, by.unwrap_or_default(), 1),
        Operator::ReplaceAll => value.replace(word, by.unwrap_or_default()),
        // Without a second word neither end is touched.
        Operator::ReplacePrefix => match (value.strip_prefix(word), by) {
            (Some(rest), Some(by)) => format!("{by}{rest}"),
            _ => value.to_owned(),
        },
        Operator::ReplaceSuffix => match (value.strip_suffix(word), by) {
            (Some(rest), Some(by)) => format!("{rest}{by}"),
            _ => value.to_owned(),
        },
    })
}

/// The bytes from a position on, and at most so many; a word that is no number changes nothing.
fn part<'v>(value: &'v str, position: &str, length: Option<&str>) -> Option<&'v str> {
    let Ok(position) = position.parse::<i64>() else { return Some(value) };
    let size = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let from = if position < 0 { position.saturating_add(size).max(0) } else { position };
    let to = match length.map(str::parse::<i64>) {
        None => size,
        Some(Ok(length)) => from.saturating_add(length).min(size),
        Some(Err(_)) => return Some(value),
    };
    if from >= size && to >= size {
        return Some("");
    }
    value.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
}
